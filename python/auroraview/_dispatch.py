"""The one drain of a view: every message of its page and of the UI process passes here, whatever the run mode.

To add a kind of message: a row in ``Dispatcher._kinds``.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable, NamedTuple, Optional, Protocol

from . import _core, _ext, _rpc, _threads
from ._answers import Answers
from ._calls import Call, Calls, guarded
from ._log import TRACING, flush, log, pass_on, say
from ._processing import ProcessorConfig

#: Messages that are taken at once.
BATCH = 256
#: The same where a turn has a time: reading a long one takes a while.
SLICE = 8
#: Handled events are reported to the page this often, so that it may send more.
CREDIT = 1024
#: So many bytes that came with an event count as another event.
EVENT_BYTES = 16 << 10
#: After a handler that took longer, in seconds, the drain looks whether the page gave up what waits. Looking lets go of
#: the GIL, which beside a busy thread takes longer than most handlers.
LOOK_AGAIN = 0.001
#: Turns of streams in one turn of the drain: a page that keeps up with them must not keep it there.
TURNS = 16
#: What a page waits for: its calls, and the streams that answer them.
ASKED = frozenset(("request", "resume"))
#: Calls that a page may give up before they arrive; it may not have more pending.
MAX_GIVEN_UP = 4096

#: In the text of a notice that a document came.
_DOCUMENT = '"view/document"'

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
    def on_lost(self, why: str) -> bool: ...
    def on_end(self, why: str) -> None: ...
    def tell_crashes(self) -> None: ...
    def on_edge(self, left: str, entered: str) -> None: ...
    def on_state(self, doc: int, params: Any) -> None: ...
    def on_health(self, doc: int, params: Any) -> None: ...
    def on_unreadable(self, doc: int, text: str) -> None: ...
    def next_deadline(self) -> Optional[float]: ...
    def on_gone(self, doc: int) -> None: ...
    def after_turn(self) -> None: ...
    def check_deadline(self) -> None: ...


class Dispatcher:
    """Drains a view's port on whichever thread calls :meth:`run` or :meth:`turn`, one at a time."""

    def __init__(self, port: _core.Port, calls: Calls, answers: Answers, budget: ProcessorConfig, sink: Sink) -> None:
        self.port = port
        self._calls = calls
        self._answers = answers
        #: How much a turn may do.
        self.budget = budget
        self._sink = sink
        #: Taken from the port and not handled yet.
        self._waiting: deque[Message] = deque()
        #: A turn had no time to take all.
        self._left_some = False
        #: Taken from the port in the middle of a handler, and not handled yet: what passes everything else.
        self._urgent: deque[Message] = deque()
        #: When the link was last looked at, by the monotonic clock.
        self._looked = 0.0
        #: Who drains; None: nobody now.
        self.owner: Optional[_threads.Desk] = None
        #: The document whose events are counted, and how many were handled that it was not told of.
        self._credited = self._handled = 0
        #: Document and id of the last call that was taken, and of calls that were given up before they were.
        self._newest = (0, 0)
        self._given_up: set[tuple[int, int]] = set()
        #: The newest document that is known to be gone; 0: none.
        self._gone = 0
        self._observers: tuple[tuple[int, Callable[[Observed], None]], ...] = ()
        self._turning = False
        #: Makes the host's loop, which a handler may run, look at what waits behind that handler.
        self.wake_loop: Callable[[], None] = lambda: None
        self.ended = False
        self._kinds: dict[str, Callable[[Optional[int], Optional[int], str, Optional[_core.Ticket]], None]] = {
            "request": self._on_request,
            "notify": self._on_notification,
            "log": lambda doc, call_id, text, ticket: pass_on(text),
            "lost": lambda doc, call_id, text, ticket: self._sink.on_end(text),
            "crashed": lambda doc, call_id, text, ticket: self._sink.tell_crashes(),
            "resume": lambda doc, call_id, text, ticket: calls.streams.resume((doc or 0, call_id or 0)),
        }
        calls.take_urgent = self._take_urgent
        calls.streams.schedule = self._schedule
        calls.streams.others_wait = lambda: bool(self._waiting)

    def may_close(self) -> bool:
        """Asks the handlers of ``on_closing``."""
        return self._sink.may_close()

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
                    self._look(self.next_deadline(until), is_main)
                elif time.monotonic() - self._looked > LOOK_AGAIN:
                    self._look(0, is_main)
                self.turn()
                if self.budget.mode == "batch":
                    self._finish_frame(is_main)

    @property
    def is_busy(self) -> bool:
        """Whether the draining thread is in the middle of a turn or of a handler: the host's loop may run inside of
        one."""
        return self._turning or bool(self._calls.stack)

    @property
    def has_more(self) -> bool:
        """Whether the last turn left something."""
        return (bool(self._waiting) or self._left_some) and not self.ended

    @property
    def left(self) -> int:
        """How many messages were taken and not handled."""
        return len(self._waiting)

    def turn(self, until: Optional[float] = None) -> None:
        """Handles what is there, one message at least, within the budget and until a moment of the monotonic clock.
        What is left waits for the next turn."""
        self._turning = True
        try:
            self._turn(until)
        finally:
            self._turning = False

    def _turn(self, until: Optional[float]) -> None:
        budget = self.budget
        if budget.max_ms:
            own = time.monotonic() + budget.max_ms / 1000
            until = own if until is None else min(own, until)
        left = budget.max_messages or None
        self._take(until)
        if len(self._waiting) > 1:
            self.wake_loop()
        streams = TURNS
        while self._waiting and left != 0 and streams:
            kind, doc, call_id, text, ticket = self._waiting.popleft()
            self._kinds[kind](doc, call_id, text, ticket)
            streams -= kind == "resume"
            left = None if left is None else left - 1
            if until is not None and time.monotonic() >= until:
                break
            if self._waiting and self._waiting[0][0] in ASKED and time.monotonic() - self._looked > LOOK_AGAIN:
                self._look(0, False)  # a cancel may have come while the last handlers ran
                self._take(until)
        self._sink.after_turn()

    def _look(self, timeout: Optional[float], is_main: bool) -> None:
        self.port.wait(timeout, is_main)
        self._looked = time.monotonic()

    def _finish_frame(self, is_main: bool) -> None:
        """What comes until the frame ends is handled together after it; what is urgent, due or the end does not
        wait."""
        until = time.monotonic() + self.budget.frame_ms / 1000
        while self.port.lifecycle == "active" and time.monotonic() < until:
            self.port.wait(self.next_deadline(until), is_main, urgent=True)
            self._take()

    def next_deadline(self, until: Optional[float] = None) -> Optional[float]:
        """Seconds until the drain must look again, or None."""
        here = None if until is None else max(0.0, until - time.monotonic())
        deadlines = [here, self._answers.next_deadline(), self._sink.next_deadline()]
        return min((each for each in deadlines if each is not None), default=None)

    def newest_call(self) -> tuple[int, int]:
        """Document and id of the last call that came. A page numbers its calls upward."""
        self._take()
        return self._newest

    def serve(self, after: Optional[tuple[int, int]]) -> bool:
        """While a handler waits: handles the calls of its page and advances their streams (those ``after`` a mark), and
        leaves events. True: a stream can go on, so the wait must not sleep."""
        if self.ended:
            self.give_up()  # what is left in the inbox would end each wait at once
            return False
        self._take()

        def is_served(message: Message) -> bool:
            return message[0] in ASKED and (after is None or (message[1] or 0, message[2] or 0) > after)

        for message in [each for each in self._waiting if is_served(each)]:
            if message in self._waiting:  # a nested wait may have served it
                self._waiting.remove(message)
                kind, doc, call_id, text, ticket = message
                self._kinds[kind](doc, call_id, text, ticket)
        return any(is_served(each) for each in self._waiting)

    def give_up(self) -> None:
        """The view is gone: what was accepted and not begun is answered as cancelled."""
        self._take()
        while self._waiting:
            kind, doc, call_id, _, ticket = self._waiting.popleft()
            if kind == "request" and doc is not None:
                self._calls.never_start(Call(doc, call_id or 0, ticket))
            elif ticket is not None:
                ticket.cancel()
        self._calls.streams.end()
        self._answers.end()

    def _take(self, until: Optional[float] = None) -> None:
        """Takes what is there, as far as it comes until a moment of the monotonic clock; what passes everything else is
        handled at once."""
        if TRACING:
            flush()
        self._answers.expire()
        _threads.desk().run_jobs(until)
        while self._urgent:
            self._sort(self._urgent.popleft())
        self._left_some = False
        while batch := self.port.drain(BATCH if until is None else SLICE):
            for message in batch:
                self._sort(message)
            if until is None:
                break
            if time.monotonic() >= until:
                self._left_some = True
                break

    def _sort(self, message: Message) -> None:
        kind, doc, call_id, text, ticket = message
        if kind == "notify" and doc is not None:
            self._waiting.append(message)
        elif kind == "response" and call_id is not None:
            self._answers.answer(call_id, self._read(doc, text, ticket))
        elif kind == "lifecycle":
            left, entered = text.split()
            if entered == "close_requested":
                self._calls.streams.cancel_all()  # one that goes on for ever would keep the view open
            self._sink.on_edge(left, entered)
        elif kind == "control" and doc is not None:
            self._control(doc, text, ticket)
        elif kind == "request" and doc is not None:
            self._take_request(message)
        elif kind == "lost":
            outlives = self.port.lifecycle in ("creating", "active") and self._sink.on_lost(text)
            self._waiting.append(("crashed", None, None, "", None) if outlives else message)
        elif kind == "notify" and _DOCUMENT in text[:64]:
            self._on_notification(doc, call_id, text, None)  # a wait serves calls, and must know whose they are
        else:
            self._waiting.append(message)

    def _take_urgent(self) -> None:
        """In the middle of a handler: takes what passes everything else and looks whether a call was given up. Nobody's
        code runs. Any thread; the draining one does the rest when it takes the next time."""
        own = _threads.desk()
        if self.owner is own:
            self.port.wait(0, False, urgent=True)
            self._sink.check_deadline()
        else:
            self.port.wait_with(own.bell, 0, False)
        for message in self.port.drain_urgent(BATCH):
            self._urgent.append(message)
            kind, doc, _, text, ticket = message
            if kind == "control" and doc is not None and ticket is None:
                method, params, _ = self._control_of(doc, text)
                if method == "$/gone":
                    self._calls.mark_cancelled(doc, None)
                elif method == "$/cancelRequest" and isinstance(params.get("id"), int):
                    self._calls.mark_cancelled(doc, params["id"])

    def _schedule(self, key: tuple[int, int]) -> None:
        """A stream gets a turn after what waits."""
        self._waiting.append(("resume", *key, "", None))
        if not (self._turning and self.is_draining_thread()):
            self.port.nudge()

    def _take_request(self, message: Message) -> None:
        _, doc, call_id, _, ticket = message
        key = (doc or 0, call_id or 0)
        self._newest = key
        if key[0] <= self._gone:
            self._calls.never_start(Call(*key, ticket))
        elif key in self._given_up:
            self._given_up.discard(key)
            self._calls.never_start(Call(*key, ticket))
        else:
            self._waiting.append(message)

    def _control(self, doc: int, text: str, ticket: Optional[_core.Ticket]) -> None:
        """Cancels pass everything else, also the call that they are for: a call that has not started never starts."""
        method, params, attached = self._control_of(doc, text, ticket)
        if method == "$/cancelRequest" and isinstance(params.get("id"), int):
            self._cancel(doc, params["id"])
        elif method == "$/credit" and isinstance(params.get("call"), int) and isinstance(params.get("items"), int):
            self._calls.streams.credit((doc, params["call"]), params["items"])
        elif method == "$/progress":
            self._calls.page_streams.on_progress(doc, params, len(text) + attached)
        elif method == "$/gone":
            self._leave(doc)
        elif method == "$/health":
            self._sink.on_health(doc, params)
        elif TRACING and method == "$/log":
            say(10, "auroraview.page", f"doc={doc} {params.get('text')}", params.get("time"))
        # Anything else is of a later version; nobody waits for an answer.

    def _control_of(
        self, doc: int, text: str, ticket: Optional[_core.Ticket] = None
    ) -> tuple[Any, dict[str, Any], int]:
        """Method and params, and how many bytes came with it."""
        message = self._read(doc, text, ticket)
        params = message.get("params")
        return message.get("method"), params if isinstance(params, dict) else {}, sum(_ext.lengths(message))

    def leave(self, doc: int) -> None:
        """The UI process is gone, with the documents up to this one. What it said of the window holds no longer."""
        for message in [each for each in self._waiting if each[1] is None and each[0] in ("notify", "request")]:
            self._waiting.remove(message)
        self._leave(doc)

    def _leave(self, doc: int) -> None:
        """A document is gone, and nobody waits for what it asked."""
        self._gone = max(self._gone, doc)
        self._given_up = {each for each in self._given_up if each[0] > doc}
        for waiting in [each for each in self._waiting if each[0] == "request" and 0 < (each[1] or 0) <= doc]:
            self._waiting.remove(waiting)
            self._calls.never_start(Call(waiting[1] or 0, waiting[2] or 0, waiting[4]))
        self._calls.cancel_document(doc)
        self._sink.on_gone(doc)

    def _cancel(self, doc: int, call_id: int) -> None:
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

    def _on_request(
        self, doc: Optional[int], call_id: Optional[int], text: str, ticket: Optional[_core.Ticket]
    ) -> None:
        message = self._read(doc, text, ticket, self._calls.page_streams.of(doc or 0, call_id or 0))
        if self._observers:
            self._observe("request", message.get("method"), call_id, doc, len(text))
        if doc is not None:
            self._calls.call(Call(doc, call_id or 0, ticket), message)
        elif message.get("method") == "window/closing" and call_id is not None:
            self.port.control(_rpc.result(call_id, self._sink.may_close()), None, call_id)

    def _on_notification(
        self, doc: Optional[int], call_id: Optional[int], text: str, ticket: Optional[_core.Ticket]
    ) -> None:
        message = self._read(doc, text, ticket)
        name = message.get("method")
        if self._observers:
            self._observe("notice" if doc is None else "notify", name, None, doc, len(text))
        if doc is None:
            return self._on_notice(str(name), message.get("params"))
        if isinstance(name, str) and name != "$/state":
            self._calls.event(name, message.get("params", {}), ticket)
        else:
            if name == "$/state":
                self._sink.on_state(doc, message.get("params"))
            if ticket is not None:
                ticket.done()
        self._count_event(doc, 1 + sum(_ext.lengths(message)) // EVENT_BYTES if "ext" in message else 1)

    def _on_notice(self, name: str, params: Any) -> None:
        try:
            self._sink.on_notice(name, params)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            log().error("the UI process sent a %s that makes no sense", name, exc_info=error)
            self.port.abandon(f"it sent a {name} that makes no sense ({error!r})")

    def _read(
        self,
        doc: Optional[int],
        text: str,
        ticket: Optional[_core.Ticket] = None,
        open_stream: Optional[Callable[[int], Any]] = None,
    ) -> dict[str, Any]:
        """A message; the page's may hold anything. What is no message becomes a call of nothing."""
        try:
            message = _rpc.decode(text)
            if isinstance(message, dict) and "ext" in message:
                _ext.restore_message(message, ticket, open_stream)
        except (ValueError, RecursionError) as error:
            text = text.removeprefix(_core.TOO_DEEP)
            log().warning("document %s sent a message that cannot be read: %s", doc, error)
            if doc is not None:
                self._sink.on_unreadable(doc, text)
            return {}
        return message if isinstance(message, dict) else {}

    def _count_event(self, doc: int, weight: int) -> None:
        if doc != self._credited:
            self._credited, self._handled = doc, 0
        self._handled += weight
        if self._handled >= CREDIT:
            self.port.control(_rpc.notification("$/credit", {"events": self._handled}), doc)
            self._handled = 0

    # ---- observers ----

    def add_observer(self, observer: Callable[[Observed], None], priority: int) -> None:
        added = [*self._observers, (priority, observer)]
        self._observers = tuple(sorted(added, key=lambda each: -each[0]))

    def remove_observer(self, observer: Callable[[Observed], None]) -> None:
        self._observers = tuple(each for each in self._observers if each[1] != observer)

    def _observe(self, kind: str, name: Any, call_id: Optional[int], doc: Optional[int], size: int) -> None:
        observed = Observed(kind, str(name), call_id, doc, size)
        for _, observer in self._observers:
            guarded("an observer", observer, observed)
