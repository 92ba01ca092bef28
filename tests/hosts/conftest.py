"""Real host applications. The run says how many there were, and fails if there was none."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import real_host

NAMES = ("blender", "freecad", "krita")
HERE = Path(__file__).parent

_wanted = False


def pytest_runtest_setup(item: pytest.Item) -> None:
    global _wanted
    _wanted = _wanted or HERE in item.path.parents


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _wanted:
        terminalreporter.write_line(f"hosts ran: {len(real_host.ran)} of {len(NAMES)}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _wanted and not real_host.ran:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
