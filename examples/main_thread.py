"""Work that only the main thread may do: as in a host application, whose scene belongs to its main thread.

The view's handlers run on a thread of ours, and so does the render; both change the scene, which checks that nobody but
the main thread touches it.

- ``@ensure_main_thread``: the function runs there, whoever calls it, and its result or exception comes back.
- ``run_on_main_thread_sync``: the same for one call. ``run_on_main_thread``: later, and nobody waits.

The main thread runs such functions while it waits in one of our calls, here in ``view.wait()``.

Run it: python examples/main_thread.py
"""

from __future__ import annotations

import threading
from contextlib import suppress

import auroraview
from auroraview import ensure_main_thread, is_main_thread, run_on_main_thread, run_on_main_thread_sync

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px 28px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  h1 { margin: 0 0 12px; font-size: 19px }
  button { font: inherit; padding: 7px 18px; margin-right: 8px; border: 0; border-radius: 8px; background: #3b5bdb;
           color: white }
  ul { padding: 0; list-style: none; font-family: monospace }
  #error { color: #b42318; min-height: 1.6em }
</style>
<h1>A scene of the main thread</h1>
<button id="add">Add a cube</button><button id="render">Render</button><button id="wrong">Touch it from here</button>
<div id="error"></div>
<ul id="scene"></ul>
<script type="module">
  const [add, render, wrong, error, scene] =
    ["add", "render", "wrong", "error", "scene"].map(id => document.getElementById(id));

  auroraview.on("scene", names => {
    scene.replaceChildren(...names.map(name => Object.assign(document.createElement("li"), { textContent: name })));
  });
  const call = name => async () => {
    error.textContent = "";
    try { await auroraview.call(name); } catch (problem) { error.textContent = problem.message; }
  };
  add.onclick = call("add");
  render.onclick = call("render");
  wrong.onclick = call("wrong");
</script>
"""


class Scene:
    """What a host's scene is like: one thread only."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def add(self, name: str) -> list[str]:
        if not is_main_thread():
            raise RuntimeError(f"{threading.current_thread().name} may not touch the scene")
        self._names.append(name)
        return list(self._names)


class Tool:
    def __init__(self, view: auroraview.WebView) -> None:
        self._view = view
        self._scene = Scene()

    @ensure_main_thread
    def add(self) -> None:
        self._show(self._scene.add("cube"))

    def wrong(self) -> None:
        self._scene.add("never")

    def render(self) -> None:
        """Returns at once; the render goes on in its own thread."""
        threading.Thread(target=self._render, daemon=True).start()

    def _render(self) -> None:
        with suppress(
            auroraview.ShutdownInProgressError, auroraview.EventLoopClosed
        ):  # the window was closed meanwhile
            names = run_on_main_thread_sync(self._scene.add, "render begun")
            run_on_main_thread(self._finish, len(names))

    def _finish(self, count: int) -> None:
        self._show(self._scene.add(f"render of {count} things done"))

    def _show(self, names: list[str]) -> None:
        self._view.emit("scene", names)


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Main thread", 460, 320, html=PAGE)
    tool = Tool(view)
    for function in (tool.add, tool.wrong, tool.render):
        view.bind_call(function.__name__, function)
    return view


if __name__ == "__main__":
    view = make_view()
    view.show(wait=False)  # handlers run on a thread of ours, as in a host
    view.wait()
