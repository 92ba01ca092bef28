"""The one drain of a view: every message of its page and of the UI process passes here, whatever the run mode."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Callable, Optional

from . import _core, _rpc
from ._answers import Answers
from ._calls import Calls
from ._log import log

#: Messages that are taken at once.
BATCH = 256
#: Handled events are reported to the page this often, so that it may send more.
CREDIT = 1024
#: How deep handlers may wait for the page while they serve its calls.
MAX_DEPTH = 8

Message = tuple[str, Optional[int], Optional[int], str]


class Dispatcher:
    """Drains a view's port on whichever thread calls :meth:`run` or :meth:`drain`, one at a time."""

    def __init__(
        self,
        port: _core.Port,
        calls: Calls,
        answers: Answers,
        on_notice: Callable[[str, Any], None],
        on_closing: Callable[[], bool],
        on_lost: Callable[[str], None],
    ) -> None:
        self._port = port
        self._calls = calls
        self._answers = answers
        self._on_notice = on_notice
        self._on_closing = on_closing
        self._on_lost = on_lost
        #: Taken from the port and not handled yet.
        self._waiting: deque[Message] = deque()
        self._thread: Optional[int] = None
        self._depth = 0
        self._handled: dict[int, int] = {}
        self.ended = False

    def is_draining_thread(self) -> bool:
        return self._thread == threading.get_ident()

    def run(self, interruptible: bool) -> None:
        """Waits and drains until the view has ended. ``interruptible``: Ctrl+C ends the wait (main thread only)."""
        self._thread = threading.get_ident()
        try:
            while not self.ended:
                if not self._waiting:
                    self._port.wait(self._answers.next_deadline(), interruptible)
                self.drain()
        finally:
            self._thread = None

    def drain(self) -> None:
        """Handles what is there."""
        self._answers.expire()
        self._take()
        while self._waiting:
            self._handle(self._waiting.popleft())
            if self._waiting and self._waiting[0][0] == "request":
                self._port.wait(0, False)  # a cancel may have come while the last handler ran
                self._take()

    def serve(self) -> None:
        """While a handler waits for the page: handles its calls, and leaves events for later."""
        self._answers.expire()
        self._take()
        if self._depth >= MAX_DEPTH:
            return
        self._depth += 1
        try:
            for message in [each for each in self._waiting if each[0] == "request"]:
                if message in self._waiting:  # a nested wait may have served it
                    self._waiting.remove(message)
                    self._handle(message)
        finally:
            self._depth -= 1

    def _take(self) -> None:
        for message in self._port.drain(BATCH):
            kind, doc, call_id, text = message
            if kind == "response" and call_id is not None:
                self._answers.answer(call_id, _rpc.decode(text))
            elif kind == "control" and doc is not None:
                self._control(doc, text)
            else:
                self._waiting.append(message)

    def _control(self, doc: int, text: str) -> None:
        """Cancels pass everything else: a call that has not started never starts."""
        message = self._read(doc, None, text)
        params = message.get("params")
        call_id = params.get("id") if isinstance(params, dict) else None
        if message.get("method") != "$/cancelRequest" or not isinstance(call_id, int):
            return  # of a later version; nobody waits for an answer
        for waiting in self._waiting:
            if waiting[0] == "request" and waiting[1:3] == (doc, call_id):
                self._waiting.remove(waiting)
                return self._calls.never_start(doc, call_id)
        self._calls.cancel(doc, call_id)

    def _handle(self, message: Message) -> None:
        kind, doc, call_id, text = message
        if kind == "log":
            log("auroraview.ui").info("%s", text)
        elif kind == "lost":
            self._on_lost(text)
        elif doc is None:
            self._handle_ui(kind, call_id, text)
        elif kind == "request":
            self._calls.call(doc, call_id or 0, self._read(doc, call_id, text))
        else:
            self._handle_event(doc, text)

    def _handle_ui(self, kind: str, call_id: Optional[int], text: str) -> None:
        message = _rpc.decode(text)
        if kind == "notify":
            self._on_notice(message.get("method", ""), message.get("params"))
        elif message.get("method") == "window/closing" and call_id is not None:
            self._port.control(_rpc.result(call_id, self._on_closing()), None, call_id)

    def _read(self, doc: int, call_id: Optional[int], text: str) -> dict[str, Any]:
        """A message of the page, which may hold anything. What is no message becomes a call of nothing."""
        try:
            _core.check_depth(text)
            message = _rpc.decode(text)
        except (ValueError, RecursionError) as error:
            log().warning("document %s sent a message that cannot be read: %s", doc, error)
            return {}
        return message if isinstance(message, dict) else {}

    def _handle_event(self, doc: int, text: str) -> None:
        message = self._read(doc, None, text)
        name = message.get("method")
        if isinstance(name, str):
            self._calls.event(name, message.get("params", {}))
        handled = self._handled.get(doc, 0) + 1
        if handled == CREDIT:
            self._port.control(_rpc.notification("$/credit", {"events": handled}), doc)
            handled = 0
        self._handled = {doc: handled}
