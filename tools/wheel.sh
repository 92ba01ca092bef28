#!/usr/bin/env bash
# wheel.sh [CARGO ARGUMENTS]: builds both wheels from what `make build` built, and checks them: one for Python 3.9 and later, and
# one for 3.11 and later, which sends read-only buffers without a copy.
# The platform tag is plain `linux`: the UI process uses the system's WebKitGTK, which must never be bundled.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rm -f target/wheels/*.whl
for features in "" "--no-default-features --features buffers"; do
    # shellcheck disable=SC2086 # words of a command
    .venv/bin/maturin build --release --quiet --compatibility linux --auditwheel skip --out target/wheels $features "$@"
done
.venv/bin/python tools/check_wheel.py target/wheels/*.whl
