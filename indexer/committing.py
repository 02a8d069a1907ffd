"""Results in batches: embedded while the next ones are read, committed together, and only then told.

Rows are told in the order in which the results come. A document with the same text as another takes its vectors; one
that was embedded elsewhere comes with them. What this module does not do: know how a result came about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from indexer.ahead import Ahead
from indexer.changing import Change
from indexer.chunking import embedding_text
from indexer.preparing import Result
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import FileReport, FootnoteError, Progress

BATCH_CHUNKS = 256
BATCH_FILES = 64


@dataclass(frozen=True, slots=True)
class _Batch:
    """Results that are being embedded; ``parts`` waits for the vectors of the chunks that have no twin."""

    results: list[Result]
    parts: Iterator[np.ndarray]


class Batches:
    """The results of a run on their way to disk.

    Args:
        store: its writer's lock is held.
        ahead: what embeds.
        on_row: called with each row as soon as it is true on disk.
        on_progress: called often, in bytes of input.
    """

    def __init__(
        self,
        store: IndexStore,
        ahead: Ahead,
        *,
        on_row: Callable[[FileReport], None],
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.total = 0
        self._store, self._ahead, self._on_row, self._on_progress = store, ahead, on_row, on_progress
        self._waiting: list[Result] = []
        self._chunks = self._done = 0
        self._embedding: _Batch | None = None

    def add(self, result: Result) -> None:
        """Take a result; it is committed and told with its batch."""
        self.tell(result.name)
        self._waiting.append(result)
        self._chunks += sum(len(document.chunks) for document in result.change.documents)
        if len(self._waiting) >= BATCH_FILES or self._chunks >= BATCH_CHUNKS:
            self._flush()

    def finish(self) -> None:
        """Commit and tell all that has been taken."""
        self._flush()
        self._flush()

    def tell(self, name: str, embedded: int = 0) -> None:
        """Tell how many bytes are done; ``embedded`` are those of a batch that is not finished yet."""
        self._on_progress(Progress(self._done + embedded, self.total, name, "bytes"))

    def _flush(self) -> None:
        """Begin to embed what is waiting, then commit and tell what was being embedded before."""
        embedding, self._embedding = self._embedding, self._begin()
        if embedding is None:
            return
        changes = self._changes(embedding)
        if any(changes):
            self._store.apply([change for change in changes if change])
        if notes := {name: note for result in embedding.results for name, note in result.notes.items()}:
            self._store.note(notes)
        self._done += sum(result.size for result in embedding.results)
        for result in embedding.results:
            for row in result.rows:
                self._on_row(row)

    def _begin(self) -> _Batch | None:
        results, self._waiting, self._chunks = self._waiting, [], 0
        documents = (pair for result in results for pair in _documents(result))
        own = (document for document, twin in documents if not twin and not _is_embedded(document))
        return _Batch(results, self._ahead.start(_texts(own))) if results else None

    def _changes(self, batch: _Batch) -> list[Change]:
        """What the results of a batch change, their documents with vectors."""
        vectors = self._embedded(batch)
        written: dict[str, np.ndarray] = {}
        renamed = {one.source.source_id: one.source_id for result in batch.results for one in result.change.relabelled}
        changes, offset = [], 0
        for result in batch.results:
            documents = []
            for document, twin in _documents(result):
                if twin:
                    rows = self._copied(document, (twin, renamed.get(twin, twin)), written)
                elif _is_embedded(document):
                    rows = document.vectors
                else:
                    rows, offset = vectors[offset : offset + len(document.chunks)], offset + len(document.chunks)
                written.update(zip((chunk.chunk_id for chunk in document.chunks), rows, strict=True))
                documents.append(replace(document, vectors=rows))
            changes.append(replace(result.change, documents=tuple(documents)))
        return changes

    def _embedded(self, batch: _Batch) -> np.ndarray:
        """Vectors of a batch's own chunks, (n, dimension) float32, in their order."""
        parts, done = [self._none()], 0
        size = sum(result.size for result in batch.results)
        chunks = sum(len(document.chunks) for result in batch.results for document, _ in _documents(result))
        for part in batch.parts:
            parts.append(part)
            done += len(part)
            self.tell(batch.results[-1].name, size * done // chunks)
        return np.vstack(parts)

    def _copied(self, document: IndexedDocument, twins: tuple[str, str], written: dict[str, np.ndarray]) -> np.ndarray:
        """Vectors of a document's chunks, (n, dimension) float32, from those of its twin if they are still there.

        The id of a chunk holds its words, so a vector is never taken from other words. The twin is known by its id and
        by the one that it has on disk as long as this batch is not committed.
        """
        for twin in twins:
            names = [replace(chunk, source_id=twin).chunk_id for chunk in document.chunks]
            if all(name in written for name in names):
                return np.vstack([self._none(), *(written[name][np.newaxis] for name in names)])
            with suppress(FootnoteError):  # it changed or went meanwhile
                return self._store.vectors(names)
        if _is_embedded(document):
            return document.vectors
        return np.vstack([self._none(), *self._ahead.start(_texts([document]))])

    def _none(self) -> np.ndarray:
        return np.zeros((0, self._store.identity.dimension), np.float32)


def _documents(result: Result) -> Iterator[tuple[IndexedDocument, str]]:
    """The documents of a result, each with the id of its twin."""
    return zip(result.change.documents, result.twins, strict=True)


def _is_embedded(document: IndexedDocument) -> bool:
    """Whether a document came with the vectors of its chunks."""
    return bool(document.chunks) and len(document.vectors) == len(document.chunks)


def _texts(documents: Sequence[IndexedDocument] | Iterator[IndexedDocument]) -> list[str]:
    """What is embedded for the chunks of documents, in their order."""
    return [embedding_text(document.source.title, chunk) for document in documents for chunk in document.chunks]
