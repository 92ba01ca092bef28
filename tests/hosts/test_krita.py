"""Krita: a docker of a plugin, in a program with PyQt5."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.desktop import Desktop, until
from support.real_host import EXAMPLES, PROBE, RealHost, maximize, running, started

#: Starts the probe when Krita's first window is there.
PLUGIN = """
from krita import Extension, Krita

class Probe(Extension):
    def setup(self):
        pass

    def createActions(self, window):
        from PyQt5.QtCore import QTimer
        QTimer.singleShot(0, lambda: exec(compile(open({probe!r}).read(), {probe!r}, "exec"), {{"__name__": "probe"}}))

Krita.instance().addExtension(Probe(Krita.instance()))
"""
DESKTOP = """[Desktop Entry]
Type=Service
ServiceTypes=Krita/PythonPlugin
X-KDE-Library=probe
X-Python-2-Compatible=false
Name=Probe
Comment=Does what a test says
"""


@pytest.fixture(scope="module")
def krita(desktop: Desktop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHost]:
    home: Path = tmp_path_factory.mktemp("krita")
    plugins = home / ".local/share/krita/pykrita"
    shutil.copytree(EXAMPLES / "krita", plugins, ignore=shutil.ignore_patterns("__pycache__"))
    (plugins / "probe").mkdir()
    (plugins / "probe/__init__.py").write_text(PLUGIN.format(probe=str(PROBE)))
    (plugins / "probe.desktop").write_text(DESKTOP)
    (home / ".config").mkdir()
    (home / ".config/kritarc").write_text("[python]\nenable_auroraview_brush=true\nenable_probe=true\n")
    with started(desktop, "krita", home, ["krita", "--nosplash"]) as host:
        host.run("from krita import Krita")
        maximize(desktop, host.run("int(Krita.instance().activeWindow().qwindow().winId())"))
        host.run(
            "docks = {each.objectName(): each for each in Krita.instance().dockers()}\n"
            "for name, each in docks.items(): each.setVisible(name in ('ToolBox', 'auroraview_brush'))\n"
            "dock = docks['auroraview_brush']"
        )
        until("the page", lambda: host.run("dock.panel.phase") == "ready")
        yield host


def brush(host: RealHost) -> dict[str, object]:
    seen: dict[str, object] = host.run("dict(dock.panel.state)['brush']")
    return seen


def test_without_a_picture_the_page_says_so(krita: RealHost) -> None:
    krita.click("document.querySelector('#swatches button')")
    krita.shows("why not", "document.getElementById('error').textContent.includes('There is no picture')")


def test_clicks_and_keys_in_the_dock_change_the_brush(krita: RealHost) -> None:
    krita.click("document.getElementById('paper')")
    until("a picture", lambda: krita.run("len(Krita.instance().documents())") == 1)
    krita.shows("the brush", "!document.getElementById('size').disabled")
    krita.click("document.querySelector('#swatches button')")
    color = (
        "[round(255 * each) for each in Krita.instance().activeWindow().activeView().foregroundColor().components()]"
    )
    until("red", lambda: krita.run(color)[:3] == [0x31, 0x31, 0xE0])
    view = "Krita.instance().activeWindow().activeView()"
    krita.run(f"{view}.setBrushSize(10)")
    shows_the_size(krita, 10)
    krita.click("document.getElementById('size')")
    until("the middle of the slider", lambda: 35 <= krita.run(f"{view}.brushSize()") <= 46)
    size = krita.run(f"{view}.brushSize()")
    shows_the_size(krita, size)
    for more in (1, 2, 3):  # the slider shows what Krita has, so the next key comes when that has come back
        krita.press("Right")
        shows_the_size(krita, size + more)
    assert krita.run(f"{view}.brushSize()") == size + 3


def shows_the_size(krita: RealHost, size: float) -> None:
    krita.shows("the size", f"document.getElementById('size-text').textContent == '{size:g} px'")


def test_what_happens_in_the_host_shows_in_the_page(krita: RealHost) -> None:
    krita.run("Krita.instance().activeWindow().activeView().setBrushSize(64)")
    shows_the_size(krita, 64)


def test_a_stroke_paints_with_it(krita: RealHost) -> None:
    krita.run("canvas = Krita.instance().activeWindow().qwindow().centralWidget()")
    krita.run("middle = canvas.mapToGlobal(canvas.rect().center())")
    x, y = krita.run("[middle.x(), middle.y()]")
    krita.desktop.tool("mousemove", x - 100, y, "mousedown", 1)
    for step in range(-100, 101, 10):
        krita.desktop.tool("mousemove", x + step, y)
    krita.desktop.tool("mouseup", 1)
    red = "b'\\x31\\x31\\xe0\\xff' in bytes(Krita.instance().activeDocument().pixelData(0, 0, 800, 600))"
    until("the stroke", lambda: krita.run(red))


def test_the_picture_of_the_documentation(krita: RealHost) -> None:
    krita.run("Krita.instance().activeDocument().waitForDone()")
    krita.picture("krita")


def test_the_panel_of_the_documentation(krita: RealHost) -> None:
    """Krita makes the dockers of plugins when it starts; this one comes later, by hand."""
    krita.open_the_panel_of("krita.md")
    krita.run("tool = page['Tool'](); tool.panel.webview.title = 'Panel'; tool.show()")
    until("the page", lambda: krita.run("tool.panel.phase") == "ready")
    krita.click("document.querySelector('button')")
    until("the paper", lambda: krita.run("len(Krita.instance().documents())") == 2)
    krita.run("tool.panel.close(); tool.close()")


def test_the_tool_that_runs_anywhere(krita: RealHost) -> None:
    krita.runs_the_tool_that_runs_anywhere("Krita")


def test_krita_survives_its_ui_process(krita: RealHost) -> None:
    ui = krita.ui_process
    krita.kill_ui_process()
    until("its end", lambda: not running(ui))
    krita.run("Krita.instance().activeWindow().activeView().setBrushSize(12)")
    assert krita.run("Krita.instance().activeWindow().activeView().brushSize()") == 12
    assert krita.program.poll() is None
