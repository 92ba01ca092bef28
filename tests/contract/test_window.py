"""The window: what Python asks of it, what a user does to it, and who may close it."""

from __future__ import annotations

import threading

import pytest

import auroraview
from auroraview import WebView
from support.desktop import PATIENCE, Desktop, until
from support.views import Recorder, contract, shown

pytestmark = pytest.mark.needs("window")


def test_a_real_user_can_click_and_type(desktop: Desktop) -> None:
    page = """<!doctype html><body style="margin:0">
    <button style="position:absolute;left:0;top:0;width:200px;height:100px">click</button>
    <input style="position:absolute;left:0;top:120px;width:200px;height:40px">"""
    with shown(page, title="hands", width=400, height=300) as view:
        window = until("the window", lambda: desktop.window("hands"))
        left, top = desktop.origin(window)
        view.eval_js_sync("window.clicks = 0; document.querySelector('button').onclick = () => { clicks++ }")
        desktop.click(left + 100, top + 50)
        until("the click", lambda: view.eval_js_sync("clicks") == 1)
        desktop.click(left + 100, top + 140)
        desktop.type("Hello 42")
        until("the text", lambda: view.eval_js_sync("document.querySelector('input').value") == "Hello 42")


def test_the_page_is_what_is_on_the_screen(desktop: Desktop) -> None:
    with shown("<body style='background:#12ab34'>", title="color", width=300, height=200):
        window = until("the window", lambda: desktop.window("color"))
        left, top = desktop.origin(window)
        until("the color", lambda: desktop.screenshot().getpixel((left + 150, top + 100))[:3] == (0x12, 0xAB, 0x34))


@contract(title="first", width=320, height=240)
def test_title_size_and_position_follow(view: WebView) -> None:
    resized, moved = Recorder(), Recorder()
    view.on_resized(resized)
    view.on_moved(moved)
    assert view.title == "first"
    view.title = "第二 🎈 \"'<"
    assert view.title == "第二 🎈 \"'<"
    view.set_size(500, 400)
    until("the size", lambda: view.size == (500, 400))
    until("the page's size", lambda: view.eval_js_sync("[innerWidth, innerHeight]") == [500, 400])
    view.set_position(120, 90)
    until("the position", lambda: view.position is not None and 120 <= view.position[0] <= 160)
    assert not resized.is_empty() and not moved.is_empty()


def test_the_title_reaches_the_desktop(desktop: Desktop) -> None:
    with shown(title="before") as view:
        view.title = "after"
        until("the title", lambda: desktop.window("after"))


def test_without_a_title_the_window_follows_the_document(desktop: Desktop) -> None:
    with shown("<title>from the page</title>") as view:
        until("the title", lambda: desktop.window("from the page") and view.title == "from the page")
        changed = Recorder()
        view.on_title_changed(changed)
        view.eval_js("document.title = 'changed'")
        assert changed.next() == "changed"
        assert view.title == "changed"
        view.title = "set by Python"
        view.eval_js("document.title = 'ignored'")
        assert changed.next() == "ignored"
        assert view.title == "set by Python"
        until("the title", lambda: desktop.window("set by Python"))


@contract()
def test_hidden_windows_come_back_with_their_page(view: WebView) -> None:
    shown_again, hidden = Recorder(), Recorder()
    view.on_shown(shown_again)
    view.on_hidden(hidden)
    view.eval_js_sync("window.kept = 1")
    until("the window", lambda: view.visible)
    view.set_visible(False)
    hidden.next()
    assert not view.visible
    view.set_visible(True)
    shown_again.next()
    assert view.eval_js_sync("window.kept") == 1


def test_a_window_may_start_hidden(desktop: Desktop) -> None:
    with shown(title="hidden start", visible=False) as view:
        assert view.eval_js_sync("document.title") == "test"
        assert desktop.window("hidden start") is None
        view.set_visible(True)
        until("the window", lambda: desktop.window("hidden start"))


def test_maximized_and_restored() -> None:
    with shown() as view:
        maximized, restored = Recorder(), Recorder()
        view.on_maximized(maximized)
        view.on_restored(restored)
        view.maximize()
        maximized.next()
        view.restore()
        restored.next()


@pytest.mark.parametrize("wanted", [True, False])
def test_the_engines_context_menu_can_be_switched_off(desktop: Desktop, wanted: bool) -> None:
    page = "<body style='background:#fff' oncontextmenu='window.asked = true'>"
    with shown(page, title="menu", width=400, height=300, context_menu=wanted) as view:
        window = until("the window", lambda: desktop.window("menu"))
        left, top = desktop.origin(window)
        area = (left + 20, top + 20, left + 380, top + 280)
        white = [(360 * 260, (255, 255, 255))]
        until("the page", lambda: desktop.screenshot().crop(area).convert("RGB").getcolors() == white)
        before = desktop.screenshot().crop(area)
        desktop.tool("mousemove", left + 100, top + 60, "click", 3)
        until("the click", lambda: view.eval_js_sync("window.asked") is True)
        if wanted:
            until("the menu", lambda: desktop.screenshot().crop(area) != before)
            desktop.tool("key", "Escape")
        else:
            view.eval_js_sync("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            assert desktop.screenshot().crop(area) == before


def test_the_close_button_closes(desktop: Desktop) -> None:
    with WebView("x button", html="<p>") as view:
        closed = Recorder()
        view.on_closed(closed)
        view.show(wait=False)
        desktop.press_close_button(until("the window", lambda: desktop.window("x button")))
        assert closed.next() == "user"
        assert view.wait(PATIENCE)
        assert not view.is_alive()
        assert view.lifecycle == "destroyed"


def test_a_closing_handler_may_veto(desktop: Desktop) -> None:
    with shown(title="veto") as view:
        asked = Recorder()
        answers = iter([False, None])

        @view.on_closing
        def closing() -> object:
            asked("closing")
            return next(answers)

        window = until("the window", lambda: desktop.window("veto"))
        desktop.press_close_button(window)
        asked.next()
        assert view.eval_js_sync("1") == 1  # still there
        desktop.press_close_button(window)
        asked.next()
        assert view.wait(PATIENCE)


def test_a_closing_handler_that_fails_does_not_keep_the_window(desktop: Desktop) -> None:
    with shown(title="veto fails") as view:
        view.on_closing(lambda: 1 / 0)
        desktop.press_close_button(until("the window", lambda: desktop.window("veto fails")))
        assert view.wait(PATIENCE)


def test_two_views_live_side_by_side() -> None:
    with shown("<title>one</title>") as one, shown("<title>two</title>") as two:
        assert one.eval_js_sync("document.title") == "one"
        assert two.eval_js_sync("document.title") == "two"
        one.close()
        assert two.eval_js_sync("1") == 1
        assert one.window_handle != two.window_handle


def test_handlers_run_on_the_thread_that_the_mode_names() -> None:
    where = Recorder()
    view = auroraview.WebView(html="<p>")

    @view.on_loaded
    def loaded(url: str) -> None:
        where(threading.get_ident())
        view.close()

    view.show()
    assert where.next() == threading.get_ident()
    with shown() as other:
        other.eval_js_async("1", lambda value, error: where(threading.current_thread()))
        thread = where.next()
        assert thread is not threading.current_thread() and thread.name.startswith("auroraview-")
