"""Measures AuroraView beside a bare wry program: the same work, in turn, in one run. Prints medians and ratios.

    make bench            # builds both and runs this

Absolute times depend on the machine; the ratios are what to look at. With an argument, that many rounds (default 15).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from support import processes  # noqa: E402
from support.desktop import Desktop  # noqa: E402

BLOCKS, BLOCK = 30, 50

#: Both pages do this. What `call` is differs.
MEASURE = f"""
async function measure(call) {{
  // The engine rounds its clock to a millisecond, so what is timed is a block of calls.
  const blocks = [];
  for (let block = 0; block < {BLOCKS}; block++) {{
    const started = performance.now();
    for (let n = 0; n < {BLOCK}; n++) await call(n);
    blocks.push((performance.now() - started) / {BLOCK} * 1000);
  }}
  blocks.sort((a, b) => a - b);
  const started = performance.now();
  for (let round = 0; round < 5; round++) await Promise.all(Array.from({{length: 1000}}, (_, n) => call(n)));
  const flight = 5000 / (performance.now() - started) * 1000;
  return {{call: blocks[blocks.length >> 1], flight}};
}}
"""

FLOOR_PAGE = f"""<!doctype html><p>floor<script>
ipc.postMessage('first');
const waiting = []; function answer(n) {{ waiting.shift()(n) }}
{MEASURE}
const call = n => new Promise(done => {{ waiting.push(done); ipc.postMessage('call ' + n) }});
onload = () => measure(call).then(figures => ipc.postMessage('done ' + JSON.stringify(figures)));
</script>"""

OURS = f"""
import json, sys
import auroraview
page = '''<!doctype html><p>ours<script>
auroraview.send_event('first');
{MEASURE}
onload = () => measure(n => auroraview.api.echo(n)).then(figures => auroraview.send_event('done', figures));
</script>'''
view = auroraview.WebView("ours", html=page)
view.on("first", lambda data: print("first", flush=True))
view.bind_call("api.echo", lambda n: n)

@view.on("done")
def done(figures):
    print(json.dumps(figures), flush=True)
    view.close()

view.show()
"""


def run(command: list[str]) -> dict[str, float]:
    """One run of a program: when its page spoke first, its figures, and how long it took to end."""
    started = time.perf_counter()
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert program.stdout is not None
    assert program.stdout.readline() == "first\n"
    first = time.perf_counter() - started
    figures: dict[str, float] = json.loads(program.stdout.readline())
    said = time.perf_counter()
    program.wait(60)
    return {**figures, "first": first * 1000, "end": (time.perf_counter() - said) * 1000}


VICTIM = """
import auroraview
view = auroraview.WebView(html={page!r})
view.on_loaded(lambda url: print("loaded", flush=True))
view.show()
"""
IDLE = "<p>idle"
BUSY = "<script>addEventListener('load', () => setTimeout(() => {for(;;);}))</script>"


def kill_host(page: str) -> float:
    """Milliseconds from SIGKILL of the host until no process of its family is left."""
    program = subprocess.Popen([sys.executable, "-c", VICTIM.format(page=page)], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline() == "loaded\n"
    members = processes.family(program.pid) - {program.pid}
    started = time.perf_counter()
    program.kill()
    while any(map(processes.is_alive, members)):
        pass  # what is measured is this wait
    gone = (time.perf_counter() - started) * 1000
    program.communicate()
    return gone


ROWS = [
    ("first page message after process start, ms", "first"),
    ("small call page → host → page, µs", "call"),
    ("1000 calls in flight, calls/s (more is better)", "flight"),
    ("close to exit, ms", "end"),
]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with Desktop.start() as desktop, tempfile.NamedTemporaryFile("w", suffix=".html") as page:
        page.write(FLOOR_PAGE)
        page.flush()
        os.environ["DISPLAY"] = desktop.display
        floor = [str(ROOT / "target/release/auroraview-floor"), page.name]
        ours = [sys.executable, "-c", OURS]
        results: dict[str, list[dict[str, float]]] = {"floor": [], "ours": []}
        run(floor), run(ours)  # warm the disk cache
        for _ in range(rounds):
            results["floor"].append(run(floor))
            results["ours"].append(run(ours))
        alone = {
            "host killed, page idle: until all processes are gone, ms": [kill_host(IDLE) for _ in range(rounds)],
            "host killed, page in a busy loop, ms": [kill_host(BUSY) for _ in range(rounds)],
            "growth of the host process, MiB": [processes.host_growth_kib() / 1024 for _ in range(rounds)],
        }
    print(f"| {rounds} rounds in turn, medians | bare wry | AuroraView | ratio |\n|---|---|---|---|")
    for label, key in ROWS:
        a, b = (statistics.median(each[key] for each in results[who]) for who in ("floor", "ours"))
        print(f"| {label} | {a:.0f} | {b:.0f} | {b / a:.2f} |")
    print(f"\n| {rounds} rounds | median | largest |\n|---|---|---|")
    for label, values in alone.items():
        print(f"| {label} | {statistics.median(values):.1f} | {max(values):.1f} |")


if __name__ == "__main__":
    main()
