"""Which drawings a report has, each with its heading and what to look for; none where there is nothing to draw.

Gathers the numbers from runs; how they are drawn is `plots`' work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from eval.measures.refusals import risk_coverage_curve
from eval.records import Run
from eval.report import plots
from eval.report.diagnosing import Diagnosis
from eval.report.verdicts import FUNNEL, funnel

STAGE_ORDER = ("retrieve", "rerank", "quotes", "first token", "total")
"""The stages of time in the order in which they pass; others follow by name."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing of all runs, or one for each: ``plots`` are (the run's number, or None, and the SVG)."""

    title: str
    note: str
    plots: tuple[tuple[int | None, Markup], ...]


def make_drawings(runs: Sequence[Run], diagnoses: Sequence[Mapping[str, Diagnosis]]) -> tuple[Drawing, ...]:
    """All that there is something to draw for."""
    steps = [funnel(run, found) for run, found in zip(runs, diagnoses, strict=True)]
    lost = [(name, [values[index] for values in steps]) for index, (name, _) in enumerate(FUNNEL)]
    curves = [(run.name, _curve(run)) for run in runs]
    stages = _times(runs)
    drawings = (
        Drawing(
            "Where questions are lost",
            "Answerable questions that are left after each step.",
            ((None, plots.funnel_plot(lost)),) if any(values[0] for values in steps) else (),
        ),
        Drawing(
            "Risk and coverage",
            "If only the surest questions are answered, how many of them are wrong? A curve that starts low and rises "
            "late means that the confidence can be trusted.",
            ((None, plots.risk_coverage_plot(curves)),) if any(points for _, points in curves) else (),
        ),
        Drawing(
            "How sure the system was",
            "The further the two kinds of questions are apart, the better it knows what it cannot answer.",
            tuple((index, plot) for index, run in enumerate(runs) if (plot := _confidence(run, index)) is not None),
        ),
        Drawing(
            "Time by stage",
            "From the question's arrival; the scale is logarithmic.",
            ((None, plots.times_plot(stages)),) if stages else (),
        ),
    )
    return tuple(drawing for drawing in drawings if drawing.plots)


def _curve(run: Run) -> list[tuple[float, float]]:
    try:
        coverage, risk = risk_coverage_curve(run.columns)
    except KeyError:  # a run of rankings alone has none of the columns
        return []
    return [(float(x), float(y)) for x, y in zip(coverage, risk, strict=True)]


def _confidence(run: Run, index: int) -> Markup | None:
    pairs = list(zip(run.cases, run.outcomes, strict=True))
    known = [(case.unanswerable, outcome.confidence) for case, outcome in pairs if outcome.confidence is not None]
    answerable = [value for is_unanswerable, value in known if not is_unanswerable]
    unanswerable = [value for is_unanswerable, value in known if is_unanswerable]
    return plots.confidence_plot(answerable, unanswerable, run=index) if known else None


def _times(runs: Sequence[Run]) -> dict[str, list[tuple[float, float] | None]]:
    """Median and 95th percentile of each stage by run, in milliseconds; None where a run doesn't know the stage."""
    values: dict[str, list[list[float]]] = {}
    for index, run in enumerate(runs):
        for outcome in run.outcomes:
            for name, value in outcome.timings.items():
                stage = name.removesuffix("_ms").replace("_", " ")
                values.setdefault(stage, [[] for _ in runs])[index].append(value)
    order = sorted(values, key=lambda stage: (STAGE_ORDER.index(stage) if stage in STAGE_ORDER else -1, stage))
    return {stage: [_percentiles(found) for found in values[stage]] for stage in order}


def _percentiles(values: Sequence[float]) -> tuple[float, float] | None:
    if not values:
        return None
    return float(np.percentile(values, 50)), float(np.percentile(values, 95))
