"""FreeCAD: a dock in a program with PySide2, and the document that it and its page change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.desktop import Desktop, until
from support.real_host import EXAMPLES, PROBE, ROOT, RealHost, maximize, running, started

#: FreeCAD's start page needs an engine of Qt's own, which refuses to run as root.
PREFERENCES = """<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<FCParameters><FCParamGroup Name="Root"><FCParamGroup Name="BaseApp"><FCParamGroup Name="Preferences">
<FCParamGroup Name="General"><FCText Name="AutoloadModule">PartWorkbench</FCText></FCParamGroup>
</FCParamGroup></FCParamGroup></FCParamGroup></FCParameters>
"""


@pytest.fixture(scope="module")
def freecad(desktop: Desktop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHost]:
    home: Path = tmp_path_factory.mktemp("freecad")
    (home / "user.cfg").write_text(PREFERENCES)
    command = ["freecad", "-u", home / "user.cfg", "-P", ROOT / "python", EXAMPLES / "freecad_outliner.py", PROBE]
    with started(desktop, "freecad", home, command) as host:
        host.run("import FreeCAD, FreeCADGui, freecad_outliner, threading")
        maximize(desktop, host.run("int(FreeCADGui.getMainWindow().winId())"))
        until("the page", lambda: host.run("freecad_outliner.panel.phase") == "ready")
        yield host


def objects(host: RealHost) -> list[str]:
    names: list[str] = host.run(
        "[each.Label for each in FreeCAD.ActiveDocument.Objects] if FreeCAD.ActiveDocument else []"
    )
    return names


def button(text: str) -> str:
    return f"[...document.querySelectorAll('#add button')].find(each => each.textContent == {text!r})"


def test_clicks_and_keys_in_the_dock_change_the_document(freecad: RealHost) -> None:
    freecad.click(button("Add box"))
    until("a box", lambda: objects(freecad) == ["Box"])
    freecad.click(button("Add cone"))
    until("a cone", lambda: objects(freecad) == ["Box", "Cone"])
    name = "[...document.querySelectorAll('li input')].find(each => each.value == 'Cone')"
    freecad.shows("the cone", f"!!{name}")
    freecad.click(name)
    freecad.press("ctrl+a")
    freecad.desktop.type("Roof")
    freecad.press("Return")
    until("the new name", lambda: objects(freecad) == ["Box", "Roof"])
    freecad.shows("the new name", "[...document.querySelectorAll('li input')].some(each => each.value == 'Roof')")


def test_what_happens_in_the_host_shows_in_the_page(freecad: RealHost) -> None:
    freecad.run("FreeCAD.ActiveDocument.addObject('Part::Sphere', 'Moon').Placement.Base.x = 40")
    freecad.run("FreeCAD.ActiveDocument.recompute(); FreeCADGui.SendMsgToActiveView('ViewFit')")
    freecad.shows("the moon", "[...document.querySelectorAll('li input')].some(each => each.value == 'Moon')")
    freecad.run("FreeCADGui.Selection.addSelection(FreeCAD.ActiveDocument.Box)")
    freecad.shows("what is selected", "document.querySelector('li.selected input')?.value == 'Box'")


def test_the_dock_floats_and_comes_back(freecad: RealHost) -> None:
    for floats in (True, False, True, False):
        freecad.run("FreeCADGui.Selection.clearSelection()")
        freecad.shows("nothing selected", "!document.querySelector('li.selected')")
        freecad.run(f"freecad_outliner.dock.setFloating({floats})")
        freecad.click("document.querySelector('li small')")
        freecad.shows("the click", "document.querySelector('li').classList.contains('selected')")


def test_the_picture_of_the_documentation(freecad: RealHost) -> None:
    freecad.run("seen = FreeCADGui.activeDocument().activeView(); seen.setAnimationEnabled(False)")
    from_above = freecad.desktop.screenshot()
    freecad.run("seen.viewIsometric(); seen.fitAll()")
    until("another view", lambda: freecad.desktop.screenshot() != from_above)
    freecad.picture("freecad")


def test_the_panel_of_the_documentation(freecad: RealHost) -> None:
    before = objects(freecad)
    freecad.open_the_panel_of("freecad.md")
    freecad.run("page['panel'].webview.title = 'Panel'")
    until("the page", lambda: freecad.run("page['panel'].phase") == "ready")
    freecad.click("document.querySelector('button')")
    until("the box", lambda: len(objects(freecad)) == len(before) + 1)
    freecad.run("page['panel'].close()")


def test_the_tool_that_runs_anywhere(freecad: RealHost) -> None:
    freecad.runs_the_tool_that_runs_anywhere("FreeCAD")


def test_freecad_survives_its_ui_process(freecad: RealHost) -> None:
    ui = freecad.ui_process
    freecad.kill_ui_process()
    until("its end", lambda: not running(ui))
    before = objects(freecad)
    freecad.run("FreeCAD.ActiveDocument.addObject('Part::Box', 'After')")
    assert objects(freecad) == [*before, "After"]
    assert freecad.program.poll() is None
