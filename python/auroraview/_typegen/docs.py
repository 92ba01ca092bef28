"""Docstrings as comments of TypeScript: the text, and what it says of each parameter or attribute."""

from __future__ import annotations

import inspect
import re
from typing import Any, NamedTuple, Optional

#: A section as Google's style has them, an entry of one, and a field as reStructuredText has them.
_SECTION = re.compile(r"([A-Z]\w+(?: [a-z]\w+)?):\s*")
_ENTRY = re.compile(r"\*{0,2}([\w.]+)(?: \([^)]*\))?:\s*(.*)")
_FIELD = re.compile(r":(param|returns?|raises?)(?: [^:]*?)?(?: ?(\w+))?:\s*(.*)")
_ENTRIES = ("Args", "Arguments", "Parameters", "Attributes", "Keyword args")


class Docs(NamedTuple):
    text: str
    #: What is said of each parameter or attribute.
    entries: dict[str, str]
    returns: str
    #: What is said of each exception.
    raises: dict[str, str]


def read(owner: Any) -> Docs:
    """The docstring of a function or class. One that a dataclass or an Enum made itself says nothing."""
    if isinstance(owner, type):
        own = vars(owner).get("__doc__") or ""
        is_own = bool(own) and not own.startswith((f"{owner.__name__}(", "An enumeration."))
    else:
        is_own = hasattr(owner, "__code__")  # that of a builtin is about Python
    return parse(inspect.getdoc(owner) or "" if is_own else "")


def parse(text: str) -> Docs:
    described: list[str] = []
    entries: dict[str, str] = {}
    returns: list[str] = []
    raises: dict[str, str] = {}
    section, last = "", ""
    for line in text.splitlines():
        heading, field = _SECTION.fullmatch(line), _FIELD.fullmatch(line)
        if heading or field:
            section, last = (heading[1] if heading else f":{field[1]}" if field else ""), ""
            if field is None:
                continue
            line = f"    {field[2]}: {field[3]}" if field[2] and field[1] != "return" else f"    {field[3]}"
        if section in ("Returns", "Yields", ":return", ":returns"):
            returns.append(line.strip())
        elif section in (*_ENTRIES, "Raises", ":param", ":raises", ":raise"):
            into = raises if section in ("Raises", ":raises", ":raise") else entries
            entry = _ENTRY.fullmatch(line.strip()) if line.startswith("    ") and not line.startswith("     ") else None
            if entry:
                last = entry[1]
                into[last] = entry[2]
            elif last and line.strip():
                into[last] = f"{into[last]} {line.strip()}".strip()
        elif not section:
            described.append(line)
        elif line and not line.startswith(" "):
            section = ""
            described.append(line)
    return Docs("\n".join(described).strip(), entries, " ".join(returns).strip(), raises)


def comment(text: Optional[str], indent: int = 0) -> str:
    """A comment before what it is about, or nothing."""
    if not text:
        return ""
    space = " " * indent
    lines = text.replace("*/", "*\\/").replace("``", "`").splitlines()
    if len(lines) == 1:
        return f"{space}/** {lines[0]} */\n"
    inner = "".join(f"{space} * {line}".rstrip() + "\n" for line in lines)
    return f"{space}/**\n{inner}{space} */\n"
