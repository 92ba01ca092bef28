"""Generators whose items go to the page (``protocol/README.md`` section 9). A page that is slow slows the generator.

A sync generator is advanced by the draining thread, in turns with everything else that waits there; an async one runs
on the event loop.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    import asyncio

    from ._calls import Call, Calls
    from ._handlers import Handler

#: What a page may have got and not taken of one stream: items, and bytes of them; one item always.
MAX_ITEMS = 256
MAX_BYTES = 1 << 20
#: How long a generator may go on while nothing else waits before the link is looked at, in seconds.
TURN = 0.001

Key = tuple[int, int]


class Flow:
    """What of one stream is on its way. One thread uses it."""

    def __init__(self) -> None:
        self._sizes: deque[int] = deque()
        self._bytes = 0

    @property
    def is_open(self) -> bool:
        """Whether one more item may go."""
        return not self._sizes or (len(self._sizes) < MAX_ITEMS and self._bytes < MAX_BYTES)

    def sent(self, size: int) -> None:
        self._sizes.append(size)
        self._bytes += size

    def taken(self, items: int) -> None:
        """The page took so many more; one that says more than it got gets no more for it."""
        for _ in range(min(items, len(self._sizes))):
            self._bytes -= self._sizes.popleft()


class Stream:
    """A sync generator that answers a call."""

    def __init__(self, call: Call, generator: Generator[Any, Any, Any], handler: Handler) -> None:
        self.call = call
        self.generator = generator
        self.handler = handler
        self.flow = Flow()
        self.cancelled = False
        #: It is in its code now.
        self.runs = False
        #: Its next turn is certain.
        self.scheduled = False


class AsyncStream:
    """An async generator that answers a call. Everything but :meth:`credit` runs on the event loop."""

    def __init__(self, calls: Calls, call: Call, generator: AsyncGenerator[Any, Any]) -> None:
        self._calls = calls
        self._call = call
        self._generator = generator
        self._flow = Flow()
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._room: Optional[asyncio.Event] = None

    async def run(self) -> None:
        import asyncio

        self._loop, self._room = asyncio.get_running_loop(), asyncio.Event()
        try:
            async for item in self._generator:
                self._flow.sent(self._calls.tell(self._call, {"item": item}))
                while not self._flow.is_open:
                    self._room.clear()
                    await self._room.wait()
        finally:
            await self._generator.aclose()

    def credit(self, items: int) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._taken, items)

    def _taken(self, items: int) -> None:
        self._flow.taken(items)
        if self._room is not None:
            self._room.set()


class Streams:
    """The streams of one view, by document and id of their calls."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._sync: dict[Key, Stream] = {}
        self._async: dict[Key, AsyncStream] = {}
        #: Gives a stream a turn on the draining thread, after what waits there. The dispatcher's.
        self.schedule: Callable[[Key], None] = lambda key: None
        #: Whether anything else waits there.
        self.others_wait: Callable[[], bool] = lambda: False

    def open(self, call: Call, generator: Generator[Any, Any, Any], handler: Handler) -> None:
        """Answers a call with what a generator yields. Any thread."""
        stream = Stream(call, generator, handler)
        self._sync[call.doc, call.id] = stream
        self._calls.tell(call, {"open": True})
        self._give_turn(stream)

    def open_async(self, call: Call, generator: AsyncGenerator[Any, Any]) -> AsyncStream:
        stream = self._async[call.doc, call.id] = AsyncStream(self._calls, call, generator)
        self._calls.tell(call, {"open": True})
        return stream

    def credit(self, key: Key, items: int) -> None:
        """The page took items. On the draining thread, like all below."""
        if key in self._async:
            self._async[key].credit(items)
        elif key in self._sync:
            stream = self._sync[key]
            stream.flow.taken(items)
            self._give_turn(stream)

    def cancel(self, key: Key) -> None:
        """The generator is closed in its next turn: its ``finally`` is code of the user."""
        stream = self._sync.get(key)
        if stream is not None:
            stream.cancelled = True
            self._give_turn(stream)

    def forget(self, key: Key) -> None:
        """The call is answered."""
        self._async.pop(key, None)

    def cancel_all(self) -> None:
        for key in list(self._sync):
            self.cancel(key)

    def keys(self) -> list[Key]:
        return [*self._sync, *self._async]

    def end(self) -> None:
        """The view is gone, and nobody gives turns any more: closes every generator that is not in its code now."""
        for stream in list(self._sync.values()):
            stream.cancelled = True
            if not stream.runs:
                self._close(stream)

    def _give_turn(self, stream: Stream) -> None:
        if not stream.scheduled and not stream.runs:
            stream.scheduled = True
            self.schedule((stream.call.doc, stream.call.id))

    def resume(self, key: Key) -> None:
        """A turn of a stream: goes on until the page has enough, something else waits, or it took :data:`TURN`."""
        stream = self._sync.get(key)
        if stream is None:
            return
        stream.scheduled = False
        until = time.monotonic() + TURN
        while stream.flow.is_open or stream.cancelled:
            if stream.cancelled:
                return self._close(stream)
            if not self._step(stream):
                return
            if self.others_wait() or time.monotonic() >= until:
                return self._give_turn(stream) if stream.flow.is_open or stream.cancelled else None

    def _step(self, stream: Stream) -> bool:
        """Brings one item; False: there was none, and the call is answered."""
        try:
            item = self._in_its_code(stream, stream.generator.__next__)
            stream.flow.sent(self._calls.tell(stream.call, {"item": item}))
        except StopIteration as end:
            self._over(stream)
            self._calls.succeed(stream.call, end.value)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever loops over the items
            self._over(stream)
            stream.generator.close()
            self._calls.fail(stream.call, error)
        else:
            return True
        return False

    def _in_its_code(self, stream: Stream, run: Callable[[], Any]) -> Any:
        stream.runs = True
        try:
            return self._calls.within(stream.handler, run)
        finally:
            stream.runs = False

    def _close(self, stream: Stream) -> None:
        self._over(stream)
        try:
            self._in_its_code(stream, stream.generator.close)
        except Exception as error:  # noqa: BLE001 - raised by its `finally`
            return self._calls.fail(stream.call, error)
        self._calls.answer_cancelled(stream.call)

    def _over(self, stream: Stream) -> None:
        self._sync.pop((stream.call.doc, stream.call.id), None)
