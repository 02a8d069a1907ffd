"""The report as one HTML file that needs nothing else: styles, script and drawings are inside.

A policy in its head forbids everything that is not.

All words of documents, questions and models are hostile until escaped: the template escapes what it is given, and
nothing that comes from a run is ever marked as safe.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from eval.comparison.comparing import Comparison, Difference
from eval.records import Run
from eval.report import plots, wording
from eval.report.diagnosing import Diagnosis, diagnose
from eval.report.drawings import make_drawings
from eval.report.entries import make_entries
from eval.report.figures import HEADLINES, by_group, headlines, make_rows
from eval.report.labels import BADGES, GROUPS, label
from eval.report.slices import MEASURES as SLICED
from eval.report.slices import slice_runs
from eval.report.verdicts import changed_sentence, comparison_sentence, result_sentences

HERE = Path(__file__).parent
VERDICTS = ("worse", "better", "cannot tell", "no different", "not tested")


def html_report(runs: Sequence[Run], comparison: Comparison | None = None) -> str:
    """The report on one run, or on several beside each other.

    Args:
        runs: the first is the one that others are held against.
        comparison: of the first run with the last, to be shown before the figures.

    Raises:
        ValueError: without any run.
    """
    if not runs:
        raise ValueError("a report needs a run")
    diagnoses = [diagnose_run(run) for run in runs]
    entries = make_entries(runs, diagnoses)
    rows = make_rows(runs)
    stages = Counter(stage for entry in entries for stage in entry.stages)
    page = _template().render(
        runs=[_describe(run, found) for run, found in zip(runs, diagnoses, strict=True)],
        comparison=_compared(comparison),
        changed=changed_sentence([entry.change for entry in entries if entry.change]) if len(runs) > 1 else "",
        headlines=headlines(rows),
        groups=by_group(rows),
        drawings=make_drawings(runs, diagnoses),
        slicings=slice_runs(runs, diagnoses),
        sliced=[label(name) for name in SLICED],
        stages=[(name, badge, stages[name]) for name, badge in BADGES.items() if stages[name]],
        wrong=sum(entry.wrong for entry in entries),
        entries=entries,
        style=_inline("report.css"),
        style_hash=_hash("report.css"),
        script=_inline("report.js"),
        script_hash=_hash("report.js"),
    )
    return wording.clean(page)


def diagnose_run(run: Run) -> dict[str, Diagnosis]:
    """What became of each question, by its id."""
    return {case.question_id: diagnose(case, outcome) for case, outcome in zip(run.cases, run.outcomes, strict=True)}


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "figure": wording.figure,
        "milliseconds": wording.milliseconds,
        "change": wording.change,
        "probability": wording.probability,
        "counted": wording.counted,
        "about": wording.about,
    }
    return environment.get_template("report.html")


@cache
def _inline(name: str) -> Markup:
    """A file of ours, to stand inside the page."""
    return Markup(HERE.joinpath(name).read_text("utf-8"))  # noqa: S704  (our own file, no data)


def _hash(name: str) -> str:
    """How the policy knows an inline style or script: the hash of its text."""
    digest = hashlib.sha256(_inline(name).encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")


def _describe(run: Run, diagnoses: Mapping[str, Diagnosis]) -> dict[str, Any]:
    return {
        "name": run.name,
        "headline": wording.headline(run),
        "questions": len(run.cases),
        "result": result_sentences(run, diagnoses),
        "facts": wording.facts(run.about),
        "fingerprint": wording.facts(asdict(run.fingerprint)),
    }


def _compared(comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    rows = _compared_rows(comparison)
    main = [row for row in rows if row["is"].measure in HEADLINES or row["is"].verdict in ("better", "worse")]
    others = [row for row in rows if row not in main]
    return {"sentence": comparison_sentence(comparison), "main": main, "others": others, "of": comparison}


def _compared_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Each difference with its bar; all bars of one unit share a scale."""
    ends = [(one.unit, abs(end)) for one in comparison.differences for end in (one.low, one.high) if end is not None]
    reach = {unit: max(size for its, size in ends if its == unit) or 1.0 for unit, _ in ends}
    rows = []
    for one in sorted(comparison.differences, key=_weight):
        bar = None
        if one.difference is not None and one.low is not None and one.high is not None:
            effect = one.smallest_effect or (comparison.min_effect if one.unit == "share" else 0.0)
            bar = plots.interval_plot(one.difference, one.low, one.high, reach=reach[one.unit], effect=effect)
        words = wording.interval(one.low, one.high, one.unit)
        rows.append({"label": label(one.measure), "is": one, "bar": bar, "interval": words})
    return rows


def _weight(difference: Difference) -> tuple[int, int]:
    """What a reader needs to see first: what got worse, then what got better; among these, answers before times."""
    groups = list(GROUPS)
    group = groups.index(difference.group) if difference.group in groups else len(groups)
    return VERDICTS.index(difference.verdict), group
