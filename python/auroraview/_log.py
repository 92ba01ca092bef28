"""Our loggers. ``logging`` is imported when there is something to say: a tool's window should not wait for it.

``AURORAVIEW_LOG`` (``debug``, or ``auroraview_link=trace,auroraview_ui=info``) lets both processes say what happens to
which message, by view, document and id; never what is in it. It arrives in ``logging``, below ``auroraview``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import _core

if TYPE_CHECKING:
    from logging import Logger

#: Turns tracing on, in both processes and in the page.
LOG_VARIABLE = "AURORAVIEW_LOG"
#: Below DEBUG; what ``logging`` has no name for.
TRACE = 5
#: What a traced line of the UI process begins with; others are what it or its libraries just wrote.
MARK = "@"

_LEVELS = {"TRACE": TRACE, "DEBUG": 10, "INFO": 20, "WARN": 30, "ERROR": 40}


def log(name: str = "auroraview") -> Logger:
    """``auroraview`` for what we say, ``auroraview.ui`` for what the UI process writes to its standard error."""
    import logging

    return logging.getLogger(name)


def pass_on(line: str) -> None:
    """Gives a line of the UI process or of the extension to ``logging``."""
    if not line.startswith(MARK):
        return log("auroraview.ui").info("%s", line)
    parts = line[len(MARK) :].split(" ", 3)
    if len(parts) < 4 or parts[0] not in _LEVELS or not parts[1].isdigit():
        return log("auroraview.ui").info("%s", line)
    level, micros, target, text = parts
    say(_LEVELS[level], target.replace("::", ".").replace("auroraview_", "auroraview."), text, int(micros) / 1000)


def say(level: int, name: str, text: str, time: object) -> None:
    """Logs what was said elsewhere at a time (milliseconds since 1970; 0 or no number: now)."""
    logger = log(name)
    if not logger.isEnabledFor(level):
        return
    record = logger.makeRecord(name, level, name, 0, text, (), None)
    if isinstance(time, (int, float)) and time > 0:
        created = time / 1000
        record.relativeCreated += (created - record.created) * 1000
        record.created, record.msecs = created, created % 1 * 1000
    logger.handle(record)


def flush() -> None:
    """Gives what the extension has to say to ``logging``."""
    for line in _core.take_log():
        pass_on(line)


def _start() -> bool:
    wanted = os.environ.get(LOG_VARIABLE)
    if not wanted:
        return False
    try:
        _core.start_log(wanted)
    except ValueError as error:
        log().warning("%s", error)
        return False
    import logging

    logging.addLevelName(TRACE, "TRACE")
    logger = log()
    logger.setLevel(TRACE)  # the filter has decided already
    if not logger.hasHandlers():  # nobody configured logging: who sets the variable wants to see something
        logging.basicConfig(format="%(relativeCreated)9.1f ms %(levelname)-7s %(name)s: %(message)s")
    return True


#: Whether anybody asked for tracing.
TRACING = _start()
