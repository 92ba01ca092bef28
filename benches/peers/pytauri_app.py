"""pytauri: Tauri's commands in Python. Calls are coroutines on an event loop of their own thread; bytes go as the body
of a command and as its answer."""

# No `from __future__ import annotations`: pytauri evaluates them, and cannot see into `main`.
import json
import os
import time
from pathlib import Path
from typing import Any

GLUE = """
const tauri = window.__TAURI__;
const invoke = (name, body) => tauri.pytauri.pyInvoke(name, body);
const peer = {
  ready: async () => {},
  call: (name, value) => invoke('call', {name, value}),
  emit: (name, value) => { invoke('hear', {name, value}) },
  on: (name, handler) => { tauri.event.listen(name, event => handler(event.payload)) },
  up: async bytes => Number(new TextDecoder().decode(await invoke('take', bytes))),
  down: async () => new Uint8Array(await invoke('give', {name: '', value: 0})),
};
"""

CONFIGURATION = {
    "identifier": "org.auroraview.bench",
    "productName": "bench",
    "version": "0.1.0",
    "build": {"frontendDist": "site"},
    "app": {"withGlobalTauri": True, "windows": [], "security": {"csp": None, "capabilities": ["default"]}},
    "plugins": {},
}
CAPABILITY = {
    "identifier": "default",
    "windows": ["*"],
    "permissions": ["core:default", "pytauri:default"],
}


def project(folder: Path, host: Any) -> Path:
    """What pytauri wants on the disk."""
    site = folder / "site"
    site.mkdir()
    (site / "index.html").write_text(host.page)
    (site / "further.html").write_text(host.further)
    (folder / "capabilities").mkdir()
    (folder / "capabilities" / "default.json").write_text(json.dumps(CAPABILITY))
    (folder / "tauri.conf.json").write_text(json.dumps(CONFIGURATION))
    return folder


def main() -> None:
    import pytauri_wheel.lib as wheel
    from anyio.from_thread import start_blocking_portal
    from pydantic import BaseModel, RootModel
    from pytauri import Commands, Emitter, Manager, WebviewUrl
    from pytauri.webview import WebviewWindowBuilder

    from host import Host

    host = Host()
    functions, listeners = host.functions(), host.listeners()
    commands = Commands()

    class Message(BaseModel):
        name: str
        value: Any = None

    Answer = RootModel[Any]

    @commands.command()
    async def call(body: Message) -> Answer:
        return Answer(functions[body.name](body.value))

    @commands.command()
    async def hear(body: Message) -> None:
        listeners[body.name](body.value)

    @commands.command()
    async def take(body: bytes) -> bytes:
        host.stamps.append(time.perf_counter())
        return str(len(body)).encode()

    @commands.command()
    async def give(body: bytes) -> bytes:
        return bytes(host.give(0))

    class Application:
        def __init__(self, app: Any) -> None:
            self.app, self.handle, self.windows = app, Manager.app_handle(app), 0

        def make(self, page: str) -> None:
            self.windows += 1
            WebviewWindowBuilder.build(self.handle, f"window{self.windows}", WebviewUrl.App(page))

        def emit(self, name: str, value: Any) -> None:
            Emitter.emit_str(self.handle, name, json.dumps(value))

        def evaluate(self, script: str) -> Any:
            raise NotImplementedError

        def open(self) -> None:
            self.handle.run_on_main_thread(lambda: self.make("further.html"))

        def close(self) -> None:
            self.handle.exit(0)

    folder = project(Path(os.getcwd()), host)
    with start_blocking_portal("asyncio") as portal:
        context = wheel.context_factory(folder)
        handler = commands.generate_handler(portal)
        application = Application(wheel.builder_factory().build(context, invoke_handler=handler))
        host.peer = application
        application.make("index.html")
        application.app.run_return()


if __name__ == "__main__":
    main()
