"""What a handler knows of the call that it answers: whether somebody still waits, and how to say how far it is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

from ._contract.functions import Contract
from ._errors import CancelledError

if TYPE_CHECKING:
    from ._calls import Call, Calls

#: A handler that asks whether it is cancelled makes its thread look at the link at most this often, in seconds. A look
#: gives Python's lock away for a moment: that wakes whoever waits for it, and the lock is taken again before that one
#: runs. It demands the lock only after it has slept for a whole switch interval (5 ms). So this must be much longer, or
#: a handler that asks in a loop keeps every other thread from running.
LOOK_EVERY = 0.02


class Context:
    """The call that a handler answers. A parameter annotated ``auroraview.Context`` gets it, whatever its name.

    Any thread may use it, also a worker to which the handler gave the work, and after the call is over.
    """

    __slots__ = ("_call", "_calls", "_cancelled", "_looked", "_number", "_over")

    def __init__(self, calls: Calls, call: Call) -> None:
        self._calls = calls
        self._call = call
        self._cancelled = False
        self._over = False
        self._looked = time.monotonic()
        self._number: Optional[int] = None

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the result any more: the page aborted the call, its time is up, it reloaded or
        crashed, or the view is closed. A handler that asks in a loop hears of it within some 20 ms."""
        if self._cancelled or self._over:
            return self._cancelled
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY:
            self._looked = now
            self._calls.look(self._call)
        return self._cancelled

    def check(self) -> None:
        """Leaves the handler if the call is cancelled.

        Raises:
            CancelledError: It is. Let it pass: it becomes the call's answer, which nobody reads.
        """
        if self.cancelled:
            raise CancelledError("the page gave the call up")

    def progress(self, done: float, total: Optional[float] = None, text: Optional[str] = None) -> None:
        """Tells the page how far the handler is: ``auroraview.call(name, params, {onProgress})``.

        A page that is slow sees the newest report only. After the call is over it does nothing.

        Raises:
            InvalidDataError: ``done`` or ``total`` is no number that JSON has a word for.
        """
        if self._over:
            return
        if self._number is None:
            self._number = self._calls.new_number()
        report = {"done": done, "total": total, "text": text}
        self._calls.tell(self._call, {"report": report}, self._number)

    def cancel(self) -> None:
        self._cancelled = True

    def end(self) -> None:
        self._over = True


class Place(NamedTuple):
    """Where a function wants its context."""

    name: str
    #: Its place among positional parameters; None: by keyword only.
    at: Optional[int]

    def put(self, context: Context, args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments of the page with the context among them."""
        if self.at is not None and self.at <= len(args) and args:
            return [*args[: self.at], context, *args[self.at :]], kwargs
        return args, {**kwargs, self.name: context}


def place_of(function: Callable[..., Any]) -> Optional[Place]:
    """Where a function wants the context of its call, or None. Asked once for a bound function, at its first call."""
    function = function.__wrapped__ if isinstance(function, Contract) else function
    is_plain = hasattr(function, "__code__") or hasattr(function, "__func__")
    target: Any = function if is_plain else type(function).__call__
    for name, hint in (getattr(target, "__annotations__", None) or {}).items():
        if name != "return" and _means_context(hint, target):
            return Place(name, _index(function, name))
    return None


def _means_context(hint: Any, function: Any) -> bool:
    if isinstance(hint, str):
        if "Context" not in hint:
            return False
        import inspect  # only for who wants a context and says so in a text

        try:
            return _means_context(eval(hint, getattr(inspect.unwrap(function), "__globals__", {})), function)
        except Exception:  # noqa: BLE001 - imported for type checkers only, say
            return hint in ("Context", "auroraview.Context")
    return hint is Context or Context in getattr(hint, "__args__", ())


def _index(function: Callable[..., Any], name: str) -> Optional[int]:
    import inspect  # only for who wants a context

    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [each.name for each in inspect.signature(function).parameters.values() if each.kind in positional]
    return names.index(name) if name in names else None
