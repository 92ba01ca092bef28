"""A single-page app: every address shows the same page, which looks at the address itself. And a large file, in parts.

``spa_fallback`` answers an address without a file with ``index.html``. The page reads four bytes from the middle of a
file of 1 GB: only those travel.

Run it: python examples/spa.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import auroraview

#: Goes with the program.
FOLDER = tempfile.TemporaryDirectory()
PAGE = """<!doctype html>
<title>App</title>
<style>body { font: 15px sans-serif; margin: 2em } a { margin-right: 1em }</style>
<nav><a href="/">Home</a><a href="/shots/010">Shot 010</a><a href="/shots/020">Shot 020</a></nav>
<h1></h1>
<p>Middle of the cache: <output></output></p>
<script src="/app.js"></script>"""

SCRIPT = """
document.querySelector("h1").textContent = location.pathname;
document.title = "App " + location.pathname;
fetch("/cache.bin", {headers: {range: "bytes=536870912-536870915"}}).then(async answer => {
    const bytes = new Uint8Array(await answer.arrayBuffer());
    document.querySelector("output").textContent = `${bytes.join(" ")} (${answer.headers.get("content-range")})`;
});
"""


def make_site(folder: Path) -> None:
    (folder / "index.html").write_text(PAGE)
    (folder / "app.js").write_text(SCRIPT)
    with (folder / "cache.bin").open("wb") as cache:
        cache.truncate(1 << 30)  # a sparse file: no disk is used
        cache.seek(1 << 29)
        cache.write(bytes([1, 2, 3, 4]))


def make_view() -> auroraview.WebView:
    make_site(Path(FOLDER.name))
    return auroraview.WebView(
        url="av://app/", title="Single page", width=560, height=320, asset_root=FOLDER.name, spa_fallback=True
    )


if __name__ == "__main__":
    make_view().show()
