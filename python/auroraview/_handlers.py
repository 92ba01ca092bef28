"""What Python offers to a page: event listeners and bound functions. Any thread may change them at any time.

Readers take a snapshot without a lock; writers replace it under one, which is never held while user code runs.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Optional, TypeVar, Union

from . import _core, _rpc
from ._contract.functions import Contract, typed

Handler = Callable[..., Any]
F = TypeVar("F", bound=Handler)


class Listeners:
    """Event listeners by name, called in the order of their registration. Nobody waits, whoever changes them.

    Args:
        checks: The data is the page's: it is checked against the listeners' type hints.
    """

    def __init__(self, checks: bool = False) -> None:
        self._checks = checks
        self._core = _core.Listeners()
        #: ``take(name)``: the handlers to call now. Those for one time are removed: two threads never both get one.
        self.take: Callable[[str], list[Handler]] = self._core.take

    def add(self, name: str, handler: Handler, once: bool = False) -> int:
        if not callable(handler):
            raise TypeError(f"a handler must be callable, not {type(handler).__name__} ({handler!r})")
        return self._core.add(name, self._checked(name, handler), once)

    def _checked(self, name: str, handler: Handler) -> Handler:
        return typed(name, handler) if self._checks else handler

    def remove(self, name: str, which: Union[Handler, int, None]) -> int:
        """Removes one listener by handler or id, or (None) all. Returns how many were removed."""
        if which is None:
            return self._core.remove_all(name)
        if isinstance(which, int) and not isinstance(which, bool):
            return int(self._core.remove_id(name, which))
        return sum(self._core.remove_id(name, each) for each, handler in self._core.entries(name) if handler == which)

    def replace(self, name: str, listener: int, handler: Handler) -> None:
        """Puts another handler into the place of one that is listening."""
        self._core.replace(name, listener, self._checked(name, handler))

    def entries(self) -> list[tuple[str, int, Handler]]:
        """Name, id and handler of all, as they were given."""
        return [
            (name, number, handler.__wrapped__ if isinstance(handler, Contract) else handler)
            for name in self._core.names()
            for number, handler in self._core.entries(name)
        ]

    def has(self, name: str) -> bool:
        return self._core.has(name)

    def names(self) -> list[str]:
        return self._core.names()

    def handlers(self, name: str) -> list[Handler]:
        return [handler for _, handler in self._core.entries(name)]


class Methods:
    """Bound functions by full name (``"api.add"``)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name: dict[str, Handler] = {}
        #: As they were given, and objects by their namespace: hot reload asks where they come from.
        self._given: dict[str, Handler] = {}
        self._objects: dict[str, object] = {}

    def bind(self, name: str, function: Handler, allow_rebind: bool) -> None:
        if not callable(function):
            raise TypeError(f"{name}: {function!r} is not callable")
        with self._lock:
            if not allow_rebind and name in self._by_name:
                raise ValueError(f"{name} is bound already; pass allow_rebind=True to replace it")
            self._by_name[name] = typed(name, function)
            self._given[name] = function

    def bind_object(self, namespace: str, target: object, allow_rebind: bool) -> None:
        methods = public_methods(target)
        if not methods:
            raise ValueError(f"{type(target).__name__} has no public methods to bind")
        with self._lock:
            taken = [name for name in methods if f"{namespace}.{name}" in self._by_name]
            same = all(self._by_name[f"{namespace}.{name}"] == methods[name] for name in taken)
            if taken and not same and not allow_rebind:
                names = ", ".join(f"{namespace}.{name}" for name in taken)
                raise ValueError(f"bound already: {names}; pass allow_rebind=True to replace them")
            for name, method in methods.items():
                self._by_name[f"{namespace}.{name}"] = typed(f"{namespace}.{name}", method)
            self._given.update({f"{namespace}.{name}": method for name, method in methods.items()})
            self._objects[namespace] = target

    def rebind_object(self, namespace: str, target: object) -> None:
        """The class of a bound object changed: its methods are bound again, and those that are gone no more."""
        left = public_methods(target)
        self.bind_object(namespace, target, allow_rebind=True)
        with self._lock:
            for name, method in list(self._given.items()):
                space, _, last = name.partition(".")
                if space == namespace and last not in left and getattr(method, "__self__", None) is target:
                    del self._by_name[name], self._given[name]

    def given(self) -> dict[str, Handler]:
        """The functions as they were given, without their contracts."""
        return self._given.copy()

    def objects(self) -> dict[str, object]:
        return self._objects.copy()

    def snapshot(self) -> tuple[dict[str, Handler], dict[str, Handler], dict[str, object]]:
        with self._lock:
            return self._by_name.copy(), self._given.copy(), self._objects.copy()

    def restore(self, snapshot: tuple[dict[str, Handler], dict[str, Handler], dict[str, object]]) -> None:
        with self._lock:
            self._by_name, self._given, self._objects = snapshot

    def get(self, name: str) -> Optional[Handler]:
        return self._by_name.get(name)

    def namespaces(self) -> list[str]:
        return sorted({name.split(".", 1)[0] for name in self._by_name.copy() if "." in name})

    def similar(self, name: str) -> Optional[str]:
        import difflib  # only for who mistyped

        near = difflib.get_close_matches(name, list(self._by_name.copy()), n=1)
        return near[0] if near else None


def public_methods(target: object) -> dict[str, Handler]:
    """The callables of an object that do not begin with an underscore. Properties are not run to find out."""
    import inspect

    found: dict[str, Handler] = {}
    for name in dir(target):
        if name.startswith("_"):
            continue
        static = inspect.getattr_static(target, name)
        if isinstance(static, property) or not callable(getattr(static, "__func__", static)):
            continue
        found[name] = getattr(target, name)
    return found


def arguments(params: Any, function: Optional[Handler] = None) -> tuple[list[Any], dict[str, Any]]:
    """Arguments of a call: object → keywords, array → positional, absent → none, anything else → one. A function with
    hints may take an object or array as a whole (``Contract.takes_whole``)."""
    if params is _rpc.ABSENT:
        return [], {}
    if not isinstance(params, (dict, list)) or isinstance(function, Contract) and function.takes_whole(params):
        return [params], {}
    return ([], params) if isinstance(params, dict) else (params, {})


def misfit(function: Handler, args: list[Any], kwargs: dict[str, Any]) -> Optional[str]:
    """Why arguments do not fit a function's signature, or None. Asked only after a call raised TypeError."""
    import inspect

    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        return str(error)
    except ValueError:  # a builtin without a signature
        return None
    return None


def decorator(register: Callable[[Any], Any]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        register(function)
        return function

    return decorate
