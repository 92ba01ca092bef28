"""Which files a page may open: by real path, below roots that the application named; no link on the way is followed.

A path is checked as a text first. Then its real path must lie in the scope, and each folder on the way is opened from
the one above it, refusing links: what is swapped in after the check is not followed.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Optional

#: Characters of a path; more than any system takes.
MAX_PATH = 4096
#: Entries of a folder that a page may list.
MAX_ENTRIES = 10_000

_WINDOWS = sys.platform == "win32"
#: Names that are no files on Windows, wherever they stand.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
#: Whether a folder may be opened from the one above it.
_BY_FOLDER = os.open in os.supports_dir_fd
_CLOEXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

_FOLDER = _CLOEXEC | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


class Refused(Exception):
    """The path is not in the scope, or no path that a page may name. Says nothing of what is there."""


def check_text(path: object, windows: bool = _WINDOWS) -> str:
    """Refuses what is no plain absolute path, whatever is there."""
    if not isinstance(path, str) or not 0 < len(path) <= MAX_PATH:
        raise Refused(f"a path must be a string of 1 to {MAX_PATH} characters")
    if any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in path):
        raise Refused("a path must not hold control characters or half characters")
    if windows:
        rest = path[2:].replace("\\", "/")
        absolute = path[0].isalpha() and path[1:2] == ":" and rest.startswith("/") and not rest.startswith("//")
    else:
        rest = path
        absolute = path.startswith("/") and not path.startswith("//")
    if not absolute:
        raise Refused("a path must be absolute, on a disk of this machine")
    for part in rest.split("/"):
        if part in (".", "..") or (not windows and "\\" in part):
            raise Refused("a path must not hold '.', '..' or backslashes")
        if windows and (":" in part or part != part.rstrip(". ") or part.split(".")[0].strip().lower() in _DEVICES):
            raise Refused("a part of the path is no name of a file")
    return path


class _Root(NamedTuple):
    real: str
    #: False: this one file and nothing below.
    is_folder: bool


class Scope:
    """Files and folders that may be opened. Any thread."""

    def __init__(self, paths: tuple[str, ...] = ()) -> None:
        self._roots: tuple[_Root, ...] = ()
        for path in paths:
            self.add(path)

    def add(self, path: str) -> None:
        """Also exactly this file, or this folder with all that is below but what is hidden."""
        real = os.path.realpath(path)
        self._roots = (*self._roots, _Root(real, os.path.isdir(real)))

    def __bool__(self) -> bool:
        return bool(self._roots)

    def locate(self, path: object) -> tuple[str, list[str]]:
        """The folder to begin at, and the names on the way from there (none: the folder itself).

        Raises:
            Refused: It is not in the scope.
        """
        real = os.path.realpath(check_text(path))
        for root in self._roots:
            if os.path.normcase(real) == os.path.normcase(root.real):
                return (root.real, []) if root.is_folder else (os.path.dirname(real), [os.path.basename(real)])
            if root.is_folder and os.path.normcase(real).startswith(os.path.normcase(os.path.join(root.real, ""))):
                names = os.path.relpath(real, root.real).split(os.sep)
                if not any(name.startswith(".") for name in names):
                    return root.real, names
        raise Refused("the path is outside of what the page may open")


@contextmanager
def _above(start: str, names: list[str]) -> Iterator[tuple[Optional[int], str]]:
    """The opened folder that holds the last of ``names``, and what to call that there."""
    if not _BY_FOLDER or not names:
        yield None, os.path.join(start, *names)
        return
    folder = os.open(start, _FOLDER)
    try:
        for name in names[:-1]:
            below = os.open(name, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = below
        yield folder, names[-1]
    finally:
        os.close(folder)


def _is_itself(opened: int, path: str) -> None:
    """Where folders cannot be opened one from the other: what was opened must be what the real path names now."""
    if not _BY_FOLDER and not (os.path.realpath(path) == path and os.path.samestat(os.fstat(opened), os.lstat(path))):
        raise Refused("the path changed while it was opened")


def read(scope: Scope, path: object, limit: int) -> Optional[bytes]:
    """Bytes of a file; None: it has more than ``limit``."""
    with _above(*scope.locate(path)) as (folder, name):
        opened = os.open(name, os.O_RDONLY | _CLOEXEC | _NO_LINK, dir_fd=folder)
        with os.fdopen(opened, "rb") as file:
            _is_itself(opened, name)
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                raise IsADirectoryError(f"{path} is no file")
            data = file.read(limit + 1)
    return data if len(data) <= limit else None


def write(scope: Scope, path: object, data: bytes) -> None:
    """Replaces or makes a file. Whoever reads it sees the old or the new one; other names of the old one keep it."""
    start, names = scope.locate(path)
    if not names:
        raise IsADirectoryError(f"{path} is a folder")
    with _above(start, names) as (folder, name):
        mode = _mode(folder, name)
        new = os.path.join(os.path.dirname(name), f".{secrets.token_hex(8)}.new")
        done = False
        opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CLOEXEC, 0o666, dir_fd=folder)
        try:
            with os.fdopen(opened, "wb") as file:
                if mode is not None and hasattr(os, "fchmod"):
                    os.fchmod(opened, mode)
                file.write(data)
            if not _BY_FOLDER and os.path.realpath(name) != name:
                raise Refused("the path changed while it was opened")
            os.replace(new, name, src_dir_fd=folder, dst_dir_fd=folder)
            done = True
        finally:
            if not done:
                os.unlink(new, dir_fd=folder)


def _mode(folder: Optional[int], name: str) -> Optional[int]:
    """Permissions of the file that is there; None: there is none."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise IsADirectoryError(f"{name} is no file")
    return stat.S_IMODE(found.st_mode)


def look(scope: Scope, path: object) -> os.stat_result:
    """What is there; of a link, the link."""
    with _above(*scope.locate(path)) as (folder, name):
        return os.stat(name, dir_fd=folder, follow_symlinks=False)


def entries(scope: Scope, path: object) -> Optional[list[tuple[str, bool]]]:
    """Names in a folder and whether each is a folder, sorted, without hidden ones; None: more than may be listed."""
    with _above(*scope.locate(path)) as (folder, name):
        found: list[tuple[str, bool]] = []
        opened = os.open(name, _FOLDER, dir_fd=folder) if _BY_FOLDER else -1
        try:
            with os.scandir(opened if _BY_FOLDER else name) as listed:
                for entry in listed:
                    if not entry.name.startswith("."):
                        found.append((entry.name, entry.is_dir(follow_symlinks=False)))
                    if len(found) > MAX_ENTRIES:
                        return None
        finally:
            if opened >= 0:
                os.close(opened)
    return sorted(found)
