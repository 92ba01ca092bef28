"""Functions with type hints: what the page sends is checked and converted before they run (``docs/bridge/types.md``).

A function is read when it is called first, so binding costs nothing, and one without hints is left as it is.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from .._errors import InvalidDataError

if TYPE_CHECKING:
    from .hints import Parameters
    from .schema import Type


class Misfit(TypeError):
    """Data does not fit a type hint. Says where, what was expected and what came; ``INVALID_ARGUMENTS`` in the page.

    Attributes:
        where: What was called or sent.
        path: From the parameter inward: names and indices.
    """

    where = ""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        self.path: list[Union[str, int]] = []

    def within(self, step: Union[str, int]) -> Misfit:
        """The same, seen from one level further out."""
        self.path.insert(0, step)
        return self

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.place(), self.problem) if part)

    def __repr__(self) -> str:
        return f"Misfit({str(self)!r})"

    def place(self) -> str:
        """The path as one would write it: ``node.tags[2]``."""
        text = ""
        for step in self.path:
            if isinstance(step, int):
                text += f"[{step}]"
            elif step.isidentifier():
                text += f".{step}" if text else step
            else:
                text += f"[{step!r}]"
        return text


class Contract:
    """A function with hints, called with data as JSON has it. Equal to the function itself.

    Raises (when called):
        Misfit: The arguments do not fit the hints.
        HintError: A hint cannot be resolved.
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.__wrapped__ = function
        self.__qualname__ = getattr(function, "__qualname__", repr(function))

    @cached_property
    def parameters(self) -> Parameters:
        from . import hints  # only for who calls a function with hints

        return hints.Parameters(self.name, self.__wrapped__)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        try:
            args, kwargs = self.parameters.load(args, kwargs)
        except Misfit as misfit:
            misfit.where = self.name
            raise
        return self.__wrapped__(*args, **kwargs)

    def takes_whole(self, params: Union[dict[str, Any], list[Any]]) -> bool:
        """Whether an object or array of the page is one argument, or its members are the arguments.

        A function with a single parameter gets the object itself if it takes one and the parameter's name is not among
        the keys; and the array itself, unless the array holds just what the function takes.
        """
        try:
            single = self.parameters.single
            if single is None or not single.type.takes(type(params)):
                return False
            if isinstance(params, dict):
                return single.name not in params
            return len(params) != 1 or not single.type.fits(params[0])
        except TypeError:  # a hint that cannot be resolved: the call will say so
            return False

    def __eq__(self, other: object) -> bool:
        return self.__wrapped__ == (other.__wrapped__ if isinstance(other, Contract) else other)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)


class Event:
    """An event of Python whose data has a declared type (``WebView.event``). Any thread."""

    def __init__(self, name: str, hint: Any, emit: Callable[..., None]) -> None:
        self.name, self.hint, self._emit = name, hint, emit

    @cached_property
    def type(self) -> Type:
        from . import hints  # only for who sends such an event

        return hints.Reader().type_of(self.hint)

    def __call__(self, data: Any, *, coalesce: Optional[str] = None) -> None:
        """Sends the event to the page, as ``WebView.emit`` does.

        Raises:
            InvalidDataError: The data is not of the declared type; the message says where. Nothing was sent.
        """
        from . import schema

        try:
            data = schema.plain(data)
            self.type.load(data)
        except Misfit as misfit:
            misfit.where = self.name
            raise InvalidDataError(str(misfit)) from None
        except RecursionError:
            raise InvalidDataError(f"{self.name}: the data is nested deeper than 64 levels") from None
        self._emit(self.name, data, coalesce=coalesce)


def typed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself if its parameters have no hints, else its :class:`Contract`."""
    return Contract(name, function) if _has_hints(function) else function


def _has_hints(function: Any) -> bool:
    function = getattr(function, "func", function)  # functools.partial
    if isinstance(function, type):
        function = function.__init__  # type: ignore[misc]
    elif not hasattr(function, "__code__"):
        function = getattr(type(function), "__call__", None)  # noqa: B004 - its hints are wanted
    if getattr(function, "__annotate__", None) is not None:  # 3.14: reading them would evaluate them
        return True
    return bool((getattr(function, "__annotations__", None) or {}).keys() - {"return"})
