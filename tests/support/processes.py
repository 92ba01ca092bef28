"""Looking at processes from outside: families, and tools that run as a program of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any


def start_python(source: str, **options: Any) -> subprocess.Popen[str]:
    """Runs a program of its own; what it prints with flush can be read line by line."""
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen(
        [sys.executable, "-u", "-c", textwrap.dedent(source)], stdout=subprocess.PIPE, text=True, **options
    )


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
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def of_name(pids: set[int], start: str) -> set[int]:
    return {pid for pid in pids if name(pid).startswith(start)}


def private_kib(pid: int) -> int:
    """Memory that is this process's alone, in KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def context_switches(pid: int, without: tuple[str, ...] = ()) -> dict[str, int]:
    """How often each thread gave the processor up and was woken again, by thread; without those of some names.

    A thread that has the name of its process but is not its first is called ``NAME:helper``.
    """
    counts = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        called = (task / "comm").read_text().strip()
        if called == name(pid) and task.name != str(pid):
            called += ":helper"
        lines = (task / "status").read_text().splitlines()
        if called not in without:
            field = next(line for line in lines if line.startswith("voluntary_ctxt_switches"))
            counts[f"{called} {task.name}"] = int(field.split()[1])
    return counts


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def descriptors(pid: int = os.getpid()) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
