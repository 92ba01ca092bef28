"""pywebview, with GTK (`gtk`) or Qt (`qt`). It has no bytes: they go as base64, which is what its users do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

GLUE = """
const handlers = {};
const heard = (name, value) => handlers[name]?.(value);
const peer = {
  ready: () => new Promise(settle => {
    if (window.pywebview && pywebview.api && pywebview.api.on_first) settle();
    else addEventListener('pywebviewready', () => settle());
  }),
  call: (name, value) => pywebview.api[name](value),
  emit: (name, value) => { pywebview.api['on_' + name](value) },
  on: (name, handler) => { handlers[name] = handler },
  up: async bytes => {
    let text = '';
    for (let at = 0; at < bytes.length; at += 32768) {
      text += String.fromCharCode.apply(null, bytes.subarray(at, at + 32768));
    }
    return pywebview.api.take_base64(btoa(text));
  },
  down: async size => {
    const text = atob(await pywebview.api.give_base64(size)), bytes = new Uint8Array(text.length);
    for (let n = 0; n < bytes.length; n++) bytes[n] = text.charCodeAt(n);
    return bytes;
  },
};
"""


class Windows:
    def __init__(self, host: Any, gui: str) -> None:
        import webview

        self.host, self.gui, self.module = host, gui, webview

    def make(self, file: str) -> Any:
        window = self.module.create_window("bench", url=Path(file).as_uri())
        window.expose(*self.host.functions().values(), *self.host.listeners().values())
        return window

    def start(self) -> None:
        self.window = self.make(self.host.page_file)
        self.module.start(gui=self.gui, http_server=False)

    def emit(self, name: str, value: Any) -> None:
        self.window.run_js(f"heard({json.dumps(name)}, {json.dumps(value)})")

    def evaluate(self, script: str) -> Any:
        return self.window.evaluate_js(script)

    def open(self) -> None:
        self.make(self.host.further_file)

    def close(self) -> None:
        for window in reversed(self.module.windows):
            window.destroy()


def watch_gtk(host: Any) -> None:
    from gi.repository import GLib

    host.gaps.turn()
    GLib.timeout_add(1, host.gaps.turn)


def watch_qt(host: Any) -> Any:
    """Like a Qt host that runs already: what it returns has to live."""
    from PySide6 import QtWebEngineWidgets  # noqa: F401  (before the application)
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QApplication

    application = QApplication([])
    timer = QTimer(timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(host.gaps.turn)
    host.gaps.turn()
    timer.start(1)
    return application, timer


def main() -> None:
    from host import Host

    host = Host()
    windows = Windows(host, host.words[0])
    host.peer = windows
    kept = None
    if host.scenario == "held":
        kept = watch_gtk(host) if windows.gui == "gtk" else watch_qt(host)
    windows.start()
    host.over()
    del kept


if __name__ == "__main__":
    main()
