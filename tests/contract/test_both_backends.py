"""What holds whoever shows the page: a test speaks for the page, on the web engine and on the headless backend."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from auroraview import Context, JavaScriptError, PageGoneError, ShutdownInProgressError, UserError, WebView
from auroraview.testing import Page, Recorder, Rejected, wait_until

OpenView = Callable[..., WebView]

TEXT = "中文 🎈 \u2028 </script> \" ' \\ \n"
VALUES = [None, True, 0, -1.5, 2**53 - 1, "", TEXT, [], [1, [2]], {}, {"__proto__": 1, "ключ": None}]


# ---- calls ----


def test_arguments_by_place_and_by_name(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)
    view.bind_call("api.show", lambda *args, **kwargs: [list(args), kwargs])
    assert page.call("api.show") == [[], {}]
    assert page.call("api.show", *VALUES) == [VALUES, {}]
    assert page.call("api.show", a=1, b={"c": 2}) == [[], {"a": 1, "b": {"c": 2}}]


def test_what_a_function_raises_is_what_the_page_gets(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)

    @view.bind_call("api.fails")
    def fails() -> None:
        raise KeyError("名前")

    @view.bind_call("api.tells")
    def tells() -> None:
        raise UserError("no such file", code="NOT_FOUND", data={"path": "/x"})

    view.bind_call("api.odd", lambda: object())
    with pytest.raises(Rejected, match="名前") as caught:
        page.call("api.fails")
    assert (caught.value.name, caught.value.code, caught.value.traceback) == ("KeyError", "EXECUTION_ERROR", None)
    with pytest.raises(Rejected) as caught:
        page.call("api.tells")
    assert (caught.value.code, caught.value.message, caught.value.data) == ("NOT_FOUND", "no such file", {"path": "/x"})
    for call, code in [("api.tell", "METHOD_NOT_FOUND"), ("api.odd", "INVALID_DATA")]:
        with pytest.raises(Rejected) as caught:
            page.call(call)
        assert caught.value.code == code


def test_async_functions_run_side_by_side(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)
    both = asyncio.Event()
    arrived: list[str] = []

    @view.bind_call("api.meet")
    async def meet(who: str) -> str:
        arrived.append(who)
        if len(arrived) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), 10)
        return who

    calls = [page.start("api.meet", who) for who in "ab"]
    assert [call.result() for call in calls] == ["a", "b"]


def test_a_handler_may_ask_the_page(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)
    page.offer("selection", ["cube"])
    view.bind_call("api.outer", lambda: view.call("selection"))
    assert page.call("api.outer") == ["cube"]
    with pytest.raises(Exception, match="METHOD_NOT_FOUND"):
        view.call("nothing")


# ---- events, and order ----


def test_events_go_both_ways_as_they_are(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)
    seen, heard = Recorder(), page.listen("down")
    view.on("up", seen)
    for value in VALUES:
        view.emit("down", value)
        page.send_event("up", value)
    view.emit("down")
    page.send_event("up")
    assert heard.take(len(VALUES) + 1) == seen.take(len(VALUES) + 1) == [*VALUES, {}]
    assert heard.rest() == [] and seen.is_empty()


def test_events_keep_their_order(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)
    heard = page.listen("n")
    for n in range(5000):
        view.emit("n", n)
    view.emit("n", "end")
    assert wait_for_all(heard.rest, "end") == list(range(5000))


def wait_for_all(rest: Callable[[], list[Any]], last: object) -> list[Any]:
    """Everything up to ``last``. What the page is asked comes behind what was sent to it."""
    came: list[Any] = rest()
    assert came.pop() == last
    return came


def test_of_coalesced_events_the_newest_is_left(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)
    heard = page.listen("slider")
    for n in range(1000):
        view.emit("slider", n, coalesce="zoom")
    came = heard.rest()
    assert came[-1] == 999 and came == sorted(came)


# ---- bytes ----


@pytest.mark.parametrize("size", [0, 1, 255, 5_000_000])
def test_bytes_are_what_was_sent(open_view: OpenView, size: int) -> None:
    view = open_view()
    page = Page(view)
    data = bytes(range(256)) * (size // 256 + 1)
    view.bind_call("api.turn", lambda of, more: {"of": of[::-1], "more": [more, memoryview(b"x")]})
    assert page.call("api.turn", data[:size], b"\0") == {"of": data[:size][::-1], "more": [b"\0", b"x"]}
    heard, seen = page.listen("down"), Recorder()
    view.on("up", seen)
    view.emit("down", [data[:size]])
    view.emit("down", "behind")
    assert heard.take(2) == [[data[:size]], "behind"]
    page.send_event("up", {"bytes": data[:size]})
    page.send_event("up", "behind")
    assert seen.take(2) == [{"bytes": data[:size]}, "behind"]


# ---- streams and cancellation ----


def test_a_stream_comes_whole_and_in_order(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)

    @view.bind_call("api.rows")
    def rows(count: int) -> Iterator[dict[str, Any]]:
        for n in range(count):
            yield {"n": n}
        if count == 7:
            raise UserError("no more", code="EMPTY")

    assert page.collect("api.rows", 1000) == [{"n": n} for n in range(1000)]
    with pytest.raises(Rejected) as caught:
        page.collect("api.rows", 7)
    assert (caught.value.code, len(caught.value.items)) == ("EMPTY", 7)


def test_leaving_a_stream_closes_its_generator(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)
    closed = Recorder()

    @view.bind_call("api.forever")
    def forever() -> Iterator[int]:
        try:
            yield from itertools.count()
        finally:
            closed("closed")

    assert page.collect("api.forever", most=300) == list(range(300))
    assert closed.next() == "closed"


def bind_forever(view: WebView) -> tuple[Recorder, Recorder]:
    """Binds a function that waits until it is cancelled: who hears that it began, and that it was cancelled."""
    started, cancelled = Recorder(), Recorder()

    @view.bind_call("api.forever")
    async def forever() -> None:
        started()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled("cancelled")

    return started, cancelled


def test_a_call_that_is_given_up_is_cancelled(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)
    started, cancelled = bind_forever(view)
    call = page.start("api.forever")
    started.next()
    call.cancel()
    assert cancelled.next() == "cancelled"
    with pytest.raises(Rejected) as caught:
        call.result()
    assert caught.value.code == "CANCELLED"


def test_a_handler_may_look_for_its_cancellation(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)
    started, ended = Recorder(), Recorder()

    @view.bind_call("api.work")
    def work(ctx: Context) -> None:
        started()
        try:
            while True:
                ctx.check()
        finally:
            ended("ended")

    call = page.start("api.work")
    started.next()
    call.cancel()
    assert ended.next() == "ended"


# ---- shared state ----


def test_both_sides_change_the_state(open_view: OpenView) -> None:
    view = open_view()
    view.state.update(zoom=1, old=2)
    page = Page(view)
    assert page.state() == {"zoom": 1, "old": 2}
    page.change_state("old", zoom=3, new=[None])
    wait_until(view, "the page's change", lambda: dict(view.state) == {"zoom": 3, "new": [None]})
    view.state["zoom"] = 4
    assert page.state() == {"zoom": 4, "new": [None]}


def test_each_document_gets_the_state(open_view: OpenView) -> None:
    view = open_view()
    view.state["zoom"] = 1
    loaded = Recorder()
    view.on_loaded(loaded)
    view.reload()
    loaded.next()
    assert Page(view).state() == {"zoom": 1}


# ---- life, closing, errors ----


def test_a_reload_cancels_what_the_old_page_asked_for(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)
    started, cancelled = bind_forever(view)
    loaded = Recorder()
    call = page.start("api.forever")
    started.next()
    view.on_loaded(loaded)
    view.reload()
    assert cancelled.next() == "cancelled"
    with pytest.raises(PageGoneError):
        call.result()
    loaded.next()
    view.bind_call("api.two", lambda: 2)
    assert Page(view).call("api.two") == 2


def test_title_and_address_are_told(open_view: OpenView) -> None:
    view = open_view()
    titles, addresses = Recorder(), Recorder()
    view.on_title_changed(titles)
    view.on_navigated(addresses)
    view.load_html("<!doctype html><title> Another one </title>")
    wait_until(view, "the title", lambda: view.title == "Another one")
    assert addresses.next() == "av://app/"
    assert "Another one" in iter(titles.next, None)


def test_a_load_that_fails_is_told(open_view: OpenView) -> None:
    view = open_view()
    failed = Recorder()
    view.on_load_failed(failed)
    view.load_url("http://nowhere.invalid/")
    url, message = failed.next()
    assert url == "http://nowhere.invalid/" and message


def test_close_lets_a_call_finish_and_then_ends_everything(open_view: OpenView) -> None:
    view = open_view()
    page = Page(view)
    gate, started, states = threading.Event(), Recorder(), Recorder()

    @view.bind_call("api.slow")
    def slow() -> str:
        started()
        gate.wait(10)
        return "done"

    view.on_lifecycle(states)
    call = page.start("api.slow")
    started.next()
    view.shutdown()
    with pytest.raises(ShutdownInProgressError):
        view.emit("late")
    gate.set()
    assert call.result() == "done"
    view.close()
    assert view.lifecycle == "destroyed"
    assert states.take(3) == ["close_requested", "destroying", "destroyed"]
    with pytest.raises(ShutdownInProgressError):
        page.call("api.slow")


def test_what_the_page_cannot_do_is_said(open_view: OpenView) -> None:
    view = open_view()
    with pytest.raises(JavaScriptError):
        view.eval_js_sync("this is no script")


@pytest.mark.parametrize("thread", ["own", "worker"])
def test_any_thread_may_ask(open_view: OpenView, thread: str) -> None:
    view = open_view()
    page = Page(view)
    view.bind_call("api.add", lambda a, b: a + b)
    said = Recorder()
    if thread == "own":
        said(page.call("api.add", 1, 2))
    else:
        worker = threading.Thread(target=lambda: said(page.call("api.add", 1, 2)))
        worker.start()
        worker.join()
    assert said.next() == 3
