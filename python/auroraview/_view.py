"""``WebView``: a window with a web page, and Python on its other side."""

from __future__ import annotations

import itertools
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union, overload

from . import _aio, _core, _pages, _process, _rpc
from ._answers import Answers, Callback, log_failure, timed_out
from ._calls import Calls
from ._dispatch import Dispatcher
from ._errors import NotShownError, ShutdownInProgressError, UiProcessError
from ._handlers import Handler, Listeners, Methods
from ._log import log
from ._options import ViewOptions
from ._window import Window, WindowEvent

if TYPE_CHECKING:
    from ._future import EvalFuture

_ids = itertools.count(1)

#: How long ``close()`` lets accepted work finish, in seconds (RFC 0002).
CLOSE_TIMEOUT = 5.0
#: Default deadline of a script, in milliseconds (RFC 0002).
EVAL_TIMEOUT_MS = 5000

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
    on_crashed = WindowEvent("``handler(reason: str)``: the web process is gone; ``reload()`` starts a new one.")

    def __init__(
        self,
        title: Optional[str] = None,
        width: float = 800,
        height: float = 600,
        *,
        url: Optional[str] = None,
        html: Optional[str] = None,
        **options: Any,
    ) -> None:
        if url is not None and html is not None:
            raise ValueError("give url or html, not both")
        self._options = ViewOptions.build({"title": title, "width": width, "height": height, **options})
        self._port: _core.Port = _core.Port(next(_ids))
        self._listeners = Listeners()
        self._window_events = Listeners()
        self._methods = Methods()
        self._calls = Calls(self._port, self._listeners, self._methods, self._options.debug)
        self._answers = Answers(self._port)
        self._dispatcher = Dispatcher(
            self._port, self._calls, self._answers, self._on_notice, self._may_close, self._on_lost
        )
        self._shown = threading.Event()
        self._closed = threading.Event()
        self._close_asked = False
        self._has_content = False
        self._failure: Optional[str] = None
        #: Level 2; reentrant, since a signal handler may close the view that this thread is showing.
        self._lock = threading.RLock()
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
                Ctrl+C closes the view. False: returns at once, and handlers run on a thread of ours.

        Raises:
            UiProcessError: The window cannot be opened; the message says what is missing.
            ShutdownInProgressError: The view was closed before.
            RuntimeError: The view is shown already.
        """
        self._open()
        if wait:
            self._run(interruptible=threading.current_thread() is threading.main_thread())
            self._raise_failure()
        else:
            name = f"auroraview-{self._options.title or 'view'}"
            threading.Thread(target=self._run_alone, name=name, daemon=True).start()

    def _open(self) -> None:
        create = _rpc.notification("view/create", self._options.wire())
        with self._lock:
            if self._port.lifecycle in ("close_requested", "destroying", "destroyed"):
                raise ShutdownInProgressError("the view is closed; make a new one")
            if self._shown.is_set():
                raise RuntimeError("the view is shown already; use set_visible(True) to bring a hidden window back")
            if not self._has_content:
                self.load_html("")  # scripts and events need a document
            self._port.attach(_process.link(), create)
            self._shown.set()
        _process.track(self)
        self._sync_session()

    def _run_alone(self) -> None:
        self._run(interruptible=False)
        if self._failure is not None:  # nobody may be there whom it could be raised to
            log().error("%r: %s", self, self._failure)

    def _run(self, interruptible: bool) -> None:
        try:
            self._dispatcher.run(interruptible)
        except KeyboardInterrupt:
            self._request_close()
            self._dispatcher.run(interruptible)  # a second Ctrl+C gets through
        finally:
            if not self._dispatcher.ended:  # this thread leaves; nobody would drain any more
                self._request_close()
                self._end("error")

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Blocks until the view is closed; False when ``timeout`` seconds passed first. Not for its handlers.

        Raises:
            UiProcessError: The view ended because its UI process did.
        """
        closed = self._closed.wait(timeout)
        if closed:
            self._raise_failure()
        return closed

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise UiProcessError(self._failure)

    def close(self) -> None:
        """Closes the view. Nothing new is accepted; what was accepted may finish, for at most 5 s. Safe to call twice.

        Returns when the view is gone, or at once on a thread that runs its handlers.
        """
        self._request_close()
        if self._dispatcher.is_draining_thread() or _aio.is_own_thread():
            return
        if not self._closed.wait(CLOSE_TIMEOUT):
            log().warning("%r: its handlers did not finish within %g s after close()", self, CLOSE_TIMEOUT)

    def _request_close(self) -> None:
        self._close_asked = True
        with self._lock:  # a view is either shown and then closed, or never shown
            first = self._port.request_close()
            shown = self._shown.is_set()
            if first and shown:
                self._port.control(_rpc.notification("view/close", {}))
        if first and not shown:
            self._end("host")

    def is_alive(self) -> bool:
        """Whether the view is shown and not closed."""
        return self._shown.is_set() and not self._closed.is_set()

    @property
    def lifecycle(self) -> str:
        """``creating``, ``active``, ``close_requested``, ``destroying`` or ``destroyed`` (seed 000 section 9.1)."""
        return self._port.lifecycle

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

    def eval_js_sync(self, script: str, timeout_ms: float = EVAL_TIMEOUT_MS) -> Any:
        """Runs a script and returns its value (a promise is awaited). A handler that waits serves the page.

        Raises:
            JavaScriptError: The script raised.
            EvalTimeoutError: No value within ``timeout_ms`` milliseconds.
            PageGoneError: The page navigated away meanwhile.
            NotShownError: The view was never shown, so nobody would answer.
            ShutdownInProgressError: The view is closed.
        """
        params = _rpc.encode({"script": script})
        if not self._shown.is_set() and not self._closed.is_set():
            raise NotShownError("the view is not shown yet: call show(wait=False) first, or use eval_js_async")
        draining = self._dispatcher.is_draining_thread()
        interruptible = threading.current_thread() is threading.main_thread()
        question = self._port.ask("view/eval", params, draining)
        until = time.monotonic() + timeout_ms / 1000
        while (answer := question.answer()) is None:
            if not question.wait(until - time.monotonic(), draining, interruptible):
                raise timed_out(script, timeout_ms)
            if draining:
                self._dispatcher.serve()
        message = _rpc.decode(answer.decode())
        error = _rpc.exception_of(message)
        if error is not None:
            raise error
        return message["result"]

    def eval_js_async(
        self, script: str, callback: Optional[Callback] = None, timeout_ms: int = EVAL_TIMEOUT_MS
    ) -> EvalFuture:
        """Runs a script; ``callback(result, error)`` is called once, on the thread that runs the view's handlers.

        Without a callback, ``await`` the returned future or call its ``result()``. ``error`` is one of the exceptions
        of :meth:`eval_js_sync`.
        """
        from ._future import EvalFuture

        future = EvalFuture()
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

    def emit(self, name: str, data: Any = _rpc.ABSENT) -> None:
        """Sends an event to the page. One thread's events arrive in order; before the page is ready they wait.

        Args:
            name: Any text that does not begin with ``$/``.
            data: Anything that JSON can hold; arrives as it is. Absent: ``{}``.

        Raises:
            InvalidDataError, PayloadTooLargeError: The data cannot be sent.
            QueueFull: 65,536 messages or 64 MiB wait for the page, which does not take them.
            ShutdownInProgressError: The view is closed.
        """
        self._port.notify(_rpc.notification(_rpc.check_name(name), data), 0)

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
        if not self._shown.is_set() or self._closed.is_set():
            return
        with self._lock:
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
        for listener in self._window_events.take(name):
            self._calls.notify(name, listener, *args)

    def _may_close(self) -> bool:
        answers = [self._calls.notify("closing", each) for each in self._window_events.take("closing")]
        return not any(answer is False for answer in answers)

    def _on_notice(self, method: str, params: dict[str, Any]) -> None:
        """What the UI process says about the view (``protocol/README.md`` section 5)."""
        if method == "view/loading":
            self._on_loading(**params)
        elif method == "window/changed":
            self._changed(params)
        elif method == "view/title":
            self._titled(params["title"])
        elif method == "view/created":
            self._window["handle"] = params["window_handle"]
        elif method == "view/crashed":
            self._calls.cancel_all()
            self._raise_event("crashed", params["reason"])
        elif method == "view/refused":
            log().warning(
                "posts of a page at %(origin)s were refused (%(reason)s, %(count)d so far); "
                "list the origin in allowed_origins if it may call Python", params,
            )  # fmt: skip
        elif method == "view/failed":
            self._failure = params["message"]
            self._end("error")
        elif method == "view/closed":
            self._port.request_close()
            self._end(params["reason"])

    def _on_loading(self, state: str, url: str, message: str = "") -> None:
        if state == "committed":
            self._url = url
            self._calls.cancel_all()  # of the document that is gone
            self._raise_event("navigated", url)
        elif state == "finished":
            self._raise_event("loaded", url)
        elif state == "failed":
            log().warning("cannot load %s: %s", url, message)
            self._load_failed(url, message)

    def _load_failed(self, url: str, message: str) -> None:
        """Who listens decides what to show instead; else the page says what happened."""
        if self._window_events.has("load_failed"):
            self._raise_event("load_failed", url, message)
        elif not self._close_asked:
            self._load("html", _pages.load_failed(url, message))

    def _on_lost(self, why: str) -> None:
        if not self._close_asked:
            self._failure = why
        self._end("error" if self._failure else "host")

    def _end(self, reason: str) -> None:
        """The view is gone: ends the drain, lets async handlers finish their cancellation, and says so."""
        if self._dispatcher.ended:
            return
        self._dispatcher.ended = True
        self._port.destroy()
        self._calls.finish(CLOSE_TIMEOUT)
        self._answers.end()
        _process.untrack(self)
        self._raise_event("closed", reason)
        self._closed.set()

    def _disown(self) -> None:
        """In a forked child: the view belongs to the parent."""
        self._port = _Orphan()  # type: ignore[assignment]
        self._closed.set()


class _Orphan:
    """Stands for the port of a view in a forked child."""

    lifecycle = "destroyed"

    def __getattr__(self, name: str) -> Any:
        raise ShutdownInProgressError("this view belongs to the process that this one was forked from")
