"""A hundred thousand messages each way, of every kind in turns: none is lost, doubled, or before its turn."""

from __future__ import annotations

import pytest

from support import ordering
from support.views import shown

pytestmark = pytest.mark.needs("javascript")


def test_the_page_speaks_in_order() -> None:
    with shown(ordering.PAGE) as view:
        ordering.page_to_python(view, 100_000)


def test_python_speaks_in_order() -> None:
    with shown(ordering.PAGE) as view:
        ordering.python_to_page(view, 400, 250)
