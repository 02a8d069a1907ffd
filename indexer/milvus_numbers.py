"""From names to numbers: what Milvus is told of a chunk, and which rows a filter of documents admits.

A filter that admits few documents names them by their numbers, which is exact. One that admits many is told by numbers
of collections, days and labels, of which two may be one number: hits are compared with the catalogue's own condition.
What this module does not do: speak to Milvus.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from indexer.filtering import admitted_sources
from indexer.milvus_filter import UNDATED, Numbers, field_label, first_and_last_day, folder_label, labels_of
from indexer.milvus_row import LONGEST_TEXT, Row, written
from indexer.searchable import Searchable
from indexer.terms import terms_of
from schema import Filter

MOST_SOURCES = 5_000
"""Documents up to which a filter names them; an engine reads some thousand numbers in a few milliseconds."""
ANY_DAY = 0, 99_999_999
"""First and last day of a document whose date is none: only the catalogue can tell which filters it passes."""


def numbers_of(connection: sqlite3.Connection, within: Filter, generation: int) -> Numbers:
    """Which rows a filter admits in a generation."""
    if within == Filter():
        return Numbers(born=generation)
    found = admitted_sources(connection, within, MOST_SOURCES + 1)
    if len(found) <= MOST_SOURCES:
        collections = tuple(sorted({collection_number(name) for _, name in found}))
        return Numbers(collections, tuple(sorted(number for number, _ in found)), born=generation)
    names = [one for one in (within.collections or None, within.permitted) if one is not None]
    seen = set(names[0]).intersection(*names[1:]) if names else None
    return Numbers(
        collections=None if seen is None else tuple(sorted(map(collection_number, seen))),
        sources=_named(connection, within.sources) if within.sources else None,
        folders=tuple(folder_label(name) for name in within.sources if name.endswith("/")),
        since=_bound(within.since, 0),
        until=_bound(within.until, 1),
        labels=tuple(field_label(field, value) for field, value in within.metadata),
        born=generation,
    )


def collection_number(name: str) -> int:
    """The number of a collection: a hash of 63 bits."""
    return field_label("collection", name)


def rows_for(chunks: Sequence[Searchable], born: int) -> list[Row]:
    """What Milvus is told of chunks that are to be seen from a generation on."""
    heads = terms_of([f"{one.title}\n{one.chunk.heading}" for one in chunks])
    texts = terms_of([one.chunk.text for one in chunks])
    return [_row(one, head, [*head, *text], born) for one, head, text in zip(chunks, heads, texts, strict=True)]


def _row(one: Searchable, head: Sequence[str], words: Sequence[str], born: int) -> Row:
    document = one.document
    days = first_and_last_day(document.date)
    return Row(
        chunk=one.row,
        collection=collection_number(document.collection),
        source=document.row,
        born=born,
        first_day=(ANY_DAY if document.date and days == UNDATED else days)[0],
        last_day=(ANY_DAY if document.date and days == UNDATED else days)[1],
        labels=labels_of(document.source_id, document.fields),
        words=_fitting(words),
        head=_fitting(head),
        dense=one.vector,
    )


def _fitting(terms: Iterable[str]) -> str:
    """The terms that fit into what Milvus takes, in their order, with blanks between them.

    One that does not fit any more is left out, and those behind it that do are kept: a gigantic word (base64 in a text)
    is not found by words, its passage is, by its other words and by its vector.
    """
    kept, size = [], -1
    for term in terms:
        more = 1 + len(written([term]))
        if size + more <= LONGEST_TEXT:
            kept.append(term)
            size += more
    return " ".join(kept)


def _named(connection: sqlite3.Connection, names: Iterable[str]) -> tuple[int, ...]:
    """The numbers of the documents that a filter names, as far as there are such."""
    found = (connection.execute("SELECT id FROM source WHERE source_id = ?", (name,)).fetchone() for name in names)
    return tuple(sorted(row[0] for row in found if row))


def _bound(date: str | None, end: int) -> int | None:
    """The first or the last day of a bound; ``None`` for none, and for what is no date."""
    days = first_and_last_day(date)
    return None if days == UNDATED else days[end]
