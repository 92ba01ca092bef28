"""The host's part in each scenario, for every peer that is written in Python. A peer runs `Host.main`."""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
from itertools import count as counter
from pathlib import Path
from typing import Any, Callable, Protocol


class Peer(Protocol):
    """What a peer does its own way. Any thread may call these."""

    def emit(self, name: str, value: Any) -> None:
        """Tells the first page."""

    def evaluate(self, script: str) -> Any:
        """The value of a script in the first page; waits for it."""

    def open(self) -> None:
        """Opens one more view, with `Host.further`."""

    def close(self) -> None:
        """Closes everything, which ends the program."""


def say(**line: Any) -> None:
    """Any thread: `print` would write the end of the line by itself, after another thread's line."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def private_kib() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


class Host:
    """Counts and times what comes, and does what the scenario asks of the host."""

    peer: Peer

    def __init__(self) -> None:
        #: The program's arguments: file of the page, name of the scenario, its options, further words.
        self.page_file, self.scenario, options, *self.words = sys.argv[1:]
        self.options: dict[str, Any] = json.loads(options)
        self.private_before = private_kib() if self.scenario == "idle" else 0
        self.stamps: list[float] = []
        self.figures: dict[str, list[float]] = {}
        self.ticks = counter(1)
        self.inversions = self.expected = 0
        self.wanted = self.options.get("count", 0)
        self.answered = threading.Semaphore(0)
        self.gaps = Gaps()
        self.blob = bytes(self.options.get("size", 0))
        self.frame: Any = None
        if "width" in self.options:
            import numpy

            shape = self.options["height"], self.options["width"], 4
            self.frame = numpy.full(shape, 200, numpy.uint8)

    @property
    def page(self) -> str:
        return Path(self.page_file).read_text()

    @property
    def further_file(self) -> str:
        """The page of each further view."""
        return str(Path(self.page_file).with_name("further.html"))

    @property
    def further(self) -> str:
        return Path(self.further_file).read_text()

    # ---- what the page calls ----

    def echo(self, value: Any) -> Any:
        self.stamps.append(time.perf_counter())
        return value

    def mark(self, value: Any) -> Any:
        self.started = time.perf_counter()
        return value

    def length(self, text: Any) -> int:
        self.stamps.append(time.perf_counter())
        return len(text)

    def text(self, size: int) -> str:
        self.stamps.append(time.perf_counter())
        return "x" * size

    def give(self, size: int) -> Any:
        """Bytes for the page, or a frame."""
        self.stamps.append(time.perf_counter())
        return self.blob if self.frame is None else self.frame

    def take_base64(self, text: str) -> int:
        """For peers that have no bytes."""
        self.stamps.append(time.perf_counter())
        return len(base64.b64decode(text))

    def give_base64(self, size: int) -> str:
        return base64.b64encode(self.give(size)).decode()

    def burn(self, value: Any) -> Any:
        """Four threads that never wait."""
        for _ in range(4):
            threading.Thread(target=self._burn, daemon=True).start()
        return value

    @staticmethod
    def _burn() -> None:
        for _ in counter():
            pass

    def functions(self) -> dict[str, Callable[[Any], Any]]:
        names = "echo mark length text burn take_base64 give_base64".split()
        return {name: getattr(self, name) for name in names}

    # ---- what the page tells ----

    def listeners(self) -> dict[str, Callable[[Any], None]]:
        names = "first tick pong got opened checkpoint begin finish failed".split()
        return {name: getattr(self, f"on_{name}") for name in names}

    def on_first(self, value: Any = None) -> None:
        say(first=time.time())
        self.gaps.enter("held_stream")

    def on_tick(self, n: Any) -> None:
        if n != self.expected:
            self.inversions += 1
        self.expected = n + 1
        if next(self.ticks) == self.wanted:
            self._all_ticks()

    def _all_ticks(self) -> None:
        if self.scenario == "events_up":
            seconds = time.perf_counter() - self.started
            self.figures = {"rate": [self.wanted / seconds], "inversions": [self.inversions]}
        self.ticks, self.expected = counter(1), 0
        self.in_thread(self.peer.emit, "all", 0)

    def on_pong(self, n: Any) -> None:
        self.answered.release()

    def on_opened(self, value: Any = None) -> None:
        self.answered.release()

    def on_checkpoint(self, name: str) -> None:
        if name == "idle":
            say(host_growth=(private_kib() - self.private_before) / 1024)
        say(checkpoint=name)
        self.in_thread(self._go_on)

    def _go_on(self) -> None:
        sys.stdin.readline()
        self.peer.emit("go", 0)

    def on_begin(self, value: Any = None) -> None:
        views = dict.fromkeys(("views", "views_kept"), self._views)
        work = {"ping": self._ping, "evaluate": self._evaluate, **views}.get(self.scenario)
        self.began = time.perf_counter()
        if work is not None:
            self.in_thread(work)
        elif self.options["thread"]:
            self.in_thread(self._emit_ticks, 0)
        else:
            self._emit_ticks(0)

    def on_got(self, seen: int) -> None:
        if seen == self.wanted:
            self.figures = {"rate": [seen / (time.perf_counter() - self.began)]}
        else:
            self._emit_ticks(seen)

    def _emit_ticks(self, first: int) -> None:
        emit = self.peer.emit
        for n in range(first, first + self.options["batch"]):
            emit("tick", n)

    def _ping(self) -> None:
        for n in range(self.wanted):
            self.stamps.append(time.perf_counter())
            self.peer.emit("ping", n)
            self.answered.acquire()
        self.on_finish({})

    def _evaluate(self) -> None:
        for n in range(self.wanted):
            self.stamps.append(time.perf_counter())
            if self.peer.evaluate(f"{n} + 1") != n + 1:
                raise ValueError("not what the script says")
        self.on_finish({})

    def _views(self) -> None:
        warm: list[float] = []
        at = self.options["at"]
        for number in range(1, at[-1] + 1):
            if number > 1:
                started = time.perf_counter()
                self.peer.open()
                self.answered.acquire()
                warm.append((time.perf_counter() - started) * 1000)
            if number in at:
                say(checkpoint=f"pss_{number}")
                sys.stdin.readline()
        self.figures = {"warm": warm}
        self.on_finish({})

    def on_finish(self, figures: dict[str, list[float]]) -> None:
        """The page is done, or the scenario of the host."""
        stamps = self.stamps[self.options.get("skip", 0) :]
        trips = [(later - earlier) * 1e6 for earlier, later in zip(stamps, stamps[1:])]
        result = {**self.figures, **figures}
        if trips:
            result["round_trip"] = trips
        say(result=result)
        self.in_thread(self._close)

    def _close(self) -> None:
        # The page's last word is answered first: pywebview never ends when a window goes while a call is answered.
        time.sleep(0.1)
        self.gaps.enter("held_close")
        say(closing=time.time())
        self.peer.close()

    def on_failed(self, why: str) -> None:
        """The page threw."""
        say(failed=why)

    def in_thread(self, work: Callable[..., None], *arguments: Any) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def over(self) -> None:
        """The last line of a peer: says how long its main thread was held."""
        if self.scenario == "held":
            say(gaps=self.gaps.longest)


class Gaps:
    """The longest time between two turns of the host's main thread, which comes here each millisecond; and the most
    processor time of that thread between two, which other programs do not lengthen."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}
        self._phase = "held_open"
        self._last = self._worked = 0.0

    def enter(self, phase: str) -> None:
        self._phase = phase

    def turn(self) -> bool:
        now, worked = time.perf_counter(), time.thread_time()
        if self._last:
            for figure, seconds in ((self._phase, now - self._last), (f"{self._phase}_cpu", worked - self._worked)):
                self.longest[figure] = max(seconds * 1000, self.longest.get(figure, 0.0))
        self._last, self._worked = now, worked
        return True
