"""Messages in both directions, numbered as they are sent, and what came of them."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator

from auroraview import WebView

from .desktop import PATIENCE

#: Events, calls, results and items of streams take turns; every one says its number.
PAGE = """<!doctype html><title>order</title><script>
window.send = async (count) => {
    const pending = new Set();
    for (let n = 0; n < count; n++) {
        if (n % 97) auroraview.send_event('number', n);
        else { const call = auroraview.call('api.number', n).then(() => pending.delete(call)); pending.add(call) }
        if (n % 1000 === 999) await auroraview.drained();
        if (pending.size > 1000) await Promise.race(pending);
    }
    await Promise.all(pending);
    return count;
};
window.came = {told: 0, item: 0};
window.wrong = [];
const next = (kind, n) => { if (n !== came[kind]++ && wrong.length < 10) wrong.push([kind, n, came[kind] - 1]) };
auroraview.on('number', n => next('told', n));
window.receive = async (rounds, each) => {
    for (let round = 0; round < rounds; round++) {
        if (round % 2) next('told', await auroraview.api.some(each));
        else for await (const n of auroraview.api.stream(each)) next('item', n);
    }
    return [came, wrong];
};
</script>"""


def page_to_python(view: WebView, count: int) -> None:
    """The page sends ``count`` events and calls; each comes once, in order."""
    came = array("l")
    view.on("number", came.append)
    view.bind_call("api.number", lambda n: came.append(n))
    assert view.eval_js_async(f"send({count})", timeout_ms=1000 * PATIENCE * 30).result(PATIENCE * 30) == count
    view.eval_js_sync("auroraview.drained()")
    view.bind_call("api.end", lambda: None)
    view.eval_js_sync("auroraview.api.end()")  # behind every event
    view.off("number")
    assert came == array("l", range(count))


def python_to_page(view: WebView, rounds: int, each: int) -> None:
    """Python sends events and results, and items of streams with events between them. Each comes once, in order; a loop
    takes its items when it comes to it, so they and the events have an order each."""
    told, items = itertools.count(), itertools.count()

    def some(count: int) -> int:
        for _ in range(count - 1):
            view.emit("number", next(told))
        return next(told)

    def stream(count: int) -> Iterator[int]:
        for n in range(count):
            if n % 3:
                yield next(items)
            else:
                view.emit("number", next(told))

    view.bind_call("api.some", some)
    view.bind_call("api.stream", stream)
    script = f"receive({rounds}, {each})"
    came, wrong = view.eval_js_async(script, timeout_ms=1000 * PATIENCE * 30).result(PATIENCE * 30)
    assert (came, wrong) == ({"told": next(told), "item": next(items)}, [])
