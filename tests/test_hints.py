"""Type hints as checks of data, without a window: every kind of hint, what fits, what does not, and where."""

from __future__ import annotations

import datetime
import functools
import json
import subprocess
import sys
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional, TypedDict, Union

import msgspec
import pydantic
import pytest
from typing_extensions import NotRequired, Required

from auroraview import Context, InvalidDataError, WebView, _rpc
from auroraview._contract.functions import Misfit, typed
from auroraview._contract.hints import Reader
from auroraview._contract.schema import HintError
from auroraview._handlers import arguments


class Kind(Enum):
    MESH = "mesh"
    LIGHT = "light"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Point(NamedTuple):
    x: float
    y: float = 0.0


@dataclass
class Node:
    id: int
    name: str = "node"
    tags: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    made: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        if self.id < 0:
            raise ValueError("an id is not negative")


class Query(TypedDict, total=False):
    text: Required[str]
    limit: int


class Page(TypedDict):
    number: int
    size: NotRequired[int]


@dataclass
class Circle:
    kind: Literal["circle"]
    radius: float


@dataclass
class Square:
    kind: Literal["square"]
    side: float


class Sample(msgspec.Struct):
    value: int
    tags: list[str] = []


class User(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(default=0, ge=0, alias="years")


Id = NewType("Id", int)
NOON = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone.utc)

FITS: list[tuple[Any, Any, Any]] = [
    (str, "é", "é"),
    (int, 5, 5),
    (float, 5, 5.0),
    (float, 0.5, 0.5),
    (bool, True, True),
    (None, None, None),
    (Any, {"a": [1]}, {"a": [1]}),
    (object, [1], [1]),
    (Optional[int], None, None),
    (Union[int, str], "a", "a"),
    (Union[float, int], 3, 3),
    (Union[list[int], dict[str, int]], {"a": 1}, {"a": 1}),
    (list[int], [1, 2], [1, 2]),
    (typing.List[int], [1, 2], [1, 2]),  # noqa: UP006
    (typing.Dict, {"a": 1}, {"a": 1}),  # noqa: UP006
    (list, [1, "a"], [1, "a"]),
    (Sequence[int], [1], [1]),
    (dict[str, list[int]], {"a": [1]}, {"a": [1]}),
    (dict[int, str], {"7": "a", "-1": "b"}, {7: "a", -1: "b"}),
    (dict[Kind, int], {"mesh": 1}, {Kind.MESH: 1}),
    (Mapping[str, int], {"a": 1}, {"a": 1}),
    (tuple[int, str], [1, "a"], (1, "a")),
    (tuple[int, ...], [1, 2, 3], (1, 2, 3)),
    (tuple, [], ()),
    (set[str], ["a", "b", "a"], {"a", "b"}),
    (Literal["a", 1, None], 1, 1),
    (Kind, "light", Kind.LIGHT),
    (Level, 2, Level.HIGH),
    (Path, "/tmp/x", Path("/tmp/x")),
    (PurePosixPath, "a/b", PurePosixPath("a/b")),
    (datetime.datetime, "2026-01-31T12:00:00.000Z", NOON),
    (datetime.datetime, "2026-01-31T12:00:00+00:00", NOON),
    (datetime.date, "2026-01-31", datetime.date(2026, 1, 31)),
    (bytes, b"x", b"x"),
    (bytearray, b"x", bytearray(b"x")),
    (memoryview, b"x", memoryview(b"x")),
    (Annotated[int, "metadata"], 5, 5),
    (Id, 5, 5),
    (Point, [1], Point(1.0)),
    (Point, [1, 2], Point(1.0, 2.0)),
    (Node, {"id": 1, "children": [{"id": 2, "tags": ["a"]}]}, Node(1, children=[Node(2, tags=["a"])])),
    (Query, {"text": "a"}, {"text": "a"}),
    (Page, {"number": 1}, {"number": 1}),
    (Union[Circle, Square], {"kind": "square", "side": 2}, Square("square", 2.0)),
    (Sample, {"value": 3}, Sample(3)),
    (User, {"name": "a", "years": 3}, User(name="a", years=3)),
]

MISFITS: list[tuple[Any, Any, str]] = [
    (str, 5, "expected str, got int"),
    (int, True, "expected int, got bool"),
    (int, 5.5, "expected int, got float"),
    (int, None, "expected int, got None"),
    (bool, 1, "expected bool, got int"),
    (float, "5", "expected float, got str"),
    (float, 10**400, "expected float, got int"),
    (Optional[int], "a", "expected int | None, got str"),
    (Union[int, list[str]], [1], r"\[0\]: expected str, got int"),
    (list[str], ["a", "b", 5], r"\[2\]: expected str, got int"),
    (list[str], {"a": 1}, r"expected list\[str\], got dict"),
    (dict[str, int], {"a": "b"}, "a: expected int, got str"),
    (dict[int, str], {"07": "a"}, "expected int as key, got '07'"),
    (tuple[int, str], [1], "with 2 items, got 1"),
    (tuple[int, str], [1, 2], r"\[1\]: expected str, got int"),
    (set[Any], [[1]], "unhashable"),
    (Literal["a", 1], True, "expected 'a' | 1, got True"),
    (Literal["a"], ["a"], "expected 'a', got list"),
    (Kind, "mush", "expected 'mesh' | 'light', got 'mush'"),
    (Path, 5, "expected a path as str, got int"),
    (datetime.datetime, "noon", "expected an ISO 8601 date and time as str, got 'noon'"),
    (datetime.date, 5, "expected an ISO 8601 date as str, got int"),
    (bytes, "x", "expected bytes, got str"),
    (Point, ["a"], r"\[0\]: expected float, got str"),
    (Point, {"x": 1}, "expected Point, got dict"),
    (Node, [1], "expected Node, got list"),
    (Node, {"id": 1, "nam": "a"}, "Node has no 'nam'; did you mean 'name'"),
    (Node, {}, "Node needs 'id', which is missing"),
    (Node, {"id": 1, "children": [{"id": 2, "tags": ["a", 3]}]}, r"children\[0\].tags\[1\]: expected str, got int"),
    (Node, {"id": -1}, "an id is not negative"),
    (dict[str, Node], {"a b": {}}, r"\['a b'\]: Node needs 'id'"),
    (Query, {"limit": 5}, "Query needs 'text'"),
    (Page, {"size": 1}, "Page needs 'number'"),
    (Union[Circle, Square], {"kind": "cube"}, "kind: expected 'circle' | 'square', got 'cube'"),
    (Union[Circle, Square], {"side": 1}, "kind: expected 'circle' | 'square', got nothing"),
    (Union[Circle, Square, None], {"kind": "square", "side": "x"}, "side: expected float, got str"),
    (Sample, {"value": "x", "tags": []}, "value: Expected `int`, got `str`"),
    (Sample, {"value": 1, "tags": ["a", 2]}, r"tags\[1\]: Expected `str`, got `int`"),
    (User, {"name": "a", "years": -1}, "years: Input should be greater than or equal to 0"),
    (type("Lock", (), {}), 5, "expected Lock, which data of a page cannot be, got int"),
]


@pytest.mark.parametrize(("hint", "data", "value"), FITS)
def test_what_fits(hint: Any, data: Any, value: Any) -> None:
    loaded = Reader().type_of(type(None) if hint is None else hint).load(data)
    assert (loaded, type(loaded)) == (value, type(value))


@pytest.mark.parametrize(("hint", "data", "words"), MISFITS)
def test_what_does_not(hint: Any, data: Any, words: str) -> None:
    with pytest.raises(Misfit, match=words):
        Reader().type_of(hint).load(data)


@pytest.mark.parametrize(
    "value", [case[2] for case in FITS if not isinstance(case[2], (bytes, bytearray, memoryview, set))]
)
def test_what_python_sends_fits_where_it_came_from(value: Any) -> None:
    """Results follow the same rules in reverse."""
    hint = next(each[0] for each in FITS if each[2] is value)
    data = json.loads(_rpc.encode(value))
    assert Reader().type_of(type(None) if hint is None else hint).load(data) == value


def test_the_words_that_json_lacks() -> None:
    sent = {"set": {1}, "level": Level.LOW, "keys": {Kind.MESH: {Kind.LIGHT: 1}}, "path": Path("/x"), "none": None}
    assert json.loads(_rpc.encode(sent)) == {
        "set": [1], "level": 1, "keys": {"mesh": {"light": 1}}, "path": "/x", "none": None
    }  # fmt: skip
    node = Node(1)
    node.children.append(node)
    with pytest.raises(InvalidDataError, match="cycle"):
        _rpc.encode(node)
    with pytest.raises(InvalidDataError, match="Object of type object"):
        _rpc.encode([object()])


# ---- functions ----


def called(function: Any, *args: Any, **kwargs: Any) -> Any:
    return typed("api.f", function)(*args, **kwargs)


def test_functions_without_hints_are_left_as_they_are() -> None:
    plain = [print, len, lambda a, b=1: a, functools.partial(max, 1), type("Api", (), {"f": lambda self, a: a})().f]

    def result_only(a) -> int:  # type: ignore[no-untyped-def]
        return 1

    for function in (*plain, result_only):
        assert typed("api.f", function) is function


def test_a_contract_is_read_at_the_first_call_and_equals_its_function() -> None:
    def unresolved(a: Nonsense) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    contract = typed("api.f", unresolved)
    assert contract == unresolved and contract == typed("x", unresolved) and contract != print
    assert hash(contract) == hash(unresolved)
    with pytest.raises(HintError, match=r"api.f: the type hint of its parameter 'a': 'Nonsense' cannot be resolved"):
        contract(1)


def test_a_result_that_cannot_be_resolved_disturbs_no_call() -> None:
    def function(a: int) -> Nonsense:  # type: ignore[name-defined]  # noqa: F821
        return a + 1

    assert called(function, 1) == 2
    with pytest.raises(Misfit, match="api.f: a: expected int, got str"):
        called(function, "1")


def test_every_kind_of_parameter() -> None:
    def function(a: int, /, b: float, *rest: str, c: Kind = Kind.MESH, **others: bool) -> Any:
        return a, b, rest, c, others

    assert called(function, 1, 2, "x", c="light", d=True) == (1, 2.0, ("x",), Kind.LIGHT, {"d": True})
    for args, kwargs, words in [
        ((1, "2"), {}, "b: expected float"),
        ((1, 2, 3), {}, "rest: expected str"),
        ((1, 2), {"c": "x"}, "c: expected 'mesh'"),
        ((1, 2), {"d": 1}, "d: expected bool|others: expected bool"),
    ]:
        with pytest.raises(Misfit, match=words):
            called(function, *args, **kwargs)


def test_methods_partials_callables_and_classes() -> None:
    class Api:
        def method(self, a: int) -> int:
            return a

        @classmethod
        def of_class(cls, a: int) -> int:
            return a

        def __call__(self, a: int) -> int:
            return a

    def two(a: int, b: int) -> int:
        return b

    for function in (Api().method, Api.of_class, Api(), functools.partial(two, 1)):
        assert called(function, 7) == 7
        with pytest.raises(Misfit, match="expected int, got str"):
            called(function, "7")
    assert called(Node, 1, "x") == Node(1, "x")


def test_null_stands_for_what_an_array_cannot_leave_out() -> None:
    def function(a: int = 1, b: Optional[int] = 2, c: int = None) -> Any:  # type: ignore[assignment]
        return a, b, c

    assert called(function, None, None, None) == (1, None, None)
    with pytest.raises(Misfit, match="a: expected int, got None"):
        called(function, a=None)


def test_an_unknown_name_has_a_suggestion() -> None:
    def function(name: str, size: int = 1) -> None: ...

    with pytest.raises(Misfit, match="there is no parameter 'nmae'; did you mean 'name'"):
        called(function, nmae="x")


def test_an_object_or_array_goes_to_a_single_parameter_as_a_whole() -> None:
    def node(node: Node) -> None: ...
    def query(query: Optional[Query]) -> None: ...
    def mapping(values: dict[str, int], context: Context) -> None: ...
    def tags(tags: list[str]) -> None: ...
    def rows(rows: list[list[int]]) -> None: ...
    def number(number: int) -> None: ...
    def untyped(data) -> None: ...  # type: ignore[no-untyped-def]
    def two(node: Node, other: int = 1) -> None: ...

    for function, params, expected in [
        (node, {"id": 1}, ([{"id": 1}], {})),
        (node, {}, ([{}], {})),
        (node, {"node": {"id": 1}}, ([], {"node": {"id": 1}})),
        (query, {"text": "a"}, ([{"text": "a"}], {})),
        (mapping, {"a": 1}, ([{"a": 1}], {})),
        (tags, ["a", "b"], ([["a", "b"]], {})),
        (tags, ["a"], ([["a"]], {})),
        (tags, [], ([[]], {})),
        (tags, [["a", "b"]], ([["a", "b"]], {})),
        (rows, [[1]], ([[[1]]], {})),
        (rows, [[[1]]], ([[[1]]], {})),
        (number, {"number": 1}, ([], {"number": 1})),
        (number, [1], ([1], {})),
        (untyped, {"a": 1}, ([], {"a": 1})),
        (untyped, [1], ([1], {})),
        (two, {"id": 1}, ([], {"id": 1})),
    ]:
        assert arguments(params, typed("api.f", function)) == expected, (function.__name__, params)


def test_misfits_name_the_whole_path_for_programs_too() -> None:
    def function(nodes: list[Node]) -> None: ...

    with pytest.raises(Misfit) as caught:
        called(function, [{"id": 1, "tags": [5]}])
    assert caught.value.path == ["nodes", 0, "tags", 0]
    assert str(caught.value) == "api.f: nodes[0].tags[0]: expected str, got int"


# ---- events ----


def test_a_declared_event_refuses_other_data() -> None:
    with WebView() as view:
        selected = view.event("selected", Node)
        selected(Node(1, children=[Node(2)]))
        for data, words in [
            (Node(1, name=5), "selected: name: expected str, got int"),  # type: ignore[arg-type]
            (None, "selected: expected Node, got None"),
            ({"id": 1, "tags": [object()]}, r"selected: tags\[0\]: expected str, got object"),
        ]:
            with pytest.raises(InvalidDataError, match=words):
                selected(data)
        bottomless: list[Any] = []
        bottomless.append(bottomless)
        with pytest.raises(InvalidDataError, match="64 levels"):
            view.event("any")(bottomless)


# ---- other Pythons, and what is loaded when ----


def test_hints_cost_nothing_until_a_function_that_has_some_is_called() -> None:
    source = """
import sys, auroraview
view = auroraview.WebView()
def f(a: int) -> int: return a
view.bind_call("api.f", f); view.on("x", f); view.bind_call("api.g", print); view.emit("x", {"a": [1]})
late = {"auroraview._contract.hints", "auroraview._contract.schema", "inspect", "dataclasses", "msgspec", "pydantic"}
assert not late & set(sys.modules), late & set(sys.modules)
view._methods.get("api.f")(1)
assert "auroraview._contract.hints" in sys.modules and not {"msgspec", "pydantic"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-S", "-c", source], env={"PYTHONPATH": "python"}, check=True)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the type statement is Python 3.12's")
def test_type_aliases_may_hold_themselves() -> None:
    names: dict[str, Any] = {}
    exec("type Json = dict[str, Json] | list[Json] | str | int | None", names)  # noqa: S102
    assert Reader().type_of(names["Json"]).fits({"a": [{"b": None}]})
    assert not Reader().type_of(names["Json"]).fits({"a": [1.5]})
