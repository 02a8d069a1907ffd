"""Inject faults into the process that parses, one after the other, and count what of each is left.

    python -m benchmarks.faults [--rounds 200] [--seconds 2]

Each round reads a good file, then one that hangs, allocates without end, crashes, forks, prints or sends what it should
not (benchmarks/parser_faults.py), and then a good file again. After the fault it looks: is the outcome one of those
that are meant, is every process of it gone, within the limit of time plus two seconds, is there a zombie, a file, an
open descriptor? Writes benchmarks/results/faults.json and prints the same; exits with 1 when anything is not as it
should be. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answering import machine, resident_mb
from benchmarks.parser_faults import AS_BEFORE, FAULTS
from indexer.parsing.isolated import Parser
from indexer.parsing.limits import Limits
from indexer.parsing.watching import descendants
from schema import FootnoteError

RESULTS = Path(__file__).parent / "results" / "faults.json"
LOADER = "benchmarks.parser_faults"
GRACE = 2.0
"""Seconds that a worker may take to be gone after its limit."""
GETTING_ON = frozenset({"get_on_slowly", "get_on_and_stop", "get_on_endlessly", "heed_time_in_steps"})
"""Faults that tell of progress, which are held to the limit for all."""
A_WORKER = 2
"""Processes of a worker that waits: its guardian and itself."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one fault came to: how long the reader waited, and what was left once it was told."""

    fault: str
    outcome: str
    is_meant: bool
    seconds: float
    next_seconds: float
    next_is_read: bool
    zombies: int
    processes_left: int
    folders_left: int


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="faults to inject")
    parser.add_argument("--seconds", type=float, default=2.0, help="limit of time for a file")
    arguments = parser.parse_args()
    limits = Limits(
        seconds=arguments.seconds,
        memory_mb=256,
        characters=100_000,
        file_mb=16,
        whole_seconds=2 * arguments.seconds,
    )
    with tempfile.TemporaryDirectory() as folder:
        files, temporary = Path(folder, "files"), Path(folder, "temporary")
        files.mkdir()
        temporary.mkdir()
        tempfile.tempdir = str(temporary)  # so that every process of ours can be told by its environment
        record = inject(arguments.rounds, limits, files, temporary)
    RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(json.dumps(record, indent=2))
    return int(any(record["amiss"].values()))


def inject(rounds: int, limits: Limits, files: Path, temporary: Path) -> dict[str, Any]:
    """All rounds and what they came to."""
    about, opened, done = machine(), count_descriptors(), []
    with Parser(limits, loader=LOADER) as parser:
        read(parser, files, "good")
        memory = resident_mb()
        for number in range(rounds):
            done.append(one_round(parser, list(FAULTS)[number % len(FAULTS)], files, temporary))
            print(f"{number + 1}/{rounds} {done[-1]}", file=sys.stderr)
        grown = resident_mb() - memory
    return {
        "machine": about,
        "limits": {
            "seconds": limits.seconds,
            "whole_seconds": limits.whole_seconds,
            "memory_mb": limits.memory_mb,
            "file_mb": limits.file_mb,
        },
        "rounds": len(done),
        "kinds": len({one.fault for one in done}),
        "amiss": {
            "outcome_not_meant": sum(not one.is_meant for one in done),
            "gone_later_than_the_limit_and_2_s": sum(one.seconds > limit_of(one, limits) + GRACE for one in done),
            "zombies": sum(one.zombies for one in done),
            "processes_left": sum(one.processes_left for one in done),
            "folders_left": sum(one.folders_left for one in done),
            "next_file_not_read": sum(not one.next_is_read for one in done),
            "processes_left_at_the_end": len(marked(temporary)),
            "folders_left_at_the_end": len(list(temporary.iterdir())),
            "descriptors_left_at_the_end": count_descriptors() - opened,
        },
        "parent_grew_mb": grown,
        "longest_s": {outcome: longest(done, outcome) for outcome in sorted({one.outcome for one in done})},
        "next_file_s": spread([one.next_seconds for one in done]),
        "faults": {
            name: {
                "outcomes": dict(Counter(one.outcome for one in done if one.fault == name)),
                "longest_s": round(max(one.seconds for one in done if one.fault == name), 2),
            }
            for name in dict.fromkeys(one.fault for one in done)
        },
    }


def limit_of(one: Round, limits: Limits) -> float:
    """The seconds that a round may take: those of a step, unless its fault tells of progress."""
    return limits.whole_seconds if one.fault in GETTING_ON else limits.seconds


def one_round(parser: Parser, fault: str, files: Path, temporary: Path) -> Round:
    """One fault and the good file after it."""
    error, seconds = read(parser, files, fault)
    found = {pid: state(pid) for pid in {*marked(temporary), *descendants(os.getpid())}}
    folders = len(list(temporary.iterdir()))
    next_error, next_seconds = read(parser, files, "good")
    return Round(
        fault,
        error.__name__ if error else "read",
        error in FAULTS[fault][1],
        round(seconds, 3),
        round(next_seconds, 3),
        next_error is None,
        zombies=sum(one == "Z" for one in found.values()),
        processes_left=len(found) - (A_WORKER if len(found) == A_WORKER else 0),
        folders_left=max(folders - len(found) // A_WORKER, 0),
    )


def read(parser: Parser, files: Path, name: str) -> tuple[type[FootnoteError] | None, float]:
    """Read a file of this name: the error that came of it, and the seconds that it took."""
    path = files / name
    path.write_text(name, "utf-8")
    started = time.monotonic()
    try:
        members = parser.parse(path)
    except FootnoteError as error:
        return type(error), time.monotonic() - started
    seconds = time.monotonic() - started
    assert [member.extraction and member.extraction.text for member in members] == [AS_BEFORE]  # noqa: S101
    return None, seconds


def marked(folder: Path) -> list[int]:
    """Every process of the machine with this folder in its environment, whoever its parent is now."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                environment = (path / "environ").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) in environment:
                found.append(int(path.name))
    return found


def state(pid: int) -> str:
    """The letter of a process's state, ``Z`` for a zombie; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except OSError:
        return ""


def count_descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def longest(rounds: list[Round], outcome: str) -> float:
    """The longest wait for this outcome."""
    return round(max(one.seconds for one in rounds if one.outcome == outcome), 2)


def spread(values: list[float]) -> dict[str, float]:
    """p50, p95 and maximum."""
    points = np.percentile(values, (50, 95, 100)).tolist()
    return dict(zip(("p50", "p95", "max"), (round(point, 3) for point in points), strict=True))


if __name__ == "__main__":
    sys.exit(main())
