"""A tool that runs unchanged in a host application and as a program of its own: its handlers use the host's API.

In a host it is `dcc_mode`: `show()` returns at once, and the host's loop runs the handlers. Else `show()` blocks.
"""

from __future__ import annotations

import threading

from auroraview import WebView
from auroraview.utils import dcc_thread_safe

PAGE = """<!doctype html><title>Cubes</title>
<button id=create onclick="auroraview.call('create', 'cube')">Create</button>
<button id=count onclick="auroraview.call('count_later')">Count</button>
<ul id=list></ul>
<script>
auroraview.on("created", name => list.append(Object.assign(document.createElement("li"), {textContent: name})));
auroraview.on("counted", count => document.title = `${count} cubes`);
</script>"""


class Tool:
    """The scene of a host that is not there: with a real one, `create` calls its API."""

    def __init__(self, view: WebView) -> None:
        self._view = view
        self._scene: list[str] = []

    def create(self, kind: str) -> None:
        """On the host's main thread, since the view is in `dcc_mode` there."""
        self._scene.append(f"{kind}{len(self._scene) + 1}")
        self._view.emit("created", self._scene[-1])

    def count_later(self) -> None:
        """A thread of the tool asks the main thread, and waits for it; the page does not."""
        count = dcc_thread_safe(lambda: len(self._scene))
        threading.Thread(target=lambda: self._view.emit("counted", count())).start()


def make_view() -> WebView:
    view = WebView("Cubes", 320, 240, html=PAGE, dcc_mode="auto")
    tool = Tool(view)
    view.bind_call("create", tool.create)
    view.bind_call("count_later", tool.count_later)
    return view


if __name__ == "__main__":
    make_view().show()
