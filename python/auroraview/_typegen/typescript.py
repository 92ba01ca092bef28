"""Says types of ``_schema.py`` in TypeScript."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any, Optional

from .._contract.schema import (
    Alias,
    Anything,
    Buffer,
    Choice,
    Field,
    Float,
    Foreign,
    Incoming,
    Items,
    ListOf,
    MapOf,
    Model,
    OneOf,
    Plain,
    Record,
    Row,
    Text,
    Type,
)
from .docs import comment, read

_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
#: No parameter can be called so.
_RESERVED = frozenset(
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends "
    "false finally for function if implements import in instanceof interface let new null package private protected "
    "public return static super switch this throw true try typeof var void while with yield".split()
)
#: Names that an interface must not take: of the generated file itself, and of TypeScript that it uses.
_TAKEN = tuple("Api ApiError Array AsyncIterable Error Keywords Partial Promise Record Stream Uint8Array".split())
_PRIMITIVES = {"str": "string", "int": "number", "bool": "boolean", "None": "null"}
_DATES: dict[Any, tuple[str, str]] = {
    datetime.datetime: ("DateTime", 'ISO 8601, such as "2026-01-31T12:00:00Z": `new Date(it)`.'),
    datetime.date: ("DateOnly", 'ISO 8601, such as "2026-01-31".'),
}


def key(name: str) -> str:
    """The name of a member."""
    return name if _IDENTIFIER.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def parameter(name: str) -> str:
    return f"{name}_" if name in _RESERVED else name


def array(item: str) -> str:
    return f"({item})[]" if " | " in item or "=>" in item else f"{item}[]"


class Speaker:
    """Says types, and remembers which of them need a declaration.

    What has defaults in Python may be left out on the way in and is there on the way out. A class that goes both ways,
    and for which that makes a difference, gets a second interface for the way in.
    """

    def __init__(self) -> None:
        #: The named types by class (or alias), with the ways that they go.
        self._used: dict[Any, tuple[Type, set[bool]]] = {}
        self._names: dict[Any, str] = {}
        #: Of the SDK.
        self.imports: set[str] = set()
        #: Classes that cannot travel.
        self.foreign: set[str] = set()

    def say(self, type_: Type, inward: bool) -> str:  # noqa: C901 - one line a kind
        """``inward``: from the page to Python."""
        if isinstance(type_, (Record, Model, Alias)) or isinstance(type_, (Row, Choice)) and type_.kind is not None:
            return self._named(type_, inward)
        if isinstance(type_, Text):
            return self._named(type_, inward) if type_.kind in _DATES else "string"
        if isinstance(type_, Plain):
            return _PRIMITIVES[type_.name]
        if isinstance(type_, Choice):
            return " | ".join(json.dumps(value, ensure_ascii=False) for value in type_.values)
        if isinstance(type_, ListOf):
            return array(self.say(type_.item, inward))
        if isinstance(type_, Row):
            return f"[{', '.join(self.say(field.type, inward) for field in type_.fields)}]"
        if isinstance(type_, MapOf):
            return self._map(type_, inward)
        if isinstance(type_, OneOf):
            return " | ".join(dict.fromkeys(self.say(member, inward) for member in type_.members))
        if isinstance(type_, (Items, Incoming)):
            return f"AsyncIterable<{self.say(type_.item, inward)}>"
        if isinstance(type_, Foreign):
            self.foreign.add(type_.name)
            return "unknown"
        return {Anything: "any", Float: "number", Buffer: "Uint8Array"}[type(type_)]

    def result(self, type_: Type) -> str:
        """What a function returns to the page."""
        if not isinstance(type_, Items):
            return f"Promise<{self.say(type_, False)}>"
        self.imports.add("Stream")
        return f"Stream<{self.say(type_.item, False)}, {self.say(type_.end, False)}>"

    def _map(self, type_: MapOf, inward: bool) -> str:
        name = self.say(type_.key, inward)
        if name == "any":
            name = "string"
        whole = f"Record<{name}, {self.say(type_.item, inward)}>"
        return whole if name in ("string", "number") else f"Partial<{whole}>"

    # ---- what has a name ----

    def _named(self, type_: Any, inward: bool) -> str:
        owner = type_ if isinstance(type_, Alias) else type_.kind
        known, ways = self._used.setdefault(owner, (type_, set()))
        if inward not in ways:
            ways.add(inward)
            for inner in _inside(known):
                self.say(inner, inward)
        return self._name(owner, inward)

    def _name(self, owner: Any, inward: bool) -> str:
        type_, ways = self._used[owner]
        if owner not in self._names:
            base = wanted = _DATES[owner][0] if owner in _DATES else type_.name
            number = 1
            while wanted in self._names.values() or wanted in _TAKEN:
                number += 1
                wanted = f"{base}{number}"
            self._names[owner] = wanted
        twice = len(ways) == 2 and _has_defaults(type_, set())
        return f"{self._names[owner]}Input" if inward and twice else self._names[owner]

    def declarations(self) -> list[str]:
        """Every named type that was said, by name."""
        found: dict[str, str] = {}
        for owner, (type_, ways) in self._used.items():
            for inward in sorted(ways):
                name = self._name(owner, inward)
                if name not in found:
                    found[name] = self._declare(name, type_, inward)
        return [found[name] for name in sorted(found)]

    def _declare(self, name: str, type_: Any, inward: bool) -> str:
        if isinstance(type_, Text):
            return f"{comment(_DATES[type_.kind][1])}export type {name} = string;"
        if isinstance(type_, Alias):
            return f"export type {name} = {self.say(type_.target, inward)};"
        docs = read(type_.kind)
        head = comment(docs.text)
        if isinstance(type_, Choice):
            values = " | ".join(json.dumps(value, ensure_ascii=False) for value in type_.values)
            return f"{head}export type {name} = {values};"
        if isinstance(type_, Row):
            places = ", ".join(self._place(field, inward) for field in type_.fields)
            return f"{head}export type {name} = [{places}];"
        lines = [
            f"{comment(docs.entries.get(field.name), 2)}  {self.member(field, inward, _is_dict(type_))}"
            for field in type_.fields.values()
        ]
        return "\n".join([f"{head}export interface {name} {{", *lines, "}"])

    def member(self, field: Field, inward: bool, is_dict: bool = False) -> str:
        optional = "" if field.required or not (inward or is_dict) else "?"
        return f"{key(field.name)}{optional}: {self.say(field.type, inward)};"

    def _place(self, field: Field, inward: bool) -> str:
        return f"{field.name}{'?' if inward and not field.required else ''}: {self.say(field.type, inward)}"


def _is_dict(type_: Type) -> bool:
    return isinstance(type_, Record) and type_.is_dict


def _inside(type_: Any) -> list[Type]:
    """The types that a type is made of."""
    if isinstance(type_, (Record, Model)):
        return [field.type for field in type_.fields.values()]
    if isinstance(type_, Row):
        return [field.type for field in type_.fields]
    if isinstance(type_, OneOf):
        return type_.members
    if isinstance(type_, MapOf):
        return [type_.key, type_.item]
    if isinstance(type_, (ListOf, Items, Incoming)):
        return [type_.item]
    return [type_.target] if isinstance(type_, Alias) else []


def _has_defaults(type_: Type, seen: set[Any]) -> bool:
    """Whether something in it may be left out on the way in only."""
    owner: Optional[Any] = getattr(type_, "kind", None)
    if owner is not None and owner in seen or id(type_) in seen:
        return False
    seen |= {owner, id(type_)} - {None}
    fields = [] if _is_dict(type_) else getattr(type_, "fields", [])
    own = fields.values() if isinstance(fields, dict) else fields
    return any(not field.required for field in own) or any(_has_defaults(inner, seen) for inner in _inside(type_))
