"""Calls, streams and calls of the page while everything around them ends; and a million messages each way."""

from __future__ import annotations

import time
from typing import Callable

import pytest

from auroraview import WebView
from support import ordering
from support.chaos import Chaos
from support.flight import Flight
from support.ui_process import kill_ui_process, kill_web_processes
from support.views import shown

ENDS: list[Callable[[WebView], None]] = [
    lambda view: view.reload(),
    lambda view: kill_web_processes(),
    lambda view: kill_ui_process(),
    lambda view: view.shutdown(),
]


@pytest.mark.timeout(3600)
def test_c23_exactly_once_whatever_ends(chaos: Chaos) -> None:
    rounds, ran, opened = chaos.count(8, 400), 0, 0
    for _ in range(rounds):
        flight = Flight()
        end = chaos.random.choice(ENDS)
        with WebView(html=flight.HTML) as view:
            flight.start(view, chaos.random.randrange(100), chaos.random.randrange(20), chaos.random.randrange(1, 20))
            end(view)
            flight.land(view, page_is_there=False)
        ran += sum(flight.ran.values())
        opened += sum(flight.opened.values())
    chaos.report("c23", rounds=rounds, handlers=ran, generators=opened, twice=0, left=0)


@pytest.mark.timeout(3600)
def test_c24_order_of_a_million(chaos: Chaos) -> None:
    count = chaos.count(20_000, 1_000_000)
    with shown(ordering.PAGE) as view:
        began = time.monotonic()
        ordering.page_to_python(view, count)
        up = time.monotonic()
        ordering.python_to_page(view, count // 250, 250)
        down = time.monotonic()
    chaos.report("c24", each_way=count, up_per_s=round(count / (up - began)), down_per_s=round(count / (down - up)))
