"""An object is an API: its public methods are ``auroraview.api.*`` in the page.

What a method returns is what the page gets; what it raises rejects the page's promise. A ``UserError`` carries a
message for people and a code for programs.

Run it: python examples/api_object.py
"""

from __future__ import annotations

import itertools

import auroraview
from auroraview import UserError

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px 28px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  h1 { margin: 0 0 16px; font-size: 19px }
  ul { margin: 0; padding: 0; list-style: none; background: white; border: 1px solid #dde3ee; border-radius: 12px }
  li { display: flex; padding: 6px 8px 6px 16px; border-top: 1px solid #edf0f6 }
  li:first-child { border-top: 0 }
  input { flex: 1; min-width: 0; font: inherit; color: inherit; padding: 5px 8px; border: 1px solid transparent;
          border-radius: 6px; background: none }
  input:hover, input:focus, form input { border-color: #c9d2e3; outline: 0; background: white }
  form { display: flex; gap: 10px; margin: 14px 0 }
  button { font: inherit; padding: 6px 16px; border: 0; border-radius: 8px; background: #3b5bdb; color: white }
  button:hover { background: #2f49b0 }
  li button { background: none; color: #94a3c0; padding: 6px 10px }
  li button:hover { background: #fdecec; color: #c92a2a }
  #error { padding: 8px 14px; border-radius: 8px; background: #fdecec; color: #a61e1e }
  #error:empty { display: none }
  #error b { font: 12px ui-monospace, monospace; margin-right: 4px }
</style>
<h1>Shots</h1>
<ul id="shots"></ul>
<form id="add"><input id="name" placeholder="Name of the next shot"><button>Add</button></form>
<div id="error" role="alert"></div>
<script type="module">
  const [list, form, name, error] = ["shots", "add", "name", "error"].map(id => document.getElementById(id));
  const { api } = auroraview;

  // Python keeps the list: the page shows what is there after each change, and says why there was none.
  async function change(call) {
    error.replaceChildren();
    try {
      await call();
      name.value = "";
    } catch (problem) {
      const code = document.createElement("b");
      code.textContent = problem.code;
      error.append(code, " ", problem.message);
    }
    list.replaceChildren(...(await api.shots()).map(row));
  }

  function row(shot) {
    const item = document.createElement("li");
    const input = document.createElement("input");
    const remove = document.createElement("button");
    input.value = shot.name;
    input.onchange = () => change(() => api.rename({ shot: shot.id, name: input.value }));
    remove.textContent = "Remove";
    remove.onclick = () => change(() => api.remove(shot.id));
    item.append(input, remove);
    return item;
  }

  form.onsubmit = event => {
    event.preventDefault();
    change(() => api.add(name.value));
  };
  change(() => {});
</script>
"""


class ShotList:
    """Shots of a film, in memory. Names with a leading underscore are not shown to the page."""

    def __init__(self, *names: str) -> None:
        self._ids = itertools.count(1)
        self._names: dict[int, str] = {}
        for name in names:
            self.add(name)

    def shots(self) -> list[dict[str, object]]:
        return [{"id": shot, "name": name} for shot, name in self._names.items()]

    def add(self, name: str) -> int:
        name = self._free(name)
        shot = next(self._ids)
        self._names[shot] = name
        return shot

    def rename(self, shot: int, name: str) -> None:
        if name != self._name(shot):
            self._names[shot] = self._free(name)

    def remove(self, shot: int) -> None:
        self._name(shot)
        del self._names[shot]

    def _name(self, shot: int) -> str:
        if shot not in self._names:
            raise UserError(f"There is no shot with number {shot}.", code="NO_SUCH_SHOT")
        return self._names[shot]

    def _free(self, name: str) -> str:
        name = name.strip()
        if not name:
            raise UserError("A shot needs a name.", code="NAME_MISSING")
        if name in self._names.values():
            raise UserError(f"There is a shot {name} already.", code="NAME_TAKEN", data={"name": name})
        return name


def make_view() -> auroraview.WebView:
    view = auroraview.WebView("Shots", 460, 420, html=PAGE)
    view.bind_api(ShotList("sq010_sh010", "sq010_sh020", "sq010_sh030"))
    return view


if __name__ == "__main__":
    make_view().show()
