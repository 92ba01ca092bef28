"""Health: the page notices when a handler hangs, stops calling, says so, and goes on when Python is back.

The heartbeat is sent by the thread that runs the handlers. While one of them hangs, there is none, although the process
lives.

Run it: python examples/health.py
"""

from __future__ import annotations

import time

import auroraview

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px 28px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  h1 { margin: 0 0 16px; font-size: 19px }
  #health.unhealthy { color: #b4233c }
  button { font: inherit; padding: 7px 18px; margin-right: 8px; border: 0; border-radius: 8px; background: #3b5bdb;
           color: white }
</style>
<h1>Health</h1>
<p id="health">Not heard of yet.</p>
<button id="hang">Hang for 3 s</button><button id="lose">Lose the scene</button><button id="ask">Ask</button>
<p id="answer"></p>
<script type="module">
  const [health, hang, lose, ask, answer] =
    ["health", "hang", "lose", "ask", "answer"].map(id => document.getElementById(id));

  auroraview.on("backend_health", ({ status, reason }) => {
    health.className = status;
    health.textContent = status === "ok" ? "Python is well." : `Python is not well: ${reason}.`;
  });
  auroraview.on("backend_error", ({ source, message }) => answer.textContent = `${source}: ${message}`);
  auroraview.setConfig({ heartbeatTimeoutMs: 900 });

  hang.onclick = () => auroraview.api.hang().then(text => answer.textContent = text);
  lose.onclick = () => auroraview.api.lose_scene();
  ask.onclick = async () => {
    try {
      answer.textContent = await auroraview.api.time();
    } catch (error) {
      answer.textContent = error.code;
    }
  };
</script>
"""


class Api:
    def __init__(self, view: auroraview.WebView) -> None:
        self._view = view

    def hang(self) -> str:
        time.sleep(3)  # stands for a handler that does not come back
        return "It came back."

    def lose_scene(self) -> None:
        self._view.report_backend_error("the scene is gone", "scene")

    def time(self) -> str:
        return time.strftime("It is %H:%M:%S.")


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Health", 460, 260, html=PAGE)
    view.bind_api(Api(view))
    return view


if __name__ == "__main__":
    make_view().show()
