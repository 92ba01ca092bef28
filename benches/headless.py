"""headless.py [ROUNDS]: from nothing to a page's first answer, on the headless backend and on the engine.

Each round is a UI process and a view of their own, in this host process. Needs Xvfb only for the engine.
"""

from __future__ import annotations

import os
import statistics
import sys
import time

from auroraview import WebView, _process
from auroraview.testing import Desktop, Page, backend


def start_to_answer() -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    with WebView(html="<!doctype html><title>t</title>") as view:
        view.bind_call("api.add", lambda a, b: a + b)
        view.show(wait=False)
        assert Page(view).call("api.add", 1, 2) == 3
        taken = time.perf_counter() - begun
    _process.link().shut_down(5)
    return 1000 * taken


def main(rounds: int) -> None:
    with Desktop.start() as desktop:
        os.environ["DISPLAY"] = desktop.display
        for name in ("headless", "engine"):
            with backend(name):
                taken = [start_to_answer() for _ in range(rounds)]
            print(f"{name}: median {statistics.median(taken):.1f} ms, slowest {max(taken):.1f} ms of {rounds}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
