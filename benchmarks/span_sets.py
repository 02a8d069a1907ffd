"""Documents with questions whose evidence is known to the character, and the tokens of those documents.

Three sets of --data, each as whole documents, since a test of chunking needs something to cut:

- ``chroma_chunking``: five long documents as they are (Smith, Troynikov, "Evaluating Chunking Strategies for
  Retrieval", Chroma 2024). They have no headings, and titles that say nothing.
- ``squad2``: the paragraphs of each article joined into one document in the order of the corpus, spans shifted. Alone
  they are shorter than most chunks, so that sizes would not differ. The questions that have an answer.
- ``conditionalqa``: the sections of each page joined under their headings, and the fragments as documents of their own;
  spans are the evidence sentences, found in the text of the page. The only one of the three with headings.

What this module does not do: cut, search or judge.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from indexer.corpus import paragraphs
from indexer.loading.builder import TextBuilder
from schema import Extraction, Source

Spans = tuple[tuple[str, int, int], ...]
COLLECTION = "set"
_PIECE = re.compile(r"[^\W_]+|[^\w\s]|_")


@dataclass(frozen=True, slots=True)
class Document:
    """A document as a loader would give it."""

    source: Source
    extraction: Extraction


@dataclass(frozen=True, slots=True)
class Question:
    """A question with all the spans, (source id, start, end), that together are what should be found."""

    text: str
    spans: Spans


class Tokens:
    """The tokens of each document, so that sets of spans can be measured in them.

    The unit is a run of letters and digits or a single mark, weighted by its tokens: the embedder's tokenizer lets no
    token cross from one to the next, so that sums are exact.

    Args:
        documents: to be measured.
        count_tokens: the embedder's.
    """

    def __init__(self, documents: Iterable[Document], count_tokens: Callable[[Sequence[str]], list[int]]) -> None:
        self._first: dict[str, int] = {}
        self._starts, self._ends = {}, {}
        pieces: list[str] = []
        for document in documents:
            name, found = document.source.source_id, list(_PIECE.finditer(document.extraction.text))
            self._first[name] = len(pieces)
            self._starts[name] = np.array([match.start() for match in found], np.int64)
            self._ends[name] = np.array([match.end() for match in found], np.int64)
            pieces += [match.group() for match in found]
        kinds = list(dict.fromkeys(pieces))
        weight = dict(zip(kinds, count_tokens(kinds), strict=True))
        self.weights = np.array([weight[piece] for piece in pieces], np.int64)

    def of(self, source_id: str, start: int, end: int) -> np.ndarray:
        """The numbers of the units that a span touches, (n,) int64; no two documents share a number."""
        first = np.searchsorted(self._ends[source_id], start, side="right")
        last = np.searchsorted(self._starts[source_id], end, side="left")
        return np.arange(first, last, dtype=np.int64) + self._first[source_id]

    def union(self, spans: Spans) -> np.ndarray:
        """The units of several spans in the order of the spans, each once, at its first occurrence."""
        if not spans:
            return np.zeros(0, np.int64)
        numbers = np.concatenate([self.of(*span) for span in spans])
        return numbers[np.sort(np.unique(numbers, return_index=True)[1])]

    def count(self, numbers: np.ndarray) -> int:
        """Tokens of these units."""
        return int(self.weights[numbers].sum())


def load_set(
    folder: Path, *, limit: int | None = None, characters: int | None = None
) -> tuple[list[Document], list[Question]]:
    """The documents and questions of one set, named by its folder.

    Args:
        folder: of the set.
        limit: questions at most, drawn by a fixed seed.
        characters: read only so much of each document, drop questions that need more, and documents without questions.
    """
    documents, questions = {"squad2": _squad, "conditionalqa": _pages}.get(folder.name, _plain)(folder)
    if characters:
        questions = [one for one in questions if max(end for _, _, end in one.spans) <= characters]
        needed = {name for one in questions for name, _, _ in one.spans}
        documents = [_beginning(one, characters) for one in documents if one.source.source_id in needed]
    if limit and limit < len(questions):
        questions = random.Random(0).sample(questions, limit)  # noqa: S311  (a sample, no secret)
    return documents, questions


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a JSONL file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Grades above 0 of the judged documents of each question."""
    qrels: dict[str, dict[str, int]] = defaultdict(dict)
    for line in path.read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            qrels[query][document] = int(grade)
    return dict(qrels)


def _plain(folder: Path) -> tuple[list[Document], list[Question]]:
    documents = [
        _document(one["_id"], Extraction(one["text"], paragraphs(one["text"]), title=one["title"]))
        for one in read_lines(folder / "corpus.jsonl")
    ]
    return documents, _asked(folder, lambda span: (span["corpus-id"], 0))


def _squad(folder: Path) -> tuple[list[Document], list[Question]]:
    places: dict[str, tuple[str, int]] = {}
    articles: dict[str, str] = {}
    for one in read_lines(folder / "corpus.jsonl"):
        before = articles.get(one["title"], "")
        before += "\n\n" if before else ""
        places[one["_id"]] = one["title"], len(before)
        articles[one["title"]] = before + one["text"]
    documents = [_document(title, Extraction(text, paragraphs(text), title=title)) for title, text in articles.items()]
    return documents, _asked(folder, lambda span: places[span["corpus-id"]])


def _asked(folder: Path, place: Callable[[dict[str, Any]], tuple[str, int]]) -> list[Question]:
    """The questions that have spans; ``place`` says where the document of a span lies: in which, and from where."""
    spans = defaultdict(list)
    for span in read_lines(folder / "spans.jsonl"):
        name, offset = place(span)
        spans[span["query-id"]].append((f"{COLLECTION}/{name}", offset + span["start"], offset + span["end"]))
    queries = read_lines(folder / "queries.jsonl")
    return [Question(one["text"], tuple(spans[one["_id"]])) for one in queries if one["_id"] in spans]


def _pages(folder: Path) -> tuple[list[Document], list[Question]]:
    sections = defaultdict(list)
    for one in read_lines(folder / "corpus.jsonl"):
        sections[one["doc"] if not one.get("fragment") else one["_id"]].append(one)
    documents = [_document(name, _page(parts)) for name, parts in sections.items()]
    texts = {document.source.source_id: document.extraction.text for document in documents}
    questions = []
    for one in read_lines(folder / "queries.jsonl"):
        page = f"{COLLECTION}/{one['page']}"
        found = [(texts[page].find(piece), len(piece)) for piece in one.get("evidence", ()) if page in texts]
        if spans := tuple((page, start, start + length) for start, length in found if start >= 0):
            questions.append(Question(one["text"], spans))
    return documents, questions


def _page(sections: Sequence[dict[str, Any]]) -> Extraction:
    """A page from its sections, whose titles are paths: the page's title, then the headings down to the section."""
    builder, above = TextBuilder(), [""]
    title = sections[0]["title"].split(" > ")[0]
    for section in sections:
        path = section["title"].split(" > ")
        for level, heading in enumerate(path[1:], start=1):
            if path[: level + 1] != above[: level + 1]:
                builder.add("heading", heading, level=min(level, 6))
        above = path
        for line in section["text"].splitlines():
            builder.add("list_item" if line.startswith("- ") else "paragraph", line.removeprefix("- "))
    built = builder.build()
    return Extraction(built.text, built.blocks, title=title)


def _beginning(document: Document, characters: int) -> Document:
    extraction = document.extraction
    blocks = tuple(replace(one, end=min(one.end, characters)) for one in extraction.blocks if one.start < characters)
    return replace(document, extraction=replace(extraction, text=extraction.text[:characters], blocks=blocks))


def _document(name: str, extraction: Extraction) -> Document:
    return Document(Source(COLLECTION, name, extraction.title or name, None, "0" * 64), extraction)
