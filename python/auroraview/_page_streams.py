"""Streams of the page: what Python gets for an ``AsyncIterable`` among the arguments of a call (``protocol/README.md``
section 9). Python asks for items as it takes them, so a slow handler slows the page.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Callable, Generic, Optional, TypeVar

from . import _aio, _core, _rpc, _threads
from ._errors import CancelledError, DeadlockDetectedError, Timeout

if TYPE_CHECKING:
    import asyncio

#: Items asked for before the first one came, and at most.
FIRST_WINDOW = 8
MAX_WINDOW = 256
#: Of items that are on their way or wait, in characters of their texts.
MAX_SIZE = 1 << 20


T = TypeVar("T")


class PageStream(Generic[T]):
    """Items of the page, one after the other: ``for item in stream`` in a sync handler, ``async for`` in an async one.

    A sync handler that waits for an item serves the page meanwhile, as with :meth:`WebView.eval_js_sync`. The stream
    lives as long as its call. The items come to one loop, on any thread.

    A parameter annotated ``PageStream[Sample]`` checks and converts each item by that hint.

    Attributes:
        timeout_ms: How long a sync loop waits for one item, in milliseconds; 30,000 unless set.

    Raises:
        JavaScriptError: In the loop: the page's iterator raised.
        CancelledError: In the loop: the page gave the call up, or the call is over.
        Timeout: In a sync loop: no item within ``timeout_ms``.
        TypeError: In the loop: an item does not fit the hint.
    """

    def __init__(self, port: _core.Port, doc: int, number: int) -> None:
        self.timeout_ms = 30_000.0
        #: What the hint makes of an item.
        self.convert: Callable[[Any], T] = lambda item: item
        self._port = port
        self._doc = doc
        self._number = number
        #: What came and was not taken: the draining thread adds, the loop takes.
        self._items: deque[Any] = deque()
        self._asked = 0
        self._came = 0
        self._window = FIRST_WINDOW
        #: How it ended, when the items are taken: with an exception, or (``StopIteration``) ordinarily.
        self._end: Optional[BaseException] = None
        self._wakers: list[Callable[[], None]] = []

    def __iter__(self) -> Iterator[T]:
        return self

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    def __next__(self) -> T:
        if _aio.is_own_thread():
            raise DeadlockDetectedError("a sync loop over a page's stream would stop the event loop; write: async for")
        self._ask()
        ring = _threads.desk().ring
        self._wakers.append(ring)
        try:
            if not _threads.wait_until(self._is_ready, self.timeout_ms / 1000, port=self._port):
                raise Timeout(f"the page's stream brought no item within {self.timeout_ms:g} ms")
        finally:
            self._wakers.remove(ring)
        return self._take(StopIteration)

    async def __anext__(self) -> T:
        import asyncio

        self._ask()
        loop = asyncio.get_running_loop()
        while not self._is_ready():
            there: asyncio.Future[None] = loop.create_future()

            def wake(there: asyncio.Future[None] = there) -> None:
                loop.call_soon_threadsafe(_settle, there)

            self._wakers.append(wake)
            try:
                if not self._is_ready():
                    await there
            finally:
                self._wakers.remove(wake)
        return self._take(StopAsyncIteration)

    def close(self) -> None:
        """Takes no more: the page's iterator is ended (its ``return()`` runs). The end of the call does it, too."""
        if self._end is None:
            self.fail(StopIteration())
            body = _rpc.notification("$/cancelRequest", {"stream": self._number})
            self._port.control(body, self._doc)
        self._items.clear()

    def _is_ready(self) -> bool:
        return bool(self._items) or self._end is not None

    def _ask(self) -> None:
        """Asks for as much as fits, when half of that is taken."""
        room = self._window - (self._asked - self._came) - len(self._items)
        if self._end is None and room > 0 and room >= self._window // 2:
            self._asked += room
            body = _rpc.notification("$/credit", {"stream": self._number, "items": room})
            self._port.control(body, self._doc)

    def _take(self, end: type[Exception]) -> T:
        if self._items:
            return self.convert(self._items.popleft())
        raise end if self._end is None or isinstance(self._end, StopIteration) else self._end

    # ---- on the draining thread ----

    def put(self, item: Any, size: int) -> None:
        """An item came. ``size``: of its text."""
        if self._end is not None:
            return
        self._window = min(self._window * 2, MAX_WINDOW, max(1, MAX_SIZE // size))
        self._came += 1
        self._items.append(item)
        self._wake()

    def fail(self, end: BaseException) -> None:
        """It ends, after what came before."""
        if self._end is None:
            self._end = end
            self._wake()

    def _wake(self) -> None:
        for wake in list(self._wakers):
            wake()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class PageStreams:
    """The streams of the page that calls hold, by document and number."""

    def __init__(self, port: _core.Port) -> None:
        self._port = port
        self._streams: dict[tuple[int, int], PageStream[Any]] = {}
        self._of_call: dict[tuple[int, int], list[int]] = {}

    def of(self, doc: int, call: int) -> Callable[[int], PageStream[Any]]:
        """What opens the streams of a call."""

        def open_stream(number: int) -> PageStream[Any]:
            stream = self._streams[doc, number] = PageStream(self._port, doc, number)
            self._of_call.setdefault((doc, call), []).append(number)
            return stream

        return open_stream

    def on_progress(self, doc: int, params: dict[str, Any], size: int) -> None:
        """The page brings an item, or an end. What makes no sense is nobody's."""
        number = params.get("stream")
        stream = self._streams.get((doc, number)) if isinstance(number, int) else None
        if stream is None:
            return
        if "item" in params:
            stream.put(params["item"], size)
        elif "end" in params:
            stream.fail(StopIteration())
        elif isinstance(params.get("error"), dict):
            stream.fail(_rpc.exception_of(params) or StopIteration())

    def end_of(self, doc: int, call: int, why: str) -> None:
        """The call is answered or given up."""
        for number in self._of_call.pop((doc, call), ()):
            self._streams.pop((doc, number)).fail(CancelledError(why))

    def calls(self) -> list[tuple[int, int]]:
        return list(self._of_call)
