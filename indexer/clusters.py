"""The approximate side of the index: vectors of 8 bits a coordinate in lists around centroids, by FAISS.

It gives candidates, never scores: whoever asks scores them with the full vectors. The file may be mapped instead of
read, after its hash has been found to be the recorded one. What this module does not do: train on its own account, or
know how many lists to look into (indexer/growing.py).

Inverted files: Sivic and Zisserman, "Video Google", ICCV 2003; as FAISS has them: Douze et al., arXiv:2401.08281.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, BinaryIO

import faiss
import numpy as np

from indexer.vectors import replacing, selector, sha256_of

ROUNDS = 10
"""Of k-means; more change the recall by less than its error."""


class ClusteredIndex:
    """Unit vectors by integer id, in lists around centroids.

    Args:
        index: trained, of vectors of one dimension.
    """

    def __init__(self, index: faiss.IndexIVFScalarQuantizer) -> None:
        self._index = index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @classmethod
    def train(cls, sample: np.ndarray, *, lists: int) -> ClusteredIndex:
        """An empty index with centroids and ranges of coordinates from a sample, (n, dimension) float32, n >= lists."""
        dimension = sample.shape[1]
        index = faiss.IndexIVFScalarQuantizer(
            *(faiss.IndexFlatIP(dimension), dimension, lists, faiss.ScalarQuantizer.QT_8bit),
            *(faiss.METRIC_INNER_PRODUCT, False),
        )
        index.cp.spherical, index.cp.niter, index.cp.min_points_per_centroid = True, ROUNDS, 1
        index.train(np.ascontiguousarray(sample, np.float32))
        return cls(index)

    @property
    def lists(self) -> int:
        """How many lists there are."""
        return int(self._index.nlist)

    def ids(self) -> np.ndarray:
        """All ids, (n,) int64, ascending."""
        lists: Any = self._index.invlists
        parts = [np.zeros(0, np.int64)]
        for number in range(self.lists):
            if size := lists.list_size(number):
                parts.append(faiss.rev_swig_ptr(lists.get_ids(number), size).copy())
        return np.sort(np.concatenate(parts))

    def add(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        """Add vectors, (n, dimension) float32, under ids, (n,) int64, that are not in the index yet."""
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(ids, np.int64))

    def remove(self, ids: np.ndarray) -> None:
        """Remove these ids, (n,) int64; unknown ones are ignored. Not of a mapped index."""
        if len(ids):
            self._index.remove_ids(faiss.IDSelectorBatch(np.ascontiguousarray(ids, np.int64)))

    def candidates(
        self,
        queries: np.ndarray,
        count: int,
        *,
        probes: int,
        among: np.ndarray | None = None,
        without: np.ndarray | None = None,
    ) -> np.ndarray:
        """The ids that are likely to be closest to each query, (m, count) int64, -1 where there are no more.

        Args:
            queries: (m, dimension) float32.
            count: candidates for each.
            probes: lists to look into, closest centroids first.
            among: (n,) int64; only these when given.
            without: (n,) int64; never these; not together with ``among``.
        """
        chosen: faiss.IDSelector | None = None
        if among is not None:
            chosen = selector(among)
        elif without is not None and len(without):
            gone = faiss.IDSelectorBatch(np.ascontiguousarray(without, np.int64))
            chosen = faiss.IDSelectorNot(gone)
        parameters = faiss.SearchParametersIVF(nprobe=min(probes, self.lists), sel=chosen)  # type: ignore[call-arg]
        _, ids = self._index.search(np.ascontiguousarray(queries, np.float32), count, params=parameters)
        return np.asarray(ids, np.int64)

    def save(self, path: Path) -> str:
        """Write the index beside ``path``, move it into place, and return its sha256.

        Raises:
            OSError: when it can't be written.
        """
        with replacing(path) as file:
            output = _Output(file)
            # Its stub omits the class.
            faiss.write_index(self._index, faiss.PyCallbackIOWriter(output.write))  # type: ignore[attr-defined]
            output.finish()
        return output.sha256.hexdigest()

    @classmethod
    def load(cls, path: Path, *, sha256: str, dimension: int, mapped: bool) -> ClusteredIndex | None:
        """The index in a file whose hash is the expected one; ``None`` when it is missing, damaged or another's.

        A mapped index stays on disk and can't be changed; what is needed of it is read when it is first needed.
        """
        flags = faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY if mapped else 0
        try:
            before = path.stat()
            if sha256_of(path) != sha256:
                return None
            loaded = faiss.read_index(str(path), flags)
            after = path.stat()
        except (OSError, RuntimeError):
            return None
        if (before.st_ino, before.st_mtime_ns) != (after.st_ino, after.st_mtime_ns):
            return None  # a writer has put another file in its place between the hash and the reading
        # FAISS hands it over as what it is; a second handle from downcast_index would not keep the first alive.
        if not isinstance(loaded, faiss.IndexIVFScalarQuantizer) or loaded.d != dimension:
            return None
        return cls(loaded) if loaded.metric_type == faiss.METRIC_INNER_PRODUCT else None


class _Output:
    """A file with its hash. FAISS's own way of writing files says nothing when the disk is full."""

    def __init__(self, file: BinaryIO) -> None:
        self.sha256 = hashlib.sha256()
        self._file = file
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write the next bytes; what goes wrong is kept, as nothing may be raised through FAISS."""
        try:
            if self._error is None:
                self._file.write(data)
                self.sha256.update(data)
        except OSError as error:
            self._error = error
        return len(data)

    def finish(self) -> None:
        """Raise what went wrong."""
        if self._error:
            raise self._error
