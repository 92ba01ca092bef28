"""The view's own address: types, parts, what is known already, single-page apps, large files, policies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auroraview import WebView
from support.processes import family, of_name
from support.views import Recorder, shown

pytestmark = pytest.mark.needs("javascript")

START = "<!doctype html><title>start</title><script src=/app.js></script>"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text(START)
    (tmp_path / "app.js").write_text("window.ran = location.pathname")
    (tmp_path / "word.mjs").write_text("export const word = '模块'")
    (tmp_path / "digits.bin").write_bytes(b"0123456789")
    # The smallest module: eight bytes.
    (tmp_path / "empty.wasm").write_bytes(b"\0asm\x01\0\0\0")
    return tmp_path


@pytest.fixture
def view(site: Path) -> Iterator[WebView]:
    with shown("<!doctype html><title>test</title>", asset_root=site) as view:
        yield view


def get(view: WebView, path: str, **init: Any) -> Any:
    """Status, chosen headers and text of a fetch."""
    script = f"""const answer = await fetch({path!r}, {init!r});
        const headers = Object.fromEntries(answer.headers);
        return [answer.status, headers, await answer.text()]"""
    return view.eval_js_sync(script)


def test_a_part_is_a_part(view: WebView) -> None:
    status, headers, text = get(view, "/digits.bin", headers={"range": "bytes=2-4"})
    assert (status, text, headers["content-range"]) == (206, "234", "bytes 2-4/10")
    assert headers["accept-ranges"] == "bytes"
    assert get(view, "/digits.bin", headers={"range": "bytes=-3"})[2] == "789"
    status, headers, _ = get(view, "/digits.bin", headers={"range": "bytes=10-"})
    assert (status, headers["content-range"]) == (416, "bytes */10")
    assert get(view, "/digits.bin", headers={"range": "bytes=0-1", "if-range": '"other"'})[0] == 200


def test_what_is_known_is_not_sent_again(view: WebView, site: Path) -> None:
    _, headers, text = get(view, "/digits.bin")
    assert text == "0123456789" and headers["last-modified"]
    known = {"headers": {"if-none-match": headers["etag"]}}
    assert get(view, "/digits.bin", **known)[::2] == [304, ""]
    (site / "digits.bin").write_bytes(b"changed")
    assert get(view, "/digits.bin", **known)[::2] == [200, "changed"]


def test_head_says_what_get_would(view: WebView) -> None:
    status, headers, text = get(view, "/digits.bin", method="HEAD")
    assert (status, text, headers["content-length"]) == (200, "", "10")


def test_modules_and_wasm_run(view: WebView) -> None:
    assert view.eval_js_sync("(await import(location.origin + '/word.mjs')).word") == "模块"
    script = "WebAssembly.instantiateStreaming(fetch('/empty.wasm')).then(made => typeof made.instance)"
    assert view.eval_js_sync(script) == "object"


@pytest.mark.parametrize(
    "body",
    [
        "'text'",
        "new Uint8Array(9)",
        "new Blob(['x'])",
        "new File(['x'], 'x')",
        "new URLSearchParams({a: 1})",
        "(() => { const form = new FormData(); form.append('file', new Blob(['x']), 'x'); return form })()",
    ],
)
def test_no_body_hurts(view: WebView, body: str) -> None:
    """Touching a body with a Blob crashes WebKitGTK 2.50: nothing touches one unasked, wherever it comes from."""
    post = f"fetch(path, {{method: 'POST', body: {body}}}).then(answer => answer.status)"
    assert view.eval_js_sync(f"const path = '/digits.bin'; return {post}") == 405
    assert view.eval_js_sync(f"const path = '/$/up/1'; return {post}") == 403
    frame = (
        f"<script>for (const path of ['/x', '/$/up/1']) {post}.then(status => parent.postMessage(status, '*'))</script>"
    )
    script = """const seen = [];
        const frame = document.createElement('iframe');
        const done = new Promise(done => onmessage = event => seen.push(event.data) === 2 && done(seen.sort()));
        frame.srcdoc = HTML; document.body.append(frame); return done"""
    assert view.eval_js_sync(script.replace("HTML", repr(frame).replace("</", "<\\/"))) == [403, 405]
    assert view.eval_js_sync("1 + 1") == 2


def peak_kib() -> int:
    """The most memory that the UI process ever held."""
    (pid,) = of_name(family(os.getpid()), "auroraview-ui")
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def test_a_large_file_is_streamed(view: WebView, site: Path) -> None:
    """Not larger than a page can hold: the engine reads ahead for it, however slowly the page takes what comes."""
    with (site / "large.bin").open("wb") as file:
        file.truncate(256 << 20)
    before = peak_kib()
    script = """
        const answer = await fetch('/large.bin'), reader = answer.body.getReader();
        let count = 0;
        while (count < 64 << 20) count += (await reader.read()).value.length;
        const other = await (await fetch('/digits.bin')).text();
        await reader.cancel();
        return [answer.headers.get('content-length'), other];
    """
    assert view.eval_js_sync(script, timeout_ms=60_000) == [str(256 << 20), "0123456789"]
    assert peak_kib() - before < 64 << 10


def test_the_length_of_a_file_has_more_than_32_bits(view: WebView, site: Path) -> None:
    length = 5 << 30
    with (site / "large.bin").open("wb") as file:
        file.truncate(length)
    end = {"range": f"bytes={length - 2}-"}
    status, headers, text = get(view, "/large.bin", headers=end)
    assert (status, headers["content-range"], text) == (206, f"bytes {length - 2}-{length - 1}/{length}", "\0\0")


def test_a_single_page_app_starts_wherever_it_is_asked_for(site: Path) -> None:
    with WebView(asset_root=site, spa_fallback=True) as view:
        loaded = Recorder()
        view.on_loaded(loaded)
        view.load_file(site / "index.html")
        view.show(wait=False)
        loaded.next()
        view.eval_js("location.href = '/users/7'")
        loaded.next()
        assert view.eval_js_sync("[document.title, ran]") == ["start", "/users/7"]
        assert get(view, "/missing.js")[0] == 404
        assert get(view, "/users/7")[0] == 404, "who fetches does not navigate"
        view.eval_js("location.href = '/missing.html'")
        loaded.next()
        assert view.eval_js_sync("document.body.innerText") == "no such file"


def test_documents_have_a_policy_that_keeps_strangers_out(site: Path) -> None:
    page = "<!doctype html><script>window.inline = 1</script><p style='color: red'>"
    with shown(page, asset_root=site) as view:
        assert view.eval_js_sync("[inline, getComputedStyle(document.querySelector('p')).color]") == [
            1,
            "rgb(255, 0, 0)",
        ]
        policy = get(view, "/index.html")[1]["content-security-policy"]
        assert "object-src 'none'" in policy and "base-uri 'self'" in policy
        script = """
            const told = new Promise(done => addEventListener('securitypolicyviolation', event => done(
                [event.effectiveDirective, event.blockedURI])));
            %s; return told"""
        remote = "http://127.0.0.1:1"
        for act, directive in [
            (
                f"document.head.append(Object.assign(document.createElement('script'), {{src: '{remote}/x.js'}}))",
                "script-src-elem",
            ),
            (f"fetch('{remote}/x').catch(() => 0)", "connect-src"),
            (f"new Image().src = '{remote}/x.png'", "img-src"),
            ("try { eval('1') } catch { }", "script-src"),
        ]:
            told = view.eval_js_sync(script % act)
            assert told[0] == directive, (act, told)
        assert view.eval_js_sync("typeof auroraview.call") == "function"


@pytest.mark.parametrize("csp", ["default-src 'none'", "default-src 'none'; sandbox allow-scripts", ""])
def test_scripts_of_the_host_run_under_any_policy(site: Path, csp: str) -> None:
    with shown("<title>x</title><script>window.inline = 1</script>", asset_root=site, csp=csp) as view:
        assert view.eval_js_sync("typeof inline") == ("number" if csp == "" else "undefined")
        assert view.eval_js_sync("1 + 1") == 2
        assert view.eval_js_sync("const a = await Promise.resolve(3); return a") == 3
        if "sandbox" not in csp:
            assert view.eval_js_sync("auroraview.isReady()") is True


def test_options_are_checked() -> None:
    for bad in [{"csp": "a\nb"}, {"csp": "ä"}, {"new_window_mode": "popup"}]:
        with pytest.raises(ValueError):
            WebView(**bad)  # type: ignore[arg-type]
