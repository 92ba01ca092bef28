"""The result of a script that nobody blocks for."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future
from typing import Any, Optional


class EvalFuture(Future[Any]):
    """The result of a script: ``await`` it in a coroutine, or call ``result(timeout)`` in a thread."""

    def __await__(self) -> Generator[Any, None, Any]:
        import asyncio  # 35 ms to import; who awaits has it already

        return asyncio.wrap_future(self).__await__()

    def complete(self, value: Any, error: Optional[Exception]) -> None:
        if not self.set_running_or_notify_cancel():
            return  # the waiter gave up
        if error is not None:
            self.set_exception(error)
        else:
            self.set_result(value)
