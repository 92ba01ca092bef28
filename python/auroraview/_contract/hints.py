"""Reads type hints: a hint becomes a ``Type`` of ``_schema.py``, a function the ``Parameters`` that its calls pass.

To add a kind of hint: a class in ``_schema.py``, a line in ``Reader._read`` here, and how TypeScript says it in
``_typescript.py``.
"""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import datetime
import enum
import functools
import importlib
import inspect
import pathlib
import sys
import types
import typing
from dataclasses import MISSING
from functools import cached_property
from typing import Any, Callable, NamedTuple, Optional, Union

from .._context import Context
from .._page_streams import PageStream
from .functions import Misfit
from .schema import (
    Alias,
    Anything,
    Buffer,
    Choice,
    Field,
    Float,
    Foreign,
    Given,
    HintError,
    Incoming,
    Items,
    ListOf,
    MapOf,
    Model,
    NoneType,
    OneOf,
    Plain,
    Record,
    Row,
    Text,
    Type,
    near,
)

ANYTHING, FLOAT = Anything(), Float()


def _datetime(text: str) -> datetime.datetime:
    # Before 3.11 the Z that JavaScript writes is not known.
    return datetime.datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)


def _scalars() -> dict[Any, Type]:
    known: dict[Any, Type] = {kind: Plain(kind) for kind in (str, int, bool, NoneType)}
    known.update({kind: Buffer(kind) for kind in (bytes, bytearray, memoryview)})
    known.update({Any: ANYTHING, object: ANYTHING, inspect.Parameter.empty: ANYTHING, float: FLOAT})
    for path in (pathlib.Path, pathlib.PurePath, pathlib.PurePosixPath, pathlib.PureWindowsPath):
        known[path] = Text(path, path, "a path as str")
    known[datetime.datetime] = Text(datetime.datetime, _datetime, "an ISO 8601 date and time as str")
    known[datetime.date] = Text(datetime.date, datetime.date.fromisoformat, "an ISO 8601 date as str")
    return known


SCALARS = _scalars()
#: What arrays become, by the hint's origin.
ARRAYS: dict[Any, Callable[[list[Any]], Any]] = {
    list: list, abc.Sequence: list, abc.MutableSequence: list, abc.Collection: list, abc.Iterable: list,
    set: set, abc.Set: set, abc.MutableSet: set, frozenset: frozenset,
}  # fmt: skip
MAPS = (dict, abc.Mapping, abc.MutableMapping)
#: Hints of generators: where the type of what they return stands, if they have one.
STREAMS = {
    abc.Iterator: None, abc.AsyncIterator: None, abc.AsyncIterable: None, abc.Generator: 2, abc.AsyncGenerator: None,
}  # fmt: skip


# ---- reading hints ----


class Reader:
    """Reads hints. Keeps what it read of classes, since they may hold themselves."""

    def __init__(self) -> None:
        self._known: dict[Any, Type] = {}

    def type_of(self, hint: Any) -> Type:
        """Raises:
        HintError: The hint means nothing.
        """
        if hint is None:
            hint = NoneType
        try:
            if hint in SCALARS:
                return SCALARS[hint]
            if hint not in self._known:
                self._known[hint] = self._read(hint)
            return self._known[hint]
        except TypeError as error:
            if isinstance(error, HintError):
                raise
            return self._read(hint)  # a Literal of something that has no hash

    def _read(self, hint: Any) -> Type:
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if isinstance(hint, str) or isinstance(hint, typing.ForwardRef):
            raise HintError(f"the type hint {hint!r} is not resolved")
        if _form(origin) in ("Annotated", "Required", "NotRequired", "ReadOnly", "Final", "ClassVar"):
            return self.type_of(args[0])
        if hasattr(hint, "__supertype__"):  # a NewType
            return self.type_of(hint.__supertype__)
        if isinstance(hint, typing.TypeVar):
            return self.type_of(hint.__bound__ or Any)
        if type(hint).__name__ == "TypeAliasType":
            return Alias(hint.__name__, lambda: self.type_of(hint.__value__))
        if origin is Union or origin is getattr(types, "UnionType", Union):
            members = [self.type_of(arg) for arg in args]
            return next((each for each in members if isinstance(each, Given)), OneOf(members))
        if origin is typing.Literal or _form(origin) == "Literal":
            return self._literal(args)
        return self._container(origin or hint, args) or self._class(origin or hint, args)

    def _literal(self, args: tuple[Any, ...]) -> Type:
        members = [(arg.value if isinstance(arg, enum.Enum) else arg, arg) for arg in args]
        return Choice(" | ".join(repr(value) for value, _ in members), members)

    def _container(self, origin: Any, args: tuple[Any, ...]) -> Optional[Type]:
        if origin in ARRAYS:
            name = getattr(origin, "__name__", "list")
            return ListOf(ARRAYS[origin], name, self.type_of(args[0]) if args else ANYTHING)
        if origin in MAPS:
            key, item = (self.type_of(arg) for arg in args or (str, Any))
            return MapOf(key, item)
        if origin is tuple:
            if len(args) == 2 and args[1] is Ellipsis or not args:
                return ListOf(tuple, "tuple", self.type_of(args[0]) if args else ANYTHING)
            fields = [Field("", self.type_of(arg), True) for arg in args if arg != ()]
            return Row(f"tuple[{', '.join(field.type.name for field in fields)}]", fields)
        if origin in STREAMS:
            end = STREAMS[origin]
            return Items(self.type_of(args[0] if args else Any), self.type_of(args[end] if end and args else NoneType))
        return None

    def _class(self, kind: Any, args: tuple[Any, ...]) -> Type:
        if not isinstance(kind, type):
            return Foreign(kind)
        if issubclass(kind, enum.Enum):
            return _enumeration(kind)
        if issubclass(kind, dict) and hasattr(kind, "__total__"):
            return Record(kind, lambda: self._of_typed_dict(kind))
        if issubclass(kind, tuple) and hasattr(kind, "_fields"):
            return self._named_tuple(kind)
        if dataclasses.is_dataclass(kind):
            return Record(kind, lambda: self._of_dataclass(kind))
        if kind is Context:
            return Given()
        if kind is PageStream:
            return Incoming(self.type_of(args[0] if args else Any))
        for module, of in (("pydantic", self._pydantic), ("msgspec", self._msgspec)):
            found = of(kind, sys.modules[module]) if module in sys.modules else None  # who uses it has imported it
            if found is not None:
                return found
        return Foreign(kind)

    def _of_typed_dict(self, kind: Any) -> list[Field]:
        fields = []
        for name, hint in hints_of(kind, kind.__name__).items():
            form = _form(typing.get_origin(hint))
            required = form == "Required" or (form != "NotRequired" and name in kind.__required_keys__)
            fields.append(Field(name, self.type_of(hint), required))
        return fields

    def _of_dataclass(self, kind: Any) -> list[Field]:
        hints = hints_of(kind, kind.__name__)
        return [
            Field(
                each.name,
                self.type_of(hints[each.name]),
                each.init and each.default is each.default_factory is MISSING,
                not each.init,
            )
            for each in dataclasses.fields(kind)
        ]

    def _named_tuple(self, kind: Any) -> Type:
        hints = hints_of(kind, kind.__name__)
        fields = [
            Field(name, self.type_of(hints.get(name, Any)), name not in kind._field_defaults) for name in kind._fields
        ]
        return Row(kind.__name__, fields, kind)

    def _pydantic(self, kind: Any, pydantic: Any) -> Optional[Type]:
        if not issubclass(kind, pydantic.BaseModel) or not hasattr(kind, "model_validate"):
            return None

        def read() -> list[Field]:
            return [
                Field(each.alias or name, self.type_of(each.annotation), each.is_required())
                for name, each in kind.model_fields.items()
            ]

        def convert(value: Any) -> Any:
            try:
                return kind.model_validate(value)
            except pydantic.ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                raise _misfit_of(first["msg"], first["loc"]) from None

        return Model(kind, read, convert)

    def _msgspec(self, kind: Any, msgspec: Any) -> Optional[Type]:
        if not issubclass(kind, msgspec.Struct):
            return None

        def read() -> list[Field]:
            fields = msgspec.structs.fields(kind)
            return [Field(each.encode_name, self.type_of(each.type), each.required) for each in fields]

        def convert(value: Any) -> Any:
            try:
                return msgspec.convert(value, kind, builtin_types=(bytes, bytearray, memoryview))
            except msgspec.ValidationError as error:
                problem, _, path = str(error).partition(" - at `$")
                steps = path.rstrip("`").replace("]", "").replace("[", ".").split(".")
                raise _misfit_of(problem, [int(step) if step.isdigit() else step for step in steps if step]) from None

        return Model(kind, read, convert)


def _misfit_of(problem: str, path: typing.Iterable[Union[str, int]]) -> Misfit:
    misfit = Misfit(problem)
    misfit.path.extend(path)
    return misfit


def _enumeration(kind: Any) -> Type:
    members = [(member.value, member) for member in kind]
    for value, member in members:
        if not isinstance(value, (str, int, float, NoneType)):
            raise HintError(f"{member}: its value {value!r} is no string and no number, so it cannot travel")
    return Choice(kind.__name__, members, kind)


def _form(origin: Any) -> str:
    """Name of a special form of ``typing`` or ``typing_extensions``."""
    if getattr(origin, "__module__", "") not in ("typing", "typing_extensions"):
        return ""
    return getattr(origin, "_name", None) or getattr(origin, "__name__", None) or ""


def hints_of(owner: Any, what: str) -> dict[str, Any]:
    """The resolved hints of a class."""
    try:
        return typing.get_type_hints(owner, include_extras=True)
    except Exception as error:  # noqa: BLE001 - evaluating a hint runs code of the user
        raise HintError(f"{what}: a type hint of it cannot be resolved: {error}") from error


# ---- functions ----


class Parameter(NamedTuple):
    name: str
    type: Type
    kind: Any
    #: ``inspect.Parameter.empty``: there is none.
    default: Any

    @property
    def is_required(self) -> bool:
        return self.default is _EMPTY and self.kind not in (_VAR_POSITIONAL, _VAR_KEYWORD)

    def load(self, value: Any) -> Any:
        try:
            return self.type.load(value)
        except Misfit as misfit:
            raise misfit.within(self.name) from None

    def load_in_place(self, value: Any) -> Any:
        """Like :meth:`load`; in an array the page cannot leave out what stands before something else: it says null."""
        if value is None and self.default is not _EMPTY and not self.type.takes(NoneType):
            return self.default
        return self.load(value)


_EMPTY = inspect.Parameter.empty
_VAR_POSITIONAL, _VAR_KEYWORD = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
_KEYWORD_ONLY, _POSITIONAL_ONLY = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_ONLY
_PLACED = (_POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Parameters:
    """What a function takes and returns."""

    def __init__(self, what: str, function: Callable[..., Any], reader: Optional[Reader] = None) -> None:
        self._what, self._reader = what, reader or Reader()
        self._hints = _function_hints(function)
        self.all = [
            Parameter(each.name, self._type_of(each), each.kind, each.default)
            for each in inspect.signature(function).parameters.values()
        ]
        self._positional = [each for each in self.all if each.kind in _PLACED]
        self._loads = [each.type.load for each in self._positional]
        self._named = {each.name: each for each in self.all if each.kind in (_PLACED[1], _KEYWORD_ONLY)}
        #: Those that the page sends.
        self.sent = [each for each in self.all if not isinstance(each.type, Given)]
        self._rest = next((each for each in self.all if each.kind is _VAR_POSITIONAL), None)
        self._others = next((each for each in self.all if each.kind is _VAR_KEYWORD), None)
        #: Some argument in its place may be refused or converted.
        self._judges_places = any(not isinstance(each.type, Anything) for each in self.all)

    def _type_of(self, parameter: inspect.Parameter) -> Type:
        found = self._hinted(parameter.name, f"parameter {parameter.name!r}")
        if parameter.default is None and not found.takes(NoneType) and not isinstance(found, Given):
            return OneOf([found, SCALARS[NoneType]])
        return found

    def _hinted(self, name: str, what: str) -> Type:
        hint = self._hints.get(name, Any)
        try:
            if isinstance(hint, _Unresolved) and hint.hint in ("Context", "auroraview.Context"):
                return Given()  # imported for type checkers only
            if isinstance(hint, _Unresolved):
                raise HintError(f"{hint.hint!r} cannot be resolved: {hint.error}")
            return self._reader.type_of(hint)
        except HintError as error:
            raise HintError(f"{self._what}: the type hint of its {what}: {error}") from error

    @cached_property
    def result(self) -> Type:
        """What it returns. Nothing checks that; only :func:`generate <auroraview._types.generate>` asks."""
        return self._hinted("return", "result")

    @cached_property
    def single(self) -> Optional[Parameter]:
        """The parameter of a function that has only one, and that has a place."""
        return self.sent[0] if len(self.sent) == 1 and self.sent[0].kind in _PLACED else None

    def load(self, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The arguments as the function wants them. How many there are is for Python to judge.

        Raises:
            Misfit: One does not fit its hint.
        """
        if args and self._judges_places:
            try:
                loaded = [load(value) for load, value in zip(self._loads, args)]
            except Misfit:  # say where, or take the default
                loaded = [each.load_in_place(value) for each, value in zip(self._positional, args)]
            for value in args[len(loaded) :]:
                loaded.append(value if self._rest is None else self._rest.load(value))
            args = loaded
        if kwargs:
            kwargs = {name: self._load_named(name, value) for name, value in kwargs.items()}
        return args, kwargs

    def _load_named(self, name: str, value: Any) -> Any:
        parameter = self._named.get(name, self._others)
        if parameter is None:
            raise Misfit(f"there is no parameter {name!r}{near(name, self._named)}")
        return parameter.load(value)


class _Unresolved(NamedTuple):
    hint: Any
    error: Exception


def _function_hints(function: Any) -> dict[str, Any]:
    """The resolved hints by name. One that cannot be resolved keeps no other from it, and matters only if it is asked
    for."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, type):
        function = function.__init__  # type: ignore[misc]
    elif not hasattr(function, "__code__"):
        function = type(function).__call__
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # noqa: BLE001 - evaluating a hint runs code of the user
        return {name: _resolve(function, name, hint) for name, hint in _unresolved_hints(function).items()}


def _unresolved_hints(function: Any) -> dict[str, Any]:
    if getattr(function, "__annotate__", None) is None:
        return dict(function.__annotations__)
    library: Any = importlib.import_module("annotationlib")  # 3.14: reading __annotations__ evaluates all of them
    return dict(library.get_annotations(function, format=library.Format.FORWARDREF))


def _resolve(function: Any, name: str, hint: Any) -> Any:
    alone = types.SimpleNamespace(__annotations__={name: hint})
    try:
        return typing.get_type_hints(alone, function.__globals__, include_extras=True)[name]
    except Exception as error:  # noqa: BLE001 - as above
        return _Unresolved(hint, error)
