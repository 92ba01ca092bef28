"""The command ``auroraview``."""

from __future__ import annotations

import argparse
import contextlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from .. import _core
from .._errors import AuroraViewError

if TYPE_CHECKING:
    from .program import Program


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command. Returns 0, or 1 if it could not do what was asked; wrong usage raises SystemExit(2)."""
    parser = argparse.ArgumentParser(prog="auroraview", description="Web user interfaces for Python tools.")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    types = commands.add_parser(
        "types",
        help="write what a program offers to its page as TypeScript",
        description="Imports a program and writes what its views offer to their page as TypeScript. Opens no window.",
    )
    types.add_argument("program", help="app.py, or app.py:make_view for the view that a function returns")
    types.add_argument("-o", "--output", metavar="FILE", help="the file to write; without it, standard output")
    types.add_argument("--watch", action="store_true", help="write it again whenever the program changes")
    given = parser.parse_args(arguments)
    if given.watch and not given.output:
        types.error("--watch needs --output")
    return _types(given.program, given.output, given.watch)


def _types(target: str, output: Optional[str], watch: bool) -> int:
    from .program import Program

    sys.dont_write_bytecode = True  # a module that changes twice in a second would be read from it
    program = Program(target)
    done = _write_types(program, output)
    if watch:
        with contextlib.suppress(KeyboardInterrupt):
            _write_types_again(program, output)
    return 0 if done or watch else 1


def _write_types_again(program: Program, output: Optional[str]) -> None:
    """Writes the types whenever a file of the program changes, until Ctrl+C."""
    bell = _core.Bell()
    watcher = _core.Watcher(bell)
    known: set[Path] = set()
    while True:
        files = {program.file, *program.modules().values()}
        for file in files - known:
            watcher.watch(str(file))
        if not known:
            _say(f"watching {program.name}; Ctrl+C ends it")
        known |= files
        bell.wait(None, True)
        if watcher.take():
            _write_types(program, output)


def _write_types(program: Program, output: Optional[str]) -> bool:
    """Whether it could be done; if not, standard error says why."""
    from . import generate as _types

    try:
        text, foreign = _types.generate(program.views(), f"`auroraview types {program.name}`")
        if output is None:
            sys.stdout.write(text)
        elif _types.write(output, text):
            _say(f"wrote {output}")
    except (AuroraViewError, TypeError, ValueError, OSError) as error:
        if error.__cause__ is not None and isinstance(error, AuroraViewError):
            traceback.print_exception(type(error.__cause__), error.__cause__, error.__cause__.__traceback__)
        _say(str(error))
        return False
    for name in foreign:
        _say(f"warning: {name} is a hint, but data of a page cannot be one; it is `unknown` in TypeScript")
    return True


def _say(text: str) -> None:
    sys.stderr.write(f"auroraview: {text}\n")
