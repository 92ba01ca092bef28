"""A scene outliner in FreeCAD: a dock beside the 3D view, which shows the objects of the document and changes them.

Run it: freecad examples/hosts/freecad_outliner.py, or choose it in FreeCAD's Macro menu.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import FreeCAD
import FreeCADGui
from PySide import QtCore, QtGui

from auroraview import UserError
from auroraview.qt import QtWebView

KINDS = {"box": "Part::Box", "ball": "Part::Sphere", "cone": "Part::Cone"}


def scene() -> list[dict[str, Any]]:
    document = FreeCAD.ActiveDocument
    selected = FreeCADGui.Selection.getSelection() if document else []
    return [
        {
            "name": each.Label,
            "kind": each.TypeId.split("::")[-1],
            "visible": each.ViewObject is None or each.ViewObject.Visibility,
            "selected": each in selected,
        }
        for each in (document.Objects if document else [])
    ]


class Outliner:
    """What the page may ask for. In a ``QtWebView`` all of it runs on Qt's main thread."""

    def add(self, kind: str) -> None:
        document = FreeCAD.ActiveDocument or FreeCAD.newDocument("Scene")
        made = document.addObject(KINDS[kind], kind.title())
        made.Placement.Base.x = 15 * len(document.Objects)
        document.recompute()
        FreeCADGui.SendMsgToActiveView("ViewFit")

    def rename(self, name: str, to: str) -> None:
        if not to.strip():
            raise UserError("An object needs a name.")
        self._object(name).Label = to.strip()

    def select(self, name: str) -> None:
        FreeCADGui.Selection.clearSelection()
        FreeCADGui.Selection.addSelection(self._object(name))

    def set_visible(self, name: str, visible: bool) -> None:
        self._object(name).ViewObject.Visibility = visible

    def remove(self, name: str) -> None:
        FreeCAD.ActiveDocument.removeObject(self._object(name).Name)

    def _object(self, name: str) -> Any:
        found = FreeCAD.ActiveDocument.getObjectsByLabel(name) if FreeCAD.ActiveDocument else []
        if not found:
            raise UserError(f"There is no object {name} any more.")
        return found[0]


class Observer:
    """FreeCAD calls these for every change of a document or of the selection, whoever made it."""

    def __init__(self) -> None:
        self._later = QtCore.QTimer(panel, singleShot=True, interval=0, timeout=self._tell)

    def _changed(self, *_: object) -> None:
        self._later.start()  # once, when FreeCAD is done with it

    slotCreatedObject = slotDeletedObject = slotChangedObject = slotActivateDocument = _changed
    slotDeletedDocument = addSelection = removeSelection = setSelection = clearSelection = _changed

    def _tell(self) -> None:
        now = scene()
        if panel.state.get("objects") != now:
            panel.state["objects"] = now


window = FreeCADGui.getMainWindow()
dock = QtGui.QDockWidget("Outliner", window)
panel = QtWebView(dock, width=330, height=420)
panel.load_file(Path(__file__).with_name("outliner.html"))
panel.bind_api(Outliner())
panel.state.update(kinds=list(KINDS), objects=scene())
dock.setWidget(panel)
window.addDockWidget(QtCore.Qt.RightDockWidgetArea, dock)
observer = Observer()
FreeCAD.addDocumentObserver(observer)
FreeCADGui.addDocumentObserver(observer)
FreeCADGui.Selection.addObserver(observer)
