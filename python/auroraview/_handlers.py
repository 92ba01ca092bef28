"""What Python offers to a page: event listeners and bound functions. Any thread may change them at any time.

Readers take a snapshot without a lock; writers replace it under one, which is never held while user code runs.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Optional, Union

from . import _core, _rpc

Handler = Callable[..., Any]


class Listeners:
    """Event listeners by name, called in the order of their registration. Nobody waits, whoever changes them."""

    def __init__(self) -> None:
        self._core = _core.Listeners()

    def add(self, name: str, handler: Handler, once: bool = False) -> int:
        if not callable(handler):
            raise TypeError(f"a handler must be callable, not {type(handler).__name__} ({handler!r})")
        return self._core.add(name, handler, once)

    def remove(self, name: str, which: Union[Handler, int, None]) -> int:
        """Removes one listener by handler or id, or (None) all. Returns how many were removed."""
        if which is None:
            return self._core.remove_all(name)
        if isinstance(which, int) and not isinstance(which, bool):
            return int(self._core.remove_id(name, which))
        return sum(self._core.remove_id(name, each) for each, handler in self._core.entries(name) if handler == which)

    def take(self, name: str) -> list[Handler]:
        """The handlers to call now. Those for one time are removed: two threads never both get one."""
        return self._core.take(name)

    def has(self, name: str) -> bool:
        return self._core.has(name)

    def names(self) -> list[str]:
        return self._core.names()


class Methods:
    """Bound functions by full name (``"api.add"``)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name: dict[str, Handler] = {}

    def bind(self, name: str, function: Handler, allow_rebind: bool) -> None:
        if not callable(function):
            raise TypeError(f"{name}: {function!r} is not callable")
        with self._lock:
            if not allow_rebind and name in self._by_name:
                raise ValueError(f"{name} is bound already; pass allow_rebind=True to replace it")
            self._by_name[name] = function

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
            self._by_name.update({f"{namespace}.{name}": method for name, method in methods.items()})

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


def arguments(params: Any) -> tuple[list[Any], dict[str, Any]]:
    """Arguments of a call: object → keywords, array → positional, absent → none, anything else → one."""
    if params is _rpc.ABSENT:
        return [], {}
    if isinstance(params, dict):
        return [], params
    if isinstance(params, list):
        return params, {}
    return [params], {}


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
