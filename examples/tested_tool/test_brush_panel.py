"""The tests of the panel's Python half. Each runs without a display, and once more on the web engine."""

from __future__ import annotations

from typing import Any

import pytest
from brush_panel import BRUSHES, PAGE, Panel

from auroraview.testing import Page, Recorder, Rejected, wait_until


@pytest.fixture
def view(open_view: Any) -> Any:
    return open_view()


def test_the_page_gets_every_brush(view: Any) -> None:
    Panel(view)
    assert [brush["name"] for brush in Page(view).collect("api.brushes")] == list(BRUSHES)


def test_picking_tells_everybody(view: Any) -> None:
    panel, page = Panel(view), Page(view)
    picked = page.listen("picked")
    assert page.call("api.pick", "chalk") == 24
    assert (picked.next(), panel.current, page.state()) == ("chalk", "chalk", {"size": 24})
    with pytest.raises(Rejected, match="no brush 'pen'") as caught:
        page.call("api.pick", "pen")
    assert (caught.value.code, caught.value.data) == ("NO_BRUSH", sorted(BRUSHES))


def test_sizes_stay_within_reason(view: Any) -> None:
    Panel(view)
    Page(view).send_event("resize", 5000)
    wait_until(view, "the size", lambda: view.state["size"] == 200)


@pytest.mark.needs("javascript")
def test_the_page_lists_and_picks(view: Any) -> None:
    panel, loaded = Panel(view), Recorder()
    view.on_loaded(loaded)
    view.load_html(PAGE)
    loaded.next()
    view.eval_js_sync("""(async () => {
        const rows = document.getElementsByTagName("li");
        while (rows.length < 3) await new Promise(requestAnimationFrame);
        rows[1].click();
    })()""")
    wait_until(view, "the brush", lambda: panel.current == "chalk")
