"""Cancel work that is not asynchronous: an ordinary function asks its context whether somebody still waits.

The page passes an ``AbortSignal``; ``ctx.check()`` raises as soon as it was aborted, or when the page reloads or the
window closes. ``ctx.progress()`` moves the bar.

Run it: python examples/cancel.py
"""

from __future__ import annotations

import math

import auroraview

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px 28px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  progress { display: block; width: 100%; margin-bottom: 14px }
  button { font: inherit; padding: 7px 18px; margin-right: 8px; border: 0; border-radius: 8px; background: #3b5bdb;
           color: white }
  #cancel { background: #dde3ee; color: #1c2536 }
  button:disabled { opacity: 0.45 }
</style>
<progress id="bar" max="1" value="0"></progress>
<button id="start">Find primes</button><button id="cancel" disabled>Cancel</button> <span id="state">Ready.</span>
<script type="module">
  const [bar, start, cancel, state] = ["bar", "start", "cancel", "state"].map(id => document.getElementById(id));

  start.onclick = async () => {
    const abort = new AbortController();
    const onProgress = ({ done, total, text }) => {
      bar.value = done / total;
      state.textContent = text;
    };
    cancel.onclick = () => abort.abort();
    start.disabled = !(cancel.disabled = false);
    try {
      const primes = await auroraview.call("api.primes", [3_000_000], { signal: abort.signal, onProgress, timeout: 0 });
      state.textContent = `${primes} primes.`;
    } catch (error) {
      state.textContent = error.code === "CANCELLED" ? "Cancelled." : `${error.code}: ${error.message}`;
    }
    start.disabled = !(cancel.disabled = true);
  };
</script>
"""


class Numbers:
    def primes(self, below: int, ctx: auroraview.Context) -> int:
        found = 0
        for n in range(2, below):
            if n % 1000 == 0:
                ctx.check()
                ctx.progress(n, below, f"{found} primes below {n}")
            found += all(n % divisor for divisor in range(2, math.isqrt(n) + 1))
        return found


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Cancel", 460, 160, html=PAGE)
    view.bind_api(Numbers())
    return view


if __name__ == "__main__":
    make_view().show()
