"""Web sites on this machine, for pages that are not ours."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Site:
    """Answers each path with a page or with the way to another address."""

    def __init__(self) -> None:
        self.origin = ""
        self.pages: dict[str, str] = {}
        self.redirects: dict[str, str] = {}
        #: Paths that were asked for.
        self.asked: list[str] = []

    def url(self, path: str) -> str:
        return self.origin + path


@contextmanager
def site(**pages: str) -> Iterator[Site]:
    """A site of these pages: the name ``start`` is at ``/start``."""
    content = Site()
    content.pages = {f"/{name}": html for name, html in pages.items()}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content.asked.append(self.path)
            to = content.redirects.get(self.path)
            page = content.pages.get(self.path)
            self.send_response(302 if to else 404 if page is None else 200)
            if to:
                self.send_header("Location", to)
            self.send_header("Content-Type", "text/html;charset=utf-8")
            self.end_headers()
            self.wfile.write((page or "").encode())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    content.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield content
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
