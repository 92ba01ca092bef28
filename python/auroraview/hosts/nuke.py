"""Nuke. Its Qt is woken directly; ``nuke.executeInMainThread`` gets us there.

``nuke.executeInMainThread`` and ``nuke.GUI``: Nuke's own documentation. (``executeInMainThreadWithResult`` waits
without an end on the main thread itself.) Untested in Nuke itself.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Optional

from . import qt
from ._host import Host

#: Nuke's own name for the class of its main window.
WINDOW = "Foundry::UI::DockMainWindow"


class Nuke(qt.WokenByQt):
    """Nuke with its windows, or ``nuke -t``."""

    name = "Nuke"

    def __init__(self) -> None:
        super().__init__()
        self._nuke = sys.modules["nuke"]

    @classmethod
    def detect(cls) -> Optional[Host]:
        return cls() if "nuke" in sys.modules else None

    def post(self, function: Callable[[], object]) -> None:
        self._nuke.executeInMainThread(function)

    def has_loop(self) -> bool:
        return bool(self._nuke.GUI)

    def main_window(self) -> Any:
        binding = qt.binding()
        if binding is None:
            return None
        windows = binding.module("QtWidgets").QApplication.topLevelWidgets()
        return next((each for each in windows if each.metaObject().className() == WINDOW), None)
