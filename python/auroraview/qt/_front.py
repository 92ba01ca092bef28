"""What a panel shows: its page, or a text while the page is not there."""

from __future__ import annotations

from typing import Any

from ._binding import QtCore, QtWidgets


class Front:
    """The text of a panel and the container of its page, of which one is seen. Qt's main thread."""

    def __init__(self, panel: Any) -> None:
        self._panel = panel
        self.placeholder = Placeholder(panel)
        self._layout = QtWidgets.QStackedLayout(panel)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self.placeholder)
        #: What it shows where it has room.
        self._wanted: Any = self.placeholder

    def add(self, container: Any) -> None:
        """It stays behind the text until it is shown."""
        self._layout.addWidget(container)

    def show(self, container: Any) -> None:
        self._wanted = container
        self.fit()

    def text(self) -> str:
        """What it says, or said last."""
        text: str = self.placeholder.text()
        return text

    def say(self, text: str, is_for_use: bool) -> None:
        """``is_for_use``: it can be selected, since it names a package to install, say."""
        if is_for_use:  # Qt makes an editor for such a text, for which a host that opens a panel has no time
            self.placeholder.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self.placeholder.setText(text)
        self.show(self.placeholder)

    def fit(self) -> None:
        """Not the page where there is no room for it: Qt would show its window, as a line at an edge of the host's."""
        has_room = min(self._panel.width(), self._panel.height()) > 1  # Qt takes one pixel for none
        self._layout.setCurrentWidget(self._wanted if has_room else self.placeholder)


class Placeholder(QtWidgets.QLabel):  # type: ignore[misc]
    """A text in the middle."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.setMargin(12)

    def minimumSizeHint(self) -> Any:
        return QtCore.QSize(0, 0)  # a text must not keep a dock from becoming small
