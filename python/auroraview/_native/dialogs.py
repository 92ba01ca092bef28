"""Dialogs beside a view's window. The UI process shows them; nobody's thread stands still for them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from .. import _rpc
from .._answers import Question
from .._errors import NotShownError
from .._future import EvalFuture

if TYPE_CHECKING:
    from .._view import WebView

#: Names of kinds of files, each with its extensions: ``{"Images": ["png", "jpg"]}``.
Filters = Mapping[str, Sequence[str]]
Path = Union[str, "os.PathLike[str]"]


class Dialogs:
    """``view.dialogs``: each method returns at once a future to ``await``, or to ask for its ``result()`` (a handler
    that waits serves its page). Cancelling the future takes the dialog away. Any thread.

    Raises:
        NotShownError: The view has no window yet.
        ShutdownInProgressError: The view is closed.
    """

    def __init__(self, view: WebView) -> None:
        self._view = view

    def open_file(
        self, title: str = "", folder: Optional[Path] = None, filters: Optional[Filters] = None, multiple: bool = False
    ) -> EvalFuture:
        """Asks for a file that is there: its absolute path, or None if the user gave up. ``multiple``: a list."""
        return self._files("open_file", title, folder, filters, multiple=multiple)

    def save_file(
        self, title: str = "", folder: Optional[Path] = None, name: str = "", filters: Optional[Filters] = None
    ) -> EvalFuture:
        """Asks where to write; the user was asked about a file that is there. Its path, or None."""
        return self._files("save_file", title, folder, filters, **({"name": _text("name", name)} if name else {}))

    def open_folder(self, title: str = "", folder: Optional[Path] = None) -> EvalFuture:
        """Asks for a folder: its path, or None."""
        return self._files("open_folder", title, folder, None)

    def message(self, text: str, title: str = "") -> EvalFuture:
        """Says something. None when the user has read it."""
        return self._ask({"kind": "message", "message": _text("text", text), "title": _text("title", title)})

    def confirm(self, text: str, title: str = "") -> EvalFuture:
        """Asks a question: True, or False if the user declined or gave up."""
        question = {"kind": "confirm", "message": _text("text", text), "title": _text("title", title)}
        return self._ask(question, lambda answer: answer is True)

    def _files(
        self, kind: str, title: str, folder: Optional[Path], filters: Optional[Filters], **more: Any
    ) -> EvalFuture:
        question = {"kind": kind, "title": _text("title", title), **more}
        if folder is not None:
            question["folder"] = os.path.abspath(os.fspath(folder))
        if filters:
            question["filters"] = [
                [_text("a filter's name", name), _extensions(each)] for name, each in filters.items()
            ]
        if more.get("multiple"):
            return self._ask(question)
        return self._ask(question, lambda paths: paths[0] if paths else None)

    def _ask(self, question: dict[str, Any], read: Callable[[Any], Any] = lambda answer: answer) -> EvalFuture:
        view = self._view
        if not view._life.shown.is_set() and not view._life.closed.is_set():
            raise NotShownError("the view is not shown yet: there is no window that a dialog could belong to")
        future = EvalFuture(view._life.at_home)

        def answered(value: Any, error: Optional[Exception]) -> None:
            future.complete(None if error else read(value), error)

        asked = Question("window/dialog", _rpc.plain(question), None, "the dialog", "")
        request = view._answers.ask(asked, answered, None)
        future.add_done_callback(lambda done: view._answers.give_up(request) if done.cancelled() else None)
        return future


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be str, not {type(value).__name__}")
    return value


def _extensions(given: Sequence[str]) -> list[str]:
    found = [each.lstrip(".") for each in ([given] if isinstance(given, str) else given)]
    for each in found:
        if not each.replace("_", "").replace("-", "").isalnum():
            raise ValueError(f"{each!r} is no extension of a file; write for example 'png'")
    return found
