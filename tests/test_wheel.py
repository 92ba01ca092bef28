"""The wheel that `make wheel` built, in an environment that has nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.desktop import PATIENCE, Desktop, until

WHEELS = Path(__file__).parent.parent / "target" / "wheels"


@pytest.mark.wheel
def test_hello_runs_from_the_wheel_in_a_fresh_environment(tmp_path: Path, desktop: Desktop) -> None:
    wheels = sorted(WHEELS.glob("auroraview-*.whl"))
    if not wheels:
        pytest.skip("no wheel in target/wheels: run `make wheel`")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheels[-1]]
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
