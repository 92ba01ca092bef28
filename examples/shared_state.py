"""Shared state: one mapping of names to values that Python and the page both see and set.

Python holds it, so it is still there when the page is reloaded. What a slider sets is in ``view.state``, and what
Python sets shows in the page, without a message for either.

Run it: python examples/shared_state.py
"""

from __future__ import annotations

import auroraview

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px 28px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  h1 { margin: 0 0 16px; font-size: 19px }
  input { width: 100% }
  button { font: inherit; padding: 7px 18px; margin-right: 8px; border: 0; border-radius: 8px; background: #3b5bdb;
           color: white }
  #area { color: #5c6b85 }
</style>
<h1>Box</h1>
<label>Width <input id="width" type="range" min="1" max="20"></label>
<label>Height <input id="height" type="range" min="1" max="20"></label>
<p id="area"></p>
<button id="square">Square</button><button id="reload">Reload the page</button>
<script type="module">
  const state = auroraview.state;
  const [width, height, area] = ["width", "height", "area"].map(id => document.getElementById(id));

  function show() {
    width.value = state.get("width");
    height.value = state.get("height");
    area.textContent = `Python: the area is ${state.get("area")}.`;
  }
  state.subscribe(show);
  show();

  width.oninput = () => state.set("width", Number(width.value));
  height.oninput = () => state.set("height", Number(height.value));
  // One change of two names: nobody sees a box that is half changed.
  document.getElementById("square").onclick = () => state.update({ width: 10, height: 10 });
  document.getElementById("reload").onclick = () => location.reload();
</script>
"""


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Shared state", 420, 300, html=PAGE)

    @view.state.on_change
    def resize(name: str, value: object, source: str) -> None:
        if name in ("width", "height"):
            view.state["area"] = view.state["width"] * view.state["height"]

    view.state.update(width=4, height=3)
    return view


if __name__ == "__main__":
    make_view().show()
