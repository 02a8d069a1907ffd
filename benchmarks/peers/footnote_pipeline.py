"""Footnote through its Python API, as rows: its vectors alone, without reranking, and the whole pipeline."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.peers.measuring import Document, Search
from models import is_present, load_registry
from pipeline import Footnote
from schema import Passage, TextDocument
from settings import Settings


class Ours:
    """An index with the default settings; no language model is loaded."""

    def __init__(self, folder: Path) -> None:
        self._settings = Settings(index=folder, llm="none", reranker="none")
        self._plain = Footnote(self._settings, create=True)
        self._plain.embeddings.embed_query("loads the model")

    def index(self, documents: Sequence[Document]) -> int:
        """Chunk, embed and commit."""
        texts = [TextDocument(one.name, one.title, one.text) for one in documents]
        report = self._plain.index_corpus(texts)
        return sum(file.chunks for file in report.files)

    @property
    def searches(self) -> Mapping[str, Search]:
        """The rows; the last opens the index again, with the default reranker and the same embedder."""
        settings = Settings(index=self._settings.index, llm="none")
        if not is_present(load_registry().get(settings.reranker, "reranker"), settings.cache):
            sys.exit(f"The weights of the reranker are missing: footnote models fetch {settings.reranker}")
        whole = Footnote(settings, lender=self._plain)
        return {
            "footnote, dense only": self._dense,
            "footnote, without reranking": lambda question, chunks: sources(self._plain.search(question, top_k=chunks)),
            "footnote": lambda question, chunks: sources(whole.search(question, top_k=chunks)),
        }

    def _dense(self, question: str, chunks: int) -> list[str]:
        vector = np.asarray(self._plain.embeddings.embed_query(question), dtype=np.float32)
        return sources(self._plain.store.dense(vector, chunks))


def sources(passages: Sequence[Passage]) -> list[str]:
    """The document of each passage, followed by those of the near-duplicates that are shown with it."""
    return [shown.source.path for passage in passages for shown in (passage, *passage.also)]


def open_peer(_: Path, folder: Path) -> Ours:
    """With the embedder loaded, from Footnote's own weights."""
    return Ours(folder)
