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
from support.desktop import PATIENCE, Desktop, until
from support.views import Recorder

EXAMPLES = Path(__file__).parent.parent / "examples"

TITLES = {
    "api_object": "Shots",
    "assets": "Assets",
    "demo": "AuroraView demo",
    "events": "Events",
    "hello": "Hello",
    "logging_observer": "Observer",
    "main_thread": "Main thread",
    "progress": "Progress",
    "streaming_text": "Streaming text",
}


@contextmanager
def running(name: str, *arguments: object, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """An example as a program of its own."""
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
        """Types a value and leaves the field."""
        self.get(selector, f"value = {json.dumps(value)}")
        for event in ("input", "change"):
            self.get(selector, f"dispatchEvent(new Event({json.dumps(event)}, {{bubbles: true}}))")

    def shows(self, selector: str, text: str) -> None:
        until(f"{text!r} in {selector}", lambda: text in self.get(selector))


def test_every_example_is_tested() -> None:
    assert {file.stem for file in EXAMPLES.glob("*.py")} == TITLES.keys()


@pytest.mark.parametrize("name", TITLES)
def test_it_opens_a_window_and_ends_when_the_user_closes_it(name: str, desktop: Desktop) -> None:
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


def test_demo() -> None:
    with opened("demo") as page:
        page.shows("#about", "Python 3.")
        page.enter("#number", 1001)
        page.click("#factorise button")
        page.shows("#factors", "7 × 11 × 13")
        page.enter("#number", "many")
        page.click("#factorise button")
        page.shows("#factors", "OUT_OF_RANGE")
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
