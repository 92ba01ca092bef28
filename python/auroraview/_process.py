"""The UI process of this host process: where its executable is, its environment, its start and its end. There is one
for each executable: in practice one, or two where tests use the engine and the headless backend in turns."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
import weakref
from typing import Optional, Protocol

from . import _core, _threads, _watchdog
from ._errors import ShutdownInProgressError, UiProcessError

#: Set to run another executable; it must be of the same version.
UI_VARIABLE = "AURORAVIEW_UI"
#: ``headless``: views that are shown from then on have no window and no engine (``docs/testing.md``).
BACKEND_VARIABLE = "AURORAVIEW_BACKEND"
#: Names (separated by commas or spaces) that the UI process shall inherit although they look like the host's own.
KEEP_VARIABLE = "AURORAVIEW_KEEP_ENV"
#: What hosts set for their own libraries and would break ours.
HOST_PREFIXES = ("LD_", "PYTHON", "QT_", "GTK_", "GIO_", "GI_", "GDK_")

#: Variables of the UI process that are ours.
_settings: dict[str, str] = {}
_lock = threading.Lock()
#: What runs, by the path of its executable.
_links: dict[str, _core.Link] = {}
_ended = False
#: Each keeps an empty page ready, also the next one after a crash.
_warm = False
_views: weakref.WeakSet[Shown] = weakref.WeakSet()


class Shown(Protocol):
    """A view that is not closed yet."""

    def _runner(self) -> Optional[_threads.Desk]: ...
    def _hurry(self, until: float) -> None: ...
    def _finish(self, until: float) -> None: ...
    def _disown(self) -> None: ...


def link(program: Optional[str] = None) -> _core.Link:
    """The UI process that runs this program (None: what :func:`startable` says), started if there is none. Returns at
    once. Any thread.

    Raises:
        UiProcessError: The executable is missing or does not start.
        ShutdownInProgressError: Python is ending, or the host.
    """
    with _lock:
        _check_running()
        program = program or executable()
        current = _links.get(program)
        if current is None or not current.is_alive():
            current = _links[program] = _core.Link.start(program, ["--link"], environment(dict(os.environ)))
            _watchdog.configure()
            if _warm:
                current.warm_up()
        return current


def warm_up() -> None:
    """Starts the UI process if there is none, and has it keep an empty page ready. Any thread.

    Raises:
        UiProcessError: The executable is missing or does not start.
        ShutdownInProgressError: Python is ending, or the host.
    """
    global _warm
    _warm = True
    link().warm_up()


def startable() -> str:
    """The path of what a new view runs on. Any thread.

    Raises:
        UiProcessError: The executable is missing.
        ShutdownInProgressError: Python is ending, or the host.
    """
    _check_running()
    return executable()


def _check_running() -> None:
    if _ended:
        raise ShutdownInProgressError("the application is ending: no window can be opened any more")


def executable() -> str:
    """The path of ``auroraview-ui``: what AURORAVIEW_UI names, else the one in this package. If AURORAVIEW_BACKEND says
    so, that of ``auroraview-headless``."""
    backend = os.environ.get(BACKEND_VARIABLE) or "engine"
    if backend not in ("engine", "headless"):
        raise UiProcessError(f"{BACKEND_VARIABLE} must be engine or headless, not {backend!r}")
    named = os.environ.get(UI_VARIABLE)
    if named and backend == "engine":
        if not os.path.isfile(named):
            raise UiProcessError(f"{UI_VARIABLE} names {named}, which is not a file; unset it or correct it")
        return named
    suffix = ".exe" if sys.platform == "win32" else ""
    name = "auroraview-headless" if backend == "headless" else "auroraview-ui"
    packaged = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_bin", f"{name}{suffix}")
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
    return {**cleaned, **_settings}


def use_x11() -> None:
    """The host's own windows are X11's: a UI process that starts from now on uses X11, too, also in a Wayland session.
    Else it could put no window into one of them."""
    _settings["GDK_BACKEND"] = "x11"


def advice(why: str) -> str:
    """What to do about the end of a UI process, if its last words tell."""
    missing = re.search(r"error while loading shared libraries: (lib(?:webkit2gtk|javascriptcoregtk)\S*?):", why)
    if missing is None:
        return ""
    return (
        f"\n{missing[1]} is missing: install WebKitGTK (API 4.1). "
        "Debian, Ubuntu: sudo apt install libwebkit2gtk-4.1-0; "
        "Fedora: sudo dnf install webkit2gtk4.1; Arch: sudo pacman -S webkit2gtk-4.1"
    )


def track(view: Shown) -> None:
    """Remembers a shown view, to close it when Python ends."""
    _views.add(view)


def untrack(view: Shown) -> None:
    _views.discard(view)


def has_ended() -> bool:
    """Whether Python is ending, or the host: no UI process starts any more."""
    return _ended


def end() -> None:
    """No UI process starts any more. Any thread."""
    global _ended
    with _lock:
        _ended = True


def shown_views() -> list[Shown]:
    """The views that are not closed yet."""
    return list(_views)


def shut_down(timeout: float) -> None:
    """Asks the UI processes to end, and kills those that are there after ``timeout`` seconds."""
    until = time.monotonic() + timeout
    with _lock:
        running = [each for each in _links.values() if each.lost is None]
    for each in running:
        each.shut_down(max(0.0, until - time.monotonic()))


def forget_after_fork() -> None:
    """A forked child shares the link's descriptor with its parent: it must not use it."""
    global _links, _lock, _warm
    _links, _lock, _warm = {}, threading.Lock(), False
    for view in list(_views):
        view._disown()
    _views.clear()
