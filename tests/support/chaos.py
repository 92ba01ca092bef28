"""Chaos with a seed: how much of it, who was answered how often, and the figures that a run leaves behind."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Optional

from auroraview import ShutdownInProgressError, WebView

from .desktop import PATIENCE

#: `make chaos` sets it: the part of the long counts that is run (1 = all). Unset: the short counts.
SCALE = os.environ.get("CHAOS_SCALE")
#: Of the whole run; every test derives its own from it, so that one test alone does the same again.
SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(2**32))

#: A script that never ends, and that the engine does not give up either: its promise can still be reached.
FOR_EVER = "new Promise(resolve => (window.kept ??= []).push(resolve))"

#: One line for every finished case, for the summary of the run.
figures: list[str] = []


class Chaos:
    """One case: its randomness, its size and its figures."""

    def __init__(self, test: str) -> None:
        self.random = random.Random(f"{SEED} {test}")

    @property
    def long(self) -> bool:
        return SCALE is not None

    def count(self, short: int, long: int) -> int:
        return short if SCALE is None else max(short, round(long * float(SCALE)))

    def report(self, case: str, **values: Any) -> None:
        """Leaves a line of figures behind. A list of seconds becomes its p50/p99/max in milliseconds."""
        words = [f"{name}={percentiles(value) if isinstance(value, list) else value}" for name, value in values.items()]
        line = f"chaos {case}: {' '.join(words)} seed={SEED}"
        figures.append(line)
        print(line)


def percentiles(seconds: Sequence[float]) -> str:
    """``p50/p99/max`` in milliseconds."""
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    picked = [ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.99, 1.0)]
    return "/".join(f"{1000 * each:.3g}" for each in picked) + "ms"


def slope(values: Sequence[float]) -> float:
    """How much a quantity grows with each step (least squares)."""
    middle = (len(values) - 1) / 2
    mean = sum(values) / len(values)
    spread = sum((n - middle) ** 2 for n in range(len(values)))
    return sum((n - middle) * (value - mean) for n, value in enumerate(values)) / spread


class Ledger:
    """Who asked and how often he was answered: it must be once, by a value or by an exception.

    Args:
        reached: After so many answers :attr:`moment` is set.
    """

    def __init__(self, reached: int = 0) -> None:
        self._lock = threading.Lock()
        self._left = reached
        self.moment = threading.Event()
        self._asked = 0
        self._answers: dict[int, list[str]] = {}
        #: When the last answer came, by the clock of `time.monotonic`.
        self.last = 0.0

    def ask(self) -> int:
        with self._lock:
            self._asked += 1
            self._answers[self._asked] = []
            return self._asked

    def callback(self) -> Callable[[Any, Optional[Exception]], None]:
        """Asks, and returns what must be called once."""
        ticket = self.ask()
        return lambda value, error: self.answer(ticket, error)

    def answer(self, ticket: int, error: Optional[BaseException]) -> None:
        with self._lock:
            self._answers[ticket].append("value" if error is None else type(error).__name__)
            self.last = time.monotonic()
            self._left -= 1
            if self._left <= 0:
                self.moment.set()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around a call that blocks until its answer."""
        ticket = self.ask()
        try:
            yield
        except BaseException as error:
            self.answer(ticket, error)
            raise
        self.answer(ticket, None)

    def unanswered(self) -> int:
        with self._lock:
            return sum(not answers for answers in self._answers.values())

    def outcomes(self) -> Counter[str]:
        """What came, by kind. Fails unless every question was answered exactly once."""
        with self._lock:
            wrong = {ticket: answers for ticket, answers in self._answers.items() if len(answers) != 1}
            assert not wrong, f"not answered exactly once: {wrong}"
            return Counter(answers[0] for answers in self._answers.values())


class Crew:
    """Threads that run until they return; a failure in one of them fails the test."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []

    def start(self, work: Callable[..., object], *args: Any) -> None:
        def run() -> None:
            try:
                work(*args)
            except BaseException as error:  # noqa: BLE001 - told by join()
                self._failures.append(error)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self, timeout: float = PATIENCE) -> None:
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        assert not any(thread.is_alive() for thread in self._threads), "a thread hangs"
        if self._failures:
            raise self._failures[0]


@contextmanager
def burning(threads: int) -> Iterator[None]:
    """Python threads that only compute, meanwhile."""
    stop = False

    def burn() -> None:
        n = 0
        while not stop:
            n += 1

    crew = Crew()
    for _ in range(threads):
        crew.start(burn)
    try:
        yield
    finally:
        stop = True
        crew.join()


class Load:
    """Threads that use a view in every way until it is closed, and a page that calls Python all the while."""

    #: Futures and callbacks that one thread lets wait at a time.
    WINDOW = 32

    def __init__(self, view: WebView, ledger: Ledger) -> None:
        self._view, self._ledger = view, ledger
        self._crew = Crew()

    def start(self) -> None:
        self._view.bind_call("load.add", lambda a, b: a + b)
        self._view.eval_js("""
            window.callForEver = async () => { for (let n = 0; ; n++) await auroraview.call("load.add", [n, 1]) };
            for (let n = 0; n < 4; n++) callForEver();
            return 0""")
        for work in (self._wait_for_scripts, self._give_callbacks, self._emit, self._wait_for_ever):
            self._crew.start(self._until_closed, work)

    def join(self) -> None:
        self._crew.join()

    def _until_closed(self, work: Callable[[int], None]) -> None:
        n = 0
        try:
            while True:
                work(n)
                n += 1
        except ShutdownInProgressError:
            pass

    def _wait_for_scripts(self, n: int) -> None:
        with self._ledger.asking():
            assert self._view.eval_js_sync(f"{n} + 1", timeout_ms=1000 * PATIENCE) == n + 1

    def _give_callbacks(self, n: int) -> None:
        room = threading.Semaphore(0)
        for _ in range(self.WINDOW):
            ticket = self._ledger.ask()

            def answer(value: Any, error: Optional[Exception], ticket: int = ticket) -> None:
                self._ledger.answer(ticket, error)
                room.release()

            try:
                self._view.eval_js_async("1", answer, timeout_ms=int(1000 * PATIENCE))
            except ShutdownInProgressError as error:
                self._ledger.answer(ticket, error)
                raise
        for _ in range(self.WINDOW):
            assert room.acquire(timeout=PATIENCE), "a callback was never called"

    def _emit(self, n: int) -> None:
        for size in range(0, 3000, 100):
            self._view.emit("load", {"n": n, "text": "x" * size})
        with self._ledger.asking():
            self._view.eval_js_sync("1", timeout_ms=1000 * PATIENCE)  # behind everything that waits

    def _wait_for_ever(self, n: int) -> None:
        """A script that never ends: only the end of the view answers it."""
        future = self._view.eval_js_async(FOR_EVER, timeout_ms=int(1000 * PATIENCE))
        with self._ledger.asking():
            future.result(PATIENCE)
