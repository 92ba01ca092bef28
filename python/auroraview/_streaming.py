"""Text that comes in pieces, such as a language model's answer, on its way to the page (seed 002 phase 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from . import _core
from ._errors import Encoding
from ._log import log

if TYPE_CHECKING:
    from ._view import WebView

#: The event's name in the seed.
TEXT_EVENT = "agui:text_message_content"


class StreamingEmitter:
    """Sends bytes of UTF-8 text to the page as they arrive, never half a character.

    Each piece becomes an event ``{"message_id": ..., "delta": str}``. The deltas, put together, are the text: for any
    pieces, nothing is split, lost or doubled. Bytes that belong to no character become one U+FFFD for each run, and are
    reported in the log once for a message. One thread at a time.

    Args:
        view: Where to.
        message_id: Names the text among others; goes into each event.
        event: Name of the event.
        errors: ``"replace"``, or ``"strict"``: invalid bytes raise.
    """

    def __init__(
        self, view: WebView, message_id: Optional[str] = None, *, event: str = TEXT_EVENT, errors: str = "replace"
    ) -> None:
        if errors not in ("replace", "strict"):
            raise ValueError(f"errors must be 'replace' or 'strict', not {errors!r}")
        self.message_id = message_id
        #: How many U+FFFD stand for invalid bytes so far.
        self.replaced = 0
        self._view = view
        self._event = event
        self._strict = errors == "strict"
        self._stream = _core.Utf8Stream()

    def emit_text_delta(self, delta: bytes) -> None:
        """Sends what ``delta`` completes. A character whose end is missing waits for the next piece.

        Raises:
            Encoding: With ``errors="strict"``: bytes that belong to no character; the piece was sent with U+FFFD in
            their place. QueueFull, ShutdownInProgressError: As for ``emit``.
        """
        self._send(*self._stream.push(bytes(delta)))

    def flush(self) -> None:
        """The text ends here: a character whose end never came is invalid. The emitter can then begin another text."""
        self._send(*self._stream.flush())

    def _send(self, text: str, replaced: int) -> None:
        if text:
            self._view.emit(self._event, {"message_id": self.message_id, "delta": text})
        if not replaced:
            return
        if self._strict:
            raise Encoding(f"text {self.message_id!r}: bytes that are not UTF-8 ({replaced} places)")
        if not self.replaced:
            log().warning("text %r: bytes that are not UTF-8 are shown as U+FFFD", self.message_id)
        self.replaced += replaced
