"""A page that can be killed: its window comes back, and Python never notices but by an event.

Run it, change the number, and press a button.
"""

import os
import signal

from auroraview import Crash, RestartPolicy, WebView, _process

HTML = """<!doctype html><meta charset="utf-8"><title>Crash</title>
<body style="font: 15px sans-serif; margin: 2em">
<p>Shared with Python: <input id="frame" type="number">
<p><button id="ui">Kill the UI process</button>
<p id="story"></p>
<script>
const frame = document.getElementById("frame"), story = document.getElementById("story");
const show = () => {
    frame.value = auroraview.state.get("frame");
    story.textContent = auroraview.state.get("story") || "Nothing has happened yet.";
};
auroraview.state.subscribe(show);
auroraview.whenReady().then(show);
frame.oninput = () => auroraview.state.set("frame", Number(frame.value));
document.getElementById("ui").onclick = () => auroraview.send_event("kill");
</script>"""


def make_view() -> WebView:
    view = WebView(title="Crash", width=480, height=300, html=HTML, recovery=RestartPolicy(restarts=3, within=60))
    view.state.update({"frame": 1001, "story": ""})

    @view.on("kill")
    def kill(data: object) -> None:
        os.kill(_process.link().pid, signal.SIGKILL)

    @view.on_crashed
    def crashed(crash: Crash) -> None:
        view.state["story"] = f"The {crash.process} process ended by signal {crash.signal}; now: {crash.then}."

    return view


if __name__ == "__main__":
    make_view().show()
