"""Views for tests, and the three ways to run one contract: from the main thread, from a worker, and beside show()."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

import auroraview
from auroraview import RestartPolicy, WebView
from auroraview.testing import Recorder

from .desktop import until

#: A view whose UI process is gone is gone, too.
NEVER = RestartPolicy(restarts=0)


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


def show_connected(view: WebView) -> None:
    """Shows a view on a thread of its own, and returns when it counts on a UI process: what becomes of that is its
    business."""
    view.show(wait=False)
    until("the UI process", lambda: view._port.is_attached)


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


#: Makes a call settle to a plain value that a test can compare: a page for :func:`settle`.
SETTLE = """<!doctype html><title>test</title><script>
window.settle = promise => promise.then(
    value => ({value: value === undefined ? 'undefined' : value}),
    error => ({name: error.name, message: error.message, code: error.code, traceback: error.traceback, data: error.data,
               isError: error instanceof Error}));
</script>"""


def settle(view: WebView, call: str) -> dict[str, Any]:
    """What became of a call of the page."""
    answer: dict[str, Any] = view.eval_js_sync(f"settle({call})")
    return answer


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


__all__ = ["NEVER", "SETTLE", "Recorder", "contract", "settle", "shown"]
