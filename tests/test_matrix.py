"""Every public method in every phase of a view's life and on every thread: it ends, and says so by a result or by an
exception that the docs name. The table is ``docs/reentrancy.md``; to write it anew:

    PYTHONPATH=python:tests python tests/test_matrix.py
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import auroraview
from auroraview import WebView
from support.desktop import Desktop
from support.matrix import PHASES, ROWS, name_of

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/reentrancy.md"
#: No cell, and no way from one to the next, takes so long, in seconds: the longest deadline in one is that of close().
BOUND = 30.0

Cells = dict[tuple[str, str], str]

#: Exceptions of Python's own that the docstrings name: of showing twice, and of a future that was given a time.
OF_PYTHON = {
    ("show", "RuntimeError"),
    ("eval_js_async().result", "TimeoutError"),
    ("call_async().result", "TimeoutError"),
}

INTRODUCTION = """# What may be called where

Every public method and property of `WebView` was called in each of these places; each call ended. `ok`: it returned.
Otherwise the table names the exception, which the method's docstring explains. `tests/test_matrix.py` runs it on the
real engine, fails if a call does not end, if a method has no row, or if this table is not what happened; run as a
program, it writes this file.

- main thread: of a view whose handlers run on a thread of ours. worker thread: while the main thread is in `show()`.
- loop thread: the one that runs the handlers, outside of any. in a handler: of a call of the page. in a closing
  handler: of `on_closing`, while the user waits for the window to go.
- before the first load: the server has not answered yet. during a reload: it has once, and does not again.
- `wait` and the scripts are given 10 ms and 1.5 s: what has not come by then is a `False`, or an exception.

"""


def lines_of(program: subprocess.Popen[str]) -> Iterator[str]:
    """What a program prints, line by line; raises ``queue.Empty`` when a line takes longer than the bound."""
    lines: queue.Queue[str] = queue.Queue()
    assert program.stdout is not None

    def read(stream: Iterator[str]) -> None:
        for line in stream:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, args=(program.stdout,), daemon=True).start()
    while line := lines.get(timeout=BOUND):
        yield line


def measure() -> Cells:
    """Runs the matrix in a process of its own, and names the cell that hangs."""
    cells: Cells = {}
    program = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-m", "support.matrix"],
        cwd=ROOT / "tests", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "python"), str(ROOT / "tests")])},
    )  # fmt: skip
    last, complete = "the start", False
    try:
        for line in lines_of(program):
            told = json.loads(line)
            last = " ".join(told.get("begins", [last]))
            complete = complete or "complete" in told
            if "cell" in told:
                row, phase = told["cell"]
                cells[row, phase] = told["result"]
    except queue.Empty:
        program.send_signal(signal.SIGABRT)  # faulthandler says where its threads are
        raise AssertionError(f"a hang: {last} did not end within {BOUND} s\n{program.communicate()[1]}") from None
    finally:
        program.kill()
    err = program.communicate()[1]
    assert complete, f"the program ended after {last}:\n{err}"
    return cells


def table(cells: Cells) -> str:
    phases = [name_of(phase) for phase in PHASES]
    lines = ["| | " + " | ".join(phases) + " |", "|---" * (len(phases) + 1) + "|"]
    for row in sorted(ROWS):
        lines.append(f"| `{row}` | " + " | ".join(cells.get((row, phase), "") for phase in phases) + " |")
    return "\n".join(lines) + "\n"


def test_every_public_method_has_a_row() -> None:
    public = {name for name in dir(WebView) if not name.startswith("_")}
    assert {row.split(" ")[0].split("(")[0] for row in ROWS} == public


@pytest.mark.timeout(240)
def test_no_call_hangs_anywhere_and_the_table_says_what_happens() -> None:
    cells = measure()
    assert len(cells) == len(ROWS) * len(PHASES)
    for (row, phase), result in cells.items():
        known = result == "ok" or (row, result) in OF_PYTHON or result in auroraview.__all__
        assert known, f"{row} {phase}: {result} is no documented exception"
    assert INTRODUCTION + table(cells) == DOCUMENT.read_text(), "run this file as a program, and look at what changed"


if __name__ == "__main__":
    with Desktop.start() as desktop:
        os.environ["DISPLAY"] = desktop.display
        measured = table(measure())
    DOCUMENT.write_text(INTRODUCTION + measured)
    print(measured)
