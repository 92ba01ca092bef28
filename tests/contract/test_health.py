"""How the page learns that Python is stuck, and that it is back: protocol section 11, on the real engine."""

from __future__ import annotations

import threading

import pytest

import auroraview
from auroraview import WebView
from support.desktop import PATIENCE
from support.views import Recorder, contract, shown

pytestmark = pytest.mark.needs("javascript")

#: Waits in the page for an event, and for what it says.
WAIT = """
    window.health = status => new Promise(done => {
        const stop = auroraview.on('backend_health', data => { if (data.status === status) { stop(); done(data) } });
    });
"""
PAGE = f"<!doctype html><title>test</title><script>{WAIT}</script>"


@contract(html=PAGE)
def test_heartbeats_come_to_a_page_that_asked(view: WebView) -> None:
    beat = view.eval_js_sync(
        "auroraview.setConfig({heartbeatTimeoutMs: 300}); return health('ok').then(() => health('ok'))"
    )
    assert beat["schema_version"] == 1 and beat["ts"] > 1e12
    answer = view.eval_js_sync("auroraview.call('nothing').catch(error => error.code)")
    assert answer == "METHOD_NOT_FOUND"


@contract(html=PAGE)
def test_a_stuck_handler_is_told_apart_from_a_live_host(view: WebView) -> None:
    entered, leave = threading.Event(), threading.Event()

    @view.bind_call("api.stuck")
    def stuck() -> str:
        entered.set()
        leave.wait(PATIENCE)
        return "late"

    view.bind_call("api.add", lambda a, b: a + b)
    view.eval_js_sync("auroraview.setConfig({heartbeatTimeoutMs: 200}); return health('ok').then(() => 0)")
    unhealthy = view.eval_js_async(
        "window.late = auroraview.api.stuck(); return health('unhealthy')", timeout_ms=20_000
    )
    assert entered.wait(PATIENCE)
    # The thread of the handlers is stuck, so the answers of scripts wait too: the page remembers for later.
    view.eval_js("health('unhealthy').then(() => auroraview.api.add(1, 2)).catch(e => { window.code = e.code })")
    script = "new Promise(done => { const t = () => window.code ? done(code) : setTimeout(t, 10); t() })"
    assert view.eval_js_sync(script, timeout_ms=20_000) == "BACKEND_UNAVAILABLE"
    leave.set()
    assert "nothing came from it" in unhealthy.result()["reason"]
    # Whatever comes is a sign of life, and the call that was stuck has its answer.
    assert view.eval_js_sync("late") == "late"
    assert view.eval_js_sync("auroraview.api.add(1, 2)") == 3


@contract(html=PAGE)
def test_an_error_of_the_back_end_ends_what_waits(view: WebView) -> None:
    begun = Recorder()

    @view.bind_call("api.slow")
    async def slow() -> None:
        import asyncio

        begun()
        await asyncio.Event().wait()

    script = """
        window.errors = [];
        auroraview.on('backend_error', data => errors.push(data));
        addEventListener('backend_error', event => errors.push(event.detail));
        window.slow = auroraview.api.slow().catch(error => [error.code, error.data]);
        0"""
    view.eval_js_sync(script)
    begun.next()
    view.report_backend_error("Invalid argument", "ipc")
    assert view.eval_js_sync("slow") == ["BACKEND_UNAVAILABLE", {"reason": "Invalid argument"}]
    error = {"message": "Invalid argument", "source": "ipc", "schema_version": 1}
    assert view.eval_js_sync("errors") == [error, error]
    view.emit("anything")
    assert view.eval_js_sync("auroraview.call('nothing').catch(error => error.code)") == "METHOD_NOT_FOUND"


def test_each_document_asks_for_itself_and_may_be_content() -> None:
    with WebView(html=f"<script>__AURORAVIEW_CONFIG__ = {{heartbeatTimeoutMs: 300}}; {WAIT}</script>") as view:
        loaded = Recorder()
        view.on_loaded(loaded)
        view.show(wait=False)
        for _ in range(3):
            loaded.next()
            assert view.eval_js_sync("health('ok')")["status"] == "ok"
            assert view._health.next_beat() is not None
            view.reload()
        loaded.next()
        view.load_html("<p>does not ask")
        loaded.next()
        assert view._health.next_beat() is None
    with pytest.raises(auroraview.ShutdownInProgressError):
        view.report_backend_error("too late")


def test_without_a_page_that_asks_there_is_no_timer() -> None:
    with shown() as view:
        assert view._health.next_beat() is None
        view.report_backend_error("a page that has no calls")
    view = WebView()
    view.report_backend_error("nobody is there")
    view.close()


def test_nonsense_of_a_page_changes_nothing() -> None:
    with shown(html=PAGE) as view:
        for doc, params in [(1, None), (1, {}), (1, {"heartbeatMs": "1"}), (0, {"heartbeatMs": 5})]:
            view._health.ask(doc, params)
            assert view._health.next_beat() is None
