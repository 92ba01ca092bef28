"""A desktop of our own for every run: Xvfb with a window manager. Nothing depends on the machine's screen."""

from __future__ import annotations

import os
import subprocess
import warnings
from collections.abc import Iterator

import pytest

from support.desktop import Desktop, until

# Also where this checkout is not installed.
pytest_plugins = ["auroraview.testing.plugin"]


@pytest.fixture(scope="session", autouse=True)
def desktop() -> Iterator[Desktop]:
    with Desktop.start() as desktop:
        os.environ["DISPLAY"] = desktop.display
        os.environ.pop("WAYLAND_DISPLAY", None)
        yield desktop


@pytest.fixture(scope="module", autouse=True)
def windows_that_are_left_are_named(desktop: Desktop, request: pytest.FixtureRequest) -> Iterator[None]:
    """After the last test of a module no window of ours should be on the screen. What stays is named, and fails nobody:
    tests of windows look at what they opened themselves."""
    before = set(desktop.windows("auroraview-ui"))
    yield
    try:
        until("the end of the windows", lambda: not set(desktop.windows("auroraview-ui")) - before)
    except AssertionError:
        listing = subprocess.run(["ps", "-C", "auroraview-ui", "-o", "pid,ppid,etime"], capture_output=True, text=True)
        warnings.warn(f"{request.node.name} left windows of one of\n{listing.stdout}", stacklevel=1)


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left(desktop: Desktop) -> Iterator[None]:
    """After the last test no UI process of ours may be alive but the one that this process still holds."""
    yield
    from auroraview import _quit

    _quit.quit()
    command = ["pgrep", "-P", str(os.getpid()), "-f", "auroraview-(ui|headless)"]
    left = subprocess.run(command, capture_output=True, text=True)
    assert not left.stdout.split(), f"UI processes left behind: {left.stdout}"
