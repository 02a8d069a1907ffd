"""Indexing by one process and by Ray on the same cores: time, memory, whether the indexes are the same, and who died.

    python -m benchmarks.distributed --documents 100000 --data FOLDER                    an embedder that costs nothing
    python -m benchmarks.distributed --documents 1000 --data FOLDER --embedder model     the real one

The documents are the files of samples/ and the texts of the sets in FOLDER, and short ones made of their sentences for
the rest. Each run has a process of its own; memory is that of it and all below it, pages that are shared counted once.
In the run on Ray a process that reads, one that embeds and the one that hands out files are killed. What Ray costs is
from two runs each, over few files and over all. Writes benchmarks/results/distributed.json, a
record for each embedder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answering import ROOT, machine
from benchmarks.made_texts import SETS, made_documents, present, read_sentences
from eval.sets.beir import read_corpus
from indexer.building import Recipe, index_paths
from indexer.distributed import Distributed
from indexer.parsing.isolated import Parser
from indexer.ray_cluster import LOCAL, joined
from indexer.store import IndexStore
from pipeline import Footnote
from schema import EmbedderIdentity, IndexReport, Progress
from settings import load_settings

RESULTS = Path(__file__).parent / "results" / "distributed.json"
FEW = 64
"""Documents of the run that shows what Ray costs however many there are."""
DIMENSION = 384
CORES = 2
MACHINES = (2, 4, 8, 16)
KILLED = ("read_group", "Embedding", "ReadFeed")
"""Marks of the processes that are killed, when a quarter, a half and three quarters are done."""
TABLES = {
    "source": "source_id, collection, path, root, recipe, title, date, sha256, status, reason, coverage, metadata, "
    "chunks, content, sync",
    "source_text": "*",
    "page_box": "*",
    "chunk": "*",
}
"""What an index holds, but for when a document was indexed."""


def main() -> None:
    """Run the benchmark, or one run of it in this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--embedder", choices=("words", "model"), default="words")
    parser.add_argument("--work", type=Path, default=Path("/tmp/footnote-distributed"), help="folder of documents")  # noqa: S108
    parser.add_argument("--out", type=Path, default=RESULTS, help="file of the results")
    parser.add_argument("--one", choices=("local", "ray"), help=argparse.SUPPRESS)
    parser.add_argument("--few", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments)))
        return
    if arguments.embedder == "words":
        print("The embedder counts words: vectors cost nothing here, and mean nothing.", file=sys.stderr)
    shutil.rmtree(arguments.work, ignore_errors=True)
    made = make_documents(arguments.work, arguments.documents, arguments.data)
    runs = {f"{how}_{size}": in_a_process(arguments, how, size) for size in ("few", "all") for how in ("local", "ray")}
    digests = [contents(index_folder(arguments.work, how, few=False)) for how in ("local", "ray")]
    record = {
        "machine": machine(),
        "documents": made,
        "embedder": arguments.embedder,
        "cores": CORES,
        "runs": runs,
        "same_index": digests[0] == digests[1],
        "ray": costs(runs, arguments.documents),
    }
    held = json.loads(arguments.out.read_text("utf-8")) if arguments.out.exists() else {}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(held | {arguments.embedder: record}, indent=2) + "\n", "utf-8")
    print(json.dumps(record, indent=2))


# Documents


def make_documents(work: Path, count: int, data: Path) -> dict[str, int]:
    """Files of so many documents, and a folder of the first few of them; how many are real and made."""
    real = sorted(path for path in (ROOT / "samples").iterdir() if path.is_file())[: count // 2]
    texts = real_texts(data, count // 2)
    sentences = [one for document in read_sentences(data) for one in document]
    made = made_documents(sentences, count - len(real) - len(texts))
    for number, path in enumerate(real):
        shutil.copyfile(path, placed(work, number, path.suffix))
    for number, text in enumerate((*texts, *made), start=len(real)):
        placed(work, number, ".txt").write_text(text, "utf-8")
    return {"samples": len(real), "from_the_sets": len(texts), "made": count - len(real) - len(texts)}


def real_texts(data: Path, most: int) -> list[str]:
    """Documents of the sets."""
    corpora = (document.text for name in present(data, SETS) for document in read_corpus(data / name))
    return list(islice((text for text in corpora if text.strip()), most))


def placed(work: Path, number: int, suffix: str) -> Path:
    """Where a document of this number is, a thousand in a folder; the first few are in one of their own."""
    folder = work / "documents" / ("few" if number < FEW else f"{number // 1000:04}")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{number:07}{suffix}"


# Runs


def in_a_process(arguments: argparse.Namespace, how: str, size: str) -> dict[str, Any]:
    """The figures of one run, made by this very command in a process of its own, with the memory that it took."""
    command = [sys.executable, "-m", "benchmarks.distributed", *sys.argv[1:], "--one", how]
    command += ["--few"] if size == "few" else []
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as process:
        memory = PeakMemory(process.pid)
        out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(process.returncode)
    record: dict[str, Any] = json.loads(out.splitlines()[-1])
    return record | {"peak_memory_mb": memory.peak()}


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Index the documents into a new index."""
    few, is_ray = arguments.few, arguments.one == "ray"
    documents = arguments.work / "documents" / ("few" if few else "")
    folder = index_folder(arguments.work, arguments.one, few=few)
    index = partial(index_by_model if arguments.embedder == "model" else index_by_words, folder, documents)
    killer = Killer(() if few or not is_ray else KILLED)
    started, processor = time.perf_counter(), time.process_time()
    report = index(is_ray=is_ray, on_progress=killer)
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "processor_seconds_of_the_writer": round(time.process_time() - processor, 2),
        "indexed": report.count("indexed") + report.count("partial"),
        "refused": report.count("refused"),
        "killed": killer.killed,
    }


def index_folder(work: Path, how: str, *, few: bool) -> Path:
    """Where the index of a run is."""
    return work / f"index-{how}-{'few' if few else 'all'}"


def index_by_model(
    folder: Path, documents: Path, *, is_ray: bool, on_progress: Callable[[Progress], None]
) -> IndexReport:
    """As `footnote index` does it, with the weights loaded before in a run without Ray."""
    footnote = Footnote(load_settings({"index": folder, "llm": "none"})[0], create=True)
    try:
        return footnote.index([documents], ray=LOCAL if is_ray else "", on_progress=on_progress)
    finally:
        footnote.close()


def index_by_words(
    folder: Path, documents: Path, *, is_ray: bool, on_progress: Callable[[Progress], None]
) -> IndexReport:
    """The same with a count of words for an embedder."""
    identity = EmbedderIdentity("word-hash", "00c0ffee", DIMENSION, normalised=True)
    store = IndexStore(folder, identity, create=True)
    with Parser(workers=CORES) as parser:
        recipe = replace(words_recipe(), load=parser.parse, reading=parser.reading)
        cluster = partial(joined, LOCAL, cores=CORES)
        ray = Distributed(cluster, words_recipe, recipe, dimension=DIMENSION, longest=10_000_000)
        with ray if is_ray else nullcontext() as elsewhere:
            report = index_paths(
                store,
                [documents],
                collection="default",
                recipe=recipe,
                elsewhere=elsewhere,
                on_progress=on_progress,
            )
    store.close()
    return report


def words_recipe() -> Recipe:
    """How a file is read, chunked by words and embedded by them."""
    return Recipe("words", Parser().parse, count_words, word_vectors, max_tokens=160)


def count_words(texts: Sequence[str]) -> list[int]:
    """Words of each text."""
    return [len(text.split()) for text in texts]


def word_vectors(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors, (n, 384) float32: words counted by a hash."""
    matrix = np.zeros((len(texts), DIMENSION), np.float32)
    for row, text in zip(matrix, texts, strict=True):
        for word in text.lower().split():
            row[zlib.crc32(word.encode("utf-8", "replace")) % DIMENSION] += 1
        row[0] += not row.any()
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True) if len(matrix) else matrix


# Processes


class Killer:
    """Kills a process of Ray below this one each time that another share of the work is done.

    Args:
        marks: what the names of the processes hold, in the order of their deaths.
    """

    def __init__(self, marks: Sequence[str]) -> None:
        self.killed: list[str] = []
        self._marks = marks

    def __call__(self, progress: Progress) -> None:
        """See how far it is; a mark that no process has now is tried again at the next call."""
        place = len(self.killed)
        if place < len(self._marks) and progress.done * (len(self._marks) + 1) >= progress.total * (place + 1):
            for pid in descendants(os.getpid()):
                name = name_of(pid)
                if name.startswith("ray::") and self._marks[place] in name:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        self.killed.append(name.strip())
                        return


class PeakMemory:
    """The most memory that a process and all below it have had, looked at every half second in a thread."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak = pid, 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def peak(self) -> int:
        """MiB, once the process has ended."""
        self._ended.set()
        self._thread.join()
        return self._peak >> 10

    def _look(self) -> None:
        while not self._ended.wait(0.5):
            self._peak = max(self._peak, sum(map(proportional_kb, (self._pid, *descendants(self._pid)))))


def descendants(pid: int) -> Iterator[int]:
    """All processes below one."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(path.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    waiting = list(children.get(pid, ()))
    while waiting:
        yield (one := waiting.pop())
        waiting += children.get(one, ())


def name_of(pid: int) -> str:
    """What a process calls itself."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def proportional_kb(pid: int) -> int:
    """Memory of a process, a page that several share counted in parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


# Figures


def contents(folder: Path) -> str:
    """A hash of all rows of an index, but for when they were written."""
    digest = hashlib.sha256()
    connection = sqlite3.connect(folder / "catalogue.sqlite3")
    for table, columns in TABLES.items():
        for row in connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1"):  # noqa: S608  (constants)
            digest.update(repr(row).encode("utf-8", "surrogatepass"))
    connection.close()
    return digest.hexdigest()


def costs(runs: dict[str, dict[str, Any]], documents: int) -> dict[str, Any]:
    """What Ray costs, and how many documents it takes until it pays, by arithmetic from the four runs.

    With m machines like this one a run is taken to last the start-up and, for each document, the time that it took here
    divided by m, or what the one writer takes, if that is more.
    """
    more = documents - FEW
    each = {how: (runs[f"{how}_all"]["seconds"] - runs[f"{how}_few"]["seconds"]) / more for how in ("local", "ray")}
    writer = "processor_seconds_of_the_writer"
    alone = (runs["ray_all"][writer] - runs["ray_few"][writer]) / more
    startup = runs["ray_few"]["seconds"] - FEW * each["ray"]
    pays = {}
    for machines in MACHINES:
        saved = each["local"] - max(alone, each["ray"] / machines)
        pays[str(machines)] = round(startup / saved) if saved > 0 else None
    return {
        "startup_s": round(startup, 1),
        "ms_per_document_local": round(each["local"] * 1000, 2),
        "ms_per_document_ray": round(each["ray"] * 1000, 2),
        "ms_per_document_of_the_writer": round(alone * 1000, 2),
        "machines_that_the_writer_feeds": round(each["ray"] / alone, 1) if alone > 0 else None,
        "pays_from_documents_by_machines": pays,
    }


if __name__ == "__main__":
    main()
