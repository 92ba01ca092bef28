"""A brush panel in Krita: a dock with the size, opacity and color of the brush, and a button for a new sheet of paper.

Install it: copy this folder and ``auroraview_brush.desktop`` into Krita's resource folder ``pykrita``
(``~/.local/share/krita/pykrita``), switch it on in Settings > Configure Krita > Python Plugin Manager, start Krita
again and choose Settings > Dockers > Brush (AuroraView).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from krita import DockWidget, DockWidgetFactory, DockWidgetFactoryBase, Krita, ManagedColor
from PyQt5 import QtCore

from auroraview import UserError
from auroraview.qt import QtWebView


def current() -> Optional[Any]:
    """The canvas's view in the active window, if there is a picture."""
    window = Krita.instance().activeWindow()
    view = window.activeView() if window else None
    return view if view and view.document() else None


class Brush:
    """What the page may ask for. In a ``QtWebView`` all of it runs on Qt's main thread."""

    def new_paper(self) -> None:
        krita = Krita.instance()
        document = krita.createDocument(800, 600, "Paper", "RGBA", "U8", "", 72.0)
        krita.activeWindow().addView(document)

    def set_size(self, size: float) -> None:
        self._view().setBrushSize(size)

    def set_opacity(self, opacity: float) -> None:
        self._view().setPaintingOpacity(opacity)

    def set_color(self, red: int, green: int, blue: int) -> None:
        color = ManagedColor("RGBA", "U8", "")
        color.setComponents([blue / 255, green / 255, red / 255, 1.0])
        self._view().setForeGroundColor(color)

    def _view(self) -> Any:
        view = current()
        if view is None:
            raise UserError("There is no picture: press New paper first.")
        return view


class BrushDock(DockWidget):  # type: ignore[misc]
    """Krita makes one for each of its windows."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Brush (AuroraView)")
        self.panel = QtWebView(self, width=260, height=320)
        self.panel.load_file(Path(__file__).with_name("brush.html"))
        self.panel.bind_api(Brush())
        self.setWidget(self.panel)
        # Krita has no signal for the brush: this looks twice a second, while the panel is seen.
        self._look = QtCore.QTimer(self)
        self._look.timeout.connect(self.tell)
        self._look.start(500)

    def canvasChanged(self, canvas: Any) -> None:
        """Krita calls this when another picture comes to the front."""
        self.tell()

    def tell(self) -> None:
        if not self.isVisible():
            return
        view = current()
        now = None
        if view is not None:
            blue, green, red = (round(255 * part) for part in view.foregroundColor().components()[:3])
            size, opacity = round(view.brushSize(), 1), round(view.paintingOpacity(), 2)
            now = {"size": size, "opacity": opacity, "color": f"#{red:02x}{green:02x}{blue:02x}"}
        if self.panel.state.get("brush", "nothing yet") != now:
            self.panel.state["brush"] = now


Krita.instance().addDockWidgetFactory(DockWidgetFactory("auroraview_brush", DockWidgetFactoryBase.DockRight, BrushDock))
