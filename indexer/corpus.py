"""Documents that come as text, such as a benchmark's corpus: brought into an index exactly as they are.

Nothing is read from files and nothing of a text is changed, so that offsets into it stay true. What this module does
not do: look for structure beyond paragraphs.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from indexer.ahead import Ahead
from indexer.building import Recipe
from indexer.chunking import chunk_document, embedding_text
from indexer.loading.plain.text_loader import wrap_width
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import Block, Extraction, FileReport, IndexReport, Progress, Source, TextDocument

BATCH_DOCUMENTS = 64

_LINE = re.compile(r"[^\n]*[^\s][^\n]*")
_PARAGRAPH = re.compile(r"\S(?:[^\n]|\n(?!\s*\n))*")


def index_texts(
    store: IndexStore,
    documents: Sequence[TextDocument],
    *,
    collection: str,
    recipe: Recipe,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> IndexReport:
    """Make a collection hold exactly these documents; those that are there already cost a hash.

    Args:
        store: opened for writing.
        documents: their paths must differ; each is a document's identity within the collection.
        collection: that the documents belong to; what else it holds is removed.
        recipe: how to chunk and embed; its ``load`` is not used.
        on_progress: called after each commit, in documents.
    """
    started = time.monotonic()
    with store.writing():
        known = {file.source.path: file for file in store.known_files(collection)}
        fresh, reports = [], []
        for document in documents:
            file = known.pop(document.path, None)
            if file and (file.source.sha256, file.recipe) == (_hash(document), recipe.name):
                reports.append(FileReport(document.path, "unchanged", chunks=file.chunks))
            else:
                fresh.append(document)
        store.delete([file.source.source_id for file in known.values()])
        reports += [FileReport(path, "removed") for path in known]
        for prepared in _embedded(fresh, collection, recipe):
            store.put(prepared)
            reports += [FileReport(one.source.path, "indexed", chunks=len(one.chunks)) for one in prepared]
            title = prepared[-1].source.title
            on_progress(Progress(len(reports), len(documents) + len(known), title, "documents"))
        store.save_vectors()
    return IndexReport(tuple(reports), time.monotonic() - started)


def paragraphs(text: str) -> tuple[Block, ...]:
    r"""The paragraphs of a text as blocks with their offsets: between blank lines, or every line if none was wrapped.

    >>> [(block.start, block.end) for block in paragraphs("One.\nTwo.\n\nThree.")]
    [(0, 4), (5, 9), (11, 17)]
    """
    pattern = _PARAGRAPH if wrap_width([line.strip() for line in text.split("\n")]) else _LINE
    return tuple(
        Block("paragraph", match.start() + _indent(match.group()), match.start() + len(match.group().rstrip()))
        for match in pattern.finditer(text)
    )


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _embedded(documents: Sequence[TextDocument], collection: str, recipe: Recipe) -> Iterator[list[IndexedDocument]]:
    """The documents in batches, with chunks and vectors; a batch is given out when the next one has been begun."""
    with Ahead(recipe.embed) as ahead:
        waiting: tuple[list[IndexedDocument], Iterator[np.ndarray]] | None = None
        for batch in _batches(documents):
            chunked = [_chunked(document, collection, recipe) for document in batch]
            texts = [embedding_text(one.source.title, chunk) for one in chunked for chunk in one.chunks]
            following = chunked, ahead.start(texts)
            if waiting:
                yield _with_vectors(*waiting)
            waiting = following
        if waiting:
            yield _with_vectors(*waiting)


def _chunked(document: TextDocument, collection: str, recipe: Recipe) -> IndexedDocument:
    """A document with chunks that have no vectors yet."""
    source = Source(collection, document.path, document.title, None, _hash(document))
    extraction = Extraction(document.text, paragraphs(document.text), title=document.title or None)
    chunks = chunk_document(
        extraction, source.source_id, max_tokens=recipe.max_tokens, count_tokens=recipe.count_tokens
    )
    return IndexedDocument(source, extraction, chunks, np.zeros((0, 0), np.float32), recipe=recipe.name)


def _with_vectors(documents: Sequence[IndexedDocument], parts: Iterator[np.ndarray]) -> list[IndexedDocument]:
    vectors = [row for part in parts for row in part]
    complete, offset = [], 0
    for document in documents:
        rows = vectors[offset : offset + len(document.chunks)]
        offset += len(rows)
        complete.append(replace(document, vectors=np.array(rows, np.float32)))
    return complete


def _batches(documents: Sequence[TextDocument]) -> Iterator[Sequence[TextDocument]]:
    for start in range(0, len(documents), BATCH_DOCUMENTS):
        yield documents[start : start + BATCH_DOCUMENTS]


def _hash(document: TextDocument) -> str:
    return hashlib.sha256(f"{document.title}\x1f{document.text}".encode("utf-8", "surrogatepass")).hexdigest()
