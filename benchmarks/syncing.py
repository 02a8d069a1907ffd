"""What it costs to bring an index level with a folder, again and again, and how much memory that takes.

    python -m benchmarks.syncing

Makes 1,000 small files, indexes them, runs again when nothing has changed (at once, and when their stamps are old
enough to vouch for them), after 100 were renamed and after 100 were copied; then 5,000 small files, and a PDF of 2,000
pages, each into an index of its own. Each step is a process of its own, with the default embedder; the memory of it and
of the processes that it starts is looked at ten times a second. Writes benchmarks/results/syncing.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.answering import ROOT, machine
from indexer.building import Recipe
from indexer.stamps import RACY_NS
from pipeline import Footnote
from settings import load_settings

RESULTS = Path(__file__).parent / "results" / "syncing.json"
FILES, MANY, PAGES, SOME = 1000, 5000, 2000, 100
WORDS_OF_A_FILE, WORDS_OF_A_PAGE = 120, 350
LOOK_S = 0.1


def main() -> None:
    """Run the benchmark, or one step of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", nargs=2, type=Path, metavar=("FOLDER", "INDEX"), help=argparse.SUPPRESS)
    parser.add_argument("--share", type=float, default=1.0, help="of the files and pages, to try the benchmark out")
    arguments = parser.parse_args()
    if arguments.step:
        print(json.dumps(index_once(*arguments.step)))
        return
    with tempfile.TemporaryDirectory() as place:
        record = {"machine": machine(), "share": arguments.share, **measure(Path(place), arguments.share)}
    if arguments.share == 1.0:
        RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(json.dumps(record, indent=2))


def measure(place: Path, share: float) -> dict[str, Any]:
    """All steps in their order."""
    few, some = int(FILES * share), int(SOME * share)
    folder, index = place / "few", place / "few-index"
    make_files(folder, few)
    record = {"first": step(folder, index), "unchanged": step(folder, index)}
    time.sleep(RACY_NS / 1e9 + 1)
    record["unchanged_and_now_stamped"] = step(folder, index)
    record["unchanged_by_their_stamps"] = step(folder, index)
    paths = sorted(folder.rglob("*.txt"))
    for path in paths[:some]:
        path.rename(path.with_name(f"renamed {path.name}"))
    record["renamed"] = step(folder, index)
    for path in paths[some : 2 * some]:
        shutil.copy(path, path.with_name(f"copy of {path.name}"))
    record["copied"] = step(folder, index)
    make_files(place / "many", int(MANY * share))
    record["many_small_files"] = step(place / "many", place / "many-index")
    make_pdf(place / "long" / "long.pdf", int(PAGES * share))
    record["long_pdf"] = step(place / "long", place / "long-index")
    return record


def step(folder: Path, index: Path) -> dict[str, Any]:
    """One run in a process of its own, with the most memory that it and its own processes had."""
    command = [sys.executable, "-m", "benchmarks.syncing", "--step", str(folder), str(index)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        looks: list[tuple[float, float]] = []
        watcher = threading.Thread(target=lambda: looks.extend(memory_of(process)))
        watcher.start()
        said = process.communicate()[0]
        watcher.join()
    if process.returncode:
        raise SystemExit(f"The step ended with {process.returncode}.")
    own, children = zip(*looks, strict=True)
    half = max(1, len(own) // 2)
    return {
        **json.loads(said),
        "own_peak_mb": round(max(own)),
        "own_peak_mb_in_the_first_half": round(max(own[:half])),
        "children_peak_mb": round(max(children)),
    }


def memory_of(process: subprocess.Popen[str]) -> Iterator[tuple[float, float]]:
    """Resident megabytes of a process and of all below it together, until it has ended."""
    while process.poll() is None:
        parents = dict(_processes())
        below = [one for one in parents if process.pid in _ancestors(one, parents)]
        yield _resident_mb(process.pid), sum(map(_resident_mb, below))
        time.sleep(LOOK_S)


def index_once(folder: Path, index: Path) -> dict[str, Any]:
    """One run over a folder: seconds, rows by status, texts embedded."""
    settings, _ = load_settings({"index": index})
    footnote = Footnote(settings, create=True)
    embedded: list[int] = []
    recipe = footnote._recipe  # where embedding can be counted

    def counted(parser: Any) -> Recipe:
        made = recipe(parser)
        return replace(made, embed=lambda texts: embedded.append(len(texts)) or made.embed(texts))  # type: ignore[func-returns-value]

    footnote.__dict__["_recipe"] = counted
    report = footnote.index([folder])
    footnote.close()
    counts = {name: count for name, count in report.to_dict().items() if isinstance(count, int) and count}
    return {"seconds": round(report.seconds, 2), **counts, "embedded": sum(embedded)}


def make_files(folder: Path, count: int) -> None:
    """Small texts, a hundred in a folder, no two the same."""
    for number in range(count):
        path = folder / f"{number // 100:03}" / f"{number:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"File {number}.\n\n{made_text(number, WORDS_OF_A_FILE)}\n", "utf-8")


def make_pdf(path: Path, pages: int) -> None:
    """A digital PDF of plain pages."""
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415

    path.parent.mkdir(parents=True)
    canvas = Canvas(str(path), pagesize=A4)
    for number in range(pages):
        words = made_text(number, WORDS_OF_A_PAGE).split()
        lines = canvas.beginText(60, A4[1] - 60)
        for start in range(0, len(words), 12):
            lines.textLine(" ".join(words[start : start + 12]))
        canvas.drawText(lines)
        canvas.showPage()
    canvas.save()


def made_text(seed: int, count: int) -> str:
    """So many words of the samples in sentences, drawn by a seed."""
    chance = random.Random(seed)  # noqa: S311  (a seed, not a secret)
    drawn = chance.choices(WORDS, k=count)
    sentences = [" ".join(drawn[start : start + 12]).capitalize() for start in range(0, count, 12)]
    return ". ".join(sentences) + "."


def _words() -> list[str]:
    texts = [path.read_text("utf-8") for path in sorted((ROOT / "samples").glob("*.md"))]
    return sorted({word.lower() for text in texts for word in text.split() if word.isalpha()})


def _processes() -> Iterator[tuple[int, int]]:
    """Ids of all processes with that of their parent."""
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                yield int(path.name), int((path / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue


def _ancestors(process: int, parents: dict[int, int]) -> Iterator[int]:
    while (process := parents.get(process, 0)) > 0:
        yield process


def _resident_mb(process: int) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


WORDS = _words()


if __name__ == "__main__":
    main()
