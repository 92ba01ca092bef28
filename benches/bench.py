"""`make bench`: the same work in AuroraView and in what a user would take instead, in turn, in one run.

    python benches/bench.py [--quick] [--rounds N] [--only NAME] [--scenarios NAME,NAME] [--report]

Writes the raw samples to target/bench/raw.json and, of a whole run, benches/RESULTS.md, its pictures and the README's
table (target/bench/RESULTS.md if it ended early, or was quick and better figures are there): see benches/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from running import ENVIRONMENTS, ROOT, Failed, Run

# isort: split
import report
from registry import PEERS, Peer
from scenarios import COLOUR, SCENARIOS, Scenario
from screen import Screen
from support.desktop import Desktop

RAW = ROOT / "target" / "bench" / "raw.json"


def install(environment: str) -> str | None:
    """Makes a peer's Python environment; None, or why it cannot be had."""
    wanted = (ROOT / "benches" / f"requirements-{environment}.txt").read_text()
    folder = ENVIRONMENTS / environment
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return None
    print(f"installing {environment} ...", flush=True)
    # Debian's interpreter, for everybody: PyGObject is a package of Debian, and one interpreter is fair.
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    requirements = ["-r", str(ROOT / "benches" / f"requirements-{environment}.txt")]
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [python, "-m", "venv", "--system-site-packages", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements],
    ):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            return f"not installed: {done.stdout.strip().splitlines()[-1]}"
    stamp.write_text(wanted)
    return None


def measure(peer: Peer, scenario: Scenario, quick: bool, display: str, screen: Screen) -> dict[str, Any]:
    entry: dict[str, Any] = {"peer": peer.name, "scenario": scenario.name}
    started = time.monotonic()
    try:
        entry["figures"] = Run(peer, scenario, quick, display, screen).measure()
    except (Failed, OSError, ValueError) as error:  # one that cannot be measured does not end the run
        entry["failed"] = str(error)
    seconds = time.monotonic() - started
    said = entry.get("failed", "")
    print(f"  {scenario.name:20} {peer.name:24} {seconds:6.1f} s  {said}", flush=True)
    return {**entry, "seconds": seconds}


def machine() -> dict[str, str]:
    """What the figures depend on."""
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ": ?")
    system = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    webkit = subprocess.run(["pkg-config", "--modversion", "webkit2gtk-4.1"], capture_output=True, text=True)
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True)
    python = subprocess.run([ENVIRONMENTS / "plain" / "bin" / "python", "-V"], capture_output=True, text=True)
    pythons = sorted(ENVIRONMENTS.glob("*/bin/python"))
    freeze = ["-m", "pip", "freeze", "--local"]
    freezes = [subprocess.run([each, *freeze], capture_output=True, text=True).stdout for each in pythons]
    packages = sorted({package for each in freezes for package in each.split()})
    more = sys.argv[1:]
    given = [f'ARGS="{shlex.join(more)}"'] if more else []
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / (1 << 20)
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": commit.stdout.strip(),
        "machine": f"{cpu.split(':', 1)[1].strip()}, {os.cpu_count()} cores, {memory:.0f} GiB, virtual",
        "system": f"{system['PRETTY_NAME'].strip(chr(34))}, Linux {platform.release()}, Xvfb with openbox, no GPU",
        "webkitgtk": webkit.stdout.strip(),
        "rustc": rustc.stdout.strip(),
        "load": f"{os.getloadavg()[0]:.1f} before the run",
        "python": python.stdout.strip(),
        "packages": ", ".join(each for each in packages if each.lower().startswith(("pywebview", "pyside6=", "numpy"))),
        "command": "make bench QUICK=1" if more == ["--quick"] else " ".join(["make bench", *given]),
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer of everything: a few minutes")
    parser.add_argument("--rounds", type=int, help="default 3, quick 1")
    parser.add_argument("--only", default="", help="peers whose name has this in it, and the floor")
    parser.add_argument("--scenarios", default="", help="names, with commas; the start of a name will do")
    parser.add_argument("--report", action="store_true", help="measure nothing; write the report of what was measured")
    return parser.parse_args()


def main() -> None:
    wanted = arguments()
    if not wanted.report:
        with suppress(KeyboardInterrupt):  # the report is of what was measured until then
            run_all(wanted, wanted.rounds or (1 if wanted.quick else 3))
    raw = json.loads(RAW.read_text())
    print(report.tables(raw))
    if raw["whole"]:
        print(f"wrote {report.write(raw)}")


def turns(wanted: argparse.Namespace, rounds: int) -> Iterator[tuple[int, Scenario, Peer]]:
    """What is to be measured, in its order: peers in turn in each scenario, scenarios in turn in each round."""
    names = tuple(filter(None, wanted.scenarios.split(",")))
    for number in range(rounds):
        for scenario in SCENARIOS:
            if (names and not scenario.name.startswith(names)) or number >= scenario.rounds:
                continue
            if wanted.quick and scenario.quick is None:
                continue
            for peer in PEERS:
                reference = peer.module in ("floor", "floor_scheme", "beside", "python_socket")
                here = not scenario.only or peer.name.startswith(scenario.only)
                if here and peer.does(scenario.name) and (reference or wanted.only in peer.name):
                    yield number, scenario, peer


def run_all(wanted: argparse.Namespace, rounds: int) -> None:
    todo = list(turns(wanted, rounds))
    missing = {name: install(name) for name in dict.fromkeys(peer.environment for _, _, peer in todo)}
    entries: list[dict[str, Any]] = []
    raw: dict[str, Any] = {
        "machine": machine(), "rounds": rounds, "quick": wanted.quick,
        "whole": not wanted.only and not wanted.scenarios, "all": len(todo), "left": len(todo), "entries": entries,
    }  # fmt: skip
    RAW.parent.mkdir(parents=True, exist_ok=True)
    RAW.write_text(json.dumps(raw))
    with tempfile.TemporaryDirectory() as folder, Desktop.start("1280x900x24", "-fbdir", folder) as desktop:
        screen = Screen(Path(folder), COLOUR)
        for at, (number, scenario, peer) in enumerate(todo):
            if why := missing[peer.environment]:
                entry = {"peer": peer.name, "scenario": scenario.name, "missing": why}
            else:
                print(f"{at + 1:4} of {len(todo)}", end="", flush=True)
                entry = measure(peer, scenario, wanted.quick, desktop.display, screen)
            entries.append({**entry, "round": number})
            raw["left"] = len(todo) - len(entries)
            RAW.write_text(json.dumps(raw))  # whatever ends the run, what was measured is there


if __name__ == "__main__":
    main()
