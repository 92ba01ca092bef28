"""What `make bench` says of itself fits together, and its report tells the truth about what was measured."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHES = Path(__file__).parent.parent / "benches"
sys.path[:0] = [str(BENCHES), str(BENCHES / "peers")]
import report  # noqa: E402
import scenarios  # noqa: E402
from registry import PEERS  # noqa: E402


def entry(peer: str, scenario: str, **more: Any) -> dict[str, Any]:
    return {"peer": peer, "scenario": scenario, **more}


def samples(*entries: dict[str, Any]) -> report.Samples:
    return report.Samples({"entries": list(entries)})


def test_every_scenario_has_its_part_in_the_page() -> None:
    page = (BENCHES / "scenarios" / "page.js").read_text()
    parts = set(re.findall(r"^  async (\w+)\(", page, re.MULTILINE))
    assert {scenario.page for scenario in scenarios.SCENARIOS} <= parts


def test_what_is_named_exists() -> None:
    names = {scenario.name for scenario in scenarios.SCENARIOS}
    peers = {peer.name for peer in PEERS}
    for peer in PEERS:
        assert (BENCHES / f"requirements-{peer.environment}.txt").exists()
        assert peer.glue or peer.module == "python_socket"
        for start in (*peer.cannot, *peer.only):
            assert any(name.startswith(start) for name in names), (peer.name, start)
    known = {*peers, scenarios.BEST_OF_FLOOR, scenarios.COLD_START, None}
    for scenario, row in report.rows():
        assert row.ours in peers and set(scenario.only) <= peers
        assert {goal.against for goal in row.goals} <= known, scenario.name
        assert {goal.ours or row.ours for goal in row.goals} <= peers, scenario.name


def test_the_readme_has_a_place_for_figures_that_exist() -> None:
    figures = {(scenario.name, row.figure) for scenario, row in report.rows()}
    assert {(name, figure) for name, each in report.SUMMARY.items() for figure in each} <= figures
    assert {*report.SUMMARY_COLUMNS} <= {*report.COLUMNS}
    _, begin, rest = report.README.read_text().partition(report.README_BEGIN)
    assert begin and report.README_END in rest


def test_a_target_is_reached_or_not() -> None:
    measured = samples(
        entry("floor", "call", figures={"round_trip": [100.0, 200.0, 300.0]}),
        entry("AuroraView, show()", "call", figures={"round_trip": [240.0]}),
        entry("floor", "flight", figures={"rate": [10.0]}),
        entry("AuroraView, show()", "flight", figures={"rate": [9.0]}),
    )
    text = report.goals(measured)
    assert "| small call page → host → page, µs | show() | ≤ 1.25 × floor (200) | 240: 1.20 | yes |" in text
    assert "| 1000 calls in flight, calls/s | show() | ≥ 1 × floor (10.0) | 9.00: 0.90 | **no** |" in text


def test_a_target_of_speed_is_the_others_time_by_ours() -> None:
    measured = samples(
        entry("floor", "bytes_up_16MiB", figures={"round_trip": [8000.0]}),
        entry("AuroraView, show()", "bytes_up_16MiB", figures={"round_trip": [10_001.0]}),
    )
    assert "≥ a speed of 0.8 × floor (8,000) | 10,001: 0.80 | **no** |" in report.goals(measured)


def test_each_mode_has_its_own_target() -> None:
    measured = samples(
        entry("beside", "held", figures={"held_open": [10.0]}),
        entry("beside, in Qt", "held", figures={"held_open": [20.0]}),
        entry("AuroraView, threaded", "held", figures={"held_open": [15.0]}),
        entry("AuroraView, in Qt", "held", figures={"held_open": [15.0]}),
    )
    text = report.goals(measured)
    assert "| threaded | ≤ 1 × beside (10.0) | 15.0: 1.50 | **no** |" in text
    assert "| in Qt | ≤ 1 × beside, in Qt (20.0) | 15.0: 0.75 | yes |" in text


def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> dict[str, Any]:
    """Samples of a run, and a project in which its report may be written."""
    (tmp_path / "quick").mkdir()
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    monkeypatch.setattr(report, "QUICK_FOLDER", tmp_path / "quick")
    monkeypatch.setattr(report, "README", tmp_path / "README.md")
    report.README.write_text(f"before\n{report.README_BEGIN}old\n{report.README_END}\nafter\n")
    machine = dict.fromkeys(("machine", "system", "webkitgtk", "load", "command"), "?")
    entries = [entry("floor", "call", figures={"round_trip": [100.0]})]
    return {"machine": machine, "rounds": 3, "quick": False, "all": 9, "left": 0, "entries": entries, **more}


def test_a_whole_run_renews_the_results_and_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert report.write(raw(tmp_path, monkeypatch)) == tmp_path / "RESULTS.md"
    readme = report.README.read_text()
    assert readme.startswith("before\n") and readme.endswith("\nafter\n") and "old" not in readme
    assert "| small call page → host → page, µs | 100 |" in readme
    assert (tmp_path / "pictures" / "calls.svg").exists()


def test_a_run_that_ended_early_says_so_and_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = report.write(raw(tmp_path, monkeypatch, left=4))
    assert path.parent.name == "quick" and "4 measurements of 9 are missing" in path.read_text()
    assert "old" in report.README.read_text()


def test_rough_figures_replace_only_rough_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = raw(tmp_path, monkeypatch, quick=True)
    assert report.write(quick) == report.write(quick) == tmp_path / "RESULTS.md"
    report.write({**quick, "quick": False})
    assert report.write(quick) == tmp_path / "quick" / "RESULTS.md"


def test_where_a_peer_wins_it_says_so() -> None:
    measured = samples(
        entry("AuroraView, show()", "call", figures={"round_trip": [50.0]}),
        entry("QWebChannel (PySide6)", "call", figures={"round_trip": [40.0]}),
        entry("pytauri", "call", figures={"round_trip": [900.0]}),
    )
    assert "QWebChannel (PySide6) 40.0; the best AuroraView 50.0" in report.wins(measured)
    assert "pytauri" not in report.wins(measured)


def test_who_is_not_there_is_named() -> None:
    measured = samples(
        entry("pytauri", "call", missing="not installed: no wheel"), entry("floor", "call", failed="died")
    )
    text = report.absences(measured)
    assert "**pytauri, missing: not installed: no wheel**" in text and "**floor, failed: call: died**" in text
