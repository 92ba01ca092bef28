"""A panel that is moved about keeps its page and its place, and closes as a widget does."""

from __future__ import annotations

from support import processes
from support.desktop import Desktop, until
from support.docking import is_in_place, is_there, walk
from support.qt_hosts import Flavor, QtHost, running


def test_a_hundred_steps(flavor: Flavor, desktop: Desktop) -> None:
    with running(flavor, desktop) as host:
        host.ready()
        walk(host, 100, seed=5)
        host.run("second.close()")
        assert host.quit() == 0


def test_a_panel_without_room_shows_nothing(host: QtHost) -> None:
    """Qt moves the window of a container that is so thin to the corner of the host's window, and shows it."""
    document = host.page("document_id")
    host.run("around = QtWidgets.QWidget(); panel.setParent(around); win.dock.setWidget(around); panel.show()")
    for width, height in ((0, 300), (1, 300), (300, 0), (300, 1)):
        host.run(f"panel.setGeometry(10, 20, {width}, {height})")
        until("the end of what was seen of the page", lambda: not is_there(host))
        host.run("panel.setGeometry(10, 20, 200, 150)")
        until("the page in its place", lambda: is_in_place(host))
    assert host.page("document_id") == document


def test_nothing_waits_while_the_view_starts(flavor: Flavor, desktop: Desktop) -> None:
    with running(flavor, desktop, "--no-panel") as host:
        host.run("from auroraview import QtWebView; heard = []; panel = QtWebView(html=PAGE)")
        for name in ("loadStarted", "loadFinished", "titleChanged", "urlChanged", "phaseChanged", "loadProgress"):
            host.run(f"panel.{name}.connect(lambda *values: heard.append([{name!r}, *values]))")
        host.run("told = []; shows_text = lambda: panel._front.placeholder.isVisible()")
        host.run("panel.phaseChanged.connect(lambda phase: told.append([phase, shows_text()]))")
        host.run("win.dock.setWidget(panel)")
        host.ready()
        assert host.run("told") == [["starting", True], ["ready", False]]
        assert host.run("panel.sizeHint().width()") == 800
        host.until("['titleChanged', 'panel'] in heard")
        heard = [each for each in host.run("heard") if each[0] != "titleChanged"]
        assert heard == [
            ["phaseChanged", "starting"], ["loadStarted"], ["loadProgress", 0], ["loadProgress", 50],
            ["urlChanged", "av://app/"], ["phaseChanged", "ready"], ["loadProgress", 100], ["loadFinished", True],
        ]  # fmt: skip
        assert host.quit() == 0


#: Notes the turns of a timer of the host, and the steps of a panel's start among them.
TURNS = """
turns, steps = [], ("_make_container", "_give_room", "_show")
def noting(name, step):
    return lambda self: (turns.append(name), step(self))[-1]
for name in steps:
    setattr(QtWebView, name, noting(name, getattr(QtWebView, name)))
timer = QtCore.QTimer()
timer.timeout.connect(lambda: turns.append("host"))
timer.start(0)
panel = QtWebView(html=PAGE)
win.dock.setWidget(panel)
"""


def test_the_host_has_its_turn_between_two_steps_of_a_start(flavor: Flavor, desktop: Desktop) -> None:
    with running(flavor, desktop, "--no-panel") as host:
        host.run("from auroraview import QtWebView")
        host.run(TURNS)
        host.ready()
        host.run("timer.stop()")
        turns = host.run("turns")
        at = [turns.index(name) for name in host.run("steps")]
        assert at == sorted(at) and "host" in turns[: at[0]]
        assert all("host" in turns[one:next_one] for one, next_one in zip(at, at[1:])), turns[: at[-1]]
        assert host.quit() == 0


def test_a_panel_has_the_color_of_where_it_is(flavor: Flavor, desktop: Desktop) -> None:
    with running(flavor, desktop, "--no-panel") as host:
        host.run("from auroraview import QtWebView; palette = win.dock.palette()")
        host.run("palette.setColor(QtGui.QPalette.ColorRole.Window, QtGui.QColor('#123456'))")
        host.run("win.dock.setPalette(palette); panel = QtWebView(html=PAGE); win.dock.setWidget(panel)")
        host.ready()
        assert host.run("panel.webview._options.background_color") == "#123456"
        host.run("panel = QtWebView(html=PAGE, background_color='#abcdef'); win.dock.setWidget(panel)")
        host.ready()
        assert host.run("panel.webview._options.background_color") == "#abcdef"
        assert host.quit() == 0


def test_a_deferred_panel_is_there_before_anybody_sees_it(flavor: Flavor, desktop: Desktop) -> None:
    with running(flavor, desktop, "--no-panel") as host:
        host.run("from auroraview import QtWebView; came = []")
        host.run("panel = QtWebView.create_deferred(None, html=PAGE, on_ready=came.append)")
        host.until("came == [panel]")
        assert host.run("panel.isVisible()") is False
        document = host.page("document_id")
        host.run("win.dock.setWidget(panel)")
        host.until("panel._container.isVisible()")
        host.until_page(f"document_id === {document} && innerWidth === {host.run('panel._container.width()')}")


def test_a_closed_dock_keeps_its_page_and_a_closed_panel_does_not(host: QtHost) -> None:
    document = host.page("document_id")
    host.run("win.dock.close()")
    assert host.page("document_id") == document and host.run("panel.phase") == "ready"
    host.run("win.dock.show()")
    assert host.page("document_id") == document
    host.run("closed = []; panel.on_closed(closed.append)")
    host.run("panel.close()")
    host.until("closed == ['host'] and panel.phase == 'closed'")


def test_a_deleted_panel_takes_its_view_along(host: QtHost) -> None:
    host.run("closed = []; view = panel.webview; view.on_closed(closed.append); win.dock.setWidget(QtWidgets.QLabel())")
    host.run("panel.deleteLater()")
    host.until("closed == ['host']")
    assert host.run("win.isVisible()")


def test_a_host_that_ends_leaves_nothing(flavor: Flavor, desktop: Desktop) -> None:
    with running(flavor, desktop) as host:
        host.ready()
        family = processes.family(host.process.pid)
        assert len(family) > 1
        assert host.quit() == 0
        until("the end of its processes", lambda: not [pid for pid in family if processes.is_alive(pid)])
