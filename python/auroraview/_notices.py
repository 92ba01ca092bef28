"""What the UI process says of a view: one branch a notice (``protocol/README.md`` section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from . import _loop, _pages
from ._log import log
from ._options import Parent

if TYPE_CHECKING:
    from ._view import WebView


class Notices:
    """What the dispatcher tells that is not the page's business."""

    def __init__(self, view: WebView) -> None:
        self._view = view
        life = view._life
        self.on_lost, self.on_end, self.tell_crashes = (
            view._recovery.on_lost,
            view._recovery.on_end,
            view._recovery.tell,
        )
        self.on_edge = life.edge
        self.on_state, self.on_unreadable = view._state.on_page, view._state.on_unreadable
        self.on_health = view._health.ask
        self.check_deadline = life.check_deadline
        #: Called after each turn, for whoever waits for what it did (:func:`auroraview.testing.wait_until`).
        self.after_turns: set[Callable[[], None]] = set()

    def next_deadline(self) -> Optional[float]:
        deadlines = [self._view._life.next_deadline(), self._view._health.next_beat()]
        return min((each for each in deadlines if each is not None), default=None)

    def after_turn(self) -> None:
        self._view._state.after_turn()
        self._view._health.after_turn()
        self.check_deadline()
        self._view._calls.tell_slow()
        if self._view._hot_reload is not None:
            self._view._hot_reload.look()
        for look in tuple(self.after_turns):
            look()

    def may_close(self) -> bool:
        view = self._view
        answers = [view._calls.notify("closing", each) for each in view._window_events.take("closing")]
        return not any(answer is False for answer in answers)

    def on_notice(self, method: str, params: Any) -> None:
        view = self._view
        if method == "view/loading":
            self._on_loading(**params)
        elif method == "window/changed":
            view._changed(params)
        elif method == "view/title":
            view._titled(params["title"])
        elif method == "view/created":
            self._on_created(**params)
        elif method == "view/document":
            view._native.document(params["doc"], params["url"])
            view._state.on_document(params["doc"])
            view._health.on_document(params["doc"])
            view._recovery.on_document(params["doc"])
        elif method == "view/crashed":
            view._recovery.on_web_process(params["reason"])
        elif method == "view/refused":
            log().warning(
                "posts of a page at %(origin)s were refused (%(reason)s, %(count)d so far); "
                "list the origin in allowed_origins if it may call Python", params,
            )  # fmt: skip
        elif method == "view/failed":
            view._life.failed(params["message"])
        elif method == "view/closed":
            view._life.end(params["reason"])

    def _on_created(self, window_handle: Optional[int], separate: Optional[str] = None) -> None:
        view = self._view
        view._window["handle"] = window_handle
        in_plain_program = view._options.parent == Parent() and not _loop.current().host.has_loop()
        if separate is not None and not in_plain_program:
            log().warning("%s: a window of its own, not of its parent: %s", view._life.name, separate)

    def _on_loading(self, state: str, url: str, message: str = "") -> None:
        view = self._view
        if view._recovery.on_loading(state, url):
            return
        if state == "started":
            view._raise_event("load_started", url)
        elif state == "committed":
            view._url = url
            view._raise_event("navigated", url)
        elif state == "finished":
            view._raise_event("loaded", url)
        elif state == "failed":
            view._raise_event("load_gave_up", view._window_events.has("load_failed"))
            log().warning("cannot load %s: %s", url, message)
            self._load_failed(url, message)
        view._recovery.after_loading(state)

    def on_gone(self, doc: int) -> None:
        """A document is gone; a newer one may be there already."""
        self._view._state.on_gone(doc)
        self._view._health.on_gone(doc)

    def _load_failed(self, url: str, message: str) -> None:
        """Who listens decides what to show instead; else the page says what happened."""
        view = self._view
        if view._window_events.has("load_failed"):
            view._raise_event("load_failed", url, message)
        elif not view._life.close_asked:
            view._recovery.show_notice(_pages.load_failed(url, message))
