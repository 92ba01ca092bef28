"""A page that Vite builds: with its dev server what you edit shows at once, and Python stays connected.

Run it: see README.md
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Optional

import auroraview

DEV_SERVER = "http://127.0.0.1:5173"
BUILT = Path(__file__).parent / "dist" / "index.html"


class Api:
    def shots(self) -> list[str]:
        return ["sq010_sh010", "sq010_sh020"]

    async def render(self, shot: str) -> str:
        await asyncio.sleep(1)  # stands for the work
        return f"{shot} rendered"


def make_view(dev_server: Optional[str] = None) -> auroraview.WebView:
    view = auroraview.WebView("Vite app", 520, 320, allowed_origins=[dev_server] if dev_server else [])
    view.bind_api(Api())
    view.state["zoom"] = 100
    if dev_server:
        view.load_url(dev_server)
    else:
        view.load_file(BUILT)
    return view


if __name__ == "__main__":
    make_view(DEV_SERVER if "--dev" in sys.argv else None).show()
