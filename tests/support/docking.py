"""What an artist does with a panel, at random: dock, float, tab, hide, resize, move, give it to another window."""

from __future__ import annotations

import random
import re
import subprocess

from .desktop import until
from .qt_hosts import QtHost

SETUP = """
other = QtWidgets.QDockWidget('Other', win); other.setWidget(QtWidgets.QTextEdit('other'))
win.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, other)
second = QtWidgets.QMainWindow(); second.setWindowTitle('SECOND'); second.setGeometry(40, 40, 500, 400)
tabs = QtWidgets.QTabWidget(); splitter = QtWidgets.QSplitter(); splitter.addWidget(tabs)
splitter.addWidget(QtWidgets.QLabel('beside')); second.setCentralWidget(splitter); second.show()
tabs.addTab(QtWidgets.QLabel('first'), 'first')
"""

#: Name, and Python; `n` is a random number.
STEPS = {
    "float": "win.dock.setFloating(True)",
    "dock": "win.dock.setFloating(False)",
    "left": "win.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, win.dock)",
    "right": "win.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, win.dock)",
    "tab": "win.tabifyDockWidget(other, win.dock)",
    "front": "win.dock.raise_()",
    "back": "other.raise_()",
    "hide": "win.dock.hide()",
    "show": "win.dock.show()",
    "resize": "win.resize(700 + n % 200, 500 + n % 150)",
    "narrow": "win.resizeDocks([win.dock], [200 + n % 200], Qt.Orientation.Horizontal)",
    "move": "win.move(n % 90, n % 70)",
    "to the tab of another window": "tabs.addTab(panel, 'panel'); tabs.setCurrentWidget(panel)",
    "another tab": "tabs.setCurrentIndex(0)",
    "its own tab": "tabs.setCurrentWidget(panel)",
    "to the splitter": "splitter.addWidget(panel); panel.show()",
    "squeeze": "splitter.setSizes([n % 3 * 150, 100, n % 5 * 100])",
    "home": "win.dock.setWidget(panel); panel.show()",
}


def look(host: QtHost, window: object) -> str:
    """What the X server says about a window."""
    command = ["xwininfo", "-display", host.desktop.display, "-id", str(window)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def geometry(host: QtHost, window: object) -> tuple[int, ...]:
    """Left, top, width and height, as the X server has them."""
    found = re.findall(r"(?:Absolute upper-left [XY]|Width|Height): +(-?\d+)", look(host, window))
    return tuple(int(number) for number in found)


def is_there(host: QtHost) -> bool:
    """Whether the window around the page is on the screen, as the X server has it."""
    return "Map State: IsViewable" in look(host, host.run("int(panel._window.winId())"))


def is_in_place(host: QtHost) -> bool:
    """Whether the page fills its container, and that is where and as large as Qt says; as the X server sees it. Of a
    panel that is hidden, or has no room, nothing may be there."""
    seen = host.run(
        "(lambda c, p: [panel.isVisible() and min(panel.width(), panel.height()) > 1, int(panel._window.winId()),"
        " panel.window_handle, int(c.window().winId()), c.width(), c.height(), p.x(), p.y()])"
        "(panel._container, panel._container.mapTo(panel.window(), QtCore.QPoint(0, 0)))"
    )
    has_room, container, own, top, width, height, x, y = seen
    if not has_room or not is_there(host):
        return not has_room and not is_there(host)
    place, around = geometry(host, container), geometry(host, top)
    return (
        geometry(host, own) == place
        and place[2:] == (width, height)
        and (place[0] - around[0], place[1] - around[1]) == (x, y)
        and host.page("[innerWidth, innerHeight]") == [width, height]
    )


def walk(host: QtHost, steps: int, seed: int) -> None:
    """So many random steps; after each the page is in its place, and the same."""
    chance = random.Random(seed)
    host.run(SETUP)
    document = host.page("document_id")
    taken: list[str] = []
    for _ in range(steps):
        name = chance.choice(list(STEPS))
        taken.append(name)
        host.run(f"n = {chance.randrange(1000)}")
        host.run(STEPS[name])
        until(f"the place of the page (seed {seed}) after {taken[-8:]}", lambda: is_in_place(host))
        assert host.page("document_id") == document, f"the page was lost (seed {seed}): {taken[-8:]}"
        assert host.run("QtCore.QThread.currentThread().loopLevel()") == 1, taken[-8:]
    assert host.process.poll() is None


__all__ = ["is_in_place", "is_there", "walk"]
