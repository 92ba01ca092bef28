"""A window as a host without Qt has one: plain X11, made by this process, known to the window manager."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_x11 = ctypes.CDLL("libX11.so.6")
_x11.XOpenDisplay.restype = ctypes.c_void_p
_x11.XDefaultRootWindow.restype = _x11.XCreateSimpleWindow.restype = _x11.XInternAtom.restype = ctypes.c_ulong

_PROP_MODE_REPLACE, _XA_CARDINAL = 0, 6


class HostWindow:
    """A red window at the left top of the screen. Its calls take effect before they return."""

    COLOR = (0xCC, 0x22, 0x22)

    def __init__(self, display: ctypes.c_void_p, title: str) -> None:
        self._display = display
        red = int.from_bytes(self.COLOR, "big")
        root = _x11.XDefaultRootWindow(display)
        self.handle = self._create(root, 500, 400, red)
        _x11.XStoreName(display, ctypes.c_ulong(self.handle), title.encode())
        pid = ctypes.c_long(os.getpid())
        _x11.XChangeProperty(
            display, ctypes.c_ulong(self.handle), ctypes.c_ulong(_x11.XInternAtom(display, b"_NET_WM_PID", 0)),
            ctypes.c_ulong(_XA_CARDINAL), 32, _PROP_MODE_REPLACE, ctypes.byref(pid), 1,
        )  # fmt: skip
        name = ctypes.c_char_p(b"host")
        _x11.XSetWMProperties(display, ctypes.c_ulong(self.handle), None, None, ctypes.byref(name), 0, None, None, None)
        self._map(self.handle)

    def viewport(self) -> int:
        """A window inside, as hosts have them for their panels."""
        inner = self._create(self.handle, 100, 100, 0)
        self._map(inner)
        return inner

    def destroy(self) -> None:
        _x11.XDestroyWindow(self._display, ctypes.c_ulong(self.handle))
        _x11.XSync(self._display, 0)

    def _create(self, parent: int, width: int, height: int, color: int) -> int:
        made = _x11.XCreateSimpleWindow(
            self._display, ctypes.c_ulong(parent), 0, 0, width, height, 0, ctypes.c_ulong(0), ctypes.c_ulong(color)
        )
        return int(made)

    def _map(self, window: int) -> None:
        _x11.XMapWindow(self._display, ctypes.c_ulong(window))
        _x11.XSync(self._display, 0)


@contextmanager
def host_window(display: str, title: str = "host") -> Iterator[HostWindow]:
    """The window, and a connection of its own, with which it goes."""
    connection = ctypes.c_void_p(_x11.XOpenDisplay(display.encode()))
    try:
        yield HostWindow(connection, title)
    finally:
        _x11.XCloseDisplay(connection)
