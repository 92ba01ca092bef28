"""Unreal Editor. One callback after each tick of its windows, made and unmade on the game thread.

``unreal.register_slate_post_tick_callback``, ``unreal.SystemLibrary.get_command_line``: Unreal's own documentation;
what a callback returns is ignored, so one that wants to end has to be unregistered by its handle. Untested in Unreal
itself.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Optional

from .. import _core
from .._errors import ThreadSafetyError
from ._host import Host


class Unreal(Host):
    """Unreal Editor with its windows, or a commandlet."""

    name = "Unreal"

    def __init__(self) -> None:
        self._unreal = sys.modules["unreal"]
        self._handle: Any = None

    @classmethod
    def detect(cls) -> Optional[Host]:
        return cls() if "unreal" in sys.modules else None

    def post(self, function: Callable[[], object]) -> None:
        raise ThreadSafetyError(
            "Unreal has no way to its game thread: make the view, or define the decorated function, "
            "there, before other threads use auroraview"
        )

    def start(self, drain: Callable[[], bool], bell: _core.Bell) -> bool:
        self._handle = self._unreal.register_slate_post_tick_callback(lambda _: drain() and None)
        return True

    def stop(self) -> None:
        if self._handle is not None:
            self._unreal.unregister_slate_post_tick_callback(self._handle)
            self._handle = None

    def has_loop(self) -> bool:
        return "-run=" not in str(self._unreal.SystemLibrary.get_command_line()).lower()  # else: a commandlet

    def on_quit(self, function: Callable[[], object]) -> None:
        self._unreal.register_python_shutdown_callback(lambda: function() and None)
