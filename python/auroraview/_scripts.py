"""Scripts in the page, and how their results come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from . import _aio, _answers, _core, _ext, _quit, _rpc, _threads
from ._answers import Answers, Callback, Question, log_failure
from ._config import ThreadSafetyConfig
from ._errors import DeadlockDetectedError, NotShownError
from ._life import Life

if TYPE_CHECKING:
    from ._future import EvalFuture


class Scripts:
    """What Python asks of the page."""

    _port: _core.Port
    _life: Life
    _answers: Answers

    def eval_js(self, script: str) -> None:
        """Runs a script in the page when everything sent before it has arrived. A failure goes to the log.

        A script is an expression, or statements with ``return``. To define something for later, write
        ``window.name = ...``.

        It may open windows (``new_window_mode``). To the engine it need not be an act of the user: what wants one, as
        sound and full screen do, belongs into a handler of a click.
        """
        self._answers.ask(_answers.script(script), log_failure, None)

    def eval_js_sync(self, script: str, timeout_ms: Optional[float] = None) -> Any:
        """Runs a script and returns its value (a promise is awaited). A handler that waits serves the page.

        Raises:
            JavaScriptError: The script raised.
            EvalTimeoutError: No value within ``timeout_ms`` milliseconds (None: ``js_eval_timeout_ms`` of
                :class:`~auroraview.ThreadSafetyConfig`).
            DeadlockDetectedError: Nobody could be served while it waits.
            PageGoneError: The page navigated away meanwhile.
            NotShownError: The view was never shown, so nobody would answer.
            ShutdownInProgressError: The view is closed.
        """
        return self._ask_and_wait(_answers.script(script), timeout_ms, "eval_js")

    def eval_js_async(
        self, script: str, callback: Optional[Callback] = None, timeout_ms: Optional[float] = None
    ) -> EvalFuture:
        """Runs a script; ``callback(result, error)`` is called once, on the thread that runs the view's handlers.

        Without a callback, ``await`` the returned future or call its ``result()``. ``error`` is one of the exceptions
        of :meth:`eval_js_sync`.
        """
        return self._ask(_answers.script(script), callback, timeout_ms)

    def call(self, name: str, data: Any = _rpc.ABSENT, timeout_ms: Optional[float] = None) -> Any:
        """Calls a function that the page offers with ``auroraview.handle(name, fn)``, and returns what it returns (a
        promise is awaited). A handler that waits serves the page.

        Args:
            name: Of the function.
            data: Its argument, anything that JSON can hold. Absent: ``undefined``.
            timeout_ms: In milliseconds; None: ``js_eval_timeout_ms`` of :class:`~auroraview.ThreadSafetyConfig`.

        A page that is loading gets the call when its scripts have run. The function is never called twice; when the
        call is given up, its ``signal`` is aborted.

        Raises:
            JavaScriptError: The function raised.
            AuroraViewError: The page has no such function.
            EvalTimeoutError, DeadlockDetectedError, PageGoneError, NotShownError, ShutdownInProgressError: As in
                :meth:`eval_js_sync`.
        """
        return self._ask_and_wait(_answers.function(name, data), timeout_ms, "call")

    def call_async(
        self,
        name: str,
        data: Any = _rpc.ABSENT,
        callback: Optional[Callback] = None,
        timeout_ms: Optional[float] = None,
    ) -> EvalFuture:
        """Calls a function of the page, as :meth:`call` does, and returns at once: as :meth:`eval_js_async` does.

        Cancelling the future, or the task that awaits it, aborts the signal of the page's function.
        """
        return self._ask(_answers.function(name, data), callback, timeout_ms)

    # ---- inside ----

    def _ask(self, question: Question, callback: Optional[Callback], timeout_ms: Optional[float]) -> EvalFuture:
        from ._future import EvalFuture

        if timeout_ms is None:
            timeout_ms = ThreadSafetyConfig.current().js_eval_timeout_ms
        future = EvalFuture(self._life.at_home)
        request = self._answers.ask(question, future.complete if callback is None else callback, timeout_ms)
        future.when_cancelled(lambda: self._answers.give_up(request))
        return future

    def _ask_and_wait(self, question: Question, timeout_ms: Optional[float], what: str) -> Any:
        if timeout_ms is None:
            timeout_ms = ThreadSafetyConfig.current().js_eval_timeout_ms
        if not self._life.shown.is_set() and not self._life.closed.is_set():
            raise NotShownError(f"the view is not shown yet: call show(wait=False) first, or use {what}_async")
        if _aio.is_own_thread():
            raise DeadlockDetectedError(
                f"a wait for the page in an async handler would stop the event loop that its answer may need; "
                f"write: await view.{what}_async(...)"
            )
        _quit.be_first()
        _threads.check_depth()
        after = _threads.mark()
        asked = self._port.ask(question.method, question.params, _threads.desk().bell, question.doc)

        def answered() -> bool:
            return asked.answer() is not None

        try:
            with self._life.at_home():
                if not _threads.wait_until(answered, timeout_ms / 1000, port=self._port, after=after):
                    raise question.timed_out(timeout_ms)
            message = _read(asked)
        finally:
            asked.give_up()  # the page need not go on, whoever keeps the traceback
        error = question.error(message)
        if error is not None:
            raise error
        return message["result"]


def _read(asked: _core.Question) -> dict[str, Any]:
    """The answer, with its bytes in their places; empty if a page made nonsense of it."""
    message: dict[str, Any] = _rpc.decode((asked.answer() or b"{}").decode())
    try:
        if "ext" in message:
            _ext.restore_message(message, asked)
    except ValueError:
        return {}
    return message
