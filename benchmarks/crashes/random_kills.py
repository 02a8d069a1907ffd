"""SIGKILL at random moments of indexing runs that go on and on, over files that change between them.

Unlike the kill points, these also fall between two system calls, as when the log's shared memory is half written.
"""

from __future__ import annotations

import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.crashes import commands
from benchmarks.crashes.commands import faults_after, index_folder, look, rows_of
from benchmarks.crashes.forking import Child, Say, in_child
from benchmarks.crashes.side_by_side import side_by_side
from benchmarks.crashes.stand_in import expected, random_content, write_files

KILLS_EACH = 12
"""Kills of one index, before it is finished and looked at, and another begun."""
FILES = 60
COMMIT = 6
"""Files of one commit."""
WITHIN = 0.6
"""Part of the time that an undisturbed run of everything takes, in which kills fall."""


@dataclass(frozen=True, slots=True)
class Life:
    """One index and its kills: how many fell inside a run, and what they broke."""

    kills: int
    inside: int
    unacknowledged: int
    slowest_opening_s: float
    faults: tuple[str, ...]


def measure(work: Path, processes: int, kills: int = 1000, seed: int = 2026) -> dict[str, Any]:
    """At least so many kills, a tenth of them to spare since some fall after the end of their run."""
    lives = -(-kills * 11 // (10 * KILLS_EACH))
    lived = side_by_side(live, [(work / f"life{number}", seed + number) for number in range(lives)], processes, "lives")
    return {
        "kills": sum(life.kills for life in lived),
        "inside_a_run": sum(life.inside for life in lived),
        "committed_but_not_yet_acknowledged": sum(life.unacknowledged for life in lived),
        "slowest_opening_s": round(max(life.slowest_opening_s for life in lived), 3),
        "faults": [fault for life in lived for fault in life.faults],
    }


def live(place: tuple[Path, int]) -> Life:
    """One index: kills, each followed by a look and mostly by changes, then an undisturbed run and one with no work."""
    folder, seed = place
    chance = random.Random(seed)  # noqa: S311
    index, documents, contents = folder / "index", folder / "documents", dict[str, str]()
    folder.mkdir(parents=True)
    _change_some(documents, contents, chance)
    usual_s = in_child(lambda say: _index(folder / "measured", documents, say)).seconds
    held: dict[str, str] = {}
    inside = unacknowledged = 0
    slowest, faults = 0.0, list[str]()
    for number in range(KILLS_EACH):
        child = Child(lambda say: _index(index, documents, say))
        child.go()
        time.sleep(chance.uniform(0, WITHIN * usual_s))
        child.kill()
        ended = child.wait()
        seen, new = look(index, create=True), _expected(contents)
        if ended.how not in ("killed", "finished"):
            faults.append(f"{seed}, kill {number}: {ended.how}: {ended.message}")
        rows = rows_of(ended)
        faults += [f"{seed}, kill {number}: {fault}" for fault in faults_after(held, new, rows, seen)]
        if seen.how != "finished":
            break
        before, held = held, seen.said[0]["held"]
        unacknowledged += sum(held.get(name) != before.get(name) for name in {*held, *before} - rows.keys())
        inside += ended.how == "killed"
        slowest = max(slowest, seen.said[0]["seconds"])
        if ended.how == "finished" or chance.random() < 0.4:
            _change_some(documents, contents, chance)
    faults += [f"{seed}, at the end: {fault}" for fault in _finish(index, documents, _expected(contents))]
    shutil.rmtree(folder)
    return Life(KILLS_EACH, inside, unacknowledged, slowest, tuple(faults))


def _finish(index: Path, documents: Path, new: dict[str, str]) -> list[str]:
    """What is wrong after an undisturbed run, and after another that should find nothing to do."""
    in_child(lambda say: _index(index, documents, say))
    faults = faults_after({}, new, new, look(index))
    rows = rows_of(in_child(lambda say: _index(index, documents, say)))
    return faults if rows == dict.fromkeys(new, "unchanged") else [*faults, f"indexed again: {rows}"]


def _index(index: Path, documents: Path, say: Say) -> None:
    commands.BATCH_FILES = COMMIT
    index_folder(index, documents, say)


def _expected(contents: dict[str, str]) -> dict[str, str]:
    return {name: expected(name, content) for name, content in contents.items()}


def _change_some(documents: Path, contents: dict[str, str], chance: random.Random) -> None:
    """New, changed and removed files; ``contents`` is kept level."""
    names = [f"{number:02}.{'md' if number % 3 else 'txt'}" for number in range(FILES)]
    for name in chance.sample(names, FILES // 2 if contents else FILES):
        contents[name] = random_content(chance, 6)
    for name in chance.sample(sorted(contents), 4):
        del contents[name]
    write_files(documents, contents)
