"""How a file becomes documents, chunks and vectors: what the indexing run is given by whoever wires it.

A run may also be given documents that were chunked and embedded elsewhere, as `Made`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.chunking import CountTokens
from indexer.loading.members import Member
from schema import Chunk, FootnoteError


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a file becomes documents, chunks and vectors.

    ``name`` changes when the same file would give other chunks. ``load`` is called with a path and the sha256 of what
    is meant, from several threads at once; it raises `schema.FootnoteError` when nothing of a file can be read, and
    `indexer.stamps.ChangedError` when what it read has another hash; ``reading`` says meanwhile how far it is, such as
    ``page 12 of 240``, or nothing. ``embed`` is called from threads too and gives (n texts, dimension) float32.
    ``max_tokens`` is the budget of a chunk.
    """

    name: str
    load: Callable[[Path, str], tuple[Member, ...]]
    count_tokens: CountTokens
    embed: Callable[[Sequence[str]], np.ndarray]
    max_tokens: int
    reading: Callable[[Path], str] = lambda _: ""


@dataclass(frozen=True, slots=True)
class Made:
    """The chunks of one document as the same recipe made them elsewhere.

    ``spans`` are start, end, page and heading of each chunk; ``vectors`` is (chunks, dimension) float32, or (0, 0) when
    they are still to be made.
    """

    spans: tuple[tuple[int, int, int | None, str], ...]
    vectors: np.ndarray

    def chunks(self, source_id: str, text: str) -> list[Chunk]:
        """The chunks as those of a source with this text."""
        return [
            Chunk(source_id, start, end, text[start:end], page, heading) for start, end, page, heading in self.spans
        ]


class RunStoppedError(FootnoteError):
    """What a run can't go on after: no file is to blame, so none is refused for it."""
