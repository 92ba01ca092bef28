"""Counts the instructions of the hot paths and compares them with what was counted before (benches/instructions/).

    python tools/callgrind.py            # compares; a path that takes 2 % more than before is an error
    python tools/callgrind.py --write    # notes what is counted now as the baseline of this toolchain

A count is that of one more time: what N times take is taken from what 2 N take, so a program's start does not count. It
is exact as long as compiler, C library and the processor's vector instructions are the same; a baseline is of these
three, and without one nothing is compared, which is said.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROGRAM = ROOT / "target" / "release" / "auroraview-instructions"
BASELINES = ROOT / "benches" / "instructions" / "baselines.json"
#: A part of what was before.
TOLERANCE = 0.02
TIMES = 500


def toolchain() -> str:
    """What the counts depend on."""
    rustc = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    vectors = "avx2" if "avx2" in Path("/proc/cpuinfo").read_text() else "no avx2"
    return f"rustc {rustc}, {' '.join(platform.libc_ver())}, {platform.machine()}, {vectors}"


def instructions(path: str, times: int) -> int:
    with tempfile.NamedTemporaryFile() as out:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", PROGRAM, path, str(times)]
        done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        sys.exit(f"{path}: {done.stderr.strip()}")
    return int(found[1])


def count() -> dict[str, int]:
    paths = subprocess.run([PROGRAM], check=True, capture_output=True, text=True).stdout.split()
    return {path: round((instructions(path, 2 * TIMES) - instructions(path, TIMES)) / TIMES) for path in paths}


def compare(before: dict[str, int], now: dict[str, int]) -> list[str]:
    """Prints each path; what got worse."""
    worse = []
    for path in sorted(before.keys() | now.keys()):
        then, today = before.get(path), now.get(path)
        if then is None or today is None:
            print(f"  {path:20} {'new' if then is None else 'gone'}: note it with --write")
            worse.append(path)
            continue
        change = today / then - 1
        verdict = "MORE" if change > TOLERANCE else "less: note it with --write" if change < -TOLERANCE else ""
        print(f"  {path:20} {then:8} -> {today:8} {change:+7.1%} {verdict}".rstrip())
        if change > TOLERANCE:
            worse.append(path)
    return worse


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="note what is counted now as the baseline")
    wanted = parser.parse_args()
    baselines: dict[str, dict[str, int]] = json.loads(BASELINES.read_text()) if BASELINES.exists() else {}
    key, now = toolchain(), count()
    if wanted.write:
        BASELINES.write_text(json.dumps({**baselines, key: now}, indent=2) + "\n")
        print(f"noted for {key}")
        return
    if key not in baselines:
        print(f"  NOT COMPARED: there is no baseline for {key}, only for: {'; '.join(baselines) or 'none'}.")
        print("  Look at the counts, and note them with: python tools/callgrind.py --write")
        for path, today in now.items():
            print(f"  {path:20} {today:8}")
        return
    if worse := compare(baselines[key], now):
        sys.exit(
            f"over the tolerance of {TOLERANCE:.0%}: {', '.join(worse)}. Make it less again, or say why in the commit."
        )


if __name__ == "__main__":
    main()
