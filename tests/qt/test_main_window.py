"""Which window of a Qt host is its main one: what each adapter asks, answered as the host's documentation says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.desktop import Desktop
from support.qt_hosts import Flavor, QtHost, running

#: Modules as the hosts document them, all in one application. ``address`` is a widget's, as C++ knows it.
FAKES = """
import importlib, sys, types
from auroraview import hosts
from auroraview.hosts import houdini, maya, nuke, qt

def module(name, **members):
    made = sys.modules[name] = types.ModuleType(name)
    made.__dict__.update(members)
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, made)

def address(widget):
    if NAME.startswith("PyQt"):
        return importlib.import_module(NAME + ".sip").unwrapinstance(widget)
    return importlib.import_module("shiboken6" if NAME == "PySide6" else "shiboken2").getCppPointer(widget)[0]

call = lambda value: lambda *_, **__: value
space = lambda **members: types.SimpleNamespace(**members)
module("maya"); module("maya.cmds", about=call(False))
module("maya.OpenMayaUI", MQtUtil=space(mainWindow=lambda: address(win)))
module("hou", qt=space(mainWindow=call(win)), isUIAvailable=call(True))
module("nuke", GUI=True)
module("krita", Krita=space(instance=call(space(activeWindow=call(space(qwindow=call(win)))))))
module("FreeCADGui", getMainWindow=call(win))
module("pymxs"); module("qtmax", GetQMaxMainWindow=call(win))
module("substance_painter", ui=space(get_main_window=call(win)))
manager = space(getMainWindow=call(win))
module("sd", getContext=call(space(getSDApplication=call(space(getQtForPythonUIMgr=call(manager))))))
module("UI4", App=space(MainWindow=space(GetMainWindow=call(win))))
module("mari"); module("pyfbsdk")
other = QtWidgets.QMainWindow(); other.resize(2000, 2000); other.show()  # which is larger
foundry = type(nuke.WINDOW, (QtWidgets.QMainWindow,), {})()
"""


@pytest.fixture
def bare(flavor: Flavor, desktop: Desktop) -> Iterator[QtHost]:
    with running(flavor, desktop, "--no-panel") as host:
        host.run(FAKES)
        yield host
        assert host.quit() == 0


def test_each_adapter_asks_its_host(bare: QtHost) -> None:
    assert bare.run("address(maya.Maya().main_window()) == address(win)")
    assert bare.run("houdini.Houdini().main_window() is win")
    assert bare.run("nuke.Nuke().main_window() is foundry")
    for program in ("Krita", "FreeCAD", "3ds Max", "Substance Painter", "Substance Designer", "Katana"):
        row = f"next(each for each in qt.PROGRAMS if each.name == {program!r})"
        assert bare.run(f"qt.Qt(qt.binding(), {row}).main_window() is win"), program


def test_of_a_program_that_does_not_say_it_is_the_largest_main_window(bare: QtHost) -> None:
    for program in ("None", "next(each for each in qt.PROGRAMS if each.name == 'Mari')"):
        assert bare.run(f"qt.Qt(qt.binding(), {program}).main_window() is other"), program
