"""How large a PDF may be: 100 pages parsed, chunked and embedded; parsing's memory from 250 to 2,000 pages."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.folders.__main__ import read_journal
from benchmarks.parsing.reading import ENVIRONMENT, ROOT
from benchmarks.parsing.watched import watch
from schema import FootnoteError

INDEXED_PAGES = 100
PARSED_PAGES = (250, 500, 1000, 2000)
LIMIT_S = 900
REPORTS = "docs_pdf_gov/us-fed-agency-reports"
LONGEST = "HHS2022.pdf"
"""160 pages, of which the first hundred are taken."""


def measure_large(documents: Path, python: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    """Both parts.

    Args:
        documents: folder that holds the reports.
        python: interpreter of the readers' environment, to make the files with.
        about: the machine.

    Raises:
        FootnoteError: when a step fails, with the end of what it said.
    """
    reports = sorted((documents / REPORTS).glob("*.pdf"))
    with TemporaryDirectory(prefix="footnote-large-") as name:
        folder = Path(name)
        indexed = make(folder, python, INDEXED_PAGES, [documents / REPORTS / LONGEST])
        tell(f"{INDEXED_PAGES} pages: parse, chunk and embed, each timed")
        stages = run_stages(folder, indexed, "--embed")
        tell(f"{INDEXED_PAGES} pages: footnote index")
        command = index(folder, indexed)
        parsed = []
        for pages in PARSED_PAGES:
            tell(f"{pages} pages: parse")
            path = make(folder, python, pages, reports)
            parsed.append(run_stages(folder, path))
        tell(f"{PARSED_PAGES[-1]} pages: through the pipeline, with a stand-in for the embedding model")
        whole = pipeline(folder, path)
    return {
        "machine": dict(about),
        "indexed": {"stages": stages, "command": command},
        "parsed": parsed,
        "pipeline": whole,
    }


def make(folder: Path, python: Path, pages: int, sources: Sequence[Path]) -> Path:
    """A PDF of so many pages."""
    path = folder / f"{pages} pages.pdf"
    _run([python, "-m", "benchmarks.parsing.making", pages, path, *(one.absolute() for one in sources)])
    return path


def run_stages(folder: Path, path: Path, *flags: str) -> dict[str, Any]:
    """What `benchmarks.parsing.stages` measures, and the peak of all its processes together."""
    result = folder / "stages.json"
    peak = _run([sys.executable, "-m", "benchmarks.parsing.stages", path, result, *flags])[1]
    record: dict[str, Any] = json.loads(result.read_text("utf-8"))
    return record | {"file_mb": round(path.stat().st_size / 2**20, 1), "processes_peak_mb": peak}


def index(folder: Path, path: Path) -> dict[str, Any]:
    """The command as people run it, with the start of the program and the loading of the model in its time."""
    program = Path(sys.executable).with_name("footnote")
    seconds, peak = _run([program, "index", path, "--index", folder / "index"])
    return {"seconds": round(seconds, 2), "peak_mb": peak}


def pipeline(folder: Path, path: Path) -> dict[str, Any]:
    """What becomes of a file in the whole pipeline, whose parser has limits of its own; all its processes together."""
    journal = folder / "journal.jsonl"
    module = ["-m", "benchmarks.folders.indexing", "index"]
    seconds, peak = _run([sys.executable, *module, path, folder / "whole", journal, "words"])
    (row,) = read_journal(journal.read_text("utf-8").splitlines()).rows.values()
    kept = {name: row[name] for name in ("status", "reason", "pages", "chunks")}
    return kept | {"seconds": round(seconds, 2), "peak_mb": peak}


def _run(command: Sequence[object]) -> tuple[float, int]:
    """Seconds and the peak of memory in MiB."""
    ended = watch(command, limit_s=LIMIT_S, cwd=ROOT, environment=ENVIRONMENT)
    if ended.status or ended.timed_out:
        raise FootnoteError(f"{command} ended with exit status {ended.status}: {ended.said}")
    return ended.seconds, ended.peak_mb


def tell(message: str) -> None:
    """A line for whoever waits."""
    print(message, file=sys.stderr, flush=True)
