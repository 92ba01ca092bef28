"""Hot reload: change the functions below while the window is open, save, and press the button again.

The counter goes on where it was: the object stays, and gets its class's new code. A syntax error leaves the old code
running and is shown in the page.

Run it: python examples/hot_reload.py
"""

from __future__ import annotations

import auroraview

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px 28px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  h1 { margin: 0 0 12px; font-size: 19px }
  button { font: inherit; padding: 7px 16px; border: 0; border-radius: 8px; background: #3b5bdb; color: white }
  #state { color: #5c6b85 }
</style>
<title>Hot reload</title>
<h1>Hot reload</h1>
<button id="go">Count</button>
<p id="answer">
<p id="state">Change examples/hot_reload.py and save it.
<script>
  const say = (id, text) => document.querySelector(id).textContent = text;
  document.querySelector("#go").onclick = async () => say("#answer", await auroraview.api.count());
  auroraview.on("hot_reloaded", data => say("#state", `New code of ${data.modules.join(", ")}.`));
  auroraview.on("hot_reload_failed", data => say("#state", `Line ${data.line}: ${data.error}`));
</script>
"""


class Counter:
    """What the page calls. Change what ``count`` returns, or by how much it counts."""

    def __init__(self) -> None:
        self.value = 0

    def count(self) -> str:
        self.value += 1
        return f"{self.value} so far"


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Hot reload", 420, 240, html=PAGE, debug=True)
    view.bind_api(Counter())
    return view


if __name__ == "__main__":
    make_view().show()
