"""Waits that end with what they wait for. Each has a deadline, whose error says what did not come."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, TypeVar

if TYPE_CHECKING:
    from .._view import WebView

T = TypeVar("T")

#: How long a test waits for anything, in seconds. Reaching it is a failure.
PATIENCE = 20.0


class Recorder:
    """A handler that remembers what came and waits for it: ``view.on("saved", recorder)``. Any thread."""

    def __init__(self, timeout: float = PATIENCE) -> None:
        #: The threads that called it.
        self.threads: set[int] = set()
        self._timeout = timeout
        self._seen: queue.Queue[Any] = queue.Queue()

    def __call__(self, *values: Any) -> None:
        self.threads.add(threading.get_ident())
        self._seen.put(values[0] if len(values) == 1 else values)

    def next(self) -> Any:
        """What came first of what was not taken yet; waits for it.

        Raises:
            AssertionError: Nothing came in time.
        """
        try:
            return self._seen.get(timeout=self._timeout)
        except queue.Empty:
            raise AssertionError(f"nothing came within {self._timeout:g} s") from None

    def take(self, count: int) -> list[Any]:
        """The next ``count`` values."""
        return [self.next() for _ in range(count)]

    @property
    def count(self) -> int:
        """How many came that nobody took."""
        return self._seen.qsize()

    def is_empty(self) -> bool:
        """Whether nothing came that was not taken."""
        return self._seen.empty()


def wait_until(view: WebView, what: str, condition: Callable[[], T], timeout: float = PATIENCE) -> T:
    """Waits until a condition holds that the handlers of a view, or what its UI process says, can make true.

    Looks again each time the view has handled something; not on the thread that runs its handlers.

    Args:
        what: For the error: what is waited for.
        condition: Called on this thread.
        timeout: In seconds.

    Returns:
        What ``condition`` returned.

    Raises:
        AssertionError: It did not hold in time.
    """
    news = threading.Event()
    deadline = time.monotonic() + timeout
    view._notices.after_turns.add(news.set)
    try:
        while not (value := condition()):
            assert news.wait(max(0.0, deadline - time.monotonic())), f"waited {timeout:g} s for {what}"
            news.clear()
    finally:
        view._notices.after_turns.discard(news.set)
    return value
