"""Haystack with its defaults: splitter by words, sentence-transformers embedders, store in memory saved as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from haystack import Document as Text
from haystack import Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

from benchmarks.peers.measuring import Document, Search


class Haystack:
    """Components for indexing, and two pipelines for search: by embedding, and joined with BM25."""

    def __init__(self, model: Path, folder: Path) -> None:
        self._store = InMemoryDocumentStore()
        self._splitter = DocumentSplitter()
        self._embedder = SentenceTransformersDocumentEmbedder(model=str(model), progress_bar=False)
        self._embedder.warm_up()
        self._folder = folder
        self._dense = self._pipeline(model)
        self._joined = self._pipeline(model)
        self._joined.add_component("words", InMemoryBM25Retriever(self._store))
        self._joined.add_component("joined", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        self._joined.connect("meaning", "joined")
        self._joined.connect("words", "joined")

    def _pipeline(self, model: Path) -> Pipeline:
        pipeline = Pipeline()
        pipeline.add_component("embedder", SentenceTransformersTextEmbedder(model=str(model), progress_bar=False))
        pipeline.add_component("meaning", InMemoryEmbeddingRetriever(self._store))
        pipeline.connect("embedder.embedding", "meaning.query_embedding")
        return pipeline

    def index(self, documents: Sequence[Document]) -> int:
        """Split, embed, write and save."""
        texts = [Text(id=one.name, content=one.content) for one in documents]
        pieces = self._splitter.run(documents=texts)["documents"]
        embedded = self._embedder.run(documents=pieces)["documents"]
        self._store.write_documents(embedded)
        self._store.save_to_disk(str(self._folder / "store.json"))
        return len(embedded)

    @property
    def searches(self) -> Mapping[str, Search]:
        """By embedding alone, and joined with BM25 by reciprocal rank fusion."""
        return {"haystack": self._search, "haystack, with BM25": self._search_joined}

    def _search(self, question: str, chunks: int) -> list[str]:
        found = self._dense.run({"embedder": {"text": question}, "meaning": {"top_k": chunks}})
        return [one.meta["source_id"] for one in found["meaning"]["documents"]]

    def _search_joined(self, question: str, chunks: int) -> list[str]:
        asked = {
            "embedder": {"text": question},
            "meaning": {"top_k": chunks},
            "words": {"query": question, "top_k": chunks},
        }
        return [one.meta["source_id"] for one in self._joined.run(asked)["joined"]["documents"]]


def open_peer(model: Path, folder: Path) -> Haystack:
    """With the model loaded."""
    return Haystack(model, folder)
