"""One tool for every host: the same file is a tool window above Blender, FreeCAD, Krita, Maya ..., and a program of its
own outside of them.

``parent="auto"`` finds the host's main window, and ``dcc_mode="auto"`` runs the functions on the host's main thread, in
between its own work; both mean nothing where there is no host.

Run it: python examples/hosts/anywhere.py, or blender --python examples/hosts/anywhere.py, or
freecad examples/hosts/anywhere.py
"""

from __future__ import annotations

import threading

import auroraview
from auroraview import hosts

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 18px 22px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  h1 { margin: 0 0 6px; font-size: 18px }
  button { font: inherit; padding: 6px 16px; margin: 8px 0; border: 0; border-radius: 8px; background: #3b5bdb;
           color: white }
</style>
<h1 id="host">...</h1>
<p id="thread"></p>
<button id="again">Count</button> <output id="count"></output>
<script type="module">
  const [host, thread, count] = ["host", "thread", "count"].map(id => document.getElementById(id));
  const about = await auroraview.api.about();
  host.textContent = `This is ${about.host}.`;
  thread.textContent = `Python functions run on the thread ${about.thread}.`;
  document.getElementById("again").onclick = async () => { count.textContent = await auroraview.api.count(); };
</script>
"""


class Tool:
    def __init__(self) -> None:
        self._count = 0

    def about(self) -> dict[str, str]:
        return {"host": hosts.current().name, "thread": threading.current_thread().name}

    def count(self) -> int:
        self._count += 1
        return self._count


view = auroraview.WebView("Anywhere", 360, 200, html=PAGE, parent="auto", dcc_mode="auto")
view.bind_api(Tool())
view.show()
