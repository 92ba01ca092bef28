"""A scene outliner in Blender: a tool window above Blender's, which shows what is in the scene and changes it.

Run it: blender --python examples/hosts/blender_outliner.py, or open it in Blender's Text Editor and press Run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

import auroraview
from auroraview import UserError

try:
    PAGE = Path(__file__).with_name("outliner.html")
except NameError:  # Blender's Text Editor runs a text, not a file
    PAGE = Path(bpy.context.space_data.text.filepath).with_name("outliner.html")

KINDS = {
    "cube": bpy.ops.mesh.primitive_cube_add,
    "ball": bpy.ops.mesh.primitive_uv_sphere_add,
    "lamp": bpy.ops.object.light_add,
}


def scene() -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "kind": each.type.title(),
            "visible": not each.hide_get(),
            "selected": each.select_get(),
        }
        for each in bpy.context.view_layer.objects
    ]


class Outliner:
    """What the page may ask for. With ``dcc_mode`` all of it runs on Blender's main thread."""

    def add(self, kind: str) -> None:
        KINDS[kind](location=(0, 0, len(bpy.context.view_layer.objects)))

    def rename(self, name: str, to: str) -> None:
        if not to.strip():
            raise UserError("An object needs a name.")
        self._object(name).name = to.strip()

    def select(self, name: str) -> None:
        for each in bpy.context.view_layer.objects:
            each.select_set(each.name == name)
        bpy.context.view_layer.objects.active = self._object(name)

    def set_visible(self, name: str, visible: bool) -> None:
        self._object(name).hide_set(not visible)

    def remove(self, name: str) -> None:
        bpy.data.objects.remove(self._object(name))

    def _object(self, name: str) -> Any:
        found = bpy.context.view_layer.objects.get(name)
        if found is None:
            raise UserError(f"There is no object {name} any more.")
        return found


@bpy.app.handlers.persistent
def tell(*_: object) -> None:
    """Blender changed something, for whatever reason: the page learns what is there now, if that is something new."""
    now = scene()
    if view.is_alive() and view.state.get("objects") != now:
        view.state["objects"] = now


view = auroraview.WebView("Outliner", 330, 420, parent="auto", dcc_mode=True)
view.load_file(PAGE)
view.bind_api(Outliner())
view.state.update(kinds=list(KINDS), objects=scene())
view.show()
for changed in (bpy.app.handlers.depsgraph_update_post, bpy.app.handlers.load_post):
    changed.append(tell)
