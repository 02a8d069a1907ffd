"""The systems that are measured: where each one's code is, what it uses and saves, and whose versions count."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class System:
    """One system; ``module`` has ``open_peer(model, folder)``, ``own`` is true for Footnote's own environment."""

    name: str
    module: str
    packages: tuple[str, ...]
    uses: str
    saves: str
    own: bool = False


_ENGINE = ("sentence-transformers", "transformers", "torch")

SYSTEMS = {
    system.name: system
    for system in (
        System(
            "langchain",
            "benchmarks.peers.langchain_recipe",
            (
                "langchain-core",
                "langchain-community",
                "langchain-huggingface",
                "langchain-text-splitters",
                "faiss-cpu",
                *_ENGINE,
            ),
            "HuggingFaceEmbeddings, RecursiveCharacterTextSplitter(1000 characters, 200 overlap), FAISS; no prefix to "
            "queries by default",
            "FAISS's flat index; texts and metadata as a pickle",
        ),
        System(
            "txtai",
            "benchmarks.peers.txtai_embeddings",
            ("txtai", "faiss-cpu", "transformers", "torch"),
            "Embeddings(path): whole documents, cut at 512 tokens; no prefix to queries by default",
            "FAISS's index and ids, no texts",
        ),
        System(
            "txtai-hybrid",
            "benchmarks.peers.txtai_hybrid",
            ("txtai", "faiss-cpu", "transformers", "torch"),
            "Embeddings(path, hybrid=True): the same with its BM25",
            "FAISS's index, its BM25 and ids, no texts",
        ),
        System(
            "llamaindex",
            "benchmarks.peers.llamaindex_vectors",
            ("llama-index-core", "llama-index-embeddings-huggingface", *_ENGINE),
            "VectorStoreIndex, HuggingFaceEmbedding with the query prefix that it knows for this model, "
            "SentenceSplitter (1,024 tokens, 200 overlap; the model reads the first 512)",
            "texts and vectors as JSON",
        ),
        System(
            "haystack",
            "benchmarks.peers.haystack_memory",
            ("haystack-ai", "sentence-transformers-haystack", *_ENGINE),
            "DocumentSplitter (200 words), SentenceTransformers embedders, InMemoryDocumentStore; no prefix to queries "
            "by default",
            "texts and vectors as JSON",
        ),
        System(
            "footnote",
            "benchmarks.peers.footnote_pipeline",
            ("faiss-cpu", "onnxruntime", "torch"),
            "pipeline.Footnote with its default settings: chunks of 224 tokens, embedded with their title; int8 "
            "weights of the same model, computed in bf16 where the processor has AMX; the query prefix that it was "
            "trained with",
            "texts, chunks, vectors and full-text index in SQLite; a FAISS index",
            own=True,
        ),
    )
}
