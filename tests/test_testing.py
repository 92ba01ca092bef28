"""`auroraview.testing`: the plugin in a pytest of its own, the headless backend, and what waits say when they end."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auroraview import JavaScriptError, UiProcessError, WebView
from auroraview.testing import PATIENCE, Page, Recorder, backend, wait_until

ROOT = Path(__file__).parent.parent
#: No display, and no way to one.
BARE = {"PYTHONPATH": str(ROOT / "python"), "PATH": os.environ["PATH"]}


@pytest.fixture
def headless() -> Iterator[None]:
    with backend("headless"):
        yield


def opened(html: str = "<title>t</title>", **options: Any) -> WebView:
    view = WebView(html=html, **options)
    loaded = Recorder()
    view.on_loaded(loaded)
    view.show(wait=False)
    loaded.next()
    return view


def page(*steps: dict[str, Any]) -> str:
    return f"<!doctype html><script type='application/x-auroraview-steps'>{json.dumps(steps)}</script>"


# ---- pytest ----


def run_pytest(folder: Path, *arguments: str, test: str, env: dict[str, str] = BARE) -> tuple[str, int]:
    (folder / "test_tool.py").write_text(test)
    # The plugin is named, since this checkout need not be installed.
    command = [sys.executable, "-m", "pytest", "-p", "auroraview.testing.plugin", "-p", "no:cacheprovider", *arguments]
    ended = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=100)
    return ended.stdout + ended.stderr, ended.returncode


BOTH = """
import pytest
from auroraview.testing import Page

def test_adds(open_view, auroraview_backend):
    view = open_view()
    view.bind_call("api.add", lambda a, b: a + b)
    assert Page(view).call("api.add", 1, 2) == 3

@pytest.mark.needs("javascript")
def test_script(open_view):
    assert open_view().eval_js_sync("6 * 7") == 42
"""


def test_a_test_runs_on_each_backend_that_has_what_it_needs(tmp_path: Path) -> None:
    """Without a display: the engine gets one."""
    said, code = run_pytest(tmp_path, "-v", "--strict-markers", test=BOTH)
    assert code == 0, said
    for case in ("test_adds[headless]", "test_adds[engine]", "test_script[engine]"):
        assert case in said, said
    assert "test_script[headless]" not in said and "3 passed" in said
    said, code = run_pytest(tmp_path, "--auroraview-backend=headless", test=BOTH)
    assert code == 0 and "1 passed, 1 skipped" in said, said


def test_what_no_backend_has_is_said(tmp_path: Path) -> None:
    said, code = run_pytest(tmp_path, test=BOTH.replace("javascript", "javascrpt"))
    assert code != 0 and "needs ['javascrpt']; there are: ['javascript', 'network', 'window']" in said


def test_a_failure_leaves_a_picture_of_the_windows(tmp_path: Path) -> None:
    test = """
def is_red(pixel):
    return pixel[0] > 200 and pixel[2] < 50

def test_it(open_view, auroraview_backend, auroraview_desktop):
    open_view("<body style=background:red>", x=100, y=100)
    for _ in range(1000):  # until it is painted
        if auroraview_backend == "headless" or is_red(auroraview_desktop.screenshot().getpixel((300, 300))):
            break
    assert 0
"""
    said, code = run_pytest(tmp_path, f"--junitxml={tmp_path}/out/report.xml", test=test)
    assert code == 1 and said.count("screenshot: ") == 1, said
    path = Path(said.split("screenshot: ")[1].splitlines()[0])
    assert path.parent == tmp_path / "out/screenshots"
    from PIL import Image

    with Image.open(path) as picture:
        red, _, blue = picture.convert("RGB").getpixel((300, 300))
        assert red > 200 and blue < 50


def test_nothing_needs_pytest_but_the_plugin() -> None:
    source = "import sys; import auroraview.testing, auroraview.testing.hosts; assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", source], env=BARE, check=True)


def test_a_fake_host_runs_what_tools_hand_to_its_main_thread(fake_host: Any) -> None:
    import auroraview

    host = fake_host("maya")
    ran = Recorder()
    threading.Thread(target=lambda: auroraview.run_on_main_thread(ran, "on main")).start()
    host.run(until=lambda: not ran.is_empty())
    assert ran.next() == "on main" and ran.threads == {threading.get_ident()}
    with pytest.raises(ValueError, match="there is no fake of 'mya'"):
        fake_host("mya")


# ---- the headless backend ----


def test_it_needs_no_display_and_loads_no_gui_library() -> None:
    source = """
import os, auroraview
from auroraview import _process
from auroraview.testing import Page
with auroraview.WebView(html="<title>t</title>") as view:
    view.bind_call("api.add", lambda a, b: a + b)
    view.show(wait=False)
    assert Page(view).call("api.add", 1, 2) == 3
    maps = open(f"/proc/{_process.link().pid}/maps").read().lower()
    assert "auroraview-headless" in maps
    assert not [name for name in ("gtk", "webkit", "libx11", "libglib", "soup") if name in maps]
"""
    env = {**BARE, "AURORAVIEW_BACKEND": "headless"}
    subprocess.run([sys.executable, "-c", source], env=env, check=True, timeout=60)


def test_a_backend_that_there_is_not_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURORAVIEW_BACKEND", "headles")
    with WebView() as view, pytest.raises(UiProcessError, match="must be engine or headless, not 'headles'"):
        view.show(wait=False)
    with pytest.raises(ValueError, match="no backend 'headles'"), backend("headles"):
        pass


def test_a_page_is_played_from_its_script(headless: None) -> None:
    pick = {"on": {"method": "pick"}, "do": [{"send": {"id": {"$from": "/id"}, "result": {"$from": "/params/0"}}}]}
    echo = {"on": {"method": "ping"}, "do": [{"event": "pong", "data": {"n": {"$from": "/params"}}}]}
    answer = [{"call": "api.add", "params": [1, 2]}, {"event": "sum", "data": {"$from": "/result"}}]
    seen = {name: Recorder() for name in ("ready", "pong", "sum")}
    with WebView(html=page({"event": "ready"}, pick, echo, {"eval": "document.title", "value": "T"}, *answer)) as view:
        for name, recorder in seen.items():
            view.on(name, recorder)
        view.bind_call("api.add", lambda a, b: a + b)
        view.emit("ping", 5)
        view.show(wait=False)
        assert (seen["ready"].next(), seen["sum"].next(), seen["pong"].next()) == ({}, 3, {"n": 5})
        assert view.call("pick", ["cube", "cone"]) == "cube"
        assert view.eval_js_sync("document.title") == "T"
        with pytest.raises(JavaScriptError, match="no step of the page answers this script: document.body"):
            view.eval_js_sync("document.body")


def test_the_window_is_remembered(headless: None) -> None:
    with opened(width=300, height=200) as view:
        resized, hidden = Recorder(), Recorder()
        view.on_resized(resized)
        view.on_hidden(hidden)
        assert (view.size, view.visible, view.window_handle) == ((300, 200), True, None)
        view.set_size(400, 250)
        assert resized.next() == (400, 250)
        Page(view).do({"window": {"size": [500, 300], "position": [7, 8]}})
        assert resized.next() == (500, 300)
        wait_until(view, "the place", lambda: view.position == (7, 8))
        view.set_visible(False)
        hidden.next()


def test_the_user_closes_and_python_may_refuse(headless: None) -> None:
    with opened() as view:
        asked, closed = Recorder(), Recorder()
        allow: list[bool] = [False, True]

        def closing() -> bool:
            asked()
            return allow.pop(0)

        view.on_closing(closing)
        view.on_closed(closed)
        Page(view).do({"close": {}})
        asked.next()
        assert Page(view).do({"state": {}}) == {}, "it is still there"
        Page(view).do({"close": {}})
        assert closed.next() == "user"


def test_a_page_that_crashes_comes_back(headless: None) -> None:
    with opened(page({"event": "ready"})) as view:
        ready, crashed = Recorder(), Recorder()
        view.on("ready", ready)
        view.on_crashed(crashed)
        Page(view).do({"crash": "out of memory"})
        crash = crashed.next()
        assert (crash.process, crash.reason, crash.then) == ("web", "out of memory", "restarting")
        ready.next()


def test_the_user_answers_a_dialog(headless: None) -> None:
    with opened() as view:
        chosen = view.dialogs.open_file(title="Which?")
        assert Page(view).do({"answer": ["/tmp/a.png"]})["title"] == "Which?"
        assert chosen.result(PATIENCE) == "/tmp/a.png"


def test_files_come_through_the_same_desk(headless: None, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>from a file</title>" + page({"event": "ready"}))
    (tmp_path / "next.html").write_text("<title>the next one</title>")
    with WebView(asset_root=tmp_path) as view:
        ready, addresses = Recorder(), Recorder()
        view.on("ready", ready)
        view.load_file(tmp_path / "index.html")
        view.show(wait=False)
        ready.next()
        wait_until(view, "the title", lambda: view.title == "from a file")
        view.on_navigated(addresses)
        Page(view).do({"go": "next.html"})
        assert addresses.next() == "av://app/next.html"
        wait_until(view, "the title", lambda: view.title == "the next one")


def test_what_a_page_may_not_have_it_has_not_here_either(headless: None) -> None:
    with opened() as view:
        loaded = Recorder()
        view.on_loaded(loaded)
        view.load_url("https://example.com/")
        loaded.next()
        with pytest.raises(JavaScriptError, match="https://example.com/ has no bridge"):
            Page(view).call("api.add", 1, 2)


def test_a_wait_that_ends_says_what_it_waited_for(headless: None) -> None:
    with opened() as view:
        short = Page(view, timeout=0.05)
        waited = r"waited 0.05 s for the event moved; the page's steps wait for \[\{'expect': \{'method': 'moved'\}\}\]"
        with pytest.raises(AssertionError, match=waited):
            short.listen("moved").next()
        with pytest.raises(AssertionError, match="waited 0.05 s for a miracle"):
            wait_until(view, "a miracle", lambda: False, timeout=0.05)
        with pytest.raises(AssertionError, match="nothing came within 0.05 s"):
            Recorder(timeout=0.05).next()


def test_a_killed_headless_process_comes_back_like_any_other(headless: None) -> None:
    from auroraview import _process

    with opened() as view:
        crashed, restored = Recorder(), Recorder()
        view.on_crashed(crashed)
        view.on_restored(lambda: restored(None))
        view.state["n"] = 1
        os.kill(_process.link().pid, 9)
        crash = crashed.next()
        assert (crash.process, crash.then) == ("ui", "restarting")
        restored.next()
        assert Page(view).state() == {"n": 1}


# ---- the docs ----


def snippets() -> Iterator[object]:
    text = (ROOT / "docs/testing.md").read_text()
    for block in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield pytest.param(block[1], id=f"testing.md:{text.count(chr(10), 0, block.start(1)) + 1}")


@pytest.mark.parametrize("code", [*snippets()])
def test_a_snippet_of_the_docs_is_a_test_that_passes(code: str, tmp_path: Path) -> None:
    said, ended = run_pytest(tmp_path, test=code)
    assert ended == 0 and " passed" in said, said


def test_the_docs_list_every_step() -> None:
    rust = (ROOT / "crates/ui/src/backend/headless/script.rs").read_text().split("pub enum Plain")[1].split("\n}")[0]
    steps = [each.lower() for each in re.findall(r"^    (\w+)[({ ]", rust, re.MULTILINE)]
    text = (ROOT / "docs/testing.md").read_text()
    assert len(steps) > 10 and [step for step in steps if f'{{"{step}": ' not in text] == []


def test_the_example_passes() -> None:
    command = [sys.executable, "-m", "pytest", "-p", "auroraview.testing.plugin", "-p", "no:cacheprovider"]
    folder = ROOT / "examples/tested_tool"
    ended = subprocess.run(
        [*command, "-c", os.devnull, "--rootdir", folder, folder], env=BARE, capture_output=True, text=True, timeout=100
    )
    assert ended.returncode == 0 and "7 passed" in ended.stdout, ended.stdout + ended.stderr
