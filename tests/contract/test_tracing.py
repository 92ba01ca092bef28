"""AURORAVIEW_LOG: one call can be followed by its id through the page, the UI process and the host."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.needs("javascript")

PROGRAM = """
import sys
import auroraview

view = auroraview.WebView(html='''<script>
  const pause = () => new Promise((resolve) => setTimeout(resolve, 10));
  async function main(echoes) {
    await auroraview.whenReady();
    let text = "pa55word";
    for (; echoes > 1; echoes -= 1) { await auroraview.call("echo", {text}); await pause() }
    text = await auroraview.call("echo", {text});
    await auroraview.call("done", {text});
  }
  main(%s)
</script>''' % sys.argv[1])
view.bind_call("echo", lambda text: text)
view.bind_call("done", lambda text: view.close())
view.show()
"""

#: What happens to call 1, in this order: where it is said, and what.
HOPS = [
    r"auroraview\.page: doc=1 call id=1 name=echo",
    r"auroraview\.ui\.app: send view=1 doc=1 kind=Request id=1",
    r"auroraview\.link\.port: receive view=1 doc=1 kind=Request id=1",
    r"auroraview\.call: start doc=1 id=1 name=echo",
    r"auroraview\.call: answer doc=1 id=1",
    r"auroraview\.link\.port: send view=1 doc=1 kind=Response id=1",
    r"auroraview\.ui\.app: receive view=1 doc=1 kind=Response id=1",
    r"auroraview\.page: doc=1 end id=1",
]


def run(filter: str, lane: str = "", echoes: int = 1) -> str:
    env = {**os.environ, "AURORAVIEW_LOG": filter, "AURORAVIEW_LANE": lane}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(echoes)], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_call_is_followed_through_page_ui_process_and_host() -> None:
    follow(run("debug", "off"), HOPS)


def test_by_the_fast_lane_the_ui_process_has_no_part_in_it() -> None:
    # The first calls may go before the page changes ways; one after 2 s does not.
    said = run("debug", echoes=200)
    if "packet=Open" not in said:
        pytest.skip("there is no fast lane here")
    hops = [re.sub("id=1", "id=201", hop).replace("echo", "done") for hop in HOPS if "ui" not in hop]
    follow(said, hops)
    assert not re.search(r"auroraview\.ui\.app: .* id=201", said)


def follow(said: str, hops: list[str]) -> None:
    times = []
    for hop in hops:
        line = re.search(rf"^ *([\d.]+) ms DEBUG +{hop}", said, re.MULTILINE)
        assert line, f"nobody said {hop} in:\n{said}"
        times.append(float(line[1]))
    # The page's clock is coarse: the engine rounds it against fingerprinting.
    host = times[1:-1]
    assert host == sorted(host), f"the times of {hops[1:-1]} do not rise: {host}"


def test_neither_data_nor_keys_are_said() -> None:
    said = run("trace")
    assert "id=1" in said
    assert "pa55word" not in said
    assert not re.search(r"[0-9a-f]{32}", said), "a secret or a nonce"


def test_a_filter_chooses_who_speaks() -> None:
    said = run("auroraview_ui=debug")
    assert "auroraview.ui.app: receive" in said and "auroraview.link.port" not in said


def test_nothing_is_said_unless_asked() -> None:
    assert run("") == ""


def test_a_filter_that_makes_no_sense_is_explained() -> None:
    said = run("auroraview_ui=loud")
    assert "AURORAVIEW_LOG" in said and "write a level" in said
