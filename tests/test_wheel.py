"""The wheel that `make wheel` built, in an environment that has nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.desktop import PATIENCE, Desktop, until

WHEELS = Path(__file__).parent.parent / "target" / "wheels"


def newest_wheel() -> Path:
    wheels = sorted(WHEELS.glob("auroraview-*.whl"))
    if not wheels:
        pytest.skip("no wheel in target/wheels: run `make wheel`")
    return wheels[-1]


def wheels_for(python: str) -> list[Path]:
    """Those that this Python takes: the one for 3.11 and later, and the one for all."""
    source = "import sys; print(sys.version_info >= (3, 11))"
    asked = subprocess.run([python, "-c", source], capture_output=True, text=True)
    newest_wheel()
    tags = ["-cp39-abi3-", "-cp311-abi3-"] if asked.stdout == "True\n" else ["-cp39-abi3-"]
    return [wheel for tag in tags for wheel in WHEELS.glob(f"auroraview-*{tag}*.whl")]


def interpreters() -> list[str]:
    """Every Python of this machine that the wheel says it works with."""
    places = [
        *Path.home().glob(".pyenv/versions/*/bin/python3"),
        *map(shutil.which, (f"python3.{n}" for n in range(9, 30))),
    ]
    found = {}
    for place in filter(None, places):
        asked = subprocess.run([place, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True)
        if asked.returncode == 0 and eval(asked.stdout) >= (3, 9):
            found[asked.stdout] = str(place)
    return [found[version] for version in sorted(found)] or [sys.executable]


@pytest.mark.wheel
@pytest.mark.parametrize("python", interpreters())
def test_the_wheel_works_with_every_python_here(python: str, tmp_path: Path) -> None:
    assert wheels_for(python)
    for wheel in wheels_for(python):
        works(python, wheel, tmp_path / wheel.stem)


def works(python: str, wheel: Path, folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, folder], check=True)
    (folder / "auroraview/_bin/auroraview-ui").chmod(0o755)  # zipfile forgets modes
    source = """
import asyncio, auroraview
view = auroraview.WebView(html="<p>")
@view.bind_call("api.add")
async def add(a, b=10):
    await asyncio.sleep(0)
    return a + b
view.bind_call("api.bytes", lambda: memoryview(b"abc").toreadonly())
view.show(wait=False)
async def ask():
    return await view.eval_js_async("auroraview.api.add({a: 1})")
print(view.eval_js_sync("auroraview.api.add(1, 2)"), asyncio.run(ask()))
print(view.eval_js_sync("auroraview.api.bytes().then(bytes => bytes.length)"), auroraview._core.READS_BUFFERS)
"""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run([python, "-W", "error", "-c", source], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"3 11\n3 {'cp311' in wheel.name}\n", "")


@pytest.mark.wheel
def test_hello_runs_from_the_wheel_in_a_fresh_environment(tmp_path: Path, desktop: Desktop) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", newest_wheel()]
    subprocess.run(install, check=True, cwd=tmp_path)
    hello = (Path(__file__).parent.parent / "examples" / "hello.py").read_text()
    program = subprocess.Popen([python, "-c", hello], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    window = until("the window", lambda: desktop.window("Hello"))
    desktop.press_close_button(window)
    _, err = program.communicate(timeout=PATIENCE)
    assert (program.returncode, err) == (0, "")
    found = subprocess.run(
        [python, "-c", "import auroraview; print(auroraview.__file__)"], capture_output=True, text=True, cwd=tmp_path
    )
    assert str(tmp_path) in found.stdout
