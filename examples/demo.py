"""The demo: one window that shows how a page and Python work together.

Run it: python examples/demo.py
With ``--screenshot demo.png`` it uses itself as a user would, saves a picture of its window and ends. This needs an X
display and Pillow.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import platform
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import auroraview
from auroraview import ShutdownInProgressError, UiProcessError, UserError

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  :root { --text: #e8eefb; --dim: #92a3c4; --line: #26324f; --teal: #3dd6b0; --violet: #9b83f8; --red: #ff8f8f }
  * { box-sizing: border-box }
  body { margin: 0; height: 100vh; padding: 20px; display: grid; gap: 14px;
         grid-template: auto auto 1fr / repeat(6, 1fr); font: 13px/1.5 system-ui, sans-serif; color: var(--text);
         background: radial-gradient(90% 60% at 15% 0, #17385a 0, transparent 70%),
                     radial-gradient(80% 60% at 90% 0, #33265f 0, transparent 70%), #0d1424 }
  header { grid-column: 1 / -1; display: flex; align-items: center; gap: 14px; padding-bottom: 4px }
  header svg { width: 44px }
  h1 { margin: 0; font-size: 20px; line-height: 1.25 }
  header p { margin: 0; color: var(--dim) }
  #about { margin-left: auto; display: flex; gap: 8px }
  #about span { padding: 4px 11px; border-radius: 99px; background: #ffffff12; color: #c5d1ea; font-size: 12px }
  section { grid-column: span 2; display: flex; flex-direction: column; gap: 10px; min-width: 0; min-height: 0;
            padding: 14px 16px; border: 1px solid var(--line); border-radius: 14px; background: #131c31d9 }
  section.wide { grid-column: span 3 }
  h2 { margin: 0; font-size: 14px }
  h2 small { float: right; font-weight: normal; font-size: 12px; color: var(--dim); font-variant-numeric: tabular-nums }
  code, #traffic { font: 11.5px/1.5 ui-monospace, "DejaVu Sans Mono", monospace }
  code { color: var(--violet) }
  form { display: flex; gap: 8px; align-items: center }
  input { min-width: 0; flex: 1; font: inherit; color: inherit; padding: 6px 10px; border-radius: 8px;
          border: 1px solid var(--line); background: #0b1222; outline: 0; accent-color: var(--teal) }
  input:focus { border-color: var(--teal) }
  input[type=range] { padding: 0 }
  button { font: inherit; font-weight: bold; padding: 7px 14px; border: 0; border-radius: 8px; color: #06251d;
           background: var(--teal) }
  button:hover { filter: brightness(1.1) }
  button.quiet { background: #ffffff1a; color: var(--text); font-weight: normal }
  button:disabled { opacity: 0.4 }
  output { display: block; min-height: 58px; padding: 9px 12px; border-radius: 8px; background: #0b1222;
           color: var(--dim) }
  output.good { color: var(--teal); font-size: 15px }
  output.bad { background: #3a1822; color: var(--red) }
  output.bad b { display: block; font: bold 11px/1.6 ui-monospace, "DejaVu Sans Mono", monospace }
  #track { height: 10px; border-radius: 5px; background: #0b1222; overflow: hidden }
  #bar { height: 100%; width: 0; background: linear-gradient(90deg, var(--violet), var(--teal)) }
  #bar.full { background: var(--teal) }
  #state { color: var(--dim); font-variant-numeric: tabular-nums }
  #graph { flex: 1; min-height: 0; width: 100%; border-radius: 8px; background: #0b1222 }
  #traffic { flex: 1; min-height: 0; padding: 8px 12px; overflow: hidden auto; border-radius: 8px; background: #0b1222 }
  #traffic div { white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
  #traffic i { font-style: normal; color: var(--teal) }
  #traffic .to i { color: var(--violet) }
  #traffic .error i { color: var(--red) }
</style>

<header>
  <svg viewBox="0 0 48 40" fill="none" stroke="url(#sky)" stroke-width="5" stroke-linecap="round">
    <linearGradient id="sky"><stop stop-color="#3dd6b0"/><stop offset="1" stop-color="#9b83f8"/></linearGradient>
    <path d="M4 28C12 4 20 4 24 16s10 12 18-8"/><path d="M8 36c8-18 14-18 18-10s8 6 14-4" opacity=".5"/>
  </svg>
  <div><h1>AuroraView</h1><p>A web page in front, Python behind it.</p></div>
  <div id="about"></div>
</header>

<section>
  <h2>Call a function</h2>
  <code>def factorise(self, number)</code>
  <form id="factorise"><input id="number" value="5040" inputmode="numeric"><button>Factorise</button></form>
  <output id="factors">Python returns the prime factors.</output>
</section>
<section>
  <h2>Follow long work</h2>
  <code>async def render(self, frames)</code>
  <form id="render">
    <button>Render</button><button class="quiet" id="cancel" type="button" disabled>Cancel</button>
  </form>
  <div id="track"><div id="bar"></div></div>
  <div id="state">Python tells how far it is.</div>
</section>
<section>
  <h2>Show what went wrong</h2>
  <code>raise UserError(message, code=...)</code>
  <form id="open"><input id="scene" value="shot_040.ma"><button>Open</button></form>
  <output id="problem">Python explains why it cannot.</output>
</section>
<section class="wide">
  <h2>Events, live <small id="events"></small></h2>
  <code>view.emit("wave", ...)</code>
  <canvas id="graph"></canvas>
  <form><label for="speed">Speed</label><input id="speed" type="range" min="1" max="9" value="2"></form>
</section>
<section class="wide">
  <h2>Between page and Python</h2>
  <div id="traffic"></div>
</section>

<script type="module">
  const $ = id => document.getElementById(id);

  // ---- between page and Python ----

  function log(kind, arrow, text) {
    const line = document.createElement("div");
    const mark = document.createElement("i");
    line.className = kind;
    mark.textContent = `${arrow} `;
    line.append(mark, text);
    $("traffic").append(line);
    while ($("traffic").childElementCount > 100) $("traffic").firstChild.remove();
    $("traffic").scrollTop = $("traffic").scrollHeight;
  }

  /** Calls Python, and shows it on the right. */
  async function call(name, params, options) {
    log("to", "page →", `${name}(${params === undefined ? "" : JSON.stringify(params)})`);
    try {
      const result = await auroraview.call(`api.${name}`, params, options);
      log("from", "← Python", JSON.stringify(result));
      return result;
    } catch (error) {
      log("error", "← Python", `${error.name} ${error.code}`);
      throw error;
    }
  }

  /** Answers a form with what Python says, good or bad. */
  function answer(form, output, work) {
    $(form).onsubmit = async event => {
      event.preventDefault();
      const at = $(output);
      at.className = "";
      try {
        at.replaceChildren(await work());
        at.className = "good";
      } catch (error) {
        const code = document.createElement("b");
        code.textContent = error.code;
        at.replaceChildren(code, error.message);
        at.className = "bad";
      }
    };
  }

  // ---- functions ----

  answer("factorise", "factors", () => call("factorise", Number($("number").value)));
  answer("open", "problem", () => call("open_scene", $("scene").value));

  const renderButton = $("render").querySelector("button");
  $("render").onsubmit = async event => {
    event.preventDefault();
    const abort = new AbortController();
    $("cancel").onclick = () => abort.abort();
    renderButton.disabled = !($("cancel").disabled = false);
    $("bar").className = "";
    const unlisten = auroraview.on("progress", ({ frame, frames }) => {
      $("bar").style.width = `${100 * frame / frames}%`;
      $("state").textContent = `Frame ${frame} of ${frames}`;
      if (frame % 12 === 0) log("from", "← Python", `emit("progress", ${JSON.stringify({ frame, frames })})`);
    });
    try {
      const { frames, seconds } = await call("render", { frames: 48 }, { signal: abort.signal });
      $("state").textContent = `${frames} frames in ${seconds} s`;
      $("bar").className = "full";
    } catch (error) {
      $("state").textContent = error.code === "CANCELLED" ? "Cancelled" : error.message;
    }
    unlisten(); // what is still on its way after a cancel is of no interest
    renderButton.disabled = !($("cancel").disabled = true);
  };

  // ---- events ----

  const POINTS = 240;
  const wave = [];
  let count = 0;
  auroraview.on("wave", ({ value, speed }) => {
    wave.push(value);
    if (wave.length > POINTS) wave.shift();
    $("events").textContent = `${++count} events, speed ${speed}`;
  });
  $("speed").oninput = () => {
    const speed = Number($("speed").value);
    log("to", "page →", `send_event("speed", ${speed})`);
    auroraview.send_event("speed", speed);
  };

  function draw() {
    const canvas = $("graph");
    const [width, height, scale] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio];
    if (canvas.width !== width * scale || canvas.height !== height * scale)
      Object.assign(canvas, { width: width * scale, height: height * scale });
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.strokeStyle = "#1d2943";
    for (const part of [0.25, 0.5, 0.75]) pen.strokeRect(0, Math.round(part * height) + 0.5, width, 0);
    pen.beginPath();
    wave.forEach((value, i) => pen.lineTo(i / (POINTS - 1) * width, (1 - 0.8 * value) / 2 * height));
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    pen.strokeStyle = "#3dd6b0";
    pen.stroke();
    pen.lineTo((wave.length - 1) / (POINTS - 1) * width, height);
    pen.lineTo(0, height);
    pen.fillStyle = "#3dd6b01c";
    pen.fill();
    requestAnimationFrame(draw);
  }
  draw();

  for (const text of await call("about")) {
    const chip = document.createElement("span");
    chip.textContent = text;
    $("about").append(chip);
  }
</script>
"""


class Tool:
    """What the page may call, as ``auroraview.api.*``."""

    def __init__(self, view: auroraview.WebView) -> None:
        self._view = view
        self._speed = 2
        view.on("speed", self._set_speed)

    def about(self) -> list[str]:
        return [f"Python {platform.python_version()}", platform.system(), f"AuroraView {auroraview.__version__}"]

    def factorise(self, number: int) -> str:
        if not 2 <= number <= 10**12:
            raise UserError("Give a whole number from 2 to 10¹².", code="OUT_OF_RANGE")
        factors, divisor = [], 2
        while number > 1:
            power = 0
            while number % divisor == 0:
                number //= divisor
                power += 1
            if power:
                factors.append(f"{divisor}{_superscript(power)}")
            divisor = divisor + 1 if divisor * divisor <= number else number
        return " × ".join(factors)

    async def render(self, frames: int) -> dict[str, float]:
        started = time.monotonic()
        for frame in range(1, frames + 1):
            await asyncio.sleep(0.03)  # stands for the work on one frame
            self._view.emit("progress", {"frame": frame, "frames": frames})
        return {"frames": frames, "seconds": round(time.monotonic() - started, 1)}

    def open_scene(self, name: str) -> str:
        raise UserError(f"There is no scene {name}.", code="SCENE_NOT_FOUND", data={"scene": name})

    def _set_speed(self, speed: int) -> None:
        self._speed = speed

    def _wave(self) -> None:
        """Sends a wave until the window is gone. Runs in a thread of its own."""
        pause, phase = 1 / 60, 0.0
        with suppress(ShutdownInProgressError, UiProcessError):
            while not self._view.wait(pause):
                phase += self._speed * pause
                value = 0.7 * math.sin(2 * phase) + 0.3 * math.sin(5.3 * phase)
                self._view.emit("wave", {"value": round(value, 4), "speed": self._speed})


def _superscript(power: int) -> str:
    return "" if power == 1 else str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def make_view(**options: Any) -> auroraview.WebView:
    view = auroraview.WebView("AuroraView demo", 900, 640, html=PAGE, background_color="#0d1424", **options)
    tool = Tool(view)
    view.bind_api(tool)
    threading.Thread(target=tool._wave, daemon=True).start()
    return view


# ---- the picture ----

#: Does what a user would do, waits for what a user would see, and tells what is on the screen and where.
USE_IT = """
const $ = selector => document.querySelector(selector);
const until = condition => new Promise(done => {
    const look = () => condition() ? done() : requestAnimationFrame(look);
    look();
});
const events = count => until(() => parseInt($("#events").textContent) >= count);

await until(() => $("#about").childElementCount);
$("#factorise button").click();
await until(() => $("#factors").className);
$("#open button").click();
await until(() => $("#problem").className);
await events(120);
$("#speed").value = 6;
$("#speed").dispatchEvent(new Event("input"));
await events(180);
$("#render button").click();
await until(() => $("#bar").className);
await events(240);

const bar = $("#bar").getBoundingClientRect();
return {
    texts: ["#about", "#factors", "#problem", "#state", "#events"].map(id => $(id).innerText).join("\\n"),
    window: [screenX, screenY, screenX + innerWidth, screenY + innerHeight].map(each => each * devicePixelRatio),
    barEnd: [bar.right - 4, bar.top + bar.height / 2].map(each => each * devicePixelRatio),
}
"""
EXPECTED = [platform.python_version(), "2⁴ × 3² × 5 × 7", "SCENE_NOT_FOUND", "48 frames", "speed 6"]
BAR_COLOUR = (0x3D, 0xD6, 0xB0)


def save_picture(path: Path) -> None:
    """Uses the demo like a user, and saves a picture of its window.

    Raises:
        RuntimeError, OSError: It did not work; the message says what.
    """
    try:
        from PIL import ImageGrab
    except ImportError:
        raise RuntimeError("--screenshot needs Pillow; install it with: python -m pip install pillow") from None

    # Without a frame, the window is the page and nothing else, and its place is exact.
    with make_view(frame=False, x=0, y=0) as view:
        view.show(wait=False)
        seen = view.eval_js_sync(USE_IT, timeout_ms=60_000)
        missing = [text for text in EXPECTED if text not in seen["texts"]]
        if missing:
            raise RuntimeError(f"the page does not show {', '.join(missing)}; it shows:\n{seen['texts']}")
        deadline = time.monotonic() + 20
        while True:  # what the page holds is on the screen a little later: its newest part tells
            picture = ImageGrab.grab(tuple(map(int, seen["window"])), xdisplay="")
            if picture.getpixel(tuple(map(int, seen["barEnd"])))[:3] == BAR_COLOUR:
                break
            if time.monotonic() > deadline:
                raise RuntimeError("the page was never seen on the screen; is another window in front of it?")
            view.wait(0.02)
        picture.save(path, "PNG")


def main() -> int:
    parser = argparse.ArgumentParser(description="Shows what AuroraView does.")
    parser.add_argument("--screenshot", metavar="PATH", type=Path, help="use the demo, save a picture as PNG, and end")
    path = parser.parse_args().screenshot
    try:
        if path is None:
            make_view().show()
        else:
            save_picture(path)
    except (auroraview.AuroraViewError, RuntimeError, OSError) as error:
        print(f"The demo failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
