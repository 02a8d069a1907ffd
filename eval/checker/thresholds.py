"""What a threshold of the blended score would do: the share of true sentences that it loses, and of false ones kept.

Each kind of case counts the same, whatever its number, and sentences that stand verbatim in their evidence are left
out: the check keeps them whatever their score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.checker.fitting import probabilities, signs_of
from eval.checker.measuring import Scored

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """A threshold with the shares, 0 to 1, of true sentences below it and of false ones at or above it."""

    threshold: float
    lost: float
    kept: float


def blend_thresholds(sets: Sequence[Scored], blends: Mapping[str, np.ndarray]) -> dict[str, list[ThresholdRow]]:
    """The rows for each fitted blend by its name."""
    return {name: threshold_rows(sets, weights, "" if name == "rules" else name) for name, weights in blends.items()}


def threshold_rows(
    sets: Sequence[Scored], weights: np.ndarray, model: str = "", *, thresholds: Sequence[float] = THRESHOLDS
) -> list[ThresholdRow]:
    """The rows of the thresholds, over all the sets together.

    Args:
        sets: with the cases and the signs of each.
        weights: of the blend, in the order of `signs_of`.
        model: whose logits are the last sign; none where it is empty.
        thresholds: between 0 and 1.
    """
    by_kind: dict[tuple[bool, str], list[float]] = {}
    for one in sets:
        scores = probabilities(signs_of(one.checked, one.models[model] if model else None), weights)
        for case, checked, score in zip(one.cases, one.checked, scores, strict=True):
            if not checked.verbatim:
                by_kind.setdefault((case.is_true, case.kind), []).append(float(score))
    return [
        ThresholdRow(bound, _mean_share(by_kind, bound, of_true=True), 1 - _mean_share(by_kind, bound, of_true=False))
        for bound in thresholds
    ]


def threshold_table(rows: Sequence[ThresholdRow]) -> list[list[str]]:
    """Rows to print."""
    head = ["threshold", "true sentences lost", "false ones kept"]
    return [head, *([f"{row.threshold:.2f}", f"{row.lost:.3f}", f"{row.kept:.3f}"] for row in rows)]


def _mean_share(by_kind: Mapping[tuple[bool, str], Sequence[float]], bound: float, *, of_true: bool) -> float:
    """The mean over the true or the false kinds of the share of their scores that is below a bound."""
    wanted = [np.array(scores) for (is_true, _), scores in by_kind.items() if is_true == of_true]
    shares = [float((scores < bound).mean()) for scores in wanted]
    return float(np.mean(shares)) if shares else float("nan")
