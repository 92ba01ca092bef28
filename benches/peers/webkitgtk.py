"""Bare WebKitGTK from Python (PyGObject): script messages with reply, scripts down, a scheme for bytes."""

from __future__ import annotations

import json
import queue
import time
from typing import Any

GLUE = """
const handlers = {};
const heard = (name, value) => handlers[name]?.(value);
const post = text => webkit.messageHandlers.bench.postMessage(text);
const peer = {
  ready: async () => {},
  call: async (name, value) => JSON.parse(await post(name + ' ' + JSON.stringify(value))),
  emit: (name, value) => { post('on_' + name + ' ' + JSON.stringify(value)) },
  on: (name, handler) => { handlers[name] = handler },
  up: bytes => fetch('raw://app/up', {method: 'POST', body: bytes}).then(answer => answer.json()),
  down: size => fetch('raw://app/down').then(answer => answer.arrayBuffer()).then(buffer => new Uint8Array(buffer)),
};
"""


class Window:
    def __init__(self, host: Any) -> None:
        import gi

        gi.require_version("Gtk", "3.0")
        gi.require_version("WebKit2", "4.1")
        from gi.repository import Gio, GLib, Gtk, JavaScriptCore, WebKit2

        self.gio, self.glib, self.gtk, self.jsc, self.webkit = Gio, GLib, Gtk, JavaScriptCore, WebKit2
        self.host = host
        self.known = {**host.functions(), **{f"on_{name}": each for name, each in host.listeners().items()}}

    def start(self) -> None:
        self.context = self.webkit.WebContext.new_ephemeral()
        manager = self.context.get_security_manager()
        manager.register_uri_scheme_as_secure("raw")
        manager.register_uri_scheme_as_cors_enabled("raw")
        self.context.register_uri_scheme("raw", self.answer)
        self.view = self.make("raw://app/")

    def make(self, address: str) -> Any:
        content = self.webkit.UserContentManager()
        content.connect("script-message-with-reply-received::bench", self.heard)
        content.register_script_message_handler_with_reply("bench", None)
        view = self.webkit.WebView(web_context=self.context, user_content_manager=content)
        window = self.gtk.Window(title="bench")
        window.set_default_size(800, 600)
        window.add(view)
        view.load_uri(address)
        window.show_all()
        return view

    def heard(self, _: Any, message: Any, reply: Any) -> bool:
        name, _, value = message.to_string().partition(" ")
        answer = json.dumps(self.known[name](json.loads(value)))
        reply.return_value(self.jsc.Value.new_string(message.get_context(), answer))
        return True

    def answer(self, request: Any) -> None:
        path = request.get_path()
        if path == "/up":
            body, kind = str(self.take(request.get_http_body())).encode(), "text/plain"
        elif path == "/down":
            body, kind = bytes(self.host.give(0)), "application/octet-stream"
        else:
            page = self.host.further if path == "/further" else self.host.page
            body, kind = page.encode(), "text/html"
        stream = self.gio.MemoryInputStream.new_from_bytes(self.glib.Bytes.new(body))
        request.finish(stream, len(body), kind)

    def take(self, stream: Any) -> int:
        self.host.stamps.append(time.perf_counter())
        total = 0
        while size := stream.read_bytes(1 << 20).get_size():
            total += size
        return total

    def emit(self, name: str, value: Any) -> None:
        script = f"heard({json.dumps(name)}, {json.dumps(value)})"
        self.glib.idle_add(self.run, script, priority=self.glib.PRIORITY_DEFAULT)

    def run(self, script: str, done: Any = None) -> bool:
        self.view.evaluate_javascript(script, -1, None, None, None, done)
        return False

    def evaluate(self, script: str) -> Any:
        results: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.glib.idle_add(
            self.run,
            script,
            lambda view, result: results.put(view.evaluate_javascript_finish(result).to_double()),
            priority=self.glib.PRIORITY_DEFAULT,
        )
        return results.get()

    def open(self) -> None:
        self.glib.idle_add(self._open, priority=self.glib.PRIORITY_DEFAULT)

    def _open(self) -> bool:
        self.make("raw://app/further")
        return False

    def close(self) -> None:
        self.glib.idle_add(self.gtk.main_quit)


def main() -> None:
    from host import Host

    host = Host()
    window = Window(host)
    host.peer = window
    host.gaps.turn()
    if host.scenario == "held":
        window.glib.timeout_add(1, host.gaps.turn)
    window.start()
    window.gtk.main()
    host.over()


if __name__ == "__main__":
    main()
