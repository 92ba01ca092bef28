"""What the raw samples say: a table on the terminal, benches/RESULTS.md with its pictures, and the README's table."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

import plots
from registry import FLOOR, PEERS
from scenarios import BEST_OF_FLOOR, COLD_START, SCENARIOS, Goal, Row, Scenario

FOLDER = Path(__file__).parent
QUICK_FOLDER = FOLDER.parent / "target" / "bench"
NAMES = [peer.name for peer in PEERS]
#: What is between these lines of RESULTS.md is written by hand, and kept.
BEGIN, END = "<!-- by hand -->", "<!-- end -->"
ROUGH = "**A quick run: rough figures.**"
#: They stand beside one row each, not in the columns.
REFERENCES = ("floor, text by scheme", "beside", "beside, in Qt", "python socket")
COLUMNS = [name for name in NAMES if name not in REFERENCES]
#: What the README shows, and beside whom.
SUMMARY = {
    "start": ("first", "end"), "call": ("round_trip",), "text_up_1MiB": ("round_trip",),
    "bytes_up_16MiB": ("round_trip",), "bytes_down_16MiB": ("round_trip",), "flight": ("rate",),
    "events_up": ("rate",), "events_down_thread": ("rate",), "ping": ("round_trip",), "evaluate": ("round_trip",),
    "views": ("warm", "pss_1"), "views_kept": ("warm",), "frames": ("fps",),
}  # fmt: skip
SUMMARY_COLUMNS = [FLOOR, "AuroraView, show()", "AuroraView, in Qt", "pywebview, GTK", "QWebChannel (PySide6)"]
README = FOLDER.parent / "README.md"
README_BEGIN, README_END = "<!-- figures, written by make bench -->\n", "<!-- end of figures -->"
OURS = [name for name in NAMES if name.startswith("AuroraView")]


class Samples:
    """All rounds' samples of each figure, and what is not there and why."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self._values: dict[tuple[str, str, str], list[float]] = {}
        self.troubles: dict[str, set[str]] = {}
        for entry in raw["entries"]:
            for figure, values in entry.get("figures", {}).items():
                self._values.setdefault((entry["peer"], entry["scenario"], figure), []).extend(values)
            for kind in ("missing", "failed"):
                if kind in entry:
                    scenario = f"{entry['scenario']}: " if kind == "failed" else ""
                    self.troubles.setdefault(entry["peer"], set()).add(f"{kind}: {scenario}{entry[kind]}")

    def of(self, peer: str, scenario: str, figure: str) -> list[float]:
        return self._values.get((peer, scenario, figure), [])

    def median(self, peer: str, scenario: str, figure: str) -> float | None:
        values = self.of(peer, scenario, figure)
        return statistics.median(values) if values else None

    def reference(self, goal: Goal, scenario: str, figure: str) -> float | None:
        """What a goal's ratio is to."""
        if goal.against == BEST_OF_FLOOR:
            both = [self.median(name, scenario, figure) for name in (FLOOR, "floor, text by scheme")]
            return min((each for each in both if each is not None), default=None)
        if goal.against == COLD_START:
            return self.median(FLOOR, "start", "first")
        return self.median(goal.against or "", scenario, figure)


def rows() -> list[tuple[Scenario, Row]]:
    return [(scenario, row) for scenario in SCENARIOS for row in scenario.rows]


def number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 2)}f}"


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)]


def cell(samples: Samples, name: str, scenario: Scenario, row: Row) -> str:
    value = samples.median(name, scenario.name, row.figure)
    base = samples.median(FLOOR, scenario.name, row.figure)
    if value is None or not base or name == FLOOR:
        return number(value)
    return f"{number(value)} ({value / base:.2f})"


def table(header: list[str], lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, ["---"] * len(header), *lines])


def comparison(samples: Samples, chosen: list[tuple[Scenario, Row]], columns: list[str]) -> str:
    """Medians, and their ratio to the floor."""
    lines = []
    for scenario, row in chosen:
        if any(samples.of(name, scenario.name, row.figure) for name in columns):
            label = f"{row.label}, {row.unit}{' ↑' if row.more_is_better else ''}"
            lines.append([label, *(cell(samples, name, scenario, row) for name in columns)])
    return table(["medians (ratio to the floor)", *columns], lines)


def rounds(raw: dict[str, Any]) -> str:
    return "1 round" if raw["rounds"] == 1 else f"{raw['rounds']} rounds"


def summary(raw: dict[str, Any]) -> str:
    """What the README says: the figures that people ask for first."""
    chosen = [(scenario, row) for scenario, row in rows() if row.figure in SUMMARY.get(scenario.name, ())]
    machine = raw["machine"]
    made = f"{rounds(raw)}{', a quick run' if raw['quick'] else ''}, {machine['machine']}, {machine['system']}"
    shown = comparison(Samples(raw), chosen, SUMMARY_COLUMNS)
    return f"{shown}\n\n{made}, WebKitGTK {machine['webkitgtk']}, load {machine['load']}.\n"


def write_summary(raw: dict[str, Any]) -> None:
    """Into the README, between its two lines."""
    before, _, rest = README.read_text().partition(README_BEGIN)
    _, _, after = rest.partition(README_END)
    README.write_text(f"{before}{README_BEGIN}{summary(raw)}{README_END}{after}")


def goals(samples: Samples) -> str:
    """Each target, and whether it was reached."""
    lines = []
    for scenario, row in rows():
        if not any(samples.of(name, scenario.name, row.figure) for name in NAMES):
            continue
        for goal in row.goals:
            wanted, said, verdict = judged(samples, scenario, row, goal)
            ours = (goal.ours or row.ours).removeprefix("AuroraView, ")
            lines.append([f"{row.label}, {row.unit}", ours, wanted, said, verdict])
    return table(["figure", "AuroraView", "target", "found", "reached"], lines)


def judged(samples: Samples, scenario: Scenario, row: Row, goal: Goal) -> tuple[str, str, str]:
    """What was wanted, what was found, and whether that is enough."""
    value = samples.median(goal.ours or row.ours, scenario.name, row.figure)
    at_least = row.more_is_better or goal.speed
    sign = "≥" if at_least else "≤"
    if goal.against is None:
        wanted, found, said = f"{sign} {number(goal.limit)} {row.unit}", value, number(value)
    else:
        base = samples.reference(goal, scenario.name, row.figure)
        speed = "a speed of " if goal.speed else ""
        wanted = f"{sign} {speed}{goal.limit:.3g} × {goal.against} ({number(base)})"
        known = value is not None and base is not None
        found = (times(base, value) if goal.speed else times(value, base)) if known else None
        said = f"{number(value)}: {found:.2f}" if found is not None else number(value)
    if found is None:
        return wanted, said, "–"
    reached = found >= goal.limit if at_least else found <= goal.limit
    return wanted, said, "yes" if reached else "**no**"


def times(value: float, base: float) -> float:
    """The ratio, also to nothing."""
    return value / base if base else math.inf if value else 0.0


def wins(samples: Samples) -> str:
    """Where somebody is better than the best AuroraView by a twentieth."""
    lines = []
    for scenario, row in rows():
        values = {name: samples.median(name, scenario.name, row.figure) for name in COLUMNS}
        here = [value for name, value in values.items() if name in OURS and value is not None]
        if not here:
            continue
        best = max(here) if row.more_is_better else min(here)
        better = [
            f"{name} {number(value)}" for name, value in values.items()
            if name not in OURS and value is not None
            and (value > 1.05 * best if row.more_is_better else value < best / 1.05)
        ]  # fmt: skip
        if better:
            lines.append(f"- {row.label}, {row.unit}: {', '.join(better)}; the best AuroraView {number(best)}")
    return "\n".join(lines) or "Nowhere."


def absences(samples: Samples) -> str:
    lines = []
    for peer in PEERS:
        lines += [f"- {peer.name}, {scenario}: cannot: {why}" for scenario, why in peer.cannot.items()]
        lines += [f"- **{peer.name}, {each}**" for each in sorted(samples.troubles.get(peer.name, ()))]
        if peer.slow:
            short = ", ".join(f"{each.name} {each.slow['count']}" for each in SCENARIOS if each.slow)
            lines.append(f"- {peer.name}: short counts, since full ones take minutes or thousands of threads: {short}")
    return "\n".join(lines)


def details(samples: Samples) -> str:
    lines = []
    for scenario, row in rows():
        for name in NAMES:
            values = samples.of(name, scenario.name, row.figure)
            if values:
                spread = [number(percentile(values, part)) for part in (0.5, 0.95, 0.99)]
                lines.append([f"{row.label}, {row.unit}", name, *spread, str(len(values))])
    return table(["figure", "who", "p50", "p95", "p99", "samples"], lines)


def inversions(samples: Samples) -> str:
    """Who mixed up events."""
    found = [
        f"{name} {scenario.name}: {sum(values):.0f} in {len(values)} runs"
        for scenario in SCENARIOS
        for name in NAMES
        if sum(values := samples.of(name, scenario.name, "inversions"))
    ]
    return "; ".join(found) or "nobody"


def tables(raw: dict[str, Any]) -> str:
    samples = Samples(raw)
    return "\n\n".join([comparison(samples, rows(), COLUMNS), goals(samples), absences(samples)])


def write(raw: dict[str, Any]) -> Path:
    """RESULTS.md, the pictures, and the README's table."""
    samples = Samples(raw)
    folder = folder_for(raw)
    path = folder / "RESULTS.md"
    before = path.read_text() if path.exists() else ""
    words = before.split(BEGIN)[1].split(END)[0] if BEGIN in before else "\n"
    made = f"`{raw['machine']['command'].strip()}`, {rounds(raw)} in turn (long scenarios fewer)"
    parts = [
        "# Side by side",
        f"Made by {made}, and written by `benches/report.py`. [README.md](README.md) says what is measured and how.",
        "Times depend on the machine; the ratios are what to look at. The floor is a bare wry program in Rust."
        + (f" {ROUGH}" if raw["quick"] else "")
        + (f" **It ended early: {raw['left']} measurements of {raw['all']} are missing.**" if raw["left"] else ""),
        "\n".join(f"- {name}: {value}" for name, value in raw["machine"].items()),
        f"{BEGIN}{words}{END}",
        "## Targets",
        goals(samples),
        "## Beside the peers",
        "↑: more is better. A dash: see below.",
        comparison(samples, rows(), COLUMNS),
        *pictures(samples, folder / "pictures"),
        "## Where a peer wins",
        wins(samples),
        "## What is not there",
        absences(samples),
        *([f"Not in a quick run: {', '.join(each.name for each in SCENARIOS if each.quick is None)}."] * raw["quick"]),
        f"Events out of their order: {inversions(samples)}.",
        "## All figures",
        details(samples),
    ]
    path.write_text("\n\n".join(parts) + "\n")
    if folder == FOLDER:
        write_summary(raw)
    return path


def folder_for(raw: dict[str, Any]) -> Path:
    """What is rough, or ended early, does not take the place of better figures."""
    before = FOLDER / "RESULTS.md"
    is_rough_before = not before.exists() or ROUGH in before.read_text()
    return QUICK_FOLDER if raw["left"] or (raw["quick"] and not is_rough_before) else FOLDER


def pictures(samples: Samples, folder: Path) -> list[str]:
    """Draws them; what shows them."""
    folder.mkdir(exist_ok=True)
    shown = []
    for name, title, chosen in plots.PICTURES:
        bars = []
        for scenario, row in rows():
            if scenario.name.startswith(chosen) and samples.median(FLOOR, scenario.name, row.figure):
                each = [(who, ratio(samples, who, scenario, row)) for who in COLUMNS if who != FLOOR]
                bars.append((row.label, row.more_is_better, each))
        (folder / f"{name}.svg").write_text(plots.draw(title, bars))
        shown.append(f"![{title}](pictures/{name}.svg)")
    return shown


def ratio(samples: Samples, name: str, scenario: Scenario, row: Row) -> float | None:
    value, base = (samples.median(who, scenario.name, row.figure) for who in (name, FLOOR))
    return value / base if value and base else None
