"""From the first line of a program to its end, however that comes."""

from __future__ import annotations

import gc
import json
import os
import signal
import stat
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

import auroraview
from auroraview import ShutdownInProgressError, UiProcessError, WebView, _process
from support import processes
from support.desktop import PATIENCE, Desktop, until
from support.views import NEVER, Recorder, contract, shown

LIFE = ["creating", "active", "close_requested", "destroying", "destroyed"]


def test_lifecycle_only_goes_on() -> None:
    view = WebView(html="<p>")
    assert view.lifecycle == "creating" and not view.is_alive()
    view.show(wait=False)
    until("the window", lambda: view.lifecycle == "active")
    assert view.is_alive()
    view.close()
    view.close()
    assert view.lifecycle == "destroyed" and not view.is_alive()
    assert view.wait(0)


def test_who_does_not_wait_for_the_window_starts_no_process(starts: Recorder) -> None:
    with shown():
        assert starts.count and threading.get_ident() not in starts.threads


@pytest.mark.needs("javascript")
def test_an_answer_comes_though_a_handler_keeps_the_thread_that_connects() -> None:
    """Whoever began to wait before there was a UI process takes part in reading it."""
    answered = threading.Event()
    with WebView(html="<script>window.held = auroraview.call('hold')</script>") as view:
        view.bind_call("hold", lambda: answered.wait(PATIENCE))
        view.show(wait=False)
        assert view.eval_js_sync("1", timeout_ms=1000 * PATIENCE) == 1
        answered.set()
        assert view.eval_js_sync("held", timeout_ms=1000 * PATIENCE) is True


@contract()
def test_after_close_everything_raises_at_once(view: WebView) -> None:
    view.close()
    assert view.wait(PATIENCE)
    for call in (
        lambda: view.emit("x"),
        lambda: view.eval_js("1"),
        lambda: view.eval_js_sync("1"),
        lambda: view.eval_js_async("1"),
        lambda: view.load_url("http://localhost/"),
        lambda: view.load_html(""),
        lambda: view.reload(),
        lambda: view.set_size(1, 1),
        lambda: setattr(view, "title", "x"),
        lambda: view.show(),
    ):
        with pytest.raises(ShutdownInProgressError):
            call()
    view.on("x", print)  # registering is harmless
    view.off("x")
    view.bind_call("api.x", print)


def test_close_before_show_and_before_ready() -> None:
    view = WebView(html="<p>")
    view.emit("never")
    view.close()
    assert view.lifecycle == "destroyed"
    with pytest.raises(ShutdownInProgressError):
        view.show()
    for _ in range(5):
        early = WebView(html="<p>")
        early.show(wait=False)
        early.close()
        assert early.wait(PATIENCE)


def test_a_close_that_races_with_show_leaves_no_window(desktop: Desktop) -> None:
    for _ in range(30):
        view = WebView("racing", html="<p>")
        start = threading.Barrier(2)

        def close(view: WebView = view, start: threading.Barrier = start) -> None:
            start.wait(PATIENCE)
            view.close()

        closer = threading.Thread(target=close)
        closer.start()
        start.wait(PATIENCE)
        with suppress(ShutdownInProgressError):
            view.show(wait=False)
        closer.join(PATIENCE)
        assert view.wait(PATIENCE) and view.lifecycle == "destroyed"
    with shown("<title>after</title>"):  # everything before it was handled
        assert desktop.window("racing") is None


def test_close_from_many_threads_closes_once() -> None:
    with shown() as view:
        closed = Recorder()
        view.on_closed(closed)
        threads = [threading.Thread(target=view.close) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert closed.next() == "host"
        assert closed.is_empty()


@pytest.mark.needs("javascript")
def test_handlers_may_close_their_view(caplog: pytest.LogCaptureFixture) -> None:
    for kind in ("plain", "async"):
        with WebView(html="<script>onload = () => auroraview.send_event('end')</script>") as view:

            def plain(data: object, view: WebView = view) -> None:
                view.close()

            async def later(data: object, view: WebView = view) -> None:
                view.close()

            view.on("end", plain if kind == "plain" else later)
            view.show()
            assert view.lifecycle == "destroyed"
    assert not caplog.records, "somebody waited for himself until close() gave up"


@pytest.mark.needs("javascript")
def test_close_answers_who_waits() -> None:
    with shown() as view:
        failures = Recorder()

        def wait() -> None:
            with pytest.raises((ShutdownInProgressError, auroraview.PageGoneError)) as caught:
                view.eval_js_sync("new Promise(() => {})", timeout_ms=60_000)
            failures(caught.value)

        waiter = threading.Thread(target=wait)
        waiter.start()
        view.eval_js_async("new Promise(() => {})", lambda value, error: failures(error), timeout_ms=60_000)
        view.eval_js_sync("1")
        view.close()
        assert len(failures.take(2)) == 2
        waiter.join(PATIENCE)


def test_showing_twice_is_refused() -> None:
    with shown() as view, pytest.raises(RuntimeError, match="shown already"):
        view.show()


def test_ctrl_c_ends_show_cleanly() -> None:
    program = processes.start_python("""
        import auroraview
        view = auroraview.WebView(html="<p>")
        view.on_loaded(lambda url: print("loaded"))
        view.on_closed(lambda reason: print("closed", reason))
        view.show()
        print("after show", view.lifecycle)
    """)
    assert program.stdout is not None
    assert program.stdout.readline() == "loaded\n"
    members = processes.family(program.pid)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=PATIENCE)
    assert (out, err, program.returncode) == ("closed host\nafter show destroyed\n", "", 0)
    until("the end of the family", lambda: not any(map(processes.is_alive, members)))


def test_a_program_that_just_ends_takes_its_window_along() -> None:
    program = processes.start_python("""
        import auroraview, os
        view = auroraview.WebView(html="<p>")
        view.show(wait=False)
        print(view.eval_js_sync("1"))
    """)
    out, err = program.communicate(timeout=PATIENCE)
    assert (out, err, program.returncode) == ("1\n", "", 0)
    until("the end of the family", lambda: processes.family(program.pid) == {program.pid})


@pytest.mark.needs("javascript")
@pytest.mark.parametrize(
    "page", ["<p>idle", "<script>addEventListener('load', () => setTimeout(() => {for(;;);}))</script>"]
)
def test_a_killed_host_leaves_nothing_behind(page: str) -> None:
    program = processes.start_python(f"""
        import auroraview
        view = auroraview.WebView(html={page!r})
        view.on_loaded(lambda url: print("loaded"))
        view.show()
    """)
    assert program.stdout is not None
    assert program.stdout.readline() == "loaded\n"
    members = processes.family(program.pid) - {program.pid}
    assert processes.of_name(members, "auroraview-ui") and processes.of_name(members, "WebKitWebProces")
    program.kill()
    until("the end of the family", lambda: not any(map(processes.is_alive, members)))
    program.communicate()


@pytest.mark.needs("javascript")
def test_a_fork_of_the_host_does_not_keep_the_window_alive() -> None:
    program = processes.start_python("""
        import auroraview, os, signal
        def say(*words):  # in one write, since two processes speak
            os.write(1, (" ".join(map(str, words)) + "\\n").encode())
        view = auroraview.WebView(html="<p>")
        view.on_loaded(lambda url: say("loaded"))
        view.show(wait=False)
        view.eval_js_sync("1")
        child = os.fork()
        if child == 0:
            try:
                view.emit("x")
            except auroraview.ShutdownInProgressError as error:
                say("child:", error)
            signal.pause()
        say(child)
        signal.pause()
    """)
    assert program.stdout is not None
    lines = sorted(program.stdout.readline() for _ in range(3))
    child = int(lines[0])
    assert "forked" in lines[1] and lines[2] == "loaded\n"
    windows = processes.of_name(processes.family(program.pid), "auroraview-ui")
    assert windows
    program.kill()
    until("the end of the UI process", lambda: not any(map(processes.is_alive, windows)))
    os.kill(child, signal.SIGKILL)
    program.communicate()


def test_a_fork_that_ends_leaves_the_parent_its_window() -> None:
    with shown() as view:
        child = os.fork()
        if child == 0:
            os._exit(0 if view.lifecycle == "destroyed" else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert view.eval_js_sync("1") == 1


@pytest.mark.needs("javascript")
def test_a_killed_ui_process_is_reported_and_the_next_view_works() -> None:
    with WebView(html="<p>", recovery=NEVER) as view:
        loaded, closed = Recorder(), Recorder()
        seen = [Recorder()]
        view.on_loaded(loaded)
        view.on_closed(closed)
        view.show(wait=False)
        loaded.next()
        assert view.eval_js_sync("1") == 1  # this thread has a bell from now on
        before = processes.descriptors()
        view.eval_js_async("new Promise(() => {})", lambda value, error: seen[0](error), timeout_ms=60_000)
        os.kill(_process.link().pid, signal.SIGKILL)
        assert isinstance(seen[0].next(), ShutdownInProgressError)
        assert closed.next() == "error"
        with pytest.raises(UiProcessError, match="signal 9"):
            view.wait(PATIENCE)
        with pytest.raises(ShutdownInProgressError):
            view.emit("x")
    with shown() as again:
        assert again.eval_js_sync("2") == 2
    del view, again, closed, loaded
    seen.clear()
    gc.collect()
    until("the descriptors", lambda: processes.descriptors() <= before)
    assert not processes.of_name(processes.family(os.getpid()), "defunct")


@pytest.mark.needs("javascript")
def test_a_crashed_web_process_is_reported_and_reload_brings_it_back() -> None:
    with shown("<p>page", recovery=NEVER) as view:
        crashed, loaded, failures = Recorder(), Recorder(), Recorder()
        view.on_crashed(crashed)
        view.eval_js_async("new Promise(() => {})", lambda value, error: failures(error), timeout_ms=60_000)
        view.eval_js_sync("1")
        view.on_loaded(loaded)
        for pid in processes.of_name(processes.family(_process.link().pid), "WebKitWebProces"):
            os.kill(pid, signal.SIGKILL)
        crash = crashed.next()
        assert "crashed" in crash.reason and (crash.process, crash.then) == ("web", "blank")
        assert isinstance(failures.next(), auroraview.PageGoneError)
        view.reload()
        loaded.next()
        assert view.eval_js_sync("document.querySelector('p').textContent") == "page"


@pytest.mark.needs("javascript")
def test_a_web_process_that_dies_while_its_view_closes_takes_nothing_with_it() -> None:
    def web_processes() -> set[int]:
        return set(processes.of_name(processes.family(_process.link().pid), "WebKitWebProces"))

    with shown() as other:
        others = web_processes()
        with shown() as view:
            view.eval_js("setTimeout(() => { for (;;); }); 0")
            view.emit("nobody takes it", 1)  # so the close waits for the page
            closing = threading.Thread(target=view.close)
            closing.start()
            until("the close", lambda: view.lifecycle == "close_requested")
            for pid in web_processes() - others:
                os.kill(pid, signal.SIGKILL)
            closing.join(PATIENCE)
        assert other.eval_js_sync("1") == 1


@pytest.mark.needs("javascript")
def test_a_missing_executable_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_process, "_links", {})
    monkeypatch.setenv("AURORAVIEW_UI", str(tmp_path / "nowhere"))
    with pytest.raises(UiProcessError, match="AURORAVIEW_UI names .*nowhere"):
        WebView(html="<p>").show()
    monkeypatch.delenv("AURORAVIEW_UI")
    monkeypatch.setattr(_process, "__file__", str(tmp_path / "x.py"))
    with pytest.raises(UiProcessError, match="make build"):
        WebView(html="<p>").show()


@pytest.mark.needs("javascript")
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 3", "exited with code 3"),
        ("echo 'its own words' >&2; kill -SEGV $$", r"(?s)signal 11.*its own words"),
        ("printf 'garbage garbage garbage' >&0; sleep 60", "malformed frame.*is .* an auroraview-ui"),
    ],
)
def test_another_program_in_its_place_is_found_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, reason: str
) -> None:
    program = tmp_path / "auroraview-ui"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(_process, "_links", {})
    monkeypatch.setenv("AURORAVIEW_UI", str(program))
    with pytest.raises(UiProcessError, match=reason):
        WebView(html="<p>").show()


@pytest.mark.needs("javascript")
def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    golden = json.loads(Path("protocol/golden/frames.json").read_text())
    hello = next(case for case in golden if case["name"] == "the handshake")
    body = hello["body"].replace("0.1.0", "9.9.9")
    header = json.dumps(hello["header"])
    total = struct.pack("<I", len(header) + len(body) + 8)
    frame = total + struct.pack("<I", len(header)) + header.encode() + struct.pack("<I", len(body)) + body.encode()
    program = tmp_path / "auroraview-ui"
    program.write_text(f"#!{sys.executable}\nimport os, signal\nos.write(0, {frame!r})\nsignal.pause()\n")
    program.chmod(0o755)
    monkeypatch.setattr(_process, "_links", {})
    monkeypatch.setenv("AURORAVIEW_UI", str(program))
    with pytest.raises(UiProcessError, match=r"auroraview-ui is gone: it is version 9\.9\.9, but this .* 0\.1\.0"):
        WebView(html="<p>").show()


@pytest.mark.needs("javascript")
@pytest.mark.parametrize(
    ("display", "words"), [(None, "neither DISPLAY nor WAYLAND_DISPLAY"), (":987", "DISPLAY=:987")]
)
def test_a_missing_display_is_said_in_words(display: str | None, words: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    if display:
        environment["DISPLAY"] = display
    program = processes.start_python(
        """
        import auroraview
        try:
            auroraview.WebView(html="<p>").show()
        except auroraview.UiProcessError as error:
            print(error)
        """,
        env=environment,
    )
    out, err = program.communicate(timeout=PATIENCE)
    assert words in out and "Traceback" not in err


@pytest.mark.needs("javascript")
def test_a_display_that_goes_away_is_reported() -> None:
    with Desktop.start() as other:
        program = processes.start_python(
            """
            import auroraview
            view = auroraview.WebView(html="<p>")
            view.on_loaded(lambda url: print("loaded"))
            try:
                view.show()
            except auroraview.UiProcessError as error:
                print("reported")
            """,
            env={**os.environ, "DISPLAY": other.display},
            stderr=subprocess.DEVNULL,
        )
        assert program.stdout is not None
        assert program.stdout.readline() == "loaded\n"
    assert program.communicate(timeout=PATIENCE)[0] == "reported\n"
    assert program.returncode == 0
