"""LangChain's own adapter over the rows of an index in Milvus, for reading: by vector, or by vector and words together.

The adapter asks Milvus; what it finds is joined with the catalogue, so that a document that is not in the index, or
that a reader may not see, is never given. Milvus knows no texts, so the adapter is given search words and a vector with
each question. The only module that knows langchain_milvus. What it does not do: write (``footnote index`` does).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from indexer.engine import Scored
from indexer.langchain_store import passage_to_document
from indexer.milvus_client import CALL_S
from indexer.milvus_engine import MilvusEngine
from indexer.milvus_filter import Numbers, expression
from indexer.milvus_lite_server import EXTRA
from indexer.milvus_row import written
from indexer.milvus_rows import Rows
from indexer.reading import IndexReader
from indexer.store import IndexStore
from indexer.terms import terms_of
from schema import Filter, FootnoteError

DENSE, HYBRID = ["dense"], ["dense", "words_bm25"]
"""The fields of the rows that a search is of."""
READ_ONLY = "This way into the index is for reading. Add and remove documents with: footnote index"


class MilvusDoor(VectorStore):
    """LangChain's vector store for Milvus over an index that Milvus searches.

    Args:
        store: the index.
        embedding: must be the embedder that the index was made with.
        collection: that searches look in; ``None`` searches all.

    Raises:
        FootnoteError: langchain-milvus is not installed, or something else searches the index.
    """

    def __init__(self, store: IndexStore, embedding: Embeddings, *, collection: str | None = None) -> None:
        engine = store.engine
        if not isinstance(engine, MilvusEngine):
            raise FootnoteError(
                f"The index {store.folder} is not searched by Milvus. Use FaissStore for it, or move it with: footnote "
                "migrate --to milvus"
            )
        self._engine = engine
        self._embedding = embedding
        self._seen: IndexReader = store.narrowed([collection]) if collection else store
        self._dense, self._hybrid = _adapter(engine.rows, DENSE), _adapter(engine.rows, HYBRID)

    @property
    def embeddings(self) -> Embeddings:
        """The embedder."""
        return self._embedding

    # Searching

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The ``k`` closest documents, best first; ``within``, a `Filter`, says which are searched."""
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, *, within: Filter | None = None, **_: Any
    ) -> list[tuple[Document, float]]:
        """The ``k`` closest documents with their cosine in [-1, 1], best first."""
        asked, rows = self._asked(query, ""), self._engine.rows

        def ask(count: int, numbers: Numbers) -> Scored:
            return self._by(self._dense, asked, count, numbers, param=rows.parameters("dense", count))

        return self._found(ask, k, within)

    def hybrid_search(self, query: str, k: int = 4, *, within: Filter | None = None) -> list[tuple[Document, float]]:
        """The ``k`` best documents by vector and words, best first, with the scores of Milvus's rank fusion."""
        words = written(dict.fromkeys(terms_of([query])[0]))
        if not words:
            return self.similarity_search_with_score(query, k, within=within)
        asked, rows = self._asked(query, words), self._engine.rows
        fusion = rows.connection.rank_fusion()

        def ask(count: int, numbers: Numbers) -> Scored:
            param = [rows.parameters(field, count) for field in HYBRID]
            return self._by(self._hybrid, asked, count, numbers, param=param, fetch_k=count, reranker=fusion)

        return self._found(ask, k, within)

    def _select_relevance_score_fn(self) -> Any:
        """Cosine as a relevance in [0, 1]; of equal vectors it may exceed 1 by a rounding error."""
        return lambda cosine: min(max((1.0 + cosine) / 2.0, 0.0), 1.0)

    # What it does not do

    def add_texts(self, texts: Iterable[str], metadatas: list[dict[str, Any]] | None = None, **_: Any) -> list[str]:
        """Not here.

        Raises:
            FootnoteError: always.
        """
        raise FootnoteError(READ_ONLY)

    def delete(self, ids: list[str] | None = None, **_: Any) -> bool:
        """Not here.

        Raises:
            FootnoteError: always.
        """
        raise FootnoteError(READ_ONLY)

    @classmethod
    def from_texts(
        cls, texts: list[str], embedding: Embeddings, metadatas: list[dict[str, Any]] | None = None, **_: Any
    ) -> MilvusDoor:
        """Not here.

        Raises:
            FootnoteError: always.
        """
        raise FootnoteError(READ_ONLY)

    # Within

    def _asked(self, query: str, words: str) -> _Asked:
        vector = np.array(self._embedding.embed_query(query), dtype=np.float32)
        return _Asked(words, (vector / max(float(np.linalg.norm(vector)), 1e-12)).tolist())

    def _by(self, adapter: Any, asked: _Asked, count: int, numbers: Numbers, **more: Any) -> Scored:
        """Row ids with scores, best first, ties by id, as the adapter finds them."""
        if numbers.permits_nothing:
            return []
        try:
            found = adapter.similarity_search_with_score(
                asked, k=count, expr=expression(numbers), timeout=CALL_S, **more
            )
        except Exception as error:
            raise self._engine.rows.connection.explained("search", error) from error
        scored = ((int(document.metadata["chunk"]), float(score)) for document, score in found)
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))

    def _found(
        self, ask: Callable[[int, Numbers], Scored], k: int, within: Filter | None
    ) -> list[tuple[Document, float]]:
        """What Milvus finds, of one snapshot of the catalogue and of what may be seen, as documents."""
        passages = self._seen.passages(lambda seen: self._engine.found(ask, k, seen), "dense", within)
        return [(passage_to_document(passage), passage.score) for passage in passages]


class _Asked(str):
    """A question as the adapter takes it: a text, which Milvus is given as it is, with the vector it is embedded to."""

    vector: list[float]

    def __new__(cls, words: str, vector: list[float]) -> _Asked:
        asked = super().__new__(cls, words)
        asked.vector = vector
        return asked


class _Embedded(Embeddings):
    """Gives the vector that comes with a question."""

    def embed_query(self, text: str) -> list[float]:
        return text.vector if isinstance(text, _Asked) else []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise FootnoteError(READ_ONLY)


def _adapter(rows: Rows, fields: list[str]) -> Any:
    """The adapter over one or two of the vector fields."""
    try:
        from langchain_milvus import BM25BuiltInFunction, Milvus  # noqa: PLC0415  (an extra, and slow to load)
    except ImportError as error:
        raise FootnoteError(f"LangChain's adapter for Milvus is not installed. {EXTRA}") from error
    logging.getLogger("langchain_milvus").setLevel(logging.CRITICAL + 1)
    words = BM25BuiltInFunction(input_field_names="words", output_field_names="words_bm25")
    return Milvus(
        embedding_function=_Embedded(),
        builtin_function=words if len(fields) > 1 else None,
        collection_name=rows.name,
        connection_args=rows.connection.arguments,
        primary_field="chunk",
        text_field="words",
        vector_field=fields,
        search_params=[{} for _ in fields],  # each search brings its own; left out, some are made that Lite refuses
        consistency_level="Strong",
    )
