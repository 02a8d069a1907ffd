"""Kills, faults, damage, power loss and any order of operations: what an index is after each, and what was found wrong.

    python -m benchmarks.crashes [--parts points random errors mutations machine writers power] [--limit N] [--out FILE]

- points: SIGKILL at every call by which a command changes a file (strace injects it).
- random: SIGKILL at random moments of indexing runs.
- errors: ENOSPC, EIO and EINTR at each of those calls, and a real full disk.
- mutations: damage to every file of an index.
- machine: any order of operations beside a dictionary.
- writers: two writers of one index, one of them killed.
- power: states that a disk may have after power loss, in which what was not synced is dropped or torn.

Prints a table and writes the figures to a file; without --limit to benchmarks/results/crashes.json. A zero counts for
as much as was tried.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before FAISS is loaded: its threads would only wait for each other

from benchmarks.crashes import MEMORY, faults, machine, mutations, points, power, random_kills, writers
from benchmarks.crashes.tracing import strace

RESULTS = Path(__file__).parents[1] / "results" / "crashes.json"
TRACED = ("points", "errors", "power")
SHOWN_FAULTS = 20


def main() -> None:
    """Run the benchmark."""
    arguments = _parser().parse_args()
    out = arguments.out or (RESULTS if arguments.limit is None else None)
    record = json.loads(out.read_text("utf-8")) if out and out.exists() else {}
    for name in arguments.parts:
        if name in TRACED and strace() is None:
            print(f"{name}: left out, as strace is not installed here")
            continue
        started, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix=f"crashes-{name}-", dir=arguments.work))
        try:
            found = _measures(arguments)[name](folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        record[name] = {"seconds": round(time.monotonic() - started), **found}
        print(_shown(name, record[name]), flush=True)
    if out == RESULTS:
        from benchmarks.answering import machine as computer  # noqa: PLC0415  (not before the forks: it is large)

        record["machine"] = computer()
    if out:
        out.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _measures(arguments: argparse.Namespace) -> dict[str, Callable[[Path], dict[str, Any]]]:
    limit, processes = arguments.limit, arguments.processes
    return {
        "points": lambda work: points.measure(work, processes, limit),
        "random": lambda work: random_kills.measure(work, processes, limit or 1000),
        "errors": lambda work: faults.measure(work, processes, limit),
        "mutations": lambda work: mutations.measure(work, processes, limit or 5000),
        "machine": lambda _: machine.measure(processes, limit or 2000),
        "writers": lambda work: writers.measure(work, limit or 100),
        "power": lambda work: power.measure(work, processes, limit or 1000),
    }


def _shown(name: str, found: dict[str, Any]) -> str:
    """The figures of one part, and the first of what was wrong."""
    lines = [f"\n{name}:"]
    for key, value in found.items():
        if key != "faults":
            lines.append(f"  {key:36} {json.dumps(value, ensure_ascii=False)}")
    wrong = found["faults"]
    return "\n".join([*lines, f"  {'faults':36} {len(wrong)}", *(f"    {one}" for one in wrong[:SHOWN_FAULTS])])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("points", "random", "errors", "mutations", "machine", "writers", "power")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts, help="what to measure")
    parser.add_argument("--limit", type=int, help="only about so many trials of each part")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the figures go")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--work", type=Path, default=MEMORY, help="folder to work in")
    return parser


if __name__ == "__main__":
    main()
