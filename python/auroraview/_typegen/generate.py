"""Writes what Python offers to a page, as TypeScript: ``auroraview types`` and ``WebView.generate_types``."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from .._calls import HANDLER_ERROR
from .._contract.functions import Contract, Event
from .._contract.hints import Parameter, Parameters, Reader, hints_of
from .._contract.schema import Field, Type
from .._errors import UserError
from .docs import comment, read
from .typescript import Speaker, array, key, parameter

if TYPE_CHECKING:
    from .._functions import Functions
    from .._handlers import Handler


class Offer(NamedTuple):
    """What one or several views offer to their page."""

    functions: dict[str, Handler]
    listeners: dict[str, list[Handler]]
    events: dict[str, Event]


def offer_of(views: Iterable[Functions]) -> Offer:
    """What the views offer together.

    Raises:
        ValueError: Two of them mean different things by one name.
    """
    offer = Offer({}, {}, {})
    for view in views:
        for name, function in view._methods.given().items():
            if offer.functions.setdefault(name, function) != function:
                raise ValueError(f"two views bind {name} to different functions; name one: app.py:make_view")
        for name in view._listeners.names():
            if name != HANDLER_ERROR:
                offer.listeners.setdefault(name, []).extend(view._listeners.handlers(name))
        for name, event in view._declared.items():
            if offer.events.setdefault(name, event).hint is not event.hint:
                raise ValueError(f"two views declare the event {name} differently; name one: app.py:make_view")
    return offer


def write(path: Union[str, os.PathLike[str]], text: str) -> bool:
    """Writes a file unless it holds the text already. Whether it did."""
    file = Path(path)
    if file.exists() and file.read_bytes() == text.encode():
        return False
    file.write_bytes(text.encode())
    return True


class Generator:
    """One generated file."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._reader = Reader()
        self._speaker = Speaker()
        self._errors = _errors()

    def generate(self, made_by: str) -> str:
        """The whole file.

        Raises:
            HintError: A type hint cannot be resolved.
        """
        self._members()  # once to see which way each type goes
        members = self._members()
        declarations = self._speaker.declarations()
        parts = [f"// Made by {made_by} from the type hints in Python: change them, not this file.\n"]
        if self._speaker.imports:
            parts[0] += f'import type {{ {", ".join(sorted(self._speaker.imports))} }} from "@auroraview/sdk";\n'
        parts += [f"{each}\n" for each in declarations]
        parts.append("\n".join(["/** What Python offers to this page. */", "export interface Api {", *members, "}\n"]))
        if self._errors:
            parts.append(_API_ERROR)
        return "\n".join(parts)

    @property
    def foreign(self) -> list[str]:
        """Classes that hints name and that cannot travel; they are ``unknown`` in the file."""
        return sorted(self._speaker.foreign)

    def _members(self) -> list[str]:
        sections = {
            "functions": ("By whole name.", [self._function(*each) for each in sorted(self._offer.functions.items())]),
            "events": ("Python tells the page.", [self._event(*each) for each in sorted(self._offer.events.items())]),
            "sends": ("The page tells Python.", [self._send(*each) for each in sorted(self._offer.listeners.items())]),
            "errors": ("Codes of the errors that Python raises, and their data.", [*map(self._error, self._errors)]),
        }
        return [
            f"  /** {what} */\n  {name}: {{\n" + "\n".join(lines) + "\n  };"
            for name, (what, lines) in sections.items()
            if lines
        ]

    def _function(self, name: str, function: Handler) -> str:
        try:
            parameters = Parameters(name, function, self._reader)
        except ValueError:  # a builtin that does not say what it takes
            return f"    {key(name)}: (...params: any[]) => Promise<any>;"
        docs = read(function)
        by_name = _is_by_name(parameters.sent)
        said = self._keywords(parameters.sent) if by_name else self._places(parameters.sent)
        owner = "named." if by_name else ""
        about = [docs.text] if docs.text else []
        known = [each.name for each in parameters.sent]
        about += [f"@param {owner}{parameter(each)} {docs.entries[each]}" for each in known if each in docs.entries]
        about += [f"@returns {docs.returns}"] if docs.returns else []
        codes = {error.__name__: error.code for error in self._errors}
        about += [f"@throws {codes[each]} {text}" for each, text in docs.raises.items() if each in codes]
        result = self._speaker.result(parameters.result)
        return f"{comment(chr(10).join(about), 4)}    {key(name)}: ({said}) => {result};"

    def _places(self, parameters: list[Parameter]) -> str:
        said = []
        for each in parameters:
            type_ = self._speaker.say(each.type, True)
            if each.kind is inspect.Parameter.VAR_POSITIONAL:
                said.append(f"...{parameter(each.name)}: {array(type_)}")
            elif each.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.KEYWORD_ONLY):
                said.append(f"{parameter(each.name)}{'' if each.is_required else '?'}: {type_}")
        return ", ".join(said)

    def _keywords(self, parameters: list[Parameter]) -> str:
        self._speaker.imports.add("Keywords")
        said = []
        for each in parameters:
            if each.kind is inspect.Parameter.VAR_KEYWORD:
                said.append(f"[name: string]: {self._speaker.say(each.type, True)}")
            elif each.kind is not inspect.Parameter.VAR_POSITIONAL:
                said.append(self._speaker.member(Field(each.name, each.type, each.is_required), True).rstrip(";"))
        given = f"Keywords<{{ {'; '.join(said)} }}>"
        # Not `named?:` with which `keywords({ kind: "light" })` would be inferred to hold any string.
        return f"named: {given}" if any(each.is_required for each in parameters) else f"...named: [] | [{given}]"

    def _event(self, name: str, event: Event) -> str:
        return f"    {key(name)}: {self._speaker.say(self._reader.type_of(event.hint), False)};"

    def _send(self, name: str, handlers: list[Handler]) -> str:
        """A handler with hints says what it wants; of several the first one does."""
        chosen = next((each for each in handlers if isinstance(each, Contract)), handlers[0])
        function = chosen.__wrapped__ if isinstance(chosen, Contract) else chosen
        type_: Type = self._reader.type_of(Any)
        if isinstance(chosen, Contract):
            parameters = Parameters(name, function, self._reader).sent
            type_ = parameters[0].type if parameters else type_
        return f"{comment(read(function).text, 4)}    {key(name)}: {self._speaker.say(type_, True)};"

    def _error(self, error: type[UserError]) -> str:
        data = hints_of(error, error.__name__).get("data", Any)
        said = "null" if data is Any else self._speaker.say(self._reader.type_of(data), False)
        return f"{comment(read(error).text, 4)}    {key(error.code)}: {said};"


def _is_by_name(parameters: list[Parameter]) -> bool:
    """Whether the page must name the arguments: JSON-RPC has either places or names."""
    kinds = {each.kind for each in parameters}
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return any(each.is_required for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY)
    return inspect.Parameter.KEYWORD_ONLY in kinds or inspect.Parameter.VAR_KEYWORD in kinds


_API_ERROR = """\
/** An error of Python, told apart by its code: `const { code, data } = error as ApiError`. */
export type ApiError = {
  [Code in keyof Api["errors"]]: Error & { code: Code; data: Api["errors"][Code] };
}[keyof Api["errors"]];
"""


def generate(views: Iterable[Functions], made_by: str) -> tuple[str, list[str]]:
    """The TypeScript of what views offer, and the names of classes in hints that cannot travel.

    Raises:
        HintError: A type hint cannot be resolved.
        ValueError: Two views mean different things by one name.
    """
    generator = Generator(offer_of(views))
    return generator.generate(made_by), generator.foreign


def _errors() -> list[type[UserError]]:
    """The subclasses of UserError that fix a code and that are still what their modules mean by their names, by
    code."""
    found: dict[str, type[UserError]] = {}
    left = list(UserError.__subclasses__())
    while left:
        error = left.pop()
        left += error.__subclasses__()
        module = sys.modules.get(error.__module__)
        if "code" in vars(error) and getattr(module, error.__name__, None) is error:
            found[error.code] = error
    return [found[code] for code in sorted(found)]
