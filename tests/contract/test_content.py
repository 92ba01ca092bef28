"""What a view can show: documents, files and their neighbours, addresses, and what it refuses."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import auroraview
from auroraview import WebView
from support.desktop import PATIENCE, Desktop, until
from support.views import Recorder, contract, shown

pytestmark = pytest.mark.needs("javascript")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "网站 with spaces"
    (folder / "sub").mkdir(parents=True)
    (folder / "index.html").write_text(
        "<!doctype html><link rel=stylesheet href=style.css><script type=module src='sub/app.js'></script><p id=p>start"
    )
    (folder / "style.css").write_text("p { color: rgb(1, 2, 3) }")
    (folder / "sub/app.js").write_text("import {word} from './word.js'; document.title = word")
    (folder / "sub/word.js").write_text("export const word = '模块'")
    (folder / "sub/other #1.html").write_text("<title>other</title><a href='/index.html'>start</a>")
    (folder / ".secret").write_text("secret")
    (tmp_path / "outside.txt").write_text("outside")
    return folder


def test_a_file_is_shown_with_its_neighbours(site: Path) -> None:
    with WebView() as view:
        loaded = Recorder()
        view.on_loaded(loaded)
        view.load_file(site / "index.html")
        view.show(wait=False)
        assert loaded.next() == "av://app/index.html"
        until("the module", lambda: view.eval_js_sync("document.title") == "模块")
        assert view.eval_js_sync("getComputedStyle(p).color") == "rgb(1, 2, 3)"
        assert view.eval_js_sync("auroraview.isReady()") is True
        assert view.url == "av://app/index.html"


def test_files_come_from_the_asset_root_and_nowhere_else(site: Path) -> None:
    with shown("<p>hi", asset_root=site) as view:
        fetch = "fetch({!r}).then(answer => answer.status)"
        assert view.eval_js_sync(fetch.format("sub/word.js")) == 200
        for path in [
            "missing.js",
            ".secret",
            "../outside.txt",
            "%2e%2e/outside.txt",
            "..%2foutside.txt",
            "/etc/passwd",
        ]:
            assert view.eval_js_sync(fetch.format(path)) == 404, path
        assert view.eval_js_sync("fetch('/', {method: 'POST', body: new Blob(['x'])}).then(a => a.status)") == 405
        assert view.eval_js_sync("fetch('sub/app.js').then(a => a.headers.get('content-type'))") == (
            "text/javascript;charset=utf-8"
        )
        view.load_file(site / "sub" / "other #1.html")
        until("the file", lambda: view.url == "av://app/sub/other%20%231.html")
        assert view.eval_js_sync("document.title") == "other"


def test_a_view_without_content_is_an_empty_page() -> None:
    with WebView() as view:
        view.show(wait=False)
        assert view.eval_js_sync("document.body.innerHTML + typeof auroraview") == "object"


def test_a_log_that_nobody_reads_stops_nothing(desktop: Desktop) -> None:
    """The UI process writes a line for each missing file, while the host is busy and its pipe runs full."""
    with shown() as view:
        gate, entered = threading.Event(), threading.Event()

        @view.bind_call("api.block")
        def block() -> None:
            entered.set()
            gate.wait(PATIENCE)

        name = "x" * 200
        view.eval_js(f"""
            auroraview.api.block();
            for (let n = 0; n < 1000; n++) await fetch('/{name}' + n);
            window.fetched = (await fetch('/{name}')).status;
            document.title = 'fetched all';
        """)
        entered.wait(PATIENCE)
        until("the title", lambda: desktop.window("fetched all"))  # seen from outside: nobody reads the link
        gate.set()
        assert view.eval_js_sync("window.fetched") == 404


@contract()
def test_documents_can_be_exchanged(view: WebView) -> None:
    loaded = Recorder()
    view.on_loaded(loaded)
    for n in range(5):
        view.load_html(f"<title>{n}</title>")
        loaded.next()
        assert view.eval_js_sync("document.title") == str(n)


def test_a_large_document_arrives_whole() -> None:
    text = "中" * 4_000_000  # 12 MB of UTF-8
    with shown(f"<!doctype html><p>{text}") as view:
        assert view.eval_js_sync("document.querySelector('p').textContent.length") == len(text)


@contract()
def test_what_cannot_be_loaded_is_refused_and_the_view_works_on(view: WebView) -> None:
    with pytest.raises(auroraview.PayloadTooLargeError, match="16 MiB"):
        view.load_html("x" * 50_000_000)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        view.load_file("/nowhere.html")
    with pytest.raises(IsADirectoryError, match="index.html"):
        view.load_file("/tmp")
    with pytest.raises(TypeError):
        view.load_html(b"bytes")  # type: ignore[arg-type]
    for bad in ["", "no scheme", "file:///etc/passwd", "ftp://x", "javascript:1"]:
        with pytest.raises(ValueError):
            view.load_url(bad)
    assert view.eval_js_sync("document.title") == "test"


def unused_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/"  # free again, so nobody listens


def test_the_page_says_that_it_cannot_be_loaded() -> None:
    address = f"{unused_address()}?a=<b>&c"
    with WebView(url=address) as view:
        titled = Recorder()
        view.on_title_changed(titled)
        view.show(wait=False)
        assert titled.next() == "Cannot load the page"
        text = view.eval_js_sync("document.body.innerText")
        assert "cannot be loaded" in text and "127.0.0.1" in text and "Try again" in text
        assert view.eval_js_sync("document.querySelector('b')") is None


def test_an_address_nobody_answers_is_reported() -> None:
    with shown() as view:
        failed = Recorder()
        view.on_load_failed(failed)
        address = unused_address()
        view.load_url(address)
        url, message = failed.next()
        assert url == address and message
        titled = Recorder()
        view.on_title_changed(titled)
        view.load_html("<title>again</title>")
        while titled.next() != "again":  # a load begins with an empty title
            pass
        assert view.eval_js_sync("document.title") == "again"


@contextmanager
def server(html: str) -> Iterator[str]:
    """A web site on this machine."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            pass

    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{site.server_port}"
    finally:
        site.shutdown()
        site.server_close()
        thread.join()


def test_only_listed_origins_get_the_bridge() -> None:
    with server("<title>elsewhere</title>") as origin:
        for allowed, bridge in [([], "undefined"), ([origin], "object")]:
            with WebView(url=f"{origin}/", allowed_origins=allowed) as view:
                loaded = Recorder()
                view.on_loaded(loaded)
                view.bind_call("api.name", lambda: "python")
                view.show(wait=False)
                assert loaded.next() == f"{origin}/"
                assert view.eval_js_sync("typeof auroraview") == bridge
                if allowed:
                    assert view.eval_js_sync("auroraview.api.name()") == "python"


def test_frames_and_strangers_are_refused_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """A page that posts to the engine's handler itself, without our script's secret, is refused."""
    frame = "<script>parent.postMessage(typeof auroraview, '*')</script>"
    page = f"""<script>window.frames_see = []; onmessage = event => {{ frames_see.push(event.data) }}</script>
        <iframe srcdoc="{frame}"></iframe><iframe src="data:text/html,{frame}"></iframe>
        <iframe sandbox="allow-scripts" srcdoc="{frame}"></iframe>"""
    with shown(page) as view:
        ran = Recorder()
        view.bind_call("api.run", ran)
        script = """
            const handler = webkit.messageHandlers.auroraview;
            const forged = 'q 1 {"jsonrpc":"2.0","id":1,"method":"api.run"}\\n';
            const tries = ['', 'x', 'a b\\n', '0'.repeat(32) + ' ' + '0'.repeat(32) + ' 0\\n' + forged, {a: 1}, null];
            return Promise.all(tries.map(text => handler.postMessage(text).then(() => 'taken', error => String(error))))
        """
        answers = view.eval_js_sync(script)
        assert all("refused" in answer for answer in answers), answers
        until("the frames", lambda: view.eval_js_sync("frames_see") == ["undefined"] * 3)
        assert view.eval_js_sync("auroraview.call('api.run').then(() => 'ok')") == "ok"
        ran.next()
        assert ran.is_empty()
    assert any("wrong secret" in record.getMessage() for record in caplog.records)


def test_data_is_kept_only_where_asked(tmp_path: Path) -> None:
    store = "localStorage.getItem('kept')"
    with shown("<p>") as view:
        view.eval_js_sync("localStorage.setItem('kept', 'no')")
    with shown("<p>") as view:
        assert view.eval_js_sync(store) is None
    keeping: dict[str, Any] = {"data_directory": tmp_path / "data", "app_id": "keeper"}
    with shown("<p>", **keeping) as view:
        assert view.eval_js_sync("location.origin") == "av://keeper"
        assert view.eval_js_sync(store) is None
        view.eval_js_sync("localStorage.setItem('kept', 'yes')")

    def kept() -> bool:
        with shown("<p>", **keeping) as view:
            return bool(view.eval_js_sync(store) == "yes")

    until("the engine has written it", kept)  # it writes behind the page's back
