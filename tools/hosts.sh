#!/usr/bin/env bash
# hosts.sh: installs the host applications that tests/hosts starts, as far as this machine can have them. One that it cannot
# have is named here, and its tests skip; tests/hosts fails if there is none.
set -euo pipefail

# What each needs: Debian's Krita runs Python plugins with PyQt5, which it only recommends.
declare -A packages=([blender]=blender [freecad]=freecad [krita]="krita python3-pyqt5")

is_installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}\n' "$@" 2>&1 | sort -u) == installed ]] # one that it does not know is a line, too
}

command -v dpkg-query >/dev/null || {
    echo "This is neither Debian nor Ubuntu: install ${!packages[*]} yourself, or their tests will be skipped" >&2
    exit 0
}
apt=(env)
((EUID == 0)) || apt=(sudo -n env)
apt+=(DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)

updated=
for host in "${!packages[@]}"; do
    read -ra wanted <<<"${packages[$host]}"
    if is_installed "${wanted[@]}"; then continue; fi
    echo "Installing $host"
    [[ $updated ]] || "${apt[@]}" update || true
    updated=yes
    "${apt[@]}" install -y --no-install-recommends "${wanted[@]}" >/dev/null ||
        echo "$host cannot be installed here: its tests will be skipped" >&2
done
