"""The files of a chained log, which grow, are put aside under a number, healed after a crash, and thinned out.

``audit.jsonl`` is the newest, ``audit-000001.jsonl`` the oldest. The caller holds the folder's lock. What this module
does not do: know what the lines are about.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from access.chain import START, Line, lines_of, parse_line
from access.files import write_atomically

FILE = "audit.jsonl"
BLOCK = 1 << 16
"""Bytes of a file's end that are read at first; few lines are longer."""
OLDER = "audit-[0-9][0-9][0-9][0-9][0-9][0-9].jsonl"


def files_of(folder: Path) -> list[Path]:
    """The files of the log, oldest first."""
    newest = folder / FILE
    return [*sorted(folder.glob(OLDER)), *([newest] if newest.exists() else [])]


def texts_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every line with its place, oldest first."""
    for path in (files := files_of(folder)):
        yield from lines_of(path, is_last=path == files[-1])


def put_aside(folder: Path) -> None:
    """Put the newest file aside, whole, under the next number."""
    descriptor = os.open(folder / FILE, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    try:
        heal(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)
    newest = max((int(path.stem[-6:]) for path in folder.glob(OLDER)), default=0)
    (folder / FILE).rename(folder / f"audit-{newest + 1:06}.jsonl")
    sync_folder(folder)


def drop_lines(path: Path, count: int) -> None:
    """Remove so many lines from the beginning of a file, and the file when nothing is left of an older one."""
    kept = path.read_bytes().split(b"\n", count)[count]
    write_atomically(path, kept, mode=0o600)
    if not kept and path.name != FILE:
        path.unlink()


def lines_before(folder: Path, day: str) -> list[tuple[Path, bytes]]:
    """The lines before the first one of this day or a later one, each with its file."""
    old: list[tuple[Path, bytes]] = []
    for path in files_of(folder):
        for text in path.read_bytes().split(b"\n")[:-1]:
            try:
                if parse_line(text).at >= day:
                    return old
            except ValueError:
                return old  # what was tampered with stays, for `verify` to show
            old.append((path, text))
    return old


def numbers_of(path: Path, is_meant: Callable[[Line], bool]) -> set[int]:
    """The numbers of the lines, from 0, that are meant."""
    numbers = set()
    for number, text in enumerate(path.read_bytes().split(b"\n")):
        try:
            line = parse_line(text)
        except ValueError:
            continue
        if is_meant(line):
            numbers.add(number)
    return numbers


def take_out(path: Path, numbers: set[int]) -> None:
    """Take the content out of these lines."""
    texts = path.read_bytes().split(b"\n")
    for number in numbers:
        texts[number] = parse_line(texts[number]).without_content().to_bytes().rstrip(b"\n")
    write_atomically(path, b"\n".join(texts), mode=0o600)


def heal(descriptor: int, size: int) -> None:
    """Cut off a last line that a crash left unfinished; one that only lacks its end gets it."""
    rest = _end_of(descriptor, size, ends=1).rpartition(b"\n")[2]
    if not rest:
        return
    try:
        parse_line(rest)
    except ValueError:
        os.ftruncate(descriptor, size - len(rest))
    else:
        os.write(descriptor, b"\n")


def last_hash(folder: Path) -> str:
    """The hash of the last line that there is."""
    for path in reversed(files_of(folder)):
        with path.open("rb") as stream:
            end = _end_of(stream.fileno(), os.fstat(stream.fileno()).st_size, ends=2)
        if texts := end.split(b"\n")[:-1]:
            return hash_of(texts[-1])
    return START


def _end_of(descriptor: int, size: int, *, ends: int) -> bytes:
    """The end of a file with at least so many ends of lines, or the whole: another process may write every line."""
    length = BLOCK
    while True:
        end = os.pread(descriptor, length, max(0, size - length))
        if length >= size or end.count(b"\n") >= ends:
            return end
        length *= 4


def hash_of(text: bytes) -> str:
    """The hash of a line; that of none for one that was tampered with."""
    try:
        return parse_line(text).hash
    except ValueError:
        return START  # the break is there for `verify` to show; writing goes on


def sync_folder(folder: Path) -> None:
    """The name of a new file is durable only when its folder is synced too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
