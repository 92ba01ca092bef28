"""Documents that we show ourselves."""

from __future__ import annotations

#: What the address of :func:`crashed` begins with. Such a document has no bridge: messages wait for the next one.
CRASHED = "data:text/html;charset=utf-8,"


def crashed() -> str:
    """The address of a page that says that the page crashed too often. Its button loads it again, which is the sign
    that somebody wants to try the last page once more."""
    from urllib.parse import quote

    return CRASHED + quote(
        '<!doctype html><meta charset="utf-8"><title>The page crashed</title>'
        '<body style="font: 15px sans-serif; max-width: 36em; margin: 15vh auto; padding: 0 2em; color: #333">'
        '<h1 style="font-size: 20px">This page crashed several times</h1><p>It was brought back as often as the '
        "application allows. What you did in the application itself is safe. "
        '<p><button onclick="location.reload()" style="font: inherit; padding: .4em 1.2em; border: 0; '
        'border-radius: 4px; color: #fff; background: #1c71d8">Reload</button>'
    )


def load_failed(url: str, message: str) -> str:
    """Says that an address cannot be loaded, why, and offers to try again."""
    from html import escape

    address = escape(url)
    return f"""<!doctype html><meta charset="utf-8"><title>Cannot load the page</title>
<body style="font: 15px sans-serif; max-width: 36em; margin: 15vh auto; padding: 0 2em; color: #333">
<h1 style="font-size: 20px">This page cannot be loaded</h1>
<p><code>{address}</code><p>{escape(message)}<p><a href="{address}">Try again</a>"""
