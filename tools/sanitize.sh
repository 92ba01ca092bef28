#!/usr/bin/env bash
# sanitize.sh thread|address: runs the Rust tests of core and link under a sanitizer and wants no report; runs the planted
# bugs first and wants a report of each. What is not installed is said, not fetched.
#
# thread: std has to be instrumented as well, or it reports what is none. The compiler of tools/cross.sh comes with the
#         sources of its std.
# address, with leaks: the nightly toolchain, as it is.
set -euo pipefail

kind=$1
target=x86_64-unknown-linux-gnu
cargo=(cargo)
flags=()

not_run() {
    printf '\n!! NOT RUN: %s sanitizer. %s\n\n' "$kind" "$1" >&2
    exit 0
}

case $kind in
thread)
    tools/cross.sh toolchain || not_run "There is no compiler with the sources of its std (see above)."
    tools=$PWD/target/cross/toolchain
    # Debian's packages have no runtime of the sanitizer; that of the ordinary toolchain does.
    runtime=lib/rustlib/$target/lib/librustc-stable_rt.tsan.a
    ours=$(rustc --print sysroot)/$runtime
    [ -f "$ours" ] || not_run "This toolchain has no runtime for it ($ours)."
    cp "$ours" "$tools/root/usr/$runtime"
    export RUSTC=$tools/bin/rustc RUSTDOC=$tools/bin/rustdoc
    export RUSTC_BOOTSTRAP=1 # -Zbuild-std and sanitizers are not stable
    flags=(-Zbuild-std)
    export RUSTFLAGS="-Zsanitizer=thread" TSAN_OPTIONS="halt_on_error=1"
    planted=(a_race:data\ race)
    ;;
address)
    cargo +nightly --version >/dev/null 2>&1 || not_run "No nightly toolchain is installed."
    cargo=(cargo +nightly)
    export RUSTFLAGS="-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer" ASAN_OPTIONS="detect_leaks=1"
    planted=(a_use_after_free:heap-use-after-free a_leak:LeakSanitizer)
    ;;
esac
export CARGO_TARGET_DIR="$PWD/target/$kind-sanitizer"

tests() { "${cargo[@]}" test --quiet "${flags[@]}" --target "$target" "$@"; }

for bug in "${planted[@]}"; do
    report=$(tests --package auroraview-core --test planted -- --ignored --exact "${bug%%:*}" 2>&1) &&
        { printf '%s\n!! %s was not seen\n' "$report" "${bug%%:*}" >&2; exit 1; }
    grep -q "${bug#*:}" <<<"$report" || { printf '%s\n!! no report of %s\n' "$report" "${bug%%:*}" >&2; exit 1; }
    printf 'planted %s: seen\n' "${bug%%:*}"
done
tests --lib --tests --package auroraview-core --package auroraview-link
printf '0 reports of the %s sanitizer\n' "$kind"
