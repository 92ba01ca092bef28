"""The fast lane (Linux): what is only true of it. Everything else here runs by it as well, where there is one."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import auroraview
from auroraview import WebView, _process, _view
from support import processes
from support.desktop import PATIENCE, until
from support.views import Recorder, shown

LIBRARY = Path(auroraview.__file__).parent / "_bin" / "lane" / "libauroraview_lane.so"
pytestmark = [
    pytest.mark.needs("javascript"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only"),
    pytest.mark.skipif(os.environ.get("AURORAVIEW_LANE") == "off", reason="the lane is off"),
]


def address() -> tuple[str, str]:
    """Name and token of the host's socket, as the UI process was told."""
    environment = Path(f"/proc/{_process.link().pid}/environ").read_bytes().split(b"\0")
    told = [each for each in environment if each.startswith(b"AURORAVIEW_LANE=")]
    name, token = told[0].split(b"=")[1].split()
    return name.decode(), token.decode()


def web_processes() -> list[int]:
    family = processes.family(os.getpid())
    return [pid for pid in family if "WebKitWebProces" in Path(f"/proc/{pid}/comm").read_text()]


def loads_library(pid: int) -> bool:
    return str(LIBRARY) in Path(f"/proc/{pid}/maps").read_text()


@pytest.fixture
def view() -> Iterator[WebView]:
    with shown() as view:
        yield view


def test_the_web_process_has_the_library_and_the_page_does_not_see_it(view: WebView) -> None:
    assert view.eval_js_sync("auroraview.whenReady().then(() => '__auroraview_lane__' in window)") is False
    assert any(map(loads_library, web_processes()))


def test_messages_scripts_and_calls_keep_their_order_across_the_change_of_ways() -> None:
    page = """<script>
    window.seen = [];
    auroraview.on("n", (n) => seen.push(n));
    for (let n = 0; n < 500; n += 1) auroraview.send_event("up", n);
    auroraview.whenReady().then(() => { for (let n = 500; n < 1000; n += 1) auroraview.send_event("up", n); });
    </script>"""
    with WebView(html=page) as view:
        up = Recorder()
        view.on("up", up)
        view.on("loaded", lambda data: None)
        view.show(wait=False)
        view.eval_js_sync("new Promise((done) => setTimeout(done))")
        for n in range(1000):
            view.emit("n", n)
            if n % 100 == 0:
                view.eval_js(f"seen.push('script {n}')")
        assert up.take(1000) == list(range(1000))
        seen = view.eval_js_sync("seen")
        expected = [each for n in range(1000) for each in ([n, f"script {n}"] if n % 100 == 0 else [n])]
        assert seen == expected


def test_bytes_keep_their_place_across_the_change_of_ways() -> None:
    page = """<script>
    window.seen = [];
    const sized = (n) => n % 7 ? n : new Uint8Array(n * 100).fill(n);
    const size = (data) => data instanceof Uint8Array ? [data[0] ?? 0, data.length] : data;
    auroraview.on("n", (data) => seen.push(size(data)));
    for (let n = 0; n < 50; n += 1) auroraview.send_event("up", sized(n));
    auroraview.whenReady().then(() => { for (let n = 50; n < 400; n += 1) auroraview.send_event("up", sized(n)); });
    </script>"""
    with WebView(html=page) as view:
        up = Recorder()
        view.on("up", up)
        view.on("loaded", lambda data: None)
        view.show(wait=False)
        for n in range(400):
            view.emit("n", bytes([n % 256]) * (n * 100) if n % 7 == 0 else n)
        expected = [[n % 256, n * 100] if n % 7 == 0 else n for n in range(400)]
        came = [[each[0] if each else 0, len(each)] if isinstance(each, bytes) else each for each in up.take(400)]
        assert came == expected
        view.emit("n", "end")
        look = "const look = () => seen.includes('end') ? done(seen) : setTimeout(look, 1)"
        wait = f"new Promise((done) => {{ {look}; look() }})"
        assert view.eval_js_sync(wait) == [*expected, "end"]


def test_more_messages_with_bytes_than_one_message_may_have_attachments(view: WebView) -> None:
    up = Recorder()
    view.on("up", up)
    view.eval_js_sync("auroraview.whenReady()")
    view.eval_js("for (let n = 0; n < 600; n += 1) auroraview.send_event('up', new Uint8Array([n, n >> 8]))")
    assert up.take(600) == [bytes([n & 255, n >> 8]) for n in range(600)]


def test_a_killed_web_process_is_told_and_the_next_document_has_its_lane(view: WebView) -> None:
    errors, crashed, restored = Recorder(), Recorder(), Recorder()
    view.on_crashed(crashed)
    view.on_restored(lambda: restored(None))
    view.eval_js_sync("auroraview.whenReady()")
    view.eval_js_async("new Promise(() => {})", lambda value, error: errors(error))
    view.eval_js_sync("1")
    for pid in web_processes():
        os.kill(pid, signal.SIGKILL)
    crashed.next()
    assert isinstance(errors.next(), auroraview.PageGoneError)
    restored.next()
    assert view.eval_js_sync("auroraview.whenReady().then(() => 7)") == 7


def test_who_does_not_know_the_token_is_cut(view: WebView) -> None:
    name, token = address()
    for greeting in (
        packet(1, 0, 1, b"0" * len(token)),  # wrong
        packet(3, 1, 1, token.encode()),  # no greeting
        packet(1, 0, 1, b"0" * 300),  # too long
        struct.pack("<I", 2**32 - 1),
    ):
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.settimeout(PATIENCE)
            stranger.connect("\0" + name)
            stranger.sendall(greeting)
            try:
                assert stranger.recv(1) == b""
            except ConnectionResetError:
                pass
    assert view.eval_js_sync("1 + 1") == 2


def test_who_knows_the_token_but_no_admitted_document_is_not_heard(view: WebView) -> None:
    name, token = address()
    number = next(_view._ids) - 1  # of the newest view
    heard = Recorder()
    view.on("forged", heard)
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect("\0" + name)
        stranger.sendall(packet(1, 0, number, token.encode()))
        stranger.sendall(packet(2, 1, 0, b"0" * 32))
        stranger.sendall(packet(3, 1, 0, b'0\nn 0 {"jsonrpc":"2.0","method":"forged"}\n'))
        view.eval_js_sync("1")
    assert heard.is_empty()


def packet(kind: int, document: int, number: int, body: bytes) -> bytes:
    fixed = struct.pack("<BIQ", kind, document, number)
    return struct.pack("<I", len(fixed) + len(body)) + fixed + body


def test_a_page_that_reads_nothing_loses_nothing_and_keeps_nobody() -> None:
    with shown("<script>window.seen = []; auroraview.on('n', (n) => seen.push(n[0]))</script>") as view:
        view.eval_js_sync("auroraview.whenReady()")
        view.eval_js("const end = Date.now() + 500; while (Date.now() < end);")
        big = "x" * 10_000
        sender = threading.Thread(target=lambda: [view.emit("n", [n, big]) for n in range(1000)])
        sender.start()
        sender.join(PATIENCE)
        assert not sender.is_alive(), "sending does not wait for the page"
        assert view.eval_js_sync("seen") == list(range(1000))


def test_it_can_be_turned_off() -> None:
    program = """
import os, auroraview
view = auroraview.WebView(html="<p>")
view.bind_call("api.add", lambda a, b: a + b)
view.show(wait=False)
print(view.eval_js_sync("auroraview.whenReady().then(() => auroraview.api.add(1, 2))"))
files = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
own = [os.readlink(file) for file in files if os.path.lexists(file)]
with open("/proc/net/unix") as sockets:
    named = [line.split()[6] for line in sockets if "@auroraview-" in line]
print(any(f"socket:[{number}]" in own for number in named))
"""
    for value, listens in (("off", "False"), ("", "True")):
        env = {**os.environ, "AURORAVIEW_LANE": value}
        done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60)
        assert done.stdout.split() == ["3", listens], done.stderr


def test_without_the_library_the_bridge_goes_on_through_the_ui_process(tmp_path: Path) -> None:
    executable = tmp_path / "auroraview-ui"
    executable.write_bytes((LIBRARY.parent.parent / "auroraview-ui").read_bytes())
    executable.chmod(0o755)
    program = """
import auroraview
view = auroraview.WebView(html="<p>")
view.bind_call("api.add", lambda a, b: a + b)
view.show(wait=False)
print(view.eval_js_sync("auroraview.whenReady().then(() => auroraview.api.add(1, 2))"))
"""
    env = {**os.environ, "AURORAVIEW_UI": str(executable)}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout == "3\n", done.stderr


def test_each_document_gets_the_lane_and_nothing_of_the_last_one(view: WebView) -> None:
    pid = None
    for n in range(20):
        loaded = Recorder()
        view.on_loaded(loaded)
        view.load_html(f"<p>{n}")
        until("the document", lambda loaded=loaded: not loaded.is_empty())
        assert view.eval_js_sync("auroraview.whenReady().then(() => document.body.textContent.trim())") == str(n)
        pid = pid or web_processes()[0]


def test_a_connection_that_breaks_while_its_page_lives_answers_both_sides_at_once(view: WebView) -> None:
    @view.bind_call("api.wait")
    async def wait() -> None:  # async: a sync one would keep the thread that hears of the break
        await asyncio.Event().wait()

    failures, closed = Recorder(), Recorder()
    view.on("closed", closed)
    view.eval_js_sync("auroraview.whenReady().then(() => { auroraview.handle('f', () => new Promise(() => {})) })")
    until("the change of ways", lambda: has_changed(view))
    view.eval_js_async("new Promise(() => {})", lambda value, error: failures(error))
    view.eval_js_sync("window.code = 0; auroraview.call('api.wait').catch((error) => { window.code = error.code }); 0")
    for connection in connections():
        with connection:
            connection.shutdown(socket.SHUT_RDWR)
    assert isinstance(failures.next(), auroraview.PageGoneError)
    # Scripts go through the UI process now; the page is the same.
    until("CLOSED", lambda: view.eval_js_sync("window.code") == "CLOSED")
    assert view.eval_js_sync("auroraview.call('api.wait').catch((error) => error.code)") == "CLOSED"
    loaded = Recorder()
    view.on_loaded(loaded)
    view.reload()
    loaded.next()
    view.bind_call("api.seven", lambda: 7)
    assert view.eval_js_sync("auroraview.whenReady().then(() => auroraview.call('api.seven'))") == 7


def has_changed(view: WebView) -> bool:
    """Whether scripts reach the page without the UI process."""
    ui_process = _process.link().pid
    os.kill(ui_process, signal.SIGSTOP)
    try:
        return view.eval_js_sync("true", timeout_ms=100) is True
    except TimeoutError:
        return False
    finally:
        os.kill(ui_process, signal.SIGCONT)


def connections() -> list[socket.socket]:
    """This process's ends of the connections of web processes."""
    with open("/proc/net/unix") as sockets:
        rows = [line.split() for line in sockets if "@auroraview-" in line]
    accepted = {f"socket:[{row[6]}]" for row in rows if row[5] == "03"}
    files = [Path(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    numbers = [int(file.name) for file in files if os.path.lexists(file) and os.readlink(file) in accepted]
    return [socket.socket(fileno=os.dup(number)) for number in numbers]
