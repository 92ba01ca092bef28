"""``ThreadSafetyConfig``: its values are those that waits really use."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from auroraview import (
    EvalTimeoutError,
    QueueFull,
    ThreadDispatchTimeoutError,
    ThreadSafetyConfig,
    ThreadSafetyError,
    WebView,
    _core,
    run_on_main_thread_sync,
)
from support import processes
from support.desktop import PATIENCE, until
from support.views import Recorder, shown

#: A script that answers later than anybody waits here, but does: else close() would wait for it.
LATE = "new Promise(done => setTimeout(done, 300))"
LARGE = "x" * (15 << 20)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = ThreadSafetyConfig.current()
    yield
    before.apply()


def test_the_defaults_are_those_of_the_rfc() -> None:
    config = ThreadSafetyConfig()
    assert config[:4] == (5000, 30000, 3, 100)
    assert config.debug_lock_order == _core.LOCK_ORDER_CHECKED
    assert ThreadSafetyConfig.current() == config


@pytest.mark.needs("javascript")
def test_the_time_of_scripts() -> None:
    ThreadSafetyConfig(js_eval_timeout_ms=40).apply()
    with shown() as view:
        with pytest.raises(EvalTimeoutError, match="within 40 ms"):
            view.eval_js_sync(LATE)
        with pytest.raises(EvalTimeoutError, match="within 40 ms"):
            view.eval_js_async(LATE).result(PATIENCE)
        with pytest.raises(EvalTimeoutError, match="within 20 ms"):  # its own comes first
            view.eval_js_sync(LATE, timeout_ms=20)
        ThreadSafetyConfig().apply()
        assert view.eval_js_sync("new Promise(done => setTimeout(() => done(1), 80))") == 1


def test_the_time_of_the_main_thread() -> None:
    ThreadSafetyConfig(main_thread_timeout_ms=30).apply()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(run_on_main_thread_sync, print)
        with pytest.raises(ThreadDispatchTimeoutError, match="within 0.03 s"):
            asked.result()


def full() -> WebView:
    view = WebView(html="<script>window.seen = 0; auroraview.on('n', () => { seen++ })</script>")
    for _ in range(5):
        view.emit("n", LARGE)
    return view


@pytest.mark.needs("javascript")
def test_a_thread_that_may_wait_waits_for_room() -> None:
    ThreadSafetyConfig(max_retries=1, retry_delay_ms=1000 * PATIENCE).apply()
    with full() as view:
        with pytest.raises(QueueFull):  # the main thread never waits
            view.emit("n", 1)
        sent = Recorder()
        sender = threading.Thread(target=lambda: sent(view.emit("n", 6)))
        sender.start()
        view.show(wait=False)
        assert sent.next() is None
        sender.join(PATIENCE)
        until("all", lambda: view.eval_js_sync("window.seen", timeout_ms=1000 * PATIENCE) == 6)


def test_it_tries_as_often_as_it_may_and_no_more() -> None:
    with full() as view, ThreadPoolExecutor(1) as pool:
        for config in (ThreadSafetyConfig(max_retries=0), ThreadSafetyConfig(max_retries=3, retry_delay_ms=10)):
            config.apply()
            with pytest.raises(QueueFull) as caught:
                pool.submit(view.emit, "n", 6).result(PATIENCE)
            assert caught.value.queue_len == 5


@pytest.mark.needs("javascript")
def test_a_thread_that_runs_handlers_and_the_loop_of_async_ones_never_wait() -> None:
    ThreadSafetyConfig(max_retries=1, retry_delay_ms=1000 * PATIENCE).apply()
    with shown() as view, full() as other:

        @view.bind_call("api.plain")
        def plain() -> str:
            with pytest.raises(QueueFull):
                other.emit("n", 1)
            return "plain"

        @view.bind_call("api.later")
        async def later() -> str:
            with pytest.raises(QueueFull):
                other.emit("n", 1)
            return "later"

        answers = view.eval_js_sync("Promise.all([auroraview.api.plain(), auroraview.api.later()])", timeout_ms=10_000)
        assert answers == ["plain", "later"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"js_eval_timeout_ms": 0}, "js_eval_timeout_ms must be more than 0 ms, not 0"),
        ({"main_thread_timeout_ms": -1}, "main_thread_timeout_ms must be more than 0"),
        ({"js_eval_timeout_ms": float("nan")}, "js_eval_timeout_ms"),
        ({"max_retries": -1}, "max_retries must not be negative"),
        ({"retry_delay_ms": -0.1}, "retry_delay_ms must not be negative"),
    ],
)
def test_bad_values_are_refused_and_change_nothing(change: dict[str, Any], words: str) -> None:
    before = ThreadSafetyConfig.current()
    with pytest.raises(ValueError, match=words):
        ThreadSafetyConfig(**change).apply()
    assert ThreadSafetyConfig.current() is before


@pytest.mark.needs("javascript")
def test_the_check_of_the_lock_order_is_on_or_refused() -> None:
    if _core.LOCK_ORDER_CHECKED:
        ThreadSafetyConfig(debug_lock_order=True).apply()
        with shown() as view:
            assert view.eval_js_sync("1 + 1") == 2
        ThreadSafetyConfig(debug_lock_order=False).apply()
        return
    with pytest.raises(ThreadSafetyError, match="no check of the lock order.*--features lock-order"):
        ThreadSafetyConfig(debug_lock_order=True).apply()


@pytest.mark.needs("javascript")
def test_it_holds_for_the_whole_process_and_from_its_start() -> None:
    program = processes.start_python("""
        import auroraview
        auroraview.ThreadSafetyConfig(js_eval_timeout_ms=50).apply()
        view = auroraview.WebView(html="<p>")
        view.show(wait=False)
        try:
            view.eval_js_sync("new Promise(done => setTimeout(done, 300))")
        except TimeoutError as error:
            print(str(error)[:41])
    """, env=dict(os.environ))  # fmt: skip
    out, err = program.communicate(timeout=PATIENCE)
    assert (out, err) == ("the script gave no result within 50 ms; i\n", "")
