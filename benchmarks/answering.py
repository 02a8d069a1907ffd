"""Ask the sample questions and measure: speed to quotes, first word and whole answer, memory, and what was answered.

    python -m benchmarks.answering                      over samples/ alone
    python -m benchmarks.answering --data FOLDER        with FOLDER/scifact/corpus.jsonl (BEIR form) in the same index

Writes benchmarks/results/answering.json and prints the same as a table. The index is kept in --index and made once.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from eval.measures import summarise, tabulate
from eval.records import EvalCase, Outcome
from eval.runs.asking import answerer
from eval.sets.grounding import ground
from eval.sets.questions import load_questions
from pipeline import Footnote, check_statement
from settings import load_settings

ROOT = Path(__file__).parent.parent
QUESTIONS = ROOT / "eval" / "samples" / "questions.yaml"
RESULTS = Path(__file__).parent / "results" / "answering.json"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds scifact/corpus.jsonl")
    parser.add_argument("--index", type=Path, default=Path("/tmp/footnote-benchmark"), help="folder of the index")  # noqa: S108
    parser.add_argument("--limit", type=int, help="ask only the first questions")
    arguments = parser.parse_args()
    settings, _ = load_settings({"index": arguments.index})
    footnote = Footnote(settings, create=True)
    indexing = build_index(footnote, arguments)
    footnote.warm_up()
    cases = ground(load_questions(QUESTIONS)[: arguments.limit], footnote).cases
    ask = answerer(footnote)
    outcomes = [tell(case, ask(case, threading.Event())) for case in cases]
    record = {"machine": machine(), "llm": footnote.status(), "indexing": indexing} | measure(cases, outcomes)
    footnote.close()
    RESULTS.parent.mkdir(exist_ok=True)
    if not arguments.limit:
        RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(json.dumps(record, indent=2))


def build_index(footnote: Footnote, arguments: argparse.Namespace) -> dict[str, Any]:
    """Index the samples and, when there are some, the abstracts; what is there already costs a hash."""
    paths = [ROOT / "samples"]
    if arguments.data:
        paths.append(write_abstracts(arguments.data / "scifact" / "corpus.jsonl", arguments.index / "abstracts"))
    report = footnote.index(paths)
    chunks = sum(info.chunks for info in footnote.sources())
    return {"documents": len(footnote.sources()), "chunks": chunks, "new": report.count("indexed"), "s": report.seconds}


def write_abstracts(corpus: Path, folder: Path) -> Path:
    """One text file for each abstract."""
    folder.mkdir(parents=True, exist_ok=True)
    with corpus.open("r", encoding="utf-8") as lines:
        for document in map(json.loads, lines):
            (folder / f"{document['_id']}.md").write_text(f"# {document['title']}\n\n{document['text']}\n", "utf-8")
    return folder


def tell(case: EvalCase, outcome: Outcome) -> Outcome:
    """Say how a question went."""
    mark, kind = "-" if outcome.abstained else "+", "no answer" if case.unanswerable else ""
    print(f"{mark} {kind:<10}{case.question}\n    {outcome.answer}", file=sys.stderr)
    return outcome


def measure(cases: Sequence[EvalCase], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Every measure of evaluation over these questions, with the quotes counted and the memory that it took."""
    figures = summarise(tabulate(cases, outcomes, check_statement))
    unanswerable = sum(case.unanswerable for case in cases)
    stood, shown = np.sum([outcome.verbatim or (0, 0) for outcome in outcomes], axis=0)
    return {
        "questions": {"answerable": len(cases) - unanswerable, "unanswerable": unanswerable},
        "measures": {name: None if value is None else round(value, 3) for name, value in figures.items()},
        "quotes_verbatim": f"{stood} of {shown}",
        "resident_memory_mb": resident_mb(),
    }


def spread(values: Sequence[float | None]) -> dict[str, float]:
    """p50, p95 and maximum, in the values' unit."""
    known = [value for value in values if value is not None]
    if not known:
        return {}
    return {
        "p50": round(float(np.median(known))),
        "p95": round(float(np.percentile(known, 95))),
        "max": round(max(known)),
    }


def resident_mb() -> int:
    """Resident memory of this process now, in MiB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


def machine() -> dict[str, Any]:
    """What this was measured on."""
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "load_at_start": round(os.getloadavg()[0], 2),
        "commit": commit.stdout.strip(),
        "date": datetime.now(UTC).date().isoformat(),
        "seconds_of_uptime": round(time.monotonic()),
    }


if __name__ == "__main__":
    main()
