"""Runs inside a host application, from its start: does what a test sends, on the host's main thread or on a thread of
its own, and answers. One JSON text a line, each way, on the socket that the environment names."""

from __future__ import annotations

import faulthandler
import json
import os
import socket
import threading
import traceback
from typing import Any

from auroraview import _process
from auroraview.utils import dcc_thread_safe

#: Titles of views that a test opens beside the example's.
BESIDE = ("Anywhere", "Panel")


def view() -> Any:
    """The view that a test opened beside the example's while there is one, else that. None that is about to close: on
    the main thread a close() returns before the view is gone."""
    shown: list[Any] = list(_process.shown_views())
    views = [each for each in shown if each.lifecycle in ("creating", "active")]
    return min(views, key=lambda each: each.title not in BESIDE)


NAMES: dict[str, Any] = {"view": view}


def run(code: str) -> Any:
    """The value of an expression, or None after statements. What statements set is there for the next ones."""
    try:
        expression = compile(code, "<test>", "eval")
    except SyntaxError:
        exec(compile(code, "<test>", "exec"), NAMES)
        return None
    return eval(expression, NAMES)


@dcc_thread_safe
def run_on_main_thread(code: str) -> Any:
    return run(code)


def serve() -> None:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(os.environ["AURORAVIEW_PROBE"])
        for line in channel.makefile():
            asked = json.loads(line)
            try:
                answer = {"value": (run_on_main_thread if asked["main"] else run)(asked["code"])}
            except Exception:  # noqa: BLE001 - whatever it is, the test shows it
                answer = {"error": traceback.format_exc()}
            channel.sendall(json.dumps(answer, default=repr).encode() + b"\n")


faulthandler.enable(2)  # a host that crashes leaves in its log where every thread was; its sys.stderr may be no file
threading.Thread(target=serve, name="probe", daemon=True).start()
