"""The host ends, in every way that Python knows, while everything is under way (``docs/recovery.md``): with the exit
code that it has without us, and nothing is left. On every Python that is there. How fast: ``tests/chaos/test_ends.py``.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.quitting import WAYS, ends_well, program

pytestmark = pytest.mark.needs("javascript")

HOWS = {
    "falls off": ("pass", 0),
    "sys.exit": ("sys.exit(7)", 7),
    "exception": ("raise RuntimeError('mine')", 1),
    "os._exit": ("os._exit(9)", 9),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)", -signal.SIGTERM),
    "SIGINT": ("os.kill(os.getpid(), signal.SIGINT); time.sleep(60)", -signal.SIGINT),
}


def pythons() -> Iterator[str]:
    """Every Python from 3.9 on that is there: that of the tests first."""
    yield sys.executable
    for minor in range(9, 20):
        name = f"python3.{minor}"
        for found in [shutil.which(name), *map(str, Path("/root/.pyenv/versions").glob(f"3.{minor}.*/bin/{name}"))]:
            if found and sys.version_info[:2] != (3, minor):
                runs = subprocess.run(
                    [found, "-c", "import sys; print(sys.version_info >= (3, 9))"], capture_output=True
                )
                if runs.stdout.strip() == b"True":
                    yield found
                    break


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("way", [way for way in WAYS if way != "Qt"])
def test_a_busy_host_ends_with_its_own_exit_code(way: str, how: str) -> None:
    if way == "inside show" and how in ("falls off", "exception", "SIGINT"):
        pytest.skip("show() goes on, or closes the view as close() does")
    ends_well(sys.executable, program(way, HOWS[how][0]), HOWS[how][1])


@pytest.mark.parametrize("python", [pytest.param(each, id=Path(each).name) for each in pythons()][1:])
@pytest.mark.parametrize("way", ["own thread", "pumped", "deaf handlers"])
def test_on_every_python_that_is_there(python: str, way: str) -> None:
    """Finalisation differs from version to version."""
    ends_well(python, program(way, "sys.exit(7)"), 7)
