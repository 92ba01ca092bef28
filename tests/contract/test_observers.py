"""Observers of a view's messages, and the counters of what passed."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from auroraview import Stats, WebView
from support.desktop import until
from support.views import Recorder, contract, shown


def only_of_page(observed: Any) -> bool:
    return observed.document is not None


@pytest.mark.needs("javascript")
@contract()
def test_observers_see_calls_events_and_notices_before_they_are_handled(view: WebView) -> None:
    seen, order = Recorder(), []
    view.on("event", lambda data: order.append("handled event"))
    view.bind_call("api.call", lambda: order.append("handled call"))

    def observer(message: Any) -> None:
        if only_of_page(message):
            order.append(f"saw {message.name}")
            seen(message)

    view.add_observer(observer)
    view.eval_js_sync("auroraview.send_event('event', 'x'.repeat(1000)); return auroraview.api.call()")
    event, call = seen.take(2)
    assert (event.kind, event.name, event.id) == ("notify", "event", None) and event.size > 1000
    assert (call.kind, call.name) == ("request", "api.call") and isinstance(call.id, int)
    assert event.document == call.document == 1
    assert order == ["saw event", "handled event", "saw api.call", "handled call"]
    assert len(seen.threads) == 1


def test_notices_of_the_ui_process_are_seen_too() -> None:
    with WebView("observed", html="<p>") as view:
        notices = Recorder()
        view.add_observer(lambda message: only_of_page(message) or notices(message))
        view.show(wait=False)
        names = [notices.next().name]
        while names[-1] != "view/loading":
            names.append(notices.next().name)
        assert "view/created" in names


@pytest.mark.needs("javascript")
@contract()
def test_higher_priorities_see_first_and_equal_ones_in_their_order(view: WebView) -> None:
    order: list[str] = []
    done = Recorder()
    for name, priority in [("low", -1), ("first", 0), ("high", 5), ("second", 0), ("higher", 7)]:
        view.add_observer(lambda message, name=name: only_of_page(message) and order.append(name), priority)
    view.on("event", done)
    view.eval_js("auroraview.send_event('event')")
    done.next()
    assert order == ["higher", "high", "first", "second", "low"]


@pytest.mark.needs("javascript")
def test_what_an_observer_raises_goes_to_the_log_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with shown() as view:
        seen, handled = Recorder(), Recorder()

        def fails(message: Any) -> None:
            raise RuntimeError("observer no")

        view.add_observer(fails, 1)
        view.add_observer(lambda message: only_of_page(message) and seen(message.name))
        view.on("event", handled)
        view.eval_js("auroraview.send_event('event')")
        assert (seen.next(), handled.next()) == ("event", {})
        view.remove_observer(fails)
    assert "an observer raised" in caplog.text and "observer no" in caplog.text


@pytest.mark.needs("javascript")
@contract()
def test_an_observer_may_be_removed_also_by_itself_and_may_add_others(view: WebView) -> None:
    seen, later, handled = Recorder(), Recorder(), Recorder()

    def once(message: Any) -> None:
        if only_of_page(message):
            seen(message.name)
            view.remove_observer(once)
            view.add_observer(lambda message: only_of_page(message) and later(message.name))

    view.add_observer(once)
    view.remove_observer(print)  # who never was one
    view.on("event", handled)
    view.eval_js("auroraview.send_event('event', 1)")
    view.eval_js("auroraview.send_event('event', 2)")
    assert handled.take(2) == [1, 2]
    assert seen.next() == "event" and seen.is_empty()
    assert later.next() == "event" and later.is_empty()


@pytest.mark.needs("javascript")
def test_a_page_can_send_an_observer_nothing_strange() -> None:
    """Names that are no text, or hostile ones, are shown as they are."""
    with shown() as view:
        seen = Recorder()
        view.add_observer(lambda message: only_of_page(message) and seen(message.name))
        view.eval_js("auroraview.send_event('__proto__ \\n 名前', 1)")
        assert seen.next() == "__proto__ \n 名前"


# ---- counters ----


@pytest.mark.needs("javascript")
def test_every_field_counts_what_it_says() -> None:
    with WebView(html="<p>") as view:
        assert view.stats()[:8] == (0,) * 8
        for n in range(3):
            view.emit("early", n)
        assert view.stats().backlog == 3
        loaded, handled = Recorder(), Recorder()
        view.on_loaded(loaded)
        view.on("n", handled)
        view.bind_call("api.n", lambda n: n)
        view.show(wait=False)
        loaded.next()
        before = view.stats()
        view.eval_js_sync("for (let n = 0; n < 10; n++) auroraview.send_event('n', n); return auroraview.api.n(1)")
        handled.take(10)
        until("the count", lambda: view.stats().processed == before.processed + 11)
        after = view.stats()
        assert after.accepted == before.accepted + 11
        assert after.cancelled == before.cancelled == 0 and after.dropped == 0
        assert after.pushed >= before.pushed + 11 and after.taken >= before.taken + 11
        assert after.pushed >= after.taken and after.wake_ups <= after.pushed
        assert sum(after.latency_us) == after.taken
        assert after.contended_locks >= before.contended_locks >= 0
        assert 0 < after.latency_percentile(50) <= after.latency_percentile(99) <= 2 ** len(after.latency_us)


@pytest.mark.needs("javascript")
def test_what_the_page_gives_up_counts_as_cancelled() -> None:
    with shown() as view:
        entered, go_on, ran = threading.Event(), threading.Event(), Recorder()

        @view.on("block")
        def block(data: object) -> None:
            entered.set()
            assert go_on.wait(20)

        view.bind_call("api.never", ran)
        view.eval_js("auroraview.send_event('block')")
        assert entered.wait(20)
        code = view.eval_js_sync("""const stop = new AbortController();
            const call = auroraview.call('api.never', 1, {signal: stop.signal}).catch(error => error.code);
            await auroraview.whenReady; setTimeout(() => stop.abort()); return call""")
        assert code == "CANCELLED"
        go_on.set()
        until("the count", lambda: view.stats().cancelled == 1)
        assert ran.is_empty()
        stats = view.stats()
        assert stats.accepted == stats.processed + stats.cancelled


def test_percentiles_are_upper_bounds() -> None:
    counts = (0, 0, 0, 50, 0, 49, 0, 0, 0, 0, 1)
    nothing = Stats(**{**dict.fromkeys(Stats._fields, 0), "latency_us": (0, 0)})
    stats = nothing._replace(latency_us=counts)
    assert [stats.latency_percentile(p) for p in (1, 50, 51, 99, 100)] == [8, 8, 32, 32, 1024]
    assert nothing.latency_percentile(99) == 0


# ---- from inside handlers and several threads ----


@pytest.mark.needs("javascript")
def test_who_subscribes_emits_and_unsubscribes_everywhere_keeps_each_senders_order() -> None:
    """Handlers and four threads emit, listen and stop listening at once; each sender's events arrive in its order."""
    with shown(
        "<script>window.seen = {}; auroraview.on('n', ([who, n]) => { (seen[who] ??= []).push(n) })</script>"
    ) as view:
        inside = iter(range(10_000))

        @view.on("tick")
        def tick(data: object) -> None:
            def other(data: object) -> None: ...

            view.emit("n", ["handler", next(inside)])
            listener = view.on("tick", other)
            view.emit("n", ["handler", next(inside)])
            assert view.off("tick", listener) == 1

        def work(who: int) -> None:
            for n in range(200):
                listener = view.on(f"name {who}", print)
                view.emit("n", [str(who), n])
                assert view.off(f"name {who}", listener) == 1

        threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        view.eval_js_sync("for (let n = 0; n < 100; n++) auroraview.send_event('tick', n)")
        for thread in threads:
            thread.join(20)
        view.wait_for_drain(20)
        seen = view.eval_js_sync("seen")
        assert seen.pop("handler") == list(range(200))
        assert seen == {str(who): list(range(200)) for who in range(4)}
