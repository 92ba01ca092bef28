"""Running functions on the main thread (RFC 0002): the host application's, or in plain Python the one that is in
``show()`` or in another wait of ours.

The functions wait in the main thread's queue; it runs them, one after the other, whenever it drains a view or waits, or
when the host's loop comes to it (``_loop.py``).
"""

from __future__ import annotations

import functools
import threading
from contextlib import suppress
from typing import Any, Callable, Optional, TypeVar

from . import _loop, _threads, _watchdog
from ._calls import guarded
from ._config import ThreadSafetyConfig
from ._errors import EventLoopClosed, ThreadDispatchTimeoutError, ThreadSafetyError

F = TypeVar("F", bound=Callable[..., Any])

#: Flags of the code of functions that run in pieces: generators, coroutines, async generators (``inspect.CO_...``).
_IN_PIECES = 0x20 | 0x80 | 0x200


class _Call:
    """One function for the main thread. Either it starts, or its caller gives it up: never both."""

    def __init__(self, function: Callable[[], Any], asker: _threads.Desk) -> None:
        self.function = function
        self.done = False
        self.value: Any = None
        self.error: Optional[Exception] = None
        self.job = _threads.Job(self.run, asker)
        #: Whoever takes it decides: the runner that it starts, the caller that it never will.
        self._turn = threading.Lock()

    def claim(self) -> bool:
        return self._turn.acquire(blocking=False)

    def run(self) -> None:
        if not self.claim():
            return
        interrupted = True
        is_watched = _watchdog.JOBS.enter(self.function)
        try:
            self.value = self.function()
            interrupted = False
        except Exception as error:  # noqa: BLE001 - it belongs to the caller
            self.error = error
            interrupted = False
        finally:
            if interrupted:  # Ctrl+C or exit() is the main thread's own; the caller must not wait for ever
                self.error = EventLoopClosed("the main thread was interrupted while it ran the function")
            if is_watched:
                _watchdog.leave()
            self.done = True
            if self.job.asker is not None:
                self.job.asker.ring()


def is_main_thread() -> bool:
    """Whether this is the host application's main thread; without a host, Python's."""
    _meet_host()
    return _threads.is_main_thread()


def run_on_main_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Runs a function on the main thread, later; returns at once. Also on the main thread itself it is queued.

    What it raises goes to the log. Any thread.

    Raises:
        EventLoopClosed: Nobody would run it: Python is ending, or the host is in batch mode and its main thread in no
            call of auroraview.
        ThreadSafetyError: The host (Blender, Unreal) has to be met on its main thread first.
    """
    _check_runs()
    call = functools.partial(function, *args, **kwargs)
    _threads.main().post(_threads.Job(lambda: _run_unasked(call), None))


def _run_unasked(call: Callable[[], Any]) -> None:
    is_watched = _watchdog.JOBS.enter(call)
    try:
        guarded(_threads.location(call), call)
    finally:
        if is_watched:
            _watchdog.leave()


def run_on_main_thread_sync(
    function: Callable[..., Any], *args: Any, timeout: Optional[float] = None, **kwargs: Any
) -> Any:
    """Runs a function on the main thread and returns what it returns, or raises what it raises. Any thread.

    On the main thread it is called directly. While it waits, the calling thread handles the calls of the page that it
    drains.

    Args:
        function: What to run, with ``args`` and ``kwargs``.
        timeout: Seconds; None: ``main_thread_timeout_ms`` of :class:`~auroraview.ThreadSafetyConfig`, which is 30 s.

    Raises:
        ThreadDispatchTimeoutError: The main thread did not finish it in time. If it had not started, it never will.
        DeadlockDetectedError: The main thread waits for the calling thread.
        EventLoopClosed: Nobody would run it: Python is ending, or the host is in batch mode and its main thread in no
            call of auroraview.
        ThreadSafetyError: The host (Blender, Unreal) has to be met on its main thread first.
    """
    return _run_and_wait(function, functools.partial(function, *args, **kwargs), timeout)


def _run_and_wait(function: Callable[..., Any], call: Callable[[], Any], timeout: Optional[float]) -> Any:
    """``function``: what to name in messages to people."""
    if is_main_thread():
        return call()
    _check_runs()
    if timeout is None:
        timeout = ThreadSafetyConfig.current().main_thread_timeout_ms / 1000
    asked = _Call(call, _threads.desk())
    after = _threads.mark()
    main = _threads.main()
    main.post(asked.job)

    def settled() -> bool:
        return asked.done or main.closed

    if not _threads.wait_until(settled, timeout, wait=_threads.Wait(asked.job, None), after=after):
        raise _overdue(asked, function, timeout)
    if not asked.done:
        _check_alive()
    if asked.error is not None:
        raise asked.error
    return asked.value


def _overdue(asked: _Call, function: Callable[..., Any], timeout: float) -> ThreadDispatchTimeoutError:
    name = _threads.location(function)
    if not asked.claim():
        return ThreadDispatchTimeoutError(
            f"{name} runs on the main thread for longer than {timeout:g} s; it goes on, and what it returns is dropped"
        )
    return ThreadDispatchTimeoutError(
        f"the main thread did not come to {name} within {timeout:g} s, and it will not run any more. {_where()}"
    )


def _where() -> str:
    host = _loop.current().host
    if host.has_loop():
        return f"Is {host.name} busy, or in a dialog that holds up everything else?"
    return (
        "The main thread runs functions in view.show(), view.process_events() and other waits of auroraview: is it "
        "busy elsewhere? If this program is a host application with a loop of its own, see auroraview.hosts.register()"
    )


def ensure_main_thread(function: F) -> F:
    """Decorator: the function runs on the main thread, whoever calls it, who waits for it: see
    :func:`run_on_main_thread_sync`.

    Raises:
        TypeError: ``function`` is async or a generator function, which no thread runs in one go.
    """
    _check_plain(function)

    @functools.wraps(function)
    def on_main(*args: Any, **kwargs: Any) -> Any:
        return _run_and_wait(function, functools.partial(function, *args, **kwargs), None)

    return on_main  # type: ignore[return-value]


#: The name of RFC 0002.
dcc_thread_safe = ensure_main_thread


def dcc_thread_safe_async(function: Callable[..., Any]) -> Callable[..., None]:
    """Decorator: the function runs on the main thread, later, whoever calls it, also on the main thread itself; see
    :func:`run_on_main_thread`.

    Raises:
        TypeError: As for :func:`ensure_main_thread`.
    """
    _check_plain(function)

    @functools.wraps(function)
    def later(*args: Any, **kwargs: Any) -> None:
        run_on_main_thread(function, *args, **kwargs)

    return later


def _check_plain(function: Callable[..., Any]) -> None:
    flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
    if flags & _IN_PIECES:
        raise TypeError(
            f"{_threads.location(function)} runs in pieces (async, or with yield), each on the thread of whoever "
            "asks for it: decorate a plain function that it calls"
        )
    _meet_host()


def _meet_host() -> None:
    """A host that has no way to its main thread can only be met there; whoever is elsewhere is told when it matters."""
    with suppress(ThreadSafetyError):
        _loop.current()


def _check_runs() -> None:
    """Raises if nobody would run what the main thread is handed."""
    _check_alive()
    loop = _loop.current()
    if not (loop.runs_what_it_is_handed or _threads.is_main_thread()):
        raise EventLoopClosed(
            f"{loop.host.name} runs without its windows: its main thread has no loop and is in no call of auroraview, "
            "so it would never come to this. Call the function on the main thread, or let that wait in one of ours"
        )


def _check_alive() -> None:
    if _threads.main().closed or not threading.main_thread().is_alive():
        raise EventLoopClosed("Python is ending: the main thread runs nothing any more")


# Before Python waits for its other threads, which may wait for the main one. Not documented; without it such a thread
# holds up the end of Python until its own deadline.
_before_the_end = getattr(threading, "_register_atexit", None)
if _before_the_end is not None:
    _before_the_end(lambda: _threads.main().close())
