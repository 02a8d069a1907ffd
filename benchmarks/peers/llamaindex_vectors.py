"""LlamaIndex with its defaults: sentence splitter, vector index in memory, persisted as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from llama_index.core import Document as Text
from llama_index.core import VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.embeddings.huggingface.utils import get_query_instruct_for_model_name

from benchmarks.peers.measuring import Document, Search

HUB_NAME = "BAAI/bge-small-en-v1.5"


class LlamaIndex:
    """Its starter guide with a local embedder; by the hub's name it would know the prefix, by a folder's it can't."""

    def __init__(self, model: Path, folder: Path) -> None:
        prefix = get_query_instruct_for_model_name(HUB_NAME)
        self._embedding = HuggingFaceEmbedding(model_name=str(model), query_instruction=prefix)
        self._folder = folder

    def index(self, documents: Sequence[Document]) -> int:
        """Split, embed, build and persist."""
        texts = [Text(id_=one.name, text=one.content) for one in documents]
        self._index = VectorStoreIndex.from_documents(
            texts, embed_model=self._embedding, transformations=[SentenceSplitter()]
        )
        self._index.storage_context.persist(persist_dir=str(self._folder))
        return len(self._index.docstore.docs)

    @property
    def searches(self) -> Mapping[str, Search]:
        """Its retriever."""
        return {"llamaindex": self._search}

    def _search(self, question: str, chunks: int) -> list[str]:
        found = self._index.as_retriever(similarity_top_k=chunks).retrieve(question)
        return [str(one.node.ref_doc_id) for one in found]


def open_peer(model: Path, folder: Path) -> LlamaIndex:
    """With the model loaded."""
    return LlamaIndex(model, folder)
