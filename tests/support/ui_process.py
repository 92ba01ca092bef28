"""What may happen to a UI process: it is killed, does nothing for a while, or gets no memory."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from auroraview import _process

from . import processes
from .desktop import PATIENCE
from .views import shown

#: Bytes.
LESS_THAN_A_STACK = 1 << 20


def kill_ui_process() -> None:
    os.kill(_process.link().pid, signal.SIGKILL)


def kill_web_processes() -> None:
    """Of every view: what the engine gives its pages."""
    for pid in processes.of_name(processes.family(_process.link().pid), "WebKitWebProces"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def stopped_ui_process() -> Iterator[None]:
    """The UI process is there, but does nothing: what is asked of it stays under way as long as a test needs."""
    with shown():  # it has started
        pid = _process.link().pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):  # the test killed it
                os.kill(pid, signal.SIGCONT)


@contextmanager
def own_ui_process() -> Iterator[None]:
    """Views inside the block have a UI process of their own, which ends with it."""
    outer, _process._links = _process._links, {}
    try:
        yield
    finally:
        own, _process._links = _process._links, outer
        for each in own.values():
            if each.lost is None:
                each.shut_down(PATIENCE)


@contextmanager
def ui_process_without_memory() -> Iterator[None]:
    """The system gives the UI process little more memory: too little for the stack of a thread, which a view needs.

    The engine has threads, too, and aborts if it cannot have one: then the process is gone.
    """
    with own_ui_process(), shown():  # a new process keeps no stacks of earlier threads
        pid = _process.link().pid
        mapped = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
        before = resource.prlimit(pid, resource.RLIMIT_AS)
        resource.prlimit(pid, resource.RLIMIT_AS, (mapped + LESS_THAN_A_STACK, before[1]))
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_AS, before)
