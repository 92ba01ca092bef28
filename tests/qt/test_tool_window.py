"""A tool window above a Qt application's: which window that is, its adapter knows."""

from __future__ import annotations

import subprocess

from support.desktop import Desktop, until
from support.qt_hosts import Flavor, running


def owner_of(desktop: Desktop, window: int) -> int:
    command = ["xprop", "-display", desktop.display, "-id", str(window), "-notype", "32x", "=$0\\n", "WM_TRANSIENT_FOR"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(told.split("=")[-1], 16) if "0x" in told else 0


def test_auto_is_the_main_window_that_the_adapter_knows(flavor: Flavor, desktop: Desktop) -> None:
    """Not an older window of the process, which the UI process would take."""
    with running(flavor, desktop, "--no-panel") as host:
        host.run("from auroraview import WebView, hosts")
        host.run("win.hide(); splash = QtWidgets.QWidget(); splash.setWindowTitle('SPLASH'); splash.show()")
        until("the older window", lambda: desktop.window("SPLASH"))
        host.run("win.show()")
        until("the main window", lambda: desktop.window("HOST"))
        assert host.run("hosts.current().main_window() is win")
        host.run("tool = WebView('TOOL', html='tool', parent='auto', dcc_mode=True); tool.show()")
        tool = until("the tool", lambda: desktop.window("TOOL"))
        assert owner_of(desktop, tool) == host.run("int(win.winId())")
        assert host.quit() == 0


def test_an_adapter_that_is_wrong_about_its_host_is_named(flavor: Flavor, desktop: Desktop) -> None:
    with running(flavor, desktop, "--no-panel") as host:
        host.run("from auroraview import WebView, hosts")
        host.run("said = []; import logging")
        host.run("logging.getLogger('auroraview').addFilter(lambda record: said.append(record.msg) or True)")
        host.run("hosts.current().main_window = lambda: missing")
        host.run("tool = WebView('TOOL', html='tool', parent='auto', dcc_mode=True); tool.show()")
        host.until("any('does not say which its main window is' in each for each in said)")
        tool = until("the tool", lambda: desktop.window("TOOL"))
        assert owner_of(desktop, tool) == host.run("int(win.winId())"), "the UI process finds it"
        assert host.quit() == 0
