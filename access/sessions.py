"""Who is signed in: a random id for the browser, and what it means, by the hash of the id.

What this module does not do: cookies, or finding out who somebody is.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterable

from access.database import Database

ID_BYTES = 32


class Sessions:
    """The sessions in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, user: str, groups: Iterable[str], *, hours: float, now: float | None = None) -> str:
        """Sign somebody in for so many hours; the id is for their browser alone and is kept nowhere else."""
        now = time.time() if now is None else now
        session = secrets.token_urlsafe(ID_BYTES)
        self._database.run("DELETE FROM session WHERE expires <= ?", (now,))
        row = (_digest(session), user, json.dumps(sorted(set(groups))), now + hours * 3600)
        self._database.run("INSERT INTO session VALUES (?, ?, ?, ?)", row)
        return session

    def find(self, session: str, now: float) -> tuple[str, frozenset[str]] | None:
        """The user and groups of a session that has not ended; ``None`` for any other text."""
        # Looked up by a hash: how long that takes says nothing of any id.
        question = "SELECT person, groups FROM session WHERE id = ? AND expires > ?"
        rows, _ = self._database.run(question, (_digest(session), now))
        return (rows[0][0], frozenset(json.loads(rows[0][1]))) if rows else None

    def end(self, session: str) -> None:
        """Sign a browser out; nothing happens when it was not signed in."""
        self._database.run("DELETE FROM session WHERE id = ?", (_digest(session),))

    def end_all(self, user: str) -> int:
        """Sign a person out everywhere, and leave no trace of their name; how many sessions there were."""
        _, ended = self._database.run("DELETE FROM session WHERE person = ?", (user,))
        self._database.run("PRAGMA wal_checkpoint(TRUNCATE)")  # the log in front of the file holds it too
        return ended


def _digest(session: str) -> bytes:
    return hashlib.sha256(session.encode("utf-8", "surrogatepass")).digest()
