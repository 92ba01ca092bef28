"""The host's main thread (RFC 0002), by each adapter on a fake of its host, with the host's faults."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable

import pytest

from auroraview import (
    EventLoopClosed,
    EventTimer,
    ProcessorConfig,
    ThreadDispatchTimeoutError,
    ThreadSafetyError,
    WebView,
    _core,
    _loop,
    hosts,
    is_main_thread,
    run_on_main_thread,
    run_on_main_thread_sync,
)
from auroraview.hosts.unreal import Unreal
from auroraview.testing.hosts import FakeBlender, FakeHost, FakeHoudini, FakeMaya, FakeNuke, FakeUnreal
from auroraview.utils import DCCThreadSafeWrapper, ThreadDispatcherBackend, WebViewProxy, dcc_thread_safe
from auroraview.utils.dcc_thread_safe import dcc_thread_safe_async
from support.desktop import PATIENCE
from support.views import Recorder

MAIN = threading.main_thread().ident
FAKES = [FakeMaya, FakeHoudini, FakeNuke, FakeBlender, FakeUnreal]
Fake = Callable[..., FakeHost]

#: A page that calls a function of Python, one call after the other, and says when it has the answers.
PAGE = """<script>
async function ask(name, count) {
  const got = [];
  for (let n = 0; n < count; n++) got.push(await auroraview.call(name, n));
  return got;
}
</script>"""


@pytest.fixture(params=FAKES, ids=lambda each: each.__name__[4:].lower())
def fake(request: pytest.FixtureRequest) -> Fake:
    kind: Fake = request.param
    return kind


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    hosts.look_again()
    assert hosts.current().name == "Python"
    assert "auroraview-link" not in [each.name for each in threading.enumerate()]


def in_worker(host: FakeHost, work: Callable[[], Any]) -> Any:
    """What ``work`` returns on a worker, while the main thread is in the host's loop."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        host.run(done.done, PATIENCE)
        return done.result()


# ---- functions ----


def test_workers_reach_the_hosts_main_thread(fake: Fake) -> None:
    with fake() as host:
        assert hosts.current().name != "Python" and is_main_thread()

        def work() -> None:
            assert not is_main_thread()
            assert run_on_main_thread_sync(threading.get_ident) == MAIN
            with pytest.raises(ZeroDivisionError):
                run_on_main_thread_sync(lambda: 1 // 0)
            seen = Recorder()
            for n in range(500):
                run_on_main_thread(seen, n)
            assert seen.take(500) == list(range(500)) and seen.threads == {MAIN}

        in_worker(host, work)
        assert host.trespassers == []


def test_dcc_thread_safe_decorator(fake: Fake) -> None:
    """Named by RFC 0002."""
    order = Recorder()

    with fake() as host:

        @dcc_thread_safe
        def wanted(value: int) -> tuple[int, int]:
            """Says where it runs."""
            return threading.get_ident(), value

        @dcc_thread_safe_async
        def later(text: str) -> None:
            order(text)

        assert (wanted.__name__, wanted.__doc__) == ("wanted", "Says where it runs.")
        assert wanted(1) == (MAIN, 1)
        assert in_worker(host, lambda: wanted(2)) == (MAIN, 2)
        later("queued")  # type: ignore[unused-ignore]
        order("caller")
        assert in_worker(host, lambda: later("from a worker")) is None
        host.run(lambda: order.count >= 3)
        assert order.take(3) == ["caller", "queued", "from a worker"] and order.threads == {MAIN}


def test_what_runs_in_pieces_cannot_be_decorated() -> None:
    async def coroutine() -> None: ...

    def pieces() -> Iterator[int]:
        yield 1

    for decorator in (dcc_thread_safe, dcc_thread_safe_async):
        for function in (coroutine, pieces):
            with pytest.raises(TypeError, match=f"{function.__name__}.* in pieces"):
                decorator(function)


def test_several_threads_at_once(fake: Fake) -> None:
    with fake() as host, ThreadPoolExecutor(8) as pool:
        is_main_thread()
        asked = [pool.submit(run_on_main_thread_sync, lambda n=n: (n, threading.get_ident())) for n in range(200)]
        host.run(lambda: all(each.done() for each in asked), PATIENCE)
        assert [each.result() for each in asked] == [(n, MAIN) for n in range(200)]


def test_a_loop_that_never_drains_times_out_and_what_was_given_up_never_starts(fake: Fake) -> None:
    with fake(deaf=True) as host:
        is_main_thread()
        ran = Recorder()
        with pytest.raises(ThreadDispatchTimeoutError, match=rf"within 0.05 s.*Is {hosts.current().name} busy"):
            in_worker(host, lambda: run_on_main_thread_sync(ran, 1, timeout=0.05))
        host.deaf = False
        assert in_worker(host, lambda: run_on_main_thread_sync(lambda: "again", timeout=PATIENCE)) == "again"
        assert ran.is_empty()


def test_a_dialog_of_the_host_runs_what_workers_hand_over(fake: Fake) -> None:
    """A function on the main thread opens a dialog, and a worker that the dialog waits for needs the main thread."""
    with fake() as host, ThreadPoolExecutor(1) as pool:
        is_main_thread()

        def dialog() -> str:
            inner = pool.submit(run_on_main_thread_sync, lambda: f"inside, {threading.get_ident() == MAIN}")
            host.run(inner.done, PATIENCE)
            return inner.result()

        assert in_worker(host, lambda: run_on_main_thread_sync(dialog, timeout=PATIENCE)) == "inside, True"


def test_batch_runs_inline_on_main_and_refuses_workers_at_once(fake: Fake) -> None:
    with fake(batch=True):
        assert run_on_main_thread_sync(threading.get_ident) == MAIN
        began = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            for ask in (run_on_main_thread, run_on_main_thread_sync):
                asked = pool.submit(ask, print, "never")
                with pytest.raises(EventLoopClosed, match=rf"{hosts.current().name} runs without its windows"):
                    asked.result(PATIENCE)
        assert time.monotonic() - began < 5


@pytest.mark.needs("javascript")
def test_in_batch_a_main_thread_in_a_call_of_ours_serves(fake: Fake) -> None:
    with fake(batch=True), WebView(html=PAGE, dcc_mode=True) as view:
        seen = Recorder()

        @view.bind_call("where")
        def where(n: int) -> int:
            seen(threading.get_ident())
            return n

        view.show()
        assert view.eval_js_sync("ask('where', 3)", timeout_ms=1000 * PATIENCE) == [0, 1, 2]
        assert set(seen.take(3)) == {MAIN}


def test_a_host_that_takes_nothing_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    for kind in (FakeMaya, FakeHoudini, FakeNuke):  # the others are never posted to
        with kind(refuses=True) as host:
            is_main_thread()
            with pytest.raises(ThreadDispatchTimeoutError):
                in_worker(host, lambda: run_on_main_thread_sync(print, "never", timeout=0.05))
            assert f"{hosts.current().name} does not take" in caplog.text


@pytest.mark.parametrize("kind", [FakeBlender, FakeUnreal])
def test_hosts_without_a_way_in_must_be_met_on_their_main_thread(kind: Fake) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(is_main_thread).result()
        host = kind()
        host.__enter__()
        try:
            hosts._current = hosts.Plain()  # nobody met it yet
            from auroraview import _loop

            _loop._loop.host, _loop._loop._settled = hosts._current, True
            with pytest.raises(ThreadSafetyError, match="no way to its"):
                pool.submit(run_on_main_thread_sync, print).result()
            assert host.trespassers == []
            assert is_main_thread()  # it is met here
            assert in_worker(host, lambda: run_on_main_thread_sync(threading.get_ident)) == MAIN
        finally:
            host.__exit__()


# ---- views ----


def open_in(host: FakeHost, **options: Any) -> WebView:
    view = WebView(html=PAGE, dcc_mode=True, **options)
    loaded = Recorder()
    view.on_loaded(loaded)
    view.show()
    host.run(lambda: loaded.count > 0, PATIENCE)
    assert loaded.threads == {MAIN}
    return view


def close_in(host: FakeHost, view: WebView) -> None:
    view.close()  # on the main thread: at once
    host.run(lambda: view.lifecycle == "destroyed", PATIENCE)


def asked(host: FakeHost, view: WebView, script: str) -> Any:
    answer: Future[Any] = Future()
    view.eval_js_async(script, lambda value, error: answer.set_result((value, error)), 1000 * PATIENCE)
    host.run(answer.done, PATIENCE)
    value, error = answer.result()
    assert error is None
    return value


@pytest.mark.needs("javascript")
def test_dcc_mode_auto_wrapping(fake: Fake) -> None:
    """Named by RFC 0002. Everything of the view runs on the host's main thread."""
    with fake() as host:
        view = open_in(host)
        where = {name: Recorder() for name in ("call", "api", "event", "once", "async", "lifecycle", "closed", "state")}

        class Api:
            def method(self, n: int) -> int:
                where["api"](n)
                return n

        view.bind_call("call", lambda n: [where["call"](n), n][1])
        view.bind_api(Api())
        view.on("event", where["event"])
        view.once("once", where["once"])
        view.on_lifecycle(where["lifecycle"])
        view.on_closed(where["closed"])
        view.state.on_change(lambda *change: where["state"](change))
        assert asked(host, view, "ask('call', 5)") == [0, 1, 2, 3, 4]
        assert asked(host, view, "ask('api.method', 2)") == [0, 1]
        view.eval_js("auroraview.send_event('event', 1); auroraview.send_event('once', 1)")
        view.eval_js("auroraview.state.set('name', 1)")
        host.run(lambda: bool(where["event"].count and where["once"].count), PATIENCE)
        view.eval_js_async("1", lambda value, error: where["async"](value))
        in_worker(host, lambda: view.state.update(name=2))
        host.run(lambda: bool(where["async"].count and where["state"].count), PATIENCE)
        close_in(host, view)
        assert {name: each.threads for name, each in where.items()} == dict.fromkeys(where, {MAIN})
        assert host.trespassers == []


@pytest.mark.needs("javascript")
def test_the_host_has_its_turn_between_functions_and_between_handlers(fake: Fake) -> None:
    with fake() as host:
        view = open_in(host)
        seen: list[str] = []

        def work(n: int) -> None:
            end = time.perf_counter() + 2 * _loop.BUDGET
            while time.perf_counter() < end:
                pass
            seen.append(f"ours {n}")

        def turned() -> bool:
            seen.append("host")
            return len([each for each in seen if each != "host"]) == 20

        view.on("work", work)
        view.eval_js("for (let n = 0; n < 10; n += 1) auroraview.send_event('work', n)")
        for n in range(10, 20):
            run_on_main_thread(work, n)
        host.run(turned, PATIENCE)
        close_in(host, view)
        # A drain that has used up its time with a function still handles one message of each view.
        assert max(len(list(run)) for of_host, run in itertools.groupby(seen, "host".__eq__) if not of_host) <= 2


@pytest.mark.needs("javascript")
def test_show_returns_at_once_and_refuses_to_wait(fake: Fake) -> None:
    with fake() as host:
        view = WebView(html=PAGE, dcc_mode=True)
        with pytest.raises(ThreadSafetyError, match=rf"would stop {hosts.current().name}"):
            view.show(wait=True)
        assert view.lifecycle == "creating"
        view.show()
        with pytest.raises(ThreadSafetyError, match="wait.. without a timeout would stop"):
            view.wait()
        view.close()
        host.run(lambda: view.lifecycle == "destroyed", PATIENCE)
        other = WebView(html=PAGE)  # without dcc_mode: handlers run on a thread of ours, and main goes on
        loaded = Recorder()
        other.on_loaded(loaded)
        other.show()
        assert loaded.next() and MAIN not in loaded.threads
        other.close()


@pytest.mark.needs("javascript")
def test_auto_is_dcc_mode_in_a_host_and_none_in_a_plain_program(fake: Fake) -> None:
    seen = Recorder()
    with fake() as host:
        view = WebView(html=PAGE, dcc_mode="auto")
        view.on_loaded(seen)
        view.show()
        host.run(lambda: seen.count > 0, PATIENCE)
        assert seen.threads == {MAIN}
        close_in(host, view)
    with WebView(html=PAGE, dcc_mode="auto") as view:
        seen = Recorder()
        view.on_loaded(seen)
        view.show(wait=False)
        assert seen.next() and MAIN not in seen.threads


@pytest.mark.needs("javascript")
def test_a_dialog_in_a_handler_serves_calls_and_keeps_events_in_order(fake: Fake) -> None:
    with fake() as host:
        view = open_in(host)
        events, dialog_over = Recorder(), threading.Event()

        @view.bind_call("open_dialog")
        def open_dialog() -> str:
            host.run(dialog_over.is_set, PATIENCE)
            return f"events inside: {events.count}"

        view.bind_call("end_dialog", dialog_over.set)
        view.on("event", events)
        script = """new Promise(done => {
            auroraview.call('open_dialog').then(done);
            for (let n = 0; n < 5; n++) auroraview.send_event('event', n);
            auroraview.call('end_dialog');
        })"""
        assert asked(host, view, script) == "events inside: 0"
        host.run(lambda: events.count >= 5, PATIENCE)
        assert events.take(5) == [0, 1, 2, 3, 4]
        close_in(host, view)


@pytest.mark.needs("javascript")
def test_another_view_lives_on_inside_a_dialog(fake: Fake) -> None:
    with fake() as host:
        first, second = open_in(host), open_in(host)
        events = Recorder()
        second.on("event", events)

        @first.bind_call("open_dialog")
        def open_dialog() -> None:
            second.eval_js("auroraview.send_event('event', 'inside')")
            host.run(lambda: events.count > 0, PATIENCE)

        asked(host, first, "auroraview.call('open_dialog')")
        assert events.take(1) == ["inside"]
        close_in(host, first)
        close_in(host, second)


@pytest.mark.needs("javascript")
def test_deadlines_of_the_view_need_no_traffic(fake: Fake) -> None:
    with fake() as host:
        view = open_in(host)
        failed = Recorder()
        view.eval_js_async("new Promise(() => {})", lambda value, error: failed(type(error).__name__), 100)
        host.run(lambda: failed.count > 0, PATIENCE)
        assert failed.take(1) == ["EvalTimeoutError"]
        close_in(host, view)


@pytest.mark.needs("javascript")
def test_a_handler_that_exits_leaves_the_application_alone(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    with fake() as host:
        view = open_in(host)

        @view.bind_call("leave")
        def leave() -> None:
            raise SystemExit(3)

        name = asked(host, view, "auroraview.call('leave').catch(error => error.name)")
        assert name == "SystemExit" and "SystemExit" in caplog.text
        assert asked(host, view, "1 + 1") == 2
        close_in(host, view)


@pytest.mark.needs("javascript")
def test_a_handler_that_always_exits_ends_no_view_as_long_as_messages_come_further(fake: Fake) -> None:
    with fake() as host:
        view = open_in(host)

        @view.bind_call("leave")
        def leave(n: int) -> None:
            raise SystemExit(n)

        script = "Promise.all(Array.from({length: 50}, (_, n) => auroraview.call('leave', n).catch(e => e.name)))"
        assert asked(host, view, script) == 50 * ["SystemExit"]
        close_in(host, view)


@pytest.mark.needs("javascript")
@pytest.mark.parametrize("part", ["turn", "has_more"])
def test_a_view_whose_turns_only_raise_is_ended_and_no_other(
    fake: Fake, part: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("nothing works")

    with fake() as host:
        view, other = open_in(host), open_in(host)
        reasons = Recorder()
        view.on_closed(reasons)
        dispatcher = view._life.dispatcher
        kind = type("Broken", (type(dispatcher),), {part: property(broken) if part == "has_more" else broken})
        monkeypatch.setattr(dispatcher, "__class__", kind)
        view.eval_js("auroraview.send_event('anything')")
        host.run(lambda: view.lifecycle == "destroyed", PATIENCE)
        assert reasons.take(1) == ["error"]
        # A message that comes meanwhile counts as progress, once each.
        assert 0 < sum("main thread of" in each.message for each in caplog.records) <= 5 * _loop.MAX_FAILURES
        assert asked(host, other, "1 + 1") == 2
        with pytest.raises(EventLoopClosed, match="nothing works"):
            view.wait(0)
        close_in(host, other)


@pytest.mark.needs("javascript")
def test_thread_safe_wrapper(fake: Fake) -> None:
    """Named by RFC 0002."""
    with fake() as host:
        view = open_in(host)
        safe, got = view.thread_safe(), Recorder()
        assert isinstance(safe, DCCThreadSafeWrapper)
        view.on("got", got)

        def work() -> None:
            assert safe.eval_js_sync("1 + 1", timeout_ms=1000 * PATIENCE) == 2
            safe.eval_js("auroraview.on('told', data => auroraview.send_event('got', data))")
            safe.emit("told", {"ready": True})
            assert got.next() == {"ready": True}
            loaded = Recorder()
            view.on_loaded(loaded)
            for change in (lambda: safe.load_html("<p>other"), safe.reload):
                change()
                loaded.next()
            safe.close()

        in_worker(host, work)
        assert view.lifecycle == "destroyed" and got.threads == {MAIN}


@pytest.mark.needs("javascript")
def test_proxy_cross_thread(fake: Fake) -> None:
    """Named by RFC 0002."""
    with fake() as host:
        view = WebView(html=PAGE)  # its own handlers run on a thread of ours
        proxy, got = view.get_proxy(), Recorder()
        assert isinstance(proxy, WebViewProxy)
        view.show()

        @proxy.on_dcc_main_thread("scene_changed")
        def changed(data: Any) -> None:
            got(data)

        def work() -> None:
            proxy.eval_js("auroraview.send_event('scene_changed', 'cube')")
            assert got.next() == "cube"
            assert proxy.call_on_dcc_main_thread(threading.get_ident) == MAIN
            assert proxy.call_on_dcc_main_thread(lambda a, *, b: a + b, 1, b=2, timeout=PATIENCE) == 3

        in_worker(host, work)
        assert got.threads == {MAIN}
        in_worker(host, view.close)


# ---- integration, by the names of RFC 0002 ----


@pytest.mark.needs("javascript")
def test_maya_integration_with_dcc_thread_safe() -> None:
    with FakeMaya() as maya:
        cmds = __import__("maya.cmds").cmds
        cubes: list[int] = []
        cmds.polyCube = lambda: [cubes.append(threading.get_ident()), [f"pCube{len(cubes)}"]][1]
        view = WebView(html=PAGE)
        view.show()

        @view.on("create_object")
        @dcc_thread_safe
        def create(data: object) -> str:
            return str(cmds.polyCube()[0])

        names = in_worker(maya, lambda: view.eval_js_sync("ask('create_object', 3)", timeout_ms=1000 * PATIENCE))
        assert names == ["pCube1", "pCube2", "pCube3"] and set(cubes) == {MAIN}
        in_worker(maya, view.close)


@pytest.mark.needs("javascript")
def test_blender_integration_with_dcc_mode() -> None:
    with FakeBlender() as blender:
        view = open_in(blender)
        view.bind_call("add", lambda n: n + 1)
        assert asked(blender, view, "ask('add', 3)") == [1, 2, 3]
        blender.load_file()  # the timer is a persistent one
        assert asked(blender, view, "ask('add', 1)") == [1]
        assert blender.intervals[-1] == 0.002
        close_in(blender, view)
        blender.run(lambda: blender.intervals[-1] == 0.1, PATIENCE)


@pytest.mark.needs("javascript")
def test_houdini_multi_threaded_callback() -> None:
    with FakeHoudini() as houdini, ThreadPoolExecutor(4) as pool:
        view = open_in(houdini)
        seen = Recorder()
        emitted = [
            pool.submit(lambda n=n: [view.emit("cooked", n), run_on_main_thread_sync(seen, n)]) for n in range(100)
        ]
        houdini.run(lambda: all(each.done() for each in emitted), PATIENCE)
        assert [each.result()[1] for each in emitted] == [None] * 100
        assert sorted(seen.take(100)) == list(range(100)) and seen.threads == {MAIN}
        close_in(houdini, view)


@pytest.mark.needs("javascript")
def test_cross_thread_emit_eval_js_stress() -> None:
    with FakeMaya() as maya, ThreadPoolExecutor(6) as pool:
        view = open_in(maya)
        asked(maya, view, "window.got = [[], [], [], []]; auroraview.on('x', ([t, n]) => got[t].push(n)); 1")

        def tell(thread: int) -> None:
            for n in range(250):
                view.emit("x", [thread, n])

        def ask(_: int) -> list[int]:
            return [view.eval_js_sync(f"{n} * 2", timeout_ms=1000 * PATIENCE) for n in range(50)]

        told, answers = [pool.submit(tell, n) for n in range(4)], [pool.submit(ask, n) for n in range(2)]
        maya.run(lambda: all(each.done() for each in (*told, *answers)), PATIENCE)
        assert [each.result() for each in answers] == [[2 * n for n in range(50)]] * 2
        assert [each.result() for each in told] == [None] * 4
        assert asked(maya, view, "got") == [list(range(250))] * 4
        close_in(maya, view)


# ---- the rest ----


@pytest.mark.needs("javascript")
def test_unreal_has_one_callback_whatever_happens_and_none_in_the_end() -> None:
    with FakeUnreal() as unreal:
        for _ in range(3):
            view = open_in(unreal)
            in_worker(unreal, lambda: [run_on_main_thread_sync(int) for _ in range(20)])
            assert unreal.callbacks == 1
            close_in(unreal, view)
    assert unreal.callbacks == 0 and unreal.trespassers == []


@pytest.mark.needs("javascript")
@pytest.mark.parametrize("kind", [FakeMaya, FakeUnreal])
def test_views_begin_to_close_when_the_user_quits_the_host(kind: Fake) -> None:
    with kind() as host:
        view = open_in(host)
        host.quit()
        assert view.is_shutdown
        host.run(lambda: view.lifecycle == "destroyed", PATIENCE)


@pytest.mark.needs("javascript")
def test_event_timer_installs_the_hosts_wake_up(fake: Fake) -> None:
    with fake() as host:
        view = WebView(html=PAGE, processor=ProcessorConfig.legacy_embedded())
        timer, closed, loaded = EventTimer(view, interval=16), Recorder(), Recorder()
        view.on_loaded(loaded)
        timer.on_close(lambda: closed("closed"))
        view.show()
        timer.start()
        host.run(lambda: loaded.count > 0, PATIENCE)
        close_in(host, view)
        assert closed.take(1) == ["closed"] and closed.threads == loaded.threads == {MAIN}


@pytest.mark.needs("javascript")
def test_a_user_registers_a_host() -> None:
    host = FakeHost()

    class Studio(ThreadDispatcherBackend):
        name = "Studio"

        @classmethod
        def detect(cls) -> Studio:
            return cls()

        def post(self, function: Callable[[], object]) -> None:
            host._post(function)

    with pytest.raises(TypeError, match="subclass of"):
        hosts.register(object)  # type: ignore[type-var,arg-type]
    hosts.register(Studio)
    try:
        assert hosts.current().name == "Studio"
        view = open_in(host)
        assert in_worker(host, lambda: run_on_main_thread_sync(threading.get_ident)) == MAIN
        close_in(host, view)
    finally:
        hosts.unregister(Studio)


def test_a_view_that_comes_while_the_host_is_met_is_woken_by_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    start, views, loaded = Unreal.start, [], Recorder()

    def open_one() -> None:
        view = WebView(html=PAGE, dcc_mode=True)
        views.append(view)
        view.on_loaded(loaded)
        view.show(wait=False)

    def start_meanwhile(host: Unreal, drain: Callable[[], bool], bell: _core.Bell) -> bool:
        other = threading.Thread(target=open_one)
        other.start()
        other.join()
        return start(host, drain, bell)

    monkeypatch.setattr(Unreal, "start", start_meanwhile)
    with FakeUnreal() as unreal:
        assert _loop.current().host.name == "Unreal"
        unreal.run(lambda: loaded.count > 0, PATIENCE)
        close_in(unreal, *views)
