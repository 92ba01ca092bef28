"""Xvfb, a window manager, and a user's hands and eyes (xdotool and screenshots)."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Optional, TypeVar

from PIL import Image, ImageGrab

T = TypeVar("T")

#: How long a test waits for anything, in seconds. Reaching it is a failure.
PATIENCE = 20.0


@dataclass(frozen=True)
class Desktop:
    display: str

    @classmethod
    @contextmanager
    def start(cls, size: str = "1280x900x24") -> Iterator[Desktop]:
        read, write = os.pipe()
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp"],
            pass_fds=[write], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(write)
        with os.fdopen(read) as number:
            display = f":{number.readline().strip()}"
        manager = subprocess.Popen(["openbox"], env={**os.environ, "DISPLAY": display}, stderr=subprocess.DEVNULL)
        try:
            yield cls(display)
        finally:
            for process in (manager, server):
                process.terminate()
                process.wait(PATIENCE)

    def tool(self, *arguments: object) -> str:
        command = ["xdotool", *map(str, arguments)]
        done = subprocess.run(
            command, env={**os.environ, "DISPLAY": self.display}, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def click(self, x: float, y: float) -> None:
        self.tool("mousemove", int(x), int(y), "click", 1)

    def type(self, text: str) -> None:
        self.tool("type", "--delay", 1, text)

    def window(self, title: str) -> Optional[int]:
        with suppress(subprocess.CalledProcessError):
            found = self.tool("search", "--onlyvisible", "--name", f"^{title}$").split()
            return int(found[0]) if found else None
        return None

    def origin(self, window: int) -> tuple[int, int]:
        """Where the content of a window begins on the screen."""
        values = dict(line.split("=") for line in self.tool("getwindowgeometry", "--shell", window).splitlines())
        return int(values["X"]), int(values["Y"])

    def press_close_button(self, window: int) -> None:
        """What the window manager does when the user clicks the X: asks the window to close."""
        command = ["wmctrl", "-i", "-c", str(window)]
        subprocess.run(command, env={**os.environ, "DISPLAY": self.display}, check=True)

    def screenshot(self) -> Image.Image:
        return ImageGrab.grab(xdisplay=self.display)


def until(what: str, condition: Callable[[], Optional[T]]) -> T:
    """Waits until a condition of the outside world holds, which nobody reports to us: a window, a process, a pixel."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.001
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}"
        time.sleep(pause)  # between looks only; the wait ends with the condition
        pause = min(2 * pause, 0.05)
    return value
