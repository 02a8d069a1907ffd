"""A call that fails instead of a process that dies: no space, a broken disk, an interruption; and a real full disk.

The command has to end with one sentence that names the place and says what to do, or to succeed; what was there before
is served meanwhile, and the same command works once the fault is gone.
"""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.crashes.commands import Stage, commands, faults_after, faults_at_the_end, look, prepared, rows_of
from benchmarks.crashes.forking import Ended, in_child
from benchmarks.crashes.points import Point, points_of, repeated
from benchmarks.crashes.side_by_side import side_by_side, some
from benchmarks.crashes.stand_in import random_content
from benchmarks.crashes.tracing import injected

ERRORS = {"ENOSPC": "+", "EIO": "", "EINTR": ""}
"""Whether the fault stays: a disk that is full stays full for the rest of the command."""
ADVICE = ("again", "Restore")
"""One of these words is in every sentence that says what to do."""
DISK_BYTES = 20 << 20
ROOM_LEFT = (0, 4096, 16_384, 40_960, 65_536, 131_072, 262_144)
"""Bytes that are free on the small disk when a command begins."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An error at one call of a command."""

    point: Point
    error: str

    def __str__(self) -> str:
        return f"{self.point}: {self.error}"


@dataclass(frozen=True, slots=True)
class Borne:
    """What came of one fault: how the command ended, its sentence, and what was wrong then."""

    fault: Fault
    how: str
    message: str
    wrong: tuple[str, ...]


def measure(work: Path, processes: int, limit: int | None = None) -> dict[str, Any]:
    """Each error at each call of each command; ``limit`` draws so many of them."""
    points = [point for command in commands().values() for point in points_of(prepared(command, work))]
    every = [Fault(point, error) for point in points for error in ERRORS]
    borne = side_by_side(bear, some(every, limit), processes, "errors")
    full = full_disk(work)
    return {
        "tried": len(borne),
        "by_error": _by_error(borne),
        "sentences": _sentences(borne),
        "faults": [f"{one.fault}: {wrong}" for one in borne for wrong in one.wrong] + full.pop("faults", []),
        "full_disk": full,
    }


def bear(fault: Fault) -> Borne:
    """One error at one call; then a look, the command again, and another look."""
    stage = fault.point.stage
    with stage.fresh() as index:
        when = f"{fault.point.number}{ERRORS[fault.error]}"
        ended = injected(stage.work(index), fault.point.call, f"error={fault.error}", when)
        wrong = [*_told(ended, index), *_served(stage, index, ended), *repeated(stage, index)]
        return Borne(fault, ended.how, ended.message.replace(str(index), "FOLDER"), tuple(wrong))


def _told(ended: Ended, index: Path) -> Iterator[str]:
    """What is wrong with how a command ended."""
    if ended.how in ("killed", "failed", "late"):
        yield f"{ended.how}: {(ended.message or str(ended.signal)).strip().splitlines()[-1]}"
    elif ended.how == "refused" and (str(index) not in ended.message or "\n" in ended.message):
        yield f"the sentence names no place: {ended.message}"
    elif ended.how == "refused" and not any(word in ended.message for word in ADVICE):
        yield f"the sentence says nothing of what to do: {ended.message}"


def _served(stage: Stage, index: Path, ended: Ended) -> list[str]:
    command = stage.command
    seen = look(index, create=not command.before)
    if ended.how == "finished":
        return faults_at_the_end(command, seen)
    return faults_after(command.old, command.new, rows_of(ended), seen)


def full_disk(work: Path) -> dict[str, Any]:
    """Indexing on a disk of 20 MB with next to nothing free, while it is full and after room was made."""
    folder = work / "small-disk"
    folder.mkdir()
    try:
        with _mounted(folder) as disk:
            tried = [_on_full_disk(disk, work, room) for room in ROOM_LEFT]
    except OSError as error:
        return {"skipped": str(error)}
    return {
        "tried": len(tried),
        "ended": dict(Counter(how for how, _ in tried)),
        "faults": [
            f"disk with {room} bytes free: {one}"
            for room, (_, wrong) in zip(ROOM_LEFT, tried, strict=True)
            for one in wrong
        ],
    }


def _on_full_disk(disk: Path, work: Path, room: int) -> tuple[str, list[str]]:
    """How a command ended that needs more than there is, and what was wrong while and after it was so."""
    chance = random.Random(room)  # noqa: S311
    command = commands()["add"]
    large = command.after | {"large.md": random_content(chance, 400)}
    command = type(command)("add", command.before, large, command.run)
    prepared(command, disk / "stage")
    stage = Stage(command, disk / "stage" / "add" / "documents", disk / "stage" / "add" / "start")
    filler, index = disk / "filler", stage.start
    _fill(filler, room)
    ended = in_child(stage.work(index))
    wrong = list(_told(ended, index))
    wrong += [f"while it is full: {one}" for one in faults_after(command.old, command.new, rows_of(ended), look(index))]
    filler.unlink()
    wrong += repeated(stage, index)
    subprocess.run(["rm", "-r", str(disk / "stage")], check=True)
    return ended.how, wrong


def _fill(filler: Path, room: int) -> None:
    """Fill a disk but for so many bytes."""
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            file.truncate(file.tell() - room)


@contextmanager
def _mounted(folder: Path) -> Iterator[Path]:
    """A file system of `DISK_BYTES` in memory.

    Raises:
        OSError: it can't be mounted here.
    """
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"a small disk can't be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _by_error(borne: list[Borne]) -> dict[str, dict[str, int]]:
    return {error: dict(Counter(one.how for one in borne if one.fault.error == error)) for error in ERRORS}


def _sentences(borne: list[Borne]) -> dict[str, int]:
    return dict(Counter(one.message for one in borne if one.how == "refused").most_common())
