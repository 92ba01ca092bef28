"""AuroraView: web user interfaces for Python tools. ``WebView`` is where to start."""

from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from . import hosts
from ._config import ThreadSafetyConfig
from ._context import Context
from ._core import __version__
from ._errors import (
    AuroraViewError,
    CancelledError,
    DeadlockDetectedError,
    DrainError,
    Encoding,
    EvalTimeoutError,
    EventLoopClosed,
    EventLoopError,
    InvalidDataError,
    JavaScriptError,
    NotShownError,
    NotYetError,
    PageGoneError,
    PayloadTooLargeError,
    QueueFull,
    ScriptExecution,
    ShutdownInProgressError,
    ThreadDispatchTimeoutError,
    ThreadSafetyError,
    Timeout,
    UiProcessError,
    UserError,
    WebViewLock,
    WindowOperation,
)
from ._main import ensure_main_thread, is_main_thread, run_on_main_thread, run_on_main_thread_sync
from ._native.powers import Powers
from ._options import ViewOptions
from ._page_streams import PageStream
from ._processing import ProcessorConfig
from ._recovery import Crash, RestartPolicy
from ._stats import Stats
from ._streaming import StreamingEmitter
from ._timer import EventTimer
from ._view import WebView
from ._warmup import warmup

__all__ = [
    "AuroraViewError",
    "CancelledError",
    "Context",
    "Crash",
    "DeadlockDetectedError",
    "DrainError",
    "Encoding",
    "EvalTimeoutError",
    "EventLoopClosed",
    "EventLoopError",
    "EventTimer",
    "InvalidDataError",
    "JavaScriptError",
    "NotShownError",
    "NotYetError",
    "PageGoneError",
    "PageStream",
    "PayloadTooLargeError",
    "Powers",
    "ProcessorConfig",
    "QueueFull",
    "RestartPolicy",
    "ScriptExecution",
    "ShutdownInProgressError",
    "Stats",
    "StreamingEmitter",
    "ThreadDispatchTimeoutError",
    "ThreadSafetyConfig",
    "ThreadSafetyError",
    "Timeout",
    "UiProcessError",
    "UserError",
    "ViewOptions",
    "WebView",
    "WebViewLock",
    "WindowOperation",
    "__version__",
    "ensure_main_thread",
    "hosts",
    "is_main_thread",
    "run_on_main_thread",
    "run_on_main_thread_sync",
    "warmup",
]

if _TYPE_CHECKING:
    from .qt import QtWebView as QtWebView


def __getattr__(name: str) -> _Any:
    """``QtWebView`` takes the Qt binding that the host has loaded, so it is looked for when it is asked for."""
    if name == "QtWebView":
        from .qt import QtWebView

        return QtWebView
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
