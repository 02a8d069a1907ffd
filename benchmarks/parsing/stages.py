"""What reading, cutting and embedding one file take, in a process of its own.

    python -m benchmarks.parsing.stages FILE RESULT.json [--embed]

Without --embed the file is only read, and no model is loaded.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.parsing.worker import memory_mb
from indexer.chunking import chunk_document, embedding_text
from indexer.loading import load
from pipeline import Footnote
from schema import Extraction
from settings import load_settings


def main() -> None:
    """Measure, and write the result."""
    path, result, *flags = sys.argv[1:]
    before = memory_mb("VmRSS")
    started = time.perf_counter()
    extraction = load(Path(path))
    record = {
        "before_mb": before,
        "parse_s": round(time.perf_counter() - started, 3),
        "parse_peak_mb": memory_mb("VmHWM"),
        "pages": len(extraction.pages),
        "characters": len(extraction.text),
        "boxes_mb": round(sum(map(len, extraction.boxes)) / 2**20, 1),
    }
    if flags:
        record |= embedded(extraction)
    Path(result).write_text(json.dumps(record), "utf-8")


def embedded(extraction: Extraction) -> dict[str, Any]:
    """Seconds for the chunks of a text and for their vectors, once the model is loaded."""
    with TemporaryDirectory(prefix="footnote-stages-") as folder:
        settings, _ = load_settings({"index": Path(folder), "llm": "none"})
        footnote = Footnote(settings, create=True)
        model, started = footnote.embeddings, time.perf_counter()
        chunks = chunk_document(
            extraction, "x", max_tokens=footnote.settings.chunk_tokens, count_tokens=model.count_tokens
        )
        chunked = time.perf_counter()
        model.embed([embedding_text(extraction.title or "", chunk) for chunk in chunks])
        ended = time.perf_counter()
        footnote.close()
    return {
        "chunks": len(chunks),
        "chunk_s": round(chunked - started, 3),
        "embed_s": round(ended - chunked, 3),
        "peak_mb": memory_mb("VmHWM"),
    }


if __name__ == "__main__":
    main()
