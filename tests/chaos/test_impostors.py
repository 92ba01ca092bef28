"""Programs that are no UI process in the place of one: each is found out, said in words, and leaves nothing behind."""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest

import auroraview
from auroraview import RestartPolicy, UiProcessError, WebView, _process
from support import processes
from support.chaos import Chaos
from support.desktop import PATIENCE, until
from support.views import Recorder

#: What every impostor can do: fd 0 is the link.
COMMON = """
import json, os, signal, struct, sys
def send(data):
    while data:
        data = data[os.write(0, data):]
def frame(header, body, total=None, header_length=None, body_length=None):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    number = lambda given, real: struct.pack("<I", real if given is None else given)
    send(number(total, len(header) + len(body) + 8) + number(header_length, len(header)) + header
         + number(body_length, len(body)) + body)
def hello(version={version!r}, schema=1):
    frame({{"view": 0, "kind": "notify"}}, {{"jsonrpc": "2.0", "method": "hello", "params":
          {{"version": version, "schema_version": schema, "pid": os.getpid(), "engine": "none"}}}})
def read(count):
    data = b""
    while len(data) < count:
        data += os.read(0, count - len(data))
    return data
def first_view():
    (total,) = struct.unpack("<I", read(4))
    data = read(total)
    return json.loads(data[4:4 + struct.unpack("<I", data[:4])[0]])["view"]
def to_view(body, **header):
    frame({{"view": first_view(), "kind": "notify", **header}}, body)
"""


class Impostor(NamedTuple):
    program: str
    #: What the error says.
    words: str


IMPOSTORS = {
    "garbage": Impostor("send(os.urandom(3) + b'\\xff' * 100); signal.pause()", "over the limit.*an auroraview-ui"),
    "total length of 4 GiB": Impostor("send(b'\\xff' * 4); signal.pause()", "total length over the limit"),
    "header length of 4 GiB": Impostor("frame(b'{}', b'{}', header_length=2**32 - 1); signal.pause()", "header length"),
    "header over 4 KiB": Impostor("frame(b' ' * 5000, b'{}'); signal.pause()", "header length over the limit"),
    "body length that does not fit": Impostor(
        "frame({'view': 0}, b'{}', body_length=1); signal.pause()", "body length"
    ),
    "header that is no JSON": Impostor("frame(b'[1', b'{}'); signal.pause()", "auroraview-ui"),
    "header without a kind": Impostor("frame({'view': 0}, b'{}'); signal.pause()", "missing field `kind`"),
    "half a frame, then the end": Impostor("send(struct.pack('<II', 1000, 20) + b'half')", "exited with code 0"),
    "half a frame, then closes": Impostor(
        "send(b'\\x10'); os.close(0); signal.pause()", "closed the link without ending"
    ),
    "closes at once": Impostor("os.close(0); signal.pause()", "closed the link without ending"),
    "ends at once": Impostor("", "exited with code 0"),
    "ends with a code": Impostor("sys.exit(7)", "exited with code 7"),
    "is killed": Impostor("os.kill(os.getpid(), 9)", "ended by signal 9"),
    "another version": Impostor("hello('9.9.9'); signal.pause()", r"it is version 9\.9\.9"),
    "another schema": Impostor("hello(schema=99); signal.pause()", "version"),
    "cannot work here": Impostor(
        "frame({'view': 0, 'kind': 'notify'}, {'method': 'unusable', 'params': {'message': 'no paper'}})", "no paper"
    ),
    "floods its log, then ends": Impostor(
        "os.set_blocking(2, True); [os.write(2, b'flood %d\\n' % n) for n in range(20000)]; sys.exit(4)",
        r"(?s)exited with code 4.*last words.*flood 19999",
    ),
    "one log line of 1 MB": Impostor("os.set_blocking(2, True); os.write(2, b'x' * 1000000 + b'\\n')", "code 0"),
    "hello, then garbage": Impostor("hello(); send(b'\\xff' * 64); signal.pause()", "total length over the limit"),
    "hello, then half a frame": Impostor("hello(); send(struct.pack('<II', 1000, 20) + b'half')", "exited with code 0"),
    "answers nobody asked for": Impostor(
        "hello(); v = first_view()\n"
        "for n in range(1000): frame({'view': v, 'kind': 'response', 'id': n}, {'result': 1})\n"
        "for n in range(1000): frame({'view': v + n + 1, 'kind': 'response', 'id': n}, {'result': 1})\nsys.exit(5)",
        "exited with code 5",
    ),
    "events that are no JSON": Impostor("hello(); to_view(b'{{{', doc=1); sys.exit(6)", "exited with code 6"),
    "a notice of a later version": Impostor(
        "hello(); to_view({'method': 'view/later', 'params': {}}); sys.exit(6)", "exited with code 6"
    ),
}
#: Of the right version, and yet nonsense.
NONSENSE = {
    "events that are no text": Impostor("hello(); to_view(b'\\xff\\xfe', doc=1); sys.exit(6)", "exited with code 6"),
    "a notice that is no JSON": Impostor("hello(); to_view(b'{{{'); sys.exit(6)", "exited with code 6"),
    "a notice without its parameters": Impostor(
        "hello(); to_view({'method': 'view/created', 'params': {}}); sys.exit(6)", "makes no sense|exited with code 6"
    ),
}
#: Found out by the deadline of the first frame, 20 s.
SILENT = {
    "says nothing": Impostor("signal.pause()", "did not answer in time"),
    "half a frame, then nothing": Impostor(
        "send(struct.pack('<II', 1000, 20) + b'half'); signal.pause()", "did not answer"
    ),
    "only logs, for ever": Impostor(
        "os.set_blocking(2, True)\nwhile True: os.write(2, b'busy\\n')", "did not answer in time"
    ),
}


def install(folder: Path, name: str, impostor: Impostor) -> Path:
    path = folder / name.replace(" ", "-")
    common = COMMON.format(version=auroraview.__version__)
    path.write_text(f"#!{sys.executable} -ES\n{common}\n{impostor.program}\n")
    path.chmod(0o755)
    return path


def verdicts(cases: dict[str, Impostor], monkeypatch: pytest.MonkeyPatch, folder: Path) -> tuple[list[float], str]:
    """Shows a view for each, all at once. Returns how long it took to find each out, and what went wrong."""
    views: dict[str, tuple[WebView, Recorder]] = {}
    took: list[float] = []
    for name, impostor in cases.items():
        monkeypatch.setattr(_process, "_links", {})
        monkeypatch.setenv("AURORAVIEW_UI", str(install(folder, name, impostor)))
        view, closed = WebView(name, html="<p>", recovery=RestartPolicy(restarts=0)), Recorder()
        view.on_closed(closed)
        begun = time.monotonic()
        view.on_closed(lambda reason, begun=begun: took.append(time.monotonic() - begun))
        views[name] = (view, closed)
        view.show(wait=False)
    wrong = {}
    for name, (view, closed) in views.items():
        verdict = "not found out"
        try:
            if view.wait(2 * PATIENCE):
                verdict = "closed without an error"
        except UiProcessError as error:
            verdict = str(error)
        if not re.search(cases[name].words, verdict):
            wrong[name] = verdict
        elif closed.take(1) != ["error"] or not closed.is_empty():
            wrong[name] = "on_closed was not called once"
    monkeypatch.undo()
    return took, json.dumps(wrong, indent=2) if wrong else ""


def test_c2_impostors(chaos: Chaos, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cases = {**IMPOSTORS, **(SILENT if chaos.long else {})}
    shuffled = {name: cases[name] for name in chaos.random.sample(list(cases), len(cases))}
    verdicts({"garbage": IMPOSTORS["garbage"]}, monkeypatch, tmp_path)  # what the first wait of a thread opens stays
    before = processes.descriptors()
    took, wrong = verdicts(shuffled, monkeypatch, tmp_path)
    assert not wrong, wrong
    until("the descriptors", lambda: gc.collect() >= 0 and processes.descriptors() <= before)
    until("the end of zombies", lambda: not processes.zombies())
    chaos.report("C2", verdicts=f"{len(took)}/{len(cases)}", found_out_after=took)


def test_c2_nonsense_of_the_right_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda failure: None)
    _, wrong = verdicts(NONSENSE, monkeypatch, tmp_path)
    assert not wrong, wrong


def test_c2_the_next_view_has_a_real_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(_process, "_links", {})
        patch.setenv("AURORAVIEW_UI", str(install(tmp_path, "ends", Impostor("sys.exit(1)", ""))))
        with pytest.raises(UiProcessError):
            WebView(html="<p>").show()
    assert os.environ.get("AURORAVIEW_UI") is None
    with WebView(html="<p>") as view:
        view.show(wait=False)
        assert view.eval_js_sync("1") == 1
