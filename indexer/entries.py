"""What a catalogue says of itself: its entries by name, and by one of them whether all documents are there.

That entry is the sum of the digests of all documents' rows, modulo 2^128, so that a commit costs as much as what it
changes, not as what there is. By it a row is told that is missing, there twice, put back from earlier or written
without a commit; two such accidents would have to cancel each other in 128 bits. It is carried on from commit to
commit, so no later commit makes one good. What it does not tell: what a row holds, which the row's own digest does;
the order of rows, which have none; and an attacker, who can write sums and digests alike.

Sums of hashes for sets: Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing: Incrementality at Reduced
Cost" (AdHash), EUROCRYPT 1997. What this module does not do: open a catalogue, or begin transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from indexer.digests import DIGEST_BYTES, digest, require

_SUM = "sum "
_RANGE = 1 << 8 * DIGEST_BYTES


def read_meta(connection: sqlite3.Connection, key: str) -> str | None:
    """The entry of this name; ``None`` when there is none.

    Raises:
        sqlite3.DatabaseError: it is not as it was written.
    """
    row = connection.execute("SELECT value, digest FROM meta WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    require(row[1], digest(key, row[0]), f"the entry {key!r}")
    return str(row[0])


def write_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Set an entry."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (key, value, digest(key, value)))


def read_generation(connection: sqlite3.Connection) -> int:
    """The number of commits of documents so far."""
    return int(read_meta(connection, "generation") or "0")


@contextmanager
def documents_recorded(connection: sqlite3.Connection, touched: Collection[str]) -> Iterator[None]:
    """Around changes within one transaction: what documents there are is recorded with them.

    Args:
        connection: inside the transaction.
        touched: the ids of all documents whose rows may come, change or go.
    """
    recorded = read_meta(connection, "documents") or ""
    before = _sum(_digests_of(connection, touched))
    yield
    if recorded.startswith(_SUM):
        after = _sum(_digests_of(connection, touched))
        _record(connection, int(recorded.removeprefix(_SUM), 16) - before + after)
    else:  # of earlier versions, which made a digest of all digests at each commit
        record_documents(connection)


def record_documents(connection: sqlite3.Connection) -> None:
    """Record which documents there are, from all of their rows."""
    _record(connection, _sum(_all_digests(connection)))


def require_documents(connection: sqlite3.Connection) -> None:
    """Compare the documents that are there with those that were recorded.

    Raises:
        sqlite3.DatabaseError: a row is missing, or is another than it was.
    """
    recorded = read_meta(connection, "documents") or ""
    is_sum = recorded.startswith(_SUM)
    found = _all_digests(connection)
    require(recorded, _encoded(_sum(found)) if is_sum else digest(*sorted(found)).hex(), "the list of documents")


def _record(connection: sqlite3.Connection, total: int) -> None:
    write_meta(connection, "documents", _encoded(total))


def _encoded(total: int) -> str:
    return f"{_SUM}{total % _RANGE:0{2 * DIGEST_BYTES}x}"


def _sum(digests: Iterable[object]) -> int:
    return sum(int.from_bytes(one, "big") if isinstance(one, bytes) else -1 for one in digests)  # damage is no bytes


def _digests_of(connection: sqlite3.Connection, source_ids: Collection[str]) -> Iterator[Any]:
    """One by one: in a list in JSON an id would end at its first NUL."""
    for name in set(source_ids):
        yield from (row[0] for row in connection.execute("SELECT digest FROM source WHERE source_id = ?", (name,)))


def _all_digests(connection: sqlite3.Connection) -> Iterator[Any]:
    return (row[0] for row in connection.execute("SELECT digest FROM source"))
