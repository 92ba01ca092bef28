"""Every edge of a view's life (seed 000 section 9.1), each in a real window; handlers are told each state once."""

from __future__ import annotations

import threading

import pytest

from auroraview import ShutdownInProgressError, UiProcessError, WebView, WindowOperation
from support.desktop import PATIENCE, until
from support.ui_process import kill_ui_process, own_ui_process, stopped_ui_process, ui_process_without_memory
from support.views import NEVER, Recorder, show_connected, shown

END = ["destroying", "destroyed"]
CLOSE = ["close_requested", *END]


class States(Recorder):
    """What ``on_lifecycle`` told, in order."""

    def __init__(self, view: WebView) -> None:
        super().__init__()
        view.on_lifecycle(self)

    def are(self, *expected: str) -> None:
        assert self.take(len(expected)) == list(expected)
        assert self.is_empty()


def ends(view: WebView) -> None:
    assert view.wait(PATIENCE) and view.lifecycle == "destroyed"


def fails(view: WebView, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        view.wait(PATIENCE)
    assert view.lifecycle == "destroyed"


def test_creating_active_and_the_ordinary_end() -> None:
    view = WebView(html="<p>")
    states = States(view)
    assert view.lifecycle == "creating"
    view.show(wait=False)
    assert states.next() == "active"
    assert view.lifecycle == "active" and view.is_alive() and not view.is_shutdown
    view.close()
    states.are(*CLOSE)


def test_creating_to_close_requested() -> None:
    with stopped_ui_process():
        view = WebView(html="<p>")
        states = States(view)
        view.show(wait=False)
        assert view.lifecycle == "creating"
        view.shutdown()
        assert view.lifecycle == "close_requested" and view.is_shutdown
        assert states.next() == "close_requested"
    ends(view)
    states.are(*END)  # that the window was made after all is no way back


def test_a_view_that_is_never_shown_ends_on_the_spot() -> None:
    view = WebView(html="<p>")
    states = States(view)
    view.close()
    states.are(*CLOSE)
    assert states.threads == {threading.get_ident()}
    ends(view)


def test_creating_to_destroying_when_the_ui_process_is_killed() -> None:
    with stopped_ui_process():
        view = WebView(html="<p>", recovery=NEVER)
        states = States(view)
        show_connected(view)
        assert view.lifecycle == "creating"
        kill_ui_process()
        fails(view, UiProcessError, "signal 9")
        states.are(*END)


@pytest.mark.needs("javascript")
def test_creating_to_destroying_when_there_is_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    with own_ui_process():
        view = WebView(html="<p>")
        states = States(view)
        view.show(wait=False)
        fails(view, UiProcessError, "DISPLAY=:987")
        states.are(*END)


def test_creating_to_destroying_when_the_view_cannot_be_made() -> None:
    for _ in range(8):  # until it is our thread that the system refuses, and not one of the engine
        with ui_process_without_memory():
            view = WebView(html="<p>", recovery=NEVER)
            states = States(view)
            view.show(wait=False)
            with pytest.raises((WindowOperation, UiProcessError)) as caught:
                view.wait(PATIENCE)
            assert view.lifecycle == "destroyed"
            states.are(*END)
        if isinstance(caught.value, WindowOperation):
            break
    assert "could not be made: no thread for assets" in str(caught.value)
    assert isinstance(caught.value, WindowOperation) and caught.value.operation == "show"


def test_active_to_close_requested() -> None:
    with shown() as view:
        states = States(view)
        with stopped_ui_process():
            view.shutdown()
            assert view.lifecycle == "close_requested" and view.is_alive()
            assert states.next() == "close_requested"
        ends(view)
        states.are(*END)


def test_active_to_destroying() -> None:
    with shown(recovery=NEVER) as view:
        states, reasons = States(view), Recorder()
        view.on_closed(reasons)
        kill_ui_process()
        fails(view, UiProcessError, "signal 9")
        states.are(*END)
        assert reasons.next() == "error"


def test_close_requested_to_destroying() -> None:
    with shown() as view:
        states = States(view)
        with stopped_ui_process():
            view.shutdown()
            assert states.next() == "close_requested"
            kill_ui_process()
        ends(view)  # whoever wanted the end need not hear how it came
        states.are(*END)


@pytest.mark.needs("javascript")
def test_destroying_lasts_until_the_running_handler_returns() -> None:
    with shown(recovery=NEVER) as view:
        states = States(view)
        entered, go_on = threading.Event(), threading.Event()

        @view.on("block")
        def block(data: object) -> None:
            entered.set()
            assert go_on.wait(PATIENCE)

        view.eval_js("auroraview.send_event('block')")
        assert entered.wait(PATIENCE)
        kill_ui_process()
        with pytest.raises(ShutdownInProgressError):  # this thread reads the link while it waits
            view.eval_js_sync("new Promise(() => {})")
        assert view.lifecycle == "destroying" and view.is_alive()
        go_on.set()
        fails(view, UiProcessError, "signal 9")
        states.are(*END)


def test_an_event_of_the_life_comes_before_closed() -> None:
    order = Recorder()
    with shown() as view:
        view.on_lifecycle(lambda state: order(state))
        view.on_closed(lambda reason: order(f"closed by {reason}"))
    assert order.take(4) == [*CLOSE, "closed by host"]


def test_handlers_may_call_everything() -> None:
    """No lock is held: not even what another thread calls, for whom the handler waits, is held up."""
    told = Recorder()
    view = WebView(html="<p>")

    @view.on_lifecycle
    def entered(state: str) -> None:
        def elsewhere() -> None:
            view.on("x", print)
            view.bind_call("api.x", print)
            view.shutdown()
            told((state, view.lifecycle, view.is_shutdown, view.stats().backlog >= 0))
            for refused in (lambda: view.emit("x"), lambda: view.eval_js("1"), lambda: view.set_size(300, 200)):
                with pytest.raises(ShutdownInProgressError):
                    refused()

        other = threading.Thread(target=elsewhere)
        other.start()
        other.join(PATIENCE)
        assert not other.is_alive(), "held up"
        elsewhere()
        view.close()

    view.show(wait=False)
    ends(view)
    states = [state for state, *_ in told.take(8)]
    assert states == [state for state in ["active", *CLOSE] for _ in range(2)]


def test_a_handler_that_raises_does_not_keep_the_others_from_their_state() -> None:
    with shown() as view:

        @view.on_lifecycle
        def fails(state: str) -> None:
            raise RuntimeError("no")

        states = States(view)
    states.are(*CLOSE)


@pytest.mark.needs("javascript")
def test_a_hidden_window_lives_like_any_other() -> None:
    with WebView(html="<p>hidden", visible=False) as view:
        states = States(view)
        view.show(wait=False)
        assert states.next() == "active"
        assert view.eval_js_sync("document.querySelector('p').textContent") == "hidden"
        assert not view.visible and view.is_alive()
        view.set_visible(True)
        until("the window", lambda: view.visible)
    states.are(*CLOSE)


def test_states_of_many_views_at_once_never_mix() -> None:
    views = [WebView(html="<p>") for _ in range(6)]
    followed = [States(view) for view in views]
    for view in views:
        view.show(wait=False)
    for states in followed:
        assert states.next() == "active"
    closers = [threading.Thread(target=view.close) for view in views for _ in range(2)]
    for closer in closers:
        closer.start()
    for closer in closers:
        closer.join(PATIENCE)
    for states in followed:
        states.are(*CLOSE)
