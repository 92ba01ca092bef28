"""``EventTimer``: a name that tools know. There is no timer: the host's loop is woken when there is something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from . import _loop
from ._errors import NotShownError

if TYPE_CHECKING:
    from ._view import WebView


class EventTimer:
    """Runs a view's handlers on the host's main thread, for a view that was made without ``dcc_mode`` and with a
    ``processor`` that the host pumps: instead of calling :meth:`WebView.process_events` from a timer of your own.

    Args:
        view: It must be shown before :meth:`start`.
        interval: Of no effect: nothing polls. It is here because tools pass it.
    """

    def __init__(self, view: WebView, interval: Optional[int] = None) -> None:
        self._view = view

    def start(self) -> None:
        """The host's adapter wakes the view from now on. Any thread. To be called once.

        Raises:
            NotShownError: The view is not shown yet.
            ThreadSafetyError: The handlers of the view run on another thread.
        """
        if not self._view._life.shown.is_set():
            raise NotShownError("show() the view first")
        self._view._live_in_host(_loop.current())

    def on_close(self, handler: Callable[[], object]) -> Callable[[], object]:
        """Calls ``handler()`` when the view is closed; a decorator."""
        self._view.on_closed(lambda reason: handler())
        return handler
