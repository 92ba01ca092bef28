"""What takes long of a view is started before anybody wants one (``docs/decisions/0009-warm-start.md``)."""

from __future__ import annotations

import threading

from . import _process, _threads
from ._errors import ShutdownInProgressError, UiProcessError
from ._log import log
from .hosts import qt


def warmup() -> None:
    """Has the UI process running, and in it an empty page ready for the next view, from now on: views open much sooner.

    On Linux a view that is shown takes the page that is kept, with its web process, and once the view has loaded the
    UI process makes the next. Views with a ``data_directory`` are made as ever. On Windows and macOS only the UI
    process is started. It costs memory, so nothing does it unasked (``docs/start.md``).

    Returns at once, raises nothing, and needs no display: what goes wrong is logged, and raised by the ``show()`` that
    needs it. Any thread; once or often is the same. What the UI process takes of the environment it takes now, as with
    the first ``show()``. Of a UI process that has crashed nothing comes back before the next view or call; one that is
    idle ends with the host.
    """
    _threads.start_beside(threading.Thread(target=_start, name="auroraview-start", daemon=True))


def _start() -> None:
    """On a thread of its own: starting a process takes a large host tens of milliseconds."""
    try:
        if qt.is_on_x11():
            _process.use_x11()
        _process.warm_up()
    except ShutdownInProgressError:
        pass  # nobody will open a view any more
    except (UiProcessError, OSError) as error:
        log().warning("warmup: %s", error)
