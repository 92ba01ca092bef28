"""Type hints are the contract: Python checks what the page sends, and `auroraview types` tells TypeScript.

What does not fit is refused before the function runs, and the error says where: press "Send nonsense".
`typed_api.gen.ts` beside this file was made by: auroraview types examples/typed_api.py:make_view -o ...

Run it: python examples/typed_api.py
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Optional, TypedDict

import auroraview
from auroraview import UserError

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px 28px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  h1 { margin: 0 0 16px; font-size: 19px }
  pre { min-height: 190px; padding: 12px 16px; background: white; border: 1px solid #dde3ee; border-radius: 12px;
        font: 12px/1.7 ui-monospace, monospace; white-space: pre-wrap }
  button { font: inherit; padding: 6px 16px; border: 0; border-radius: 8px; background: #3b5bdb; color: white }
</style>
<h1>Scene</h1>
<button id="light">Add a light</button> <button id="missing">Delete node 99</button>
<button id="nonsense">Send nonsense</button>
<pre id="log"></pre>
<script type="module">
  await auroraview.whenReady(); // Python's namespaces are there from then on
  const { scene } = auroraview;
  const say = (...what) => log.append(what.join(" "), "\\n");

  const press = (button, work) => document.getElementById(button).onclick = async () => {
    try {
      say(JSON.stringify(await work(), undefined, 1));
    } catch (error) {
      say(error.code, "-", error.message);
    }
  };
  press("light", () => scene.create({ name: "key light", kind: "light", position: [1, 2, 0.5] }));
  press("missing", () => scene.delete(99));
  press("nonsense", () => scene.create({ name: "box", kind: "mesh", position: [1, "two", 3] }));
  auroraview.on("selected", ({ ids }) => say("selected:", ids));
</script>
"""


class Kind(Enum):
    """What a node is."""

    MESH = "mesh"
    LIGHT = "light"
    CAMERA = "camera"


class Position(NamedTuple):
    x: float
    y: float
    z: float = 0.0


@dataclass
class Node:
    """A node of the scene.

    Attributes:
        tags: Words to find it by.
    """

    id: int
    name: str
    kind: Kind
    position: Position
    created: datetime.datetime
    tags: list[str] = field(default_factory=list)


class Selection(TypedDict):
    """What the user works on."""

    ids: list[int]


class NoSuchNode(UserError):
    """There is no node with this number."""

    code = "NO_SUCH_NODE"
    data: Selection


class SceneLocked(UserError):
    code = "SCENE_LOCKED"


class Scene:
    """Nodes, in memory."""

    def __init__(self, view: auroraview.WebView) -> None:
        self._ids = itertools.count(1)
        self._nodes: dict[int, Node] = {}
        self._selected = view.event("selected", Selection)
        view.on("clicked", self._clicked)

    def create(self, name: str, kind: Kind = Kind.MESH, position: Optional[Position] = None) -> Node:
        """Makes a node and selects it.

        Args:
            name: As the outliner shows it.
            position: In metres; the origin if it is missing.

        Returns:
            The node, with its number.

        Raises:
            SceneLocked: Somebody else renders.
        """
        now = datetime.datetime.now(datetime.timezone.utc)
        node = Node(next(self._ids), name, kind, position or Position(0, 0), now)
        self._nodes[node.id] = node
        self._selected({"ids": [node.id]})
        return node

    def update(self, node: Node) -> None:
        """Replaces the node that has the same number."""
        self._nodes[self._known(node.id)] = node

    def delete(self, id: int) -> None:
        """Takes a node out of the scene."""
        del self._nodes[self._known(id)]

    def find(self, *, kind: Optional[Kind] = None, limit: int = 100) -> list[Node]:
        """The nodes of a kind, or all."""
        return [node for node in self._nodes.values() if kind in (None, node.kind)][:limit]

    def render(self, width: int, height: int) -> Iterator[bytes]:
        """Yields the picture, row by row."""
        for row in range(height):
            yield bytes([row % 256, 0, 0, 255]) * width

    def _known(self, number: int) -> int:
        if number not in self._nodes:
            raise NoSuchNode(f"There is no node {number}.", data={"ids": [number]})
        return number

    def _clicked(self, at: Position) -> None:
        """The user clicked into the viewport."""
        near = [node.id for node in self._nodes.values() if node.position[:2] == at[:2]]
        self._selected({"ids": near})


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Typed API", 560, 460, html=PAGE)
    view.bind_api(Scene(view), namespace="scene")
    return view


if __name__ == "__main__":
    make_view().show()
