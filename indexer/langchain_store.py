"""The index as a LangChain `VectorStore`: any chain can add documents to it and search it.

A document that is added here becomes a source with one chunk, under its id; documents that `footnote index` made are
found too, one `Document` for each chunk, with source, page and offsets in the metadata. Scores are cosines. Texts that
are longer than the embedder reads should be split before they are added, as for every vector store.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from indexer.catalogue import DamagedIndexError
from indexer.loading.characters import clean_line
from indexer.reading import IndexReader
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import Block, Chunk, EmbedderIdentity, Extraction, FootnoteError, Passage, Source


class FaissStore(VectorStore):
    """LangChain's vector store over an `IndexStore`.

    Args:
        store: the index.
        embedding: must be the embedder that the index was made with.
        collection: that added documents belong to and that searches look in; ``None`` searches all and adds to
            ``default``.
    """

    def __init__(self, store: IndexStore, embedding: Embeddings, *, collection: str | None = None) -> None:
        self.store = store
        self._embedding = embedding
        self._collection = collection
        self._seen: IndexReader = store.narrowed([collection]) if collection else store

    @property
    def embeddings(self) -> Embeddings:
        """The embedder."""
        return self._embedding

    @classmethod
    def open(cls, folder: Path, embedding: Embeddings, *, collection: str | None = None) -> FaissStore:
        """Open or make an index folder for any LangChain embedder."""
        return cls(IndexStore(folder, identity_of(embedding), create=True), embedding, collection=collection)

    @classmethod
    def from_texts(  # type: ignore[override]  # LangChain leaves the keywords to each store
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        folder: Path,
        ids: list[str] | None = None,
    ) -> FaissStore:
        """Make an index in ``folder`` that holds these texts."""
        store = cls.open(folder, embedding)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **_: Any,
    ) -> list[str]:
        """Add or replace texts in one transaction and return their ids; a missing id is drawn at random.

        An id that is the path of a file's document takes its place: the file is refused by runs from then on.

        Raises:
            FootnoteError: a text or its metadata can't be stored as UTF-8 and JSON.
        """
        texts = list(texts)
        if not texts:
            return []
        keys = [key or str(uuid.uuid4()) for key in (ids or [None] * len(texts))]
        vectors = np.array(self._embedding.embed_documents(texts), dtype=np.float32)
        rows = zip(keys, texts, metadatas or [{}] * len(texts), vectors, strict=True)
        # The last of several texts under one id wins, as if they had been added one after the other.
        documents = {key: self._document(key, text, metadata, vector) for key, text, metadata, vector in rows}
        with self.store.writing():
            self.store.put(list(documents.values()))
            self.store.save_vectors()
        return keys

    def delete(self, ids: list[str] | None = None, **_: Any) -> bool:
        """Remove documents by id; unknown ids are ignored.

        Raises:
            FootnoteError: without ids, which would empty the index.
        """
        if ids is None:
            raise FootnoteError("Say which documents to delete: ids is missing.")
        with self.store.writing():
            self.store.delete([self._source_id(key) for key in ids])
            self.store.save_vectors()
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Documents that were added under these ids, in their order; unknown ids are left out, damage is an error."""
        found = []
        for key in ids:
            name = self._source_id(key)
            try:
                text, metadata = self._seen.text(name), self._seen.metadata(name)
            except DamagedIndexError:
                raise
            except FootnoteError:
                continue
            found.append(Document(page_content=text, metadata=metadata.get("metadata", {}), id=key))
        return found

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The ``k`` closest documents, best first."""
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score(self, query: str, k: int = 4, **_: Any) -> list[tuple[Document, float]]:
        """The ``k`` closest documents with their cosine in [-1, 1], best first."""
        vector = np.array(self._embedding.embed_query(query), dtype=np.float32)
        return [(self._to_document(passage), passage.score) for passage in self._search(vector, k)]

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **_: Any) -> list[Document]:
        """The ``k`` documents closest to a query vector, best first."""
        return [self._to_document(passage) for passage in self._search(np.array(embedding, dtype=np.float32), k)]

    def _select_relevance_score_fn(self) -> Any:
        """Cosine as a relevance in [0, 1]; of equal vectors it may exceed 1 by a rounding error."""
        return lambda cosine: min(max((1.0 + cosine) / 2.0, 0.0), 1.0)

    def _search(self, vector: np.ndarray, k: int) -> list[Passage]:
        # Unit vectors whatever the embedder gives, so that the inner product is the cosine.
        unit = vector / max(float(np.linalg.norm(vector)), 1e-12)
        return self._seen.dense(unit, k)

    def _source_id(self, key: str) -> str:
        return f"{self._collection or 'default'}/{key}"

    def _document(self, key: str, text: str, metadata: dict[str, Any], vector: np.ndarray) -> IndexedDocument:
        _require_storable(key, text, metadata)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        title = clean_line(str(metadata.get("title", "")))
        source = Source(self._collection or "default", key, title, None, sha256)
        extraction = Extraction(text, (Block("paragraph", 0, len(text)),))
        chunk = Chunk(source.source_id, 0, len(text), text)
        unit = vector / max(float(np.linalg.norm(vector)), 1e-12)
        fields = {"document_id": key, "metadata": metadata}
        return IndexedDocument(source, extraction, [chunk], unit.reshape(1, -1), metadata=fields)

    def _to_document(self, passage: Passage) -> Document:
        added = self._seen.metadata(passage.source.source_id)
        if "document_id" in added:
            return Document(page_content=passage.chunk.text, metadata=added["metadata"], id=added["document_id"])
        return passage_to_document(passage)


def _require_storable(key: str, text: str, metadata: dict[str, Any]) -> None:
    """One text with a field that is no JSON, such as a NaN, would fail every search that filters by a field.

    Raises:
        FootnoteError: a text or a field can't be stored.
    """
    try:
        json.dumps([key, text, metadata], allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise FootnoteError(f"The text {key!r} can't be stored: {error}.") from error


def passage_to_document(passage: Passage) -> Document:
    """A passage as LangChain's `Document`, with all that is needed to cite it."""
    chunk = passage.chunk
    metadata = {
        "source": chunk.source_id,
        "title": passage.source.title,
        "date": passage.source.date,
        "page": chunk.page,
        "heading": chunk.heading,
        "start": chunk.start,
        "end": chunk.end,
        "score": passage.score,
    }
    return Document(page_content=chunk.text, metadata=metadata, id=chunk.chunk_id)


def identity_of(embedding: Embeddings) -> EmbedderIdentity:
    """The identity that an embedder states, or its class name and dimension when it states none."""
    stated = getattr(embedding, "identity", None)
    if isinstance(stated, EmbedderIdentity):
        return stated
    dimension = len(embedding.embed_query("dimension"))
    return EmbedderIdentity(type(embedding).__name__, "", dimension, normalised=True)
