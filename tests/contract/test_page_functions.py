"""Python calls functions of the page: arguments, results, errors, waiting, cancelling, and one answer for each."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from auroraview import (
    AuroraViewError,
    EvalTimeoutError,
    InvalidDataError,
    JavaScriptError,
    NotShownError,
    PageGoneError,
    ShutdownInProgressError,
    WebView,
)
from support.desktop import PATIENCE
from support.pages import PAGE, settle
from support.views import Recorder, contract, shown

pytestmark = pytest.mark.needs("javascript")

FUNCTIONS = """
window.aborted = 0;
auroraview.handle('echo', params => params);
auroraview.handle('kind', params => typeof params);
auroraview.handle('later', params => new Promise(done => setTimeout(() => done(params), 10)));
auroraview.handle('fail', () => { throw new RangeError('enough') });
auroraview.handle('reject', async () => { await null; throw new TypeError('not this') });
auroraview.handle('throw text', () => { throw 'a text' });
auroraview.handle('nothing', () => {});
auroraview.handle('unsayable', () => new Map());
auroraview.handle('never', (params, {signal}) => new Promise((done, failed) => {
    signal.addEventListener('abort', () => { aborted += 1; failed(signal.reason) });
}));
"""
HTML = f"{PAGE}<script>{FUNCTIONS}</script>"


@contract(html=HTML)
def test_a_function_of_the_page_gets_data_and_returns_it(view: WebView) -> None:
    for data in (None, True, 0, 1.5, "", "中文 🎈", [], [1, [2]], {}, {"a": {"b": None}}):
        assert view.call("echo", data) == data
    assert view.call("kind") == "undefined"
    assert view.call("nothing") is None
    assert view.call("later", 5) == 5
    assert view.call_async("later", 6).result(PATIENCE) == 6


@contract(html=HTML)
def test_what_it_throws_is_raised_in_python(view: WebView) -> None:
    for name, kind, message in (("fail", "RangeError", "enough"), ("reject", "TypeError", "not this")):
        with pytest.raises(JavaScriptError) as caught:
            view.call(name)
        assert (caught.value.name, caught.value.message) == (kind, message)
        assert caught.value.stack
    with pytest.raises(JavaScriptError, match="a text"):
        view.call("throw text")
    with pytest.raises(JavaScriptError, match="a Map cannot be sent"):
        view.call("unsayable")
    with pytest.raises(AuroraViewError, match="the page has no function called missing"):
        view.call("missing")
    with pytest.raises(InvalidDataError):
        view.call("echo", object())
    with pytest.raises(ValueError, match="reserved"):
        view.call("$/cancelRequest")


def test_handle_returns_a_function_that_ends_it() -> None:
    with shown(HTML) as view:
        view.eval_js_sync("window.end = auroraview.handle('mine', () => 1); auroraview.handle('mine', () => 2); 0")
        assert view.call("mine") == 2
        view.eval_js_sync("end()")
        assert view.call("mine") == 2, "it ended its own only"
        view.eval_js_sync("auroraview.handle('mine', () => 3)()")
        with pytest.raises(AuroraViewError, match="METHOD_NOT_FOUND"):
            view.call("mine")
        assert view.eval_js_sync("try { auroraview.handle('x', 1) } catch (e) { return e.code }") == "INVALID_ARGUMENTS"


def test_calls_wait_until_the_page_is_ready_and_keep_the_order_of_events() -> None:
    view = WebView(
        html=f"{HTML}<script type='module'>"
        "window.seen = []; auroraview.on('event', n => seen.push(n));"
        "auroraview.handle('number', n => { seen.push(n); return seen })</script>"
    )
    with view:
        with pytest.raises(NotShownError):
            view.call("number", 1)
        view.emit("event", 1)
        early = view.call_async("number", 2)
        view.emit("event", 3)
        view.show(wait=False)
        assert view.call("number", 4) == [1, 2, 3, 4]
        assert early.result(PATIENCE) == [1, 2, 3, 4] or early.result() == [1, 2]


def test_handlers_may_call_the_page_that_calls_them() -> None:
    with shown(HTML) as view:
        view.bind_call("api.sync", lambda n: view.call("ask", n) if n else "end")
        view.eval_js_sync("auroraview.handle('ask', async n => [n, await auroraview.api.sync(n - 1)]); 0")

        @view.bind_call("api.later")
        async def later(n: int) -> Any:
            return await view.call_async("later", n)

        assert view.eval_js_sync("auroraview.api.sync(3)") == [3, [2, [1, "end"]]]
        assert view.eval_js_sync("auroraview.api.later(5)") == 5


@contract(html=HTML)
def test_a_call_that_takes_too_long_aborts_the_signal(view: WebView) -> None:
    before = view.eval_js_sync("aborted")
    with pytest.raises(EvalTimeoutError, match="'never' gave no result within 50 ms") as caught:
        view.call("never", timeout_ms=50)
    assert caught.value.timeout_ms == 50
    with pytest.raises(EvalTimeoutError):
        view.call_async("never", timeout_ms=50).result(PATIENCE)
    assert view.eval_js_sync("aborted") == before + 2


def test_cancelling_the_wait_aborts_the_signal() -> None:
    with shown(HTML) as view:
        future = view.call_async("never", timeout_ms=1000 * PATIENCE)
        assert view.call("echo", 1) == 1
        assert future.cancel()
        assert view.eval_js_sync("aborted") == 1

        async def wait(seconds: float) -> None:
            await asyncio.wait_for(view.call_async("never", timeout_ms=1000 * PATIENCE), seconds)

        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(wait(0.05))
        assert view.eval_js_sync("aborted") == 2

        async def cancel() -> None:
            task = asyncio.ensure_future(wait(PATIENCE))
            await asyncio.sleep(0)
            await view.call_async("echo", 1)  # behind it: the page has it
            task.cancel()
            await task

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(cancel())
        assert view.eval_js_sync("aborted") == 3


def test_a_call_that_is_given_up_before_the_page_has_it_never_starts() -> None:
    with WebView(
        html=f"{HTML}<script>auroraview.handle('count', () => window.ran = (window.ran ?? 0) + 1)</script>"
    ) as view:
        given_up = view.call_async("count")
        assert given_up.cancel()
        view.show(wait=False)
        assert view.call("count") == 1


def test_an_abort_in_the_page_passes_through_python_to_the_page() -> None:
    with shown(HTML) as view:
        began, ended = threading.Event(), Recorder()

        @view.bind_call("api.outer")
        async def outer() -> None:
            began.set()
            try:
                await view.call_async("never", timeout_ms=1000 * PATIENCE)
            finally:
                ended(True)

        view.eval_js("""
            window.aborter = new AbortController();
            window.call = settle(auroraview.call('api.outer', undefined, {signal: aborter.signal}))""")
        assert began.wait(PATIENCE)
        assert view.call("echo", 1) == 1
        assert view.eval_js_sync("aborter.abort(); return call")["code"] == "CANCELLED"
        assert ended.next() is True
        assert view.eval_js_sync("aborted") == 1


def test_a_page_that_goes_answers_every_call_once() -> None:
    with shown(HTML) as view:
        loaded = Recorder()
        view.on_loaded(loaded)
        running = [view.call_async("never", timeout_ms=1000 * PATIENCE) for _ in range(5)]
        assert view.call("echo", 1) == 1
        view.reload()
        for each in running:
            with pytest.raises(PageGoneError):
                each.result(PATIENCE)
        loaded.next()
        assert view.call("echo", 2) == 2
    with pytest.raises(ShutdownInProgressError):
        view.call("echo")
    with pytest.raises(ShutdownInProgressError):
        view.call_async("echo")


def test_a_close_that_finishes_waits_for_functions_of_the_page() -> None:
    with shown(HTML) as view:
        future = view.call_async("later", 7)
        view.close()
        assert future.result(PATIENCE) == 7


def test_an_answer_that_nobody_asked_for_is_dropped() -> None:
    with shown(HTML) as view:
        script = view.eval_js_async("new Promise(done => { window.finish = done })")
        assert view.call("echo", 1) == 1
        view.eval_js_sync("finish(2)")
        assert script.result(PATIENCE) == 2
        assert settle(view, "auroraview.api.nothing()")["code"] == "METHOD_NOT_FOUND"
