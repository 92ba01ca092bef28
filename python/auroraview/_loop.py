"""The host's main thread, as we share it with the host: one drain for the functions that are handed to it and for the
views that live there (``dcc_mode``).

A bell wakes it. Everything that is for that thread rings the bell, from any thread and without the GIL: the inboxes of
its views and its desk. The host's adapter then calls :meth:`Loop.drain`, which silences the bell first and looks at
everything afterwards, so that no wake-up is lost; a burst rings once (``crates/core/tests/models/wake.rs``). While the
host's loop runs nobody of ours waits for the link there, so a thread of ours does.
"""

from __future__ import annotations

import threading
import time
from typing import Callable, Optional, Protocol

from . import _core, _threads, _watchdog, hosts
from ._errors import ThreadSafetyError
from ._log import log
from .hosts._host import Host
from .hosts.plain import Plain

#: How long one drain begins functions and messages, in seconds; what is left comes after events of the host. The last
#: one may take as long again. One message of each view is handled in any case.
BUDGET = 0.0005
#: How long a loop that turns may take to come to a drain, in seconds.
TURN = 0.05
#: So often in a row a view's turn may raise though nothing of it came further; then the view ends.
MAX_FAILURES = 10
#: A moment that comes at most so much earlier, in seconds, changes no alarm.
TOLERANCE = 0.0005


class Embedded(Protocol):
    """A view whose handlers run on the host's main thread."""

    link: Optional[_core.Link]

    def pump(self, until: Optional[float] = None) -> bool: ...
    def has_something(self) -> bool: ...
    def request_close(self) -> None: ...
    def next_deadline_in_host(self) -> Optional[float]: ...
    def has_ended(self) -> bool: ...
    def progress(self) -> object: ...
    def broken(self, error: BaseException) -> None: ...
    def log_failure(self) -> None: ...


class Loop:
    """The host's loop. There is one in a process, whatever host it turns out to be."""

    def __init__(self) -> None:
        self.host: Host = Plain()
        #: Rung for everything that the host's main thread shall look at.
        self.bell = _core.Bell()
        self._lock = threading.Lock()
        self._settled = False
        #: The adapter calls the drain itself; else it is posted.
        self._calls_drain = False
        self._is_posted = False
        #: How many drains are on the main thread's stack: the host may run its loop in a handler.
        self._inside = 0
        self._skipped = False
        #: Set by a drain inside of another one.
        self._turned: Optional[threading.Event] = None
        self._views: list[Embedded] = []
        #: How far a view was when its turn raised, and how often it has raised there.
        self._failures: dict[Embedded, tuple[object, int]] = {}
        self._waiter: Optional[_Waiter] = None

    # ---- which host ----

    def settle(self) -> None:
        """Takes the host as it is now. Any thread.

        Raises:
            ThreadSafetyError: The host has to be met on its main thread first.
        """
        host = hosts.current()
        if host is self.host and self._settled:
            return
        with self._lock:
            if host is self.host and self._settled:
                return
            former, self.host, self._settled = self.host, host, True
        if self._calls_drain:
            former.stop()
        if host.on_main_thread() or not host.has_loop():
            return self._start()
        try:
            host.post(self._start)
        except ThreadSafetyError:
            self._settled = False
            raise
        _threads.main().bell.echo(self.bell)

    def _start(self) -> None:
        """On the host's main thread; where there is no loop, on any."""
        has_loop = self.host.has_loop()
        if has_loop:
            _threads.claim_main()
            _watchdog.configure()
        self._views = [view for view in self._views if not view.has_ended()]
        self._change_wakeup(has_loop and self.host.start(self.drain, self.bell))
        self._is_posted = False  # what was posted to another host may never run
        if has_loop:
            self.host.on_quit(self._host_quits)
        _threads.main().bell.echo(self.bell if has_loop else None)
        if self._views or (has_loop and not self._calls_drain):
            self.attend(self._views[-1].link if self._views else None)
        self.bell.ring()  # for what came before

    @property
    def runs_what_it_is_handed(self) -> bool:
        """Whether a function for the main thread comes to run: only a batch mode may never look for one."""
        return self.host.has_loop() or isinstance(self.host, Plain) or _threads.main().serves

    # ---- views ----

    def embed(self, view: Embedded, port: _core.Port) -> None:
        """From now on the host's main thread runs the handlers of ``view``. Any thread."""
        if view in self._views:
            return
        self._views.append(view)
        port.embed(self.bell)
        self.attend(view.link)

    def attend(self, link: Optional[_core.Link]) -> None:
        """Reads this link from now on, while the host's loop runs. Any thread."""
        with self._lock:
            if self._waiter is None:
                bell = _core.Bell() if self._calls_drain else self.bell
                self._waiter = _Waiter(bell, None if self._calls_drain else self._post, self.bell.ring)
                self._waiter.start()
        self._waiter.attend(link)

    def _change_wakeup(self, calls_drain: bool) -> None:
        """The adapter calls the drain, or it is posted. Another thread may make a waiter meanwhile, and one of the
        other kind would take the wake-ups of this one."""
        with self._lock:
            self._calls_drain = calls_drain
            waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.stop()

    def end(self) -> None:
        """Python ends: no thread of ours is left that could touch it. On the main thread."""
        self._change_wakeup(self._calls_drain)
        if self._calls_drain:
            self.host.stop()

    def _host_quits(self) -> None:
        """The views begin to close while the host's loop still turns; Python's end waits for the rest."""
        for view in list(self._views):
            view.request_close()

    # ---- draining ----

    def _post(self) -> None:
        """Makes the main thread drain, once however often it is asked."""
        if self._is_posted:
            return
        self._is_posted = True
        try:
            (self.host if self.host.has_loop() else Plain()).post(self.drain)
        except Exception as error:  # noqa: BLE001 - the host may be going
            self._is_posted = False
            log().error("%s does not take what is for its main thread", self.host.name, exc_info=error)

    def drain(self) -> bool:
        """Runs what is there, within a budget; what is left wakes the host again. On the main thread, also inside of
        itself when a handler runs the host's loop. Raises nothing. True: there was something."""
        self._is_posted = False
        if self._calls_drain and not self.bell.silence():  # else the waiting thread hears the bell, and has posted this
            return False
        nested, own, turned = self._inside > 0, _threads.desk(), self._turned
        if nested and turned is not None:
            turned.set()
        if own.depth >= _threads.MAX_DEPTH:
            self._skipped = True
            return True
        self._inside += 1
        own.depth += nested
        more = False
        try:
            if len(own.jobs) + sum(map(_has_something, self._views)) > 1:
                self.bell.ring()  # the first handler may run the host's loop, which must know of the others
            until = time.monotonic() + BUDGET
            more = own.run_jobs(until)
            for view in list(self._views):
                more |= self._pump(view, until)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - none may end the application
            more = True
            if isinstance(self.host, Plain):
                raise
            log().error("a function on the main thread of %s raised", self.host.name, exc_info=error)
        finally:
            own.depth -= nested
            self._inside -= 1
            if more or (self._skipped and not nested):
                self._skipped = False
                self.bell.ring()
            self._set_alarm()
        return True

    def turns_inside(self) -> bool:
        """Whether the host's loop runs inside of what it called: a dialog of the host, say. Waits a moment for that. On
        another thread."""
        if not self.host.has_loop():
            return False
        self._turned = turned = threading.Event()
        self.bell.ring()
        return turned.wait(TURN)

    def _pump(self, view: Embedded, until: float) -> bool:
        try:
            more = view.pump(until)
            self._failures.pop(view, None)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - none may end the application
            if isinstance(self.host, Plain):
                raise
            log().error("a handler on the main thread of %s raised", self.host.name, exc_info=error)
            self._failed(view, error)
            more = True
        if view.has_ended() and view in self._views:
            self._views.remove(view)
            self._failures.pop(view, None)
            view.log_failure()
        return more

    def _failed(self, view: Embedded, error: BaseException) -> None:
        """The rest of what waits for the view has its turn after this, unless there is no end to it."""
        here, (former, times) = view.progress(), self._failures.get(view, (None, 0))
        times = times + 1 if here == former else 1
        self._failures[view] = (here, times)
        if times == MAX_FAILURES and view in self._views:
            self._views.remove(view)  # whatever becomes of it, it has no turn any more
            del self._failures[view]
            view.broken(error)

    def _set_alarm(self) -> None:
        """A wait of ours has deadlines; the host's loop gets its from the thread that waits beside it."""
        if self._waiter is not None:
            left = [each.next_deadline_in_host() for each in self._views]
            self._waiter.set_alarm(min((each for each in left if each is not None), default=None))

    def forget_after_fork(self) -> None:
        """The threads and bells of the parent are not this process's."""
        self.__init__()  # type: ignore[misc]


def _has_something(view: Embedded) -> bool:
    try:
        return view.has_something()
    except Exception:  # noqa: BLE001 - its turn says so
        return True


class _Waiter:
    """A thread that waits, without the GIL, for the link and for a moment, while the main thread is in the host's loop.

    It reads messages into inboxes and drains none. It takes the GIL only to post where the host must be posted to.
    """

    def __init__(self, bell: _core.Bell, post: Optional[Callable[[], None]], wake: Callable[[], None]) -> None:
        self._bell = bell
        self._post = post
        self._wake = wake
        self._link: Optional[_core.Link] = None
        #: Of the monotonic clock; None: no alarm.
        self._alarm: Optional[float] = None
        self._stopping = False
        self._runs = threading.Event()
        self._thread = threading.Thread(target=self._run, name="auroraview-link", daemon=True)

    def start(self) -> None:
        _threads.start_beside(self._thread)

    def attend(self, link: Optional[_core.Link]) -> None:
        """Reads this link from now on. Any thread."""
        if link is not None and link is not self._link:
            self._link = link
            self._bell.ring()

    def set_alarm(self, left: Optional[float]) -> None:
        """Wakes the main thread in ``left`` seconds, or (None) not by itself. Any thread."""
        former, alarm = self._alarm, None if left is None else time.monotonic() + left
        if alarm is not None and (former is None or alarm < former - TOLERANCE):
            self._alarm = alarm
            self._bell.ring()

    def stop(self) -> None:
        self._stopping = True
        self._bell.ring()
        if self._runs.wait(2.0):
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        self._runs.set()
        while True:
            link, alarm = self._link, self._alarm
            if link is not None and link.lost is not None:
                link = None  # nothing comes by it any more
            left = None if alarm is None else max(0.0, alarm - time.monotonic())
            rung = self._bell.wait(left, False) if link is None else link.wait_with(self._bell, left)
            if self._stopping:
                return
            if not rung:
                self._alarm = None
                self._wake()
            elif self._post is not None:
                self._post()


_loop = Loop()
_watchdog.loop_turns = _loop.turns_inside


def current() -> Loop:
    """The loop of the host as it is now. Any thread.

    Raises:
        ThreadSafetyError: The host has to be met on its main thread first.
    """
    _loop.settle()
    return _loop


def end() -> None:
    """Before finalisation begins: no thread of ours may touch Python after it."""
    _loop.end()


def forget_after_fork() -> None:
    _loop.forget_after_fork()
