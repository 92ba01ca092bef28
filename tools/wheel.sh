#!/usr/bin/env bash
# wheel.sh [CARGO ARGUMENTS]: builds the wheel from what `make build` built, and checks it.
# The platform tag is plain `linux`: the UI process uses the system's WebKitGTK, which must never be bundled.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rm -f target/wheels/*.whl
.venv/bin/maturin build --release --quiet --compatibility linux --auditwheel skip --out target/wheels "$@"
.venv/bin/python tools/check_wheel.py target/wheels/*.whl
