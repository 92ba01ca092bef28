"""Type hints of handlers, on the real engine: what the page sends is checked, and what Python returns is converted."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, Optional

import pytest

from auroraview import Context, PageStream, UserError, WebView
from support.views import SETTLE as PAGE
from support.views import Recorder, contract, settle, shown

pytestmark = pytest.mark.needs("javascript")


class Kind(Enum):
    MESH = "mesh"
    LIGHT = "light"


class Point(NamedTuple):
    x: float
    y: float


@dataclass
class Node:
    name: str
    kind: Kind = Kind.MESH
    at: Optional[Point] = None
    tags: list[str] = field(default_factory=list)
    made: Optional[datetime.datetime] = None
    file: Path = Path("scene.ma")


class NoSuchNode(UserError):
    code = "NO_SUCH_NODE"
    data: dict[str, str]


class Scene:
    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}

    def add(self, node: Node) -> Node:
        self.nodes[node.name] = node
        return node

    def move(self, name: str, to: Point = Point(0, 0)) -> Point:  # noqa: B008 - a NamedTuple cannot change
        if name not in self.nodes:
            raise NoSuchNode(f"there is no node {name}", data={"name": name})
        return to

    def kinds(self) -> dict[Kind, int]:
        return {Kind.MESH: len(self.nodes)}

    async def later(self, kind: Kind) -> list[Kind]:
        await asyncio.sleep(0)
        return [kind]

    def with_context(self, context: Context, tags: list[str]) -> list[str]:
        context.progress(1)
        return tags


@contract(html=PAGE)
def test_data_becomes_what_the_hints_say_and_back(view: WebView) -> None:
    view.bind_api(Scene())
    sent = "{name: 'box', kind: 'light', at: [1, 2.5], tags: ['a'], made: new Date(0)}"
    back = {
        "name": "box", "kind": "light", "at": [1, 2.5], "tags": ["a"],
        "made": "1970-01-01T00:00:00+00:00", "file": "scene.ma",
    }  # fmt: skip
    for call in (f"api.add({sent})", f"api.add({{node: {sent}}})", f"call('api.add', [{sent}])"):
        assert settle(view, f"auroraview.{call}") == {"value": back}
    assert settle(view, f"auroraview.api.add({sent}).then(node => auroraview.api.add(node))") == {"value": back}
    assert settle(view, "auroraview.api.move('box', undefined)") == {"value": [0, 0]}
    assert settle(view, "auroraview.api.kinds()") == {"value": {"mesh": 1}}
    assert settle(view, "auroraview.api.later('mesh')") == {"value": ["mesh"]}
    assert settle(view, "auroraview.api.with_context(['a', 'b'])") == {"value": ["a", "b"]}


@contract(html=PAGE)
def test_what_does_not_fit_is_named(view: WebView) -> None:
    view.bind_api(Scene())
    cases: dict[str, tuple[str, list[Any]]] = {
        "api.add({name: 'a', tags: [5]})": ("api.add: node.tags[0]: expected str, got int", ["node", "tags", 0]),
        "api.add({nmae: 'a'})": ("api.add: node: Node has no 'nmae'; did you mean 'name'?", ["node"]),
        "api.add({})": ("api.add: node: Node needs 'name', which is missing", ["node"]),
        "api.add('a')": ("api.add: node: expected Node, got str", ["node"]),
        "api.move({nam: 'a'})": ("api.move: there is no parameter 'nam'; did you mean 'name'?", []),
        "api.later('mash')": ("api.later: kind: expected 'mesh' | 'light', got 'mash'", ["kind"]),
        "api.with_context(5)": ("api.with_context: tags: expected list[str], got int", ["tags"]),
    }
    for call, (message, path) in cases.items():
        answer = settle(view, f"auroraview.{call}")
        assert (answer["code"], answer["name"]) == ("INVALID_ARGUMENTS", "TypeError"), call
        assert (answer["message"], answer["data"]) == (message, {"path": path})
    answer = settle(view, "auroraview.api.move()")
    assert answer["code"] == "INVALID_ARGUMENTS" and "missing a required argument: 'name'" in answer["message"]


@contract(html=PAGE)
def test_an_error_class_fixes_its_code(view: WebView) -> None:
    view.bind_api(Scene())
    answer = settle(view, "auroraview.api.move('ball')")
    assert (answer["code"], answer["data"]) == ("NO_SUCH_NODE", {"name": "ball"})
    assert (answer["name"], answer["message"]) == ("NoSuchNode", "there is no node ball")


@contract(html=PAGE)
def test_handlers_of_events(view: WebView) -> None:
    seen, failed = Recorder(), Recorder()
    view.on("handler_error", failed)

    @view.on("clicked")
    def clicked(data: Point) -> str:
        seen(data.x)
        return f"{data.x} {data.y}"

    assert view.eval_js_sync("auroraview.send_event('clicked', [1, 2])") is None
    assert seen.next() == 1.0
    view.eval_js("auroraview.send_event('clicked', [1, 'x'])")
    assert "clicked: data[1]: expected float, got str" in failed.next()["error"]
    assert settle(view, "auroraview.call('clicked', [3, 4])") == {"value": "3.0 4.0"}
    answer = settle(view, "auroraview.call('clicked', {x: 1})")
    assert (answer["code"], answer["message"]) == ("INVALID_ARGUMENTS", "clicked: data: expected Point, got dict")
    assert view.off("clicked", clicked) == 1


@contract(html=f"{PAGE}<script>window.seen = []; auroraview.on('selected', (data) => seen.push(data))</script>")
def test_a_declared_event_arrives(view: WebView) -> None:
    selected = view.event("selected", list[Node])
    selected([Node("a", at=Point(1, 2))])
    node = view.eval_js_sync("seen")[0][0]
    assert (node["name"], node["kind"], node["at"]) == ("a", "mesh", [1, 2])


@contract(html=PAGE)
def test_streams_carry_what_the_hints_say(view: WebView) -> None:
    @view.bind_call("api.kinds")
    def kinds(upto: int) -> Iterator[Node]:
        for n in range(upto):
            yield Node(str(n))

    @view.bind_call("api.points")
    async def points() -> AsyncIterator[Point]:
        yield Point(1, 2)

    @view.bind_call("api.sum")
    def total(samples: PageStream[Point]) -> float:
        return sum(point.x for point in samples)

    read = "(async (items) => { const all = []; for await (const item of items) all.push(item); return all })"
    assert [node["name"] for node in settle(view, f"{read}(auroraview.api.kinds(3))")["value"]] == ["0", "1", "2"]
    assert settle(view, f"{read}(auroraview.api.points())") == {"value": [[1, 2]]}
    pages = "(async function* () { yield [1, 2]; yield [3, %s] })()"
    assert settle(view, f"auroraview.api.sum({pages % 4})") == {"value": 4}
    answer = settle(view, f"auroraview.api.sum({pages % 'true'})")
    assert answer["code"] == "INVALID_ARGUMENTS"
    assert answer["message"] == "an item of the page's stream: [1]: expected float, got bool"


def test_a_hint_that_means_nothing_is_told_at_the_first_call() -> None:
    with shown(PAGE) as view:

        @view.bind_call("api.f")
        def f(node: Nonsense) -> None: ...  # type: ignore[name-defined]  # noqa: F821

        answer = settle(view, "auroraview.api.f(1)")
        assert answer["code"] == "EXECUTION_ERROR" and answer["name"] == "HintError"
        assert "type hint of its parameter 'node': 'Nonsense' cannot be resolved" in answer["message"]


def test_handlers_of_the_window_get_what_it_says() -> None:
    """It is Python that calls them: a hint that is not exact breaks nobody's tool."""
    with WebView(html=PAGE) as view:
        loaded = Recorder()

        @view.on_loaded
        def on_loaded(url: bytes) -> None:
            loaded(url)

        view.show(wait=False)
        assert loaded.next().startswith("av://")
