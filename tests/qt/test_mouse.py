"""Mouse, wheel, popups and files that are dropped."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

from support.desktop import until
from support.qt_hosts import QtHost


def popups(host: QtHost) -> list[tuple[int, int, int, int]]:
    """Left, top, width and height of what the UI process shows above all windows."""
    found = []
    for window in host.desktop.windows("auroraview-ui"):
        try:
            geometry = host.desktop.tool("getwindowgeometry", "--shell", window)
        except subprocess.CalledProcessError:  # it has just gone
            continue
        values = dict(line.split("=") for line in geometry.splitlines())
        place = (int(values["X"]), int(values["Y"]), int(values["WIDTH"]), int(values["HEIGHT"]))
        if window != host.run("panel.window_handle"):
            found.append(place)
    return found


def test_a_select_opens_where_it_is_also_after_the_host_was_moved(host: QtHost) -> None:
    for corner in ((100, 80), (40, 200)):
        host.run(f"win.move({corner[0]}, {corner[1]})")
        host.settled()
        before = set(popups(host))
        host.page("document.querySelector('#s').selectedIndex = 0")
        host.click("panel._container", 60, 105)
        shown = until("the popup", lambda before=before: set(popups(host)) - before)
        left, top, _, _ = host.place("panel._container")
        assert any(abs(x - left - 10) < 20 and top + 60 < y < top + 150 for x, y, _, _ in shown), (shown, left, top)
        for key in ("Down", "Down", "Return"):
            host.desktop.tool("key", key)
        host.until_page("document.querySelector('#s').value !== 'one'")
        until("the end of the popup", lambda before=before: not set(popups(host)) - before)


def test_the_context_menu_opens_at_the_pointer(host: QtHost) -> None:
    before = set(popups(host))
    left, top, _, _ = host.place("panel._container")
    host.desktop.tool("mousemove", left + 100, top + 250, "click", 3)
    shown = until("the menu", lambda: set(popups(host)) - before)
    assert any(abs(x - left - 100) < 20 and abs(y - top - 250) < 20 for x, y, _, _ in shown), (shown, left, top)
    host.desktop.tool("key", "Escape")
    until("the end of the menu", lambda: not set(popups(host)) - before)


def test_the_wheel_scrolls_the_page_under_the_pointer(host: QtHost) -> None:
    host.page("document.body.style.height = '5000px'")
    left, top, _, _ = host.place("panel._container")
    host.desktop.tool("mousemove", left + 100, top + 250)

    def scrolls() -> bool:  # GTK takes the first turn after the pointer came in as where the wheel is
        host.desktop.tool("click", 5)
        return bool(host.page("scrollY > 0"))

    until("the page to scroll", scrolls)


def test_files_are_dropped_on_the_page(host: QtHost, tmp_path: Path) -> None:
    """A real drag, from a list of the host: the desktop asks a file manager's drags of the same window."""
    file = tmp_path / "tree 木.abc"
    file.touch()
    host.page("auroraview.on('file_drop', files => { window.dropped = files })")
    host.run("dropped = []; panel.filesDropped.connect(dropped.extend)")
    host.run(
        "class Source(QtWidgets.QListWidget):\n"
        "    def mimeData(self, items):\n"
        f"        data = QtCore.QMimeData(); data.setUrls([QtCore.QUrl.fromLocalFile({str(file)!r})]); return data\n"
        "source = Source(); source.addItem('tree'); source.setDragEnabled(True); win.setCentralWidget(source)"
    )
    host.until("source.isVisible() and source.viewport().height() > 100")
    left, top, _, _ = host.place("source.viewport()")
    to_left, to_top, _, _ = host.place("panel._container")
    host.desktop.tool("mousemove", left + 15, top + 8, "mousedown", 1)
    host.until("app.mouseButtons() != Qt.MouseButton.NoButton")
    places = itertools.cycle([(left + 40, top + 30), (left + 60, top + 60), (to_left + 100, to_top + 200)])

    def drag() -> bool:
        host.desktop.tool("mousemove", *next(places))
        return bool(host.page("window.dragged"))

    host.page("auroraview.on('file_drag', files => { window.dragged = true; window.over = files.x })")
    until("the drag", drag)
    host.desktop.tool("mousemove", to_left + 104, to_top + 200)
    host.until_page("window.over === 104")
    host.desktop.tool("mouseup", 1)
    host.until("dropped")
    assert host.run("dropped") == [str(file)]
    seen = host.until_page("window.dropped")
    assert seen["paths"] == [str(file)] and abs(seen["x"] - 104) < 3 and abs(seen["y"] - 200) < 3
