"""What passed through a view."""

from __future__ import annotations

from typing import NamedTuple

from . import _core


class Stats(NamedTuple):
    """Counters of a view since it was made. After ``close()``: ``accepted == processed + cancelled``."""

    #: Calls and events of the page that were let in.
    accepted: int
    #: Of these, handled.
    processed: int
    #: Of these, given up: cancelled by the page, or the view closed first.
    cancelled: int
    #: Refused, since the view was closing or too many bytes waited; bytes of the page that nobody wants; and messages
    #: to the page that it never took.
    dropped: int
    #: Messages to the page that a newer one replaced, because ``emit(coalesce=...)`` asked for it.
    coalesced: int
    #: Everything put into the view's queue: also what the UI process tells about windows and loads, and wake-ups.
    pushed: int
    #: Everything taken from it.
    taken: int
    #: How often the draining thread had to be woken.
    wake_ups: int
    #: Messages for the page that it is not known to have taken: that is reported every 4096 messages or 4 MiB.
    backlog: int
    #: How long messages waited in the queue: ``latency_us[n]`` took less than 2 to the n microseconds and not less than
    #: half.
    latency_us: tuple[int, ...]
    #: How often, in the whole process, a thread had to wait for a lock of ours.
    contended_locks: int

    def latency_percentile(self, percent: float) -> float:
        """An upper bound, in microseconds, of what ``percent`` of the messages waited; 0 if there were none."""
        wanted = sum(self.latency_us) * percent / 100
        seen = 0
        for power, count in enumerate(self.latency_us):
            seen += count
            if count and seen >= wanted:
                return float(2**power)
        return 0.0


def of(port: _core.Port) -> Stats:
    counters, latency = port.stats()
    return Stats(latency_us=tuple(latency), contended_locks=_core.contended_locks(), **counters)
