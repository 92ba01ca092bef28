"""Views that everybody closes at once, and producers that do not stop for it."""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import suppress

import pytest

from auroraview import QueueFull, ShutdownInProgressError, WebView
from support.chaos import Chaos, Crew
from support.desktop import PATIENCE, Desktop, until
from support.views import Recorder, shown

#: How long closing may take before it counts as hanging, in seconds.
HANGS = 5.0


def test_c6_closed_from_everywhere_at_once(chaos: Chaos, desktop: Desktop) -> None:
    """The page, a thread, the window's X and a handler, in the same moment: one end, told once."""
    rounds = chaos.count(20, 500)
    took: list[float] = []
    reasons = {"host": 0, "user": 0}
    all_closed: list[Recorder] = []
    for _ in range(rounds):
        closed = Recorder()
        page = "<p><script>auroraview.on('now', () => auroraview.api.close())</script>"
        with shown(page) as view:
            view.on_closed(closed)
            if chaos.random.random() < 0.5:
                view.on_closing(lambda: True)
            view.bind_call("api.close", view.close)
            window = until("the window", lambda view=view: view.window_handle)

            def by_handler(view: WebView = view) -> None:
                with suppress(ShutdownInProgressError):
                    view.eval_js_async("1", lambda value, error: view.close())

            def by_user(window: int = window) -> None:
                with suppress(subprocess.CalledProcessError):  # it is gone already
                    desktop.press_close_button(window)

            def by_page(view: WebView = view) -> None:
                with suppress(ShutdownInProgressError):
                    view.emit("now")

            ways = chaos.random.sample([by_handler, by_user, by_page, view.close], chaos.random.randrange(1, 5))
            if by_user in ways and chaos.random.random() < 0.5:
                ways.remove(by_user)
                by_user()  # asked before the others, and handled while they ask
            start = threading.Barrier(len(ways) or 1)
            crew = Crew()
            for way in ways:
                crew.start(lambda way=way, start=start: (start.wait(PATIENCE), way()))
            begun = time.monotonic()
            assert view.wait(PATIENCE), [way.__name__ for way in ways]
            took.append(time.monotonic() - begun)
            crew.join()
            assert view.lifecycle == "destroyed"
        reasons[closed.next()] += 1
        all_closed.append(closed)
    assert all(closed.is_empty() for closed in all_closed)
    assert max(took) < HANGS
    chaos.report("C6", rounds=rounds, by_host=reasons["host"], by_user=reasons["user"], closed_after=took)


def test_c7_producers_during_close(chaos: Chaos) -> None:
    """Each message is accepted or refused with an error; nobody hangs; after close everybody is refused."""
    rounds, producers = chaos.count(5, 200), 8
    accepted, queue_full, took = 0, 0, []
    for _ in range(rounds):
        with shown() as view:
            handled = Recorder()
            view.on("n", handled)
            view.bind_call("api.count", lambda n: n)
            view.eval_js("""
                setInterval(() => { auroraview.send_event("n", 1); auroraview.api.count(2) }, 0); return 0""")
            handled.next()
            counts = [0] * producers
            full = [0] * producers
            ready = threading.Barrier(producers + 1)

            def produce(
                who: int, view: WebView = view, counts: list[int] = counts, full: list[int] = full,
                ready: threading.Barrier = ready,
            ) -> None:  # fmt: skip
                ready.wait(PATIENCE)
                with pytest.raises(ShutdownInProgressError):
                    while True:
                        try:
                            view.emit("m", [who, counts[who]])
                            counts[who] += 1
                        except QueueFull:
                            full[who] += 1
                with pytest.raises(ShutdownInProgressError):
                    view.emit("m", 0)

            crew = Crew()
            for who in range(producers):
                crew.start(produce, who)
            ready.wait(PATIENCE)
            reached = chaos.random.randrange(2000)
            until("so many messages", lambda counts=counts, reached=reached: sum(counts) >= reached)
            begun = time.monotonic()
            view.close()
            crew.join()
            assert view.wait(PATIENCE)
            took.append(time.monotonic() - begun)
            if hasattr(view, "stats"):
                stats = view.stats()
                assert stats.accepted == stats.processed + stats.cancelled, stats
            accepted += sum(counts)
            queue_full += sum(full)
    chaos.report("C7", rounds=rounds, producers=producers, accepted=accepted, queue_full=queue_full, closed_after=took)
