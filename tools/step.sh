#!/usr/bin/env bash
# step.sh HEADLINE COMMAND...: runs the command under a headline and says how many seconds it took.
set -euo pipefail
name=$1
shift
printf '\n== %s\n' "$name"
SECONDS=0
"$@" || {
    code=$?
    printf '== %s: FAILED after %d s\n' "$name" "$SECONDS" >&2
    exit "$code"
}
printf '== %s: done in %d s\n' "$name" "$SECONDS"
