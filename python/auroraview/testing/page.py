"""The page's half of a conversation, spoken by a test: on a page of the web engine in JavaScript, on a page of the
headless backend in steps. What a test says through :class:`Page` holds on both.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, Optional

from .._errors import EvalTimeoutError
from .._rpc import ABSENT
from . import speech
from .speech import Speech
from .waits import PATIENCE

if TYPE_CHECKING:
    from .._future import EvalFuture
    from .._view import WebView

#: Numbers of calls and of listeners, never twice in one process.
_numbers = itertools.count(2_000_000)
#: A script that tells the backends apart: an object literal in JavaScript, a step in the other language.
_PROBE = '{"waiting": {}}'


class Rejected(Exception):
    """A call of the page was not answered with a result; ``auroraview.call`` in a page rejects so."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error.get('code')}: {error.get('message')}")
        #: As ``error.name``, ``code``, ``message``, ``data`` and ``traceback`` are in JavaScript.
        self.name: str = error.get("name") or ""
        self.code: str = error.get("code") or ""
        self.message: str = error.get("message") or ""
        self.data: Any = error.get("data")
        self.traceback: Optional[str] = error.get("traceback")
        #: Of a stream: what came before.
        self.items: list[Any] = []


class Page:
    """The page of a view that is shown and loaded. Any thread but the one that runs the view's handlers.

    Data may hold ``bytes`` anywhere, and comes back with ``bytes``.

    Args:
        view: Whose page it is. Its origin is the view's own or an allowed one.
        timeout: How long each wait may take, in seconds.
    """

    def __init__(self, view: WebView, timeout: float = PATIENCE) -> None:
        self._view = view
        self._timeout = timeout
        self._chosen: Optional[Speech] = None

    @property
    def _speech(self) -> Speech:
        if self._chosen is None:
            is_engine = self._view.eval_js_sync(_PROBE, 1000 * self._timeout) == json.loads(_PROBE)
            self._chosen = speech.JavaScript() if is_engine else speech.Steps()
        return self._chosen

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Calls a function of Python, and waits for its answer.

        Raises:
            Rejected: The page's promise was rejected.
            AssertionError: It was not settled in time.
        """
        script = self._speech.call(name, _params(args, kwargs), next(_numbers))
        return self._answer_of(self._ask(script, f"the answer of {name}"))

    def start(self, name: str, *args: Any, **kwargs: Any) -> Running:
        """The same without waiting."""
        number = next(_numbers)
        script = self._speech.call(name, _params(args, kwargs), number)
        return Running(self, name, number, self._view.eval_js_async(script, timeout_ms=1000 * self._timeout))

    def collect(self, name: str, *args: Any, most: Optional[int] = None) -> list[Any]:
        """Calls a function of Python that answers with a stream, and loops over it.

        Args:
            most: Leaves the loop after so many items; None: with the end of the stream.

        Raises:
            Rejected: The stream ended with an error; ``items`` of it are those that came before.
        """
        script = self._speech.collect(name, _params(args, {}), next(_numbers), most)
        told = self._ask(script, f"the end of {name}")
        items: list[Any] = speech.with_bytes(told["items"])
        if "error" in told:
            error = Rejected(self._speech.error(told))
            error.items = items
            raise error
        return items

    def send_event(self, name: str, data: Any = ABSENT) -> None:
        """Sends an event to Python."""
        self._ask(self._speech.event(name, data), f"room for the event {name}")

    def listen(self, name: str) -> Heard:
        """Hears the events of Python with that name from now on, until the document goes."""
        number = next(_numbers)
        self._ask(self._speech.listen(name, number), f"a listener for {name}")
        return Heard(self, name, number)

    def offer(self, name: str, value: Any) -> None:
        """Offers Python a function that returns ``value``, until the document goes."""
        self._ask(self._speech.offer(name, value), f"the function {name}")

    def state(self) -> dict[str, Any]:
        """The shared state as the page has it."""
        state: dict[str, Any] = self._ask(self._speech.state({}, []), "the shared state")
        return state

    def change_state(self, *delete: str, **values: Any) -> None:
        """Changes the shared state: one change."""
        self._ask(self._speech.state(values, list(delete)), "a change of the shared state")

    def do(self, *steps: dict[str, Any]) -> Any:
        """Plays steps (``docs/testing.md``), and returns the value of the last one. Only on the headless backend.

        Raises:
            JavaScriptError: A step could not be done, or the page is on the web engine.
            AssertionError: They did not come to their end in time.
        """
        if isinstance(self._speech, speech.JavaScript):
            raise TypeError("steps are played on the headless backend only; this page is the web engine's")
        script = json.dumps([speech.without_bytes(step) for step in steps])
        return speech.with_bytes(self._ask(script, f"the end of {list(steps)}"))

    # ---- inside ----

    def _ask(self, script: str, what: str) -> Any:
        try:
            return self._view.eval_js_sync(script, 1000 * self._timeout)
        except EvalTimeoutError:
            raise AssertionError(f"waited {self._timeout:g} s for {what}{self._speech.waits_for(self._view)}") from None

    def _answer_of(self, told: dict[str, Any]) -> Any:
        if "error" in told:
            raise Rejected(self._speech.error(told))
        return speech.with_bytes(told.get("result"))


class Running:
    """A call of the page that was started."""

    def __init__(self, page: Page, name: str, number: int, future: EvalFuture) -> None:
        self._page = page
        self._name = name
        self._number = number
        self._future = future

    def result(self) -> Any:
        """Waits for its answer: as :meth:`Page.call`."""
        try:
            told = self._future.result(self._page._timeout)
        except EvalTimeoutError:
            raise AssertionError(f"waited {self._page._timeout:g} s for the answer of {self._name}") from None
        return self._page._answer_of(told)

    def cancel(self) -> None:
        """The page gives it up, as an ``AbortSignal`` does."""
        self._page._ask(self._page._speech.cancel(self._number), f"the end of {self._name}")


class Heard:
    """Events of Python that a page heard."""

    def __init__(self, page: Page, name: str, number: int) -> None:
        self._page = page
        self._name = name
        self._number = number

    def next(self) -> Any:
        """The data of the first event that was not taken yet; waits for it.

        Raises:
            AssertionError: None came in time.
        """
        told = self._page._ask(self._page._speech.heard(self._name, self._number), f"the event {self._name}")
        return speech.with_bytes(self._page._speech.data(told))

    def take(self, count: int) -> list[Any]:
        """The data of the next ``count`` events."""
        return [self.next() for _ in range(count)]

    def rest(self) -> list[Any]:
        """The data of all that came and were not taken. Does not wait."""
        told = self._page._ask(self._page._speech.rest(self._name, self._number), "the page")
        return [speech.with_bytes(self._page._speech.data(each)) for each in told]


def _params(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if args and kwargs:
        raise TypeError("a page sends arguments by place or by name, not both")
    return list(args) if args else kwargs or ABSENT
