"""How threads of the host wait: every wait of ours passes here, has a deadline, and serves what its thread owes
meanwhile.

A thread has one *desk*. Waiting there, it still handles the calls of the page that it drains and, on the main thread,
the functions that were handed to it. So two threads that wait for each other both come through. Where that is
impossible, because one waits for what lies further down in its own stack, :class:`~auroraview.DeadlockDetectedError` is
raised at once.
"""

from __future__ import annotations

import _thread
import functools
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

from . import _core
from ._errors import DeadlockDetectedError

if TYPE_CHECKING:
    from ._dispatch import Dispatcher

#: How deep waits may serve work that waits again.
MAX_DEPTH = 8
#: From this depth on a wait serves only what came after it began: what came before cannot be its own doing, and would
#: use up the depth that the page's answer may need.
OWN_DEPTH = 4
#: How many wrappers of a function are looked into for its name.
MAX_WRAPPERS = 16


def start_beside(thread: threading.Thread) -> None:
    """Starts a thread without waiting until it runs, as its ``start()`` does: beside a busy thread that takes longer
    than a host's main thread may be held."""
    _thread.start_new_thread(thread.start, ())


class Job:
    """A function that one thread hands to another."""

    __slots__ = ("asker", "height", "run", "runner")

    def __init__(self, run: Callable[[], object], asker: Optional[Desk]) -> None:
        self.run = run
        #: Who waits for it; None: nobody.
        self.asker = asker
        #: Who runs it, and what lies below it there.
        self.runner: Optional[Desk] = None
        self.height = 0


class Wait(NamedTuple):
    """What a thread waits for: a job, or (``unwinds``) a thread that must leave everything it is in."""

    job: Optional[Job]
    unwinds: Optional[Desk]


class Desk:
    """Where one thread waits. Only its own thread uses it, but for :meth:`ring` and :meth:`post`."""

    def __init__(self, thread: threading.Thread) -> None:
        self.thread = thread
        #: Python's main thread, or that of the host application: nothing may hold it up for long.
        self.is_main = thread is threading.main_thread()
        self.bell = _core.Bell()
        #: The innermost view that this thread drains.
        self.dispatcher: Optional[Dispatcher] = None
        self.jobs: deque[Job] = deque()
        #: The thread ends: it runs no job any more.
        self.closed = False
        self.depth = 0
        #: In how many waits it is.
        self.waits = 0
        #: What it is in, innermost last: waits, and jobs that it runs.
        self.stack: list[Wait | Job] = []

    def ring(self) -> None:
        """Makes the thread look again, in the wait that it is in or in its next one."""
        self.bell.ring()

    def post(self, job: Job) -> None:
        """Hands the thread a job. It runs when the thread waits or drains the next time."""
        self.jobs.append(job)
        self.ring()

    def close(self) -> None:
        """Runs what waits, and nothing after that: whoever waits for a later job is told to look."""
        self.run_jobs()
        self.closed = True
        for job in list(self.jobs):
            if job.asker is not None:
                job.asker.ring()

    def serve(self, mark: Optional[tuple[int, int]]) -> bool:
        """Does what this thread owes to others: jobs, and the calls of its page. ``mark``: the last call before the
        wait. True: there is more to do."""
        self.depth += 1
        try:
            self.run_jobs()
            if self.dispatcher is None:
                return False
            return self.dispatcher.serve(None if self.depth <= OWN_DEPTH else mark)
        finally:
            self.depth -= 1

    @property
    def serves(self) -> bool:
        """Whether the thread is in a wait of ours, and so runs what it is handed."""
        return self.dispatcher is not None or self.waits > 0

    def run_jobs(self, until: Optional[float] = None) -> bool:
        """Runs what the thread was handed, until a moment of the monotonic clock. True: there is more."""
        while self.jobs and (until is None or time.monotonic() < until):
            job = self.jobs.popleft()
            job.runner, job.height = self, len(self.stack)
            self.stack.append(job)
            try:
                job.run()
            finally:
                self.stack.pop()
        return bool(self.jobs)

    def block(self, port: Optional[_core.Port], timeout: Optional[float]) -> None:
        """Sleeps, without the GIL, until there may be something to look at."""
        if self.dispatcher is not None:
            self.dispatcher.port.wait(timeout, self.is_main)
        elif port is not None:
            port.wait_with(self.bell, timeout, self.is_main)
        else:
            self.bell.wait(timeout, self.is_main)


_local = threading.local()
#: Made here and not when somebody asks: two threads that ask first would each make one.
_main = Desk(threading.main_thread())


def desk() -> Desk:
    """The desk of the calling thread."""
    own: Optional[Desk] = getattr(_local, "desk", None)
    if own is None:
        own = _local.desk = main() if is_main_thread() else Desk(threading.current_thread())
    return own


def take(own: Desk) -> None:
    """The calling thread waits at this desk from now on, which was made for it before it ran."""
    _local.desk = own


def is_main_thread() -> bool:
    """Whether the caller is the main thread: Python's, or what the host application calls so."""
    return threading.get_ident() == main().thread.ident


def claim_main() -> None:
    """The calling thread is the host's main thread. Nearly always it is Python's, too."""
    global _main
    own, former = desk(), main()
    if own is not former:
        own.is_main, _main = True, own
        while former.jobs:
            own.post(former.jobs.popleft())


def main() -> Desk:
    """The desk of the main thread."""
    return _main


def forget_after_fork() -> None:
    """In a forked child: bells and jobs belong to the parent."""
    global _main, _local
    _main, _local = Desk(threading.main_thread()), threading.local()


@contextmanager
def draining(dispatcher: Dispatcher) -> Iterator[None]:
    """The calling thread drains a view, until it leaves."""
    own = desk()
    outer, own.dispatcher = own.dispatcher, dispatcher
    own.bell.drains(dispatcher.port)
    try:
        yield
    finally:
        own.dispatcher = outer
        own.bell.drains(None if outer is None else outer.port)


def check_depth() -> None:
    """Refuses to wait deeper than :data:`MAX_DEPTH`: nobody could be served any more.

    Raises:
        DeadlockDetectedError: At once.
    """
    if desk().depth >= MAX_DEPTH:
        raise DeadlockDetectedError(
            f"{MAX_DEPTH} handlers on this thread wait for each other already; a further wait could serve nobody. "
            "Answer without waiting: return a value, or use eval_js_async"
        )


def mark() -> Optional[tuple[int, int]]:
    """The last call of the page before the calling thread asks for something: what the answer needs comes after it."""
    dispatcher = desk().dispatcher
    return None if dispatcher is None else dispatcher.newest_call()


def wait_until(
    done: Callable[[], bool],
    timeout: Optional[float],
    *,
    wait: Optional[Wait] = None,
    port: Optional[_core.Port] = None,
    after: Optional[tuple[int, int]] = None,
) -> bool:
    """Waits on the calling thread until ``done()``; False when ``timeout`` seconds passed first.

    Whoever makes ``done`` true rings this thread's bell afterwards. ``port``: the view whose link must be read
    meanwhile. ``after``: the :func:`mark` from before the question, if it was asked just now.

    Raises:
        DeadlockDetectedError: It cannot come true.
    """
    if done():
        return True
    check_depth()
    own = desk()
    until = None if timeout is None else time.monotonic() + timeout
    if wait is not None:
        own.stack.append(wait)
    own.waits += 1
    try:
        if wait is not None:
            _check_cycle(own)
        while not done():
            more = own.serve(after)
            if done():
                return True
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return False
            own.block(port, 0 if more else left)
        return True
    finally:
        own.waits -= 1
        if wait is not None:
            own.stack.pop()


def _check_cycle(own: Desk) -> None:
    """Raises if what ``own`` begins to wait for can only end after ``own`` left something further down its stack."""
    path = _blockers(own, len(own.stack) - 1, own, [own])
    if path is not None:
        names = " waits for ".join(f"thread {each.thread.name!r}" for each in path)
        raise DeadlockDetectedError(f"{names}, and each needs the other to go on first: this wait could never end")


def _blockers(of: Desk, above: int, origin: Desk, path: list[Desk]) -> Optional[list[Desk]]:
    """The way back to ``origin`` from what ``of`` waits for at or above a height of its stack, if there is one."""
    for entry in list(of.stack[above:]):
        if not isinstance(entry, Wait):
            continue
        target, height = (entry.job.runner, entry.job.height) if entry.job is not None else (entry.unwinds, 0)
        if target is None:  # a job that has not started: its thread runs it while it waits
            continue
        if target is origin:
            return [*path, origin]
        if target in path:
            continue
        found = _blockers(target, height, origin, [*path, target])
        if found is not None:
            return found
    return None


class Latch:
    """Something that happens once, and that threads wait for at their desks."""

    def __init__(self) -> None:
        self._set = False
        self._waiting: deque[Desk] = deque()

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        for each in list(self._waiting):
            each.ring()

    def wait(self, timeout: Optional[float], unwinds: Optional[Desk] = None, port: Optional[_core.Port] = None) -> bool:
        """Waits; ``unwinds``: the thread that will set it when it has left everything it is in."""
        own = desk()
        self._waiting.append(own)
        try:
            return wait_until(self.is_set, timeout, wait=Wait(None, unwinds), port=port)
        finally:
            self._waiting.remove(own)


class Place(NamedTuple):
    """Where a function is written."""

    function: str
    #: None: nowhere; it is not of Python.
    file: Optional[str]
    line: Optional[int]


def innermost(function: Any) -> Any:
    """What a partial, a wrapper or a bound method calls in the end."""
    for _ in range(MAX_WRAPPERS):  # an object may claim to wrap itself
        kind = type(function)
        if kind is FunctionType:
            inner = function.__dict__.get("__wrapped__")
        elif kind is MethodType:
            inner = function.__func__
        elif isinstance(function, functools.partial):
            inner = function.func
        else:
            inner = getattr(function, "__wrapped__", getattr(function, "__func__", None))
        if inner is None:
            break
        function = inner
    return function


def place(function: Any) -> Place:
    inner = innermost(function)
    code = getattr(inner, "__code__", None)
    name = getattr(inner, "__qualname__", repr(inner))
    return Place(name, None, None) if code is None else Place(name, code.co_filename, code.co_firstlineno)


def location(function: Any) -> str:
    """Name, file and line of a function, for messages to people."""
    where = place(function)
    return where.function if where.file is None else f"{where.function} ({os.path.basename(where.file)}:{where.line})"
