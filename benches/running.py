"""Runs one peer through one scenario, and looks at its processes from outside."""

from __future__ import annotations

import json
import os
import selectors
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benches" / "peers")]
import scenarios  # noqa: E402
from registry import Peer  # noqa: E402
from scenarios import Scenario  # noqa: E402
from screen import Screen  # noqa: E402
from support import processes  # noqa: E402

#: Seconds in which a peer has to say its next word; in a quick run.
PATIENCE, QUICK_PATIENCE = 90.0, 30.0
ENVIRONMENTS = ROOT / "target" / "bench" / "environments"
FLOOR_PROGRAM = ROOT / "target" / "release" / "auroraview-floor"


class Failed(Exception):
    """A peer did not do what the scenario asks; the text says why."""


def options_of(peer: Peer, scenario: Scenario, quick: bool) -> dict[str, Any]:
    return {**scenario.options, **((quick and scenario.quick) or {}), **(scenario.slow if peer.slow else {})}


def command(peer: Peer, scenario: Scenario, options: dict[str, Any], page: str) -> list[str]:
    words = [page, scenario.name, json.dumps(options)]
    floor = [str(FLOOR_PROGRAM)]
    if peer.module.startswith("floor"):
        return [*floor, *words, *(["scheme"] if scenario.scheme or peer.module == "floor_scheme" else [])]
    python = ENVIRONMENTS / peer.environment / "bin" / "python"
    file = ROOT / "benches" / "peers" / f"{peer.module}.py"
    return [str(python), str(file), *words, *peer.words, *(floor if peer.module == "beside" else [])]


def surroundings(display: str) -> dict[str, str]:
    """A peer's environment. What it imports is compiled already, as installed packages are. QtWebEngine's sandbox
    refuses to run as root."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    sandbox = {"QTWEBENGINE_DISABLE_SANDBOX": "1"} if os.geteuid() == 0 else {}
    # The display of the bench is X11, and one thread is one thread: NumPy and friends start none.
    return {
        **inherited, "DISPLAY": display, "GDK_BACKEND": "x11", "QT_QPA_PLATFORM": "xcb", "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "python"), **sandbox,
    }  # fmt: skip


class Run:
    """One peer in one scenario."""

    def __init__(self, peer: Peer, scenario: Scenario, quick: bool, display: str, screen: Screen) -> None:
        self.peer, self.scenario, self.display, self.screen = peer, scenario, display, screen
        self.options = options_of(peer, scenario, quick)
        self.patience = QUICK_PATIENCE if quick else PATIENCE
        self.figures: dict[str, list[float]] = {}
        self.members: set[int] = set()
        self.steps: list[float] = []

    def measure(self) -> dict[str, list[float]]:
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder, "page.html")
            page.write_text(scenarios.page(self.peer.glue, self.scenario, self.options))
            Path(folder, "further.html").write_text(scenarios.second_page(self.peer.glue))
            log = Path(folder, "log")
            with log.open("w") as errors:
                self.started = time.time()
                self.program = subprocess.Popen(
                    command(self.peer, self.scenario, self.options, str(page)), env=surroundings(self.display),
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=folder,
                )  # fmt: skip
            try:
                for line in self.lines():
                    self.take(line)
                self.end()
            except Failed as error:
                last = log.read_text(errors="replace").strip().splitlines()[-4:]
                raise Failed(" | ".join([str(error), *last])) from None
            finally:
                self.kill()
        return self.figures

    def lines(self) -> Iterator[dict[str, Any]]:
        """What the peer says, until it has closed its output."""
        assert self.program.stdout is not None
        output = self.program.stdout.fileno()
        os.set_blocking(output, False)
        text = b""
        with selectors.DefaultSelector() as waiting:
            waiting.register(output, selectors.EVENT_READ)
            deadline = time.monotonic() + self.patience
            while time.monotonic() < deadline:
                if self.scenario.page == "start" and not self.painted():
                    pause = 0.001
                else:
                    pause = 1.0
                if not waiting.select(pause):
                    continue
                piece = os.read(output, 1 << 20)
                if not piece:
                    return
                *whole, text = (text + piece).split(b"\n")
                for line in whole:
                    if line.startswith(b"{"):
                        deadline = time.monotonic() + self.patience
                        yield json.loads(line)
        raise Failed(f"said nothing for {self.patience:.0f} s")

    def painted(self) -> bool:
        """Whether the page is on the screen; notes when it was seen first."""
        if "paint" not in self.figures and self.screen.shows():
            self.figures["paint"] = [(time.time() - self.started) * 1000]
        return "paint" in self.figures

    def take(self, line: dict[str, Any]) -> None:
        if "failed" in line:
            raise Failed(f"its page failed: {line['failed']}")
        if "first" in line:
            self.members = processes.family(self.program.pid)
            self.figures.setdefault("first", [(line["first"] - self.started) * 1000])
        if "host_growth" in line:
            self.figures["host_growth"] = [line["host_growth"]]
        if "checkpoint" in line:
            self.look(line["checkpoint"])
            assert self.program.stdin is not None
            with suppress(BrokenPipeError):
                self.program.stdin.write(b"\n")
                self.program.stdin.flush()
        if "result" in line:
            self.members |= processes.family(self.program.pid)
            self.figures.update(line["result"])
        if "closing" in line:
            self.closing = line["closing"]
        if "gaps" in line:
            self.figures.update({name: [value] for name, value in line["gaps"].items()})

    def look(self, name: str) -> None:
        """The peer waits meanwhile."""
        if name == "paint":
            deadline = time.monotonic() + self.patience
            while not self.painted() and time.monotonic() < deadline:
                time.sleep(0.0005)
        elif name == "idle":
            time.sleep(2)  # what the start left to do is done
            self.figures.update(idle(self.program.pid, self.options["seconds"]))
        elif name == "kill":
            self.members |= processes.family(self.program.pid)
            time.sleep(0.2)  # the page is in its loop
            self.closing = time.time()
            self.program.kill()
        elif name.startswith("pss_"):
            time.sleep(1)
            self.figures[name] = [pss_mib(processes.family(self.program.pid))]
        else:
            self.steps.append(pss_mib(processes.family(self.program.pid) - {self.program.pid}))

    def end(self) -> None:
        """Waits until every process of the peer is gone."""
        if not hasattr(self, "closing"):
            raise Failed(f"ended without a result, with code {self.program.wait(self.patience)}")
        try:
            self.program.wait(self.patience)
        except subprocess.TimeoutExpired:
            raise Failed("did not end") from None
        deadline = time.monotonic() + self.patience
        while any(map(processes.is_alive, self.members)) and time.monotonic() < deadline:
            time.sleep(0.0005)
        self.figures["gone" if self.scenario.name == "killed" else "end"] = [(time.time() - self.closing) * 1000]
        if self.steps:
            self.figures["steps"] = self.steps
            # Between two collections of garbage memory rises: what counts is where it is on the whole, early and late.
            settled = self.steps[2:]
            early, late = settled[: len(settled) // 2], settled[len(settled) // 2 :]
            self.figures["growth"] = [statistics.median(late) - statistics.median(early)]

    def kill(self) -> None:
        """Leaves nothing behind, whatever happened."""
        if self.program.poll() is None:
            for pid in processes.family(self.program.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, 9)
        for pid in self.members:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        for pipe in (self.program.stdin, self.program.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
        self.program.wait()


def idle(host: int, seconds: float) -> dict[str, list[float]]:
    """Wake-ups, processor time and memory of a program that has nothing to do."""
    others = processes.family(host) - {host}
    of_host = processes.threads(host)
    of_others = [thread for pid in others for thread in processes.threads(pid)]
    before = [processes.context_switches(of_host), processes.context_switches(of_others)]
    ticks = processes.cpu_ticks(of_host + of_others)
    time.sleep(seconds)
    wakes = [processes.context_switches(of_host) - before[0], processes.context_switches(of_others) - before[1]]
    spent = (processes.cpu_ticks(of_host + of_others) - ticks) * 1000 / os.sysconf("SC_CLK_TCK")
    return {
        "host_wakes": [wakes[0] / seconds],
        "all_wakes": [sum(wakes) / seconds],
        "cpu": [spent / seconds],
        "pss": [pss_mib({host} | others)],
        "host_private": [memory_mib({host}, "Private_")],
    }


def pss_mib(pids: set[int]) -> float:
    return memory_mib(pids, "Pss:")


def memory_mib(pids: set[int], start: str) -> float:
    total = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith(start))
    return total / 1024
