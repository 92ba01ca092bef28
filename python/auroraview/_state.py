"""State that Python and the page share (``protocol/README.md`` section 10). Python holds the truth."""

from __future__ import annotations

import contextvars
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Callable, NamedTuple, Optional, TypeVar, Union

from . import _core, _rpc, _threads
from ._errors import InvalidDataError, PayloadTooLargeError, QueueFull, ShutdownInProgressError
from ._handlers import Handler, Listeners
from ._log import log

F = TypeVar("F", bound=Handler)

#: How the page begins a change.
_CHANGE = re.compile(r'\{"jsonrpc":"2\.0","method":"\$/state","params":\{"change":(\d{1,16}),')
#: A snapshot of everything is one message.
_MAX_SIZE = _core.MAX_BODY - 4096


class _Deleted:
    """What a handler of changes gets instead of a value; false in conditions."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "SharedState.DELETED"


class _Value(NamedTuple):
    """A value as the JSON text that it travels as."""

    text: str
    #: In bytes, with its name.
    size: int


#: New values by name; None: the name is deleted.
_Changes = dict[str, Optional[_Value]]


class _Page:
    """What the current document knows."""

    def __init__(self, doc: int) -> None:
        self.doc = doc
        #: Its last change that was taken, and that it was told of.
        self.taken = self.told = 0
        #: Rings when there is room, while the page lacks something because there was none.
        self.lacks: Optional[_core.Watch] = None


class _Batch:
    def __init__(self) -> None:
        self.changes: _Changes = {}
        self.open = True


#: The batch that the running code is in, by the state that it is for.
_batches: contextvars.ContextVar[Mapping[int, _Batch]] = contextvars.ContextVar("batches", default=MappingProxyType({}))


class SharedState(MutableMapping[str, Any]):
    """``view.state``: names and JSON values that Python and the page share, and that outlive documents and crashes.

    Any thread, before the view is shown and after it is closed (then only for reading). Each operation is atomic.
    Values are kept as JSON: what you read is a copy, a tuple comes back as a list. To change something inside a value,
    set it again. Both sides see their own changes at once; the last change that reaches Python wins, name by name.

    Raises:
        InvalidDataError: JSON has no word for a value.
        PayloadTooLargeError: All names and values together are over 16 MiB.
        ShutdownInProgressError: The view is closing or closed.
    """

    #: The value that handlers of :meth:`on_change` get for a name that was deleted.
    DELETED = _Deleted()

    def __init__(
        self,
        port: _core.Port,
        drainer: Callable[[], Optional[_threads.Desk]],
        notify: Callable[..., Any],
        number_of: Callable[[tuple[str, str]], int],
    ) -> None:
        self._port = port
        self._drainer = drainer
        self._notify = notify
        self._number_of = number_of
        self._lock = threading.RLock()
        self._values: dict[str, _Value] = {}
        self._size = 0
        self._handlers = Listeners()
        #: Changes that handlers have not been told of: name, value, who changed it.
        self._news: list[tuple[str, Optional[_Value], str]] = []
        self._page: Optional[_Page] = None

    # ---- the mapping ----

    def __getitem__(self, name: str) -> Any:
        return _rpc.decode(self._seen()[name].text)

    def __setitem__(self, name: str, value: Any) -> None:
        self._change({name: _value(name, value)})

    def __delitem__(self, name: str) -> None:
        with self._lock:
            if name not in self._seen():
                raise KeyError(name)
            self._change({name: None})

    def __iter__(self) -> Iterator[str]:
        return iter(self._seen().copy())

    def __len__(self) -> int:
        return len(self._seen())

    def __contains__(self, name: object) -> bool:
        return name in self._seen()

    def __repr__(self) -> str:
        return f"SharedState({dict(self)!r})"

    # Those that the base class makes of several operations.

    def update(self, *values: Any, **more: Any) -> None:
        """Sets several names in one change."""
        self._change({name: _value(name, value) for name, value in dict(*values, **more).items()})

    def clear(self) -> None:
        """Deletes all names in one change."""
        with self._lock:
            self._change(dict.fromkeys(self._seen()))

    def pop(self, name: str, *default: Any) -> Any:
        """Deletes a name and returns its value."""
        with self._lock:
            return super().pop(name, *default)

    def popitem(self) -> tuple[str, Any]:
        """Deletes some name and returns it with its value."""
        with self._lock:
            return super().popitem()

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The value of a name, which is set if there is none."""
        with self._lock:
            return super().setdefault(name, default)

    @contextmanager
    def batch(self) -> Iterator[SharedState]:
        """Makes one change of all that the block sets and deletes: handlers and the page see all of it or nothing.

        Only for the calling thread or coroutine, which reads its own changes meanwhile. If the block raises, nothing is
        changed. A batch in a batch is part of it.
        """
        if self._open_batch() is not None:
            yield self
            return
        batch = _Batch()
        token = _batches.set({**_batches.get(), id(self): batch})
        try:
            yield self
        finally:
            batch.open = False
            _batches.reset(token)
        self._change(batch.changes)

    def on_change(self, handler: F) -> F:
        """Calls ``handler(name, value, source)`` for each change, in order; a decorator.

        ``value`` is :attr:`DELETED` for a name that was deleted; ``source`` is ``"python"`` or ``"page"``. It runs on
        the thread that runs the view's handlers, after the change: the mapping may be further already.
        """
        self._handlers.add("change", handler)
        return handler

    def off_change(self, handler: Union[Handler, None] = None) -> int:
        """Removes a handler, or all. Returns how many it were."""
        return self._handlers.remove("change", handler)

    # ---- changes ----

    def _open_batch(self) -> Optional[_Batch]:
        batch = _batches.get().get(id(self))
        return batch if batch is not None and batch.open else None

    def _seen(self) -> dict[str, _Value]:
        """Everything, as the calling thread sees it."""
        batch = self._open_batch()
        if batch is None:
            return self._values
        merged = {**self._values, **batch.changes}
        return {name: value for name, value in merged.items() if value is not None}

    def _change(self, changes: _Changes) -> None:
        batch = self._open_batch()
        if batch is not None:
            return batch.changes.update(changes)
        if self._port.lifecycle not in ("creating", "active"):
            raise ShutdownInProgressError("the view is closed: its state can only be read")
        with self._lock:
            had_news = bool(self._news)
            if changes:
                self._apply(changes, "python")
                self._tell_page(changes)
        if self._news and not had_news:
            self._port.nudge()  # whoever drains tells the handlers

    def _apply(self, changes: _Changes, source: str) -> None:
        """Under the lock."""
        old = [self._values.get(name) for name in changes]
        size = self._size - _size(old) + _size(changes.values())
        if size > _MAX_SIZE:
            raise PayloadTooLargeError(f"all state together would be {size} bytes as JSON; it may have 16 MiB")
        self._size = size
        for name, value in changes.items():
            if value is None:
                self._values.pop(name, None)
            else:
                self._values[name] = value
        if self._handlers.has("change"):
            self._news += [(name, value, source) for name, value in changes.items()]

    # ---- to the page; all under the lock, so that it hears of changes in their order ----

    def _tell_page(self, changes: _Changes) -> None:
        if self._page is None or self._page.lacks is not None:
            return
        members = ",".join(_member(name, value) for name, value in changes.items() if value is not None)
        deleted = json.dumps([name for name, value in changes.items() if value is None])
        # A newer change of the one name makes an older one needless.
        number = self._number_of(("$/state", next(iter(changes)))) if len(changes) == 1 else None
        self._send(self._page, f'"set":{{{members}}},"delete":{deleted}', number)

    def _tell_all(self, page: _Page) -> None:
        members = ",".join(_member(name, value) for name, value in self._values.items())
        self._send(page, f'"all":{{{members}}}')

    def _send(self, page: _Page, params: str, number: Optional[int] = None) -> None:
        text = f'{{"jsonrpc":"2.0","method":"$/state","params":{{{params},"ack":{page.taken}}}}}'
        try:
            self._port.notify(text.encode(), page.doc, number)
            page.told, page.lacks = page.taken, None
        except QueueFull:  # it gets everything once it has taken something
            own = self._drainer() or _threads.desk()
            page.lacks = self._port.watch_room(own.bell)
            self._port.nudge()  # there may be room already, before the watch was there
        except ShutdownInProgressError:
            self._page = None

    # ---- on the thread that drains ----

    def on_document(self, doc: int) -> None:
        """A document has a bridge: it gets what there is."""
        with self._lock:
            self._page = _Page(doc)
            if self._values:
                self._tell_all(self._page)

    def on_gone(self, doc: int) -> None:
        if self._page is not None and self._page.doc == doc:
            self._page = None

    def on_page(self, doc: int, params: Any) -> None:
        """A document wants a change. One that cannot be is refused whole: the document gets what there is instead."""
        try:
            number = int(params["change"])
            changes: _Changes = {name: _value(name, value) for name, value in params["set"].items()}
            changes.update((_rpc.check_name(name), None) for name in params["delete"])
        except InvalidDataError as error:
            return self._refuse(doc, number, error)
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            return log().warning("document %s sent a change of state that makes no sense: %r", doc, error)
        with self._lock:
            try:
                self._apply(changes, "page")
            except PayloadTooLargeError as error:
                return self._refuse(doc, number, error)
            if self._page is not None and self._page.doc == doc:
                self._page.taken = number

    def on_unreadable(self, doc: int, text: str) -> None:
        """A document sent what cannot be read; if it was a change of state, it waits for what became of it."""
        change = _CHANGE.match(text)
        if change is not None:
            self._refuse(doc, int(change[1]), "it is nested too deeply")

    def _refuse(self, doc: int, number: int, why: object) -> None:
        log().warning("a change of state that document %s wants is refused: %s", doc, why)
        with self._lock:
            if self._page is not None and self._page.doc == doc:
                self._page.taken = number
                self._tell_all(self._page)

    def after_turn(self) -> None:
        """Tells the page what was taken, or all if it lacks something, and handlers what changed."""
        page = self._page
        if page is not None and (page.lacks is not None or page.told < page.taken):
            with self._lock:
                if page.lacks is None:
                    self._send(page, '"set":{}', self._number_of(("$/state", "")))
                elif not self._port.is_full:
                    self._tell_all(page)
        if self._news:
            with self._lock:
                news, self._news = self._news, []
            for name, value, source in news:
                told = self.DELETED if value is None else _rpc.decode(value.text)
                for handler in self._handlers.take("change"):
                    self._notify("state", handler, name, told, source)


def _value(name: str, value: Any) -> _Value:
    text = _rpc.encode(value)
    return _Value(text, len(text.encode()) + len(json.dumps(_rpc.check_name(name))))


def _member(name: str, value: _Value) -> str:
    return f"{json.dumps(name)}:{value.text}"


def _size(values: Iterable[Optional[_Value]]) -> int:
    return sum(value.size for value in values if value is not None)
