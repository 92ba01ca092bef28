"""Blender. It has no way in from other threads: one timer of ours looks, often for a second after there was something,
else ten times a second.

``bpy.app.timers.register(persistent=True)``, ``bpy.app.background``: Blender's own documentation.
"""

from __future__ import annotations

import sys
import time
from typing import Callable, Optional

from .. import _core
from .._errors import ThreadSafetyError
from ._host import Host

#: Seconds from one look to the next, soon after there was something, and later.
BUSY, IDLE = 0.002, 0.1
#: How long after there was something, in seconds, is soon.
SOON = 1.0


class Blender(Host):
    """Blender with its windows, or ``blender --background``."""

    name = "Blender"

    def __init__(self) -> None:
        self._bpy = sys.modules["bpy"]
        self._drain: Optional[Callable[[], bool]] = None
        self._last = 0.0

    @classmethod
    def detect(cls) -> Optional[Host]:
        return cls() if "bpy" in sys.modules else None

    def post(self, function: Callable[[], object]) -> None:
        raise ThreadSafetyError(
            "Blender has no way to its main thread: make the view, or define the decorated function, "
            "there, before other threads use auroraview"
        )

    def start(self, drain: Callable[[], bool], bell: _core.Bell) -> bool:
        self._drain = drain
        self._bpy.app.timers.register(self._tick, first_interval=0.0, persistent=True)
        return True

    def stop(self) -> None:
        self._drain = None
        if self._bpy.app.timers.is_registered(self._tick):
            self._bpy.app.timers.unregister(self._tick)

    def _tick(self) -> Optional[float]:
        if self._drain is None:
            return None
        now = time.monotonic()
        if self._drain():
            self._last = now
        return BUSY if now - self._last < SOON else IDLE

    def has_loop(self) -> bool:
        return not self._bpy.app.background
