"""The rules of the house that a machine can hold (CONTRIBUTING.md says why)."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: Lines of a file and of a function that a head can hold.
MAX_FILE, MAX_FUNCTION = 600, 70
#: The only Rust files that may hold `unsafe`: of the engine, Windows, memory, and bugs planted for the sanitizers.
UNSAFE = {
    "crates/core/tests/planted.rs",
    "crates/lane/src/extension.rs",
    "crates/link/src/windows/family.rs",
    "crates/link/src/windows/mod.rs",
    "crates/link/src/windows/pipe.rs",
    "crates/link/src/windows/tests.rs",
    "crates/memory/src/linux.rs",
    "crates/python/src/buffers.rs",
    "crates/python/src/fresh.rs",
    "crates/ui/src/backend/cocoa_menu.rs",
    "crates/ui/src/backend/cocoa_owner.rs",
    "crates/ui/src/backend/cocoa_window.rs",
    "crates/ui/src/backend/webkitgtk.rs",
    "crates/ui/src/backend/webview2.rs",
    "crates/ui/src/backend/win32_opener.rs",
    "crates/ui/src/backend/win32_owner.rs",
    "crates/ui/src/backend/win32_parent.rs",
    "crates/ui/src/backend/win32_window.rs",
    "crates/ui/src/backend/wkwebview.rs",
}
#: Packages that users import and we do not: the name of the first one is RFC 0002's.
FOR_USERS = {"utils", "testing"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}

BANNED = [
    (r"thread::sleep|time\.sleep\(|setInterval\(", "wait for the event itself, with a deadline"),
    (r"\.unwrap\(\)|\.expect\(", "return a typed error"),
    (r"\b(?:todo|unimplemented|dbg)!\(|\bT[O]DO\b|\bFIXM[E]\b|\bXX[X]\b", "finish it, or write an issue"),
    (r"except:|except BaseException", "name what you expect"),
    (r"\bprint\(|println!\(", "product code logs"),
]


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT, capture_output=True)
    return [ROOT / name for name in listed.stdout.decode().split("\n") if name and (ROOT / name).exists()]


def product() -> list[Path]:
    return [
        path
        for path in tracked("crates/*.rs", "python/*.py", "sdk/src/*.ts")
        if "/tests/" not in str(path) and path.name not in ("tests.rs", "testing.ts")
    ]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def shipped_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines of product code: without a Rust file's tests and without comments."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.strip() == "#[cfg(test)]":
            return
        if not line.strip().startswith(("//", "#", "*", "/*")):
            yield number, line


def test_there_is_something_to_check() -> None:
    assert len(product()) > 40


def test_nothing_banned_is_shipped() -> None:
    found = [
        f"{name_of(path)}:{number}: {line.strip()} ({why})"
        for path in product()
        for number, line in shipped_lines(path)
        for pattern, why in BANNED
        if re.search(pattern, line) and not ("eprintln!" in line and why == "product code logs")
    ]
    assert not found, "\n".join(found)


def test_files_and_functions_fit_a_head() -> None:
    long = [name_of(path) for path in product() if len(path.read_text().splitlines()) > MAX_FILE]
    for path in tracked("python/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or 0) - node.lineno
                if lines > MAX_FUNCTION:
                    long.append(f"{name_of(path)}:{node.lineno} {node.name}: {lines} lines")
    assert not long, "\n".join(long)


def test_names_say_what_is_inside() -> None:
    bad = [
        name_of(path)
        for path in product()
        if path.parent.name not in FOR_USERS
        for part in path.parts
        if part.split(".")[0].lower() in FORBIDDEN_NAMES
    ]
    assert not bad, bad


def test_unsafe_stays_in_its_files() -> None:
    users = {
        name_of(path) for path in tracked("crates/*.rs") if any("unsafe " in line for _, line in shipped_lines(path))
    }
    assert users == UNSAFE


def test_platform_conditions_stand_on_mod_lines_only() -> None:
    bad = []
    for path in tracked("crates/*.rs"):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if re.search(r"cfg\((?:all\(feature = .\w+., )?(?:not\()?(?:unix|windows|target_os)", line):
                rest = [text for text in lines[number + 1 : number + 3] if not text.strip().startswith("#")]
                if not rest or not re.match(r"\s*(pub )?mod ", rest[0]):
                    bad.append(f"{name_of(path)}:{number + 1}")
    assert not bad, bad


def test_every_python_module_has_a_caller() -> None:
    modules = tracked("python/auroraview/*.py")
    texts = {path: path.read_text() for path in modules}
    for path in modules:
        if path.stem not in ("__init__", "__main__") and path.parent.name not in FOR_USERS:
            others = "".join(text for other, text in texts.items() if other != path)
            assert re.search(rf"from \.[\w.]*(?:\b{path.stem} import| import .*\b{path.stem}\b)", others), path.name


def test_every_invariant_names_a_test_that_exists() -> None:
    """ARCHITECTURE.md lists what always holds; each row names its test as `file::test`."""
    text = (ROOT / "ARCHITECTURE.md").read_text().split("## Invariants")[1].split("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) >= 10
    for row in rows:
        named = re.findall(r"`([\w/.-]+)::(\w+)`", row)
        assert named, row
        for file, test in named:
            assert test in (ROOT / file).read_text(), f"{file}::{test}"


def test_the_readme_shows_the_hello_that_is_tested() -> None:
    hello = (ROOT / "examples/hello.py").read_text().split('"""\n\n', 1)[1].strip()
    assert hello in (ROOT / "README.md").read_text()
