"""Panels of Qt hosts that are moved about for long."""

from __future__ import annotations

import pytest

from support.chaos import Chaos
from support.desktop import Desktop
from support.docking import walk
from support.qt_hosts import FLAVORS, Flavor, running


@pytest.mark.parametrize("flavor", FLAVORS, ids=[flavor.label for flavor in FLAVORS])
def test_c25_a_panel_that_is_moved_about(flavor: Flavor, chaos: Chaos, desktop: Desktop) -> None:
    """Docked, floated, tabbed, hidden, resized and given away: in its place, and with its page, after each step."""
    if not flavor.is_there():
        pytest.skip(f"{flavor.label} could not be installed (tools/qt.sh)")
    steps = chaos.count(20, 1000)
    with running(flavor, desktop) as host:
        host.ready()
        walk(host, steps, seed=chaos.random.randrange(1 << 30))
        host.run("second.close()")
        assert host.quit() == 0
    chaos.report("C25", binding=flavor.label, steps=steps)
