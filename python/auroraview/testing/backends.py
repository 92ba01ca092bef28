"""Which backend shows the views of a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from .._process import BACKEND_VARIABLE

#: What a backend has that not all have; a test names what it needs.
CAPABILITIES: dict[str, frozenset[str]] = {
    "headless": frozenset(),
    "engine": frozenset(["javascript", "window", "network"]),
}


@contextmanager
def backend(name: str) -> Iterator[None]:
    """Views that are shown inside of the block, by whomever, are on this backend.

    Args:
        name: ``engine`` or ``headless``.

    The whole process is switched, so one thread at a time.
    """
    if name not in CAPABILITIES:
        raise ValueError(f"there is no backend {name!r}; there are: {', '.join(CAPABILITIES)}")
    before = os.environ.get(BACKEND_VARIABLE)
    os.environ[BACKEND_VARIABLE] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ[BACKEND_VARIABLE]
        else:
            os.environ[BACKEND_VARIABLE] = before
