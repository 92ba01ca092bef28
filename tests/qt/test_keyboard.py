"""Who gets a key: the page, a widget of the host, or the host's shortcuts."""

from __future__ import annotations

import subprocess

from support.qt_hosts import QtHost

WRITTEN = "document.querySelector('#a').value"


def test_clicks_and_keys_reach_the_page_and_the_host_stays_active(host: QtHost) -> None:
    host.focus_page(60, 20)
    host.desktop.type("hello")
    host.until_page(f"{WRITTEN} === 'hello'")
    assert host.run("app.activeWindow() is win")
    assert host.run("win.field.text()") == ""


def test_keys_for_a_field_of_the_host_do_not_go_to_the_page_under_the_pointer(host: QtHost) -> None:
    host.focus_page(60, 20)
    host.focus_field()
    left, top, width, height = host.place("panel")
    host.desktop.tool("mousemove", left + width // 2, top + height // 2)
    host.desktop.type("for the field")
    host.until("win.field.text() == 'for the field'")
    host.until_page("!document.hasFocus()")
    assert host.page("keys") == []


def test_the_page_keeps_its_keys_when_the_pointer_leaves_it(host: QtHost) -> None:
    host.focus_page(60, 20)
    left, top, _, _ = host.place("win.viewport")
    host.desktop.tool("mousemove", left + 50, top + 50)
    host.desktop.type("still")
    host.until_page(f"{WRITTEN} === 'still'")


def test_keys_that_the_page_does_not_use_are_the_hosts(host: QtHost) -> None:
    host.focus_page()
    for key in ("f", "p", "space", "ctrl+s"):
        host.desktop.tool("key", key)
    host.until("win.saved == 1")
    host.desktop.tool("key", "ctrl+shift+h")  # it does not wait for what the page does with those before
    host.until("'H' in win.keys")
    heard = [key for key in host.run("win.keys") if key in ("F", "P", "Space", "H", "S")]
    assert heard == ["F", "Space", "H"], "the page used p; Ctrl+S was a shortcut"
    host.until("[key for key in win.released if key in ('F', 'Space', 'H')] == ['F', 'Space', 'H']")
    assert [key for key in host.page("keys") if len(key) == 1] == ["f", "p", " ", "s"], "h was the host's in any case"


def test_keys_that_are_typed_into_the_page_are_not_the_hosts(host: QtHost) -> None:
    host.focus_page(60, 20)
    host.desktop.type("f s")
    host.until_page(f"{WRITTEN} === 'f s'")
    assert host.run("win.keys") == []


def test_escape_and_code_give_the_keyboard_back(host: QtHost) -> None:
    host.focus_field()
    for give_back in (lambda: host.desktop.tool("key", "Escape"), lambda: host.run("panel.focus_host()")):
        host.focus_page()
        give_back()
        host.until("app.focusWidget() is win.field")
        host.until_page("!document.hasFocus()")
    host.focus_page()
    host.run("win.viewport.setFocus()")
    host.until_keys_are_the_hosts()
    host.desktop.tool("key", "x")
    host.until("win.viewport.keys == ['X']")


def test_code_gives_the_page_the_keyboard(host: QtHost) -> None:
    host.focus_field()
    host.run("panel.setFocus()")
    host.until_page("document.hasFocus()")
    host.page("document.querySelector('#b').focus()")
    host.desktop.type("by code")
    host.until_page("document.querySelector('#b').value === 'by code'")


def test_tab_goes_through_the_page_both_ways(host: QtHost) -> None:
    def is_in_page(element: str) -> None:
        host.until_page(f"document.hasFocus() && document.activeElement.id === '{element}'")

    def press(key: str) -> None:
        host.desktop.tool("key", key)

    host.focus_field()
    press("Tab")
    host.until("app.focusWidget() is win.viewport")
    for element in ("a", "b", "s"):
        press("Tab")
        is_in_page(element)
    press("Tab")
    host.until("app.focusWidget() is win.field")
    host.until_page("!document.hasFocus()")
    for element in ("s", "b", "a"):
        press("shift+Tab")
        is_in_page(element)
    press("shift+Tab")
    host.until("app.focusWidget() is win.viewport")


def test_the_page_has_the_keyboard_again_when_the_user_comes_back(host: QtHost) -> None:
    host.focus_page(60, 20)
    host.run("other = QtWidgets.QWidget(); other.setWindowTitle('OTHER'); other.setGeometry(1020, 300, 200, 200)")
    host.run("other.show()")
    host.until("app.activeWindow() is other")
    host.until_page("!document.hasFocus()")
    host.run("other.close(), None")
    host.until("app.activeWindow() is win")
    host.until_page("document.hasFocus()")
    host.desktop.type("again")
    host.until_page(f"{WRITTEN} === 'again'")


def test_dead_keys_are_put_together(host: QtHost) -> None:
    host.focus_page(60, 20)
    layout = ["setxkbmap", "-display", host.desktop.display, "-layout", "us", "-variant"]
    subprocess.run(
        [*layout, "intl"], check=True
    )  # else xdotool makes a key for it, and takes it back before it is read
    try:
        host.desktop.tool("key", "dead_acute", "e")
        host.until_page(f"{WRITTEN} === 'é'")
    finally:
        subprocess.run([*layout, ""], check=True)
