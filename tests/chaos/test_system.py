"""What the system and the rest of the host do to a view: signals, descriptor limits, forks and new programs."""

from __future__ import annotations

import json
import subprocess

from support import processes
from support.chaos import Chaos
from support.desktop import PATIENCE, until

#: Handlers of the host's own for 1000 signals a second, on the thread of show(), while texts of many sizes go round.
STORM = """
import json, random, signal, sys, threading
import auroraview
calls, milliseconds, dice = int(sys.argv[1]), 1000 * float(sys.argv[2]), random.Random(int(sys.argv[3]))
signals, masked = 0, 0
def on_signal(number, frame):
    global signals, masked
    signals += 1
    masked += bool(signal.pthread_sigmask(signal.SIG_BLOCK, []))  # a program that it starts would have that mask
view = auroraview.WebView(html='''<script>
    window.run = async (count) => {
        let wrong = 0;
        for (let n = 0; n < count; n++) {
            const text = (n + "中").repeat(1 + (n * 7919) % 20000);
            if (await auroraview.api.echo(text) !== text) wrong++;
        }
        return wrong;
    };
</script>''')
view.bind_call("api.echo", lambda text: text)
verdict = {"evals": 0, "wrong_evals": 0}

@view.bind_call("api.ask")
def ask():  # on the main thread, inside show()
    text = "x" * dice.randrange(100000)
    return view.eval_js_sync(f"{json.dumps(text)}.length", timeout_ms=milliseconds) == len(text)

def work():
    try:
        future = view.eval_js_async(f"run({calls})", timeout_ms=int(milliseconds))
        while not future.done():
            text = "y中" * dice.randrange(100000)
            back = view.eval_js_sync(json.dumps(text), timeout_ms=milliseconds)
            verdict["evals"] += 1
            verdict["wrong_evals"] += back != text
            verdict["wrong_evals"] += view.eval_js_sync("auroraview.api.ask()", timeout_ms=milliseconds) is not True
        verdict["wrong_calls"] = future.result()
    finally:
        view.close()

worker = threading.Thread(target=work)
view.on_loaded(lambda url: worker.start())
signal.signal(signal.SIGALRM, on_signal)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
view.show()
signal.setitimer(signal.ITIMER_REAL, 0)
worker.join()
print(json.dumps({**verdict, "signals": signals, "masked": masked, "calls": calls}))
"""

#: Opens views with a limit on descriptors that leaves room for 0, 1, 2 ... more.
STARVED = """
import gc, json, logging, os, resource, sys, time
import auroraview
from auroraview import _process
logging.getLogger("auroraview").addHandler(logging.NullHandler())
warm, rooms, milliseconds = sys.argv[1] == "warm", json.loads(sys.argv[2]), 1000 * float(sys.argv[3])
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

def open_one():
    view = auroraview.WebView(html="<p>")
    try:
        view.show(wait=False)
        if view.eval_js_sync("6 * 7", timeout_ms=milliseconds) != 42:
            raise AssertionError("a wrong answer")
    except auroraview.ShutdownInProgressError:
        view.wait(milliseconds / 1000)  # it says why
        raise
    finally:
        view.close()
    if not view.wait(milliseconds / 1000):
        raise AssertionError("still open")

def used():
    gc.collect()
    return len(os.listdir("/proc/self/fd")) - 1

verdicts = []
for room in rooms:
    if warm:
        open_one()  # the UI process is there, with the old limit
    resource.setrlimit(resource.RLIMIT_NOFILE, (used() + room, hard))
    begun = time.monotonic()
    try:
        open_one()
        verdict = "works"
    except (OSError, auroraview.AuroraViewError) as error:
        verdict = f"{type(error).__name__}: {error}"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    verdicts.append([room, time.monotonic() - begun, verdict])
    for each in [] if warm else _process._links.values():
        each.shut_down(2)
before = used()
open_one()
if used() > before + 8:
    raise AssertionError("descriptors stay")
print(json.dumps(verdicts))
"""

#: Starts programs all the while that views and UI processes come and go; each says which descriptors it has.
SPAWNS = """
import json, logging, os, signal, subprocess, sys, threading
import auroraview
from auroraview import _process
logging.getLogger("auroraview").addHandler(logging.NullHandler())
views, milliseconds = int(sys.argv[1]), 1000 * float(sys.argv[2])
over, started, inherited = threading.Event(), [], []

def start_programs():
    while not over.is_set():
        done = subprocess.run(["find", "/proc/self/fd", "-type", "l", "-printf", "%f %l\\n"], close_fds=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        links = [line.split(" ", 1) for line in done.stdout.splitlines()]
        inherited.extend(link for number, link in links if int(number) > 2 and not link.startswith("/"))
        started.append(1)

threads = [threading.Thread(target=start_programs) for _ in range(2)]
for thread in threads:
    thread.start()
try:
    for n in range(views):
        view = auroraview.WebView(html="<p>", recovery=auroraview.RestartPolicy(restarts=0))
        view.show(wait=False)
        if view.eval_js_sync("1", timeout_ms=milliseconds) != 1:
            raise AssertionError("a wrong answer")
        if n % 4 == 3:  # a new link for the next one
            os.kill(_process.link().pid, signal.SIGKILL)
            try:
                view.wait(milliseconds / 1000)
            except auroraview.UiProcessError:
                pass
        view.close()
finally:
    over.set()
    for thread in threads:
        thread.join()
print(json.dumps({"programs": len(started), "inherited": inherited}))
"""

#: Forks under load. A child must not wait for, use or end what is its parent's.
FORKS = """
import json, os, sys, threading, warnings
import auroraview
warnings.simplefilter("ignore")
forks, milliseconds = int(sys.argv[1]), 1000 * float(sys.argv[2])
view = auroraview.WebView(html="<p>")
view.bind_call("api.add", lambda a, b: a + b)
view.show(wait=False)
view.eval_js_sync("1")
stop, evals = False, 0
def work():
    global evals
    while not stop:
        assert view.eval_js_sync("auroraview.api.add(1, 2)", timeout_ms=milliseconds) == 3
        evals += 1
workers = [threading.Thread(target=work) for _ in range(2)]
for worker in workers:
    worker.start()
codes = []
for n in range(forks):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            view.emit("x")
        except auroraview.ShutdownInProgressError:
            code = 0
        finally:
            os._exit(code)
    print(child, flush=True)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if hasattr(os, "waitstatus_to_exitcode") else 0)
stop = True
for worker in workers:
    worker.join()
assert view.eval_js_sync("2", timeout_ms=milliseconds) == 2
view.close()
print(json.dumps({"codes": codes, "evals": evals}))
"""


def output_of(program: subprocess.Popen[str], patience: float) -> str:
    """The last line of a program that must end well and print no complaint."""
    out, err = program.communicate(timeout=patience)
    assert program.returncode == 0 and err == "", err
    return out.splitlines()[-1]


def test_c10_signal_storm(chaos: Chaos) -> None:
    calls = chaos.count(200, 20_000)
    program = processes.start_python(STORM, calls, 60 * PATIENCE, chaos.random.randrange(10**6))
    verdict = json.loads(output_of(program, 60 * PATIENCE))
    assert verdict["wrong_calls"] == 0 and verdict["wrong_evals"] == 0
    assert verdict["evals"] > 0 and verdict["signals"] > 0
    assert verdict["masked"] <= verdict["signals"] / 20  # only what comes between two checks
    chaos.report("C10", **verdict)


def test_c11_descriptor_limit(chaos: Chaos) -> None:
    """Each step fails with an error that says why, or works; with the limit lifted everything works."""
    rooms = list(range(21))
    if not chaos.long:
        rooms = [0, 1, 2, *sorted(chaos.random.sample(range(3, 20), 5)), 20]
    programs = {how: processes.start_python(STARVED, how, json.dumps(rooms), PATIENCE) for how in ("cold", "warm")}
    for how, program in programs.items():
        verdicts = json.loads(output_of(program, len(rooms) * 2 * PATIENCE))
        works = [room for room, _, verdict in verdicts if verdict == "works"]
        # The UI process has the limit, too; it says so, or its libraries end it, which is said.
        unclear = [
            verdict for _, _, verdict in verdicts
            if verdict != "works" and "Too many open files" not in verdict and "is gone: " not in verdict
        ]  # fmt: skip
        assert not unclear, unclear
        assert len(verdicts) == len(rooms) and works
        took = [seconds for _, seconds, _ in verdicts]
        chaos.report(f"C11 {how}", steps=len(rooms), fail=len(rooms) - len(works), work_from=works[0], each=took)


def test_c14_new_programs_inherit_nothing(chaos: Chaos) -> None:
    """A program that the host starts with `close_fds=False`, at any moment of a view's life, has none of our ends."""
    views = chaos.count(8, 500)
    verdict = json.loads(output_of(processes.start_python(SPAWNS, views, 10 * PATIENCE), 60 * PATIENCE))
    assert verdict["inherited"] == []
    chaos.report("C14 exec", views=views, programs=verdict["programs"], inherited=0)


def test_c14_forks_under_load(chaos: Chaos) -> None:
    forks = chaos.count(20, 1000)
    program = processes.start_python(FORKS, forks, 10 * PATIENCE)
    verdict = json.loads(output_of(program, 30 * PATIENCE))
    assert verdict["codes"] == [0] * forks and verdict["evals"] > 0
    until("the end of zombies", lambda: not processes.zombies())
    chaos.report("C14 fork", forks=forks, evals_of_the_parent=verdict["evals"])
