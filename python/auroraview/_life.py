"""The life of a view: how it opens, who runs its handlers, how it closes, and that it ends exactly once (seed 000
section 9.1, RFC 0002 "Graceful shutdown").

Closing has one deadline. Nothing new is accepted from the moment it is asked for; what was accepted may finish; then
the UI process closes the window and says so, and the thread that drains ends the view.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Callable, Optional, Protocol

from . import _aio, _core, _main, _process, _rpc, _threads
from ._calls import Calls
from ._dispatch import Dispatcher
from ._errors import (
    DeadlockDetectedError,
    DrainError,
    EventLoopClosed,
    ShutdownInProgressError,
    ThreadSafetyError,
    UiProcessError,
    WindowOperation,
)
from ._log import log

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ._loop import Loop

#: How long ``close()`` lets accepted work finish, in seconds (RFC 0002).
CLOSE_TIMEOUT = 5.0
#: What is left if nothing is.
_NOTHING = "nothing of ours; the UI process has not answered yet"
#: How long the UI process may then take to close the view, in seconds; one that takes longer hangs, and is killed.
HANG_TIMEOUT = 2.0


class Connection(Protocol):
    """Connects a view to the UI process. Any thread."""

    def choose(self) -> object:
        """Decides what the UI process runs."""

    def start(self) -> object:
        """Starts the UI process if there is none."""

    def connect(self) -> None:
        """Does the same, and makes the view there. Under the view's lock."""


class Life:
    """Opens and ends one view."""

    def __init__(self, name: str, port: _core.Port, calls: Calls, raise_event: Callable[..., None]) -> None:
        self.name = name
        self._port = port
        self._calls = calls
        self._raise_event = raise_event
        self.dispatcher: Dispatcher  # set by the view, which both serve
        self.shown = threading.Event()
        self.closed = _threads.Latch()
        self.close_asked = False
        #: When the patience with accepted work ends, and then that with the UI process; of the monotonic clock.
        self._deadline: Optional[float] = None
        self._told_to_close_now = False
        self._patience = CLOSE_TIMEOUT
        #: A thread of ours that runs the handlers, and where it waits.
        self._thread: Optional[threading.Thread] = None
        self._desk: Optional[_threads.Desk] = None
        self._failure: Optional[Exception] = None
        self._view: Optional[_process.Shown] = None
        #: The host's loop, if the view lives there.
        self._loop: Optional[Loop] = None
        #: The UI process that the view counts on, or counted on last; None: it was not shown yet.
        self.link: Optional[_core.Link] = None
        #: Level 2; reentrant, since a signal handler may close the view that this thread is showing.
        self.lock = threading.RLock()
        #: Work of the host that closing waits for, by :meth:`begin_operation`. The UI process knows nothing of it.
        self._operations: set[_core.Ticket] = set()
        #: Edges of the lifecycle that are ahead of their turn, by the state that they leave.
        self._edges: dict[str, str] = {}
        self._state = "creating"

    # ---- opening ----

    def open(
        self, connection: Connection, view: _process.Shown, beside: bool = False, own_thread: bool = False
    ) -> None:
        """``beside``: the caller waits for no process to start, as befits a host's main thread; :meth:`connect_beside`
        follows. ``own_thread``: the same; :meth:`run_on_own_thread` follows."""
        with self.lock:
            if self._port.lifecycle in ("close_requested", "destroying", "destroyed"):
                raise ShutdownInProgressError("the view is closed; make a new one")
            if self.shown.is_set():
                raise RuntimeError("the view is shown already; use set_visible(True) to bring a hidden window back")
            if beside or own_thread:
                connection.choose()
                if own_thread:
                    self._make_thread(connection)
                self._port.announce()
            else:
                connection.connect()
            self.shown.set()
        self._view = view
        _process.track(view)

    def connect_beside(self, connection: Connection) -> None:
        """A thread of ours connects. The last that the caller does: from now on that thread wants the GIL, too."""
        start = threading.Thread(target=self._connect_apart, args=(connection,), name="auroraview-start", daemon=True)
        _threads.start_beside(start)

    def _connect_apart(self, connection: Connection) -> None:
        """On a thread that does not run the handlers."""
        if not self._connect(connection):
            with suppress(ThreadSafetyError):  # at the end of everything the view is ended anyhow
                _main.run_on_main_thread(self._end_unconnected)

    def _connect(self, connection: Connection) -> bool:
        """False: it cannot be, and whoever runs the handlers ends the view."""
        try:
            connection.start()  # that takes a while, in which nobody shall have to wait for the lock
            with self.lock:
                if not self.dispatcher.ended:
                    connection.connect()
        except (ShutdownInProgressError, UiProcessError, OSError) as error:
            if not self.close_asked:
                self._failure = error
            return False
        return True

    def _end_unconnected(self) -> None:
        self.end("error" if self._failure else "host")

    def reconnect(self, connection: Connection) -> bool:
        """The UI process is gone: connects to the next one. On the thread that runs the handlers; a host's main thread
        does not wait for it. False: as of :meth:`_connect`."""
        if self._loop is None:
            return self._connect(connection)
        self.connect_beside(connection)
        return True

    def connected(self, link: _core.Link) -> None:
        """The view counts on this UI process now: the first, or the next one after a crash. Under the lock."""
        self.link = link
        if self._loop is not None:
            self._loop.attend(link)

    def run_here(self) -> None:
        """Runs the handlers on the calling thread until the view is closed."""
        self._run()
        self.raise_failure()

    def _make_thread(self, connection: Connection) -> None:
        """With its desk: that the system has none for it is for whoever shows the view."""
        name = f"auroraview-{self.name}"
        thread = threading.Thread(target=self._run_alone, args=(connection,), name=name, daemon=True)
        self._desk, self._thread = _threads.Desk(thread), thread

    def run_on_own_thread(self) -> None:
        """A thread of ours connects, and runs the handlers."""
        if self._thread is not None:
            _threads.start_beside(self._thread)

    def run_in_host(self, loop: Loop) -> None:
        """Runs the handlers on the host's main thread, whose loop calls :meth:`pump` from now on."""
        owner = self.dispatcher.owner
        if owner is not None and owner is not _threads.main():
            raise ThreadSafetyError(f"the handlers of this view run on thread {owner.thread.name!r} already")
        self.dispatcher.owner, self._loop = _threads.main(), loop
        self.dispatcher.wake_loop = loop.bell.ring
        loop.embed(self, self._port)

    def has_something(self) -> bool:
        """Whether :meth:`pump` would find something to do."""
        return self.dispatcher.has_more or (not self.dispatcher.ended and self._port.wait(0, False))

    def has_ended(self) -> bool:
        return self.dispatcher.ended

    def progress(self) -> object:
        """Something that changes with each message that is taken or handled."""
        return self._port.stats()[0]["taken"], self.dispatcher.left

    def next_deadline_in_host(self) -> Optional[float]:
        """Seconds until the host's loop must call :meth:`pump` though nothing came, or None."""
        return None if self.dispatcher.ended else self.dispatcher.next_deadline()

    def pump(self, until: Optional[float] = None) -> bool:
        """One turn on the calling thread, which pumps the view from now on, at most until a moment of the monotonic
        clock. Inside a handler (a dialog of the host, say) it does what a wait there does. True: there is more to do.
        """
        own = _threads.desk()
        dispatcher = self.dispatcher
        if dispatcher.owner is not None and dispatcher.owner is not own:
            raise ThreadSafetyError(
                f"the handlers of this view run on thread {dispatcher.owner.thread.name!r}; call process_events() "
                "there, or make the view with processor=ProcessorConfig.legacy_embedded()"
            )
        if not self.shown.is_set() or dispatcher.ended:
            return False
        dispatcher.owner = own
        with dispatcher.owned():
            self._port.wait(0, own.is_main)
            if dispatcher.is_busy:
                return dispatcher.serve(None)
            dispatcher.turn(until)
        return dispatcher.has_more

    @contextmanager
    def at_home(self) -> Iterator[None]:
        """On the thread that pumps the view, also between two turns: a wait serves the view's page."""
        if self.dispatcher.is_draining_thread():
            with self.dispatcher.owned():
                yield
        else:
            yield

    def _run_alone(self, connection: Connection) -> None:
        own, self._desk = self._desk, None
        if own is not None:
            _threads.take(own)
        with self.dispatcher.owned():
            if not self._connect(connection):
                self._end_unconnected()
            self._run()
        self.log_failure()

    def log_failure(self) -> None:
        """Where nobody may be there whom it could be raised to."""
        if self._failure is not None:
            # As text: the exception would keep the view for as long as somebody keeps the record.
            log().error("%s: %s", self.name, str(self._failure))

    def _run(self) -> None:
        try:
            self.dispatcher.run()
        except KeyboardInterrupt:
            self.request_close()
            self.dispatcher.run()  # a second Ctrl+C gets through
        finally:
            if not self.dispatcher.ended:  # this thread leaves; nobody would drain any more
                self.request_close()
                self.close_now()
                self.end("error")

    @property
    def failure(self) -> Optional[Exception]:
        """Why the view ended, if nobody wanted it to."""
        return self._failure

    def raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    # ---- closing ----

    def request_close(self) -> None:
        """Accepts nothing new from now on, and lets what was accepted finish until the deadline. Returns at once."""
        self.close_asked = True
        with self.lock:  # a view is either shown and then closed, or never shown
            first = self._port.request_close()
            shown = self.shown.is_set()
            if first and shown:
                self._deadline = time.monotonic() + CLOSE_TIMEOUT
                self._finish()
                self._port.nudge()  # the drain may wait for longer than the deadline
        if first and not shown:
            self.end("host")

    def _finish(self) -> None:
        """The UI process closes the view when it is done with it; it begins when the host's own work is done."""
        if not self._operations:
            self._port.control(_rpc.command("view/close", {"finish": True}))

    def begin_operation(self) -> _core.Ticket:
        with self.lock:
            ticket = self._port.begin_operation()
            self._operations.add(ticket)
        return ticket

    def end_operation(self, ticket: _core.Ticket) -> None:
        ticket.done()
        with self.lock:
            if ticket in self._operations:
                self._operations.remove(ticket)
                if self._deadline is not None and not self.dispatcher.ended:
                    self._finish()

    def close(self) -> None:
        self.request_close()
        if self.dispatcher.is_draining_thread() and self._loop is not None and not self._loop.host.has_loop():
            return self.finish_here()  # nobody else would
        if self.dispatcher.is_draining_thread() or _aio.is_own_thread():
            return
        try:
            if self.closed.wait(CLOSE_TIMEOUT + 2 * HANG_TIMEOUT, self.dispatcher.owner, self._port):
                return
        except DeadlockDetectedError as error:
            log().info("%s: close() does not wait: %s", self.name, error)
            return
        log().warning("%s: close() does not wait any longer; left: %s", self.name, self.what_is_left())
        self.close_now()  # the window goes, whatever its handlers do

    def finish_here(self) -> None:
        """On the thread that runs the handlers, where nobody makes it do so: runs them to the end."""
        if self.dispatcher.is_draining_thread() and not self.dispatcher.ended and not self.dispatcher.is_busy:
            self.dispatcher.run(time.monotonic() + CLOSE_TIMEOUT + 2 * HANG_TIMEOUT)

    def hurry(self, until: float) -> None:
        """Everything ends: closes, and lets accepted work finish only until a moment of the monotonic clock."""
        with self.lock:
            self.request_close()
            if self._deadline is not None and self._deadline > until:
                self._deadline, self._patience = until, max(0.0, until - time.monotonic())
                self._port.nudge()

    def finish(self, until: float) -> None:
        """After :meth:`hurry`: returns when the view is gone, or at that moment, whatever it does."""
        with suppress(DeadlockDetectedError):
            if not self.dispatcher.is_draining_thread():
                self.closed.wait(_left(until), self.dispatcher.owner, self._port)
            elif not self.dispatcher.is_busy:  # nobody else would
                self.dispatcher.run(time.monotonic() + _left(until), self.closed.is_set)
        if self.closed.is_set():
            own = self._thread
            if own is not None and own is not threading.current_thread() and own.is_alive():
                own.join(_left(until))
            return
        log().warning("%s: left behind at the end: %s", self.name, self.what_is_left())
        self.close_now()
        if self._view is not None:
            _process.untrack(self._view)  # nobody waits for it again
        if self.dispatcher.owner is None or self.dispatcher.is_draining_thread():
            self.end("host")

    def wait(self, timeout: Optional[float]) -> bool:
        if self.dispatcher.is_draining_thread():
            if self._calls.stack:
                raise DeadlockDetectedError(
                    "wait() in a handler of the view waits for itself: the view is closed after its handlers returned"
                )
            until = None if timeout is None else time.monotonic() + timeout
            self.dispatcher.run(until)
            closed = self.closed.is_set()
        else:
            closed = self.closed.wait(timeout, self.dispatcher.owner, self._port)
        if closed:
            self.raise_failure()
        return closed

    def wait_for_drain(self, timeout: float) -> None:
        own_handler = self.dispatcher.is_draining_thread() and self._calls.stack
        if own_handler or _aio.is_own_thread():
            raise DeadlockDetectedError(
                "wait_for_drain() in a handler of the view waits for itself: the handler is part of what must finish"
            )

        def drained() -> bool:
            return not self._port.pending_count

        watch = self._port.watch_drain(_threads.desk().bell)
        if self.dispatcher.is_draining_thread():  # it pumps the view itself: nobody else would
            self.dispatcher.run(time.monotonic() + timeout, drained)
        else:
            _threads.wait_until(drained, timeout, wait=_threads.Wait(None, self.dispatcher.owner), port=self._port)
        del watch
        if not drained():
            raise DrainError(f"not finished within {timeout:g} s: {self.what_is_left()}")

    def what_is_left(self) -> str:
        """Names accepted work that is not finished."""
        left = [f"{_threads.location(handler)} runs" for handler in list(self._calls.stack)]
        running = len(self._calls.running())
        if running:
            left.append(f"{running} async handler{'s' * (running > 1)} running")
        if self._operations:
            left.append(f"operations of the host: {len(self._operations)}")
        pending = self._port.pending_count
        if pending:
            left.append(f"{pending} accepted and unfinished in all")
        backlog = self._port.stats()[0]["backlog"]
        if backlog:
            left.append(f"{backlog} messages that the page has not taken")
        return ", ".join(left) or _NOTHING

    def next_deadline(self) -> Optional[float]:
        """Seconds until the drain must look here again, or None."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def check_deadline(self) -> None:
        if self._deadline is None or time.monotonic() < self._deadline:
            return
        if not self._told_to_close_now:
            self._deadline += HANG_TIMEOUT
            left = self.what_is_left()
            # At the end a slow machine is nobody's business.
            level = logging.INFO if left == _NOTHING and self._patience < CLOSE_TIMEOUT else logging.WARNING
            log().log(
                level, "%s: not finished within %g s after close(), and given up: %s", self.name, self._patience, left
            )
            self._calls.cancel_all()
            self.close_now()
        else:
            self._deadline = None
            self._port.abandon(f"it did not close a view within {HANG_TIMEOUT:g} s")

    def close_now(self) -> None:
        """Tells the UI process to close the view without waiting for anything."""
        self._told_to_close_now = True
        self._port.control(_rpc.command("view/close", {"finish": False}))

    # ---- the end ----

    def failed(self, message: str) -> None:
        """The UI process could not make the view."""
        error = WindowOperation(f"the view could not be made: {message}")
        error.operation = "show"
        self._failure = error
        self.end("error")

    def broken(self, error: BaseException) -> None:
        """The view's turns only raise: nothing that comes for it can be handled any more."""
        self.close_now()
        self._failure = EventLoopClosed(f"the view is ended: each of its turns raised {error!r}")
        self._failure.__cause__ = error
        self.log_failure()
        self.end("error")

    def lost(self, why: str) -> None:
        """The UI process is gone."""
        if not self.close_asked:
            self._failure = UiProcessError(why + _process.advice(why))
        self.end("error" if self._failure else "host")

    def end(self, reason: str) -> None:
        """The view is gone: ends the drain, lets async handlers end, and says so. Only the first call counts."""
        if self.dispatcher.ended:
            return
        self.dispatcher.ended = True
        self._finish_async(host_closed=reason == "host")
        self.dispatcher.give_up()
        self._port.destroy()
        self.dispatcher.give_up()  # the last edge of the lifecycle
        if self._view is not None:
            _process.untrack(self._view)
        self._raise_event("closed", reason)
        self.closed.set()

    def _finish_async(self, host_closed: bool) -> None:
        """Handlers of events may finish if we closed; those of calls have nobody left to answer. Then all are
        cancelled."""
        until = self._deadline or time.monotonic() + CLOSE_TIMEOUT
        if host_closed:
            self._calls.cancel_all(but_events=True)
            if self._async_ended(until):
                return
        self._calls.cancel_all()
        self._async_ended(max(until, time.monotonic() + 1.0))

    def _async_ended(self, until: float) -> bool:
        own = _threads.desk()
        left = set(self._calls.running())

        def one_ended(future: Future[Any]) -> None:
            left.discard(future)  # what its end means for others, such as its event's ticket, is done
            own.ring()

        for each in list(left):
            each.add_done_callback(one_ended)

        def ended() -> bool:
            return not left

        return ended() if _aio.is_own_thread() else _threads.wait_until(ended, until - time.monotonic())

    # ---- lifecycle ----

    def edge(self, left: str, entered: str) -> None:
        """Two threads may report two edges in either order: each is told after the one that entered the state it
        leaves."""
        self._edges[left] = entered
        while self._state in self._edges:
            self._state = self._edges.pop(self._state)
            self._raise_event("lifecycle", self._state)

    def disown(self) -> None:
        """In a forked child: the view belongs to the parent."""
        self.closed.set()
        self.dispatcher.ended = True


def _left(until: float) -> float:
    """Seconds until a moment of the monotonic clock; a few milliseconds if it has passed, to see what is there."""
    return max(0.02, until - time.monotonic())
