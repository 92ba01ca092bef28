"""What a page may do outside of its page: nothing, but for what the application names (``docs/bridge/native.md``)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, NoReturn, Optional, Union

from .._errors import UserError

if TYPE_CHECKING:
    from .._handlers import Handler
    from .._view import WebView
    from .functions import Page


NAMESPACE = "native"
#: What the page calls, and the method of ``_native.Page``.
FUNCTIONS = {
    "openUrl": "open_url", "openFile": "open_file", "saveFile": "save_file", "openFolder": "open_folder",
    "message": "message", "confirm": "confirm", "readFile": "read_file", "writeFile": "write_file",
    "stat": "stat", "list": "list", "run": "run",
}  # fmt: skip

#: The only schemes that can be granted: the desktop shows what they name, and runs nothing.
SCHEMES = ("https", "http", "mailto")
#: Longest address, in characters.
MAX_URL = 2048

#: A program, its fixed first arguments, and what each further argument must match as a whole; or, last, a function that
#: says whether the list of further arguments is all right.
Program = Sequence[Union[str, "re.Pattern[str]", Callable[[list[str]], bool]]]


class Powers(NamedTuple):
    """The native powers of the pages of one origin. Without any, everything is refused.

    Raises:
        TypeError, ValueError, FileNotFoundError: By ``WebView``, if a power makes no sense.
    """

    #: Schemes whose addresses the page may have opened by the desktop: some of ``https``, ``http``, ``mailto``.
    open_url: Sequence[str] = ()
    #: Whether the page may ask the user for files and show messages. What the user chose, the document may use.
    dialogs: bool = False
    #: Folders, with all that is below but hidden files, and single files that the page may read.
    read: Sequence[str] = ()
    #: Those that it may write.
    write: Sequence[str] = ()
    #: Programs that the page may run, by the name that it uses: ``{"probe": ("/usr/bin/ffprobe", "-v", "error",
    #: re.compile(r"[\w/]+\.mov"))}``.
    run: Mapping[str, Program] = {}

    def checked(self) -> Powers:
        """Itself with real paths, or what is wrong with it."""
        for name in ("open_url", "read", "write"):
            value = getattr(self, name)
            if isinstance(value, (str, bytes, os.PathLike)) or not isinstance(value, Sequence):
                raise TypeError(f"Powers({name}=...) must be a tuple, not {value!r}")
        schemes = tuple(scheme.rstrip(":").lower() for scheme in self.open_url)
        for scheme in schemes:
            if scheme not in SCHEMES:
                raise ValueError(f"Powers(open_url=...): {scheme!r} cannot be granted; there are {', '.join(SCHEMES)}")
        if not isinstance(self.dialogs, bool):
            raise TypeError(f"Powers(dialogs=...) must be True or False, not {self.dialogs!r}")
        programs = {name: _program(name, words) for name, words in self.run.items()}
        return Powers(schemes, self.dialogs, _roots("read", self.read), _roots("write", self.write), programs)


def by_origin(given: Union[Powers, Mapping[str, Powers], None], own: str, allowed: Sequence[str]) -> dict[str, Powers]:
    """Powers by exact origin. A ``Powers`` alone is for the view's own origin only."""
    if not (given is None or isinstance(given, (Powers, Mapping))):
        raise TypeError(f"powers must be Powers(...), or a mapping of origins to that, not {given!r}")
    named = {} if given is None else {own: given} if isinstance(given, Powers) else dict(given)
    for origin, powers in named.items():
        if not isinstance(powers, Powers):
            raise TypeError(f"powers must be Powers(...), or a mapping of origins to that, not {powers!r}")
        if origin != own and origin not in allowed:
            raise ValueError(f"powers for {origin!r}: the view's own origin is {own!r}, and allowed_origins lack it")
    return {origin: powers.checked() for origin, powers in named.items()}


def denied(what: str, how: str) -> NoReturn:
    """Tells the page that the application did not grant it a power, and the developer how it would."""
    raise UserError(f"the page may not {what}; the application grants it with WebView(powers=Powers({how}))",
                    "PERMISSION_DENIED")  # fmt: skip


def _roots(name: str, paths: Sequence[str]) -> tuple[str, ...]:
    real = []
    for path in map(os.fspath, paths):
        root = os.path.realpath(path)
        if not os.path.isabs(path):
            raise ValueError(f"Powers({name}=...): {path!r} is not absolute")
        if os.path.dirname(root) == root:
            raise ValueError(f"Powers({name}=...): {path!r} is a whole disk; name the folders that the page needs")
        if not os.path.exists(root):
            raise FileNotFoundError(f"Powers({name}=...): there is no {path}")
        real.append(root)
    return tuple(real)


def _program(name: str, words: Program) -> Program:
    if isinstance(words, str) or not words or not isinstance(words[0], str):
        raise TypeError(f"Powers(run=...): {name!r} must be a tuple that begins with a program, not {words!r}")
    import shutil  # only for who grants programs

    found = shutil.which(words[0])
    if found is None:
        raise FileNotFoundError(f"Powers(run=...): there is no program {words[0]}")
    if found.lower().endswith((".bat", ".cmd")):
        raise ValueError(f"Powers(run=...): {found} is run by a shell, which reads arguments in its own way")
    fixed = [word for word in words if isinstance(word, str)]
    rest = words[len(fixed) :]
    if list(words[: len(fixed)]) != fixed or not all(isinstance(each, re.Pattern) or callable(each) for each in rest):
        raise TypeError(f"Powers(run=...): {name!r}: after the fixed words come patterns, or one function")
    return (os.path.abspath(found), *words[1:])


def command(name: str, program: Program, arguments: Any) -> list[str]:
    """The words to run, if the page may give these arguments."""
    if not isinstance(arguments, (list, tuple)) or not all(isinstance(each, str) for each in arguments):
        raise UserError("arguments must be a list of strings", "INVALID_ARGUMENTS")
    fixed = [word for word in program if isinstance(word, str)]
    rules = program[len(fixed) :]
    given = list(arguments)
    if sum(len(each) + 1 for each in given) > 32_000 or any("\0" in each for each in given):
        raise UserError("the arguments are too long, or hold a NUL", "INVALID_ARGUMENTS")
    functions = [rule for rule in rules if not isinstance(rule, (str, re.Pattern))]
    patterns = [rule for rule in rules if isinstance(rule, re.Pattern)]
    fits = all(any(pattern.fullmatch(each) for pattern in patterns) for each in given) if not functions else True
    if not fits or not all(function(given) is True for function in functions):
        denied(f"run {name!r} with these arguments", f"run={{{name!r}: (..., re.compile(...))}}")
    return [*fixed, *given]


_URL = re.compile(r"(https?|mailto):([!#$&-;=?-\[\]_a-z~%]+)", re.IGNORECASE)
#: Fields of a mail that name no file.
_MAIL_FIELDS = {"subject", "body", "cc", "bcc", "in-reply-to"}


def check_url(url: Any, schemes: Sequence[str]) -> str:
    """The address, if the desktop may open it for the page."""
    match = _URL.fullmatch(url) if isinstance(url, str) and len(url) <= MAX_URL else None
    scheme = match.group(1).lower() if match else _scheme(url)
    if scheme not in schemes:
        denied(f"open {scheme or 'this'} addresses", f"open_url=({scheme!r},)" if scheme in SCHEMES else "open_url=...")
    problem = "it holds what an address cannot, or is too long"
    if match is not None:
        problem = _problem(match.group(1).lower(), match.group(2))
    if problem:
        raise UserError(f"the address cannot be opened: {problem}", "INVALID_ARGUMENTS")
    return str(url)


def _scheme(url: Any) -> Optional[str]:
    found = re.match(r"\s*([a-z][a-z0-9+.-]*):", url, re.IGNORECASE) if isinstance(url, str) else None
    return found.group(1).lower() if found else None


def _problem(scheme: str, rest: str) -> str:
    from urllib.parse import parse_qsl, urlsplit  # only for pages with this power

    if scheme == "mailto":
        fields = {name.lower() for name, _ in parse_qsl(rest.partition("?")[2], keep_blank_values=True)}
        return "" if fields <= _MAIL_FIELDS else "a mail may have only subject, body, cc, bcc and in-reply-to"
    try:
        parts = urlsplit(f"{scheme}:{rest}")
        fine = rest.startswith("//") and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        fine = False
    return "" if fine else "it names no host, or a user"


class Native:
    """Knows the current document of a view, and what it may do."""

    def __init__(self, view: WebView, powers: dict[str, Powers]) -> None:
        self._view = view
        self._powers = powers
        self._doc, self._origin = 0, ""
        self._page: Optional[Page] = None

    def document(self, doc: int, origin: str) -> None:
        """Another document took the place of the last one; what the user granted that one is gone."""
        self._doc, self._origin, self._page = doc, origin, None

    def function(self, name: str, doc: int) -> Optional[Handler]:
        """What a document calls by that name. Of an earlier document, everything is refused."""
        space, _, last = name.partition(".")
        if space != NAMESPACE or last not in FUNCTIONS:
            return None
        from .functions import Page  # asyncio is only for pages that call it

        if doc != self._doc:
            page = Page(self._view, Powers())
        else:
            page = self._page = self._page or Page(self._view, self._powers.get(self._origin, Powers()))
        function: Handler = getattr(page, FUNCTIONS[last])
        return function
