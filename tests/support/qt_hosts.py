"""Host applications with Qt as processes of their own, for each binding that is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from .desktop import PATIENCE, Desktop, until

ROOT = Path(__file__).parent.parent.parent
APP = Path(__file__).parent / "qt_app.py"


class Flavor(NamedTuple):
    """A binding in a version, and what runs it."""

    label: str
    binding: str
    python: str
    path: tuple[str, ...] = ()

    def is_there(self) -> bool:
        """Looks for the module without loading it."""
        find = f"import importlib.util as u, sys; sys.exit(u.find_spec({self.binding!r}) is None)"
        return subprocess.run([self.python, "-c", find], env={"PYTHONPATH": os.pathsep.join(self.path)}).returncode == 0


def _wheel(label: str, binding: str) -> Flavor:
    return Flavor(label, binding, os.path.realpath(sys.executable), (str(ROOT / "target/qt" / label),))


#: Those of PyPI are where tools/qt.sh puts them, those of Debian with Debian's own Python.
FLAVORS = (
    _wheel("pyside6", "PySide6"),
    _wheel("pyside6.5", "PySide6"),
    _wheel("pyqt6", "PyQt6"),
    Flavor("pyside2", "PySide2", "/usr/bin/python3"),
    Flavor("pyqt5", "PyQt5", "/usr/bin/python3"),
)


class QtHost:
    """A running application. What a test does in it runs on its main thread."""

    def __init__(self, process: subprocess.Popen[str], desktop: Desktop) -> None:
        self.process = process
        self.desktop = desktop

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the host is gone: {self.process.wait(PATIENCE)}"
        answer: dict[str, Any] = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer

    def run(self, code: str) -> Any:
        """Runs Python there; the value of an expression, else None."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        return self.read().get("value")

    def until(self, code: str) -> Any:
        return until(code, lambda: self.run(code))

    def page(self, script: str) -> Any:
        return self.run(f"panel.eval_js_sync({script!r}, timeout_ms={1000 * PATIENCE})")

    def until_page(self, script: str) -> Any:
        return until(script, lambda: self.page(script))

    def ready(self) -> None:
        """Waits until the page is shown, and the window manager has it where Qt says it is: it may be clicked on."""
        self.until("panel.phase == 'ready'")
        self.settled()

    def settled(self) -> None:
        """Waits until the page is where Qt says it is: Qt says so before the window manager moves a window."""

        def is_there() -> bool:
            return self.desktop.origin(self.run("panel.window_handle")) == self.place("panel._container")[:2]

        until("the place of the panel", is_there)

    def place(self, widget: str) -> tuple[int, int, int, int]:
        """Left, top, width and height of a widget on the screen."""
        left, top, width, height = self.run(
            "(lambda w: (lambda p: [p.x(), p.y(), w.width(), w.height()])(w.mapToGlobal(QtCore.QPoint(0, 0))))"
            f"({widget})"
        )
        return left, top, width, height

    def click(self, widget: str, x: int, y: int) -> None:
        left, top, _, _ = self.place(widget)
        self.desktop.click(left + x, top + y)

    def focus_page(self, x: int = 200, y: int = 300) -> None:
        """Clicks into the page."""
        self.click("panel._container", x, y)
        self.until("panel._keyboard._page_has_it")
        self.until_page("document.hasFocus()")

    def focus_field(self) -> None:
        """Clicks into a field of the host."""
        self.click("win.field", 20, 10)
        self.until("app.focusWidget() is win.field")
        self.until_keys_are_the_hosts()

    def until_keys_are_the_hosts(self) -> None:
        """Waits until X gives the keys to its main window."""
        self.until("not panel._keyboard._page_has_it")
        until("the focus", lambda: self.desktop.tool("getwindowfocus") == str(self.run("int(win.winId())")))

    def quit(self) -> int:
        """Ends it as its user does; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps("app.closeAllWindows()") + "\n")
        self.process.stdin.flush()
        return self.process.wait(PATIENCE)


@contextmanager
def running(flavor: Flavor, desktop: Desktop, *arguments: str, **env: str) -> Iterator[QtHost]:
    path = os.pathsep.join([str(ROOT / "python"), *flavor.path])
    variables = {**os.environ, "DISPLAY": desktop.display, "PYTHONPATH": path, **env}
    process = subprocess.Popen(
        [flavor.python, str(APP), flavor.binding, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables,
    )  # fmt: skip
    with process:
        try:
            host = QtHost(process, desktop)
            host.read()
            yield host
        finally:
            process.kill()  # of one that has ended: nothing
