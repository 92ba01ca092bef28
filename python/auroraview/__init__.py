"""AuroraView: web user interfaces for Python tools. ``WebView`` is where to start."""

from ._core import __version__
from ._errors import (
    AuroraViewError,
    EvalTimeoutError,
    InvalidDataError,
    JavaScriptError,
    NotShownError,
    NotYetError,
    PageGoneError,
    PayloadTooLargeError,
    QueueFull,
    ShutdownInProgressError,
    ThreadSafetyError,
    UiProcessError,
    UserError,
)
from ._options import ViewOptions
from ._view import WebView

__all__ = [
    "AuroraViewError",
    "EvalTimeoutError",
    "InvalidDataError",
    "JavaScriptError",
    "NotShownError",
    "NotYetError",
    "PageGoneError",
    "PayloadTooLargeError",
    "QueueFull",
    "ShutdownInProgressError",
    "ThreadSafetyError",
    "UiProcessError",
    "UserError",
    "ViewOptions",
    "WebView",
    "__version__",
]
