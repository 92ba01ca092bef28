#!/usr/bin/env bash
# system.sh build|demo|test|bench|cross: checks that the machine has what that target needs.
# Missing Debian packages are installed; missing toolchains are named, with where to get them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=$1

die() {
    echo "$*" >&2
    exit 1
}

# at_least FOUND WANTED
at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

# version COMMAND...: the first number with dots that the command prints, empty when it cannot be run
version() { "$@" 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1 || true; }

# --- Debian packages ---

want=(build-essential pkg-config libwebkit2gtk-4.1-dev)
command -v python3 >/dev/null || want+=(python3)
python3 -c 'import ensurepip' 2>/dev/null || want+=(python3-venv)
runtime=(fonts-dejavu-core libegl1 libgl1-mesa-dri)
case $target in
build) ;;
demo)
    want+=("${runtime[@]}")
    [[ -n ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]] || want+=(xvfb xauth)
    ;;
test) want+=("${runtime[@]}" xvfb xauth xdotool wmctrl openbox weston x11-utils x11-xkb-utils xz-utils valgrind) ;;
bench)
    want+=("${runtime[@]}" xvfb xauth xdotool wmctrl openbox)
    # PyGObject and WebKitGTK for it, and what QtWebEngine's wheels expect of a desktop.
    want+=(python3-gi gir1.2-webkit2-4.1 python3-venv libnss3 libasound2 libxkbcommon-x11-0 libxkbfile1 libxdamage1
        libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0)
    ;;
cross) want+=(wine64 xvfb xauth) ;;
*) die "usage: system.sh build|demo|test|bench|cross" ;;
esac

if command -v dpkg-query >/dev/null; then
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${want[@]}" 2>/dev/null || true)
    missing=()
    for package in "${want[@]}"; do
        grep -qx "installed $package" <<<"$installed" || missing+=("$package")
    done
    if ((${#missing[@]})); then
        if ((EUID == 0)); then
            as_root=(env)
        elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
            as_root=(sudo -n env)
        else
            die "Debian packages are missing and this user may not install them; run: sudo apt-get install -y ${missing[*]}"
        fi
        echo "Installing Debian packages: ${missing[*]}"
        apt=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
        "${apt[@]}" update
        "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null
    fi
else
    pkg-config --exists webkit2gtk-4.1 2>/dev/null ||
        die "This is neither Debian nor Ubuntu; install what these Debian packages hold: ${want[*]}"
fi

# --- toolchains ---

rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
found=$(version cargo --version)
at_least "${found:-0}" "$rust" ||
    die "Rust $rust or newer is needed (found: ${found:-none}); install it from https://rustup.rs, or run: rustup update stable"

found=$(version python3 --version)
python=3.9
[[ $target != test ]] || python=3.10 # the test tools need it
at_least "${found:-0}" "$python" ||
    die "Python $python or newer is needed as python3 (found: ${found:-none})."

if [[ $target == test ]]; then
    { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1 ||
        die "rustfmt and clippy are needed; run: rustup component add rustfmt clippy"
    found=$(version node --version)
    { at_least "${found:-0}" 20 && command -v npm; } >/dev/null ||
        die "Node.js 20 or newer with npm is needed (found: ${found:-none}); install it from https://nodejs.org."
fi
