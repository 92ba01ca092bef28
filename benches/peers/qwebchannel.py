"""A QWebEngineView of PySide6 with a QWebChannel. It has no bytes: they go as base64."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

from pywebview_window import GLUE as PYWEBVIEW

#: The parts that move bytes are the same text as pywebview's.
_BYTES = PYWEBVIEW[PYWEBVIEW.index("  up:") :].replace("pywebview.api.", "peer.call_").replace(
    "peer.call_take_base64(", "peer.call('take_base64', "
).replace("peer.call_give_base64(", "peer.call('give_base64', ")  # fmt: skip

GLUE = f"""
const handlers = {{}};
let host = null;
const peer = {{
  ready: () => new Promise(settle => {{
    const script = document.createElement('script');
    script.src = 'qrc:///qtwebchannel/qwebchannel.js';
    script.onload = () => new QWebChannel(qt.webChannelTransport, channel => {{
      host = channel.objects.host;
      host.told.connect((name, value) => handlers[name]?.(value));
      settle();
    }});
    document.head.append(script);
  }}),
  call: (name, value) => host.call(name, value),
  emit: (name, value) => {{ host.hear(name, value) }},
  on: (name, handler) => {{ handlers[name] = handler }},
{_BYTES}"""


def main() -> None:
    from PySide6.QtCore import QObject, Qt, QTimer, QUrl, Signal, Slot
    from PySide6.QtWebChannel import QWebChannel
    from PySide6.QtWebEngineWidgets import QWebEngineView
    from PySide6.QtWidgets import QApplication

    from host import Host

    host = Host()
    functions, listeners = host.functions(), host.listeners()

    class Bridge(QObject):
        told = Signal(str, "QVariant")

        @Slot(str, "QVariant", result="QVariant")
        def call(self, name: str, value: Any) -> Any:
            return functions[name](whole(value))

        @Slot(str, "QVariant")
        def hear(self, name: str, value: Any) -> None:
            listeners[name](whole(value))

    class Window(QObject):
        tell = Signal(str, "QVariant")
        ask = Signal(str, object)
        opens = Signal()
        closes = Signal()

        def __init__(self) -> None:
            super().__init__()
            self.views: list[Any] = []
            self.bridges: list[Any] = []
            queued = Qt.ConnectionType.QueuedConnection
            self.ask.connect(self.run, queued)
            self.opens.connect(self.make_further, queued)
            self.closes.connect(QApplication.quit, queued)

        def make(self, file: str) -> None:
            view, bridge = QWebEngineView(), Bridge()
            channel = QWebChannel(view.page())
            channel.registerObject("host", bridge)
            view.page().setWebChannel(channel)
            if not self.views:
                self.tell.connect(bridge.told, Qt.ConnectionType.QueuedConnection)
            self.views.append(view)
            self.bridges.append((bridge, channel))
            view.resize(800, 600)
            view.load(QUrl.fromLocalFile(str(Path(file))))
            view.show()

        def make_further(self) -> None:
            self.make(host.further_file)

        def emit(self, name: str, value: Any) -> None:
            self.tell.emit(name, value)

        def run(self, script: str, results: Any) -> None:
            self.views[0].page().runJavaScript(script, results.put)

        def evaluate(self, script: str) -> Any:
            results: queue.SimpleQueue[Any] = queue.SimpleQueue()
            self.ask.emit(script, results)
            return results.get()

        def open(self) -> None:
            self.opens.emit()

        def close(self) -> None:
            self.closes.emit()

    application = QApplication([])
    timer = QTimer(timerType=Qt.TimerType.PreciseTimer)
    if host.scenario == "held":
        timer.timeout.connect(host.gaps.turn)
        timer.start(1)
    window = Window()
    host.peer = window
    host.gaps.turn()
    window.make(host.page_file)
    application.exec()
    window.views.clear()
    host.over()


def whole(value: Any) -> Any:
    """A number of JavaScript as Python has it: Qt makes a float of each."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


if __name__ == "__main__":
    main()
