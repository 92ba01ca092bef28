"""Looking at processes from outside: families, and tools that run as a program of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any


def start_python(source: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    """Runs a program of its own; what it prints with flush can be read line by line."""
    options.setdefault("stderr", subprocess.PIPE)
    command = [sys.executable, "-u", "-c", textwrap.dedent(source), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def asks_for_large_pages(address: int) -> bool:
    """Whether this process asked the system for large pages for the memory there."""
    is_there = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first, *rest = line.split()
        if not first.endswith(":"):
            start, end = (int(bound, 16) for bound in first.split("-"))
            is_there = start <= address < end
        elif is_there and first == "VmFlags:":
            return "hg" in rest
    raise LookupError(f"nothing is at {address:#x}")


def family(pid: int) -> set[int]:
    """The process, its children and theirs, as they are now."""
    children: dict[int, set[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parent = _parent(int(entry.name))
            if parent is not None:
                children.setdefault(parent, set()).add(int(entry.name))
    found, todo = set(), [pid]
    while todo:
        one = todo.pop()
        found.add(one)
        todo.extend(children.get(one, set()) - found)
    return found


def _parent(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(stat.rsplit(")", 1)[1].split()[1])


def name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    return _state(pid) not in ("Z", None)


def _state(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return stat.rsplit(")", 1)[1].split()[0]


def of_name(pids: set[int], start: str) -> set[int]:
    return {pid for pid in pids if name(pid).startswith(start)}


def threads(pid: int, without: tuple[str, ...] = ()) -> list[Path]:
    """The threads of a process; without those of some names.

    A thread that has the name of its process but is not its first is called ``NAME:helper``.
    """
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            called = (task / "comm").read_text().strip()
        except OSError:  # it has ended
            continue
        if called == name(pid) and task.name != str(pid):
            called += ":helper"
        if called not in without:
            found.append(task)
    return found


def context_switches(threads: list[Path]) -> int:
    """How often threads gave the processor up and were woken again."""
    lines = [line for task in threads for line in (task / "status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


def cpu_ticks(threads: list[Path]) -> int:
    """Processor time of threads, in the kernel's ticks."""
    fields = [(task / "stat").read_text().rsplit(")", 1)[1].split() for task in threads]
    return sum(int(each[11]) + int(each[12]) for each in fields)


def descriptors(pid: int = os.getpid()) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def host_growth_kib() -> int:
    """Private memory that a host gains by the import and an open view that has talked to its page, in KiB."""
    program = start_python("""
        def private():
            lines = open("/proc/self/smaps_rollup").read().splitlines()
            return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
        before = private()
        import auroraview
        view = auroraview.WebView(html="<p>")
        view.bind_call("api.add", lambda a, b: a + b)
        view.show(wait=False)
        assert view.eval_js_sync("auroraview.api.add(1, 2)") == 3
        grown = private() - before
        libraries = open("/proc/self/maps").read().lower()
        assert not [name for name in ("libgtk", "webkit", "libx11", "libglib") if name in libraries]
        print(grown)
    """)
    out, err = program.communicate(timeout=60)
    assert program.returncode == 0, err
    return int(out)


def zombies() -> set[int]:
    """Descendants of this process that ended and that nobody waited for."""
    return {pid for pid in family(os.getpid()) if _state(pid) == "Z"}


def has_ended(pid: int) -> bool:
    """Whether its last thread has ended, and so its descriptors are closed. The first may be a zombie before that."""
    try:
        return _state(pid) in ("Z", None) and len(list(Path(f"/proc/{pid}/task").iterdir())) <= 1
    except OSError:
        return True


def memory_kib(pid: int) -> int:
    """Heaps and stacks of a process, in KiB. What it maps of files is left out: it depends on who else runs."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))
