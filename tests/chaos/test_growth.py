"""Many views, one after the other and all at once, and a mixture of everything: nothing grows, nothing fails."""

from __future__ import annotations

import gc
import os
import statistics
import threading
import time
from typing import NamedTuple

import pytest

from auroraview import JavaScriptError, PageGoneError, WebView, _process
from support import processes
from support.chaos import Chaos, Crew, slope
from support.desktop import PATIENCE, until
from support.views import Recorder, shown

#: What a view may leave behind, in KiB of the process. GLib, GTK and the allocators keep some; Python's heap breathes.
LEAK_KIB = {"host": 8.0, "ui": 160.0}
#: Descriptors and threads of pools, timers and caches, which fill up in the first views. A leak has one for each view.
POOLS = 10
#: With fewer steps the slope is noise.
ENOUGH = 200

#: How much more memory than at first the last 400,000 calls may need at the least, in KiB of each process. At the
#: least: a page's heap rises by 200 MiB between two collections.
CALLS_KIB = {"host": 8 << 10, "ui": 8 << 10, "web": 48 << 10}
#: Calls so many at a time, and keeps the answers that are wrong.
CALLING_PAGE = """<script>
    window.wrong = []; window.answered = 0;
    window.callAll = async (from, to, atOnce) => {
        let next = from;
        const callOn = async () => {
            while (next < to) {
                const n = next++, answer = await auroraview.api.next(n, `call ${n}`);
                if (answer?.n !== n + 1 || answer.text !== `answer ${n}`) wrong.push([n, answer]);
                answered++;
            }
        };
        await Promise.all(Array.from({length: atOnce}, callOn));
        return {answered, wrong};
    };
</script>"""


class Size(NamedTuple):
    host: int
    ui: int
    host_descriptors: int
    ui_descriptors: int
    host_threads: int
    ui_threads: int
    web_processes: int

    @classmethod
    def now(cls) -> Size:
        gc.collect()  # a view is part of cycles; it has a descriptor as long as it is there
        ui = _process.link().pid
        return cls(
            processes.memory_kib(os.getpid()),
            processes.memory_kib(ui),
            processes.descriptors(),
            processes.descriptors(ui),
            threading.active_count(),
            len(processes.threads(ui)),
            len(processes.of_name(processes.family(ui), "WebKitWebProces")),
        )


def settled(than: Size) -> Size:
    """The size once descriptors, threads and web processes are no more than they were."""
    last = than

    def small() -> bool:
        nonlocal last
        last = Size.now()
        return all(new <= old + POOLS for new, old in zip(last[2:], than[2:]))

    try:
        until("descriptors, threads and web processes to be released", small)
    except AssertionError as error:
        raise AssertionError(f"{error}: {than} became {last}") from None
    return last


def use(view: WebView) -> None:
    view.bind_call("api.add", lambda a, b: a + b)
    view.emit("n", "x" * 10_000)
    assert view.eval_js_sync("auroraview.api.add(1, 2)", timeout_ms=1000 * PATIENCE) == 3


def test_c5_windows_one_after_the_other(chaos: Chaos) -> None:
    count, warm = chaos.count(30, 1000), chaos.count(10, 200)
    for _ in range(warm):
        with shown() as view:
            use(view)
    first = Size.now()
    host, ui = [], []
    every = max(1, count // 100)
    for n in range(count):
        with shown() as view:
            use(view)
        del view
        if n % every == 0:
            now = Size.now()
            host.append(now.host)
            ui.append(now.ui)
    last = settled(first)
    per_view = {"host": slope(host) / every, "ui": slope(ui) / every}
    chaos.report(
        "C5 in turn", windows=count, warm_up=warm, host_kib=f"{first.host}..{last.host}",
        ui_kib=f"{first.ui}..{last.ui}",
        kib_per_window=f"{per_view['host']:.2f}+{per_view['ui']:.2f}" if count >= ENOUGH else "too_few",
        descriptors=f"{first.host_descriptors}..{last.host_descriptors}+{first.ui_descriptors}..{last.ui_descriptors}",
        threads=f"{first.host_threads}..{last.host_threads}+{first.ui_threads}..{last.ui_threads}",
    )  # fmt: skip
    if count >= ENOUGH:
        assert all(per_view[process] <= bound for process, bound in LEAK_KIB.items()), per_view


def test_c5_windows_at_once(chaos: Chaos) -> None:
    count = chaos.count(20, 50)
    with shown() as view:
        use(view)
    del view
    first = Size.now()
    begun = time.monotonic()
    views = [WebView(html=f"<title>{n}</title><p>{n}") for n in range(count)]
    for view in views:
        view.show(wait=False)
    crew = Crew()
    for view in views:
        crew.start(use, view)
    crew.join(10 * PATIENCE)
    open_after = time.monotonic() - begun
    during = Size.now()
    texts = [view.eval_js_sync("document.body.textContent", timeout_ms=1000 * PATIENCE) for view in views]
    assert texts == [str(n) for n in range(count)]
    begun = time.monotonic()
    crew = Crew()
    for view in views:
        crew.start(view.close)
    crew.join()
    closed_after = time.monotonic() - begun
    views.clear()
    del view, crew
    last = settled(first)
    chaos.report(
        "C5 at once", windows=count, all_open_after=f"{open_after:.3g}s", all_closed_after=f"{closed_after:.3g}s",
        host_kib=f"{first.host}..{during.host}..{last.host}", ui_kib=f"{first.ui}..{during.ui}..{last.ui}",
        web_processes=f"{first.web_processes}..{during.web_processes}..{last.web_processes}",
        threads=f"{first.host_threads}..{during.host_threads}..{last.host_threads}",
    )  # fmt: skip


def memory_of_each() -> dict[str, int]:
    """Of this process, the UI process and the web process that is the largest: that of the page that works."""
    gc.collect()
    ui = _process.link().pid
    pages = filter(processes.is_alive, processes.of_name(processes.family(ui), "WebKitWebProces"))
    return {
        "host": processes.memory_kib(os.getpid()),
        "ui": processes.memory_kib(ui),
        "web": max(map(processes.memory_kib, pages)),
    }


@pytest.mark.timeout(3600)
def test_c27_a_million_calls(chaos: Chaos) -> None:
    """A thousand of the page's calls on the way at a time: each is handled once, and its own answer comes to it."""
    count, at_once, steps = chaos.count(20_000, 1_000_000), 1000, 20
    handled = bytearray(count)
    with shown(CALLING_PAGE) as view:

        @view.bind_call("api.next")
        def next_of(n: int, text: str) -> dict[str, object]:
            assert text == f"call {n}"
            handled[n] += 1
            return {"n": n + 1, "text": f"answer {n}"}

        kib: list[dict[str, int]] = []
        began = time.monotonic()
        for step in range(steps):
            first, last = count * step // steps, count * (step + 1) // steps
            seen = view.eval_js_sync(f"callAll({first}, {last}, {at_once})", timeout_ms=5000 * PATIENCE)
            assert seen == {"answered": last, "wrong": []}
            kib.append(memory_of_each())
        took = time.monotonic() - began
        stats = view.stats()
    assert handled == bytes([1]) * count
    assert (stats.cancelled, stats.dropped) == (0, 0)
    warm = kib[steps // 5 :]
    early, late = warm[: len(warm) // 2], warm[len(warm) // 2 :]
    grown = {
        process: min(size[process] for size in late) - statistics.median(size[process] for size in early)
        for process in CALLS_KIB
    }
    chaos.report(
        "C27", calls=count, at_once=at_once, lost=0, twice=0, wrong=0, per_second=round(count / took),
        **{f"{process}_kib_more": round(more) for process, more in grown.items()},
    )  # fmt: skip
    if chaos.long:  # the short version is all warm-up
        assert all(grown[process] <= bound for process, bound in CALLS_KIB.items()), (grown, kib)


class Mixture:
    """One thread of the soak: does what its dice say, and counts."""

    def __init__(self, chaos: Chaos, view: WebView, until: float) -> None:
        self._dice = chaos.random
        self._view, self._until = view, until
        self.done = dict.fromkeys(("emit", "eval", "ask", "call", "large", "resize", "window", "reload"), 0)

    def run(self) -> None:
        while time.monotonic() < self._until:
            what = self._dice.choices(list(self.done), [40, 20, 10, 20, 5, 3, 0.3, 0.5])[0]
            try:
                getattr(self, f"_{what}")()
            except PageGoneError:  # a reload of another thread took the page that was asked
                continue
            except JavaScriptError as error:  # the same, in its first moments, when its bytes went by requests
                if "its bytes are lost: Load failed" not in error.message:
                    raise
                continue
            self.done[what] += 1

    def _sync(self, script: str) -> object:
        return self._view.eval_js_sync(script, timeout_ms=1000 * PATIENCE)

    def _emit(self) -> None:
        self._view.emit("soak", {"n": self._dice.random(), "text": "中" * self._dice.randrange(200)})

    def _eval(self) -> None:
        n = self._dice.randrange(10**6)
        assert self._sync(f"{n} + 1") == n + 1

    def _ask(self) -> None:
        future = self._view.eval_js_async("1 + 1", timeout_ms=int(1000 * PATIENCE))
        assert future.result(PATIENCE) == 2

    def _call(self) -> None:
        assert self._sync("auroraview.api.echo({a: [1, null, 'x']})") == {"a": [1, None, "x"]}

    def _large(self) -> None:
        assert self._sync("auroraview.api.size('x'.repeat(300000))") == 300_000

    def _resize(self) -> None:
        self._view.set_size(300 + self._dice.randrange(300), 200 + self._dice.randrange(300))

    def _window(self) -> None:
        with shown("<p>another") as other:
            assert other.eval_js_sync("1", timeout_ms=1000 * PATIENCE) == 1

    def _reload(self) -> None:
        self._view.reload()


def test_c17_soak(chaos: Chaos) -> None:
    """Everything at once for a while: no error, flat memory."""
    seconds = chaos.count(10, 1800)
    with shown("<p>soak<script>auroraview.on('soak', () => {})</script>") as view:
        crashed, errors = Recorder(), Recorder()
        view.on_crashed(crashed)
        view.on("handler_error", errors)
        view.bind_call("api.echo", lambda a: {"a": a})
        view.bind_call("api.size", len)
        use(view)
        begun = time.monotonic()
        mixtures = [Mixture(Chaos(f"soak {n}"), view, begun + seconds) for n in range(3)]
        crew = Crew()
        for mixture in mixtures:
            crew.start(mixture.run)
        sizes = [Size.now()]
        look = threading.Event()  # never set: only its clock is used, to look at the memory now and then
        while time.monotonic() < begun + seconds:
            look.wait(seconds / 50)
            sizes.append(Size.now())
        crew.join(2 * PATIENCE)
        assert crashed.is_empty() and errors.is_empty()
        done = {what: sum(mixture.done[what] for mixture in mixtures) for what in mixtures[0].done}
    sizes = sizes[len(sizes) // 5 :]  # the first part is warm-up
    step = seconds * 4 / 5 / len(sizes)
    host, ui = [size.host for size in sizes], [size.ui for size in sizes]
    per_hour = [f"{slope(values) / step * 3600 / 1024:.2f}" for values in (host, ui)] if chaos.long else ["too_short"]
    chaos.report(
        "C17", seconds=seconds, operations=sum(done.values()), done=",".join(f"{what}:{n}" for what, n in done.items()),
        errors=0, host_kib=f"{host[0]}..{host[-1]}", ui_kib=f"{ui[0]}..{ui[-1]}",
        mib_per_hour="+".join(per_hour),
    )  # fmt: skip
