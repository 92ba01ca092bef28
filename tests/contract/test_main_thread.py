"""Functions on the main thread (RFC 0002), from workers, while the main thread is in each wait of ours."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable

import pytest

from auroraview import (
    EventLoopClosed,
    ProcessorConfig,
    ThreadDispatchTimeoutError,
    WebView,
    ensure_main_thread,
    is_main_thread,
    run_on_main_thread,
    run_on_main_thread_sync,
)
from support import processes
from support.desktop import PATIENCE
from support.views import Recorder, shown

MAIN = threading.main_thread().ident


class Trouble(Exception):
    """Of a test."""


def fail() -> None:
    raise Trouble("on main")


# ---- where the main thread may be ----


def in_show(work: Callable[[], None]) -> None:
    view = WebView(html="<p>")
    loaded = Recorder()
    view.on_loaded(loaded)

    def worker() -> None:
        loaded.next()
        try:
            work()
        finally:
            view.close()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(worker)
        view.show()
        done.result()


def in_eval_js_sync(work: Callable[[], None]) -> None:
    with shown() as view, ThreadPoolExecutor(1) as pool:
        done = pool.submit(lambda: _then(work, lambda: view.eval_js("finish()")))
        view.eval_js_sync("new Promise(done => { window.finish = done })", timeout_ms=1000 * PATIENCE)
        done.result()


def in_result(work: Callable[[], None]) -> None:
    with shown() as view, ThreadPoolExecutor(1) as pool:
        future = view.eval_js_async("new Promise(done => { window.finish = done })", timeout_ms=1000 * PATIENCE)
        done = pool.submit(lambda: _then(work, lambda: view.eval_js("finish()")))
        future.result(PATIENCE)
        done.result()


def in_wait(work: Callable[[], None]) -> None:
    with shown() as view, ThreadPoolExecutor(1) as pool:
        done = pool.submit(lambda: _then(work, view.shutdown))
        assert view.wait(PATIENCE)
        done.result()


def in_close(work: Callable[[], None]) -> None:
    _while_a_handler_works(work, WebView.close)


def in_wait_for_drain(work: Callable[[], None]) -> None:
    _while_a_handler_works(work, lambda view: view.wait_for_drain(PATIENCE))


def in_process_events(work: Callable[[], None]) -> None:
    """The main thread is in a loop of the host, whose timer calls ``process_events``."""
    with WebView(html="<p>", processor=ProcessorConfig.legacy_embedded()) as view, ThreadPoolExecutor(1) as pool:
        view.show()
        done = pool.submit(lambda: _then(work, view.shutdown))
        timer = threading.Event()
        while not view.process_events():
            timer.wait(0.002)
        done.result()


def _then(work: Callable[[], None], end: Callable[[], Any]) -> None:
    try:
        work()
    finally:
        end()


def _while_a_handler_works(work: Callable[[], None], wait: Callable[[WebView], Any]) -> None:
    result: Future[None] = Future()
    with shown() as view:
        entered = threading.Event()

        @view.on("work")
        def handler(data: object) -> None:
            entered.set()
            try:
                result.set_result(work())
            except Exception as error:  # noqa: BLE001 - it is the test's own
                result.set_exception(error)

        view.eval_js("auroraview.send_event('work')")
        assert entered.wait(PATIENCE)
        wait(view)
        result.result(PATIENCE)


PLACES = [in_show, in_eval_js_sync, in_result, in_wait, in_close, in_wait_for_drain, in_process_events]


@pytest.mark.needs("javascript")
@pytest.mark.parametrize("place", PLACES)
def test_workers_reach_the_main_thread_wherever_it_waits(place: Callable[[Callable[[], None]], None]) -> None:
    def work() -> None:
        assert not is_main_thread()
        assert run_on_main_thread_sync(is_main_thread, timeout=PATIENCE)
        assert run_on_main_thread_sync(lambda a, *, b: a + b, 1, b=2, timeout=PATIENCE) == 3
        with pytest.raises(Trouble, match="on main"):
            run_on_main_thread_sync(fail, timeout=PATIENCE)
        seen = Recorder()
        for n in range(100):
            run_on_main_thread(seen, n)
        assert seen.take(100) == list(range(100)) and seen.threads == {MAIN}
        assert decorated(20, more=1) == (MAIN, 21)

    place(work)


@ensure_main_thread
def decorated(value: int, *, more: int = 0) -> tuple[int, int]:
    """Says where it runs."""
    return threading.get_ident(), value + more


def test_on_the_main_thread_it_is_a_plain_call() -> None:
    assert run_on_main_thread_sync(threading.get_ident) == MAIN
    assert run_on_main_thread_sync(lambda: run_on_main_thread_sync(threading.get_ident)) == MAIN
    with pytest.raises(Trouble):
        run_on_main_thread_sync(fail)
    assert decorated(1) == (MAIN, 1)
    assert (decorated.__name__, decorated.__doc__) == ("decorated", "Says where it runs.")


def test_run_on_main_thread_is_always_later() -> None:
    order: list[str] = []
    run_on_main_thread(order.append, "job")
    order.append("caller")
    run_on_main_thread(fail)  # to the log; what follows runs
    run_on_main_thread(order.append, "next job")
    assert order == ["caller"]
    with shown() as view:
        view.eval_js_sync("1")
    assert order == ["caller", "job", "next job"]


def test_many_threads_reach_main_at_once() -> None:
    def work() -> None:
        def one(n: int) -> list[int]:
            return [run_on_main_thread_sync(lambda: 2 * n, timeout=PATIENCE) for _ in range(50)]

        with ThreadPoolExecutor(8) as pool:
            assert [set(each) for each in pool.map(one, range(8))] == [{2 * n} for n in range(8)]

    in_wait(work)


# ---- deadlines ----


def test_what_was_given_up_before_it_started_never_starts() -> None:
    ran = Recorder()
    with ThreadPoolExecutor(1) as pool:  # main waits for the worker in a way that is not ours: it runs no jobs
        asked = pool.submit(run_on_main_thread_sync, ran, 1, timeout=0.05)
        with pytest.raises(
            ThreadDispatchTimeoutError, match=r"did not come to .*Recorder.* within 0.05 s.*not run"
        ) as it:
            asked.result()
    assert isinstance(it.value, TimeoutError)
    with shown() as view:
        view.eval_js_sync("1")  # here it would run
    assert ran.is_empty()


def test_what_is_overdue_while_it_runs_goes_on_and_its_result_is_dropped() -> None:
    go_on, finished = threading.Event(), Recorder()

    def slow() -> str:
        assert go_on.wait(PATIENCE)
        finished("finished")
        return "dropped"

    def work() -> None:
        with pytest.raises(ThreadDispatchTimeoutError, match=r"slow .*runs on the main thread for longer than 0.05 s"):
            run_on_main_thread_sync(slow, timeout=0.05)
        go_on.set()
        assert run_on_main_thread_sync(lambda: "works on", timeout=PATIENCE) == "works on"

    in_wait(work)
    assert finished.next() == "finished" and finished.is_empty()


# ---- interruptions ----


def test_exit_in_a_job_ends_show_like_anywhere_else_and_the_asker_is_told() -> None:
    view = WebView(html="<p>")
    told = Recorder()

    def leave() -> None:
        raise SystemExit(3)

    def work() -> None:
        with pytest.raises(EventLoopClosed, match="interrupted"):
            run_on_main_thread_sync(leave, timeout=PATIENCE)
        told("told")

    view.on_loaded(lambda url: threading.Thread(target=work).start())
    with pytest.raises(SystemExit) as caught:
        view.show()
    assert caught.value.code == 3 and view.lifecycle == "destroyed"
    assert told.next() == "told"


def test_ctrl_c_in_a_job_closes_the_view_and_the_asker_is_told() -> None:
    view = WebView(html="<p>")
    told = Recorder()

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(PATIENCE)  # where Ctrl+C reaches it

    def work() -> None:
        with pytest.raises(EventLoopClosed, match="interrupted"):
            run_on_main_thread_sync(interrupted, timeout=PATIENCE)
        told("told")

    view.on_loaded(lambda url: threading.Thread(target=work).start())
    view.show()  # Ctrl+C closes the view
    assert view.lifecycle == "destroyed"
    assert told.next() == "told"


def test_when_python_ends_nobody_waits_for_a_main_thread_that_is_gone() -> None:
    program = processes.start_python("""
        import threading
        import auroraview

        def work():
            threading.main_thread().join()
            for ask in (auroraview.run_on_main_thread, auroraview.run_on_main_thread_sync):
                try:
                    ask(print, "never")
                except auroraview.EventLoopClosed as error:
                    print(error)

        threading.Thread(target=work).start()
    """)
    out, err = program.communicate(timeout=PATIENCE)
    assert (out, err, program.returncode) == (
        2 * "Python is ending: the main thread runs nothing any more\n", "", 0
    )  # fmt: skip


def test_who_waits_for_main_when_python_ends_is_told_at_once() -> None:
    program = processes.start_python("""
        import threading
        import auroraview

        waiting = threading.Event()

        def work():
            waiting.set()
            try:
                auroraview.run_on_main_thread_sync(print, "runs before the end", timeout=1000)
                auroraview.run_on_main_thread_sync(print, "never", timeout=1000)
            except auroraview.EventLoopClosed as error:
                print(error)

        threading.Thread(target=work).start()
        waiting.wait()
    """)
    out, err = program.communicate(timeout=PATIENCE)
    assert err == "" and program.returncode == 0
    assert out.splitlines()[-1] == "Python is ending: the main thread runs nothing any more"
    assert "never" not in out


def test_a_partial_and_a_builtin_are_named_too() -> None:
    with ThreadPoolExecutor(1) as pool:
        for function, words in ((len, "len"), (functools.partial(fail), r"fail \(test_main_thread.py:")):
            asked = pool.submit(run_on_main_thread_sync, function, timeout=0.01)
            with pytest.raises(ThreadDispatchTimeoutError, match=words):
                asked.result()


#: Over and over: threads of a process that has just met us ask for its main thread, all at once.
WHO_IS_MAIN = """
import sys, threading
from auroraview import _threads
sys.setswitchinterval(1e-6)
for _ in range(500):
    _threads.forget_after_fork()
    start, found = threading.Barrier(4), set()
    def ask():
        start.wait()
        found.add(_threads.main())
    crew = [threading.Thread(target=ask) for _ in range(4)]
    for each in crew: each.start()
    for each in crew: each.join()
    assert len(found) == 1
"""


def test_all_threads_know_the_same_main_thread() -> None:
    """Else the handlers of a view wait on one that nobody serves."""
    subprocess.run([sys.executable, "-c", WHO_IS_MAIN], env={"PYTHONPATH": "python"}, check=True, timeout=3 * PATIENCE)
