"""An open index as it is read: documents by name, pages, and both searches, all of it or some collections alone.

A reader of some collections is made by `IndexReader.narrowed`; for it no others exist, whatever is asked of it. It
shares the catalogue and its engine with the one that it was made from, and ends with it. What this module does
not do: write, or decide who may see what.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from indexer import records
from indexer.engine import EVEN, Engine, IndexMovedError, Scored, Weights
from indexer.entries import read_generation
from indexer.filtering import narrowed
from indexer.opened import OpenCatalogue
from indexer.remembering import Remembered
from schema import Filter, FootnoteError, Origin, PageView, Passage, Source, SourceInfo, Words

TRIES = 50
"""Searches that are begun again because the index was changed meanwhile."""
VIEWS_KEPT = 32
"""Sets of collections whose fingerprints are remembered."""

Permitted = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Opened:
    """What all readers of one open index share; the catalogue's mutex guards the rest."""

    catalogue: OpenCatalogue
    engine: Engine
    fingerprints: Remembered[Permitted, str] = field(default_factory=lambda: Remembered(VIEWS_KEPT))


class IndexReader:
    """What may be seen of an open index.

    Args:
        opened: the index.
        permitted: the collections that exist for this reader, in order; ``None`` for all that there are.
    """

    def __init__(self, opened: Opened, permitted: Permitted = None) -> None:
        self.folder = opened.catalogue.folder
        self.identity = opened.catalogue.identity
        self.permitted = permitted
        self._opened = opened
        self._connection = opened.catalogue.connection
        self._reading = opened.catalogue.reading
        self._engine = opened.engine

    def narrowed(self, collections: Iterable[str]) -> IndexReader:
        """A reader for which only these collections exist, as far as they do for this one."""
        return IndexReader(self._opened, narrowed(Filter(permitted=self.permitted), collections).permitted)

    # Reading

    def sources(self, collection: str | None = None) -> list[SourceInfo]:
        """The documents of one collection or of all."""
        with self._reading():
            return records.source_infos(self._connection, self._scope(collection))

    def collections(self) -> list[str]:
        """The names of the collections that hold documents."""
        with self._reading():
            return records.collections(self._connection, self._scope())

    def source_ids(self) -> list[str]:
        """The ids of all documents, in order of their characters."""
        with self._reading():
            return records.source_ids(self._connection, self._scope())

    def find(self, name: str) -> Source:
        """The source that a user names by ``collection/path``, or by its path alone."""
        with self._reading():
            return self._found(name)[1].source

    def file_of(self, name: str) -> tuple[Path, Source]:
        """Where the file of a source was when it was indexed, and the source; it may have gone since.

        Raises:
            FootnoteError: there is no such source, or it was added as a text.
        """
        with self._reading():
            row = self._found(name)[1]
        if not row.root:
            raise FootnoteError(f"{row.source_id} was added as a text: there is no file of it.")
        return Path(row.root) / row.source.path, row.source

    def text(self, name: str) -> str:
        """The extracted text of a source, exactly."""
        with self._reading():
            return records.source_text(self._connection, self._found(name)[0])[0]

    def span(self, source_id: str, start: int, end: int) -> str:
        """The text of a source between two offsets, exactly; what lies outside of the text is left out.

        Raises:
            FootnoteError: there is no such source.
        """
        return self.text(source_id)[max(start, 0) : max(end, 0)]

    def vectors(self, chunk_ids: Sequence[str]) -> np.ndarray:
        """The stored vectors of chunks, (n, dimension) float32, in the order of their ids.

        Raises:
            FootnoteError: one of them is not in the index, or no longer.
        """
        with self._reading():
            return records.vectors(self._connection, chunk_ids, self.identity.dimension, self._scope())

    def metadata(self, name: str) -> dict[str, Any]:
        """The fields that a caller stored with a source."""
        with self._reading():
            return dict(json.loads(self._found(name)[1].metadata))

    def page_views(self, name: str) -> list[PageView]:
        """The pages or sections of a source, without the places of their characters."""
        with self._reading():
            row_id, row = self._found(name)
            text, pages = records.source_text(self._connection, row_id)
            starts = () if pages else records.chunk_starts(self._connection, row_id)
            return list(records.views(row.source, text, pages, starts))

    def page_view(self, name: str, number: int) -> PageView:
        """One page of a source with the places of its characters, or one section when it has no pages, from 1.

        Raises:
            FootnoteError: when there is no such source or page.
        """
        with self._reading():
            views = self.page_views(name)
            for view in views:
                if view.number == number:
                    row_id, _ = self._found(name)
                    return replace(view, boxes=records.page_boxes(self._connection, row_id, number))
        raise FootnoteError(f"{name} has {len(views)} page(s); there is no page {number}.")

    def fingerprint(self) -> str:
        """A hash of the documents that may be seen, remembered for as long as the generation stands."""
        with self._reading():
            return self._opened.fingerprints.of(
                read_generation(self._connection),
                self.permitted,
                lambda: records.corpus_fingerprint(self._connection, self._scope()),
            )

    # Searching

    def require_search(self) -> None:
        """Nothing, as far as that is known at once.

        Raises:
            FootnoteError: no search would be answered now.
        """
        self._engine.require()

    def dense(self, query: np.ndarray, top_k: int, *, within: Filter | None = None) -> list[Passage]:
        """Passages by inner product with a query vector, (dimension,) float32; scores in [-1, 1] for unit vectors.

        ``within`` says which documents are searched at all.
        """
        return self.passages(lambda seen: self._engine.dense(query, top_k, seen), "dense", within)

    def lexical(
        self, words: Words, top_k: int, *, within: Filter | None = None, weights: Weights = EVEN
    ) -> list[Passage]:
        """Passages by BM25 for any of some words; scores above 0, higher is better.

        Args:
            words: what is looked for; nothing is found when there are none.
            top_k: how many at most.
            within: which documents are searched at all; what it leaves out still counts for how rare a word is, but
                for what may not be seen (`indexer.seen_words`).
            weights: of a word in the title, in the headings and in the text.
        """
        if not words:
            return []
        return self.passages(lambda seen: self._engine.lexical(words, top_k, seen, weights), "lexical", within)

    def passages(
        self, search: Callable[[Filter], Scored], origin: Origin, within: Filter | None = None
    ) -> list[Passage]:
        """What a search of the engine finds in one snapshot; in another when that one was not of the last generation.

        Args:
            search: is given the filter narrowed to what may be seen.
            origin: of the passages.
            within: which documents are searched at all.

        Raises:
            IndexMovedError: within the caller's own snapshot, or when the index never stood still.
        """
        seen = narrowed(within or Filter(), self.permitted)
        for _ in range(TRIES):
            with suppress(IndexMovedError), self._reading():
                return records.passages(self._connection, search(seen), origin)
            if self._connection.in_transaction:  # the caller's snapshot, which stays as it is
                break
        raise IndexMovedError

    # Within

    @contextmanager
    def snapshot(self) -> Iterator[int]:
        """Whatever is read within the block, in this thread, is of one generation, whose number it yields."""
        with self._reading():
            yield read_generation(self._connection)

    def _scope(self, collection: str | None = None) -> Filter:
        """What there is for this reader, or one collection of it."""
        return Filter(() if collection is None else (collection,), permitted=self.permitted)

    def _found(self, name: str) -> tuple[int, records.SourceRow]:
        return records.find_source(self._connection, name, self._scope())
