"""Retrieval alone, stage by stage: what each ranks, how well, how fast, and whether one is better than another.

Every stage becomes a run that holds rankings and nothing else, measured by the code that measures answers; so any two
can be compared, or written as TREC runs. The stages come from a callable; this module knows no index.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from eval.comparison.stages import FINAL, TESTED, StageTest, compare_stages, judge_pipeline
from eval.measures import tabulate
from eval.records import EvalCase, Outcome, Run, RunFingerprint, Span
from eval.sets.questions import questions_sha
from schema import FootnoteError, Passage, Progress, Support

MEASURED = ("nDCG@10", "recall@1", "recall@5", "recall@10", "recall@100", "RR@10")
DEEPEST = 100
"""Sources of a ranking that are kept: as many as the deepest of the ``MEASURED`` looks at."""
MOST_PASSAGES = 5000
"""Passages asked of a stage at most; in a collection of very long documents, these may be of fewer sources."""
SINGLE_ORIGINS = frozenset(("dense", "lexical"))
"""Where passages come from that one view of the index ranked; all others were fused or reranked."""


class Stage(Protocol):
    """What one stage ranked for a question, best first, and the milliseconds from the question to its ranking."""

    @property
    def passages(self) -> Sequence[Passage]:
        """Ranked from 1."""

    @property
    def ms(self) -> float:
        """Milliseconds."""


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """A run for each stage, in the order of the stages, and the tests between them.

    ``singles`` are the stages that rank by one view of the index. ``left_out`` counts the questions of the set that
    name no source, so that no ranking can be right for them. A run keeps the first passage of each source.
    """

    runs: Mapping[str, Run]
    tests: tuple[StageTest, ...]
    singles: tuple[str, ...] = ()
    left_out: int = 0

    @property
    def last(self) -> Run:
        """The run of the pipeline, or else of the last stage."""
        return self.runs.get(FINAL) or list(self.runs.values())[-1]


def depth_for(chunks: Iterable[int]) -> int:
    """How many passages hold ``DEEPEST`` sources for certain, however they are ranked, from each source's chunks.

    >>> depth_for([7] * 150), depth_for([1, 2])
    (700, 3)
    """
    return max(1, min(MOST_PASSAGES, sum(sorted(chunks, reverse=True)[:DEEPEST])))


def evaluate_retrieval(
    cases: Iterable[EvalCase],
    stages: Callable[[str], Mapping[str, Stage]],
    *,
    fingerprint: RunFingerprint | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    seed: int = 0,
) -> RetrievalResult:
    """Ask every stage every question that names a source.

    Args:
        cases: with sources named as the index names them. Several passages of a source count once, at the best.
        stages: from a question to the stages' rankings, as deep as ``depth_for`` says; asked the first question twice,
            since models load then.
        fingerprint: of what is measured; its ``questions`` are filled in here.
        on_progress: called after each question.
        seed: of the tests and intervals.

    Raises:
        FootnoteError: when no question names a source, or no question could be searched for.
    """
    given = tuple(cases)
    judged = tuple(case for case in given if case.evidence)
    if not judged:
        raise FootnoteError("No question of the set names a source that answers it, so no ranking can be judged")
    found = _ask_all(judged, stages, on_progress)
    names = list(dict.fromkeys(name for one in found if not isinstance(one, str) for name in one))
    stated = {**asdict(fingerprint or RunFingerprint()), "questions": questions_sha(judged)}
    runs = {name: _run_of(name, judged, found, RunFingerprint(**stated)) for name in names}
    fused = {name for one in found if not isinstance(one, str) for name in one if not one[name].is_single}
    singles = tuple(name for name in names if name not in fused | {FINAL})
    return RetrievalResult(runs, compare_stages(runs, singles, seed=seed), singles, len(given) - len(judged))


def result_to_dict(result: RetrievalResult) -> dict[str, Any]:
    """The JSON form that ``footnote eval retrieval --json`` prints; shares from 0 to 1."""
    times = {name: _percentiles(run) for name, run in result.runs.items()}
    return {
        "stages": {name: figures_of(run) for name, run in result.runs.items()},
        "tests": [_test_to_dict(test) for test in result.tests],
        "verdict": judge_pipeline(result.runs, result.singles, result.tests),
        **_percentiles(result.last),
        "times": times,
        "questions": len(result.last.cases),
        "left_out": result.left_out,
        "failed": sum(bool(outcome.error) for outcome in result.last.outcomes),
        "fingerprint": asdict(result.last.fingerprint),
    }


def _test_to_dict(test: StageTest) -> dict[str, Any]:
    """The JSON form; a single question has no interval."""
    known = {name: None if value != value else value for name, value in asdict(test).items()}  # noqa: PLR0124  (NaN)
    return {**known, "measure": TESTED, "verdict": test.verdict}


def figures_of(run: Run) -> dict[str, float]:
    """The mean of each of the ``MEASURED`` over all questions."""
    return {name: float(run.columns[name].mean()) for name in MEASURED}


def format_table(result: RetrievalResult) -> list[tuple[str, ...]]:
    """The table for people: a row of headings, then one for each stage with its figures and milliseconds."""
    rows: list[tuple[str, ...]] = [("stage", *MEASURED, "p50 ms", "p95 ms")]
    for name, run in result.runs.items():
        times = (f"{value:.0f}" if value is not None else "" for value in _percentiles(run).values())
        rows.append((name, *(f"{value:.3f}" for value in figures_of(run).values()), *times))
    return rows


def format_tests(result: RetrievalResult) -> list[str]:
    """The tests in words, a sentence each; the first says whether the pipeline loses to its best single stage."""
    words = {"better": "is better than", "worse": "is worse than", "cannot tell": "can't be told from"}
    told = [f"{one.b} {words[one.verdict]} {one.a}: {TESTED} {one.size}, p {one.p_holm:.2g}" for one in result.tests]
    verdict = judge_pipeline(result.runs, result.singles, result.tests)
    return [verdict["sentence"], *told] if verdict else told


# Asking


@dataclass(frozen=True, slots=True)
class _Ranking:
    """What is kept of a stage's ranking: the first passage of each source."""

    spans: tuple[Span, ...]
    ms: float
    is_single: bool


def _ask_all(
    cases: Sequence[EvalCase],
    stages: Callable[[str], Mapping[str, Stage]],
    on_progress: Callable[[Progress], None],
) -> list[Mapping[str, _Ranking] | str]:
    """The rankings of each question by stage; of one that can't be searched for, why."""
    on_progress(Progress(0, len(cases), unit="questions"))
    _ask(cases[0], stages)
    found = []
    for number, case in enumerate(cases, start=1):
        found.append(_ask(case, stages))
        on_progress(Progress(number, len(cases), case.question_id, "questions"))
    if all(isinstance(one, str) for one in found):
        raise FootnoteError(f"None of the {len(cases)} questions could be searched for. The first: {found[0]}")
    return found


def _ask(case: EvalCase, stages: Callable[[str], Mapping[str, Stage]]) -> Mapping[str, _Ranking] | str:
    try:
        return {name: _ranking(stage) for name, stage in stages(case.question).items()}
    except FootnoteError as error:
        return str(error)


def _ranking(stage: Stage) -> _Ranking:
    first: dict[str, Passage] = {}
    for passage in _unfolded(stage.passages):
        first.setdefault(passage.chunk.source_id, passage)
    spans = tuple(_span(passage) for passage in list(first.values())[:DEEPEST])
    return _Ranking(spans, stage.ms, {passage.origin for passage in stage.passages} <= SINGLE_ORIGINS)


def _unfolded(passages: Sequence[Passage]) -> list[Passage]:
    """The passages with those folded into them at the ranks where they were found: folding shows, it doesn't rank."""
    folded = sorted((one for passage in passages for one in passage.also), key=lambda one: -one.rank)
    unfolded: list[Passage] = []
    for passage in passages:
        while folded and folded[-1].rank <= len(unfolded) + 1:
            unfolded.append(folded.pop())
        unfolded.append(passage)
    return unfolded + folded[::-1]


def _span(passage: Passage) -> Span:
    chunk = passage.chunk
    source = sys.intern(chunk.source_id)  # the same names stand in thousands of rankings
    return Span(source, page=chunk.page, start=chunk.start, end=chunk.end, score=passage.score)


def _run_of(
    name: str,
    cases: tuple[EvalCase, ...],
    found: Sequence[Mapping[str, _Ranking] | str],
    fingerprint: RunFingerprint,
) -> Run:
    outcomes = tuple(_outcome(case, one, name) for case, one in zip(cases, found, strict=True))
    columns = tabulate(cases, outcomes, _unasked, groups=("retrieval",))
    return Run(name, fingerprint, cases, outcomes, columns)


def _outcome(case: EvalCase, found: Mapping[str, _Ranking] | str, name: str) -> Outcome:
    if isinstance(found, str) or name not in found:
        return Outcome(case.question_id, error=found if isinstance(found, str) else f"no ranking of stage {name}")
    return Outcome(case.question_id, passages=found[name].spans, timings={"retrieve_ms": found[name].ms})


def _unasked(sentence: str, texts: Sequence[str], question: str) -> Support:
    """The checker of runs without sentences."""
    raise AssertionError("a ranking has no sentence to check")


def _percentiles(run: Run) -> dict[str, float | None]:
    times = [outcome.timings["retrieve_ms"] for outcome in run.outcomes if not outcome.error]
    if not times:
        return {"p50_ms": None, "p95_ms": None}
    p50, p95 = np.percentile(times, [50, 95])
    return {"p50_ms": round(float(p50), 3), "p95_ms": round(float(p95), 3)}
