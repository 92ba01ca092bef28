"""Scripts that Python runs in the page: real results, real exceptions, in order, with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

import auroraview
from auroraview import WebView
from support.ui_process import own_ui_process
from support.views import Recorder, contract, shown

pytestmark = pytest.mark.needs("javascript")


@pytest.fixture(params=["by the lane", "by the UI process"])
def page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebView]:
    """A page that scripts reach in this way, where there is a lane at all."""
    if request.param == "by the UI process":
        monkeypatch.setenv("AURORAVIEW_LANE", "off")
    with own_ui_process(), shown() as view:
        view.eval_js_sync("auroraview.whenReady().then(() => 0)")
        yield view


@contract()
def test_values_arrive_as_they_are(view: WebView) -> None:
    cases = {
        "1 + 1": 2,
        "null": None,
        "undefined": None,
        "'中文 🎈 \\u2028 </script>'": "中文 🎈 \u2028 </script>",
        "({a: [1, {b: null}], 'ключ': true})": {"a": [1, {"b": None}], "ключ": True},
        "Promise.resolve(7)": 7,
        "new Promise(done => setTimeout(() => done('later'), 10))": "later",
        "let x = 3; return x * 2": 6,
        "const a = await Promise.resolve(4); return a": 4,
        "window.kept = 5 // a comment": 5,
        "": None,
    }
    for script, value in cases.items():
        assert view.eval_js_sync(script) == value, script
    assert view.eval_js_sync("window.kept") == 5


@contract()
def test_exceptions_arrive_whole(view: WebView) -> None:
    view.eval_js_sync("window.fail = function inner() { throw new TypeError('wrong 类型') }")
    with pytest.raises(auroraview.JavaScriptError) as caught:
        view.eval_js_sync("fail()")
    assert (caught.value.name, caught.value.message) == ("TypeError", "wrong 类型")
    assert "inner" in caught.value.stack
    assert isinstance(caught.value, RuntimeError)
    with pytest.raises(auroraview.JavaScriptError, match="rejected"):
        view.eval_js_sync("Promise.reject(new Error('rejected'))")
    with pytest.raises(auroraview.JavaScriptError) as caught:
        view.eval_js_sync("this is no script")
    assert caught.value.name == "SyntaxError"
    with pytest.raises(auroraview.JavaScriptError, match="(?i)cycl|circular"):
        view.eval_js_sync("let a = {}; a.a = a; return a")


@contract()
def test_a_script_never_runs_twice(view: WebView) -> None:
    """A SyntaxError that the script itself raises does not make it run again in its other form."""
    view.eval_js_sync("window.runs = 0")
    with pytest.raises(auroraview.JavaScriptError, match="SyntaxError"):
        view.eval_js_sync("(window.runs++, JSON.parse('{'))")
    assert view.eval_js_sync("window.runs") == 1


#: Each fits some of the brackets that somebody might put around a script.
UNBALANCED = [
    "1)); f(); ((2",
    "1); f(); (2",
    "1), f(), (2",
    "1)}); f(); ({value:(2",
    "1], f(), [2",
    "1]; f(); [2",
    "} f(); {",
    "}; f(); {",
    "}, f(), {",
    "}} f(); {{",
    "}); f(); (async()=>{",
    "})()}); f(); ({value:(async()=>{",
    "} f(); async function g(){",
    "}} f(); {async function g(){",
    "` }} f(); (()=>{",
    "`); f(); (",
    "1 /* ); f(); (",
    "2 */x/ /*",
    "`${1",
    "(",
    "}",
]


def test_a_script_that_closes_what_it_did_not_open_is_refused_before_it_runs(page: WebView) -> None:
    page.eval_js_sync("window.x = window.ran = 0; window.f = () => { ran += 1 }")
    for script in UNBALANCED:
        with pytest.raises(auroraview.JavaScriptError) as caught:
            page.eval_js_sync(script)
        assert caught.value.name == "SyntaxError", script
        assert page.eval_js_sync("[ran, typeof g]") == [0, "undefined"], script
    assert page.eval_js_sync("1 // ends with its line") == 1
    assert page.eval_js_sync("function f() { return 2 } var f; return f() // twice") == 2


INDESCRIBABLE = [
    "{get message() { throw 1 }}",
    "{toString() { throw 1 }}",
    "{name: {toString: null}}",
    "new Proxy({}, {get() { throw new Error('mine') }})",
    "Object.assign(new Error('x'), {name: Symbol('no text'), message: {valueOf: 1, toString: 1}})",
]


def test_what_a_script_throws_may_be_impossible_to_describe(page: WebView) -> None:
    for thrown in INDESCRIBABLE:
        for way in ("throw %s", "(() => { throw %s })()", "Promise.reject(%s)", "({toJSON() { throw %s }})"):
            with pytest.raises(auroraview.JavaScriptError) as caught:
                page.eval_js_sync(way % thrown)
            error = caught.value
            assert (error.name, error.message) == ("Error", "the script threw what cannot be described"), way % thrown
    assert page.eval_js_sync("1 + 1") == 2


@contract()
def test_no_answer_in_time_is_a_timeout_and_the_view_works_on(view: WebView) -> None:
    with pytest.raises(TimeoutError, match=r"50 ms.*new Promise") as caught:
        view.eval_js_sync("new Promise(() => {})", timeout_ms=50)
    assert isinstance(caught.value, auroraview.EvalTimeoutError)
    assert view.eval_js_sync("2") == 2


@contract()
def test_callbacks_get_a_result_or_an_error(view: WebView) -> None:
    answers = Recorder()
    view.eval_js_async("6 * 7", answers)
    assert answers.next() == (42, None)
    view.eval_js_async("nobody.home", answers)
    value, error = answers.next()
    assert value is None and isinstance(error, auroraview.JavaScriptError)
    view.eval_js_async("new Promise(() => {})", answers, timeout_ms=30)
    value, error = answers.next()
    assert value is None and isinstance(error, TimeoutError)
    assert answers.is_empty()


@contract()
def test_without_callback_the_result_can_be_awaited(view: WebView) -> None:
    async def ask() -> list[object]:
        return list(await asyncio.gather(*(view.eval_js_async(f"{n} * 2") for n in range(5))))

    assert asyncio.run(ask()) == [0, 2, 4, 6, 8]
    with pytest.raises(auroraview.JavaScriptError):
        view.eval_js_async("nobody.home").result(10)


@contract()
def test_fire_and_forget_runs_in_order_and_logs_failures(view: WebView) -> None:
    view.eval_js("window.order = []")
    for n in range(50):
        view.eval_js(f"order.push({n})")
    view.eval_js("nobody.home")
    assert view.eval_js_sync("order") == list(range(50))


def test_statements_and_expressions_keep_their_order() -> None:
    with shown() as view:
        view.eval_js("window.order = []")
        for n in range(20):
            view.eval_js(f"let n = {n}; order.push(n)" if n % 2 else f"order.push({n})")
        assert view.eval_js_sync("order") == list(range(20))


def test_failures_of_fire_and_forget_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with shown() as view:
        view.eval_js("nobody.home")
        view.eval_js_sync("1")
        done = Recorder()
        view.eval_js_async("1", done)
        done.next()  # the drain has passed the failure
    assert any("nobody" in record.message for record in caplog.records)


def test_scripts_queued_before_show_run_when_the_page_is_there() -> None:
    with WebView(html="<p id=p>there") as view:
        answer = Recorder()
        view.eval_js_async("document.getElementById('p').textContent", answer)
        view.eval_js("window.early = 1")
        with pytest.raises(auroraview.NotShownError, match="show"):
            view.eval_js_sync("1")
        view.show(wait=False)
        assert answer.next() == ("there", None)
        assert view.eval_js_sync("window.early") == 1


def test_a_navigation_answers_the_scripts_of_the_old_page() -> None:
    with shown() as view:
        failures = Recorder()
        view.eval_js_async("new Promise(() => {})", lambda value, error: failures(error), timeout_ms=60_000)
        view.load_html("<p>next")
        assert isinstance(failures.next(), auroraview.PageGoneError)


def test_scripts_work_under_a_strict_content_security_policy(tmp_path: Path) -> None:
    policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
    with shown(f"<!doctype html>{policy}<p>strict") as view:
        assert view.eval_js_sync("document.querySelector('p').textContent") == "strict"
        assert view.eval_js_sync("let a = 1; return a") == 1
