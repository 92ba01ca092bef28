"""Hot reload on the real engine: new code comes into the open window, what is held stays; bad code changes nothing."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from auroraview import WebView
from support.desktop import PATIENCE, until
from support.views import Recorder, shown

pytestmark = pytest.mark.needs("javascript")

HANDLERS = """
import functools, threading

def add(a, b):
    return a + b

def outer():
    def inner():
        return "old"
    return inner

class Tool:
    def __init__(self):
        self.count = 0
    def step(self):
        self.count += 1
        return self.count
    def gone(self):
        return None

async def slow(gate):
    gate.set()
    import asyncio
    await asyncio.sleep(0)
    return "old"

def told(data):
    seen.append(("old", data))

seen = []
"""


class Source:
    """A module of handlers that a test changes."""

    def __init__(self, folder: Path, name: str, text: str) -> None:
        self.file = folder / f"{name}.py"
        self.text = text
        self.file.write_text(text)
        self.module: ModuleType = importlib.import_module(name)

    def change(self, *swaps: tuple[str, str]) -> None:
        for old, new in swaps:
            assert old in self.text
            self.text = self.text.replace(old, new)
        self.file.write_text(self.text)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Source]:
    monkeypatch.syspath_prepend(tmp_path)
    name = f"handlers_of_{request.node.name.split('[')[0]}"
    yield Source(tmp_path, name, HANDLERS)
    sys.modules.pop(name, None)


@contextmanager
def opened(source: Source, **options: Any) -> Iterator[tuple[WebView, Recorder, Recorder]]:
    with shown(debug=True, **options) as view:
        done, failed = Recorder(), Recorder()
        view.on("hot_reloaded", done)
        view.on("hot_reload_failed", failed)
        yield view, done, failed


def test_a_bound_function_gets_its_new_code_and_the_page_stays(source: Source) -> None:
    with opened(source) as (view, done, _):
        view.bind_call("api.add", source.module.add)
        view.eval_js_sync("window.kept = 7; auroraview.on('hot_reloaded', data => window.told = data.modules)")
        source.change(("return a + b", "return 10 * (a + b)"))
        assert done.next() == {"modules": [source.module.__name__], "kept": []}
        assert view.eval_js_sync("auroraview.api.add(1, 2)") == 30
        assert view.eval_js_sync("[kept, told]") == [7, [source.module.__name__]]


def test_a_bound_object_keeps_what_it_holds_and_changes_its_class(source: Source) -> None:
    with opened(source) as (view, done, _):
        tool = source.module.Tool()
        view.bind_api(tool)
        assert view.eval_js_sync("auroraview.api.step()") == 1
        source.change(("self.count += 1", "self.count += 10"), ("def gone(self)", "def fresh(self)"))
        done.next()
        assert view.eval_js_sync("auroraview.api.step()") == 11
        assert type(tool) is source.module.Tool and tool.count == 11
        assert view.eval_js_sync("auroraview.api.fresh()") is None
        assert view.eval_js_sync("auroraview.api.gone().catch(error => error.code)") == "METHOD_NOT_FOUND"


def test_listeners_are_replaced_in_their_place_and_called_once(source: Source) -> None:
    with opened(source) as (view, done, _):
        order = Recorder()
        view.on("told", source.module.told)
        view.on("told", lambda data: order((source.module.seen[-1], data)))
        source.change(('("old", data)', '("new", data)'))
        done.next()
        view.eval_js("auroraview.send_event('told', {n: 1})")
        assert order.next() == (("new", {"n": 1}), {"n": 1})
        assert source.module.seen == [("new", {"n": 1})]


def test_a_module_that_subscribes_itself_is_not_subscribed_twice(source: Source) -> None:
    with opened(source) as (view, done, _):
        source.module.view = view
        source.change(("def told(data)", "@view.bind_call('api.told')\n@view.on('told')\ndef told(data)"))
        view.reload_handlers()  # nothing of it is bound yet, so nothing is reloaded
        view.bind_call("api.add", source.module.add)
        view.reload_handlers()
        done.next()
        source.change(('("old", data)', '("new", data)'))
        done.next()
        assert view.eval_js_sync("auroraview.call('told', 1).then(() => auroraview.api.told(2)).then(() => 3)") == 3
        assert source.module.seen == [("new", 1), ("new", 2)]


def test_a_handler_that_runs_ends_as_it_began(source: Source) -> None:
    with opened(source) as (view, done, _):
        started, go_on = threading.Event(), threading.Event()

        class Gate:
            @staticmethod
            def set() -> None:
                started.set()
                assert go_on.wait(PATIENCE)

        async def run() -> Any:
            return await slow(Gate)

        slow = source.module.slow
        view.bind_call("api.run", run)
        view.bind_call("api.slow", source.module.slow)
        answer = view.eval_js_async("auroraview.api.run()")
        assert started.wait(PATIENCE)
        source.change(('    await asyncio.sleep(0)\n    return "old"', '    return "new"'))
        done.next()
        go_on.set()
        assert answer.result(PATIENCE) == "old"


@pytest.mark.parametrize(
    ("swap", "line", "error"),
    [
        (("return a + b", "return a +"), 5, "SyntaxError"),
        (("seen = []", "add = None\nnew = 1\nraise RuntimeError('while it runs')"), 32, "RuntimeError: while it runs"),
        (("seen = []", "raise SystemExit(3)"), 30, "SystemExit: 3"),
    ],
)
def test_bad_code_leaves_the_old_running_and_is_shown(
    source: Source, swap: tuple[str, str], line: int, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(source) as (view, done, failed):
        view.bind_call("api.add", source.module.add)
        source.change(swap)
        told = failed.next()
        assert (told["file"], told["line"]) == (str(source.file), line) and told["error"].startswith(error)
        assert view.eval_js_sync("auroraview.api.add(1, 2)") == 3
        assert not hasattr(source.module, "new") and source.module.seen == []
        shown = "document.getElementById('auroraview-hot-reload')?.textContent ?? ''"
        assert f"{source.file}:{line}: {error}" in view.eval_js_sync(shown)
        assert f"{source.file}:{line}" in caplog.text and done.is_empty()
        source.change((swap[1], swap[0]), ("return a + b", "return -a"))
        done.next()
        assert view.eval_js_sync("auroraview.api.add(1, 2)") == -1
        assert view.eval_js_sync(shown) == ""


def test_what_cannot_be_found_again_goes_on_and_is_named(source: Source) -> None:
    with opened(source) as (view, done, _):
        view.bind_call("api.inner", source.module.outer())
        view.bind_call("api.add", source.module.add)
        source.change(('return "old"\n    return inner', 'return "new"\n    return inner'))
        kept = done.next()["kept"]
        assert len(kept) == 1 and "outer.<locals>.inner" in kept[0]
        assert view.eval_js_sync("Promise.all([auroraview.api.inner(), auroraview.api.add(1, 2)])") == ["old", 3]


def test_without_debug_nothing_is_watched_and_an_explicit_call_reloads(source: Source) -> None:
    with shown() as view:
        done = Recorder()
        view.on("hot_reloaded", done)
        view.bind_call("api.add", source.module.add)
        assert view._hot_reload is None
        source.change(("return a + b", "return a - b"))
        view.reload_handlers()
        done.next()
        assert view.eval_js_sync("auroraview.api.add(1, 2)") == -1
    with shown(debug=True, hot_reload=False) as view:
        assert view._hot_reload is None


def test_files_of_the_page_reload_it_and_style_sheets_are_swapped(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("p { width: 10px }")
    page = tmp_path / "index.html"
    page.write_text("<link rel=stylesheet href=style.css><p>first")
    view = WebView(debug=True)
    view.load_file(page)
    loaded = Recorder()
    view.on_loaded(loaded)
    with view:
        view.show(wait=False)
        loaded.next()
        view.eval_js_sync("window.kept = 7")
        width = "getComputedStyle(document.querySelector('p')).width"
        (tmp_path / "style.css").write_text("p { width: 20px }")
        until("the new style", lambda: view.eval_js_sync(width) == "20px")
        assert view.eval_js_sync("kept") == 7
        page.write_text("<p>second")
        loaded.next()
        assert view.eval_js_sync("document.body.textContent + typeof kept") == "secondundefined"


def test_a_script_gives_new_functions_and_its_other_lines_do_not_run_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    text = textwrap.dedent("""
        import sys
        from auroraview import WebView
        state = []
        state.append("ran")
        view = WebView(html="<p>", debug=True)
        @view.bind_call("api.say")
        def say():
            return ["old", state]
        view.on("hot_reloaded", lambda data: view.eval_js_async("auroraview.api.say()", finish))
        def finish(value, error):
            print(value, error, flush=True)
            view.close()
        view.on_loaded(lambda url: print("ready", flush=True))
        view.show()
    """)
    script.write_text(text)
    program = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        script.write_text(text.replace('"old"', '"new"').replace('append("ran")', 'append("again")'))
        out, err = program.communicate(timeout=PATIENCE)
    assert (out, err, program.returncode) == ("['new', ['ran']] None\n", "", 0)
