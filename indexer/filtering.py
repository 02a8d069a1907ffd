"""From a filter to the sources that it admits, as a condition in SQL; what is not admitted is never scored.

What this module does not do: check what a user typed (a filter comes from a door, checked), or search.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from schema import Filter

_FIELDS = "json_tree(s.metadata) f WHERE f.path IN ('$', '$.metadata')"
_VALUE = "CASE f.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(f.atom AS TEXT) END"
_FIELD = f"EXISTS (SELECT 1 FROM {_FIELDS} AND f.key = ? AND {_VALUE} = ?)"  # noqa: S608  (constants)
"""A stored field and its value as text; what LangChain's store was given lies one level deeper, under ``metadata``."""

_COLUMNS = ("title", "date", "path", "collection")
"""Fields that every source has, whatever was stored with it."""


def admitted(within: Filter) -> tuple[str, list[str]]:
    """A condition over the columns of ``source s``, with its parameters.

    A date stands for all of its days: 2022 passes ``since`` 2022-05, since it may be later, and ``until`` 2022-05 too.
    Of ISO 8601 dates that is a comparison of the digits that both have.
    """
    parts: list[str] = []
    values: list[str] = []
    for allowed in (within.permitted, within.collections or None):
        if allowed is not None:
            parts.append(_among("s.collection", allowed))
            values += allowed
    if within.sources:
        names = [name for name in within.sources if not name.endswith("/")]
        folders = [name for name in within.sources if name.endswith("/")]
        # A folder is a range of the index on source_id: "0" is the character after "/".
        choices = [_among("s.source_id", names), *["s.source_id >= ? AND s.source_id < ?"] * len(folders)]
        parts.append(f"({' OR '.join(choices)})")
        values += [*names, *(bound for folder in folders for bound in (folder, folder[:-1] + "0"))]
    for bound, sign in ((within.since, ">="), (within.until, "<=")):
        if bound is not None:
            parts.append(f"substr(s.date, 1, length(?)) {sign} substr(?, 1, length(s.date))")
            values += [bound, bound]
    for field, value in within.metadata:
        own = f" OR s.{field} = ?" if field in _COLUMNS else ""
        parts.append(f"({_FIELD}{own})")
        values += [field, value, *([value] if own else [])]
    return " AND ".join(parts) or "1", values


def _among(column: str, names: Collection[str]) -> str:
    """A condition with a parameter for each name: as a list in JSON, a name would end at its first NUL."""
    return f"{column} IN ({', '.join('?' * len(names))})"


def narrowed(within: Filter, collections: Iterable[str] | None) -> Filter:
    """The filter where no collections but these exist, as far as it permits them; ``None`` leaves it as it is."""
    if collections is None:
        return within
    kept = set(collections) if within.permitted is None else {*collections} & {*within.permitted}
    return replace(within, permitted=tuple(sorted(kept)))


def stored_fields(connection: sqlite3.Connection, row_id: int) -> tuple[tuple[str, str], ...]:
    """Every field of a document that a filter may ask for, with its value as text, by the id of its row."""
    statement = f"SELECT f.key, {_VALUE} FROM source s, {_FIELDS} AND s.id = ?"  # noqa: S608  (constants)
    stored = [row for row in connection.execute(statement, (row_id,)) if isinstance(row[0], str) and row[1] is not None]
    own = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM source WHERE id = ?", (row_id,)).fetchone()  # noqa: S608
    return (*stored, *((name, value) for name, value in zip(_COLUMNS, own, strict=True) if value is not None))


def admitted_sources(connection: sqlite3.Connection, within: Filter, most: int) -> list[tuple[int, str]]:
    """Row ids and collections of admitted documents, at most so many."""
    condition, values = admitted(within)
    statement = f"SELECT s.id, s.collection FROM source s WHERE {condition} LIMIT ?"  # noqa: S608  (constants)
    return connection.execute(statement, (*values, most)).fetchall()


def admitted_chunks(connection: sqlite3.Connection, within: Filter) -> np.ndarray:
    """Row ids of all chunks of admitted sources, (n,) int64, ascending."""
    condition, values = admitted(within)
    rows = connection.execute(
        f"SELECT c.id FROM source s JOIN chunk c ON c.source = s.id WHERE {condition}",  # noqa: S608  (constants)
        values,
    )
    return np.sort(np.fromiter((row[0] for row in rows), np.int64))
