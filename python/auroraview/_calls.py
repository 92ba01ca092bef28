"""Calls and events of the page: runs handlers, and answers every call exactly once."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Callable

from . import _aio, _core, _rpc
from ._errors import InvalidDataError
from ._handlers import Handler, Listener, Listeners, Methods, arguments, misfit
from ._log import log

if TYPE_CHECKING:
    from concurrent.futures import Future

#: Raised (as an event) when an event handler raised.
HANDLER_ERROR = "handler_error"

Key = tuple[int, int]


class Calls:
    """Runs what the page asks for. Everything here runs on the draining thread, but for the ends of async handlers."""

    def __init__(self, port: _core.Port, listeners: Listeners, methods: Methods, debug: bool) -> None:
        self._port = port
        self._listeners = listeners
        self._methods = methods
        self._debug = debug
        #: Async handlers that run, by (document, id).
        self._running: dict[Key, Future[Any]] = {}

    # ---- calls ----

    def call(self, doc: int, call_id: int, message: dict[str, Any]) -> None:
        key = (doc, call_id)
        name = message.get("method")
        if not isinstance(name, str):
            return self._answer(key, _rpc.error(call_id, "INVALID_REQUEST", "a call needs a method"))
        params = message.get("params", _rpc.ABSENT)
        bound = self._methods.get(name)
        if bound is not None:
            self._run(key, bound, *arguments(params))
        elif self._listeners.has(name):
            data = {} if params is _rpc.ABSENT else params
            self._run(key, lambda: self._ask_listeners(name, data), [], {})
        else:
            self._answer(key, _rpc.error(call_id, "METHOD_NOT_FOUND", self._unknown(name), name="MethodNotFound"))

    def _unknown(self, name: str) -> str:
        near = self._methods.similar(name)
        hint = f"; did you mean {near!r}?" if near else ""
        return f"Python has neither a function nor a handler called {name!r}{hint}"

    def _ask_listeners(self, name: str, data: Any) -> Any:
        """Calls every listener; the first result that is not None is the answer."""
        results = [listener.handler(data) for listener in self._listeners.take(name)]
        return next((each for each in results if each is not None), None)

    def _run(self, key: Key, function: Handler, args: list[Any], kwargs: dict[str, Any]) -> None:
        try:
            value = function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises belongs to its caller, the page
            self._failed(key, error, function, args, kwargs)
        else:
            if isinstance(value, Coroutine):
                self._run_async(key, value)
            else:
                self._succeeded(key, value)

    def _run_async(self, key: Key, coroutine: Any) -> None:
        future = _aio.submit(coroutine)
        self._running[key] = future
        future.add_done_callback(lambda done: self._async_done(key, done))

    def _async_done(self, key: Key, future: Future[Any]) -> None:
        self._running.pop(key, None)
        error = None if future.cancelled() else future.exception()
        if future.cancelled():
            self._answer(key, _rpc.error(key[1], "CANCELLED", "the handler was cancelled", name="CancelledError"))
        elif error is not None:
            self._answer(key, _rpc.error_of(key[1], error, self._debug))
        else:
            self._succeeded(key, future.result())

    def _succeeded(self, key: Key, value: Any) -> None:
        try:
            text = _rpc.result(key[1], value)
        except InvalidDataError as error:
            text = _rpc.error_of(key[1], error, self._debug)
        self._answer(key, text)

    def _failed(self, key: Key, error: Exception, function: Handler, args: list[Any], kwargs: dict[str, Any]) -> None:
        problem = misfit(function, args, kwargs) if isinstance(error, TypeError) else None
        if problem is not None:
            name = getattr(function, "__qualname__", repr(function))
            message = f"{name}{_signature(function)}: {problem}"
            return self._answer(key, _rpc.error(key[1], "INVALID_ARGUMENTS", message, name="TypeError"))
        self._answer(key, _rpc.error_of(key[1], error, self._debug))

    def _answer(self, key: Key, text: bytes) -> None:
        doc, call_id = key
        self._port.control(text, doc, call_id)

    def cancel(self, doc: int, call_id: int) -> None:
        """The page gave up a call that runs: an async handler is cancelled, a sync one cannot be."""
        running = self._running.get((doc, call_id))
        if running is not None:
            running.cancel()

    def never_start(self, doc: int, call_id: int) -> None:
        """The page gave up a call that has not started."""
        self._answer((doc, call_id), _rpc.error(call_id, "CANCELLED", "cancelled before it started"))

    def cancel_all(self) -> list[Future[Any]]:
        """Cancels every async handler that runs. Returns them."""
        ended = list(self._running.values())
        for future in ended:
            future.cancel()
        return ended

    def finish(self, timeout: float) -> None:
        """Cancels every async handler and waits, for at most ``timeout`` seconds, until they have ended."""
        ended = self.cancel_all()
        if ended:
            from concurrent.futures import wait

            wait(ended, timeout)

    # ---- events ----

    def event(self, name: str, data: Any) -> None:
        """Calls every listener of an event of the page."""
        for listener in self._listeners.take(name):
            self.notify(name, listener, data)

    def notify(self, name: str, listener: Listener, *args: Any) -> Any:
        """Calls one listener; what it raises is logged and reported, and the others still run."""
        try:
            value = listener.handler(*args)
        except Exception as error:  # noqa: BLE001 - one handler's fault must not take the others' event
            self._handler_failed(name, error)
            return None
        if isinstance(value, Coroutine):
            _aio.submit(value).add_done_callback(lambda done: self._async_handler_done(name, done))
            return None
        return value

    def _async_handler_done(self, name: str, future: Future[Any]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            self._handler_failed(name, error)

    def _handler_failed(self, name: str, error: BaseException) -> None:
        log().error("a handler of %r raised", name, exc_info=error)
        if name == HANDLER_ERROR:
            return
        self.event(HANDLER_ERROR, {"event": name, "error": repr(error), "traceback": _rpc.traceback_of(error)})


def guarded(what: str, function: Callable[..., Any], *args: Any) -> None:
    """Runs a callback of the user that nobody waits for; what it raises is logged."""
    try:
        function(*args)
    except Exception:  # noqa: BLE001 - nobody is there to take it
        log().exception("%s raised", what)


def _signature(function: Handler) -> str:
    import inspect  # only for who called with the wrong arguments

    try:
        return str(inspect.signature(function))
    except (TypeError, ValueError):
        return "(...)"
