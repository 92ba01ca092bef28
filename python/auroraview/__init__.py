"""AuroraView: web user interfaces for Python tools. ``WebView`` is where to start."""

from ._config import ThreadSafetyConfig
from ._core import __version__
from ._errors import (
    AuroraViewError,
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
from ._options import ViewOptions
from ._processing import ProcessorConfig
from ._stats import Stats
from ._streaming import StreamingEmitter
from ._view import WebView

__all__ = [
    "AuroraViewError",
    "DeadlockDetectedError",
    "DrainError",
    "Encoding",
    "EvalTimeoutError",
    "EventLoopClosed",
    "EventLoopError",
    "InvalidDataError",
    "JavaScriptError",
    "NotShownError",
    "NotYetError",
    "PageGoneError",
    "PayloadTooLargeError",
    "ProcessorConfig",
    "QueueFull",
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
    "is_main_thread",
    "run_on_main_thread",
    "run_on_main_thread_sync",
]
