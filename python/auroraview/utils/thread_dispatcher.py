"""The host's main thread, by the names of RFC 0002."""

from .._main import ensure_main_thread, is_main_thread, run_on_main_thread, run_on_main_thread_sync
from ..hosts import Host as ThreadDispatcherBackend

__all__ = [
    "ThreadDispatcherBackend",
    "ensure_main_thread",
    "is_main_thread",
    "run_on_main_thread",
    "run_on_main_thread_sync",
]
