"""Text that comes in pieces: bytes as a service sends them, cut anywhere, reach the page as whole characters.

A thread plays the service. It cuts a text of several scripts into packets of one to five bytes, so most characters
arrive in parts; ``StreamingEmitter`` sends each as soon as its last byte is there. Stop ends the answer, also in the
middle of a character.

Run it: python examples/streaming_text.py
"""

from __future__ import annotations

import asyncio
import random
import threading
from contextlib import suppress

import auroraview

ANSWER = (
    """A window of your tool is a web page. 工具的窗口就是网页。ツールの窓はウェブページです。
도구의 창은 웹 페이지입니다. Окно инструмента — это страница. 🎈 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽
"""
    * 4
)

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px 28px; font: 14px/1.7 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  #answer { min-height: 12em; padding: 12px 16px; white-space: pre-wrap; background: white; border: 1px solid #dde3ee;
            border-radius: 12px; margin-bottom: 14px }
  button { font: inherit; padding: 7px 18px; margin-right: 8px; border: 0; border-radius: 8px; background: #3b5bdb;
           color: white }
  button:disabled { opacity: 0.45 }
  #state { color: #5c6b85; font-variant-numeric: tabular-nums }
</style>
<div id="answer"></div>
<button id="ask">Ask</button><button id="stop" disabled>Stop</button><span id="state"></span>
<script type="module">
  const [answer, ask, stop, state] = ["answer", "ask", "stop", "state"].map(id => document.getElementById(id));
  let current, deltas;

  auroraview.on("agui:text_message_content", ({ message_id, delta }) => {
    if (message_id !== current) return; // of an answer that was stopped
    answer.textContent += delta;
    state.textContent = `${++deltas} pieces of text`;
  });

  ask.onclick = async () => {
    [ask.disabled, stop.disabled, answer.textContent, state.textContent, deltas] = [true, false, "", "", 0];
    current = crypto.randomUUID();
    const packets = await auroraview.call("ask", { id: current }, { timeout: 0 });
    state.textContent = `${deltas} pieces of text from ${packets} packets`;
    [ask.disabled, stop.disabled] = [false, true];
  };
  stop.onclick = () => auroraview.send_event("stop");
</script>
"""


class Service:
    """Answers on a thread of its own, and tells the page's call when it is done."""

    def __init__(self, view: auroraview.WebView) -> None:
        self._view = view
        self._stopped = threading.Event()

    def stop(self, data: object) -> None:
        self._stopped.set()

    async def ask(self, id: str) -> int:
        self._stopped.clear()
        return await asyncio.to_thread(self._answer, id)

    def _answer(self, id: str) -> int:
        emitter = auroraview.StreamingEmitter(self._view, id)
        rest, packets = ANSWER.encode(), 0
        with suppress(auroraview.ShutdownInProgressError):  # the window was closed meanwhile
            while rest and not self._stopped.wait(0.002):
                size = random.randint(1, 5)
                emitter.emit_text_delta(rest[:size])
                rest, packets = rest[size:], packets + 1
            emitter.flush()
        return packets


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Streaming text", 520, 460, html=PAGE)
    service = Service(view)
    view.bind_call("ask", service.ask)
    view.on("stop", service.stop)
    return view


if __name__ == "__main__":
    make_view().show()
