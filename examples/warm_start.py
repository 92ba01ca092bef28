"""Panels that open at once: an empty page is kept ready for the next one.

Run it, and press the button a few times; with --cold it does without, to compare.
"""

import sys
import time

import auroraview
from auroraview import WebView

LAUNCHER = """<!doctype html><meta charset="utf-8"><title>Launcher</title>
<body style="font: 15px sans-serif; margin: 2em">
<button onclick="auroraview.api.open_panel()">Open a panel</button>
<p id="took">None is open yet.</p>
<script>
auroraview.on("opened", ({panel, ms}) => {
    document.getElementById("took").textContent = `Panel ${panel} was there after ${ms.toFixed(0)} ms.`;
});
</script>"""

PANEL = """<!doctype html><title>Panel</title>
<body style="font: 15px sans-serif; margin: 2em">A panel
<script>auroraview.send_event("here")</script>"""


def make_view() -> WebView:
    launcher = WebView(title="Launcher", width=420, height=200, html=LAUNCHER)
    panels: list[WebView] = []

    @launcher.bind_call("api.open_panel")
    def open_panel() -> None:
        panel = WebView(title=f"Panel {len(panels) + 1}", width=300, height=200, html=PANEL)
        panels.append(panel)
        number, started = len(panels), time.perf_counter()

        @panel.on("here")
        def here(data: object) -> None:
            launcher.emit("opened", {"panel": number, "ms": 1000 * (time.perf_counter() - started)})

        panel.show(wait=False)

    @launcher.on_closed
    def closed(reason: str) -> None:
        for panel in panels:
            panel.close()

    return launcher


if __name__ == "__main__":
    if "--cold" not in sys.argv:
        auroraview.warmup()
    make_view().show()
