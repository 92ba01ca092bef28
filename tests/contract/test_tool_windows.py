"""Tool windows of hosts without Qt: above the host's window, minimised and closed with it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Union

import pytest

from auroraview import WebView, WindowOperation
from support.desktop import PATIENCE, Desktop, until
from support.host_window import HostWindow, host_window
from support.processes import start_python
from support.views import Recorder, shown

pytestmark = pytest.mark.needs("javascript", "window")

BLUE = (0x11, 0x22, 0xCC)
PAGE = f"<!doctype html><title>tool</title><body style='background:rgb{BLUE}'>"


def handle(host: HostWindow) -> Union[int, str]:
    return host.handle


def viewport(host: HostWindow) -> Union[int, str]:
    return host.viewport()


def auto(_host: HostWindow) -> Union[int, str]:
    return "auto"


def color_of_tool(desktop: Desktop, view: WebView) -> object:
    left, top = desktop.origin(view.get_hwnd() or 0)
    return desktop.screenshot().getpixel((left + 50, top + 50))


@pytest.mark.parametrize("named", [handle, viewport, auto])
def test_it_stays_above_the_hosts_window(desktop: Desktop, named: Callable[[HostWindow], Union[int, str]]) -> None:
    with host_window(desktop.display) as host:
        until("the host", lambda: desktop.window("host"))
        with shown(PAGE, title="tool", parent=named(host), width=200, height=150) as view:
            until("the tool", lambda: desktop.window("tool") == view.window_handle)
            desktop.tool("windowmove", view.window_handle, 100, 100)
            until("its place", lambda: color_of_tool(desktop, view) == BLUE)
            desktop.tool("windowactivate", host.handle)
            until("the host in front", lambda: desktop.active() == host.handle)
            assert color_of_tool(desktop, view) == BLUE


@pytest.mark.parametrize("named", [handle, auto])
def test_it_is_minimised_with_the_host(desktop: Desktop, named: Callable[[HostWindow], Union[int, str]]) -> None:
    with host_window(desktop.display) as host:
        until("the host", lambda: desktop.window("host"))
        with shown(PAGE, title="tool", parent=named(host)) as view:
            minimized, restored = Recorder(), Recorder()
            view.on_minimized(minimized)
            view.on_restored(restored)
            until("the tool", lambda: desktop.window("tool"))
            for _ in range(3):
                desktop.tool("windowminimize", host.handle)
                minimized.next()
                until("the end of it", lambda: desktop.window("tool") is None)
                desktop.tool("windowactivate", host.handle)
                restored.next()
                until("the tool", lambda: desktop.window("tool"))
            assert view.eval_js_sync("document.title") == "tool"


def test_it_is_minimised_from_the_start_if_the_host_is(desktop: Desktop) -> None:
    with host_window(desktop.display) as host:
        until("the host", lambda: desktop.window("host"))
        desktop.tool("windowminimize", host.handle)
        until("no host", lambda: desktop.window("host") is None)
        with WebView("tool", html=PAGE, parent=host.handle) as view:
            minimized, restored = Recorder(), Recorder()
            view.on_minimized(minimized)
            view.on_restored(restored)
            view.show()
            minimized.next()
            desktop.tool("windowactivate", host.handle)
            restored.next()
            until("the tool", lambda: desktop.window("tool"))


def test_it_closes_with_the_host(desktop: Desktop) -> None:
    with host_window(desktop.display) as host:
        until("the host", lambda: desktop.window("host"))
        with shown(PAGE, parent=host.handle) as view:
            closed = Recorder()
            view.on_closed(closed)
            host.destroy()
            assert closed.next() == "host"
            assert view.wait(PATIENCE)


def test_the_user_may_close_it_alone(desktop: Desktop) -> None:
    with host_window(desktop.display) as host:
        until("the host", lambda: desktop.window("host"))
        with shown(PAGE, title="tool", parent=host.handle) as view:
            closed = Recorder()
            view.on_closed(closed)
            desktop.press_close_button(until("the tool", lambda: desktop.window("tool")))
            assert closed.next() == "user"
            until("the host alone", lambda: desktop.window("host") == host.handle)


def test_showing_it_never_blocks_the_host(desktop: Desktop) -> None:
    with host_window(desktop.display) as host, WebView(html=PAGE, parent=host.handle) as view:
        loaded = Recorder()
        view.on_loaded(loaded)
        view.show()
        loaded.next()
        assert view.is_alive() and view.get_hwnd() == view.window_handle


def failure(parent: Union[int, str]) -> str:
    with WebView(html=PAGE, parent=parent) as view:
        view.show()
        with pytest.raises(WindowOperation) as error:
            view.wait(PATIENCE)
        return str(error.value)


def test_what_is_not_a_window_is_named() -> None:
    for number in (1, 0x7FFFFFFF, 1 << 40):
        assert f"parent={number:#x} is not a window of this display" in failure(number)
    with shown() as view:
        assert view.eval_js_sync("1") == 1  # the UI process lives


def test_a_process_without_a_window_gets_one_that_stands_alone(desktop: Desktop) -> None:
    with shown(PAGE, title="alone", parent="auto") as view:
        until("the window", lambda: desktop.window("alone") == view.get_hwnd())


def test_a_host_that_destroys_its_window_meanwhile(desktop: Desktop) -> None:
    with host_window(desktop.display) as host:
        until("the host", lambda: desktop.window("host"))
        gone = host.viewport()
        host.destroy()
        assert f"parent={gone:#x} is not a window" in failure(gone)
    for _ in range(5):
        with host_window(desktop.display) as host, WebView(html=PAGE, parent=host.handle) as view:
            closed = Recorder()
            view.on_closed(closed)
            view.show()
            host.destroy()
            assert closed.next() in ("host", "error")  # it was there at first, or not
    with shown() as view:
        assert view.eval_js_sync("1") == 1


def test_wayland_gives_it_a_window_of_its_own_and_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    outside = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment = {**outside, "XDG_RUNTIME_DIR": str(tmp_path)}
    compositor = subprocess.Popen(
        ["weston", "--backend=headless-backend.so", "--socket=tools", "--idle-time=0"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until("the compositor", (tmp_path / "tools").exists)
        program = """
            import logging
            from auroraview import WebView
            logging.basicConfig(format="%(message)s")
            with WebView("tool", html="<title>page</title>", parent=77) as view:
                view.show()
                print(view.eval_js_sync("document.title"), view.get_hwnd())
            """
        tool = start_python(program, env={**environment, "WAYLAND_DISPLAY": "tools"})
        out, err = tool.communicate(timeout=2 * PATIENCE)
    finally:
        compositor.terminate()
        compositor.wait(PATIENCE)
    assert out == "page None\n"
    assert "tool: a window of its own, not of its parent: this desktop is Wayland" in err
