"""Start the processes that convert the model and measure the systems, and wait for them with a sign of life."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.answering import ROOT
from benchmarks.peers.systems import System
from models import is_present, load_registry, model_folder
from pipeline import Footnote
from schema import FootnoteError
from settings import Settings, default_cache

EMBEDDER = "bge-small-en-v1.5"
ALIKE = 0.9999
"""Cosine that the converted model's vectors must reach to those of the ONNX weights."""
SIGN_OF_LIFE_S = 60
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "ANONYMIZED_TELEMETRY": "False",
    "DO_NOT_TRACK": "1",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
}
"""Environment of every measured process: nothing is fetched, nothing is told to anyone."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where processes run: the peers' interpreter, and a folder to work in."""

    peers_python: Path
    folder: Path

    def convert_model(self, texts: Sequence[str]) -> tuple[Path, float]:
        """The embedder as a folder for sentence-transformers, and its lowest cosine to the ONNX weights over texts.

        Raises:
            FootnoteError: when the weights are missing, or the vectors differ.
        """
        model = load_registry().get(EMBEDDER, "embedder")
        if not is_present(model, default_cache()):
            raise FootnoteError(f"The weights are missing. Fetch them with: footnote models fetch {EMBEDDER}")
        target, given, vectors = self.folder / EMBEDDER, self.folder / "texts.json", self.folder / "vectors.npy"
        given.write_text(json.dumps(list(texts)), "utf-8")
        source = model_folder(model, default_cache())
        self._run(self.peers_python, ["benchmarks.peers.model", source, target, given, vectors])
        theirs = np.load(vectors, allow_pickle=False)
        cosine = float(np.min(np.sum(theirs * self._embed(texts), axis=1)))
        if cosine < ALIKE:
            raise FootnoteError(f"The converted {EMBEDDER} is another model: cosine {cosine:.4f} to the ONNX weights.")
        return target, cosine

    def measure(self, system: System, task: Path) -> dict[str, Any]:
        """The figures of one system, measured in a process of its own; see `benchmarks.peers.measuring.measure`.

        Raises:
            FootnoteError: when the process fails.
        """
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        with TemporaryDirectory(dir=self.folder) as index:
            python = Path(sys.executable) if system.own else self.peers_python
            self._run(python, ["benchmarks.peers.measuring", system.name, task, result, index])
        found: dict[str, Any] = json.loads(result.read_text("utf-8"))
        return found

    def _embed(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors from the ONNX graph as it stands, whose weights are in 16 bits."""
        exact = Settings(index=self.folder / "check", embedder=EMBEDDER, precision="int8", llm="none")
        footnote = Footnote(exact, create=True)
        try:
            return footnote.embeddings.embed(texts)
        finally:
            footnote.close()

    def _run(self, python: Path, arguments: Sequence[object]) -> None:
        """Run a module to its end."""
        command = [str(python), "-m", *(str(one) for one in arguments)]
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | OFFLINE)
        try:
            while True:
                try:
                    code = process.wait(SIGN_OF_LIFE_S)
                    break
                except subprocess.TimeoutExpired:
                    print(f"    ... {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        finally:
            process.kill()
        if code:
            raise FootnoteError(f"{' '.join(command)} ended with exit status {code}; what it said is above.")
