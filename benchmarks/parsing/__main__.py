"""Measure how faithfully Footnote and other readers read files, and how large a PDF may be.

    python -m benchmarks.parsing --data FOLDER                                all of it, FOLDER holds documents/
    python -m benchmarks.parsing --data FOLDER --formats pdf docx --readers footnote pypdf
    python -m benchmarks.parsing --data FOLDER --parts large                  100 pages indexed, 2,000 pages parsed

Every reader reads every file in a process of its own, with limits; the other readers live in an environment of their
own (docs/parsing.md says how to set it up). Writes benchmarks/results/parsing.json: the parts, formats and readers that
were measured replace those in it, the others stay.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.answering import machine
from benchmarks.parsing.large import measure_large
from benchmarks.parsing.pairs import Pair, find_pairs
from benchmarks.parsing.readers import READERS, Reader
from benchmarks.parsing.reading import ROOT, read_with
from benchmarks.parsing.reporting import figures, standings, table

RESULTS = Path(__file__).parents[1] / "results" / "parsing.json"
PARTS = ("fidelity", "large")


def main() -> int:
    """Run the parts."""
    arguments = parse(sys.argv[1:])
    if not arguments.python.exists() and set(arguments.readers) != {"footnote"}:
        print(f"There is no {arguments.python}: docs/parsing.md says how to set it up.", file=sys.stderr)
        return 1
    record = json.loads(arguments.out.read_text("utf-8")) if arguments.out.exists() else {}
    if "fidelity" in arguments.parts:
        record["fidelity"] = fidelity(arguments, record.get("fidelity", {}))
        write(arguments.out, record)
    if "large" in arguments.parts:
        record["large"] = measure_large(arguments.data / "documents", arguments.python, machine())
        write(arguments.out, record)
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.parsing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds documents/")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--formats", nargs="+", default=[], metavar="FORMAT", help="extensions, or ocr for scans")
    parser.add_argument("--readers", nargs="+", choices=READERS, default=list(READERS), metavar="READER")
    parser.add_argument("--limit-s", type=float, default=120, help="seconds for one file")
    parser.add_argument(
        "--python", type=Path, default=ROOT / ".venv-parsers" / "bin" / "python", help="the other readers' Python"
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help=f"by default {RESULTS.relative_to(ROOT)}")
    return parser.parse_args(arguments)


def fidelity(arguments: argparse.Namespace, before: dict[str, Any]) -> dict[str, Any]:
    """Read all pairs with all readers; rows of the record that are not measured again stay."""
    about = machine()
    pairs = find_pairs(arguments.data / "documents", arguments.formats)
    readers = [READERS[name] for name in READERS if name in arguments.readers]
    rows = read_all(pairs, readers, arguments)
    measured = {(row["group"], row["reader"]) for row in rows}
    kept = [row for row in before.get("files", ()) if (row["group"], row["reader"]) not in measured]
    rows = sorted([*kept, *rows], key=lambda row: (row["group"], row["file"], list(READERS).index(row["reader"])))
    found = figures(rows)
    for group, by_reader in found.items():
        print(f"\n{group}\n{table(by_reader)}", flush=True)
    versions = before.get("versions", {}) | {row["reader"]: row["versions"] for row in rows if row.get("versions")}
    files = [{name: value for name, value in row.items() if name != "versions"} for row in rows]
    return {"machine": about, "versions": versions, "groups": found, "standings": standings(rows), "files": files}


def read_all(pairs: Sequence[Pair], readers: Sequence[Reader], arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Every reader on every file that it says it reads, with a line of progress for each file."""
    rows, started = [], time.monotonic()
    for number, pair in enumerate(pairs, start=1):
        told = []
        for reader in readers:
            if reader.formats and pair.path.suffix[1:].lower() not in reader.formats:
                continue
            reading = read_with(reader, pair, arguments.python, limit_s=arguments.limit_s)
            rows.append(reading.to_dict())
            wrong, of = reading.counts.words
            told.append(f"{reader.name} {'-' if reading.problem else f'{100 * wrong / max(of, 1):.0f}%'}")
        left = (time.monotonic() - started) / number * (len(pairs) - number) / 60
        print(
            f"{number}/{len(pairs)} {pair.group} {pair.path.name}: {', '.join(told)}; {left:.0f} min left",
            file=sys.stderr,
            flush=True,
        )
    return rows


def write(path: Path, record: dict[str, Any]) -> None:
    """The record, one line for each file."""
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
