"""Simulate what the statistics of a comparison promise: false alarms, power, coverage, the gate's calm, and its speed.

    python -m benchmarks.statistics

Writes benchmarks/results/statistics.json and prints the same. All values are drawn here, with one seed; the code that
judges them is that of `footnote eval compare` and `footnote eval gate`.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answering import machine
from eval.comparison.comparing import compare_runs
from eval.comparison.gating import judge_gate
from eval.comparison.statistics import bootstrap_intervals, permutation_ps, questions_needed
from eval.measures import HELPERS, MEASURES
from eval.records import EvalCase, Outcome, Run, RunFingerprint, Span, Statement
from eval.runs.results import load_run, save_run

RESULTS = Path(__file__).parent / "results" / "statistics.json"
SIMULATIONS = 1000
TOGETHER = 50  # simulations that share resamples, for speed
QUALITY = [one for one in MEASURES if one.group not in ("time", "cost") and one.unit == "share"]


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of paired differences: ``draw`` gives (questions, simulations) of them, whose true mean is ``mean``."""

    name: str
    draw: Callable[[np.random.Generator, tuple[int, int]], np.ndarray]
    mean: float = 0.0


def main() -> None:
    """Run the simulations."""
    record: dict[str, Any] = {"machine": machine(), "simulations": SIMULATIONS}
    parts = {
        "false_alarms_at_0.05": false_alarms,
        "power_at_0.05": power,
        "coverage_of_95": coverage,
        "gate": gate,
        "comparison_of_10000": speed,
    }
    for name, part in parts.items():
        started = time.perf_counter()
        record[name] = part(np.random.default_rng(0))
        print(f"{name}: {time.perf_counter() - started:.1f} s", file=sys.stderr)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(json.dumps(record, indent=2))


def right_or_wrong(rises: float, falls: float) -> Shape:
    """Differences of right and wrong, with the shares of questions that got right and that went wrong."""
    shares = [falls, 1 - rises - falls, rises]
    return Shape(
        f"right or wrong, {rises:.1%} rise and {falls:.1%} fall",
        lambda rng, size: rng.choice([-1.0, 0.0, 1.0], p=shares, size=size),
        rises - falls,
    )


def three_values(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Both runs score 0, a half or 1, each as it happens."""
    return rng.integers(0, 3, size) / 2 - rng.integers(0, 3, size) / 2


def overlaps(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Scores such as token F1, heaped at 0 and 1; half of the questions don't change."""
    before, after = rng.beta(0.6, 0.5, size), rng.beta(0.6, 0.5, size)
    return np.where(rng.random(size) < 0.5, 0.0, after - before)


def skewed(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Both runs' values have a long tail, as times have."""
    return rng.lognormal(0.0, 1.0, size) - rng.lognormal(0.0, 1.0, size)


def rising(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Differences that themselves lean to one side: exponential less its mean."""
    return rng.exponential(1.0, size) - 1.0


def normal(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """The bell curve."""
    return rng.normal(size=size)


def false_alarms(rng: np.random.Generator) -> dict[str, float]:
    """How often p is below 0.05 though there is nothing to find: both runs are draws of one system.

    The exact test of right and wrong stays below 0.05, and below 0.03 where fewer than about 40 questions change: its
    p-values are steps, and no step is 0.05.
    """
    shapes = [
        (right_or_wrong(0.20, 0.20), 50),
        (right_or_wrong(0.10, 0.10), 300),
        (right_or_wrong(0.20, 0.20), 300),
        (right_or_wrong(0.05, 0.05), 50),
        (Shape("0, a half or 1", three_values), 50),
        (Shape("0, a half or 1", three_values), 300),
        (Shape("overlap such as F1, half of them unchanged", overlaps), 300),
        (Shape("long-tailed", skewed), 50),
        (Shape("long-tailed", skewed), 300),
        (Shape("normal, all patterns of signs", normal), 12),
    ]
    return {
        f"{shape.name}; n = {n}": share(permutation_ps(shape.draw(rng, (n, SIMULATIONS)), rng=rng) < 0.05)
        for shape, n in shapes
    }


def power(rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """How often a true difference is found at 0.05, one test alone; and the same at the number of questions advised."""
    found: dict[str, dict[str, float]] = {}
    for effect in (0.05, 0.10, 0.20):
        shapes = (
            right_or_wrong(0.10 + effect, 0.10),
            Shape("overlap such as F1, half of them unchanged", lambda *how, e=effect: overlaps(*how) + e, effect),
        )
        for shape in shapes:
            row = {}
            for n in (100, 300):
                row[f"n = {n}"] = share(permutation_ps(shape.draw(rng, (n, SIMULATIONS)), rng=rng) < 0.05)
            advised = questions_needed(shape.draw(rng, (10_000, 1))[:, 0], effect) or 0
            ps = permutation_ps(shape.draw(rng, (advised, SIMULATIONS)), rng=rng)
            row[f"n = {advised}, as questions_needed says for 0.8"] = share(ps < 0.05)
            found[f"{shape.name}; difference {effect}"] = row
    return found


def coverage(rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """How often the interval holds the true mean."""
    shapes = (
        right_or_wrong(0.30, 0.10),
        right_or_wrong(0.20, 0.10),
        right_or_wrong(0.10, 0.05),
        right_or_wrong(0.05, 0.02),
        right_or_wrong(0.15, 0.15),
        Shape("0, a half or 1", three_values),
        Shape("overlap such as F1, half of them unchanged", overlaps),
        Shape("normal", normal),
        Shape("exponential", rising),
        Shape("long-tailed", skewed),
    )
    return {shape.name: {f"n = {n}": covered(shape, n, rng) for n in (20, 30, 50, 100, 300)} for shape in shapes}


def covered(shape: Shape, questions: int, rng: np.random.Generator) -> float:
    """The share of intervals that hold the mean."""
    held = []
    for _ in range(SIMULATIONS // TOGETHER):
        low, high = bootstrap_intervals(shape.draw(rng, (questions, TOGETHER)), rng=rng)
        held.append((low - 1e-9 <= shape.mean) & (shape.mean <= high + 1e-9))
    return share(np.concatenate(held))


def gate(rng: np.random.Generator) -> dict[str, Any]:
    """How often the gate trips on reruns of one set-up, and on a real loss; 300 questions, every share measured.

    Ten set-ups are rerun 100 times each against one baseline of theirs. The level of the gate is 0.01 over all
    measures, for rises and losses together, so that one rerun of 200 may trip it; these come in clusters, where a
    baseline was a lucky one.
    """
    record: dict[str, Any] = {"measures": len(QUALITY), "questions": 300}
    for noise in (0.05, 0.10):
        trips = []
        for _ in range(10):
            one = Assistant(300, noise, rng)
            baseline = one.run("baseline", rng)
            trips.append(sum(not judge_gate(one.run("rerun", rng), baseline).passed for _ in range(100)))
        losses = {f"share_caught_of_100_losses_of_{loss:.2f}": caught(noise, loss, rng) for loss in (0.05, 0.10)}
        record[f"{noise:.0%} of answers change in a rerun"] = {
            "trips_of_100_reruns_of_the_first_set_up": trips[0],
            "trips_of_1000_reruns_of_ten_set_ups": sum(trips),
            "set_ups_of_ten_without_a_trip": trips.count(0),
            **losses,
        }
    return record


def caught(noise: float, loss: float, rng: np.random.Generator) -> float:
    """The share of losses that trip the gate."""
    trips = []
    for _ in range(100):
        one = Assistant(300, noise, rng)
        trips.append(not judge_gate(one.run("worse", rng, loss=loss), one.run("baseline", rng)).passed)
    return share(np.array(trips))


class Assistant:
    """A stand-in for a set-up that answers a little differently each time, each question with a chance of its own.

    A question has two sets of values, for what is usually said and for what is said otherwise; ``noise`` is the share
    of the second, most of it from a few questions. The measures of one answer rise and fall together.
    """

    def __init__(self, questions: int, noise: float, rng: np.random.Generator) -> None:
        self._chance = rng.beta(0.5, 0.5 / noise - 0.5, questions)
        self._unanswerable = np.arange(questions) % 10 == 9
        hard = rng.normal(size=questions)
        self._values = [self._draw(hard, rng), self._draw(hard, rng)]
        self._cases = tuple(EvalCase(str(number), f"What is {number}?", ("it",)) for number in range(questions))
        self._outcomes = tuple(Outcome(case.question_id, "it") for case in self._cases)

    def run(self, name: str, rng: np.random.Generator, *, loss: float = 0.0) -> Run:
        """Ask everything once; ``loss`` is the share of answerable questions of which every measure drops to worst."""
        usual, other = self._values
        values = np.where((rng.random(len(usual)) < self._chance)[:, np.newaxis], other, usual)
        lost = (rng.random(len(values)) < loss) & ~self._unanswerable
        worst = np.array([float(one.better == "lower") for one in QUALITY])
        values = np.where(lost[:, np.newaxis] & ~np.isnan(values), worst, values)
        columns = {one.name: values[:, place] for place, one in enumerate(QUALITY)}
        return Run(name, RunFingerprint(), self._cases, self._outcomes, columns)

    def _draw(self, hard: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(questions, measures): right or wrong for every other measure, heaped overlap for the rest."""
        answer = hard + rng.normal(size=len(hard))
        columns = []
        for place, one in enumerate(QUALITY):
            ease = 0.8 - answer + 0.7 * rng.normal(size=len(hard))
            good = (ease > 0).astype(np.float64) if place % 2 else np.clip(0.5 + 0.5 * ease, 0.0, 1.0)
            says_nothing = ~self._unanswerable if one.name == "false_answers" else self._unanswerable
            columns.append(np.where(says_nothing, np.nan, good if one.better == "higher" else 1.0 - good))
        return np.stack(columns, axis=1)


def speed(rng: np.random.Generator) -> dict[str, Any]:
    """Seconds to load and to compare two runs of 10,000 questions with every measure; the memory that it took."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.json" for name in ("a", "b")]
        for path in paths:
            save_run(big_run(path.stem, 10_000, rng), path)
        started, worked = time.perf_counter(), time.process_time()
        runs = [load_run(path) for path in paths]
        loaded = time.perf_counter()
        compared = compare_runs(*runs)
        done = time.perf_counter()
        worked = time.process_time() - worked
        size = sum(path.stat().st_size for path in paths)
    return {
        "measures_and_summaries": len(compared.differences),
        "megabytes_of_both_files": round(size / 1e6, 1),
        "load_s": round(loaded - started, 2),
        "compare_s": round(done - loaded, 2),
        "together_s": round(done - started, 2),
        "together_processor_s": round(worked, 2),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def big_run(name: str, questions: int, rng: np.random.Generator) -> Run:
    """A run with every column, and outcomes of the usual size: three sentences, quotes and citations, ten passages."""
    cases = tuple(EvalCase(f"q{number}", f"What is {number}?", ("an answer",)) for number in range(questions))
    words = "words of a document that are about as long as a passage " * 4
    outcomes = tuple(
        Outcome(
            case.question_id,
            "One sentence. Another sentence. And a third.",
            sentences=tuple(Statement("One sentence of an answer.", (1,), "supported", 0.9) for _ in range(3)),
            citations=tuple(Span(f"document {number}", words[:120], start=0, end=120) for number in range(3)),
            quotes=tuple(Span(f"document {number}", words[:120], start=0, end=120) for number in range(3)),
            passages=tuple(
                Span(f"document {number}", words, score=0.5, start=0, end=len(words)) for number in range(10)
            ),
            confidence=0.5,
            timings={"total_ms": 900.0, "quotes_ms": 80.0},
            tokens_read=900,
            tokens_written=60,
        )
        for case in cases
    )
    columns = {one.name: rng.random(questions) for one in MEASURES}
    columns |= {one.name: rng.integers(0, 2, questions).astype(np.float64) for one in HELPERS}
    return Run(name, RunFingerprint(questions="a", corpus="b"), cases, outcomes, columns)


def share(truths: np.ndarray) -> float:
    """The share that is true, to three digits."""
    return round(float(np.mean(truths)), 3)


if __name__ == "__main__":
    main()
