"""A Python host that does nothing but start the bare wry program beside itself: how long its main thread is held by
another program's work alone. The words are `qt` for a host with Qt's loop, and the wry program's command."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from typing import Any

from floor import GLUE  # noqa: F401  (the page is the floor's)

#: Milliseconds after which the window of a Qt host is on the screen, painted, with the window manager's frame.
SETTLED = 300


def main() -> None:
    from host import Host, say

    host = Host()
    in_qt, command = host.words[0] == "qt", host.words[-1]
    over = threading.Event()
    application, *kept = qt_host(host) if in_qt else (None,)
    program = subprocess.Popen(
        [command, host.page_file, host.scenario, json.dumps(host.options), "scheme"],
        stdout=subprocess.PIPE,
        text=True,
    )
    threading.Thread(target=follow, args=[host, program, over, application]).start()
    if application is not None:
        application.exec()
    while not over.is_set():
        host.gaps.turn()
        time.sleep(0.001)
    kept.clear()
    say(result={}, closing=time.time())
    host.over()


def qt_host(host: Any) -> tuple[Any, Any, Any]:
    """The application with a window, and the timer that takes its turns. It is a host that somebody works in: its
    window has a menu, and has been painted, which takes Qt milliseconds (memory for the pixels, the fonts)."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer
    from PySide6.QtWidgets import QApplication, QMainWindow

    application, window = QApplication([]), QMainWindow()
    window.resize(800, 600)
    window.menuBar().addMenu("File")
    window.show()
    settled = QEventLoop()
    QTimer.singleShot(SETTLED, settled.quit)
    settled.exec()
    timer = QTimer(timerType=Qt.TimerType.PreciseTimer)
    if host.scenario == "held":
        timer.timeout.connect(host.gaps.turn)
        timer.start(1)
    return application, window, timer


def follow(host: Any, program: subprocess.Popen[str], over: threading.Event, application: Any) -> None:
    assert program.stdout is not None
    for line in program.stdout:
        said = json.loads(line)
        if "first" in said:
            host.on_first()
        elif "result" in said:
            host.gaps.enter("held_close")
    program.wait()
    over.set()
    if application is not None:
        from PySide6.QtCore import QMetaObject, Qt

        # Asked on this thread, Qt waits for its main thread, which may be waiting for the interpreter.
        QMetaObject.invokeMethod(application, "quit", Qt.ConnectionType.QueuedConnection)


if __name__ == "__main__":
    main()
