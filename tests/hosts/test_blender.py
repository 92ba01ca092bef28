"""Blender, which has no Qt: a tool window above its own, and functions on its main thread through its timer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.desktop import Desktop, until
from support.real_host import EXAMPLES, PROBE, RealHost, maximize, running, started


@pytest.fixture(scope="module")
def blender(desktop: Desktop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHost]:
    command = [
        "blender", "--factory-startup", "--python-use-system-env", "--window-geometry", 0, 0, 1270, 860,
        # Without a graphics card a frame takes seconds on a busy machine, and smooth edges many after each change.
        "--python-expr", "import bpy; seen = bpy.context.preferences; seen.view.show_splash = False; "
        "seen.system.viewport_aa = 'OFF'",
        "--python", EXAMPLES / "blender_outliner.py", "--python", PROBE,
    ]  # fmt: skip
    with started(desktop, "blender", tmp_path_factory.mktemp("blender"), command) as host:
        host.run("import bpy, threading")
        maximize(desktop, until("the window", lambda: desktop.window("Blender")))
        until("the tool", lambda: desktop.window("Outliner"))
        yield host


def objects(host: RealHost) -> list[str]:
    names: list[str] = host.run("sorted(bpy.context.view_layer.objects.keys())")
    return names


def test_the_page_shows_the_scene(blender: RealHost) -> None:
    blender.shows("the scene", "document.querySelectorAll('li').length == 3")
    assert objects(blender) == ["Camera", "Cube", "Light"]


def test_clicks_and_keys_in_the_page_change_the_scene(blender: RealHost) -> None:
    ball = "[...document.querySelectorAll('#add button')].find(each => each.textContent == 'Add ball')"
    blender.click(ball)
    until("the ball", lambda: objects(blender) == ["Camera", "Cube", "Light", "Sphere"])
    name = "[...document.querySelectorAll('li input')].find(each => each.value == 'Sphere')"
    blender.shows("the ball", f"!!{name}")
    blender.click(name)
    blender.press("ctrl+a")
    blender.desktop.type("Planet")
    blender.press("Return")
    until("the new name", lambda: objects(blender) == ["Camera", "Cube", "Light", "Planet"])
    blender.shows("the new name", "[...document.querySelectorAll('li input')].some(each => each.value == 'Planet')")
    assert blender.run("threading.current_thread() is threading.main_thread()")


def test_what_happens_in_the_host_shows_in_the_page(blender: RealHost) -> None:
    blender.run("bpy.data.objects['Cube'].name = 'House'; bpy.data.objects['House'].location.z = 2")
    blender.shows("the name", "[...document.querySelectorAll('li input')].some(each => each.value == 'House')")


def test_the_picture_of_the_documentation(blender: RealHost) -> None:
    """Blender draws in its own time: ``bpy.ops.wm.redraw_timer`` draws at once, in the middle of a timer, when what
    changed may not be evaluated yet. (Blender was gone once in such a call; why was not found.)"""
    blender.run("view().set_position(40, 120)")
    until("its place", lambda: blender.run("view().position") == [40, 120])
    blender.run(
        "space, drawn = bpy.types.SpaceView3D, []\n"
        "handler = space.draw_handler_add(lambda: drawn.append(True), (), 'WINDOW', 'POST_PIXEL')\n"
        "for area in bpy.context.window_manager.windows[0].screen.areas: area.tag_redraw()"
    )
    until("a new frame", lambda: blender.run("bool(drawn)"))
    blender.run("space.draw_handler_remove(handler, 'WINDOW')")
    blender.picture("blender")


def test_it_is_minimised_with_blender(blender: RealHost) -> None:
    desktop = blender.desktop
    window = until("Blender", lambda: desktop.window("Blender"))
    desktop.tool("windowminimize", window)
    until("no tool", lambda: desktop.window("Outliner") is None)
    desktop.tool("windowactivate", window)
    until("the tool", lambda: desktop.window("Outliner"))
    blender.shows("the scene", "document.querySelectorAll('li').length == 4")


def test_the_panel_of_the_documentation(blender: RealHost) -> None:
    before = objects(blender)
    blender.open_the_panel_of("blender.md")
    blender.run("page['view'].title = 'Panel'")
    blender.shows("the button", "document.querySelector('button').textContent == 'Cube'")
    until("the window", lambda: blender.desktop.window("Panel"))
    blender.click("document.querySelector('button')")
    until("the cube", lambda: len(objects(blender)) == len(before) + 1)
    blender.run("page['view'].close()")


def test_the_tool_that_runs_anywhere(blender: RealHost) -> None:
    blender.runs_the_tool_that_runs_anywhere("Blender")


def test_blender_survives_its_ui_process(blender: RealHost) -> None:
    ui = blender.ui_process
    blender.kill_ui_process()
    until("its end", lambda: not running(ui))
    before = objects(blender)
    blender.run("bpy.ops.mesh.primitive_cone_add()")
    assert len(objects(blender)) == len(before) + 1
    assert blender.program.poll() is None
