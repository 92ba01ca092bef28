"""Every public exception is really raised, by what a user may do; none is there for nothing.

Each test below returns the exception that it provoked; :func:`provokes` checks it and keeps the list.
"""

from __future__ import annotations

import functools
import logging
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

import pytest

import auroraview
from auroraview import (
    AuroraViewError,
    CancelledError,
    Context,
    DeadlockDetectedError,
    DrainError,
    Encoding,
    EvalTimeoutError,
    EventLoopClosed,
    EventLoopError,
    InvalidDataError,
    JavaScriptError,
    NotShownError,
    NotYetError,
    PageGoneError,
    PayloadTooLargeError,
    ProcessorConfig,
    QueueFull,
    ScriptExecution,
    ShutdownInProgressError,
    StreamingEmitter,
    ThreadDispatchTimeoutError,
    ThreadSafetyError,
    Timeout,
    UiProcessError,
    UserError,
    WebView,
    WebViewLock,
    WindowOperation,
    ensure_main_thread,
    run_on_main_thread_sync,
)
from support.desktop import PATIENCE
from support.ui_process import kill_ui_process
from support.views import NEVER, Recorder, shown

ROOT = Path(__file__).parent.parent.parent

#: A script that answers later than anybody waits here, but does: else close() would wait for it.
LATE = "new Promise(done => setTimeout(done, 300))"

#: What some test below provoked, and the classes that such an exception is as well.
PROVOKED: set[type] = set()


def provokes(kind: type[Exception], *also: type[Exception]) -> Callable[[Callable[[], Exception]], Callable[[], None]]:
    """Marks a test that returns an exception: of exactly this class, and an instance of the others, too."""
    PROVOKED.update((kind, *also))

    def decorate(test: Callable[[], Exception]) -> Callable[[], None]:
        @functools.wraps(test)
        def run() -> None:
            error = test()
            assert type(error) is kind
            assert isinstance(error, (AuroraViewError,)) and all(isinstance(error, each) for each in also)
            assert kind.__module__ == "auroraview" and len(str(error)) > 5
            assert not isinstance(error, EventLoopError) or not isinstance(error, ThreadSafetyError)

        del run.__wrapped__  # type: ignore[attr-defined]
        return run

    return decorate


def raised(kind: type[Exception], call: Callable[[], Any], words: str) -> Any:
    with pytest.raises(kind, match=words) as caught:
        call()
    return caught.value


def in_handler(view: WebView, call: Callable[[], Any]) -> None:
    """Runs something in a handler of the view."""
    view.bind_call("api.run", call)
    view.eval_js_sync("auroraview.api.run()")


# ---- RFC 0010: the event loop ----


@pytest.mark.needs("javascript")
@provokes(JavaScriptError, ScriptExecution, EventLoopError, RuntimeError)
def test_a_script_that_raises() -> Exception:
    script = "throw new RangeError('too far'); // " + 200 * "x"
    with shown() as view:
        error = raised(JavaScriptError, lambda: view.eval_js_sync(script), "RangeError: too far")
        answers = Recorder()
        view.eval_js_async(script, lambda value, error: answers(error))
        for each in (error, answers.next()):
            assert each.script_preview == script[:100] + "..."
            assert (each.name, each.message) == ("RangeError", "too far")
        assert raised(ScriptExecution, lambda: view.eval_js_sync("nobody"), "nobody").script_preview == "nobody"
    return error


@pytest.mark.needs("javascript")
@provokes(EvalTimeoutError, Timeout, TimeoutError)
def test_a_script_that_does_not_answer_in_time() -> Exception:
    with shown() as view:
        error = raised(Timeout, lambda: view.eval_js_sync(LATE, timeout_ms=30), r"30 ms.*new Promise")
        assert error.timeout_ms == 30
    return error


@pytest.mark.needs("javascript")
@provokes(CancelledError)
def test_a_call_whose_page_gave_it_up() -> Exception:
    errors = Recorder()

    def endless(ctx: Context) -> None:
        view.eval_js("aborter.abort()")
        try:
            while True:
                ctx.check()
        except CancelledError as error:
            errors(error)
            raise

    with shown("<script>aborter = new AbortController()</script>") as view:
        view.bind_call("api.endless", endless)
        view.eval_js("auroraview.call('api.endless', undefined, {signal: aborter.signal}).catch(() => {})")
        return errors.next()


@provokes(QueueFull)
def test_a_page_that_takes_nothing() -> Exception:
    with WebView() as view:  # never shown
        for _ in range(5):
            view.emit("n", "x" * (15 << 20))
        error = raised(QueueFull, lambda: view.emit("n", 6), "5 messages wait for the page.*64 MiB")
        assert error.queue_len == view.stats().backlog == 5
    return error


@provokes(Encoding, ValueError)
def test_bytes_that_are_no_text() -> Exception:
    with WebView() as view:
        emitter = StreamingEmitter(view, "m", errors="strict")
        return raised(Encoding, lambda: emitter.emit_text_delta(b"a\xff"), "'m'.*not UTF-8")


@provokes(EventLoopClosed, RuntimeError)
def test_a_main_thread_that_leaves() -> Exception:
    def leave() -> None:
        raise SystemExit

    with shown() as view, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(run_on_main_thread_sync, leave, timeout=PATIENCE)
        with pytest.raises(SystemExit):
            view.wait(PATIENCE)
        return raised(EventLoopClosed, asked.result, "interrupted")


@provokes(UiProcessError, EventLoopClosed)
def test_a_ui_process_that_is_killed() -> Exception:
    with shown(recovery=NEVER) as view:
        kill_ui_process()
        return raised(UiProcessError, lambda: view.wait(PATIENCE), "signal 9")


@provokes(WindowOperation, RuntimeError)
def test_a_window_that_no_desktop_can_have() -> Exception:
    with WebView() as view:
        error = raised(WindowOperation, lambda: view.set_size(1e6, 10), r"1e\+06 x 10; the limit is 32767")
        assert error.operation == "set_size"
    return error


# ---- RFC 0002: threads ----


@provokes(ThreadSafetyError)
def test_a_pump_on_the_wrong_thread() -> Exception:
    with WebView(html="<p>", processor=ProcessorConfig.qt_embedded()) as view, ThreadPoolExecutor(1) as pool:
        view.show()
        view.process_events()
        return raised(ThreadSafetyError, pool.submit(view.process_events).result, "run on thread 'MainThread'")


@pytest.mark.needs("javascript")
@provokes(DeadlockDetectedError, ThreadSafetyError)
def test_a_handler_that_waits_for_itself() -> Exception:
    errors: list[Exception] = []
    with shown() as view:
        in_handler(view, lambda: errors.append(raised(DeadlockDetectedError, view.wait, "waits for itself")))
    return errors[0]


@provokes(ThreadDispatchTimeoutError, ThreadSafetyError, TimeoutError)
def test_a_main_thread_that_is_busy() -> Exception:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(run_on_main_thread_sync, print, timeout=0.01)
        return raised(ThreadDispatchTimeoutError, asked.result, "print .*0.01 s|print within 0.01 s")


@provokes(ShutdownInProgressError, ThreadSafetyError)
def test_a_view_that_is_closed() -> Exception:
    view = WebView()
    view.close()
    return raised(ShutdownInProgressError, lambda: view.emit("x"), "the view is closed")


@provokes(DrainError, ThreadSafetyError, TimeoutError)
def test_work_that_is_not_finished_in_time() -> Exception:
    with shown() as view, view.begin_operation():
        return raised(DrainError, lambda: view.wait_for_drain(0.01), "within 0.01 s")


# ---- the others ----


@provokes(NotShownError, RuntimeError)
def test_a_question_to_a_view_that_was_never_shown() -> Exception:
    with WebView() as view:
        return raised(NotShownError, lambda: view.eval_js_sync("1"), "show")


@provokes(NotYetError, NotImplementedError)
def test_an_option_of_a_later_version() -> Exception:
    return raised(NotYetError, lambda: WebView(icon="a.png"), "later version")


@pytest.mark.needs("javascript")
@provokes(PageGoneError, RuntimeError)
def test_a_page_that_navigates_away() -> Exception:
    with shown() as view:
        script = "location.href = 'about:blank'; return new Promise(() => {})"
        return raised(PageGoneError, lambda: view.eval_js_sync(script), "navigated")


@provokes(InvalidDataError, ValueError)
def test_data_that_json_cannot_hold() -> Exception:
    with WebView() as view:
        return raised(InvalidDataError, lambda: view.emit("x", float("nan")), "NaN")


@provokes(PayloadTooLargeError, InvalidDataError)
def test_data_that_is_too_large() -> Exception:
    with WebView() as view:
        return raised(PayloadTooLargeError, lambda: view.emit("x", "x" * (17 << 20)), "16 MiB")


@pytest.mark.needs("javascript")
@provokes(UserError)
def test_an_error_of_the_users_own() -> Exception:
    error = UserError("no such shot", code="NO_SHOT", data={"shot": 7})

    def fails() -> None:
        raise error

    with shown() as view:
        view.bind_call("api.fails", fails)
        seen = view.eval_js_sync("auroraview.api.fails().catch(e => [e.message, e.code, e.data])")
        assert seen == ["no such shot", "NO_SHOT", {"shot": 7}]
    return error


# ---- the list ----


def public() -> dict[str, type]:
    found = {name: getattr(auroraview, name) for name in auroraview.__all__}
    return {name: each for name, each in found.items() if isinstance(each, type) and issubclass(each, Exception)}


def test_every_public_exception_is_provoked_by_a_test() -> None:
    left = {each for each in public().values() if each not in PROVOKED} - {AuroraViewError, WebViewLock}
    assert not left, f"no test provokes {left}"
    assert all(issubclass(each, AuroraViewError) for each in public().values())


def test_every_exception_of_the_product_is_public() -> None:
    from auroraview import _errors

    kinds = {name: each for name, each in vars(_errors).items() if isinstance(each, type) and name[0] != "_"}
    defined = {name for name, each in kinds.items() if issubclass(each, Exception)}
    assert defined == public().keys()
    tree = (_errors.__doc__ or "").split("::")[1]
    assert not [name for name in defined if name not in tree]


def test_the_lock_that_nobody_needs_is_never_raised() -> None:
    """Rust raises by name, Python by class: neither names it outside its definition and the export."""
    found = subprocess.run(["git", "grep", "-w", "WebViewLock", "python", "crates"], cwd=ROOT, capture_output=True)
    named = {line.split(":", 1)[0] for line in found.stdout.decode().splitlines()}
    assert named == {"python/auroraview/__init__.py", "python/auroraview/_errors.py"}
    assert b"raise WebViewLock" not in found.stdout
    assert issubclass(WebViewLock, EventLoopError) and "Retired" in (WebViewLock.__doc__ or "")


# ---- RFC 0002 "Error Recovery Strategies", word for word ----

RECOVERY = '''
@dcc_thread_safe
def safe_dcc_operation(data: dict) -> dict:
    """Example of robust error handling in DCC operations."""
    try:
        result = perform_dcc_operation(data)
        return {"success": True, "result": result}
    except TimeoutError as e:
        logger.error(f"Operation timed out: {e}")
        return {"success": False, "error": "timeout", "message": str(e)}
    except ThreadSafetyError as e:
        logger.error(f"Thread safety error: {e}")
        return {"success": False, "error": "thread_safety", "message": str(e)}
    except Exception as e:
        logger.exception(f"Unexpected error in DCC operation")
        return {"success": False, "error": "unknown", "message": str(e)}
'''


@pytest.mark.needs("javascript")
def test_the_recovery_example_of_the_rfc_runs(caplog: pytest.LogCaptureFixture) -> None:
    with shown() as view:
        operations: dict[str, Callable[[], Any]] = {
            "fine": threading.get_ident,
            "script": lambda: view.eval_js_sync(LATE, timeout_ms=20),
            "deadlock": lambda: view.wait(PATIENCE),
            "surprise": lambda: {}["nothing"],
        }
        program: dict[str, Any] = {
            "dcc_thread_safe": ensure_main_thread,
            "perform_dcc_operation": lambda data: operations[data["do"]](),
            "logger": logging.getLogger("rfc"),
            "ThreadSafetyError": ThreadSafetyError,
        }
        exec(RECOVERY, program)
        view.on("save", program["safe_dcc_operation"])
        answers = {do: view.eval_js_sync(f"auroraview.call('save', {{do: '{do}'}})") for do in operations}
    assert answers["fine"] == {"success": True, "result": threading.main_thread().ident}
    errors = {do: answer.get("error") for do, answer in answers.items()}
    assert errors == {"fine": None, "script": "timeout", "deadlock": "thread_safety", "surprise": "unknown"}
    assert "could never end" in answers["deadlock"]["message"] and "20 ms" in answers["script"]["message"]
    assert [record.levelname for record in caplog.records if record.name == "rfc"] == ["ERROR"] * 3
