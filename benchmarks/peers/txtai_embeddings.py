"""txtai with its defaults: one vector for a whole document, in FAISS; and, on request, its BM25 beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from txtai import Embeddings

from benchmarks.peers.measuring import Document, Search


class Txtai:
    """An embeddings database."""

    def __init__(self, name: str, model: Path, folder: Path, *, hybrid: bool = False) -> None:
        options = {"hybrid": True} if hybrid else {}
        self._name, self._folder = name, folder
        self._embeddings = Embeddings(path=str(model), **options)
        self._embeddings.batchtransform(["loads the model"], "query")

    def index(self, documents: Sequence[Document]) -> int:
        """Embed, build and save."""
        self._embeddings.index((one.name, one.content) for one in documents)
        self._embeddings.save(str(self._folder))
        return len(documents)

    @property
    def searches(self) -> Mapping[str, Search]:
        """Its search."""
        return {self._name: self._search}

    def _search(self, question: str, chunks: int) -> list[str]:
        return [str(name) for name, _ in self._embeddings.search(question, chunks)]


def open_peer(model: Path, folder: Path) -> Txtai:
    """With the model loaded."""
    return Txtai("txtai", model, folder)
