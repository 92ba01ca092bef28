"""A table that grows while Python reads: a generator streams rows, and the page takes them as fast as it can show them.

The page loops with ``for await``. When the user presses Stop, the loop is left and the generator is closed: its
``finally`` runs. A page that is slow slows the generator, so neither side piles anything up.

Run it: python examples/stream_rows.py
"""

from __future__ import annotations

from collections.abc import Iterator

import auroraview

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 20px 24px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  ol { height: 180px; margin: 14px 0 0; padding: 8px 8px 8px 64px; overflow: auto; background: white;
       border-radius: 8px }
  button { font: inherit; padding: 7px 18px; margin-right: 8px; border: 0; border-radius: 8px; background: #3b5bdb;
           color: white }
  #stop { background: #dde3ee; color: #1c2536 }
  button:disabled { opacity: 0.45 }
</style>
<button id="start">List the shots</button><button id="stop" disabled>Stop</button> <span id="state">Ready.</span>
<ol id="rows"></ol>
<script type="module">
  const [start, stop, state, rows] = ["start", "stop", "state", "rows"].map(id => document.getElementById(id));
  const frame = () => new Promise(requestAnimationFrame);

  start.onclick = async () => {
    let stopped = false;
    stop.onclick = () => { stopped = true; };
    start.disabled = !(stop.disabled = false);
    let count = 0;
    for await (const shot of auroraview.api.shots(5000)) {
      const item = document.createElement("li");
      item.textContent = `${shot.name}, ${shot.frames} frames`;
      rows.append(item);
      state.textContent = `${++count} shots`;
      if (stopped) break;
      if (count % 20 === 0) await frame();
    }
    state.textContent += stopped ? ", stopped." : ", all of them.";
    start.disabled = !(stop.disabled = true);
  };
</script>
"""


class Project:
    def shots(self, count: int) -> Iterator[dict[str, object]]:
        n = 0
        try:
            for n in range(1, count + 1):
                yield {"name": f"sh{n:04}", "frames": 24 + n % 100}
        finally:
            print(f"The generator ends at shot {n}.", flush=True)


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Stream of rows", 520, 300, html=PAGE)
    view.bind_api(Project())
    return view


if __name__ == "__main__":
    make_view().show()
