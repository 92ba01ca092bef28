"""Pages for tests, and how a test asks them."""

from __future__ import annotations

from typing import Any

from auroraview import WebView

#: Makes a call settle to a plain value that a test can compare.
SETTLE = """
window.settle = promise => promise.then(
    value => ({value: value === undefined ? 'undefined' : value}),
    error => ({name: error.name, message: error.message, code: error.code, traceback: error.traceback, data: error.data,
               isError: error instanceof Error}));
"""
PAGE = f"<!doctype html><title>test</title><script>{SETTLE}</script>"


def settle(view: WebView, call: str) -> dict[str, Any]:
    answer: dict[str, Any] = view.eval_js_sync(f"settle({call})")
    return answer
