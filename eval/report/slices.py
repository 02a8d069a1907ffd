"""Cuts runs into slices: by kind of question, by source of the evidence, and answerable or not.

Counts and means only; a slice of few questions is marked as such, and nothing is tested on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.records import EvalCase, Run
from eval.report.diagnosing import Diagnosis

FEW = 10
"""Questions; below this a share says little, so that counts are shown and no percentages."""

MOST_SLICES = 20
MEASURES = ("gold_in_answer_or_quote", "citation_precision", "citation_recall")

Diagnoses = Mapping[str, Diagnosis]


@dataclass(frozen=True, slots=True)
class Figures:
    """One run in one slice: how many of its questions ended right, and the means of ``MEASURES`` (None: no values)."""

    questions: int
    right: int
    means: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the questions, with the figures of each run; of few questions ``is_small`` warns."""

    name: str
    questions: int
    runs: tuple[Figures, ...]

    @property
    def is_small(self) -> bool:
        """Whether its shares say little."""
        return self.questions < FEW


@dataclass(frozen=True, slots=True)
class Slicing:
    """One way to cut the set. ``left_out`` counts slices that are not listed, each smaller than those that are."""

    title: str
    note: str
    slices: tuple[Slice, ...]
    left_out: int = 0

    @property
    def is_large(self) -> bool:
        """Whether any of the slices has enough questions for its means to say something."""
        return any(not one.is_small for one in self.slices)


def slice_runs(runs: Sequence[Run], diagnoses: Sequence[Diagnoses]) -> tuple[Slicing, ...]:
    """Every way to cut that gives more than one slice.

    Args:
        runs: to show beside each other.
        diagnoses: of each run, by question.
    """
    cases = {case.question_id: case for run in reversed(runs) for case in run.cases}
    ways = (
        ("Answerable or not", "", {key: (_answerable(case),) for key, case in cases.items()}),
        ("By kind of question", "", {key: (case.kind or "no kind given",) for key, case in cases.items()}),
        (
            "By source",
            "The documents that hold the evidence; a question counts with each of its documents.",
            {key: tuple(dict.fromkeys(place.source for place in case.evidence)) for key, case in cases.items()},
        ),
    )
    slicings = (_slicing(title, note, names, runs, diagnoses) for title, note, names in ways)
    return tuple(slicing for slicing in slicings if len(slicing.slices) > 1)


def _answerable(case: EvalCase) -> str:
    return "unanswerable" if case.unanswerable else "answerable"


def _slicing(
    title: str, note: str, names: Mapping[str, Sequence[str]], runs: Sequence[Run], diagnoses: Sequence[Diagnoses]
) -> Slicing:
    members: dict[str, set[str]] = {}
    for question, own in names.items():
        for name in own:
            members.setdefault(name, set()).add(question)
    largest = sorted(members, key=lambda name: (-len(members[name]), name))
    chosen = largest[:MOST_SLICES]
    pairs = list(zip(runs, diagnoses, strict=True))
    slices = tuple(
        Slice(name, len(members[name]), tuple(_figures(run, found, members[name]) for run, found in pairs))
        for name in chosen
    )
    return Slicing(title, note, slices, len(largest) - len(chosen))


def _figures(run: Run, diagnoses: Diagnoses, members: set[str]) -> Figures:
    inside = np.array([case.question_id in members for case in run.cases], dtype=bool)
    right = sum(diagnoses[case.question_id].right for case in run.cases if case.question_id in members)
    return Figures(int(inside.sum()), right, tuple(_mean(run, name, inside) for name in MEASURES))


def _mean(run: Run, name: str, inside: np.ndarray) -> float | None:
    values = run.columns[name][inside] if name in run.columns else np.array([])
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else None
