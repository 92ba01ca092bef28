"""Files that the user drops on the page. Qt gets them: the desktop only asks its top-level window."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .._errors import AuroraViewError
from .._view import WebView
from ._binding import QtCore

Event = QtCore.QEvent.Type
#: What the page hears, by the events of Qt.
NAMES = {Event.DragEnter: "file_drag", Event.DragMove: "file_drag", Event.Drop: "file_drop"}


class Drops(QtCore.QObject):  # type: ignore[misc]
    """Tells the page and the host of files that are dropped on a panel. Qt's main thread."""

    def __init__(self, panel: Any, container: Any, view: WebView) -> None:
        super().__init__(panel)
        self._panel, self._view = panel, view
        container.setAcceptDrops(True)
        container.installEventFilter(self)  # it would pass them on to its own empty window

    def eventFilter(self, watched: Any, event: Any) -> bool:
        kind = event.type()
        if kind == Event.DragLeave:
            self._tell("file_drag_left", {})
        elif kind in NAMES and event.mimeData().hasUrls():
            self._take(NAMES[kind], event)
        else:
            return False
        return True

    def _take(self, name: str, event: Any) -> None:
        event.acceptProposedAction()
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        point = event.position() if hasattr(event, "position") else event.posF()
        self._tell(name, {"paths": paths, "x": point.x(), "y": point.y()})
        if name == "file_drop":
            self._panel.filesDropped.emit(paths)

    def _tell(self, name: str, data: dict[str, Any]) -> None:
        with suppress(AuroraViewError):  # it is closing, or the page does not keep up
            self._view.emit(name, data)
