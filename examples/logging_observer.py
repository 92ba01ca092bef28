"""What passes between page and Python, logged without touching a handler: an observer.

It sees each call, event and notice before it is handled, higher priorities first: what it is and how large, not what is
inside. It runs on the thread of the handlers, so it is quick; what it raises goes to the log and stops nothing. The
counters of ``view.stats()`` say the rest: how much was handled, and how long messages waited.

Run it: python examples/logging_observer.py
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import auroraview

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px 28px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  button { font: inherit; padding: 7px 18px; margin-right: 8px; border: 0; border-radius: 8px; background: #3b5bdb;
           color: white }
  pre { padding: 12px 16px; background: white; border: 1px solid #dde3ee; border-radius: 12px }
</style>
<button id="call">Call</button><button id="event">Event</button><button id="many">A thousand events</button>
<button id="show">What was that?</button>
<pre id="report">Press a button, and look at the terminal.</pre>
<script type="module">
  const [call, event, many, show, report] =
    ["call", "event", "many", "show", "report"].map(id => document.getElementById(id));
  call.onclick = () => auroraview.api.double(21);
  event.onclick = () => auroraview.send_event("pressed", { at: Date.now() });
  many.onclick = () => { for (let n = 0; n < 1000; n++) auroraview.send_event("moved", n); };
  show.onclick = async () => { report.textContent = await auroraview.api.report(); };
</script>
"""


class Traffic:
    """Logs each message, and counts them by name."""

    def __init__(self) -> None:
        self.names: Counter[str] = Counter()
        self._log = logging.getLogger("traffic")

    def __call__(self, message: Any) -> None:
        self.names[message.name] += 1
        self._log.info("%s %s (%d characters)", message.kind, message.name, message.size)


class Api:
    def __init__(self, view: auroraview.WebView, traffic: Traffic) -> None:
        self._view, self._traffic = view, traffic

    def double(self, number: float) -> float:
        return 2 * number

    def report(self) -> str:
        stats = self._view.stats()
        lines = [f"{count:6} {name}" for name, count in sorted(self._traffic.names.items())]
        lines.append(f"{stats.processed:6} calls and events handled, {stats.accepted - stats.processed} under way")
        lines.append(f"half of them waited for less than {stats.latency_percentile(50):g} µs")
        return "\n".join(lines)


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Observer", 520, 380, html=PAGE)
    traffic = Traffic()
    view.add_observer(traffic, priority=10)
    view.bind_api(Api(view, traffic))
    view.on("pressed", lambda data: None)
    view.on("moved", lambda data: None)
    return view


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    make_view().show()
