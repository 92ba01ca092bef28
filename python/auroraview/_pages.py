"""Documents that we show ourselves."""

from __future__ import annotations


def load_failed(url: str, message: str) -> str:
    """Says that an address cannot be loaded, why, and offers to try again."""
    from html import escape

    address = escape(url)
    return f"""<!doctype html><meta charset="utf-8"><title>Cannot load the page</title>
<body style="font: 15px sans-serif; max-width: 36em; margin: 15vh auto; padding: 0 2em; color: #333">
<h1 style="font-size: 20px">This page cannot be loaded</h1>
<p><code>{address}</code><p>{escape(message)}<p><a href="{address}">Try again</a>"""
