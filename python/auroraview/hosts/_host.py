"""What a host application is to us: one thread-safe function that makes its main thread run another, and facts."""

from __future__ import annotations

import threading
from typing import Any, Callable, Optional

from .. import _core


class Host:
    """A host application. Its adapter is a subclass; :func:`auroraview.hosts.register` adds one of your own.

    An adapter must have :meth:`post`, or :meth:`start` that makes the host call what it is given.
    """

    #: For messages to people.
    name = "the host"

    @classmethod
    def detect(cls) -> Optional[Host]:
        """The host that this process is, or None. Any thread; looks at ``sys.modules`` only, and imports nothing that
        the host has not loaded."""
        raise NotImplementedError

    def post(self, function: Callable[[], object]) -> None:
        """Runs ``function`` on the host's main thread, later. Any thread; returns at once.

        It is called when there is something to do there, and not again until ``function`` has run.
        """
        raise NotImplementedError

    def start(self, drain: Callable[[], bool], bell: _core.Bell) -> bool:
        """Called once, on the main thread. True: the host itself calls ``drain`` from now on, whenever ``bell`` is
        rung, or regularly; False: :meth:`post` is given ``drain`` whenever there is something to do."""
        return False

    def stop(self) -> None:
        """Undoes :meth:`start`. The main thread."""

    def has_loop(self) -> bool:
        """Whether the main thread is in a loop that will run what is posted. False: batch and headless modes, where it
        runs a script, and does ours only while that waits in a call of auroraview."""
        return True

    def is_over(self) -> bool:
        """Whether the host is gone, or may be another one by now: then it is looked for again."""
        return False

    def on_main_thread(self) -> bool:
        """Whether the caller is on the host's main thread. Asked before :meth:`start` only."""
        return threading.current_thread() is threading.main_thread()

    def main_window(self) -> Any:
        """The host's main window: a widget where the host has Qt, else the native handle as an int; None: not known.
        The main thread."""
        return None

    def on_quit(self, function: Callable[[], object]) -> None:
        """Calls ``function`` on the main thread when the host begins to quit, where it has a hook for that before
        Python's own end. The main thread."""
