#!/usr/bin/env bash
# qt.sh PYTHON: the Qt bindings that tests/qt runs, each where the others do not see it: those of PyPI under target/qt/<label>,
# those of Debian beside Debian's own Python. What cannot be had is named; its tests are skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=$1

wheel() { # LABEL REQUIREMENT
    local folder=target/qt/$1
    [[ $(cat "$folder/.requirement" 2>/dev/null) == "$2" ]] && return
    rm -rf "$folder"
    if "$python" -m pip install -q --target "$folder" "$2"; then
        echo "$2" >"$folder/.requirement"
    else
        echo "not installed: $2" >&2
    fi
}

wheel pyside6 PySide6-Essentials==6.12.0
wheel pyside6.5 PySide6-Essentials==6.5.3
wheel pyqt6 PyQt6==6.11.0

command -v apt-cache >/dev/null || exit 0
missing=()
for package in python3-pyside2.qtwidgets python3-pyqt5; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed && continue
    if apt-cache show "$package" >/dev/null 2>&1; then missing+=("$package"); else echo "not there: $package" >&2; fi
done
((${#missing[@]})) || exit 0
as_root=(env)
((EUID == 0)) || as_root=(sudo -n env)
"${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 install -y \
    --no-install-recommends "${missing[@]}" >/dev/null || echo "not installed: ${missing[*]}" >&2
