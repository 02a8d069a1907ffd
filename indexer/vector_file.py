"""The file of the vectors: what the catalogue records of it, how it is opened, and how it is written anew.

The hash and the description stand in the catalogue; the file holds nothing but what SQLite holds, in a form that is
searched fast. What this module does not do: search, lock, or decide when to write.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from indexer.clusters import ClusteredIndex
from indexer.engine import VectorState
from indexer.entries import read_generation, read_meta, write_meta
from indexer.growing import LARGEST_EXACT, NEAREST, Clustering, build_clusters, wanted
from indexer.records import all_ids, vectors_of
from indexer.vectors import VectorIndex

LARGEST_CHANGE = 10_000
"""Chunks that came and went up to which a file in clusters is left as it is; every reader scores those exactly."""
BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Base:
    """What is in the file: its hash, the generation that it shows, and how it is clustered when it is."""

    sha256: str
    generation: int
    clustering: Clustering | None = None


def read_base(connection: sqlite3.Connection) -> Base | None:
    """What the catalogue says of the file; ``None`` before there was one."""
    recorded, clusters = read_meta(connection, "vectors"), read_meta(connection, "clusters")
    if recorded is None:
        return None
    sha256, generation = json.loads(recorded)
    return Base(sha256, generation, Clustering(**json.loads(clusters)) if clusters else None)


def record_base(connection: sqlite3.Connection, base: Base) -> None:
    """Record the file, inside the caller's transaction."""
    write_meta(connection, "vectors", json.dumps([base.sha256, base.generation]))
    write_meta(connection, "clusters", json.dumps(asdict(base.clustering)) if base.clustering else "")


def open_base(path: Path, base: Base, dimension: int) -> VectorIndex | ClusteredIndex | None:
    """The index in the file, in clusters mapped and otherwise read; ``None`` when it isn't the recorded one."""
    if base.clustering:
        return ClusteredIndex.load(path, sha256=base.sha256, dimension=dimension, mapped=True)
    return VectorIndex.load(path, sha256=base.sha256, dimension=dimension)


def vector_state(path: Path, base: Base | None, count: int) -> VectorState:
    """How an index of so many chunks is searched, from what is recorded of its file."""
    size = path.stat().st_size if path.exists() else 0
    clustering = base.clustering if base else None
    if clustering is None:
        return VectorState("exact", count, 1.0, f"as it is up to {LARGEST_EXACT:,} chunks", size)
    why = (
        f"as it is above {LARGEST_EXACT:,} chunks: {clustering.probes} of {clustering.lists} clusters are looked into, "
        f"which found {clustering.recall:.1%} of the {NEAREST} nearest when it was measured on {clustering.trained:,}"
    )
    return VectorState("clusters", count, clustering.recall, why, size)


def has_changed_much(connection: sqlite3.Connection, held: np.ndarray) -> bool:
    """Whether more chunks came and went since these ids, (n,) int64, than every reader should score by itself."""
    return len(np.setxor1d(all_ids(connection), held, assume_unique=True)) > LARGEST_CHANGE


def write_clusters(path: Path, connection: sqlite3.Connection, base: Base | None, dimension: int) -> Base:
    """Write the catalogue's snapshot in clusters: the old ones brought level when they still do, or else new ones.

    Raises:
        OSError: when the file can't be written.
    """
    generation = read_generation(connection)
    count = connection.execute("SELECT count(*) FROM chunk").fetchone()[0]
    if base and base.clustering and wanted(count, base.clustering) == "clusters":
        clusters = ClusteredIndex.load(path, sha256=base.sha256, dimension=dimension, mapped=False)
        if clusters:
            bring_level(clusters, connection, dimension)
            return Base(clusters.save(path), generation, base.clustering)
    clusters, clustering = build_clusters(connection, dimension)
    return Base(clusters.save(path), generation, clustering)


def bring_level(index: VectorIndex | ClusteredIndex, connection: sqlite3.Connection, dimension: int) -> None:
    """Remove from an index what the catalogue no longer holds, and add what it holds now; ids are never used twice."""
    held, current = index.ids(), all_ids(connection)
    index.remove(np.setdiff1d(held, current, assume_unique=True))
    new = np.setdiff1d(current, held, assume_unique=True)
    for start in range(0, len(new), BATCH):
        index.add(*vectors_of(connection, new[start : start + BATCH], dimension))
