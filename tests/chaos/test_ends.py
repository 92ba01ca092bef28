"""How long a busy host takes from the moment at which it wants to end until its process is gone."""

from __future__ import annotations

import sys

from support.chaos import Chaos
from support.quitting import WAYS, ends_well, program


def test_c26_a_busy_host_ends(chaos: Chaos) -> None:
    ways = [way for way in WAYS if way != "Qt"]
    ends = chaos.count(len(ways), 25 * len(ways))
    took = {way: [ends_well(sys.executable, program(way, "sys.exit(7)"), 7) for _ in range(ends // len(ways))]
            for way in ways}  # fmt: skip
    chaos.report("C26", ends=ends, **{way.replace(" ", "_"): times for way, times in took.items()})
