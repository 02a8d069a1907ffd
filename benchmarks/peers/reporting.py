"""From what the processes measured to one row for each system, and the table of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.peers.systems import SYSTEMS
from eval.measures.retrieval import ndcg, recall
from eval.records import EvalCase

DEPTH = 10
MIB = 2**20
BASELINE = "langchain"
COLUMNS = {
    "system": "{}",
    "load s": "{:.1f}",
    "index s": "{:.1f}",
    "documents/s": "{:.1f}",
    "times langchain": "{:.2f}",
    "p50 ms": "{:.1f}",
    "p95 ms": "{:.1f}",
    "peak MiB, indexing": "{:,}",
    "peak MiB": "{:,}",
    "index MiB": "{:.1f}",
    "chunks": "{:,}",
    "nDCG@10": "{:.4f}",
    "recall@10": "{:.4f}",
}
"""The columns of the table with the form of their values."""

Measured = Mapping[str, Any]
"""What `benchmarks.peers.measuring.measure` returns."""


def rows_of(rounds: Mapping[str, Sequence[Measured]], cases: Sequence[EvalCase]) -> list[dict[str, Any]]:
    """A row for each way to search of each system, by the names of ``COLUMNS`` and some more for the record.

    Of several rounds each time is the lowest and each memory the highest; rankings are judged from the first round.

    Args:
        rounds: the figures of each system, one for each time that it was measured; systems without any are left out.
        cases: the questions, with their evidence.
    """
    return compared([row for name, found in rounds.items() if found for row in _rows(name, found, cases)])


def compared(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with their speed of indexing as a multiple of LangChain's, where that was measured."""
    base = next((row["documents/s"] for row in rows if row["system"] == BASELINE), None)
    return [row | {"times langchain": row["documents/s"] / base if base else None} for row in rows]


def _rows(name: str, found: Sequence[Measured], cases: Sequence[EvalCase]) -> list[dict[str, Any]]:
    index_s = min(one["index_s"] for one in found)
    shared = {
        "load s": min(one["load_s"] for one in found),
        "index s": index_s,
        "documents/s": found[0]["documents"] / index_s,
        "peak MiB, indexing": max(one["peak_after_index_mb"] for one in found),
        "index MiB": found[0]["index_bytes"] / MIB,
        "chunks": found[0]["chunks"],
    }
    return [
        {"system": row, **shared, **_searching([one["rows"][row] for one in found], cases)} | {"measured as": name}
        for row in found[0]["rows"]
    ]


def _searching(found: Sequence[Measured], cases: Sequence[EvalCase]) -> dict[str, Any]:
    """How fast and how well one way to search is."""
    rankings = found[0]["rankings"]
    return {
        "p50 ms": min(float(np.percentile(one["ms"], 50)) for one in found),
        "p95 ms": min(float(np.percentile(one["ms"], 95)) for one in found),
        "peak MiB": max(one["peak_mb"] for one in found),
        "first search ms": min(one["first_ms"] for one in found),
        "nDCG@10": _mean(cases, rankings, ndcg),
        "recall@10": _mean(cases, rankings, recall),
        "questions with fewer than 10 documents": sum(len(rankings[case.question_id]) < DEPTH for case in cases),
        "same rankings in all rounds": all(one["rankings"] == rankings for one in found),
    }


def _mean(cases: Sequence[EvalCase], rankings: Mapping[str, Sequence[str]], measure: Any) -> float:
    """The mean of a measure at ten documents."""
    values = []
    for case in cases:
        grades: dict[str, int] = {}
        for piece in case.evidence:
            grades[piece.source] = max(piece.grade, grades.get(piece.source, 0))
        values.append(measure(rankings[case.question_id], grades, DEPTH))
    return float(np.mean(values))


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows in Markdown, a dash where there is no figure.

    >>> print(table([{"system": "x", "load s": 1.234, "chunks": 10000}]).splitlines()[2])
    | x | 1.2 | - | - | - | - | - | - | - | - | 10,000 | - | - |
    """
    lines = [list(COLUMNS), ["---", *["---:"] * (len(COLUMNS) - 1)]]
    for row in rows:
        lines.append([form.format(row[name]) if row.get(name) is not None else "-" for name, form in COLUMNS.items()])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def legend(names: Sequence[str]) -> str:
    """What each system uses and saves, a line each."""
    return "\n".join(f"- {name}: {SYSTEMS[name].uses}. Saves {SYSTEMS[name].saves}." for name in names)
