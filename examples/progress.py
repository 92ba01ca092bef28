"""Long work: an ``async`` function tells the page how far it is, and the page may cancel it.

The page passes an ``AbortSignal`` with its call. When the user presses Cancel, the coroutine gets asyncio's
``CancelledError`` at its next ``await``, where it can tidy up.

Run it: python examples/progress.py
"""

from __future__ import annotations

import asyncio

import auroraview

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px 28px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  h1 { margin: 0 0 16px; font-size: 19px }
  #track { height: 12px; border-radius: 6px; background: #dde3ee; overflow: hidden }
  #bar { height: 100%; width: 0; border-radius: 6px; background: #3b5bdb }
  #state { margin: 8px 0 18px; color: #5c6b85; font-variant-numeric: tabular-nums }
  button { font: inherit; padding: 7px 18px; margin-right: 8px; border: 0; border-radius: 8px; background: #3b5bdb;
           color: white }
  #cancel { background: #dde3ee; color: #1c2536 }
  button:disabled { opacity: 0.45 }
</style>
<h1>Render</h1>
<div id="track"><div id="bar"></div></div>
<div id="state">Ready.</div>
<button id="start">Render 100 frames</button><button id="cancel" disabled>Cancel</button>
<script type="module">
  const [bar, state, start, cancel] = ["bar", "state", "start", "cancel"].map(id => document.getElementById(id));

  start.onclick = async () => {
    const abort = new AbortController();
    // Listens for this render only: what is still on its way when the user cancels is of no interest.
    const unlisten = auroraview.on("progress", ({ frame, frames }) => {
      bar.style.width = `${100 * frame / frames}%`;
      state.textContent = `Frame ${frame} of ${frames}`;
    });
    cancel.onclick = () => abort.abort();
    start.disabled = true;
    cancel.disabled = false;
    try {
      // Without a timeout: a render may take as long as it likes.
      const result = await auroraview.call("api.render", { frames: 100 }, { signal: abort.signal, timeout: 0 });
      state.textContent = `Done: ${result.frames} frames in ${result.seconds} s.`;
    } catch (error) {
      state.textContent = error.code === "CANCELLED" ? "Cancelled." : `${error.code}: ${error.message}`;
    }
    unlisten();
    start.disabled = false;
    cancel.disabled = true;
  };
</script>
"""


class Renderer:
    def __init__(self, view: auroraview.WebView) -> None:
        self._view = view

    async def render(self, frames: int) -> dict[str, float]:
        clock = asyncio.get_running_loop().time
        started = clock()
        frame = 0
        try:
            for frame in range(1, frames + 1):
                await asyncio.sleep(0.03)  # stands for the work on one frame
                self._view.emit("progress", {"frame": frame, "frames": frames})
        except asyncio.CancelledError:
            print(f"Cancelled at frame {frame}; here a tool would remove what is half done.", flush=True)
            raise
        return {"frames": frames, "seconds": round(clock() - started, 1)}


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Progress", 460, 220, html=PAGE)
    view.bind_api(Renderer(view))
    return view


if __name__ == "__main__":
    make_view().show()
