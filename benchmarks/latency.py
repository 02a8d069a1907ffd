"""How long a search takes in an index with many chunks, by its parts, with reranking and without; memory, and files.

    python -m benchmarks.latency --data FOLDER --chunks 100000

Chunks are passages of the sets in FOLDER. The first --real of them are embedded; the others join half of the sentences
of each of two of these and get a mixture of the two vectors, so that an index of a million chunks takes minutes and
words and vectors are still spread as real ones are. What they say makes no sense, so nothing here says how well a
search ranks. Questions are those of the sets. The index stays in --work. Writes benchmarks/results/latency.json, a
number of chunks at a time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answering import machine, resident_mb
from benchmarks.made_texts import passages, read_questions, read_sentences
from indexer.store import IndexedDocument
from pipeline import Footnote
from schema import Block, Chunk, Extraction, Source
from settings import Settings, load_settings

RESULTS = Path(__file__).parent / "results" / "latency.json"
WORDS = 110  # of a chunk: about 150 tokens
CHUNKS_OF_A_DOCUMENT = 10
DOCUMENTS_OF_A_COMMIT = 500
WARM_UP = 10  # questions that are not counted

Made = tuple[list[str], np.ndarray]
"""The sentences of a chunk and its vector, (dimension,) float32."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--real", type=int, default=5000, help="chunks that are embedded")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="of the mixtures and the sample of questions")
    parser.add_argument("--work", type=Path, default=Path("/tmp/footnote-latency"), help="folder of the index")  # noqa: S108
    parser.add_argument("--out", type=Path, default=RESULTS, help="file of the results")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    name = f"{arguments.chunks}-{arguments.real}-{arguments.seed}"
    settings, _ = load_settings({"index": arguments.work / name, "llm": "none"})
    record: dict[str, Any] = {"machine": machine(), "chunks": arguments.chunks, "embedded": arguments.real}
    record["writing_s"] = fill(settings, arguments)
    record["files_mb"] = file_sizes(settings.index)
    questions = read_questions(arguments.data, arguments.questions, seed=arguments.seed)
    for label, reranker in (("without reranking", "none"), ("with reranking", settings.reranker)):
        record[label] = measure(settings.model_copy(update={"reranker": reranker}), questions)
        print(f"{label}: {json.dumps(record[label])}", file=sys.stderr, flush=True)
    held = json.loads(arguments.out.read_text("utf-8")) if arguments.out.exists() else {"sizes": {}}
    held["sizes"][str(arguments.chunks)] = record
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(held, indent=2) + "\n", "utf-8")
    print(json.dumps(record, indent=2))


# The index


def fill(settings: Settings, arguments: argparse.Namespace) -> float | None:
    """Make the index, unless it is there already; the seconds of writing alone."""
    complete = arguments.work / f"{settings.index.name}.complete"
    if complete.exists():
        return None
    footnote = Footnote(settings, create=True)
    real = embedded(footnote, arguments)
    started = time.monotonic()
    batch: list[IndexedDocument] = []
    with footnote.store.writing():
        for number, group in enumerate(grouped(chunks_of(real, arguments.chunks, seed=arguments.seed))):
            batch.append(document(number, group))
            if len(batch) == DOCUMENTS_OF_A_COMMIT:
                footnote.store.put(batch)
                batch = []
                print(f"{number + 1:,} documents written", file=sys.stderr, flush=True)
        footnote.store.put(batch)
        footnote.store.save_vectors()
    footnote.close()
    complete.touch()
    return round(time.monotonic() - started, 1)


def embedded(footnote: Footnote, arguments: argparse.Namespace) -> list[Made]:
    """Real passages, drawn over all sets, with their real vectors, which are kept in a file beside the index."""
    groups = list(passages(read_sentences(arguments.data), WORDS))
    drawn = np.random.default_rng(arguments.seed).permutation(len(groups))[: arguments.real]
    chosen = [groups[place] for place in drawn]
    texts = [" ".join(group) for group in chosen]
    key = hashlib.sha256("\x1f".join([footnote.settings.embedder, *texts]).encode()).hexdigest()[:12]
    path = arguments.work / f"real-{key}.npy"
    if not path.exists():
        print(f"embedding {len(texts):,} passages", file=sys.stderr, flush=True)
        np.save(path, footnote.embeddings.embed(texts))
    return list(zip(chosen, np.load(path), strict=True))


def chunks_of(real: Sequence[Made], count: int, *, seed: int) -> Iterator[Made]:
    """The real chunks, and then mixtures of two of them each, until there are so many."""
    yield from real[:count]
    generator = np.random.default_rng(seed + 1)
    for _ in range(count - len(real)):
        one, other = (real[int(place)] for place in generator.integers(len(real), size=2))
        share = generator.uniform(0.3, 0.7)
        vector = share * one[1] + (1 - share) * other[1] + generator.normal(0, 0.01, one[1].shape)
        sentences = [*some(one[0], share, generator), *some(other[0], 1 - share, generator)]
        yield sentences, (vector / np.linalg.norm(vector)).astype(np.float32)


def some(sentences: Sequence[str], share: float, generator: np.random.Generator) -> list[str]:
    """About this share of the sentences, at least one, in their order."""
    count = max(1, round(share * len(sentences)))
    return [sentences[place] for place in sorted(generator.permutation(len(sentences))[:count])]


def grouped(chunks: Iterator[Made]) -> Iterator[list[Made]]:
    """Chunks by document."""
    group: list[Made] = []
    for chunk in chunks:
        group.append(chunk)
        if len(group) == CHUNKS_OF_A_DOCUMENT:
            yield group
            group = []
    if group:
        yield group


def document(number: int, group: Sequence[Made]) -> IndexedDocument:
    """A document whose paragraphs are these chunks."""
    source = Source("default", f"{number:07}", f"Document {number}", None, f"{number:064x}")
    texts, chunks, start = [" ".join(sentences) for sentences, _ in group], [], 0
    for text in texts:
        chunks.append(Chunk(source.source_id, start, start + len(text), text))
        start += len(text) + 2
    blocks = tuple(Block("paragraph", chunk.start, chunk.end) for chunk in chunks)
    return IndexedDocument(
        source, Extraction("\n\n".join(texts), blocks), chunks, np.array([vector for _, vector in group])
    )


# Searching


def measure(settings: Settings, questions: Sequence[str]) -> dict[str, Any]:
    """Milliseconds of `Footnote.search` and of its parts over the questions, and resident memory afterwards."""
    footnote = Footnote(settings)
    clock = Clock()
    clock.watch(footnote)
    rows = []
    for question, is_counted in run_through(questions):
        clock.spent.clear()
        started = time.perf_counter()
        footnote.search(question)
        total = (time.perf_counter() - started) * 1000
        if is_counted:
            rows.append({"total": total, **clock.spent, "rest": total - sum(clock.spent.values())})
    tokens = footnote.parts.rerank_tokens if footnote.parts.reranker else 0
    footnote.close()
    parts = list(dict.fromkeys(name for row in rows for name in row))
    return {
        "questions": len(rows),
        "rerank_tokens": tokens,
        **{f"{part}_ms": spread([row.get(part, 0.0) for row in rows]) for part in parts},
        "resident_memory_mb": resident_mb(),
    }


def run_through(questions: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """The questions, after some of them that are not counted, since what is first used is loaded then."""
    yield from ((questions[number % len(questions)], False) for number in range(WARM_UP))
    yield from ((question, True) for question in questions)


class Clock:
    """Adds up what a search spends in the parts of one Footnote."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def watch(self, footnote: Footnote) -> None:
        """Put a watch around embedding the query, the two searches of the store, and the cross-encoder."""
        for owner, name, part in (
            (footnote.embeddings, "embed_query", "embedding"),
            (footnote.store, "dense", "dense"),
            (footnote.store, "lexical", "lexical"),
            (footnote.parts, "score", "reranking"),
        ):
            object.__setattr__(owner, name, self._timed(part, getattr(owner, name)))

    def _timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return call(*arguments, **options)
            finally:
                self.spent[part] += (time.perf_counter() - started) * 1000

        return timed


def spread(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and maximum."""
    return {
        "p50": round(float(np.median(values)), 2),
        "p95": round(float(np.percentile(values, 95)), 2),
        "max": round(max(values), 2),
    }


def file_sizes(folder: Path) -> dict[str, float]:
    """Megabytes of each file of an index."""
    return {path.name: round(path.stat().st_size / 1e6, 1) for path in sorted(folder.iterdir()) if path.is_file()}


if __name__ == "__main__":
    main()
