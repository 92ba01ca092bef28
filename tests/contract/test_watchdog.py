"""A handler that holds the main thread is named, whatever it is stuck in (``docs/recovery.md``)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest

from auroraview import ProcessorConfig, ThreadSafetyConfig, WebView, ensure_main_thread, run_on_main_thread
from auroraview.testing.hosts import FakeMaya
from support import processes
from support.desktop import PATIENCE, until
from support.views import Recorder

pytestmark = pytest.mark.needs("javascript")

PAGE = "<script>onload = () => auroraview.send_event('ready')</script>"
#: More than the first call of a handler takes, which reads its type hints.
LIMIT_MS = 100


@pytest.fixture(autouse=True)
def a_short_limit() -> Iterator[None]:
    ThreadSafetyConfig(watchdog_ms=LIMIT_MS).apply()
    yield
    ThreadSafetyConfig().apply()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "held the main thread" in record.getMessage()]


def held_by(view: WebView, caplog: pytest.LogCaptureFixture) -> dict[str, object]:
    """Pumps the view on this thread, the main one, until the event came."""
    slow = Recorder()
    view.on("handler_slow", slow)
    view.show()
    until("the event", lambda: view.process_events() or not slow.is_empty())
    assert len(warnings(caplog)) == 1
    return dict(slow.next())


def pumped() -> WebView:
    return WebView(html=PAGE, processor=ProcessorConfig.legacy_embedded())


def test_a_handler_is_named_in_the_log_and_in_an_event_with_its_stack(caplog: pytest.LogCaptureFixture) -> None:
    with pumped() as view:

        @view.on("ready")
        def stands_still(data: object) -> None:
            waits_for_the_log()

        def waits_for_the_log() -> None:
            until("the warning", lambda: warnings(caplog))

        seen = held_by(view, caplog)
        assert str(seen["function"]).endswith("stands_still")
        assert (seen["file"], seen["line"]) == (__file__, stands_still.__code__.co_firstlineno)
        assert isinstance(seen["ms"], int) and seen["ms"] >= LIMIT_MS
        assert "in waits_for_the_log" in "".join(seen["stack"])  # type: ignore[arg-type]
        assert f"stands_still ({__file__}:" in warnings(caplog)[0] and "waits_for_the_log" in warnings(caplog)[0]


def test_handlers_in_one_wrapper_have_their_own_names(caplog: pytest.LogCaptureFixture) -> None:
    def quick(data: object) -> None:
        pass

    def slow(data: object) -> None:
        until("the warning", lambda: warnings(caplog))

    with pumped() as view:
        for function in (quick, slow):
            view.on("ready", ensure_main_thread(function))
        assert str(held_by(view, caplog)["function"]).endswith("<locals>.slow")


def test_a_handler_that_keeps_pythons_lock_is_named_all_the_same() -> None:
    """By the standard error, while it is stuck; nothing else can run."""
    program = processes.start_python(f"""
        import ctypes, auroraview
        auroraview.ThreadSafetyConfig(watchdog_ms={LIMIT_MS}).apply()
        view = auroraview.WebView(html={PAGE!r})
        @view.on("ready")
        def stuck(data):
            print("stuck")
            ctypes.PyDLL(None).pause()  # keeps the lock
        view.show()
    """)
    assert program.stdout is not None and program.stderr is not None
    assert program.stdout.readline() == "stuck\n"
    said = program.stderr.readline()
    assert "auroraview: stuck (<string>:5) has held the main thread for" in said and "no other thread" in said
    program.kill()
    program.communicate()


def test_one_that_comes_too_late_for_the_stack_is_told_without() -> None:
    program = processes.start_python(
        f"""
        import ctypes, auroraview
        auroraview.ThreadSafetyConfig(watchdog_ms={LIMIT_MS}).apply()
        view = auroraview.WebView(html={PAGE!r})
        @view.on("ready")
        def stuck(data):
            ctypes.PyDLL(None).poll(None, 0, 400)  # keeps the lock for more than the limit and the grace
        @view.on("handler_slow")
        def told(data):
            print(data["function"], data["stack"])
            view.close()
        view.show()
        """,
        stderr=subprocess.DEVNULL,
    )
    out, _ = program.communicate(timeout=PATIENCE)
    assert (out, program.returncode) == ("stuck []\n", 0)


def test_quick_handlers_are_not_named(caplog: pytest.LogCaptureFixture) -> None:
    ThreadSafetyConfig(watchdog_ms=1000 * PATIENCE).apply()
    with pumped() as view:
        ready = Recorder()
        view.on("ready", ready)
        view.show()
        until("the event", lambda: view.process_events() or not ready.is_empty())
    assert not warnings(caplog)


def test_it_can_be_turned_off(caplog: pytest.LogCaptureFixture) -> None:
    ThreadSafetyConfig(watchdog_ms=0).apply()
    with pumped() as view:
        assert not view._calls.watched.enter(print)
    with pytest.raises(ValueError, match="watchdog_ms must not be negative"):
        ThreadSafetyConfig(watchdog_ms=-1).apply()


def test_a_function_for_the_main_thread_is_named_too(caplog: pytest.LogCaptureFixture) -> None:
    def job() -> None:
        until("the warning", lambda: warnings(caplog))

    with pumped() as view:
        run_on_main_thread(job)
        view.show()
        until("the job", lambda: view.process_events() or warnings(caplog))
    assert "job (" in warnings(caplog)[0]


def test_a_handler_that_opens_a_dialog_of_the_host_holds_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "auroraview")
    with FakeMaya() as maya:
        view = WebView(html=PAGE, dcc_mode=True)

        @view.on("ready")
        def opens(data: object) -> None:
            maya.run(lambda: any("loop runs inside" in record.getMessage() for record in caplog.records), PATIENCE)
            view.close()

        view.show()
        maya.run(lambda: view.lifecycle == "destroyed", PATIENCE)
    assert not warnings(caplog)


def test_a_handler_that_holds_the_hosts_main_thread_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with FakeMaya() as maya:
        view = WebView(html=PAGE, dcc_mode=True)

        @view.on("ready")
        def stands_still(data: object) -> None:
            until("the warning", lambda: warnings(caplog))

        slow = Recorder()
        view.on("handler_slow", slow)
        view.show()
        maya.run(lambda: slow.count > 0, PATIENCE)
        view.close()
        maya.run(lambda: view.lifecycle == "destroyed", PATIENCE)
    assert "stands_still" in slow.next()["function"] and len(warnings(caplog)) == 1


def test_handlers_on_other_threads_hold_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with WebView(html=PAGE) as view:
        entered = Recorder()
        view.on("ready", lambda data: entered(view._calls.watched.enter(print)))
        view.show(wait=False)
        assert entered.next() is False
    assert not warnings(caplog)


def test_its_thread_sleeps_while_nothing_runs() -> None:
    program = processes.start_python(f"""
        import auroraview, sys
        auroraview.ThreadSafetyConfig(watchdog_ms={LIMIT_MS}).apply()
        view = auroraview.WebView(html={PAGE!r})
        view.on("ready", lambda data: print("ready"))
        view.show()
    """)
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    dog = [task for task in processes.threads(program.pid) if (task / "comm").read_text().startswith("auroraview-wat")]
    assert len(dog) == 1

    def switches(seconds: float) -> int:
        before = processes.context_switches(dog)
        time.sleep(seconds)  # the quantity measured is what happens in this time
        return processes.context_switches(dog) - before

    until("its sleep", lambda: switches(2 * LIMIT_MS / 1000) == 0)
    assert switches(10 * LIMIT_MS / 1000) == 0
    program.kill()
    program.communicate()
