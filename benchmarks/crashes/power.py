"""Power loss, replayed: the calls of a command are recorded, and a disk is made that has only some of what they wrote.

What was synced is there. Of the rest, each write is there, missing or torn at a sector, in any combination; names
(files made, renamed and removed) are there in the order of the calls up to some moment, as a journalling file system
keeps them, unless their folder was synced. The shared memory of the log is lost. What is not replayed: that the index
folder itself may be missing from its parent.

Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.crashes.commands import Stage, commands, faults_after, look, prepared
from benchmarks.crashes.forking import Say
from benchmarks.crashes.side_by_side import side_by_side
from benchmarks.crashes.tracing import traced

SECTOR = 512
SAID = "/said"
CALLS = "openat,close,write,pwrite64,fsync,fdatasync,ftruncate,rename,unlink,access,faccessat,faccessat2"

_LINE = re.compile(r"^\d+ +(?P<call>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Step:
    """One call that matters: ``data`` or ``other`` (a name) where it has one; ``at`` is an offset or a size."""

    kind: str
    name: str
    data: bytes = b""
    at: int = 0
    other: str = ""


@dataclass(slots=True)
class File:
    """One file of the simulated disk: what is certain to be there, and what was done since."""

    content: bytearray
    pending: list[Step] = field(default_factory=list)

    def sync(self) -> None:
        """All of it is on the disk."""
        for step in self.pending:
            _apply(self.content, step)
        self.pending.clear()

    def after_loss(self, chance: random.Random) -> bytes:
        """What may be found of it: some of what is pending, perhaps torn."""
        content, share = bytearray(self.content), chance.choice((0.0, 0.5, 0.9, 1.0))
        for step in self.pending:
            if chance.random() < share:
                torn = chance.random() < 0.2
                _apply(content, _torn(step, chance) if torn else step)
        return bytes(content)


@dataclass(frozen=True, slots=True)
class Recording:
    """A command with the calls that it made, in order."""

    stage: Stage
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Loss:
    """One power loss: a recording and a seed that decides when it was, and what is left."""

    recording: Recording
    seed: int


def measure(work: Path, processes: int, states: int = 1000) -> dict[str, Any]:
    """So many states in turn over the commands."""
    recordings = [record(prepared(command, work)) for command in commands().values()]
    losses = [Loss(recordings[number % len(recordings)], number) for number in range(states)]
    results = side_by_side(lose, losses, processes, "power losses")
    return {
        "states": len(losses),
        "calls": {one.stage.command.name: len(one.steps) for one in recordings},
        "synced": {one.stage.command.name: sum(step.kind == "sync" for step in one.steps) for one in recordings},
        "faults": [
            f"{loss.recording.stage.command.name} (seed {loss.seed}): {fault}"
            for loss, found in zip(losses, results, strict=True)
            for fault in found
        ],
    }


def record(stage: Stage) -> Recording:
    """Run a command once and keep its calls."""
    log = stage.start.with_name("recorded")

    def work(_: Say, index: Path) -> None:
        stage.command.run(index, stage.documents, _speak)

    with stage.fresh() as index:
        ended = traced(lambda say: work(say, index), ["-e", f"trace={CALLS}", "-xx", "-s", "9999999", "-o", str(log)])
        if ended.how != "finished":
            raise RuntimeError(ended.message)
        return Recording(stage, tuple(parse(log.read_text("ascii", "replace").splitlines(), index)))


def lose(loss: Loss) -> list[str]:
    """Make the state that one loss leaves, open it, and say what is wrong."""
    stage, chance = loss.recording.stage, random.Random(loss.seed)  # noqa: S311
    moment = chance.randint(0, len(loss.recording.steps))
    steps = loss.recording.steps[:moment]
    rows = {Path(step.name).name: step.other for step in steps if step.kind == "said"}
    folder = stage.start.with_name(f"lost-{os.getpid()}")
    folder.mkdir(mode=0o700)
    try:
        for name, content in after_loss(stage.start, steps, chance).items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_bytes(content)
        seen = look(folder, create=not stage.command.before)
    finally:
        shutil.rmtree(folder)
    return faults_after(stage.command.old, stage.command.new, rows, seen)


def after_loss(start: Path, steps: Sequence[Step], chance: random.Random) -> dict[str, bytes]:
    """The files of a folder after some calls and a loss of power."""
    files = {path.name: File(bytearray(path.read_bytes())) for path in start.iterdir()} if start.exists() else {}
    durable, history = dict(files), []  # what the folder is sure to list, and all that it may list
    for step in steps:
        if step.kind in ("make", "rename", "unlink"):
            _rename(files, step)
            history.append(dict(files))
        elif step.kind == "sync" and not step.name:
            durable, history = dict(files), []
        elif step.kind == "sync" and step.name in files:
            files[step.name].sync()
        elif step.name in files and step.kind in ("write", "truncate"):
            files[step.name].pending.append(step)
    listed = chance.choice([durable, *history])
    return {name: file.after_loss(chance) for name, file in listed.items() if not name.endswith("-shm")}


def parse(lines: Sequence[str], folder: Path) -> Iterator[Step]:
    """The calls in strace's log that concern a folder and the files in it."""
    opened: dict[str, str] = {}
    places: dict[str, int] = {}
    for line in lines:
        match = _LINE.match(line)
        if not match or (match["result"].startswith("-") and "access" not in match["call"]):
            continue
        call, arguments, result = match["call"], match["arguments"], match["result"]
        strings = [bytes.fromhex(text.replace("\\x", "")) for text in _STRING.findall(arguments)]
        number = arguments.split(",")[0]
        if "access" in call:
            yield from _said(strings[0])
        elif call == "openat":
            opened.pop(result, None)
            yield from _opened(strings[0], arguments, result, folder, opened, places)
        elif call == "close":
            opened.pop(number, None)
        elif call in ("rename", "unlink"):
            names = [Path(os.fsdecode(text)) for text in strings]
            if names[0].parent == folder:
                yield Step(call, names[0].name, other=names[-1].name)
        elif number in opened:
            yield from _of_file(call, arguments, opened[number], strings, places, number)


def _said(path: bytes) -> Iterator[Step]:
    if path.startswith(SAID.encode()):
        status, name = os.fsdecode(path)[len(SAID) + 1 :].split("/", 1)
        yield Step("said", name, other=status)


def _opened(
    path: bytes, arguments: str, result: str, folder: Path, opened: dict[str, str], places: dict[str, int]
) -> Iterator[Step]:
    """Opening a file makes it when it has to, and may empty it; the folder itself has no name here."""
    where = Path(os.fsdecode(path))
    if where == folder:
        opened[result] = ""
    elif where.parent == folder:
        opened[result], places[result] = where.name, 0
        if "O_CREAT" in arguments:
            yield Step("make", where.name)
        if "O_TRUNC" in arguments:
            yield Step("truncate", where.name)


def _of_file(
    call: str, arguments: str, name: str, strings: Sequence[bytes], places: dict[str, int], number: str
) -> Iterator[Step]:
    if call in ("fsync", "fdatasync"):
        yield Step("sync", name)
    elif call == "ftruncate":
        yield Step("truncate", name, at=int(arguments.rsplit(",", maxsplit=1)[-1]))
    elif call == "pwrite64":
        yield Step("write", name, strings[0], int(arguments.rsplit(",", 1)[-1]))
    elif call == "write":
        yield Step("write", name, strings[0], places[number])
        places[number] += len(strings[0])


def _speak(row: Any) -> None:
    """Say in a way that stands in the record, after the calls that made it true."""
    os.access(f"{SAID}/{row['status']}/{row['path'].lstrip('/')}", os.F_OK)


def _rename(files: dict[str, File], step: Step) -> None:
    if step.kind == "make":
        files.setdefault(step.name, File(bytearray()))
    elif (file := files.pop(step.name, None)) and step.kind == "rename":
        files[step.other] = file


def _apply(content: bytearray, step: Step) -> None:
    if step.kind == "truncate":
        del content[step.at :]
        content.extend(bytes(step.at - len(content)))
        return
    content.extend(bytes(max(0, step.at - len(content))))
    content[step.at : step.at + len(step.data)] = step.data


def _torn(step: Step, chance: random.Random) -> Step:
    """Only the first sectors of a write; one that lies within a sector is whole."""
    sectors = len(step.data) // SECTOR
    return Step(step.kind, step.name, step.data[: chance.randint(0, sectors) * SECTOR], step.at) if sectors else step
