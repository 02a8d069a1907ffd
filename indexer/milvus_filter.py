"""From numbers to a filter of Milvus: which rows may be found, in an expression that no text of a user can be part of.

Collections and documents are numbers of the catalogue, dates are days as whole numbers, and what a document says of
itself is a label: a hash of 63 bits. What this module does not do: know names (the catalogue turns them into numbers),
or search. As two labels may have one hash, hits by labels are compared with the catalogue's own condition.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

NOTHING = "born <= -1"
"""Holds for no row."""
UNDATED = 99_999_999, 0
"""First and last day of a document without a date: it begins after every day and ends before every day."""


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
    raise NotImplementedError


def first_and_last_day(date: str | None) -> tuple[int, int]:
    """The days that an ISO 8601 date stands for, as whole numbers; `UNDATED` for none, and for what is no date.

    A document passes ``since`` when its last day is not before the first day of that date, and ``until`` when its first
    day is not after the last day of that one. Every month ends with a 31st, which orders days as well as the calendar.

    >>> first_and_last_day("2022"), first_and_last_day("2022-05"), first_and_last_day("2022-05-10")
    ((20220101, 20221231), (20220501, 20220531), (20220510, 20220510))
    """
    raise NotImplementedError


def field_label(field: str, value: str) -> int:
    """The label of a field with its value as text, such as ``author`` and ``Ann``: 63 bits."""
    raise NotImplementedError


def folder_label(folder: str) -> int:
    """The label of a folder of documents, such as ``default/guidance/``: 63 bits."""
    raise NotImplementedError


def folders_above(source_id: str) -> tuple[str, ...]:
    """Every folder above a document, as a filter names them.

    >>> folders_above("default/guidance/briefing.md")
    ('default/', 'default/guidance/')
    """
    raise NotImplementedError


def labels_of(source_id: str, fields: Iterable[tuple[str, str]]) -> tuple[int, ...]:
    """All labels of a document, ascending, each once: of its fields with their values, and of the folders above it."""
    raise NotImplementedError
