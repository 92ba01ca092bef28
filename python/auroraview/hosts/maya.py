"""Maya. Its Qt is woken directly; its idle queue, which starves while the user drags or plays back, only gets us there.

``maya.utils.executeDeferred``, ``maya.cmds.about(batch=True)``, ``MQtUtil.mainWindow``, ``MSceneMessage.kMayaExiting``:
Maya's own documentation. Untested in Maya itself.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, Callable, Optional

from . import qt
from ._host import Host


class Maya(qt.WokenByQt):
    """Maya with its windows, or ``mayapy``."""

    name = "Maya"

    def __init__(self) -> None:
        super().__init__()
        about = getattr(sys.modules["maya.cmds"], "about", None)  # a mayapy that is not initialised has none
        self._is_batch = about is None or bool(about(batch=True))

    @classmethod
    def detect(cls) -> Optional[Host]:
        return cls() if "maya.cmds" in sys.modules else None

    def post(self, function: Callable[[], object]) -> None:
        importlib.import_module("maya.utils").executeDeferred(function)

    def has_loop(self) -> bool:
        return not self._is_batch

    def main_window(self) -> Any:
        binding = qt.binding()
        pointer = importlib.import_module("maya.OpenMayaUI").MQtUtil.mainWindow()
        return None if binding is None or pointer is None else binding.wrap(int(pointer))

    def on_quit(self, function: Callable[[], object]) -> None:
        message = importlib.import_module("maya.api.OpenMaya").MSceneMessage
        message.addCallback(message.kMayaExiting, lambda *_: function() and None)
