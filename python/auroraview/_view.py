"""``WebView``: a window with a web page, and Python on its other side."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union, overload

from . import _aio, _core, _pages, _rpc, _stats, _threads
from ._answers import Answers, Callback, log_failure, timed_out
from ._calls import Calls
from ._config import ThreadSafetyConfig
from ._dispatch import Dispatcher, Observed
from ._errors import DeadlockDetectedError, NotShownError, QueueFull, ShutdownInProgressError
from ._handlers import Handler, Listeners, Methods
from ._life import CLOSE_TIMEOUT, Life
from ._log import log
from ._options import ViewOptions
from ._processing import ProcessorConfig
from ._stats import Stats
from ._window import Window, WindowEvent

if TYPE_CHECKING:
    from ._future import EvalFuture

_ids = itertools.count(1)

F = TypeVar("F", bound=Callable[..., Any])


class WebView(Window):
    """A window with a web page whose scripts and your Python functions call each other.

    Every method may be called from any thread, before the view is shown and after it is closed; what cannot work then
    raises at once. Handlers run on the thread that :meth:`show` names. The options are those of
    :class:`~auroraview.ViewOptions`, as keywords.

    Args:
        title: Fixed title of the window; ``None``: it follows the document's.
        width, height: Size of the page, in logical pixels.
        url: Address to load.
        html: Document to load instead; files next to it come from ``asset_root``.
        processor: How much is handled at a time, and whether the host pumps; None: :meth:`ProcessorConfig.standalone`.
        options: Further fields of :class:`~auroraview.ViewOptions`.

    Raises:
        TypeError, ValueError, FileNotFoundError: An option makes no sense; the message says which and why.
        NotYetError: A later version brings the option.
    """

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
    on_crashed = WindowEvent("``handler(reason: str)``: the web process is gone; ``reload()`` starts a new one.")

    def __init__(
        self,
        title: Optional[str] = None,
        width: float = 800,
        height: float = 600,
        *,
        url: Optional[str] = None,
        html: Optional[str] = None,
        processor: Optional[ProcessorConfig] = None,
        **options: Any,
    ) -> None:
        if url is not None and html is not None:
            raise ValueError("give url or html, not both")
        self._options = ViewOptions.build({"title": title, "width": width, "height": height, **options})
        self._processor = processor or ProcessorConfig.standalone()
        self._processor.check()
        self._port: _core.Port = _core.Port(next(_ids))
        self._listeners = Listeners()
        self._window_events = Listeners()
        self._methods = Methods()
        self._calls = Calls(self._port, self._listeners, self._methods, self._options.debug)
        self._answers = Answers(self._port)
        self._life = Life(self._options.title or "view", self._port, self._calls, self._raise_event)
        self._dispatcher = Dispatcher(self._port, self._calls, self._answers, self._processor, _Sink(self))
        self._life.dispatcher = self._dispatcher
        self._has_content = False
        #: What the wire calls the keys of ``emit(coalesce=...)``.
        self._coalesce_numbers: dict[tuple[str, str], int] = {}
        self._new_numbers = itertools.count(1)
        self._session: Optional[dict[str, Any]] = None
        self._url: Optional[str] = None
        self._title_follows = title is None
        self._window = {**self._window, "title": title or "", "size": (float(width), float(height))}
        if url is not None:
            self.load_url(url)
        elif html is not None:
            self.load_html(html)

    # ---- life ----

    def show(self, wait: bool = True) -> None:
        """Opens the window.

        Args:
            wait: True: blocks until the view is closed, and runs its handlers on the calling thread, inside this call;
                Ctrl+C closes the view. False: returns at once, and handlers run on a thread of ours. With a
                ``processor`` that is pumped by the host, it returns at once in any case, and :meth:`process_events`
                runs them.

        Raises:
            UiProcessError: The window cannot be opened; the message says what is missing.
            WindowOperation: The UI process could not make this window.
            ShutdownInProgressError: The view was closed before.
            RuntimeError: The view is shown already.
        """
        self._life.open(self._prepare, _rpc.notification("view/create", self._options.wire()), self)
        self._sync_session()
        if self._processor.self_pump:
            return
        if wait:
            self._life.run_here()
        else:
            self._life.run_on_own_thread()

    def _prepare(self) -> None:
        if not self._has_content:
            self.load_html("")  # scripts and events need a document

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
            DeadlockDetectedError: Called in a handler of the view, or where its handlers wait for the calling thread.
        """
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

    def stats(self) -> Stats:
        """What passed through the view so far. Any thread."""
        return _stats.of(self._port)

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
        self.close()

    def __repr__(self) -> str:
        return f"<WebView {self._window['title']!r} {self.lifecycle}>"

    def thread_safe(self) -> WebView:
        """The view itself: every method is safe from any thread (RFC 0002)."""
        return self

    def get_proxy(self) -> WebView:
        """The view itself: every method is safe from any thread (RFC 0002)."""
        return self

    # ---- content ----

    def load_url(self, url: str) -> None:
        """Loads an address (``http``, ``https``, ``about`` or the view's own ``av``).

        A page from elsewhere may call Python only if ``allowed_origins`` lists its exact origin.
        """
        scheme = url.partition(":")[0].lower() if isinstance(url, str) else ""
        if scheme == "file":
            raise ValueError(f"use load_file() for files: {url}")
        if scheme not in ("http", "https", "about", "av"):
            raise ValueError(f"{url!r} is no address that a page can have; begin it with http:// or https://")
        self._load("url", url)

    def load_html(self, html: str) -> None:
        """Loads a document (at most 16 MiB). It has the view's own origin; files come from ``asset_root``."""
        if not isinstance(html, str):
            raise TypeError(f"html must be str, not {type(html).__name__}")
        self._load("html", html)

    def load_file(self, path: Union[str, os.PathLike[str]]) -> None:
        """Loads a file from disk. It may load its neighbours: files of ``asset_root`` if it lies there, else of its own
        folder.

        Raises:
            FileNotFoundError, IsADirectoryError: There is no such file.
        """
        file = os.path.realpath(os.fspath(path))
        if os.path.isdir(file):
            raise IsADirectoryError(f"{file} is a folder; name the file to load, such as {file}/index.html")
        if not os.path.exists(file):
            raise FileNotFoundError(f"there is no file {file}")
        self._load("file", file)

    def _load(self, kind: str, what: str) -> None:
        self._notify("view/load", {kind: what})
        self._has_content = True

    def reload(self) -> None:
        """Loads the current document again."""
        self._notify("view/reload", {})

    @property
    def url(self) -> Optional[str]:
        """Address of the current document, or None before there is one."""
        return self._url

    # ---- scripts ----

    def eval_js(self, script: str) -> None:
        """Runs a script in the page when everything sent before it has arrived. A failure goes to the log.

        A script is an expression, or statements with ``return``. To define something for later, write
        ``window.name = ...``.
        """
        self._answers.ask(script, log_failure, None)

    def eval_js_sync(self, script: str, timeout_ms: Optional[float] = None) -> Any:
        """Runs a script and returns its value (a promise is awaited). A handler that waits serves the page.

        Raises:
            JavaScriptError: The script raised.
            EvalTimeoutError: No value within ``timeout_ms`` milliseconds (None: ``js_eval_timeout_ms`` of
                :class:`~auroraview.ThreadSafetyConfig`).
            DeadlockDetectedError: Nobody could be served while it waits.
            PageGoneError: The page navigated away meanwhile.
            NotShownError: The view was never shown, so nobody would answer.
            ShutdownInProgressError: The view is closed.
        """
        if timeout_ms is None:
            timeout_ms = ThreadSafetyConfig.current().js_eval_timeout_ms
        params = _rpc.encode({"script": script})
        if not self._life.shown.is_set() and not self._life.closed.is_set():
            raise NotShownError("the view is not shown yet: call show(wait=False) first, or use eval_js_async")
        if _aio.is_own_thread():
            raise DeadlockDetectedError(
                "eval_js_sync() in an async handler would stop the event loop that the page's answer may need; "
                "write: await view.eval_js_async(...)"
            )
        _threads.check_depth()
        after = _threads.mark()
        question = self._port.ask("view/eval", params, _threads.desk().bell)

        def answered() -> bool:
            return question.answer() is not None

        with self._life.at_home():
            if not _threads.wait_until(answered, timeout_ms / 1000, port=self._port, after=after):
                raise timed_out(script, timeout_ms)
        answer = question.answer() or b"{}"
        message = _rpc.decode(answer.decode())
        error = _rpc.exception_of(message, script)
        if error is not None:
            raise error
        return message["result"]

    def eval_js_async(
        self, script: str, callback: Optional[Callback] = None, timeout_ms: Optional[float] = None
    ) -> EvalFuture:
        """Runs a script; ``callback(result, error)`` is called once, on the thread that runs the view's handlers.

        Without a callback, ``await`` the returned future or call its ``result()``. ``error`` is one of the exceptions
        of :meth:`eval_js_sync`.
        """
        from ._future import EvalFuture

        if timeout_ms is None:
            timeout_ms = ThreadSafetyConfig.current().js_eval_timeout_ms
        future = EvalFuture(self._life.at_home)
        self._answers.ask(script, future.complete if callback is None else callback, timeout_ms)
        return future

    # ---- events ----

    @overload
    def on(self, name: str) -> Callable[[F], F]: ...
    @overload
    def on(self, name: str, handler: Handler) -> int: ...
    def on(self, name: str, handler: Optional[Handler] = None) -> Any:
        """Calls ``handler(data)`` for each event ``name`` of the page; returns an id for :meth:`off`.

        Without a handler: a decorator. What the handler returns is the answer to ``auroraview.call(name, data)``.
        """
        _rpc.check_name(name)
        if handler is None:
            return self._decorator(lambda function: self.on(name, function))
        listener = self._listeners.add(name, handler)
        self._sync_session()
        return listener

    register_callback = on

    @overload
    def once(self, name: str) -> Callable[[F], F]: ...
    @overload
    def once(self, name: str, handler: Handler) -> int: ...
    def once(self, name: str, handler: Optional[Handler] = None) -> Any:
        """Like :meth:`on`, for the next event only."""
        _rpc.check_name(name)
        if handler is None:
            return self._decorator(lambda function: self.once(name, function))
        listener = self._listeners.add(name, handler, once=True)
        self._sync_session()
        return listener

    def off(self, name: str, which: Union[Handler, int, None] = None) -> int:
        """Removes a handler, by itself or by its id; without either, all of that name. Returns how many it were."""
        removed = self._listeners.remove(name, which)
        self._sync_session()
        return removed

    def emit(self, name: str, data: Any = _rpc.ABSENT, *, coalesce: Optional[str] = None) -> None:
        """Sends an event to the page. One thread's events arrive in order; before the page is ready they wait.

        Args:
            name: Any text that does not begin with ``$/``.
            data: Anything that JSON can hold; arrives as it is. Absent: ``{}``.
            coalesce: For values of which only the newest counts, such as a slider's: an event of the same name and key
            that
                the page has not taken yet is replaced by this one. Nothing else is ever dropped.

        Raises:
            InvalidDataError, PayloadTooLargeError: The data cannot be sent.
            QueueFull: 65,536 messages or 64 MiB wait for the page, which does not take them. A thread that may wait
            (see
                :class:`~auroraview.ThreadSafetyConfig`) waited for room before.
            ShutdownInProgressError: The view is closed.
        """
        text = _rpc.notification(_rpc.check_name(name), data)
        number = None if coalesce is None else self._number_of((name, coalesce))
        try:
            self._port.notify(text, 0, number)
        except QueueFull:
            own = _threads.desk()
            if own.is_main or own.dispatcher is not None or _aio.is_own_thread():
                raise
            self._emit_when_there_is_room(text, number)

    def _number_of(self, key: tuple[str, str]) -> int:
        known = self._coalesce_numbers.get(key)
        return self._coalesce_numbers.setdefault(key, next(self._new_numbers)) if known is None else known

    def _emit_when_there_is_room(self, text: bytes, number: Optional[int]) -> None:
        config = ThreadSafetyConfig.current()
        watch = self._port.watch_room(_threads.desk().bell)
        for _ in range(config.max_retries):
            _threads.wait_until(lambda: not self._port.is_full, config.retry_delay_ms / 1000, port=self._port)
            try:
                return self._port.notify(text, 0, number)
            except QueueFull:
                continue
        del watch
        self._port.notify(text, 0, number)

    # ---- functions for the page ----

    @overload
    def bind_call(self, name: str, *, allow_rebind: bool = True) -> Callable[[F], F]: ...
    @overload
    def bind_call(self, name: str, function: Handler, *, allow_rebind: bool = True) -> Handler: ...
    def bind_call(self, name: str, function: Optional[Handler] = None, *, allow_rebind: bool = True) -> Any:
        """Lets the page call a function: ``auroraview.call(name, ...)``, and ``"api.add"`` as ``auroraview.api.add()``.

        An object of the page becomes keyword arguments, an array positional ones, anything else one argument. ``async
        def`` functions run on an event loop of ours. What the function raises rejects the page's promise.
        """
        _rpc.check_method(name)
        if function is None:
            return self._decorator(lambda later: self.bind_call(name, later, allow_rebind=allow_rebind))
        self._methods.bind(name, function, allow_rebind)
        self._sync_session()
        return function

    def bind_api(self, target: object, namespace: str = "api", *, allow_rebind: bool = False) -> None:
        """Lets the page call every public method of an object, as ``auroraview.<namespace>.<method>()``.

        Binding the same object again changes nothing. Properties are not run, and names with a leading underscore are
        not shown.
        """
        _rpc.check_method(f"{namespace}.")
        self._methods.bind_object(namespace, target, allow_rebind)
        self._sync_session()

    @staticmethod
    def _decorator(register: Callable[[Any], Any]) -> Callable[[F], F]:
        def decorate(function: F) -> F:
            register(function)
            return function

        return decorate

    # ---- inside ----

    def _set_window(self, **change: Any) -> None:
        self._notify("window/set", change)

    def _notify(self, method: str, params: Any) -> None:
        self._port.notify(_rpc.notification(method, params))

    def _sync_session(self) -> None:
        """Tells the page what Python listens to and offers, if that changed."""
        if not self._life.shown.is_set() or self._life.closed.is_set():
            return
        with self._life.lock:
            session = {
                "events": self._listeners.names(),
                "namespaces": self._methods.namespaces(),
                "veto": self._window_events.has("closing"),
            }
            if session != self._session:
                self._session = session
                self._port.control(_rpc.notification("view/session", session))

    def _on_window_event(self, name: str, handler: Handler) -> None:
        self._window_events.add(name, handler)
        self._sync_session()

    def _raise_event(self, name: str, *args: Any) -> None:
        for handler in self._window_events.take(name):
            self._calls.notify(name, handler, *args)

    def _disown(self) -> None:
        """In a forked child: the view belongs to the parent."""
        self._port = _Orphan()  # type: ignore[assignment]
        self._life.disown()


class _Sink:
    """What the dispatcher tells that is not the page's business (``protocol/README.md`` section 5)."""

    def __init__(self, view: WebView) -> None:
        self._view = view
        life = view._life
        self.on_lost, self.on_edge = life.lost, life.edge
        self.next_deadline, self.check_deadline = life.next_deadline, life.check_deadline

    def may_close(self) -> bool:
        view = self._view
        answers = [view._calls.notify("closing", each) for each in view._window_events.take("closing")]
        return not any(answer is False for answer in answers)

    def on_notice(self, method: str, params: Any) -> None:
        view = self._view
        if method == "view/loading":
            self._on_loading(**params)
        elif method == "window/changed":
            view._changed(params)
        elif method == "view/title":
            view._titled(params["title"])
        elif method == "view/created":
            view._window["handle"] = params["window_handle"]
        elif method == "view/crashed":
            view._calls.cancel_all(but_events=True)
            view._raise_event("crashed", params["reason"])
        elif method == "view/refused":
            log().warning(
                "posts of a page at %(origin)s were refused (%(reason)s, %(count)d so far); "
                "list the origin in allowed_origins if it may call Python", params,
            )  # fmt: skip
        elif method == "view/failed":
            view._life.failed(params["message"])
        elif method == "view/closed":
            view._life.end(params["reason"])

    def _on_loading(self, state: str, url: str, message: str = "") -> None:
        view = self._view
        if state == "committed":
            view._url = url
            view._calls.cancel_all(but_events=True)  # of the document that is gone
            view._raise_event("navigated", url)
        elif state == "finished":
            view._raise_event("loaded", url)
        elif state == "failed":
            log().warning("cannot load %s: %s", url, message)
            self._load_failed(url, message)

    def _load_failed(self, url: str, message: str) -> None:
        """Who listens decides what to show instead; else the page says what happened."""
        view = self._view
        if view._window_events.has("load_failed"):
            view._raise_event("load_failed", url, message)
        elif not view._life.close_asked:
            view._load("html", _pages.load_failed(url, message))


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
