"""Bytes in messages, without a page: what is taken out of data, and put back."""

from __future__ import annotations

import array
import ctypes
import json
from pathlib import Path
from typing import Any

import pytest

from auroraview import InvalidDataError, PayloadTooLargeError, _core, _ext, _rpc

GOLDEN = Path(__file__).parent.parent / "protocol" / "golden" / "ext.json"
CASES = json.loads(GOLDEN.read_text())["cases"]


def with_bytes(data: Any) -> Any:
    """Golden data, with bytes in the place of {"#": hex}."""
    if isinstance(data, list):
        return [with_bytes(each) for each in data]
    if isinstance(data, dict):
        return bytes.fromhex(data["#"]) if list(data) == ["#"] else {key: with_bytes(data[key]) for key in data}
    return data


def taken_apart(data: Any) -> tuple[dict[str, Any], list[bytes]]:
    """The message with that result, and its attachments."""
    body = _rpc.result(1, data)
    text, attachments = body if isinstance(body, tuple) else (body, [])
    message = json.loads(text)
    lengths = [[number, len(memoryview(held).cast("B"))] for number, held in attachments]
    assert message.get("ext", {}).get("bytes", []) == lengths
    return message, [bytes(held) for _, held in attachments]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_data_and_bytes_are_the_golden_ones(case: dict[str, Any]) -> None:
    data = with_bytes(json.loads(case["data"]))
    message, attached = taken_apart(data)
    mark = message["ext"]["mark"] if "ext" in message else ""
    # The mark is the sender's; the golden cases have "#".
    assert message["result"] == json.loads(case["params"].replace('$bytes#"', f'$bytes{mark}"'))
    assert [each.hex() for each in attached] == case["bytes"]
    assert ("ext" in message) == bool(attached)
    if attached:
        assert _ext.restore(message["result"], {f"$bytes{mark}": attached}) == data


def test_whatever_has_a_buffer_is_bytes() -> None:
    class Flags(ctypes.Structure):
        _fields_ = [("a", ctypes.c_uint8)]

    many = [bytearray(b"ab"), memoryview(b"cd"), array.array("H", [1, 2]), memoryview(b"abcdef")[::2], (Flags * 2)()]
    _, attached = taken_apart(many)
    assert attached == [b"ab", b"cd", b"\1\0\2\0", b"ace", b"\0\0"]


def test_numbers_and_pointers_are_no_bytes() -> None:
    numpy = pytest.importorskip("numpy")
    for value in (numpy.int64(3), numpy.array(3), numpy.array([object()]), ctypes.c_int(3)):
        with pytest.raises(InvalidDataError, match="JSON cannot hold"):
            _rpc.result(1, value)
    table = numpy.arange(6, dtype="<u2").reshape(2, 3)
    assert taken_apart([table, table.T])[1] == [bytes(range(0)) + table.tobytes(), table.T.tobytes()]
    assert taken_apart(numpy.float64(1.5))[0]["result"] == 1.5


def test_nothing_sees_what_is_changed_later() -> None:
    changing = bytearray(b"before")
    body = _rpc.notification("x", {"data": changing})
    changing[:] = b"after!"
    assert isinstance(body, tuple) and bytes(body[1][0][1]) == b"before"
    fixed = b"never"
    body = _rpc.notification("x", fixed)
    assert isinstance(body, tuple) and body[1][0][1] is fixed, "and what cannot change is not copied"


def test_over_the_limit_nothing_is_copied_or_sent() -> None:
    big = memoryview(bytes(_core.MAX_ATTACHED // 2 + 1))
    with pytest.raises(PayloadTooLargeError, match="256 MiB"):
        _rpc.result(1, [big, big])
    with pytest.raises(PayloadTooLargeError, match="256 pieces"):
        _rpc.result(1, [b""] * 257)


def test_bytes_have_their_places() -> None:
    with pytest.raises(InvalidDataError, match="bytes"):
        _rpc.error(1, "X", "x", data=b"1")
    with pytest.raises(InvalidDataError, match="cycle|64 levels"):
        cycle: list[Any] = []
        cycle.append(cycle)
        _rpc.result(1, [b"1", cycle])


@pytest.mark.parametrize(
    "data", [{"$bytes#": 1}, {"$bytes#": -1}, {"$bytes#": True}, {"$bytes#": "0"}, {"$stream#": 0}]
)
def test_a_marker_that_stands_for_nothing_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="stands for nothing"):
        _ext.restore([data], {"$bytes#": [b"only"], "$stream#": []})


def test_other_markers_find_their_own_things() -> None:
    it = object()
    restored = _ext.restore({"a": {"$stream#": 0}, "b": {"$stream": 0}}, {"$stream#": [it]})
    assert restored == {"a": it, "b": {"$stream": 0}}


@pytest.mark.parametrize("named", [{}, [1], [[1]], [[1, 2, 1, 0]], [[1, "2"]], [[1, True]], [[1, -1]], [[1, 1 << 40]]])
def test_a_message_that_names_nonsense_is_refused(named: Any) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        _ext.restore_message({"ext": {"mark": "#", "bytes": named}}, None)


def test_a_message_that_names_what_did_not_come_is_refused() -> None:
    with pytest.raises(ValueError, match="did not come"):
        _ext.restore_message({"params": {"$bytes#": 0}, "ext": {"mark": "#", "bytes": [[1, 2]]}}, None)
