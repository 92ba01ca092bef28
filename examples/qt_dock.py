"""A panel in a dock of a Qt application: it makes shapes in the scene, follows the selection, and leaves the keyboard
to the host when it does not need it (F frames the scene, Delete deletes, wherever the focus is).

Run it: python examples/qt_dock.py (needs PySide6; another binding works the same)
"""

import itertools
import random
import sys

from PySide6 import QtCore, QtGui, QtWidgets

from auroraview import QtWebView

PAGE = """<!doctype html><title>Shapes</title><style>
body { margin: 0; padding: 14px; font: 14px sans-serif; background: #20262e; color: #dfe6ee }
button { font: inherit; padding: 8px 14px; border: 0; border-radius: 6px; background: #3b82f6; color: white }
input { width: 100%; accent-color: #3b82f6 } h1 { font-size: 16px; margin: 0 0 10px }
ul { list-style: none; padding: 0; margin: 12px 0 } li { padding: 6px 10px; border-radius: 6px; cursor: pointer }
li.selected { background: #37475c } li::before { content: ''; display: inline-block; width: 12px; height: 12px;
border-radius: 3px; margin-right: 8px; vertical-align: -1px; background: var(--color) } small { color: #8593a5 }
</style><h1>Shapes</h1>
<button id="add" onclick="auroraview.scene.add(Number(size.value))">Add a shape</button>
<p>Size <input id="size" type="range" min="20" max="90" value="50"></p><ul id="list"></ul>
<small>F frames the scene, Delete deletes: keys that the page does not use are the host's.
Escape goes back to it.</small>
<script>
auroraview.on('shapes', shapes => {
    list.replaceChildren(...shapes.map(shape => {
        const item = document.createElement('li');
        item.textContent = shape.name;
        item.style.setProperty('--color', shape.color);
        item.className = shape.selected ? 'selected' : '';
        item.onclick = () => auroraview.scene.select(shape.name);
        return item;
    }));
});
</script>"""


class Scene(QtWidgets.QGraphicsScene):
    """What the artist works on. All of it happens on Qt's main thread, also what the page asks for."""

    def __init__(self) -> None:
        super().__init__(-300, -220, 600, 440)
        self.names = (f"shape {number}" for number in itertools.count(1))

    def add(self, size: float) -> str:
        color = QtGui.QColor.fromHsv(random.randrange(360), 150, 220)
        place = QtCore.QRectF(random.randrange(-250, 200), random.randrange(-180, 140), size, size)
        shape = self.addRect(place, QtGui.QPen(color.lighter(), 2), QtGui.QBrush(color))
        shape.setFlags(shape.GraphicsItemFlag.ItemIsSelectable | shape.GraphicsItemFlag.ItemIsMovable)
        shape.setData(0, next(self.names))
        self.select(shape.data(0))
        return shape.data(0)

    def select(self, name: str) -> None:
        for shape in self.items():
            shape.setSelected(shape.data(0) == name)

    def delete(self) -> None:
        for shape in self.selectedItems():
            self.removeItem(shape)

    def shapes(self) -> list:
        return [
            {"name": each.data(0), "color": each.brush().color().name(), "selected": each.isSelected()}
            for each in self.items(QtCore.Qt.SortOrder.AscendingOrder)
        ]


class Window(QtWidgets.QMainWindow):
    def __init__(self) -> None:
        super().__init__(windowTitle="Qt dock")
        self.scene = Scene()
        self.viewport = QtWidgets.QGraphicsView(self.scene)
        self.viewport.setBackgroundBrush(QtGui.QColor("#3a3f47"))
        for policy in (self.viewport.setHorizontalScrollBarPolicy, self.viewport.setVerticalScrollBarPolicy):
            policy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setCentralWidget(self.viewport)
        self.panel = QtWebView(html=PAGE, width=300, height=520)
        self.panel.bind_call("scene.add", self.scene.add)
        self.panel.bind_call("scene.select", self.scene.select)
        self.panel.loadFinished.connect(self.tell)
        self.scene.changed.connect(self.tell)
        self.scene.selectionChanged.connect(self.tell)
        dock = QtWidgets.QDockWidget("Shapes", self)
        dock.setWidget(self.panel)
        self.addDockWidget(QtCore.Qt.DockWidgetArea.RightDockWidgetArea, dock)
        for key, action in (("F", self.frame), ("Delete", self.scene.delete)):
            QtGui.QShortcut(QtGui.QKeySequence(key), self, action)
        self.resize(960, 560)

    def tell(self, *_: object) -> None:
        if self.panel.is_alive():
            self.panel.emit("shapes", self.scene.shapes(), coalesce="shapes")

    def frame(self) -> None:
        around = self.scene.itemsBoundingRect().adjusted(-20, -20, 20, 20)
        self.viewport.fitInView(around, QtCore.Qt.AspectRatioMode.KeepAspectRatio)


if __name__ == "__main__":
    app = QtWidgets.QApplication(sys.argv)
    window = Window()
    window.show()
    sys.exit(app.exec())
