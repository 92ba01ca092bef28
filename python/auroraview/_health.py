"""How the host is, as it tells the page (``protocol/README.md`` section 11).

While no page asks, nothing is sent and nobody is woken.
"""

from __future__ import annotations

import time
from typing import Any, Optional

from . import _core, _rpc
from ._errors import ShutdownInProgressError

_SCHEMA_VERSION = 1
#: No page gets heartbeats more often, in seconds.
_MIN_EVERY = 0.01


class Health:
    """Heartbeats to the document that asked for them. The thread that runs the handlers sends them, so that a handler
    which is stuck stops them. Only that thread uses this, but for :meth:`report`."""

    def __init__(self, port: _core.Port) -> None:
        self._port = port
        #: The current document; None: there is none.
        self._doc: Optional[int] = None
        #: Seconds from one heartbeat to the next; 0: nobody asked.
        self._every = 0.0
        self._next = 0.0

    def on_document(self, doc: int) -> None:
        if doc != self._doc:
            self._doc, self._every = doc, 0.0

    def on_gone(self, doc: int) -> None:
        if doc == self._doc:
            self._doc, self._every = None, 0.0

    def ask(self, doc: int, params: Any) -> None:
        """A document wants a heartbeat every so many milliseconds; 0: none. What it asks passes the notice that it is
        there."""
        if doc > (self._doc or 0):
            self.on_document(doc)
        wanted = params.get("heartbeatMs") if isinstance(params, dict) else None
        if doc == self._doc and isinstance(wanted, (int, float)):
            self._every = max(wanted / 1000, _MIN_EVERY) if wanted > 0 else 0.0
            self._next = time.monotonic()

    def next_beat(self) -> Optional[float]:
        """Seconds until the drain must look here again, or None."""
        return max(0.0, self._next - time.monotonic()) if self._every else None

    def after_turn(self) -> None:
        """Sends a heartbeat if one is due."""
        now = time.monotonic()
        if self._every and now >= self._next:
            self._next = now + self._every
            self._tell(status="ok")

    def report(self, message: str, source: str) -> None:
        """Tells the page that the back end cannot serve it. A view without a page has nobody to tell. Any thread."""
        if self._port.lifecycle not in ("creating", "active"):
            raise ShutdownInProgressError("the view is closed: nobody is there to be told")
        self._tell(status="error", message=message, source=source)

    def _tell(self, **params: str) -> None:
        doc = self._doc
        if doc is not None:
            self._port.control(_rpc.notification("$/health", {"schema_version": _SCHEMA_VERSION, **params}), doc)
