"""Many producers and busy processors: nothing is lost, every sender's order is kept, nobody starves."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext

import pytest

from auroraview import QueueFull, WebView
from support.chaos import Chaos, Crew, burning
from support.desktop import PATIENCE, until
from support.views import Recorder, shown

#: Counts what comes from each sender, and what comes out of order.
COUNTING_PAGE = """<script>
    window.next = {}; window.wrong = 0; window.total = 0;
    auroraview.on("m", ([who, n]) => { if ((next[who] ?? 0) !== n) wrong++; next[who] = n + 1; total++ });
</script>"""
#: Sends from several tasks of the page at once, each with its own numbers.
SENDING_PAGE = """<script>
    window.send = async (who, count) => {
        for (let n = 0; n < count; n++) {
            for (;;) {
                try { auroraview.send_event("m", [who, n]); break }
                catch (error) { if (error.code !== "QUEUE_FULL") throw error; await auroraview.drained() }
            }
            if (n % 64 === who) await null;
        }
    };
</script>"""


def produce(view: WebView, who: int, count: int) -> None:
    n = 0
    while n < count:
        try:
            view.emit("m", [who, n])
            n += 1
        except QueueFull:
            view.eval_js_sync("0", timeout_ms=5000 * PATIENCE)  # it is behind everything that waits


@pytest.mark.parametrize("busy", [0, 1], ids=["idle", "busy"])
@pytest.mark.parametrize("producers", [1, 8])
def test_c8_python_to_page(chaos: Chaos, producers: int, busy: int) -> None:
    each = chaos.count(25_000, 1_000_000 // 4) // producers
    with shown(COUNTING_PAGE) as view, burning(busy) if busy else nullcontext():
        begun = time.monotonic()
        crew = Crew()
        for who in range(producers):
            crew.start(produce, view, who, each)
        crew.join(100 * PATIENCE)
        seen = view.eval_js_sync("return {total, wrong, next}", timeout_ms=5000 * PATIENCE)
        took = time.monotonic() - begun
    assert seen == {"total": each * producers, "wrong": 0, "next": {str(who): each for who in range(producers)}}
    rate = round(each * producers / took)
    chaos.report("C8 to page", producers=producers, busy=busy, messages=seen["total"], lost=0, per_second=rate)


@pytest.mark.parametrize("busy", [0, 1], ids=["idle", "busy"])
@pytest.mark.parametrize("producers", [1, 8])
def test_c8_page_to_python(chaos: Chaos, producers: int, busy: int) -> None:
    each = chaos.count(25_000, 1_000_000 // 4) // producers
    following = [0] * producers
    wrong: list[tuple[int, int]] = []
    done = threading.Event()
    with shown(SENDING_PAGE) as view, burning(busy) if busy else nullcontext():

        @view.on("m")
        def take(message: list[int]) -> None:
            who, n = message
            if following[who] != n:
                wrong.append((who, n))
            following[who] = n + 1
            if n + 1 == each and all(reached == each for reached in following):
                done.set()

        begun = time.monotonic()
        view.eval_js(f"for (let who = 0; who < {producers}; who++) send(who, {each}); return 0")
        assert done.wait(100 * PATIENCE), following
        took = time.monotonic() - begun
    assert not wrong
    messages = each * producers
    chaos.report(
        "C8 to Python", producers=producers, busy=busy, messages=messages, lost=0, per_second=round(messages / took)
    )


def test_a_click_beside_heavy_traffic(chaos: Chaos) -> None:
    """How long a click takes to Python and back while Python sends 20,000 events a second to the same page."""
    clicks = chaos.count(50, 2000)
    page = """<script>
        window.events = 0;
        auroraview.on("load", () => { events++ });
        window.click = async (count) => {
            const took = [];
            for (let n = 0; n < count; n++) {
                await new Promise((resolve) => setTimeout(resolve, 5));
                const begun = performance.now();
                await auroraview.api.click(n);
                took.push(performance.now() - begun);
            }
            return took;
        };
    </script>"""
    stop = threading.Event()
    sent = 0

    def flood(view: WebView) -> None:
        nonlocal sent
        begun = time.monotonic()
        while not stop.wait(0.005):
            while sent < 20_000 * (time.monotonic() - begun):
                view.emit("load", sent)
                sent += 1

    with shown(page) as view:
        view.bind_call("api.click", lambda n: n)
        alone = view.eval_js_sync(f"click({clicks})", timeout_ms=5000 * PATIENCE)
        crew = Crew()
        crew.start(flood, view)
        begun = time.monotonic()
        beside = view.eval_js_sync(f"click({clicks})", timeout_ms=5000 * PATIENCE)
        took = time.monotonic() - begun
        stop.set()
        crew.join(PATIENCE)
        assert view.eval_js_sync("events", timeout_ms=1000 * PATIENCE) == sent
    chaos.report(
        "click", clicks=clicks, alone=[ms / 1000 for ms in alone], events_per_second=round(sent / took),
        beside_the_traffic=[ms / 1000 for ms in beside],
    )  # fmt: skip


def test_c9_busy_python_threads(chaos: Chaos) -> None:
    """Four threads that only compute share the lock of Python with the handlers: calls wait for it, but all return.

    The tick is a page's timer of 10 ms (the page must not notice Python at all); the call is page, Python, page.
    """
    calls = chaos.count(40, 2000)
    page = """<script>
        window.ticks = []; let last = performance.now();
        setInterval(() => { const now = performance.now(); ticks.push(now - last); last = now }, 10);
        window.measure = async (count) => {
            const took = [];
            for (let n = 0; n < count; n++) {
                const begun = performance.now();
                if (await auroraview.api.add(n, 1) !== n + 1) throw new Error("wrong answer");
                took.push(performance.now() - begun);
            }
            return {took, ticks};
        };
    </script>"""
    with shown(page) as view:
        view.bind_call("api.add", lambda a, b: a + b)
        alone = view.eval_js_sync(f"measure({calls})", timeout_ms=5000 * PATIENCE)
        with burning(4):
            reply = Recorder()
            view.eval_js_async(
                f"window.ticks = []; return measure({calls})",
                lambda value, error: reply(error or value),
                timeout_ms=int(5000 * PATIENCE),
            )
            begun = time.monotonic()
            assert view.eval_js_sync("6 * 7", timeout_ms=1000 * PATIENCE) == 42
            sync = time.monotonic() - begun
            until("the calls", lambda: not reply.is_empty())
            busy = reply.next()
    assert isinstance(busy, dict), busy

    def seconds(values: list[float]) -> list[float]:
        return [value / 1000 for value in values]

    chaos.report(
        "C9", calls=calls, call_alone=seconds(alone["took"]), call_beside_4_busy=seconds(busy["took"]),
        page_tick=seconds(busy["ticks"]), eval_beside_4_busy=f"{1000 * sync:.3g}ms",
    )  # fmt: skip
    assert len(busy["took"]) == calls
