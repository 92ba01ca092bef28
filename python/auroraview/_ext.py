"""What JSON cannot hold (``protocol/README.md`` section 4, ``ext``): markers in the text, and what stands behind them.

A message without such things pays next to nothing: the encoder's own hook finds bytes, a look at a few members finds
long texts; only then is the data walked.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Callable, Optional, Protocol, Union

from . import _core
from ._errors import PayloadTooLargeError

#: What the names of our markers end with: random, so that no data of the user looks like a marker.
_MARK = secrets.token_hex(8)

#: Bytes on their way to the page: nobody can change them any more.
Attachment = Union[bytes, memoryview]
#: A JSON-RPC text, alone or with its attachments by number.
Body = Union[bytes, tuple[bytes, list[tuple[int, Attachment]]]]

#: Units from which on a text goes beside its message, as an attachment: that is one copy instead of five.
_LONG_TEXT = 32_768
#: So many members of the data itself are looked at for long texts: more would be felt where there is none.
_FEW = 64

#: What one message may hold of bytes.
_LENGTHS = range(_core.MAX_ATTACHED + 1)

#: No view sees a number twice, since the process does not.
_numbers = itertools.count(1)


class Source(Protocol):
    """Where the attachments of a message are."""

    def take_attached(self, named: Sequence[tuple[int, bool]]) -> list[Union[bytes, str]]:
        """Each as it is named, by its length in bytes and whether it is a text. Raises ValueError: it is not that."""


class Unwritable(Exception):
    """The encoder met bytes: the data has to be walked."""


def spot(value: Any) -> Any:
    """The encoder's hook for what JSON has no word for."""
    if _view_of(value) is not None:
        raise Unwritable
    return _in_json(value)


def holds_long_text(data: Any) -> bool:
    """Whether the data is a long text, or a small container of one."""
    if isinstance(data, str):
        return _is_long(data)
    if isinstance(data, dict):
        return len(data) <= _FEW and any(map(_is_long, data.values()))
    return isinstance(data, (list, tuple)) and len(data) <= _FEW and any(map(_is_long, data))


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and _LONG_TEXT < len(value) < _core.MAX_BODY


def _in_json(value: Any) -> Any:
    from ._contract import schema  # only for who sends a dataclass, an Enum, a path ...

    return schema.to_json(value)


def _view_of(value: Any) -> Any:
    """A view of our own of the bytes in ``value``, or None. Single numbers of numpy have a buffer, too, but are no
    bytes to their user; and pointers must not leave the process."""
    try:
        view = memoryview(value)
    except TypeError:
        return None
    return view if view.ndim > 0 and "O" not in view.format else None


def size(body: Body) -> int:
    """How many bytes a message takes, with its attachments."""
    return len(body) if isinstance(body, bytes) else len(body[0]) + sum(memoryview(held).nbytes for _, held in body[1])


class Extraction:
    """Takes out of data what JSON cannot hold."""

    def __init__(self) -> None:
        self.attachments: list[tuple[int, Attachment]] = []
        self._names: list[str] = []
        self._size = 0

    def strip(self, data: Any) -> Any:
        """The same data with markers; what it is made of stays as it is.

        Raises:
            TypeError: Something is neither bytes nor has a word in JSON.
            PayloadTooLargeError: More than 256 MiB of bytes.
        """
        if isinstance(data, str):
            return self._strip_text(data)
        if isinstance(data, (int, float)) or data is None:
            return data
        if isinstance(data, dict):
            return {key: self.strip(value) for key, value in data.items()}
        if isinstance(data, (list, tuple)):
            return [self.strip(value) for value in data]
        view = _view_of(data)
        return self.strip(_in_json(data)) if view is None else self._attach(data, view)

    def _strip_text(self, text: str) -> Any:
        # A decoder drops a byte order mark at the beginning; JSON keeps it, and half of a surrogate pair.
        if not _is_long(text) or text[0] == "\ufeff":
            return text
        try:
            raw = text.encode()
        except UnicodeEncodeError:
            return text
        return self._attach(raw, memoryview(raw), ",1")

    def _attach(self, data: Any, view: memoryview, kind: str = "") -> dict[str, int]:
        self._size += view.nbytes
        if self._size > _core.MAX_ATTACHED or len(self.attachments) >= _core.MAX_ATTACHMENTS:
            raise PayloadTooLargeError(
                f"one message may hold {_core.MAX_ATTACHED >> 20} MiB of bytes, in {_core.MAX_ATTACHMENTS} pieces; "
                "send them in several messages"
            )
        held: Attachment
        if type(data) is bytes:
            held = data
        elif _core.READS_BUFFERS and view.readonly and view.c_contiguous:
            held = view
        else:
            held = _core.copied(view)  # its owner may change it when the call has returned
        number = next(_numbers)
        self.attachments.append((number, held))
        self._names.append(f"[{number},{view.nbytes}{kind}]")
        return {f"$bytes{_MARK}": len(self.attachments) - 1}

    def ext(self) -> str:
        """The member of the message, with its comma."""
        return f',"ext":{{"mark":"{_MARK}","bytes":[{",".join(self._names)}]}}' if self._names else ""


def _named(message: Mapping[str, Any]) -> list[list[Any]]:
    """What a message names: number and length of each attachment, and 1 if it is a text.

    Raises:
        ValueError: ``ext`` is not what it has to be.
    """
    ext = message.get("ext", {})
    named = ext.get("bytes", []) if isinstance(ext, dict) else None
    if not isinstance(named, list) or not all(map(_is_named, named)):
        raise ValueError("its ext cannot be read")
    return named


def _is_named(each: Any) -> bool:
    return isinstance(each, list) and 2 <= len(each) <= 3 and type(each[1]) is int and each[1] in _LENGTHS


def lengths(message: Mapping[str, Any]) -> list[int]:
    """Of the attachments of a message.

    Raises:
        ValueError: ``ext`` is not what it has to be.
    """
    return [each[1] for each in _named(message)]


def restore_message(
    message: dict[str, Any], source: Optional[Source], open_stream: Optional[Callable[[int], Any]] = None
) -> None:
    """Puts what ``ext`` names in the place of its markers, in ``params`` and ``result``.

    Args:
        source: What the message brought; None: nothing.
        open_stream: What stands for the stream of a number; None: the message may hold none.

    Raises:
        ValueError: ``ext`` and the message do not fit, or a marker stands for nothing.
    """
    named = [(each[1], each[2:] == [1]) for each in _named(message)]
    if source is None and named:
        raise ValueError("its attachments did not come with it")
    values = [] if source is None else source.take_attached(named)
    ext = message["ext"]
    mark, numbers = ext.get("mark"), ext.get("streams", []) if open_stream is not None else []
    if not isinstance(mark, str) or not isinstance(numbers, list):
        raise ValueError("its ext cannot be read")
    streams = [open_stream(number) for number in numbers if open_stream is not None]
    members = {f"$bytes{mark}": values, f"$stream{mark}": streams}
    for member in ("params", "result"):
        if member in message:
            message[member] = restore(message[member], members)


def restore(data: Any, members: Mapping[str, Sequence[Any]]) -> Any:
    """The data of a message that has ``ext``, with what its markers stand for.

    Args:
        data: As it was parsed; changed in place.
        members: By the name of its marker, what there is of each kind, in the order of ``ext``.

    Raises:
        ValueError: A marker stands for nothing.
    """
    if isinstance(data, list):
        data[:] = [restore(each, members) for each in data]
    elif isinstance(data, dict):
        if len(data) == 1:
            name, value = next(iter(data.items()))
            if name in members:
                return _meant(value, members[name])
        for key, value in data.items():
            data[key] = restore(value, members)
    return data


def _meant(index: Any, there: Sequence[Any]) -> Any:
    if type(index) is not int or not 0 <= index < len(there):
        raise ValueError(f"the marker {index!r} stands for nothing")
    return there[index]
