"""AuroraView in its run modes: `blocking`, `threaded`, `pumped` (by a timer of the host, 2 ms), `qt` (a Qt host)."""

from __future__ import annotations

import time
from typing import Any

GLUE = """
const peer = {
  ready: async () => {},
  call: (name, value) => auroraview.api[name](value),
  emit: (name, value) => auroraview.send_event(name, value),
  room: () => auroraview.drained(),
  on: (name, handler) => auroraview.on(name, handler),
  up: bytes => auroraview.api.take(bytes),
  down: size => auroraview.api.give(size),
  frames: count => auroraview.api.frames(count),
};
"""

#: Seconds between two turns of a host that pumps.
TIMER = 0.002


class Views:
    def __init__(self, host: Any, kind: Any) -> None:
        self.host, self.kind = host, kind
        self.views: list[Any] = []
        self.emit: Any = None
        self.longest = {"held_call": 0.0, "held_cpu": 0.0}

    def make(self, page: str, **options: Any) -> Any:
        if "padding" in self.host.options:  # nobody writes 5 MB of page into a program
            view = self.timed(self.kind, title="bench", **options)
            self.timed(view.load_file, self.host.page_file)
        else:
            view = self.timed(self.kind, title="bench", html=page, **options)
        for name, function in self.host.functions().items():
            self.timed(view.bind_call, f"api.{name}", function)
        view.bind_call("api.take", self.take)
        view.bind_call("api.give", self.host.give)
        view.bind_call("api.frames", self.frames)
        for name, listener in self.host.listeners().items():
            self.timed(view.on, name, listener)
        self.views.append(view)
        return view

    def timed(self, function: Any, *arguments: Any, **options: Any) -> Any:
        """Calls it, and notes how long that held this thread."""
        started, worked = time.perf_counter(), time.thread_time()
        result = function(*arguments, **options)
        for figure, seconds in (
            ("held_call", time.perf_counter() - started),
            ("held_cpu", time.thread_time() - worked),
        ):
            self.longest[figure] = max(self.longest[figure], seconds * 1000)
        return result

    def take(self, data: Any) -> int:
        self.host.stamps.append(time.perf_counter())
        return len(data)

    def frames(self, count: int) -> Any:
        for _ in range(count):
            yield self.host.frame

    def evaluate(self, script: str) -> Any:
        return self.views[0].eval_js_sync(script)

    def open(self) -> None:
        self.make(self.host.further).show(wait=False)

    def open_here(self) -> None:
        self.make(self.host.further).show()

    def close_here(self) -> None:
        for view in reversed(self.views):
            self.timed(view.close)

    def close(self) -> None:
        for view in reversed(self.views):
            view.close()


def in_qt(host: Any) -> None:
    """A Qt host that runs, with a window: the view is a widget in it, handlers run on Qt's main thread."""
    from PySide6.QtCore import QObject, Qt, Signal

    from beside import qt_host

    class Main(QObject):
        """Has it done on the main thread."""

        opens, closes = Signal(), Signal()

    application, window, timer = qt_host(host)
    from auroraview import QtWebView, warmup  # takes the binding that is loaded

    if host.options.get("warmup"):
        warmup()

    views, main = Views(host, QtWebView), Main()
    host.peer = views
    main.opens.connect(views.open_here, Qt.ConnectionType.QueuedConnection)
    main.closes.connect(lambda: [views.close_here(), window.close()], Qt.ConnectionType.QueuedConnection)
    views.open, views.close = main.opens.emit, main.closes.emit  # type: ignore[method-assign]
    page = host.page
    host.gaps.turn()
    view = views.make(page)
    views.emit = view.emit
    views.timed(window.setCentralWidget, view)
    views.timed(view.start)
    application.exec()
    timer.stop()
    host.gaps.longest.update(views.longest)
    host.over()


def main() -> None:
    from host import Host

    host = Host()
    mode = host.words[0]
    if mode == "qt":
        return in_qt(host)
    import auroraview

    if host.options.get("warmup"):
        auroraview.warmup()
    views, page = Views(host, auroraview.WebView), host.page
    host.peer = views
    host.gaps.turn()
    pumped = {"processor": auroraview.ProcessorConfig.legacy_embedded()} if mode == "pumped" else {}
    view = views.make(page, **pumped)
    views.emit = view.emit
    if mode == "blocking":
        view.show()
    elif mode == "threaded":
        views.timed(view.show, wait=False)
        while view.is_alive():
            if host.scenario == "held":
                host.gaps.turn()
                time.sleep(0.001)
            else:
                view.wait()
    elif mode == "pumped":
        view.show()
        while not view.process_events():
            host.gaps.turn()
            time.sleep(TIMER)
    if mode == "threaded":
        host.gaps.longest.update(views.longest)
    host.over()


if __name__ == "__main__":
    main()
