"""Scripts whose answers come to the drain: callbacks, awaitables, and their deadlines."""

from __future__ import annotations

import heapq
import threading
import time
from typing import Any, Callable, Optional

from . import _core, _rpc
from ._calls import guarded
from ._errors import EvalTimeoutError, JavaScriptError, ShutdownInProgressError
from ._log import log

#: ``callback(result, error)``: one of both is None.
Callback = Callable[[Any, Optional[Exception]], None]


class Answers:
    """Requests to the UI process that nobody blocks for."""

    def __init__(self, port: _core.Port) -> None:
        self._port = port
        self._lock = threading.Lock()
        self._callbacks: dict[int, tuple[str, Callback]] = {}
        self._deadlines: list[tuple[float, int, float]] = []

    def ask(self, script: str, callback: Callback, timeout_ms: Optional[float]) -> None:
        """Runs a script; ``callback`` is called once, on the draining thread. ``timeout_ms`` None: no deadline."""
        params = _rpc.encode({"script": script})
        request = self._port.reserve()
        with self._lock:
            self._callbacks[request] = (script, callback)
            if timeout_ms is not None:
                heapq.heappush(self._deadlines, (time.monotonic() + timeout_ms / 1000, request, timeout_ms))
        try:
            self._port.request(request, "view/eval", params)
        except Exception:
            with self._lock:
                told = self._callbacks.pop(request, None) is None
            if told:  # the view ended meanwhile, and its end answered
                return
            raise
        if timeout_ms is not None:
            self._port.nudge()  # the drain may wait for longer than this deadline

    def answer(self, request: int, message: dict[str, Any]) -> None:
        with self._lock:
            script, callback = self._callbacks.pop(request, ("", None))
        if callback is not None:
            error = _rpc.exception_of(message, script)
            guarded("a callback of eval_js_async", callback, message.get("result"), error)

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
            with self._lock:
                script, callback = self._callbacks.pop(request, ("", None))
            if callback is not None:
                error = timed_out(script, timeout_ms)
                guarded("a callback of eval_js_async", callback, None, error)


def timed_out(script: str, timeout_ms: float) -> EvalTimeoutError:
    error = EvalTimeoutError(
        f"the script gave no result within {timeout_ms:g} ms; it may still run, or its promise never settles, "
        f"or the page is not loaded yet. Script: {_rpc.preview(script)}"
    )
    error.timeout_ms = timeout_ms
    return error


def log_failure(value: Any, error: Optional[Exception]) -> None:
    """The callback of ``eval_js``: nobody waits, so a failure goes to the log."""
    if isinstance(error, JavaScriptError):
        log().warning("eval_js: %s", error)
    elif error is not None:
        log().debug("eval_js: %s", error)
