"""Events both ways: names and data as they were sent, in order, before the page is ready and after a reload."""

from __future__ import annotations

import threading

import pytest

import auroraview
from auroraview import WebView
from support.desktop import until
from support.views import Recorder, contract, shown

VALUES = [
    None,
    True,
    0,
    -1.5,
    2**53 - 1,
    "",
    "中文 🎈 \u2028 </script> \" ' \\ \n",
    [],
    [1, [2]],
    {},
    {"__proto__": 1, "ключ": None},
]


@pytest.mark.needs("javascript")
@contract()
def test_data_goes_to_the_page_as_it_is(view: WebView) -> None:
    view.eval_js_sync("window.seen = []; auroraview.on('it', data => { seen.push(data) })")
    for value in VALUES:
        view.emit("it", value)
    view.emit("it")
    assert view.eval_js_sync("seen") == [*VALUES, {}]


@pytest.mark.needs("javascript")
@contract()
def test_data_comes_to_python_as_it_is(view: WebView) -> None:
    seen = Recorder()
    view.on("it", seen)
    view.eval_js_sync("window.send = value => auroraview.send_event('it', value)")
    view.emit("give", VALUES)
    view.eval_js_sync("auroraview.on('again', values => values.forEach(value => send(value)))")
    view.emit("again", VALUES)
    view.eval_js("auroraview.send_event('it')")
    assert seen.take(len(VALUES) + 1) == [*VALUES, {}]


@pytest.mark.needs("javascript")
@contract()
def test_any_name_works_both_ways(view: WebView) -> None:
    for name in [
        "plain",
        "with 'quotes' \"and\" \\",
        "line\nbreak",
        "\u2028",
        "名前",
        "__proto__",
        "constructor",
        "</script>",
    ]:
        seen = Recorder()
        view.on(name, seen)
        view.emit("echo", name)
        view.eval_js_sync(
            "new Promise(done => auroraview.once(" + _js(name) + ", data => { auroraview.send_event("
            + _js(name) + ", data); done() })) && 0"
        )  # fmt: skip
        view.emit(name, name)
        assert seen.next() == name


def _js(text: str) -> str:
    import json

    return json.dumps(text)


def test_bad_names_are_refused() -> None:
    view = WebView()
    for bad in ["", "$/session", "x" * 1025]:
        with pytest.raises(ValueError):
            view.emit(bad)
        with pytest.raises(ValueError):
            view.on(bad, print)
    with pytest.raises(TypeError):
        view.emit(7)  # type: ignore[arg-type]
    view.close()


@pytest.mark.needs("javascript")
@contract()
def test_thousands_of_events_keep_their_order(view: WebView) -> None:
    count = 5000
    view.eval_js_sync("window.seen = []; auroraview.on('n', n => { seen.push(n) })")
    for n in range(count):
        view.emit("n", n)
    assert view.eval_js_sync("seen") == list(range(count))
    seen = Recorder()
    view.on("n", seen)
    view.eval_js(f"for (let n = 0; n < {count}; n++) auroraview.send_event('n', n)")
    assert seen.take(count) == list(range(count))


@pytest.mark.needs("javascript")
def test_events_before_the_page_is_ready_wait_for_it() -> None:
    page = """<script>window.seen = []; auroraview.on('early', n => { seen.push(n) });
        auroraview.send_event('hello', 'from the first script')</script>"""
    with WebView(html=page) as view:
        seen = Recorder()
        view.on("hello", seen)
        for n in range(100):
            view.emit("early", n)
        view.show(wait=False)
        view.emit("early", 100)
        assert seen.next() == "from the first script"
        until("the early events", lambda: view.eval_js_sync("seen.length") == 101)
        assert view.eval_js_sync("seen") == list(range(101))


@pytest.mark.needs("javascript")
def test_late_scripts_of_the_page_still_get_early_events() -> None:
    page = """<script type=module>window.seen = []; auroraview.on('early', n => { seen.push(n) })</script>"""
    with WebView(html=page) as view:
        view.emit("early", 1)
        view.show(wait=False)
        until("the early event", lambda: view.eval_js_sync("window.seen && seen.length") == 1)


@pytest.mark.needs("javascript")
def test_everything_is_there_again_after_a_reload() -> None:
    page = """<script>auroraview.on('ping', n => auroraview.send_event('pong', n));
        auroraview.call('api.name').then(name => auroraview.send_event('name', name))</script>"""
    with WebView(html=page) as view:
        pong, name, dom = Recorder(), Recorder(), Recorder()
        view.on("pong", pong)
        view.on("name", name)
        view.on("dom", dom)
        view.bind_call("api.name", lambda: "AuroraView")
        view.show(wait=False)
        for n in range(5):
            assert name.next() == "AuroraView"
            view.emit("ping", n)
            assert pong.next() == n
            view.eval_js("dispatchEvent(new CustomEvent('dom', {detail: 1}))")
            assert dom.next() == 1
            # What is sent before the reload has begun may still reach the old document, whose answer nobody hears.
            view.reload()
        assert pong.is_empty()


@pytest.mark.needs("javascript")
@contract()
def test_custom_events_reach_python_if_it_listens(view: WebView) -> None:
    seen, other = Recorder(), Recorder()
    view.on("my_event", seen)
    view.on("end", other)
    view.eval_js_sync("""
        dispatchEvent(new CustomEvent('my_event', {detail: {key: 'value'}}));
        document.body.dispatchEvent(new CustomEvent('my_event', {detail: 'bubbled', bubbles: true}));
        document.body.dispatchEvent(new CustomEvent('my_event', {detail: 'kept inside'}));
        dispatchEvent(new CustomEvent('not_subscribed', {detail: 1}));
        dispatchEvent(new Event('my_event'));
        dispatchEvent(new CustomEvent('my_event'));
        auroraview.send_event('end');
    """)
    other.next()
    assert seen.take(3) == [{"key": "value"}, "bubbled", {}]
    assert seen.is_empty()


@pytest.mark.needs("javascript")
@contract()
def test_python_events_are_dom_events_and_are_never_echoed(view: WebView) -> None:
    seen, end = Recorder(), Recorder()
    view.on("update", seen)
    view.on("end", end)
    view.eval_js_sync("""
        window.details = [];
        addEventListener('update', event => { details.push(event.detail) });
        addEventListener('load', () => { details.push('a browser event was faked') });
        0
    """)
    view.emit("update", {"frame": 120})
    view.emit("load", 1)
    assert view.eval_js_sync("details") == [{"frame": 120}]
    view.eval_js("auroraview.send_event('end')")
    end.next()
    assert seen.is_empty()


@pytest.mark.needs("javascript")
@contract()
def test_once_and_off(view: WebView) -> None:
    first, second, third, end = Recorder(), Recorder(), Recorder(), Recorder()
    view.once("n", first)
    listener = view.register_callback("n", second)
    assert isinstance(listener, int)

    @view.on("n")
    def decorated(data: object) -> None:
        third(data)

    view.on("end", end)
    view.eval_js_sync("auroraview.send_event('n', 1); auroraview.send_event('n', 2); auroraview.send_event('end')")
    end.next()
    assert (first.take(1), second.take(2), third.take(2)) == ([1], [1, 2], [1, 2])
    assert view.off("n", listener) == 1
    assert view.off("n", decorated) == 1
    assert view.off("n", decorated) == 0
    view.eval_js_sync("auroraview.send_event('n', 3); auroraview.send_event('end')")
    end.next()
    assert first.is_empty() and second.is_empty() and third.is_empty()


@pytest.mark.needs("javascript")
@contract()
def test_a_failing_handler_does_not_stop_the_others(view: WebView) -> None:
    seen, errors = Recorder(), Recorder()

    @view.on("n")
    def fails(data: object) -> None:
        raise RuntimeError("no")

    view.on("n", seen)
    view.on("handler_error", errors)
    view.eval_js("auroraview.send_event('n', 1)")
    assert seen.next() == 1
    error = errors.next()
    assert error["event"] == "n" and "no" in error["error"] and "in fails" in error["traceback"]


@pytest.mark.needs("javascript")
@contract()
def test_async_event_handlers_run(view: WebView) -> None:
    seen, errors = Recorder(), Recorder()

    @view.on("n")
    async def handler(data: int) -> None:
        seen(data)
        if data == 2:
            raise ValueError("async no")

    view.on("handler_error", errors)
    view.eval_js("auroraview.send_event('n', 1); auroraview.send_event('n', 2)")
    assert seen.take(2) == [1, 2]
    assert "async no" in errors.next()["error"]


@pytest.mark.needs("javascript")
@contract()
def test_handlers_may_emit_subscribe_and_unsubscribe(view: WebView) -> None:
    seen = Recorder()

    def handler(data: object) -> None:
        view.off("n", handler)
        view.on("n", seen)
        view.emit("answer", data)

    view.on("n", handler)
    view.eval_js_sync("auroraview.on('answer', n => auroraview.send_event('n', n + 1)); auroraview.send_event('n', 1)")
    assert seen.next() == 2


@pytest.mark.needs("javascript")
def test_a_page_that_takes_nothing_fills_the_queue_and_the_view_recovers() -> None:
    with shown() as view:
        view.eval_js_sync("window.seen = 0; auroraview.on('n', () => { seen++ })")
        view.eval_js("const end = Date.now() + 3000; while (Date.now() < end);")
        sent = 0
        with pytest.raises(auroraview.QueueFull, match="bound"):
            while True:
                view.emit("n", sent)
                sent += 1
        assert sent >= 65_536
        assert view.eval_js_sync("seen", timeout_ms=20_000) == sent
        view.emit("n", 1)
        assert view.eval_js_sync("seen") == sent + 1


@pytest.mark.needs("javascript")
def test_emit_from_many_threads_keeps_each_threads_order() -> None:
    with shown() as view:
        view.eval_js_sync("window.seen = {}; auroraview.on('n', ([who, n]) => { (seen[who] ??= []).push(n) })")
        threads = [
            threading.Thread(target=lambda who=who: [view.emit("n", [who, n]) for n in range(1000)]) for who in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen = view.eval_js_sync("seen")
        assert seen == {str(who): list(range(1000)) for who in range(4)}


@pytest.mark.needs("javascript")
def test_of_coalesced_events_the_newest_is_left_and_nothing_else_is_dropped() -> None:
    page = """<script>
        window.seen = [];
        for (const name of ["slider", "other"]) auroraview.on(name, (value) => seen.push([name, value]));
        auroraview.on("end", () => auroraview.send_event("seen", seen));
    </script>"""
    with WebView(html=page) as view:
        told = Recorder()
        view.on("seen", told)
        for n in range(100):  # nobody can take them before the page is there
            view.emit("slider", n, coalesce="zoom")
            view.emit("slider", -n, coalesce="pan")
            view.emit("other", n)
        view.emit("end")
        view.show(wait=False)
        seen = told.next()
        assert [value for name, value in seen if name == "other"] == list(range(100))
        assert [value for name, value in seen if name == "slider"] == [99, -99]
        assert seen[-1] == ["other", 99]
