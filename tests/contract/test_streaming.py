"""Text that comes in pieces (seed 002 phase 5): the page gets whole characters, and puts the text together."""

from __future__ import annotations

import random

import pytest

from auroraview import Encoding, QueueFull, ShutdownInProgressError, StreamingEmitter, WebView
from support.views import Recorder, contract, shown

pytestmark = pytest.mark.needs("javascript")

TEXTS = {
    "plain": "Hello, world.\n",
    "CJK": "你好，世界。名前は日本語、한국어도 있습니다。",
    "emoji": "🎈🎉👍🏽",
    "joined": "👩‍👩‍👧‍👦 🏳️‍🌈 👨🏿‍🚀",
    "combining": "é ñ ạ̈ र्‍क",
    "edges": "\x00\x7f\x80\u07ff\u0800\uffff\ufffd\U00010000\U0010ffff",
    "mixed": "a你🎈b\u2028</script>\"'\\",
}
EVENT = "agui:text_message_content"


def receive(view: WebView, event: str = EVENT) -> None:
    """The page puts the deltas of each message together, and keeps whether one of them was half a character."""
    view.eval_js_sync(f"""
        window.texts = {{}}; window.broken = 0; window.deltas = 0;
        auroraview.on({event!r}, ({{message_id, delta}}) => {{
            texts[message_id] = (texts[message_id] ?? '') + delta;
            deltas++;
            if (!delta.isWellFormed?.() && /^[\\uDC00-\\uDFFF]|[\\uD800-\\uDBFF]$/.test(delta)) broken++;
        }}); 0""")


def pieces(raw: bytes, random: random.Random) -> list[bytes]:
    """The bytes, cut anywhere; some pieces are empty."""
    cuts = sorted(random.randint(0, len(raw)) for _ in range(random.randint(0, len(raw))))
    return [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)])]


@contract()
def test_the_page_puts_together_what_was_cut_anywhere(view: WebView) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    receive(view)
    expected = {}
    for name, text in TEXTS.items():
        for n in range(6):
            emitter = StreamingEmitter(view, f"{name} {n}")
            for piece in pieces(text.encode(), chance):
                emitter.emit_text_delta(piece)
            emitter.flush()
            assert emitter.replaced == 0
            expected[f"{name} {n}"] = text
    assert view.eval_js_sync("texts") == expected, f"seed {seed}"
    assert view.eval_js_sync("broken") == 0, f"seed {seed}"


@contract()
def test_byte_by_byte_each_character_is_one_delta(view: WebView) -> None:
    receive(view)
    emitter = StreamingEmitter(view, "m")
    for byte in "a你🎈".encode():
        emitter.emit_text_delta(bytes([byte]))
    assert view.eval_js_sync("[texts.m, deltas]") == ["a你🎈", 3]


def test_invalid_bytes_are_replaced_once_a_run_and_reported_once_a_message(caplog: pytest.LogCaptureFixture) -> None:
    cases = {
        b"a\xffb": ("a\ufffdb", 1),
        b"\xe4\xbd": ("\ufffd", 1),  # the end never came
        b"\xf0\x9f\x8e x": ("\ufffd x", 1),
        b"\xc0\x80": ("\ufffd\ufffd", 2),
        b"\xed\xa0\x80": ("\ufffd\ufffd\ufffd", 3),  # a surrogate
        "好".encode()[:2] + "好".encode(): ("\ufffd好", 1),
        b"ok": ("ok", 0),
    }
    with shown() as view:
        receive(view)
        for n, (raw, (text, replaced)) in enumerate(cases.items()):
            for cut in range(len(raw) + 1):
                emitter = StreamingEmitter(view, f"{n} {cut}")
                caplog.clear()
                emitter.emit_text_delta(raw[:cut])
                emitter.emit_text_delta(raw[cut:])
                emitter.flush()
                emitter.flush()  # nothing is left
                assert emitter.replaced == replaced, (raw, cut)
                assert [record.levelname for record in caplog.records] == ["WARNING"] * bool(replaced)
                assert not replaced or f"'{n} {cut}'" in caplog.text
                assert view.eval_js_sync(f"texts['{n} {cut}']") == text == raw.decode(errors="replace"), (raw, cut)


def test_strict_raises_after_it_sent_what_can_be_read() -> None:
    with shown() as view:
        receive(view)
        emitter = StreamingEmitter(view, "s", errors="strict")
        emitter.emit_text_delta(b"good ")
        with pytest.raises(Encoding, match=r"'s'.*\(1 places\)"):
            emitter.emit_text_delta(b"bad\xff ")
        emitter.emit_text_delta("好".encode()[:2])
        with pytest.raises(Encoding):
            emitter.flush()
        emitter.emit_text_delta(b"again")  # the emitter goes on
        assert view.eval_js_sync("texts.s") == "good bad\ufffd \ufffdagain"


@contract()
def test_another_event_and_no_id(view: WebView) -> None:
    receive(view, "token")
    emitter = StreamingEmitter(view, event="token")
    emitter.emit_text_delta(bytearray("名前".encode()))
    emitter.emit_text_delta(memoryview(b"!"))
    assert view.eval_js_sync("texts") == {"null": "名前!"}


@contract()
def test_two_messages_at_once_do_not_mix(view: WebView) -> None:
    receive(view)
    one, two = StreamingEmitter(view, "1"), StreamingEmitter(view, "2")
    for a, b in zip("你好世界".encode(), "🎈🎉👍".encode()):
        one.emit_text_delta(bytes([a]))
        two.emit_text_delta(bytes([b]))
    assert view.eval_js_sync("texts") == {"1": "你好世界", "2": "🎈🎉👍"}


def test_a_view_that_takes_nothing_more_says_so() -> None:
    with WebView() as view:
        emitter = StreamingEmitter(view, "m")
        with pytest.raises(QueueFull):
            for _ in range(6):
                emitter.emit_text_delta(b"x" * (15 << 20))
    with pytest.raises(ShutdownInProgressError):
        emitter.emit_text_delta(b"x")
    with pytest.raises(ValueError, match="'replace' or 'strict'"):
        StreamingEmitter(view, errors="ignore")


def test_a_handler_may_stream_the_answer_to_its_own_call() -> None:
    with shown() as view:
        receive(view)
        deltas = Recorder()

        @view.bind_call("api.ask")
        def ask(question: str) -> int:
            emitter = StreamingEmitter(view, "answer")
            raw = f"{question}? 是的 🎈".encode()
            for byte in raw:
                emitter.emit_text_delta(bytes([byte]))
                deltas(byte)
            return len(raw)

        count = view.eval_js_sync("auroraview.api.ask('真的')")
        assert view.eval_js_sync("texts.answer") == "真的? 是的 🎈"
        assert len(deltas.take(count)) == count
