#!/usr/bin/env bash
# test-sdk.sh: checks, tests and builds sdk/; fails if the bundle that was there is not what its sources build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../sdk"

# Kept from before the tests, which may build as well.
bundle=dist/bridge.js
before=$(mktemp)
trap 'rm -f "$before"' EXIT
[[ ! -f $bundle ]] || cp "$bundle" "$before"

npm run --silent check
npm run --silent test
npm run --silent build
cmp -s "$bundle" "$before" || {
    echo "sdk/$bundle was not what sdk/src builds. It has been rebuilt: commit it." >&2
    exit 1
}
