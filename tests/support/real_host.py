"""A real host application on the tests' desktop, with one of the examples in it: what a user does and sees there."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, Optional

import pytest
from PIL import Image

from . import processes
from .desktop import PATIENCE, Desktop, until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples/hosts"
PROBE = ROOT / "tests/hosts/probe.py"
#: Where pictures go: ``PICTURES=docs/images`` renews those of the documentation.
PICTURES = ROOT / os.environ.get("PICTURES", "target/hosts")
#: How long a host may take until it does what its start-up script says, in seconds.
START = 90.0
#: How long a host that has closed its channel may take until it has ended, in seconds.
END = 10.0
#: How many of its last lines a failure shows: those of every thread's Python, when a signal ended it.
LINES = 80

#: The hosts that were started in this run.
ran: set[str] = set()

Command = Callable[[Path], list[object]]


class RealHost:
    """A host that runs, and the page of the tool in it."""

    def __init__(self, desktop: Desktop, program: subprocess.Popen[bytes], log: Path, channel: socket.socket) -> None:
        self.desktop, self.program, self.log = desktop, program, log
        self._channel, self._answers = channel, channel.makefile()

    def run(self, code: str, main: bool = True) -> Any:
        """Python inside the host, on its main thread."""
        line = ""
        with suppress(ConnectionError, TimeoutError):
            self._channel.sendall(json.dumps({"code": code, "main": main}).encode() + b"\n")
            line = self._answers.readline()
        assert line, f"no answer from the host, which {how_it_ended(self.program, self.log)}"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def page(self, script: str) -> Any:
        return self.run(f"view().eval_js_sync({script!r}, {1000 * PATIENCE})", main=False)

    def shows(self, what: str, script: str) -> None:
        """Waits until an expression of the page is true, from when the host has done what keeps its main thread: the
        first frame takes long without a graphics card."""
        self.run("None")
        until(f"{what} in the page", lambda: self.page(script))

    def click(self, element: str) -> None:
        """Clicks in the middle of an element of the page (an expression), when it is there."""
        self.shows("what to click", f"!!({element})")
        x, y = self.page(
            f"(box => [box.x + box.width / 2, box.y + box.height / 2])(({element}).getBoundingClientRect())"
        )
        window = self.run("view().window_handle")
        self.desktop.tool("mousemove", "--window", window, round(x), round(y), "click", 1)

    def press(self, *keys: str) -> None:
        self.desktop.tool("key", *keys)

    def runs_the_tool_that_runs_anywhere(self, name: str) -> None:
        """Opens the example there, as a user would run a script, uses it and closes it."""
        tool = EXAMPLES / "anywhere.py"
        self.run(
            f"exec(compile(open({str(tool)!r}).read(), {str(tool)!r}, 'exec'), anywhere := {{'__name__': 'anywhere'}})"
        )
        self.shows("the host", f"document.getElementById('host').textContent == 'This is {name}.'")
        assert self.page("document.getElementById('thread').textContent").endswith("MainThread.")
        until("the window", lambda: self.desktop.window("Anywhere"))
        for count in ("1", "2"):
            self.click("document.getElementById('again')")
            self.shows("the count", f"document.getElementById('count').textContent == {count!r}")
        self.run("anywhere['view'].close()")
        until("its end", lambda: self.desktop.window("Anywhere") is None)

    def open_the_panel_of(self, page: str) -> None:
        """Runs what a page of docs/hosts shows; its names are in ``page`` afterwards."""
        text = (ROOT / "docs/hosts" / page).read_text()
        (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        self.run(f"exec(compile({code!r}, {page!r}, 'exec'), page := {{'__name__': 'page'}})")

    def picture(self, name: str) -> Image.Image:
        """What is on the screen now."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        seen = self.desktop.screenshot().convert("RGB")
        seen.save(PICTURES / f"{name}.png", optimize=True)
        return seen

    @property
    def ui_process(self) -> int:
        pid: int = self.run("__import__('auroraview')._process.link().pid")
        return pid

    def kill_ui_process(self) -> None:
        os.kill(self.ui_process, signal.SIGKILL)


@contextmanager
def started(desktop: Desktop, name: str, home: Path, command: list[object], **extra: str) -> Iterator[RealHost]:
    """Starts a host and waits until its start-up script is there. Skips if it is not installed."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed, and tools/hosts.sh could not install it")
    (home / "tmp").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home / "probe"))
        listener.listen()
        with (home / "log").open("wb") as log:
            program = subprocess.Popen(
                list(map(str, command)), env=environment(desktop, home) | extra, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, cwd=home, start_new_session=True,
            )  # fmt: skip
        try:
            channel = accept(listener, program, home / "log")
            ran.add(name)
            with channel:
                yield RealHost(desktop, program, home / "log", channel)
        finally:
            end(program)


def environment(desktop: Desktop, home: Path) -> dict[str, str]:
    """A user who has never started the host before, without a graphics card."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "QT_", "PYTHON"))}
    return kept | {
        "DISPLAY": desktop.display,
        "HOME": str(home),
        # Hosts leave files there, and FreeCAD and Krita find each other's processes by them.
        "TMPDIR": str(home / "tmp"),
        "XDG_RUNTIME_DIR": str(home),
        "PYTHONPATH": str(ROOT / "python"),
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "QT_QPA_PLATFORM": "xcb",
        "AURORAVIEW_PROBE": str(home / "probe"),
    }


def accept(listener: socket.socket, program: subprocess.Popen[bytes], log: Path) -> socket.socket:
    """The channel to the probe; waits until that, the host's end, or START."""
    watch = os.pidfd_open(program.pid)
    try:
        ready, _, _ = select.select([listener.fileno(), watch], [], [], START)
    finally:
        os.close(watch)
    assert listener.fileno() in ready, f"no start-up script within {START:g} s: the host {how_it_ended(program, log)}"
    channel, _ = listener.accept()
    channel.settimeout(START)
    return channel


def how_it_ended(program: subprocess.Popen[bytes], log: Path) -> str:
    """Its exit code or signal, and the last that it said."""
    try:
        code = program.wait(END)
        state = f"ended with {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
    except subprocess.TimeoutExpired:
        state = "still runs"
    return f"{state}; its last lines:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-LINES:])


def end(program: subprocess.Popen[bytes]) -> None:
    """Ends a host that a test has not ended, and looks that nothing is left of it."""
    family = processes.family(program.pid)
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait(PATIENCE)
    until("the end of its processes", lambda: not any(map(processes.is_alive, family)))


def maximize(desktop: Desktop, window: int) -> None:
    subprocess.run(
        ["wmctrl", "-i", "-r", str(window), "-b", "add,maximized_vert,maximized_horz"],
        env={**os.environ, "DISPLAY": desktop.display}, check=True,
    )  # fmt: skip


def running(pid: Optional[int]) -> bool:
    return pid is not None and processes.is_alive(pid)
