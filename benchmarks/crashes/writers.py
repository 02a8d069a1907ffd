"""Two writers of one index: the second is told who the first is, and the lock is free once the first is killed."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path
from typing import Any

from benchmarks.crashes.commands import Command, commands, faults_after, faults_at_the_end, look, prepared
from benchmarks.crashes.forking import Child, Say, in_child
from benchmarks.crashes.stand_in import IDENTITY
from indexer.store import IndexStore

HELD = "held"
WAIT_S = 0.05


def measure(work: Path, rounds: int = 100, seed: int = 3) -> dict[str, Any]:
    """So many rounds of two writers, over one index."""
    chance = random.Random(seed)  # noqa: S311
    command = commands()["update"]
    stage = prepared(command, work)
    faults = []
    for number in range(rounds):
        with stage.fresh() as index:
            found = [*one_round(command, index, chance), *_next_writer(stage.work(index), command, index)]
            faults += [f"round {number}: {fault}" for fault in found]
    shutil.rmtree(work / command.name)
    return {"rounds": rounds, "faults": faults}


def one_round(command: Command, index: Path, chance: random.Random) -> list[str]:
    """A writer that goes on committing, a second one beside it, a reader; then the first is killed."""
    holder = Child(lambda say: _hold(index, say))
    holder.go()
    while HELD not in holder.said():
        time.sleep(0.002)
    second = in_child(lambda _: _try_to_write(index))
    faults = []
    if second.how != "refused" or f"(pid {holder.pid})" not in second.message:
        faults.append(f"the second writer was not told of {holder.pid}: {second.how}: {second.message}")
    time.sleep(chance.uniform(0, 0.02))
    faults += [f"beside a writer: {fault}" for fault in _read_beside(index)]
    holder.kill()
    ended = holder.wait()
    if ended.how != "killed":
        faults.append(f"the first writer ended by itself: {ended.how}: {ended.message}")
    return faults + faults_after(command.old, command.old, {}, look(index))


def _next_writer(work: Any, command: Command, index: Path) -> list[str]:
    """The lock of a killed process is free at once, and its command can be given by another."""
    third = in_child(lambda _: _try_to_write(index))
    again = in_child(work)
    faults = [f"{one.how}: {one.message}" for one in (third, again) if one.how != "finished"]
    return faults + faults_at_the_end(command, look(index))


def _hold(index: Path, say: Say) -> None:
    store = IndexStore(index, IDENTITY)
    with store.writing():
        say(HELD)
        while True:
            store.delete(["default/none"])


def _try_to_write(index: Path) -> None:
    store = IndexStore(index, IDENTITY, lock_wait_s=WAIT_S)
    with store.writing():
        store.delete(["default/none"])
    store.close()


def _read_beside(index: Path) -> list[str]:
    """Readers never wait: they open and read while another writes."""

    def read(say: Say) -> None:
        store = IndexStore(index, IDENTITY)
        for info in store.sources():
            say(store.text(info.source.source_id))
        store.close()

    ended = in_child(read)
    return [] if ended.how == "finished" and ended.said else [f"{ended.how}: {ended.message}"]
