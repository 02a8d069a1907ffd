"""The retrieval measures beside those of ir_measures, on a BEIR folder ranked by its words; and what measuring costs.

    python -m benchmarks.measures --data FOLDER/scifact

Ranks the documents by BM25, its scores rounded so that many tie, and prints the largest difference over all questions
between the two, the figures of the set, and the milliseconds that one question takes to measure.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import AP, RR, P, Qrel, R, ScoredDoc, nDCG

from eval.measures import MEASURES, summarise, tabulate
from eval.measures.retrieval import rank_run
from eval.records import EvalCase, Outcome, Span
from eval.sets.beir import load_beir, read_corpus
from schema import TextDocument

DEPTH = 1000
K1, B = 1.2, 0.75
THEIRS = {
    **{f"nDCG@{k}": nDCG @ k for k in (5, 10)},
    **{f"recall@{k}": R @ k for k in (1, 5, 10, 100)},
    **{"precision@5": P @ 5, "RR@10": RR @ 10, "AP": AP},
}

Run = Mapping[str, Mapping[str, float]]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder in BEIR form")
    data = parser.parse_args().data
    cases = [case for case in load_beir(data) if case.evidence]
    run = rank(cases, read_corpus(data))
    outcomes = [
        Outcome(name, passages=tuple(Span(source) for source in rank_run(scores))) for name, scores in run.items()
    ]
    started = time.perf_counter()
    ours = tabulate(cases, outcomes, lambda *_: "supported")
    seconds = time.perf_counter() - started
    theirs = measure_elsewhere(cases, run)
    names, figures = [one.name for one in MEASURES if one.group == "retrieval"], summarise(ours)
    record = {
        "questions": len(cases),
        "tied": sum(len(scores) - len(set(scores.values())) for scores in run.values()),
        "largest_difference": max(float(np.abs(ours[name] - theirs[name]).max()) for name in names),
        "figures": {name: figures[name] for name in names},
        "ms_per_question": round(seconds * 1000 / len(cases), 3),
    }
    print(json.dumps(record, indent=2))


def rank(cases: Iterable[EvalCase], documents: Iterable[TextDocument]) -> dict[str, dict[str, float]]:
    """The first documents of each question by BM25, scores rounded to one decimal."""
    counts = {one.path: Counter(words(f"{one.title} {one.text}")) for one in documents}
    postings: dict[str, list[str]] = defaultdict(list)
    for name, count in counts.items():
        for word in count:
            postings[word].append(name)
    mean = sum(count.total() for count in counts.values()) / len(counts)
    run = {}
    for case in cases:
        scores: dict[str, float] = defaultdict(float)
        for word in words(case.question):
            weight = math.log(1 + (len(counts) - len(postings[word]) + 0.5) / (len(postings[word]) + 0.5))
            for name in postings[word]:
                often, length = counts[name][word], counts[name].total()
                scores[name] += weight * often * (K1 + 1) / (often + K1 * (1 - B + B * length / mean))
        first = rank_run({name: round(score, 1) for name, score in scores.items()})[:DEPTH]
        run[case.question_id] = {name: round(scores[name], 1) for name in first}
    return run


def words(text: str) -> list[str]:
    """Runs of letters and digits, in lower case."""
    return re.findall(r"\w+", text.lower())


def measure_elsewhere(cases: Iterable[EvalCase], run: Run) -> dict[str, np.ndarray]:
    """The same columns from ir_measures.

    Its RR with a cut-off breaks ties otherwise than trec_eval, and gets our order as falling scores.
    """
    cases = list(cases)
    judged = [Qrel(case.question_id, piece.source, piece.grade) for case in cases for piece in case.evidence]
    scored = [ScoredDoc(name, one, score) for name, scores in run.items() for one, score in scores.items()]
    ordered = [
        ScoredDoc(name, one, -float(place))
        for name, scores in run.items()
        for place, one in enumerate(rank_run(scores))
    ]
    values = {
        (one.measure, one.query_id): one.value
        for measures, found in (([*set(THEIRS.values()) - {RR @ 10}], scored), ([RR @ 10], ordered))
        for one in ir_measures.iter_calc(measures, judged, found)
    }
    return {name: np.array([values[one, case.question_id] for case in cases]) for name, one in THEIRS.items()}


if __name__ == "__main__":
    main()
