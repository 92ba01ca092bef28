"""Calls of the page: arguments, results, exceptions, async handlers, cancelling, and one answer for each."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

import auroraview
from auroraview import UserError, WebView
from support.pages import PAGE, settle
from support.views import Recorder, contract, shown


@pytest.mark.needs("javascript")
@contract(html=PAGE)
def test_arguments_follow_the_shape_of_the_parameters(view: WebView) -> None:
    def show(*args: Any, **kwargs: Any) -> list[Any]:
        return [list(args), kwargs]

    view.bind_call("api.show", show)
    view.bind_call("deep.er.show", show)
    cases = {
        "auroraview.call('api.show')": [[], {}],
        "auroraview.call('api.show', undefined)": [[], {}],
        "auroraview.call('api.show', null)": [[None], {}],
        "auroraview.call('api.show', 5)": [[5], {}],
        "auroraview.call('api.show', 'text')": [["text"], {}],
        "auroraview.call('api.show', [1, [2], null])": [[1, [2], None], {}],
        "auroraview.call('api.show', {a: 1, b: {c: 2}})": [[], {"a": 1, "b": {"c": 2}}],
        "auroraview.api.show()": [[], {}],
        "auroraview.api.show(1, 2)": [[1, 2], {}],
        "auroraview.api.show({a: 1})": [[], {"a": 1}],
        "auroraview.api.show('中文 🎈')": [["中文 🎈"], {}],
        "auroraview.deep.er.show(7)": [[7], {}],
    }
    for call, expected in cases.items():
        assert settle(view, call) == {"value": expected}, call


@pytest.mark.needs("javascript")
@contract(html=PAGE)
def test_an_object_is_an_api(view: WebView) -> None:
    class Api:
        """What a tool offers."""

        ran = False

        def add(self, a: int, b: int = 10) -> int:
            return a + b

        @staticmethod
        def static() -> str:
            return "static"

        @property
        def dangerous(self) -> str:
            Api.ran = True
            raise AssertionError("a property was run")

        def _private(self) -> str:
            return "private"

    api = Api()
    view.bind_api(api)
    view.bind_api(api)  # again is harmless
    view.bind_api(SimpleNamespace(ping=lambda: "pong"), namespace="tools")
    assert settle(view, "auroraview.api.add(1, 2)") == {"value": 3}
    assert settle(view, "auroraview.api.add({a: 5})") == {"value": 15}
    assert settle(view, "auroraview.call('api.add', [1])") == {"value": 11}
    assert settle(view, "auroraview.api.static()") == {"value": "static"}
    assert settle(view, "auroraview.tools.ping()") == {"value": "pong"}
    for hidden in ("_private", "dangerous", "__class__"):
        assert settle(view, f"auroraview.call('api.{hidden}')")["code"] == "METHOD_NOT_FOUND"
    assert not Api.ran


def test_rebinding_is_refused_unless_asked_for() -> None:
    view = WebView()
    view.bind_call("api.x", len)
    view.bind_call("api.x", max)
    with pytest.raises(ValueError, match=r"api\.x is bound already"):
        view.bind_call("api.x", min, allow_rebind=False)
    with pytest.raises(ValueError, match="bound already"):
        view.bind_api(SimpleNamespace(x=min))
    view.bind_api(SimpleNamespace(x=min), allow_rebind=True)
    with pytest.raises(ValueError, match="no public methods"):
        view.bind_api(object())
    with pytest.raises(ValueError, match="choose another namespace"):
        view.bind_api(SimpleNamespace(x=min), namespace="call")
    with pytest.raises(TypeError, match="not callable"):
        view.bind_call("api.y", 5)  # type: ignore[call-overload]
    view.close()


@pytest.mark.needs("javascript")
@contract(html=PAGE)
def test_exceptions_reach_the_page(view: WebView) -> None:
    @view.bind_call("api.fails")
    def fails() -> None:
        raise KeyError("名前")

    @view.bind_call("api.tells")
    def tells() -> None:
        raise UserError("no such file", code="NOT_FOUND", data={"path": "/x"})

    view.bind_call("api.add", lambda a, b: a + b)
    answer = settle(view, "auroraview.api.fails()")
    assert answer["isError"] and answer["name"] == "KeyError" and "名前" in answer["message"]
    assert answer["code"] == "EXECUTION_ERROR" and "traceback" not in answer
    answer = settle(view, "auroraview.api.tells()")
    assert (answer["code"], answer["message"], answer["data"]) == ("NOT_FOUND", "no such file", {"path": "/x"})
    answer = settle(view, "auroraview.api.add(1)")
    assert answer["code"] == "INVALID_ARGUMENTS" and "missing" in answer["message"]
    answer = settle(view, "auroraview.api.add(1, 'x')")
    assert answer["code"] == "EXECUTION_ERROR" and answer["name"] == "TypeError"
    answer = settle(view, "auroraview.api.ad(1, 2)")
    assert answer["code"] == "METHOD_NOT_FOUND" and "did you mean 'api.add'" in answer["message"]


@pytest.mark.needs("javascript")
def test_debug_shows_the_traceback() -> None:
    with shown(PAGE, debug=True) as view:

        @view.bind_call("api.fails")
        def fails() -> None:
            raise ValueError("deep inside")

        assert "in fails" in settle(view, "auroraview.api.fails()")["traceback"]


@pytest.mark.needs("javascript")
@contract(html=PAGE)
def test_results_that_json_cannot_hold_are_an_error(view: WebView) -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    bad = {"nan": float("nan"), "cycle": cycle, "object": object(), "complex": 1j, "big": 2**53}
    view.bind_call("api.give", lambda name: bad[name])
    for name in bad:
        answer = settle(view, f"auroraview.api.give('{name}')")
        assert answer["code"] == "INVALID_DATA", (name, answer)
    assert settle(view, "auroraview.api.give('none')")["code"] == "EXECUTION_ERROR"


@pytest.mark.needs("javascript")
@contract(html=PAGE)
def test_async_functions_run_side_by_side(view: WebView) -> None:
    both = asyncio.Event()
    arrived: list[str] = []

    @view.bind_call("api.meet")
    async def meet(who: str) -> str:
        arrived.append(who)
        if len(arrived) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), 10)
        return who

    answer = view.eval_js_sync("Promise.all([auroraview.api.meet('a'), auroraview.api.meet('b')])")
    assert answer == ["a", "b"]


@pytest.mark.needs("javascript")
@contract(html=PAGE)
def test_a_handler_answers_a_call_of_its_name(view: WebView) -> None:
    view.on("save_scene", lambda data: {"status": "saved", "path": data.get("path")})
    view.on("list", lambda data: data)
    assert settle(view, "auroraview.call('save_scene', {path: '/x'})") == {"value": {"status": "saved", "path": "/x"}}
    assert settle(view, "auroraview.call('list', [1, 2])") == {"value": [1, 2]}
    assert settle(view, "auroraview.call('list')") == {"value": {}}
    assert settle(view, "auroraview.call('list', null)") == {"value": None}


@pytest.mark.needs("javascript")
@contract(html=PAGE)
def test_a_handler_may_ask_the_page_that_asks_back(view: WebView) -> None:
    """The cross-wait of RFC 0002, pattern 3: it completes instead of deadlocking."""
    view.bind_call("api.inner", lambda: "inner")

    @view.bind_call("api.outer")
    def outer(depth: int) -> str:
        if depth == 0:
            return str(view.eval_js_sync("auroraview.api.inner()"))
        return str(view.eval_js_sync(f"auroraview.api.outer({depth - 1})"))

    assert settle(view, "auroraview.api.outer(4)") == {"value": "inner"}


@pytest.mark.needs("javascript")
@contract(html=PAGE)
def test_events_wait_while_a_handler_waits(view: WebView) -> None:
    order: list[str] = []
    done = Recorder()

    @view.on("event")
    def event(data: object) -> None:
        order.append("event")
        done()

    @view.bind_call("api.slow")
    def slow() -> None:
        view.eval_js_sync("auroraview.send_event('event'); new Promise(done => setTimeout(done, 20))")
        order.append("slow")

    settle(view, "auroraview.api.slow()")
    done.next()
    assert order == ["slow", "event"]


@pytest.mark.needs("javascript")
@contract(html=PAGE)
def test_timeout_and_abort(view: WebView) -> None:
    cancelled, started = Recorder(), Recorder()

    @view.bind_call("api.forever")
    async def forever() -> None:
        started()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled("cancelled")
            raise

    answer = settle(view, "auroraview.call('api.forever', undefined, {timeout: 50})")
    assert (answer["code"], answer["name"]) == ("TIMEOUT", "TimeoutError")
    assert cancelled.next() == "cancelled"
    view.eval_js_sync("""window.stop = new AbortController();
        window.aborted = settle(auroraview.call('api.forever', undefined, {signal: stop.signal})); 0""")
    started.take(2)
    answer = view.eval_js_sync("stop.abort(); return aborted")
    assert answer["code"] == "CANCELLED"
    assert cancelled.next() == "cancelled"
    answer = settle(view, "auroraview.call('api.forever', undefined, {signal: AbortSignal.abort()})")
    assert answer["code"] == "CANCELLED"
    assert started.is_empty()


@pytest.mark.needs("javascript")
def test_a_call_that_was_given_up_before_it_started_never_starts() -> None:
    with shown(PAGE) as view:
        ran = Recorder()
        gate, entered = threading.Event(), threading.Event()

        @view.bind_call("api.block")
        def block() -> None:
            entered.set()
            gate.wait(10)

        view.bind_call("api.never", ran)
        view.eval_js_sync("""window.first = settle(auroraview.api.block());
            window.stop = new AbortController();
            window.second = settle(auroraview.call('api.never', 1, {signal: stop.signal})); 0""")
        entered.wait(10)
        assert view.eval_js_sync("stop.abort(); return second")["code"] == "CANCELLED"
        view.eval_js_sync("1")  # what the page posted before this answer has arrived
        gate.set()
        view.eval_js_sync("first")
        assert settle(view, "auroraview.api.never(2)")["value"] is None
        assert ran.take(1) == [2] and ran.is_empty()


@pytest.mark.needs("javascript")
def test_a_reload_cancels_the_async_handlers_of_the_old_page() -> None:
    with shown(PAGE) as view:
        started, cancelled = Recorder(), Recorder()

        @view.bind_call("api.forever")
        async def forever() -> None:
            started()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled("done")

        view.eval_js("auroraview.api.forever()")
        started.next()
        view.reload()
        assert cancelled.next() == "done"


@pytest.mark.needs("javascript")
def test_each_handler_runs_once_when_the_page_reloads_under_a_hundred_calls() -> None:
    with shown(PAGE) as view:
        ran: list[int] = []
        gate = threading.Event()

        @view.bind_call("api.count")
        def count(n: int) -> int:
            gate.wait(10)
            ran.append(n)
            return n

        loaded = Recorder()
        view.eval_js_sync("for (let n = 0; n < 100; n++) auroraview.api.count(n); 0")
        view.on_loaded(loaded)
        view.reload()
        gate.set()
        loaded.next()
        assert settle(view, "auroraview.api.count(1000)") == {"value": 1000}
        assert len(ran) == len(set(ran)) and ran[-1] == 1000


@pytest.mark.needs("javascript")
def test_too_many_calls_are_refused_at_once() -> None:
    with shown(PAGE) as view:
        gate = threading.Event()
        view.bind_call("api.block", lambda: gate.wait(10))
        codes = view.eval_js_sync("""
            window.all = []; for (let n = 0; n < 4100; n++) all.push(settle(auroraview.api.block()));
            return Promise.all(all.slice(4096))""")
        assert [answer["code"] for answer in codes] == ["BUSY"] * 4
        gate.set()
        assert view.eval_js_sync("Promise.all(all).then(all => all.filter(one => 'value' in one).length)") == 4096


@pytest.mark.needs("javascript")
@contract(html=PAGE)
def test_a_thousand_calls_at_once_all_get_their_own_answer(view: WebView) -> None:
    view.bind_call("api.double", lambda n: 2 * n)
    script = "Promise.all(Array.from({length: 1000}, (_, n) => auroraview.api.double(n)))"
    assert view.eval_js_sync(script) == [2 * n for n in range(1000)]


@pytest.mark.needs("javascript")
def test_system_exit_in_a_handler_ends_show_like_anywhere_else() -> None:
    view = auroraview.WebView(html=f"{PAGE}<script>auroraview.call('api.quit')</script>")

    @view.bind_call("api.quit")
    def quit_it() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit) as caught:
        view.show()
    assert caught.value.code == 3
    assert view.lifecycle == "destroyed"
