"""The UI process of a panel crashes: the host goes on, the panel says so, and its page comes back."""

from __future__ import annotations

from support.desktop import Desktop, until
from support.docking import is_in_place
from support.qt_hosts import Flavor, QtHost, running

KILL_UI = "import signal; os.kill(panel.webview._life.link.pid, signal.SIGKILL)"
#: Notes each phase with what the panel shows then: its placeholder's text, or None for the page.
NOTE = """
told = []
def note(phase):
    told.append([phase, panel._front.text() if panel._front.placeholder.isVisible() else None])
panel.phaseChanged.connect(note)
"""
IN_PLACE = "[innerWidth, innerHeight, auroraview.state.get('frame')]"


def told(host: QtHost, last: str) -> list[list[str]]:
    host.until(f"told and told[-1][0] == {last!r}")
    phases: list[list[str]] = host.run("told")
    host.run("told.clear()")
    return phases


def test_the_page_comes_back_into_its_panel(flavor: Flavor, desktop: Desktop) -> None:
    with running(flavor, desktop) as host:
        host.ready()
        host.run(NOTE)
        host.run("panel.state['frame'] = 1001; gone = []; panel.renderProcessTerminated.connect(gone.append)")
        until("the place of the page", lambda: is_in_place(host))
        before = host.page(IN_PLACE)
        for _ in range(3):
            host.run(KILL_UI)
            (restarting, text), (ready, page) = told(host, "ready")
            assert (restarting, ready, page) == ("restarting", "ready", None) and "starting again" in text
            host.until_page(f"JSON.stringify({IN_PLACE}) === JSON.stringify({before})")
        assert host.run("len(gone)") == 3 and "signal 9" in host.run("gone[0]")
        host.run("win.dock.setFloating(True); win.dock.resize(500, 400)")
        host.until_page("innerWidth > 400")
        host.settled()
        host.focus_page(200, 200)
        assert host.quit() == 0


def test_the_keyboard_comes_back_to_the_page(flavor: Flavor, desktop: Desktop) -> None:
    with running(flavor, desktop) as host:
        host.ready()
        host.focus_page()
        host.run(NOTE)
        host.run(KILL_UI)
        told(host, "ready")
        host.until("panel._keyboard._page_has_it")
        host.until_page("document.hasFocus()")
        desktop.type("q")
        host.until_page("keys.includes('q')")
        assert host.quit() == 0


def test_the_host_keeps_the_keyboard_that_it_has(flavor: Flavor, desktop: Desktop) -> None:
    with running(flavor, desktop) as host:
        host.ready()
        host.focus_page()
        host.focus_field()
        host.run(NOTE)
        host.run(KILL_UI)
        told(host, "ready")
        host.until_page("true")
        desktop.type("q")
        host.until("win.field.text() == 'q'")
        assert host.quit() == 0


def test_too_often_and_the_reload_button(flavor: Flavor, desktop: Desktop) -> None:
    with running(flavor, desktop, "--no-panel") as host:
        host.run("from auroraview import QtWebView, RestartPolicy")
        host.run("panel = QtWebView(html=PAGE, recovery=RestartPolicy(restarts=1)); win.dock.setWidget(panel)")
        host.ready()
        host.run(NOTE)
        host.run(KILL_UI)
        told(host, "ready")
        host.run(KILL_UI)
        assert told(host, "failed")[-1] == ["failed", None]
        left, top, width, height = host.place("panel")

        def button() -> list[tuple[int, int]]:
            picture = desktop.screenshot().convert("RGB")
            pixels = picture.load()
            inside = ((x, y) for y in range(top, top + height) for x in range(left, left + width))
            return [place for place in inside if pixels[place] == (0x1C, 0x71, 0xD8)]

        places = until("the Reload button", button)
        desktop.click(*places[len(places) // 2])
        assert told(host, "ready") == [["ready", None]]
        assert host.page("document.title") == "panel"
        assert host.quit() == 0
