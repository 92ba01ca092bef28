"""The contract holds on every backend: a test runs on each that has what the test's mark ``needs`` names."""

from __future__ import annotations

from typing import Any

import pytest

from auroraview._recovery import Recovery
from auroraview.testing import Recorder


@pytest.fixture(autouse=True)
def on_each_backend(auroraview_backend: str) -> str:
    return auroraview_backend


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Hears of each time that a view has its UI process started, on the thread that does."""
    heard, start = Recorder(), Recovery.start

    def start_heard(recovery: Recovery) -> Any:
        heard(None)
        return start(recovery)

    monkeypatch.setattr(Recovery, "start", start_heard)
    return heard
