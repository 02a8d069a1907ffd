"""Index a folder as the pipeline does, in a process of its own, and note every step before the next; then search.

    python -m benchmarks.folders.indexing index FOLDER INDEX JOURNAL EMBEDDER
    python -m benchmarks.folders.indexing search QUESTIONS.json INDEX RESULT.json EMBEDDER

EMBEDDER is ``real`` or ``words``: vectors that count words by hash, in the place of the model's, so that the time goes
into reading. The journal has a line of JSON for each event: a file whose reading begins or ends, a row of the report.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import Footnote
from schema import EmbedderIdentity, FileReport, Progress
from settings import load_settings

HITS = 10
BEAT_S = 1.0


class WordVectors:
    """Stands in for the embedding model: words counted by hash, and a token for every four characters."""

    def __init__(self, identity: EmbedderIdentity) -> None:
        self.identity = identity

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, (n, dimension) float32."""
        matrix = np.zeros((len(texts), self.identity.dimension), np.float32)
        for row, text in zip(matrix, texts, strict=True):
            row[0] = 0.01
            for word in text.lower().split():
                row[zlib.crc32(word.encode("utf-8", "replace")) % self.identity.dimension] += 1
        unit: np.ndarray = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
        return unit

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return [float(one) for one in self.embed([text])[0]]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """About as many as the model's own."""
        return [1 + len(text) // 4 for text in texts]


class Watched(Footnote):
    """The pipeline, with a note of each file that it begins and ends to read."""

    def __init__(self, index: Path, embedder: str, note: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
        given = {"index": index, "llm": "none", **({"reranker": "none"} if embedder == "words" else {})}
        super().__init__(load_settings(given)[0], create=True)
        self._note = note
        if embedder == "words":
            self.parts.__dict__["embeddings"] = WordVectors(self.parts.identity)

    def _recipe(self, *parts: Any) -> Any:
        recipe = super()._recipe(*parts)
        return replace(recipe, load=lambda path, sha256: self._timed(recipe.load, path, sha256))

    def _timed(self, load: Callable[[Path, str], Any], path: Path, sha256: str) -> Any:
        self._note({"began": str(path)})
        started = time.perf_counter()
        try:
            return load(path, sha256)
        finally:
            self._note({"read": str(path), "seconds": round(time.perf_counter() - started, 3)})


def main() -> None:
    """Index, or search."""
    what, source, index, out, embedder = sys.argv[1:]
    if what == "index":
        index_folder(Path(source), Path(index), Path(out), embedder)
    else:
        questions: list[str] = json.loads(Path(source).read_text("utf-8"))
        Path(out).write_text(json.dumps(search(questions, Path(index), embedder)), "utf-8")


def index_folder(folder: Path, index: Path, journal: Path, embedder: str) -> None:
    """Index, and note each event at once; the last line says that all was done."""
    last, lock = 0.0, threading.Lock()  # files are read in threads
    with journal.open("a", encoding="utf-8", buffering=1) as file:

        def note(event: dict[str, Any]) -> None:
            with lock:
                file.write(json.dumps(event) + "\n")

        def on_progress(progress: Progress) -> None:
            nonlocal last
            if time.monotonic() - last > BEAT_S:
                last = time.monotonic()
                note({"done": progress.done, "of": progress.total})

        def on_file(report: FileReport) -> None:
            note({"file": asdict(report)})

        footnote = Watched(index, embedder, note)
        footnote.index([folder], on_file=on_file, on_progress=on_progress)
        footnote.close()
        note({"all": True})


def search(questions: Sequence[str], index: Path, embedder: str) -> list[list[str]]:
    """The paths of the documents found for each question, best first."""
    footnote = Watched(index, embedder)
    found = [[one.source.path for one in footnote.search(question, top_k=HITS)] for question in questions]
    footnote.close()
    return found


if __name__ == "__main__":
    main()
