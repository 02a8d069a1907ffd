"""How a file becomes documents, chunks and vectors: what the indexing run is given by whoever wires it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.chunking import CountTokens
from indexer.loading.members import Member


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
