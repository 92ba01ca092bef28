#!/usr/bin/env bash
# advisories.sh CARGO_DENY: checks the dependencies against the RustSec advisory database. Nothing is fetched: ADVISORY_DB
# names a git clone of it; without one, the newest snapshot in tools/advisories has to do (to make one, in a clone:
# git archive HEAD crates rust LICENSE.txt LICENSES support.toml .duplicate-id-guard | xz -9e > <its date>.tar.xz).
set -euo pipefail
deny=$1
# Where cargo-deny looks for its copy of the default database: db-path of deny.toml, and a name made of the address.
copy=target/advisories/advisory-db-3157b0e258782691

# cargo-deny wants a git repository: makes one of the newest snapshot.
unpack_snapshot() {
    local archives=(tools/advisories/*.tar.xz) archive date
    archive=${archives[-1]}
    date=$(basename "$archive" .tar.xz)
    rm -rf "$1"
    mkdir -p "$1"
    tar -xJf "$archive" -C "$1"
    git -C "$1" init --quiet
    git -C "$1" add --all
    GIT_COMMITTER_DATE="${date}T12:00:00Z" git -C "$1" -c core.hooksPath=/dev/null -c user.name=snapshot \
        -c user.email=snapshot@invalid commit --quiet --message "Snapshot of $date"
    printf 'No ADVISORY_DB is set: what was published after %s is not known here.\n' "$date"
}

mkdir -p target/advisories
if [ -z "${ADVISORY_DB:-}" ]; then
    ADVISORY_DB=target/advisories/snapshot
    unpack_snapshot "$ADVISORY_DB"
fi
rm -rf "$copy"
git clone --quiet "$ADVISORY_DB" "$copy"
printf 'advisories of %s\n' "$(git -C "$copy" show --no-patch --format=%cI HEAD)"
"$deny" --offline --log-level error check advisories
