"""Work of the host's main thread in pieces."""

from __future__ import annotations

from collections import deque
from typing import Any, Callable

from ._binding import QtCore


class Steps(QtCore.QObject):  # type: ignore[misc]
    """Takes steps, each in a turn of Qt's loop of its own: together they would hold the host for too long.

    A timer that begins anew after each step, so the host's own timers have their turn first; ``singleShot(0)`` may come
    in the turn of whatever asked for it. It goes with its parent, and once ``goes_on`` says no. Qt's main thread.
    """

    def __init__(self, parent: Any, steps: tuple[Callable[[], None], ...], goes_on: Callable[[], bool]) -> None:
        super().__init__(parent)
        self._steps, self._goes_on = deque(steps), goes_on
        self._timer = self.startTimer(0)

    def timerEvent(self, event: Any) -> None:
        self.killTimer(self._timer)
        step = self._steps.popleft()
        goes_on = self._goes_on()
        if not (goes_on and self._steps):
            self.deleteLater()  # now: who hears of the last step may delete the parent in it
        if goes_on:
            step()
            if self._steps:
                self._timer = self.startTimer(0)
