#!/usr/bin/env bash
# advisories.sh CARGO_DENY: checks the dependencies against the RustSec advisory database. Nothing is fetched: ADVISORY_DB
# names a git clone of it. Without one the check does not run, and says so.
set -euo pipefail
deny=$1
# Where cargo-deny looks for its copy of the default database: db-path of deny.toml, and a name made of the address.
copy=target/advisories/advisory-db-3157b0e258782691

if [ -z "${ADVISORY_DB:-}" ]; then
    printf '\n!! NOT RUN: advisories. Set ADVISORY_DB to a git clone of the RustSec advisory database.\n\n' >&2
    exit 0
fi
rm -rf "$copy"
git clone --quiet "$ADVISORY_DB" "$copy"
printf 'advisories of %s\n' "$(git -C "$copy" show --no-patch --format=%cI HEAD)"
"$deny" --offline --log-level error check advisories
