"""Hot reload: with ``debug=True`` a change of a handler's source, or of the page's files, comes into the open window.

The system tells of changes (``_core.Watcher``); the thread that runs the handlers takes them between two handlers. A
view without ``debug`` has none of this.
"""

from __future__ import annotations

import os
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any, Optional

from .. import _core, _rpc
from .._errors import AuroraViewError
from .._log import log
from .code import Failed, Reloaded, Reloading

if TYPE_CHECKING:
    from .._view import WebView

#: Events that are raised in Python and emitted to the page.
DONE, FAILED = "hot_reloaded", "hot_reload_failed"

#: Shows or (empty text) removes what went wrong.
_SHOW = """((text, id) => {
  document.getElementById(id)?.remove();
  if (!text) return;
  console.error(text);
  const box = document.createElement("pre");
  box.id = id;
  box.textContent = text;
  box.style.cssText = "position:fixed;inset:auto 0 0 0;margin:0;padding:12px;max-height:40vh;overflow:auto;" +
    "z-index:2147483647;background:#3a1822;color:#ffd7dc;font:12px monospace;white-space:pre-wrap";
  box.onclick = () => box.remove();
  document.documentElement.append(box);
})"""
#: Loads style sheets again where they are; a page that has none of these names is loaded again as a whole.
_RESTYLE = """(names => {
  let found = false;
  for (const link of document.querySelectorAll("link[rel~=stylesheet]")) {
    const url = new URL(link.href, document.baseURI);
    if (names.some(name => url.pathname.endsWith("/" + encodeURIComponent(name)))) {
      found = true;
      url.searchParams.set("hot", Date.now());
      link.href = url.href;
    }
  }
  if (!found) location.reload();
})"""


class HotReload:
    """Watches what a view is made of, and brings changes into it."""

    def __init__(self, view: WebView) -> None:
        self._view = view
        self._reloading = Reloading(view._methods, [view._listeners, view._window_events])
        self._watcher: Optional[_core.Watcher] = None
        #: Real paths of watched files and folders.
        self._modules: dict[str, ModuleType] = {}
        self._folders: set[str] = set()
        self._all_asked = False

    def start(self) -> None:
        """Watches from now on. Any thread."""
        try:
            self._watcher = _core.Watcher(self._view._port)
        except OSError as error:
            return log().warning("hot reload is off: %s", error)
        self.watch()

    def watch(self) -> None:
        """Also watches what was bound or loaded since the last time. Any thread."""
        if self._watcher is None:
            return
        for module in self._reloading.modules():
            file = str(module.__file__)
            if file not in self._modules:
                self._modules[file] = module
                self._add(file)
        folders = {self._view._options.asset_root, self._view._file_folder} - {None} - self._folders
        for folder in folders:
            self._folders.add(str(folder))
            self._add(str(folder))

    def _add(self, path: str) -> None:
        try:
            if self._watcher is not None:
                self._watcher.watch(path)
        except OSError as error:
            log().warning("hot reload: %s", error)

    def ask(self) -> None:
        """Reloads every module of a handler when the thread that runs the handlers comes to it. Any thread."""
        self._all_asked = True
        self._view._port.nudge()

    def look(self) -> None:
        """Takes what changed. On the thread that runs the handlers, in none of them."""
        changed = self._watcher.take() if self._watcher is not None and self._watcher.is_touched else []
        modules = [self._modules[path] for path in changed if path in self._modules]
        if self._all_asked:
            self._all_asked = False
            modules = self._reloading.modules()
        if modules:
            order = [module for module in self._reloading.modules() if module in modules]
            self._tell(self._reloading.reload(order))
        files = [path for path in changed if not path.endswith((".py", ".pyc")) and "__pycache__" not in path]
        page = [path for path in files if any(path.startswith(os.path.join(each, "")) for each in self._folders)]
        if page:
            self._change_page(page)

    def _tell(self, result: Reloaded) -> None:
        for what in result.kept:
            log().warning("hot reload: the old code goes on for %s", what)
        for failed in result.failed:
            log().error("hot reload: %s: the old code goes on", _where(failed), exc_info=failed.error)
            self._event(FAILED, {
                "module": failed.module, "file": failed.file, "line": failed.line,
                "error": f"{type(failed.error).__name__}: {failed.error}",
            })  # fmt: skip
        self._script(_SHOW, "\n".join(map(_where, result.failed)), "auroraview-hot-reload")
        if result.modules:
            log().info("hot reload: %s", ", ".join(result.modules))
            self._view._sync_session()
            self._event(DONE, {"modules": result.modules, "kept": result.kept})

    def _change_page(self, files: list[str]) -> None:
        if all(path.endswith(".css") for path in files):
            self._script(_RESTYLE, [os.path.basename(path) for path in files])
        else:
            with suppress(AuroraViewError):  # it closes
                self._view.reload()

    def _event(self, name: str, data: dict[str, Any]) -> None:
        self._view._calls.event(name, data)
        with suppress(AuroraViewError):  # it closes, or does not keep up
            self._view.emit(name, data)

    def _script(self, function: str, *arguments: Any) -> None:
        with suppress(AuroraViewError):  # it closes
            self._view.eval_js(f"{function}({', '.join(map(_rpc.encode, arguments))})")


def _where(failed: Failed) -> str:
    line = "" if failed.line is None else f":{failed.line}"
    return f"{failed.file}{line}: {type(failed.error).__name__}: {failed.error}"
