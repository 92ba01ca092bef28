"""What a view costs its host: no wake-ups when idle, little memory, no lock on Python, nothing left behind."""

from __future__ import annotations

import gc
import os
import threading
import time

import pytest

from auroraview import WebView, _process
from support import processes
from support.desktop import PATIENCE, until
from support.views import Recorder

pytestmark = pytest.mark.needs("javascript")

IDLE_SECONDS = 5.0
#: Threads that WebKitGTK and its allocator start in every process that shows a page.
OF_ENGINE = ("PressureMonitor", "auroraview-ui:helper")


def test_an_idle_window_wakes_nobody() -> None:
    """Neither process has anything to do: context switches are counted for 5 s, as the system's own accounts show them.

    The engine keeps threads of its own in the UI process (memory pressure, allocator); a bare page in any program has
    them. No other thread may wake or work.
    """
    program = processes.start_python("""
        import auroraview
        view = auroraview.WebView(html="<p>idle")
        view.on_loaded(lambda url: print("loaded"))
        view.show()
    """)
    assert program.stdout is not None
    assert program.stdout.readline() == "loaded\n"
    try:
        (ui,) = processes.of_name(processes.family(program.pid), "auroraview-ui")

        def switches() -> list[int]:
            return [processes.context_switches(processes.threads(pid, OF_ENGINE)) for pid in (program.pid, ui)]

        def ticks() -> list[int]:
            return [processes.cpu_ticks(processes.threads(pid, OF_ENGINE)) for pid in (program.pid, ui)]

        def settled() -> bool:
            """Start-up work is over when half a second passes without a switch."""
            before = switches()
            time.sleep(0.5)
            return switches() == before

        until("the end of start-up", settled)
        before = switches(), ticks()
        time.sleep(IDLE_SECONDS)  # the quantity measured is what happens in this time
        assert (switches(), ticks()) == before
    finally:
        program.kill()
        program.communicate()


def test_show_leaves_python_to_other_threads() -> None:
    """A thread that only computes gets through as much while show() waits as it does alone.

    The counts are compared over equal times in one run, several times in turn; the best ratio counts, since other
    programs may take the processor at any moment.
    """
    view = WebView(html="<p>")
    loaded = Recorder()
    view.on_loaded(loaded)
    ratios: list[float] = []

    def compute(seconds: float) -> int:
        end, count = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            count += 1
        return count

    def work() -> None:
        try:
            loaded.next()
            for _ in range(5):
                shown_count = compute(0.2)
                entered, leave = threading.Event(), threading.Event()

                def hold(
                    data: object, error: object, entered: threading.Event = entered, leave: threading.Event = leave
                ) -> None:
                    entered.set()
                    leave.wait(PATIENCE)  # the drain sits in plain Python instead of in our wait

                view.eval_js_async("1", hold)
                entered.wait(PATIENCE)
                alone = compute(0.2)
                leave.set()
                ratios.append(shown_count / alone)
        finally:
            view.close()

    worker = threading.Thread(target=work)
    worker.start()
    view.show()
    worker.join()
    assert max(ratios) > 0.8, ratios


def test_the_host_grows_little() -> None:
    assert processes.host_growth_kib() <= 15 * 1024


def test_fifty_views_leave_nothing_behind() -> None:
    def once() -> None:
        with WebView(html="<p>") as view:
            loaded = Recorder()
            view.on_loaded(loaded)
            view.bind_call("api.add", lambda a, b: a + b)
            view.show(wait=False)
            loaded.next()
            assert view.eval_js_sync("auroraview.api.add(1, 2)") == 3

    def counts() -> tuple[int, int, int, int]:
        gc.collect()
        ui = _process.link().pid
        web = len(processes.of_name(processes.family(ui), "WebKitWebProces"))
        return processes.descriptors(), threading.active_count(), processes.descriptors(ui), web

    for _ in range(25):
        once()
    before = counts()
    for _ in range(25):
        once()
    until("everything to be released", lambda: all(now <= then for now, then in zip(counts(), before)))


def test_a_long_silence_leaves_nothing_that_is_freed_in_use() -> None:
    """WebKitGTK throws its context of JavaScript away when that was idle for 10 s: answers to posts from before must
    not use it any more.

    The UI process has the system's allocator here, and each large block is a mapping of its own: touching one that is
    freed ends the process.
    """
    program = processes.start_python(
        """
        import queue, time, auroraview
        loaded, heard = queue.Queue(), queue.Queue()
        page = "<script>auroraview.on('said', text => auroraview.send_event('heard', text.length))</script>"
        with auroraview.WebView(html=page) as view:
            view.on_loaded(loaded.put)
            view.on("heard", heard.put)
            view.show(wait=False)
            loaded.get(timeout=20)
            for silence in [0, 11] + 8 * [0]:
                time.sleep(silence)
                view.emit("said", "x" * 8192)
                print(heard.get(timeout=20))
        """,
        env={**os.environ, "Malloc": "1", "MALLOC_MMAP_THRESHOLD_": "4096"},
    )
    heard, errors = program.communicate(timeout=4 * PATIENCE)
    assert heard.split() == ["8192"] * 10, errors
