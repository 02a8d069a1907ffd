"""Measure Footnote and other systems on the same texts, questions and machine, one after the other.

    make peers DATA=FOLDER/scifact                                   all of it; sets the peers' environment up
    python -m benchmarks.peers --data FOLDER/scifact --limit 500 --repeats 1 --peers langchain footnote

Each system runs in a process of its own, with the same embedding model in float32 (Footnote with its default weights,
which are made from the same model), offline. Rounds go through all systems before the next begins. Prints a table and
writes benchmarks/results/peers.json, unless documents are limited and no other file is named.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.answering import ROOT, machine
from benchmarks.peers.choosing import choose
from benchmarks.peers.reporting import legend, rows_of, table
from benchmarks.peers.running import EMBEDDER, Bench
from benchmarks.peers.systems import SYSTEMS
from eval.records import EvalCase
from eval.sets.beir import load_beir, read_corpus
from schema import FootnoteError, TextDocument

RESULTS = Path(__file__).parents[1] / "results" / "peers.json"
CHECKED_TEXTS = 16


def main() -> int:
    """Run the comparison; 1 when a system failed."""
    arguments = parse(sys.argv[1:])
    try:
        return compare(arguments)
    except FootnoteError as error:
        print(error, file=sys.stderr)
        return 1


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="question set in BEIR form")
    parser.add_argument(
        "--peers",
        nargs="+",
        choices=SYSTEMS,
        default=list(SYSTEMS),
        metavar="NAME",
        help=f"some of: {', '.join(SYSTEMS)}",
    )
    parser.add_argument("--limit", type=int, help="only so many documents, those with evidence first")
    parser.add_argument("--questions", type=int, default=300, help="questions that are searched for")
    parser.add_argument("--chunks", type=int, default=30, help="chunks asked for; ten documents should be among them")
    parser.add_argument("--repeats", type=int, default=2, help="rounds; the lowest times count")
    parser.add_argument(
        "--python", type=Path, default=ROOT / ".venv-peers" / "bin" / "python", help="the peers' Python"
    )
    parser.add_argument("--out", type=Path, help=f"result file; by default {RESULTS.relative_to(ROOT)}")
    return parser.parse_args(arguments)


def compare(arguments: argparse.Namespace) -> int:
    """Measure, print and write."""
    if not arguments.python.exists():
        raise FootnoteError(f"There is no {arguments.python}. Set the peers up with: make peers DATA={arguments.data}")
    cases, documents = choose(
        load_beir(arguments.data),
        list(read_corpus(arguments.data)),
        questions=arguments.questions,
        limit=arguments.limit,
    )
    record: dict[str, Any] = {
        "machine": machine(),
        "set": arguments.data.name,
        "documents": len(documents),
        "questions": len(cases),
        "chunks_asked_for": arguments.chunks,
        "rounds": arguments.repeats,
    }
    with TemporaryDirectory(prefix="footnote-peers-") as folder:
        bench = Bench(arguments.python.absolute(), Path(folder))
        model, cosine = bench.convert_model([one.text for one in documents[:CHECKED_TEXTS]])
        record["model"] = {"name": EMBEDDER, "lowest_cosine_to_onnx": round(cosine, 6)}
        task = write_task(Path(folder) / "task.json", model, arguments.chunks, cases, documents)
        rounds = measure_all(bench, task, arguments)
    rows = rows_of(rounds, cases)
    record |= {"rows": rounded(rows), "systems": {name: describe(name, found) for name, found in rounds.items()}}
    print(f"{table(rows)}\n\n{legend([name for name, found in rounds.items() if found])}")
    out = arguments.out or (RESULTS if arguments.limit is None else None)
    if out:
        out.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    return 0 if all(len(found) == arguments.repeats for found in rounds.values()) else 1


def write_task(
    path: Path, model: Path, chunks: int, cases: Sequence[EvalCase], documents: Sequence[TextDocument]
) -> Path:
    """What every system is given."""
    task = {
        "model": str(model),
        "chunks": chunks,
        "documents": [(one.path, one.title, one.text) for one in documents],
        "questions": [(case.question_id, case.question) for case in cases],
    }
    path.write_text(json.dumps(task), "utf-8")
    return path


def measure_all(bench: Bench, task: Path, arguments: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """The figures of each system and round; a system that fails is told of and has fewer."""
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in arguments.peers}
    for number in range(1, arguments.repeats + 1):
        for name, found in rounds.items():
            print(f"round {number} of {arguments.repeats}: {name}", file=sys.stderr, flush=True)
            try:
                found.append(bench.measure(SYSTEMS[name], task))
            except FootnoteError as error:
                print(error, file=sys.stderr, flush=True)
    return rounds


def describe(name: str, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A system for the record: what it is, and what else was seen of it."""
    system = SYSTEMS[name]
    told = {"uses": system.uses, "saves": system.saves, "index_s_by_round": [round(one["index_s"], 2) for one in found]}
    if not found:
        return told | {"failed": True}
    others = ("torch_threads", "memory_after_load_mb", "memory_after_index_mb", "versions")
    return told | {name: found[0][name] for name in others}


def rounded(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with four digits after the point."""
    return [{name: round(one, 4) if isinstance(one, float) else one for name, one in row.items()} for row in rows]


if __name__ == "__main__":
    sys.exit(main())
