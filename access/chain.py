"""Lines of a log in which each holds the hash of the one before, so that a change in the middle shows.

The hash chain of Schneier and Kelsey (Secure Audit Logs to Support Computer Forensics, 1999), without their keys.
A line's hash covers the hash of its content and not the content itself: the content can be taken out and the chain
still holds. A salt in it keeps anybody from guessing what was taken out. What this module does not do: write files.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

Kind = Literal["question", "forgotten", "expired"]
START = "0" * 64
"""Stands for the hash before the first line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``content`` is ``None`` where it was taken out, ``at`` is ISO time in UTC."""

    at: str
    kind: Kind
    content: Mapping[str, Any] | None
    content_hash: str
    previous: str
    hash: str

    def to_bytes(self) -> bytes:
        """The line as it stands in the file, in ASCII and with its end: nothing in it can look like another line."""
        return _dump({name: getattr(self, name) for name in self.__slots__}) + b"\n"

    def without_content(self) -> Line:
        """The line as it is when its content is taken out."""
        return Line(self.at, self.kind, None, self.content_hash, self.previous, self.hash)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the chain found: its lines, how many of them are without content, its last hash, and any fault.

    ``fault`` names file and line of the first break; it is empty when there is none.
    """

    lines: int = 0
    erased: int = 0
    head: str = START
    fault: str = ""


def make_line(kind: Kind, content: Mapping[str, Any], *, at: str, previous: str) -> Line:
    """The line that comes after the one with the hash ``previous``."""
    salted = {**content, "salt": secrets.token_hex(16)}
    content_hash = _digest(salted)
    return Line(at, kind, salted, content_hash, previous, _digest([previous, at, kind, content_hash]))


def parse_line(text: bytes) -> Line:
    """A line of a file, whose own hashes hold.

    Raises:
        ValueError: saying what is wrong with it.
    """
    try:
        fields = json.loads(text)
        line = Line(**fields)
        datetime.fromisoformat(line.at)
    except (TypeError, ValueError) as error:
        raise ValueError("it is no line of the audit log") from error
    if line.to_bytes() != text + b"\n" or line.kind not in get_args(Kind):
        raise ValueError("it is not written as Footnote writes lines")
    if line.hash != _digest([line.previous, line.at, line.kind, line.content_hash]):
        raise ValueError("its hash does not fit what it says")
    if line.content is not None and line.content_hash != _digest(line.content):
        raise ValueError("its content was changed")
    return line


def check_chain(lines: Iterable[tuple[str, bytes]]) -> Verdict:
    """Check lines in their order, each with the name of its place.

    The first line follows nothing, or one that a later line of the kind ``expired`` says was removed in time; and no
    more lines are without content than lines of the kind ``forgotten`` say.
    """
    count, erased, head, starts, may_be_erased = 0, 0, START, {START}, 0
    first: tuple[str, str] | None = None
    first_erased = ""
    for place, text in lines:
        try:
            line = parse_line(text)
        except ValueError as error:
            return Verdict(count, erased, head, f"{place}: {error}")
        if first is None:
            first = place, line.previous
        elif line.previous != head:
            return Verdict(count, erased, head, f"{place}: it does not follow the line before it")
        content = line.content or {}
        if line.content is None:
            erased, first_erased = erased + 1, first_erased or place
        elif line.kind == "expired":
            starts.add(str(content.get("last")))
        elif line.kind == "forgotten":
            said = content.get("lines")
            may_be_erased += said if isinstance(said, int) else 0
        count, head = count + 1, line.hash
    fault = ""
    if first and first[1] not in starts:
        fault = f"{first[0]}: lines before it are missing, and no line says that they were removed in time"
    elif erased > may_be_erased:
        fault = f"{first_erased}: {erased} lines are without content, and {may_be_erased} were deleted by name"
    return Verdict(count, erased, head, fault)


def lines_of(path: Path, *, is_last: bool) -> Iterator[tuple[str, bytes]]:
    """The lines of a file with their places; the unfinished end of the last file is nobody's line."""
    *whole, rest = path.read_bytes().split(b"\n")
    texts = whole if is_last or not rest else [*whole, rest]
    for number, text in enumerate(texts, start=1):
        yield f"{path}, line {number}", text


def _digest(value: object) -> str:
    return hashlib.sha256(_dump(value)).hexdigest()


def _dump(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
