"""A host application with Qt: a main window with a field, a viewport, docks and tabs. It does what a test tells it, on
its main thread, through its standard input: one JSON text a line, Python to run; one line back.

    python qt_app.py PySide6
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any

NAME = sys.argv[1]
QtCore: Any = importlib.import_module(f"{NAME}.QtCore")
QtGui: Any = importlib.import_module(f"{NAME}.QtGui")
QtWidgets: Any = importlib.import_module(f"{NAME}.QtWidgets")
Qt = QtCore.Qt
if "--also" in sys.argv:
    importlib.import_module(f"{sys.argv[sys.argv.index('--also') + 1]}.QtWidgets")

PAGE = """<!doctype html><title>panel</title><body style="margin:0;background:#1b2a41;color:#fff;font:15px sans-serif">
<input id=a style="position:absolute;left:10px;top:10px;width:150px;height:24px">
<input id=b style="position:absolute;left:10px;top:50px;width:150px;height:24px">
<select id=s style="position:absolute;left:10px;top:90px;width:150px;height:30px">
<option>one<option>two<option>three</select>
<div id=corner style="position:fixed;right:0;bottom:0;width:20px;height:20px;background:#ff3300"></div>
<script>
window.keys = []; window.document_id = Math.random();
addEventListener('keydown', event => { keys.push(event.key); if (event.key === 'p') event.preventDefault() });
</script>"""


class Viewport(QtWidgets.QWidget):
    """What the artist looks at: it takes keys."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.keys: list[str] = []

    def keyPressEvent(self, event: Any) -> None:
        self.keys.append(QtGui.QKeySequence(event.key()).toString())


class Main(QtWidgets.QMainWindow):
    """It hears the keys that no widget of it uses."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []
        self.released: list[str] = []
        self.saved = 0
        self.setWindowTitle("HOST")
        self.setGeometry(100, 80, 900, 600)
        self.field, self.viewport = QtWidgets.QLineEdit(), Viewport()
        center = QtWidgets.QWidget()
        layout = QtWidgets.QVBoxLayout(center)
        layout.addWidget(self.field)
        layout.addWidget(self.viewport, 1)
        self.setCentralWidget(center)
        self.dock = QtWidgets.QDockWidget("Panel", self)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        save = (getattr(QtGui, "QAction", None) or QtWidgets.QAction)("Save", self)
        save.setShortcut(QtGui.QKeySequence("Ctrl+S"))
        save.triggered.connect(self.save)
        self.addAction(save)

    def save(self) -> None:
        self.saved += 1

    def keyPressEvent(self, event: Any) -> None:
        self.keys.append(QtGui.QKeySequence(event.key()).toString())

    def keyReleaseEvent(self, event: Any) -> None:
        self.released.append(QtGui.QKeySequence(event.key()).toString())


class Ears(QtCore.QObject):
    """Runs what comes on standard input."""

    def __init__(self, names: dict[str, Any]) -> None:
        super().__init__()
        self._names, self._rest = names, b""
        self._watch = QtCore.QSocketNotifier(0, QtCore.QSocketNotifier.Type.Read, self)
        self._watch.activated.connect(self.hear)

    def hear(self, *_: object) -> None:
        data = os.read(0, 1 << 16)
        if not data:
            return QtCore.QCoreApplication.exit(3)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self.run(json.loads(line))

    def run(self, code: str) -> None:
        answer: dict[str, Any] = {}
        try:
            try:
                answer["value"] = eval(code, self._names)
            except SyntaxError:
                exec(code, self._names)
            json.dumps(answer)
        except TypeError as error:
            answer = {"error": f"{error}\n{traceback.format_exc()}"} if "value" not in answer else {"value": None}
        except Exception:  # noqa: BLE001 - the test is told
            answer = {"error": traceback.format_exc()}
        say(answer)


def say(answer: object) -> None:
    os.write(1, json.dumps(answer).encode() + b"\n")


def main() -> int:
    app = QtWidgets.QApplication(sys.argv[:1])
    win = Main()
    if "--no-panel" not in sys.argv:
        from auroraview import QtWebView

        panel = QtWebView(html=PAGE, width=360, height=500, host_keys=["Ctrl+Shift+H"], debug=True)
        win.dock.setWidget(panel)
    names = {**globals(), **locals()}
    ears = Ears(names)
    win.show()
    say({"ready": QtCore.qVersion(), "platform": app.platformName()})
    code = (getattr(app, "exec", None) or app.exec_)()
    del ears
    return code


if __name__ == "__main__":
    sys.exit(main())
