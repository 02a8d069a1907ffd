"""SIGKILL at every call by which a command changes a file: nothing acknowledged is lost, and it can be given again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.crashes.commands import (
    Stage,
    commands,
    faults_after,
    faults_at_the_end,
    look,
    prepared,
    rows_of,
)
from benchmarks.crashes.forking import in_child
from benchmarks.crashes.side_by_side import side_by_side, some
from benchmarks.crashes.tracing import counted, injected


@dataclass(frozen=True, slots=True)
class Point:
    """One call of a command: the ``number``-th of this name, from 1."""

    stage: Stage
    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.stage.command.name}: {self.call} {self.number}"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one kill: what was wrong afterwards, seconds to open, and whether the command got that far."""

    point: Point
    faults: tuple[str, ...]
    opened_s: float
    was_killed: bool


def measure(work: Path, processes: int, limit: int | None = None) -> dict[str, Any]:
    """Kill each command at each of its calls; ``limit`` draws so many of the points."""
    found = [point for command in commands().values() for point in points_of(prepared(command, work))]
    tried = side_by_side(attempt, some(found, limit), processes, "kill points")
    return {
        "points": len(found),
        "tried": len(tried),
        "killed": sum(one.was_killed for one in tried),
        "by_command": _by_command(tried),
        "slowest_opening_s": round(max(one.opened_s for one in tried), 3),
        "faults": [f"{one.point}: {fault}" for one in tried for fault in one.faults],
    }


def points_of(stage: Stage) -> Iterator[Point]:
    """Every point of a command, after it has been seen to work when nothing is in its way."""
    with stage.fresh() as index:
        calls, ended = counted(stage.work(index), stage.start.with_name("calls"))
        faults = faults_at_the_end(stage.command, look(index))
    if ended.how != "finished" or faults:
        raise RuntimeError(f"{stage.command.name} does not work: {ended.message} {faults}")
    for call, count in sorted(calls.items()):
        yield from (Point(stage, call, number) for number in range(1, count + 1))


def attempt(point: Point) -> Tried:
    """Kill at one point, look, give the command again, and look once more."""
    stage, command = point.stage, point.stage.command
    with stage.fresh() as index:
        ended = injected(stage.work(index), point.call, "signal=KILL", str(point.number))
        faults = [] if ended.how in ("killed", "finished") else [f"{ended.how}: {ended.message}"]
        seen = look(index, create=not command.before)
        faults += faults_after(command.old, command.new, rows_of(ended), seen)
        faults += repeated(stage, index)
    return Tried(point, tuple(faults), seen.said[0]["seconds"] if seen.said else 0.0, ended.how == "killed")


def repeated(stage: Stage, index: Path) -> list[str]:
    """What is wrong after the interrupted command has been given again, which must lead to the right state."""
    again = in_child(stage.work(index))
    if again.how != "finished":
        return [f"given again: {again.how}: {again.message}"]
    faults = [f"given again: {fault}" for fault in faults_at_the_end(stage.command, look(index))]
    left = index / "vectors.tmp"
    return [*faults, "given again: vectors.tmp stays"] if left.exists() else faults


def _by_command(tried: list[Tried]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for one in tried:
        row = table.setdefault(one.point.stage.command.name, {})
        row[one.point.call] = row.get(one.point.call, 0) + 1
    return table
