"""Embedding models and cross-encoders on ONNX Runtime, behind sentence-transformers' own classes.

`SentenceTransformer` and `CrossEncoder` are the interface (prompts, batches sorted by length, pooling); for ONNX
weights the transformer inside them is `OnnxTransformer`, which runs the graph on the CPU. A folder of safetensors is
loaded by sentence-transformers itself, on a GPU when there is one. This is the only module that imports onnxruntime and
sentence-transformers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# ONNX Runtime reports to its maker over the network unless it is told not to before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
import torch
from langchain_core.embeddings import Embeddings
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.base.modules import InputModule
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from tokenizers import Tokenizer

from schema import EmbedderIdentity

BATCH_SIZE = 1
"""Texts in one run of a model. Dynamic int8 weights scale by batch, so only alone does the same text always give the
same vector; on CPUs one text at a time is also at least as fast (docs/decisions/006-the-embedder.md)."""


class OnnxTransformer(InputModule):
    """A transformer exported to ONNX, as the first module of a sentence-transformers model.

    Args:
        folder: holds ``tokenizer.json`` and one ``*.onnx`` file whose first output is the last hidden state
            (batch, tokens, dimension) or, for a cross-encoder, the logits (batch, 1).
        output: name under which the output travels on: ``token_embeddings`` or ``scores``.
        max_tokens: longer inputs are cut by the tokenizer; chunks are made to stay below it.
        threads: threads of the ONNX session; 0 lets it take every core.
    """

    def __init__(self, folder: Path, *, output: str, max_tokens: int, threads: int = 0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in sentence-transformers
        self.output = output
        self.max_seq_length = max_tokens
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(max_tokens)
        self.tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that spin between calls starve the language model, which shares the cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = next(folder.glob("*.onnx"))
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._inputs = {item.name for item in self._session.get_inputs()}

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **_: Any) -> dict[str, torch.Tensor]:
        """Token ids, mask and type ids, each (batch, tokens) int64, padded to the longest text of the batch."""
        texts = self._prepend_prompt(list(inputs), prompt) if prompt else list(inputs)
        encodings = self.tokenizer.encode_batch([text if isinstance(text, str) else tuple(text) for text in texts])
        return {
            "input_ids": torch.tensor([encoding.ids for encoding in encodings]),
            "attention_mask": torch.tensor([encoding.attention_mask for encoding in encodings]),
            "token_type_ids": torch.tensor([encoding.type_ids for encoding in encodings]),
        }

    def forward(self, features: dict[str, torch.Tensor], **_: Any) -> dict[str, torch.Tensor]:
        """Run the graph and add its first output, float32, to the features."""
        feed = {name: tensor.numpy() for name, tensor in features.items() if name in self._inputs}
        features[self.output] = torch.from_numpy(self._session.run(None, feed)[0].astype(np.float32))
        return features

    def get_word_embedding_dimension(self) -> int:
        """Width of the output."""
        return int(self._session.get_outputs()[0].shape[-1])

    def save(self, *_: Any, **__: Any) -> None:
        """Weights are kept by hash in the models cache, never written by this class."""
        raise NotImplementedError("ONNX weights are not saved through sentence-transformers")


class SentenceEmbeddings(Embeddings):
    """LangChain's embedding interface over a `SentenceTransformer`, with the identity that an index records."""

    def __init__(self, model: SentenceTransformer, identity: EmbedderIdentity) -> None:
        self._model = model
        self._tokenizer = _plain_tokenizer(model)
        self.identity = identity

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of documents: (n, dimension) float32, unit rows when the identity says normalised."""
        return self._encode(texts, self.identity.document_prefix)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's form of `embed`."""
        return [[float(value) for value in row] for row in self.embed(texts)]

    def embed_query(self, text: str) -> list[float]:
        """The vector of a query, with the prefix that the model was trained with."""
        return [float(value) for value in self._encode([text], self.identity.query_prefix)[0]]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def _encode(self, texts: Sequence[str], prompt: str) -> np.ndarray:
        vectors = self._model.encode(list(texts), prompt=prompt or None, batch_size=BATCH_SIZE, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32).reshape(len(texts), self.identity.dimension)


class SentenceReranker:
    """Scores (query, text) pairs with a `CrossEncoder`: logits, higher is more relevant, about -12 to 12."""

    def __init__(self, model: CrossEncoder) -> None:
        self._model = model

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """One logit for each text, in their order."""
        if not texts:
            return []
        pairs = [(query, text) for text in texts]
        scores = self._model.predict(pairs, batch_size=BATCH_SIZE, show_progress_bar=False)
        return [float(score) for score in scores]


def load_embeddings(
    folder: Path, identity: EmbedderIdentity, *, pooling: str, max_tokens: int, threads: int = 0
) -> SentenceEmbeddings:
    """Load an embedding model from a folder of the models cache: ONNX weights or a sentence-transformers folder."""
    if not any(folder.glob("*.onnx")):
        model = SentenceTransformer(str(folder), local_files_only=True)
        return SentenceEmbeddings(model, identity)
    transformer = OnnxTransformer(folder, output="token_embeddings", max_tokens=max_tokens, threads=threads)
    modules: list[torch.nn.Module] = [transformer, Pooling(identity.dimension, pooling)]
    if identity.normalised:
        modules.append(Normalize())
    return SentenceEmbeddings(SentenceTransformer(modules=modules, device="cpu"), identity)


def load_reranker(folder: Path, *, max_tokens: int = 512, threads: int = 0) -> SentenceReranker:
    """Load a cross-encoder with one output from a folder of the models cache."""
    identity = torch.nn.Identity()
    if not any(folder.glob("*.onnx")):
        return SentenceReranker(CrossEncoder(str(folder), local_files_only=True, activation_fn=identity))
    transformer = OnnxTransformer(folder, output="scores", max_tokens=max_tokens, threads=threads)
    return SentenceReranker(CrossEncoder(modules=[transformer], num_labels=1, device="cpu", activation_fn=identity))


def cosine_scores(embeddings: SentenceEmbeddings) -> Callable[[str, Sequence[str]], list[float]]:
    """A stand-in for a cross-encoder: cosines with the query, moved and stretched to the range of its logits.

    For bge-small, sentences that answer a question have cosines around 0.8 and others around 0.6; the cut is rough, and
    a real cross-encoder tells the two apart much better.
    """

    def score(query: str, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        cosines = embeddings.embed(texts) @ np.asarray(embeddings.embed_query(query), dtype=np.float32)
        return [float(value) for value in (cosines - 0.68) * 40.0]

    return score


def _plain_tokenizer(model: SentenceTransformer) -> Tokenizer:
    """A copy of the model's tokenizer that neither cuts nor pads, for counting."""
    tokenizer = model.tokenizer
    backend = tokenizer if isinstance(tokenizer, Tokenizer) else tokenizer.backend_tokenizer
    plain = Tokenizer.from_str(backend.to_str())
    plain.no_truncation()
    plain.no_padding()
    return plain
