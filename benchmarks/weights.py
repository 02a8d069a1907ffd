"""Where the weights of fusion and of the cross-encoder come from: chosen on one question set, held on the others.

    python -m benchmarks.weights --data FOLDER

Every question is searched once and read by the cross-encoder once; after that each grid of weights is arithmetic. A row
is the weights that are best on one set, with the nDCG@10 that they give on all; the last row is what Footnote uses.
Also: how many questions are settled before the cross-encoder, and what sparing it there costs. Uses the indexes that
benchmarks/retrieval.py left in --work. Writes benchmarks/results/weights.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answering import machine
from benchmarks.retrieval import SETS, by_tenths
from eval.records import EvalCase
from eval.runs.experiments import asked_over
from pipeline import Footnote
from retriever import hybrid, reranking
from retriever.fusion import fuse_scores
from retriever.hybrid import Searching, find_candidates, score_candidates
from retriever.query import parse_query
from settings import Settings, load_settings

RESULTS = Path(__file__).parent / "results" / "weights.json"
FUSION = list(product((0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 1.0), (0.0, 0.025, 0.05, 0.1, 0.2)))
"""(weight of the dense view, of the headings); the lexical view has the rest of 1."""
READING = list(product((0.0, 0.1, 0.15, 0.2, 0.3), (0.3, 0.6, 1.0, 9.0), (1.0, 3.0, 5.0)))
"""(least weight of a logit, most weight, logit half way between)."""
SETTLED = (0.0, 0.3, 0.5, 1.0)


@dataclass(frozen=True)
class Asked:
    """A question with its candidates: the scores of each view (3, n), their documents, and the first ones' logits."""

    views: np.ndarray
    documents: Sequence[str]
    grades: dict[str, int]
    read: Sequence[int]
    logits: np.ndarray
    firsts: tuple[int, ...]

    def ndcg(self, scores: np.ndarray) -> float:
        """Of the documents, each at the place of its best candidate, in the first ten."""
        order = dict.fromkeys(self.documents[place] for place in np.argsort(-scores, kind="stable"))
        found = [self.grades.get(document, 0) for document in list(order)[:10]]
        ideal = sorted(self.grades.values(), reverse=True)[:10]
        return discounted(found) / discounted(ideal)

    def fused(self, dense: float, headings: float) -> np.ndarray:
        """Scores with these weights."""
        return fuse_scores(list(zip(self.views, (dense, 1 - dense, headings), strict=True)))

    def reranked(self, fused: np.ndarray, least: float, most: float, sure: float) -> np.ndarray:
        """Scores after the cross-encoder, with its logits weighed so."""
        scores = fused.copy()
        if len(self.read):
            weight = least + (most - least) / (1 + np.exp(sure - self.logits.max()))
            scores[self.read] += weight * self.logits
            rest = np.setdiff1d(np.arange(len(scores)), self.read)
            if len(rest):
                scores[rest] -= max(scores[rest].max() - scores[self.read].min(), 0)
        return scores

    def is_settled(self, fused: np.ndarray, gap: float) -> bool:
        """As `retriever.hybrid.is_settled`, for any gap."""
        first, second = (*np.sort(fused)[::-1], -np.inf)[:2]
        return len(set(self.firsts)) == 1 and int(fused.argmax()) == self.firsts[0] and first - second > gap


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--sets", nargs="+", default=SETS, metavar="SET", help="names of folders in it")
    parser.add_argument("--limit", type=int, default=300, help="questions of each set at most")
    parser.add_argument("--work", type=Path, default=Path("/tmp/footnote-retrieval"), help="folder of the indexes")  # noqa: S108
    parser.add_argument("--out", type=Path, default=RESULTS, help="file of the results")
    arguments = parser.parse_args()
    settings, _ = load_settings({"runs": arguments.work})
    asked = {name: list(ask(arguments.data / name, settings, arguments.limit)) for name in arguments.sets}
    record: dict[str, Any] = {"machine": machine(), "questions": {name: len(ones) for name, ones in asked.items()}}
    default = (hybrid.DENSE, hybrid.HEADINGS)
    fused = {grid: {name: [one.fused(*grid) for one in ones] for name, ones in asked.items()} for grid in (default,)}
    record["fusion"] = compare(asked, FUSION, default, lambda one, grid, _: one.fused(*grid), fused[default])
    reading = (reranking.LEAST_WEIGHT, reranking.MOST_WEIGHT, reranking.SURE)
    record["cross-encoder"] = compare(
        asked, READING, reading, lambda one, grid, base: one.reranked(base, *grid), fused[default]
    )
    record["settled"] = {name: settled(ones, fused[default][name], reading) for name, ones in asked.items()}
    for part in ("fusion", "cross-encoder"):
        print(f"\n{part}: best on, weights, nDCG@10 on {', '.join(asked)}")
        for row in record[part]:
            print(
                f"{row['chosen on']:16} {row['weights']}  "
                + "  ".join(f"{value:.3f}" for value in row["nDCG@10"].values())
            )
    print("\nsettled before the cross-encoder: gap, share of the questions, change of nDCG@10 by sparing it there")
    for name, rows in record["settled"].items():
        print(f"{name:16} " + "  ".join(f"{row['gap']}: {row['share']:.2f} {row['change']:+.4f}" for row in rows))
    arguments.out.write_text(json.dumps(record, indent=2) + "\n", "utf-8")


def ask(folder: Path, settings: Settings, limit: int) -> Iterator[Asked]:
    """Search every question of a set that names a document."""
    told = by_tenths(folder.name)
    with asked_over(folder, settings, None, None, on_progress=told, on_message=print) as (footnote, cases):
        judged = [case for case in cases if case.evidence]
        if len(judged) > limit:
            judged = [judged[place] for place in np.random.default_rng(0).permutation(len(judged))[:limit]]
        for number, case in enumerate(judged, start=1):
            yield search(footnote, case)
            if number * 10 % len(judged) < 10:
                print(f"{folder.name}: {number} of {len(judged)} questions", file=sys.stderr, flush=True)


def search(footnote: Footnote, case: EvalCase) -> Asked:
    """The candidates of a question, and the cross-encoder's opinion on the best of them."""
    query = parse_query(case.question)
    views = find_candidates(query, Searching(footnote.store, footnote.embeddings.embed_query), hybrid.CANDIDATES)
    candidates, scores = score_candidates(views, footnote.store)
    places = {candidate.chunk.chunk_id: place for place, candidate in enumerate(candidates)}
    fused = hybrid.fuse(views, footnote.store)
    head = fused[: reranking.MOST_PAIRS]
    logits = footnote.score(query.question, [reranking.pair_text(passage) for passage in head])
    rankings = (views.dense, views.lexical)
    return Asked(
        scores,
        [candidate.source.source_id for candidate in candidates],
        {evidence.source: evidence.grade for evidence in case.evidence},
        [places[passage.chunk.chunk_id] for passage in head],
        np.array(logits),
        tuple(places[ranking[0].chunk.chunk_id] if ranking else -1 for ranking in rankings),
    )


def compare(
    asked: dict[str, list[Asked]], grid: Sequence[tuple[float, ...]], default: tuple[float, ...], score: Any, base: Any
) -> list[dict[str, Any]]:
    """For each set its best weights, then the default ones, each with the figure on every set."""
    figures = {
        weights: {
            name: float(np.mean([one.ndcg(score(one, weights, base[name][row])) for row, one in enumerate(ones)]))
            for name, ones in asked.items()
        }
        for weights in dict.fromkeys((*grid, default))
    }
    best = {name: max(figures, key=lambda weights: figures[weights][name]) for name in asked}
    rows = [*best.items(), ("in use", default)]
    return [{"chosen on": name, "weights": list(weights), "nDCG@10": figures[weights]} for name, weights in rows]


def settled(
    ones: Sequence[Asked], fused: Sequence[np.ndarray], reading: tuple[float, float, float]
) -> list[dict[str, float]]:
    """For several gaps, the share of questions that need no cross-encoder and what not asking it changes."""
    rows = []
    for gap in SETTLED:
        changes = [
            one.ndcg(scores) - one.ndcg(one.reranked(scores, *reading))
            for one, scores in zip(ones, fused, strict=True)
            if one.is_settled(scores, gap)
        ]
        rows.append({"gap": gap, "share": len(changes) / len(ones), "change": sum(changes) / len(ones)})
    return rows


def discounted(grades: Sequence[int]) -> float:
    """DCG with linear gain."""
    return float(sum(grade / np.log2(place + 2) for place, grade in enumerate(grades)))


if __name__ == "__main__":
    main()
