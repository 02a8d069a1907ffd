"""Draws the report's curves as SVG, by hand: no library, no colours of its own, no words that are not escaped.

Every drawing has a title and a description for those who don't see it. Colours come from the page's style through the
classes ``run-0`` and ``run-1``; lines of the second run are dashed as well, so that no drawing needs colour to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from markupsafe import Markup

from eval.report.wording import milliseconds

WIDTH = 440
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 22, 40
Points = Sequence[tuple[float, float]]


def element(name: str, *children: str, **attributes: object) -> Markup:
    """An SVG element; text and attribute values are escaped, and ``class_`` and ``text_anchor`` lose their underscore.

    >>> print(element("text", "a < b", class_="small", x=1.25))
    <text class="small" x="1.2">a &lt; b</text>
    """
    pairs = [(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items()]
    opened = Markup("").join(
        Markup(' {}="{}"').format(key, f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value)
        for key, value in pairs
    )
    body = Markup("").join(children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), opened, body)  # noqa: S704  (our own name)


def drawing(title: str, description: str, height: int, children: Iterable[Markup], *, width: int = WIDTH) -> Markup:
    """A whole SVG with a name that a screen reader says."""
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *children,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=f"{title}. {description}",
        class_="plot",
    )


def risk_coverage_plot(curves: Sequence[tuple[str, Points]]) -> Markup:
    """Risk (y, 0 to 1) against coverage (x, 0 to 1): the share that is wrong, surest answers first."""
    height = 250
    top = max((risk for _, points in curves for _, risk in points), default=0.0)
    top = min(1.0, max(0.1, np.ceil(top * 10) / 10))
    area = _Area(height, top)
    marks = [
        *area.frame(
            [(share, f"{share:.0%}") for share in (0, 0.25, 0.5, 0.75, 1)],
            "coverage: share of the questions let through",
        )
    ]
    marks += area.levels(
        [(top * part, f"{top * part:.0%}") for part in (0, 0.5, 1)], "risk: share of these that are wrong"
    )
    for number, (name, points) in enumerate(curves):
        if not points:
            continue
        path = " ".join(f"{area.x(x):.1f},{area.y(y):.1f}" for x, y in _thinned(points))
        marks.append(element("polyline", element("title", name), points=path, class_=f"line run-{number}"))
    ends = [f"{name} ends at {points[-1][1]:.0%} wrong" for name, points in curves if points]
    description = "Share of wrong answers when only the surest questions are answered. " + "; ".join(ends) + "."
    return drawing("Risk and coverage", description, height, marks)


def confidence_plot(answerable: Sequence[float], unanswerable: Sequence[float], *, run: int = 0) -> Markup:
    """How sure the system was: answerable questions above the line, unanswerable ones below it."""
    height, bins = 250, 20
    known = [*answerable, *unanswerable]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    low, high = (0.0, 1.0) if low >= 0 and high <= 1 else (low, high if high > low else low + 1)
    above, _ = np.histogram(answerable, bins, (low, high))
    below, _ = np.histogram(unanswerable, bins, (low, high))
    most = max(1, above.max(initial=0) + below.max(initial=0))
    room = height - TOP - BOTTOM
    line = TOP + room * (above.max(initial=0) / most)
    step = (WIDTH - LEFT - RIGHT) / bins
    marks = []
    for index in range(bins):
        for amount, is_above in ((above[index], True), (below[index], False)):
            if amount:
                tall = room * amount / most
                marks.append(
                    element(
                        "rect",
                        x=LEFT + step * index + 1,
                        y=line - tall if is_above else line,
                        width=step - 2,
                        height=float(tall),
                        class_=f"bar run-{run}" if is_above else "bar hollow",
                    )
                )
    area = _Area(height, 1.0)
    ticks = [(part, f"{low + part * (high - low):.2g}") for part in (0, 0.25, 0.5, 0.75, 1)]
    marks += area.frame(ticks, "confidence that the documents answer")
    marks.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=float(line), y2=float(line), class_="axis"))
    marks += [
        element("text", f"answerable ({len(answerable)})", x=LEFT + 4, y=TOP + 8, class_="label"),
        element(
            "text", f"unanswerable ({len(unanswerable)})", x=WIDTH - RIGHT, y=height - BOTTOM - 6, text_anchor="end"
        ),
    ]
    medians = [
        f"The median is {np.median(values):.2f} for {word} questions."
        for word, values in (("answerable", answerable), ("unanswerable", unanswerable))
        if len(values)
    ]
    return drawing("How sure the system was", " ".join(medians), height, marks)


def times_plot(stages: Mapping[str, Sequence[tuple[float, float] | None]]) -> Markup:
    """Median and 95th percentile of each stage, in milliseconds, by run; the scale is logarithmic."""
    runs = max((len(values) for values in stages.values()), default=1)
    row = 26 + 14 * (runs - 1)
    height = TOP + row * len(stages) + BOTTOM
    known = [value for values in stages.values() for pair in values if pair for value in pair]
    low, high = _decades([value for value in known if value > 0])
    left, right = 104, 22

    def place(value: float) -> float:
        share = (np.log10(max(value, low)) - np.log10(low)) / (np.log10(high) - np.log10(low))
        return float(left + share * (WIDTH - left - right))

    marks, said = [], []
    for power in range(round(np.log10(low)), round(np.log10(high)) + 1):
        x = place(10.0**power)
        marks.append(element("line", x1=x, x2=x, y1=TOP, y2=height - BOTTOM, class_="grid"))
        marks.append(
            element("text", milliseconds(10.0**power), x=x, y=height - BOTTOM + 16, text_anchor="middle", class_="tick")
        )
    for number, (stage, values) in enumerate(stages.items()):
        middle = TOP + row * (number + 0.5)
        marks.append(element("text", stage, x=left - 10, y=middle + 4, text_anchor="end", class_="label"))
        for run, pair in enumerate(values):
            if pair is None:
                continue
            y = middle + 14 * (run - (runs - 1) / 2)
            half, most = place(pair[0]), place(pair[1])
            marks.append(element("line", x1=half, x2=most, y1=y, y2=y, class_=f"span run-{run}"))
            marks.append(element("circle", cx=half, cy=y, r=4, class_=f"dot run-{run}"))
            marks.append(element("line", x1=most, x2=most, y1=y - 5, y2=y + 5, class_=f"span run-{run} end"))
            said.append(f"{stage} {milliseconds(pair[0])} to {milliseconds(pair[1])}")
    marks.append(
        element(
            "text", "dot: median, end: 95th percentile", x=WIDTH - right, y=height - 4, text_anchor="end", class_="tick"
        )
    )
    return drawing("Time by stage", "Median to 95th percentile: " + "; ".join(said) + ".", height, marks)


def funnel_plot(steps: Sequence[tuple[str, Sequence[int]]]) -> Markup:
    """How many of the answerable questions are still there after each stage, as bars, by run."""
    runs = max((len(values) for _, values in steps), default=1)
    row = 36 + 18 * (runs - 1)
    height = TOP + row * len(steps) + 8
    most = max((value for _, values in steps for value in values), default=0) or 1
    left, right = 104, 80
    marks, said = [], []
    before: Sequence[int] = ()
    for number, (name, values) in enumerate(steps):
        middle = TOP + row * (number + 0.5)
        marks.append(element("text", name, x=left - 10, y=middle + 4, text_anchor="end", class_="label"))
        for run, value in enumerate(values):
            y = middle + 18 * (run - (runs - 1) / 2)
            wide = (WIDTH - left - right) * value / most
            lost = before[run] - value if before else 0
            marks.append(element("rect", x=left, y=y - 7, width=WIDTH - left - right, height=14, class_="bar empty"))
            marks.append(element("rect", x=left, y=y - 7, width=wide, height=14, class_=f"bar run-{run}"))
            marks.append(element("text", f"{value:,}", x=WIDTH - right + 8, y=y + 4, class_="figure"))
            if lost:
                marks.append(element("text", f"−{lost:,}", x=WIDTH - 2, y=y + 4, text_anchor="end", class_="loss"))
        said.append(f"{name} {' and '.join(f'{value:,}' for value in values)}")
        before = values
    return drawing("Where questions are lost", "Answerable questions left: " + ", ".join(said) + ".", height, marks)


def interval_plot(difference: float, low: float, high: float, *, reach: float, effect: float) -> Markup:
    """A difference with its interval on a scale from ``-reach`` to ``reach``; the band is too small to matter."""
    width, height = 180, 26

    def place(value: float) -> float:
        return float(width / 2 + min(1.0, max(-1.0, value / reach)) * (width / 2 - 6))

    band = place(min(effect, reach)) - place(0)
    marks = [
        element("rect", x=width / 2 - band, y=2, width=2 * band, height=height - 4, class_="band"),
        element("line", x1=width / 2, x2=width / 2, y1=1, y2=height - 1, class_="axis"),
        element("line", x1=place(low), x2=place(high), y1=height / 2, y2=height / 2, class_="span run-0"),
        element("circle", cx=place(difference), cy=height / 2, r=4, class_="dot run-0"),
    ]
    return element(
        "svg", *marks, viewBox=f"0 0 {width} {height}", class_="interval", aria_hidden="true", focusable="false"
    )


class _Area:
    """The coordinates of a plot from 0 to 1 across and from 0 to ``top`` upwards, with its frame."""

    def __init__(self, height: int, top: float) -> None:
        self._height, self._top = height, top

    def x(self, share: float) -> float:
        return float(LEFT + share * (WIDTH - LEFT - RIGHT))

    def y(self, value: float) -> float:
        return float(self._height - BOTTOM - value / self._top * (self._height - TOP - BOTTOM))

    def frame(self, ticks: Sequence[tuple[float, str]], name: str) -> list[Markup]:
        floor = self._height - BOTTOM
        marks = [element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=floor, y2=floor, class_="axis")]
        for share, words in ticks:
            anchor = "start" if share == 0 else "end" if share == 1 else "middle"
            marks.append(element("text", words, x=self.x(share), y=floor + 16, text_anchor=anchor, class_="tick"))
        middle = (LEFT + WIDTH - RIGHT) / 2
        return [*marks, element("text", name, x=middle, y=self._height - 4, text_anchor="middle", class_="name")]

    def levels(self, ticks: Sequence[tuple[float, str]], name: str) -> list[Markup]:
        marks = []
        for value, words in ticks:
            y = self.y(value)
            marks.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
            marks.append(element("text", words, x=LEFT - 6, y=y + 4, text_anchor="end", class_="tick"))
        return [*marks, element("text", name, x=LEFT + 4, y=TOP - 8, class_="name")]


def _thinned(points: Points, most: int = 300) -> list[tuple[float, float]]:
    """At most ``most`` of the points, the first and last among them."""
    if len(points) <= most:
        return list(points)
    chosen = np.linspace(0, len(points) - 1, most).round().astype(int)
    return [points[index] for index in chosen]


def _decades(values: Sequence[float]) -> tuple[float, float]:
    """The powers of ten around positive values, in milliseconds."""
    if not values:
        return 1.0, 10.0
    low = 10.0 ** np.floor(np.log10(min(values)))
    high = 10.0 ** np.ceil(np.log10(max(values)))
    return float(low), float(high if high > low else low * 10)
