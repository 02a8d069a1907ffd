"""What follow-up questions find when they are rewritten by rules, joined to the one before, or searched as they are.

    python -m benchmarks.conversation                    the questions of eval/samples/conversations.yaml
    python -m benchmarks.conversation --data FOLDER      and those made from FOLDER/squad2, a pronoun for a shared name
    python -m benchmarks.conversation --dialogues FILE   and so many (--limit) turns of real dialogues

Every way searches the same index with the pipeline's own search; a text that two ways search for is searched for once.
A passage of the samples is right when it holds the evidence of the question; a paragraph of squad2 when the question
was asked of it, a passage of a dialogue when the dialogue is about it. Values are paired by question for the tests,
which are corrected by Holm. "rewritten alone" leaves out the question before; "as first written" is the form that a
made follow-up had before it got its pronoun. Sets that are not asked for stay in benchmarks/results/conversation.json
as they were. Dialogues are one turn a line: `benchmarks.dialogues.read_dialogues`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answering import machine
from benchmarks.dialogues import FollowUp, made_from, read_dialogues
from eval.comparison.statistics import holm, permutation_p
from eval.runs.experiments import asked_over
from eval.sets.grounding import ground
from eval.sets.questions import load_questions
from pipeline import Footnote
from retriever.followup import leans_back, make_standalone
from schema import Passage, TextDocument
from settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results" / "conversation.json"
DEPTH = 50
MADE = 300
MEASURES = ("recall@1", "recall@5", "nDCG@10")

WAYS: dict[str, Callable[[FollowUp], str]] = {
    "rules": lambda one: make_standalone(one.question, one.history).searched,
    "rewritten alone": lambda one: make_standalone(one.question, one.history).text,
    "joined": lambda one: f"{one.history[-1].question} {one.question}" if leans_back(one.question) else one.question,
    "always joined": lambda one: f"{one.history[-1].question} {one.question}",
    "last question alone": lambda one: one.history[-1].question,
    "question alone": lambda one: one.question,
    "as first written": lambda one: one.complete,
}
"""From a follow-up to what is searched for; the last only where that is known."""

Holds = Callable[[FollowUp, Passage], bool]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds squad2")
    parser.add_argument("--dialogues", type=Path, help="file of dialogues, one turn a line")
    parser.add_argument("--limit", type=int, default=MADE, help="most follow-ups of a set")
    parser.add_argument("--work", type=Path, default=Path("/tmp/footnote-retrieval"), help="folder of the indexes")  # noqa: S108
    arguments = parser.parse_args()
    settings, _ = load_settings({"runs": arguments.work, "llm": "none"})
    measures: dict[str, Callable[[], dict[str, Any]]] = {"samples": lambda: measure_samples(settings)}
    if arguments.data:
        measures["squad2, made"] = lambda: measure_made(arguments.data / "squad2", settings, arguments.limit)
    if arguments.dialogues:
        measures["dialogues"] = lambda: measure_dialogues(arguments.dialogues, settings, arguments.limit)
    record = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    for name, measured in measures.items():
        record[name] = {"machine": machine()} | measured()
        RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")


def measure_samples(settings: Settings) -> dict[str, Any]:
    """The hand-written follow-ups, by passages that hold their evidence."""
    settings = settings.model_copy(update={"index": settings.runs / "conversation-samples"})
    footnote = Footnote(settings, create=True)
    try:
        footnote.index([ROOT / "samples"])
        cases = ground(load_questions(ROOT / "eval" / "samples" / "conversations.yaml"), footnote).cases
        places = {case.question_id: case.evidence for case in cases}
        asked = [
            FollowUp(case.question_id, case.question, case.history, (), case.kind) for case in cases if case.evidence
        ]

        def holds(one: FollowUp, passage: Passage) -> bool:
            chunk = passage.chunk
            return any(
                place.source == chunk.source_id and chunk.start <= (place.start or 0) and (place.end or 0) <= chunk.end
                for place in places[one.question_id]
            )

        return measure("samples", asked, footnote, holds)
    finally:
        footnote.close()


def measure_made(folder: Path, settings: Settings, limit: int) -> dict[str, Any]:
    """Follow-ups made from the questions of a set, by the paragraphs that they were asked of."""
    with asked_over(folder, settings, 1, 0, on_message=print) as (footnote, _):
        return measure("squad2, made", made_from(folder, limit=limit), footnote, is_of_its_document)


def measure_dialogues(path: Path, settings: Settings, limit: int) -> dict[str, Any]:
    """Turns of real dialogues, drawn by a seed, by the passages that they were about."""
    asked, passages = read_dialogues(path)
    drawn = random.Random(0).sample(asked, min(limit, len(asked)))  # noqa: S311  (a draw, no secret)
    footnote = Footnote(settings.model_copy(update={"index": settings.runs / "conversation-dialogues"}), create=True)
    try:
        footnote.index_corpus([TextDocument(name, name, text) for name, text in passages.items()])
        return measure("dialogues", drawn, footnote, is_of_its_document)
    finally:
        footnote.close()


def is_of_its_document(one: FollowUp, passage: Passage) -> bool:
    """Whether a passage is of the document that the question was asked of."""
    return passage.source.path in one.relevant


def measure(name: str, asked: Sequence[FollowUp], footnote: Footnote, holds: Holds) -> dict[str, Any]:
    """Every way of every question, and the tests of the rules against the others."""
    ways = [way for way in WAYS if way != "as first written" or all(one.complete for one in asked)]
    ranked = lru_cache(maxsize=None)(lambda text: footnote.search(text, top_k=DEPTH))
    rows: list[list[tuple[float, ...]]] = []
    for number, one in enumerate(asked):
        if number % 20 == 0:
            print(f"{name}: {number} of {len(asked)}", file=sys.stderr, flush=True)
        rows.append([figures([holds(one, found) for found in ranked(WAYS[way](one))]) for way in ways])
    table = np.array(rows)
    record = told_of(asked) | compared(asked, {way: table[:, column] for column, way in enumerate(ways)})
    print(name, json.dumps(record, indent=2))
    return record


def told_of(asked: Sequence[FollowUp]) -> dict[str, Any]:
    """What the rules did with the questions, and how long it took."""
    started = time.perf_counter()
    standalone = [make_standalone(one.question, one.history) for one in asked]
    spent = (time.perf_counter() - started) / len(asked)
    return {
        "questions": len(asked),
        "rewritten": sum(one.rewritten for one in standalone),
        "after_the_one_before": sum(bool(one.before) for one in standalone),
        "joined": sum(bool(one.used) and not one.rewritten for one in standalone),
        "ms_of_the_rules": round(1000 * spent, 3),
    }


def compared(asked: Sequence[FollowUp], values: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The means of every way, the rules against each, and the means by kind; values are (questions, `MEASURES`)."""
    means = {way: one.mean(axis=0).round(4).tolist() for way, one in values.items()}
    return {
        "ways": {way: dict(zip(MEASURES, mean, strict=True)) for way, mean in means.items()},
        "nDCG@10_of_the_rules_less_that_of": tests_of(values),
        "nDCG@10_by_kind": by_kind(asked, values),
    }


def figures(flags: Sequence[bool]) -> tuple[float, float, float]:
    """Of a ranking, as right or not: whether a right one is first, is among five, and nDCG@10 (Järvelin 2002).

    >>> figures([False, True])
    (0.0, 1.0, 0.6309297535714575)
    """
    gains = [1 / np.log2(rank + 1) for rank in range(1, 11)]
    ideal = sum(gains[: max(1, sum(flags))])
    gained = sum(gain for gain, is_right in zip(gains, flags, strict=False) if is_right)
    return float(any(flags[:1])), float(any(flags[:5])), float(gained / ideal)


def tests_of(values: Mapping[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """The mean difference of the rules' nDCG@10 from each other way's, with its p after Holm's correction."""
    others = [way for way in values if way != "rules"]
    differences = [values["rules"][:, -1] - values[way][:, -1] for way in others]
    ps = holm([permutation_p(one, rng=np.random.default_rng(0)) for one in differences])
    return {
        way: {"difference": round(float(one.mean()), 4), "p": round(float(p), 5)}
        for way, one, p in zip(others, differences, ps, strict=True)
    }


def by_kind(asked: Sequence[FollowUp], values: Mapping[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """nDCG@10 by what the questions lean with, for the rules and for joining."""
    found = {}
    for kind in dict.fromkeys(one.kind for one in asked):
        rows = [number for number, one in enumerate(asked) if one.kind == kind]
        means = {way: round(float(values[way][rows, -1].mean()), 3) for way in ("rules", "joined", "question alone")}
        found[kind or "any"] = {"questions": len(rows), **means}
    return found


if __name__ == "__main__":
    main()
