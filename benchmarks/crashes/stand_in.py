"""Documents and an embedder whose chunks and vectors anybody can compute again, so that a store's content is known."""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from indexer.building import Recipe
from indexer.chunking import chunk_document, embedding_text
from indexer.loading import load_all, load_bytes
from schema import EmbedderIdentity

DIMENSION = 32
IDENTITY = EmbedderIdentity("word-hash", "00c0ffee", DIMENSION, normalised=True)
TOKENS = 20
"""Words of a chunk at most."""
WORDS = (
    "harbour licence permits vessels during storms because crews report damage before sunrise while inspectors count "
    "every barrel of resin that arrives from distant islands and merchants argue about tariffs naïve Straße 東京 ledger"
).split()


def word_vectors(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors, (n, 32) float32: words counted by their CRC-32 modulo 32."""
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


def recipe(tokens: int = TOKENS) -> Recipe:
    """How the files are read, chunked and embedded, in chunks of so many words."""
    return Recipe(f"words {tokens}", load_all, count_words, word_vectors, max_tokens=tokens)


def random_content(chance: random.Random, paragraphs: int = 3) -> str:
    """A text of a few paragraphs that is like no other; as Markdown it has a title of its own."""
    parts = [" ".join(chance.choices(WORDS, k=chance.randint(5, 45))) for _ in range(chance.randint(1, paragraphs))]
    return f"# Number {chance.random()}\n\n" + "\n\n".join(parts)


def write_files(folder: Path, contents: Mapping[str, str]) -> None:
    """Make a folder hold exactly these files."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in contents:
            path.unlink()
    for name, content in contents.items():
        (folder / name).write_text(content, "utf-8")


@cache
def expected(name: str, content: str, tokens: int = TOKENS) -> str:
    """The digest of all that an index should hold of a file: its text, and its chunks with their vectors."""
    extraction = load_bytes(name, content.encode())
    title = extraction.title or Path(name).stem
    chunks = chunk_document(extraction, f"default/{name}", max_tokens=tokens, count_tokens=count_words)
    vectors = word_vectors([embedding_text(title, chunk) for chunk in chunks])
    rows = [(chunk.chunk_id, vector.tobytes()) for chunk, vector in zip(chunks, vectors, strict=True)]
    return digest(extraction.text, rows)


def digest(text: str, chunks: Iterable[tuple[str, bytes]]) -> str:
    """One hash of a text and of its chunks, (id, vector), in any order."""
    whole = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for chunk_id, vector in sorted(chunks):
        whole.update(chunk_id.encode() + vector)
    return whole.hexdigest()[:24]
