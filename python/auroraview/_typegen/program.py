"""Finds the views that a program makes, without opening their windows."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .._errors import AuroraViewError
from .._view import WebView


class ProgramError(AuroraViewError):
    """A program cannot be imported, or makes no view. The message says what to do."""


class _Shown(BaseException):
    """Ends a program where it shows its view and would wait: what the page may call is bound by then."""


class Program:
    """A program whose views are looked at.

    Args:
        target: ``"app.py"``: the views that it makes while it is imported; ``"app.py:make_view"``: the one that this
            function of it returns.
    """

    def __init__(self, target: str) -> None:
        path, _, function = target.rpartition(":")
        if not path or not function.isidentifier():  # no function is named; the colon may be a drive's
            path, function = target, ""
        self.file = Path(path).resolve()
        self.function = function
        self.name = f"{self.file.name}:{function}" if function else self.file.name
        self._name, self.folder = _module_name(self.file)

    def views(self) -> list[WebView]:
        """Imports the program (anew), and returns its views. Nothing is shown.

        Raises:
            ProgramError: It cannot be imported, or there is no view.
        """
        if not self.file.is_file():
            raise ProgramError(f"there is no file {self.file}")
        for name in self.modules():
            del sys.modules[name]
        with _looking() as made, contextlib.redirect_stdout(sys.stderr):
            try:
                module = self._import()
                if self.function:
                    made[:] = [self._made_by(module)]
            except (_Shown, SystemExit):
                pass
            except ProgramError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a program raises while it is imported
                raise ProgramError(f"{self.file.name} cannot be imported: {error!r}") from error
        if not made:
            raise ProgramError(
                f"{self.file.name} made no WebView while it was imported. Name a function that returns one: "
                f"{self.file.name}:make_view"
            )
        return made

    def modules(self) -> dict[str, Path]:
        """The modules of the program's own folder that are imported now, and their files."""
        found = {}
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and name != "__main__" and self.folder in Path(file).resolve().parents:
                found[name] = Path(file).resolve()
        return found

    def _import(self) -> Any:
        if str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))
        if "." in self._name:
            importlib.import_module(self._name.rpartition(".")[0])
        spec = importlib.util.spec_from_file_location(self._name, self.file)
        if spec is None or spec.loader is None:
            raise ProgramError(f"{self.file} is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[self._name] = module
        spec.loader.exec_module(module)
        return module

    def _made_by(self, module: Any) -> WebView:
        function = getattr(module, self.function, None)
        if not callable(function):
            raise ProgramError(f"{self.file.name} has no function {self.function}")
        view = function()
        if not isinstance(view, WebView):
            raise ProgramError(f"{self.function}() returned {view!r}, not a WebView")
        return view


def _module_name(file: Path) -> tuple[str, Path]:
    """Name of the module of a file, packages included, and the folder that must be importable for it."""
    parts, folder = [file.stem], file.parent
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts), folder


@contextlib.contextmanager
def _looking() -> Iterator[list[WebView]]:
    """Collects the views that are made meanwhile. ``show()`` opens nothing; where it would wait, the program ends."""
    made: list[WebView] = []
    init, show = WebView.__init__, WebView.show

    def remember(view: WebView, *args: Any, **options: Any) -> None:
        init(view, *args, **options)
        made.append(view)

    def do_not_show(view: WebView, wait: bool = True) -> None:
        if wait:
            raise _Shown

    WebView.__init__, WebView.show = remember, do_not_show  # type: ignore[method-assign, assignment]
    try:
        yield made
    finally:
        WebView.__init__, WebView.show = init, show  # type: ignore[method-assign]
