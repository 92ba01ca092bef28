"""The result of a script, or of a function of the page, that nobody blocks for."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future, TimeoutError
from contextlib import AbstractContextManager
from typing import Any, Callable, Optional

from . import _threads


class EvalFuture(Future[Any]):
    """The result of a script or of a function of the page: ``await`` it in a coroutine, or call ``result(timeout)``.

    A thread that runs the view's handlers may call ``result()``, too: it handles calls and answers while it waits.
    """

    def __init__(self, at_home: Callable[[], AbstractContextManager[None]]) -> None:
        super().__init__()
        self._at_home = at_home

    def __await__(self) -> Generator[Any, None, Any]:
        import asyncio  # 35 ms to import; who awaits has it already

        return asyncio.wrap_future(self).__await__()

    def when_cancelled(self, give_up: Callable[[], None]) -> None:
        """Calls ``give_up`` if the waiter gives up; an awaiting task that is cancelled does."""
        self.add_done_callback(lambda _: give_up() if self.cancelled() else None)

    def complete(self, value: Any, error: Optional[Exception]) -> None:
        if not self.set_running_or_notify_cancel():
            return  # the waiter gave up
        if error is not None:
            self.set_exception(error)
        else:
            self.set_result(value)

    def result(self, timeout: Optional[float] = None) -> Any:
        """The script's value, or its exception. ``timeout``: seconds.

        Raises:
            TimeoutError: Nothing within ``timeout``.
            DeadlockDetectedError: Nobody could be served while it waits.
        """
        self._wait(timeout)
        return super().result(0)

    def exception(self, timeout: Optional[float] = None) -> Optional[BaseException]:
        self._wait(timeout)
        return super().exception(0)

    def _wait(self, timeout: Optional[float]) -> None:
        own = _threads.desk()
        self.add_done_callback(lambda _: own.ring())
        with self._at_home():
            if not _threads.wait_until(self.done, timeout):
                raise TimeoutError
