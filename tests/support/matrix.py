"""Each public method of a view, called in each phase of its life and on each thread (a program of its own).

It prints one JSON line when it begins a cell and one when the cell ended, so that whoever runs it can name a hang.
A phase brings a view into its state and runs the rows it is given there, one after the other; rows that end the phase
have a view of their own.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

from auroraview import WebView

from .desktop import PATIENCE, Desktop, until
from .views import Recorder

Call = Callable[[WebView], Any]
Run = Callable[[WebView], None]

#: Far less than any default, in seconds: what cannot be answered in a phase is to show as its exception soon.
SOON = 1.5

FILE = __file__.replace("matrix.py", "__init__.py")


class Api:
    def method(self) -> None: ...


def ignore(*_: Any) -> None: ...


def _set_title(view: WebView) -> None:
    view.title = "set"


#: Row by row: what is called. A row's name begins with the name of the method or property.
CALM: dict[str, Call] = {
    "add_observer": lambda view: view.add_observer(len),
    "begin_operation": lambda view: view.begin_operation().done(),
    "bind_api": lambda view: view.bind_api(Api(), "matrix", allow_rebind=True),
    "bind_call": lambda view: view.bind_call("api.x", len),
    "call": lambda view: view.call("x", timeout_ms=1000 * SOON),
    "call_async": lambda view: view.call_async("x"),
    "call_async().result": lambda view: view.call_async("x").result(SOON),
    "dialogs": lambda view: view.dialogs,
    "emit": lambda view: view.emit("x", 1),
    "eval_js": lambda view: view.eval_js("1"),
    "eval_js_async": lambda view: view.eval_js_async("1"),
    "eval_js_async().result": lambda view: view.eval_js_async("1").result(SOON),
    "eval_js_sync": lambda view: view.eval_js_sync("1", timeout_ms=1000 * SOON),
    "event": lambda view: view.event("declared")(1),
    "focus": lambda view: view.focus(),
    "generate_types": lambda view: view.generate_types(os.devnull),
    "get_proxy": lambda view: view.get_proxy(),
    "is_alive": lambda view: view.is_alive(),
    "is_shutdown": lambda view: view.is_shutdown,
    "lifecycle": lambda view: view.lifecycle,
    "maximize": lambda view: view.maximize(),
    "minimize": lambda view: view.minimize(),
    "off": lambda view: view.off("x"),
    "on": lambda view: view.on("x", len),
    "once": lambda view: view.once("x", len),
    "position": lambda view: view.position,
    "process_events": lambda view: view.process_events(),
    "process_events_ipc_only": lambda view: view.process_events_ipc_only(),
    "process_ipc_only": lambda view: view.process_ipc_only(),
    "recovery": lambda view: view.recovery,
    "register_callback": lambda view: view.register_callback("x", len),
    "reload_handlers": lambda view: view.reload_handlers(),
    "remove_observer": lambda view: view.remove_observer(len),
    "report_backend_error": lambda view: view.report_backend_error("a test"),
    "restore": lambda view: view.restore(),
    "set_always_on_top": lambda view: view.set_always_on_top(False),
    "set_fullscreen": lambda view: view.set_fullscreen(False),
    "set_position": lambda view: view.set_position(10, 10),
    "set_size": lambda view: view.set_size(300, 200),
    "set_visible": lambda view: view.set_visible(True),
    "size": lambda view: view.size,
    "state": lambda view: dict(view.state),
    "state =": lambda view: view.state.update(x=1),
    "stats": lambda view: view.stats(),
    "thread_safe": lambda view: view.thread_safe(),
    "title": lambda view: view.title,
    "title =": _set_title,
    "url": lambda view: view.url,
    "visible": lambda view: view.visible,
    "wait": lambda view: view.wait(0.01),
    "wait_for_drain": lambda view: view.wait_for_drain(SOON),
    "get_hwnd": lambda view: view.get_hwnd(),
    "window_handle": lambda view: view.window_handle,
    **{
        name: lambda view, name=name: getattr(view, name)(ignore)
        for name in sorted(dir(WebView))
        if name.startswith("on_") and name != "on_closing"  # a handler of it that returns 0 would not change anything
    },
    "on_closing": lambda view: view.on_closing(lambda: None),
}
#: What leaves the page of the phase: last in its view.
LOADS: dict[str, Call] = {
    "load_html": lambda view: view.load_html("<p>other"),
    "load_file": lambda view: view.load_file(FILE),
    "load_url": lambda view: view.load_url("about:blank"),
    "reload": lambda view: view.reload(),
}
#: What ends the phase: each in a view of its own.
ENDS: dict[str, Call] = {
    "close": lambda view: view.close(),
    "show": lambda view: view.show(wait=False),
    "shutdown": lambda view: view.shutdown(),
}
ROWS = {**CALM, **LOADS, **ENDS}


class Server(ThreadingHTTPServer):
    """Serves one page once; whoever asks again, or for anything else, waits until the server is closed."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.asked: dict[str, int] = {}
        self.stalling = Recorder()
        self.over = threading.Event()

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Server]:
        server = cls()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            server.server_close()


class _Page(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.server.asked[self.path] = self.server.asked.get(self.path, 0) + 1
        if self.path == "/stall" or asked > 1:
            self.server.stalling(self.path)
            self.server.over.wait(10 * PATIENCE)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>served</title>")

    def log_message(self, format: str, *args: Any) -> None: ...


# ---- phases: each brings a view into its state, and runs the rows there ----


def opened(**options: Any) -> WebView:
    """A view on a thread of its own, its page loaded."""
    view = WebView(**options)
    loaded = Recorder()
    view.on_loaded(loaded)
    view.show(wait=False)
    loaded.next()
    return view


def main_thread(run: Run, desktop: Desktop) -> None:
    with opened(html="<p>") as view:
        run(view)


def worker_thread(run: Run, desktop: Desktop) -> None:
    """While the main thread is in show()."""
    view = WebView(html="<p>")
    loaded = Recorder()
    view.on_loaded(loaded)

    def work() -> None:
        loaded.next()
        try:
            run(view)
        finally:
            view.close()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        view.show()
        done.result()


def loop_thread(run: Run, desktop: Desktop) -> None:
    """On the thread that runs the handlers, but in none of them."""
    view = WebView(html="<p>")
    failures = []

    def callback(value: Any, error: Any) -> None:
        try:
            run(view)
        except Exception as failure:  # noqa: BLE001 - raised below
            failures.append(failure)
        finally:
            view.close()

    view.eval_js_async("1", callback)
    view.show()
    assert not failures, failures


def in_a_handler(run: Run, desktop: Desktop) -> None:
    with opened(html="<p>") as view:
        _in_handler(
            run, view, lambda handler: view.bind_call("api.go", handler), lambda: view.eval_js("auroraview.api.go()")
        )


def in_a_closing_handler(run: Run, desktop: Desktop) -> None:
    with opened(html="<p>", title="closing") as view:
        window = until("the window", lambda: desktop.window("closing"))
        _in_handler(run, view, view.on_closing, lambda: desktop.press_close_button(window))


def _in_handler(run: Run, view: WebView, listen: Callable[[Any], Any], provoke: Callable[[], Any]) -> None:
    done = Recorder()

    def handler() -> bool:
        try:
            run(view)
            done(None)
        except Exception as failure:  # noqa: BLE001 - raised below
            done(failure)
        return False

    listen(handler)
    provoke()
    failure = done._seen.get(timeout=10 * PATIENCE)
    assert failure is None, failure


def before_show(run: Run, desktop: Desktop) -> None:
    with WebView(html="<p>") as view:
        run(view)


def before_the_first_load(run: Run, desktop: Desktop) -> None:
    with Server.running() as server, WebView(url=f"{server.origin}/stall") as view:
        view.show(wait=False)
        server.stalling.next()
        run(view)


def during_a_reload(run: Run, desktop: Desktop) -> None:
    with Server.running() as server, opened(url=f"{server.origin}/page", allowed_origins=[server.origin]) as view:
        view.reload()
        server.stalling.next()
        run(view)


def after_close(run: Run, desktop: Desktop) -> None:
    view = opened(html="<p>")
    view.close()
    assert view.lifecycle == "destroyed"
    run(view)


PHASES = [
    main_thread,
    worker_thread,
    loop_thread,
    in_a_handler,
    in_a_closing_handler,
    before_show,
    before_the_first_load,
    during_a_reload,
    after_close,
]


def name_of(phase: Callable[..., Any]) -> str:
    return phase.__name__.replace("_", " ")


def tell(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def runner(phase: str, rows: Iterable[str]) -> Run:
    """What calls rows, one after the other, and tells of each."""

    def run(view: WebView) -> None:
        for row in rows:
            tell(begins=[row, phase])
            try:
                ROWS[row](view)
                result = "ok"
            except Exception as error:  # noqa: BLE001 - whatever it is, is the answer
                result = type(error).__name__
            tell(cell=[row, phase], result=result)

    return run


def main() -> None:
    desktop = Desktop(os.environ["DISPLAY"])
    for phase in PHASES:
        for rows in ([*CALM, *LOADS], *([row] for row in ENDS)):
            phase(runner(name_of(phase), rows), desktop)
    tell(complete=True)


if __name__ == "__main__":
    main()
