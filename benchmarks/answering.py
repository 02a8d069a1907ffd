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
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from eval.records import EvalCase
from eval.sets.questions import load_questions
from pipeline import Footnote
from schema import Answer, Answered
from settings import load_settings

ROOT = Path(__file__).parent.parent
QUESTIONS = ROOT / "eval" / "samples" / "questions.yaml"
RESULTS = Path(__file__).parent / "results" / "answering.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with its answer."""

    case: EvalCase
    answer: Answer


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds scifact/corpus.jsonl")
    parser.add_argument("--index", type=Path, default=Path("/tmp/footnote-benchmark"), help="folder of the index")  # noqa: S108
    parser.add_argument("--limit", type=int, help="ask only the first questions")
    parser.add_argument("--quotes-only", action="store_true", help="measure the evidence alone")
    arguments = parser.parse_args()
    settings, _ = load_settings({"index": arguments.index})
    footnote = Footnote(settings, create=True)
    indexing = build_index(footnote, arguments)
    footnote.warm_up()
    cases = load_questions(QUESTIONS)[: arguments.limit]
    asked = [ask(footnote, case, quotes_only=arguments.quotes_only) for case in cases]
    record = {"machine": machine(), "llm": footnote.status(), "indexing": indexing} | measure(footnote, asked)
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


def ask(footnote: Footnote, case: EvalCase, *, quotes_only: bool) -> Asked:
    """Ask one question and say how it went."""
    for event in footnote.ask(case.question, quotes_only=quotes_only):
        if isinstance(event, Answered):
            answer = event.answer
    mark = "-" if answer.abstained else "+"
    print(f"{mark} {'no answer' if case.unanswerable else '':<10}{case.question}\n    {answer.answer}", file=sys.stderr)
    return Asked(case, answer)


def measure(footnote: Footnote, asked: Sequence[Asked]) -> dict[str, Any]:
    """Times, memory and shares over all questions."""
    answerable = [one for one in asked if not one.case.unanswerable]
    others = [one for one in asked if one.case.unanswerable]
    written = [one.answer.timings for one in asked if one.answer.timings.first_token_ms is not None]
    return {
        "questions": {"answerable": len(answerable), "unanswerable": len(others), "written_by_model": len(written)},
        "quotes_ms": spread([one.answer.timings.quotes_ms for one in asked]),
        "first_token_ms": spread([timings.first_token_ms for timings in written]),
        "total_ms_when_written": spread([timings.total_ms for timings in written]),
        "answer_holds_expected": share(answerable, lambda one: holds(one.answer.answer, one.case)),
        "answer_or_citation_holds_expected": share(answerable, answered_or_cited),
        "quotes_hold_expected_at_3": share(answerable, lambda one: quoted(one, 3)),
        "quotes_hold_expected_at_5": share(answerable, lambda one: quoted(one, 5)),
        "false_refusals": share(answerable, lambda one: one.answer.abstained),
        "false_answers": share(others, lambda one: not one.answer.abstained),
        "sentences_cited": share([s for one in asked for s in one.answer.sentences], lambda s: bool(s.citations)),
        "quotes_verbatim": verbatim(footnote, asked),
        "resident_memory_mb": resident_mb(),
    }


def holds(text: str, case: EvalCase) -> bool:
    """Whether a text holds one of the accepted answers, in any case and spacing."""
    flat = " ".join(text.lower().split())
    return any(" ".join(answer.lower().split()) in flat for answer in case.answers)


def answered_or_cited(one: Asked) -> bool:
    """Whether the answer or a quote that it cites holds an accepted answer."""
    return any(holds(text, one.case) for text in (one.answer.answer, *(quote.quote for quote in one.answer.citations)))


def quoted(one: Asked, depth: int) -> bool:
    """Whether one of the first quotes holds an accepted answer."""
    return any(holds(quote.quote, one.case) for quote in one.answer.quotes[:depth])


def verbatim(footnote: Footnote, asked: Sequence[Asked]) -> str:
    """How many of all quotes and citations stand in their source at their offsets, character for character."""
    quotes = [quote for one in asked for quote in (*one.answer.quotes, *one.answer.citations)]
    texts = {quote.source: footnote.text(quote.source) for quote in quotes}
    good = sum(texts[quote.source][quote.start : quote.end] == quote.quote for quote in quotes)
    return f"{good} of {len(quotes)}"


def share(items: Sequence[Any], claim: Any) -> float | None:
    """The share of items for which a claim is true; ``None`` without items."""
    return round(sum(bool(claim(item)) for item in items) / len(items), 3) if items else None


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
