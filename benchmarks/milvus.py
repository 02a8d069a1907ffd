"""The same retriever over the engine of one machine and over Milvus Lite: how well each view ranks, and what it costs.

    python -m benchmarks.milvus --data FOLDER                       the sets below, each a folder in FOLDER
    python -m benchmarks.milvus --data FOLDER --sets conditionalqa --limit 40

Both search one catalogue, with one embedder and the same questions, whose vectors are made before the clock starts; a
stage is judged by documents. ``rank fusion by Milvus`` is the server's own. Each nDCG@10 is worked out a second time by
ir_measures. Indexes stay in --work, so that a second run only searches. Writes benchmarks/results/milvus.json a set at
a time, unless --limit is given. Needs: pip install "footnote[milvus]".
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answering import machine
from benchmarks.retrieval import add_to, by_tenths, largest_difference, read_arguments
from eval.records import EvalCase
from eval.retrieval import RetrievalResult, evaluate_retrieval
from eval.runs.experiments import asked_over
from indexer import records
from indexer.milvus_address import address_of
from indexer.milvus_engine import MilvusEngine
from indexer.milvus_filter import Numbers
from indexer.opened import OpenCatalogue
from indexer.outside import Outside
from indexer.reading import IndexReader, Opened
from indexer.terms import terms_of
from pipeline import Footnote
from retriever.hybrid import Searching, Stage, retrieve_stages
from retriever.lexical import question_words
from retriever.query import parse_query
from schema import Passage
from settings import Settings, load_settings

RESULTS = Path(__file__).parent / "results" / "milvus.json"
SETS = ("conditionalqa", "scifact")
DEPTH = 100
"""Passages asked of each view, as a search asks."""
MEASURE = "nDCG@10"
FIRST = 10

Stages = Callable[[str], Mapping[str, Stage]]


def main() -> None:
    """Run the benchmark."""
    arguments = read_arguments(__doc__, SETS, RESULTS)
    settings, _ = load_settings({"runs": arguments.work})
    for name in arguments.sets:
        record = measure_set(arguments.data / name, settings, arguments.limit)
        print("\n".join(table(name, record)), flush=True)
        if arguments.out:
            add_to(arguments.out, name, record)


def measure_set(folder: Path, settings: Settings, limit: int | None = None) -> dict[str, Any]:
    """Index a set where that is to do, and ask both engines every question that names a document."""
    seed = 0 if limit else None
    with asked_over(folder, settings, limit, seed, on_progress=by_tenths(folder.name), on_message=print) as asked:
        footnote, cases = asked
        judged = [case for case in cases if case.evidence]
        embed = cache(footnote.parts.embeddings.embed_query)
        for case in judged:
            query = parse_query(case.question)
            embed(query.text), embed(query.question)
        about = {"machine": machine(), "versions": {name: version(name) for name in ("pymilvus", "milvus-lite")}}
        about |= {"questions": len(judged), "depth": DEPTH}
        local = asked_of(
            judged, lambda question: retrieve_stages(question, Searching(footnote.store, embed), depth=DEPTH)
        )
        with in_milvus(footnote) as (reader, engine, filling):
            milvus = asked_of(judged, milvus_stages(reader, engine, embed))
            chunks = engine.rows.count()
    engines = {"local": figures(local, local), "milvus lite": figures(milvus, local) | {"filling": filling}}
    return about | {"chunks": chunks, "engines": engines}


@contextmanager
def in_milvus(footnote: Footnote) -> Iterator[tuple[IndexReader, MilvusEngine, dict[str, float]]]:
    """A reader of the same catalogue that a new file of Milvus Lite searches, and what filling it cost."""
    catalogue = footnote.store._opened.catalogue
    with tempfile.TemporaryDirectory(prefix="footnote-") as folder:
        address = address_of(f"{folder}/rows.db")
        engine = MilvusEngine(catalogue, Outside(address.uri, "0"), address)
        engine.rows.create()
        with costed() as filling:
            fill(catalogue, engine)
        try:
            yield IndexReader(Opened(catalogue, engine)), engine, filling
        finally:
            engine.close()


def fill(catalogue: OpenCatalogue, engine: MilvusEngine) -> None:
    """Tell an engine of all chunks of a catalogue."""
    with catalogue.reading():
        engine.add(0, born=catalogue.generation())
    engine.save(thorough=True)


def milvus_stages(reader: IndexReader, engine: MilvusEngine, embed: Callable[[str], list[float]]) -> Stages:
    """The stages over Milvus, and one more: rank fusion by the server."""

    def stages(question: str) -> dict[str, Stage]:
        found = retrieve_stages(question, Searching(reader, embed), depth=DEPTH)
        query, started = parse_query(question), time.monotonic()
        words = question_words(query.text)
        terms = [term for one in terms_of([*words.phrases, *words.terms]) for term in one]
        scored = engine.rows.fused(np.array(embed(query.text), np.float32), terms, DEPTH, Numbers())
        with engine._catalogue.reading():
            passages = records.passages(engine._connection, scored, "fused")
        return found | {"rank fusion by Milvus": Stage(passages, (time.monotonic() - started) * 1000)}

    return stages


class Asked:
    """What an engine ranked for each question: judged, as passages, and at what cost."""

    def __init__(
        self, result: RetrievalResult, passages: Mapping[str, list[Sequence[Passage]]], cost: dict[str, float]
    ) -> None:
        self.result, self.passages, self.cost = result, passages, cost


def asked_of(cases: Iterable[EvalCase], stages: Stages) -> Asked:
    """Ask every question of every stage."""
    passages: dict[str, dict[str, Sequence[Passage]]] = {}

    def noted(question: str) -> Mapping[str, Stage]:
        found = stages(question)
        for name, stage in found.items():
            passages.setdefault(name, {})[question] = stage.passages[:FIRST]
        return found

    with costed() as cost:
        result = evaluate_retrieval(cases, noted)
    return Asked(result, {name: list(held.values()) for name, held in passages.items()}, cost)


@contextmanager
def costed() -> Iterator[dict[str, float]]:
    """Seconds by the clock and of processor time of what happens within, once it is over."""
    cost: dict[str, float] = {}
    started, used = time.perf_counter(), time.process_time()
    yield cost
    cost |= {"seconds": round(time.perf_counter() - started, 2), "cpu": round(time.process_time() - used, 2)}


def figures(asked: Asked, local: Asked) -> dict[str, Any]:
    """How well each stage ranks, how much of its first passages is what the local engine finds, and the cost."""
    runs = asked.result.runs
    return {
        "ndcg_at_10": {name: round(float(run.columns[MEASURE].mean()), 4) for name, run in runs.items()},
        "same_first_10": {
            name: round(overlap(asked.passages[name], local.passages[name]), 4)
            for name in runs
            if name in local.passages
        },
        "largest_difference_to_ir_measures": largest_difference(runs.values()),
        **asked.cost,
    }


def overlap(ones: Sequence[Sequence[Passage]], others: Sequence[Sequence[Passage]]) -> float:
    """The share of the second rankings' passages that are in the first, over all questions."""
    both = [
        ({one.chunk.chunk_id for one in first}, {one.chunk.chunk_id for one in second})
        for first, second in zip(ones, others, strict=True)
    ]
    return sum(len(first & second) for first, second in both) / max(1, sum(len(second) for _, second in both))


def table(name: str, record: Mapping[str, Any]) -> list[str]:
    """The figures of a set for people: a row for each stage."""
    local, milvus = (record["engines"][engine] for engine in ("local", "milvus lite"))
    lines = [f"{name}: {record['questions']} questions, {record['chunks']:,} chunks; {MEASURE} by documents"]
    for stage, value in milvus["ndcg_at_10"].items():
        before = local["ndcg_at_10"].get(stage)
        told = "" if before is None else f"{before:8.4f} {value - before:+8.4f} {milvus['same_first_10'][stage]:8.3f}"
        lines.append(f"  {stage:<24}{value:8.4f} {told}")
    costs = (f"{engine} {held['seconds']} s ({held['cpu']} s of CPU)" for engine, held in record["engines"].items())
    filling = milvus["filling"]
    return [*lines, f"  {'; '.join(costs)}; filled in {filling['seconds']} s ({filling['cpu']} s of CPU)"]


if __name__ == "__main__":
    main()
