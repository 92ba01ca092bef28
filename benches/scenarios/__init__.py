"""What is measured: each scenario once. `page.js` is its part in the page, `host.py` its part in a Python host,
`../floor/src` the same in Rust."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

KIB, MIB = 1 << 10, 1 << 20


class Goal(NamedTuple):
    """What AuroraView has to reach: a ratio to another's median, or (`against` is None) a number."""

    limit: float
    against: str | None = "floor"
    #: The limit is one of speed: of the other's median time to ours.
    speed: bool = False
    #: The AuroraView that it is for; empty: that of the row.
    ours: str = ""


class Row(NamedTuple):
    """A figure of a scenario, as the table shows it."""

    figure: str
    label: str
    unit: str
    goals: tuple[Goal, ...] = ()
    more_is_better: bool = False
    #: The AuroraView that the goals are for.
    ours: str = "AuroraView, show()"


#: Not a peer: the better of the floor's two ways for much text; the floor's cold start.
BEST_OF_FLOOR, COLD_START = "the floor's better way", "the floor's cold start"
_THREADED, _QT = "AuroraView, threaded", "AuroraView, in Qt"


class Scenario(NamedTuple):
    name: str
    #: Which paragraph of the plan asks for it.
    letter: str
    #: The function in page.js.
    page: str
    options: dict[str, Any]
    rows: tuple[Row, ...]
    #: What differs in a quick run; None: it is not in one.
    quick: dict[str, Any] | None = {}
    #: What differs for a peer that is so slow that the full count takes minutes.
    slow: dict[str, Any] = {}
    #: Bytes travel: the floor serves the page from the scheme that carries them.
    scheme: bool = False
    #: Rounds at most: what takes long and varies little.
    rounds: int = 99
    #: Only these peers, by the start of their names; empty: all.
    only: tuple[str, ...] = ()


def _text(size: int, name: str, count: int, goals: tuple[Goal, ...] = ()) -> list[Scenario]:
    many, few, key = {"count": count, "size": size, "skip": 3}, {"count": max(8, count // 4)}, name.replace(" ", "")
    return [
        Scenario(f"text_up_{key}", "a", "text_up", many,
                 (Row("round_trip", f"call with {name} of text", "µs", goals),), few),
        Scenario(f"text_down_{key}", "a", "text_down", many,
                 (Row("round_trip", f"call answered with {name} of text", "µs", goals),), few),
    ]  # fmt: skip


def _bytes(size: int, name: str, count: int, goals: tuple[Goal, ...] = ()) -> list[Scenario]:
    many, few, key = {"count": count, "size": size, "skip": 2}, {"count": max(5, count // 4)}, name.replace(" ", "")
    up, down = (Goal(0.8, speed=True), *goals), (Goal(0.9, speed=True), *goals)
    return [
        Scenario(f"bytes_up_{key}", "a", "bytes_up", many,
                 (Row("round_trip", f"{name} of bytes up (floor: a scheme's POST)", "µs", up),), few, scheme=True),
        Scenario(f"bytes_down_{key}", "a", "bytes_down", many,
                 (Row("round_trip", f"{name} of bytes down (floor: a scheme's GET)", "µs", down),), few, scheme=True),
    ]  # fmt: skip


_PYWEBVIEW = "pywebview, GTK"
_SUSTAINED = Goal(100_000, None)
_FRAME = {"width": 1920, "height": 1080, "count": 40, "skip": 2}
_DOWN = {"count": 100_000, "batch": 100_000, "thread": True}
_BESIDE = (Goal(1.0, "beside"), Goal(1.0, "beside, in Qt", ours=_QT))

SCENARIOS = [
    Scenario("start", "g, j", "start", {}, (
        Row("first", "cold start to the page's first message", "ms", (Goal(1.15),)),
        Row("paint", "cold start to the first pixels of the page", "ms"),
        Row("end", "close to exit of every process", "ms", (Goal(100, None),)),
    )),
    Scenario("call", "a", "call", {"count": 3000, "skip": 200},
             (Row("round_trip", "small call page → host → page", "µs", (Goal(1.25),)),), {"count": 1000}),
    *_text(64 * KIB, "64 KiB", 200),
    *_text(MIB, "1 MiB", 60, (Goal(1.5, BEST_OF_FLOOR),)),
    *_bytes(64 * KIB, "64 KiB", 200),
    *_bytes(MIB, "1 MiB", 60),
    *_bytes(16 * MIB, "16 MiB", 12, (Goal(0.2, _PYWEBVIEW),)),
    Scenario("flight", "b", "flight", {"count": 10, "calls": 1000},
             (Row("rate", "1000 calls in flight", "calls/s", (Goal(1.0),), True),), {"count": 4}, {"count": 3}),
    Scenario("events_up", "c", "events_up", {"count": 100_000},
             (Row("rate", "events page → host", "events/s", (Goal(1.5), _SUSTAINED), True),), {}, {"count": 2000}),
    Scenario("events_down_thread", "d", "events_down", _DOWN, (
        Row("rate", "events host → page, from a thread", "events/s",
            (Goal(1.5), Goal(30, _PYWEBVIEW), _SUSTAINED), True),
    ), {}, {"count": 5000, "batch": 5000}),
    Scenario("events_down_main", "d", "events_down", {**_DOWN, "thread": False, "batch": 10_000},
             (Row("rate", "events host → page, from the handlers' thread", "events/s", (), True),), {},
             {"count": 5000, "batch": 1000}),
    Scenario("ping", "e", "ping", {"count": 2000, "skip": 100},
             (Row("round_trip", "event thread → page → thread", "µs", (Goal(1.3),)),), {"count": 600}),
    Scenario("evaluate", "f", "evaluate", {"count": 2000, "skip": 100},
             (Row("round_trip", "a script's result, for a thread", "µs", (Goal(1.5),)),), {"count": 600}),
    Scenario("views", "l", "views", {"at": [1, 10, 50]}, (
        Row("warm", "warm start: one more view to its first message", "ms"),
        Row("pss_1", "PSS of all processes, 1 view", "MiB", (Goal(1.15),)),
        Row("pss_10", "PSS of all processes, 10 views", "MiB"),
        Row("pss_50", "PSS of all processes, 50 views", "MiB"),
    ), {"at": [1, 10]}, rounds=2),
    # The driver looks at the memory after each view, which takes it a second.
    Scenario("views_kept", "l", "views", {"at": [*range(1, 11)], "warmup": True}, (
        Row("warm", "one more view a second later, with `warmup()`", "ms", (Goal(0.4, COLD_START),)),
        Row("pss_1", "PSS of all processes, 1 view and what `warmup()` keeps", "MiB"),
    ), {"at": [*range(1, 7)]}, rounds=2),
    Scenario("held", "h", "frames", {**_FRAME, "count": 20, "padding": 5_000_000}, (
        Row("held_call", "host's main thread held by one call of ours", "ms",
            (Goal(1.0, None), Goal(1.0, None, ours=_QT)), ours=_THREADED),
        Row("held_cpu", "host's main thread held by one call of ours: processor time", "ms", ours=_THREADED),
        Row("held_open", "main thread's longest gap while a view opens and loads 5 MB", "ms", _BESIDE, ours=_THREADED),
        Row("held_open_cpu", "main thread between two turns while a view opens and loads 5 MB: processor time", "ms",
            ours=_THREADED),
        Row("held_stream", "main thread's longest gap while 20 frames of 1080p stream", "ms", _BESIDE, ours=_THREADED),
        Row("held_close", "main thread's longest gap while the view closes", "ms", _BESIDE, ours=_THREADED),
    ), {"count": 8}, {"count": 5}, scheme=True),
    Scenario("idle", "i", "idle", {"seconds": 5}, (
        Row("host_wakes", "idle: wake-ups of the host", "1/s", (Goal(0, None),)),
        Row("all_wakes", "idle: wake-ups of all processes", "1/s", (Goal(1.0),)),
        Row("cpu", "idle: processor time of all processes", "ms/s"),
        Row("host_growth", "private memory of the host since before the import", "MiB", (Goal(15, None),)),
        Row("pss", "PSS of all processes", "MiB", (Goal(1.15),)),
    ), {"seconds": 2}, rounds=5),
    Scenario("killed", "j", "killed", {}, (
        Row("gone", "host killed, page in a busy loop: until every process is gone", "ms"),
    ), rounds=1),
    Scenario("frames", "k", "frames", _FRAME,
             (Row("fps", "1080p RGBA from NumPy to a canvas", "frames/s", (), True),
              Row("rate", "1080p RGBA from NumPy to a canvas", "MiB/s", (), True)),
             {"count": 10}, {"count": 6}, scheme=True),
    Scenario("busy", "m", "busy", {"count": 300, "skip": 20}, (
        Row("round_trip", "small call while four Python threads compute", "µs", (Goal(1.2, "python socket"),)),
    ), {"count": 60, "skip": 5}, {"count": 12, "skip": 2}, rounds=3),
    Scenario("flat_events", "4", "flat_events", {"count": 100_000, "steps": 10}, (
        Row("growth", "growth of UI and web process over 700,000 events up", "MiB", (Goal(16, None),)),
    ), None, rounds=1, only=("floor", "AuroraView, show()")),
    Scenario("flat_bytes", "4", "flat_bytes", {"count": 8, "size": 16 * MIB, "steps": 14, "skip": 1}, (
        Row("growth", "growth of UI and web process over 1.5 GiB each way", "MiB", (Goal(16, None),)),
    ), None, rounds=1, scheme=True, only=("floor", "AuroraView, show()")),
]  # fmt: skip

#: What the driver looks for on the screen.
COLOUR = (0x1A, 0x98, 0x50)


def page(glue: str, scenario: Scenario, options: dict[str, Any]) -> str:
    """The document of a peer whose own script is `glue`."""
    shared = (Path(__file__).parent / "page.js").read_text()
    padding = f"<!-- {'x' * options.get('padding', 0)} -->"
    colour = "#{:02x}{:02x}{:02x}".format(*COLOUR)
    return f"""<!doctype html><meta charset="utf-8"><title>bench</title>
<body style="margin: 0; background: {colour}"><canvas width="1" height="1"></canvas>{padding}
<script>{glue}</script><script>{shared}
run({json.dumps(scenario.page)}, {json.dumps(options)});</script>"""


def second_page(glue: str) -> str:
    """The document of each further view."""
    return f"""<!doctype html><meta charset="utf-8"><title>further</title><p>further
<script>{glue}</script><script>peer.ready().then(() => peer.emit('opened', 0))</script>"""
