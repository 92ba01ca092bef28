"""Chaos and fault tests: short ones in every run, long sweeps with `make chaos`. Each leaves a line of figures."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from support.chaos import SCALE, SEED, Chaos, figures


@pytest.fixture
def chaos(request: pytest.FixtureRequest) -> Chaos:
    return Chaos(request.node.name)


class _TextOnly(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = record.getMessage(), ()
        return True


@pytest.fixture(autouse=True)
def captured_records_hold_no_views() -> Iterator[None]:
    """pytest keeps every record until the test is over; a view in its arguments would keep its descriptors."""
    text_only, logger = _TextOnly(), logging.getLogger("auroraview")
    logger.addFilter(text_only)
    yield
    logger.removeFilter(text_only)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if figures:
        again = f"again: make chaos SEED={SEED}" + (f" SCALE={SCALE}" if SCALE else "")
        terminalreporter.section(f"chaos figures ({again})")
        for line in figures:
            terminalreporter.write_line(line)
