"""Whatever ends: each handler ran at most once, every promise and every wait settles, every generator is closed."""

from __future__ import annotations

from typing import Callable

import pytest

from auroraview import WebView
from support.flight import Flight
from support.ui_process import kill_ui_process, kill_web_processes

pytestmark = pytest.mark.needs("javascript")

ENDS: dict[str, Callable[[WebView], None]] = {
    "reload": lambda view: view.reload(),
    "crash": lambda view: kill_web_processes(),
    "ui process": lambda view: kill_ui_process(),
    "close": lambda view: view.shutdown(),
    "abort": lambda view: view.eval_js("aborter.abort()"),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_hundred_calls_twenty_streams_and_twenty_calls_of_the_page(how: str) -> None:
    flight = Flight()
    with WebView(html=flight.HTML) as view:
        flight.start(view, calls=100, streams=20, asked=20)
        ENDS[how](view)
        flight.land(view, page_is_there=how == "abort")
