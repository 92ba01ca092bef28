"""The examples run, and do what they say: their real buttons are pressed, and both sides are looked at."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from auroraview import WebView
from auroraview.testing.hosts import FakeMaya
from support.desktop import PATIENCE, Desktop, until
from support.qt_hosts import FLAVORS
from support.qt_hosts import running as qt_running
from support.views import Recorder

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
PYSIDE = next(flavor for flavor in FLAVORS if flavor.label == "pyside6")

TITLES = {
    "api_object": "Shots",
    "assets": "Assets",
    "cancel": "Cancel",
    "crash": "Crash",
    "dcc_threads": "Cubes",
    "demo": "AuroraView demo",
    "events": "Events",
    "health": "Health",
    "hello": "Hello",
    "hot_reload": "Hot reload",
    "logging_observer": "Observer",
    "main_thread": "Main thread",
    "pixels": "Pixels",
    "native_powers": "Native powers",
    "progress": "Progress",
    "qt_dock": "Qt dock",
    "shared_state": "Shared state",
    "stream_rows": "Stream of rows",
    "spa": "Single page",
    "streaming_text": "Streaming text",
    "typed_api": "Typed API",
    "warm_start": "Launcher",
}


@contextmanager
def running(name: str, *arguments: object, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """An example as a program of its own."""
    if name == "qt_dock":
        options.setdefault("env", {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "python"), *PYSIDE.path])})
    program = subprocess.Popen(
        [sys.executable, EXAMPLES / f"{name}.py", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip
    with program:
        try:
            yield program
        finally:
            program.kill()  # of one that has ended: nothing


def finish(program: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = program.communicate(timeout=2 * PATIENCE)
    return program.returncode, out, err


def module_of(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and type hints look there
    spec.loader.exec_module(module)
    return module


@contextmanager
def opened(name: str) -> Iterator[Page]:
    """An example inside this process, its page loaded."""
    with module_of(name).make_view() as view:
        loaded = Recorder()
        view.on_loaded(loaded)
        view.show(wait=False)
        loaded.next()
        yield Page(view)


class Page:
    """What a user does in a page, and sees there."""

    def __init__(self, view: WebView) -> None:
        self.view = view

    def get(self, selector: str, what: str = "innerText") -> Any:
        return self.view.eval_js_sync(f"document.querySelector({json.dumps(selector)}).{what}")

    def click(self, selector: str) -> None:
        self.get(selector, "click()")

    def enter(self, selector: str, value: object) -> None:
        """Types a value and leaves the field, which the page may replace at any moment."""
        self.view.eval_js_sync(f"""const field = document.querySelector({json.dumps(selector)});
            field.value = {json.dumps(value)};
            for (const event of ["input", "change"]) field.dispatchEvent(new Event(event, {{bubbles: true}}))""")

    def shows(self, selector: str, text: str) -> None:
        until(f"{text!r} in {selector}", lambda: text in self.get(selector))


def test_every_example_is_tested() -> None:
    assert {file.stem for file in EXAMPLES.glob("*.py")} == TITLES.keys()


def test_the_tool_that_runs_anywhere_is_a_program_of_its_own_as_well(desktop: Desktop) -> None:
    """What it does in hosts: tests/hosts."""
    with running("hosts/anywhere") as program:
        desktop.press_close_button(until("the window", lambda: desktop.window("Anywhere")))
        assert finish(program) == (0, "", "")


@pytest.mark.parametrize("name", TITLES)
def test_it_opens_a_window_and_ends_when_the_user_closes_it(name: str, desktop: Desktop) -> None:
    if name == "qt_dock" and not PYSIDE.is_there():
        pytest.skip("PySide6 could not be installed (tools/qt.sh)")
    with running(name) as program:
        desktop.press_close_button(until("the window", lambda: desktop.window(TITLES[name])))
        code, out, err = finish(program)
    assert (code, out) == (0, "")
    assert not [line for line in err.splitlines() if not line.startswith("traffic: ")]  # what one of them logs


def test_hello(desktop: Desktop) -> None:
    blue, ink = (0x3B, 0x5B, 0xDB), (0x1C, 0x25, 0x36)

    def pixels(color: tuple[int, int, int]) -> list[tuple[int, int]]:
        screen = desktop.screenshot().convert("RGB")
        seen = screen.load()
        return [(x, y) for y in range(screen.height) for x in range(screen.width) if seen[x, y] == color]

    code = (EXAMPLES / "hello.py").read_text().split('"""', 2)[2]
    assert len([line for line in code.splitlines() if line]) <= 10
    with running("hello") as program:
        window = until("the window", lambda: desktop.window("Hello"))
        button = until("the button", lambda: pixels(blue))
        assert not pixels(ink)  # no answer yet
        desktop.click(*button[len(button) // 2])
        until("the answer", lambda: pixels(ink))
        desktop.press_close_button(window)
        assert finish(program) == (0, "", "")


def test_events() -> None:
    with opened("events") as page:
        speeds, starts = Recorder(), Recorder()
        page.view.on("speed", speeds)
        page.view.on("start_over", starts)
        before = page.get("#arm", "getAttribute('transform')")
        until("a swing", lambda: page.get("#arm", "getAttribute('transform')") != before)
        page.enter("#speed", 3)
        assert speeds.next() == {"value": 3}
        page.shows("#reply", "Python: the speed is 3 now.")
        page.click("#still")
        assert starts.next() == {"by": "the button"}
        page.shows("#reply", "Python: started over, because the button said so.")


def test_api_object() -> None:
    with opened("api_object") as page:

        def names() -> tuple[list[str], list[str]]:
            """As the page shows them, and as Python has them."""
            seen = page.view.eval_js_sync("[...document.querySelectorAll('li input')].map(input => input.value)")
            return seen, page.view.eval_js_sync("auroraview.api.shots().then(shots => shots.map(shot => shot.name))")

        def are(*expected: str) -> None:
            until(f"the shots {expected}", lambda: names() == (list(expected), list(expected)))

        are("sq010_sh010", "sq010_sh020", "sq010_sh030")
        page.enter("#name", "  sq010_sh040 ")
        page.click("#add button")
        are("sq010_sh010", "sq010_sh020", "sq010_sh030", "sq010_sh040")
        assert page.get("#name", "value") == ""
        page.click("li:nth-child(2) button")
        are("sq010_sh010", "sq010_sh030", "sq010_sh040")
        page.enter("li:nth-child(2) input", "名前")
        are("sq010_sh010", "名前", "sq010_sh040")
        page.enter("li:nth-child(1) input", "名前")
        page.shows("#error", "NAME_TAKEN There is a shot 名前 already.")
        are("sq010_sh010", "名前", "sq010_sh040")
        page.click("#add button")
        page.shows("#error", "NAME_MISSING A shot needs a name.")
        answer = page.view.eval_js_sync("auroraview.api.remove(99).catch(error => error.code)")
        assert answer == "NO_SUCH_SHOT"


def test_qt_dock(desktop: Desktop) -> None:
    """A click in the page makes a shape in the scene, and a key that the page does not use is the host's."""
    if not PYSIDE.is_there():
        pytest.skip("PySide6 could not be installed (tools/qt.sh)")
    code = EXAMPLES / "qt_dock.py"
    setup = f"import runpy; example = runpy.run_path({str(code)!r}); win.close(); window = example['Window']()"
    with qt_running(PYSIDE, desktop, "--no-panel") as host:
        host.run(f"app.setQuitOnLastWindowClosed(False); {setup}; panel = window.panel; window.show()")
        host.ready()
        left, top, _, _ = host.place("panel")
        for count in (1, 2):
            desktop.click(left + 60, top + 60)
            host.until(f"len(window.scene.shapes()) == {count}")
        host.until_page("document.querySelectorAll('li').length === 2")
        assert host.page("document.querySelector('li.selected').textContent") == "shape 2"
        desktop.tool("key", "Delete")
        host.until("[shape['name'] for shape in window.scene.shapes()] == ['shape 1']")
        host.until_page("document.querySelectorAll('li').length === 1")


def test_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with opened("progress") as page:
        page.click("#start")
        page.shows("#state", "of 100")
        assert page.get("#start", "disabled") and 0 < page.get("#bar", "offsetWidth")
        page.click("#cancel")
        page.shows("#state", "Cancelled.")
        until("the end of the coroutine", lambda: "Cancelled at frame" in capsys.readouterr().out)
        assert page.get("#state") == "Cancelled."
        page.click("#start")
        page.shows("#state", "Done: 100 frames in")
        assert page.get("#bar", "style.width") == "100%"
        assert not page.get("#start", "disabled") and page.get("#cancel", "disabled")
    assert "Cancelled at" not in capsys.readouterr().out


def test_cancel() -> None:
    with opened("cancel") as page:
        page.click("#start")
        page.shows("#state", "primes below")
        assert page.get("#start", "disabled") and 0 < page.get("#bar", "value") < 1
        page.click("#cancel")
        page.shows("#state", "Cancelled.")
        assert not page.get("#start", "disabled")


def test_stream_rows(capsys: pytest.CaptureFixture[str]) -> None:
    with opened("stream_rows") as page:
        page.click("#start")
        page.shows("#state", "0 shots")
        page.click("#stop")
        page.shows("#state", "stopped.")
        until("the end of the generator", lambda: "The generator ends at shot" in capsys.readouterr().out)
        assert 0 < page.get("#rows", "childElementCount") < 5000


def test_assets() -> None:
    with opened("assets") as page:
        until("the title", lambda: page.view.title == "Assets")
        page.shows("#visits", "Python counted: index.html once.")
        assert page.get("header img", "naturalWidth") > 0
        assert page.view.eval_js_sync("getComputedStyle(document.querySelector('h1')).fontSize") == "21px"
        page.click("nav a[href='about.html']")
        until("the second page", lambda: page.view.title == "About assets")
        page.shows("#visits", "Python counted: index.html once, about.html once.")
        page.click("nav a[href='index.html']")
        until("the first page", lambda: page.view.title == "Assets")
        page.shows("#visits", "Python counted: index.html twice, about.html once.")
        assert page.get("nav a.here") == "Start"


def test_logging_observer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "traffic")
    with opened("logging_observer") as page:
        page.click("#call")
        page.click("#event")
        page.click("#many")
        until("all of them", lambda: page.view.stats().processed == 1002)
        page.click("#show")
        page.shows("#report", "1002 calls and events handled, 1 under way")
        page.shows("#report", "1000 moved")
        page.shows("#report", "1 api.double")
    seen = [record.getMessage() for record in caplog.records if record.name == "traffic"]
    assert [line.split(" (")[0] for line in seen if "moved" in line] == ["notify moved"] * 1000
    assert any(line.startswith("request api.double (") for line in seen)
    assert any(line.startswith("notice view/loading (") for line in seen)


def test_main_thread() -> None:
    with opened("main_thread") as page:

        def user() -> None:
            """Works in a thread, since the main thread is where the scene is."""
            try:
                page.click("#add")
                page.shows("#scene", "cube")
                page.click("#wrong")
                page.shows("#error", "auroraview-Main thread may not touch the scene")
                page.click("#render")
                page.shows("#scene", "render of 2 things done")
            finally:
                page.view.shutdown()

        with ThreadPoolExecutor(1) as pool:
            clicks = pool.submit(user)
            assert page.view.wait(PATIENCE)
            clicks.result()


def test_native_powers(desktop: Desktop) -> None:
    with opened("native_powers") as page:
        until("the notes", lambda: page.get("#notes", "value") == "Buy pixels.")
        page.enter("#notes", "Sell pixels.")
        page.click("#save")
        page.shows("#state", "Saved: 12 bytes.")
        page.click("#secret")
        page.shows("#state", "PERMISSION_DENIED: the page may not read this path")
        page.click("#clear")
        until("the question", lambda: desktop.window("Notes"))
        desktop.tool("key", "Return")
        until("no notes", lambda: page.get("#notes", "value") == "")


def test_hot_reload(tmp_path: Path, desktop: Desktop) -> None:
    source = (EXAMPLES / "hot_reload.py").read_text()
    script = tmp_path / "hot_reload.py"
    driver = "view.on('seen', print); view.on_loaded(lambda _: view.eval_js('auroraview.api.count()')); "
    script.write_text(source.replace("make_view().show()", f"view = make_view(); {driver}view.show()"))
    with subprocess.Popen([sys.executable, "-u", script], stdout=subprocess.PIPE, text=True) as program:
        window = until("the window", lambda: desktop.window("Hot reload"))
        before = desktop.screenshot()
        script.write_text(script.read_text().replace("so far", "and counting"))
        until("what the page says of it", lambda: desktop.screenshot() != before)
        desktop.press_close_button(window)
        assert program.wait(PATIENCE) == 0


def test_shared_state() -> None:
    with opened("shared_state") as page:
        page.shows("#area", "the area is 12")
        page.enter("#width", 5)
        page.shows("#area", "the area is 15")
        page.view.state["height"] = 7
        page.shows("#area", "the area is 35")
        assert page.get("#height", "value") == "7"
        loaded = Recorder()
        page.view.on_loaded(loaded)
        page.view.eval_js("document.querySelector('#reload').click()")
        loaded.next()
        page.shows("#area", "the area is 35")
        page.click("#square")
        page.shows("#area", "the area is 100")
        assert dict(page.view.state) == {"width": 10, "height": 10, "area": 100}


def test_health() -> None:
    with opened("health") as page:
        page.shows("#health", "Python is well.")
        # What the page shows while Python hangs, only the page can keep: scripts are answered afterwards.
        script = (
            "window.seen = []; new MutationObserver(() => seen.push(%s.textContent)).observe(%s, {childList: true})"
        )
        page.view.eval_js_sync(script % ("health", "health"))
        page.click("#hang")
        page.shows("#answer", "It came back.")
        page.shows("#health", "Python is well.")
        assert "Python is not well: nothing came from it within 900 ms." in page.view.eval_js_sync("seen")
        page.click("#lose")
        page.shows("#answer", "scene: the scene is gone")
        page.shows("#health", "Python is well.")  # until then calls are refused
        page.click("#ask")
        page.shows("#answer", "It is ")


def test_crash() -> None:
    with opened("crash") as page:
        page.enter("#frame", 1010)
        until("the number", lambda: page.view.state["frame"] == 1010)
        restored = Recorder()
        page.view.on_restored(lambda: restored(None))
        page.click("#ui")
        restored.next()
        page.shows("#story", "The ui process ended by signal 9; now: restarting.")
        assert page.get("#frame", "value") == "1010"


def test_warm_start(desktop: Desktop) -> None:
    with opened("warm_start") as page:
        for number in (1, 2):
            page.click("button")
            page.shows("#took", f"Panel {number} was there after")
            assert desktop.window(f"Panel {number}") is not None
    for number in (1, 2):
        until("its end", lambda number=number: desktop.window(f"Panel {number}") is None)


def test_streaming_text() -> None:
    with opened("streaming_text") as page:
        page.click("#ask")
        page.shows("#answer", "网页")
        page.click("#stop")
        page.shows("#state", "packets")
        part = page.get("#answer", "textContent")
        page.click("#ask")
        page.shows("#state", "packets")
        whole = page.get("#answer", "textContent")
        assert whole == module_of("streaming_text").ANSWER
        assert whole.startswith(part.rstrip("\ufffd")) and len(part) < len(whole)


def test_typed_api() -> None:
    with opened("typed_api") as page:
        page.click("#light")
        page.shows("#log", "selected: 1")
        page.shows("#log", '"kind": "light"')
        page.click("#missing")
        page.shows("#log", "NO_SUCH_NODE - There is no node 99.")
        page.click("#nonsense")
        page.shows("#log", "INVALID_ARGUMENTS - scene.create: position[1]: expected float, got str")
        page.view.eval_js("auroraview.send_event('clicked', [1, 2])")
        until("the selection", lambda: page.get("#log").count("selected: 1") == 2)


def test_demo() -> None:
    with opened("demo") as page:
        page.shows("#about", "Python 3.")
        page.enter("#number", 1001)
        page.click("#factorise button")
        page.shows("#factors", "7 × 11 × 13")
        page.enter("#number", "1")
        page.click("#factorise button")
        page.shows("#factors", "OUT_OF_RANGE")
        page.enter("#number", "many")
        page.click("#factorise button")
        page.shows("#factors", "INVALID_ARGUMENTS")
        page.click("#render button")
        page.shows("#state", "of 48")
        page.click("#cancel")
        page.shows("#state", "Cancelled")
        page.enter("#speed", 8)
        page.shows("#events", "speed 8")
        page.shows("#traffic", 'send_event("speed", 8)')


def test_demo_leaves_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "demo.png"
    with running("demo", "--screenshot", picture) as program:
        assert finish(program) == (0, "", "")
    with Image.open(picture) as image:
        assert (image.format, image.size) == ("PNG", (900, 640))
        colors = image.convert("RGB").getcolors(900 * 640)
    assert colors is not None and len(colors) > 500
    assert {(0x3D, 0xD6, 0xB0), (0x3A, 0x18, 0x22)} <= {color for _, color in colors}  # a result, and an error


def test_demo_says_why_there_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "PIL.py").write_text("raise ImportError")  # as if Pillow were not installed
    without_pillow = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    without_display = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    for path, environment, reason in [
        (tmp_path / "no" / "demo.png", {**os.environ}, "No such file"),
        (tmp_path / "demo.png", without_pillow, "pip install pillow"),
        (tmp_path / "demo.png", without_display, "DISPLAY"),
    ]:
        with running("demo", "--screenshot", path, env=environment) as program:
            code, out, err = finish(program)
        assert (code, out) == (1, "") and "Traceback" not in err and not path.exists()
        assert "The demo failed: " in err and reason in err


def test_spa() -> None:
    with opened("spa") as page:
        page.shows("h1", "/")
        page.shows("output", "1 2 3 4 (bytes 536870912-536870915/1073741824)")
        page.click("a[href='/shots/010']")
        until("the shot", lambda: page.view.url == "av://app/shots/010")
        page.shows("h1", "/shots/010")


def test_pixels_go_to_the_canvas_and_back() -> None:
    with opened("pixels") as page:
        page.shows("p", "16000 dark pixels")


def test_dcc_threads() -> None:
    with opened("dcc_threads") as page:
        page.click("#create")
        page.click("#create")
        page.shows("#list", "cube2")
        page.click("#count")
        page.shows("title", "2 cubes")


def test_dcc_threads_in_a_host() -> None:
    with FakeMaya() as maya:
        view = module_of("dcc_threads").make_view()
        told = Recorder()
        view.on("told", told)
        view.on_loaded(lambda url: view.eval_js("auroraview.on('counted', n => auroraview.send_event('told', n))"))
        view.on_loaded(lambda url: view.eval_js("create.click(); count.click()"))
        view.show()
        maya.run(lambda: told.count > 0, PATIENCE)
        assert told.take(1) == [1] and told.threads == {maya.main}
        view.close()
        maya.run(lambda: not view.is_alive(), PATIENCE)
