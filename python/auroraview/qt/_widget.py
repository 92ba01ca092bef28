"""``QtWebView``: a view as a widget of the host, in layouts, docks, tabs and splitters."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, Callable, Optional

from .. import _process
from .._contract import hints as hints  # else the page's first call of a function with hints imports it, in a handler
from .._errors import ShutdownInProgressError
from .._processing import ProcessorConfig
from .._recovery import Crash
from .._view import WebView
from ._binding import QtCore, QtGui, QtWidgets, Signal
from ._drops import Drops
from ._front import Front
from ._keyboard import Keyboard
from ._steps import Steps

#: The name of a signal, as Qt's macro writes it.
SIGNAL = re.compile(r"2\w+\(.*\)")
#: What the placeholder says while the window of the page is gone.
RESTARTING = "The page crashed, and is starting again …"
#: Platforms of Qt whose windows can hold those of another process.
EMBEDDING = ("xcb", "windows")
#: What the placeholder says where they cannot.
APART = "The page is in a window of its own: {platform} shows no window of another program inside this one."


class QtWebView(QtWidgets.QWidget):  # type: ignore[misc]
    """A view as a widget. Create and use it on Qt's main thread; handlers run there.

    It has the methods of :class:`~auroraview.WebView` (``load_url``, ``bind_call``, ``on``, ``emit``, ``state`` ...),
    which may be called from any thread. What a widget has itself is the widget's: ``show``, ``hide``, ``size``,
    ``close``, ``event``. :attr:`webview` is the view that it shows.

    It starts when it is first shown, and nothing waits for that: until the page is there it says so, and if it does not
    come, why (:attr:`phase`). Docks, tabs and layouts may move, hide and show it; its page lives until the widget is
    closed (:meth:`close`) or deleted.

    Args:
        parent: Its parent widget.
        title: Of the window, where it is in one of its own; None: the document's.
        width, height: What :meth:`sizeHint` says.
        url, html: What it shows; see :class:`~auroraview.WebView`.
        escape_to_host: Whether Escape, if the page does not use it, gives the keyboard back to the host.
        forward_keys: Whether keys that the page does not use are the host's: its shortcuts, its widgets.
        host_keys: Keys that are the host's in any case, as ``QKeySequence`` writes them: ``"Ctrl+Shift+S"``.
        options: Further arguments of :class:`~auroraview.WebView`.

    Raises:
        ImportError: The process has loaded no Qt binding (on import).
        TypeError, ValueError: As :class:`~auroraview.WebView`.
    """

    #: A document begins to load.
    loadStarted = Signal()
    #: It is there (True), or will not come.
    loadFinished = Signal(bool)
    #: 0 (asked for), 50 (the old document is gone) and 100 (ended): engines do not tell more.
    loadProgress = Signal(int)
    #: The document's title.
    titleChanged = Signal(str)
    #: The address of the document.
    urlChanged = Signal(str)
    #: The web process or the UI process is gone; why.
    renderProcessTerminated = Signal(str)
    #: The user wants to close the separate window of a view that is not embedded.
    windowCloseRequested = Signal()
    #: The widget is being closed; the page is still there.
    aboutToClose = Signal()
    #: Another :attr:`phase`.
    phaseChanged = Signal(str)
    #: Files were dropped on the page: a list of paths.
    filesDropped = Signal(list)

    def __init__(
        self,
        parent: Any = None,
        *,
        title: Optional[str] = None,
        width: float = 800,
        height: float = 600,
        url: Optional[str] = None,
        html: Optional[str] = None,
        escape_to_host: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(parent)
        options.setdefault("processor", ProcessorConfig.qt_embedded())
        self._view = WebView(title, width, height, url=url, html=html, dcc_mode=True, **options)
        self._end = _End(self._view)
        self.destroyed.connect(self._end.come)
        self._phase = "created"
        #: The view loads a page of its own that says why another did not come.
        self._explains = False
        self._escape_to_host = escape_to_host
        self._size_hint = int(width), int(height)
        self._has_color = "background_color" in options
        #: Made when there is something to show.
        self._front: Optional[Front] = None
        self._container: Any = None
        self._keyboard: Optional[Keyboard] = None
        self._listen()

    @classmethod
    def create_deferred(
        cls,
        parent: Any = None,
        *,
        on_ready: Optional[Callable[[QtWebView], object]] = None,
        on_error: Optional[Callable[[str], object]] = None,
        **options: Any,
    ) -> QtWebView:
        """Makes a widget that starts by itself, also while nobody sees it: a tab that is there when it is chosen.

        Args:
            parent: Its parent widget.
            on_ready: Called with the widget when its first document is there.
            on_error: Called with a text for people if it cannot be shown.
            options: As for the class.
        """
        panel = cls(parent, **options)

        def follow(phase: str) -> None:
            if phase == "ready" and on_ready is not None:
                on_ready(panel)
            elif phase == "failed" and on_error is not None:
                on_error(panel._at_front().text())
            if phase != "starting":
                panel.phaseChanged.disconnect(follow)

        panel.phaseChanged.connect(follow)
        panel.start()
        return panel

    # ---- what it shows ----

    @property
    def webview(self) -> WebView:
        """The view that the widget shows."""
        return self._view

    @property
    def phase(self) -> str:
        """``created``; ``starting``; ``ready``: the page is shown; ``apart``: it is, in a window of its own;
        ``restarting``, after a crash (``docs/recovery.md``); ``failed``: the placeholder says why, or after too many
        crashes a page with a Reload button; ``closed``."""
        return self._phase

    @property
    def title(self) -> str:
        """As of :class:`~auroraview.WebView`."""
        return self._view.title

    @title.setter
    def title(self, title: str) -> None:
        self._view.title = title

    def emit(self, name: str, *args: Any, **kwargs: Any) -> None:
        """As of :class:`~auroraview.WebView`; signals of Qt have an ``emit`` of their own."""
        if SIGNAL.fullmatch(name):  # so PySide 2 and 6.5 emit a signal of the object
            super().emit(name, *args)
        else:
            self._view.emit(name, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # of ours, and not there (yet)
            raise AttributeError(name)
        return getattr(self._view, name)

    def sizeHint(self) -> Any:
        return QtCore.QSize(*self._size_hint)

    def minimumSizeHint(self) -> Any:
        return QtCore.QSize(0, 0)

    # ---- start ----

    def start(self) -> None:
        """Starts the view, if it has not started. Returns at once; showing the widget does the same."""
        if self._phase != "created":
            return
        self._set_phase("starting", "Starting …")
        embeds = QtGui.QGuiApplication.platformName() in EMBEDDING
        steps = (self._make_container, self._give_room) if embeds else (self._stay_apart,)
        Steps(self, (*steps, self._show), lambda: self._phase == "starting")  # else it was closed meanwhile

    def _stay_apart(self) -> None:
        self._view.set_visible(self.isVisible())
        self._view.on_closing(self._end.unless_come(self.windowCloseRequested.emit))

    def _give_room(self) -> None:
        """Its window is made now, for which Qt asks the display several times and waits for the answers."""
        if QtGui.QGuiApplication.platformName() == "xcb":
            _process.use_x11()
        self._view._complete(container=int(self._window.winId()))

    def _show(self) -> None:
        if not self._has_color:
            self._view._complete(background_color=self.palette().color(self.backgroundRole()).name())
        try:
            self._view.show(wait=False)
        except Exception as error:  # noqa: BLE001 - whatever it is, the placeholder says it
            self._set_phase("failed", str(error))

    def _make_container(self) -> None:
        # The container owns it, which PySide does not know: it would delete it under the container when Python ends.
        # One with a parent it leaves alone.
        self._window_owner = QtGui.QWindow()
        self._window = QtGui.QWindow(self._window_owner)
        self._container = QtWidgets.QWidget.createWindowContainer(self._window, self)
        self._container.setMinimumSize(1, 1)
        self._container.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self._container.resize(self.size())
        self._keyboard = Keyboard(self, self._container, self._window, self._view)
        self._drops = Drops(self, self._container, self._view)
        self._at_front().add(self._container)
        self.setFocusProxy(self._container)

    # ---- what becomes of it ----

    def _listen(self) -> None:
        view, here = self._view, self._end.unless_come
        view.on_load_started(here(self._on_load_started))
        view.on_navigated(here(self._on_navigated))
        view.on_loaded(here(self._on_loaded))
        view.on_title_changed(here(self.titleChanged.emit))
        view.on_crashed(here(self._on_crashed))
        view.on_closed(here(self._on_closed))
        view._on_window_event("load_gave_up", here(self._on_load_gave_up))

    def _on_load_started(self, url: str) -> None:
        if not self._explains:
            self.loadStarted.emit()
            self.loadProgress.emit(0)

    def _on_navigated(self, url: str) -> None:
        if not self._explains:
            self.loadProgress.emit(50)
            self.urlChanged.emit(url)

    def _on_loaded(self, url: str) -> None:
        self._reveal()
        explained, self._explains = self._explains, False
        if not explained:
            self._finish(True)

    def _on_load_gave_up(self, is_handled: bool) -> None:
        self._explains = not is_handled
        self._finish(False)

    def _finish(self, is_there: bool) -> None:
        self.loadProgress.emit(100)
        self.loadFinished.emit(is_there)

    def _on_crashed(self, crash: Crash) -> None:
        self.renderProcessTerminated.emit(crash.reason)
        if crash.then == "restarting":
            self._set_phase("restarting", RESTARTING if crash.process == "ui" else "")
        elif crash.then == "failed":
            self._reveal("failed")

    def _reveal(self, phase: str = "ready") -> None:
        if self._container is None:
            self._set_phase("apart", APART.format(platform=QtGui.QGuiApplication.platformName()))
        else:
            self._at_front().show(self._container)
            self._set_phase(phase)

    def _on_closed(self, reason: str) -> None:
        failure = self._view._life.failure
        if failure is not None:
            return self._set_phase("failed", str(failure))
        self._set_phase("closed", "The page was closed.")

    def _set_phase(self, phase: str, text: str = "") -> None:
        if text:
            self._at_front().say(text, is_for_use=phase == "failed")
        if phase != self._phase:
            self._phase = phase
            self.phaseChanged.emit(phase)

    def _at_front(self) -> Front:
        if self._front is None:
            self._front = Front(self)
        return self._front

    # ---- keyboard ----

    def focus_host(self) -> None:
        """Gives the keyboard back: to the widget that had it before the page, else to the window. Qt's main thread."""
        if self._keyboard is not None:
            self._keyboard.give_back()

    def keyPressEvent(self, event: Any) -> None:
        """A key that the page did not use, before the widget's parents get it."""
        if self._escape_to_host and event.key() == QtCore.Qt.Key.Key_Escape:
            self.focus_host()
        else:
            event.ignore()

    # ---- events of Qt ----

    def resizeEvent(self, event: Any) -> None:
        if self._front is not None:
            self._front.fit()
        super().resizeEvent(event)

    def showEvent(self, event: Any) -> None:
        self.start()
        self._show_window(True)
        super().showEvent(event)

    def hideEvent(self, event: Any) -> None:
        self._show_window(False)
        super().hideEvent(event)

    def _show_window(self, visible: bool) -> None:
        """A window of its own comes and goes with the widget."""
        if self._container is None and self._view.is_alive():
            with suppress(ShutdownInProgressError):
                self._view.set_visible(visible)

    def closeEvent(self, event: Any) -> None:
        """The widget itself is closed, not a dock or window around it: so is the view. Handlers of ``on_closing`` may
        keep it open."""
        if self._view.is_alive() and not self._view._dispatcher.may_close():
            event.ignore()
            return
        if not self._view.is_shutdown:
            self.aboutToClose.emit()
            self._view.shutdown()
        super().closeEvent(event)


class _End:
    """The end of the widget in Qt, which Python's part of it may outlive."""

    def __init__(self, view: WebView) -> None:
        self._view = view
        self.came = False

    def come(self, *_: object) -> None:
        self.came = True
        self._view.shutdown()

    def unless_come(self, handler: Callable[..., object]) -> Callable[..., None]:
        def call(*args: Any) -> None:
            if not self.came:
                handler(*args)

        # Who looks for the name of a slow handler finds it. To take its documentation over, as functools.wraps does,
        # PySide would first write one for each signal of Qt.
        call.__wrapped__ = handler  # type: ignore[attr-defined]
        return call
