"""The options of a view: validated once, then frozen, then sent to the UI process as they are."""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple, Optional

from ._errors import NotYetError

#: Options of the design that a later version brings, each with what to do until then.
NOT_YET = {
    "allow_file_protocol": "put the files under asset_root, or use load_file()",
    "icon": "the desktop's default icon is shown",
    "mode": "leave it out: with a parent the view is a tool window, and QtWebView is a child",
    "remote_debugging_port": "use debug=True and the context menu's inspector",
    "tool_window": "leave it out: a view with a parent is one",
}

_NEW_WINDOW_MODES = ("deny", "browser", "navigate")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_APP_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Parent(NamedTuple):
    """A native window of the host that the window of a view floats above."""

    #: X11 window, ``HWND``, or window number (macOS); ``None``: the main window of this process, which the host's
    #: adapter knows (``show()`` on its main thread), or the UI process finds, when the view is shown.
    handle: Optional[int] = None

    def wire(self) -> dict[str, int]:
        return {"process": os.getpid()} if self.handle is None else {"handle": self.handle}


class ViewOptions(NamedTuple):
    """How a view is made. Lengths are logical pixels.

    Raises:
        TypeError: An option is unknown or of the wrong type.
        ValueError: A value makes no sense.
        NotYetError: A later version brings the option.
        FileNotFoundError, NotADirectoryError: ``asset_root`` is no folder.
    """

    #: Fixed title of the window; ``None``: it follows the document's title.
    title: Optional[str] = None
    width: float = 800.0
    height: float = 600.0
    #: Left and top edge; ``None``: the window manager decides.
    x: Optional[float] = None
    y: Optional[float] = None
    resizable: bool = True
    #: Title bar and borders.
    frame: bool = True
    transparent: bool = False
    #: ``#rrggbb`` behind the page until it paints.
    background_color: Optional[str] = None
    always_on_top: bool = False
    #: The window of the host that the view's own floats above, minimises and closes with: its native handle, or
    #: ``"auto"`` for the main window of this process, if it has one. ``None``: the view stands alone.
    parent: Optional[Parent] = None
    #: Shown as soon as it is there.
    visible: bool = True
    #: The engine's context menu.
    context_menu: bool = True
    #: Developer tools in the context menu, and tracebacks in the errors that reach the page.
    debug: bool = False
    #: Folder whose files the page may load, as ``av://<app_id>/...``.
    asset_root: Optional[str] = None
    #: Whether an address without a file and without an extension shows the start page: the app looks at it itself.
    spa_fallback: bool = False
    #: Content-Security-Policy of the view's own documents; ``None``: one that keeps strangers' code out, ``""``: none.
    csp: Optional[str] = None
    #: What becomes of a window that a page wants to open: ``"deny"``, ``"browser"`` (the user's own browser or mail
    #: program shows it; https, http and mailto only) or ``"navigate"`` (this view goes there).
    new_window_mode: str = "deny"
    #: Exact origins, besides the view's own, whose pages may call Python. Such as ``http://localhost:5173``.
    allowed_origins: tuple[str, ...] = ()
    #: Host of the view's own origin.
    app_id: str = "app"
    #: Folder for cookies and storage; ``None``: nothing is kept.
    data_directory: Optional[str] = None
    #: Native window of the host (an X11 id, a HWND) that the view fills and lives in; ``None``: a window of its own.
    #: ``QtWebView`` makes one.
    container: Optional[int] = None
    #: In a container: whether keys that the page does not use go to the host.
    forward_keys: bool = True
    #: In a container: keys that go to the host and never to the page, such as ``"Ctrl+Shift+S"``.
    host_keys: tuple[str, ...] = ()

    @classmethod
    def build(cls, keywords: dict[str, Any]) -> ViewOptions:
        """Validates keywords of ``WebView(...)``."""
        known = set(cls._fields)
        for name in keywords.keys() - known:
            raise _unknown(name, known)
        defaults = cls._field_defaults
        options = cls(**{name: _coerce(name, value, defaults[name]) for name, value in keywords.items()})
        options._check()
        return options

    def _check(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise ValueError(f"width and height must be positive, not {self.width} x {self.height}")
        if (self.x is None) != (self.y is None):
            raise ValueError("x and y go together: give both or none")
        if self.background_color is not None and not _COLOR.fullmatch(self.background_color):
            raise ValueError(f"background_color must look like #rrggbb, not {self.background_color!r}")
        if not _APP_ID.fullmatch(self.app_id):
            raise ValueError(f"app_id must be lower-case letters, digits and hyphens, not {self.app_id!r}")
        if self.new_window_mode not in _NEW_WINDOW_MODES:
            raise ValueError(f"new_window_mode must be one of {_NEW_WINDOW_MODES}, not {self.new_window_mode!r}")
        if self.csp is not None and not (self.csp.isascii() and self.csp.isprintable()):
            raise ValueError("csp must be one line of ASCII, as a header holds it")
        if self.container is not None and not 0 < self.container < 1 << 64:
            raise ValueError(f"container must be the number of a native window, not {self.container!r}")
        for origin in self.allowed_origins:
            _check_origin(origin)
        if self.asset_root is not None:
            _check_folder(self.asset_root)

    def wire(self) -> dict[str, Any]:
        """The parameters of ``view/create``."""
        given = {name: value for name, value in self._asdict().items() if value is not None}
        if self.parent is not None:
            given["parent"] = self.parent.wire()
        return given


def _unknown(name: str, known: set[str]) -> Exception:
    if name in NOT_YET:
        return NotYetError(f"WebView({name}=...) comes with a later version; until then: {NOT_YET[name]}")
    import difflib  # only for who mistyped

    near = difflib.get_close_matches(name, known | NOT_YET.keys(), n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(sorted(known))}"
    return TypeError(f"WebView has no option {name!r}{hint}")


def _coerce(name: str, value: Any, default: Any) -> Any:
    """Accepts what users naturally write (an int for a length, a Path for a folder) and nothing else."""
    if name in ("asset_root", "data_directory"):
        return None if value is None else os.path.realpath(os.fspath(value))
    if name in ("allowed_origins", "host_keys"):
        return _texts(name, value)
    if name == "parent":
        return _parent(value)
    if isinstance(default, bool):
        wanted: tuple[type, ...] = (bool,)
    elif name in ("width", "height", "x", "y"):
        wanted = (int, float)
    elif name == "container":
        wanted = (int,)
    else:
        wanted = (str,)
    if value is None and default is None:
        return None
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise TypeError(f"{name} must be {wanted[-1].__name__}, not {type(value).__name__} ({value!r})")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(text, str) for text in value):
        raise TypeError(f"{name} must be a list of str, not {value!r}")
    return tuple(value)


def _parent(value: Any) -> Optional[Parent]:
    """A handle, as hosts and Qt bindings spell it: an int, or something that can be one (PyQt's ``winId()``)."""
    if value is None or isinstance(value, Parent):
        return value
    if value == "auto":
        return Parent()
    if isinstance(value, (str, bytes, bool, float)) or not hasattr(value, "__int__"):
        raise TypeError(f"parent must be a native window handle (int) or 'auto', not {value!r}")
    handle = int(value)
    if not 0 < handle < 1 << 64:
        raise ValueError(f"parent: {handle} is no native window handle; give the host's, or 'auto'")
    return Parent(handle)


def _check_origin(origin: str) -> None:
    from urllib.parse import urlsplit  # only for who lists origins

    parts = urlsplit(origin)
    exact = parts.scheme in ("http", "https") and parts.netloc and f"{parts.scheme}://{parts.netloc}" == origin
    if not exact or "*" in origin or "@" in origin:
        raise ValueError(
            f"allowed_origins: {origin!r} is no exact origin; write scheme, host and port only, "
            "for example 'http://localhost:5173'"
        )


def _check_folder(folder: str) -> None:
    if not os.path.exists(folder):
        raise FileNotFoundError(f"asset_root: there is no folder {folder}")
    if not os.path.isdir(folder):
        raise NotADirectoryError(f"asset_root: {folder} is not a folder")
