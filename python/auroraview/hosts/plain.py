"""No host: Python itself. Its main thread runs what it is handed in ``show()`` and in every other wait of ours."""

from __future__ import annotations

from typing import Callable

from .. import _threads
from ._host import Host


class Plain(Host):
    """A Python program. The batch modes of hosts work like one."""

    name = "Python"

    def post(self, function: Callable[[], object]) -> None:
        _threads.main().post(_threads.Job(function, None))

    def has_loop(self) -> bool:
        return False

    def is_over(self) -> bool:
        return True
