"""The exact side of the index: FAISS's inner-product search over ids, derived from the vectors in SQLite.

The file is never trusted: its sha256 stands in the database and is compared before FAISS sees a byte, since a mutated
FAISS file loads without complaint about half of the time. What this module does not do: know where vectors come from.
Only this module and indexer/clusters.py import faiss.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import faiss
import numpy as np

LARGEST_FILE_SECTION = 1 << 36
"""Bytes that one vector of a FAISS file may claim to need: a damaged length can't ask for all memory."""

faiss.set_deserialization_vector_byte_limit(LARGEST_FILE_SECTION)


class VectorIndex:
    """Unit vectors by integer id; scores are inner products (cosine in [-1, 1]), higher is closer.

    Args:
        dimension: of every vector.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> np.ndarray:
        """All ids, (n,) int64."""
        return np.asarray(faiss.vector_to_array(self._index.id_map), dtype=np.int64)

    def held(self) -> tuple[np.ndarray, np.ndarray]:
        """All ids, (n,) int64, ascending, with their vectors, (n, dimension) float32."""
        ids = self.ids()
        order = np.argsort(ids)
        vectors = faiss.downcast_index(self._index.index).reconstruct_n(0, len(ids))
        return ids[order], np.asarray(vectors, np.float32).reshape(len(ids), self.dimension)[order]

    def add(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        """Add vectors, (n, dimension) float32, under ids, (n,) int64, that are not in the index yet."""
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(ids, np.int64))

    def remove(self, ids: np.ndarray) -> None:
        """Remove these ids, (n,) int64; unknown ones are ignored."""
        if len(ids):
            self._index.remove_ids(faiss.IDSelectorBatch(np.ascontiguousarray(ids, np.int64)))

    def search(self, query: np.ndarray, top_k: int, *, among: np.ndarray | None = None) -> list[tuple[int, float]]:
        """The best ids with their scores, best first, ties by id.

        Args:
            query: (dimension,) float32.
            top_k: how many at most.
            among: (n,) int64; only these are scored when given.
        """
        if not len(self) or top_k < 1 or (among is not None and not len(among)):
            return []
        parameters = None
        if among is not None:
            chosen = selector(among)
            parameters = faiss.SearchParameters(sel=chosen)  # type: ignore[call-arg]  # FAISS's stub omits it
        matrix = np.ascontiguousarray(query, np.float32).reshape(1, self.dimension)
        # One more than asked for, and more again while the last is level with the cut: FAISS picks any of equal scores.
        fetch = min(top_k + 1, len(self))
        while True:
            scores, ids = self._index.search(matrix, fetch, params=parameters)
            found = [(int(key), float(score)) for key, score in zip(ids[0], scores[0], strict=True) if key >= 0]
            if fetch == len(self) or len(found) < fetch or found[-1][1] < found[top_k - 1][1]:
                return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:top_k]
            fetch = min(2 * fetch, len(self))

    def save(self, path: Path) -> str:
        """Write the index beside ``path``, move it into place, and return its sha256."""
        data = faiss.serialize_index(self._index).tobytes()
        with replacing(path) as file:
            file.write(data)
        return hashlib.sha256(data).hexdigest()

    @classmethod
    def load(cls, path: Path, *, sha256: str, dimension: int) -> VectorIndex | None:
        """The index in a file whose hash is the expected one; ``None`` when it is missing, damaged or another's."""
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data).hexdigest() != sha256:
            return None
        try:
            loaded = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        except RuntimeError:
            return None
        if not isinstance(loaded, faiss.IndexIDMap2) or loaded.d != dimension:
            return None
        if not isinstance(faiss.downcast_index(loaded.index), faiss.IndexFlatIP):
            return None
        index = cls(dimension)
        index._index = loaded
        return index


def selector(ids: np.ndarray) -> faiss.IDSelectorBitmap:
    """FAISS's form of a set of ids, (n,) int64, n > 0: one bit for each number up to the largest."""
    mask = np.zeros(int(ids.max()) + 1, np.bool_)
    mask[ids] = True
    bits = np.packbits(mask, bitorder="little")
    return faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]  # FAISS's stub shows the C++ form


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A private file to write, which takes the place of the one at ``path`` when the block ends without an error."""
    temporary = path.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
    flushed(temporary).replace(path)


def sha256_of(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flushed(path: Path) -> Path:
    """The same path, once its bytes are with the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return path


def to_blob(vector: np.ndarray) -> bytes:
    """A vector as it is stored in SQLite: little-endian float32."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def from_blobs(blobs: Sequence[bytes], dimension: int) -> np.ndarray:
    """The matrix of stored vectors, (n, dimension) float32."""
    return np.frombuffer(b"".join(blobs), dtype="<f4").reshape(len(blobs), dimension)
