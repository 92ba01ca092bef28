"""The desktop of the tests, and waits for what nobody reports to us."""

from __future__ import annotations

import time
from typing import Callable, Optional, TypeVar

from auroraview.testing import PATIENCE, Desktop

T = TypeVar("T")


def until(what: str, condition: Callable[[], Optional[T]]) -> T:
    """Waits until a condition of the outside world holds, which nobody reports to us: a window, a process, a pixel."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.001
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}"
        time.sleep(pause)  # between looks only; the wait ends with the condition
        pause = min(2 * pause, 0.05)
    return value


__all__ = ["PATIENCE", "Desktop", "until"]
