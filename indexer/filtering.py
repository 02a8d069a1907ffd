"""From a filter to the sources that it admits, as a condition in SQL; what is not admitted is never scored.

What this module does not do: check what a user typed (a filter comes from a door, checked), or search.
"""

from __future__ import annotations

import json
import sqlite3

import numpy as np

from schema import Filter

FILTERS_KEPT = 16
"""Filters whose chunks are remembered; each costs 8 bytes for each chunk that it admits."""

_FIELD = """EXISTS (
    SELECT 1 FROM json_tree(s.metadata) f WHERE f.path IN ('$', '$.metadata') AND f.key = ?
    AND CASE f.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(f.atom AS TEXT) END = ?
)"""
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
    if within.collections:
        parts.append("s.collection IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(within.collections))
    if within.sources:
        names = [name for name in within.sources if not name.endswith("/")]
        folders = [name for name in within.sources if name.endswith("/")]
        # A folder is a range of the index on source_id: "0" is the character after "/".
        choices = ["s.source_id IN (SELECT value FROM json_each(?))"] + ["s.source_id >= ? AND s.source_id < ?"] * len(
            folders
        )
        parts.append(f"({' OR '.join(choices)})")
        values += [json.dumps(names), *(bound for folder in folders for bound in (folder, folder[:-1] + "0"))]
    for bound, sign in ((within.since, ">="), (within.until, "<=")):
        if bound is not None:
            parts.append(f"substr(s.date, 1, length(?)) {sign} substr(?, 1, length(s.date))")
            values += [bound, bound]
    for field, value in within.metadata:
        own = f" OR s.{field} = ?" if field in _COLUMNS else ""
        parts.append(f"({_FIELD}{own})")
        values += [field, value, *([value] if own else [])]
    return " AND ".join(parts) or "1", values


def admitted_chunks(connection: sqlite3.Connection, within: Filter) -> np.ndarray:
    """Row ids of all chunks of admitted sources, (n,) int64, ascending."""
    condition, values = admitted(within)
    rows = connection.execute(
        f"SELECT c.id FROM source s JOIN chunk c ON c.source = s.id WHERE {condition}",  # noqa: S608  (constants)
        values,
    )
    return np.sort(np.fromiter((row[0] for row in rows), np.int64))


class Admissions:
    """The chunks that filters admit, remembered for as long as the generation stands."""

    def __init__(self) -> None:
        self._generation = -1
        self._chunks: dict[Filter, np.ndarray] = {}

    def chunks(self, connection: sqlite3.Connection, within: Filter, *, generation: int) -> np.ndarray:
        """Row ids of all chunks of admitted sources in the catalogue's snapshot, (n,) int64, ascending."""
        if generation != self._generation:
            self._chunks, self._generation = {}, generation
        found = self._chunks.pop(within, None)
        if found is None:
            found = admitted_chunks(connection, within)
        self._chunks[within] = found
        if len(self._chunks) > FILTERS_KEPT:
            del self._chunks[next(iter(self._chunks))]
        return found
