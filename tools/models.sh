#!/usr/bin/env bash
# models.sh: runs the models of crates/core/tests/models under loom and under shuttle. SHUTTLE_RANDOM_SEED repeats a run.
set -euo pipefail
# A model is run a million times, not built: no time is spent on making it smaller.
export CARGO_TARGET_DIR="$PWD/target/models" CARGO_PROFILE_RELEASE_LTO=off
models=(cargo test --release --quiet --package auroraview-core --test models "$@")

RUSTFLAGS="--cfg loom" "${models[@]}"
export SHUTTLE_RANDOM_SEED="${SHUTTLE_RANDOM_SEED:-$SRANDOM}"
printf 'SHUTTLE_RANDOM_SEED=%s\n' "$SHUTTLE_RANDOM_SEED"
"${models[@]}" --features shuttle
