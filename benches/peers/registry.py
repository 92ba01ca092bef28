"""Who is measured, how each is started, and what each cannot do."""

from __future__ import annotations

import importlib
from typing import NamedTuple


class Peer(NamedTuple):
    name: str
    #: Its file in `peers/`, without the ending; it holds `GLUE`, the page's script.
    module: str
    #: Further words of its command line.
    words: tuple[str, ...] = ()
    #: benches/requirements-NAME.txt, the environment it runs in.
    environment: str = "plain"
    #: Does the short counts of `Scenario.slow`: the full ones take minutes or thousands of threads.
    slow: bool = False
    #: Scenarios that it cannot do, by the start of their names, and why.
    cannot: dict[str, str] = {}
    #: The only scenarios it is there for; empty: all that `cannot` leaves.
    only: tuple[str, ...] = ()

    @property
    def glue(self) -> str:
        glue: str = importlib.import_module(self.module).GLUE
        return glue

    def does(self, scenario: str) -> bool:
        if self.only:
            return scenario.startswith(self.only)
        return not any(scenario.startswith(each) for each in self.cannot)


FLOOR = "floor"
_NO_PYTHON = {"busy": "no Python in it", "held": "no host beside it; see `beside`"}
_ITS_OWN_LOOP = {"held": "its handlers have the host's main thread in `show()`, which is documented as waiting"}

PEERS = [
    Peer(FLOOR, "floor", cannot=_NO_PYTHON),
    Peer("floor, text by scheme", "floor_scheme", only=("text",)),
    Peer("beside", "beside", only=("held",)),
    Peer("beside, in Qt", "beside", ("qt",), "qt", only=("held",)),
    Peer("python socket", "python_socket", only=("busy",)),
    Peer("AuroraView, show()", "auroraview_modes", ("blocking",), cannot=_ITS_OWN_LOOP),
    Peer("AuroraView, threaded", "auroraview_modes", ("threaded",)),
    Peer("AuroraView, in Qt", "auroraview_modes", ("qt",), "qt"),
    Peer("AuroraView, pumped", "auroraview_modes", ("pumped",)),
    Peer("WebKitGTK (PyGObject)", "webkitgtk"),
    Peer("pywebview, GTK", "pywebview_window", ("gtk",), "gtk", slow=True),
    Peer("pywebview, Qt", "pywebview_window", ("qt",), "qt", slow=True),
    Peer("QWebChannel (PySide6)", "qwebchannel", (), "qt"),
    Peer("pytauri", "pytauri_app", (), "pytauri", slow=True, cannot={
        "evaluate": "no script has a result",
        "held": "its loop leaves no turn to the host",
    }),
]  # fmt: skip
