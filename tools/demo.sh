#!/usr/bin/env bash
# demo.sh: runs the demo. Without a display, runs it under an X server of its own and leaves a picture.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
demo=(.venv/bin/python examples/demo.py)

if [[ -n ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]]; then
    exec "${demo[@]}"
fi

picture=demo.png
scratch=$(mktemp -d)
started=()
cleanup() {
    if ((${#started[@]})); then
        kill "${started[@]}" 2>/dev/null || true
        wait "${started[@]}" || true
    fi
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The server chooses a free display and writes its number; it admits whoever has the cookie.
export XAUTHORITY=$scratch/xauthority
cookie=$(mcookie)
touch "$XAUTHORITY"
xauth -q add :0 . "$cookie"
mkfifo "$scratch/display"
exec 3<>"$scratch/display"
Xvfb -displayfd 3 -auth "$XAUTHORITY" -screen 0 1280x800x24 -nolisten tcp 2>"$scratch/log" &
server=$!
started=("$server")
read -r -t 20 number <&3 || {
    echo "Xvfb did not start:" >&2
    cat "$scratch/log" >&2
    exit 1
}
export DISPLAY=:$number
xauth -q add "$DISPLAY" . "$cookie"

rm -f "$picture"
timeout --kill-after=5 120 "${demo[@]}" --screenshot "$picture" &
started=("$!" "$server")
wait "$!" || {
    code=$?
    echo "The demo failed under Xvfb (exit code $code; 124 means it took longer than 120 s)." >&2
    exit "$code"
}
[[ -s $picture ]] || {
    echo "The demo ended without writing $picture." >&2
    exit 1
}
echo "No display was found, so the demo ran under Xvfb; its picture is in $picture."
