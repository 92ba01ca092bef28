"""Who has the keyboard: a widget of the host, or the page.

The page has it when X gives it to its window. Qt then believes that it is with the window of the container, which is
around the page's, and takes the focus from its widgets. Keys that the page does not use come to that window, and go on
to the widgets around it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .._errors import ShutdownInProgressError
from .._recovery import Crash
from .._view import WebView
from ._binding import QtCore, QtWidgets

Event = QtCore.QEvent.Type
Key = QtCore.Qt.Key
Policy = QtCore.Qt.FocusPolicy
Reason = QtCore.Qt.FocusReason
#: The Tab key comes in at an edge of the page.
EDGES = {Reason.TabFocusReason: "first", Reason.BacktabFocusReason: "last"}
#: A key that the page did not use.
KEYS = (Event.KeyPress, Event.KeyRelease)
#: Widgets that the Tab key stops at.
TABBED = (Policy.TabFocus, Policy.StrongFocus, Policy.WheelFocus)
TABS = {Key.Key_Tab: True, Key.Key_Backtab: False}


class Keyboard(QtCore.QObject):  # type: ignore[misc]
    """Passes the keyboard between Qt and the page. Qt's main thread."""

    def __init__(self, panel: Any, container: Any, window: Any, view: WebView) -> None:
        super().__init__(panel)
        self._panel, self._container, self._window, self._view = panel, container, window, view
        self._page_has_it = False
        #: It lost the keyboard to no widget of its window: to another window, say.
        self._wants_it_back = False
        #: Who had it before the page.
        self._before: Any = None
        for watched in (panel, container, window):
            watched.installEventFilter(self)
        view.on_focused(panel._end.unless_come(self._on_page_focused))
        view.on_blurred(panel._end.unless_come(self._on_page_blurred))
        view.on_crashed(panel._end.unless_come(self._on_crashed))
        view.on_restored(panel._end.unless_come(self._on_restored))
        QtWidgets.QApplication.instance().focusChanged.connect(self._on_focus_changed)

    def give_back(self, reason: Any = Reason.OtherFocusReason) -> None:
        """To the widget that had it before the page, or to the window."""
        try:
            if self._before is not None and self._before.window() is self._panel.window():
                self._before.setFocus(reason)
                return
        except RuntimeError:  # it was deleted
            self._before = None
        self._panel.window().setFocus(reason)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        kind = event.type()
        if watched is self._window and kind in KEYS:
            return self._on_unused_key(kind, event)
        if watched is self._container and kind == Event.FocusIn:
            self._come(EDGES.get(event.reason()))
            return True  # Qt would give the keyboard to its own empty window
        if watched is self._panel and kind == Event.WindowActivate and self._wants_it_back:
            self._come(None)
        return False

    def _on_unused_key(self, kind: Any, event: Any) -> bool:
        forwards = TABS.get(event.key())
        if forwards is None or event.modifiers() & QtCore.Qt.KeyboardModifier.ControlModifier:
            QtWidgets.QApplication.sendEvent(self._container, event)
        elif kind == Event.KeyPress:
            self._leave_by_tab(forwards)
        return True

    def _leave_by_tab(self, forwards: bool) -> None:
        """To the next widget of the window. Qt's own step begins at the widget with the focus, and it knows of none."""
        widget, window = self._container, self._panel.window()
        while True:
            widget = widget.nextInFocusChain() if forwards else widget.previousInFocusChain()
            if widget == self._container:
                return self._come("first" if forwards else "last")  # the page is alone
            is_there = widget.isEnabled() and widget.isVisible() and widget.window() == window
            if is_there and widget.focusPolicy() in TABBED:
                widget.setFocus(Reason.TabFocusReason if forwards else Reason.BacktabFocusReason)
                return

    def _come(self, edge: Any) -> None:
        if not self._page_has_it:
            self._tell(**({"enter": edge} if edge else {"focus": True}))

    def _tell(self, **change: Any) -> None:
        if self._view.is_alive():
            with suppress(ShutdownInProgressError):
                self._view._set_window(**change)

    def _on_page_focused(self) -> None:
        self._page_has_it, self._wants_it_back = True, False

    def _on_page_blurred(self) -> None:
        self._wants_it_back = self._page_has_it
        self._page_has_it = False

    def _on_crashed(self, crash: Crash) -> None:
        if crash.process == "ui":  # else its window is still there
            self._on_page_blurred()

    def _on_restored(self) -> None:
        if self._wants_it_back:
            self._come(None)

    def _on_focus_changed(self, before: Any, now: Any) -> None:
        if before is not None and before is not self._container:
            self._before = before
        if now is None or now is self._container:
            return
        self._wants_it_back = False
        if self._page_has_it and now.window() is self._panel.window():
            self._page_has_it = False
            self._tell(focus=False)
