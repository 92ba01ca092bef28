"""Calls, streams and calls of the page that are under way when something ends, and what has to have become of them."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from typing import Any

from auroraview import Context, WebView

from .desktop import PATIENCE, until
from .views import Recorder

SCRIPT = """
window.aborter = new AbortController();
window.begun = 0;
window.settled = 0;
window.aborted = 0;
window.fly = (calls, streams) => {
    const {signal} = aborter, names = ['api.quick', 'api.slow', 'api.later'];
    const settle = promise => { begun++; promise.then(() => settled++, () => settled++) };
    for (let n = 0; n < calls; n++) settle(auroraview.call(names[n % 3], [n], {signal, timeout: 0}));
    const loop = async name => { for await (const item of auroraview.call(name, undefined, {signal})); };
    for (let n = 0; n < streams; n++) settle(loop(n % 2 ? 'api.rows' : 'api.async_rows'));
    return begun;
};
auroraview.handle('never', (n, {signal}) => new Promise((done, failed) => {
    signal.addEventListener('abort', () => { aborted++; failed(signal.reason) });
    auroraview.send_event('asked');
}));
"""


class Flight:
    """Everything at once: calls of three kinds, generators of both kinds that never end, and calls of the page."""

    HTML = f"<!doctype html><title>flight</title><script>{SCRIPT}</script>"

    def __init__(self) -> None:
        self.ran: Counter[int] = Counter()
        self.opened: Counter[str] = Counter()
        self.closed: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.asked: list[Future[Any]] = []

    def start(self, view: WebView, calls: int, streams: int, asked: int) -> None:
        """Returns when all of it is under way."""
        loaded, at_the_page = Recorder(), Recorder()
        view.on_loaded(loaded)
        view.on("asked", at_the_page)
        self._bind(view)
        view.show(wait=False)
        loaded.next()
        self.asked = [view.call_async("never", n, timeout_ms=1000 * PATIENCE) for n in range(asked)]
        at_the_page.take(asked)
        assert view.eval_js_sync(f"fly({calls}, {streams})", timeout_ms=1000 * PATIENCE) == calls + streams
        until("every stream runs", lambda: sum(self.opened.values()) >= streams)

    def _bind(self, view: WebView) -> None:
        def count(n: int) -> None:
            with self._lock:
                self.ran[n] += 1

        @view.bind_call("api.quick")
        def quick(n: int) -> int:
            count(n)
            return n

        @view.bind_call("api.slow")
        def slow(ctx: Context, n: int) -> int:
            count(n)
            for _ in range(20):
                ctx.check()
                ctx.progress(n)
            return n

        @view.bind_call("api.later")
        async def later(n: int) -> int:
            count(n)
            if n % 2:
                await asyncio.sleep(PATIENCE)
            return n

        @view.bind_call("api.rows")
        def rows() -> Iterator[int]:
            self.opened["sync"] += 1
            try:
                n = 0
                while True:
                    yield (n := n + 1)
            finally:
                self.closed["sync"] += 1

        @view.bind_call("api.async_rows")
        async def async_rows() -> AsyncIterator[int]:
            self.opened["async"] += 1
            try:
                n = 0
                while True:
                    await asyncio.sleep(0)
                    yield (n := n + 1)
            finally:
                self.closed["async"] += 1

    def land(self, view: WebView, page_is_there: bool) -> None:
        """What has to hold once it is over. The page of the beginning may be there still."""
        if page_is_there:
            view.eval_js("window.seen = 0; auroraview.handle('counts', () => [begun, settled])")
            until("every promise settles", lambda: len(set(view.call("counts"))) == 1)
            view.shutdown()
        for each in self.asked:
            assert each.exception(PATIENCE) is not None
        until("every generator is closed", lambda: self.opened == self.closed)
        view.close()
        assert self.opened == self.closed
        assert max(self.ran.values(), default=0) <= 1, "a handler ran twice"
        assert not view._calls.running() and not view._calls._contexts, "something of a call is left"
