"""A desktop for tests: Xvfb with a window manager, and a user's hands and eyes (xdotool, screenshots). Linux only."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from .waits import PATIENCE

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Desktop:
    """An X11 screen. Only :meth:`start` needs Xvfb (and takes openbox, if it is there); the hands need xdotool."""

    #: As in ``DISPLAY``.
    display: str
    #: Xvfb, if :meth:`start` started it.
    server: Optional[subprocess.Popen[bytes]] = None

    @classmethod
    @contextmanager
    def start(cls, size: str = "1280x900x24", *options: str) -> Iterator[Desktop]:
        """A screen of our own, for as long as the block runs.

        Args:
            size: Width, height and bits of a pixel.
            options: Further ones of Xvfb.

        Raises:
            RuntimeError: Xvfb is not installed.
        """
        if shutil.which("Xvfb") is None:
            raise RuntimeError("there is no display and no Xvfb; install it (Debian, Ubuntu: apt install xvfb openbox)")
        read, write = os.pipe()
        # Without -noreset the server begins anew, and turns openbox away, when a client that came first leaves again.
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp", "-noreset", *options],
            pass_fds=[write], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(write)
        with os.fdopen(read) as number:
            desktop = cls(f":{number.readline().strip()}", server)
        processes = [server]
        if shutil.which("openbox"):
            processes.append(subprocess.Popen(["openbox"], env=desktop._environment(), stderr=subprocess.DEVNULL))
        try:
            yield desktop
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait(PATIENCE)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "DISPLAY": self.display}

    def tool(self, *arguments: object) -> str:
        """Runs xdotool; what it says."""
        command = ["xdotool", *map(str, arguments)]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def click(self, x: float, y: float) -> None:
        """The left button, at a place on the screen."""
        self.tool("mousemove", int(x), int(y), "click", 1)

    def type(self, text: str) -> None:
        """Keys, to whatever has the keyboard."""
        self.tool("type", "--delay", 1, text)

    def window(self, title: str) -> Optional[int]:
        """The window with that title that is on the screen."""
        with suppress(subprocess.CalledProcessError):
            found = self.tool("search", "--onlyvisible", "--name", f"^{title}$").split()
            return int(found[0]) if found else None
        return None

    def windows(self, program: str) -> list[int]:
        """Its windows on the screen, menus too."""
        with suppress(subprocess.CalledProcessError):  # it has none
            return [int(each) for each in self.tool("search", "--onlyvisible", "--class", program).split()]
        return []

    def active(self) -> Optional[int]:
        """The window that the user works in, as the window manager knows it."""
        with suppress(subprocess.CalledProcessError):
            return int(self.tool("getactivewindow"))
        return None

    def origin(self, window: int) -> tuple[int, int]:
        """Where the content of a window begins on the screen."""
        values = dict(line.split("=") for line in self.tool("getwindowgeometry", "--shell", window).splitlines())
        return int(values["X"]), int(values["Y"])

    def press_close_button(self, window: int) -> None:
        """What the window manager does when the user clicks the X: asks the window to close. Needs wmctrl."""
        subprocess.run(["wmctrl", "-i", "-c", str(window)], env=self._environment(), check=True)

    def screenshot(self) -> Image.Image:
        """The whole screen. Needs Pillow.

        Raises:
            ImportError: Pillow is not installed.
        """
        from PIL import ImageGrab

        return ImageGrab.grab(xdisplay=self.display)
