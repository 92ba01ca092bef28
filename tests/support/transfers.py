"""Bytes through a view, and what they leave behind."""

from __future__ import annotations

import gc
import os

from auroraview import WebView, _process

from . import processes
from .desktop import PATIENCE, until

#: What allocators and a web engine's collector may hold when everything was used once, in transfers of one size.
SLACK = 8


def sizes() -> dict[str, int]:
    """KiB of each process of a view."""
    gc.collect()
    ui = _process.link().pid
    web = processes.of_name(processes.family(ui), "WebKitWebProces")
    return {
        "host": processes.memory_kib(os.getpid()),
        "ui": processes.memory_kib(ui),
        "web": sum(processes.memory_kib(pid) for pid in web),
    }


def flat_over(view: WebView, rounds: int, size: int) -> None:
    """So many transfers each way; then the processes are as large as after the first ones, within a few of them."""
    view.bind_call("api.take", len)
    view.bind_call("api.give", bytes)
    script = f"""(async () => {{
        for (let round = 0; round < {{}}; round += 1) {{
            await auroraview.api.take(new Uint8Array({size}));
            await auroraview.api.give({size});
        }}
    }})()"""
    view.eval_js_sync(script.replace("{}", "3"), timeout_ms=1000 * PATIENCE)
    before = sizes()
    view.eval_js_sync(script.replace("{}", str(rounds)), timeout_ms=1000 * PATIENCE * rounds)
    allowed = SLACK * size // 1024
    until("memory to be given back", lambda: all(sizes()[who] < before[who] + allowed for who in before))
