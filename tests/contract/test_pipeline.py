"""The UI process's side of the message model: its pipeline of processors, and a close that finishes."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from auroraview import WebView, _rpc
from support import processes
from support.desktop import PATIENCE
from support.views import Recorder, shown

pytestmark = pytest.mark.needs("javascript")

#: `make pytest` builds it.
LOGGING_UI = Path(__file__).parents[2] / "target/debug/examples/logging_ui"


def test_an_application_adds_a_processor_with_a_ui_process_of_its_own() -> None:
    """The example logs every message and passes it on: the view works, and the log names kind and size of each."""
    assert LOGGING_UI.exists(), "run: cargo build --package auroraview-ui --examples"
    program = processes.start_python(
        """
        import logging, sys
        logging.basicConfig(stream=sys.stdout, format="%(name)s: %(message)s", level=logging.INFO)
        import auroraview
        page = "<script>auroraview.on('ping', (n) => auroraview.send_event('pong', n))</script>"
        view = auroraview.WebView(html=page)
        view.on("pong", lambda n: (print("pong", n), view.eval_js_sync("1 + 1"), view.close()))
        view.emit("ping", 12345)
        view.show()
        """,
        env={**os.environ, "AURORAVIEW_UI": str(LOGGING_UI)},
    )
    out, err = program.communicate(timeout=PATIENCE)
    assert program.returncode == 0, err
    lines = out.splitlines()
    assert "pong 12345" in lines
    event = _rpc.notification("ping", 12345)
    assert f"auroraview.ui: Notify for the page of view 1: {len(event)} bytes" in lines
    assert any(line.startswith("auroraview.ui: Request for its window of view 1: ") for line in lines), "the script"
    assert sum(" for its window of view 1: " in line for line in lines) >= 4, "create, load, session, the script"


def finish(view: WebView) -> None:
    view._port.control(_rpc.notification("view/close", {"finish": True}))


SLOW_PAGE = """<!doctype html><script>
auroraview.on("n", (n) => {
  for (const end = performance.now() + 2; performance.now() < end; );
  auroraview.send_event("got", n);
});
</script>"""


def test_a_close_that_finishes_waits_until_the_page_has_handled_everything() -> None:
    with shown(SLOW_PAGE) as view:
        got, closed = Recorder(), Recorder()
        view.on("got", got)
        view.on_closed(closed)
        for n in range(300):
            view.emit("n", n)
        finish(view)
        assert closed.next() == "host"
        assert got.take(300) == list(range(300))


def test_a_close_that_finishes_while_the_page_loads_waits_for_its_handlers() -> None:
    """The bridge holds events back until the page's scripts have run; they are not handled before."""
    with WebView(html=SLOW_PAGE) as view:
        got, closed = Recorder(), Recorder()
        view.on("got", got)
        view.on_closed(closed)
        for n in range(10):
            view.emit("n", n)
        view.show(wait=False)
        view.eval_js_async("1").result(PATIENCE)  # the document is there and has the events
        finish(view)
        assert closed.next() == "host"
        assert got.take(10) == list(range(10))


def test_a_close_that_finishes_waits_for_calls_and_refuses_new_ones() -> None:
    started, gate = threading.Event(), threading.Event()
    page = """<!doctype html><script>
    const call = () => auroraview.api.slow().then((v) => auroraview.send_event("end", v),
                                                  (e) => auroraview.send_event("end", e.code));
    auroraview.on("call", call);
    </script>"""
    with shown(page) as view:
        end, closed = Recorder(), Recorder()
        view.on("end", end)
        view.on_closed(closed)

        @view.bind_call("api.slow")
        async def slow() -> str:
            started.set()
            await asyncio.get_running_loop().run_in_executor(None, gate.wait, PATIENCE)
            return "answered"

        view.emit("call")
        assert started.wait(PATIENCE)
        finish(view)
        view.emit("call")
        assert end.next() == "CLOSED"
        assert closed.is_empty()
        gate.set()
        assert end.next() == "answered"
        assert closed.next() == "host"


def test_a_close_that_finishes_does_not_wait_for_a_page_without_bridge() -> None:
    with shown(allowed_origins=[]) as view:
        closed = Recorder()
        view.on_closed(closed)
        loaded = Recorder()
        view.on_loaded(loaded)
        view.load_url("about:blank")
        loaded.next()
        view.emit("n")
        finish(view)
        assert closed.next() == "host"
