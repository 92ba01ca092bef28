"""What becomes of a view whose UI process or web process crashed (``docs/recovery.md``): one state machine.

::

    running ── crash ──► restarting ── the page is there ──► running
                             │ too many within the policy's time
                             ▼
                          failed ── Reload, or something else is loaded ──► restarting

The host keeps what a view is made of (options, content and address, window, what Python offers, shared state) and
replays it. What the page had asked or was asked is never repeated: who waits is told.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from . import _core, _pages, _process, _rpc
from ._errors import ShutdownInProgressError
from ._log import log

if TYPE_CHECKING:
    from ._view import WebView

#: States of a window that it is in or not; begun anew, a window is brought into them.
_FLAGS = ("minimized", "maximized", "fullscreen")
#: What ``view/create`` calls what ``window/set`` and ``window/changed`` say.
_CREATED = {"title": "title", "visible": "visible", "always_on_top": "always_on_top"}


class RestartPolicy(NamedTuple):
    """How often a view is brought back after a crash: at most ``restarts`` times within ``within`` seconds.

    One crash more, and the view shows a page with a Reload button. ``restarts=0``: never; a view whose UI process is
    gone is closed, and one whose web process is gone stays blank until ``reload()``.

    Raises:
        ValueError: A number makes no sense.
    """

    restarts: int = 5
    #: Seconds.
    within: float = 180.0

    def check(self) -> None:
        """Raises what the class promises."""
        if isinstance(self.restarts, bool) or not isinstance(self.restarts, int) or self.restarts < 0:
            raise ValueError(f"restarts must be 0 or more, not {self.restarts!r}")
        if not self.within > 0:
            raise ValueError(f"within must be more than 0 seconds, not {self.within!r}")


class Crash(NamedTuple):
    """What ``on_crashed`` tells."""

    #: ``"ui"``: the process that owns the windows, and with it all views of this host process; ``"web"``: the one that
    #: runs this view's page.
    process: str
    #: For people.
    reason: str
    #: What the UI process exited with, and the signal that ended it; None: not known, or it was the other.
    exit_code: Optional[int]
    signal: Optional[int]
    #: The last lines that the UI process wrote to its standard error, at most 200.
    log: tuple[str, ...]
    #: What comes now: ``"restarting"``; ``"failed"``: the page with the Reload button; ``"blank"``: nothing until
    #: ``reload()``; ``"closed"``: the end of the view.
    then: str


class Recovery:
    """Connects a view to its UI process, and to the next one. Used by the thread that drains the view, but for
    :meth:`connect`, :meth:`load` and :meth:`window`, which hold the view's lock."""

    def __init__(self, view: WebView, policy: RestartPolicy) -> None:
        policy.check()
        self._view = view
        self._policy = policy
        #: What the UI process runs; None: the view was not shown yet.
        self._program: Optional[str] = None
        #: ``running``, ``restarting`` or ``failed``.
        self.state = "running"
        #: When crashes were, by the monotonic clock.
        self._crashes: list[float] = []
        #: What ``on_crashed`` was not told of.
        self._untold: deque[Crash] = deque()
        #: Documents so far: generations go on in the next UI process.
        self._documents = 0
        #: What was loaded last, and the address that it was at since.
        self._content = ("html", "")
        self._at: Optional[str] = None
        #: A page of ours takes the place of the user's.
        self._notice_comes = False
        #: How often the page with the Reload button came: the second time somebody wants the last page.
        self._shown = 0
        #: How far the page that is to come is.
        self._heard = ""
        self._window: dict[str, Any] = {}

    # ---- what is kept ----

    def load(self, kind: str, what: str) -> None:
        """Loads something, in place of whatever there is."""
        with self._view._life.lock:
            self._content, self._at, self._notice_comes = (kind, what), None, False
            if self.state == "failed":
                self._begin_again()
            self._send_content()

    def show_notice(self, html: str) -> None:
        """Shows a page of ours. A crash brings the user's back, not this one."""
        self._notice_comes = True
        self._send("view/load", {"html": html})

    def window(self, change: dict[str, Any]) -> None:
        """The window was changed, or is to be."""
        kept = {name: value for name, value in change.items() if name not in ("focus", "focused")}
        with self._view._life.lock:
            self._window.update({name: kept[name] for name in _FLAGS if name in kept})
            if self._window.get("maximized") or self._window.get("fullscreen"):
                kept = {name: value for name, value in kept.items() if name not in ("size", "position")}
            self._window.update(kept)

    def on_document(self, doc: int) -> None:
        self._documents = max(self._documents, doc)

    def on_loading(self, state: str, url: str) -> bool:
        """A load went on. True: it is nobody else's business."""
        if self.state == "failed":
            if url.startswith(_pages.CRASHED):
                self._shown += state == "started"
                if self._shown > 1:
                    self.reload()
                return True
            if state != "committed":
                return state == "failed"  # what the crash interrupted
            self._begin_again()  # somebody went elsewhere
        if state == "committed":
            self._at, self._notice_comes = (None if self._notice_comes else url), False
        if self.state == "restarting" and not self._heard and state in ("finished", "failed"):
            return True  # the end of what the crash interrupted
        self._heard = state
        return False

    def after_loading(self, state: str) -> None:
        """The same, after everybody was told."""
        if self.state == "restarting" and state in ("finished", "failed"):
            self.state, self._notice_comes = "running", False
            if state == "finished":
                self._view._raise_event("restored")

    # ---- connecting ----

    def choose(self) -> str:
        """What the UI process runs: the next one what the first one ran, whatever the environment says by then.

        Raises:
            UiProcessError: The executable is missing.
            ShutdownInProgressError: Python is ending, or the host.
        """
        self._program = self._program or _process.startable()
        return self._program

    def start(self) -> _core.Link:
        """The view's UI process, which is started if there is none. Any thread.

        Raises:
            UiProcessError: The UI process cannot start.
            ShutdownInProgressError: Python is ending, or the host.
        """
        return _process.link(self.choose())

    def connect(self) -> None:
        """Connects the view to the UI process, which is started if there is none. Under the view's lock.

        Raises:
            UiProcessError, ShutdownInProgressError: As :meth:`start`.
        """
        link = self.start()
        self._view._port.attach(link, self._beginning(), self._policy.restarts > 0)
        self._view._life.connected(link)

    def _beginning(self) -> list[bytes]:
        """What makes the view what it was."""
        params = self._view._options.wire()
        params.update({_CREATED[name]: value for name, value in self._window.items() if name in _CREATED})
        for names, kept in ((("width", "height"), "size"), (("x", "y"), "position")):
            params.update(zip(names, self._window.get(kept, ())))
        messages = [("view/create", params), ("view/load", self._load_params())]
        if self._documents:
            messages.insert(1, ("view/resume", {"documents": self._documents}))
        flags = {name: True for name in _FLAGS if self._window.get(name)}
        if flags:
            messages.append(("window/set", flags))
        return [_rpc.command(method, params) for method, params in messages]

    def _load_params(self) -> dict[str, str]:
        if self.state == "failed":
            return {"url": _pages.crashed()}
        kind, what = self._content
        return {kind: what} if self._at is None else {kind: what, "at": self._at}

    def _send_content(self) -> None:
        self._send("view/load", self._load_params())

    def _send(self, method: str, params: dict[str, str]) -> None:
        port = self._view._port
        if port.is_attached:
            port.notify(_rpc.command(method, params))
        elif port.lifecycle not in ("creating", "active"):
            raise ShutdownInProgressError("the view is closed")

    # ---- crashes ----

    def on_lost(self, why: str) -> bool:
        """The UI process is gone and the view is not. False: the view has to go, too."""
        view, lost = self._view, self._view._life.link
        view._dispatcher.leave(self._documents)
        if view._life.close_asked or _process.has_ended() or self.state == "failed":
            return False
        self._expect(self._next_state())
        with view._life.lock:
            view._session = None
            view._sync_session()  # waits for the next one
        if not view._life.reconnect(self):
            log().error("%s: the UI process cannot be started again: %s", view._life.name, view._life.failure)
            return False
        self._note(_crash_of_ui(lost, why, self.state))
        return True

    def on_end(self, why: str) -> None:
        """The UI process is gone, and the view goes with it."""
        if not self._view._life.close_asked and not self._view._life.closed.is_set():
            self._note(_crash_of_ui(self._view._life.link, why, "closed"))
            self.tell()
        self._view._life.lost(why)

    def on_web_process(self, reason: str) -> None:
        """The web process is gone; the window is there."""
        then = "blank"
        if self._view._life.close_asked:
            then = "closed"
        elif self._policy.restarts:
            then = self._next_state()
            self._expect(then)
            with suppress(ShutdownInProgressError):
                self._send_content()
        self._note(Crash("web", reason, None, None, _last_words(self._view._life.link), then))
        self.tell()

    def _next_state(self) -> str:
        now = time.monotonic()
        self._crashes = [each for each in self._crashes if now - each < self._policy.within] + [now]
        return "restarting" if len(self._crashes) <= self._policy.restarts else "failed"

    def _note(self, crash: Crash) -> None:
        self._untold.append(crash)
        log().warning("%s: %s (now: %s)", self._view._life.name, crash.reason, crash.then)

    def tell(self) -> None:
        """Tells handlers of the crashes that they do not know of."""
        while self._untold:
            self._view._raise_event("crashed", self._untold.popleft())

    # ---- the end of "failed" ----

    def reload(self) -> bool:
        """The last page is wanted in place of the one with the Reload button. False: that is not there."""
        with self._view._life.lock:
            if self.state != "failed":
                return False
            self._begin_again()
            with suppress(ShutdownInProgressError):
                self._send_content()
        return True

    def _begin_again(self) -> None:
        self._crashes.clear()
        self._expect("restarting")

    def _expect(self, state: str) -> None:
        """A page is to come, of which nothing was heard yet."""
        self.state, self._shown, self._heard = state, 0, ""


def _crash_of_ui(link: Optional[_core.Link], why: str, then: str) -> Crash:
    code, signal, _ = (link.ending if link is not None else None) or (None, None, None)
    return Crash("ui", why, code, signal, _last_words(link), then)


def _last_words(link: Optional[_core.Link]) -> tuple[str, ...]:
    return () if link is None else tuple(link.last_words())
