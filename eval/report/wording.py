"""Figures as a reader meets them: percentages, times, counts, dates, and text that is safe to show.

Knows nothing of HTML or Markdown; escaping belongs to whoever writes those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

import numpy as np

from eval.records import Run

_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


def clean(text: str) -> str:
    """The text with U+FFFD for what a file can't hold or a page shouldn't obey.

    Control characters, halves of characters, and the marks that turn the direction of all that follows.
    """
    return _UNSHOWABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def figure(value: float | None, unit: str, *, digits: int = 1) -> str:
    """A value with its unit; a dash where there is none.

    >>> figure(0.8974, "share"), figure(1.0, "share"), figure(2.345, "s"), figure(1234.5, "tokens"), figure(None, "s")
    ('89.7%', '100%', '2.3 s', '1,234', '–')

    A share that is neither nothing nor all never looks like it:

    >>> figure(0.998, "share", digits=0)
    '99.8%'
    """
    if value is None or not np.isfinite(value):
        return "–"
    if unit == "share":
        words = f"{value:.{digits}%}".replace(".0%", "%")
        return (
            figure(value, unit, digits=digits + 1)
            if words in ("0%", "100%") and 0 < value < 1 and digits < 6
            else words
        )
    if unit == "s":
        return f"{value * 1000:.0f} ms" if abs(value) < 1 else f"{value:.1f} s"
    return f"{value:,.0f}" if value >= 100 or float(value).is_integer() else f"{value:.1f}"


def change(value: float | None, unit: str) -> str:
    """A difference with its sign; of shares in percentage points.

    >>> change(0.0251, "share"), change(-0.5, "s"), change(0.0, "share")
    ('+2.5 points', '−500 ms', '0.0 points')
    """
    if value is None or not np.isfinite(value):
        return "–"
    amount = f"{abs(value) * 100:.1f} points" if unit == "share" else figure(abs(value), unit)
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return sign + amount


def interval(low: float | None, high: float | None, unit: str) -> str:
    """The ends of a difference's interval, with the unit once where it is long.

    >>> interval(-0.043, 0.169, "share")
    '−4.3 to +16.9 points'
    """
    first, last = change(low, unit), change(high, unit)
    return f"{first.removesuffix(' points')} to {last}"


def milliseconds(value: float) -> str:
    """A time of a stage."""
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


def probability(value: float | None) -> str:
    """A p value, to as many places as mean something.

    >>> probability(0.0123), probability(0.00004), probability(1.0), probability(None)
    ('0.012', '< 0.001', '1', '–')
    """
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}".rstrip("0").rstrip(".")


def counted(count: int, noun: str) -> str:
    """A number with its noun: "1 question", "1,200 questions"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def about(count: int, noun: str) -> str:
    """A number that is a guess, to two digits.

    >>> about(3497, "question")
    'about 3,500 questions'
    """
    return f"about {counted(int(float(f'{count:.1e}')), noun)}"


def listed(items: Iterable[str]) -> str:
    """Words as a list in a sentence: "a, b and c"."""
    *before, last = list(items) or [""]
    return f"{', '.join(before)} and {last}" if before else last


def headline(run: Run) -> str:
    """What was asked of what, and when: one line for people."""
    about = {name: str(value) for name, value in run.about.items() if isinstance(value, str) and value}
    parts = [counted(len(run.cases), "question")]
    if about.get("set"):
        parts.append(f"from {PurePath(about['set']).name}")
    if date := about.get("started") or about.get("date"):
        parts.append(f"asked on {_day(date)}")
    if model := run.fingerprint.llm:
        parts.append("quotes only" if model == "none" else f"answered by {model.partition('@')[0]}")
    return ", ".join(parts)


def _day(moment: str) -> str:
    """A moment in ISO 8601 as a day; anything else as it is."""
    try:
        return f"{datetime.fromisoformat(moment):%-d %B %Y}"
    except ValueError:
        return moment


def facts(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is noted about a run, flat: (name, value), without what is empty."""
    rows: list[tuple[str, str]] = []
    for name, value in about.items():
        if isinstance(value, Mapping):
            rows += [(f"{name}: {inner}", shown) for inner, shown in facts(value)]
        elif value not in (None, "", [], ()):
            rows.append((str(name).replace("_", " "), str(value)))
    return rows
