"""Bytes anywhere in a message, both ways, through the real engine."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auroraview import JavaScriptError, PageStream, PayloadTooLargeError, WebView
from support import processes
from support.desktop import PATIENCE, until
from support.transfers import flat_over
from support.views import Recorder, contract, shown

pytestmark = pytest.mark.needs("javascript")

LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage")
#: Makes bytes that both sides can compute, and what a test can compare of some.
SCRIPT = """
window.pattern = (length, seed) => {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i += 1) bytes[i] = (i * 31 + seed + (i >> 8)) & 255;
    return bytes;
};
window.digest = async bytes => {
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return Array.from(hash, byte => byte.toString(16).padStart(2, '0')).join('');
};
window.settle = promise => promise.then(value => ({value}), error => ({name: error.name, code: error.code}));
"""
PAGE = f"<!doctype html><title>test</title><script>{SCRIPT}</script>"
SIZES = [0, 1, 255, 64 << 10, (256 << 10) + 1, (4 << 20) - 1, (4 << 20) + 1, 9_000_000]


def pattern(length: int, seed: int) -> bytes:
    row = bytes(range(256))
    table = bytes((i * 31) & 255 for i in row)
    blocks = []
    for block in range((length + 255) // 256):
        blocks.append(bytes((each + seed + block) & 255 for each in table))
        if block == 255:  # it repeats
            period = b"".join(blocks)
            return (period * (length // len(period) + 1))[:length]
    return b"".join(blocks)[:length]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contract(html=PAGE)
def test_bytes_are_arguments_and_results(view: WebView) -> None:
    def turn(data: bytes, meta: dict[str, int]) -> dict[str, Any]:
        assert type(data) is bytes
        return {"meta": meta, "pixels": memoryview(data[::-1])}

    view.bind_call("api.turn", turn)
    script = """(async () => {
        const {meta, pixels} = await auroraview.api.turn({data: pattern(1000, 3), meta: {width: 10}});
        return [meta, pixels instanceof Uint8Array, Array.from(pixels.reverse().subarray(0, 20)), pixels.length];
    })()"""
    assert view.eval_js_sync(script) == [{"width": 10}, True, list(pattern(20, 3)), 1000]


@pytest.mark.skipif(not LARGE_PAGES.exists(), reason="this system has no large pages")
@contract(html=PAGE)
def test_large_bytes_are_made_in_large_pages(view: WebView) -> None:
    view.bind_call("api.asks", lambda data: processes.asks_for_large_pages(id(data) + len(data) // 2))
    assert view.eval_js_sync("auroraview.api.asks(new Uint8Array(8 << 20))") is True


@contract(html=PAGE)
def test_bytes_are_data_of_events(view: WebView) -> None:
    got = Recorder()
    view.on("up", got)
    view.eval_js_sync("auroraview.on('down', data => auroraview.send_event('up', [data.of, data.bytes])), null")
    view.emit("down", {"of": "python", "bytes": bytearray(b"\0\xff")})
    assert got.next() == ["python", b"\0\xff"]


@pytest.mark.parametrize("size", SIZES)
def test_what_arrives_is_what_was_sent(size: int) -> None:
    with shown(PAGE) as view:
        view.bind_call("api.digest", digest)
        view.bind_call("api.make", lambda length: pattern(length, 5))
        assert view.eval_js_sync(f"auroraview.api.digest(pattern({size}, 7))") == digest(pattern(size, 7))
        script = f"auroraview.api.make({size}).then(async bytes => [bytes.length, await digest(bytes)])"
        assert view.eval_js_sync(script) == [size, digest(pattern(size, 5))]


@contract(html=PAGE)
def test_order_holds_whatever_carries_bytes(view: WebView) -> None:
    """Both ways: small and large events, with and without bytes, and calls between them."""
    got = Recorder()
    view.on("n", lambda data: got(data[0]))
    view.bind_call("api.n", lambda n: got(n))
    script = """
    window.seen = [];
    auroraview.on('n', data => seen.push(data.n));
    for (let n = 0; n < 40; n += 1) {
        const body = n % 3 === 0 ? new Uint8Array(n % 9 === 0 ? 5000000 : 10) : null;
        if (n % 5 === 4) auroraview.api.n(n); else auroraview.send_event('n', [n, body]);
    }
    null"""
    view.eval_js_sync(script)
    assert got.take(40) == list(range(40))
    for n in range(40):
        view.emit("n", {"n": n, "bytes": bytes(3_000_000 if n % 9 == 0 else 10)} if n % 3 == 0 else {"n": n})
    view.emit("n", {"n": "end", "bytes": b"1"})
    assert view.eval_js_sync(
        "new Promise(done => {(function look() { seen.includes('end') ? done(seen) : setTimeout(look, 5); })()})"
    ) == [*range(40), "end"]


def test_a_large_transfer_delays_no_other_view() -> None:
    """200 MB down to one page and up from it; another one calls meanwhile, and is answered long before the end."""
    with shown(PAGE) as large, shown(PAGE) as small:
        answered = Recorder()
        large.bind_call("api.big", lambda data: len(data))
        small.bind_call("api.echo", lambda n: n)
        small.on("count", answered)
        large.eval_js_sync("auroraview.on('big', data => auroraview.send_event('came', data.length)), null")
        came = Recorder(4 * PATIENCE)
        large.on("came", came)
        script = """(() => { let stop = false, n = 0;
            auroraview.on('stop', () => { stop = true; });
            const next = () => auroraview.api.echo(n).then(() => {
                n += 1;
                stop ? auroraview.send_event('count', n) : next();
            });
            next(); return null })()"""
        small.eval_js_sync(script)
        large.emit("big", bytes(200_000_000))
        assert came.next() == 200_000_000
        assert large.eval_js_sync("auroraview.api.big(new Uint8Array(200000000))", 100_000) == 200_000_000
        small.emit("stop")
        assert answered.next() > 50


def test_over_the_limit_is_said_before_anything_is_sent() -> None:
    with shown(PAGE) as view:
        with pytest.raises(PayloadTooLargeError, match="256 MiB"):
            view.emit("x", [bytes(200 << 20), bytes(57 << 20)])
        script = "settle(auroraview.call('x', [new Uint8Array(200 * 2 ** 20), new Uint8Array(57 * 2 ** 20)]))"
        assert view.eval_js_sync(script)["code"] == "TOO_LARGE"
        view.bind_call("api.many", lambda: [b""] * 300)
        assert view.eval_js_sync("settle(auroraview.api.many())")["code"] == "TOO_LARGE"


def test_files_and_views_of_any_kind_are_bytes() -> None:
    with shown(PAGE) as view:
        view.bind_call("api.join", lambda *parts: b"|".join(parts).decode("latin-1"))
        script = """auroraview.api.join(new Blob(["blob"]), new File(["file"], "x.txt"),
            new Uint8Array([65, 66]).buffer,
            new DataView(new Uint8Array([65, 66, 67]).buffer, 1, 1), new Uint16Array([0x4241]), new Uint8Array(0))"""
        assert view.eval_js_sync(script) == "blob|file|AB|B|AB|"
        view.bind_call("api.digest", digest)
        large = "auroraview.api.digest(new Blob([pattern(9000000, 1)]))"
        assert view.eval_js_sync(large) == digest(pattern(9_000_000, 1))


def test_what_is_changed_after_the_call_is_not_what_is_sent() -> None:
    with shown(PAGE) as view:
        view.bind_call("api.digest", digest)
        script = "window.bytes = pattern(6e6, 1), window.call = auroraview.api.digest(bytes), bytes.fill(0), null"
        view.eval_js_sync(script)
        assert view.eval_js_sync("call") == digest(pattern(6_000_000, 1))


@pytest.mark.parametrize("end", ["reload", "close"])
def test_reload_and_close_in_the_middle_of_transfers(end: str) -> None:
    """Both ways at once; everybody is answered, and the next document is as good as the first."""
    with shown(PAGE) as view:
        loaded = Recorder()
        view.bind_call("api.digest", digest)
        view.bind_call("api.make", bytes)
        view.on_loaded(loaded)
        for _ in range(1 if end == "close" else 3):
            view.eval_js_sync("""for (let n = 0; n < 3; n += 1) {
                auroraview.api.make(30000000);
                auroraview.api.digest(new Uint8Array(30000000));
            }
            return null""")
            view.emit("down", bytes(20_000_000))
            if end == "reload":
                view.reload()
                loaded.next()
        if end == "reload":
            script = "auroraview.api.digest(pattern(5000000, 2))"
            assert view.eval_js_sync(script, 60_000) == digest(pattern(5_000_000, 2))
    stats = view.stats()
    assert stats.accepted == stats.processed + stats.cancelled


def test_a_page_that_replaces_fetch_sees_nothing_and_breaks_nothing() -> None:
    hostile = """<!doctype html><title>test</title><script>
    const stolen = [], RealBytes = Uint8Array;
    const steal = name => function () { stolen.push(name); throw new Error('mine'); };
    auroraview.on('there', data => auroraview.send_event('back', [data.b, new RealBytes(5000000), stolen.join()]));
    for (const name of ['fetch', 'Response', 'Request', 'Headers', 'Uint8Array', 'ArrayBuffer', 'Blob']) {
        const real = window[name];
        window[name] = steal(name);
        for (const member of Object.getOwnPropertyNames(real.prototype ?? {})) {
            try {
                Object.defineProperty(real.prototype, member, {get: steal(name + '.' + member), configurable: true});
            } catch {}
        }
    }
    const typed = Object.getPrototypeOf(RealBytes.prototype);
    for (const member of ['set', 'slice', 'subarray', 'buffer', 'byteOffset', 'length']) {
        Object.defineProperty(typed, member, {get: steal(member)});
    }
    Object.defineProperty(RealBytes, Symbol.species, {get: steal('species')});
    </script>"""
    with shown(hostile) as view:
        got = Recorder()
        view.on("back", got)
        view.emit("there", {"b": b"abc"})
        assert got.next() == [b"abc", bytes(5_000_000), ""]


def test_nobody_else_gets_at_bytes() -> None:
    """Requests of the page's own, with a guessed key or none: refused, counted, and the bridge goes on."""
    with shown(PAGE) as view:
        script = """(async () => {
            const ask = async (path, init) => (await fetch('av://app/$/' + path, init)).status;
            const headers = {'x-auroraview': 'f'.repeat(32) + ' ' + 'f'.repeat(32)};
            return [await ask('down/1'), await ask('down/1', {headers}),
                    await ask('up/1', {method: 'POST', headers, body: new Blob(['crash'])})];
        })()"""
        assert view.eval_js_sync(script) == [403, 403, 403]
        view.bind_call("api.len", len)
        assert view.eval_js_sync("auroraview.api.len(new Uint8Array(3))") == 3


def test_bytes_leave_nothing_behind() -> None:
    """The short version of tests/chaos/test_transfers.py."""
    with shown(PAGE) as view:
        flat_over(view, rounds=6, size=10_000_000)


@contract(html=PAGE)
def test_functions_of_the_page_take_and_return_bytes(view: WebView) -> None:
    view.eval_js_sync("""auroraview.handle('turn', async ({data, meta}) =>
        ({meta, size: data.length, is: data instanceof Uint8Array, back: data.reverse()}), 0), null""")
    for size in (3, 5_000_000):
        given = pattern(size, 9)
        answer = view.call("turn", {"data": memoryview(given), "meta": [1]})
        assert answer == {"meta": [1], "size": size, "is": True, "back": given[::-1]}
        assert view.call_async("turn", {"data": given, "meta": 2}).result(30)["back"] == given[::-1]
    view.eval_js_sync("auroraview.handle('large', () => new Array(2).fill(new Uint8Array(200 * 2 ** 20))), null")
    with pytest.raises(JavaScriptError, match="256 MiB"):
        view.call("large")
    with pytest.raises(PayloadTooLargeError):
        view.call("turn", [bytes(200 << 20), bytes(57 << 20)])


@contract(html=PAGE)
def test_items_of_streams_hold_bytes_both_ways(view: WebView) -> None:
    @view.bind_call("api.frames")
    def frames(count: int) -> Iterator[bytes]:
        for n in range(count):
            yield pattern(300_000, n)

    @view.bind_call("api.gather")
    def gather(items: PageStream[bytes]) -> list[str]:
        return [digest(each) for each in items]

    @view.bind_call("api.gather_async")
    async def gather_async(items: PageStream[dict[str, Any]]) -> list[Any]:
        return [[each["n"], digest(each["bytes"])] async for each in items]

    wanted = [digest(pattern(300_000, n)) for n in range(20)]
    down = (
        "const got = []; for await (const each of auroraview.api.frames(20)) got.push(await digest(each)); return got"
    )
    assert view.eval_js_sync(f"(async () => {{ {down} }})()") == wanted
    items = "(async function* () { for (let n = 0; n < 20; n += 1) yield %s; })()"
    up = f"auroraview.api.gather({items % 'pattern(300000, n)'})"
    assert view.eval_js_sync(up) == wanted
    up = f"auroraview.api.gather_async({items % '{n, bytes: pattern(300000, n)}'})"
    assert view.eval_js_sync(up) == [[n, each] for n, each in enumerate(wanted)]


def test_calls_hold_so_many_bytes_in_python_and_no_more() -> None:
    """The handler does not look at its first call before the others came."""
    with shown(PAGE) as view:
        go_on = threading.Event()

        @view.bind_call("api.keep")
        async def keep(data: bytes) -> int:
            await asyncio.get_running_loop().run_in_executor(None, go_on.wait, PATIENCE)
            return len(data)

        script = """window.calls = [1, 2, 3].map(() => settle(auroraview.api.keep(new Uint8Array(200 * 2 ** 20)))),
            calls[2]"""
        assert view.eval_js_sync(script, 60_000)["code"] == "BUSY"
        view.bind_call("api.small", lambda: "served")
        assert view.eval_js_sync("auroraview.api.small()") == "served"
        go_on.set()
        assert view.eval_js_sync("Promise.all(calls.slice(0, 2))") == [{"value": 200 << 20}] * 2
        assert view.eval_js_sync("settle(auroraview.api.keep(new Uint8Array(200 * 2 ** 20)))", 60_000) == {
            "value": 200 << 20
        }


def test_an_answer_that_nobody_waits_for_leaves_no_bytes() -> None:
    with shown(PAGE) as view:
        view.eval_js_sync("""auroraview.handle('late', () => new Promise(done => { window.answer = done; })), null""")
        future = view.call_async("late")
        view.eval_js_sync(
            "new Promise(done => { (function look() { window.answer ? done() : setTimeout(look, 5) })() })"
        )
        before = view.stats().dropped
        view.eval_js_sync("answer(new Uint8Array(30000000)), null")
        future.cancel()
        view.bind_call("api.len", len)
        assert view.eval_js_sync("auroraview.api.len(new Uint8Array(5))") == 5
        until("the bytes to be dropped", lambda: view.stats().dropped == before + 1)
