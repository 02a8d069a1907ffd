"""Every stage of retrieval on question sets in BEIR form: how well it ranks, how fast, and whether one beats another.

    python -m benchmarks.retrieval --data FOLDER                        the sets below, each a folder in FOLDER
    python -m benchmarks.retrieval --data FOLDER --sets scifact --limit 100

Each figure is worked out a second time by ir_measures, and the largest difference over all questions, stages and
measures is printed. Milliseconds are of ranking as deep as recall@100 needs, by documents; benchmarks/latency.py has
those of a search. The index of each set stays in --work, so that a second run only searches; the values of every
question are written there as SET.tsv. Writes benchmarks/results/retrieval.json a set at a time, unless --limit is
given.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answering import machine
from benchmarks.measures import THEIRS, measure_elsewhere
from eval.records import Run
from eval.retrieval import MEASURED, RetrievalResult, depth_for, evaluate_retrieval, format_table, format_tests
from eval.retrieval import result_to_dict as to_dict
from eval.runs.asking import fingerprint_of
from eval.runs.experiments import UNTOLD, asked_over
from schema import Progress
from settings import Settings, load_settings

RESULTS = Path(__file__).parent / "results" / "retrieval.json"
SETS = ("scifact", "squad2", "conditionalqa", "clapnq_dev", "medquad_liveqa")


def main() -> None:
    """Run the benchmark."""
    arguments = read_arguments(__doc__, SETS, RESULTS)
    settings, _ = load_settings({"runs": arguments.work})
    for name in arguments.sets:
        record, result = measure_set(arguments.data / name, settings, arguments.limit)
        show(name, record, result)
        write_questions(arguments.work / f"{name}.tsv", result.runs)
        if arguments.out:
            add_to(arguments.out, name, record)


def read_arguments(description: str | None, sets: Sequence[str], results: Path) -> argparse.Namespace:
    """What a benchmark over sets was told: ``data``, ``sets``, ``limit``, ``work``, and ``out``, if anywhere."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--sets", nargs="+", default=sets, metavar="SET", help="names of folders in it")
    parser.add_argument("--limit", type=int, help="ask a sample of so many questions of each set")
    parser.add_argument("--work", type=Path, default=Path("/tmp/footnote-retrieval"), help="folder of the indexes")  # noqa: S108
    parser.add_argument("--out", type=Path, help="file of the results; without --limit, the project's own by default")
    arguments = parser.parse_args()
    arguments.out = arguments.out or (None if arguments.limit else results)
    return arguments


def measure_set(folder: Path, settings: Settings, limit: int | None = None) -> tuple[dict[str, Any], RetrievalResult]:
    """Index a set where that is to do, ask every stage every question that names a document, and measure it twice."""
    told = by_tenths(folder.name)
    with asked_over(folder, settings, limit, 0 if limit else None, on_progress=told, on_message=print) as asked:
        footnote, cases = asked
        chunks = [info.chunks for info in footnote.sources()]
        stages = partial(footnote.stages, depth=depth_for(chunks))
        fingerprint = fingerprint_of(footnote, cases)
        rerank_tokens = footnote.parts.rerank_tokens if footnote.parts.reranker else 0
        started = time.perf_counter()
        result = evaluate_retrieval(cases, stages, fingerprint=fingerprint, on_progress=told)
    about = {
        "machine": machine(),
        "documents": len(chunks),
        "chunks": sum(chunks),
        "depth": depth_for(chunks),
        "seconds": round(time.perf_counter() - started, 1),
        "settings": settings.model_dump(mode="json", exclude=UNTOLD | {"index"}),
        "rerank_tokens": rerank_tokens,
        "largest_difference_to_ir_measures": largest_difference(result.runs.values()),
    }
    return about | to_dict(result), result


def largest_difference(runs: Iterable[Run]) -> float:
    """How far any value of any question is from the one that ir_measures gives the same ranking."""
    return max(
        float(np.abs(run.columns[measure] - values).max())
        for run in runs
        for measure, values in measure_elsewhere(run.cases, scores_of(run)).items()
    )


def scores_of(run: Run) -> dict[str, dict[str, float]]:
    """The ranking of each question as scores that count down to 1."""
    return {
        outcome.question_id: {span.source: float(score) for span, score in counted_down(outcome.passages)}
        for outcome in run.outcomes
    }


def counted_down(spans: Sequence[Any]) -> Iterable[tuple[Any, int]]:
    """Each with the number of those from it to the last one."""
    return zip(spans, range(len(spans), 0, -1), strict=True)


def show(name: str, record: Mapping[str, Any], result: RetrievalResult) -> None:
    """The table of a set, the sentence on its pipeline, and the tests."""
    rows = format_table(result)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print(f"\n{name}: {record['questions']} questions, {record['documents']} documents, {record['chunks']} chunks")
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for sentence in format_tests(result):
        print(sentence)
    far = record["largest_difference_to_ir_measures"]
    print(f"Largest difference to ir_measures, of {len(THEIRS)} measures: {far:.1e}", flush=True)


def write_questions(path: Path, runs: Mapping[str, Run]) -> None:
    """The measures of every question by every stage, as a table with tabs between."""
    lines = ["\t".join(("question", "stage", *MEASURED))]
    for name, run in runs.items():
        for row, case in enumerate(run.cases):
            values = (f"{run.columns[measure][row]:.6f}" for measure in MEASURED)
            lines.append("\t".join((json.dumps(case.question_id)[1:-1], name, *values)))
    path.write_text("\n".join(lines) + "\n", "utf-8")


def add_to(path: Path, name: str, record: dict[str, Any]) -> None:
    """Put a set's record into the file of results in the place of an older one; the others stay as they are."""
    held = json.loads(path.read_text("utf-8")) if path.exists() else {"sets": {}}
    held["sets"][name] = record
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(held, indent=2) + "\n", "utf-8")


def by_tenths(name: str) -> Callable[[Progress], None]:
    """Tells of each tenth of the documents indexed and of the questions asked."""
    told = {"": 0}

    def tell(progress: Progress) -> None:
        tenths = 10 * progress.done // max(progress.total, 1)
        if tenths > told.get(progress.unit, 0):
            print(f"{name}: {progress.done:,} of {progress.total:,} {progress.unit}", file=sys.stderr, flush=True)
            told[progress.unit] = tenths

    return tell


if __name__ == "__main__":
    main()
