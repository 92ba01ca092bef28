"""Each test here runs in a host application of its own process, once for each Qt binding."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.desktop import Desktop
from support.qt_hosts import FLAVORS, Flavor, QtHost, running


@pytest.fixture(scope="module", params=FLAVORS, ids=[flavor.label for flavor in FLAVORS])
def flavor(request: pytest.FixtureRequest) -> Flavor:
    flavor: Flavor = request.param
    if not flavor.is_there():
        pytest.skip(f"{flavor.label} could not be installed (tools/qt.sh)")
    return flavor


@pytest.fixture
def host(flavor: Flavor, desktop: Desktop) -> Iterator[QtHost]:
    """A host with a panel in a dock, its page shown."""
    with running(flavor, desktop) as host:
        host.ready()
        yield host
        assert host.run("QtCore.QThread.currentThread().loopLevel()") == 1, "no event loop was nested"
        assert host.quit() == 0
