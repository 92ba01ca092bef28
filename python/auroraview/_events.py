"""Events, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable, Optional, Union, overload

from . import _aio, _core, _ext, _rpc, _threads
from ._config import ThreadSafetyConfig
from ._contract.functions import Event
from ._errors import QueueFull
from ._handlers import F, Handler, Listeners, decorator


class Events:
    """What Python listens to, and what it tells the page."""

    _port: _core.Port
    _listeners: Listeners
    #: What the wire calls the keys of ``emit(coalesce=...)``.
    _coalesce_numbers: dict[tuple[str, str], int]
    _new_numbers: Iterator[int]
    #: What :meth:`event` declared.
    _declared: dict[str, Event]

    def _sync_session(self) -> None:
        raise NotImplementedError

    @overload
    def on(self, name: str) -> Callable[[F], F]: ...
    @overload
    def on(self, name: str, handler: Handler) -> int: ...
    def on(self, name: str, handler: Optional[Handler] = None) -> Any:
        """Calls ``handler(data)`` for each event ``name`` of the page; returns an id for :meth:`off`.

        Without a handler: a decorator. What the handler returns is the answer to ``auroraview.call(name, data)``.
        """
        _rpc.check_name(name)
        if handler is None:
            return decorator(lambda function: self.on(name, function))
        listener = self._listeners.add(name, handler)
        self._sync_session()
        return listener

    register_callback = on

    @overload
    def once(self, name: str) -> Callable[[F], F]: ...
    @overload
    def once(self, name: str, handler: Handler) -> int: ...
    def once(self, name: str, handler: Optional[Handler] = None) -> Any:
        """Like :meth:`on`, for the next event only."""
        _rpc.check_name(name)
        if handler is None:
            return decorator(lambda function: self.once(name, function))
        listener = self._listeners.add(name, handler, once=True)
        self._sync_session()
        return listener

    def off(self, name: str, which: Union[Handler, int, None] = None) -> int:
        """Removes a handler, by itself or by its id; without either, all of that name. Returns how many it were."""
        removed = self._listeners.remove(name, which)
        self._sync_session()
        return removed

    def emit(self, name: str, data: Any = _rpc.ABSENT, *, coalesce: Optional[str] = None) -> None:
        """Sends an event to the page. One thread's events arrive in order; before the page is ready they wait.

        Args:
            name: Any text that does not begin with ``$/``.
            data: Anything that JSON can hold; arrives as it is. Absent: ``{}``.
            coalesce: For values of which only the newest counts, such as a slider's: an event of the same name and key
                that the page has not taken yet is replaced by this one. Nothing else is ever dropped.

        Raises:
            InvalidDataError, PayloadTooLargeError: The data cannot be sent.
            QueueFull: 65,536 messages or 64 MiB wait for the page, which does not take them. A thread that may wait
                (see :class:`~auroraview.ThreadSafetyConfig`) waited for room before.
            ShutdownInProgressError: The view is closed.
        """
        text = _rpc.notification(_rpc.check_name(name), data)
        number = None if coalesce is None else self._number_of((name, coalesce))
        try:
            self._port.notify(text, 0, number)
        except QueueFull:
            own = _threads.desk()
            if own.is_main or own.dispatcher is not None or _aio.is_own_thread():
                raise
            self._emit_when_there_is_room(text, number)

    def event(self, name: str, hint: Any = Any) -> Event:
        """Declares an event of Python, and what its data is: ``selected = view.event("selected", Selection)``.

        Call what it returns to send one. ``auroraview types`` tells TypeScript about it.
        """
        declared = Event(_rpc.check_name(name), hint, self.emit)
        self._declared[name] = declared
        return declared

    def _number_of(self, key: tuple[str, str]) -> int:
        known = self._coalesce_numbers.get(key)
        return self._coalesce_numbers.setdefault(key, next(self._new_numbers)) if known is None else known

    def _emit_when_there_is_room(self, text: _ext.Body, number: Optional[int]) -> None:
        config = ThreadSafetyConfig.current()
        watch = self._port.watch_room(_threads.desk().bell)
        for _ in range(config.max_retries):
            _threads.wait_until(lambda: not self._port.is_full, config.retry_delay_ms / 1000, port=self._port)
            try:
                return self._port.notify(text, 0, number)
            except QueueFull:
                continue
        del watch
        self._port.notify(text, 0, number)
