"""One measurement of the support check: cases of each set, areas of each score, verdicts, and fitted blends.

What is fitted is fitted on other sets than those that are reported. Which models score is the caller's choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.checker.cases import SupportCase, build_cases
from eval.checker.fitting import case_weights, fit_logistic, probabilities, signs_of
from eval.checker.scoring import Check, Checked, ErrorRow, KindRow, area_rows, error_rows

JUDGED = ("claim", "refuted claim")
ScoreCases = Callable[[Sequence[SupportCase]], np.ndarray]
"""Cases (n) -> (n,) float64, higher is likelier supported."""


@dataclass(frozen=True, slots=True)
class SetResult:
    """What was measured on one set: its name, cases, what the check said, the areas, and the verdicts."""

    name: str
    cases: tuple[SupportCase, ...]
    checked: tuple[Checked, ...]
    areas: tuple[KindRow, ...]
    errors: tuple[ErrorRow, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """Cases of one set with the check's word and each model's score of them."""

    name: str
    cases: tuple[SupportCase, ...]
    checked: tuple[Checked, ...]
    models: Mapping[str, np.ndarray]


def score_set(folder: Path, check: Check, models: Mapping[str, ScoreCases], *, limit: int, seed: int) -> Scored:
    """Build the cases of a folder and score them."""
    cases = build_cases(folder, limit=limit, seed=seed)
    scores = {name: score(cases) for name, score in models.items()}
    return Scored(folder.name, cases, tuple(check(case) for case in cases), scores)


def fit_blends(sets: Sequence[Scored]) -> dict[str, np.ndarray]:
    """The weights of the rules alone, under the name ``rules``, and with each model under its name.

    Verbatim sentences are no part of it, since the check needs no score for them, and neither are judged claims: people
    judged them by whole documents, and whether the nearest sentences hold them is not certain.
    """
    cases = [case for one in sets for case in one.cases]
    checked = [checked for one in sets for checked in one.checked]
    used = np.array([not one.verbatim and case.kind not in JUDGED for case, one in zip(cases, checked, strict=True)])
    kept = [case for case, keep in zip(cases, used, strict=True) if keep]
    labels, weights = np.array([case.is_true for case in kept], dtype=np.float64), case_weights(kept)
    fitted = {"rules": fit_logistic(signs_of(checked)[used], labels, weights)}
    for name in sets[0].models:
        logits = np.concatenate([one.models[name] for one in sets])
        fitted[name] = fit_logistic(signs_of(checked, logits)[used], labels, weights)
    return fitted


def measure_set(scored: Scored, blends: Mapping[str, np.ndarray], *, seed: int) -> SetResult:
    """The areas of the check's own score, of each model alone, and of each blend; and the verdicts."""
    scores = {"check": np.array([one.score for one in scored.checked])} | dict(scored.models)
    for name, weights in blends.items():
        logits = scored.models.get(name)
        if name == "rules" or logits is not None:
            chances = probabilities(signs_of(scored.checked, logits), weights)
            verbatim = np.array([one.verbatim for one in scored.checked])
            scores[f"rules + {name}" if logits is not None else "rules, fitted"] = np.where(verbatim, 1.0, chances)
    areas = area_rows(scored.cases, scores, rng=np.random.default_rng(seed))
    return SetResult(
        scored.name, scored.cases, scored.checked, tuple(areas), tuple(error_rows(scored.cases, scored.checked))
    )


def result_to_dict(results: Sequence[SetResult], blends: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The JSON form: for each set the areas and verdicts by kind, and the fitted weights in the order of the signs."""
    return {
        "sets": {
            one.name: {
                "cases": len(one.cases),
                "areas": [asdict(row) for row in one.areas],
                "verdicts": [asdict(row) for row in one.errors],
            }
            for one in results
        },
        "fitted": {name: [round(float(weight), 4) for weight in weights] for name, weights in blends.items()},
    }


def area_table(result: SetResult) -> list[list[str]]:
    """Rows to print: each kind of changed case with its areas, the lower and upper end of the first one's interval."""
    names = list(result.areas[0].areas) if result.areas else []
    rows = [["kind", "cases", *names, "95% of the first"]]
    for row in result.areas:
        first = row.areas[names[0]]
        figures = [f"{row.areas[name].area:.3f}" for name in names]
        rows.append([row.kind, str(row.count), *figures, f"{first.low:.3f} to {first.high:.3f}"])
    return rows


def verdict_table(result: SetResult) -> list[list[str]]:
    """Rows to print: each kind of case with the share of each verdict."""
    rows = [["kind", "cases", "supported", "partly", "unsupported"]]
    return rows + [
        [row.kind, str(row.count), *(f"{row.shares[name]:.2f}" for name in rows[0][2:])] for row in result.errors
    ]
