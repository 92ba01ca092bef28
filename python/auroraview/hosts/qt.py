"""Hosts with Qt, by whichever binding the host has loaded: PySide6, PySide2, PyQt6 or PyQt5.

A byte on a descriptor wakes Qt, and one ``QSocketNotifier`` of the application watches it: no thread but Qt's own ever
calls Qt. (Calls of ``QTimer.singleShot`` from other threads never fire, and signals crash PySide6 6.12 on Python 3.10
and 3.11.) Where an event is no descriptor (Windows), and to get to Qt's thread at all if another one uses us first, a
queued call of a method (``QMetaObject.invokeMethod``) does the same.
"""

from __future__ import annotations

import importlib
import sys
from collections import deque
from types import ModuleType
from typing import Any, Callable, NamedTuple, Optional

from .. import _core
from ._host import Host

#: In the order in which they are asked where a process has several.
NAMES = ("PySide6", "PyQt6", "PySide2", "PyQt5")


class Binding(NamedTuple):
    """A Qt binding that the host has loaded."""

    name: str
    #: ``QtCore``.
    core: ModuleType

    def module(self, name: str) -> Any:
        """Another module of it, such as ``QtWidgets``."""
        return importlib.import_module(f"{self.name}.{name}")

    def wrap(self, pointer: int) -> Any:
        """The widget at an address."""
        widget = self.module("QtWidgets").QWidget
        if self.name.startswith("PyQt"):
            return self.module("sip").wrapinstance(pointer, widget)
        shiboken = importlib.import_module("shiboken6" if self.name == "PySide6" else "shiboken2")
        return shiboken.wrapInstance(pointer, widget)


def binding(preferred: Optional[str] = None) -> Optional[Binding]:
    """The binding with an application, or None. Any thread.

    Two bindings may show the same application; then the one that the host is known to use counts.
    """
    for name in (*([preferred] if preferred else ()), *NAMES):
        core = sys.modules.get(f"{name}.QtCore")
        if core is not None and core.QCoreApplication.instance() is not None:
            return Binding(name, core)
    return None


def is_on_x11() -> bool:
    """Whether this process has a Qt application whose windows are X11's. Any thread."""
    found = binding()
    gui = None if found is None else sys.modules.get(f"{found.name}.QtGui")
    return gui is not None and gui.QGuiApplication.platformName() == "xcb"


class Program(NamedTuple):
    """A program with Qt, known by a module that it has loaded."""

    name: str
    module: str
    #: Its main window, of that module.
    window: Callable[[Any], Any]
    binding: Optional[str] = None


#: Those of which we know more than that they have Qt. Only Krita and FreeCAD were ever run with this.
PROGRAMS = (
    Program("Krita", "krita", lambda krita: krita.Krita.instance().activeWindow().qwindow()),
    Program("FreeCAD", "FreeCADGui", lambda gui: gui.getMainWindow()),
    Program("3ds Max", "pymxs", lambda _: importlib.import_module("qtmax").GetQMaxMainWindow()),
    Program("Substance Painter", "substance_painter", lambda painter: painter.ui.get_main_window()),
    Program(
        "Substance Designer",
        "sd",
        lambda sd: sd.getContext().getSDApplication().getQtForPythonUIMgr().getMainWindow(),
    ),
    Program("Katana", "UI4", lambda ui: ui.App.MainWindow.GetMainWindow()),
    Program("Mari", "mari", lambda _: None),
    Program("MotionBuilder", "pyfbsdk", lambda _: None),
)


class Qt(Host):
    """Any program with a Qt application."""

    def __init__(self, binding: Binding, program: Optional[Program]) -> None:
        self.binding = binding
        self._program = program
        self.name = program.name if program is not None else f"the {binding.name} application"
        self._application = binding.core.QCoreApplication.instance()
        self._relay: Optional[Relay] = None
        self._watch: Any = None

    @classmethod
    def detect(cls) -> Optional[Host]:
        program = next((each for each in PROGRAMS if each.module in sys.modules), None)
        found = binding(program.binding if program is not None else None)
        return None if found is None else cls(found, program)

    def post(self, function: Callable[[], object]) -> None:
        if self._relay is None:  # a second one, if two threads come here at once, does the same
            self._relay = Relay(self.binding)
        self._relay.post(function)

    def start(self, drain: Callable[[], bool], bell: _core.Bell) -> bool:
        self._watch = watch(self.binding, drain, bell)
        if self._watch is None:
            self._relay = Relay(self.binding)
        return self._watch is not None

    def stop(self) -> None:
        unwatch(self._watch)
        self._watch = None

    def is_over(self) -> bool:
        return self.binding.core.QCoreApplication.instance() is not self._application

    def on_main_thread(self) -> bool:
        return bool(self.binding.core.QThread.currentThread() == self._application.thread())

    def main_window(self) -> Any:
        known = None if self._program is None else self._program.window(sys.modules[self._program.module])
        return known if known is not None else largest_window(self.binding)

    def on_quit(self, function: Callable[[], object]) -> None:
        self._application.aboutToQuit.connect(lambda: function() and None)


def watch(binding: Binding, drain: Callable[[], bool], bell: _core.Bell) -> Any:
    """Makes Qt call ``drain`` whenever ``bell`` is rung; None where that cannot be watched. Qt's main thread.

    The application owns the notifier; the bell lives until Python ends, and so longer.
    """
    core = binding.core
    if bell.descriptor is None:
        return None
    notifier = core.QSocketNotifier(bell.descriptor, core.QSocketNotifier.Type.Read, core.QCoreApplication.instance())
    notifier.activated.connect(lambda *_: drain() and None)
    return notifier


def unwatch(watch: Any) -> None:
    """Undoes :func:`watch`. Qt may have destroyed the notifier with its application."""
    try:
        if watch is not None:
            watch.setEnabled(False)
            watch.deleteLater()
    except RuntimeError:
        pass  # it is gone already


class WokenByQt(Host):
    """A host with a call of its own to its main thread, whose Qt we wake directly where it has one."""

    def __init__(self) -> None:
        self._watch: Any = None

    def start(self, drain: Callable[[], bool], bell: _core.Bell) -> bool:
        found = binding()
        self._watch = None if found is None else watch(found, drain, bell)
        return self._watch is not None

    def stop(self) -> None:
        unwatch(self._watch)


class Relay:
    """Runs functions on Qt's main thread by queued calls of a method. Any thread."""

    def __init__(self, binding: Binding) -> None:
        core = binding.core
        slot = getattr(core, "Slot", None) or core.pyqtSlot
        functions: deque[Callable[[], object]] = deque()

        class Receiver(core.QObject):  # type: ignore[name-defined,misc]
            @slot()  # type: ignore[untyped-decorator]
            def run(self) -> None:
                while functions:
                    functions.popleft()()

        self._functions = functions
        self._core = core
        self._receiver = Receiver()
        self._receiver.moveToThread(core.QCoreApplication.instance().thread())

    def post(self, function: Callable[[], object]) -> None:
        self._functions.append(function)
        self._core.QMetaObject.invokeMethod(self._receiver, "run", self._core.Qt.ConnectionType.QueuedConnection)


def native_handle(widget: Any) -> Optional[int]:
    """The number that the desktop has for the window of a widget; None where it has none (Wayland). Main thread."""
    found = binding()
    if found is None or found.module("QtGui").QGuiApplication.platformName() not in ("xcb", "windows", "cocoa"):
        return None
    return int(widget.winId())


def largest_window(binding: Binding) -> Any:
    """The largest visible top-level window, a ``QMainWindow`` if there is one; None: there is none. Main thread."""
    widgets = binding.module("QtWidgets")
    if not isinstance(binding.core.QCoreApplication.instance(), widgets.QApplication):
        return None
    shown = [each for each in widgets.QApplication.topLevelWidgets() if each.isVisible()]
    return max(
        shown,
        key=lambda each: (isinstance(each, widgets.QMainWindow), each.width() * each.height()),
        default=None,
    )
