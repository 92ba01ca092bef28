"""Decorators for the host's main thread, by the names of RFC 0002."""

from .._main import dcc_thread_safe, dcc_thread_safe_async
from .._proxy import DCCThreadSafeWrapper

__all__ = ["DCCThreadSafeWrapper", "dcc_thread_safe", "dcc_thread_safe_async"]
