"""txtai with its BM25 beside its vectors."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers.txtai_embeddings import Txtai


def open_peer(model: Path, folder: Path) -> Txtai:
    """With the model loaded."""
    return Txtai("txtai, hybrid", model, folder, hybrid=True)
