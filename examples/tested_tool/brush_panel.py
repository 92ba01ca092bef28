"""A brush panel, and beside it the tests of its Python half (test_brush_panel.py).

    python examples/tested_tool/brush_panel.py
    python -m pytest examples/tested_tool
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auroraview import UserError, WebView

PAGE = """<!doctype html><title>Brushes</title>
<body style="font: 15px sans-serif; margin: 2em">
<label>Size <input type=range id=size min=1 max=200></label>
<ul id=brushes></ul>
<script>
  const size = document.getElementById("size");
  size.oninput = () => auroraview.send_event("resize", Number(size.value));
  auroraview.state.subscribe("size", ({ value }) => { size.value = value; });
  const show = async () => {
    for await (const brush of auroraview.call("api.brushes")) {
      const row = document.createElement("li");
      row.textContent = brush.name;
      row.onclick = () => auroraview.call("api.pick", brush.name);
      document.getElementById("brushes").append(row);
    }
  };
  show();
</script>"""

BRUSHES = {"ink": 4, "chalk": 24, "smudge": 60}


class Panel:
    """What the page may call, and what the tool knows."""

    def __init__(self, view: WebView) -> None:
        self.current = "ink"
        self._view = view
        view.bind_api(self)
        view.on("resize", self._resize)
        view.state["size"] = BRUSHES[self.current]

    def brushes(self) -> Iterator[dict[str, Any]]:
        """Every brush, as soon as it is there."""
        for name, size in BRUSHES.items():
            yield {"name": name, "size": size}

    def pick(self, name: str) -> int:
        """Takes another brush; its size."""
        if name not in BRUSHES:
            raise UserError(f"there is no brush {name!r}", code="NO_BRUSH", data=sorted(BRUSHES))
        self.current = name
        self._view.state["size"] = BRUSHES[name]
        self._view.emit("picked", name)
        return BRUSHES[name]

    def _resize(self, size: int) -> None:
        self._view.state["size"] = max(1, min(200, size))


if __name__ == "__main__":
    window = WebView("Brushes", 300, 260, html=PAGE)
    Panel(window)
    window.show()
