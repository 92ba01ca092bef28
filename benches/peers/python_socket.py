"""No page: a Python thread that waits on a socket and answers, while four others compute. What the interpreter's own
switching costs; the other end is a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys

GLUE = ""

OTHER = """
import json, socket, sys, time
end = socket.socket(fileno=0)
stamps = []
for _ in range(int(sys.argv[1])):
    stamps.append(time.perf_counter())
    end.sendall(b"x")
    end.recv(1)
print(json.dumps([(b - a) * 1e6 for a, b in zip(stamps, stamps[1:])]))
"""


def main() -> None:
    from host import Host, say

    host = Host()
    say(first=0.0)
    here, there = socket.socketpair()
    host.burn(0)
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(host.wanted)], stdin=there.fileno(), stdout=subprocess.PIPE, text=True
    )
    there.close()
    while here.recv(1):
        here.sendall(b"x")
    import json

    assert other.stdout is not None
    say(result={"round_trip": json.loads(other.stdout.read())[host.options["skip"] :]}, closing=0.0)


if __name__ == "__main__":
    main()
