"""From readings to figures: for each group of files and each reader, totals over files and medians of what it took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.parsing.pairs import WITH_MENUS
from benchmarks.parsing.readers import READERS

Row = Mapping[str, Any]
"""What `benchmarks.parsing.reading.Reading.to_dict` returns."""

RATES = {
    "character_error": ("characters", False),
    "word_error": ("words", False),
    "word_f1": ("shared_words", True),
    "cells_in_row": ("cells_in_row", True),
    "cells_apart": ("cells_apart", True),
    "headings_in_order": ("headings_in_order", True),
}
"""Each figure with the counts that it is made of, and whether more is better."""


def figures(readings: Sequence[Row]) -> dict[str, dict[str, dict[str, Any]]]:
    """Figures by group and reader."""
    groups: dict[str, dict[str, list[Row]]] = {}
    for row in readings:
        groups.setdefault(row["group"], {}).setdefault(row["reader"], []).append(row)
    return {group: {reader: of(rows) for reader, rows in by.items()} for group, by in sorted(groups.items())}


def of(rows: Sequence[Row]) -> dict[str, Any]:
    """The figures of one reader over some files.

    A file that it can't read counts as one of which it saw nothing; time and memory are of those that it read.
    """
    read = [row for row in rows if not row["problem"]]
    return {
        "files": len(rows),
        "read": len(read),
        **{name: _rate(row[counts] for row in rows) for name, (counts, _) in RATES.items()},
        **{f"{name}_median": _median_rate(row[counts] for row in rows) for name, (counts, _) in RATES.items()},
        "headings_of_reference": _share(
            sum(row["headings_in_order"][0] for row in rows if row["headings_in_order"]),
            sum(row["headings_found"] for row in rows if row["headings_found"] is not None),
        ),
        "read_s_median": _rounded(median(row["read_s"] for row in read)) if read else None,
        "read_s_total": _rounded(sum(row["read_s"] for row in read)) if read else None,
        "import_s_median": _rounded(median(row["import_s"] for row in read)) if read else None,
        "peak_mb_median": round(median(row["peak_mb"] for row in read)) if read else None,
        "peak_mb_most": max((row["peak_mb"] for row in read), default=None),
    }


def standings(readings: Sequence[Row]) -> list[dict[str, Any]]:
    """For each group and figure: Footnote's, the best other light reader's, and whether ours is at least as good.

    Both are over the files that the other reader says it reads.
    """
    rows = []
    for group in sorted({row["group"] for row in readings}):
        pairs = {
            reader: _beside([row for row in readings if row["group"] == group], reader)
            for reader in READERS
            if _competes(reader, group)
        }
        for name, (_, more_is_better) in RATES.items():
            known = {
                reader: (theirs[name], ours[name])
                for reader, (theirs, ours) in pairs.items()
                if theirs.get(name) is not None and ours.get(name) is not None
            }
            if known:
                best = (max if more_is_better else min)(known, key=lambda reader: known[reader][0])
                theirs, ours = known[best]
                holds = ours >= theirs if more_is_better else ours <= theirs
                rows.append(
                    {"group": group, "figure": name, "footnote": ours, "best": best, "theirs": theirs, "holds": holds}
                )
    return rows


def _beside(readings: Sequence[Row], reader: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The figures of a reader and of Footnote over the files that the reader was given; empty where there are none."""
    theirs = [row for row in readings if row["reader"] == reader]
    files = {row["file"] for row in theirs}
    ours = [row for row in readings if row["reader"] == "footnote" and row["file"] in files]
    return (of(theirs), of(ours)) if ours else ({}, {})


def _competes(reader: str, group: str) -> bool:
    """Whether Footnote is measured by a reader: none with large models, and none where the reference is its own.

    Nor is it measured where the reference keeps menus, which a reader of main content leaves out.
    """
    if group.endswith((f" by {reader}", WITH_MENUS)):
        return False
    return reader != "footnote" and READERS[reader].is_light


def _rate(counts: Iterable[Sequence[int] | None]) -> float | None:
    known = [one for one in counts if one is not None]
    return _share(sum(one[0] for one in known), sum(one[1] for one in known))


def _median_rate(counts: Iterable[Sequence[int] | None]) -> float | None:
    rates = [one[0] / one[1] for one in counts if one is not None and one[1]]
    return _rounded(median(rates)) if rates else None


def _share(part: float, whole: float) -> float | None:
    return _rounded(part / whole) if whole else None


def _rounded(value: float) -> float:
    return round(value, 4)


COLUMNS = (
    ("chars %", "character_error", 100, 1),
    ("words %", "word_error", 100, 1),
    ("word F1", "word_f1", 1, 3),
    ("in row", "cells_in_row", 1, 3),
    ("apart", "cells_apart", 1, 3),
    ("heads", "headings_in_order", 1, 3),
    ("read s", "read_s_median", 1, 3),
    ("peak MB", "peak_mb_median", 1, 0),
)
"""For a terminal: name, figure, factor and digits."""


def table(by_reader: Mapping[str, Mapping[str, Any]]) -> str:
    """One group's figures for a terminal; errors of text in per cent."""
    lines = ["reader      " + "read".rjust(7) + "".join(name.rjust(8) for name, *_ in COLUMNS)]
    for reader, one in by_reader.items():
        shown = [
            ("-" if one[name] is None else f"{one[name] * factor:.{digits}f}").rjust(8)
            for _, name, factor, digits in COLUMNS
        ]
        lines.append(f"{reader:12}{one['read']:3}/{one['files']:<3}{''.join(shown)}")
    return "\n".join(lines)
