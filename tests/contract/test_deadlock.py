"""Waits that cross (RFC 0002 pattern 3): both ways complete; what could never end is refused at once, by its name."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

import pytest

from auroraview import DeadlockDetectedError, WebView, run_on_main_thread_sync
from support.desktop import PATIENCE, until
from support.views import Recorder, contract, shown

MAIN = threading.main_thread().ident
#: Deadline of the waits that must be refused at once, in seconds, and what "at once" is.
LONG, AT_ONCE = 15.0, 5.0

ECHO = """<!doctype html><title>test</title><script>
    auroraview.on('ask', () => auroraview.api.inner().then(value => auroraview.send_event('answer', value)))
</script>"""


@contextmanager
def at_once() -> Iterator[None]:
    """Not by a deadline: those of the waits inside are far longer. The bound is generous."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < AT_ONCE


def refused(wait: Callable[[], Any]) -> str:
    with at_once(), pytest.raises(DeadlockDetectedError) as caught:
        wait()
    return str(caught.value)


# ---- both ways complete ----


@pytest.mark.needs("javascript")
@contract(html=ECHO)
def test_a_handler_waits_for_the_page_whose_answer_needs_the_same_thread(view: WebView) -> None:
    view.bind_call("api.inner", threading.get_ident)

    @view.bind_call("api.outer")
    def outer() -> list[int]:
        return [threading.get_ident(), view.eval_js_sync("auroraview.api.inner()")]

    one, other = view.eval_js_sync("auroraview.api.outer()")
    assert one == other


@pytest.mark.needs("javascript")
def test_a_handler_on_main_waits_for_a_page_whose_answer_needs_main() -> None:
    view = WebView(html="<script>onload = () => auroraview.send_event('go')</script>")
    seen: list[Any] = []
    view.bind_call("api.inner", lambda: run_on_main_thread_sync(threading.get_ident))

    @view.on("go")
    def go(data: object) -> None:
        seen.append(view.eval_js_sync("auroraview.api.inner()"))
        view.close()

    view.show()
    assert seen == [MAIN]


@pytest.mark.needs("javascript")
def test_a_handler_on_a_worker_needs_main_while_main_waits_for_its_page() -> None:
    with shown() as view:

        @view.bind_call("api.outer")
        def outer() -> list[int]:
            return [threading.get_ident(), run_on_main_thread_sync(threading.get_ident, timeout=LONG)]

        own, main = view.eval_js_sync("auroraview.api.outer()", timeout_ms=1000 * LONG)
        assert main == MAIN != own


@pytest.mark.needs("javascript")
def test_they_cross_again_inside() -> None:
    """main → page → worker's handler → job on main → page → worker's handler → ..., six levels."""
    with shown() as view:
        threads: list[int] = []

        def ask_page(depth: int) -> int:
            threads.append(threading.get_ident())
            return int(view.eval_js_sync(f"auroraview.api.down({depth})", timeout_ms=1000 * LONG))

        @view.bind_call("api.down")
        def down(depth: int) -> int:
            threads.append(threading.get_ident())
            if depth == 0:
                return 0
            return 1 + run_on_main_thread_sync(ask_page, depth - 1, timeout=LONG)

        with at_once():
            assert ask_page(6) == 6
        assert threads[0::2] == [MAIN] * 7 and len(set(threads[1::2])) == 1


@pytest.mark.needs("javascript")
def test_two_views_on_two_threads_ask_each_other() -> None:
    with shown() as first, shown() as second:
        first.bind_call("api.leaf", lambda: "leaf")
        second.bind_call("api.back", lambda: first.eval_js_sync("auroraview.api.leaf()"))
        first.bind_call("api.there", lambda: second.eval_js_sync("auroraview.api.back()"))
        with at_once():
            assert first.eval_js_sync("auroraview.api.there()") == "leaf"


@pytest.mark.needs("javascript")
def test_two_handlers_that_need_main_both_get_it_while_main_waits_for_both_pages() -> None:
    with shown() as first, shown() as second:
        for view in (first, second):
            view.bind_call("api.main", lambda: run_on_main_thread_sync(threading.get_ident, timeout=LONG))
        futures = [view.eval_js_async("auroraview.api.main()") for view in (first, second)]
        assert [future.result(LONG) for future in futures] == [MAIN, MAIN]


@pytest.mark.needs("javascript")
def test_close_on_main_lets_a_handler_that_needs_main_finish(caplog: pytest.LogCaptureFixture) -> None:
    with shown() as view:
        answers, entered, go_on = Recorder(), threading.Event(), threading.Event()

        @view.on("work")
        def work(data: object) -> None:
            entered.set()
            assert go_on.wait(PATIENCE)
            answers(run_on_main_thread_sync(threading.get_ident, timeout=LONG))

        view.eval_js("auroraview.send_event('work')")
        assert entered.wait(PATIENCE)
        threading.Timer(0.05, go_on.set).start()  # while main is in close()
        with at_once():
            view.close()
        assert answers.next() == MAIN and view.lifecycle == "destroyed"
    assert not caplog.records


# ---- what could never end is refused ----


@pytest.mark.needs("javascript")
@contract()
def test_a_handler_cannot_wait_for_its_own_view_to_end(view: WebView) -> None:
    words: list[str] = []

    @view.bind_call("api.wait")
    def wait() -> None:
        words.append(refused(lambda: view.wait(LONG)))
        words.append(refused(lambda: view.wait_for_drain(LONG)))

    view.eval_js_sync("auroraview.api.wait()")
    assert "the view is closed after its handlers returned" in words[0]
    assert "the handler is part of what must finish" in words[1]


@contract()
def test_an_observer_and_a_lifecycle_handler_cannot_either(view: WebView) -> None:
    words = Recorder()
    view.on_lifecycle(lambda state: words(refused(lambda: view.wait(LONG))))
    view.shutdown()
    for _ in range(3):
        assert "waits for itself" in words.next()
    assert view.wait(PATIENCE)


@pytest.mark.needs("javascript")
@contract()
def test_an_async_handler_must_await(view: WebView) -> None:
    @view.bind_call("api.later")
    async def later() -> str:
        words = [
            refused(lambda: view.eval_js_sync("1", timeout_ms=1000 * LONG)),
            refused(lambda: view.wait_for_drain(LONG)),
        ]
        return "\n".join([*words, str(await view.eval_js_async("40 + 2"))])

    words = view.eval_js_sync("auroraview.api.later()")
    assert "await view.eval_js_async" in words and words.endswith("42")


@pytest.mark.needs("javascript")
def test_main_cannot_wait_for_a_view_whose_handler_waits_for_a_job_below_on_mains_stack() -> None:
    with shown() as view:
        words: list[str] = []

        def job() -> int:
            words.append(refused(lambda: view.wait(LONG)))
            words.append(refused(lambda: view.wait_for_drain(LONG)))
            return int(view.eval_js_sync("auroraview.api.leaf()", timeout_ms=1000 * LONG))  # this one can be served

        view.bind_call("api.leaf", lambda: 7)
        view.bind_call("api.outer", lambda: run_on_main_thread_sync(job, timeout=LONG))
        assert view.eval_js_sync("auroraview.api.outer()", timeout_ms=1000 * LONG) == 7
        for each in words:
            assert "'MainThread' waits for thread 'auroraview-view' waits for thread 'MainThread'" in each


@pytest.mark.needs("javascript")
def test_close_in_such_a_job_returns_at_once_and_closes() -> None:
    with shown() as view:
        closed_in = Recorder()

        def job() -> None:
            with at_once():
                view.close()
            closed_in(view.is_shutdown)

        view.on("go", lambda data: run_on_main_thread_sync(job, timeout=LONG))
        view.eval_js("auroraview.send_event('go')")
        assert view.wait(PATIENCE)
        assert closed_in.next() is True


@pytest.mark.needs("javascript")
def test_a_cycle_over_three_threads_is_found() -> None:
    """first's handler waits for a job on main, the job for second's handlers, and one of these for first's."""
    with shown(title="first") as first, shown(title="second") as second:
        words, entered, go_on = Recorder(), threading.Event(), threading.Event()

        @second.on("wait")
        def wait(data: object) -> None:
            entered.set()
            assert go_on.wait(PATIENCE)
            words(refused(lambda: first.wait_for_drain(LONG)))

        def job() -> None:
            threading.Timer(0.05, go_on.set).start()  # when main waits
            second.wait_for_drain(LONG)

        second.eval_js("auroraview.send_event('wait')")
        assert entered.wait(PATIENCE)
        first.bind_call("api.go", lambda: run_on_main_thread_sync(job, timeout=LONG))
        first.eval_js_sync("auroraview.api.go()", timeout_ms=1000 * LONG)
        path = "'auroraview-second' waits for thread 'auroraview-first' waits for thread 'MainThread' waits for thread"
        assert path in words.next()


@pytest.mark.needs("javascript")
@contract()
def test_the_ninth_nested_wait_is_refused_and_the_eight_come_through(view: WebView) -> None:
    words: list[str] = []
    deepest = 0

    @view.bind_call("api.down")
    def down(depth: int) -> int:
        nonlocal deepest
        deepest = depth
        try:
            return 1 + int(view.eval_js_sync(f"auroraview.api.down({depth + 1})", timeout_ms=1000 * LONG))
        except DeadlockDetectedError as error:
            words.append(str(error))
            return 0

    with at_once():
        assert view.eval_js_sync("auroraview.api.down(1)", timeout_ms=1000 * LONG) == 8
    assert deepest == 9
    (only,) = words
    assert "8 handlers on this thread wait for each other" in only and "eval_js_async" in only
    assert view.eval_js_sync("1") == 1


@pytest.mark.needs("javascript")
@pytest.mark.parametrize("depth", [0, 3, 4, 5, 7])
def test_what_the_page_asks_before_the_wait_begins_is_served_at_every_depth(depth: int) -> None:
    """The answer to a script may come back as a call before the handler that ran the script waits for its result."""
    with shown() as view:
        view.bind_call("api.leaf", lambda: "leaf")

        @view.bind_call("api.down")
        def down(left: int) -> str:
            if left:
                return str(view.eval_js_sync(f"auroraview.api.down({left - 1})", timeout_ms=1000 * LONG))
            before = view.stats().accepted
            future = view.eval_js_async("auroraview.api.leaf()")
            until("the page's call", lambda: view.stats().accepted > before)  # the test's thread reads the link
            return str(future.result(AT_ONCE))

        assert view.eval_js_sync(f"auroraview.api.down({depth})", timeout_ms=1000 * LONG) == "leaf"


@pytest.mark.needs("javascript")
@contract()
def test_result_in_a_handler_is_bounded_in_depth_like_every_wait(view: WebView) -> None:
    words: list[str] = []

    @view.bind_call("api.down")
    def down(depth: int) -> None:
        if depth > 9:
            return
        try:
            view.eval_js_async(f"auroraview.api.down({depth + 1})").result(LONG)
        except DeadlockDetectedError as error:
            words.append(f"{depth}: {error}")

    with at_once():
        view.eval_js_sync("auroraview.api.down(1)", timeout_ms=1000 * LONG)
    (only,) = words
    assert only.startswith("9: 8 handlers on this thread")
