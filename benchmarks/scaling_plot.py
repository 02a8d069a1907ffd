"""Draws what grows with the number of documents: three small log-log plots in one SVG that stands for itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from eval.report.plots import element

WIDTH, HEIGHT = 300, 260  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 56, 28, 40, 44
INK, FAINT, COLOURS = "#10233d", "#d5dbe6", ("#1f3a5f", "#b4541a")

Points = Sequence[tuple[float, float]]
Line = tuple[str, Points]

PANELS: tuple[tuple[str, tuple[tuple[str, Callable[[Mapping[str, Any]], float]], ...]], ...] = (
    ("Indexing, seconds", (("seconds", lambda row: row["seconds"]),)),
    (
        "Memory and disk, MB",
        (("peak memory", lambda row: row["peak_memory_mb"]), ("index on disk", lambda row: row["index_mb"])),
    ),
    (
        "A search, milliseconds",
        (("p95", lambda row: row["search_ms"]["p95"]), ("p50", lambda row: row["search_ms"]["p50"])),
    ),
)
"""Title of each panel, and its lines with what each shows of a size."""


def scaling_plot(sizes: Sequence[Mapping[str, Any]]) -> str:
    """The plot for the records of ``benchmarks/scaling.py``, in the order of their documents."""
    rows = sorted(sizes, key=lambda row: row["documents"])
    panels, told = [], []
    for place, (title, lines) in enumerate(PANELS):
        drawn = [(name, [(row["documents"], of(row)) for row in rows]) for name, of in lines]
        panels.append(element("g", *panel(title, drawn), transform=f"translate({place * WIDTH} 0)"))
        told += [f"{title}, {name}: " + ", ".join(f"{y:g} at {x:,}" for x, y in points) for name, points in drawn]
    described = element("desc", "; ".join(told) + ".")
    head = (element("title", "Time and memory against the number of documents"), described)
    background = element("rect", width=WIDTH * len(PANELS), height=HEIGHT, fill="#ffffff")
    size = f"0 0 {WIDTH * len(PANELS)} {HEIGHT}"
    font = {"font_family": "system-ui, sans-serif", "role": "img"}
    return f"{element('svg', *head, background, *panels, xmlns='http://www.w3.org/2000/svg', viewBox=size, **font)}\n"


def panel(title: str, lines: Sequence[Line]) -> list[Markup]:
    """One plot: grid, names of the decades, and the lines with their dots."""
    xs = decades([x for _, points in lines for x, _ in points])
    ys = decades([y for _, points in lines for _, y in points])
    marks = [element("text", title, x=LEFT, y=18, font_size=13, fill=INK)]
    for power in range(xs[0], xs[1] + 1):
        x = across(10.0**power, xs)
        marks.append(element("line", x1=x, x2=x, y1=TOP, y2=HEIGHT - BOTTOM, stroke=FAINT))
        marks.append(label(f"{10**power:,}", x, HEIGHT - BOTTOM + 16, "middle"))
    for power in range(ys[0], ys[1] + 1):
        y = up(10.0**power, ys)
        marks.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, stroke=FAINT))
        marks.append(label(f"{10.0**power:,g}", LEFT - 6, y + 4, "end"))
    marks.append(label("documents", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "middle"))
    for number, ((name, points), colour) in enumerate(zip(lines, COLOURS, strict=False)):
        places = [(across(x, xs), up(y, ys)) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        dashes = {"stroke_dasharray": "5 3"} if number else {}
        marks.append(element("polyline", points=path, fill="none", stroke=colour, stroke_width=2, **dashes))
        marks += [element("circle", cx=x, cy=y, r=3, fill=colour) for x, y in places]
        if len(lines) > 1:
            place = HEIGHT - BOTTOM - 8 - 16 * (len(lines) - 1 - number)
            marks.append(label(name, WIDTH - RIGHT - 4, place, "end", colour))
    return marks


def label(words: str, x: float, y: float, anchor: str, colour: str = INK) -> Markup:
    """Small words at a place."""
    return element("text", words, x=float(x), y=float(y), text_anchor=anchor, font_size=11, fill=colour)


def decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around these values, at least one decade."""
    low = math.floor(math.log10(min(values)))
    return low, max(low + 1, math.ceil(math.log10(max(values))))


def across(value: float, powers: tuple[int, int]) -> float:
    """From left to right."""
    return LEFT + share(value, powers) * (WIDTH - LEFT - RIGHT)


def up(value: float, powers: tuple[int, int]) -> float:
    """From the bottom to the top."""
    return HEIGHT - BOTTOM - share(value, powers) * (HEIGHT - TOP - BOTTOM)


def share(value: float, powers: tuple[int, int]) -> float:
    """How far a value lies between two powers of ten, on the logarithmic scale.

    >>> share(100, (1, 3)), share(10, (1, 3))
    (0.5, 0.0)
    """
    return (math.log10(value) - powers[0]) / (powers[1] - powers[0])
