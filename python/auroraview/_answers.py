"""What Python asks of the page (scripts, and functions of the page) without blocking: callbacks, awaitables, and their
deadlines."""

from __future__ import annotations

import heapq
import threading
import time
from typing import Any, Callable, NamedTuple, Optional

from . import _core, _ext, _rpc
from ._calls import guarded
from ._errors import EvalTimeoutError, JavaScriptError, ShutdownInProgressError
from ._log import log

#: ``callback(result, error)``: one of both is None.
Callback = Callable[[Any, Optional[Exception]], None]


class Question(NamedTuple):
    """A script, or a call of a function of the page."""

    method: str
    params: Optional[_ext.Body]
    #: 0: for the page that can take it first; None: the UI process runs it.
    doc: Optional[int]
    #: What to call it in messages to people.
    words: str
    #: Of a script.
    preview: str

    def error(self, answer: dict[str, Any]) -> Optional[Exception]:
        """The exception that the answer stands for, or None."""
        if "result" not in answer and "error" not in answer:
            return JavaScriptError(f"{self.words} has answered with something that is no answer")
        return _rpc.exception_of(answer, self.preview)

    def timed_out(self, timeout_ms: float) -> EvalTimeoutError:
        error = EvalTimeoutError(
            f"{self.words} gave no result within {timeout_ms:g} ms; it may still run, or its promise never settles, "
            f"or the page is not loaded yet.{self.preview and f' Script: {self.preview}'}"
        )
        error.timeout_ms = timeout_ms
        return error


def script(text: str) -> Question:
    return Question("view/eval", _rpc.plain({"script": text}), None, "the script", _rpc.preview(text))


def function(name: str, data: Any) -> Question:
    params = None if data is _rpc.ABSENT else _rpc.params(data)
    return Question(_rpc.check_name(name), params, 0, f"the page's function {name!r}", "")


class Answers:
    """Questions that nobody blocks for."""

    def __init__(self, port: _core.Port) -> None:
        self._port = port
        self._lock = threading.Lock()
        self._callbacks: dict[int, tuple[Question, Callback]] = {}
        self._deadlines: list[tuple[float, int, float]] = []

    def ask(self, question: Question, callback: Callback, timeout_ms: Optional[float]) -> int:
        """``callback`` is called once, on the draining thread. ``timeout_ms`` None: no deadline. Returns the question's
        number, for :meth:`give_up`."""
        request = self._port.reserve()
        with self._lock:
            self._callbacks[request] = (question, callback)
            if timeout_ms is not None:
                heapq.heappush(self._deadlines, (time.monotonic() + timeout_ms / 1000, request, timeout_ms))
        try:
            self._port.request(request, question.method, question.params, question.doc)
        except Exception:
            if self._take(request) is None:  # the view ended meanwhile, and its end answered
                return request
            raise
        if timeout_ms is not None:
            self._port.nudge()  # the drain may wait for longer than this deadline
        return request

    def _take(self, request: int) -> Optional[tuple[Question, Callback]]:
        """Whoever takes it calls it."""
        with self._lock:
            return self._callbacks.pop(request, None)

    def answer(self, request: int, message: dict[str, Any]) -> None:
        asked = self._take(request)
        if asked is not None:
            question, callback = asked
            guarded("a callback of eval_js_async", callback, message.get("result"), question.error(message))

    def give_up(self, request: int) -> None:
        """Nobody waits any more, and no callback is called. A script that has not started never does; a function of the
        page finds its signal aborted. Any thread."""
        if self._take(request) is not None:
            self._port.forget(request)

    def end(self) -> None:
        """The view is gone: who still waits is told. Nothing is left to do but where a handler ended the drain."""
        with self._lock:
            left = [callback for _, callback in self._callbacks.values()]
            self._callbacks.clear()
        for callback in left:
            guarded("a callback of eval_js_async", callback, None, ShutdownInProgressError("the view is closed"))

    def next_deadline(self) -> Optional[float]:
        """Seconds until the drain must look here again, or None."""
        if not self._deadlines:
            return None
        with self._lock:
            while self._deadlines and self._deadlines[0][1] not in self._callbacks:
                heapq.heappop(self._deadlines)
            return max(0.0, self._deadlines[0][0] - time.monotonic()) if self._deadlines else None

    def expire(self) -> None:
        """Answers what is overdue with a timeout. A later answer is dropped."""
        if not self._deadlines:
            return
        now = time.monotonic()
        late: list[tuple[int, float]] = []
        with self._lock:
            while self._deadlines and self._deadlines[0][0] <= now:
                _, request, timeout_ms = heapq.heappop(self._deadlines)
                if request in self._callbacks:
                    late.append((request, timeout_ms))
        for request, timeout_ms in late:
            if not self._port.forget(request):
                continue  # its answer is in the inbox
            asked = self._take(request)
            if asked is not None:
                question, callback = asked
                guarded("a callback of eval_js_async", callback, None, question.timed_out(timeout_ms))


def log_failure(value: Any, error: Optional[Exception]) -> None:
    """The callback of ``eval_js``: nobody waits, so a failure goes to the log."""
    if isinstance(error, JavaScriptError):
        log().warning("eval_js: %s", error)
    elif error is not None:
        log().debug("eval_js: %s", error)
