"""How much the one drain does at a time (seed 000 section 9.2): one path for all run modes, with another budget."""

from __future__ import annotations

from typing import NamedTuple

#: Seed 000's processing modes.
MODES = ("full", "ipc_only", "batch")


class ProcessorConfig(NamedTuple):
    """The budget of a view's drain. The presets are what the run modes need; ``WebView(processor=...)`` takes one.

    Raises:
        TypeError, ValueError: By ``WebView``, if a value makes no sense.
    """

    #: ``full``: everything as it comes. ``ipc_only``: the same; the host process has no window messages of ours to
    #: leave out, since every window belongs to the UI process. ``batch``: what comes within ``frame_ms`` is handled
    #: together.
    mode: str = "full"
    #: Messages in one turn; what is left waits for the next. 0: no limit.
    max_messages: int = 0
    #: Milliseconds after which a turn begins no further message. 0: no limit.
    max_ms: float = 0.0
    #: ``batch``: milliseconds from one turn to the next. What is urgent does not wait.
    frame_ms: float = 16.0
    #: Whether the host calls ``view.process_events()`` from a timer of its own, instead of ``show()`` or a thread of
    #: ours.
    self_pump: bool = False

    @classmethod
    def standalone(cls) -> ProcessorConfig:
        """``show()`` drains, on a thread that has nothing else to do: no limit."""
        return cls()

    @classmethod
    def qt_embedded(cls) -> ProcessorConfig:
        """The host's event loop drains between its own events: short turns (RFC: ``process_ipc_only``). What
        ``dcc_mode`` uses."""
        return cls(mode="ipc_only", max_messages=64, max_ms=1.0, self_pump=True)

    @classmethod
    def legacy_embedded(cls) -> ProcessorConfig:
        """A timer of the host drains: longer turns, since they are rarer."""
        return cls(max_messages=256, max_ms=10.0, self_pump=True)

    def check(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"processor: mode must be one of {', '.join(MODES)}, not {self.mode!r}")
        for name in ("max_messages", "max_ms", "frame_ms"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"processor: {name} must not be negative: {getattr(self, name)!r}")
