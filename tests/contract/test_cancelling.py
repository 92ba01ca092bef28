"""What a handler knows of its call: whether it is cancelled, and how it says how far it is."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import Any, Optional

import pytest

import auroraview
from auroraview import CancelledError, Context, WebView
from support.desktop import PATIENCE
from support.pages import PAGE, settle
from support.ui_process import kill_web_processes
from support.views import Recorder, contract, shown

pytestmark = pytest.mark.needs("javascript")

ABORT = """
window.aborter = new AbortController();
window.start = (name, params, options) => {
    window.call = settle(auroraview.call(name, params, {signal: aborter.signal, ...options}));
};
"""
HTML = f"{PAGE}<script>{ABORT}</script>"


class Slow:
    """A handler that works until its call is cancelled, and says how that ended."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.ended = Recorder()

    def __call__(self, ctx: Context) -> None:
        until = time.monotonic() + PATIENCE
        self.began.set()
        while time.monotonic() < until and not ctx.cancelled:
            pass
        self.ended("cancelled" if ctx.cancelled else "in vain")
        ctx.check()


@contract(html=PAGE)
def test_a_context_is_for_who_wants_one(view: WebView) -> None:
    def plain(*args: Any, **kwargs: Any) -> list[Any]:
        return [list(args), kwargs]

    def first(ctx: Context, a: int, b: int = 2) -> list[Any]:
        return [type(ctx).__name__, a, b]

    def last(a: int, *, ctx: auroraview.Context) -> list[Any]:
        return [type(ctx).__name__, a]

    def text(a: int, who: "auroraview.Context") -> list[Any]:  # noqa: UP037 - a text is the point
        return [type(who).__name__, a]

    def maybe(a: int, ctx: Optional[Context] = None) -> list[Any]:
        return [type(ctx).__name__, a]

    class Api:
        def method(self, ctx: Context, a: int) -> list[Any]:
            return [type(ctx).__name__, a]

        async def later(self, a: int, ctx: Context) -> list[Any]:
            return [type(ctx).__name__, a]

    view.bind_api(Api())
    for each in (plain, first, last, text, maybe):
        view.bind_call(f"api.{each.__name__}", each)
    cases = {
        "api.plain(1)": [[1], {}],
        "api.first(1)": ["Context", 1, 2],
        "api.first(1, 3)": ["Context", 1, 3],
        "api.first({a: 1, b: 4})": ["Context", 1, 4],
        "api.last({a: 1})": ["Context", 1],
        "api.last(1)": ["Context", 1],
        "api.text(1)": ["Context", 1],
        "api.maybe(1)": ["Context", 1],
        "api.method(1)": ["Context", 1],
        "api.later(1)": ["Context", 1],
    }
    for call, expected in cases.items():
        assert settle(view, f"auroraview.{call}") == {"value": expected}, call
    assert maybe(1) == ["NoneType", 1], "the function itself stays as it is"


@contract(html=HTML)
def test_a_handler_that_looks_in_a_loop_lets_other_threads_run(view: WebView) -> None:
    """It kept Python's lock for seconds, when it looked as often as Python lets a thread demand the lock."""
    began, enough, ended = threading.Event(), threading.Event(), Recorder()

    def looks(ctx: Context) -> None:
        until = time.monotonic() + PATIENCE
        began.set()
        while time.monotonic() < until and not (ctx.cancelled or enough.is_set()):
            pass
        ended(enough.is_set())

    view.bind_call("api.looks", looks)
    view.eval_js("start('api.looks')")
    assert began.wait(PATIENCE)
    for _ in range(300):
        os.sched_yield()  # gives the lock away, and wants it again
    enough.set()
    assert ended.next() is True


@pytest.mark.parametrize("how", ["abort", "timeout", "reload", "crash", "close"])
def test_a_sync_handler_hears_that_it_is_cancelled(how: str) -> None:
    with shown(HTML) as view:
        slow = Slow()
        view.bind_call("api.slow", slow)
        view.eval_js(f"start('api.slow', undefined, {{timeout: {100 if how == 'timeout' else 0}}})")
        assert slow.began.wait(PATIENCE)
        if how == "abort":
            view.eval_js("aborter.abort()")
        elif how == "reload":
            view.reload()
        elif how == "crash":
            kill_web_processes()
        elif how == "close":
            view._life.close_now()  # as the window's close button does
        assert slow.ended.next() == "cancelled"
        if how in ("abort", "timeout"):
            code = view.eval_js_sync("call")["code"]
            assert code == ("CANCELLED" if how == "abort" else "TIMEOUT")


def test_looking_runs_nobody_else() -> None:
    with shown(HTML) as view:
        slow, order = Slow(), []

        @view.bind_call("api.slow")
        def handler(ctx: Context) -> None:
            slow(ctx)
            order.append("slow")

        view.bind_call("api.other", lambda: order.append("other"))
        view.on("event", lambda data: order.append("event"))
        view.eval_js("start('api.slow')")
        assert slow.began.wait(PATIENCE)
        view.eval_js("auroraview.api.other(); auroraview.send_event('event'); window.other = auroraview.api.other()")
        assert slow.ended.is_empty()
        view.eval_js_async("1", lambda value, error: order.append("callback"))
        view.eval_js("aborter.abort()")
        assert slow.ended.next() == "cancelled"
        view.eval_js_sync("other")
        assert order[0] != "other" and order.count("other") == 2 and "callback" in order
        assert "slow" not in order, "check() left the handler"


def test_a_worker_of_the_handler_hears_of_it_too() -> None:
    with shown(HTML) as view:
        slow = Slow()

        @view.bind_call("api.slow")
        def handler(ctx: Context) -> None:
            worker = threading.Thread(target=lambda: pytest.raises(CancelledError, slow, ctx))
            worker.start()
            worker.join(PATIENCE)

        view.eval_js("start('api.slow')")
        assert slow.began.wait(PATIENCE)
        view.eval_js("aborter.abort()")
        assert slow.ended.next() == "cancelled"


def test_an_async_handler_is_cancelled_and_its_context_knows() -> None:
    with shown(HTML) as view:
        began, ended = threading.Event(), Recorder()

        @view.bind_call("api.slow")
        async def slow(ctx: Context) -> None:
            began.set()
            try:
                await asyncio.sleep(PATIENCE)
            finally:
                ended(ctx.cancelled)

        view.eval_js("start('api.slow')")
        assert began.wait(PATIENCE)
        view.eval_js("aborter.abort()")
        assert ended.next() is True
        began.clear()
        view.eval_js("window.aborter = new AbortController(); start('api.slow')")
        assert began.wait(PATIENCE)
        view.reload()
        assert ended.next() is True


def test_calls_of_a_page_that_is_gone_never_start() -> None:
    with shown(HTML) as view:
        gate, ran, loaded = threading.Event(), [], Recorder()
        view.bind_call("api.block", lambda: gate.wait(PATIENCE) and None)
        view.bind_call("api.ran", lambda: ran.append(1))
        view.on_loaded(loaded)
        view.eval_js_sync("auroraview.api.block(); for (let n = 0; n < 5; n++) auroraview.api.ran(); 0")
        view.reload()
        until = time.monotonic() + PATIENCE
        with shown("<title>other</title>") as other:  # its thread reads the link while the first one is busy
            other.eval_js_sync("1")
            while view.stats().pushed == 0 and time.monotonic() < until:
                pass
        gate.set()
        loaded.next()
        assert settle(view, "auroraview.api.ran()") == {"value": None}
        assert len(ran) <= 6


@contract(html=HTML)
def test_progress_comes_before_the_result_and_in_order(view: WebView) -> None:
    @view.bind_call("api.work")
    def work(ctx: Context) -> str:
        for n in range(1, 101):
            ctx.progress(n, 100, f"step {n}")
        ctx.progress(0.5)
        return "done"

    seen = view.eval_js_sync("""
        const seen = [];
        const result = await auroraview.call('api.work', undefined, {onProgress: report => seen.push(report)});
        return [seen, result]""")
    reports, result = seen
    assert result == "done"
    assert reports[-1] == {"done": 0.5, "total": None, "text": None}
    done = [each["done"] for each in reports[:-1]]
    assert done == sorted(done)
    assert all(each["text"] == f"step {each['done']}" for each in reports[:-1])


def test_a_slow_page_sees_the_newest_progress() -> None:
    with shown(HTML) as view:
        finished = threading.Event()

        @view.bind_call("api.work")
        def work(ctx: Context) -> None:
            for n in range(20_000):
                ctx.progress(n)
            finished.set()

        view.eval_js("""
            window.seen = [];
            window.all = auroraview.call('api.work', undefined, {onProgress: ({done}) => {
                const until = Date.now() + 5; while (Date.now() < until); seen.push(done);
            }}).then(() => seen)""")
        seen = view.eval_js_sync("all", timeout_ms=1000 * PATIENCE)
        assert seen[-1] == 19_999 and seen == sorted(seen)
        assert len(seen) < 20_000


def test_progress_after_the_end_is_nobodys() -> None:
    with shown(HTML) as view:
        kept: list[Context] = []

        @view.bind_call("api.keep")
        def keep(ctx: Context) -> None:
            kept.append(ctx)

        assert settle(view, "auroraview.api.keep()") == {"value": None}
        kept[0].progress(1)
        assert kept[0].cancelled is False
        kept[0].check()


def test_a_progress_that_json_cannot_hold_is_refused() -> None:
    with shown(HTML) as view:

        @view.bind_call("api.work")
        def work(ctx: Context) -> None:
            ctx.progress(float("nan"))

        assert settle(view, "auroraview.api.work()")["code"] == "INVALID_DATA"
