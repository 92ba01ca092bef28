"""``auroraview.native`` in the page: what the application granted its origin, and for the rest a refusal."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Callable, Optional

from .. import _process
from .._errors import UserError
from .._log import log
from . import scopes
from .powers import Powers, check_url, command, denied
from .scopes import Scope

if TYPE_CHECKING:
    from .._view import WebView
    from .dialogs import Filters

#: Bytes of a file that a page reads or writes at once: what one message can carry, escaped.
MAX_FILE = 8 << 20
#: Bytes that a program may write, both ways together; one that writes more is killed.
MAX_OUTPUT = 4 << 20
#: Bytes of it that are read at once.
PIECE = 1 << 16
#: Seconds that a killed program has to be gone.
END_WAIT = 5.0

_tasks: set[asyncio.Task[Any]] = set()


class Page:
    """The native functions of one document."""

    def __init__(self, view: WebView, powers: Powers) -> None:
        self._view = view
        self._powers = powers
        self._read, self._write = Scope(tuple(powers.read)), Scope(tuple(powers.write))

    # ---- the desktop ----

    async def open_url(self, url: str) -> None:
        address = check_url(url, self._powers.open_url)
        if sys.platform == "win32":
            os.startfile(address)
            return
        opener = "open" if sys.platform == "darwin" else "xdg-open"
        try:
            process = await _start([opener, address], asyncio.subprocess.DEVNULL)
        except FileNotFoundError:
            raise UserError(f"this machine has no {opener}, which opens addresses", "NOT_FOUND") from None
        task = asyncio.ensure_future(_reap(opener, process))
        _tasks.add(task)  # the loop alone would let go of it
        task.add_done_callback(_tasks.discard)

    async def open_file(
        self,
        *,
        title: str = "",
        folder: Optional[str] = None,
        filters: Optional[Filters] = None,
        multiple: bool = False,
    ) -> Any:
        self._may_ask()
        chosen = await self._view.dialogs.open_file(title, folder, filters, multiple)
        for path in chosen if multiple else [chosen]:
            if path:
                self._read.add(path)
        return chosen

    async def save_file(
        self, *, title: str = "", folder: Optional[str] = None, name: str = "", filters: Optional[Filters] = None
    ) -> Any:
        self._may_ask()
        chosen = await self._view.dialogs.save_file(title, folder, name, filters)
        if chosen:
            self._read.add(chosen)
            self._write.add(chosen)
        return chosen

    async def open_folder(self, *, title: str = "", folder: Optional[str] = None) -> Any:
        self._may_ask()
        chosen = await self._view.dialogs.open_folder(title, folder)
        if chosen:
            self._read.add(chosen)
        return chosen

    async def message(self, text: str, *, title: str = "") -> None:
        self._may_ask()
        await self._view.dialogs.message(text, title)

    async def confirm(self, text: str, *, title: str = "") -> bool:
        self._may_ask()
        answer: bool = await self._view.dialogs.confirm(text, title)
        return answer

    def _may_ask(self) -> None:
        if not self._powers.dialogs:
            denied("show dialogs", "dialogs=True")

    # ---- files ----

    async def read_file(self, path: str, options: Optional[dict[str, Any]] = None) -> Any:
        encoding = _encoding(options)
        data = await self._with_files("read", self._read, lambda: scopes.read(self._read, path, MAX_FILE))
        if data is None:
            raise UserError(f"the file is over {MAX_FILE >> 20} MiB", "TOO_LARGE")
        try:
            return data if encoding is None else data.decode(encoding)
        except UnicodeDecodeError as error:
            raise UserError(f"the file is no {encoding}: {error}", "INVALID_DATA") from None

    async def write_file(self, path: str, data: Any, options: Optional[dict[str, Any]] = None) -> None:
        encoding = _encoding(options)
        if isinstance(data, str):
            data = data.encode(encoding or "utf-8")
        elif not isinstance(data, (bytes, bytearray, memoryview)):
            raise UserError("a file is written from a string or bytes", "INVALID_ARGUMENTS")
        if len(data) > MAX_FILE:
            raise UserError(f"the data is over {MAX_FILE >> 20} MiB", "TOO_LARGE")
        await self._with_files("write", self._write, lambda: scopes.write(self._write, path, data))

    async def stat(self, path: str) -> dict[str, Any]:
        found = await self._with_files("read", self._read, lambda: scopes.look(self._read, path))
        kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
        kind = kinds.get(stat.S_IFMT(found.st_mode), "other")
        return {"type": kind, "size": found.st_size, "modified": found.st_mtime_ns // 1_000_000}

    async def list(self, path: str) -> Any:
        found = await self._with_files("read", self._read, lambda: scopes.entries(self._read, path))
        if found is None:
            raise UserError(f"the folder has more than {scopes.MAX_ENTRIES} entries", "TOO_LARGE")
        return [{"name": name, "type": "folder" if is_folder else "file"} for name, is_folder in found]

    async def _with_files(self, power: str, scope: Scope, work: Callable[[], Any]) -> Any:
        """Works on a thread of its own: a disk may be slow, and the loop is everybody's."""
        if not scope:
            denied(f"{power} files", f"{power}=(folder,)")
        with _told_to_the_page(power):
            return await asyncio.to_thread(work)

    # ---- programs ----

    async def run(self, name: str, arguments: Any = ()) -> dict[str, Any]:
        program = self._powers.run.get(name) if isinstance(name, str) else None
        if program is None:
            denied(f"run {name!r}", f"run={{{name!r}: (...)}}")
        process = await _start(command(name, program, arguments), asyncio.subprocess.PIPE)
        try:
            out, err = await _output(process)
            return {"code": await process.wait(), "stdout": out, "stderr": err}
        finally:
            _kill(process)  # what is left of it, whoever gave up: the page, the view, or we
            await _end(process)


@contextmanager
def _told_to_the_page(power: str) -> Iterator[None]:
    try:
        yield
    except scopes.Refused as error:
        denied(f"{power} this path ({error})", f"{power}=(folder,)")
    except OSError as error:
        if error.errno == errno.ELOOP:
            denied(f"{power} this path (a link is on the way)", f"{power}=(folder,)")
        code = "NOT_FOUND" if isinstance(error, FileNotFoundError) else "EXECUTION_ERROR"
        raise UserError(f"the file cannot be used: {error.strerror or error}", code) from None


def _encoding(options: Optional[dict[str, Any]]) -> Optional[str]:
    """``utf-8`` unless the page says otherwise; None: bytes."""
    encoding = (options or {}).get("encoding", "utf-8")
    if encoding not in ("utf-8", "latin-1", "bytes"):
        raise UserError("encoding must be 'utf-8', 'latin-1' or 'bytes'", "INVALID_ARGUMENTS")
    return None if encoding == "bytes" else str(encoding)


async def _start(words: list[str], output: int) -> asyncio.subprocess.Process:
    """A program without a shell, in a process group of its own, with none of our descriptors and nothing to read."""
    return await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        env=_process.environment(dict(os.environ)),
    )  # fmt: skip


async def _reap(name: str, process: asyncio.subprocess.Process) -> None:
    code = await process.wait()
    if code:
        log().warning("%s ended with %d", name, code)


async def _output(process: asyncio.subprocess.Process) -> tuple[str, str]:
    left = MAX_OUTPUT

    async def read(stream: asyncio.StreamReader) -> str:
        nonlocal left
        pieces = []
        while piece := await stream.read(PIECE):
            left -= len(piece)
            if left < 0:
                raise UserError(f"the program wrote more than {MAX_OUTPUT >> 20} MiB and was killed", "TOO_LARGE")
            pieces.append(piece)
        return b"".join(pieces).decode("utf-8", "replace")

    readers = [asyncio.ensure_future(read(stream)) for stream in _pipes(process)]
    try:
        out, err = await asyncio.gather(*readers)
        return out, err
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.wait(readers)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Reads what nobody wants: asyncio stops reading when much is unread; ``wait()`` waits for the pipes' ends, too.
    The deadline is for a descendant that left the process group and keeps one open."""

    async def discard(stream: asyncio.StreamReader) -> None:
        while await stream.read(PIECE):
            pass

    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.gather(process.wait(), *map(discard, _pipes(process))), END_WAIT)


def _pipes(process: asyncio.subprocess.Process) -> list[asyncio.StreamReader]:
    return [stream for stream in (process.stdout, process.stderr) if stream is not None]


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
