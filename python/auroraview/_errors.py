"""The exceptions of AuroraView.

::

    AuroraViewError
    ├── UserError                  raise it in a handler: it reaches the page whole
    ├── JavaScriptError            a script of ours raised in the page        (also a RuntimeError)
    ├── EvalTimeoutError           a script did not answer in time            (also a TimeoutError)
    ├── PageGoneError              the document that was asked is gone        (also a RuntimeError)
    ├── InvalidDataError           data that JSON cannot hold                 (also a ValueError)
    │   └── PayloadTooLargeError   over the 16 MiB of one message
    ├── QueueFull                  the page does not keep up
    ├── NotShownError              the view has no window yet                 (also a RuntimeError)
    ├── NotYetError                an option that a later version brings      (also a NotImplementedError)
    ├── UiProcessError             the UI process cannot start, or is gone    (also a RuntimeError)
    └── ThreadSafetyError
        └── ShutdownInProgressError   the view is closing or closed

The extension raises them by name (``crates/python/src/errors.rs``).
"""

from __future__ import annotations

from typing import Any, Optional


class AuroraViewError(Exception):
    """Base of all exceptions that AuroraView raises on purpose."""


class UserError(AuroraViewError):
    """Raise it in a handler to tell the page what went wrong: the page sees ``message``, ``code`` and ``data``.

    Args:
        message: For people.
        code: For programs; becomes ``error.code`` in JavaScript.
        data: Anything that JSON can hold; becomes ``error.data``.
    """

    def __init__(self, message: str, code: str = "USER_ERROR", data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class JavaScriptError(AuroraViewError, RuntimeError):
    """A script that Python ran raised in the page.

    Attributes:
        name: Name of the JavaScript error, ``"TypeError"`` for example.
        message: Its message.
        stack: Its stack, or ``""``.
    """

    def __init__(self, message: str, name: str = "Error", stack: Optional[str] = None) -> None:
        self.name, self.message, self.stack = name, message, stack or ""
        where = f"\n{self.stack}" if self.stack else ""
        super().__init__(f"{name}: {message}{where}")


class EvalTimeoutError(AuroraViewError, TimeoutError):
    """A script did not answer within its time. It may still be running in the page."""


class PageGoneError(AuroraViewError, RuntimeError):
    """The document that was asked navigated away, crashed or was closed before it answered."""


class InvalidDataError(AuroraViewError, ValueError):
    """The data cannot be written as JSON: NaN, a cycle, an object JSON has no word for, an integer beyond 2^53."""


class PayloadTooLargeError(InvalidDataError):
    """One message is over the limit of 16 MiB (``protocol/README.md`` section 6)."""


class QueueFull(AuroraViewError):
    """The page takes messages slower than they are sent, and the bound is reached. Nothing was sent; try later."""


class NotShownError(AuroraViewError, RuntimeError):
    """Somebody waits for an answer of a view that was never shown."""


class NotYetError(AuroraViewError, NotImplementedError):
    """The option or method is part of the plan, but not of this version."""


class UiProcessError(AuroraViewError, RuntimeError):
    """The UI process cannot be started, cannot show windows here, or is gone. The message says what to do."""


class ThreadSafetyError(AuroraViewError):
    """Base of the errors about threads (RFC 0002)."""


class ShutdownInProgressError(ThreadSafetyError):
    """The view is closing or closed (RFC 0002): nothing new is accepted."""


for _each in [*globals().values()]:
    if isinstance(_each, type) and issubclass(_each, AuroraViewError):
        _each.__module__ = "auroraview"  # where users import it from, and what a traceback shows
