"""The main thread of real Qt applications, one process for each binding."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.desktop import PATIENCE, Desktop
from support.qt_hosts import FLAVORS, ROOT, Flavor, running

#: What the process has of modules, and of classes of Qt.
LOADED = """
def loaded():
    classes = [f"{name}.{each}" for name in list(sys.modules) if name.startswith(NAME)
               for each, value in list(vars(sys.modules[name]).items()) if isinstance(value, type)]
    return {*sys.modules, *classes}

def add(a: int, b: int) -> int:
    return a + b

from auroraview import QtWebView
before = loaded()
"""
APP = Path(__file__).parent.parent / "support" / "qt_threads_app.py"


@pytest.fixture(params=FLAVORS, ids=lambda each: each.label, scope="module")
def flavor(request: pytest.FixtureRequest) -> Flavor:
    flavor: Flavor = request.param
    if not flavor.is_there():
        pytest.skip(f"{flavor.label} IS NOT TESTED: run tools/qt.sh")
    return flavor


def test_some_binding_is_there() -> None:
    assert any(each.is_there() for each in FLAVORS)


def run(flavor: Flavor, scenario: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT / "python"), *flavor.path])
    env = {**os.environ, "PYTHONPATH": path, "QT_QPA_PLATFORM": "offscreen", "PYTHONFAULTHANDLER": "1"}
    command = [flavor.python, str(APP), flavor.binding, scenario]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=3 * PATIENCE)


def answer(flavor: Flavor, scenario: str) -> Any:
    ran = run(flavor, scenario)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_events_of_the_host_arrive_once_and_in_order_while_a_page_streams(flavor: Flavor) -> None:
    seen = answer(flavor, "stream")
    assert (seen["value"], seen["error"]) == ([1999000, 45150], "None")
    assert seen["events"] and seen["on_main"]
    ticks = len(seen["timer"])
    assert ticks > 20
    assert seen["posted"] == seen["keys"] == seen["timer"] == list(range(ticks))


def test_functions_from_workers(flavor: Flavor) -> None:
    """Also the very first one: the main thread never met us before."""
    names = ("main", "order", "dialog", "raised")
    assert answer(flavor, "functions") == {**dict.fromkeys(names, True), "is_main": False}


def test_a_dialog_in_a_handler_serves_the_page(flavor: Flavor) -> None:
    assert answer(flavor, "hold") == {"value": [[True], "later", None], "error": "None"}


def test_an_application_that_quits_closes_its_views(flavor: Flavor) -> None:
    ran = run(flavor, "quits")
    assert (ran.returncode, ran.stdout.split()) == (0, ["ShutdownInProgressError", "closed"]), ran.stderr


def test_opening_a_view_imports_nothing_and_has_pyside_make_no_classes(flavor: Flavor, desktop: Desktop) -> None:
    """Both hold the main thread for milliseconds, and belong to the import of ours."""
    with running(flavor, desktop, "--no-panel") as host:
        host.run(LOADED)
        host.run("panel = QtWebView(html=PAGE); panel.bind_call('api.add', add); win.dock.setWidget(panel)")
        host.until("panel.phase == 'ready'")
        assert host.page("auroraview.api.add(1, 2)") == 3
        assert host.run("sorted(loaded() - before)") == []
        assert host.quit() == 0
