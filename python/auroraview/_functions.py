"""Functions that the page may call."""

from __future__ import annotations

import os
from typing import Any, Callable, Optional, Union, overload

from . import _rpc
from ._contract.functions import Event
from ._handlers import F, Handler, Listeners, Methods, decorator


class Functions:
    """What Python offers to the page."""

    _methods: Methods
    _listeners: Listeners
    _declared: dict[str, Event]

    def _sync_session(self) -> None:
        raise NotImplementedError

    @overload
    def bind_call(self, name: str, *, allow_rebind: bool = True) -> Callable[[F], F]: ...
    @overload
    def bind_call(self, name: str, function: Handler, *, allow_rebind: bool = True) -> Handler: ...
    def bind_call(self, name: str, function: Optional[Handler] = None, *, allow_rebind: bool = True) -> Any:
        """Lets the page call a function: ``auroraview.call(name, ...)``, and ``"api.add"`` as ``auroraview.api.add()``.

        An object of the page becomes keyword arguments, an array positional ones, anything else one argument. ``async
        def`` functions run on an event loop of ours. What the function raises rejects the page's promise.
        """
        _rpc.check_method(name)
        if function is None:
            return decorator(lambda later: self.bind_call(name, later, allow_rebind=allow_rebind))
        self._methods.bind(name, function, allow_rebind)
        self._sync_session()
        return function

    def generate_types(self, path: Union[str, os.PathLike[str]]) -> None:
        """Writes what Python offers to this view's page as TypeScript (``docs/bridge/types.md``), unless the file says
        so already. Any thread. ``auroraview types app.py`` does the same from outside.

        Raises:
            HintError: A type hint cannot be resolved; a TypeError.
            OSError: The file cannot be written.
        """
        from ._typegen import generate as _types  # only for who writes types

        _types.write(path, _types.generate([self], "WebView.generate_types()")[0])

    def bind_api(self, target: object, namespace: str = "api", *, allow_rebind: bool = False) -> None:
        """Lets the page call every public method of an object, as ``auroraview.<namespace>.<method>()``.

        Binding the same object again changes nothing. Properties are not run, and names with a leading underscore are
        not shown.
        """
        _rpc.check_method(f"{namespace}.")
        self._methods.bind_object(namespace, target, allow_rebind)
        self._sync_session()
