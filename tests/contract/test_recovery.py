"""The web process or the UI process crashes, and the view comes back (``docs/recovery.md``)."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from auroraview import Crash, PageGoneError, ProcessorConfig, RestartPolicy, UiProcessError, WebView, _process
from auroraview.testing.hosts import FakeHost, FakeMaya, FakeUnreal
from support import processes
from support.desktop import PATIENCE, Desktop, until
from support.ui_process import kill_ui_process, kill_web_processes, own_ui_process, stopped_ui_process
from support.views import NEVER, Recorder, contract, shown

pytestmark = pytest.mark.needs("javascript")

PAGE = "<!doctype html><title>kept</title><p id=p>page</p>"


def outlive(view: WebView, crash: Callable[[], object]) -> Crash:
    """Lets something crash and waits until the view is back."""
    crashed, restored = Recorder(), Recorder()
    view.on_crashed(crashed)
    view.on_restored(lambda: restored(None))
    crash()
    told: Crash = crashed.next()
    restored.next()
    return told


@contract(html=PAGE)
def test_everything_is_there_again_after_the_ui_process(view: WebView) -> None:
    view.bind_call("api.add", lambda a, b: a + b)
    heard = Recorder()
    view.on("said", heard)
    view.state["kept"] = [1, {"two": 3}]
    ui = _process.link().pid
    crash = outlive(view, kill_ui_process)
    assert (crash.process, crash.signal, crash.exit_code, crash.then) == ("ui", signal.SIGKILL, None, "restarting")
    assert "signal 9" in crash.reason
    assert view.recovery == "running" and view.lifecycle == "active" and view.is_alive()
    assert _process.link().pid != ui
    assert view.eval_js_sync("document.querySelector('p').textContent") == "page"
    assert view.eval_js_sync("auroraview.api.add(40, 2)") == 42
    view.eval_js_sync("auroraview.send_event('said', auroraview.state.get('kept'))")
    assert heard.next() == [1, {"two": 3}]
    view.eval_js_sync("auroraview.on('again', data => auroraview.send_event('said', data))")
    view.emit("again", "sent")
    assert heard.next() == "sent"


@contract(html=PAGE)
def test_everything_is_there_again_after_the_web_process(view: WebView) -> None:
    view.bind_call("api.add", lambda a, b: a + b)
    view.state["kept"] = 1
    ui, window = _process.link().pid, view.window_handle
    crash = outlive(view, kill_web_processes)
    assert (crash.process, crash.then) == ("web", "restarting")
    assert (_process.link().pid, view.window_handle) == (ui, window)
    assert view.eval_js_sync("document.querySelector('p').textContent") == "page"
    assert view.eval_js_sync("auroraview.api.add(40, 2)") == 42
    assert view.eval_js_sync("auroraview.state.get('kept')") == 1


@pytest.mark.parametrize("crash", [kill_ui_process, kill_web_processes])
def test_whoever_waits_is_told(crash: Callable[[], None]) -> None:
    """How fast: ``tests/chaos/test_kills.py`` measures it."""
    with shown(PAGE) as view:
        told, restored = Recorder(), Recorder()
        view.on_restored(lambda: restored(None))

        def waits() -> None:
            with pytest.raises(PageGoneError) as caught:
                view.eval_js_sync("new Promise(() => {})", timeout_ms=1000 * PATIENCE)
            told(caught.value)

        view.eval_js_async("new Promise(() => {})", lambda _, error: told(error), timeout_ms=1000 * PATIENCE)
        view.eval_js_sync("auroraview.handle('hangs', () => new Promise(() => {}))")
        future = view.call_async("hangs", timeout_ms=1000 * PATIENCE)
        waiter = threading.Thread(target=waits)
        waiter.start()
        view.eval_js_sync("1")
        crash()
        assert isinstance(future.exception(PATIENCE), PageGoneError)
        assert all(isinstance(error, PageGoneError) for error in told.take(2))
        waiter.join(PATIENCE)
        restored.next()


def test_a_message_while_it_restarts_waits_for_the_page() -> None:
    page = "<script>auroraview.on('n', n => auroraview.send_event('got', n))</script>"
    with shown(page) as view:
        got, restored, answers = Recorder(), Recorder(), Recorder()
        view.on("got", got)
        view.on_restored(lambda: restored(None))
        sent = threading.Event()

        @view.on_crashed
        def send(crash: Crash) -> None:
            assert view.recovery == "restarting" and view.lifecycle == "active"
            for n in range(100):
                view.emit("n", n)
            view.eval_js_async("[auroraview.state.get('now'), 40 + 2]", lambda value, error: answers(value))
            view.state["now"] = "restarting"
            sent.set()

        kill_ui_process()
        assert sent.wait(PATIENCE)
        assert got.take(100) == list(range(100))
        assert answers.next()[1] == 42
        restored.next()
        assert view.eval_js_sync("auroraview.state.get('now')") == "restarting"
        assert got.is_empty()


def test_what_the_page_had_not_taken_is_gone_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURORAVIEW_LANE", "off")  # by the fast lane a page goes on without the UI process
    with own_ui_process(), shown(PAGE) as view, stopped_ui_process():
        for n in range(100):
            view.emit("n", n)
        view.eval_js_async("window.twice = true", lambda value, error: None)
        before = view.stats().dropped
        outlive(view, kill_ui_process)
        assert view.stats().dropped - before >= 100
        assert view.eval_js_sync("window.twice ?? false") is False


def test_a_call_that_may_have_started_is_never_repeated() -> None:
    with shown(PAGE) as view:
        started = Recorder()
        go_on = threading.Event()

        @view.bind_call("api.start")
        def start() -> None:
            started(None)
            assert go_on.wait(PATIENCE)

        view.eval_js("for (let n = 0; n < 10; n++) auroraview.api.start()")
        started.next()
        restored = Recorder()
        view.on_restored(lambda: restored(None))
        kill_ui_process()
        with pytest.raises(PageGoneError):
            view.eval_js_sync("new Promise(() => {})")  # reads the link, so that what waits is given up
        go_on.set()
        restored.next()
        assert view.eval_js_sync("1") == 1
        assert started.is_empty(), "a call whose page is gone was started"


def test_the_last_page_comes_back_not_the_first(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>start</title><a href=other.html>other</a>")
    (tmp_path / "other.html").write_text("<title>other</title><p>other")
    with WebView() as view:
        view.load_file(tmp_path / "index.html")
        loaded = Recorder()
        view.on_loaded(loaded)
        view.show(wait=False)
        loaded.next()
        view.eval_js("document.querySelector('a').click()")
        assert loaded.next() == "av://app/other.html"
        for crash in (kill_ui_process, kill_web_processes):
            outlive(view, crash)
            assert loaded.next() == "av://app/other.html" == view.url
            assert view.eval_js_sync("document.querySelector('p').textContent.trim()") == "other"
        view.load_html("<p>text")
        loaded.next()
        outlive(view, kill_ui_process)
        assert view.eval_js_sync("document.body.innerText") == "text"


def test_content_that_is_loaded_while_it_restarts_is_what_comes_back() -> None:
    with shown(PAGE) as view:
        view.on_crashed(lambda crash: view.load_html("<p>newer"))
        outlive(view, kill_ui_process)
        until("the newer page", lambda: view.eval_js_sync("document.body.innerText") == "newer")


def test_the_window_comes_back_as_it_was(desktop: Desktop) -> None:
    with shown("<title>page</title>", title="before", width=500, height=400, x=50, y=60) as view:
        resized = Recorder()
        view.on_resized(lambda *size: resized(size))
        view.title = "after"
        view.set_size(640, 480)
        until("its size", lambda: view.size == (640, 480))
        view.set_position(100, 120)
        until("its place", lambda: view.position is not None and view.position[0] >= 100)
        place = view.position
        for _ in range(3):
            outlive(view, kill_ui_process)
            until("its window", lambda: desktop.window("after"))
            until("its size", lambda: view.size == (640, 480))
            until("its place", lambda: view.position == place)


def test_all_views_come_back() -> None:
    with shown("<p>1") as one, shown("<p>2") as two, shown("<p>3", visible=False) as three:
        restored = Recorder()
        for view in (one, two, three):
            view.on_restored(lambda: restored(None))
        kill_ui_process()
        restored.take(3)
        pages = [view.eval_js_sync("document.body.innerText") for view in (one, two, three)]
        assert pages == ["1", "2", "3"]
        assert len(processes.of_name(processes.family(os.getpid()), "auroraview-ui")) == 1


def test_a_view_that_the_host_pumps_comes_back() -> None:
    restored = Recorder()
    with WebView(html=PAGE, processor=ProcessorConfig.legacy_embedded()) as view:
        loaded = Recorder()
        view.on_loaded(loaded)
        view.on_restored(lambda: restored(None))
        view.show()
        until("the page", lambda: view.process_events() or not loaded.is_empty())
        kill_ui_process()
        until("the page", lambda: view.process_events() or not restored.is_empty())
        assert view.eval_js_sync("document.title") == "kept"


@pytest.mark.parametrize("kind", [FakeMaya, FakeUnreal])
def test_a_view_on_a_hosts_main_thread_comes_back(kind: type[FakeHost], starts: Recorder) -> None:
    with kind() as host:
        view = WebView(html=PAGE, dcc_mode=True)
        loaded, crashed, restored, answers = Recorder(), Recorder(), Recorder(), Recorder()
        view.on_loaded(loaded)
        view.on_crashed(crashed)
        view.on_restored(lambda: restored(None))
        view.show()
        host.run(lambda: loaded.count > 0, PATIENCE)
        for n in range(3):
            kill_ui_process()
            host.run(lambda n=n: restored.count > n, PATIENCE)
            view.eval_js_async("document.title", lambda value, error: answers(value))
            host.run(lambda n=n: answers.count > n, PATIENCE)
        assert answers.take(3) == ["kept"] * 3 and crashed.count == 3
        assert crashed.threads == restored.threads == {threading.get_ident()}
        assert starts.count >= 4 and threading.get_ident() not in starts.threads
        view.close()
        host.run(lambda: view.lifecycle == "destroyed", PATIENCE)


def test_a_ui_process_that_is_gone_wakes_the_hosts_main_thread_no_more() -> None:
    with FakeMaya() as host:
        view = WebView(html=PAGE, dcc_mode=True, recovery=NEVER)
        loaded, posted = Recorder(), Recorder()
        view.on_loaded(loaded)
        view.show()
        host.run(lambda: loaded.count > 0, PATIENCE)
        kill_ui_process()
        host.run(lambda: view.lifecycle == "destroyed", PATIENCE)
        defer = sys.modules["maya.utils"].executeDeferred
        sys.modules["maya.utils"].executeDeferred = lambda *call: (posted(None), defer(*call))
        turns: list[int] = []

        def is_idle() -> bool:
            turns.append(posted.count)
            return len(turns) > 20 and turns[-20] == turns[-1]

        host.run(is_idle, PATIENCE)


# ---- too often ----


@pytest.mark.parametrize("process", ["ui", "web"])
def test_too_many_crashes_end_in_a_page_with_a_reload_button(process: str, desktop: Desktop) -> None:
    crash = kill_ui_process if process == "ui" else kill_web_processes
    with own_ui_process(), shown("<title>mine</title><p>mine", recovery=RestartPolicy(restarts=2)) as view:
        crashed, restored = Recorder(), Recorder()
        view.on_crashed(crashed)
        view.on_restored(lambda: restored(None))
        for _ in range(2):
            crash()
            assert crashed.next().then == "restarting"
            restored.next()
        view.state["n"] = 1
        crash()
        assert crashed.next().then == "failed" and view.recovery == "failed"
        window = until("its page", lambda: desktop.window("The page crashed"))
        view.emit("waits")
        assert view.url == "av://app/", "what is shown there is none of the application's"
        button = (0x1C, 0x71, 0xD8)
        press_reload(desktop, window, view, button)
        restored.next()
        assert view.recovery == "running"
        assert view.eval_js_sync("[document.body.innerText, auroraview.state.get('n')]") == ["mine", 1]
        crash()  # the count began anew
        assert crashed.next().then == "restarting"
        restored.next()


def press_reload(desktop: Desktop, window: str, view: WebView, color: tuple[int, int, int]) -> None:
    """The button has the only pixels of its colour."""

    def pixels() -> list[tuple[int, int]]:
        screen = desktop.screenshot().convert("RGB")
        seen = screen.load()
        return [(x, y) for y in range(screen.height) for x in range(screen.width) if seen[x, y] == color]

    button = until("the button", pixels)
    desktop.click(*button[len(button) // 2])


def test_reload_and_other_content_end_the_failed_state() -> None:
    for how in ("reload", "load"):
        with own_ui_process(), shown("<p>mine", recovery=RestartPolicy(restarts=1)) as view:
            outlive(view, kill_web_processes)
            crashed, restored = Recorder(), Recorder()
            view.on_crashed(crashed)
            view.on_restored(lambda restored=restored: restored(None))
            kill_web_processes()
            assert crashed.next().then == "failed"
            view.reload() if how == "reload" else view.load_html("<p>other")
            restored.next()
            assert view.eval_js_sync("document.body.innerText") == ("mine" if how == "reload" else "other")


def test_a_page_that_crashed_too_often_and_crashes_again_ends_the_view() -> None:
    with own_ui_process(), shown(PAGE, recovery=RestartPolicy(restarts=1)) as view:
        crashed = Recorder()
        view.on_crashed(crashed)
        for then in ("restarting", "failed", "closed"):
            kill_ui_process()
            assert crashed.next().then == then
        with pytest.raises(UiProcessError, match="signal 9"):
            view.wait(PATIENCE)


def test_only_crashes_within_the_time_count() -> None:
    with own_ui_process(), shown(PAGE, recovery=RestartPolicy(restarts=1, within=0.001)) as view:
        for _ in range(3):
            assert outlive(view, kill_ui_process).then == "restarting"


@pytest.mark.parametrize("policy", [RestartPolicy(-1), RestartPolicy(True), RestartPolicy(within=0)])
def test_a_policy_that_makes_no_sense_is_refused(policy: RestartPolicy) -> None:
    with pytest.raises(ValueError, match="must be"):
        WebView(recovery=policy)


# ---- while it restarts ----


def test_close_works_while_it_restarts() -> None:
    for _ in range(3):
        with shown(PAGE) as view:
            closed = Recorder()
            view.on_closed(closed)
            view.on_crashed(lambda crash: view.shutdown())
            kill_ui_process()
            assert closed.next() == "host"
            assert view.wait(PATIENCE) and view.lifecycle == "destroyed"


def test_close_races_with_a_crash() -> None:
    for _ in range(10):
        with shown(PAGE) as view:
            kill_ui_process()
            view.close()
            assert view.lifecycle == "destroyed"


def test_a_crash_while_it_restarts_counts() -> None:
    with shown(PAGE) as view:
        crashed, restored = Recorder(), Recorder()
        view.on_crashed(crashed)
        view.on_restored(lambda: restored(None))
        kill_ui_process()
        for _ in range(3):
            assert crashed.next().then == "restarting"
            kill_ui_process()
        assert crashed.next().then == "restarting"
        restored.next()
        assert restored.is_empty() and view.recovery == "running"
        assert view.eval_js_sync("document.title") == "kept"


def test_a_ui_process_that_cannot_start_again_ends_the_view(monkeypatch: pytest.MonkeyPatch) -> None:
    with own_ui_process(), shown(PAGE) as view:
        crashed = Recorder()
        view.on_crashed(crashed)
        monkeypatch.setenv("DISPLAY", ":987")
        kill_ui_process()
        assert [crash.then for crash in crashed.take(2)] == ["restarting", "closed"]
        with pytest.raises(UiProcessError, match="DISPLAY=:987"):
            view.wait(PATIENCE)


def test_the_next_ui_process_is_of_the_same_program(monkeypatch: pytest.MonkeyPatch) -> None:
    with own_ui_process(), shown(PAGE) as view:
        ui = _process.link().pid
        monkeypatch.setenv("AURORAVIEW_UI", "/bin/false")
        crash = outlive(view, lambda: os.kill(ui, signal.SIGKILL))
        assert crash.then == "restarting"


def test_its_last_words_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "auroraview-ui"
    program.write_text(f'#!/bin/sh\necho "a word of its own" >&2\nexec {_process.executable()} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("AURORAVIEW_UI", str(program))
    with own_ui_process(), shown(PAGE) as view:
        crash = outlive(view, kill_ui_process)
        assert "a word of its own" in crash.log
