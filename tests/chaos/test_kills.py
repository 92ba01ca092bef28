"""Processes that are killed or stopped while they are busy: everybody is answered once, and the next view works."""

from __future__ import annotations

import gc
import os
import signal
import time

import pytest

from auroraview import EvalTimeoutError, PageGoneError, RestartPolicy, UiProcessError, WebView, _process
from support import processes
from support.chaos import FOR_EVER, Chaos, Ledger, Load
from support.desktop import PATIENCE, until
from support.ui_process import own_ui_process
from support.views import NEVER, Recorder, show_connected, shown

#: One view outlives all of them.
ALWAYS = RestartPolicy(restarts=1_000_000)


def ui_process() -> int:
    return _process.link().pid


def web_processes() -> set[int]:
    return set(filter(processes.is_alive, processes.of_name(processes.family(ui_process()), "WebKitWebProces")))


def answer_something() -> None:
    with shown() as view:
        assert view.eval_js_sync("40 + 2") == 42


def test_c1_killed_ui_process(chaos: Chaos) -> None:
    kills = chaos.count(20, 1000)
    answers: list[float] = []
    restarts: list[float] = []
    total = 0
    outcomes: dict[str, int] = {}
    answer_something()
    before = processes.descriptors()
    for _ in range(kills):
        reached = chaos.random.randrange(400)
        ledger = Ledger(reached)
        begun = time.monotonic()
        view = WebView(html="<p>to be killed", recovery=NEVER)
        loaded, closed = Recorder(), Recorder()
        view.on_loaded(loaded)
        view.on_closed(closed)
        load = Load(view, ledger)
        show_connected(view)
        if reached > 50:  # else: killed while it starts
            loaded.next()
            restarts.append(time.monotonic() - begun)
        load.start()
        assert reached == 0 or ledger.moment.wait(PATIENCE)
        ui = ui_process()
        members = processes.family(ui)
        killed = time.monotonic()
        os.kill(ui, signal.SIGKILL)
        with pytest.raises(UiProcessError, match="signal 9"):
            view.wait(PATIENCE)
        load.join()
        for kind, count in ledger.outcomes().items():
            outcomes[kind] = outcomes.get(kind, 0) + count
            total += count
        answers.append(ledger.last - killed)
        assert closed.take(1) == ["error"] and closed.is_empty()
        until("the end of the family", lambda members=members: not any(map(processes.is_alive, members)))
        del view, load
    answer_something()
    until("the descriptors", lambda: gc.collect() >= 0 and processes.descriptors() <= before)
    until("the end of zombies", lambda: not processes.zombies())
    chaos.report(
        "C1", kills=kills, asked=total, outcomes=",".join(f"{kind}:{n}" for kind, n in sorted(outcomes.items())),
        last_answer=answers, next_page=restarts,
    )  # fmt: skip
    assert set(outcomes) <= {"value", "ShutdownInProgressError", "PageGoneError"}


def test_c1_views_outlive_their_ui_process(chaos: Chaos) -> None:
    """The same views survive every kill, also one while they are coming back: page, bindings and state are there again,
    no call runs twice, and whoever waits is answered once."""
    kills = chaos.count(10, 300)
    told, answered, back = [], [], []
    ran: list[int] = []
    outcomes: dict[str, int] = {}
    with shown("<p>one", recovery=ALWAYS) as one, shown("<p>two", recovery=ALWAYS) as two:
        crashed, restored = Recorder(), Recorder()
        for view in (one, two):
            view.on_crashed(lambda crash: crashed(time.monotonic()))
            view.on_restored(lambda: restored(time.monotonic()))
            view.bind_call("api.once", ran.append)
        before = processes.descriptors()
        for kill in range(kills):
            ledger = Ledger()
            for view in (one, two):
                view.state["kill"] = kill
                for _ in range(chaos.random.randrange(1, 30)):
                    view.eval_js_async(FOR_EVER, ledger.callback(), timeout_ms=int(1000 * PATIENCE))
            one.eval_js(f"auroraview.api.once({kill})")
            killed = time.monotonic()
            os.kill(ui_process(), signal.SIGKILL)
            twice = kill % 3 == 2
            if twice:  # again while it comes back
                crashed.take(2)
                os.kill(ui_process(), signal.SIGKILL)
                killed = time.monotonic()
            told.append(max(crashed.take(2)) - killed)
            until("the answers", lambda ledger=ledger: not ledger.unanswered())
            if not twice:
                answered.append(ledger.last - killed)
            back.append(max(restored.take(2)) - killed)
            for kind, count in ledger.outcomes().items():
                outcomes[kind] = outcomes.get(kind, 0) + count
            for view, text in ((one, "one"), (two, "two")):
                page = "[document.body.innerText, auroraview.state.get('kill')]"
                assert view.eval_js_sync(page, timeout_ms=1000 * PATIENCE) == [text, kill]
            one.eval_js_sync(f"auroraview.api.once({-1 - kill})")
            assert -1 - kill in ran
            assert crashed.is_empty() and restored.is_empty()
        assert len(ran) == len(set(ran)), "a call ran twice"
        until("the descriptors", lambda: gc.collect() >= 0 and processes.descriptors() <= before)
    until("the end of zombies", lambda: not processes.zombies())
    chaos.report("C1 survive", kills=kills, outcomes=outcomes, crashed_after=told, answered_after=answered,
                 restored_after=back)  # fmt: skip
    assert set(outcomes) == {PageGoneError.__name__}


def test_c1_killed_while_no_view_is_open(chaos: Chaos) -> None:
    """Nobody reads the link then: the next view must find out by itself."""
    kills = chaos.count(3, 100)
    for _ in range(kills):
        answer_something()
        ui = ui_process()
        os.kill(ui, signal.SIGKILL)
        until("its end", lambda ui=ui: processes.has_ended(ui))
        answer_something()
    chaos.report("C1 idle", kills=kills)


def test_c3_stopped_ui_process(chaos: Chaos, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers nothing and then goes on: what waited too long has one TimeoutError, the rest its value."""
    stops = chaos.count(5, 200)
    late: list[float] = []
    totals = {"value": 0, "EvalTimeoutError": 0}
    monkeypatch.setenv("AURORAVIEW_LANE", "off")  # by the fast lane a page goes on without the UI process
    with own_ui_process(), shown() as view:
        seen = Recorder()
        view.on("seen", seen)
        view.eval_js_sync("auroraview.on('n', n => auroraview.send_event('seen', n))")
        ui = ui_process()
        for stop in range(stops):
            ledger = Ledger()
            os.kill(ui, signal.SIGSTOP)
            try:
                for n in range(20):
                    impatient = n % 2
                    view.eval_js_async("1", ledger.callback(), timeout_ms=50 if impatient else int(1000 * PATIENCE))
                view.emit("n", stop)
                asked = time.monotonic()
                with pytest.raises(EvalTimeoutError), ledger.asking():
                    view.eval_js_sync("1", timeout_ms=chaos.random.randrange(50, 150))
                late.append(time.monotonic() - asked)
                until("the impatient to be told", lambda ledger=ledger: ledger.unanswered() == 10)
                assert view.is_alive() and seen.is_empty()
            finally:
                os.kill(ui, signal.SIGCONT)
            assert view.eval_js_sync("40 + 2", timeout_ms=1000 * PATIENCE) == 42
            assert seen.next() == stop
            until("the patient to be told", lambda ledger=ledger: not ledger.unanswered())
            counted = ledger.outcomes()
            assert counted == {"EvalTimeoutError": 11, "value": 10}
            totals = {kind: totals[kind] + counted[kind] for kind in totals}
        assert seen.is_empty()
    chaos.report("C3", stops=stops, timeouts=totals["EvalTimeoutError"], values=totals["value"], gave_up_after=late)


def test_c3_a_stopped_ui_process_does_not_keep_a_view_from_closing() -> None:
    view = WebView(html="<p>")
    view.show(wait=False)
    view.eval_js_sync("1")
    ui = ui_process()
    os.kill(ui, signal.SIGSTOP)
    view.close()
    assert view.lifecycle == "destroyed" and not view.is_alive()
    until("the end of what hangs", lambda: not processes.is_alive(ui))
    with shown() as another:
        assert another.eval_js_sync("1") == 1


def test_c3_stopped_web_process(chaos: Chaos) -> None:
    """A page that hangs takes nothing along: what waits times out, the view closes, another one works."""
    stops = chaos.count(1, 100)
    took: list[float] = []
    for _ in range(stops):
        ledger = Ledger()
        with shown() as other:
            before = web_processes()
            with shown() as view:
                (web,) = web_processes() - before
                os.kill(web, signal.SIGSTOP)
                view.eval_js_async("1", ledger.callback(), timeout_ms=50)
                with pytest.raises(EvalTimeoutError), ledger.asking():
                    view.eval_js_sync("1", timeout_ms=100)
                assert other.eval_js_sync("2", timeout_ms=1000 * PATIENCE) == 2
                begun = time.monotonic()
            assert view.wait(PATIENCE)  # close() gave it the time that accepted work may take
            took.append(time.monotonic() - begun)
            until("the timeouts", lambda ledger=ledger: not ledger.unanswered())
            assert ledger.outcomes() == {"EvalTimeoutError": 2}
            os.kill(web, signal.SIGCONT)
            until("its end", lambda web=web: not processes.is_alive(web))
            assert other.eval_js_sync("3", timeout_ms=1000 * PATIENCE) == 3
    chaos.report("C3 page", stops=stops, closed_after=took)


def test_c4_killed_web_process(chaos: Chaos) -> None:
    kills = chaos.count(10, 200)
    told: list[float] = []
    back: list[float] = []
    rejected = 0
    with shown("<p>page", recovery=ALWAYS) as view:
        crashed, restored = Recorder(), Recorder()
        view.on_crashed(crashed)
        view.on_restored(lambda: restored(None))
        view.bind_call("api.add", lambda a, b: a + b)
        ui = ui_process()
        for _ in range(kills):
            ledger = Ledger()
            for _ in range(chaos.random.randrange(1, 50)):
                view.eval_js_async(FOR_EVER, ledger.callback(), timeout_ms=int(1000 * PATIENCE))
            view.eval_js_sync("for (let n = 0; n < 10; n++) auroraview.api.add(n, 1)")
            (web,) = web_processes()
            killed = time.monotonic()
            os.kill(web, signal.SIGKILL)
            assert crashed.next().then == "restarting"
            told.append(time.monotonic() - killed)
            until("the answers", lambda ledger=ledger: not ledger.unanswered())
            assert set(ledger.outcomes()) == {"PageGoneError"}
            rejected += sum(ledger.outcomes().values())
            restored.next()
            back.append(time.monotonic() - killed)
            assert view.eval_js_sync("auroraview.api.add(1, 2)") == 3
        assert crashed.is_empty()
        assert ui_process() == ui
    until("the end of zombies", lambda: not processes.zombies())
    chaos.report("C4", kills=kills, rejected=rejected, crashed_after=told, page_after=back)
