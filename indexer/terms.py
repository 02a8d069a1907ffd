"""The words of a text as SQLite's full-text search has them: parted, without accents, reduced to their stems.

What searches beside it is given these, for texts and for questions alike, so that both look for the same words whatever
an engine has of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing

_TABLES = """
CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize='porter unicode61');
CREATE VIRTUAL TABLE terms USING fts5vocab (texts, instance);
"""


def terms_of(texts: Sequence[str]) -> list[list[str]]:
    """The terms of each text, in their order.

    >>> terms_of(["Strategies of cafés", "3.2"])
    [['strategi', 'of', 'cafe'], ['3', '2']]
    """
    terms: list[list[str]] = [[] for _ in texts]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_TABLES)
        rows = ((number, text.encode("utf-8", "replace").decode()) for number, text in enumerate(texts))
        connection.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", rows)
        for number, term in connection.execute("SELECT doc, term FROM terms ORDER BY doc, offset"):
            terms[number].append(term)
    return terms
