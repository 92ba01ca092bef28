"""Host applications: which one this process is, and what their adapters are.

An adapter is one small file here. :func:`current` finds the host by what it has loaded, never by trying to import it.
"""

from __future__ import annotations

import threading
from typing import Optional

from .._log import log
from ._host import Host
from .blender import Blender
from .houdini import Houdini
from .maya import Maya
from .nuke import Nuke
from .plain import Plain
from .qt import Qt, native_handle
from .unreal import Unreal

__all__ = ["Host", "current", "look_again", "register", "unregister"]

#: Asked in this order; those that users register come first. Qt is last: most of the others have it, too.
_adapters: list[type[Host]] = [Maya, Houdini, Nuke, Blender, Unreal, Qt]
_current: Host = Plain()
_lock = threading.Lock()


def current() -> Host:
    """The host application of this process; a plain Python is one, too. Any thread.

    It is looked for until there is one, so that a program may make its ``QApplication`` after the import.
    """
    global _current
    if not _current.is_over():
        return _current
    with _lock:
        if _current.is_over():
            found = next((host for host in (adapter.detect() for adapter in _adapters) if host is not None), None)
            if found is not None or not isinstance(_current, Plain):
                _current = found or Plain()
        return _current


def main_handle(host: Host) -> Optional[int]:
    """The native handle of the host's main window; None: not known. The host's main thread."""
    try:
        window = host.main_window()
    except Exception as error:  # noqa: BLE001 - hosts change, and most were never run with this
        log().warning("%s does not say which its main window is", host.name, exc_info=error)
        return None
    return window if window is None or isinstance(window, int) else native_handle(window)


def register(adapter: type[Host]) -> type[Host]:
    """Adds an adapter, which is asked before all others; also a decorator. Register it before views are shown.

    Raises:
        TypeError: It is no subclass of :class:`Host`.
    """
    if not (isinstance(adapter, type) and issubclass(adapter, Host)):
        raise TypeError(f"an adapter must be a subclass of auroraview.hosts.Host, not {adapter!r}")
    _adapters.insert(0, adapter)
    look_again()
    return adapter


def unregister(adapter: type[Host]) -> None:
    """Undoes :func:`register`."""
    _adapters.remove(adapter)
    look_again()


def look_again() -> None:
    """Forgets which host this process is. For tests, and for what loads a host late. On the main thread."""
    global _current
    with _lock:
        _current = Plain()
    from .._loop import current  # it needs this module

    current()
