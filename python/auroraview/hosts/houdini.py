"""Houdini. Its Qt is woken directly; ``hdefereval.executeDeferred`` gets us there.

``hdefereval``, ``hou.isUIAvailable``, ``hou.qt.mainWindow``: Houdini's own documentation. Untested in Houdini itself.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, Callable, Optional

from . import qt
from ._host import Host


class Houdini(qt.WokenByQt):
    """Houdini with its windows, or ``hython``."""

    name = "Houdini"

    def __init__(self) -> None:
        super().__init__()
        self._hou = sys.modules["hou"]

    @classmethod
    def detect(cls) -> Optional[Host]:
        return cls() if "hou" in sys.modules else None

    def post(self, function: Callable[[], object]) -> None:
        importlib.import_module("hdefereval").executeDeferred(function)

    def has_loop(self) -> bool:
        return bool(self._hou.isUIAvailable())

    def main_window(self) -> Any:
        return self._hou.qt.mainWindow()
