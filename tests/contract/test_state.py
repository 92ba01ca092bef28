"""State that Python and the page share: protocol section 10, on the real engine."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
from typing import Any

import pytest

import auroraview
from auroraview import WebView
from support import processes
from support.desktop import until
from support.views import Recorder, contract, shown

pytestmark = pytest.mark.needs("javascript")

VALUES = [None, False, 0, -1.5, 2**53 - 1, "", "中文 🎈 \u2028 </script> \ud800", [], [1, [2]], {}, {"__proto__": 1}]


def page_state(view: WebView) -> Any:
    return view.eval_js_sync("Object.fromEntries([...auroraview.state.keys()].map(k => [k, auroraview.state.get(k)]))")


def both_are(view: WebView, expected: dict[str, Any]) -> None:
    until(f"the state {expected}", lambda: dict(view.state) == expected == page_state(view))


@contract()
def test_both_sides_see_what_the_other_sets(view: WebView) -> None:
    for n, value in enumerate(VALUES):
        view.state[f"python {n}"] = value
        view.eval_js_sync(f"auroraview.state.set('page {n}', auroraview.state.get('python {n}'))")
    until("all of them", lambda: len(view.state) == 2 * len(VALUES))
    for n, value in enumerate(VALUES):
        assert view.state[f"page {n}"] == view.state[f"python {n}"] == value
    del view.state["python 0"]
    view.eval_js_sync("auroraview.state.delete('page 0')")
    until("the deletes", lambda: len(view.state) == 2 * len(VALUES) - 2)
    assert "python 0" not in page_state(view) and "page 0" not in view.state


@pytest.mark.parametrize("name", ["plain", "__proto__", "constructor", "名前", "a.b", "with 'quotes' \"\\", "\ud800"])
def test_any_name_works(name: str) -> None:
    with shown() as view:
        view.state[name] = 1
        assert view.eval_js_sync("auroraview.state.get([...auroraview.state.keys()][0])") == 1
        view.eval_js_sync("auroraview.state.set([...auroraview.state.keys()][0], 2)")
        until("the page's value", lambda: view.state[name] == 2)


def test_it_is_a_mapping_of_copies() -> None:
    view = WebView()
    state = view.state
    state["scene"] = {"shots": [1, 2], "size": (3, 4)}
    state["scene"]["shots"].append(3)
    assert state["scene"] == {"shots": [1, 2], "size": [3, 4]}
    state.update({"a": 1}, b=2)
    assert (len(state), list(state), "a" in state, state.get("c"), 7 in state) == (
        3,
        ["scene", "a", "b"],
        True,
        None,
        False,
    )
    assert (state.pop("a"), state.pop("a", "gone"), state.setdefault("b", 3), state.setdefault("c")) == (
        1,
        "gone",
        2,
        None,
    )
    assert repr(state) == "SharedState({'scene': {'shots': [1, 2], 'size': [3, 4]}, 'b': 2, 'c': None})"
    with pytest.raises(KeyError):
        del state["a"]
    with pytest.raises(KeyError):
        state["a"]
    state.clear()
    assert dict(state) == {} and state == {}
    view.close()


def test_what_cannot_be_shared_is_refused_and_changes_nothing() -> None:
    with shown() as view:
        view.state["x"] = 1
        for bad in [float("nan"), 1j, object(), 2**60]:
            with pytest.raises(auroraview.InvalidDataError):
                view.state.update(y=1, x=bad)
        for name in ["", "$/x", "x" * 2000]:
            with pytest.raises(ValueError):
                view.state[name] = 1
        with pytest.raises(TypeError):
            view.state[7] = 1  # type: ignore[index]
        view.state["large"] = "x" * (10 << 20)
        with pytest.raises(auroraview.PayloadTooLargeError, match="together"):
            view.state["larger"] = "x" * (10 << 20)
        del view.state["large"]
        view.state["larger"] = "x" * (10 << 20)
        del view.state["larger"]
        both_are(view, {"x": 1})


def test_what_the_page_may_not_set_comes_back_to_it() -> None:
    with shown() as view:
        view.state["x"] = 1
        large = "'x'.repeat(9 << 20)"
        for bad in ["2 ** 60", "JSON.parse('['.repeat(100) + ']'.repeat(100))"]:
            view.eval_js_sync(f"auroraview.state.update({{x: {bad}, y: 1}})")
            both_are(view, {"x": 1})
        view.eval_js_sync(f"auroraview.state.set('large', {large}); auroraview.state.set('larger', {large}); 0")
        keys = "[...auroraview.state.keys()].sort()"
        until("the refusal", lambda: sorted(view.state) == ["large", "x"] == view.eval_js_sync(keys))


@contract()
def test_handlers_hear_of_each_change_in_order(view: WebView) -> None:
    seen = Recorder()
    handler = view.state.on_change(seen)
    view.state["x"] = 1
    view.state["x"] = {"deep": [1]}
    view.eval_js_sync("auroraview.state.update({x: 2, y: null}); auroraview.state.delete('x'); 0")
    until("the page's changes", lambda: "x" not in view.state)
    view.state.pop("y")
    assert seen.take(6) == [
        ("x", 1, "python"),
        ("x", {"deep": [1]}, "python"),
        ("x", 2, "page"),
        ("y", None, "page"),
        ("x", view.state.DELETED, "page"),
        ("y", view.state.DELETED, "python"),
    ]
    assert len(seen.threads) == 1 and not view.state.DELETED
    assert view.state.off_change(handler) == 1
    view.state["x"] = 3
    view.eval_js_sync("1")
    assert seen.is_empty()


@contract()
def test_handlers_may_change_the_state_raise_and_be_async(view: WebView) -> None:
    errors, ended = Recorder(), Recorder()
    view.on("handler_error", errors)

    @view.state.on_change
    def count(name: str, value: int, source: str) -> None:
        if name == "n" and value < 20:
            view.state["n"] = value + 1
        elif name == "n":
            raise ValueError("enough")

    @view.state.on_change
    async def later(name: str, value: int, source: str) -> None:
        await asyncio.sleep(0)
        if value == 20:
            ended()

    view.eval_js_sync("auroraview.state.set('n', 1)")
    assert "enough" in errors.next()["error"]
    ended.next()
    both_are(view, {"n": 20})


@contract()
def test_a_batch_is_one_change(view: WebView) -> None:
    view.eval_js_sync("""
        window.pairs = new Set();
        auroraview.state.subscribe(() => pairs.add(auroraview.state.get('x') + ' ' + auroraview.state.get('y'))); 0""")
    with view.state.batch():
        view.state["x"] = 1
        with view.state.batch() as inner:
            inner["y"] = 1
            assert dict(view.state) == {"x": 1, "y": 1}
        seen_elsewhere: list[dict[str, Any]] = []
        thread = threading.Thread(target=lambda: seen_elsewhere.append(dict(view.state)))
        thread.start()
        thread.join()
        assert seen_elsewhere == [{}]
    with pytest.raises(RuntimeError), view.state.batch():
        view.state["x"] = 7
        raise RuntimeError("the block failed")
    view.state.update(x=2, y=2)
    with view.state.batch():
        del view.state["x"]
        assert "x" not in view.state
        with pytest.raises(KeyError):
            del view.state["x"]
        view.state["x"] = view.state["y"] = 3
    assert view.eval_js_sync("[...pairs]") == ["1 1", "2 2", "3 3"]
    both_are(view, {"x": 3, "y": 3})


def test_each_document_gets_it_and_it_survives_the_web_process() -> None:
    with WebView(html="<p>") as view:
        view.state["before"] = "show"
        loaded, crashed = Recorder(), Recorder()
        view.on_loaded(loaded)
        view.on_crashed(crashed)
        view.show(wait=False)
        loaded.next()
        both_are(view, {"before": "show"})
        for n in range(5):
            view.eval_js_sync(f"auroraview.state.set('n', {n})")
            until("the page's value", lambda n=n: view.state.get("n") == n)
            view.reload()
            view.state["during"] = n
            loaded.next()
            both_are(view, {"before": "show", "n": n, "during": n})
        view.load_html("<p>another document")
        loaded.next()
        both_are(view, {"before": "show", "n": 4, "during": 4})
        (web,) = processes.of_name(processes.family(auroraview._process.link().pid), "WebKitWebProces")
        os.kill(web, signal.SIGKILL)
        crashed.next()
        view.state["n"] = "after the crash"
        view.reload()
        loaded.next()
        both_are(view, {"before": "show", "n": "after the crash", "during": 4})
    assert view.state["n"] == "after the crash"
    with pytest.raises(auroraview.ShutdownInProgressError):
        view.state["n"] = 1


def test_of_a_hundred_thousand_changes_a_slow_page_gets_few() -> None:
    with shown() as view:
        view.eval_js_sync("""window.seen = []; auroraview.state.subscribe('n', ({value}) => {
            seen.push(value);
            const end = performance.now() + (value < 99_999 ? 5 : 0); // slow for as long as the host sends
            while (performance.now() < end);
        }); 0""")
        for n in range(100_000):
            view.state["n"] = n
        until("the last value", lambda: view.eval_js_sync("auroraview.state.get('n')", timeout_ms=20_000) == 99_999)
        seen = view.eval_js_sync("seen")
        assert len(seen) < 10_000 and seen == sorted(seen)
        assert view.stats().coalesced + len(seen) >= 100_000 - 4096  # the page's last report may be on its way


def test_a_page_that_takes_nothing_gets_everything_later() -> None:
    with shown() as view:
        view.eval_js("const end = Date.now() + 3000; while (Date.now() < end);")
        with pytest.raises(auroraview.QueueFull):
            while True:
                view.emit("fill")
        view.state["x"] = 1
        view.state.update(y=2, z=3)
        del view.state["z"]
        both_are(view, {"x": 1, "y": 2})


def test_nothing_is_sent_while_nobody_uses_it() -> None:
    with shown() as view:
        seen: list[str] = []
        loaded = Recorder()
        view.add_observer(lambda message: seen.append(message.name))
        view.on_loaded(loaded)
        before = view.stats().backlog
        view.reload()
        loaded.next()
        view.eval_js_sync("auroraview.whenReady()")
        assert view.stats().backlog == before
        assert "view/document" in seen and "$/state" not in seen


def test_random_changes_of_both_sides_end_in_agreement() -> None:
    """The same as sdk/test/state.test.ts on the real engine: each round both sides change the same names at once."""
    page = """<script>
        window.mirror = {};
        auroraview.state.subscribe(({name, value}) => {
            if (value === undefined) delete mirror[name]; else mirror[name] = value;
        });
        window.go = (seed) => new Promise(done => {
            let left = 30;
            const roll = n => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
            (function step() {
                const wanted = {};
                for (let n = 1 + roll(3); n > 0; n--)
                    wanted['abc'[roll(3)]] = roll(4) ? 'page ' + roll(1000) : undefined;
                auroraview.state.update(wanted);
                if (--left) setTimeout(step, roll(3)); else done(0);
            })();
        });
    </script>"""
    with shown(page) as view:
        for seed in range(1, 34):
            chance = random.Random(seed)
            running = view.eval_js_async(f"go({seed})")
            for _ in range(30):
                with view.state.batch():
                    for name in chance.sample("abc", chance.randint(1, 3)):
                        if chance.random() < 0.25:
                            view.state.pop(name, None)
                        else:
                            view.state[name] = f"python {chance.randint(0, 999)}"
                view.eval_js_sync("0")  # lets the page come in between
            running.result()
            until(f"agreement with seed {seed}", lambda: page_state(view) == dict(view.state))
            assert view.eval_js_sync("mirror") == dict(view.state)
