"""Programs that end while everything of ours is under way."""

from __future__ import annotations

import os
import signal
import subprocess
import textwrap
import time
from typing import NamedTuple

from . import processes
from .desktop import PATIENCE, until

#: Everything at once: calls of every kind that never end, streams, a dialog, threads of all kinds that wait.
BUSY = """
import asyncio, os, signal, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
import auroraview

HTML = '''<!doctype html><title>busy</title><script>
auroraview.handle("never", () => new Promise(() => {}));
onload = async () => {
    auroraview.call("api.later"); auroraview.call("api.slow");
    (async () => { for await (const item of auroraview.call("api.rows")); })();
    (async () => { for await (const item of auroraview.call("api.async_rows")); })();
    auroraview.send_event("ready");
};
</script>'''

VIEW
ready = threading.Semaphore(0)

@view.bind_call("api.later")
async def later():
    ready.release()
    await asyncio.sleep(1000)

@view.bind_call("api.slow")
def slow(ctx: auroraview.Context):
    ready.release()
    while not ctx.is_cancelled() and IS_STUCK:
        time.sleep(0.01)

@view.bind_call("api.rows")
def rows():
    n = 0
    while True:
        yield (n := n + 1)

@view.bind_call("api.async_rows")
async def async_rows():
    n = 0
    while True:
        await asyncio.sleep(0)
        yield (n := n + 1)

@view.on("ready")
def on_ready(data):
    ready.release()

def waits():
    try:
        view.call("never", timeout_ms=100_000)
    except auroraview.AuroraViewError:
        pass

def everything_runs():
    for _ in range(3):
        assert ready.acquire(timeout=30)
    view.dialogs.open_file()
    view.eval_js_async("new Promise(() => {})", lambda value, error: None)
    pool = ThreadPoolExecutor(2)
    pool.submit(waits)
    for daemon in (True, False):
        threading.Thread(target=waits, daemon=daemon).start()
    view.eval_js_sync("1", timeout_ms=30_000)

def end():
    print("ends", flush=True)
    sys.stdin.readline()  # until somebody has looked who is there
    HOW
"""


class Way(NamedTuple):
    """How a program shows its view."""

    main: str
    #: Makes ``view``.
    view: str = "view = auroraview.WebView(html=HTML)"
    #: Whether a handler does not return until it is cancelled.
    is_stuck: bool = False


WAYS = {
    "own thread": Way("view.show(wait=False); everything_runs(); end()"),
    "stuck handler": Way("view.show(wait=False); everything_runs(); end()", is_stuck=True),
    "deaf handlers": Way(
        """
deaf = threading.Semaphore(0)
views = [auroraview.WebView(html="<script>onload = () => auroraview.call('api.deaf')</script>") for _ in range(5)]
for each in views:
    each.bind_call("api.deaf", lambda: (deaf.release(), time.sleep(1000)))
    each.show(wait=False)
for each in views:
    assert deaf.acquire(timeout=30)
view.show(wait=False)
everything_runs()
end()
"""
    ),
    "pumped": Way(
        """
worker = threading.Thread(target=everything_runs)
view.show()
worker.start()
while worker.is_alive():
    view.process_events()
    time.sleep(0.001)
end()
""",
        "view = auroraview.WebView(html=HTML, processor=auroraview.ProcessorConfig.legacy_embedded())",
    ),
    "inside show": Way(
        """
def from_outside():
    everything_runs()
    auroraview.run_on_main_thread(end)
threading.Thread(target=from_outside, daemon=True).start()
view.show()
"""
    ),
    "Qt": Way(
        """
def from_outside():
    everything_runs()
    auroraview.run_on_main_thread(end)
threading.Thread(target=from_outside, daemon=True).start()
dialog = widgets.QDialog(window)
core.QTimer.singleShot(0, lambda: run(dialog))
sys.exit(run(app))
""",
        """
import importlib
widgets, core = (importlib.import_module(f"{os.environ['BINDING']}.{part}") for part in ("QtWidgets", "QtCore"))
def run(it):
    return (getattr(it, "exec", None) or it.exec_)()
app = widgets.QApplication(["host"])
window = widgets.QMainWindow()
panel = auroraview.QtWebView(html=HTML)
window.setCentralWidget(panel)
window.show()
view = panel.webview
""",
    ),
}


def program(way: str, how: str) -> str:
    """``how``: what the program does on its main thread when it ends."""
    made = WAYS[way]
    source = BUSY.replace("VIEW", made.view).replace("IS_STUCK", str(made.is_stuck)).replace("HOW", how)
    return source + textwrap.dedent(made.main)


def ends_well(python: str, source: str, code: int, **env: str) -> float:
    """Runs a program until it says that it ends, and returns how long that took."""
    path = os.pathsep.join(["python", env.pop("PYTHONPATH", os.environ.get("PYTHONPATH", ""))])
    environment = {**os.environ, **env, "PYTHONPATH": path}
    with subprocess.Popen(
        [python, "-u", "-c", source],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as program:  # fmt: skip
        assert program.stdout is not None and program.stderr is not None
        line = program.stdout.readline()
        assert line == "ends\n", program.stderr.read()
        members = processes.family(program.pid) - {program.pid}
        assert processes.of_name(members, "auroraview-ui")
        began = time.monotonic()
        try:
            _, err = program.communicate("\n", timeout=PATIENCE)
        finally:
            program.kill()  # of one that has ended: nothing
        took = time.monotonic() - began
    assert program.returncode == code, err
    assert "Fatal Python error" not in err and ("Traceback" in err) == (code in (1, -signal.SIGINT)), err
    until("the end of the family", lambda: not any(map(processes.is_alive, members)))
    return took
