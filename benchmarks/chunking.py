r"""Measure how documents should be cut: the retrieved text against the spans that answer, for each way of chunking.

    python -m benchmarks.chunking --data FOLDER --joined 8 16 --ranking scifact squad2
    python -m benchmarks.chunking --data FOLDER --sizes 160 256 --overlaps 0 32 --text-alone --against 160 \
        --out benchmarks/results/chunking-context.json

Retrieval is the product's own over a temporary index for each way: the stage ``fused`` of
`retriever.hybrid.retrieve_stages`, which is what is later folded and joined. Recall, precision and intersection over
union are those of Smith and Troynikov, "Evaluating Chunking Strategies for Retrieval" (Chroma 2024), in tokens of the
embedder's tokenizer: all spans of a question together are what should be found, the union of the first passages is what
was. The first 5 passages hold more text the larger they are, so that sizes are compared fairly where the text is the
same: the ranking is read until 500, 1,000 or 2,000 tokens are full, and the passage that does not fit is cut there.
Text that two passages share counts once.

``--ranking`` adds nDCG@10 of whole documents, each at its best passage: a size must not cost the ranking.
Writes benchmarks/results/chunking.json and prints Markdown tables.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answering import machine
from benchmarks.span_sets import COLLECTION, Document, Question, Tokens, load_set, read_lines, read_qrels
from eval.comparison.statistics import bootstrap_interval, permutation_p
from eval.measures.retrieval import ndcg
from indexer.chunking import chunk_document, embedding_text
from indexer.corpus import paragraphs
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from language import sentence_spans
from models.encoders import SentenceEmbeddings
from pipeline import Footnote
from retriever.hybrid import Searching, retrieve_stages
from retriever.joining import join_neighbours
from schema import Chunk, Extraction, Passage, Source
from settings import Settings

RESULTS = Path(__file__).parent / "results" / "chunking.json"
SETS = ("chroma_chunking", "squad2", "conditionalqa")
SIZES = (64, 96, 128, 160, 224, 320, 448)
FIRST = (5, 8)
BUDGETS = (500, 1000, 2000)
MEASURES = ("recall", "precision", "IoU")
DEPTH = 60
"""Passages retrieved; 60 of the smallest size fill the largest budget."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of chunking: at most ``tokens`` a chunk, of which up to ``overlap`` repeat the end of the one before.

    ``context`` says whether title and headings are embedded with the text. ``joined`` passages that touch become one
    when both are among the first so many; 0 leaves all as they are.
    """

    tokens: int
    overlap: int = 0
    context: bool = True
    joined: int = 0

    def __str__(self) -> str:
        parts = [str(self.tokens)]
        parts += [f"overlap {self.overlap}"] if self.overlap else []
        parts += [] if self.context else ["text alone"]
        parts += [f"joined in {self.joined}"] if self.joined else []
        return ", ".join(parts)


class Embedder:
    """The embedder with a memory by hash of the text: each is embedded once in a run, or once ever with a file."""

    def __init__(self, model: SentenceEmbeddings, file: Path | None = None) -> None:
        self.model = model
        self._file = file
        self._known: dict[str, np.ndarray] = {}
        if file and file.exists():
            with np.load(file) as saved:
                self._known = dict(zip(saved["keys"].tolist(), saved["vectors"], strict=True))

    def embed(self, texts: Sequence[str], label: str = "") -> np.ndarray:
        """Vectors of documents, (n, dimension) float32."""
        keys = [hash_of("document", text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        started = time.monotonic()
        for start in range(0, len(missing), 64):
            batch = list(missing)[start : start + 64]
            vectors = self.model.embed([missing[key] for key in batch])
            self._known |= dict(zip(batch, vectors, strict=True))
            progress(f"{label}: {start + len(batch):,} of {len(missing):,} texts, {time.monotonic() - started:.0f} s")
        return np.stack([self._known[key] for key in keys])

    def embed_query(self, text: str) -> list[float]:
        """The vector of a query."""
        key = hash_of("query", text)
        if key not in self._known:
            self._known[key] = np.asarray(self.model.embed_query(text), np.float32)
        return [float(value) for value in self._known[key]]

    def save(self) -> None:
        """Write the file, if there is one."""
        if self._file:
            np.savez(self._file, keys=np.array(list(self._known)), vectors=np.stack(list(self._known.values())))


def hash_of(kind: str, text: str) -> str:
    """The name of a vector."""
    return hashlib.sha256(f"{kind}\x1f{text}".encode("utf-8", "surrogatepass")).hexdigest()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the sets")
    parser.add_argument("--sets", nargs="*", default=SETS, help="sets with spans")
    parser.add_argument("--ranking", nargs="*", default=(), help="sets whose whole documents are ranked")
    parser.add_argument("--ranked-sizes", nargs="*", type=int, default=(128, 224, 320), help="the sizes for --ranking")
    parser.add_argument("--sizes", nargs="*", type=int, default=SIZES, help="largest chunks, in tokens")
    parser.add_argument("--overlaps", nargs="*", type=int, default=(0,), help="tokens that chunks repeat")
    parser.add_argument("--text-alone", action="store_true", help="also without title and headings")
    parser.add_argument("--joined", nargs="*", type=int, default=(), help="also with neighbours joined in the first N")
    parser.add_argument("--limit", type=int, default=300, help="questions of each set (default 300, 0: all)")
    parser.add_argument(
        "--characters", type=int, help="only the beginning of each document with spans, for a quick look"
    )
    parser.add_argument("--documents", type=int, help="documents of a --ranking set (the judged ones always)")
    parser.add_argument(
        "--against", type=int, default=Settings().chunk_tokens, help="the size that others are tested against"
    )
    parser.add_argument("--cache", type=Path, help="an .npz file that keeps vectors from run to run")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the figures are written")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        footnote = Footnote(Settings(index=Path(folder) / "index"), create=True)
        embedder = Embedder(footnote.embeddings, arguments.cache)
        record: dict[str, Any] = {"machine": machine(), "embedder": footnote.embeddings.identity.name, "spans": {}}
        for name in arguments.sets:
            record["spans"][name] = judge_spans(arguments.data / name, embedder, arguments)
        record["ranking"] = {
            name: judge_ranking(arguments.data / name, embedder, arguments) for name in arguments.ranking
        }
        footnote.close()
    arguments.out.write_text(json.dumps(record, indent=2) + "\n", "utf-8")


def ways_of(arguments: argparse.Namespace) -> Iterator[Way]:
    """Every way that was asked for, without joining."""
    for size in arguments.sizes:
        for overlap in arguments.overlaps:
            yield Way(size, overlap)
            if arguments.text_alone:
                yield Way(size, overlap, context=False)


# Spans


def judge_spans(folder: Path, embedder: Embedder, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """The figures of each way on one set, and its table printed."""
    documents, questions = load_set(folder, limit=arguments.limit, characters=arguments.characters)
    tokens = Tokens(documents, embedder.model.count_tokens)
    values: dict[Way, dict[str, np.ndarray]] = {}
    shapes: dict[Way, dict[str, float]] = {}
    for way in ways_of(arguments):
        with tempfile.TemporaryDirectory() as index:
            store, shape = build(Path(index), documents, way, embedder)
            found = [search(store, question.text, embedder) for question in questions]
            for joined in (0, *arguments.joined):
                which = replace(way, joined=joined)
                rankings = [join(passages, joined, store) for passages in found]
                values[which], shapes[which] = measure(rankings, questions, tokens), shape
            store.close()
        embedder.save()
    base = values.get(Way(arguments.against), next(iter(values.values())))
    rows = [row(way, shapes[way], values[way], base) for way in values]
    print_spans(
        f"{folder.name}: {len(documents)} documents, {tokens.weights.sum():,} tokens, {len(questions)} questions", rows
    )
    return rows


def build(
    folder: Path, documents: Sequence[Document], way: Way, embedder: Embedder
) -> tuple[IndexStore, dict[str, float]]:
    """An index of the documents, cut in one way, and the shape of its chunks."""
    cut = [list(chunks_of(document, way, embedder)) for document in documents]
    texts = [
        embedding_text(document.source.title, chunk) if way.context else chunk.text
        for document, chunks in zip(documents, cut, strict=True)
        for chunk in chunks
    ]
    vectors, offset = embedder.embed(texts, str(way)), 0
    store = IndexStore(folder / "index", embedder.model.identity, create=True)
    written = []
    for document, chunks in zip(documents, cut, strict=True):
        rows = vectors[offset : offset + len(chunks)]
        offset += len(chunks)
        written.append(IndexedDocument(document.source, document.extraction, chunks, rows))
    store.put(written)
    lengths = embedder.model.count_tokens([chunk.text for chunks in cut for chunk in chunks])
    return store, {"chunks": len(lengths), "mean_tokens": round(float(np.mean(lengths)), 1)}


def chunks_of(document: Document, way: Way, embedder: Embedder) -> Iterator[Chunk]:
    """The product's chunks; with an overlap, each but a page's first begins with the last sentences before it."""
    count, text = embedder.model.count_tokens, document.extraction.text
    chunks = chunk_document(
        document.extraction, document.source.source_id, max_tokens=way.tokens - way.overlap, count_tokens=count
    )
    for place, chunk in enumerate(chunks):
        start = chunk.start
        if way.overlap and place and chunks[place - 1].page == chunk.page:
            before = chunks[place - 1]
            for first, _ in reversed(sentence_spans(before.text)):
                if count([text[before.start + first : chunk.start]])[0] > way.overlap:
                    break
                start = before.start + first
        yield replace(chunk, start=start, text=text[start : chunk.end])


def search(store: IndexStore, question: str, embedder: Embedder) -> list[Passage]:
    """The product's ranking before anything is folded or joined."""
    return retrieve_stages(question, Searching(store, embedder.embed_query), depth=DEPTH)["fused"].passages


def join(passages: list[Passage], among: int, store: IndexStore) -> list[Passage]:
    """Neighbours among the first so many joined; the rest follows."""
    return join_neighbours(passages[:among], store.span) + passages[among:] if among else passages


def measure(rankings: Sequence[list[Passage]], questions: Sequence[Question], tokens: Tokens) -> dict[str, np.ndarray]:
    """Each measure of each reading of the rankings, (questions,) float64."""
    rows = []
    for passages, question in zip(rankings, questions, strict=True):
        wanted = tokens.union(question.spans)
        found = {f"first {count}": tokens.union(spans_of(passages[:count])) for count in FIRST} | {
            f"{budget} tokens": read(passages, budget, tokens) for budget in BUDGETS
        }
        rows.append(
            {
                f"{measure} at {reading}": value
                for reading, numbers in found.items()
                for measure, value in zip(MEASURES, overlap_of(numbers, wanted, tokens), strict=True)
            }
        )
    return {key: np.array([one[key] for one in rows]) for key in rows[0]}


def spans_of(passages: Sequence[Passage]) -> tuple[tuple[str, int, int], ...]:
    """Where passages stand."""
    return tuple((one.chunk.source_id, one.chunk.start, one.chunk.end) for one in passages)


def read(passages: Sequence[Passage], budget: int, tokens: Tokens) -> np.ndarray:
    """What is read of a ranking until so many tokens are full."""
    numbers = tokens.union(spans_of(passages))
    return numbers[: int(np.searchsorted(np.cumsum(tokens.weights[numbers]), budget, side="right"))]


def overlap_of(found: np.ndarray, wanted: np.ndarray, tokens: Tokens) -> tuple[float, float, float]:
    """Recall, precision and intersection over union, in tokens."""
    both = tokens.count(np.intersect1d(found, wanted))
    all_found, all_wanted = tokens.count(found), tokens.count(wanted)
    return both / all_wanted, both / all_found if all_found else 0.0, both / (all_found + all_wanted - both)


def row(
    way: Way, shape: dict[str, float], values: dict[str, np.ndarray], base: dict[str, np.ndarray]
) -> dict[str, Any]:
    """A way's figures, and its recall within 1,000 tokens against that of the base."""
    key = "recall at 1000 tokens"
    figures = {name: round(float(each.mean()), 4) for name, each in values.items()}
    return {"way": str(way), **asdict(way), **shape, **figures, f"{key} against base": tested(values[key] - base[key])}


# Ranking


def judge_ranking(folder: Path, embedder: Embedder, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """nDCG@10 of whole documents for each way, and its table printed."""
    qrels = read_qrels(folder / "qrels" / "test.tsv")
    queries = {one["_id"]: one["text"] for one in read_lines(folder / "queries.jsonl")}
    asked = sorted(qrels)[: arguments.limit or None]
    documents = ranked_documents(folder, {name for query in asked for name in qrels[query]}, arguments.documents)
    values: dict[Way, np.ndarray] = {}
    shapes = {}
    for way in map(Way, arguments.ranked_sizes):
        with tempfile.TemporaryDirectory() as index:
            store, shapes[way] = build(Path(index), documents, way, embedder)
            rankings = [search(store, queries[query], embedder) for query in asked]
            store.close()
        names = [list(dict.fromkeys(one.source.path for one in found)) for found in rankings]
        gains = [ndcg(ranking, qrels[query], 10) for ranking, query in zip(names, asked, strict=True)]
        values[way] = np.array(gains)
        embedder.save()
    base = values.get(Way(arguments.against), next(iter(values.values())))
    rows = []
    for way, each in values.items():
        test = tested(each - base)
        rows.append({"way": str(way), **asdict(way), **shapes[way], "nDCG@10": round(float(each.mean()), 4)} | test)
    print_ranking(f"{folder.name}: {len(documents):,} documents, {len(asked)} questions", rows)
    return rows


def ranked_documents(folder: Path, judged: set[str], most: int | None) -> list[Document]:
    """The documents of a corpus, or the first so many and the judged ones."""
    return [
        Document(
            Source(COLLECTION, one["_id"], one["title"], None, "0" * 64),
            Extraction(one["text"], paragraphs(one["text"]), title=one["title"]),
        )
        for place, one in enumerate(read_lines(folder / "corpus.jsonl"))
        if most is None or place < most or one["_id"] in judged
    ]


# Showing


def tested(differences: np.ndarray) -> dict[str, float]:
    """A mean difference with its 95 % interval and the p-value of the paired permutation test."""
    low, high = bootstrap_interval(differences, rng=np.random.default_rng(0))
    p = permutation_p(differences, rng=np.random.default_rng(0))
    return {
        "difference": round(float(differences.mean()), 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "p": round(p, 4),
    }


def print_spans(heading: str, rows: Sequence[dict[str, Any]]) -> None:
    """Recall and IoU as Markdown, in percent."""
    readings = ("first 5", "500 tokens", "1000 tokens", "2000 tokens")
    columns = [f"{measure} at {reading}" for reading in readings for measure in ("recall", "IoU")]
    print(f"\n### {heading}\n\n| chunks | number | tokens | {' | '.join(columns)} | recall at 1000, difference |")
    print("|---" * (len(columns) + 4) + "|")
    for one in rows:
        test = as_text(one["recall at 1000 tokens against base"])
        shares = (f"{100 * one[key]:.1f}" for key in columns)
        cells = (one["way"], f"{one['chunks']:,}", f"{one['mean_tokens']:.0f}", *shares, test)
        print(f"| {' | '.join(cells)} |", flush=True)


def print_ranking(heading: str, rows: Sequence[dict[str, Any]]) -> None:
    """nDCG@10 as Markdown, in percent."""
    print(f"\n### {heading}\n\n| chunks | number | nDCG@10 | difference |\n|---|---|---|---|")
    for one in rows:
        print(f"| {one['way']} | {one['chunks']:,} | {100 * one['nDCG@10']:.1f} | {as_text(one)} |", flush=True)


def as_text(test: dict[str, float]) -> str:
    """A test in percentage points."""
    difference, low, high = (100 * test[key] for key in ("difference", "low", "high"))
    return f"{difference:+.1f} ({low:+.1f} to {high:+.1f}), p {test['p']:.2g}"


def progress(line: str) -> None:
    """One line on the terminal, over the last."""
    print(f"\r{line:<100}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
