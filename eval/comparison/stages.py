"""Whether one stage of retrieval ranks better than another, over the same questions, and the whole than its best part.

The tests are those of any comparison, between the runs of one system's stages. What this module does not do: rank, or
measure a ranking.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from eval.comparison.statistics import bootstrap_interval, holm, permutation_p
from eval.records import Run

TESTED = "nDCG@10"
FINAL = "pipeline"
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class StageTest:
    """Stage ``b`` against stage ``a``: the mean difference of ``TESTED`` with its 95 % interval, B less A.

    ``p`` is of the paired permutation test, ``p_holm`` the same after Holm's correction over all tests of the result.
    """

    a: str
    b: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float

    @property
    def verdict(self) -> Literal["better", "worse", "cannot tell"]:
        """Of B, at 5 %."""
        return _verdict(self.difference, self.p_holm)

    @property
    def size(self) -> str:
        """The difference in figures, with its interval where there is one: a single question has none."""
        known = not math.isnan(self.low)
        return f"{self.difference:+.3f}" + (f" ({self.low:+.3f} to {self.high:+.3f})" if known else "")


def compare_stages(runs: Mapping[str, Run], singles: Sequence[str], *, seed: int = 0) -> tuple[StageTest, ...]:
    """The best single stage against all others, and the pipeline against the rest, corrected together.

    Args:
        runs: of the stages by name, over the same cases.
        singles: the names of those that look at one view of the index.
        seed: of the resamples and the tossed signs.
    """
    pairs = _pairs(runs, best_single(runs, singles))
    generator = np.random.default_rng(seed)
    measured = []
    for a, b in pairs:
        differences = runs[b].columns[TESTED] - runs[a].columns[TESTED]
        low, high = bootstrap_interval(differences, rng=generator)
        measured.append((float(differences.mean()), low, high, permutation_p(differences, rng=generator)))
    corrected = holm([p for *_, p in measured])
    return tuple(
        StageTest(a, b, *values, p_holm=float(p_holm))
        for (a, b), values, p_holm in zip(pairs, measured, corrected, strict=True)
    )


def best_single(runs: Mapping[str, Run], singles: Sequence[str]) -> str | None:
    """The single stage with the best mean, the first of equals; it is what the pipeline has to beat."""
    return max(singles, key=lambda name: _mean(runs[name]), default=None)


def judge_pipeline(
    runs: Mapping[str, Run], singles: Sequence[str], tests: Sequence[StageTest]
) -> dict[str, Any] | None:
    """Whether the pipeline is significantly worse than its best single stage, as a record with one sentence.

    By p before the correction: that one question is asked of each set, and a correction would make it easier to pass.
    ``None`` where there is no pipeline or no single stage.
    """
    best = best_single(runs, singles)
    test = next((one for one in tests if (one.a, one.b) == (best, FINAL)), None)
    if best is None or test is None:
        return None
    verdict = _verdict(test.difference, test.p)
    words = {"better": "significantly better", "worse": "significantly worse", "cannot tell": "not significantly worse"}
    sentence = (
        f"The pipeline is {words[verdict]} than its best single stage ({best}): {TESTED} {_mean(runs[FINAL]):.3f} "
        f"against {_mean(runs[best]):.3f}, {test.size}, p {test.p:.2g}"
    )
    return {"best_single": best, "worse": verdict == "worse", "p": test.p, "sentence": sentence}


def _pairs(runs: Mapping[str, Run], best: str | None) -> list[tuple[str, str]]:
    against_best = [(best, name) for name in runs if name != best] if best else []
    rest = [name for name in runs if name not in (best, FINAL)]
    return against_best + ([(name, FINAL) for name in rest] if FINAL in runs else [])


def _mean(run: Run) -> float:
    return float(run.columns[TESTED].mean())


def _verdict(difference: float, p: float) -> Literal["better", "worse", "cannot tell"]:
    if not p < LEVEL:
        return "cannot tell"
    return "better" if difference > 0 else "worse"
