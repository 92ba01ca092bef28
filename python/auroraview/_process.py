"""The one UI process of this host process: where its executable is, its environment, its start and its end."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from typing import Optional, Protocol

from . import _aio, _core, _log, _threads
from ._errors import UiProcessError

#: Set to run another executable; it must be of the same version.
UI_VARIABLE = "AURORAVIEW_UI"
#: Names (separated by commas or spaces) that the UI process shall inherit although they look like the host's own.
KEEP_VARIABLE = "AURORAVIEW_KEEP_ENV"
#: What hosts set for their own libraries and would break ours.
HOST_PREFIXES = ("LD_", "PYTHON", "QT_", "GTK_", "GIO_", "GI_", "GDK_")

#: How long the UI process may take to end when asked, in seconds.
EXIT_TIMEOUT = 2.0

_lock = threading.Lock()
_link: Optional[_core.Link] = None
_views: weakref.WeakSet[Shown] = weakref.WeakSet()


class Shown(Protocol):
    """A view that is not closed yet."""

    def close(self) -> None: ...
    def shutdown(self) -> None: ...
    def _disown(self) -> None: ...


def link() -> _core.Link:
    """The UI process, started if there is none. Returns at once. Any thread.

    Raises:
        UiProcessError: The executable is missing or does not start.
    """
    global _link
    with _lock:
        if _link is None or not _link.is_alive():
            program = executable()
            _link = _core.Link.start(program, ["--link"], environment(dict(os.environ)))
        return _link


def executable() -> str:
    """The path of ``auroraview-ui``: what AURORAVIEW_UI names, else the one in this package."""
    named = os.environ.get(UI_VARIABLE)
    if named:
        if not os.path.isfile(named):
            raise UiProcessError(f"{UI_VARIABLE} names {named}, which is not a file; unset it or correct it")
        return named
    suffix = ".exe" if sys.platform == "win32" else ""
    packaged = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_bin", f"auroraview-ui{suffix}")
    if not os.path.isfile(packaged):
        raise UiProcessError(
            f"the UI executable is missing: {packaged}. In a source checkout run 'make build'; "
            f"else reinstall auroraview, or set {UI_VARIABLE} to the executable's path"
        )
    return packaged


def environment(inherited: dict[str, str]) -> dict[str, str]:
    """What the UI process inherits: everything but what the host set for its own libraries."""
    keep = set(inherited.get(KEEP_VARIABLE, "").replace(",", " ").split())
    cleaned = {name: value for name, value in inherited.items() if name in keep or not name.startswith(HOST_PREFIXES)}
    own_bus = os.path.join(inherited.get("XDG_RUNTIME_DIR", ""), "bus")
    if "DBUS_SESSION_BUS_ADDRESS" not in inherited and not os.path.exists(own_bus):
        # Else GTK looks for one, and dbus-launch, where installed, starts one that outlives everybody. We need none.
        cleaned["DBUS_SESSION_BUS_ADDRESS"] = "disabled:"
    return cleaned


def track(view: Shown) -> None:
    """Remembers a shown view, to close it when Python ends."""
    _views.add(view)


def untrack(view: Shown) -> None:
    _views.discard(view)


def _end() -> None:
    """Before finalisation begins: views are closed, their threads stopped, the UI process ended."""
    open_views = list(_views)
    for view in open_views:
        view.shutdown()  # all at once, so that their deadlines pass together
    for view in open_views:
        view.close()
    with _lock:
        current = _link
    if current is not None and current.lost is None:
        current.shut_down(EXIT_TIMEOUT)
    _log.flush()


def _forget_after_fork() -> None:
    """A forked child shares the link's descriptor with its parent: it must not use it."""
    global _link, _lock
    _link, _lock = None, threading.Lock()
    _aio.forget_after_fork()
    _threads.forget_after_fork()
    for view in list(_views):
        view._disown()
    _views.clear()


atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
