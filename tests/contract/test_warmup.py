"""A view takes the page that is kept ready, and is a view as any other (``docs/decisions/0009-warm-start.md``)."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import auroraview
from auroraview import RestartPolicy, UiProcessError, WebView, _process
from support import processes
from support.desktop import PATIENCE, Desktop, until
from support.host_window import host_window
from support.ui_process import kill_ui_process, own_ui_process
from support.views import Recorder, shown

engine = pytest.mark.needs("javascript")
#: Tells that a web process is ready: it has loaded the library of the lane.
with_lane = pytest.mark.skipif(os.environ.get("AURORAVIEW_LANE") == "off", reason="the lane is off")
PAGE = "<!doctype html><title>warm</title><p>page</p>"


def web_processes() -> set[int]:
    return processes.of_name(processes.family(_process.link().pid), "WebKitWebProces")


def is_ready(pid: int) -> bool:
    try:
        return "libauroraview_lane.so" in Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False


def spare(but: set[int] = frozenset()) -> int:  # type: ignore[assignment]
    """The web process that is kept, or came last, beside these."""
    return until("a web process", lambda: next((pid for pid in web_processes() - but if is_ready(pid)), 0))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """What is warmed is a UI process of the test's own. Tells of each thread of ``warmup()`` that is through."""
    through, warm_up = Recorder(), _process.warm_up

    def tell() -> None:
        warm_up()
        through(None)

    monkeypatch.setattr(_process, "warm_up", tell)
    monkeypatch.setattr(_process, "_warm", False)
    with own_ui_process():
        yield through


@pytest.fixture
def warm(asked: Recorder) -> None:
    """There is a UI process, and it keeps a page."""
    auroraview.warmup()
    asked.next()


def crash_of(view: WebView, pid: int) -> str:
    """Kills the web process of a view, waits until its page is back, and says what the view was told."""
    crashed, restored = Recorder(), Recorder()
    view.on_crashed(crashed)
    view.on_restored(lambda: restored(None))
    os.kill(pid, signal.SIGKILL)
    told = crashed.next()
    restored.next()
    return str(told.process)


@engine
@with_lane
def test_each_view_takes_the_page_that_is_kept_and_the_next_is_made(warm: None) -> None:
    kept: dict[int, WebView] = {}
    try:
        for number in range(3):
            pid = spare(set(kept))
            kept[pid] = view = WebView(html=f"<title>{number}</title>")
            view.show(wait=False)
            assert view.eval_js_sync("document.title") == str(number)
        spare(set(kept))
        assert len(web_processes()) == 4, "no page was made beside those that were kept"
        for number, (pid, view) in enumerate(kept.items()):
            assert crash_of(view, pid) == "web"
            assert view.eval_js_sync("document.title") == str(number)
    finally:
        for view in kept.values():
            view.close()


@engine
@with_lane
def test_what_is_kept_has_nothing_that_could_speak(warm: None) -> None:
    name = _lane_name()
    spare()
    assert _sockets(name) == 1, "only the host listens"
    with shown(PAGE) as view:
        view.eval_js_sync("auroraview.whenReady()")
        assert _sockets(name) == 2
        loaded = Recorder()
        view.on_loaded(loaded)
        view.load_url("about:blank")
        assert loaded.next() == "about:blank"
        post = "window.webkit.messageHandlers.auroraview.postMessage('x 1 0').catch(String)"
        bridge, answer = view.eval_js_sync(f"{post}.then(answer => [typeof auroraview, answer])")
        assert bridge == "undefined" and "refused" in answer


def _lane_name() -> str:
    environment = Path(f"/proc/{_process.link().pid}/environ").read_bytes().split(b"\0")
    (told,) = [each for each in environment if each.startswith(b"AURORAVIEW_LANE=")]
    return told.split(b"=")[1].split()[0].decode()


def _sockets(name: str) -> int:
    """The one that listens, and each connection that it accepted."""
    return sum(line.endswith(f"@{name}") for line in Path("/proc/net/unix").read_text().splitlines())


@engine
def test_it_is_a_view_as_any_other(warm: None) -> None:
    web = until("the web process", web_processes)
    with WebView(html=PAGE, width=420, height=310) as view:
        heard, titles, loaded = Recorder(), Recorder(), Recorder()
        view.bind_call("api.add", lambda a, b: a + b)
        view.on("said", heard)
        view.on_title_changed(titles)
        view.on_loaded(loaded)
        view.state["kept"] = {"n": 1}
        view.emit("early", 7)
        view.show(wait=False)
        assert [loaded.next(), titles.next()] == ["av://app/", "warm"], "no load but its own is told"
        assert web <= web_processes()
        assert view.eval_js_sync("auroraview.whenReady().then(() => auroraview.api.add(40, 2))") == 42
        view.eval_js_sync("auroraview.send_event('said', [auroraview.state.get('kept').n, new Uint8Array([1, 2])])")
        assert heard.next() == [1, b"\1\2"]
        assert view.eval_js_sync("[innerWidth, innerHeight]") == [420, 310]
        resized = Recorder()
        view.on_resized(lambda width, height: resized((width, height)))
        view.set_size(520, 410)
        until("the size", lambda: view.eval_js_sync("[innerWidth, innerHeight]") == [520, 410])
        view.load_html("<title>next</title><script>auroraview.send_event('said', 'next')</script>")
        assert heard.next() == "next"
        until("the title", lambda: titles.next() == "next")
    assert view.lifecycle == "destroyed"


@engine
@pytest.mark.needs("window")
@pytest.mark.parametrize(
    "options",
    [
        {"visible": False},
        {"transparent": True, "frame": False},
        {"background_color": "#204060", "debug": True, "context_menu": False},
        {"app_id": "other", "allowed_origins": ["http://localhost:1"], "title": "fixed", "always_on_top": True},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_are_put_into_the_page_that_is_kept(warm: None, options: dict[str, Any]) -> None:
    until("the web process", web_processes)
    with shown(PAGE, **options) as view:
        assert view.eval_js_sync("location.origin") == f"av://{options.get('app_id', 'app')}"
        assert view.eval_js_sync("auroraview.whenReady().then(() => 1)") == 1


@engine
@pytest.mark.needs("window")
def test_it_goes_into_a_window_of_the_host(warm: None, desktop: Desktop) -> None:
    until("the web process", web_processes)
    color = (0x11, 0x22, 0xCC)
    with host_window(desktop.display) as host:
        until("the host", lambda: desktop.window("host"))
        inner = host.viewport()
        with shown(f"<body style='background: rgb{color}'>", container=inner) as view:
            until("the size", lambda: view.eval_js_sync("[innerWidth, innerHeight]") == [100, 100])
            left, top = desktop.origin(inner)
            until("its color", lambda: desktop.screenshot().getpixel((left + 50, top + 50)) == color)


@engine
@with_lane
def test_a_view_with_a_folder_of_its_own_is_made_as_ever(warm: None, tmp_path: Path) -> None:
    kept = spare()
    crashed = Recorder()
    with shown(PAGE, data_directory=str(tmp_path)) as view:
        view.on_crashed(crashed)
        os.kill(kept, signal.SIGKILL)
        until("its end", lambda: kept not in web_processes())
        assert view.eval_js_sync("auroraview.whenReady().then(() => 1)") == 1
        assert crashed.is_empty()


@engine
@with_lane
def test_a_page_that_crashed_before_anybody_had_it_does_no_harm(warm: None) -> None:
    kept, ui = spare(), _process.link().pid
    os.kill(kept, signal.SIGKILL)
    until("its end", lambda: kept not in web_processes())
    crashed = Recorder()
    with shown(PAGE) as view:
        view.on_crashed(crashed)
        assert view.eval_js_sync("auroraview.whenReady().then(() => 1)") == 1
        until("another one is kept", lambda: len(web_processes()) == 2)
        assert crashed.is_empty() and _process.link().pid == ui


@engine
def test_after_a_crash_of_the_ui_process_a_view_brings_it_back(warm: None) -> None:
    until("the web process", web_processes)
    link = _process.link()
    kill_ui_process()
    until("its end", lambda: not link.is_alive())
    assert list(_process._links.values()) == [link], "nobody started another one"
    with shown(PAGE, recovery=RestartPolicy(restarts=1)) as view:
        assert view.eval_js_sync("1") == 1
        until("a page is kept again", lambda: len(web_processes()) == 2)


def test_once_or_often_from_any_thread_is_the_same(asked: Recorder, auroraview_backend: str) -> None:
    threads = [threading.Thread(target=auroraview.warmup) for _ in range(8)]
    for thread in threads:
        thread.start()
        auroraview.warmup()
    for thread in threads:
        thread.join(PATIENCE)
    asked.take(16)
    with shown(PAGE) as view:
        assert view.is_alive()
        if auroraview_backend == "engine":
            until("one page is kept", lambda: len(web_processes()) == 2)
    assert len(_process._links) == 1


@engine
@pytest.mark.parametrize("waits", [False, True], ids=["at once", "when it is ready"])
def test_a_program_that_shows_nothing_ends_and_leaves_nothing(waits: bool, tmp_path: Path) -> None:
    mark = f"WARMUP_TEST={tmp_path}"
    program = processes.start_python(
        """
        import sys, auroraview
        auroraview.warmup()
        sys.stdin.readline()
        """,
        stdin=subprocess.PIPE,
        env={**os.environ, "WARMUP_TEST": str(tmp_path)},
    )
    if waits:
        until("the web process", lambda: processes.of_name(_with(mark), "WebKitWebProces"))
    _, err = program.communicate("\n", timeout=PATIENCE)
    assert (program.returncode, err) == (0, "")
    until("all are gone", lambda: not _with(mark))


def _with(variable: str) -> set[int]:
    """The processes that have a variable, wherever they hang in the tree by now."""
    found = set()
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and variable.encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
    return found


@engine
def test_without_a_display_it_is_show_that_says_so() -> None:
    program = processes.start_python(
        """
        import os, auroraview
        auroraview.warmup()
        try:
            auroraview.WebView(html="x").show()
        except auroraview.UiProcessError as error:
            print(error)
        """,
        env={name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")},
    )
    out, err = program.communicate(timeout=PATIENCE)
    assert "no display" in out and program.returncode == 0, err


@engine
def test_without_an_executable_it_logs_and_show_raises(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AURORAVIEW_UI", "/nowhere/auroraview-ui")
    monkeypatch.setattr(_process, "_warm", False)
    with caplog.at_level(logging.WARNING, "auroraview"):
        auroraview.warmup()
        until("the line", lambda: "warmup: AURORAVIEW_UI names /nowhere/auroraview-ui" in caplog.text)
    with pytest.raises(UiProcessError, match="/nowhere"):
        WebView(html="x").show()
