"""The names of RFC 0002; what they stand for lives elsewhere."""

from .._main import ensure_main_thread, is_main_thread, run_on_main_thread, run_on_main_thread_sync
from .._proxy import WebViewProxy
from .._timer import EventTimer

# From the module of the same name, so that whoever imports that one later does not replace the function by it.
from .dcc_thread_safe import DCCThreadSafeWrapper, dcc_thread_safe, dcc_thread_safe_async
from .thread_dispatcher import ThreadDispatcherBackend

__all__ = [
    "DCCThreadSafeWrapper",
    "EventTimer",
    "ThreadDispatcherBackend",
    "WebViewProxy",
    "dcc_thread_safe",
    "dcc_thread_safe_async",
    "ensure_main_thread",
    "is_main_thread",
    "run_on_main_thread",
    "run_on_main_thread_sync",
]
