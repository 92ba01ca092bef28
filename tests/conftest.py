"""A desktop of our own for every run: Xvfb with a window manager. Nothing depends on the machine's screen."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from support.desktop import Desktop


@pytest.fixture(scope="session", autouse=True)
def desktop() -> Iterator[Desktop]:
    with Desktop.start() as desktop:
        os.environ["DISPLAY"] = desktop.display
        os.environ.pop("WAYLAND_DISPLAY", None)
        yield desktop


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left(desktop: Desktop) -> Iterator[None]:
    """After the last test no UI process of ours may be alive but the one that this process still holds."""
    yield
    from auroraview import _process

    _process._end()
    left = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "auroraview-ui"], capture_output=True, text=True)
    assert not left.stdout.split(), f"UI processes left behind: {left.stdout}"
