"""Microsoft's old container of streams in folders [MS-CFB], read from bytes; what the streams mean is not known here.

Every chain of sectors is followed for at most as many steps as there are sectors, and all that is read counts against
one budget, since several streams may name the same sectors.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from indexer.loading.packages import MOST_ENTRIES, MOST_UNPACKED
from schema import FootnoteError

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER = 512
_ENTRY = 128  # bytes of an entry of the directory
_SHORT = 64  # bytes of a short sector, of which small streams are made
_LAST = 0xFFFFFFFA  # sector numbers from here on mean something else, such as the end
_NONE = 0xFFFFFFFF
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_MOST_EXTRA = 1_000  # sectors of the list of sectors of the table of sectors

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Stream:
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: int
    left: int
    right: int
    child: int
    stream: _Stream


class CompoundFile:
    """A compound file; streams are named by the folders that lead to them, in the capitals they are stored in."""

    def __init__(self, data: bytes) -> None:
        """Open a file.

        Raises:
            FootnoteError: when it is damaged.
        """
        if not data.startswith(_MAGIC) or len(data) < _HEADER:
            raise FootnoteError("It can't be read as an Outlook message: it is cut short or something else.")
        self._data, self._left = data, MOST_UNPACKED
        shift = int.from_bytes(data[30:32], "little")
        if shift not in (9, 12):
            raise _damaged("the size of its sectors")
        self._sector = 1 << shift
        self._cutoff = _number(data, 56)
        self._table = self._read_table()
        entries = [_entry(block) for block in _blocks(self._chain(_number(data, 48)), _ENTRY)]
        if not entries or entries[0].kind != _ROOT:
            raise _damaged("its directory")
        self._short_table = _numbers(self._chain(_number(data, 60)))
        self._short = self._chain(entries[0].stream.start)
        self._streams = dict(_paths(entries))

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every stream, by its folders and its name."""
        return tuple(self._streams)

    def read(self, *path: str) -> bytes:
        """The bytes of a stream; empty when there is none.

        Raises:
            FootnoteError: when it is damaged, or more has been read than is allowed.
        """
        stream = self._streams.get(path)
        if stream is None:
            return b""
        self._left -= stream.size
        if self._left < 0 or stream.size > len(self._data):
            raise FootnoteError("It holds more than its size allows: it is damaged or an attack.")
        content = self._short_chain(stream) if stream.size < self._cutoff else self._chain(stream.start, stream.size)
        return content[: stream.size]

    def _read_table(self) -> tuple[int, ...]:
        """For each sector the number of the one after it."""
        places = list(_numbers(self._data[76:_HEADER]))
        extra = _number(self._data, 68)
        for _ in range(_MOST_EXTRA):
            if extra >= _LAST:
                break
            *more, extra = _numbers(self._at(extra)) or (_NONE,)
            places += more
        return _numbers(b"".join(self._at(place) for place in dict.fromkeys(places) if place < _LAST))

    def _at(self, number: int) -> bytes:
        start = (number + 1) * self._sector
        return self._data[start : start + self._sector]

    def _chain(self, number: int, size: int | None = None) -> bytes:
        """The sectors from one on, those that hold ``size`` bytes or all of them."""
        most = len(self._data) // self._sector + 1
        if size is not None:
            most = min(most, -(-size // self._sector))
        return b"".join(self._at(place) for place in _steps(self._table, number, most))

    def _short_chain(self, stream: _Stream) -> bytes:
        most = -(-stream.size // _SHORT)
        places = _steps(self._short_table, stream.start, most)
        return b"".join(self._short[place * _SHORT : (place + 1) * _SHORT] for place in places)


def _steps(table: tuple[int, ...], number: int, most: int) -> Iterator[int]:
    for _ in range(most):
        if number >= len(table):
            return
        yield number
        number = table[number]


def _paths(entries: list[_Entry]) -> Iterator[tuple[Path, _Stream]]:
    """The streams of a directory, whose entries are trees within trees; none is visited twice."""
    seen: set[int] = set()
    stack: list[tuple[int, Path]] = [(entries[0].child, ())]
    while stack:
        number, folder = stack.pop()
        if number >= min(len(entries), MOST_ENTRIES) or number in seen:
            continue
        seen.add(number)
        entry = entries[number]
        stack += [(entry.left, folder), (entry.right, folder)]
        if entry.kind == _STREAM:
            yield (*folder, entry.name), entry.stream
        elif entry.kind == _STORAGE:
            stack.append((entry.child, (*folder, entry.name)))


def _entry(block: bytes) -> _Entry:
    length = min(int.from_bytes(block[64:66], "little"), 64)
    name = block[: max(0, length - 2)].decode("utf-16-le", "replace")
    left, right, child = struct.unpack_from("<III", block, 68)
    return _Entry(name, block[66], left, right, child, _Stream(*struct.unpack_from("<II", block, 116)))


def _blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data) - size + 1, size))


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack_from(f"<{len(data) // 4}I", data)


def _damaged(what: str) -> FootnoteError:
    return FootnoteError(
        f"It can't be read as an Outlook message ({what} is not what it should be): it may be damaged."
    )
