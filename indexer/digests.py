"""Checksums of rows: SQLite keeps none of its pages, so a flipped bit inside a text or a vector would go unnoticed.

Each row holds a digest of its other columns, written in the same commit and compared whenever the row is read for use.
They tell accidents, not attackers: whoever can write the file can write a digest. What this module does not do: know
any table.

BLAKE2: Aumasson et al., "BLAKE2: simpler, smaller, fast as MD5", ACNS 2013.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any

DIGEST_BYTES = 16

Field = str | int | bytes | None


def digest(*fields: Field) -> bytes:
    """16 bytes that are others when any of the fields is, or is of another type, or they are cut elsewhere."""
    parts: list[bytes] = []
    for field in fields:
        if isinstance(field, bytes):
            kind, data = b"b%d:", field
        elif isinstance(field, str):
            kind, data = b"s%d:", field.encode("utf-8", "surrogatepass")
        elif field is None:
            kind, data = b"n%d:", b""
        else:
            kind, data = b"i%d:", repr(field).encode()
        parts += (kind % len(data), data)
    return hashlib.blake2b(b"".join(parts), digest_size=DIGEST_BYTES).digest()


def require(stored: object, found: object, what: str) -> None:
    """Compare what a row says of itself with what it is.

    Raises:
        sqlite3.DatabaseError: when they differ, as for any other damage to the file.
    """
    if stored != found:
        raise sqlite3.DatabaseError(f"{what} is not as it was written")


def present(row: tuple[Any, ...] | None, what: str) -> tuple[Any, ...]:
    """A row that must be there.

    Raises:
        sqlite3.DatabaseError: when it is not.
    """
    if row is None:
        raise sqlite3.DatabaseError(f"{what} is missing")
    return row
