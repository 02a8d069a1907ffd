"""An embedder whose vectors can be computed by hand: a count of words by hash."""

import zlib
from collections.abc import Sequence

import numpy as np

from schema import EmbedderIdentity

DIMENSION = 32
IDENTITY = EmbedderIdentity("word-hash", "00c0ffee", DIMENSION, normalised=True)


def word_vectors(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors, (n, 32) float32: words counted by their CRC-32 modulo 32; the first axis when there are none."""
    matrix = np.zeros((len(texts), DIMENSION), np.float32)
    for row, text in zip(matrix, texts, strict=True):
        for word in text.lower().split():
            row[zlib.crc32(word.encode("utf-8", "replace")) % DIMENSION] += 1
        if not row.any():
            row[0] = 1
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True) if len(matrix) else matrix


def count_words(texts: Sequence[str]) -> list[int]:
    """Words separated by white space, as a stand-in for tokens."""
    return [len(text.split()) for text in texts]
