"""A gigabyte of bytes each way: no process grows with it."""

from __future__ import annotations

from support.chaos import Chaos
from support.transfers import flat_over
from support.views import shown


def test_a_gigabyte_each_way_leaves_nothing_behind(chaos: Chaos) -> None:
    with shown() as view:
        flat_over(view, rounds=chaos.count(5, 100), size=10_000_000)
