"""Measure one system in a process of its own: loading, indexing, searching, memory and the size of what it saves.

    python -m benchmarks.peers.measuring NAME TASK.json RESULT.json FOLDER

Runs in the peers' environment or in Footnote's, with nothing of Footnote but the system's own module. Knows no
judgements: rankings go into the result, and the caller judges them.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from benchmarks.peers.systems import SYSTEMS, System

WARM_UP = 10
"""Searches before the measured ones; the first of them, which may load something, is told by itself."""

Search = Callable[[str, int], Sequence[str]]
"""(question, chunks) -> the document of each chunk found, best chunk first."""


class Document(NamedTuple):
    """One text of a corpus."""

    name: str
    title: str
    text: str

    @property
    def content(self) -> str:
        """Title and text in one, as BEIR's own baselines join them."""
        return f"{self.title} {self.text}".strip()


class Peer(Protocol):
    """A system with its model loaded, and an empty folder to save in."""

    def index(self, documents: Sequence[Document]) -> int:
        """Make the documents searchable and save them; returns the number of chunks."""

    @property
    def searches(self) -> Mapping[str, Search]:
        """The ways to search, each a row of the table; asked for after indexing."""


def main() -> None:
    """Measure, and write the result."""
    name, task, result, folder = sys.argv[1:]
    measured = measure(SYSTEMS[name], json.loads(Path(task).read_text("utf-8")), Path(folder))
    Path(result).write_text(json.dumps(measured), "utf-8")


def measure(system: System, task: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """All figures of one system.

    Args:
        system: which.
        task: ``model`` (folder of the embedder), ``documents`` (name, title, text), ``questions`` (id, text) and
            ``chunks``, how many to ask for.
        folder: empty, for the index.
    """
    documents = [Document(*one) for one in task["documents"]]
    started = time.perf_counter()
    peer: Peer = importlib.import_module(system.module).open_peer(Path(task["model"]), folder)
    loaded = time.perf_counter()
    tell(f"loaded in {loaded - started:.1f} s; indexing {len(documents)} documents")
    after_load = memory_mb("VmRSS")
    started_index = time.perf_counter()
    chunks = peer.index(documents)
    seconds = time.perf_counter() - started_index
    tell(f"indexed {chunks} chunks in {seconds:.1f} s")
    record = {
        "load_s": loaded - started,
        "index_s": seconds,
        "documents": len(documents),
        "chunks": chunks,
        "memory_after_load_mb": after_load,
        "memory_after_index_mb": memory_mb("VmRSS"),
        "peak_after_index_mb": memory_mb("VmHWM"),
        "index_bytes": size_of(folder),
        "torch_threads": torch_threads(),
        "versions": {one: metadata.version(one) for one in system.packages},
    }
    rows = {name: measure_search(name, search, task) for name, search in peer.searches.items()}
    return record | {"peak_mb": memory_mb("VmHWM"), "rows": rows}


def measure_search(name: str, search: Search, task: Mapping[str, Any]) -> dict[str, Any]:
    """Milliseconds and rankings of every question, one at a time, after a warm-up."""
    tell(f"searching: {name}")
    questions, chunks = task["questions"], task["chunks"]
    before = [milliseconds(search, text, chunks)[0] for _, text in questions[:WARM_UP]]
    times, rankings = [], {}
    for key, text in questions:
        spent, found = milliseconds(search, text, chunks)
        times.append(spent)
        rankings[key] = list(dict.fromkeys(found))
    return {"first_ms": before[0], "ms": times, "rankings": rankings, "peak_mb": memory_mb("VmHWM")}


def milliseconds(search: Search, text: str, chunks: int) -> tuple[float, Sequence[str]]:
    """What one search takes, and what it finds."""
    started = time.perf_counter()
    found = search(text, chunks)
    return (time.perf_counter() - started) * 1000, found


def memory_mb(field: str) -> int:
    """VmRSS (resident now) or VmHWM (its peak) of this process, in MiB.

    Not getrusage: its peak begins with that of the process that started this one.
    """
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(f"{field}:"))


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def torch_threads() -> int | None:
    """Threads of torch, if anything imported it."""
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch else None


def tell(message: str) -> None:
    """A line for whoever waits."""
    print(f"    {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
