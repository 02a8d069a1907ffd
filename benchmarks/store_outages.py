"""What indexing and asking come to when the store that searches is killed, stopped or cut off, and how soon it is over.

    .venv-scale/bin/python -m benchmarks.store_outages [--rounds 5] [--work FOLDER]

Puts a store (Milvus Lite behind a port, benchmarks/lite_server.py) and Footnote's commands into network namespaces of
their own, with a pair of virtual network cards between them: it wants root and `ip netns`, and the packages of `make
scale`. First `footnote index` is struck in the middle of a write (benchmarks/store_writing.py), then questions to
`footnote serve` on their way to the store (benchmarks/store_asking.py). Writes benchmarks/results/store_outages.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import store_asking
from benchmarks.answering import ROOT, machine
from benchmarks.namespaces import within
from benchmarks.store_stand import CABLE, Stand
from benchmarks.store_writing import Writing

RESULTS = Path(__file__).parent / "results" / "store_outages.json"


def main() -> None:
    """Run the benchmark, or the part of it that runs beside Footnote's commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="of each kind")
    parser.add_argument("--only", choices=["writing", "asking"], help="one part alone; the other's record stays")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        before = json.loads(RESULTS.read_text("utf-8")) if arguments.only and RESULTS.exists() else {}
        record = before | measured(arguments.inside, arguments.rounds, arguments.only)
        RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
        return
    work = Path(tempfile.mkdtemp(prefix="footnote-outages-"))
    try:
        CABLE.lay()
        command = [sys.executable, "-m", "benchmarks.store_outages", *sys.argv[1:], "--inside", str(work)]
        subprocess.run(within(CABLE.near, *command), cwd=ROOT, check=True)
    finally:
        CABLE.remove()
        shutil.rmtree(work)


def measured(work: Path, rounds: int, only: str | None) -> dict[str, Any]:
    """Both parts, or one, over an index of their own."""
    record: dict[str, Any] = {"machine": machine()}
    stand = Stand(work)
    try:
        writing = Writing(stand)
        if only == "asking":
            writing.prepare()
        else:
            record["writing"] = writing.measured(rounds)
        if only != "writing":
            writing.fill()
            record["asking"] = store_asking.measured(stand, rounds)
        return record
    finally:
        stand.store.kill()


if __name__ == "__main__":
    main()
