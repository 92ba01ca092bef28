"""Every ```python block of these pages is a whole program that ends by itself: each is run."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.desktop import PATIENCE
from support.qt_hosts import FLAVORS

DOCS = Path(__file__).parent.parent / "docs"
QT = DOCS / "hosts" / "qt.md"
#: At the head of each program: what takes long on a machine that is busy is no fault of it.
PATIENT = "__import__('auroraview').ThreadSafetyConfig(js_eval_timeout_ms={0}, watchdog_ms={0}).apply()\n"
PYSIDE = next(flavor for flavor in FLAVORS if flavor.label == "pyside6")


def snippets() -> Iterator[object]:
    pages = [DOCS / f"{name}.md" for name in ("bridge", "threads", "migration", "recovery", "start")]
    for page in [*pages, *sorted(DOCS.glob("bridge/*.md")), QT]:
        text = page.read_text()
        for block in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, block.start(1)) + 1
            path = PYSIDE.path if page == QT else ()
            yield pytest.param(block[1], path, id=f"{page.name}:{line}")


@pytest.mark.parametrize(("code", "path"), [*snippets()])
def test_it_runs_and_says_what_it_promises(code: str, path: tuple[str, ...], tmp_path: Path) -> None:
    """A line that ends in ``# prints: text`` promises that line of output."""
    if path and not PYSIDE.is_there():
        pytest.skip("PySide6 could not be installed (tools/qt.sh)")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(DOCS.parent / "python"), *path]), "TMPDIR": str(tmp_path)}
    program = tmp_path / "snippet.py"
    head = re.match(r"(from __future__ .*\n)?", code)
    assert head is not None
    program.write_text(head[0] + PATIENT.format(1000 * PATIENCE) + code[head.end() :])
    ended = subprocess.run(
        [sys.executable, program],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        cwd=tmp_path,
        env=env,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    for promised in re.findall(r"# prints: (.*)$", code, re.MULTILINE):
        assert promised in ended.stdout.splitlines()


#: Pages whose code runs in the host itself: tests/hosts.
RAN = {"blender.md", "freecad.md", "krita.md"}


@pytest.mark.parametrize("page", sorted({*(DOCS / "hosts").glob("[!R]*.md")} - {QT}), ids=lambda page: page.name)
def test_a_page_of_a_host_has_code_that_could_run_and_says_whether_it_did(page: Path) -> None:
    text = page.read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    asked = {
        (node.module, name.name)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("auroraview")
        for name in node.names
    }
    assert asked and asked <= {("auroraview", "WebView"), ("auroraview", "hosts"), ("auroraview.qt", "QtWebView")}
    if page.name in RAN:
        test, picture = f"tests/hosts/test_{page.stem}.py", f"images/{page.stem}.png"
        assert "Ran: " in text and test in text and picture in text
        assert (DOCS.parent / test).exists() and (DOCS / picture).exists()
    else:
        assert "Untested in the host itself" in text
    assert f"({page.name})" in (page.parent / "README.md").read_text()
