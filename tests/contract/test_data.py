"""Data between Python and the page: any JSON value comes back as it was, and what has no word has one answer.

The answers are the tables of docs/bridge/data.md: each row of it is run here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from auroraview import InvalidDataError, WebView
from support.views import Recorder, settle, shown

pytestmark = pytest.mark.needs("javascript")

DOCS = Path(__file__).parent.parent.parent / "docs/bridge/data.md"
PAGE = """<!doctype html><title>data</title><script>
window.settle = promise => promise.then(value => ({value}), error => ({code: error.code, name: error.name}));
window.nested = depth => JSON.parse("[".repeat(depth) + "]".repeat(depth));
// What tells values apart that look the same in JSON, and keeps the order of keys.
const shown = value => value instanceof Uint8Array ? `bytes ${value}` : Object.is(value, -0) ? "-0"
  : Array.isArray(value) ? `[${value.map(shown)}]`
  : typeof value === "object" && value !== null
    ? `{${Object.keys(value).map(key => `${JSON.stringify(key)}: ${shown(value[key])}`)}}`
  : `${typeof value} ${JSON.stringify(value)}`;
window.given = async wanted => {
  const value = await auroraview.api.give();
  return shown(value) === shown(wanted) ? "same" : shown(value);
};
window.back = async () => auroraview.call("api.take", [await auroraview.api.give()]);
auroraview.on("data", data => auroraview.send_event("data", data));
</script>"""

Position = NamedTuple("Position", [("x", float), ("y", float)])  # noqa: UP014 - as short as what it is for


class Color(Enum):
    RED = "red"


@dataclass
class Node:
    name: str
    color: Color


def nested(depth: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(depth - 1):
        made = [made]
    return made


def cycle() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


NAMES = {**globals(), "cycle": cycle(), "date": date, "datetime": datetime}


class Host:
    """What the page gets next, and what it gave."""

    next: Any = None
    taken: Any = None

    def __init__(self, view: WebView) -> None:
        self.view = view
        view.bind_call("api.give", lambda: self.next)
        view.bind_call("api.take", self._take)

    def _take(self, value):  # type: ignore[no-untyped-def]
        self.taken = value

    def come_back(self, value: Any) -> Any:
        self.next, self.taken = value, "nothing"
        assert settle(self.view, "back()") == {"value": None}
        return self.taken


@pytest.fixture(scope="module")
def host(desktop: object) -> Iterator[Host]:
    with shown(PAGE) as view:
        yield Host(view)


def rows(heading: str) -> list[tuple[str, str]]:
    table = DOCS.read_text().split(f"## {heading}")[1].split("\n## ")[0]
    cells = [line.split(" | ") for line in table.splitlines() if line.startswith("| `")]
    return [(left.strip("| `"), right.strip(" `")) for left, right, *_ in cells]


@pytest.mark.parametrize(("sent", "wanted"), rows("From Python to the page"))
def test_from_python_to_the_page(sent: str, wanted: str, host: Host) -> None:
    host.next = eval(sent, NAMES)  # noqa: S307 - our own page
    if wanted == "InvalidDataError":
        assert settle(host.view, "auroraview.api.give()") == {"code": "INVALID_DATA", "name": wanted}
        with pytest.raises(InvalidDataError):
            host.view.emit("x", host.next)
    else:
        assert settle(host.view, f"given({wanted})") == {"value": "same"}


@pytest.mark.parametrize(("sent", "wanted"), rows("From the page to Python"))
def test_from_the_page_to_python(sent: str, wanted: str, host: Host) -> None:
    host.taken = "nothing"
    answer = settle(host.view, f"auroraview.call('api.take', [{sent}])")
    if wanted.startswith("INVALID_"):
        assert (answer["code"], host.taken) == (wanted, "nothing")
    else:
        expected = eval(wanted, NAMES)  # noqa: S307 - our own page
        assert (answer, host.taken, type(host.taken)) == ({"value": None}, expected, type(expected))


#: Lone surrogates, too.
TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


def canonical(value: Any) -> Any:
    """As the tables say: floats are numbers, and surrogates that belong together are one character."""
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, list):
        return [canonical(each) for each in value]
    return {canonical(key): canonical(each) for key, each in value.items()}


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(VALUES, min_size=1, max_size=20))
@example([{"$bytes": 0}, {"$$stream": [1]}, {"__proto__": {"toString": 1}}, {"toJSON": 5, "then": 1}])
@example(["\u2028</script>\x00\x7f\ufffe", 1e-323, 1.7976931348623157e308, 2.0**60, -0.0, "", {"": []}])
@example([nested(62)])
def test_any_value_comes_back_as_it_was(host: Host, values: list[Any]) -> None:
    assert canonical(host.come_back(values)) == canonical(values)


def test_the_log_says_what_was_nested_too_deeply(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    assert settle(host.view, "auroraview.call('api.take', nested(70))")["code"] == "INVALID_REQUEST"
    assert "nested deeper than 64 levels" in caplog.text


@settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(VALUES)
def test_events_carry_any_value(host: Host, value: Any) -> None:
    came = Recorder()
    listener = host.view.on("data", came)
    host.view.emit("data", value)
    assert canonical(came.next()) == canonical(value)
    host.view.off("data", listener)


@settings(max_examples=50, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(VALUES)
def test_scripts_give_any_value(host: Host, value: Any) -> None:
    text = json.dumps(json.dumps(value))
    assert canonical(host.view.eval_js_sync(f"JSON.parse({text})")) == canonical(value)


#: Long enough to go beside their message.
LONG = {
    "ASCII": '"quoted"\\\n' * 4000,
    "CJK and emoji": "界🎈é" * 12_000,
    "a byte order mark": "\ufeff" + "x" * 40_000,
    "half a pair": "x" * 40_000 + "\ud83d",
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_long_texts_arrive_as_they_are_wherever_they_stand(text: str) -> None:
    def echo(value: object, again: str) -> object:
        assert value == {"deep": [text]} and again == text
        return {"deep": [again, 1]}

    check = """async text => {
        const answer = await auroraview.api.echo({deep: [text]}, text);
        auroraview.send_event('up', text);
        auroraview.state.set('back', auroraview.state.get('note'));
        return [answer.deep[0] === text, answer.deep[1], auroraview.state.get('note') === text];
    }"""
    with shown(PAGE) as view:
        view.bind_call("api.echo", echo)
        got, states = Recorder(), Recorder()
        view.on("up", got)
        view.state["note"] = text
        view.state.on_change(lambda name, value, source: states(value) if source == "page" else None)
        view.eval_js_sync(f"auroraview.handle('check', {check}), null")
        assert view.call("check", text) == [True, 1, True]
        assert got.next() == text
        assert states.next() == text
