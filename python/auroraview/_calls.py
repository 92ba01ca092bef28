"""Calls and events of the page: runs handlers, and answers every call exactly once."""

from __future__ import annotations

import itertools
from collections.abc import Coroutine, Iterator
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

from . import _aio, _core, _ext, _rpc, _watchdog
from ._context import Context, Place, place_of
from ._contract.functions import Misfit
from ._errors import InvalidDataError
from ._handlers import Handler, Listeners, Methods, arguments, misfit
from ._log import TRACING, log
from ._page_streams import PageStreams
from ._streams import Key, Streams

if TYPE_CHECKING:
    from concurrent.futures import Future

#: Raised (as an event) when an event handler raised.
HANDLER_ERROR = "handler_error"
#: Stands for the document of a handler that answers nobody.
_EVENT = -1


class Call(NamedTuple):
    """A call of the page that must be answered once."""

    doc: int
    id: int
    ticket: Optional[_core.Ticket]


class Calls:
    """Runs what the page asks for. Everything here runs on the draining thread, but for the ends of async handlers."""

    def __init__(
        self,
        port: _core.Port,
        listeners: Listeners,
        methods: Methods,
        debug: bool,
        numbers: Iterator[int],
    ) -> None:
        self._port = port
        self._listeners = listeners
        self._methods = methods
        self._debug = debug
        #: Async handlers that run, by (document, id) of their call; those of events by a number of their own.
        self._running: dict[tuple[int, int], Future[Any]] = {}
        self._event_ids = itertools.count(1)
        #: The reserved functions that the page of a document has by a name; set by the view.
        self.native: Callable[[str, int], Optional[Handler]] = lambda name, doc: None
        #: Where the bound functions want the contexts of their calls: asked once for each.
        self._places: dict[str, tuple[Handler, Optional[Place]]] = {}
        #: Of the calls that run, by document and id.
        self._contexts: dict[Key, Context] = {}
        self._numbers = numbers
        self.streams = Streams(self)
        self.page_streams = PageStreams(port)
        #: Takes, in the middle of a handler, what passes everything else. The dispatcher's.
        self.take_urgent: Callable[[], None] = lambda: None
        #: Handlers that run on the draining thread now, innermost last.
        self.stack: list[Handler] = []
        self.watched = _watchdog.Watched(port.nudge)

    # ---- calls ----

    def call(self, call: Call, message: dict[str, Any]) -> None:
        name = message.get("method")
        if not isinstance(name, str):
            return self._answer(call, _rpc.error(call.id, "INVALID_REQUEST", "a call needs a method"))
        if TRACING:
            log("auroraview.call").debug("start doc=%d id=%d name=%s", call.doc, call.id, name)
        params = message.get("params", _rpc.ABSENT)
        bound = self._methods.get(name) or self.native(name, call.doc)
        if bound is not None:
            args, kwargs = arguments(params, bound)
            place = self._place(name, bound)
            if place is not None:
                context = self._contexts[call.doc, call.id] = Context(self, call)
                args, kwargs = place.put(context, args, kwargs)
            self._run(
                call, bound, lambda: self.within(bound, bound, *args, **kwargs), lambda: _misfit(bound, args, kwargs)
            )
        elif self._listeners.has(name):
            data = {} if params is _rpc.ABSENT else params
            self._run(call, self._ask_listeners, lambda: self._ask_listeners(name, data), lambda: None)
        else:
            self._answer(call, _rpc.error(call.id, "METHOD_NOT_FOUND", self._unknown(name), name="MethodNotFound"))

    def _unknown(self, name: str) -> str:
        near = self._methods.similar(name)
        hint = f"; did you mean {near!r}?" if near else ""
        return f"Python has neither a function nor a handler called {name!r}{hint}"

    def _place(self, name: str, bound: Handler) -> Optional[Place]:
        known = self._places.get(name)
        if known is None or known[0] is not bound:
            known = self._places[name] = (bound, place_of(bound))
        return known[1]

    def within(self, handler: Handler, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Calls a function on the draining thread that is code of a handler: itself, or its generator's."""
        self.stack.append(handler)
        is_watched = self.watched.enter(handler)
        try:
            return function(*args, **kwargs)
        finally:
            if is_watched:
                _watchdog.leave()
            self.stack.pop()

    def _ask_listeners(self, name: str, data: Any) -> Any:
        """Calls every listener; the first result that is not None is the answer."""
        results = [self.within(handler, handler, data) for handler in self._listeners.take(name)]
        return next((each for each in results if each is not None), None)

    def _run(self, call: Call, handler: Handler, run: Callable[[], Any], misfit: Callable[[], Optional[str]]) -> None:
        """``misfit``: why the arguments do not fit what ``run`` calls, or None; asked after it raised TypeError."""
        try:
            value = run()
        except Misfit as error:
            where = {"path": error.path}
            return self._answer(
                call, _rpc.error(call.id, "INVALID_ARGUMENTS", str(error), name="TypeError", data=where)
            )
        except Exception as error:  # noqa: BLE001 - whatever a handler raises belongs to its caller, the page
            problem = misfit() if isinstance(error, TypeError) else None
            if problem is not None:
                return self._answer(call, _rpc.error(call.id, "INVALID_ARGUMENTS", problem, name="TypeError"))
            return self.fail(call, error)
        except (SystemExit, KeyboardInterrupt) as error:  # the main thread's own; the page must not wait for ever
            self.fail(call, error)
            raise
        self._finish(call, handler, value)

    def _finish(self, call: Call, handler: Handler, value: Any) -> None:
        """A handler returned: its value is the answer, or still on its way."""
        if isinstance(value, GeneratorType):
            self.streams.open(call, value, handler)
        elif isinstance(value, AsyncGeneratorType):
            self._run_async(call, handler, self.streams.open_async(call, value).run())
        elif isinstance(value, Coroutine):
            self._run_async(call, handler, value)
        else:
            self.succeed(call, value)

    def _run_async(self, call: Call, handler: Handler, coroutine: Any) -> None:
        future = _aio.submit(coroutine)
        self._running[call.doc, call.id] = future
        future.add_done_callback(lambda done: self._async_done(call, handler, done))

    def _async_done(self, call: Call, handler: Handler, future: Future[Any]) -> None:
        self._running.pop((call.doc, call.id), None)
        error = None if future.cancelled() else future.exception()
        if future.cancelled():
            self.answer_cancelled(call)
        elif error is not None:
            self.fail(call, error)
        else:
            self._finish(call, handler, future.result())

    def succeed(self, call: Call, value: Any) -> None:
        try:
            text = _rpc.result(call.id, value)
        except InvalidDataError as error:
            return self.fail(call, error)
        self._answer(call, text)

    def fail(self, call: Call, error: BaseException) -> None:
        self._answer(call, _rpc.error_of(call.id, error, self._debug))

    def answer_cancelled(self, call: Call) -> None:
        self._answer(call, _rpc.error(call.id, "CANCELLED", "the handler was cancelled", name="CancelledError"))

    def tell(self, call: Call, what: dict[str, Any], number: Optional[int] = None) -> int:
        """Says what comes of a call before its answer; a newer message with the same ``number`` replaces an older one.
        Returns how many bytes it took."""
        text = _rpc.notification("$/progress", {"call": call.id, **what})
        self._port.progress(text, call.doc, number)
        return _ext.size(text)

    def new_number(self) -> int:
        return next(self._numbers)

    def _answer(self, call: Call, body: _ext.Body) -> None:
        self._end(call.doc, call.id)
        if TRACING:
            text = body if isinstance(body, bytes) else body[0]
            log("auroraview.call").debug("answer doc=%d id=%d bytes=%d", call.doc, call.id, len(text))
        self._port.control(body, call.doc, call.id)
        if call.ticket is not None:
            call.ticket.done()

    def _end(self, doc: int, call_id: int) -> None:
        """The call is over: what belonged to it is, too."""
        context = self._contexts.pop((doc, call_id), None)
        if context is not None:
            context.end()
        self.streams.forget((doc, call_id))
        self.page_streams.end_of(doc, call_id, "the call is over")

    def look(self, call: Call) -> None:
        """A handler asks whether somebody still waits. Any thread."""
        self.take_urgent()
        if self._port.lifecycle in ("destroying", "destroyed"):
            self.mark_cancelled(call.doc, call.id)

    def mark_cancelled(self, doc: int, call_id: Optional[int]) -> None:
        """The page gave up a call, or (None) all calls of a document and of those before it. Runs nobody's code."""
        for key, context in list(self._contexts.items()):
            if key == (doc, call_id) or (call_id is None and key[0] <= doc):
                context.cancel()

    def cancel(self, doc: int, call_id: int) -> None:
        """The page gave up a call that runs: async handlers are cancelled, generators closed; sync ones hear of it if
        they ask."""
        self.mark_cancelled(doc, call_id)
        self.streams.cancel((doc, call_id))
        self.page_streams.end_of(doc, call_id, "the page gave the call up")
        running = self._running.get((doc, call_id))
        if running is not None:
            running.cancel()

    def cancel_document(self, doc: int) -> None:
        """A document is gone, and those before it: nobody waits for what they called."""
        for key in {*self._contexts, *self._running, *self.streams.keys(), *self.page_streams.calls()}:
            if _EVENT < key[0] <= doc:
                self.cancel(*key)

    def never_start(self, call: Call) -> None:
        """A call that has not started is given up, by the page or because the view closed."""
        if call.ticket is not None:
            call.ticket.cancel()
        self._port.control(_rpc.error(call.id, "CANCELLED", "cancelled before it started"), call.doc, call.id)

    def cancel_all(self, but_events: bool = False) -> None:
        """Cancels the async handlers that run; ``but_events``: only those of calls."""
        for (doc, _), future in list(self._running.items()):
            if not (but_events and doc == _EVENT):
                future.cancel()
        for key in {*self._contexts, *self.page_streams.calls()}:
            self.cancel(*key)
        self.streams.cancel_all()

    def running(self) -> list[Future[Any]]:
        """The async handlers that run."""
        return list(self._running.values())

    # ---- events ----

    def event(self, name: str, data: Any, ticket: Optional[_core.Ticket] = None) -> None:
        """Calls every listener of an event of the page. It is handled when all of them are, async ones too."""
        left = []
        for handler in self._listeners.take(name):
            _, future = self._begin(name, handler, data)
            if future is not None:
                left.append(future)
        if ticket is None:
            return
        if not left:
            return ticket.done()

        def one_done(_: Future[Any], ticket: _core.Ticket = ticket) -> None:
            if all(future.done() for future in left):
                ticket.done()

        for future in left:
            future.add_done_callback(one_done)

    def notify(self, name: str, handler: Handler, *args: Any) -> Any:
        """Calls one handler; what it raises is logged and reported. Returns what it returns, if it is not async."""
        return self._begin(name, handler, *args)[0]

    def _begin(self, name: str, handler: Handler, *args: Any) -> tuple[Any, Optional[Future[Any]]]:
        try:
            value = self.within(handler, handler, *args)
        except Exception as error:  # noqa: BLE001 - one handler's fault must not take the others' event
            self._handler_failed(name, error)
            return None, None
        if value is None or not isinstance(value, Coroutine):
            return value, None
        key = (_EVENT, next(self._event_ids))
        self._running[key] = future = _aio.submit(value)
        future.add_done_callback(lambda done: self._async_handler_done(name, key, done))
        return None, future

    def _async_handler_done(self, name: str, key: tuple[int, int], future: Future[Any]) -> None:
        self._running.pop(key, None)
        error = None if future.cancelled() else future.exception()
        if error is not None:
            self._handler_failed(name, error)

    def tell_slow(self) -> None:
        """Raises an event for each handler that held the main thread for too long."""
        while self.watched.untold:
            self.event(_watchdog.HANDLER_SLOW, self.watched.untold.popleft()._asdict())

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


def _misfit(function: Handler, args: list[Any], kwargs: dict[str, Any]) -> Optional[str]:
    problem = misfit(function, args, kwargs)
    if problem is None:
        return None
    return f"{getattr(function, '__qualname__', repr(function))}{_signature(function)}: {problem}"


def _signature(function: Handler) -> str:
    import inspect  # only for who called with the wrong arguments

    try:
        return str(inspect.signature(function))
    except (TypeError, ValueError):
        return "(...)"
