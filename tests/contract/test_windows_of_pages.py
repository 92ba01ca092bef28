"""What becomes of windows that pages want, with the user's own programs at the other end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.desktop import PATIENCE, until
from support.processes import start_python
from support.site import site
from support.views import Recorder, shown

pytestmark = pytest.mark.needs("javascript")

PROGRAM = """
    import sys, auroraview
    with auroraview.WebView(html="<body>", new_window_mode="browser") as view:
        view.show(wait=False)
        for address in sys.argv[1:]:
            view.eval_js_sync(f"window.open({address!r}); return 0")
        print(view.eval_js_sync("location.href"), flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def browser(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """The user's program for every scheme: it writes down what it gets."""
    seen, script = tmp_path / "seen", tmp_path / "browser.py"
    script.write_text(f"import sys; open({str(seen)!r}, 'a').write(sys.argv[1] + '\\n')")
    entry = f"[Desktop Entry]\nType=Application\nName=Browser\nExec={sys.executable} {script} %u\n"
    schemes = ["https", "http", "mailto", "file", "ftp", "tel", "steam", "vscode"]
    defaults = "".join(f"x-scheme-handler/{scheme}=browser.desktop\n" for scheme in schemes)
    (tmp_path / "data/applications").mkdir(parents=True)
    (tmp_path / "config").mkdir()
    (tmp_path / "data/applications/browser.desktop").write_text(entry)
    (tmp_path / "config/mimeapps.list").write_text(f"[Default Applications]\n{defaults}")
    folders = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    return {**os.environ, **folders}, seen


def test_only_web_and_mail_addresses_reach_the_users_programs(browser: tuple[dict[str, str], Path]) -> None:
    environment, seen = browser
    others = ["file:///etc/passwd", "ftp://example.com/x", "tel:123", "steam://run/1", "vscode://x", "javascript:1"]
    theirs = ["https://example.com/a?b=%20c#d", "mailto:someone@example.com", "http://example.com/道"]
    program = start_python(PROGRAM, *others, *theirs, env=environment, stdin=subprocess.PIPE)
    with program:
        try:
            until("all of them", lambda: seen.exists() and len(seen.read_text().splitlines()) == len(theirs))
            out, err = program.communicate("", timeout=PATIENCE)
        finally:
            program.kill()
    assert set(seen.read_text().splitlines()) == {*theirs[:2], "http://example.com/%E9%81%93"}
    assert out == "av://app/\n", err


def test_by_default_there_is_no_window() -> None:
    with site(other="<title>other</title>") as other, shown("<title>home</title>", csp="") as view:
        assert view.eval_js_sync(f"window.open({other.url('/other')!r}) === null") is True
        assert view.eval_js_sync("document.title") == "home"
        assert other.asked == []


def test_a_view_may_go_there_itself() -> None:
    with site(other="<title>other</title>") as other, shown("<title>home</title>", new_window_mode="navigate") as view:
        loaded = Recorder()
        view.on_loaded(loaded)
        view.eval_js("window.open('file:///etc/passwd')")
        view.eval_js(f"window.open({other.url('/other')!r})")
        assert loaded.next() == other.url("/other")


def test_a_page_without_the_bridge_opens_nothing_that_no_user_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    """Its own scripts, that is: what the host runs in it is an act of the user to the engine."""
    with site(other="<title>other</title>") as other, site() as stranger:
        page = f"""<title>stranger</title><body><script>
            const link = document.createElement("a");
            Object.assign(link, {{target: "_blank", href: {other.url("/other")!r}}});
            document.body.append(link);
            addEventListener("message", () => {{
                window.open(link.href);
                link.click();
                document.title = "tried";
            }});
            setTimeout(() => postMessage(1, "*"));</script>"""
        stranger.pages["/page"] = page
        with shown("<title>home</title>", new_window_mode="navigate") as view:
            view.load_url(stranger.url("/page"))
            until("the refusal", lambda: any("no user asked for" in record.getMessage() for record in caplog.records))
            assert view.eval_js_sync("document.title") == "tried"
        assert other.asked == []


def test_a_document_with_the_bridge_may_open_one_without_an_act_of_the_user() -> None:
    with site(other="<title>other</title>") as other:
        page = f"<script>auroraview.on('go', () => window.open({other.url('/other')!r}))</script>"
        with shown(page, new_window_mode="navigate") as view:
            loaded = Recorder()
            view.on_loaded(loaded)
            view.emit("go")
            assert loaded.next() == other.url("/other")
