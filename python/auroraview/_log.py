"""Our loggers. ``logging`` is imported when there is something to say: a tool's window should not wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger


def log(name: str = "auroraview") -> Logger:
    """``auroraview`` for what we say, ``auroraview.ui`` for what the UI process writes to its standard error."""
    import logging

    return logging.getLogger(name)
