"""Embedding models and cross-encoders: texts in, vectors or scores out, whichever engine runs the weights.

The same ONNX weights run in bfloat16 by our own forward pass (`models.bert`) where the processor multiplies bfloat16
matrices in hardware, and on ONNX Runtime (`models.onnx_graph`) elsewhere; docs/decisions/013-fast-embedding.md has the
figures. A folder of safetensors runs on sentence-transformers (`models.sentence_folders`). Batches run side by side,
one on each core. What this module does not do: decide which texts to embed, or how many pairs are worth scoring.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from langchain_core.embeddings import Embeddings

from models.tokenising import Text, Tokeniser, Tokens
from schema import EmbedderIdentity, FootnoteError

Precision = Literal["auto", "int8", "bf16"]
Engine = Callable[[Sequence[Tokens]], np.ndarray]

BATCH_TOKENS = 2048
"""Of a batch in bfloat16: enough rows to keep the processor's matrix units busy, few enough to stay in its cache."""


class Encoder(Protocol):
    """Runs texts through a model. ``engine`` says in words what runs it."""

    engine: str
    tokeniser: Tokeniser

    def __call__(self, texts: Sequence[Text]) -> np.ndarray:
        """States or logits of the texts, (n, width) float32, in their order."""


class QuestionEncoder(Encoder, Protocol):
    """An encoder that is quick with one short text, which somebody waits for."""

    def one(self, text: Text) -> np.ndarray:
        """The state of a text, (width,) float32."""


class OnnxEncoder:
    """The weights in an ONNX file, run by the fastest engine that fits the processor.

    Args:
        folder: holds ``tokenizer.json`` and one ``*.onnx`` file of a BERT encoder.
        pooling: ``cls`` or ``mean``, how the states of tokens become that of a text.
        max_tokens: longer inputs are cut.
        threads: batches that run at the same time; 0 for one on each core.
        precision: ``int8`` is the graph as it stands, ``bf16`` our forward pass, ``auto`` the faster one here.

    Raises:
        FootnoteError: when ``bf16`` is asked for and can't be had.
    """

    def __init__(
        self, folder: Path, *, pooling: str, max_tokens: int, threads: int = 0, precision: Precision = "auto"
    ) -> None:
        self.tokeniser = Tokeniser.load(folder, max_tokens)
        self._path, self._pooling = next(folder.glob("*.onnx")), pooling
        self._threads = threads or available_cores()
        self.engine, self._batch_tokens, self._run, self._workers = _load_engine(
            self._path, pooling, self._threads, precision
        )

    def __call__(self, texts: Sequence[Text]) -> np.ndarray:
        """States or logits of the texts, (n, width) float32; the same text gives the same in any company."""
        batches = list(_batches(texts, self._batch_tokens, self._threads))
        return np.concatenate(list(self._workers.map(self._run_batch, batches)))

    def one(self, text: Text) -> np.ndarray:
        """The state of one text by ONNX Runtime: for a question, reading the weights costs more than multiplying them.

        Between the engines a text's vectors have a cosine of about 0.998 (docs/decisions/013-fast-embedding.md).
        """
        state: np.ndarray = self._graph(self.tokeniser.encode([text]))[0]
        return state

    @cached_property
    def _graph(self) -> Engine:
        from models.onnx_graph import OnnxGraph  # noqa: PLC0415  (a second copy of the weights, for questions only)

        return self._run if isinstance(self._run, OnnxGraph) else OnnxGraph(self._path, pooling=self._pooling)

    def _run_batch(self, texts: Sequence[Text]) -> np.ndarray:
        return self._run(self.tokeniser.encode(texts))


class SentenceEmbeddings(Embeddings):
    """LangChain's embedding interface over an encoder, with the identity that an index records."""

    def __init__(self, encoder: QuestionEncoder, identity: EmbedderIdentity) -> None:
        self._encoder = encoder
        self.identity = identity
        self.engine = encoder.engine

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of documents: (n, dimension) float32, unit rows when the identity says normalised."""
        return self._encode(texts, self.identity.document_prefix)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's form of `embed`."""
        return [[float(value) for value in row] for row in self.embed(texts)]

    def embed_query(self, text: str) -> list[float]:
        """The vector of a query, with the prefix that the model was trained with."""
        return [float(value) for value in self._normalised(self._encoder.one(self.identity.query_prefix + text))]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens."""
        return self._encoder.tokeniser.count(texts)

    def _encode(self, texts: Sequence[str], prefix: str) -> np.ndarray:
        if not texts:
            return np.zeros((0, self.identity.dimension), np.float32)
        return self._normalised(self._encoder([prefix + text for text in texts]))

    def _normalised(self, vectors: np.ndarray) -> np.ndarray:
        """Of unit length where the identity says so, (..., dimension) float32."""
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True) if self.identity.normalised else vectors


class SentenceReranker:
    """Scores (query, text) pairs with a cross-encoder: logits, higher is more relevant, about -12 to 12."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.engine = encoder.engine

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """One logit for each text, in their order."""
        return [float(score) for score in self._encoder([(query, text) for text in texts])[:, 0]] if texts else []

    def pair_tokens(self, query: str, texts: Sequence[str]) -> list[int]:
        """Tokens of each pair as the model reads it, what scoring costs: with special tokens, and cut at the limit."""
        return self._encoder.tokeniser.count_pairs(query, texts) if texts else []


def load_embeddings(
    folder: Path,
    identity: EmbedderIdentity,
    *,
    pooling: str,
    max_tokens: int,
    threads: int = 0,
    precision: Precision = "auto",
) -> SentenceEmbeddings:
    """Load an embedding model from a folder of the models cache: ONNX weights or a sentence-transformers folder."""
    if any(folder.glob("*.onnx")):
        encoder = OnnxEncoder(folder, pooling=pooling, max_tokens=max_tokens, threads=threads, precision=precision)
        return SentenceEmbeddings(encoder, identity)
    from models.sentence_folders import FolderEncoder  # noqa: PLC0415  (seconds of imports)

    return SentenceEmbeddings(FolderEncoder(folder), identity)


def load_reranker(
    folder: Path, *, max_tokens: int = 512, threads: int = 0, precision: Precision = "auto"
) -> SentenceReranker:
    """Load a cross-encoder with one output from a folder of the models cache."""
    if any(folder.glob("*.onnx")):
        encoder = OnnxEncoder(folder, pooling="cls", max_tokens=max_tokens, threads=threads, precision=precision)
        return SentenceReranker(encoder)
    from models.sentence_folders import FolderCrossEncoder  # noqa: PLC0415  (seconds of imports)

    return SentenceReranker(FolderCrossEncoder(folder, max_tokens))


def cosine_scores(embeddings: SentenceEmbeddings) -> Callable[[str, Sequence[str]], list[float]]:
    """A stand-in for a cross-encoder: cosines with the query, moved and stretched to the range of its logits.

    For bge-small, sentences that answer a question have cosines around 0.8 and others around 0.6; the cut is rough, and
    a real cross-encoder tells the two apart much better.
    """

    def score(query: str, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        cosines = embeddings.embed(texts) @ np.asarray(embeddings.embed_query(query), dtype=np.float32)
        return [float(value) for value in (cosines - 0.67) * 40.0]

    return score


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_matrix_units() -> bool:
    """Whether the processor says that it multiplies bfloat16 matrices in hardware: cheap to ask, no where unsure."""
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return False


def _load_engine(
    path: Path, pooling: str, threads: int, precision: Precision
) -> tuple[str, int, Engine, ThreadPoolExecutor]:
    """What runs the weights, in words; tokens of a batch; the engine itself; and its threads."""
    if precision != "int8" and (precision == "bf16" or has_matrix_units()):
        from models.bert import load_bert, start_workers  # noqa: PLC0415  (seconds of imports)

        if bert := load_bert(path, pooling=pooling):
            return "bfloat16 on AMX", BATCH_TOKENS, bert, start_workers(threads)
        if precision == "bf16":
            raise FootnoteError(
                f"The weights {path.name} can't run in bfloat16 on this processor: set precision to auto or int8."
            )
    from models.onnx_graph import OnnxGraph  # noqa: PLC0415  (not needed where bfloat16 is)

    workers = ThreadPoolExecutor(threads, thread_name_prefix="encode")
    return "ONNX Runtime", 1, OnnxGraph(path, pooling=pooling), workers


def _batches(texts: Sequence[Text], most: int, threads: int) -> Iterator[Sequence[Text]]:
    """Neighbouring texts in batches of about as many tokens, at most about ``most``, and as many for each thread.

    >>> [len(batch) for batch in _batches(["40 characters are about 10 tokens for us"] * 6, 20, 2)]
    [2, 1, 2, 1]
    """
    sizes = [_rough_tokens(text) for text in texts]
    total = sum(sizes)
    count = math.ceil(total / most / threads) * threads
    start = done = 0
    for end, size in enumerate(sizes, 1):
        full = done * count // total  # batches
        done += size
        if done * count // total > full:
            yield texts[start:end]
            start = end


def _rough_tokens(text: Text) -> int:
    """Tokens that a text may have, before anybody has tokenised it: batches are tokenised where they run."""
    return min(sum(map(len, (text,) if isinstance(text, str) else text)) // 5 + 2, 512)
