"""The window of a view: what Python may ask of it, what becomes of it, and how to listen to that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Generic, Optional, TypeVar, overload

from ._errors import WindowOperation

if TYPE_CHECKING:
    from ._recovery import Recovery

#: The X11 protocol counts pixels of a window in 15 bits; Windows has the same limit.
MAX_LENGTH = 32767

F = TypeVar("F", bound=Callable[..., Any])


class _Subscribe(Generic[F]):
    """``view.on_closed(handler)``, also as a decorator."""

    def __init__(self, view: Window, name: str) -> None:
        self._view, self._name = view, name

    def __call__(self, handler: F) -> F:
        self._view._on_window_event(self._name, handler)
        return handler


class WindowEvent:
    """A window event as an attribute of a view: call it with a handler, or use it as a decorator."""

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name[len("on_") :]

    @overload
    def __get__(self, view: None, owner: type) -> WindowEvent: ...
    @overload
    def __get__(self, view: Window, owner: type) -> _Subscribe[Any]: ...
    def __get__(self, view: Optional[Window], owner: type) -> Any:
        return self if view is None else _Subscribe(view, self._name)


#: Fields of ``window/changed`` that are true or false, and the events that say so.
FLAGS = {
    "visible": ("shown", "hidden"),
    "focused": ("focused", "blurred"),
    "minimized": ("minimized", "restored"),
    "maximized": ("maximized", "restored"),
    "fullscreen": ("fullscreen", "restored"),
}


class Window:
    """What a view's window can do. What talks to the UI process is :class:`~auroraview.WebView`."""

    on_title_changed = WindowEvent("``handler(title: str)``: the document's title changed.")
    on_closing = WindowEvent("``handler() -> bool``: the user wants to close the window; False keeps it open.")
    on_closed = WindowEvent("``handler(reason: str)``: the view is gone; ``user``, ``host`` or ``error``.")
    on_resized = WindowEvent("``handler(width: float, height: float)``, in logical pixels.")
    on_moved = WindowEvent("``handler(x: float, y: float)``, in logical pixels.")
    on_shown = WindowEvent("``handler()``: the window is on the screen.")
    on_hidden = WindowEvent("``handler()``: the window left the screen.")
    on_focused = WindowEvent("``handler()``: the window has the keyboard.")
    on_blurred = WindowEvent("``handler()``: the window lost the keyboard.")
    on_minimized = WindowEvent("``handler()``.")
    on_maximized = WindowEvent("``handler()``.")
    on_fullscreen = WindowEvent("``handler()``.")
    on_restored = WindowEvent(
        "``handler()``: no longer minimized, maximized or full screen; or back after a crash, its page loaded."
    )

    #: Whether the window's title is the document's.
    _title_follows = True
    #: As last reported by the UI process.
    _window: dict[str, Any] = {"title": "", "size": (0.0, 0.0), "position": None, "visible": False, "handle": None}

    _recovery: Recovery

    def _set_window(self, **change: Any) -> None:
        raise NotImplementedError

    def _raise_event(self, name: str, *args: Any) -> None:
        raise NotImplementedError

    def _on_window_event(self, name: str, handler: Callable[..., Any]) -> None:
        raise NotImplementedError

    @property
    def title(self) -> str:
        """Title of the window. Setting it fixes it."""
        title: str = self._window["title"]
        return title

    @title.setter
    def title(self, title: str) -> None:
        if not isinstance(title, str):
            raise TypeError(f"a title must be str, not {type(title).__name__}")
        self._set_window(title=title)
        self._window["title"] = title
        self._title_follows = False

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page, in logical pixels, as last reported."""
        size: tuple[float, float] = self._window["size"]
        return size

    def set_size(self, width: float, height: float) -> None:
        """Asks for another size, in logical pixels. :attr:`on_resized` tells what became of it.

        Raises:
            WindowOperation: No window can be that large.
        """
        if width <= 0 or height <= 0:
            raise ValueError(f"width and height must be positive, not {width} x {height}")
        if max(width, height) > MAX_LENGTH:
            error = WindowOperation(
                f"set_size: no window can be {width:g} x {height:g}; the limit is {MAX_LENGTH} pixels each way"
            )
            error.operation = "set_size"
            raise error
        self._set_window(size=(width, height))

    @property
    def position(self) -> Optional[tuple[float, float]]:
        """Left and top of the window, in logical pixels, as last reported; None before that, and on Wayland."""
        position: Optional[tuple[float, float]] = self._window["position"]
        return position

    def set_position(self, x: float, y: float) -> None:
        """Asks for another place, in logical pixels. Window managers may ignore it; Wayland has no places."""
        self._set_window(position=(x, y))

    @property
    def visible(self) -> bool:
        """Whether the window is on the screen."""
        return bool(self._window["visible"])

    def set_visible(self, visible: bool) -> None:
        """Shows or hides the window; the page lives on."""
        self._set_window(visible=bool(visible))

    def minimize(self) -> None:
        self._set_window(minimized=True)

    def maximize(self) -> None:
        self._set_window(maximized=True)

    def restore(self) -> None:
        """Ends minimized, maximized and full screen."""
        self._set_window(minimized=False, maximized=False, fullscreen=False)

    def set_fullscreen(self, fullscreen: bool) -> None:
        self._set_window(fullscreen=bool(fullscreen))

    def set_always_on_top(self, on_top: bool) -> None:
        self._set_window(always_on_top=bool(on_top))

    def focus(self) -> None:
        """Brings the window to the front and gives it the keyboard, if the window manager lets us."""
        self._set_window(focus=True)

    @property
    def window_handle(self) -> Optional[int]:
        """The native window (X11, Windows; macOS: its number), or None where there is none or not yet."""
        handle: Optional[int] = self._window["handle"]
        return handle

    def get_hwnd(self) -> Optional[int]:
        """:attr:`window_handle`, by the name that hosts on Windows know."""
        return self.window_handle

    def _titled(self, title: str) -> None:
        if self._title_follows:
            self._window["title"] = title
        self._raise_event("title_changed", title)

    def _changed(self, params: dict[str, Any]) -> None:
        self._recovery.window(params)
        if "size" in params:
            self._window["size"] = tuple(params["size"])
            self._raise_event("resized", *params["size"])
        if "position" in params:
            self._window["position"] = tuple(params["position"])
            self._raise_event("moved", *params["position"])
        for flag, (begins, ends) in FLAGS.items():
            if flag in params:
                self._window[flag] = params[flag]
                self._raise_event(begins if params[flag] else ends)
