"""Streams both ways: generators that the page loops over, iterables of the page that Python loops over."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from auroraview import CancelledError, JavaScriptError, PageStream, UserError, WebView
from support.desktop import PATIENCE, until
from support.pages import PAGE, settle
from support.views import Recorder, contract, shown

pytestmark = pytest.mark.needs("javascript")

COLLECT = """
window.collect = async (stream, most = Infinity) => {
    const items = [];
    for await (const item of stream) { items.push(item); if (items.length >= most) break; }
    return items;
};
window.never = () => new Promise(() => {});
"""
HTML = f"{PAGE}<script>{COLLECT}</script>"


def is_quiet(view: WebView) -> bool:
    """Whether every call that came is over."""
    stats = view.stats()
    return stats.accepted == stats.processed + stats.cancelled


@contract(html=HTML)
def test_a_generator_becomes_something_to_loop_over(view: WebView) -> None:
    @view.bind_call("api.rows")
    def rows(count: int) -> Iterator[dict[str, int]]:
        for n in range(count):
            yield {"n": n}

    expected = [{"n": n} for n in range(1000)]
    assert view.eval_js_sync("collect(auroraview.api.rows(1000))") == expected
    assert view.eval_js_sync("(async () => collect(await auroraview.api.rows(1000)))()") == expected
    assert view.eval_js_sync("collect(auroraview.api.rows(0))") == []


@contract(html=HTML)
def test_an_async_generator_becomes_something_to_loop_over(view: WebView) -> None:
    @view.bind_call("api.rows")
    async def rows(count: int) -> AsyncIterator[int]:
        for n in range(count):
            if n % 100 == 0:
                await asyncio.sleep(0)
            yield n

    assert view.eval_js_sync("collect(auroraview.api.rows(1000))") == list(range(1000))


def test_what_a_generator_returns_is_the_result() -> None:
    with shown(HTML) as view:

        @view.bind_call("api.work")
        def work() -> Any:
            yield 1
            return {"all": 1}

        steps = view.eval_js_sync("""
            const steps = [], items = auroraview.api.work()[Symbol.asyncIterator]();
            for (let n = 0; n < 3; n++) steps.push(await items.next());
            return steps""")
        assert steps == [{"value": 1, "done": False}, {"value": {"all": 1}, "done": True}, {"done": True}]


def test_lists_and_iterators_stay_what_they_are() -> None:
    with shown(HTML) as view:
        view.bind_call("api.list", lambda: [1, 2])
        view.bind_call("api.iterator", lambda: iter([1, 2]))
        assert settle(view, "auroraview.api.list()") == {"value": [1, 2]}
        assert settle(view, "auroraview.api.iterator()")["code"] == "INVALID_DATA"
        assert settle(view, "collect(auroraview.api.list())")["message"].endswith("the answer is no stream")


@pytest.mark.parametrize("way", ["sync", "async"])
def test_what_a_generator_raises_ends_the_loop(way: str) -> None:
    with shown(HTML) as view:

        def rows() -> Iterator[int]:
            yield 1
            yield 2
            raise UserError("no more", code="EMPTY", data=[3])

        async def async_rows() -> AsyncIterator[int]:
            for each in rows():
                yield each

        view.bind_call("api.rows", rows if way == "sync" else async_rows)
        seen = view.eval_js_sync("""
            window.seen = [];
            try { for await (const row of auroraview.api.rows()) seen.push(row) }
            catch (error) { seen.push(error.code, error.data) }
            return seen""")
        assert seen == [1, 2, "EMPTY", [3]]


def test_an_item_that_cannot_be_sent_ends_the_loop_and_the_generator() -> None:
    with shown(HTML) as view:
        closed = Recorder()

        @view.bind_call("api.rows")
        def rows() -> Iterator[Any]:
            try:
                yield 1
                yield 1j
            finally:
                closed(True)

        assert settle(view, "collect(auroraview.api.rows())")["code"] == "INVALID_DATA"
        assert closed.next() is True


@pytest.mark.parametrize("way", ["sync", "async"])
def test_leaving_the_loop_closes_the_generator_on_its_own_thread(way: str) -> None:
    with shown(HTML) as view:
        closed, ran_on = Recorder(), []

        @view.bind_call("api.rows")
        def rows() -> Iterator[int]:
            try:
                n = 0
                while True:
                    ran_on.append(threading.get_ident())
                    yield (n := n + 1)
            finally:
                closed(n)

        @view.bind_call("api.async_rows")
        async def async_rows() -> AsyncIterator[int]:
            try:
                n = 0
                while True:
                    ran_on.append(threading.get_ident())
                    yield (n := n + 1)
            finally:
                closed(n)

        name = "rows" if way == "sync" else "async_rows"
        assert view.eval_js_sync(f"collect(auroraview.api.{name}(), 3)") == [1, 2, 3]
        assert closed.next() >= 3
        assert closed.threads == set(ran_on)


@pytest.mark.parametrize("ending", ["return('left')", "throw('left').catch(value => ({value, done: true}))"])
@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_loop_that_never_began_closes_the_generator(way: str, ending: str) -> None:
    with shown(HTML) as view:
        began, closed = Recorder(), Recorder()

        @view.bind_call("api.rows")
        def rows() -> Iterator[int]:
            try:
                began(True)
                while True:
                    yield 1
            finally:
                closed(True)

        @view.bind_call("api.async_rows")
        async def async_rows() -> AsyncIterator[int]:
            try:
                began(True)
                while True:
                    yield 1
            finally:
                closed(True)

        name = "rows" if way == "sync" else "async_rows"
        view.eval_js_sync(f"window.rows = await auroraview.api.{name}()")
        began.next()
        assert view.eval_js_sync(f"rows.{ending}") == {"value": "left", "done": True}
        assert closed.next() is True
        assert view.eval_js_sync("rows.next()") == {"done": True}
        until("the call to be over", lambda: is_quiet(view))


def test_a_loop_that_is_left_before_the_stream_is_open_leaves_no_call_and_no_generator() -> None:
    with shown(HTML) as view:
        running = 0

        @view.bind_call("api.rows")
        def rows() -> Iterator[int]:
            nonlocal running
            running += 1
            try:
                while True:
                    yield 1
            finally:
                running -= 1

        script = "auroraview.api.rows()[Symbol.asyncIterator]().return('left')"
        assert view.eval_js_sync(script) == {"value": "left", "done": True}
        view.bind_call("api.last", lambda: 1)
        assert view.eval_js_sync("auroraview.api.last()") == 1
        until("the call to be over", lambda: is_quiet(view))
        assert running == 0


@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_slow_page_slows_the_generator(way: str) -> None:
    with shown(HTML) as view:
        made = [0]

        @view.bind_call("api.rows")
        def rows() -> Iterator[int]:
            while True:
                made[0] += 1
                yield made[0]

        @view.bind_call("api.async_rows")
        async def async_rows() -> AsyncIterator[int]:
            for n in rows():
                yield n

        name = "rows" if way == "sync" else "async_rows"
        script = f"window.rows = auroraview.api.{name}()[Symbol.asyncIterator](); return rows.next()"
        assert view.eval_js_sync(script)["value"] == 1
        view.bind_call("api.made", lambda: made[0])
        # What is said once more after it can go no further shows that it stands still.
        most = view.eval_js_sync("auroraview.api.made()")
        for _ in range(50):
            most = view.eval_js_sync("auroraview.api.made()")
        assert 1 <= most <= 1 + 256
        taken = view.eval_js_sync("for (let n = 2; n < 1000; n++) await rows.next(); return (await rows.next()).value")
        assert taken == 1000


def test_big_items_go_one_by_one() -> None:
    with shown(HTML) as view:
        made = [0]

        @view.bind_call("api.blocks")
        def blocks() -> Iterator[str]:
            for _ in range(20):
                made[0] += 1
                yield "x" * (2 << 20)

        view.eval_js_sync(
            "window.blocks = auroraview.api.blocks()[Symbol.asyncIterator](); blocks.next().then(() => 0)"
        )
        view.bind_call("api.made", lambda: made[0])
        for _ in range(20):
            assert view.eval_js_sync("auroraview.api.made()") <= 2
        script = "let all = 0; for (let n = 1; n < 20; n++) all += (await blocks.next()).value.length; return all"
        assert view.eval_js_sync(script, timeout_ms=1000 * PATIENCE) == 19 * (2 << 20)


def test_a_stream_starves_nobody_and_nobody_starves_it() -> None:
    with shown(HTML) as view:

        @view.bind_call("api.count")
        def count() -> Iterator[int]:
            n = 0
            while True:
                yield (n := n + 1)

        view.bind_call("api.add", lambda a, b: a + b)
        answer = view.eval_js_sync(
            """
            window.counted = [0, 0, 0];
            window.loops = counted.map(async (_, at) => {
                for await (const n of auroraview.api.count()) { counted[at] = n; if (window.enough) break; }
            });
            let calls = 0;
            while (Math.min(...counted) < 2000) { await auroraview.api.add(1, 2); calls++; }
            window.enough = true;
            await Promise.all(loops);
            return calls""",
            timeout_ms=1000 * PATIENCE,
        )
        assert answer > 10


def test_a_generator_may_ask_the_page_and_may_be_asked_meanwhile() -> None:
    with shown(HTML) as view:

        @view.bind_call("api.rows")
        def rows() -> Iterator[Any]:
            for n in range(5):
                yield view.eval_js_sync(f"auroraview.api.double({n})")

        view.bind_call("api.double", lambda n: 2 * n)
        assert view.eval_js_sync("collect(auroraview.api.rows())") == [0, 2, 4, 6, 8]


def test_a_handler_that_waits_for_a_loop_over_a_stream_advances_it() -> None:
    with shown(HTML) as view:

        @view.bind_call("api.rows")
        def rows() -> Iterator[int]:
            yield from range(600)

        view.bind_call("api.outer", lambda: view.eval_js_sync("collect(auroraview.api.rows()).then(all => all.length)"))
        assert view.eval_js_sync("auroraview.api.outer()") == 600


def test_a_stream_has_no_timeout_once_it_is_open() -> None:
    with shown(HTML) as view:
        go = threading.Event()

        @view.bind_call("api.rows")
        async def rows() -> AsyncIterator[int]:
            yield 1
            while not go.is_set():
                await asyncio.sleep(0.01)
            yield 2

        view.eval_js("""
            window.all = (async () => {
                const items = [];
                for await (const item of auroraview.call('api.rows', undefined, {timeout: 100})) items.push(item);
                return items;
            })()""")
        view.eval_js_sync("new Promise(done => setTimeout(done, 150))")
        go.set()
        assert view.eval_js_sync("all") == [1, 2]


def test_a_reload_closes_the_generator() -> None:
    with shown(HTML) as view:
        started, closed, loaded = Recorder(), Recorder(), Recorder()

        def rows() -> Iterator[int]:
            try:
                started("sync")
                while True:
                    yield 1
            finally:
                closed("sync")

        async def async_rows() -> AsyncIterator[int]:
            try:
                started("async")
                while True:
                    yield 1
            finally:
                closed("async")

        view.bind_call("api.rows", rows)
        view.bind_call("api.async_rows", async_rows)
        view.eval_js_sync("collect(auroraview.api.rows(), 1e9); collect(auroraview.api.async_rows(), 1e9); 0")
        started.take(2)  # one that never ran has nothing to close
        view.on_loaded(loaded)
        view.reload()
        loaded.next()
        assert sorted(closed.take(2)) == ["async", "sync"]
        assert settle(view, "collect(auroraview.api.rows(), 2)") == {"value": [1, 1]}


def test_closing_the_view_closes_the_generators_at_once() -> None:
    started, closed = threading.Event(), Recorder()
    with shown(HTML) as view:

        @view.bind_call("api.rows")
        def rows() -> Iterator[int]:
            try:
                while True:
                    started.set()
                    yield 1
            finally:
                closed(True)

        view.eval_js_sync("collect(auroraview.api.rows()); 0")
        assert started.wait(PATIENCE), "a generator that never ran has nothing to close"
    assert closed.next() is True
    assert not view.is_alive()


# ---- streams of the page ----

PAGE_STREAM = """
window.left = 0;
window.numbers = async function* (count, wait) {
    try { for (let n = 0; n < count; n++) { if (wait) await wait(n); yield n; } } finally { left += 1; }
};
"""
SOURCE_HTML = f"{HTML}<script>{PAGE_STREAM}</script>"


@contract(html=SOURCE_HTML)
def test_python_loops_over_an_iterable_of_the_page(view: WebView) -> None:
    view.bind_call("api.sum", lambda name, stream: [name, sum(stream)])
    assert view.eval_js_sync("auroraview.api.sum('n', numbers(1000))") == ["n", 499500]
    assert view.eval_js_sync("auroraview.api.sum({name: 'n', stream: numbers(10)})") == ["n", 45]

    @view.bind_call("api.async_sum")
    async def async_sum(stream: PageStream) -> int:
        return sum([n async for n in stream])

    assert view.eval_js_sync("auroraview.api.async_sum(numbers(1000))") == 499500
    assert view.eval_js_sync("left") == 3


def test_a_slow_handler_slows_the_page() -> None:
    with shown(SOURCE_HTML) as view:
        gate = threading.Event()

        @view.bind_call("api.take")
        async def take(stream: PageStream) -> int:
            items = stream.__aiter__()
            await items.__anext__()
            while not gate.is_set():
                await asyncio.sleep(0.005)
            return 1 + len([n async for n in items])

        view.eval_js("window.made = 0; window.taken = auroraview.api.take(numbers(5000, n => { made = n; }))")
        for _ in range(30):
            assert view.eval_js_sync("new Promise(done => setTimeout(() => done(made)))") <= 256
        gate.set()
        assert view.eval_js_sync("taken", timeout_ms=1000 * PATIENCE) == 5000


def test_what_the_page_raises_ends_the_loop_in_python() -> None:
    with shown(SOURCE_HTML) as view:
        seen = Recorder()

        @view.bind_call("api.take")
        def take(stream: PageStream) -> None:
            try:
                for n in stream:
                    seen(n)
            except JavaScriptError as error:
                seen(error)

        view.eval_js_sync("auroraview.api.take((async function* () { yield 1; throw new RangeError('enough') })())")
        assert seen.next() == 1
        error = seen.next()
        assert (type(error).__name__, error.name, error.message) == ("JavaScriptError", "RangeError", "enough")
        assert "enough" not in error.stack or error.stack


def test_leaving_the_loop_in_python_ends_the_iterator_of_the_page() -> None:
    with shown(SOURCE_HTML) as view:

        @view.bind_call("api.first")
        def first(stream: PageStream) -> Any:
            return next(stream)

        @view.bind_call("api.close")
        def close(stream: PageStream) -> Any:
            seen = next(stream)
            stream.close()
            return [seen, list(stream), view.eval_js_sync("new Promise(done => setTimeout(() => done(left)))")]

        assert view.eval_js_sync("auroraview.api.first(numbers(1e9))") == 0
        assert view.eval_js_sync("new Promise(done => setTimeout(() => done(left)))") == 1
        assert view.eval_js_sync("auroraview.api.close(numbers(1e9))") == [0, [], 2]


def test_aborting_the_call_ends_the_loop_in_python() -> None:
    with shown(SOURCE_HTML) as view:
        seen, began = Recorder(), threading.Event()

        @view.bind_call("api.take")
        def take(stream: PageStream) -> None:
            try:
                for _ in stream:
                    began.set()
            except CancelledError as error:
                seen(type(error).__name__)
                raise

        view.eval_js("""
            window.abort = new AbortController();
            window.stream = numbers(1e9, n => n && never());
            window.call = settle(auroraview.call('api.take', [stream], {signal: abort.signal}))""")
        assert began.wait(PATIENCE)
        assert view.eval_js_sync("abort.abort(); return call")["code"] == "CANCELLED"
        assert seen.next() == "CancelledError"


def test_a_page_that_goes_ends_the_loop_in_python() -> None:
    with shown(SOURCE_HTML) as view:
        seen, began = Recorder(), threading.Event()

        @view.bind_call("api.take")
        async def take(stream: PageStream) -> None:
            try:
                async for _ in stream:
                    began.set()
            finally:
                seen(True)

        view.eval_js("auroraview.api.take(numbers(1e9, n => n && never()))")
        assert began.wait(PATIENCE)
        view.reload()
        assert seen.next() is True


def test_a_stream_stands_for_nothing_but_an_argument() -> None:
    with shown(SOURCE_HTML) as view:
        view.bind_call("api.show", lambda each: each)
        view.on("event", lambda data: None)
        refused = view.eval_js_sync(
            "try { auroraview.send_event('event', {a: numbers(1)}) } catch (e) { return e.code }"
        )
        assert refused == "INVALID_DATA"
        assert view.eval_js_sync("auroraview.api.show({each: {'$stream': 0}})") == {"$stream": 0}
        both = "auroraview.api.both({'$stream': 0}, numbers(2))"
        view.bind_call("api.both", lambda plain, stream: [plain, list(stream)])
        assert view.eval_js_sync(both) == [{"$stream": 0}, [0, 1]]


def test_no_item_in_time_is_told() -> None:
    with shown(SOURCE_HTML) as view:

        @view.bind_call("api.take")
        def take(stream: PageStream) -> list[int]:
            stream.timeout_ms = 50
            return list(stream)

        answer = settle(view, "auroraview.api.take(numbers(2, n => n && never()))")
        assert (answer["name"], answer["code"]) == ("Timeout", "EXECUTION_ERROR")
