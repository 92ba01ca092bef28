"""The view as other threads see it (RFC 0002). Every method of a view may be called from any thread, so there is little
to add: the host's main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from ._main import ensure_main_thread, run_on_main_thread_sync

if TYPE_CHECKING:
    from ._handlers import Handler
    from ._view import WebView


class WebViewProxy:
    """``view.get_proxy()``: everything that the view has, and the host's main thread. Any thread."""

    def __init__(self, view: WebView) -> None:
        self._view = view

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._view!r}>"

    def on_dcc_main_thread(self, name: str, handler: Optional[Handler] = None) -> Any:
        """Like :meth:`WebView.on`, for a handler that runs on the host's main thread whatever thread runs the view's
        other handlers; also a decorator.

        Raises:
            TypeError: ``handler`` is async or a generator function, which no thread runs in one go.
        """
        if handler is None:
            return lambda function: [self.on_dcc_main_thread(name, function), function][1]
        return self._view.on(name, ensure_main_thread(handler))

    def call_on_dcc_main_thread(
        self, function: Callable[..., Any], *args: Any, timeout: Optional[float] = None, **kwargs: Any
    ) -> Any:
        """Runs a function on the host's main thread and returns what it returns; see
        :func:`~auroraview.run_on_main_thread_sync`."""
        return run_on_main_thread_sync(function, *args, timeout=timeout, **kwargs)


class DCCThreadSafeWrapper(WebViewProxy):
    """``view.thread_safe()``: the same under the name that RFC 0002 gives it."""
