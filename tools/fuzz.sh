#!/usr/bin/env bash
# fuzz.sh CARGO_FUZZ: runs every target of fuzz/ for FUZZ_SECONDS (20) each, from fuzz/corpus and from what earlier runs
# found (target/fuzz/found). Needs the nightly toolchain; fetches none.
set -euo pipefail
PATH="$(dirname "$1"):$PATH"
: "${FUZZ_SECONDS:=20}"

if ! cargo +nightly --version >/dev/null 2>&1; then
    printf '\n!! NOT RUN: fuzzing. No nightly toolchain is installed.\n\n' >&2
    exit 0
fi
log=target/fuzz/log
mkdir -p target/fuzz
cargo +nightly fuzz build --target-dir target/fuzz >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
for file in fuzz/targets/*.rs; do
    target=$(basename "$file" .rs)
    mkdir -p "target/fuzz/found/$target"
    cargo +nightly fuzz run --target-dir target/fuzz "$target" "target/fuzz/found/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$FUZZ_SECONDS" -print_final_stats=1 >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    printf '%s: %s runs in %s s, 0 failures\n' "$target" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$FUZZ_SECONDS"
done
