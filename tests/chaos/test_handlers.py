"""Handlers that raise what nobody expects, that nest, and answers that come too late."""

from __future__ import annotations

import json
import threading
import time

import pytest

import auroraview
from auroraview import EvalTimeoutError, WebView, _threads
from support import processes
from support.chaos import Chaos, Crew, Ledger
from support.desktop import PATIENCE, until
from support.views import Recorder, shown

#: Raises one error in each kind of handler while others wait for answers, and prints how it ended for everybody.
RAISER = """
import json, logging, sys, threading
import auroraview
logging.getLogger("auroraview").addHandler(logging.NullHandler())  # whatever else is printed is not a log
name, milliseconds = sys.argv[1], 1000 * float(sys.argv[2])
error = {"Exception": RuntimeError("no"), "SystemExit": SystemExit(3), "KeyboardInterrupt": KeyboardInterrupt(),
         "GeneratorExit": GeneratorExit()}[name]
SLOW = "new Promise(resolve => setTimeout(resolve, 500, 'slow'))"  # may finish before a close that is asked for
FOR_EVER = "new Promise(resolve => (window.kept ??= []).push(resolve))"
SCRIPTS = {
    "call": "auroraview.api.call().catch(e => e.code)",
    "async call": "auroraview.api.call_async().catch(e => e.code)",
    "event": "auroraview.send_event('event'); return 'sent'",
    "async event": "auroraview.send_event('async_event'); return 'sent'",
}

def fail(*values):
    raise error
async def fail_later(*values):
    raise error
async def fine():
    return "fine"

def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return type(error).__name__

def work(view, kind, verdict):
    leaves = name in ("SystemExit", "GeneratorExit") and not kind.startswith("async")
    script = FOR_EVER if leaves else SLOW
    try:
        future = view.eval_js_async(script, timeout_ms=milliseconds)
        wait = lambda: verdict.update(waiting=outcome(view.eval_js_sync, script, milliseconds))
        waiter = threading.Thread(target=wait)
        waiter.start()
        view.eval_js_sync("1")
        if kind == "callback":
            view.eval_js_async("1", fail)
        else:
            verdict["answer"] = outcome(view.eval_js_sync, SCRIPTS[kind], milliseconds)
        after = "Promise.all([auroraview.api.fine(), auroraview.api.fine_async()])"
        verdict["after"] = outcome(view.eval_js_sync, after, milliseconds)
        view.close()
        verdict["future"] = outcome(future.result, milliseconds / 1000)
        waiter.join()
    finally:
        view.close()

def show(kind):
    view = auroraview.WebView(html="<p>")
    verdict = {"closed": []}
    view.bind_call("api.call", fail)
    view.bind_call("api.call_async", fail_later)
    view.bind_call("api.fine", lambda: "fine")
    view.bind_call("api.fine_async", fine)
    view.on("event", fail)
    view.on("async_event", fail_later)
    view.on_closed(verdict["closed"].append)
    worker = threading.Thread(target=work, args=(view, kind, verdict))
    view.on_loaded(lambda url: worker.start())
    try:
        view.show()
        verdict["show"] = "returned"
    except BaseException as caught:
        verdict["show"] = type(caught).__name__
    worker.join()
    return verdict

print(json.dumps({kind: show(kind) for kind in [*SCRIPTS, "callback"]}))
"""

#: How a view ends when a handler raises what is no Exception: like any other code that show() runs.
LEAVES = {
    "SystemExit": {"show": "SystemExit", "closed": ["error"]},
    "KeyboardInterrupt": {"show": "returned", "closed": ["host"]},
    "GeneratorExit": {"show": "GeneratorExit", "closed": ["error"]},
}
GONE = {"ShutdownInProgressError", "PageGoneError"}


def test_c15_handlers_that_raise(chaos: Chaos) -> None:
    """Everybody who waits is answered; the view goes on, or ends as the error asks; the terminal stays clean."""
    programs = {name: processes.start_python(RAISER, name, PATIENCE) for name in ["Exception", *LEAVES]}
    wrong, cases = [], 0
    for name, program in programs.items():
        out, err = program.communicate(timeout=5 * PATIENCE)
        assert err == "" and program.returncode == 0, (name, err)
        for kind, verdict in json.loads(out).items():
            goes_on = name == "Exception" or kind.startswith("async")
            wanted = {"show": "returned", "closed": ["host"]} if goes_on else LEAVES[name]
            right = (
                {key: verdict[key] for key in wanted} == wanted
                and {verdict["waiting"], verdict["future"]} <= (GONE | {"slow"})
                # A script that was accepted before the end may find that Python answers it no more.
                and verdict["after"] in ([["fine"] * 2] if goes_on else [["fine"] * 2, "JavaScriptError", *GONE])
                and (not goes_on or kind not in ("call", "async call") or verdict["answer"] == "EXECUTION_ERROR")
            )
            wrong += [] if right else [(name, kind, verdict)]
            cases += 1
    assert not wrong, wrong
    chaos.report("C15", cases=cases, as_expected=cases - len(wrong))


def nesting_view(view: WebView, deepest: Recorder, timeout_ms: float) -> None:
    @view.bind_call("api.nest")
    def nest(depth: int) -> int:
        if depth == 0:
            deepest(threading.get_ident())
            return 0
        return 1 + view.eval_js_sync(f"auroraview.api.nest({depth - 1})", timeout_ms=timeout_ms)


def test_c16_nested_dispatch(chaos: Chaos) -> None:
    """A handler asks the page, which calls Python, whose handler asks the page ... as deep as is promised."""
    rounds = chaos.count(20, 2000)
    took: list[float] = []
    with shown() as view:
        deepest = Recorder()
        nesting_view(view, deepest, 1000 * PATIENCE)
        for n in range(rounds):
            depth = n % (_threads.MAX_DEPTH + 1)
            begun = time.monotonic()
            assert view.eval_js_sync(f"auroraview.api.nest({depth})", timeout_ms=1000 * PATIENCE) == depth
            took.append(time.monotonic() - begun)
        deepest.take(rounds)
        assert len(deepest.threads) == 1
    chaos.report("C16", rounds=rounds, deepest=_threads.MAX_DEPTH, round_trip=took)


def test_c16_many_handlers_that_ask_back_at_once() -> None:
    """None of them nests deeper than one level: a waiting handler leaves depth for the page's answer."""
    with shown() as view:
        nesting_view(view, Recorder(), 1000 * PATIENCE)
        script = f"Promise.all(Array.from({{length: {2 * _threads.MAX_DEPTH}}}, () => auroraview.api.nest(1)))"
        assert view.eval_js_sync(script, timeout_ms=1000 * PATIENCE) == [1] * 2 * _threads.MAX_DEPTH


def test_c16_deeper_than_promised_ends_with_an_error(chaos: Chaos) -> None:
    with shown() as view:
        nesting_view(view, Recorder(), 1000 * PATIENCE)
        depth = _threads.MAX_DEPTH + 3
        with pytest.raises(auroraview.JavaScriptError, match="handlers on this thread wait for each other already"):
            view.eval_js_sync(f"auroraview.api.nest({depth})", timeout_ms=1000 * PATIENCE)
        assert view.eval_js_sync("auroraview.api.nest(2)", timeout_ms=1000 * PATIENCE) == 2
    chaos.report("C16 too deep", asked=depth, served=_threads.MAX_DEPTH)


def test_c16_close_in_every_callback(chaos: Chaos) -> None:
    rounds = chaos.count(1, 50)
    kinds = ["call", "async", "event", "callback", "loaded", "title_changed", "closing", "closed", "handler_error"]
    for kind in kinds * rounds:
        view = WebView(html="<title>t</title><p>")
        closed, closing = Recorder(), threading.Event()

        def close(*values: object, view: WebView = view, closing: threading.Event = closing) -> None:
            closing.set()
            view.close()

        async def close_later(view: WebView = view, closing: threading.Event = closing) -> None:
            closing.set()
            view.close()

        view.on_closed(closed)
        if kind in ("loaded", "title_changed", "closing", "closed"):
            getattr(view, f"on_{kind}")(close)
        view.bind_call("api.call", close)
        view.bind_call("api.async", close_later)
        view.on("event", close if kind == "event" else lambda data: 1 / 0)
        view.on("handler_error", close)
        view.show(wait=False)
        if kind in ("call", "async"):
            view.eval_js(f"auroraview.api.{kind}()")
        elif kind in ("event", "handler_error"):
            view.eval_js("auroraview.send_event('event')")
        elif kind == "callback":
            view.eval_js_async("1", close)
        elif kind in ("closing", "closed"):
            view.eval_js_sync("1")
            view.close()
        assert view.wait(PATIENCE), kind
        assert closed.next() and closed.is_empty()
        assert kind == "closing" or closing.is_set()
    chaos.report("C16 close", closes=len(kinds) * rounds)


def test_c18_answers_that_come_too_late(chaos: Chaos) -> None:
    """Each question has one TimeoutError; its late answer is dropped and confuses nobody."""
    rounds = chaos.count(20, 1000)
    ledger, threads = Ledger(), 3
    with shown() as view:
        view.eval_js_sync("window.late = [[], [], []]")

        def ask(how: int) -> None:
            wait = f"new Promise(resolve => late[{how}].push(resolve))"
            answer = f"late[{how}].splice(0).forEach(resolve => resolve('late')); return {how} + 40"
            for _ in range(rounds):
                with pytest.raises(EvalTimeoutError), ledger.asking():
                    if how == 0:
                        view.eval_js_sync(wait, timeout_ms=20)
                    else:
                        view.eval_js_async(wait, timeout_ms=20).result(PATIENCE)
                view.eval_js_async(wait, ledger.callback(), timeout_ms=1)
                assert view.eval_js_sync(answer, timeout_ms=1000 * PATIENCE) == how + 40

        crew = Crew()
        for how in range(threads):
            crew.start(ask, how)
        crew.join(10 * PATIENCE)
        until("the callbacks", lambda: not ledger.unanswered())
        outcomes = ledger.outcomes()
    # The question with 1 ms may get its value in time, or be too late for the page to have asked it.
    assert set(outcomes) <= {"EvalTimeoutError", "value"} and outcomes["EvalTimeoutError"] >= rounds * threads
    chaos.report("C18", asked=sum(outcomes.values()), timeouts=outcomes["EvalTimeoutError"], in_time=outcomes["value"])
