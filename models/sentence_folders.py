"""Models kept as a folder of safetensors, run by sentence-transformers itself, on a GPU when there is one.

The only module that imports sentence-transformers; it takes seconds to load, so that only who needs it waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer

from models.tokenising import Text, Tokeniser


class FolderEncoder:
    """An embedding model; also the `Encoder` of `models.encoders`."""

    engine = "sentence-transformers"

    def __init__(self, folder: Path) -> None:
        self._model = SentenceTransformer(str(folder), local_files_only=True)
        self._lock = Lock()  # the tokenizer inside is not for two threads at a time
        self.tokeniser = Tokeniser.load(folder, self._model.max_seq_length or 512)

    def __call__(self, texts: Sequence[Text]) -> np.ndarray:
        """Vectors, (n, dimension) float32, as the folder says how to pool and normalise them."""
        with self._lock:
            return np.asarray(self._model.encode(list(texts), show_progress_bar=False), np.float32)

    def one(self, text: Text) -> np.ndarray:
        """The vector of one text, (dimension,) float32."""
        vector: np.ndarray = self([text])[0]
        return vector


class FolderCrossEncoder:
    """A cross-encoder with one output; also the `Encoder` of `models.encoders`."""

    engine = "sentence-transformers"

    def __init__(self, folder: Path, max_tokens: int) -> None:
        self._lock = Lock()
        self._model = CrossEncoder(str(folder), local_files_only=True, activation_fn=torch.nn.Identity())
        self.tokeniser = Tokeniser.load(folder, max_tokens)

    def __call__(self, texts: Sequence[Text]) -> np.ndarray:
        """Logits, (n, 1) float32."""
        with self._lock:
            scores = self._model.predict(list(texts), show_progress_bar=False)
        return np.asarray(scores, np.float32).reshape(-1, 1)
