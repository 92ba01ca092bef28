#!/usr/bin/env bash
# cross.sh check-windows|check-macos|test-windows|toolchain [CARGO ARGUMENTS]
#
#   check-windows  type-checks the workspace for x86_64-pc-windows-msvc
#   check-macos    type-checks the workspace for aarch64-apple-darwin
#   test-windows   runs the tests of crates/core, crates/link and crates/ui for Windows under wine
#   toolchain      only unpacks the compiler, which tools/sanitize.sh uses as well
#
# rustup brings the standard library of this machine only, and there is no Windows and no Mac here. Debian's security
# archive has a recent compiler ("rustc-web") with the source of its standard library, from which cargo can build it for
# any target. Its packages are unpacked into target/cross/toolchain, once; nothing is installed. wine64 is installed
# (tools/system.sh cross). docs/platforms.md says what these runs show and what they do not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ $# -ge 1 ]] || { echo "usage: cross.sh check-windows|check-macos|test-windows|toolchain [CARGO ARGUMENTS]" >&2; exit 2; }
job=$1
shift

cross=$PWD/target/cross
tools=$cross/toolchain
mingw=x86_64-w64-mingw32
# Raise it when what `build_toolchain` makes has changed.
recipe=1
# Crates that exist on these platforms. The floor of the benchmarks is a Linux program.
packages=(--workspace --exclude auroraview-floor --features auroraview-ui/headless)
# Crates that need no interpreter.
tested=(--package auroraview-core --package auroraview-link --package auroraview-ui)

changed() {
    cat >&2 <<TEXT
cross.sh: toolchain changed: $*
  This is about Debian's packages, not about AuroraView. What to do, in this order:
    1. apt-get update, then: rm -rf target/cross, and run this again.
    2. Compare the package names in tools/cross.sh with: apt-cache search rustc-web; apt-cache depends libstd-rust-web-dev
       (Debian 12 has them in its main and security archives; Ubuntu does not have them.)
    3. Without them, 'make test CROSS=' leaves out all that is not for this machine. Say so where you report the result.
TEXT
    exit 1
}

# --- the toolchain ---

# The one dependency of package $1 whose name matches $2: these names change with each version of the compiler.
dependency() {
    local name
    name=$(apt-cache depends "$1" 2>/dev/null | awk -v wanted="^$2\$" '$1 == "Depends:" && $2 ~ wanted { print $2 }')
    [[ $name && $name != *$'\n'* ]] || return 1
    echo "$name"
}

# The exact packages, one a line. Fails where apt does not know them.
package_names() {
    local library llvm
    library=$(dependency libstd-rust-web-dev 'libstd-rust-web-[0-9.]+') || return 1
    llvm=$(dependency "$library" 'libllvm[0-9.]+(t64)?') || return 1
    printf '%s\n' rustc-web rust-web-src libstd-rust-web-dev "$library" "$llvm" \
        binutils-mingw-w64-x86-64 gcc-mingw-w64-x86-64-win32 gcc-mingw-w64-x86-64-win32-runtime gcc-mingw-w64-base \
        mingw-w64-common mingw-w64-x86-64-dev
}

# Newer lists of packages, where this user may fetch them.
update_lists() {
    local as_root=()
    ((EUID == 0)) || as_root=(sudo -n)
    "${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=120 update || true
}

download() {
    local names
    names=$(package_names) || return 1
    rm -rf "$tools"
    mkdir -p "$tools/packages"
    # shellcheck disable=SC2086 # one word a package
    (cd "$tools/packages" && apt-get -qq -o APT::Sandbox::User=root download $names)
}

# wrapper NAME COMMAND...: an executable NAME that runs COMMAND
wrapper() {
    printf '#!/bin/sh\nexec %s "$@"\n' "${*:2}" >"$tools/bin/$1"
    chmod +x "$tools/bin/$1"
}

build_toolchain() {
    command -v apt-get apt-cache dpkg >/dev/null || changed "this is not a Debian machine, so there are no packages to take it from"
    echo "Unpacking a compiler for Windows and macOS into target/cross (once; downloads 190 MB)"
    download || { update_lists && download; } || changed "apt cannot deliver the compiler's packages (see above)"
    local package tool rust=$tools/root/usr/bin
    for package in "$tools"/packages/*.deb; do
        dpkg -x "$package" "$tools/root" || changed "$package cannot be unpacked"
    done
    rm -rf "$tools/packages"
    mkdir -p "$tools/bin"
    for tool in rustc rustdoc; do
        [[ -x $rust/$tool ]] || changed "rustc-web has no $tool any more"
        wrapper "$tool" env "LD_LIBRARY_PATH=$tools/root/usr/lib/x86_64-linux-gnu" "$rust/$tool"
    done
    for tool in "$rust/$mingw"-*; do
        package=$(basename "${tool%-win32}") # the compilers are named by their kind of threads
        [[ -e $tools/bin/$package ]] || wrapper "$package" "$tool"
    done
    # Nothing is linked for macOS, so an empty object does for every C file of a build script. Being no compiler that
    # anybody knows, it is told its output in the ways of all of them.
    cat >"$tools/bin/empty-object" <<'CC'
#!/bin/sh
for word in "$@"; do
    [ "$before" != -o ] || : >"$word"
    case $word in
    -Fo*) : >"${word#-Fo}" ;;
    -o?*) : >"${word#-o}" ;;
    esac
    before=$word
done
CC
    chmod +x "$tools/bin/empty-object"
    random_numbers_for_wine
    echo "$recipe" >"$tools/complete"
}

# Rust's standard library takes its random numbers from bcryptprimitives.dll, which wine has from version 9 on.
random_numbers_for_wine() {
    "$tools/bin/$mingw-gcc" -shared -O1 -x c - -o "$tools/bcryptprimitives.dll" -ladvapi32 <<'C' || changed "the mingw compiler does not work"
#include <stddef.h>
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *, unsigned long);
__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *to, size_t size) {
    while (size > 0) {
        unsigned long part = size < 1 << 20 ? (unsigned long)size : 1 << 20;
        if (!SystemFunction036(to, part)) return 0;
        to += part;
        size -= part;
    }
    return 1;
}
C
}

use_toolchain() {
    [[ $(cat "$tools/complete" 2>/dev/null) == "$recipe" ]] || build_toolchain
    export RUSTC=$tools/bin/rustc RUSTDOC=$tools/bin/rustdoc PATH=$tools/bin:$PATH
    export RUSTC_BOOTSTRAP=1          # -Zbuild-std is not stable
    export PYO3_NO_PYTHON=1           # the extension asks for no version above its stable ABI's
    export CARGO_PROFILE_DEV_DEBUG=0  # half the time and disk
    export CARGO_TARGET_DIR=$cross/build
    export CC_aarch64_apple_darwin=empty-object AR_aarch64_apple_darwin=ar
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=$mingw-gcc
    unset PYO3_PYTHON RUSTFLAGS CARGO_BUILD_TARGET
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$("$RUSTC" --version | awk '{ print $2 }') || changed "its compiler does not run"
    [[ $(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1) == "$wanted" ]] ||
        changed "it is Rust $found now, older than the $wanted of Cargo.toml"
}

# Whether the compiler can build its own standard library for $1; if not, a failure says nothing about our code.
works_at_all() {
    local probe=$cross/probe
    mkdir -p "$probe/src"
    printf '[package]\nname = "probe"\nversion = "0.0.0"\n[workspace]\n' >"$probe/Cargo.toml"
    echo '#![no_main]' >"$probe/src/main.rs"
    cargo check --quiet "${standard_library[@]}" --manifest-path "$probe/Cargo.toml" --target "$1"
}

standard_library=(-Zbuild-std=std,panic_abort,panic_unwind)

# cargo_for TARGET COMMAND ARGUMENTS...
cargo_for() {
    local target=$1 command=$2
    cargo "$command" "${standard_library[@]}" --target "$target" "${@:3}" && return
    works_at_all "$target" || changed "it cannot build Rust's standard library for $target"
    exit 1
}

# --- wine ---

use_wine() {
    local wine=/usr/lib/wine/wine64
    [[ -x $wine ]] || changed "the package wine64 has no $wine any more"
    # Windows need a display. All that runs gets one: wine goes on for a while without, once it has begun so.
    wine="xvfb-run --auto-servernum $wine"
    export WINEPREFIX=$cross/wine WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml=
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$wine
    unset DISPLAY WAYLAND_DISPLAY
    local system=$WINEPREFIX/drive_c/windows/system32
    # shellcheck disable=SC2086 # words of a command
    [[ -d $system ]] || $wine wineboot --init >/dev/null 2>&1 || changed "wine cannot make its prefix"
    [[ -e $system/bcryptprimitives.dll ]] || cp "$tools/bcryptprimitives.dll" "$system/"
}

case $job in
toolchain)
    use_toolchain
    ;;
check-windows)
    use_toolchain
    cargo_for x86_64-pc-windows-msvc check "${packages[@]}" "$@"
    ;;
check-macos)
    use_toolchain
    cargo_for aarch64-apple-darwin check "${packages[@]}" "$@"
    ;;
test-windows)
    use_toolchain
    use_wine
    cargo_for x86_64-pc-windows-gnu test --no-run "${tested[@]}" --lib --bins --tests "$@"
    # The mingw compiler cannot link this library into the program, as Microsoft's does.
    cp "$CARGO_TARGET_DIR"/x86_64-pc-windows-gnu/debug/build/webview2-com-sys-*/out/x64/WebView2Loader.dll \
        "$WINEPREFIX/drive_c/windows/system32/"
    cargo_for x86_64-pc-windows-gnu test "${tested[@]}" --lib --bins --tests "$@"
    ;;
*)
    echo "cross.sh: unknown job $job" >&2
    exit 2
    ;;
esac
