"""New source for handlers that are bound: modules run again in place, and what was bound of them is found again by its
qualified name.

Everything here runs on the thread that runs the handlers, between two of them.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
import linecache
import os
import sys
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

if TYPE_CHECKING:
    from .._handlers import Handler, Listeners, Methods

#: What may be taken from the new source of the running script, whose other lines have run and must not run again.
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


class Failed(NamedTuple):
    """Why a module's new source is not used."""

    module: str
    file: str
    line: Optional[int]
    error: BaseException


class Reloaded(NamedTuple):
    """What came of one reload."""

    modules: list[str]
    failed: list[Failed]
    #: Handlers that run their old code on, each with the reason.
    kept: list[str]


class Kept(Exception):
    """A handler cannot be replaced."""


def home(handler: Any) -> Optional[str]:
    """Name of the module that a handler comes from."""
    handler = inspect.unwrap(_innermost(handler))
    target = getattr(handler, "__self__", None)
    if target is not None and not isinstance(target, ModuleType):
        handler = target if inspect.isclass(target) else type(target)
    elif not hasattr(handler, "__qualname__"):
        handler = type(handler)
    return getattr(handler, "__module__", None)


def _innermost(handler: Any) -> Any:
    while isinstance(handler, functools.partial):
        handler = handler.func
    return handler


def is_ours(module: Optional[ModuleType]) -> bool:
    """Whether a module is source of the user: a file that is neither Python's, nor installed, nor of this package."""
    file = getattr(module, "__file__", None)
    if not file or not file.endswith(".py"):
        return False
    real = os.path.realpath(file)
    return not any(real.startswith(folder + os.sep) for folder in _foreign())


@functools.lru_cache(maxsize=1)
def _foreign() -> tuple[str, ...]:
    import site
    import sysconfig

    paths = sysconfig.get_paths()
    named = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    named += [*site.getsitepackages(), site.getusersitepackages(), os.path.dirname(__file__)]
    return tuple({os.path.realpath(folder) for folder in named})


class Reloading:
    """Gives bound functions, bound objects and listeners their new code."""

    def __init__(self, methods: Methods, listeners: list[Listeners]) -> None:
        self._methods = methods
        self._listeners = listeners
        #: Source of the running script, by file, as it ran last.
        self._sources: dict[str, str] = {}
        #: Of the modules that ran again, by name.
        self._codes: dict[str, CodeType] = {}

    def modules(self) -> list[ModuleType]:
        """The modules of the user that handlers come from, in the order of their import."""
        handlers = [*self._methods.given().values(), *self._methods.objects().values()]
        handlers += [handler for each in self._listeners for _, _, handler in each.entries()]
        names = {home(each) for each in handlers}
        found = [module for name, module in list(sys.modules.items()) if name in names and is_ours(module)]
        for module in found:
            if module.__name__ == "__main__":
                self._sources.setdefault(str(module.__file__), _read(module))
        return found

    def reload(self, modules: list[ModuleType]) -> Reloaded:
        """Runs the modules' sources again and replaces what was bound of them. A module that fails stays as it was."""
        before = [(each, *entry) for each in self._listeners for entry in each.entries()]
        done, failed = [], []
        for module in modules:
            problem = self._run_again(module)
            if problem is None:
                done.append(module.__name__)
            else:
                failed.append(problem)
        kept = self._replace(set(done), before)
        return Reloaded(done, failed, kept)

    # ---- modules ----

    def _run_again(self, module: ModuleType) -> Optional[Failed]:
        file = str(module.__file__)
        namespace = vars(module)
        before, bound = dict(namespace), self._methods.snapshot()
        listening = {(id(each), listener) for each in self._listeners for _, listener, _ in each.entries()}
        try:
            source = _read(module)
            tree = ast.parse(source, file)
            whole = compile(tree, file, "exec")
            if module.__name__ == "__main__":
                tree = _definitions(tree, self._sources.get(file, ""))
            exec(compile(tree, file, "exec"), namespace)  # noqa: S102 - what an import does
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the source raises, its old code goes on
            for name in namespace.keys() - before.keys():
                del namespace[name]
            namespace.update(before)
            self._methods.restore(bound)
            for each in self._listeners:
                for name, listener, _ in each.entries():
                    if (id(each), listener) not in listening:
                        each.remove(name, listener)
            return Failed(module.__name__, file, _line(error, file), error)
        linecache.checkcache(file)
        self._codes[module.__name__] = whole
        if module.__name__ == "__main__":
            self._sources[file] = source
        return None

    # ---- what is bound of them ----

    def _replace(self, modules: set[str], before: list[tuple[Listeners, str, int, Handler]]) -> list[str]:
        kept: list[str] = []

        def attempt(what: str, handler: object, renew: Callable[[], None]) -> None:
            try:
                renew()
            except Kept as reason:
                if not self._is_unchanged(handler):
                    kept.append(f"{what}: {reason}")

        objects = self._methods.objects()
        for namespace, target in objects.items():
            if home(type(target)) in modules:
                attempt(namespace, target, lambda n=namespace, t=target: self._renew_object(n, t))  # type: ignore[misc]
        for name, function in self._methods.given().items():
            of_object = any(getattr(function, "__self__", None) is target for target in objects.values())
            if home(function) in modules and not of_object:
                attempt(name, function, lambda n=name, f=function: self._methods.bind(n, _renewed(f), True))  # type: ignore[misc]
        known = {(id(listeners), listener) for listeners, _, listener, _ in before}
        for listeners, name, listener, handler in before:
            if home(handler) in modules:
                again = any(
                    _spot(handler) == _spot(other) and name == other_name and (id(listeners), number) not in known
                    for other_name, number, other in listeners.entries()
                )  # the source subscribed it itself when it ran, as a decorator does
                if again:
                    listeners.remove(name, listener)
                else:
                    attempt(name, handler, functools.partial(_renew_listener, listeners, name, listener, handler))
        return kept

    def _is_unchanged(self, handler: object) -> bool:
        """Whether the new source has the same function, so that nothing is lost if it stays."""
        code = getattr(inspect.unwrap(_innermost(handler)), "__code__", None)
        whole = self._codes.get(home(handler) or "")
        return code is not None and whole is not None and any(_same(code, each) for each in _all_codes(whole))

    def _renew_object(self, namespace: str, target: object) -> None:
        _upgrade(target)
        self._methods.rebind_object(namespace, target)


def _renew_listener(listeners: Listeners, name: str, listener: int, handler: Handler) -> None:
    listeners.replace(name, listener, _renewed(handler))


def _renewed(handler: Any) -> Any:
    """The handler that has a handler's name now."""
    if isinstance(handler, functools.partial):
        return functools.partial(_renewed(handler.func), *handler.args, **handler.keywords)
    target = getattr(handler, "__self__", None)
    if inspect.isclass(target):
        return _member(_found(target), handler.__name__)
    if target is not None and not isinstance(target, ModuleType):
        _upgrade(target)
        return _member(target, handler.__name__)
    if not hasattr(handler, "__qualname__"):
        _upgrade(handler)
        return handler
    return _found(handler)


def _upgrade(target: object) -> None:
    """Gives an object the class that its class's name has now; what it holds stays."""
    new = _found(type(target))
    try:
        target.__class__ = new
    except TypeError as error:
        raise Kept(f"the object cannot change its class ({error})") from None


def _member(target: object, name: str) -> Any:
    if not hasattr(target, name):
        raise Kept(f"{name} is not there any more")
    return getattr(target, name)


def _spot(handler: Any) -> tuple[Any, Any]:
    handler = _innermost(handler)
    return home(handler), getattr(handler, "__qualname__", None)


def _found(named: Any) -> Any:
    """What the qualified name of a function or class means now."""
    name = named.__qualname__
    if "<" in name:
        raise Kept(f"{name} is made while a function runs, so its new code cannot be found; define it in the module")
    value: Any = sys.modules.get(named.__module__)
    for part in name.split("."):
        value = inspect.getattr_static(value, part, None) if inspect.isclass(value) else getattr(value, part, None)
        value = getattr(value, "__func__", value)  # of a static method
    if not callable(value):
        raise Kept(f"{name} is not there any more")
    return value


# ---- source ----


def _all_codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _all_codes(each)


def _same(one: CodeType, other: CodeType) -> bool:
    """Whether two codes do the same, on whatever lines they stand."""
    pairs = zip(one.co_consts, other.co_consts)
    return (
        (one.co_name, one.co_code, one.co_names) == (other.co_name, other.co_code, other.co_names)
        and len(one.co_consts) == len(other.co_consts)
        and all(_same(a, b) if isinstance(a, CodeType) and isinstance(b, CodeType) else a == b for a, b in pairs)
    )


def _read(module: ModuleType) -> str:
    with open(str(module.__file__), "rb") as file:
        return importlib.util.decode_source(file.read())


def _definitions(tree: ast.Module, before: str) -> ast.Module:
    """The imports, functions and classes of a script that are not as they were."""
    try:
        old = {ast.dump(node) for node in ast.parse(before).body}
    except SyntaxError:
        old = set()
    is_future = [isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body]
    body = [
        node
        for node, always in zip(tree.body, is_future)
        if always or (isinstance(node, _DEFINITIONS) and ast.dump(node) not in old)
    ]
    return ast.Module(body=body, type_ignores=[])


def _line(error: BaseException, file: str) -> Optional[int]:
    if isinstance(error, SyntaxError):
        return error.lineno
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
