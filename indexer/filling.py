"""Another engine for an index: filled from the catalogue in batches, compared with it, and only then named in it.

The catalogue holds every vector, so nothing is embedded. After each batch the last row id is noted; a stopped run goes
on behind it, unless documents were changed meanwhile. What searched the index before is dropped last. Readers go on
with it until then; writers wait. What this module does not do: change documents.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.catalogue import VECTORS, damage_explained, transaction
from indexer.checking import open_checked
from indexer.engine import Engine
from indexer.engines import new_name
from indexer.entries import read_meta, write_meta
from indexer.local_engine import LocalEngine
from indexer.locking import writer_lock
from indexer.milvus_address import Address
from indexer.milvus_engine import MilvusEngine
from indexer.opened import OpenCatalogue
from indexer.outside import FILLING, Outside, read_outside, record_outside
from indexer.records import vectors_after
from schema import EmbedderIdentity, FootnoteError

BATCH = 1000
"""Chunks in a batch: what a stopped run may have to write again."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many chunks an engine was given, the sha256 over their ids and vectors, and what could not be done."""

    chunks: int
    sha256: str
    notice: str = ""


def migrate(
    folder: Path,
    to: Address | None,
    *,
    token: str = "",
    lock_wait_s: float = 10.0,
    on_batch: Callable[[int, int], None] = lambda *_: None,
) -> Moved:
    """Let another engine search an index, or the same one anew.

    Args:
        folder: of the index.
        to: where Milvus is; ``None`` for search in the folder.
        token: of the Milvus that searches the index now, if one does.
        lock_wait_s: seconds to wait for another writer.
        on_batch: called with the chunks that are filled, and those there are.

    Raises:
        FootnoteError: there is no index, the engine can't be filled, or it does not hold what it was given.
    """
    with closing(open_checked(folder, create=False)) as connection, writer_lock(folder, wait_seconds=lock_wait_s):
        with damage_explained(folder):
            recorded = read_meta(connection, "embedder")
        if recorded is None:
            raise FootnoteError(f"The index {folder} holds nothing yet. Index documents with: footnote index PATH")
        catalogue = OpenCatalogue(folder, EmbedderIdentity(**json.loads(recorded)), connection)
        before = read_outside(connection)
        moved = _fill_folder(catalogue) if to is None else _fill_milvus(catalogue, to, on_batch)
        notice = _drop(catalogue, before, to, token)
    return Moved(moved.chunks, moved.sha256, notice)


def digest_of(held: Iterable[tuple[np.ndarray, np.ndarray]]) -> tuple[int, str]:
    """How many rows there are, and a sha256 over ids and vectors: (n,) int64 and (n, dimension) float32, in batches."""
    count, hashed = 0, hashlib.sha256()
    for ids, vectors in held:
        count += len(ids)
        for row, vector in zip(ids.astype("<i8"), vectors.astype("<f4"), strict=True):
            hashed.update(row.tobytes() + vector.tobytes())
    return count, hashed.hexdigest()


def _fill_folder(catalogue: OpenCatalogue) -> Moved:
    with catalogue.reading():
        engine = LocalEngine(catalogue)
    engine.save(thorough=True)
    moved = _compared(catalogue, engine, f"The file {catalogue.folder / VECTORS}")
    _name(catalogue, None)
    return moved


def _fill_milvus(catalogue: OpenCatalogue, to: Address, on_batch: Callable[[int, int], None]) -> Moved:
    with catalogue.reading():
        generation, chunks = catalogue.generation(), catalogue.chunks()
        begun = _begun(catalogue, to.uri)
    name, row, since = begun or (new_name(), 0, generation)
    with closing(MilvusEngine(catalogue, Outside(to.uri, name), to)) as engine:
        if since != generation:  # documents were changed since it was stopped
            engine.rows.drop()
            row = 0
        _note(catalogue, to.uri, name, row, generation)
        engine.rows.create()
        while True:
            with catalogue.reading():
                last = engine.add(row, born=generation, most=BATCH)
                done = catalogue.connection.execute("SELECT count(*) FROM chunk WHERE id <= ?", (last,)).fetchone()[0]
            if last == row:
                break
            row = last
            _note(catalogue, to.uri, name, row, generation)
            on_batch(done, chunks)
        engine.save(thorough=True)
        moved = _compared(catalogue, engine, f"Milvus at {to.uri}")
        _name(catalogue, Outside(to.uri, name))
    return moved


def _begun(catalogue: OpenCatalogue, uri: str) -> tuple[str, int, int] | None:
    """Of a stopped run to the same place the name, the last row and the generation; ``None`` without one."""
    noted = json.loads(read_meta(catalogue.connection, FILLING) or "null")
    if noted is None or noted["uri"] != uri:
        return None
    return str(noted["name"]), int(noted["row"]), int(noted["generation"])


def _note(catalogue: OpenCatalogue, uri: str, name: str, row: int, generation: int) -> None:
    noted = json.dumps({"uri": uri, "name": name, "row": row, "generation": generation})
    with damage_explained(catalogue.folder), transaction(catalogue.connection, write=True):
        write_meta(catalogue.connection, FILLING, noted)


def _compared(catalogue: OpenCatalogue, engine: Engine, what: str) -> Moved:
    """What an engine holds, if that is what the catalogue holds.

    Raises:
        FootnoteError: it is not; the next run fills it from the beginning.
    """
    with catalogue.reading():
        expected = digest_of(vectors_after(catalogue.connection, -1, catalogue.identity.dimension))
        found = digest_of(engine.held())
    if found != expected:
        with damage_explained(catalogue.folder), transaction(catalogue.connection, write=True):
            write_meta(catalogue.connection, FILLING, "")
        raise FootnoteError(
            f"{what} does not hold what it was given: {found[0]:,} passages of {expected[0]:,}, or other vectors. The "
            "index is searched as before. Try again, or look at the log of the engine."
        )
    return Moved(*found)


def _name(catalogue: OpenCatalogue, outside: Outside | None) -> None:
    with damage_explained(catalogue.folder), transaction(catalogue.connection, write=True):
        record_outside(catalogue.connection, outside)


def _drop(catalogue: OpenCatalogue, before: Outside | None, to: Address | None, token: str) -> str:
    """Remove what searched the index before; what could not be done, as a sentence, as it does no harm."""
    if before is None:
        if to is not None:
            with damage_explained(catalogue.folder), transaction(catalogue.connection, write=True):
                for entry in ("vectors", "clusters"):
                    catalogue.connection.execute("DELETE FROM meta WHERE key = ?", (entry,))
            (catalogue.folder / VECTORS).unlink(missing_ok=True)
        return ""
    is_file = "://" not in before.uri
    try:
        with closing(MilvusEngine(catalogue, before, Address(before.uri, is_file, "" if is_file else token))) as engine:
            engine.rows.drop()
    except FootnoteError as error:
        return f"What searched the index before is still there, as {before.name} in {before.uri}: {error}"
    return ""
