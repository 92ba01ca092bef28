"""Names the handler that holds the main thread: the artist's application stands still meanwhile (``docs/recovery.md``).

Function, file and line are noted before a handler runs, since one that is stuck in C keeps Python's lock. Where it is
stuck is added if Python can still be asked.
"""

from __future__ import annotations

import sys
import threading
import traceback
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

from . import _core, _threads
from ._config import ThreadSafetyConfig
from ._log import log

if TYPE_CHECKING:
    from types import CodeType

#: Raised (as an event) when a handler held the main thread for too long.
HANDLER_SLOW = "handler_slow"


class Slow(NamedTuple):
    """A handler that held, or holds, the main thread: what the event says."""

    function: str
    file: Optional[str]
    line: Optional[int]
    #: So far, in milliseconds.
    ms: int
    #: Innermost last; empty: Python could not be asked in time.
    stack: list[str]


class Watched:
    """The handlers of one owner (a view), by what the watchdog calls them."""

    def __init__(self, nudge: Callable[[], None]) -> None:
        self._nudge = nudge
        self._labels: dict[CodeType, _core.Label] = {}
        #: What handlers of the event were not told of.
        self.untold: deque[Slow] = deque()

    def enter(self, function: Any) -> bool:
        """A handler begins. True: :func:`leave` must follow. Costs nothing but on the main thread."""
        if threading.get_ident() != _watched:
            return False
        code = getattr(_threads.innermost(function), "__code__", None)  # a wrapper's is that of all that it wraps
        label = None if code is None else self._labels.get(code)
        if label is None:
            place = _threads.place(function)
            codes = {code, getattr(function, "__code__", code)} - {None}
            label = _core.Label(f"{place.function} ({place.file}:{place.line})", (weakref.ref(self), place, codes))
            if code is not None:
                self._labels[code] = label
        return _dog.enter(label)

    def add(self, slow: Slow) -> None:
        """Notes what is to be told. Any thread."""
        self.untold.append(slow)
        self._nudge()


def leave() -> None:
    """The handler that began last has ended."""
    _dog.leave()


_Owner = tuple["weakref.ref[Watched]", _threads.Place, "set[CodeType]"]


def _tell(text: str, owner: _Owner, seconds: float, in_time: bool) -> None:
    """On a thread that was made for it."""
    reference, place, codes = owner
    stack = _stack(codes) if in_time else []
    if loop_turns is not None and loop_turns():
        return log().debug("%s takes long, but the host's own loop runs inside of it", text)
    ms = round(1000 * seconds)
    where = "".join(stack).rstrip() or "  (not known: it let nobody else run in Python, or has ended meanwhile)"
    log().warning("%s has held the main thread for %d ms, and is at:\n%s", text, ms, where)
    watched = reference()
    if watched is not None:
        watched.add(Slow(*place, ms, stack))


def _stack(codes: set[CodeType]) -> list[str]:
    """Where the main thread is; nothing if it is not in a function of these any more."""
    frame = sys._current_frames().get(_watched or 0)
    running = {each.f_code for each, _ in traceback.walk_stack(frame)} if frame is not None else set()
    return traceback.format_stack(frame) if not codes or codes & running else []


def configure() -> None:
    """Takes the limit of :class:`~auroraview.ThreadSafetyConfig`, and the main thread as the host calls it."""
    global _watched
    limit_ms = ThreadSafetyConfig.current().watchdog_ms
    _dog.set_limit(limit_ms / 1000)
    _watched = _threads.main().thread.ident if limit_ms else None


def stop(timeout: float) -> bool:
    """Before finalisation begins: no thread of ours may touch Python after it."""
    return _dog.stop(timeout)


def forget_after_fork() -> None:
    """Its thread does not exist in a forked child, which is told nothing."""
    global _dog, _watched
    _watched = None
    _dog = _core.Watchdog(_tell)


#: Says whether the host's loop runs inside of what runs, as in a dialog of the host. Set by ``_loop``.
loop_turns: Optional[Callable[[], bool]] = None
#: The thread that is watched; None: nobody is.
_watched: Optional[int] = None
_dog = _core.Watchdog(_tell)
#: Functions that were handed to the main thread; they belong to no view, and only the log names them.
JOBS = Watched(lambda: None)
