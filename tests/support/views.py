"""Views for tests, and the three ways to run one contract: from the main thread, from a worker, and beside show()."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

import auroraview
from auroraview import WebView

from .desktop import PATIENCE


class Recorder:
    """A handler that remembers what came and waits for it."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self._seen: queue.Queue[Any] = queue.Queue()

    def __call__(self, *values: Any) -> None:
        self.threads.add(threading.get_ident())
        self._seen.put(values[0] if len(values) == 1 else values)

    def next(self) -> Any:
        try:
            return self._seen.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"nothing came within {PATIENCE} s") from None

    def take(self, count: int) -> list[Any]:
        return [self.next() for _ in range(count)]

    def is_empty(self) -> bool:
        return self._seen.empty()


@contextmanager
def shown(html: str = "<!doctype html><title>test</title>", **options: Any) -> Iterator[WebView]:
    """A view on a thread of its own, its page loaded."""
    options.setdefault("html", html)
    with WebView(**options) as view:
        loaded = Recorder()
        view.on_loaded(loaded)
        view.show(wait=False)
        loaded.next()
        yield view


def _in_worker(body: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(body).result()


def _beside_show(view: WebView, body: Callable[[], None]) -> None:
    """Runs the body on a worker while this thread sits in show()."""
    ready = Recorder()
    view.on_loaded(ready)

    def work() -> None:
        try:
            ready.next()
            body()
        finally:
            view.close()

    with ThreadPoolExecutor(1) as pool:
        work_done = pool.submit(work)
        view.show()
        work_done.result()


def contract(**options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Runs a test of a shown view in each of the three ways."""

    def decorate(test: Callable[[WebView], None]) -> Callable[..., None]:
        @pytest.mark.parametrize("way", ["main", "worker", "beside_show"])
        def run(way: str) -> None:
            chosen = {"html": "<!doctype html><title>test</title>", **options}
            if way == "beside_show":
                view = auroraview.WebView(**chosen)
                _beside_show(view, lambda: test(view))
                return
            with shown(**chosen) as view:
                if way == "main":
                    test(view)
                else:
                    _in_worker(lambda: test(view))

        run.__name__ = test.__name__
        run.__doc__ = test.__doc__
        run.__module__ = test.__module__
        return run

    return decorate


__all__ = ["Recorder", "contract", "shown"]
