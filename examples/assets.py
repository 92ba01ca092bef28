"""A page made of files: HTML, style sheet, ES module and picture from a folder, with links between its pages.

``asset_root`` names the folder whose files the page may load; nothing outside of it can be reached. ``load_file``
chooses the first page.

Run it: python examples/assets.py
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import auroraview

SITE = Path(__file__).parent / "assets_site"


class Visits:
    """Lives as long as the program, while pages come and go."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()

    def enter(self, page: str) -> dict[str, int]:
        self._count[page] += 1
        return dict(self._count)


def make_view() -> auroraview.WebView:
    # Without a title of its own, the window shows that of each page.
    view = auroraview.WebView(width=560, height=380, asset_root=SITE)
    view.bind_api(Visits(), namespace="visits")
    view.load_file(SITE / "index.html")
    return view


if __name__ == "__main__":
    make_view().show()
