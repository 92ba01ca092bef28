"""Pictures of ratios: for each figure one bar for each peer, on a logarithmic scale. 1 is the bare wry program."""

from __future__ import annotations

import math
from html import escape

#: File, title, and the scenarios in it by the start of their names.
PICTURES = [
    ("calls", "Calls, events and scripts beside bare wry", ("call", "flight", "events", "ping", "evaluate")),
    ("data", "Text, bytes and frames beside bare wry", ("text", "bytes", "frames")),
    ("life", "Start, memory and end beside bare wry", ("start", "views", "idle")),
]
COLOURS = ["#1a4f9c", "#3f7fd0", "#7fb0ea", "#b5d2f4", "#2a8c4a", "#d9822b", "#e8b06f", "#8c4ab0", "#b03a48"]

Bars = list[tuple[str, bool, list[tuple[str, "float | None"]]]]

LEFT, WIDTH, LINE, GAP = 330, 560, 9, 12
#: Ratios at the two ends of the scale.
LEAST, MOST = 0.05, 100.0


def _x(ratio: float) -> float:
    part = math.log(min(max(ratio, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return LEFT + part * WIDTH


def draw(title: str, bars: Bars) -> str:
    """The picture as SVG; bars of what is better reach to the left, whatever its unit."""
    who = list(dict.fromkeys(name for _, _, each in bars for name, _ in each))
    colours = dict(zip(who, COLOURS))
    top = 44 + 18 * math.ceil(len(who) / 4)
    parts, y = [], float(top)
    for label, more_is_better, each in bars:
        shown = [(name, 1 / ratio if more_is_better else ratio) for name, ratio in each if ratio]
        middle = y + len(shown) * LINE / 2 + 4
        what = label + (" (rate, inverse)" if more_is_better else "")
        parts.append(f'<text x="{LEFT - 8}" y="{middle:.0f}" text-anchor="end">{escape(what)}</text>')
        for name, ratio in shown:
            start, end = sorted((_x(1), _x(ratio)))
            parts.append(
                f'<rect x="{start:.1f}" y="{y:.1f}" width="{max(end - start, 1):.1f}" height="{LINE - 1}" '
                f'fill="{colours[name]}"><title>{escape(name)}: {ratio:.2f}</title></rect>'
            )
            y += LINE
        y += GAP
    for tick in (0.1, 1, 10, 100):
        parts.append(f'<line x1="{_x(tick):.1f}" x2="{_x(tick):.1f}" y1="{top - 6}" y2="{y:.0f}" stroke="#888"/>')
        parts.append(f'<text x="{_x(tick):.1f}" y="{y + 14:.0f}" text-anchor="middle">{tick:g} ×</text>')
    for at, name in enumerate(who):
        x, line = 16 + (at % 4) * 225, 44 + 18 * (at // 4)
        parts.append(f'<rect x="{x}" y="{line - 9}" width="10" height="10" fill="{colours[name]}"/>')
        parts.append(f'<text x="{x + 15}" y="{line}">{escape(name)}</text>')
    size = f'viewBox="0 0 {LEFT + WIDTH + 30} {y + 26:.0f}" font-family="sans-serif" font-size="11"'
    heading = f'<text x="16" y="20" font-size="14">{escape(title)} (time or size, left is better)</text>'
    background = '<rect width="100%" height="100%" fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{background}{heading}{"".join(parts)}</svg>\n'
