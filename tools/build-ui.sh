#!/usr/bin/env bash
# build-ui.sh [CARGO ARGUMENTS]: builds the UI process and puts it into the Python package if it changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --release --package auroraview-ui "$@"
built=target/release/auroraview-ui
packaged=python/auroraview/_bin/auroraview-ui
cmp -s "$built" "$packaged" || install -D -m 755 "$built" "$packaged"
