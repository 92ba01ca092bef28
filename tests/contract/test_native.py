"""``auroraview.native`` on the real engine: refused unless granted, by origin, and what is granted works."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from auroraview import NotShownError, PageGoneError, Powers, ShutdownInProgressError, WebView
from support.desktop import PATIENCE, Desktop, until
from support.matrix import Server
from support.processes import family
from support.views import Recorder, shown

pytestmark = pytest.mark.needs("javascript")

CALLS = {
    "open_url": ["openUrl('https://example.com')", "openUrl('file:///etc/passwd')"],
    "dialogs": ["openFile({})", "saveFile({})", "openFolder({})", "message('x')", "confirm('x')"],
    "read": ["readFile('/etc/passwd')", "stat('/etc/passwd')", "list('/etc')"],
    "write": ["writeFile('/tmp/x', 'x')"],
    "run": ["run('sh', ['-c', 'id'])"],
}


def outcome(view: WebView, call: str) -> Any:
    """The value of a native call, or the code of its error."""
    return view.eval_js_sync(
        f"auroraview.native.{call}.catch(error => error.code + ': ' + error.message)", 1000 * PATIENCE
    )


def test_everything_is_refused_by_default_and_says_what_would_grant_it() -> None:
    with shown() as view:
        for power, calls in CALLS.items():
            for call in calls:
                refusal = outcome(view, call)
                assert refusal.startswith("PERMISSION_DENIED: the page may not") and f"Powers({power}=" in refusal, call
        assert outcome(view, "none()").startswith("METHOD_NOT_FOUND")
        with pytest.raises(ValueError, match="something else"):
            view.bind_call("native.openUrl", print)


def test_powers_belong_to_an_origin(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("text")
    read = f"readFile({json.dumps(str(file))})"
    with (
        Server.running() as server,
        shown(powers=Powers(read=(str(tmp_path),)), allowed_origins=[server.origin]) as view,
    ):
        loaded = Recorder()
        view.on_loaded(loaded)
        assert outcome(view, read) == "text"
        view.load_url(f"{server.origin}/")
        loaded.next()
        assert outcome(view, read).startswith("PERMISSION_DENIED")
        view.load_html("<p>")
        loaded.next()
        assert outcome(view, read) == "text"
    with Server.running() as server:
        powers = {server.origin: Powers(read=(str(tmp_path),))}
        with shown(powers=powers, allowed_origins=[server.origin]) as view:
            loaded = Recorder()
            view.on_loaded(loaded)
            assert outcome(view, read).startswith("PERMISSION_DENIED")
            view.load_url(f"{server.origin}/")
            loaded.next()
            assert outcome(view, read) == "text"


def test_a_handler_that_waits_while_the_page_reloads_serves_the_new_page_with_its_powers(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    read = f"auroraview.native.readFile({json.dumps(str(tmp_path / 'a.txt'))})"
    with shown(powers=Powers(read=(str(tmp_path),))) as view:
        told = Recorder()

        @view.on("go")
        def go(data: Any) -> None:
            view.load_html("<script>window.fresh = true</script>")
            text = None
            while text is None:  # until the new page is there; the old one may still run a script, or leave during it
                with suppress(PageGoneError):
                    text = view.eval_js_sync(f"window.fresh ? {read} : null")
            told(text)

        view.eval_js("auroraview.send_event('go')")
        assert told.next() == "text"


def test_files_of_the_scope(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "a.txt").write_text("ä€")
    (tmp_path / "latin").write_bytes(b"\xe4")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "out").symlink_to("/etc/passwd")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(9 << 20)
    at = lambda name: json.dumps(str(tmp_path / name))  # noqa: E731
    with shown(powers=Powers(read=(str(tmp_path),), write=(str(tmp_path / "in"),))) as view:
        assert outcome(view, f"readFile({at('a.txt')})") == "ä€"
        assert outcome(view, f"readFile({at('latin')}, {{encoding: 'latin-1'}})") == "ä"
        assert outcome(view, f"readFile({at('latin')}, {{encoding: 'bytes'}}).then(data => [...data])") == [0xE4]
        assert outcome(view, f"writeFile({at('in/bytes')}, new Uint8Array([1, 255]))") is None
        assert (tmp_path / "in/bytes").read_bytes() == b"\x01\xff"
        assert outcome(view, f"readFile({at('latin')})").startswith("INVALID_DATA")
        assert outcome(view, f"readFile({at('large')})").startswith("TOO_LARGE")
        assert outcome(view, f"readFile({at('none')})").startswith("NOT_FOUND")
        assert outcome(view, f"readFile({at('.hidden')})").startswith("PERMISSION_DENIED")
        assert outcome(view, f"readFile({at('out')})").startswith("PERMISSION_DENIED")
        assert outcome(view, f"readFile({at('a.txt')}, {{encoding: 'rot13'}})").startswith("INVALID_ARGUMENTS")
        names = [each["name"] for each in outcome(view, f"list({json.dumps(str(tmp_path))})")]
        assert names == ["a.txt", "in", "large", "latin", "out"]
        found = outcome(view, f"stat({at('a.txt')})")
        assert (found["type"], found["size"]) == ("file", 5)
        assert found["modified"] == (tmp_path / "a.txt").stat().st_mtime_ns // 1_000_000
        assert outcome(view, f"writeFile({at('in/b.txt')}, 'ü')") is None
        assert (tmp_path / "in/b.txt").read_text() == "ü"
        assert outcome(view, f"writeFile({at('a.txt')}, 'x')").startswith("PERMISSION_DENIED")
        assert outcome(view, f"writeFile({at('in/c')}, 5)").startswith("INVALID_ARGUMENTS")


def test_an_address_goes_to_the_desktop_without_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opener, told = tmp_path / "xdg-open", tmp_path / "told"
    lines = [
        f"#!{sys.executable}",
        "import os, sys",
        "inherited = [os.path.realpath(f'/proc/self/fd/{n}') for n in range(3, 256)]",
        f"open({str(told) + '.new'!r}, 'w').write(repr((sys.argv[1:], inherited)))",
        f"os.rename({str(told) + '.new'!r}, {str(told)!r})",
    ]
    opener.write_text("\n".join(lines))
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    url = "https://example.com/?a=$(id)&b=%22;'x'"
    with shown(powers=Powers(open_url=("https",))) as view:
        assert outcome(view, f"openUrl({json.dumps(url)})") is None
        arguments, descriptors = eval(until("the opener", lambda: told.exists() and told.read_text()))  # noqa: S307
        assert arguments == [url]
        assert {path for path in descriptors if not path.startswith("/proc/")} <= {str(opener), str(told) + ".new"}
        assert outcome(view, "openUrl('http://example.com')").startswith("PERMISSION_DENIED")


def test_programs_that_were_named(tmp_path: Path) -> None:
    python = sys.executable
    run = {
        "say": (
            python,
            "-c",
            "import sys; print(sys.argv[1:]); sys.stderr.write('e'); sys.exit(3)",
            re.compile(r"\w+"),
        ),
        "flood": (python, "-c", "while True: print('x' * (1 << 16))"),
        "wait": (python, "-c", "import signal; signal.pause()"),
    }
    with shown(powers=Powers(run=run)) as view:
        assert outcome(view, "run('say', ['abc', 'd1'])") == {"code": 3, "stdout": "['abc', 'd1']\n", "stderr": "e"}
        assert outcome(view, "run('say', ['a b'])").startswith("PERMISSION_DENIED")
        assert outcome(view, "run('sh', [])").startswith("PERMISSION_DENIED")
        assert outcome(view, "run('flood')").startswith("TOO_LARGE")
        before = family(os.getpid())
        view.eval_js("window.abort = new AbortController(); "
                     "auroraview.call('native.run', ['wait'], {signal: abort.signal}).catch(() => 0)")  # fmt: skip
        child = until("the program", lambda: next(iter(family(os.getpid()) - before), None))
        view.eval_js("abort.abort()")
        until("its end", lambda: child not in family(os.getpid()))
        view.eval_js("auroraview.native.run('wait').catch(() => 0)")
        child = until("the program", lambda: next(iter(family(os.getpid()) - before), None))
    until("its end with the view", lambda: child not in family(os.getpid()))


# ---- dialogs, by a user at the keyboard ----


def keyboard(desktop: Desktop, title: str, *keys: str) -> None:
    window = until(f"the dialog {title}", lambda: desktop.window(title))
    desktop.tool("windowfocus", "--sync", window)
    desktop.tool("key", *keys)


def choose(desktop: Desktop, title: str, path: str) -> None:
    """Types a path into a file dialog."""
    window = until(f"the dialog {title}", lambda: desktop.window(title))
    desktop.tool("windowfocus", "--sync", window)
    desktop.tool("key", "ctrl+a")
    desktop.type(path)
    desktop.tool("key", "Return")


def test_python_asks_the_user(desktop: Desktop, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("x")
    with WebView() as unshown:
        with pytest.raises(NotShownError):
            unshown.dialogs.message("x")
    with shown() as view:
        answer = view.dialogs.confirm("Delete it?", title="Sure")
        keyboard(desktop, "Sure", "Return")
        assert answer.result(PATIENCE) is True
        answer = view.dialogs.confirm("Delete it?", title="Surely")
        assert view.eval_js_sync("1 + 1") == 2  # the page goes on
        keyboard(desktop, "Surely", "Escape")
        assert answer.result(PATIENCE) is False
        said = view.dialogs.message("Done.", title="Said")
        keyboard(desktop, "Said", "Return")
        assert said.result(PATIENCE) is None
        chosen = view.dialogs.open_file("Open one", folder=tmp_path, filters={"Text": ["txt"]})
        choose(desktop, "Open one", str(file))
        assert chosen.result(PATIENCE) == str(file)
        chosen = view.dialogs.save_file("Save one", folder=tmp_path, name="b.txt")
        keyboard(desktop, "Save one", "Return")
        assert chosen.result(PATIENCE) == str(tmp_path / "b.txt")
        given_up = view.dialogs.open_folder("Folder")
        keyboard(desktop, "Folder", "Escape")
        assert given_up.result(PATIENCE) is None


def test_a_dialog_goes_when_nobody_waits_for_it(desktop: Desktop) -> None:
    with shown() as view:
        answer = view.dialogs.confirm("?", title="Cancelled")
        until("the dialog", lambda: desktop.window("Cancelled"))
        assert answer.cancel()
        until("its end", lambda: not desktop.window("Cancelled"))
        given_up = view.dialogs.open_file("Closed")
        until("the dialog", lambda: desktop.window("Closed"))
    assert given_up.result(PATIENCE) is None
    until("its end", lambda: not desktop.window("Closed"))
    with pytest.raises(ShutdownInProgressError):
        view.dialogs.message("x")


def test_what_the_user_chose_is_the_documents_until_it_goes(desktop: Desktop, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("chosen")
    (tmp_path / "b.txt").write_text("not chosen")
    a, b = (json.dumps(str(tmp_path / name)) for name in ("a.txt", "b.txt"))
    with shown(powers=Powers(dialogs=True)) as view:
        loaded = Recorder()
        view.on_loaded(loaded)
        assert outcome(view, f"readFile({a})").startswith("PERMISSION_DENIED")
        view.eval_js(
            f"auroraview.native.openFile({{title: 'Of the page', folder: {json.dumps(str(tmp_path))}}})"
            ".then(path => window.path = path)"
        )
        choose(desktop, "Of the page", str(tmp_path / "a.txt"))
        until("the answer", lambda: view.eval_js_sync("window.path") == str(tmp_path / "a.txt"))
        assert outcome(view, f"readFile({a})") == "chosen"
        assert outcome(view, f"readFile({b})").startswith("PERMISSION_DENIED")
        assert outcome(view, f"writeFile({a}, 'x')").startswith("PERMISSION_DENIED")
        view.reload()
        loaded.next()
        assert outcome(view, f"readFile({a})").startswith("PERMISSION_DENIED")


def test_a_page_that_gives_up_takes_its_dialog_away(desktop: Desktop) -> None:
    with shown(powers=Powers(dialogs=True)) as view:
        view.eval_js("window.abort = new AbortController()")
        view.eval_js("auroraview.call('native.confirm', {text: '?', title: 'Asked'}, {signal: abort.signal})"
                     ".catch(() => 0)")  # fmt: skip
        until("the dialog", lambda: desktop.window("Asked"))
        view.eval_js("abort.abort()")
        until("its end", lambda: not desktop.window("Asked"))
