"""What happens to a view and its window, and how to listen to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Generic, Optional, TypeVar, overload

if TYPE_CHECKING:
    from ._view import WebView

F = TypeVar("F", bound=Callable[..., Any])


class _Subscribe(Generic[F]):
    """``view.on_closed(handler)``, also as a decorator."""

    def __init__(self, view: WebView, name: str) -> None:
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
    def __get__(self, view: WebView, owner: type) -> _Subscribe[Any]: ...
    def __get__(self, view: Optional[WebView], owner: type) -> Any:
        return self if view is None else _Subscribe(view, self._name)


#: Fields of ``window/changed`` that are true or false, and the events that say so.
FLAGS = {
    "visible": ("shown", "hidden"),
    "focused": ("focused", "blurred"),
    "minimized": ("minimized", "restored"),
    "maximized": ("maximized", "restored"),
    "fullscreen": ("fullscreen", "restored"),
}
