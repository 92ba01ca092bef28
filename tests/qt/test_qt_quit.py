"""A host with Qt ends while everything is under way, a dialog of its own is open, and its panel is on the screen."""

from __future__ import annotations

import os

import pytest

from support.desktop import Desktop
from support.qt_hosts import Flavor
from support.quitting import ends_well, program


@pytest.mark.parametrize("how", ["app.exit(7)", "app.closeAllWindows()", "os._exit(7)"])
def test_a_busy_host_ends_with_its_own_exit_code(flavor: Flavor, desktop: Desktop, how: str) -> None:
    path = os.pathsep.join(flavor.path)
    ends_well(flavor.python, program("Qt", how), 7 if "7" in how else 0, BINDING=flavor.binding, PYTHONPATH=path)
