"""The end, of Python or of the host application: one function for every hook, which may be called from all of them.

Python ends in three steps: the main thread's last line, the end of all threads that are no daemons, and ``atexit``.
A view that we run ends with the first, so that a thread which waits for its page is answered and can end; one that a
thread of the program's own runs keeps its window until that thread ends. After the last nothing of ours touches Python.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from typing import Callable, Optional

from . import _aio, _log, _loop, _process, _threads, _watchdog
from ._log import log

#: How long accepted work may take to finish when everything ends, in seconds.
FINISH = 0.8
#: How much longer the views may take together to notice that it was cancelled, in seconds.
NOTICE = 0.2
#: How long all of the rest may take together, in seconds: async handlers, our threads, the UI process.
REST = 0.8

_POOLS = "concurrent.futures.thread"
_before_threads_end: Optional[Callable[[Callable[[], None]], None]] = getattr(threading, "_register_atexit", None)
_is_first = False


def quit() -> None:
    """Closes all views, and ends the UI process and our threads, within 2 s. What is not finished by then is cancelled.

    For the host's own quit hook, on whichever thread that runs; ``atexit`` calls it, too. Only the first call does
    something. No view can be shown afterwards.
    """
    if _process.has_ended():
        return
    _process.end()
    _close(_process.shown_views())
    _loop.end()
    until = time.monotonic() + REST
    _process.shut_down(REST / 2)
    _aio.stop(_left(until))
    if not _watchdog.stop(_left(until)):
        log().warning("the watchdog's alarm has not ended")
    _log.flush()


def _left(until: float) -> float:
    return max(0.05, until - time.monotonic())


def _close(views: list[_process.Shown]) -> None:
    until = time.monotonic() + FINISH
    for view in views:
        view._hurry(until)  # all at once, so that their deadlines pass together
    own = _threads.desk()
    for view in sorted(views, key=lambda view: view._runner() is not own):  # first those that nobody else would run
        view._finish(until + NOTICE)


def be_first() -> None:
    """Makes sure that our views end before Python waits for the threads of pools, which may wait for a page."""
    global _is_first
    if not _is_first and _POOLS in sys.modules and _before_threads_end is not None:
        _is_first = True  # what registers last is called first
        _before_threads_end(_when_main_ends)


def _when_main_ends() -> None:
    """The main thread is through with its program; threads of it may go on."""
    if _process.has_ended():
        return
    views = _process.shown_views()
    ours = [view for view in views if not _lives_on(view._runner())]
    if len(ours) == len(views) and not _others():
        return quit()
    _close(ours)


def _lives_on(runner: Optional[_threads.Desk]) -> bool:
    return runner is not None and not runner.is_main and not runner.thread.daemon and runner.thread.is_alive()


def _others() -> bool:
    """Whether Python will wait for threads of the program."""
    return any(not each.daemon and each is not threading.main_thread() for each in threading.enumerate())


def _forget_after_fork() -> None:
    _process.forget_after_fork()
    _aio.forget_after_fork()
    _threads.forget_after_fork()
    _loop.forget_after_fork()
    _watchdog.forget_after_fork()


# Not documented; without it a thread that waits for a page holds up the end of Python until its own deadline.
if _before_threads_end is not None:
    _before_threads_end(_when_main_ends)
atexit.register(quit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
