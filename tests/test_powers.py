"""What a page may do outside of itself, without a window: addresses, paths, programs, and the configuration."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from auroraview import Powers, UserError, WebView
from auroraview._native import functions, scopes
from auroraview._native.powers import check_url, command
from auroraview._native.scopes import MAX_PATH, Refused, Scope, check_text
from support.desktop import PATIENCE

ALL = ("https", "http", "mailto")

REFUSED_SCHEMES = """
about afp blob callto chrome chrome-extension content data dav dict facetime file ftp git gopher intent irc jar
javascript ldap ms-msdt ms-officecmd news nfs rtsp search-ms sftp shell sip skype smb ssh steam tel telnet vbscript
view-source vnc vscode ws wss x-apple.systempreferences
""".split()


@pytest.mark.parametrize("scheme", REFUSED_SCHEMES)
def test_other_schemes_are_never_opened(scheme: str) -> None:
    assert len(REFUSED_SCHEMES) >= 30
    for url in (
        f"{scheme}:x",
        f"{scheme}://example.com/",
        f"{scheme.upper()}:x",
        f" {scheme}:x",
        f"{scheme}:\nhttps://x",
    ):
        with pytest.raises(UserError) as caught:
            check_url(url, ALL)
        assert caught.value.code == "PERMISSION_DENIED", url
    with pytest.raises(ValueError, match="cannot be granted"):
        WebView(powers=Powers(open_url=(scheme,)))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com", "HTTP://EXAMPLE.com/a?b=c#d", "https://[::1]:8080/x", "http://localhost:5173/",
        "mailto:a@example.com?subject=Hello%20you&body=x", "https://example.com/?q=%22%26calc", "https://xn--e1afmkfd.xn--p1ai/",
    ],
)  # fmt: skip
def test_addresses_that_the_desktop_may_open(url: str) -> None:
    assert check_url(url, ALL) == url


@pytest.mark.parametrize(
    "url",
    [
        "https:example.com", "https:///etc/passwd", "http://", "https://user@example.com", "https://a:b@example.com/",
        "https://example.com:99999/", "https://exa mple.com", "https://example.com/\x00", "https://example.com/\n-x",
        "https://example.com/`id`", "https://example.com/\"&calc", "https://example.com\\@evil", "https://例え.jp/",
        "https://example.com/" + "a" * 2048, "mailto:a@b?attach=/etc/passwd", "mailto:a@b?subject=x&ATTACHMENT=/x",
        "mailto:a@b?%61ttach=/etc/passwd", "https://[::1/", "", "https", "//example.com", "-x", None, 5, ["https://x"],
    ],
)  # fmt: skip
def test_addresses_that_it_may_not_open(url: Any) -> None:
    with pytest.raises(UserError):
        check_url(url, ALL)


def test_a_scheme_that_was_not_granted_is_named() -> None:
    with pytest.raises(UserError, match=r"open http addresses.*open_url=\('http',\)"):
        check_url("http://example.com", ("https",))


# ---- paths ----


@pytest.mark.parametrize(
    "path",
    [
        "", "a", "a/b", "../x", "/a/../b", "/a/./b", "/..", "/a/..\\b", "\\\\?\\C:\\x", "//server/share", "C:/x",
        "/a\x00b", "/a\nb", "/\ud800", "/" + "a" * MAX_PATH, 5, None, ["/a"], b"/a",
    ],
)  # fmt: skip
def test_texts_that_are_no_path(path: Any) -> None:
    with pytest.raises(Refused):
        check_text(path, windows=False)


@pytest.mark.parametrize(
    "path",
    [
        "C:/a/../b", "C:\\a\\..\\b", "/a", "\\a", "C:a", "//server/share/x", "\\\\server\\share", "\\\\?\\C:\\x",
        "\\\\.\\pipe\\x", "C://x", "C:\\\\x", "C:/file.txt::$DATA", "C:/a:b", "C:/CON", "C:/a/nul.txt", "C:/com1.log",
        "C:/aux", "C:/a.", "C:/a ", "C:/a. /b", "C:/a/b...", "1:/a", "C:/a\x00",
    ],
)  # fmt: skip
def test_texts_that_are_no_path_on_windows(path: str) -> None:
    with pytest.raises(Refused):
        check_text(path, windows=True)


def test_plain_paths_are_paths() -> None:
    for path in ("/a/b c/ü名.txt", "/a/%2e%2e%2fb", "/a*?[]{}", "/a:b", "/con"):
        assert check_text(path, windows=False) == path
    for path in ("C:/a/b", "c:\\a\\b c\\ü名.txt", "C:/console/comfort.txt", "C:/.hidden"):
        assert check_text(path, windows=True) == path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """``root`` is granted; ``root-evil`` and ``outside`` are its neighbours."""
    for name in ("root/sub", "root/.git", "root-evil", "outside"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("root/a.txt", "root/sub/b.txt", "root/.env", "root/.git/config", "root-evil/x", "outside/secret"):
        (tmp_path / name).write_text(name)
    (tmp_path / "root/odd*?[]{}%2e%2e").write_text("odd")
    return tmp_path


def contents(scope: Scope, path: object) -> str:
    data = scopes.read(scope, str(path), 1000)
    assert data is not None
    return data.decode()


def test_what_is_below_the_root_is_read_and_nothing_else(place: Path) -> None:
    scope = Scope((str(place / "root"),))
    for name in ("root/a.txt", "root/sub/b.txt"):
        assert contents(scope, place / name) == name
    assert contents(scope, place / "root/odd*?[]{}%2e%2e") == "odd"
    for name in (
        "root-evil/x",
        "outside/secret",
        "root/.env",
        "root/.git/config",
        "root/.none",
        "outside/none",
        "none",
    ):
        with pytest.raises(Refused):
            scopes.read(scope, str(place / name), 1000)
    for text in (f"{place}/root/../outside/secret", f"{place}/root/%2e%2e/outside/secret", "/etc/passwd"):
        with pytest.raises((Refused, FileNotFoundError)):
            scopes.read(scope, text, 1000)
    assert scopes.entries(scope, str(place / "root")) == [("a.txt", False), ("odd*?[]{}%2e%2e", False), ("sub", True)]
    hidden = Scope((str(place / "root/.git"),))  # named itself
    assert contents(hidden, place / "root/.git/config") == "root/.git/config"


def test_a_file_that_was_named_is_that_file_alone(place: Path) -> None:
    scope = Scope((str(place / "root/a.txt"),))
    assert contents(scope, place / "root/a.txt") == "root/a.txt"
    for path in (place / "root", place / "root/sub/b.txt", f"{place}/root/a.txt/x"):
        with pytest.raises(Refused):
            scopes.read(scope, str(path), 1000)


def test_links_out_of_the_scope_are_refused(place: Path) -> None:
    scope = Scope((str(place / "root"),))
    (place / "root/file").symlink_to(place / "outside/secret")
    (place / "root/folder").symlink_to(place / "outside")
    (place / "root/loop").symlink_to("loop")
    (place / "root/inside").symlink_to("sub/b.txt")
    for name in ("file", "folder/secret", "loop", "folder"):
        for use in (lambda path: scopes.read(scope, path, 9), lambda path: scopes.write(scope, path, b"x")):
            with pytest.raises((Refused, OSError)):
                use(str(place / "root" / name))
    assert (place / "outside/secret").read_text() == "outside/secret"
    assert contents(scope, place / "root/inside") == "root/sub/b.txt"  # by its real path


@pytest.mark.parametrize("what", ["file", "folder"])
@pytest.mark.parametrize("use", ["read", "write", "list", "stat"])
def test_what_is_swapped_in_after_the_check_is_not_followed(
    place: Path, monkeypatch: pytest.MonkeyPatch, what: str, use: str
) -> None:
    """The worst moment: the path was checked, and nothing is opened yet."""
    scope = Scope((str(place / "root"),))
    check = Scope.locate

    def swap(self: Scope, path: object) -> Any:
        found = check(self, path)
        victim = place / ("root/sub/b.txt" if what == "file" else "root/sub")
        victim.rename(place / "away")
        victim.symlink_to(place / ("outside/secret" if what == "file" else "outside"))
        return found

    (place / "outside/b.txt").write_text("stolen")
    monkeypatch.setattr(Scope, "locate", swap)
    path = str(place / "root/sub/b.txt")
    uses = {
        "read": lambda: scopes.read(scope, path, 1000),
        "write": lambda: scopes.write(scope, path, b"overwritten"),
        "list": lambda: scopes.entries(scope, str(place / "root/sub")),
        "stat": lambda: scopes.look(scope, path),
    }
    try:
        found = uses[use]()
    except OSError:
        found = None
    if use == "stat" and what == "file":
        assert stat.S_ISLNK(found.st_mode)  # type: ignore[union-attr]
    elif not (use == "list" and what == "file"):
        assert found is None
    assert [(place / "outside" / name).read_text() for name in ("secret", "b.txt")] == ["outside/secret", "stolen"]


def test_writing_replaces_a_file_whole_and_leaves_its_other_names(place: Path) -> None:
    scope = Scope((str(place / "root"),))
    file = place / "root/a.txt"
    file.chmod(0o640)
    os.link(place / "outside/secret", place / "root/hard")
    scopes.write(scope, str(file), b"new")
    scopes.write(scope, str(place / "root/hard"), b"new")
    scopes.write(scope, str(place / "root/sub/fresh"), b"new")
    assert file.read_text() == "new" and file.stat().st_mode & 0o777 == 0o640
    assert (place / "outside/secret").read_text() == "outside/secret"
    with pytest.raises(IsADirectoryError):
        scopes.write(scope, str(place / "root/sub"), b"new")
    with pytest.raises(FileNotFoundError):
        scopes.write(scope, str(place / "root/none/x"), b"new")
    left = {str(path.relative_to(place / "root")) for path in (place / "root").rglob("*")}
    assert not [name for name in left if name.endswith(".new")]


def test_what_is_no_file_is_not_read_and_nobody_waits_for_it(place: Path) -> None:
    scope = Scope((str(place / "root"),))
    os.mkfifo(place / "root/pipe")
    for name in ("pipe", "sub"):
        with pytest.raises(OSError):
            scopes.read(scope, str(place / "root" / name), 9)
    assert scopes.read(scope, str(place / "root/a.txt"), 9) is None  # it has ten


# ---- programs and configuration ----


def test_only_arguments_that_fit_reach_a_program() -> None:
    program = ("/bin/echo", "-n", re.compile(r"[a-z]+"), re.compile(r"\d"))
    assert command("echo", program, ["abc", "7"]) == ["/bin/echo", "-n", "abc", "7"]
    assert command("echo", program, []) == ["/bin/echo", "-n"]
    for bad in (["-x"], ["abc\n"], ["abc;id"], ["ABC"], ["77"], ["abc", ""]):
        with pytest.raises(UserError) as caught:
            command("echo", program, bad)
        assert caught.value.code == "PERMISSION_DENIED"
    for bad in ("abc", [1], None, ["a\0"], ["a" * 40_000]):  # type: ignore[assignment]
        with pytest.raises(UserError) as caught:
            command("echo", program, bad)
        assert caught.value.code == "INVALID_ARGUMENTS"
    with pytest.raises(UserError):
        command("echo", ("/bin/echo",), ["x"])
    judge = ("/bin/echo", lambda words: words == ["yes"])
    assert command("echo", judge, ["yes"]) == ["/bin/echo", "yes"]
    with pytest.raises(UserError):
        command("echo", judge, ["no"])


@pytest.mark.parametrize(
    ("powers", "error", "words"),
    [
        (True, TypeError, "Powers"),
        ({"https://example.com": Powers()}, ValueError, "allowed_origins"),
        (Powers(open_url="https"), TypeError, "tuple"),
        (Powers(dialogs=1), TypeError, "True or False"),  # type: ignore[arg-type]
        (Powers(read="/tmp"), TypeError, "tuple"),
        (Powers(read=("relative",)), ValueError, "not absolute"),
        (Powers(read=("/",)), ValueError, "whole disk"),
        (Powers(write=("/does/not/exist",)), FileNotFoundError, "/does/not/exist"),
        (Powers(run={"x": "sh"}), TypeError, "begins with a program"),
        (Powers(run={"x": ()}), TypeError, "begins with a program"),
        (Powers(run={"x": ("/does/not/exist",)}), FileNotFoundError, "/does/not/exist"),
        (Powers(run={"x": ("sh", re.compile("a"), "-c")}), TypeError, "after the fixed words"),
    ],
)
def test_powers_that_make_no_sense_are_refused(powers: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        WebView(powers=powers)


def test_a_batch_file_is_no_program(tmp_path: Path) -> None:
    file = tmp_path / "x.bat"
    file.write_text("")
    file.chmod(0o755)
    with pytest.raises(ValueError, match="shell"):
        WebView(powers=Powers(run={"x": (str(file),)}))


def test_a_killed_program_is_gone_although_nobody_read_what_it_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    # More than a pipe and asyncio's buffer hold together but by a byte: asyncio has stopped reading when "!" comes.
    program = "import os, signal; os.write(1, b'x' * (192 << 10)); os.write(1, b'x'); os.write(2, b'!'); signal.pause()"

    async def main() -> None:
        process = await functions._start([sys.executable, "-c", program], asyncio.subprocess.PIPE)
        assert process.stderr is not None and await process.stderr.readexactly(1) == b"!"
        functions._kill(process)
        await asyncio.wait_for(functions._end(process), PATIENCE)
        assert process.returncode == -signal.SIGKILL

    monkeypatch.setattr(functions, "END_WAIT", None)
    asyncio.run(main())


def test_powers_cost_nothing_where_nobody_uses_them() -> None:
    import subprocess

    source = (
        "import sys, auroraview; auroraview.WebView(); print([m for m in ('asyncio', 'shutil') if m in sys.modules])"
    )
    env = {"PYTHONPATH": "python"}
    out = subprocess.run([sys.executable, "-c", source], env=env, capture_output=True, text=True, check=True)
    assert out.stdout == "[]\n"
