"""One drain in every run mode (seed 000 section 9.2): budgets, hosts that pump, and frames."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from auroraview import EvalTimeoutError, ProcessorConfig, ThreadSafetyError, WebView
from support.desktop import PATIENCE, until
from support.views import Recorder, shown

pytestmark = pytest.mark.needs("javascript")

#: A frame, in milliseconds: so long that the work of one certainly fits, also on a machine that is busy.
FRAME = 400.0
PUMPED = ProcessorConfig(self_pump=True)


def pump(view: WebView, done: Any) -> None:
    """What a timer of the host does, until something holds."""
    timer = threading.Event()
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        view.process_events()
        timer.wait(0.002)


def open_pumped(config: ProcessorConfig, html: str = "<p>") -> WebView:
    """A view that this thread pumps, its page loaded and nothing left to do."""
    view = WebView(html=html, processor=config)
    loaded: list[str] = []
    view.on_loaded(loaded.append)
    view.show()  # returns, although it is not told not to wait
    pump(view, lambda: loaded)
    return view


def send_from_page(view: WebView, script: str) -> None:
    """Runs a script; when this returns, what the page sent in it is in the host's queue, and nothing is handled."""
    before = view.stats().accepted
    view.eval_js(script)
    with ThreadPoolExecutor(1) as pool:  # another thread reads the link and leaves the view's messages alone
        pool.submit(lambda: view.eval_js_sync("1")).result()
    assert view.stats().accepted >= before


# ---- presets ----


def test_the_presets_are_those_of_the_run_modes() -> None:
    assert ProcessorConfig.standalone() == ProcessorConfig("full", 0, 0, 16.0, False)
    assert ProcessorConfig.qt_embedded() == ProcessorConfig("ipc_only", 64, 1.0, 16.0, True)
    assert ProcessorConfig.legacy_embedded() == ProcessorConfig("full", 256, 10.0, 16.0, True)


@pytest.mark.parametrize("preset", ["standalone", "qt_embedded", "legacy_embedded"])
def test_every_preset_works_whole(preset: str) -> None:
    config: ProcessorConfig = getattr(ProcessorConfig, preset)()
    seen = Recorder()
    page = """<script>auroraview.on('n', n => auroraview.api.add(n, 1).then(sum => auroraview.send_event('sum', sum)))
        </script>"""
    with WebView(html=page, processor=config) as view:
        view.on("sum", seen)
        view.bind_call("api.add", lambda a, b: a + b)
        for n in range(300):
            view.emit("n", n)
        view.show(wait=False)
        if config.self_pump:
            pump(view, lambda: len(seen.threads) and view.stats().processed == 600)
            assert seen.threads == {threading.get_ident()}
        assert seen.take(300) == [n + 1 for n in range(300)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mode": "fast"}, "mode must be one of full, ipc_only, batch, not 'fast'"),
        ({"max_messages": -1}, "max_messages must not be negative"),
        ({"max_ms": float("nan")}, "max_ms must not be negative"),
        ({"frame_ms": -0.5}, "frame_ms must not be negative"),
    ],
)
def test_bad_values_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        WebView(processor=ProcessorConfig(**change))


# ---- hosts that pump ----


def test_the_three_names_are_one_function() -> None:
    assert WebView.process_ipc_only is WebView.process_events is WebView.process_events_ipc_only


@pytest.mark.parametrize("name", ["process_events", "process_ipc_only", "process_events_ipc_only"])
def test_it_is_true_once_the_view_is_closed(name: str) -> None:
    view = open_pumped(ProcessorConfig.qt_embedded())
    process = getattr(view, name)
    assert process() is False
    view.shutdown()
    deadline = time.monotonic() + PATIENCE
    timer = threading.Event()
    while not process():
        assert time.monotonic() < deadline
        timer.wait(0.002)
    assert view.lifecycle == "destroyed" and process() is True


def test_leaving_the_block_closes_it() -> None:
    with open_pumped(PUMPED) as view:
        view.on("late", print)
        view.eval_js("auroraview.send_event('late', 1)")
    assert view.lifecycle == "destroyed"


def test_before_show_there_is_nothing_to_do() -> None:
    with WebView(html="<p>", processor=PUMPED) as view:
        assert view.process_events() is False
    assert view.process_events() is True


def test_it_never_waits() -> None:
    with open_pumped(PUMPED) as view:
        began = time.monotonic()
        for _ in range(200):
            view.process_events()
        assert time.monotonic() - began < PATIENCE / 4


def test_another_thread_may_not_pump() -> None:
    with open_pumped(PUMPED) as view, ThreadPoolExecutor(1) as pool:
        with pytest.raises(ThreadSafetyError, match="run on thread 'MainThread'; call process_events"):
            pool.submit(view.process_events).result()
    with shown() as view, pytest.raises(ThreadSafetyError, match=r"auroraview-view.*or make the view with processor="):
        view.process_events()


def test_no_more_messages_than_the_budget_in_one_turn() -> None:
    seen: list[int] = []
    with open_pumped(ProcessorConfig(max_messages=7, self_pump=True)) as view:
        view.on("n", seen.append)
        send_from_page(view, "for (let n = 0; n < 30; n++) auroraview.send_event('n', n)")
        sizes = []
        while len(seen) < 30:
            before = len(seen)
            view.process_events()
            sizes.append(len(seen) - before)
        assert max(sizes) <= 7 and len(sizes) >= 5 and seen == list(range(30))


def test_no_message_begins_after_the_budgets_time() -> None:
    seen: list[int] = []
    with open_pumped(ProcessorConfig(max_ms=1.0, self_pump=True)) as view:

        @view.on("n")
        def slow(n: int) -> None:
            until = time.monotonic() + 0.002
            while time.monotonic() < until:  # it works for longer than a turn may
                pass
            seen.append(n)

        send_from_page(view, "for (let n = 0; n < 5; n++) auroraview.send_event('n', n)")
        sizes = []
        while len(seen) < 5:
            before = len(seen)
            view.process_events()
            sizes.append(len(seen) - before)
        assert max(sizes) == 1 and seen == list(range(5))


def test_between_two_turns_the_pumping_thread_may_wait_for_its_page() -> None:
    with open_pumped(PUMPED) as view:
        view.bind_call("api.add", lambda a, b: a + b)
        assert view.eval_js_sync("auroraview.api.add(1, 2)") == 3
        assert view.eval_js_async("auroraview.api.add(3, 4)").result(PATIENCE) == 7
        view.wait_for_drain(PATIENCE)
        assert view.wait(0.01) is False
        view.shutdown()
        assert view.wait(PATIENCE)


# ---- frames ----


def batches(times: list[float]) -> list[int]:
    """Sizes of the groups of moments that are closer together than half a frame."""
    sizes = [1]
    for earlier, later in zip(times, times[1:]):
        if later - earlier < FRAME / 2000:
            sizes[-1] += 1
        else:
            sizes.append(1)
    return sizes


def test_in_batch_mode_what_comes_within_a_frame_is_handled_together() -> None:
    """A page that sends something every 20 ms is heard once a frame."""
    times: list[float] = []
    done = Recorder()
    with shown(processor=ProcessorConfig(mode="batch", frame_ms=FRAME)) as view:

        @view.on("n")
        def came(n: int) -> None:
            times.append(time.monotonic())
            if n == 59:
                done()

        view.eval_js("let n = 0; const timer = setInterval(() => { auroraview.send_event('n', n); if (++n === 60) "
                     "clearInterval(timer) }, 20)")  # fmt: skip
        done.next()
    sizes = batches(times)
    assert len(sizes) <= 8 and max(sizes) >= 10, sizes
    assert sum(sizes) == 60


def test_in_batch_mode_the_last_message_is_handled_although_nothing_else_comes() -> None:
    with shown(processor=ProcessorConfig(mode="batch", frame_ms=FRAME)) as view:
        seen = Recorder()
        view.on("n", seen)
        view.eval_js("auroraview.send_event('n', 1); setTimeout(() => auroraview.send_event('n', 2), 100)")
        assert seen.take(2) == [1, 2]


def test_in_batch_mode_what_is_urgent_is_not_kept_waiting() -> None:
    """A frame of an hour: what is urgent gets through, so do deadlines and the close, and what was accepted with it."""
    hour = ProcessorConfig(mode="batch", frame_ms=3_600_000)
    with WebView(html="<p>", processor=hour) as view:
        states, seen = Recorder(), Recorder()
        view.on_lifecycle(states)
        view.on("n", seen)
        view.show(wait=False)
        assert states.next() == "active"
        view.eval_js_sync("auroraview.send_event('n', 1)", timeout_ms=1000 * PATIENCE)
        timed = view.eval_js_async("new Promise(done => setTimeout(done, 300))", timeout_ms=30)
        with pytest.raises(EvalTimeoutError):
            timed.result(PATIENCE)
        assert seen.is_empty()
        view.close()
        assert states.take(3) == ["close_requested", "destroying", "destroyed"]
        assert seen.next() == 1


def test_in_batch_mode_a_call_that_is_cancelled_in_its_frame_never_starts() -> None:
    ran, entered, go_on = Recorder(), threading.Event(), threading.Event()
    with shown(processor=ProcessorConfig(mode="batch", frame_ms=FRAME)) as view:
        view.bind_call("api.never", ran)

        @view.bind_call("api.block")
        def block() -> None:
            entered.set()
            assert go_on.wait(PATIENCE)

        view.eval_js("window.first = auroraview.api.block(); 0")
        assert entered.wait(PATIENCE)
        view.eval_js_sync("""window.stop = new AbortController();
            window.second = auroraview.call('api.never', 1, {signal: stop.signal}).catch(error => error.code);
            stop.abort()""")
        try:
            assert view.eval_js_sync("second") == "CANCELLED"
        finally:
            go_on.set()
        until("the end of both", lambda: view.stats().cancelled == 1)
        assert ran.is_empty()
