"""One entry of the report for each question: what was expected, what each run gave for it, and what changed.

Picks and shortens what is shown; writes no HTML. Quotes that a footnote shows already are not shown again, which keeps
the report of a thousand questions small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote as percent_encoded

import numpy as np

from eval.records import EvalCase, Outcome, Run, Span
from eval.report.diagnosing import Diagnosis
from eval.report.labels import BADGES, declared
from eval.report.wording import clean, figure

LONGEST_QUOTE = 160
LONGEST_PASSAGE = 80
"""Characters shown of a quote that is not cited, and of a passage. What is cited is shown whole."""


@dataclass(frozen=True, slots=True)
class Given:
    """What one run gave for a question: its outcome, what became of it, and what else was shown.

    ``quotes`` are without those that are cited; ``passages`` hold their first words; ``measures`` are values, each with
    the names of the measures that have it.
    """

    run: int
    outcome: Outcome
    diagnosis: Diagnosis
    quotes: tuple[Span, ...]
    passages: tuple[Span, ...]
    measures: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def badge(self) -> str:
        """What became of it, in a word or two."""
        return BADGES[self.diagnosis.stage]


@dataclass(frozen=True, slots=True)
class Entry:
    """A question with what every run gave for it; ``None`` for a run that was not asked. ``anchor`` is its id."""

    number: int
    case: EvalCase
    anchor: str
    given: tuple[Given | None, ...]
    change: str

    @property
    def stages(self) -> list[str]:
        """Where it ended, each stage once."""
        return list(dict.fromkeys(one.diagnosis.stage for one in self.given if one))

    @property
    def ends(self) -> list[Given]:
        """Each run where they ended differently, else one that stands for all."""
        known = [one for one in self.given if one]
        return known if len(self.stages) > 1 else known[:1]

    @property
    def wrong(self) -> bool:
        """Whether it went wrong in any run."""
        return any(not one.diagnosis.right for one in self.given if one)


def make_entries(runs: Sequence[Run], diagnoses: Sequence[Mapping[str, Diagnosis]]) -> tuple[Entry, ...]:
    """All questions of the runs, in the order of the first; those that only a later run has come last."""
    cases = {case.question_id: case for run in runs for case in run.cases}
    places = [{case.question_id: row for row, case in enumerate(run.cases)} for run in runs]
    entries = []
    for number, (key, case) in enumerate(cases.items(), start=1):
        given = tuple(
            _given(index, run, places[index][key], diagnoses[index][key]) if key in places[index] else None
            for index, run in enumerate(runs)
        )
        entries.append(Entry(number, case, anchor(key), given, _change(given)))
    return tuple(entries)


def anchor(question_id: str) -> str:
    """The id of a question's entry, which is also what follows # in a link to it.

    >>> anchor("when was it?")
    'q-when%20was%20it%3F'
    """
    return "q-" + percent_encoded(clean(question_id), safe="")


def _given(index: int, run: Run, row: int, diagnosis: Diagnosis) -> Given:
    outcome = run.outcomes[row]
    cited = {_place(span) for span in outcome.citations}
    quotes = tuple(_shortened(span, LONGEST_QUOTE) for span in outcome.quotes if _place(span) not in cited)
    passages = tuple(_shortened(span, LONGEST_PASSAGE) for span in outcome.passages)
    return Given(index, outcome, diagnosis, quotes, passages, _measures(run, row))


def _place(span: Span) -> tuple[object, ...]:
    return span.source, span.start, span.end, span.text


def _shortened(span: Span, longest: int) -> Span:
    text = " ".join(span.text.split())
    if len(text) > longest:
        text = text[:longest].rstrip() + "…"
    return replace(span, text=text)


def _measures(run: Run, row: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The question's own values, highest first, with their measures; times and tokens stand elsewhere."""
    names: dict[tuple[str, float], list[str]] = {}
    for name, column in run.columns.items():
        found, value = declared(name), float(column[row])
        if found and found.group not in ("time", "cost") and np.isfinite(value):
            names.setdefault((found.unit, value), []).append(name)
    order = sorted(names, key=lambda one: (one[0] != "share", -one[1]))
    return tuple((figure(value, unit, digits=0), tuple(names[unit, value])) for unit, value in order)


def _change(given: Sequence[Given | None]) -> str:
    """What the last run changed against the first, in words; empty where both ended alike."""
    first, last = given[0], given[-1]
    if first is None or last is None or first.diagnosis.stage == last.diagnosis.stage:
        return ""
    return f"was {BADGES[first.diagnosis.stage].lower()}, now {BADGES[last.diagnosis.stage].lower()}"
