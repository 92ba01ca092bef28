"""Native powers: the page reads and writes notes in one folder, and asks the user; everything else is refused.

- ``powers=`` names what the page may do: one folder to read and write, dialogs, addresses with https.
- ``auroraview.native`` in the page: ordinary calls, whose refusals say what would have to be granted.

Run it: python examples/native_powers.py [FOLDER]
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import auroraview

#: Goes with the program.
FOLDER = tempfile.TemporaryDirectory(prefix="auroraview-notes-")
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px 28px; font: 14px/1.6 system-ui, sans-serif; background: #f4f6fb; color: #1c2536 }
  h1 { margin: 0 0 12px; font-size: 19px }
  textarea { box-sizing: border-box; width: 100%; height: 130px; font: inherit; padding: 10px;
             border: 1px solid #dde3ee; border-radius: 8px }
  button { font: inherit; padding: 7px 16px; margin: 10px 6px 0 0; border: 0; border-radius: 8px; background: #3b5bdb;
           color: white }
  #state { color: #5c6b85; min-height: 3.2em; overflow-wrap: anywhere }
</style>
<title>Native powers</title>
<h1>Notes</h1>
<textarea id="notes"></textarea>
<button id="save">Save</button><button id="clear">Clear ...</button><button id="open">Open another ...</button>
<button id="secret">Read /etc/passwd</button>
<p id="state">
<script type="module">
  const { native } = auroraview;
  const file = FILE;
  const [notes, state] = [document.querySelector("#notes"), document.querySelector("#state")];
  const on = (id, act) => document.querySelector(id).onclick = async () => {
    try { state.textContent = await act() ?? ""; }
    catch (error) { state.textContent = `${error.code}: ${error.message}`; }
  };
  on("#save", async () => {
    await native.writeFile(file, notes.value);
    return `Saved: ${(await native.stat(file)).size} bytes.`;
  });
  on("#clear", async () => {
    if (await native.confirm({ title: "Notes", text: "Clear all notes?" })) notes.value = "";
  });
  on("#open", async () => {
    const path = await native.openFile({ title: "Open", filters: { Text: ["txt", "md"] } });
    if (path !== null) notes.value = await native.readFile(path);
    return path ?? "Nothing chosen.";
  });
  on("#secret", () => native.readFile("/etc/passwd"));
  notes.value = await native.readFile(file);
</script>
"""


def make_view(folder: Path | None = None) -> auroraview.WebView:
    folder = folder or Path(FOLDER.name)
    notes = folder / "notes.txt"
    if not notes.exists():
        notes.write_text("Buy pixels.")
    powers = auroraview.Powers(open_url=("https",), dialogs=True, read=(str(folder),), write=(str(folder),))
    page = PAGE.replace("FILE", json.dumps(str(notes)))
    return auroraview.WebView("Native powers", 520, 360, html=page, powers=powers)


if __name__ == "__main__":
    make_view(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else None).show()
