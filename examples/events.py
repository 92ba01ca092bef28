"""Events both ways: a Python thread swings a pendulum, and the page says how fast.

- Python to page: ``view.emit("swing", ...)``, sixty times a second, from a thread.
- Page to Python: ``auroraview.send_event("speed", ...)`` for each move of the slider, and an ordinary DOM
  ``CustomEvent`` for the button. Python answers both with an event of its own.

Run it: python examples/events.py
"""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from typing import Any

import auroraview

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px 28px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  h1 { margin: 0 0 16px; font-size: 19px }
  #stage { display: block; width: 100%; background: white; border: 1px solid #dde3ee; border-radius: 12px }
  form { display: flex; gap: 14px; align-items: center; margin: 18px 0 10px }
  input { flex: 1; accent-color: #3b5bdb }
  button { font: inherit; padding: 7px 16px; border: 0; border-radius: 8px; background: #3b5bdb; color: white }
  button:hover { background: #2f49b0 }
  #reply { color: #5c6b85; min-height: 1.6em }
</style>
<h1>Python swings, the page steers</h1>
<svg id="stage" viewBox="-200 -10 400 190">
  <g id="arm"><line y2="140" stroke="#94a3c0" stroke-width="2"/><circle cy="140" r="18" fill="#3b5bdb"/></g>
</svg>
<form>
  <label for="speed">Speed</label>
  <input id="speed" type="range" min="0" max="5" step="0.5" value="1">
  <button id="still" type="button">Start over</button>
</form>
<div id="reply">Move the slider.</div>
<script type="module">
  const [arm, speed, still, reply] = ["arm", "speed", "still", "reply"].map(id => document.getElementById(id));

  auroraview.on("swing", degrees => arm.setAttribute("transform", `rotate(${degrees})`));
  auroraview.on("reply", text => { reply.textContent = text; });

  speed.oninput = () => auroraview.send_event("speed", { value: Number(speed.value) });
  // An event of the page's own: because Python listens to its name, Python gets it too.
  still.onclick = () => window.dispatchEvent(new CustomEvent("start_over", { detail: { by: "the button" } }));
</script>
"""


class Pendulum:
    """Swings in a thread of its own. The handlers run on another thread and change plain numbers only."""

    def __init__(self, view: auroraview.WebView) -> None:
        self.view = view
        self.speed = 1.0
        self.phase = 0.0

    def run(self) -> None:
        pause = 1 / 60
        # The window closed between the wait and the event, or could not open, which show() reports.
        with suppress(auroraview.ShutdownInProgressError, auroraview.UiProcessError):
            while not self.view.wait(pause):
                self.phase += 2 * self.speed * pause
                self.view.emit("swing", 50 * math.sin(self.phase))

    def set_speed(self, data: dict[str, Any]) -> None:
        self.speed = data["value"]
        self.view.emit("reply", f"Python: the speed is {self.speed:g} now.")

    def start_over(self, data: dict[str, Any]) -> None:
        self.phase = 0.0
        self.view.emit("reply", f"Python: started over, because {data['by']} said so.")


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Events", 480, 400, html=PAGE)
    pendulum = Pendulum(view)
    view.on("speed", pendulum.set_speed)
    view.on("start_over", pendulum.start_over)
    threading.Thread(target=pendulum.run, daemon=True).start()
    return view


if __name__ == "__main__":
    make_view().show()
