"""`footnote index` while its store is killed or cut off, or it is killed itself: what it says, and what is lost of it.

Each round begins with the same index of documents, most of which are then changed, and some removed. The fault strikes
at a byte of what is sent to the store, further on in each round: in every other one before the store has it, else
before its reply comes. Then the same command is run again.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.forwarder import Fuse
from benchmarks.store_stand import CABLE, MILVUS, Outage, Stand
from indexer.checking import open_checked
from indexer.milvus_address import address_of
from indexer.milvus_client import Connection
from indexer.milvus_rows import Rows
from indexer.outside import read_outside, read_waiting

DOCUMENTS, CHANGED, REMOVED = 240, 180, 20
BATCH = 1000
SHORT_S, SETTLED_S = 3.0, 10.0
COMMAND_S = 300.0


@dataclass(frozen=True, slots=True)
class Held:
    """The chunks of a catalogue, each with its row and vector, the vectors of rows in Milvus, and rows yet to go."""

    chunks: Mapping[str, tuple[int, bytes]]
    rows: Mapping[int, bytes]
    waiting: int = 0


def compared(expected: Held, found: Held) -> dict[str, int]:
    """What is wrong with an index: chunks that are missing, that are too many or doubled, and whose vector is another.

    What the catalogue holds is compared with ``expected``, and what Milvus holds with the catalogue.
    """
    told = dict(found.chunks.values())
    kept, both = expected.chunks.keys() & found.chunks.keys(), told.keys() & found.rows.keys()
    return {
        "lost": len(expected.chunks.keys() - kept) + len(told.keys() - both),
        "too_many": len(found.chunks.keys() - kept) + len(found.rows.keys() - both) + found.waiting,
        "other_vector": sum(expected.chunks[name][1] != found.chunks[name][1] for name in kept)
        + sum(told[row] != found.rows[row] for row in both),
    }


def held(index: Path) -> Held:
    """What an index holds, and Milvus of it."""
    with closing(open_checked(index, create=False)) as catalogue:
        chunks = {
            name: (row, vector) for name, row, vector in catalogue.execute("SELECT chunk_id, id, vector FROM chunk")
        }
        outside, waiting = read_outside(catalogue), len(read_waiting(catalogue))
    if outside is None:
        raise RuntimeError("The index is not searched by Milvus.")
    dimension = len(next(iter(chunks.values()))[1]) // 4
    with closing(Connection(address_of(MILVUS))) as milvus:
        return Held(chunks, _rows(Rows(milvus, outside.name, dimension)), waiting)


def _rows(rows: Rows) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while True:
        ids, vectors = rows.vectors(max(found, default=-1), BATCH)
        if not len(ids):
            return found
        found |= {int(row): vector.astype("<f4").tobytes() for row, vector in zip(ids, vectors, strict=True)}


def write_documents(folder: Path, *, edition: int) -> None:
    """The documents as they are at first (1), and later (2)."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(DOCUMENTS):
        year = 1700 + number + (100 if edition > 1 and number < CHANGED else 0)
        path = folder / f"lighthouse-{number:03}.txt"
        if edition > 1 and number >= DOCUMENTS - REMOVED:
            path.unlink()
        else:
            path.write_text(f"The lighthouse of Port {number} was lit on {number % 28 + 1} May {year}.\n", "utf-8")


class Writing:
    """All rounds of all kinds."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._told = stand.documents.parent / "told.txt"
        self._base = stand.documents.parent / "base"

    def measured(self, rounds: int) -> dict[str, Any]:
        """The rounds by kind; what the command says where nothing goes wrong stands first."""
        stand = self._stand
        self.prepare()
        before = stand.way.sent
        said = self.fill()
        expected, sent = held(stand.index), stand.way.sent - before
        stand.store.kill()
        if any(compared(expected, expected).values()):
            raise RuntimeError("Without a fault, Milvus does not hold what the index does.")
        record: dict[str, Any] = {"chunks": len(expected.chunks), "bytes": sent, "said": said}
        for name, outage, lasts_s in self._kinds():
            record[name] = [
                self._round(outage, lasts_s, expected, number, (number + 1) / (rounds + 1) * sent)
                for number in range(rounds)
            ]
            print(name, record[name][-1], flush=True)
        return record

    def _kinds(self) -> Sequence[tuple[str, Outage | None, float | None]]:
        """Name, what happens (the command is killed where that is nothing), and for how long, or until it has ended."""
        store = self._stand.store
        killed, cut = Outage(store.kill, store.start), Outage(CABLE.cut, CABLE.mend)
        return (
            ("the store is killed and started again", killed, 0.0),
            (f"the link is cut for {SHORT_S:g} s", cut, SHORT_S),
            ("the link is cut until the command has ended", cut, None),
            ("the command is killed", None, 0.0),
        )

    def prepare(self) -> None:
        """Index the documents as they are at first, keep that, and change them."""
        stand = self._stand
        stand.held.mkdir(mode=0o700)
        write_documents(stand.documents, edition=1)
        stand.store.start()
        self._index_well()
        stand.store.kill()
        for folder in (stand.index, stand.held):
            shutil.copytree(folder, self._base / folder.name)
        write_documents(stand.documents, edition=2)

    def fill(self) -> str:
        """The index of the changed documents, made without a fault, and the store that goes on; what was said last."""
        self._restore()
        return self._index_well()

    def _index_well(self) -> str:
        status, said = self._index()
        if status:
            raise RuntimeError(f"The documents can't be indexed: {said}")
        return said

    def _restore(self) -> None:
        """The index and the store as they were before the documents changed; the store runs."""
        for folder in (self._stand.index, self._stand.held):
            shutil.rmtree(folder)
            shutil.copytree(self._base / folder.name, folder)
        self._stand.store.start()

    def _index(self) -> tuple[int, str]:
        """Run the command to its end: its exit status, and the last line that it wrote."""
        return self._ended(self._stand.started("index", str(self._stand.documents), told=self._told))

    def _ended(self, command: subprocess.Popen[str]) -> tuple[int, str]:
        status = command.wait(COMMAND_S)
        lines = [line.strip() for line in self._told.read_text("utf-8").splitlines() if line.strip()]
        return status, lines[-1] if lines else ""

    def _round(
        self, outage: Outage | None, lasts_s: float | None, expected: Held, number: int, after: float
    ) -> dict[str, Any]:
        stand = self._stand
        self._restore()
        command = stand.started("index", str(stand.documents), told=self._told)
        begin = outage.begin if outage else command.kill
        stand.way.fuse = fuse = Fuse(stand.way.sent + int(after), number % 2 == 1, begin)
        while not fuse.is_blown:
            if command.poll() is not None:
                raise RuntimeError(f"The command ended before anything happened: {self._ended(command)}")
            time.sleep(0.005)
        began = time.monotonic()
        ending = threading.Thread(target=_end, args=(outage, lasts_s or 0.0))
        if lasts_s is not None:
            ending.start()
        status, said = self._ended(command)
        row: dict[str, Any] = {"status": status, "said": said, "ended_s": round(time.monotonic() - began, 2)}
        if lasts_s is None:
            ending.start()
        ending.join()
        began = time.monotonic()
        status, said = self._index()
        row |= {"again_status": status, "again_said": said, "again_s": round(time.monotonic() - began, 2)}
        row |= compared(expected, held(stand.index))
        if row["lost"] or row["too_many"] or row["other_vector"]:  # for good, or while Lite writes it to its files
            time.sleep(SETTLED_S)
            row |= {"later": compared(expected, held(stand.index))}
        stand.store.kill()
        return row


def _end(outage: Outage | None, after_s: float) -> None:
    time.sleep(after_s)
    if outage:
        outage.end()
