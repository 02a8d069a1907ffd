"""One reading: a reader and a file in a process of its own, then compared with the reference."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.parsing import markdown
from benchmarks.parsing.measures import Counts, compare
from benchmarks.parsing.pairs import Pair
from benchmarks.parsing.readers import Reader
from benchmarks.parsing.seeing import Seen, seen
from benchmarks.parsing.watched import Ended, watch

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "OMP_NUM_THREADS": "2",
    "PYTHONWARNINGS": "ignore",
}
"""Of every measured process: nothing is fetched."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader made of one file: its counts, or why there are none, and what it took."""

    pair: Pair
    reader: str
    counts: Counts
    problem: str
    took: Mapping[str, Any]
    found: Seen

    def to_dict(self) -> dict[str, Any]:
        """For the record; the text itself is left out."""
        return {
            "file": self.pair.path.name,
            "group": self.pair.group,
            "reader": self.reader,
            "problem": self.problem,
            **self.took,
            **self.counts.to_dict(),
        }


def read_with(reader: Reader, pair: Pair, python: Path, *, limit_s: float) -> Reading:
    """Read a file in a process of its own, and compare what came with the reference.

    Args:
        reader: which.
        pair: the file with its reference.
        python: interpreter of the readers' environment; Footnote runs in this process's own.
        limit_s: seconds after which the process is ended.
    """
    with TemporaryDirectory(prefix="footnote-parsing-") as folder:
        result = Path(folder) / "result.json"
        interpreter = Path(sys.executable) if reader.own else python
        command = [interpreter, "-m", "benchmarks.parsing.worker", reader.name, pair.path.absolute(), result]
        ended = watch(command, limit_s=limit_s, cwd=ROOT, environment=ENVIRONMENT)
        record = json.loads(result.read_text("utf-8")) if ended.status == 0 and result.is_file() else {}
    problem = record.get("problem") or ("" if record else _end(ended, limit_s))
    problem = problem.replace(f"{pair.path.parent.absolute()}/", "")
    found = seen_by(record.get("seen", {"pieces": []}))
    reference = seen(markdown.pieces(pair.reference.read_text("utf-8")))
    took = {name: record.get(name) for name in ("read_s", "import_s", "imported_mb", "versions")}
    took["peak_mb"] = max(record.get("peak_mb", 0), ended.peak_mb)
    return Reading(pair, reader.name, compare(reference, found), problem, took, found)


def seen_by(result: Mapping[str, Any]) -> Seen:
    """What a reader returned, in the form that is compared."""
    if "markdown" in result:
        return seen(markdown.pieces(result["markdown"]))
    if "text" in result:
        return seen([("text", result["text"])], rows=result.get("rows"), is_structured=False)
    return seen([(kind, content) for kind, content in result["pieces"]])


def _end(ended: Ended, limit_s: float) -> str:
    if ended.timed_out:
        return f"Not done after {limit_s:.0f} s."
    last = ended.said.strip().rpartition("\n")[2]
    return f"The process ended with exit status {ended.status}. {last}".strip()
