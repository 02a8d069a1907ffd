"""Index a hostile folder: the files of all collections of documents, links, a pipe, and a hundred good files.

    python -m benchmarks.folders --data FOLDER                     FOLDER holds documents/
    python -m benchmarks.folders --data FOLDER --embedder real     with the embedding model, which takes longer

The pipeline runs in a process of its own. When that process dies, or gives no sign of life for --stuck-s seconds, it is
counted, the files that it was reading are taken out of the folder, and it is started again. At the end every file must
have a row with a status, and what is left out a reason of one sentence, and each good file must be found by its
question. Writes benchmarks/results/folders.json, unless --limit is given.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.answering import ROOT, machine
from benchmarks.folders.good_files import GoodFile, good_files, write_all
from benchmarks.folders.reasons import faults, kinds
from benchmarks.parsing.watched import Ended, watch

RESULTS = Path(__file__).parents[1] / "results" / "folders.json"
MOST_STARTS = 20
ODD = "odd entries"
SHOWN = 15
TELL_S = 15.0


def main() -> int:
    """Run the benchmark; 1 when anything went wrong that must not."""
    arguments = parse(sys.argv[1:])
    about = machine()
    with TemporaryDirectory(prefix="footnote-folders-") as name:
        run = Run(Path(name), arguments)
        run.fill()
        run.index()
        record = {"machine": about, "embedder": arguments.embedder} | run.record(run.search())
    print(told(record))
    if arguments.limit is None or arguments.out != RESULTS:
        arguments.out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 0 if is_sound(record) else 1


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.folders", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds documents/")
    parser.add_argument("--embedder", choices=("words", "real"), default="words")
    parser.add_argument("--limit", type=int, help="only so many files of each collection")
    parser.add_argument("--stuck-s", type=float, default=180, help="seconds without a sign of life")
    parser.add_argument("--minutes", type=float, default=20, help="for indexing, at most")
    parser.add_argument("--out", type=Path, default=RESULTS, help=f"by default {RESULTS.relative_to(ROOT)}")
    return parser.parse_args(arguments)


@dataclass(slots=True)
class Seen:
    """What the journal of a run says."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    reading: set[str] = field(default_factory=set)
    is_done: bool = False


def read_journal(lines: Sequence[str]) -> Seen:
    """Rows by path, the last of each; seconds by file; and the files that were begun and not ended.

    A file that a run after a crash calls unchanged keeps the row that it had.
    """
    seen = Seen()
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:  # the last line of a process that died
            continue
        if "began" in event:
            seen.reading.add(event["began"])
        elif "read" in event:
            seen.reading.discard(event["read"])
            seen.seconds[event["read"]] = event["seconds"]
        elif "file" in event and (event["file"]["status"] != "unchanged" or event["file"]["path"] not in seen.rows):
            seen.rows[event["file"]["path"]] = event["file"]
        seen.is_done = seen.is_done or "all" in event
    return seen


class Run:
    """One folder, its index and what happened."""

    def __init__(self, folder: Path, arguments: argparse.Namespace) -> None:
        self.drive, self.store, self.journal = folder / "drive", folder / "index", folder / "journal.jsonl"
        self.arguments = arguments
        self.good: list[GoodFile] = []
        self.ends: list[dict[str, Any]] = []
        self.seconds, self.peak_mb, self.left, self._outside = 0.0, 0, 0, folder / "taken out"

    def fill(self) -> None:
        """Copy the collections, and put the good files among theirs."""
        documents = self.arguments.data / "documents"
        for source in sorted(path for path in documents.rglob("*") if path.is_file()):
            target = self.drive / source.relative_to(documents)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        if self.arguments.limit is not None:
            for folder in self.drive.iterdir():
                for path in sorted(path for path in folder.rglob("*") if path.is_file())[self.arguments.limit :]:
                    path.unlink()
        folders = tuple(sorted(path.name for path in self.drive.iterdir() if path.is_dir()))
        self.good = good_files(folders)
        write_all(self.good, self.drive)
        make_odd_entries(self.drive / ODD)

    def index(self) -> None:
        """Index until the pipeline says that it is done, or it is hopeless."""
        until = time.monotonic() + 60 * self.arguments.minutes
        for _ in range(MOST_STARTS):
            self.journal.touch()
            command = self._command("index", self.drive, self.journal)
            ended = watch(command, limit_s=until - time.monotonic(), cwd=ROOT, is_stuck=self._stuck())
            self.seconds += ended.seconds
            self.peak_mb, self.left = max(self.peak_mb, ended.peak_mb), self.left + ended.left
            seen = self.seen()
            if seen.is_done and ended.status == 0:
                return
            if time.monotonic() > until:
                self.ends.append({"how": "out of time", "status": ended.status, "said": "", "reading": []})
                return
            self._blame(ended, seen)

    def search(self) -> list[str]:
        """The good files that their question does not find."""
        questions, result = self.journal.with_name("questions.json"), self.journal.with_name("found.json")
        questions.write_text(json.dumps([file.question for file in self.good]), "utf-8")
        ended = watch(self._command("search", questions, result), limit_s=600, cwd=ROOT)
        if ended.status:
            self.ends.append({"how": "searching failed", "said": ended.said, "reading": []})
            return [file.path for file in self.good]
        found = json.loads(result.read_text("utf-8"))
        return [
            file.path
            for file, paths in zip(self.good, found, strict=True)
            if not any(path.endswith(file.path) for path in paths)
        ]

    def seen(self) -> Seen:
        """What the journal says so far."""
        return read_journal(self.journal.read_text("utf-8", "replace").splitlines())

    def record(self, lost: Sequence[str]) -> dict[str, Any]:
        """The figures."""
        seen = self.seen()
        files = sorted(path for path in self.drive.rglob("*") if path.is_symlink() or not path.is_dir())
        sizes = {str(path): path.lstat().st_size for path in files if not path.name.startswith((".", "~$"))}
        without = [path for path in sizes if not has_row(path, seen.rows)]
        rows = [row | {"path": str(Path(row["path"]).relative_to(self.drive))} for row in seen.rows.values()]
        wrong = [row | {"faults": found} for row in rows if (found := faults_of(row))]
        return {
            "files": len(sizes),
            "good_files": len(self.good),
            "good_files_not_found": list(lost),
            "rows": len(rows),
            "statuses": dict(Counter(row["status"] for row in rows)),
            "statuses_by_folder": {
                folder: dict(Counter(row["status"] for row in rows if row["path"].startswith(f"{folder}/")))
                for folder in sorted(path.name for path in self.drive.iterdir() if path.is_dir())
            },
            "without_row": [str(Path(path).relative_to(self.drive)) for path in without],
            "crashes": sum(one["how"] == "died" for one in self.ends),
            "hangs": sum(one["how"] == "stuck" for one in self.ends),
            "ends": self.ends,
            "processes_left": self.left,
            "seconds": round(self.seconds, 1),
            "peak_mb": self.peak_mb,
            "reasons": kinds(rows),
            "reason_faults": dict(Counter(fault for row in wrong for fault in row["faults"])),
            "faulty_reasons": wrong,
            "slowest": self._told(sorted(seen.seconds, key=lambda path: -seen.seconds[path]), seen, sizes),
            "largest": self._told(sorted(sizes, key=lambda path: -sizes[path]), seen, sizes),
        }

    def _told(self, paths: Sequence[str], seen: Seen, sizes: dict[str, int]) -> list[dict[str, Any]]:
        return [
            {
                "file": str(Path(path).relative_to(self.drive)),
                "seconds": seen.seconds.get(path),
                "bytes": sizes.get(path),
                "status": seen.rows.get(path, {}).get("status"),
            }
            for path in paths[:SHOWN]
        ]

    def _command(self, what: str, source: Path, out: Path) -> list[object]:
        return [
            sys.executable,
            "-m",
            "benchmarks.folders.indexing",
            what,
            source,
            self.store,
            out,
            self.arguments.embedder,
        ]

    def _stuck(self) -> Callable[[], bool]:
        """Says whether the journal stands still; tells how far it is every now and then."""
        began = told_at = time.time()

        def is_stuck() -> bool:
            nonlocal told_at
            now = time.time()
            if now - told_at > TELL_S:
                told_at, seen = now, self.seen()
                tell(f"{now - began:.0f} s: {len(seen.rows)} rows, reading {', '.join(sorted(seen.reading))}")
            return bool(now - max(self.journal.stat().st_mtime, began) > self.arguments.stuck_s)

        return is_stuck

    def _blame(self, ended: Ended, seen: Seen) -> None:
        """Note an end that should not have been, and take what was being read out of the folder."""
        how = "stuck" if ended.timed_out else "died"
        reading = sorted(path for path in seen.reading if path not in seen.rows)
        names = [str(Path(path).relative_to(self.drive)) for path in reading]
        self.ends.append({"how": how, "status": ended.status, "said": ended.said[-500:], "reading": names})
        tell(f"{how} with exit status {ended.status} while reading {reading}: {ended.said[-300:]}")
        self._outside.mkdir(exist_ok=True)
        with self.journal.open("a", encoding="utf-8") as file:
            for path in map(Path, reading):
                file.write("\n" + json.dumps({"read": str(path), "seconds": ended.seconds}) + "\n")
                if path.is_file():
                    path.rename(self._outside / f"{len(self.ends)}-{path.name}")


def make_odd_entries(folder: Path) -> None:
    """What a folder may hold besides files: a pipe, and links to outside, nowhere, themselves and the folder."""
    folder.mkdir()
    os.mkfifo(folder / "pipe.txt")
    (folder / "outside.txt").symlink_to("/etc/passwd")
    (folder / "nowhere.txt").symlink_to("gone.txt")
    (folder / "itself.txt").symlink_to("itself.txt")
    (folder / "round").symlink_to(folder, target_is_directory=True)
    (folder / "nothing.txt").touch()


def has_row(path: str, rows: dict[str, dict[str, Any]]) -> bool:
    """Whether the report tells of a file, or of what is in it."""
    return path in rows or any(name.startswith(f"{path}/") for name in rows)


def faults_of(row: dict[str, Any]) -> list[str]:
    """What is wrong with a row's reason; one that was read without loss needs none."""
    if row["status"] in ("indexed", "unchanged") and not row["reason"]:
        return []
    return faults(row["reason"])


def is_sound(record: dict[str, Any]) -> bool:
    """Whether nothing happened that must not, whatever the reasons look like."""
    names = ("good_files_not_found", "without_row", "ends", "processes_left")
    return not any(record[name] for name in names)


def told(record: dict[str, Any]) -> str:
    """The result for a terminal."""
    found = record["good_files"] - len(record["good_files_not_found"])
    lines = [
        f"{record['files']} files, {record['rows']} rows in {record['seconds']} s, peak {record['peak_mb']} MB",
        f"crashes {record['crashes']}, hangs {record['hangs']}, files without a row {len(record['without_row'])}, "
        f"processes left {record['processes_left']}",
        f"good files found {found} of {record['good_files']}",
        f"statuses: {record['statuses']}",
        f"reasons that are not one plain sentence: {record['reason_faults']}",
        *(f"{one['files']:5} {one['status']:8} {one['reason']}  ({one['such_as']})" for one in record["reasons"][:40]),
        "slowest: " + ", ".join(f"{one['file']} {one['seconds']} s" for one in record["slowest"][:5]),
    ]
    return "\n".join(lines)


def tell(message: str) -> None:
    """A line for whoever waits."""
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
