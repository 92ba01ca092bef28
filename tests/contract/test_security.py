"""Evil pages: what is not our script in the main frame of an allowed origin reaches nothing, counts, breaks nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import auroraview
from auroraview import WebView
from support.desktop import until
from support.site import Site, site
from support.views import Recorder, shown

pytestmark = pytest.mark.needs("javascript")

#: Tries every way into the bridge and gives what came of each.
ATTACK = """(async () => {
    const zeros = '0'.repeat(32), nonce = ' ' + zeros + ' 0\\n';
    const call = 'h 0 {}\\nq 1 {"jsonrpc":"2.0","id":1,"method":"api.run"}\\nn 0 {"jsonrpc":"2.0","method":"run"}\\n';
    const posts = [];
    const handler = (window.webkit || {messageHandlers: {}}).messageHandlers.auroraview;
    for (const text of ['', nonce + call, zeros + nonce + call, 'undefined' + nonce + call, {secret: zeros}, [call]]) {
        if (!handler) break;
        posts.push(await handler.postMessage(text).then(() => 'TAKEN', error => String(error)));
    }
    const requests = [];
    for (const [method, path] of [['POST', 'up/1'], ['GET', 'down/1']]) {
        const headers = {'x-auroraview': zeros + ' ' + zeros};
        const body = method === 'POST' ? 'x' : undefined;
        requests.push(await fetch('av://app/$/' + path, {method, headers, body}).then(
            answer => answer.status === 403 ? 'refused' : 'TAKEN ' + answer.status, () => 'blocked'));
    }
    return {bridge: typeof window.auroraview, posts, requests};
})()"""


def is_refused(outcome: dict[str, Any]) -> bool:
    posts_refused = all("refused" in post for post in outcome["posts"])
    return outcome["bridge"] == "undefined" and posts_refused and not any("TAKEN" in r for r in outcome["requests"])


def guarded(view: WebView) -> Recorder:
    """Everything that an attack could reach."""
    ran = Recorder()
    view.bind_call("api.run", ran)
    view.on("run", ran)
    return ran


def frames(evil: str) -> str:
    """Adds frames of every kind to the page, each of which attacks; gives the outcomes by name."""
    run = f"{ATTACK}.then(outcome => top.postMessage([name, outcome], '*'))"
    return f"""
        const html = {json.dumps(f"<script>{run}</script>")};
        const seen = {{}}, made = [];
        const done = new Promise(done => addEventListener('message', event => {{
            if (!Array.isArray(event.data)) return;
            seen[event.data[0]] = event.data[1];
            if (Object.keys(seen).length === made.length) done(seen);
        }}));
        const add = (name, fields, sandbox) => {{
            const frame = document.createElement('iframe');
            if (sandbox !== undefined) frame.sandbox = sandbox;
            made.push(name);
            document.body.append(Object.assign(frame, {{name}}, fields));
            return frame;
        }};
        add('same origin', {{src: '/frame.html'}});
        add('other origin', {{src: {evil!r}}});
        add('srcdoc', {{srcdoc: html}});
        add('data', {{src: 'data:text/html,' + encodeURIComponent(html)}});
        add('blob', {{src: URL.createObjectURL(new Blob([html], {{type: 'text/html'}}))}});
        add('blank', {{src: 'about:blank'}}).contentDocument.write(html);
        add('sandboxed', {{src: '/frame.html'}}, 'allow-scripts');
        add('sandboxed srcdoc', {{srcdoc: html}}, 'allow-scripts');
        add('sandboxed other origin', {{src: {evil!r}}}, 'allow-scripts allow-same-origin');
        return done"""


def test_no_frame_reaches_the_bridge(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    page = f"<script>{ATTACK}.then(outcome => top.postMessage([name, outcome], '*'))</script>"
    (tmp_path / "frame.html").write_text(page)
    with site(frame=page) as evil, shown("<body>", asset_root=tmp_path, csp="") as view:
        ran = guarded(view)
        outcomes = view.eval_js_sync(frames(evil.url("/frame")), timeout_ms=20_000)
        assert len(outcomes) == 9
        for name, outcome in outcomes.items():
            assert is_refused(outcome) and len(outcome["posts"]) == 6, (name, outcome)
        assert view.eval_js_sync("auroraview.call('api.run').then(() => 'works')") == "works"
        ran.next()
        assert ran.is_empty()
    said = [record.getMessage() for record in caplog.records]
    for reason in ["wrong secret", "not a post of the bridge"]:
        assert any(reason in line for line in said), (reason, said)


def test_the_default_policy_keeps_frames_of_others_out() -> None:
    with site(frame="<p>evil") as evil, shown("<body>") as view:
        script = """
            const frame = document.createElement('iframe');
            const over = new Promise(done => frame.onload = frame.onerror = done);
            frame.src = URL; document.body.append(frame); await over; return frame.contentDocument === null"""
        view.eval_js_sync(script.replace("URL", repr(evil.url("/frame"))))
        assert evil.asked == []


WAYS: dict[str, Callable[[Site], str]] = {
    "address": lambda to: f"location.href = {to.url('/evil')!r}",
    "redirect": lambda to: f"location.href = {to.url('/redirect')!r}",
    "form": lambda to: (
        f"""const form = Object.assign(document.createElement('form'),
        {{method: 'post', action: {to.url("/evil")!r}}}); document.body.append(form); form.submit()"""
    ),
    "meta refresh": lambda to: "location.href = '/refresh.html'",
    "window.open": lambda to: f"window.open({to.url('/evil')!r})",
    "target=_blank": lambda to: (
        f"""const link = Object.assign(document.createElement('a'),
        {{target: '_blank', href: {to.url("/evil")!r}}}); document.body.append(link); link.click()"""
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_to_another_page_takes_the_bridge_along(
    way: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    page = f"<title>evil</title><script>window.attack = {ATTACK}</script>"
    options: dict[str, Any] = {"csp": "", "new_window_mode": "navigate", "asset_root": tmp_path}
    with site(evil=page) as evil, shown("<title>home</title><body>", **options) as view:
        evil.redirects["/redirect"] = evil.url("/evil").replace("127.0.0.1", "localhost")
        refresh = f"<meta http-equiv=refresh content='0;url={evil.url('/evil')}'>"
        (tmp_path / "refresh.html").write_text(refresh)
        ran, loaded = guarded(view), Recorder()
        view.on_loaded(loaded)
        view.eval_js_sync(f"{WAYS[way](evil)}; return 0")
        while not loaded.next().endswith("/evil"):
            pass
        outcome = view.eval_js_sync("attack")
        assert is_refused(outcome) and outcome["posts"], outcome
        assert view.eval_js_sync("document.title") == "evil"
        view.eval_js("history.go(1 - history.length)")
        assert loaded.next() == "av://app/"
        assert view.eval_js_sync("auroraview.call('api.run').then(() => document.title)") == "home"
        ran.next()
        assert ran.is_empty()
    assert any("refused" in record.getMessage() for record in caplog.records)


def test_an_address_that_is_listed_is_listed_exactly() -> None:
    """The port and the host count, and a redirect ends at the origin where it ends."""
    with site(page="<title>page</title>") as listed, site(page="<title>page</title>") as other:
        listed.redirects["/away"] = other.url("/page")
        with WebView(url=listed.url("/page"), allowed_origins=[listed.origin]) as view:
            loaded = Recorder()
            view.on_loaded(loaded)
            view.show(wait=False)
            loaded.next()
            assert view.eval_js_sync("typeof auroraview") == "object"
            for url, bridge in [
                (listed.url("/away"), "undefined"),
                (listed.url("/page").replace("127.0.0.1", "localhost"), "undefined"),
                (listed.url("/page"), "object"),
            ]:
                view.load_url(url)
                loaded.next()
                assert view.eval_js_sync("typeof auroraview") == bridge, url


def test_a_strangers_page_cannot_run_our_files_as_its_scripts(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_text("window.ours = 1")
    page = """<script src="av://app/app.js"></script><script type=module src="av://app/app.js"></script>
        <title>evil</title>"""
    with site(evil=page) as evil, shown("<p>", asset_root=tmp_path) as view:
        loaded = Recorder()
        view.on_loaded(loaded)
        view.load_url(evil.url("/evil"))
        loaded.next()
        assert view.eval_js_sync("typeof ours") == "undefined"
        for mode in ["cors", "no-cors"]:
            read = f"fetch('av://app/app.js', {{mode: {mode!r}}}).then(answer => answer.text(), () => '')"
            assert view.eval_js_sync(read) == ""


OVERRIDES = """
    const define = Object.defineProperty;
    window.seen = 0; // how often anything passed through the page's own
    for (const [object, names] of [
        [JSON, ['parse', 'stringify']],
        [Object, ['keys', 'assign', 'create', 'freeze', 'entries', 'defineProperty', 'fromEntries', 'getPrototypeOf']],
        [Reflect, ['apply', 'ownKeys', 'get', 'set', 'construct', 'defineProperty']],
        [Array, ['isArray', 'from', 'of']],
        [Array.prototype, ['push', 'pop', 'shift', 'map', 'forEach', 'join', 'slice', 'indexOf', 'includes', 'filter']],
        [String.prototype, ['split', 'slice', 'indexOf', 'startsWith', 'replace', 'charCodeAt', 'trim', 'concat']],
        [Map.prototype, ['get', 'set', 'delete', 'has', 'forEach']],
        [Set.prototype, ['add', 'has', 'delete', 'forEach']],
        [WeakMap.prototype, ['get', 'set', 'has', 'delete']],
        [Promise, ['resolve', 'reject', 'all']],
        [Promise.prototype, ['catch', 'finally']],
        [Function.prototype, ['call', 'apply', 'bind']],
        [EventTarget.prototype, ['dispatchEvent', 'addEventListener', 'removeEventListener']],
        [window, ['Map', 'Set', 'Promise', 'Proxy', 'CustomEvent', 'Error', 'setTimeout', 'queueMicrotask', 'fetch',
                  'TextEncoder', 'structuredClone', 'dispatchEvent', 'AbortController']],
        [Object.getPrototypeOf(webkit.messageHandlers.auroraview), ['postMessage']],
    ]) for (const name of names) {
        const original = object[name];
        object[name] = function (...values) { seen++; throw new Error(name) };
        if (typeof original === 'function' && original.prototype) object[name].prototype = original.prototype;
    }
    for (const name of ['toJSON', 'id', 'method', 'result', 'error', 'ext', '0'])
        define(Object.prototype, name, {get() {}, set() { seen++ }});
    Array.prototype[Symbol.iterator] = function () { throw new Error('iterator') };
"""


#: An object that looks like a promise everywhere.
THENABLES = """
    window.seen = 0;
    Object.defineProperty(Object.prototype, 'then', {get() {}, set() { seen++ }});
"""


@pytest.mark.parametrize("overrides", [OVERRIDES, THENABLES], ids=["everything", "then"])
def test_a_page_that_overrides_everything_breaks_only_itself(overrides: str) -> None:
    """The bridge took what it needs before the page's first script; nothing of it passes through the page's own."""
    page = "<!doctype html><title>test</title><body>"
    with shown(page) as view:
        seen = Recorder()
        view.bind_call("api.add", lambda a, b: a + b)
        view.on("told", seen)
        view.eval_js_sync("const {call, send_event, on} = auroraview; window.kept = {call, send_event, on}; return 0")
        view.eval_js_sync("kept.on('news', news => { document.title = 'news ' + news.n })")
        # In one script, since the answer of a script passes through the page's own JSON.
        view.eval_js(
            overrides
            + """
            seen = 0;
            const sum = await kept.call('api.add', [2, 3]);
            kept.send_event('told', {sum, seen});
        """
        )
        assert seen.next() == {"sum": 5, "seen": 0}
        view.emit("news", {"n": 7})
        until("the event", lambda: view.title == "news 7")
        view.reload()
        until("the next page", lambda: view.title == "test")
        assert view.eval_js_sync("auroraview.call('api.add', [1, 1])") == 2


def test_the_secret_is_nowhere_for_the_page_to_see() -> None:
    spy = """<script>
        window.heard = [];
        const handler = webkit.messageHandlers.auroraview, prototype = Object.getPrototypeOf(handler);
        for (const object of [handler, prototype]) try {
            const own = prototype.postMessage;
            object.postMessage = function (text) { heard.push(text); return own.call(handler, text) };
        } catch {}
        for (const name of ['fetch', 'XMLHttpRequest']) window[name] = function (...all) { heard.push(all) };
        addEventListener('message', event => heard.push(event.data), true);
    </script>"""
    with shown(spy) as view:
        view.bind_call("api.add", lambda a, b: a + b)
        assert view.eval_js_sync("auroraview.call('api.add', [1, 2])") == 3
        assert view.eval_js_sync("heard") == []
        reach = """
            const texts = [], seen = new Set(), walk = (value, depth) => {
                if ((typeof value !== 'object' && typeof value !== 'function') || value === null || depth > 6) return;
                if (seen.has(value)) return; seen.add(value);
                if (typeof value === 'function') texts.push(Function.prototype.toString.call(value));
                for (const key of Reflect.ownKeys(value)) {
                    let inner; try { inner = value[key] } catch { continue }
                    if (typeof inner === 'string') texts.push(inner);
                    walk(inner, depth + 1);
                }
            };
            walk(auroraview, 0);
            return texts.some(text => /[0-9a-f]{32}/.test(text))"""
        assert view.eval_js_sync(reach) is False


def test_forged_and_replayed_messages_settle_nothing() -> None:
    with shown("<body>") as view:
        entered, gate, ran = Recorder(), auroraview_event(), guarded(view)

        @view.bind_call("api.slow")
        async def slow() -> str:
            entered("in")
            await gate.wait()
            return "python"

        view.eval_js("window.answer = 'none'; auroraview.call('api.slow').then(value => { answer = value })")
        entered.next()
        forge = """
            const handler = webkit.messageHandlers.auroraview;
            const texts = [1, 2, 3].map(id => JSON.stringify([{jsonrpc: '2.0', id, result: 'forged'}]));
            for (const text of texts) {
                for (const type of ['message', 'auroraview', 'auroraview:result', '$/hello'])
                    for (const target of [window, document])
                        target.dispatchEvent(new CustomEvent(type, {detail: JSON.parse(text)})),
                        target.dispatchEvent(new MessageEvent(type, {data: text}));
                await handler.postMessage('0 0 0\\nr 1 ' + text).catch(() => 0);
                window.postMessage(text, '*');
            }
            return answer"""
        assert view.eval_js_sync(forge) == "none"
        for name in ["$/session", "$/hello", "$/cancelRequest"]:
            with pytest.raises(auroraview.JavaScriptError):
                view.eval_js_sync(f"auroraview.send_event({name!r}, {{}})")
        gate.set()
        until("the real answer", lambda: view.eval_js_sync("answer") == "python")
        assert ran.is_empty()


def auroraview_event() -> Any:
    """An event that is set here and waited for in an async handler."""
    import asyncio
    import threading

    class Gate:
        def __init__(self) -> None:
            self._event = threading.Event()

        def set(self) -> None:
            self._event.set()

        async def wait(self) -> None:
            await asyncio.get_running_loop().run_in_executor(None, self._event.wait, 30)

    return Gate()


def test_names_of_prototypes_are_names_like_any_other() -> None:
    text = '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "toString": 1, "then": 2}'
    with shown() as view:
        seen = Recorder()
        view.bind_call("api.echo", lambda value: value)
        view.on("__proto__", seen)
        echo = f"""
            const echoed = await auroraview.call('api.echo', [JSON.parse({text!r})]);
            const plain = Object.getPrototypeOf(echoed) === Object.prototype;
            return [Object.keys(echoed), ({{}}).polluted === undefined, plain]"""
        assert view.eval_js_sync(echo) == [["__proto__", "constructor", "toString", "then"], True, True]
        view.eval_js(f"auroraview.send_event('__proto__', JSON.parse({text!r}))")
        assert seen.next() == json.loads(text)
        view.eval_js_sync("auroraview.on('constructor', value => { window.got = value }); return 0")
        view.emit("constructor", json.loads(text))
        until("the event", lambda: view.eval_js_sync("typeof got") == "object")
        assert view.eval_js_sync("({}).polluted === undefined") is True
        for name in ["api.constructor", "api.toString", "toString", "constructor.prototype"]:
            code = f"auroraview.call({name!r}).then(() => 'called', error => error.code)"
            assert view.eval_js_sync(code) == "METHOD_NOT_FOUND", name


def test_large_and_malformed_posts_change_nothing() -> None:
    with shown() as view:
        ran = guarded(view)
        post = "webkit.messageHandlers.auroraview.postMessage({}).then(() => 'TAKEN', error => String(error))"
        for text in [
            "'x'.repeat(200 << 20)",
            "'0'.repeat(32) + ' ' + '0'.repeat(32) + ' 0\\n' + 'n 0 '.repeat(1 << 20)",
            "'\\0'.repeat(99)",
            "'a\\0b \\0\\n\\0'",
            "'\\ud800'",
            "'\\n'.repeat(1 << 20)",
            "new Uint8Array(9)",
            "{a: 1}",
            "undefined",
        ]:
            assert "refused" in view.eval_js_sync(post.format(text), timeout_ms=30_000), text
        assert view.eval_js_sync("auroraview.call('api.run', [], {}).then(() => 'works')") == "works"
        ran.next()
        assert ran.is_empty()


def test_large_names_and_data_are_bounded() -> None:
    with shown() as view:
        seen = Recorder()
        view.on("ok", seen)
        view.eval_js("auroraview.send_event('x'.repeat(1 << 20), {}); auroraview.send_event('ok', {n: 1})")
        assert seen.next() == {"n": 1}
        too_large = "auroraview.call('x'.repeat(17 << 20)).then(() => 'called', error => error.code)"
        assert view.eval_js_sync(too_large, timeout_ms=30_000) in ("TOO_LARGE", "INVALID_ARGUMENTS")
        assert view.eval_js_sync("1 + 1") == 2


def test_a_page_that_keeps_being_refused_loses_its_bridge(caplog: pytest.LogCaptureFixture) -> None:
    with shown() as view:
        ran = guarded(view)
        flood = """
            const handler = webkit.messageHandlers.auroraview;
            const posts = Array.from({length: 300}, (_, n) => handler.postMessage('guess ' + n).catch(String));
            return (await Promise.all(posts)).pop()"""
        assert "CUT" in view.eval_js_sync(flood)
        call = "auroraview.call('api.run').then(() => 'called', error => error.code)"
        assert view.eval_js_sync(call) != "called"
        assert ran.is_empty()
        assert view.eval_js_sync("1 + 1") == 2, "scripts of the host run on"
        loaded = Recorder()
        view.on_loaded(loaded)
        view.reload()
        loaded.next()
        assert view.eval_js_sync(call) == "called"
    cuts = [record for record in caplog.records if "CUT" in record.getMessage()]
    assert len(cuts) == 1
    assert len([record for record in caplog.records if "refused" in record.getMessage()]) <= 10


WORDS = ["中文 名", "日本語", "한국어", "😀🏳️‍🌈", "é", "‮rtl", "a'b\"c\\`${d}", "</script>", "\u2028\u2029", "{0} %s"]


@pytest.mark.parametrize("word", WORDS)
def test_any_text_is_only_text(word: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    quoted = json.dumps(word).replace("</", "<\\/")
    (tmp_path / "页").mkdir()
    name = word.replace("/", "_").replace("\\", "_")
    (tmp_path / "页" / f"{name}.html").write_text(f"<!doctype html><title>{len(word)}</title>", encoding="utf-8")
    with shown(f"<meta charset=utf-8><script>document.title = {quoted}</script>") as view:
        seen, page = Recorder(), Recorder()
        assert view.eval_js_sync("document.title").strip() == word.strip()
        view.on(word, seen)
        view.bind_call("api.fail", lambda: (_ for _ in ()).throw(ValueError(word)))
        view.bind_call("api.echo", lambda value: value)
        view.on("page", page)
        assert view.eval_js_sync(f"auroraview.call('api.echo', [{quoted}])") == word
        view.eval_js(f"auroraview.send_event({quoted}, {{text: {quoted}}})")
        assert seen.next() == {"text": word}
        view.eval_js_sync(f"auroraview.on({quoted}, told => auroraview.send_event('page', told)); return 0")
        view.emit(word, {"text": word})
        assert page.next() == {"text": word}
        assert word in view.eval_js_sync("auroraview.call('api.fail').then(() => '', error => error.message)")
        with pytest.raises(auroraview.JavaScriptError) as raised:
            view.eval_js_sync(f"throw new Error({quoted})")
        assert word in str(raised.value)
        loaded = Recorder()
        view.on_loaded(loaded)
        view.load_file(tmp_path / "页" / f"{name}.html")
        loaded.next()
        assert view.eval_js_sync("document.title") == str(len(word))
        view.eval_js(f"location.search = '?q=' + encodeURIComponent({quoted})")
        loaded.next()
        assert view.eval_js_sync("new URLSearchParams(location.search).get('q')") == word


def test_half_a_character_is_answered() -> None:
    """A lone surrogate, which UTF-8 cannot hold: an answer or an error, never silence."""
    with shown() as view:
        view.bind_call("api.echo", lambda value: value)
        half = (
            "auroraview.call('api.echo', ['a\\ud800b']).then(value => ['value', value], error => ['error', error.code])"
        )
        kind, what = view.eval_js_sync(half)
        assert kind == "error" or what in ("a\ufffdb", "a\ud800b"), (kind, what)
        assert view.eval_js_sync("auroraview.call('api.echo', [1])") == 1
