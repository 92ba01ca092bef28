"""A page that a dev server changes while it is open (examples/vite_app): modules are replaced, the document stays."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auroraview import WebView
from support.desktop import until
from support.views import Recorder

ROOT = Path(__file__).parent.parent.parent
SDK = ROOT / "sdk"
EXAMPLE = ROOT / "examples" / "vite_app"

pytestmark = [
    pytest.mark.needs("javascript"),
    pytest.mark.skipif(not (SDK / "node_modules/vite").is_dir(), reason="needs `npm --prefix sdk ci`"),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with its dependencies, as `npm install` lays them out."""
    subprocess.run(["npm", "--prefix", SDK, "run", "--silent", "build:npm"], check=True)
    copy = tmp_path_factory.mktemp("vite") / "app"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    modules = copy / "node_modules"
    (modules / "@auroraview").mkdir(parents=True)
    (modules / "@auroraview/sdk").symlink_to(SDK)
    (modules / "vite").symlink_to(SDK / "node_modules/vite")
    return copy


@pytest.fixture
def server(app: Path) -> Iterator[str]:
    """The origin of a dev server of the example."""
    vite = SDK / "node_modules/vite/bin/vite.js"
    command = ["node", vite, "--host", "127.0.0.1", "--port", "0", "--clearScreen", "false"]
    with subprocess.Popen(command, cwd=app, stdout=subprocess.PIPE, text=True, env=_plain_environment()) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            found = next((match for line in lines if (match := re.search(r"http://127\.0\.0\.1:\d+", line))), None)
            assert found is not None, "the dev server did not start"
            yield found[0]
        finally:
            process.terminate()


def _plain_environment() -> dict[str, str]:
    import os

    return {**os.environ, "NO_COLOR": "1"}


def _module() -> Any:
    spec = importlib.util.spec_from_file_location("vite_app", EXAMPLE / "app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _shows(view: WebView, selector: str, text: str) -> None:
    script = f"(document.querySelector({selector!r}) || {{}}).textContent"
    until(f"{text!r} in {selector}", lambda: text in (view.eval_js_sync(script) or ""))


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_replaced_modules_keep_the_bridge_and_a_reload_keeps_the_state(app: Path, server: str) -> None:
    with _module().make_view(server) as view:
        loaded, begun = Recorder(), Recorder()
        view.on_loaded(loaded)

        @view.bind_call("api.render")
        async def render(shot: str) -> str:
            gate = asyncio.Event()
            begun((asyncio.get_running_loop(), gate))
            await gate.wait()
            return f"{shot} at last"

        view.show(wait=False)
        loaded.next()
        _shows(view, "h1", "Shots")
        _shows(view, "#shots", "sq010_sh010")
        view.eval_js_sync("window.sameDocument = true; document.querySelector('button').click()")
        loop, gate = begun.next()
        script = (
            "auroraview.on('frame_changed', ({frame}) => { window.frame = frame }); auroraview.state.set('zoom', 40)"
        )
        view.eval_js_sync(script)
        view.eval_js_sync("auroraview.call('api.render', ['old']).then(answer => { window.answer = answer }); 0")
        old_loop, old_gate = begun.next()

        _edit(app / "src/panel.ts", '"Shots"', '"Replaced"')
        _shows(view, "h1", "Replaced")
        _shows(view, "output", "40 %")
        _shows(view, "#shots", "sq010_sh010")
        view.emit("frame_changed", {"frame": 12})
        _shows(view, "#frame", "Frame 12")
        old_loop.call_soon_threadsafe(old_gate.set)
        until("the call from before", lambda: view.eval_js_sync("window.answer") == "old at last")
        loop.call_soon_threadsafe(gate.set)
        assert view.eval_js_sync("[sameDocument, frame]") == [True, 12]
        assert loaded.is_empty()

        view.eval_js_sync("document.querySelector('button').click()")
        begun.next()
        _edit(app / "src/main.ts", 'querySelector("main")!', 'querySelector<HTMLElement>("main")!')
        loaded.next()
        _shows(view, "output", "40 %")
        _shows(view, "#shots", "sq010_sh010")
        assert view.eval_js_sync("window.sameDocument === undefined")
        view.state["zoom"] = 70
        _shows(view, "output", "70 %")


def test_the_built_app_works_without_a_server(app: Path) -> None:
    vite = SDK / "node_modules/vite/bin/vite.js"
    subprocess.run(["node", vite, "build", "--base", "./", "--logLevel", "error"], cwd=app, check=True)
    subprocess.run(["node", SDK / "node_modules/typescript/bin/tsc", "-p", app], check=True)
    module = _module()
    module.BUILT = app / "dist/index.html"
    assert not [file for file in (app / "dist").rglob("*.js") if "mock_010" in file.read_text()]
    with module.make_view() as view:
        view.show(wait=False)
        _shows(view, "#shots", "sq010_sh020")
        view.eval_js_sync("document.querySelector('button').click()")
        _shows(view, "#state", "sq010_sh010 rendered")
