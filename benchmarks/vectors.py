"""An index that grows: time, memory and recall of search at 100,000 and 1,000,000 chunks, against exact search.

    python -m benchmarks.vectors --data FOLDER                     both sizes; half an hour on two idle cores
    python -m benchmarks.vectors --data FOLDER --size 100000       one size

Real chunks of the sets are embedded with the default embedder (kept in the temporary folder) and come first. The others
are mixed, each of two real chunks a and b and a share w drawn from 0.5 to 1: its vector is w a + (1 - w) b and noise of
length 0.3, made unit length, its text the first w of the sentences of a and the last of b. So a chunk has neighbours as
texts on one subject are neighbours; vectors of noise alone, without neighbours, would be harder to search and unlike
texts. No new words come with size, so common words are as common as in the sets. Queries are real questions.
Writes benchmarks/results/vectors.json and prints the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answering import machine
from benchmarks.made_texts import passages, read_questions, read_sentences
from indexer import full_text
from indexer.catalogue import beside
from indexer.records import vectors_after
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from parts import Parts
from retriever.lexical import question_words
from schema import Chunk, EmbedderIdentity, Extraction, Filter, Source
from settings import Settings

RESULTS = Path(__file__).parent / "results" / "vectors.json"
QUESTIONS, CHUNKS_IN_DOCUMENT, COMMIT = 300, 100, 100  # of documents
DEPTH = 50
NOISE = 0.3


@dataclass(frozen=True, slots=True)
class Real:
    """Real chunks as their sentences, with vectors (n, dimension) float32; and questions with theirs."""

    chunks: list[list[str]]
    vectors: np.ndarray
    questions: list[str]
    asked: np.ndarray


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--size", type=int, nargs="+", default=[100_000, 1_000_000], help="chunks")
    parser.add_argument("--real", type=int, default=12_000, help="real chunks to embed")
    arguments = parser.parse_args()
    identity, real = embedded(arguments.data, arguments.real)
    record: dict[str, Any] = {"machine": machine(), "real_chunks": len(real.chunks), "questions": len(real.questions)}
    for size in arguments.size:
        with tempfile.TemporaryDirectory() as folder:
            record[f"{size}"] = measure(Path(folder) / "index", identity, real, size)
        RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(json.dumps(record, indent=2))


def embedded(data: Path, count: int) -> tuple[EmbedderIdentity, Real]:
    """Chunks and questions of the sets with their vectors, embedded once."""
    parts = Parts(Settings())
    groups = list(passages(read_sentences(data), 60))
    drawn = np.random.default_rng(0).permutation(len(groups))[:count]
    chunks, questions = [groups[place] for place in drawn], read_questions(data, QUESTIONS)
    kept = Path(tempfile.gettempdir()) / f"footnote-vectors-{parts.identity.name}-{len(chunks)}.npz"
    if not kept.exists():
        vectors = []
        for start in range(0, len(chunks), 512):
            vectors.append(parts.embeddings.embed([" ".join(one) for one in chunks[start : start + 512]]))
            say(f"embedded {start + len(vectors[-1]):,} of {len(chunks):,} chunks")
        asked = np.array([parts.embeddings.embed_query(one) for one in questions], np.float32)
        np.savez(kept, vectors=np.vstack(vectors), asked=asked)
    with np.load(kept) as stored:
        return parts.identity, Real(chunks, stored["vectors"], questions, stored["asked"])


def measure(folder: Path, identity: EmbedderIdentity, real: Real, size: int) -> dict[str, Any]:
    """All figures of one size."""
    record: dict[str, Any] = {}
    with closing(IndexStore(folder, identity, create=True)) as store, store.writing():
        record["put_s"] = timed(lambda: fill(store, real, 0, size))[0]
        record["database_mb"] = (folder / "catalogue.sqlite3").stat().st_size // 2**20
        say(f"{size:,} chunks are in the database")
        record["exact"] = in_a_process(folder, identity, real)
        say("searched exactly")
        record["train_and_save_s"] = timed(store.save_vectors)[0]
        state = store.describe()
        record |= {"kind": state.kind, "why": state.why, "recall_when_made": state.recall, "file_mb": state.bytes >> 20}
        say(f"clusters are made: {state.why}")
        record["chosen"] = in_a_process(folder, identity, real)
        gone = [f"default/{number}" for number in range(5, 5 + 1000 // CHUNKS_IN_DOCUMENT)]
        record["add_1000_s"] = timed(lambda: fill(store, real, size, size + 1000))[0]
        record["remove_1000_s"] = timed(lambda: store.delete(gone))[0]
        record["save_after_s"] = timed(store.save_vectors)[0]
        record["after_1000_came_and_went"] = in_a_process(folder, identity, real)
        record["merge_s"] = timed(lambda: store.save_vectors(thorough=True))[0]
        record["after_merging"] = in_a_process(folder, identity, real)
    return record


def fill(store: IndexStore, real: Real, start: int, stop: int) -> None:
    """Put chunks of these numbers: of each hundred documents one is in the collection ``hundredth``."""
    documents = []
    for first, texts, vectors in mixed(real, start, stop):
        number = first // CHUNKS_IN_DOCUMENT
        source = Source("hundredth" if number % 100 == 50 else "default", f"{number}", "", None, "0")
        chunks = [Chunk(source.source_id, place, place + 1, text) for place, text in enumerate(texts)]
        documents.append(IndexedDocument(source, Extraction("x" * len(chunks), ()), chunks, vectors))
        if len(documents) == COMMIT:
            store.put(documents)
            documents = []
            if number % 1000 == 999:
                say(f"{first + len(texts):,} chunks")
    store.put(documents)


def mixed(real: Real, start: int, stop: int) -> Iterator[tuple[int, list[str], np.ndarray]]:
    """The chunks of these numbers by documents: the number of the first, texts, and unit vectors."""
    count, dimension = real.vectors.shape
    for first in range(start, stop, CHUNKS_IN_DOCUMENT):
        rng = np.random.default_rng(first)
        numbers = np.arange(first, min(first + CHUNKS_IN_DOCUMENT, stop))
        a, b = (
            np.where(numbers < count, numbers, rng.integers(0, count, len(numbers))),
            rng.integers(0, count, len(numbers)),
        )
        w = np.where(numbers < count, 1.0, rng.uniform(0.5, 1.0, len(numbers)))[:, np.newaxis]
        noise = (
            rng.normal(size=(len(numbers), dimension)) * (NOISE / dimension**0.5) * (numbers >= count)[:, np.newaxis]
        )
        vectors = w * real.vectors[a] + (1 - w) * real.vectors[b] + noise
        texts = [
            mixed_text(real.chunks[one], real.chunks[two], share) for one, two, share in zip(a, b, w[:, 0], strict=True)
        ]
        yield first, texts, (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def mixed_text(one: Sequence[str], two: Sequence[str], share: float) -> str:
    """The first sentences of one chunk and the last of another."""
    kept = round(share * len(one))
    return " ".join([*one[:kept], *two[len(two) - round((1 - share) * len(two)) :]]) or one[0]


def in_a_process(folder: Path, identity: EmbedderIdentity, real: Real) -> dict[str, Any]:
    """`searched` in a process of its own, so that its memory is that of searching alone."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(searched, folder, identity, real.questions, real.asked).result()


def searched(folder: Path, identity: EmbedderIdentity, questions: list[str], asked: np.ndarray) -> dict[str, Any]:
    """Open an index as it is, search it, and compare with exact search over what SQLite holds."""
    opening, store = timed(lambda: IndexStore(folder, identity))
    with closing(store):
        first, _ = timed(lambda: store.dense(asked[0], DEPTH))
        record: dict[str, Any] = {"open_ms": round(opening * 1000), "first_search_ms": round(first * 1000)}
        record["resident_mb"], record["of_that_not_from_files_mb"] = resident("VmRSS"), resident("RssAnon")
        matches = [question_words(question) for question in questions]
        dense = [timed(lambda one=one: store.dense(one, DEPTH)) for one in asked]
        record["vectors_ms"] = spread([seconds for seconds, _ in dense])
        for name in ("words_ms_first_time", "words_ms"):
            words = [timed(lambda one=one: store.lexical(one, DEPTH)) for one in matches]
            record[name] = spread([seconds for seconds, _ in words])
        record["both_ms"] = spread([a + b for (a, _), (b, _) in zip(dense, words, strict=True)])
        everything = nearest(folder, asked, None)
        record["recall@10"] = shared(everything, [found for _, found in dense])
        record["words_unbounded"] = unbounded(store, matches, [found for _, found in words])
        last = max(store.sources("default"), key=lambda info: int(info.source.path)).source.source_id
        for name, within in (("1 %", Filter(collections=("hundredth",))), ("one document", Filter(sources=(last,)))):
            runs = [timed(lambda one=one, w=within: store.dense(one, DEPTH, within=w)) for one in asked]
            record[f"within {name}"] = {
                "vectors_ms": spread([seconds for seconds, _ in runs[1:]]),
                "first_ms": round(runs[0][0] * 1000, 1),
                "recall@10": shared(nearest(folder, asked, within), [found for _, found in runs]),
            }
    return record


def unbounded(store: IndexStore, matches: Sequence[str], bounded: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """FTS5's own ranking of all rows, on a third of the questions: its time, and what of its ten best a bound keeps."""
    most, full_text.MOST_ROWS = full_text.MOST_ROWS, 10**9
    runs = [timed(lambda one=one: store.lexical(one, 10)) for one in matches[::3]]
    full_text.MOST_ROWS = most
    ids = [{hit.chunk.chunk_id for hit in found} for _, found in runs]
    kept = [{hit.chunk.chunk_id for hit in found[:10]} for found in bounded[::3]]
    shares = [len(a & b) / len(a) for a, b in zip(ids, kept, strict=True) if a]
    return {"ms": spread([seconds for seconds, _ in runs]), "share_of_its_ten_best": round(float(np.mean(shares)), 4)}


def nearest(folder: Path, asked: np.ndarray, within: Filter | None) -> list[set[str]]:
    """The ids of the ten truly nearest chunks of each question, by numpy over what SQLite holds."""
    with closing(beside(folder)) as connection:
        rows = connection.execute(
            "SELECT c.id, c.chunk_id, s.collection, s.source_id FROM chunk c JOIN source s ON s.id = c.source"
        )
        names = {
            row[0]: row[1] for row in rows if within is None or row[2] in within.collections or row[3] in within.sources
        }
        best: list[list[tuple[float, int]]] = [[] for _ in asked]
        admitted = np.fromiter(names, np.int64)
        for ids, vectors in vectors_after(connection, -1, asked.shape[1]):
            kept = np.isin(ids, admitted)
            if not kept.any():
                continue
            scores, keys = asked @ vectors[kept].T, ids[kept]
            for row, top in enumerate(np.argsort(-scores, axis=1)[:, :10]):
                best[row] = sorted(best[row] + list(zip(-scores[row, top], keys[top], strict=True)))[:10]
    return [{names[int(key)] for _, key in one} for one in best]


def shared(exact: Sequence[set[str]], found: Sequence[Sequence[Any]]) -> float:
    """The share of the truly nearest that are among the ten best found, over all questions."""
    kept = [{hit.chunk.chunk_id for hit in one[:10]} for one in found]
    return round(float(np.mean([len(a & b) / len(a) for a, b in zip(exact, kept, strict=True) if a] or [1.0])), 4)


def timed(work: Any) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    started = time.perf_counter()
    result = work()
    return round(time.perf_counter() - started, 5), result


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Milliseconds: median and 95th percentile."""
    return {f"p{share}": round(float(np.percentile(seconds, share)) * 1000, 2) for share in (50, 95)}


def resident(name: str) -> int:
    """A size of this process from /proc/self/status, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(name))


def say(line: str) -> None:
    """Progress, with the time."""
    print(time.strftime("%H:%M:%S"), line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
