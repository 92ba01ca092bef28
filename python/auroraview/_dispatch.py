"""The one drain of a view: every message of its page and of the UI process passes here, whatever the run mode.

To add a kind of message: a row in ``Dispatcher._kinds``.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable, NamedTuple, Optional, Protocol

from . import _core, _rpc, _threads
from ._answers import Answers
from ._calls import Call, Calls, guarded
from ._log import TRACING, flush, log, pass_on, say
from ._processing import ProcessorConfig

#: Messages that are taken at once.
BATCH = 256
#: Handled events are reported to the page this often, so that it may send more.
CREDIT = 1024
#: After a handler that took longer, in seconds, the drain looks whether the page gave up what waits. Looking lets go of
#: the GIL, which beside a busy thread takes longer than most handlers.
LOOK_AGAIN = 0.001
#: Calls that a page may give up before they arrive; it may not have more pending.
MAX_GIVEN_UP = 4096

Message = tuple[str, Optional[int], Optional[int], str, Optional[_core.Ticket]]


class Observed(NamedTuple):
    """What an observer sees of a message before it is handled."""

    #: ``request`` or ``notify``: a call or an event of the page; ``notice``: the UI process.
    kind: str
    #: Of the method, event or notice.
    name: str
    #: Of a call, else None.
    id: Optional[int]
    #: Generation of the document; None: the UI process.
    document: Optional[int]
    #: Length of its text, in characters.
    size: int


class Sink(Protocol):
    """Whom the dispatcher tells what is not the page's business."""

    def on_notice(self, method: str, params: Any) -> None: ...
    def may_close(self) -> bool: ...
    def on_lost(self, why: str) -> None: ...
    def on_edge(self, left: str, entered: str) -> None: ...
    def next_deadline(self) -> Optional[float]: ...
    def check_deadline(self) -> None: ...


class Dispatcher:
    """Drains a view's port on whichever thread calls :meth:`run` or :meth:`turn`, one at a time."""

    def __init__(self, port: _core.Port, calls: Calls, answers: Answers, budget: ProcessorConfig, sink: Sink) -> None:
        self.port = port
        self._calls = calls
        self._answers = answers
        self._budget = budget
        self._sink = sink
        #: Taken from the port and not handled yet.
        self._waiting: deque[Message] = deque()
        #: Who drains; None: nobody now.
        self.owner: Optional[_threads.Desk] = None
        self._handled: dict[int, int] = {}
        #: Document and id of the last call that was taken, and of calls that were given up before they were.
        self._newest = (0, 0)
        self._given_up: set[tuple[int, int]] = set()
        self._observers: tuple[tuple[int, Callable[[Observed], None]], ...] = ()
        self.ended = False
        self._kinds: dict[str, Callable[[Optional[int], Optional[int], str, Optional[_core.Ticket]], None]] = {
            "request": self._on_request,
            "notify": self._on_notification,
            "log": lambda doc, call_id, text, ticket: pass_on(text),
            "lost": lambda doc, call_id, text, ticket: self._sink.on_lost(text),
        }

    def is_draining_thread(self) -> bool:
        return self.owner is not None and self.owner is _threads.desk()

    @contextmanager
    def owned(self) -> Iterator[None]:
        """The calling thread drains the view, until it leaves."""
        own = _threads.desk()
        outer, self.owner = self.owner, own
        try:
            with _threads.draining(self):
                yield
        finally:
            self.owner = outer

    # ---- draining ----

    def run(self, until: Optional[float] = None, done: Callable[[], bool] = lambda: False) -> None:
        """Waits and drains until the view has ended, until a moment of the monotonic clock, or until ``done()``.

        On the main thread Ctrl+C ends the wait. Whoever makes ``done`` true rings this thread's bell.
        """
        is_main = _threads.desk().is_main
        with self.owned():
            while not self.ended and not done() and (until is None or time.monotonic() < until):
                if not self._waiting:
                    self.port.wait(self._next_deadline(until), is_main)
                self.turn()
                if self._budget.mode == "batch":
                    self._finish_frame(is_main)

    def turn(self) -> None:
        """Handles what is there, within the budget. What is left waits for the next turn."""
        budget = self._budget
        until = time.monotonic() + budget.max_ms / 1000 if budget.max_ms else None
        left = budget.max_messages or None
        self._take()
        now = looked = time.monotonic()
        while self._waiting and left != 0 and (until is None or now < until):
            self._handle(self._waiting.popleft())
            left = None if left is None else left - 1
            now = time.monotonic()
            if self._waiting and self._waiting[0][0] == "request" and now - looked > LOOK_AGAIN:
                self.port.wait(0, False)  # a cancel may have come while the last handlers ran
                self._take()
                looked = now
        self._sink.check_deadline()

    def _finish_frame(self, is_main: bool) -> None:
        """What comes until the frame ends is handled together after it; what is urgent, due or the end does not
        wait."""
        until = time.monotonic() + self._budget.frame_ms / 1000
        while self.port.lifecycle == "active" and time.monotonic() < until:
            self.port.wait(self._next_deadline(until), is_main, urgent=True)
            self._take()

    def _next_deadline(self, until: Optional[float]) -> Optional[float]:
        here = None if until is None else max(0.0, until - time.monotonic())
        deadlines = [here, self._answers.next_deadline(), self._sink.next_deadline()]
        return min((each for each in deadlines if each is not None), default=None)

    def newest_call(self) -> tuple[int, int]:
        """Document and id of the last call that came. A page numbers its calls upward."""
        self._take()
        return self._newest

    def serve(self, after: Optional[tuple[int, int]]) -> None:
        """While a handler waits: handles the calls of its page (those ``after`` a mark), and leaves events."""
        if self.ended:
            return self.give_up()  # what is left in the inbox would end each wait at once
        self._take()
        for message in [each for each in self._waiting if each[0] == "request"]:
            if after is not None and (message[1] or 0, message[2] or 0) <= after:
                continue
            if message in self._waiting:  # a nested wait may have served it
                self._waiting.remove(message)
                self._handle(message)

    def give_up(self) -> None:
        """The view is gone: what was accepted and not begun is answered as cancelled."""
        self._take()
        while self._waiting:
            kind, doc, call_id, _, ticket = self._waiting.popleft()
            if kind == "request" and doc is not None:
                self._calls.never_start(Call(doc, call_id or 0, ticket))
            elif ticket is not None:
                ticket.cancel()
        self._answers.end()

    def _take(self) -> None:
        """Takes what is there; what passes everything else is handled at once."""
        if TRACING:
            flush()
        self._answers.expire()
        _threads.desk().run_jobs()
        for message in self.port.drain(BATCH):
            kind, doc, call_id, text, _ = message
            if kind == "response" and call_id is not None:
                self._answers.answer(call_id, _rpc.decode(text))
            elif kind == "lifecycle":
                left, entered = text.split()
                self._sink.on_edge(left, entered)
            elif kind == "control" and doc is not None:
                self._control(doc, text)
            elif kind == "request" and doc is not None:
                self._take_request(message)
            else:
                self._waiting.append(message)

    def _take_request(self, message: Message) -> None:
        _, doc, call_id, _, ticket = message
        key = (doc or 0, call_id or 0)
        self._newest = key
        if key in self._given_up:
            self._given_up.discard(key)
            self._calls.never_start(Call(*key, ticket))
        else:
            self._waiting.append(message)

    def _control(self, doc: int, text: str) -> None:
        """Cancels pass everything else, also the call that they are for: a call that has not started never starts."""
        message = self._read(doc, text)
        params = message.get("params")
        if TRACING and message.get("method") == "$/log" and isinstance(params, dict):
            return say(10, "auroraview.page", f"doc={doc} {params.get('text')}", params.get("time"))
        call_id = params.get("id") if isinstance(params, dict) else None
        if message.get("method") != "$/cancelRequest" or not isinstance(call_id, int):
            return  # of a later version; nobody waits for an answer
        if (doc, call_id) > self._newest:  # the call is still on its way; a page numbers its calls upward
            if len(self._given_up) < MAX_GIVEN_UP:
                self._given_up.add((doc, call_id))
            return
        for waiting in self._waiting:
            if waiting[0] == "request" and waiting[1:3] == (doc, call_id):
                self._waiting.remove(waiting)
                return self._calls.never_start(Call(doc, call_id, waiting[4]))
        self._calls.cancel(doc, call_id)

    # ---- handling: one row a kind ----

    def _handle(self, message: Message) -> None:
        kind, doc, call_id, text, ticket = message
        self._kinds[kind](doc, call_id, text, ticket)

    def _on_request(
        self, doc: Optional[int], call_id: Optional[int], text: str, ticket: Optional[_core.Ticket]
    ) -> None:
        message = self._read(doc, text)
        self._observe("request", message.get("method"), call_id, doc, len(text))
        if doc is not None:
            self._calls.call(Call(doc, call_id or 0, ticket), message)
        elif message.get("method") == "window/closing" and call_id is not None:
            self.port.control(_rpc.result(call_id, self._sink.may_close()), None, call_id)

    def _on_notification(
        self, doc: Optional[int], call_id: Optional[int], text: str, ticket: Optional[_core.Ticket]
    ) -> None:
        message = self._read(doc, text)
        name = message.get("method")
        self._observe("notice" if doc is None else "notify", name, None, doc, len(text))
        if doc is None:
            return self._on_notice(str(name), message.get("params"))
        if isinstance(name, str):
            self._calls.event(name, message.get("params", {}), ticket)
        elif ticket is not None:
            ticket.done()
        self._count_event(doc)

    def _on_notice(self, name: str, params: Any) -> None:
        try:
            self._sink.on_notice(name, params)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            log().error("the UI process sent a %s that makes no sense", name, exc_info=error)
            self.port.abandon(f"it sent a {name} that makes no sense ({error!r})")

    def _read(self, doc: Optional[int], text: str) -> dict[str, Any]:
        """A message; the page's may hold anything. What is no message becomes a call of nothing."""
        try:
            if doc is not None:
                _core.check_depth(text)
            message = _rpc.decode(text)
        except (ValueError, RecursionError) as error:
            log().warning("document %s sent a message that cannot be read: %s", doc, error)
            return {}
        return message if isinstance(message, dict) else {}

    def _count_event(self, doc: int) -> None:
        handled = self._handled.get(doc, 0) + 1
        if handled == CREDIT:
            self.port.control(_rpc.notification("$/credit", {"events": handled}), doc)
            handled = 0
        self._handled = {doc: handled}

    # ---- observers ----

    def add_observer(self, observer: Callable[[Observed], None], priority: int) -> None:
        added = [*self._observers, (priority, observer)]
        self._observers = tuple(sorted(added, key=lambda each: -each[0]))

    def remove_observer(self, observer: Callable[[Observed], None]) -> None:
        self._observers = tuple(each for each in self._observers if each[1] != observer)

    def _observe(self, kind: str, name: Any, call_id: Optional[int], doc: Optional[int], size: int) -> None:
        if not self._observers:
            return
        observed = Observed(kind, str(name), call_id, doc, size)
        for _, observer in self._observers:
            guarded("an observer", observer, observed)
