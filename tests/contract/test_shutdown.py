"""Closing (RFC 0002 "Graceful Shutdown"): nothing new, what was accepted finishes or is named, one deadline for all."""

from __future__ import annotations

import asyncio
import itertools
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from auroraview import DrainError, ShutdownInProgressError, WebView, _life
from support.desktop import PATIENCE, until
from support.ui_process import stopped_ui_process
from support.views import Recorder, contract, shown

pytestmark = pytest.mark.needs("javascript")


class Blocker:
    """A handler that runs until it is let go."""

    def __init__(self) -> None:
        self.entered, self.go_on = threading.Event(), threading.Event()

    def __call__(self, data: object = None) -> str:
        self.entered.set()
        assert self.go_on.wait(PATIENCE)
        return "done"


@contextmanager
def blocked(view: WebView) -> Iterator[Blocker]:
    """A handler of the view runs; the thread that runs the handlers is in it."""
    blocker = Blocker()
    view.on("block", blocker.__call__)
    view.eval_js("auroraview.send_event('block')")
    assert blocker.entered.wait(PATIENCE)
    try:
        yield blocker
    finally:
        blocker.go_on.set()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline of closing is 0.2 s instead of 5, and a UI process hangs after 0.25 s instead of 2."""
    monkeypatch.setattr(_life, "CLOSE_TIMEOUT", 0.2)
    monkeypatch.setattr(_life, "HANG_TIMEOUT", 0.25)


def counts(view: WebView) -> tuple[int, int]:
    stats = view.stats()
    return stats.accepted, stats.processed + stats.cancelled


# ---- nothing is lost ----

STORM = """<!doctype html><script>
    for (let n = 0; n < 300; n++) { auroraview.send_event('sync', n); auroraview.send_event('async', n);
        auroraview.api.sync(n).catch(() => 0); auroraview.api.later(n).catch(() => 0); }
    auroraview.on('tick', () => { auroraview.send_event('sync', -1); auroraview.api.later(-1).catch(() => 0); });
</script>"""


def test_under_load_everything_accepted_is_handled_or_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    view = WebView(html=STORM)
    came = Recorder()
    view.on("sync", came)
    view.bind_call("api.sync", lambda n: n)

    @view.on("async")
    async def handler(n: int) -> None:
        await asyncio.sleep(0)

    @view.bind_call("api.later")
    async def later(n: int) -> int:
        await asyncio.sleep(0.001 * (n % 3))
        return n

    refused = Recorder()

    def send() -> None:
        with pytest.raises(ShutdownInProgressError) as caught:
            for n in itertools.count():
                with view.begin_operation():
                    if n < 200:  # the page must be able to take all of it before the deadline of close()
                        view.emit("tick")
                        view.eval_js("1")
                        view.eval_js_async("auroraview.send_event('sync', -2)")
        refused(caught.value)

    view.show(wait=False)
    came.take(200)
    senders = [threading.Thread(target=send) for _ in range(8)]
    for sender in senders:
        sender.start()
    came.take(200)
    view.close()
    assert not caplog.records, caplog.text
    refused.take(8)
    accepted, settled = counts(view)
    assert accepted == settled and accepted >= 400
    assert view.stats().processed >= 400
    for sender in senders:
        sender.join(PATIENCE)


def test_closing_is_refused_for_new_work_and_the_page_is_told() -> None:
    with shown() as view, blocked(view):
        view.shutdown()
        assert view.is_shutdown and view.lifecycle in ("close_requested", "destroying")
        for new in (
            lambda: view.emit("x"),
            lambda: view.eval_js("1"),
            lambda: view.eval_js_sync("1"),
            lambda: view.eval_js_async("1"),
            lambda: view.load_html("x"),
            lambda: view.reload(),
            lambda: view.set_size(300, 200),
            lambda: view.begin_operation(),
            lambda: view.show(),
        ):
            with pytest.raises(ShutdownInProgressError):
                new()
        view.shutdown()  # again is harmless


def test_what_the_page_asks_while_it_closes_is_answered_as_closed() -> None:
    with shown() as view:
        answers, blocker, ran = Recorder(), Blocker(), Recorder()
        view.bind_call("api.block", blocker.__call__)
        view.bind_call("api.late", ran)
        ask = "auroraview.api.late().then(() => done('answered'), error => done(error.code))"
        view.eval_js_sync("window.first = auroraview.api.block(); 0")
        view.eval_js_async(f"new Promise(done => auroraview.on('ask', () => {ask}))", lambda *answer: answers(answer))
        assert blocker.entered.wait(PATIENCE)
        with view.begin_operation():
            view.emit("ask")
            view.shutdown()
        blocker.go_on.set()
        assert answers.next() in (("CLOSED", None), ("CANCELLED", None))
        assert ran.is_empty()


@contract()
def test_a_handler_that_runs_finishes_and_its_answer_arrives(view: WebView) -> None:
    blocker, answered = Blocker(), Recorder()
    view.bind_call("api.block", blocker.__call__)
    view.eval_js_async("auroraview.api.block()", lambda value, error: answered((value, error)))
    assert blocker.entered.wait(PATIENCE)
    view.shutdown()
    blocker.go_on.set()
    assert answered.next() == ("done", None)
    assert view.wait(PATIENCE) and counts(view)[0] == view.stats().processed


def test_an_async_handler_of_a_call_finishes_and_its_answer_arrives() -> None:
    with shown() as view:
        entered, answered = Recorder(), Recorder()

        @view.bind_call("api.later")
        async def later() -> str:
            entered()
            await asyncio.sleep(0.05)  # stands for its work
            return "later"

        view.eval_js_async("auroraview.api.later()", lambda value, error: answered((value, error)))
        entered.next()
        view.close()
        assert answered.next() == ("later", None)


def test_what_was_emitted_before_close_arrives() -> None:
    with shown() as view:
        last = Recorder()
        view.eval_js_async(
            "new Promise(done => auroraview.on('n', n => { if (n === 199) done(n) }))", lambda *answer: last(answer)
        )
        for n in range(200):
            view.emit("n", n)
        view.close()
        assert last.next() == (199, None)


def test_handlers_may_still_listen_and_look_while_closing() -> None:
    with shown() as view, blocked(view):
        view.shutdown()
        view.on("x", print)
        view.off("x")
        view.bind_call("api.x", print)
        assert view.stats().accepted >= 1 and "WebView" in repr(view)


# ---- work of the host's own ----


def test_an_operation_holds_close_until_it_is_done() -> None:
    with shown() as view:
        operation = view.begin_operation()
        closer = threading.Thread(target=view.close)
        closer.start()
        until("the request", lambda: view.is_shutdown)
        assert not view.wait(0.2) and view.lifecycle == "close_requested"
        operation.done()
        operation.done()  # again is harmless
        assert view.wait(PATIENCE)
        closer.join(PATIENCE)
        with pytest.raises(ShutdownInProgressError):
            view.begin_operation()


def test_operations_of_several_threads_are_all_waited_for() -> None:
    with shown() as view:
        done, begun, go_on = Recorder(), Recorder(), threading.Event()

        def work(n: int) -> None:
            with view.begin_operation():
                begun()
                assert go_on.wait(PATIENCE)
                done((n, view.lifecycle))

        workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for worker in workers:
            worker.start()
        begun.take(4)
        view.shutdown()
        go_on.set()
        assert view.wait(PATIENCE)
        assert sorted(done.take(4)) == [(n, "close_requested") for n in range(4)]
        for worker in workers:
            worker.join(PATIENCE)


@pytest.mark.usefixtures("impatient")
def test_an_operation_holds_close_no_longer_than_the_deadline(caplog: pytest.LogCaptureFixture) -> None:
    with shown() as view:
        operation = view.begin_operation()
        view.close()
        assert view.lifecycle == "destroyed"
        (record,) = caplog.records
        assert "operations of the host: 1" in record.getMessage()
        operation.done()


# ---- the deadline ----


@pytest.mark.usefixtures("impatient")
def test_a_missed_deadline_names_the_handler(caplog: pytest.LogCaptureFixture) -> None:
    with shown("<!doctype html>", title="Exporter") as view, blocked(view):
        view.close()
        (record,) = [each for each in caplog.records if each.levelname == "WARNING"]
        assert "Exporter: close() does not wait any longer" in record.getMessage()
        assert re.search(r"Blocker\.__call__ \(test_shutdown\.py:\d+\) runs", record.getMessage())
        assert view.is_alive() and view.is_shutdown
    assert view.wait(PATIENCE)


@pytest.mark.usefixtures("impatient")
def test_a_missed_deadline_names_a_handler_that_answers_a_call(caplog: pytest.LogCaptureFixture) -> None:
    with shown() as view:
        blocker = Blocker()
        view.on("export", blocker.__call__)
        view.eval_js("auroraview.call('export')")
        assert blocker.entered.wait(PATIENCE)
        view.close()
        assert "Blocker.__call__ (test_shutdown.py" in caplog.text
        blocker.go_on.set()


@pytest.mark.usefixtures("impatient")
def test_an_async_handler_that_will_not_end_is_cancelled_and_named(caplog: pytest.LogCaptureFixture) -> None:
    with shown() as view:
        entered, cancelled = Recorder(), Recorder()

        @view.bind_call("api.forever")
        async def forever() -> None:
            entered()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled("cancelled")

        view.eval_js("auroraview.api.forever()")
        entered.next()
        view.close()
        assert cancelled.next() == "cancelled"
        assert view.wait(PATIENCE)
        accepted, settled = counts(view)
        assert accepted == settled == 1


def test_a_ui_process_that_does_nothing_is_not_waited_for_longer_than_the_deadline(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_life, "CLOSE_TIMEOUT", 0.2)  # but 2 s, as always, for a busy machine to kill the process in
    with shown() as view, stopped_ui_process():
        view.close()
        assert view.lifecycle == "destroyed"
    assert "the UI process has not answered yet" in caplog.text


@pytest.mark.usefixtures("impatient")
def test_a_script_that_nobody_waits_for_any_more_does_not_hold_the_close(caplog: pytest.LogCaptureFixture) -> None:
    with shown() as view:
        with pytest.raises(TimeoutError):
            view.eval_js_sync("new Promise(() => {})", timeout_ms=20)
        view.close()
    assert not caplog.records, caplog.text


def test_waiting_for_async_handlers_to_end_costs_nothing() -> None:
    """The end of one wakes the closing thread while it waits for the other; it goes to sleep again."""
    with shown() as view:
        entered = Recorder()

        async def first(data: object) -> None:
            entered()
            await asyncio.sleep(0.05)

        async def second(data: object) -> None:
            entered()
            await asyncio.sleep(1)  # the quantity measured is what the process does in this time

        view.on("work", first)
        view.on("work", second)
        view.eval_js("auroraview.send_event('work')")
        entered.take(2)
        before = time.process_time()
        view.close()
        assert time.process_time() - before < 0.25


# ---- wait_for_drain ----


@contract()
def test_wait_for_drain_waits_for_what_was_accepted(view: WebView) -> None:
    ran = Recorder()
    blocker = Blocker()
    view.on("block", blocker.__call__)
    view.on("n", ran)
    view.eval_js_sync("auroraview.send_event('block'); for (let n = 0; n < 100; n++) auroraview.send_event('n', n)")
    assert blocker.entered.wait(PATIENCE)
    threading.Timer(0.05, blocker.go_on.set).start()  # while this thread waits
    view.wait_for_drain(PATIENCE)
    assert ran.take(100) == list(range(100))
    view.wait_for_drain(0)  # nothing is left: no wait


@contract()
def test_wait_for_drain_names_what_is_left(view: WebView) -> None:
    with blocked(view) as blocker:
        with pytest.raises(DrainError, match=r"not finished within 0.05 s: .*Blocker\.__call__ \(test_shutdown\.py"):
            view.wait_for_drain(0.05)
        with pytest.raises(DrainError):
            view.wait_for_drain(0)
        blocker.go_on.set()
        view.wait_for_drain(PATIENCE)


def test_wait_for_drain_waits_for_operations_and_after_close_for_nothing() -> None:
    with shown() as view:
        with view.begin_operation(), pytest.raises(DrainError, match="operations of the host: 1"):
            view.wait_for_drain(0.05)
        view.wait_for_drain(PATIENCE)
    view.wait_for_drain(0)


def test_the_end_of_a_block_is_the_end_of_the_view() -> None:
    with shown() as view:
        assert view.is_alive()
    assert view.lifecycle == "destroyed" and view.is_shutdown and not view.is_alive()
    assert view.wait(0)
