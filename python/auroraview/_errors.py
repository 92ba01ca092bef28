"""The exceptions of AuroraView.

::

    AuroraViewError
    ├── UserError                     raise it in a handler: it reaches the page whole
    ├── InvalidDataError              data that JSON cannot hold                 (also a ValueError)
    │   └── PayloadTooLargeError      over the 16 MiB of one message
    ├── NotShownError                 the view has no window yet                 (also a RuntimeError)
    ├── NotYetError                   an option that a later version brings      (also a NotImplementedError)
    ├── PageGoneError                 the document that was asked is gone        (also a RuntimeError)
    ├── CancelledError                the page gave up the call that a handler answers
    ├── EventLoopError                the seven kinds of RFC 0010
    │   ├── ScriptExecution
    │   │   └── JavaScriptError       a script of ours raised in the page        (also a RuntimeError)
    │   ├── QueueFull                 the page does not keep up
    │   ├── Encoding                  bytes that are no text                     (also a ValueError)
    │   ├── EventLoopClosed           nobody is there to do it                   (also a RuntimeError)
    │   │   └── UiProcessError        the UI process cannot start, or is gone
    │   ├── WindowOperation           a window cannot be what it was asked to be (also a RuntimeError)
    │   ├── Timeout                   nobody answered in time                    (also a TimeoutError)
    │   │   └── EvalTimeoutError      ... a script
    │   └── WebViewLock               retired: see there
    └── ThreadSafetyError             RFC 0002
        ├── DeadlockDetectedError     a wait that could never end
        ├── DrainError                accepted work was not finished in time     (also a TimeoutError)
        ├── ShutdownInProgressError   the view is closing or closed
        └── ThreadDispatchTimeoutError   the main thread did not come to it      (also a TimeoutError)

The extension raises some of them by name (``crates/python/src/errors.rs``).
"""

from __future__ import annotations

from typing import Any, Optional


class AuroraViewError(Exception):
    """Base of all exceptions that AuroraView raises on purpose."""


class UserError(AuroraViewError):
    """Raise it in a handler to tell the page what went wrong: the page sees ``message``, ``code`` and ``data``.

    A subclass may fix ``code``, and annotate ``data``: then ``auroraview types`` tells TypeScript both.

    Args:
        message: For people.
        code: For programs; becomes ``error.code`` in JavaScript.
        data: Anything that JSON can hold; becomes ``error.data``.
    """

    code: str = "USER_ERROR"

    def __init__(self, message: str, code: Optional[str] = None, data: Any = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.data = data


class EventLoopError(AuroraViewError):
    """Base of the kinds of failure that RFC 0010 names."""


class ScriptExecution(EventLoopError):
    """A script could not be run to its end.

    Attributes:
        script_preview: The beginning of the script, or ``""`` where it is not known.
    """

    script_preview = ""


class JavaScriptError(ScriptExecution, RuntimeError):
    """A script that Python ran, or a function of the page that it called, raised.

    Attributes:
        name: Name of the JavaScript error, ``"TypeError"`` for example.
        message: Its message.
        stack: Its stack, or ``""``.
    """

    def __init__(self, message: str, name: str = "Error", stack: Optional[str] = None) -> None:
        self.name, self.message, self.stack = name, message, stack or ""
        where = f"\n{self.stack}" if self.stack else ""
        super().__init__(f"{name}: {message}{where}")


class Timeout(EventLoopError, TimeoutError):
    """Nobody answered in time.

    Attributes:
        timeout_ms: How long was waited, in milliseconds.
    """

    timeout_ms: float = 0.0


class EvalTimeoutError(Timeout):
    """A script, or a function of the page, did not answer within its time. A script may still be running."""


class PageGoneError(AuroraViewError, RuntimeError):
    """The document that was asked navigated away, crashed or was closed before it answered."""


class CancelledError(AuroraViewError):
    """Nobody waits for the call that a handler answers: the page aborted it, its time is up, the page is gone, or the
    view is closed."""


class InvalidDataError(AuroraViewError, ValueError):
    """The data cannot be written as JSON: NaN, a cycle, an object JSON has no word for, an integer beyond 2^53."""


class PayloadTooLargeError(InvalidDataError):
    """One message is over the limit of 16 MiB (``protocol/README.md`` section 6)."""


class QueueFull(EventLoopError):
    """The page takes messages slower than they are sent, and the bound is reached. Nothing was sent; try later.

    Attributes:
        queue_len: Messages that wait for the page.
    """

    queue_len = 0


class Encoding(EventLoopError, ValueError):
    """Bytes are no text in the encoding that they should have."""


class EventLoopClosed(EventLoopError, RuntimeError):
    """Nobody is there who could do it: the UI process is gone, or Python is ending."""


class WindowOperation(EventLoopError, RuntimeError):
    """A window cannot be made, or cannot be what it was asked to be.

    Attributes:
        operation: What was asked, ``"set_size"`` for example.
    """

    operation = ""


class WebViewLock(EventLoopError):
    """Retired, and never raised: no lock guards a web view here. One thread of the UI process owns it, and everybody
    else
    sends messages."""


class NotShownError(AuroraViewError, RuntimeError):
    """Somebody waits for an answer of a view that was never shown."""


class NotYetError(AuroraViewError, NotImplementedError):
    """The option or method is part of the plan, but not of this version."""


class UiProcessError(EventLoopClosed):
    """The UI process cannot be started, cannot show windows here, or is gone. The message says what to do."""


class ThreadSafetyError(AuroraViewError):
    """Base of the errors about threads (RFC 0002)."""


class DeadlockDetectedError(ThreadSafetyError):
    """A wait that could never end, found before it began: two threads, or one thread and itself, need each other to go
    on."""


class DrainError(ThreadSafetyError, TimeoutError):
    """What a view had accepted was not finished in time. The message names what was left."""


class ShutdownInProgressError(ThreadSafetyError):
    """The view is closing or closed (RFC 0002): nothing new is accepted."""


class ThreadDispatchTimeoutError(ThreadSafetyError, TimeoutError):
    """The main thread did not finish a function in time. If it had not started, it never will."""


for _each in [*globals().values()]:
    if isinstance(_each, type) and issubclass(_each, AuroraViewError):
        _each.__module__ = "auroraview"  # where users import it from, and what a traceback shows
