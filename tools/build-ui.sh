#!/usr/bin/env bash
# build-ui.sh [CARGO ARGUMENTS]: builds the UI process, the library that it makes the web processes load, and the UI process
# without windows, and puts them into the Python package if they changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --release --package auroraview-ui --bin auroraview-ui "$@"
cargo build --release --package auroraview-lane "$@"
# By itself: with the other one's features it would link the GUI libraries, which take longer to load than it runs.
cargo build --release --package auroraview-ui --bin auroraview-headless --no-default-features --features headless "$@"

put() {
    cmp -s "target/release/$1" "python/auroraview/_bin/$2" || install -D -m 755 "target/release/$1" "python/auroraview/_bin/$2"
}

put auroraview-ui auroraview-ui
put auroraview-headless auroraview-headless
# In a folder of its own: the engine loads every library that it finds there.
put libauroraview_lane.so lane/libauroraview_lane.so
