"""From numbers to a filter of Milvus: which rows may be found, in an expression that no text of a user can be part of.

Collections and documents are numbers of the catalogue, dates are days as whole numbers, and what a document says of
itself is a label: a hash of 63 bits. What this module does not do: know names (the catalogue turns them into numbers),
or search. As two labels may have one hash, hits by labels are compared with the catalogue's own condition.
"""

from __future__ import annotations

import hashlib
import json
import operator
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NOTHING = "born <= -1"
"""Holds for no row."""
UNDATED = 99_999_999, 0
"""First and last day of a document without a date: it begins after every day and ends before every day."""

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Which rows may be found; ``None`` and an empty tuple of labels or folders allow everything.

    Attributes:
        collections: numbers of collections; an empty tuple permits nothing.
        sources: numbers of documents; an empty tuple permits nothing, unless there are ``folders``.
        folders: labels of folders (`folder_label`); a row passes that is below one of them or among ``sources``.
        since: a day (`first_and_last_day`) on or after which the document may be dated.
        until: a day on or before which it may be dated.
        labels: of fields (`field_label`); a row must have every one of them.
        born: the last generation that is seen.
    """

    collections: tuple[int, ...] | None = None
    sources: tuple[int, ...] | None = None
    folders: tuple[int, ...] = ()
    since: int | None = None
    until: int | None = None
    labels: tuple[int, ...] = ()
    born: int | None = None

    @property
    def permits_nothing(self) -> bool:
        """Whether no row can pass, so that nothing needs to be asked."""
        return self.collections == () or (self.sources == () and not self.folders)


def expression(within: Numbers) -> str:
    """The same as an expression of Milvus over our own fields; empty when every row passes.

    >>> expression(Numbers(collections=(1, 4), since=20220501, labels=(77,), born=12))
    'collection in [1, 4] and last_day >= 20220501 and array_contains(labels, 77) and born <= 12'
    >>> expression(Numbers(sources=(3,), folders=(5, 6)))
    '(source in [3] or array_contains(labels, 5) or array_contains(labels, 6))'
    """
    if within.permits_nothing:
        return NOTHING
    parts = [_among("collection", within.collections)] if within.collections else []
    if places := _places(within):
        parts.append(places[0] if len(places) == 1 else f"({' or '.join(places)})")
    bounds = (("last_day", ">=", within.since), ("first_day", "<=", within.until))
    parts += [f"{name} {sign} {operator.index(day)}" for name, sign, day in bounds if day is not None]
    parts += map(_has, within.labels)
    if within.born is not None:
        parts.append(f"born <= {operator.index(within.born)}")
    return " and ".join(parts)


def _places(within: Numbers) -> list[str]:
    """The conditions of which a row has to pass one."""
    return [*([_among("source", within.sources)] if within.sources else []), *map(_has, within.folders)]


def _among(field: str, numbers: Sequence[int]) -> str:
    return f"{field} in [{', '.join(str(operator.index(number)) for number in numbers)}]"


def _has(label: int) -> str:
    return f"array_contains(labels, {operator.index(label)})"


def first_and_last_day(date: str | None) -> tuple[int, int]:
    """The days that an ISO 8601 date stands for, as whole numbers; `UNDATED` for none, and for what is no date.

    A document passes ``since`` when its last day is not before the first day of that date, and ``until`` when its first
    day is not after the last day of that one. Every month ends with a 31st, which orders days as well as the calendar.

    >>> first_and_last_day("2022"), first_and_last_day("2022-05"), first_and_last_day("2022-05-10")
    ((20220101, 20221231), (20220501, 20220531), (20220510, 20220510))
    """
    if not (form := _DATE.fullmatch(date or "")):
        return UNDATED
    year, month, day = form.groups()
    return int(f"{year}{month or '01'}{day or '01'}"), int(f"{year}{month or '12'}{day or '31'}")


def field_label(field: str, value: str) -> int:
    """The label of a field with its value as text, such as ``author`` and ``Ann``: 63 bits."""
    return _hashed("field", field, value)


def folder_label(folder: str) -> int:
    """The label of a folder of documents, such as ``default/guidance/``: 63 bits."""
    return _hashed("folder", folder)


def folders_above(source_id: str) -> tuple[str, ...]:
    """Every folder above a document, as a filter names them.

    >>> folders_above("default/guidance/briefing.md")
    ('default/', 'default/guidance/')
    """
    return tuple(source_id[: place + 1] for place, character in enumerate(source_id) if character == "/")


def labels_of(source_id: str, fields: Iterable[tuple[str, str]]) -> tuple[int, ...]:
    """All labels of a document, ascending, each once: of its fields with their values, and of the folders above it."""
    own = {field_label(field, value) for field, value in fields}
    return tuple(sorted(own | {folder_label(folder) for folder in folders_above(source_id)}))


def _hashed(*parts: str) -> int:
    """63 bits of what these are together: as a list in JSON, none can run into the next."""
    return int.from_bytes(hashlib.sha256(json.dumps(parts).encode()).digest()[:8], "big") >> 1
