"""LangChain's stock recipe: its Hugging Face embeddings, its recursive splitter, its FAISS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document as Chunk
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

from benchmarks.peers.measuring import Document, Search

PREFIX = "Represent this sentence for searching relevant passages: "


class LangChain:
    """The recipe, as its guides write it."""

    def __init__(self, model: Path, folder: Path) -> None:
        self._embeddings = HuggingFaceEmbeddings(model_name=str(model))
        self._folder = folder

    def index(self, documents: Sequence[Document]) -> int:
        """Split, embed, build and save."""
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        chunks = splitter.split_documents(
            [Chunk(page_content=one.content, metadata={"source": one.name}) for one in documents]
        )
        self._store = FAISS.from_documents(chunks, self._embeddings)
        self._store.save_local(str(self._folder))
        return len(chunks)

    @property
    def searches(self) -> Mapping[str, Search]:
        """As it is, and with the prefix that the model was trained with."""
        return {"langchain": self._search, "langchain, query prefix": self._search_prefixed}

    def _search(self, question: str, chunks: int) -> list[str]:
        return [one.metadata["source"] for one in self._store.similarity_search(question, k=chunks)]

    def _search_prefixed(self, question: str, chunks: int) -> list[str]:
        return self._search(PREFIX + question, chunks)


def open_peer(model: Path, folder: Path) -> LangChain:
    """With the model loaded."""
    return LangChain(model, folder)
