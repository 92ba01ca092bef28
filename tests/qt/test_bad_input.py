"""What may be wrong about a host and its windows."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

import auroraview
from auroraview import WebView, WindowOperation
from support import processes
from support.desktop import Desktop, until
from support.qt_hosts import FLAVORS, Flavor, running

PANEL = "from auroraview import QtWebView; panel = QtWebView(html=PAGE)"


@pytest.mark.parametrize("number", [1, 0x7FFFFFFF, 1 << 40])
def test_a_handle_that_is_no_window(number: int) -> None:
    with WebView(html="x", container=number) as view:
        view.show(wait=False)
        with pytest.raises(WindowOperation, match=f"container={number:#x} is not a window of this display"):
            view.wait(20)


@pytest.mark.parametrize("value", [0, -1, 1 << 64])
def test_a_handle_that_no_window_can_have(value: int) -> None:
    with pytest.raises(ValueError, match="native window"):
        WebView(container=value)


def test_a_parent_that_is_destroyed_before_the_view_is_shown(flavor: Flavor, desktop: Desktop) -> None:
    with running(flavor, desktop, "--no-panel") as host:
        host.run(PANEL)
        host.run("win.dock.setWidget(panel); panel.deleteLater()")
        host.until("panel.webview.lifecycle == 'destroyed'")
        assert host.run("win.isVisible()") and host.quit() == 0


def test_a_parent_that_is_destroyed_while_the_view_starts(flavor: Flavor, desktop: Desktop) -> None:
    """Before its window is there, in the middle, and a little later: the host and the next panel do not care."""
    with running(flavor, desktop, "--no-panel") as host:
        for moment in ("True", "panel.webview.is_alive()", "panel.webview.window_handle"):
            host.run(f"{PANEL}; win.dock.setWidget(panel); panel.show()")
            host.until(moment)
            host.run("panel.deleteLater()")
            host.until("panel.webview.lifecycle == 'destroyed'")
        host.run(f"{PANEL}; win.dock.setWidget(panel); panel.show()")
        host.ready()
        assert host.quit() == 0


def test_a_container_that_is_destroyed_under_the_page(flavor: Flavor, desktop: Desktop) -> None:
    """Not by us: the view ends, and other views of the UI process live on."""
    with running(flavor, desktop) as host:
        host.ready()
        host.run("first = panel; closed = []; first.on_closed(closed.append)")
        host.run(f"{PANEL}; win.setCentralWidget(panel)")
        host.ready()
        document = host.page("document_id")
        host.run("first._window.destroy()")
        host.until("closed == ['host']")
        assert host.run("first.phase") == "closed"
        assert host.page("document_id") == document
        assert host.quit() == 0


def test_a_display_that_goes_away(flavor: Flavor) -> None:
    """Qt ends the host; nothing of ours is left."""
    with Desktop.start() as own, running(flavor, own) as host:
        host.ready()
        family = processes.family(host.process.pid)
        own.server.send_signal(signal.SIGKILL)
        host.process.wait(20)
        until("the end of all", lambda: not [pid for pid in family if processes.is_alive(pid)])


def mixed(desktop: Desktop, first: str, second: str, *arguments: str) -> None:
    flavors = {flavor.label: flavor for flavor in FLAVORS}
    flavor, other = flavors[first], flavors[second]
    if not (flavor.is_there() and other.is_there()):
        pytest.skip(f"{first} and {second} could not be installed (tools/qt.sh)")
    both = flavor._replace(path=flavor.path + other.path)
    with running(both, desktop, "--no-panel", *arguments) as host:
        host.run(f"import sys; {PANEL}; win.dock.setWidget(panel)")
        host.ready()
        assert host.run("type(panel).__mro__[1].__module__") == f"{flavor.binding}.QtWidgets"
        assert arguments or not host.run(f"[name for name in sys.modules if name.startswith({other.binding!r})]")
        assert not host.run("[name for name in sys.modules if 'WebEngine' in name]")


@pytest.mark.parametrize(("first", "second"), [("pyside6", "pyqt6"), ("pyqt6", "pyside6"), ("pyqt5", "pyside2")])
def test_a_host_with_two_bindings_on_its_path(desktop: Desktop, first: str, second: str) -> None:
    mixed(desktop, first, second)


@pytest.mark.parametrize(("first", "second"), [("pyside2", "pyqt5"), ("pyqt5", "pyside2")])
def test_a_host_that_has_loaded_two_bindings(desktop: Desktop, first: str, second: str) -> None:
    """Both show the same application; the first one is the host's."""
    mixed(desktop, first, second, "--also", "PyQt5" if second == "pyqt5" else "PySide2")


def test_without_a_binding_the_error_says_what_to_do() -> None:
    with pytest.raises(ImportError, match="no Qt binding is loaded: import the one of your application"):
        auroraview.QtWebView  # noqa: B018


def test_where_windows_cannot_be_embedded_the_page_has_its_own(flavor: Flavor, desktop: Desktop) -> None:
    """As on Wayland: a platform of Qt without windows of other programs."""
    with running(flavor, desktop, "--no-panel", QT_QPA_PLATFORM="offscreen") as host:
        host.run("from auroraview import QtWebView; panel = QtWebView(title='apart', html=PAGE)")
        host.run("win.dock.setWidget(panel); panel.show()")
        host.until("panel.phase == 'apart'")
        assert "in a window of its own: offscreen shows no window of another" in host.run("panel._front.text()")
        until("the window", lambda: desktop.window("apart"))
        host.run("win.dock.hide()")
        until("the end of the window", lambda: not desktop.window("apart"))
        host.run("win.dock.show()")
        until("the window", lambda: desktop.window("apart"))
        assert host.quit() == 0


def test_without_webkitgtk_the_placeholder_names_the_package(flavor: Flavor, desktop: Desktop, tmp_path: Path) -> None:
    """What the loader says of an executable whose library is not there."""
    program = tmp_path / "auroraview-ui"
    missing = "error while loading shared libraries: libwebkit2gtk-4.1.so.0: cannot open shared object file"
    program.write_text(f"#!/bin/sh\necho '{program}: {missing}' >&2\nexit 127\n")
    program.chmod(0o755)
    with running(flavor, desktop, "--no-panel", AURORAVIEW_UI=str(program)) as host:
        deferred = PANEL.replace("QtWebView(", "QtWebView.create_deferred(None, on_error=errors.append, ")
        host.run(f"errors = []; {deferred}")
        host.run("win.dock.setWidget(panel)")
        host.until("panel.phase == 'failed'")
        text = host.run("panel._front.text()")
        assert "libwebkit2gtk-4.1-0" in text and "apt" in text, text
        assert host.run("errors") == [text]
        flags = "QtCore.Qt.TextInteractionFlag.TextSelectableByMouse"
        assert host.run(f"panel._front.placeholder.textInteractionFlags() == {flags}")
        assert host.quit() == 0
