"""An encoder's ONNX graph as it stands, on ONNX Runtime: the engine where our own forward pass doesn't fit.

One text in a run, since dynamic int8 weights scale by batch: only alone does the same text always give the same vector
(docs/decisions/006-the-embedder.md). This is the only module that imports onnxruntime.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

# ONNX Runtime reports to its maker over the network unless it is told not to before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime

from models.tokenising import Tokens


class OnnxGraph:
    """A graph whose first output is the last hidden state (batch, tokens, width) or logits (batch, labels).

    Args:
        path: the ONNX file.
        pooling: ``cls`` for the first token's state, ``mean`` for the mean of all; logits are taken as they are.
    """

    def __init__(self, path: Path, *, pooling: str) -> None:
        options = onnxruntime.SessionOptions()
        # Texts run side by side, each on one core: cheaper than sharing out every operation of one text.
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._inputs = {item.name for item in self._session.get_inputs()}
        self._pooling = pooling

    def __call__(self, texts: Sequence[Tokens]) -> np.ndarray:
        """States of the texts, (n, width) float32, or logits (n, labels)."""
        return np.stack([self._run(text) for text in texts])

    def _run(self, text: Tokens) -> np.ndarray:
        feed = {"input_ids": text.ids, "attention_mask": [1] * len(text), "token_type_ids": text.types}
        arrays = {name: np.array([values], np.int64) for name, values in feed.items() if name in self._inputs}
        output: np.ndarray = self._session.run(None, arrays)[0][0].astype(np.float32)
        if output.ndim == 1:
            return output
        return np.asarray(output[0] if self._pooling == "cls" else output.mean(axis=0))
