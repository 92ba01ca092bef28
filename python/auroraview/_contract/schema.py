"""What data may be, and what Python makes of it: one class a kind of type hint. ``_hints.py`` reads hints.

The rules are in ``docs/bridge/types.md``.
"""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import datetime
import enum
import pathlib
from functools import cached_property
from typing import Any, Callable, NamedTuple, Optional

from .._page_streams import PageStream
from .functions import Misfit

NoneType = type(None)


class HintError(TypeError):
    """A type hint cannot be resolved, or cannot be a type of JSON data. The message names it."""


def got(value: Any) -> str:
    return "None" if value is None else type(value).__name__


def near(name: str, names: abc.Iterable[str]) -> str:
    import difflib  # only for who mistyped

    found = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


# ---- kinds of hints ----


class Type:
    """What data may be. ``name`` is for people, as one would write the hint."""

    name = "Any"
    #: Kinds of JSON values that may fit.
    shapes: frozenset[type] = frozenset()

    def load(self, value: Any) -> Any:
        """The Python value that the data stands for.

        Raises:
            Misfit: It does not fit.
        """
        raise NotImplementedError

    def takes(self, shape: type) -> bool:
        """Whether a JSON value of this Python type may fit."""
        return shape in self.shapes

    def fits(self, value: Any) -> bool:
        try:
            self.load(value)
        except Misfit:
            return False
        return True

    def load_key(self, key: str) -> Any:
        """Like :meth:`load`, for the key of an object."""
        return self.load(key)

    def misfit(self, value: Any) -> Misfit:
        return Misfit(f"expected {self.name}, got {got(value)}")


class Anything(Type):
    def load(self, value: Any) -> Any:
        return value

    def takes(self, shape: type) -> bool:
        return True


class Plain(Type):
    """``str``, ``int``, ``bool``, ``None``: as JSON has them. A bool is no int."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self.name = "None" if kind is NoneType else kind.__name__
        self.shapes = frozenset({kind})

    def load(self, value: Any) -> Any:
        if type(value) is self.kind:
            return value
        raise self.misfit(value)

    def load_key(self, key: str) -> Any:
        if self.kind is not int:
            return self.load(key)
        try:
            number = int(key)
        except ValueError:
            number = 0
        if str(number) == key:
            return number
        raise Misfit(f"expected int as key, got {key!r}")


class Float(Type):
    """JavaScript writes 2.0 as 2, so an int is a float."""

    name, shapes = "float", frozenset({float, int})

    def load(self, value: Any) -> Any:
        if type(value) is float:
            return value
        if type(value) is int and abs(value) < 1 << 1023:
            return float(value)
        raise self.misfit(value)


class Buffer(Type):
    """``bytes``, ``bytearray`` or ``memoryview``."""

    def __init__(self, kind: type) -> None:
        self.kind, self.name = kind, kind.__name__
        self.shapes = frozenset({bytes, bytearray, memoryview})

    def load(self, value: Any) -> Any:
        if isinstance(value, self.kind):
            return value
        if type(value) in self.shapes:
            return self.kind(value)
        raise self.misfit(value)


class Text(Type):
    """What JSON writes as a string: paths and dates."""

    shapes = frozenset({str})

    def __init__(self, kind: type, parse: Callable[[str], Any], wanted: str) -> None:
        self.kind, self.name = kind, kind.__name__
        self._parse, self._wanted = parse, wanted

    def load(self, value: Any) -> Any:
        if type(value) is not str:
            raise Misfit(f"expected {self._wanted}, got {got(value)}")
        try:
            return self._parse(value)
        except ValueError:
            raise Misfit(f"expected {self._wanted}, got {value[:40]!r}") from None


class Choice(Type):
    """Some scalars: a ``Literal`` or an ``Enum``. ``members``: what JSON has, and what Python gets for it."""

    def __init__(self, name: str, members: list[tuple[Any, Any]], kind: Optional[type] = None) -> None:
        self.name, self.kind = name, kind
        self.values = values = [value for value, _ in members]
        # True == 1, but not as data.
        self._members = {(type(value) is bool, value): member for value, member in members}
        self.shapes = frozenset(type(value) for value in values)

    def load(self, value: Any) -> Any:
        try:
            return self._members[type(value) is bool, value]
        except (KeyError, TypeError):
            shown = repr(value)[:40] if isinstance(value, (str, int, float)) else got(value)
            raise Misfit(f"expected {' | '.join(map(repr, self.values))}, got {shown}") from None


class ListOf(Type):
    """An array whose items are all of one type: ``list``, ``set``, ``tuple[T, ...]`` ..."""

    shapes = frozenset({list})

    def __init__(self, make: Callable[[list[Any]], Any], name: str, item: Type) -> None:
        self._make, self.item = make, item
        self.name = f"{name}[{item.name}]"

    def load(self, value: Any) -> Any:
        if type(value) is not list:
            raise self.misfit(value)
        load, index = self.item.load, 0
        items = []
        try:
            for each in value:
                items.append(load(each))
                index += 1
        except Misfit as misfit:
            raise misfit.within(index) from None
        try:
            return items if self._make is list else self._make(items)
        except TypeError as error:  # a set of what cannot be in a set
            raise Misfit(f"expected {self.name}: {error}") from None


class Row(Type):
    """An array with a type for each place: a ``tuple``, a ``NamedTuple``."""

    shapes = frozenset({list})

    def __init__(self, name: str, fields: list[Field], kind: Optional[type] = None) -> None:
        self.name, self.fields, self.kind = name, fields, kind
        self._least = sum(field.required for field in fields)

    def load(self, value: Any) -> Any:
        if type(value) is not list:
            raise self.misfit(value)
        if not self._least <= len(value) <= len(self.fields):
            raise Misfit(f"expected {self.name} with {len(self.fields)} items, got {len(value)}")
        items = []
        for index, (field, each) in enumerate(zip(self.fields, value)):
            try:
                items.append(field.type.load(each))
            except Misfit as misfit:
                raise misfit.within(index) from None
        return tuple(items) if self.kind is None else self.kind(*items)


class MapOf(Type):
    """An object with any keys."""

    shapes = frozenset({dict})

    def __init__(self, key: Type, item: Type) -> None:
        self.key, self.item = key, item
        self.name = f"dict[{key.name}, {item.name}]"

    def load(self, value: Any) -> Any:
        if type(value) is not dict:
            raise self.misfit(value)
        loaded = {}
        for key, each in value.items():
            try:
                loaded[self.key.load_key(key)] = self.item.load(each)
            except Misfit as misfit:
                raise misfit.within(key) from None
        return loaded


class Field(NamedTuple):
    name: str
    type: Type
    required: bool
    #: Python makes it itself (``init=False``): it is sent, and what comes back is ignored.
    computed: bool = False


class Record(Type):
    """An object with known keys: a dataclass or a ``TypedDict``. Read at its first use, since it may hold itself."""

    shapes = frozenset({dict})

    def __init__(self, kind: type, read: Callable[[], list[Field]]) -> None:
        self.kind, self.name, self._read = kind, kind.__name__, read
        self.is_dict = issubclass(kind, dict)

    @cached_property
    def fields(self) -> dict[str, Field]:
        return {field.name: field for field in self._read()}

    @cached_property
    def _loads(self) -> dict[str, Callable[[Any], Any]]:
        return {name: field.type.load for name, field in self.fields.items()}

    @cached_property
    def _required(self) -> frozenset[str]:
        return frozenset(name for name, field in self.fields.items() if field.required)

    @cached_property
    def _computed(self) -> list[str]:
        return [name for name, field in self.fields.items() if field.computed]

    def load(self, value: Any) -> Any:
        if type(value) is not dict:
            raise self.misfit(value)
        loads, key = self._loads, ""
        loaded = {}
        try:
            for key, each in value.items():  # noqa: B007 - wanted below
                loaded[key] = loads[key](each)
        except Misfit as misfit:
            raise misfit.within(key) from None
        except KeyError:
            if key in loads:
                raise  # of a __post_init__
            raise Misfit(f"{self.name} has no {key!r}{near(key, self.fields)}") from None
        if not loaded.keys() >= self._required:
            missing = next(name for name in self.fields if name in self._required and name not in loaded)
            raise Misfit(f"{self.name} needs {missing!r}, which is missing")
        if self.is_dict:
            return loaded
        for name in self._computed:
            loaded.pop(name, None)
        try:
            return self.kind(**loaded)
        except ValueError as error:  # of its __post_init__
            raise Misfit(str(error)) from None


class Model(Type):
    """A pydantic model or a ``msgspec.Struct``: checked by its own library."""

    shapes = frozenset({dict, list})

    def __init__(self, kind: type, read: Callable[[], list[Field]], convert: Callable[[Any], Any]) -> None:
        self.kind, self.name, self._read, self._convert = kind, kind.__name__, read, convert

    def load(self, value: Any) -> Any:
        return self._convert(value)

    @cached_property
    def fields(self) -> dict[str, Field]:
        return {field.name: field for field in self._read()}


class OneOf(Type):
    """A ``Union``. Members are tried in their order; objects that a ``Literal`` of one name tells apart, by that."""

    def __init__(self, members: list[Type]) -> None:
        # An int stays an int where both may come.
        self.members = sorted(members, key=lambda member: isinstance(member, Float))
        self.name = " | ".join(member.name for member in members)

    def takes(self, shape: type) -> bool:
        return any(member.takes(shape) for member in self.members)

    @cached_property
    def _tags(self) -> tuple[str, dict[Any, Type]]:
        """The key whose value tells the records apart, and the record of each value."""
        records = [member for member in self.members if isinstance(member, Record)]
        for name in records[0].fields if len(records) > 1 else ():
            choices = [record.fields[name].type for record in records if name in record.fields]
            tags: dict[Any, Type] = {
                tag: record
                for record, choice in zip(records, choices)
                if isinstance(choice, Choice)
                for tag in choice.values
            }
            if len(choices) == len(records) and len(tags) >= len(records) == len(set(map(id, tags.values()))):
                return name, tags
        return "", {}

    def load(self, value: Any) -> Any:
        candidates = [member for member in self.members if member.takes(type(value))]
        if len(candidates) > 1 and all(isinstance(each, Record) for each in candidates) and self._tags[1]:
            name, tags = self._tags
            tag = value.get(name)
            if not isinstance(tag, (str, int)) or tag not in tags:
                shown = repr(tag)[:40] if name in value else "nothing"
                raise Misfit(f"expected {' | '.join(map(repr, tags))}, got {shown}").within(name)
            return tags[tag].load(value)
        if len(candidates) == 1:
            return candidates[0].load(value)
        for member in candidates:
            try:
                return member.load(value)
            except Misfit:
                continue
        raise self.misfit(value)


class Alias(Type):
    """A ``type X = ...``, which may hold itself."""

    def __init__(self, name: str, read: Callable[[], Type]) -> None:
        self.name, self._read = name, read

    @cached_property
    def target(self) -> Type:
        return self._read()

    def load(self, value: Any) -> Any:
        return self.target.load(value)

    def takes(self, shape: type) -> bool:
        return self.target.takes(shape)


class Items(Type):
    """What comes piece by piece: a generator's hint."""

    def __init__(self, item: Type, end: Type) -> None:
        self.item, self.end, self.name = item, end, f"stream of {item.name}"

    def load(self, value: Any) -> Any:
        raise self.misfit(value)


class Given(Type):
    """What the page does not send: the context of the call."""

    name = "Context"

    def load(self, value: Any) -> Any:
        return value


class Incoming(Type):
    """A stream of the page: its items are checked as they are taken."""

    shapes = frozenset({PageStream})

    def __init__(self, item: Type) -> None:
        self.item, self.name = item, f"PageStream[{item.name}]"

    def load(self, value: Any) -> Any:
        if type(value) is not PageStream:
            raise Misfit(f"expected an AsyncIterable, got {got(value)}")
        value.convert = self._convert
        return value

    def _convert(self, item: Any) -> Any:
        try:
            return self.item.load(item)
        except Misfit as misfit:
            misfit.where = "an item of the page's stream"
            raise


class Foreign(Type):
    """A class that JSON data cannot become. What is one already passes."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.name = getattr(kind, "__name__", None) or str(kind)

    def takes(self, shape: type) -> bool:
        return self.kind in shape.__mro__

    def load(self, value: Any) -> Any:
        if self.takes(type(value)):
            return value
        raise Misfit(f"expected {self.name}, which data of a page cannot be, got {got(value)}")


# ---- back to JSON ----


def to_json(value: Any) -> Any:
    """What JSON has no word of its own for, one level of it; the hook of its encoder.

    Raises:
        TypeError: There is no rule for it.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, pathlib.PurePath):
        return str(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, abc.Set):
        return list(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(by_alias=True)
    if hasattr(value, "__struct_fields__"):
        names = zip(value.__struct_fields__, value.__struct_encode_fields__)
        return {shown: getattr(value, name) for name, shown in names}
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_SCALARS = (str, int, float, bool, NoneType, bytes, bytearray, memoryview)


def plain(value: Any) -> Any:
    """Data as it will arrive in the page, for a look at it before it is sent. What has no rule stays as it is."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, dict):
        return {_plain_key(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, (str, int, float)) and not isinstance(value, enum.Enum):
        return next(kind(value) for kind in (str, int, float) if isinstance(value, kind))
    try:
        return plain(to_json(value))
    except TypeError:
        return value


def _plain_key(key: Any) -> Any:
    key = key.value if isinstance(key, enum.Enum) else key
    return str(key) if type(key) is int else key
