"""``WebView``: a window with a web page, and Python on its other side."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from . import _core, _loop, _quit, _rpc, _stats, _threads, hosts
from ._answers import Answers
from ._calls import Calls
from ._content import Content
from ._dispatch import Dispatcher, Observed
from ._errors import ShutdownInProgressError, ThreadSafetyError
from ._events import Events
from ._functions import Functions
from ._handlers import Handler, Listeners, Methods
from ._health import Health
from ._life import CLOSE_TIMEOUT, Life
from ._native.powers import Native, Powers, by_origin
from ._notices import Notices
from ._options import Parent, ViewOptions
from ._processing import ProcessorConfig
from ._proxy import DCCThreadSafeWrapper, WebViewProxy
from ._recovery import Recovery, RestartPolicy
from ._scripts import Scripts
from ._state import SharedState
from ._stats import Stats
from ._threads import Desk
from ._window import Window, WindowEvent

if TYPE_CHECKING:
    from ._loop import Loop
    from ._native.dialogs import Dialogs
    from ._reload.watch import HotReload

_ids = itertools.count(1)
#: What to do where the host's main thread must not wait.
_ELSE = "listen to on('closed') instead"


class WebView(Content, Scripts, Events, Functions, Window):
    """A window with a web page whose scripts and your Python functions call each other.

    Every method may be called from any thread, before the view is shown and after it is closed; what cannot work then
    raises at once. Handlers run on the thread that :meth:`show` names. The options are those of
    :class:`~auroraview.ViewOptions`, as keywords.

    Args:
        title: Fixed title of the window; ``None``: it follows the document's.
        width, height: Size of the page, in logical pixels.
        url: Address to load.
        html: Document to load instead; files next to it come from ``asset_root``.
        dcc_mode: True: the handlers run on the host application's main thread, between its own events; every handler
            of the view, and the callbacks of ``eval_js_async``. :meth:`show` returns at once. ``"auto"``: so in a host
            with a loop, and as in a plain program else. See ``docs/threads.md``.
        processor: How much is handled at a time, and whether the host pumps; None: :meth:`ProcessorConfig.standalone`.
        hot_reload: Whether, with ``debug=True``, changed handlers and files of the page come into the open window.
        powers: What the page may do outside of itself; None: nothing. :class:`~auroraview.Powers` for pages of the
            view's own origin, or a mapping of exact origins to that.
        recovery: How often the view is brought back after a crash; None: :class:`~auroraview.RestartPolicy` as it is.
        options: Further fields of :class:`~auroraview.ViewOptions`.

    Raises:
        TypeError, ValueError, FileNotFoundError: An option makes no sense; the message says which and why.
        NotYetError: A later version brings the option.
    """

    on_load_started = WindowEvent("``handler(url: str)``: a document is asked for.")
    on_loaded = WindowEvent(
        "``handler(url: str)``: a document and everything in it is there. The engine tells its title a little later."
    )
    on_load_failed = WindowEvent(
        "``handler(url: str, message: str)``: a document will not come. Without a handler, the page says so."
    )
    on_navigated = WindowEvent("``handler(url: str)``: another document took the place of the last one.")
    on_lifecycle = WindowEvent(
        "``handler(state: str)``: the view entered a state of its life; see :attr:`lifecycle`. In order, each state "
        "once; no lock is held meanwhile."
    )
    on_crashed = WindowEvent(
        "``handler(crash: Crash)``: the UI process or the page's web process is gone; see :class:`~auroraview.Crash`."
    )

    def __init__(
        self,
        title: Optional[str] = None,
        width: float = 800,
        height: float = 600,
        *,
        url: Optional[str] = None,
        html: Optional[str] = None,
        dcc_mode: Union[bool, str] = False,
        processor: Optional[ProcessorConfig] = None,
        hot_reload: bool = True,
        powers: Union[Powers, Mapping[str, Powers], None] = None,
        recovery: Optional[RestartPolicy] = None,
        **options: Any,
    ) -> None:
        if url is not None and html is not None:
            raise ValueError("give url or html, not both")
        self._options = ViewOptions.build({"title": title, "width": width, "height": height, **options})
        if dcc_mode not in (False, True, "auto"):
            raise ValueError(f"dcc_mode must be True, False or 'auto', not {dcc_mode!r}")
        self._dcc_mode = dcc_mode
        self._is_processor_given = processor is not None
        self._processor = processor or ProcessorConfig.standalone()
        self._processor.check()
        self._port: _core.Port = _core.Port(next(_ids))
        self._listeners = Listeners(checks=True)
        self._window_events = Listeners()
        self._methods = Methods()
        self._new_numbers = itertools.count(1)
        self._calls = Calls(self._port, self._listeners, self._methods, self._options.debug, self._new_numbers)
        self._answers = Answers(self._port)
        self._life = Life(self._options.title or "view", self._port, self._calls, self._raise_event)
        self._coalesce_numbers = {}
        self._state = SharedState(self._port, lambda: self._dispatcher.owner, self._calls.notify, self._number_of)
        self._health = Health(self._port)
        self._recovery = Recovery(self, recovery or RestartPolicy())
        self._notices = Notices(self)
        self._dispatcher = Dispatcher(self._port, self._calls, self._answers, self._processor, self._notices)
        self._life.dispatcher = self._dispatcher
        own = f"av://{self._options.app_id}"
        self._native = Native(self, by_origin(powers, own, self._options.allowed_origins))
        self._calls.native = self._native.function
        self._declared = {}
        self._hot_reload: Optional[HotReload] = None
        self._hot_reload_wanted = hot_reload and self._options.debug
        self._file_folder: Optional[str] = None
        self._session: Optional[dict[str, Any]] = None
        self._url: Optional[str] = None
        self._title_follows = title is None
        self._window = {**self._window, "title": title or "", "size": (float(width), float(height))}
        if url is not None:
            self.load_url(url)
        elif html is not None:
            self.load_html(html)

    # ---- life ----

    def show(self, wait: Optional[bool] = None) -> None:
        """Opens the window.

        Args:
            wait: True: blocks until the view is closed, and runs its handlers on the calling thread, inside this call;
                Ctrl+C closes the view. False: returns at once, and handlers run on a thread of ours, or with
                ``dcc_mode`` on the host's main thread. None: False with ``dcc_mode``, on a host's main thread and with
                the handle of a ``parent``, else True. With a ``processor`` that is pumped by the host, it returns at
                once in any case, and :meth:`process_events` runs them.

        Raises:
            ThreadSafetyError: ``wait=True`` would stop the host application. Or ``dcc_mode`` in a host that has to be
                met on its main thread first.
            UiProcessError: The window cannot be opened; the message says what is missing. What is found out after it
                returned, :meth:`wait` raises.
            WindowOperation: The UI process could not make this window.
            ShutdownInProgressError: The view was closed before.
            RuntimeError: The view is shown already.
        """
        loop = _loop.current()
        in_host = self._dcc_mode is True or (self._dcc_mode == "auto" and loop.host.has_loop())
        holds_host = loop.host.has_loop() and _threads.is_main_thread()
        if wait and holds_host:
            raise ThreadSafetyError(
                f"show(wait=True) would stop {loop.host.name}, whose main thread this is: leave wait out, and {_ELSE}"
            )
        if holds_host and self._options.parent == Parent():
            self._options = self._options._replace(parent=Parent(hosts.main_handle(loop.host)))
        _quit.be_first()
        here = wait or (wait is None and not holds_host and self._options.parent in (None, Parent()))
        beside, own_thread = in_host and holds_host, not (in_host or self._processor.self_pump or here)
        self._life.open(self._recovery, self, beside, own_thread)
        if self._hot_reload_wanted:
            self._hot_reloading().start()
        self._sync_session()
        if in_host:
            self._live_in_host(loop)
            if beside:
                self._life.connect_beside(self._recovery)
            elif wait:
                self.wait()
        elif self._processor.self_pump:
            return
        elif here:
            self._life.run_here()
        else:
            self._life.run_on_own_thread()

    def _live_in_host(self, loop: Loop) -> None:
        if not self._is_processor_given:
            self._dispatcher.budget = ProcessorConfig.qt_embedded()
        self._life.run_in_host(loop)

    def reload_handlers(self) -> None:
        """Runs the modules of bound functions, objects and listeners again and takes their new code, as hot reload does
        (``docs/bridge/hot-reload.md``). Needs no ``debug``.

        Returns at once; it happens on the thread that runs the handlers, between two of them. ``on("hot_reloaded")``
        and ``on("hot_reload_failed")`` tell what came of it. Any thread.
        """
        self._hot_reloading().ask()

    def _hot_reloading(self) -> HotReload:
        from ._reload.watch import HotReload  # only for who develops

        if self._hot_reload is None:
            self._hot_reload = HotReload(self)
        return self._hot_reload

    def process_events(self) -> bool:
        """Runs, on the calling thread, the handlers of what has come, within the budget of the view's ``processor``.

        For hosts that call it from a timer of theirs. Never waits. Always from the same thread.

        Returns:
            True once the view is closed: the timer may end.

        Raises:
            ThreadSafetyError: The handlers of this view run on another thread.
        """
        self._life.pump()
        return self._life.closed.is_set()

    #: The same drain: the host process has no window messages of ours to leave out (seed 000 section 3.3).
    process_ipc_only = process_events
    #: The same drain.
    process_events_ipc_only = process_events

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Blocks until the view is closed; False when ``timeout`` seconds passed first.

        Raises:
            UiProcessError: The view ended because its UI process did.
            ThreadSafetyError: Without a timeout, on the main thread of a host application, which it would stop.
            DeadlockDetectedError: Called in a handler of the view, or where its handlers wait for the calling thread.
        """
        loop = _loop.current()
        if timeout is None and loop.host.has_loop() and _threads.is_main_thread():
            raise ThreadSafetyError(
                f"wait() without a timeout would stop {loop.host.name}, whose main thread this is: {_ELSE}"
            )
        return self._life.wait(timeout)

    def close(self) -> None:
        """Closes the view. Nothing new is accepted; what was accepted may finish, for at most 5 s. Safe to call twice.

        Returns when the view is gone, or at once on a thread that runs its handlers. What is not finished in time is
        cancelled, and a warning names it.
        """
        self._life.close()

    def shutdown(self) -> None:
        """Begins to close and returns at once (RFC 0002); see :meth:`close`."""
        self._life.request_close()

    @property
    def is_shutdown(self) -> bool:
        """Whether nothing new is accepted any more (RFC 0002)."""
        return self.lifecycle not in ("creating", "active")

    def begin_operation(self) -> Operation:
        """Marks work of your own that closing shall wait for: ``with view.begin_operation(): ...`` (RFC 0002). Any
        thread.

        Raises:
            ShutdownInProgressError: The view is closing already.
        """
        return Operation(self._life)

    def wait_for_drain(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Waits, at most ``timeout`` seconds, until everything that was accepted is handled (RFC 0002).

        Raises:
            DrainError: It was not; the message names what is left.
            DeadlockDetectedError: Called in a handler, which is itself part of what must finish.
        """
        with self._life.at_home():
            self._life.wait_for_drain(timeout)

    def is_alive(self) -> bool:
        """Whether the view is shown and not closed."""
        return self._life.shown.is_set() and not self._life.closed.is_set()

    @property
    def lifecycle(self) -> str:
        """``creating``, ``active``, ``close_requested``, ``destroying`` or ``destroyed`` (seed 000 section 9.1)."""
        return self._port.lifecycle

    @property
    def recovery(self) -> str:
        """``running``; ``restarting`` after a crash, until the page is there; or ``failed``: it crashed too often,
        and a page with a Reload button is shown (``docs/recovery.md``)."""
        return self._recovery.state

    @property
    def state(self) -> SharedState:
        """Names and values that Python and the page share: a mapping; see :class:`SharedState`."""
        return self._state

    def report_backend_error(self, message: str, source: str = "backend") -> None:
        """Tells the page that Python cannot serve it now: calls that wait fail with ``BACKEND_UNAVAILABLE``, and new
        ones do until something else comes from Python. Any thread.

        Args:
            message: For people.
            source: Where it comes from, for programs: ``backend``, ``stderr``, ``ipc``, ``crash`` ...

        Raises:
            ShutdownInProgressError: The view is closed.
        """
        self._health.report(message, source)

    def stats(self) -> Stats:
        """What passed through the view so far. Any thread."""
        return _stats.of(self._port)

    @property
    def dialogs(self) -> Dialogs:
        """Asks the user for files, or something else, beside the window. Python needs no power for it."""
        from ._native.dialogs import Dialogs

        return Dialogs(self)

    def add_observer(self, observer: Callable[[Observed], None], priority: int = 0) -> None:
        """Calls ``observer(message)`` for each call, event and notice before it is handled, higher priorities first.

        An observer sees what a message is, not its data. It runs on the thread that runs the handlers; what it raises
        goes to the log.
        """
        self._dispatcher.add_observer(observer, priority)

    def remove_observer(self, observer: Callable[[Observed], None]) -> None:
        """Ends what :meth:`add_observer` began."""
        self._dispatcher.remove_observer(observer)

    def __enter__(self) -> WebView:
        return self

    def __exit__(self, *_: object) -> None:
        """The view is closed when the block is left, also one that this thread pumps: nobody might do that any more."""
        self.close()
        self._life.finish_here()

    def __repr__(self) -> str:
        return f"<WebView {self._window['title']!r} {self.lifecycle}>"

    def thread_safe(self) -> DCCThreadSafeWrapper:
        """The view for other threads (RFC 0002). Its own methods are as safe; see :meth:`get_proxy`."""
        return DCCThreadSafeWrapper(self)

    def get_proxy(self) -> WebViewProxy:
        """The view and the host's main thread, for any thread (RFC 0002)."""
        return WebViewProxy(self)

    # ---- inside ----

    def _complete(self, **options: Any) -> None:
        """Before it is shown: options that the widget around it knows only now."""
        self._options = self._options._replace(**options)

    def _set_window(self, **change: Any) -> None:
        self._recovery.window(change)
        self._notify("window/set", change)

    def _notify(self, method: str, params: Any) -> None:
        self._port.notify(_rpc.command(method, params))

    def _sync_session(self) -> None:
        """Tells the page what Python listens to and offers, if that changed."""
        if not self._life.shown.is_set() or self._life.closed.is_set():
            return
        if self._hot_reload is not None:
            self._hot_reload.watch()
        with self._life.lock:
            session = {
                "events": self._listeners.names(),
                "namespaces": self._methods.namespaces(),
                "veto": self._window_events.has("closing"),
            }
            if session != self._session:
                self._session = session
                self._port.control(_rpc.command("view/session", session))

    def _on_window_event(self, name: str, handler: Handler) -> None:
        self._window_events.add(name, handler)
        self._sync_session()

    def _raise_event(self, name: str, *args: Any) -> None:
        for handler in self._window_events.take(name):
            self._calls.notify(name, handler, *args)

    def _runner(self) -> Optional[Desk]:
        return self._dispatcher.owner

    def _hurry(self, until: float) -> None:
        self._life.hurry(until)

    def _finish(self, until: float) -> None:
        self._life.finish(until)

    def _disown(self) -> None:
        """In a forked child: the view belongs to the parent."""
        self._port = _Orphan()  # type: ignore[assignment]
        self._life.disown()


class Operation:
    """Work of the host that closing waits for: use it with ``with``, or call :meth:`done`."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._ticket = life.begin_operation()

    def done(self) -> None:
        """The work is done. Any thread; may be called again."""
        self._life.end_operation(self._ticket)

    def __enter__(self) -> Operation:
        return self

    def __exit__(self, *_: object) -> None:
        self.done()


class _Orphan:
    """Stands for the port of a view in a forked child."""

    lifecycle = "destroyed"

    def __getattr__(self, name: str) -> Any:
        raise ShutdownInProgressError("this view belongs to the process that this one was forked from")
