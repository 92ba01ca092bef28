"""What a widget shows while its page is not there."""

from __future__ import annotations

from typing import Any

from ._binding import QtCore, QtWidgets


class Placeholder(QtWidgets.QLabel):  # type: ignore[misc]
    """A text in the middle, which can be selected: messages name packages to install."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setMargin(12)

    def say(self, text: str) -> None:
        self.setText(text)

    def minimumSizeHint(self) -> Any:
        return QtCore.QSize(0, 0)  # a text must not keep a dock from becoming small
