"""Time limits and checks that hold for the whole process (RFC 0002, ``ThreadSafetyConfig``)."""

from __future__ import annotations

from typing import NamedTuple

from . import _core
from ._errors import ThreadSafetyError


class ThreadSafetyConfig(NamedTuple):
    """Defaults of everything that waits. ``ThreadSafetyConfig(js_eval_timeout_ms=10_000).apply()`` changes them.

    A call that is given its own timeout uses that. Any thread; a change is seen by calls that begin after it.
    """

    #: How long ``eval_js_sync`` and ``eval_js_async`` wait for a script, in milliseconds.
    js_eval_timeout_ms: float = 5000
    #: How long ``run_on_main_thread_sync`` waits for the main thread, in milliseconds.
    main_thread_timeout_ms: float = 30000
    #: How often ``emit`` tries again when the queue to the page is full. Only on threads that may wait: not on the main
    #: thread, and not on one that runs a view's handlers.
    max_retries: int = 3
    #: How long each of these tries waits for room, in milliseconds.
    retry_delay_ms: float = 100
    #: How long a handler may hold the main thread before the log and the event ``handler_slow`` name it, in
    #: milliseconds; 0: nobody looks (``docs/recovery.md``).
    watchdog_ms: float = 250
    #: Whether the order of our locks is checked. Only test builds can.
    debug_lock_order: bool = _core.LOCK_ORDER_CHECKED

    def apply(self) -> None:
        """Makes this the configuration of the process.

        Raises:
            ValueError: A limit makes no sense.
            ThreadSafetyError: ``debug_lock_order`` is asked of a build that has no such check.
        """
        for name in ("js_eval_timeout_ms", "main_thread_timeout_ms"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0 ms, not {getattr(self, name)!r}")
        for name in ("max_retries", "retry_delay_ms", "watchdog_ms"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative: {getattr(self, name)!r}")
        if not _core.check_lock_order(self.debug_lock_order):
            raise ThreadSafetyError(
                "debug_lock_order=True: this build of auroraview has no check of the lock order. Build one with "
                "maturin develop --features lock-order, or leave it off"
            )
        global _current
        _current = self
        from . import _watchdog  # which asks for this configuration

        _watchdog.configure()

    @classmethod
    def current(cls) -> ThreadSafetyConfig:
        """The configuration of the process."""
        return _current


_current = ThreadSafetyConfig()
