"""Fake host applications, for tests of tools without the host: each imitates the calls that an adapter uses, as the
host's documentation describes them, and the faults that hosts have.

::

    with FakeMaya() as maya:
        worker.start()
        maya.run(until=done.is_set)      # the application's loop, on this thread

Faults: ``deaf=True`` (the loop turns and never comes to what was posted: the user drags, or plays back),
``batch=True`` (no windows and no loop), ``refuses=True`` (what is posted raises: the host is going), and
:meth:`FakeHost.run` inside of a function that the loop runs (a dialog).
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections import deque
from types import ModuleType, SimpleNamespace
from typing import Any, Callable, Optional

from .. import hosts

#: A host's loop turns by itself at least this often, in seconds: idle events, redraws.
TICK = 0.005


class FakeHost:
    """A host application on the thread that makes it. A context manager: the modules of the host are there inside.

    Args:
        batch: It has no windows and no loop.
        deaf: Its loop turns, and runs nothing of what it was asked to.
        refuses: Whatever is posted raises RuntimeError.
    """

    def __init__(self, *, batch: bool = False, deaf: bool = False, refuses: bool = False) -> None:
        self.batch, self.deaf, self.refuses = batch, deaf, refuses
        self.main = threading.get_ident()
        #: Threads other than the main one that called what only the main one may call.
        self.trespassers: list[str] = []
        self._posted: deque[Callable[[], object]] = deque()
        self._changed = threading.Condition()
        self._former: dict[str, Optional[ModuleType]] = {}
        self._at_quit: list[Callable[..., object]] = []

    def modules(self) -> dict[str, ModuleType]:
        """The modules of the host, by their full names."""
        raise NotImplementedError

    def __enter__(self) -> Any:
        modules = self.modules()
        self._former = {name: sys.modules.get(name) for name in modules}
        sys.modules.update(modules)
        hosts.look_again()
        return self

    def __exit__(self, *_: object) -> None:
        for name, former in self._former.items():
            if former is None:
                del sys.modules[name]
            else:
                sys.modules[name] = former
        hosts.look_again()

    def run(self, until: Callable[[], bool], timeout: float = 30.0) -> None:
        """The loop of the host, on the main thread; inside of itself, that of a dialog.

        Raises:
            TimeoutError: ``until()`` did not come true in ``timeout`` seconds.
        """
        end = time.monotonic() + timeout
        while not until():
            if time.monotonic() > end:
                raise TimeoutError(f"{until} did not come true within {timeout:g} s")
            with self._changed:
                if not self._posted or self.deaf:
                    self._changed.wait(TICK)
            if not self.deaf:
                self.turn()

    def quit(self) -> None:
        """The user quits the application: its hooks are called."""
        for hook in self._at_quit:
            hook()

    def turn(self) -> None:
        """Does what is there to do now."""
        for _ in range(len(self._posted)):
            if self._posted:  # a dialog inside may have run it
                self._posted.popleft()()

    def _post(self, function: Callable[[], object]) -> None:
        if self.refuses:
            raise RuntimeError("the application is closing")
        with self._changed:
            self._posted.append(function)
            self._changed.notify()

    def _only_main(self) -> None:
        if threading.get_ident() != self.main:
            self.trespassers.append(threading.current_thread().name)
            raise RuntimeError("only the main thread may call this")


def _module(name: str, **members: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(members)
    return module


class FakeMaya(FakeHost):
    """Maya: ``maya.utils.executeDeferred(function, *args)`` runs a function from the idle queue (Maya's Python
    documentation, module ``maya.utils``, and "Python and threading"). In ``mayapy`` there is no idle event, so nobody
    looks at that queue; ``maya.cmds.about(batch=True)`` tells.
    ``MSceneMessage.addCallback(kMayaExiting, function)`` is called when the user quits."""

    def modules(self) -> dict[str, ModuleType]:
        def defer(function: Callable[..., object], *args: Any, **kwargs: Any) -> None:
            self._post(lambda: function(*args, **kwargs))

        cmds = _module("maya.cmds", about=lambda batch: self.batch)
        utils = _module("maya.utils", executeDeferred=defer)
        scene = SimpleNamespace(kMayaExiting=6, addCallback=lambda event, hook: self._at_quit.append(hook))
        return {
            "maya": _module("maya", cmds=cmds, utils=utils),
            "maya.cmds": cmds,
            "maya.utils": utils,
            "maya.api.OpenMaya": _module("maya.api.OpenMaya", MSceneMessage=scene),
        }


class FakeHoudini(FakeHost):
    """Houdini: ``hdefereval.executeDeferred(function, *args)`` runs a function when the event loop is idle;
    ``hou.isUIAvailable()`` is False in ``hython``, where nothing is ever deferred to (Houdini's Python documentation,
    modules ``hou`` and ``hdefereval``)."""

    def modules(self) -> dict[str, ModuleType]:
        def defer(function: Callable[..., object], *args: Any, **kwargs: Any) -> None:
            if self.batch:
                raise RuntimeError("hdefereval needs the graphical application")
            self._post(lambda: function(*args, **kwargs))

        hou = _module("hou", isUIAvailable=lambda: not self.batch)
        return {"hou": hou, "hdefereval": _module("hdefereval", executeDeferred=defer)}


class FakeNuke(FakeHost):
    """Nuke: ``nuke.executeInMainThread(call, args, kwargs)`` queues a call and returns at once; ``nuke.GUI`` tells
    whether there are windows (Nuke's Python documentation, "Threading")."""

    def modules(self) -> dict[str, ModuleType]:
        def execute(call: Callable[..., object], args: Any = (), kwargs: Optional[dict[str, Any]] = None) -> None:
            self._post(lambda: call(*(args if isinstance(args, tuple) else (args,)), **(kwargs or {})))

        return {"nuke": _module("nuke", GUI=not self.batch, executeInMainThread=execute)}


class FakeBlender(FakeHost):
    """Blender: ``bpy.app.timers.register(function, first_interval=0, persistent=False)`` calls ``function()`` on the
    main thread; the float that it returns is the time to the next call, and None ends it. Timers that are not
    persistent end when another file is loaded (:meth:`load_file`). ``bpy.app.background``: no loop, so no timer ever
    fires. (Blender's Python documentation, "Application Timers", which says to pass functions from threads by a queue.)
    """

    def __init__(self, **faults: bool) -> None:
        super().__init__(**faults)
        #: Function -> (moment of its next call, persistent).
        self._timers: dict[Callable[[], Optional[float]], tuple[float, bool]] = {}
        #: What its timers asked for, in seconds.
        self.intervals: list[float] = []

    def modules(self) -> dict[str, ModuleType]:
        def register(function: Any, first_interval: float = 0, persistent: bool = False) -> None:
            self._only_main()
            self._timers[function] = (time.monotonic() + first_interval, persistent)

        def unregister(function: Any) -> None:
            self._only_main()
            del self._timers[function]

        timers = SimpleNamespace(register=register, unregister=unregister, is_registered=self._timers.__contains__)
        return {"bpy": _module("bpy", app=SimpleNamespace(background=self.batch, timers=timers))}

    def turn(self) -> None:
        for function, (due, persistent) in list(self._timers.items()):
            if due > time.monotonic() or function not in self._timers:
                continue
            interval = function()
            if interval is None:
                self._timers.pop(function, None)
            elif function in self._timers:
                self.intervals.append(interval)
                self._timers[function] = (time.monotonic() + interval, persistent)

    def load_file(self) -> None:
        """Another file is loaded."""
        self._timers = {each: timer for each, timer in self._timers.items() if timer[1]}


class FakeUnreal(FakeHost):
    """Unreal Editor: ``unreal.register_slate_post_tick_callback(callable)`` returns a handle; ``callable(delta)`` is
    called on the game thread after every tick, whatever it returns, until
    ``unreal.unregister_slate_post_tick_callback(handle)``. A commandlet (``-run=`` on its command line) has no windows
    that tick. (Unreal's Python API reference, module ``unreal``.)"""

    def __init__(self, **faults: bool) -> None:
        super().__init__(**faults)
        self._handles = itertools.count(1)
        self._callbacks: dict[int, Callable[[float], object]] = {}

    def modules(self) -> dict[str, ModuleType]:
        def register(callback: Callable[[float], object]) -> int:
            self._only_main()
            handle = next(self._handles)
            self._callbacks[handle] = callback
            return handle

        def unregister(handle: int) -> None:
            self._only_main()
            del self._callbacks[handle]

        return {
            "unreal": _module(
                "unreal",
                SystemLibrary=SimpleNamespace(
                    get_command_line=lambda: f"tool.uproject{' -run=pythonscript' * self.batch}"
                ),
                register_python_shutdown_callback=self._at_quit.append,
                register_slate_post_tick_callback=register,
                unregister_slate_post_tick_callback=unregister,
            )
        }

    @property
    def callbacks(self) -> int:
        """How many callbacks each tick calls."""
        return len(self._callbacks)

    def turn(self) -> None:
        for callback in list(self._callbacks.values()):
            callback(TICK)
