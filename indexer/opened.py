"""An open catalogue as everything in one process shares it, and one snapshot of it at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from indexer.catalogue import damage_explained, transaction
from indexer.entries import read_generation
from schema import EmbedderIdentity


@dataclass(frozen=True, slots=True)
class OpenCatalogue:
    """The catalogue of an index folder, with the embedder whose vectors it holds; the mutex guards the connection."""

    folder: Path
    identity: EmbedderIdentity
    connection: sqlite3.Connection
    mutex: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One snapshot of the database; nested uses share the outer one."""
        with self.mutex, damage_explained(self.folder):
            if self.connection.in_transaction:
                yield
            else:
                with transaction(self.connection, write=False):
                    yield

    def generation(self) -> int:
        """The number of commits of documents so far; inside a snapshot."""
        return read_generation(self.connection)

    def chunks(self) -> int:
        """How many chunks there are; inside a snapshot."""
        return int(self.connection.execute("SELECT count(*) FROM chunk").fetchone()[0])
