"""Running functions on the main thread (RFC 0002): for plain Python, whose main thread is in ``show()`` or in a wait of
ours.

The functions wait in the main thread's queue; it runs them, one after the other, whenever it drains a view or waits.
"""

from __future__ import annotations

import functools
import threading
from typing import Any, Callable, Optional, TypeVar

from . import _threads
from ._calls import guarded
from ._config import ThreadSafetyConfig
from ._errors import EventLoopClosed, ThreadDispatchTimeoutError

F = TypeVar("F", bound=Callable[..., Any])


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
        try:
            self.value = self.function()
            interrupted = False
        except Exception as error:  # noqa: BLE001 - it belongs to the caller
            self.error = error
            interrupted = False
        finally:
            if interrupted:  # Ctrl+C or exit() is the main thread's own; the caller must not wait for ever
                self.error = EventLoopClosed("the main thread was interrupted while it ran the function")
            self.done = True
            if self.job.asker is not None:
                self.job.asker.ring()


def is_main_thread() -> bool:
    """Whether this is Python's main thread."""
    return threading.current_thread() is threading.main_thread()


def run_on_main_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Runs a function on the main thread, later; returns at once. Also on the main thread itself it is queued.

    What it raises goes to the log. Any thread.

    Raises:
        EventLoopClosed: Python is ending; the main thread runs nothing any more.
    """
    _check_alive()
    call = functools.partial(function, *args, **kwargs)
    _threads.main().post(_threads.Job(lambda: guarded(_threads.location(function), call), None))


def run_on_main_thread_sync(
    function: Callable[..., Any], *args: Any, timeout: Optional[float] = None, **kwargs: Any
) -> Any:
    """Runs a function on the main thread and returns what it returns, or raises what it raises. Any thread.

    On the main thread it is called directly. While it waits, the calling thread handles the calls of the page that it
    drains.

    Args:
        function: What to run, with ``args`` and ``kwargs``.
        timeout: Seconds; None: ``main_thread_timeout_ms`` of :class:`~auroraview.ThreadSafetyConfig`.

    Raises:
        ThreadDispatchTimeoutError: The main thread did not finish it in time. If it had not started, it never will.
        DeadlockDetectedError: The main thread waits for the calling thread.
        EventLoopClosed: Python is ending.
    """
    call = functools.partial(function, *args, **kwargs)
    if is_main_thread():
        return call()
    _check_alive()
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
        f"the main thread did not come to {name} within {timeout:g} s, and it will not run any more. The main thread "
        "runs functions in view.show(), view.process_events() and other waits of auroraview: is it busy elsewhere?"
    )


def ensure_main_thread(function: F) -> F:
    """Decorator: the function runs on the main thread, whoever calls it; see :func:`run_on_main_thread_sync`."""

    @functools.wraps(function)
    def on_main(*args: Any, **kwargs: Any) -> Any:
        if is_main_thread():
            return function(*args, **kwargs)
        return run_on_main_thread_sync(functools.partial(function, *args, **kwargs))

    return on_main  # type: ignore[return-value]


def _check_alive() -> None:
    if _threads.main().closed or not threading.main_thread().is_alive():
        raise EventLoopClosed("Python is ending: the main thread runs nothing any more")


# Before Python waits for its other threads, which may wait for the main one. Not documented; without it such a thread
# holds up the end of Python until its own deadline.
_before_the_end = getattr(threading, "_register_atexit", None)
if _before_the_end is not None:
    _before_the_end(lambda: _threads.main().close())
