"""The Qt binding of the host: the one that it has loaded, never another.

A host has one Qt. A second binding on its path that gets imported brings a second Qt into the process, or the wrong
one, and the host ends in obscure ways; so nothing is tried here. QtWebEngine is never imported.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Optional

#: Each binding by the name that its module has.
BINDINGS = ("PySide6", "PyQt6", "PySide2", "PyQt5")
#: Set to the name of a binding, it decides where several are loaded, or none is.
VARIABLE = "QT_API"


def loaded() -> list[str]:
    """The bindings that this process has loaded, the first one first."""
    return [name for name in sys.modules if name in BINDINGS and f"{name}.QtCore" in sys.modules]


def chosen() -> str:
    """The binding to use.

    Of several the one whose application runs; of several of those the one that was loaded first, which is the host's.

    Raises:
        ImportError: None is loaded, and nothing says which.
    """
    named = {name.lower(): name for name in BINDINGS}.get(os.environ.get(VARIABLE, "").lower())
    if named is not None:
        return named
    there = loaded()
    if not there:
        raise ImportError(
            "no Qt binding is loaded: import the one of your application (PySide6, PyQt6, PySide2 or PyQt5) before "
            f"QtWebView, or name it in the variable {VARIABLE}"
        )
    running = [name for name in there if _application(name) is not None]
    return (running or there)[0]


def _application(name: str) -> Optional[object]:
    instance: Optional[object] = sys.modules[f"{name}.QtCore"].QCoreApplication.instance()
    return instance


NAME = chosen()
QtCore: Any = importlib.import_module(f"{NAME}.QtCore")
QtGui: Any = importlib.import_module(f"{NAME}.QtGui")
QtWidgets: Any = importlib.import_module(f"{NAME}.QtWidgets")
Signal: Any = QtCore.pyqtSignal if NAME.startswith("PyQt") else QtCore.Signal

#: Classes that opening a view uses, beside widgets and events.
USED = ("QPalette", "QSize", "QSocketDescriptor", "QSocketNotifier", "QThread", "QTimer", "QWindow")

# PySide makes a class for Python when it is first asked for, and all those of widgets, or of events, when Qt first
# hands over one that Python did not make: milliseconds each, which belong to the import and not into the host's work.
for module in (QtCore, QtGui, QtWidgets):
    for each in dir(module):
        if module is QtWidgets or each.endswith("Event") or each in USED:
            getattr(module, each)
