"""Documents as JSON and back: how what a loader found travels from the process that parsed to the one that keeps it.

Nothing that comes back is believed: every offset, number and name is checked here before it becomes a value. Text,
offsets and boxes are base64, so that a message has few pieces however long a document is (see `framing`).
"""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args

from indexer.loading.members import Member
from indexer.parsing.framing import MalformedError
from schema import Block, BlockKind, Extraction, Page, PageStatus

_KINDS: tuple[BlockKind, ...] = get_args(BlockKind)
_STATUSES: tuple[PageStatus, ...] = get_args(PageStatus)
_LONGEST = 10_000
"""Characters of what is meant to be short: a title, a warning, a field of the metadata."""
_MOST = 1_000
"""Warnings of a document, and fields of its metadata."""
_DATE = re.compile(r"\d{4}(-\d\d){0,2}", re.ASCII)
_FIELDS = tuple("text kinds levels offsets pages title date warnings metadata hidden boxes".split())
_BOX = 8  # bytes of a character's box
_FARTHEST = 1e9  # points

Value = TypeVar("Value")


def members_to_json(members: Sequence[Member]) -> list[dict[str, Any]]:
    """The members of a file as JSON; what is meant to be short and is not is cut."""
    return [
        {
            "name": member.name,
            "problem": _cut(member.problem),
            "extraction": _extraction_to_json(member.extraction) if member.extraction else None,
        }
        for member in members
    ]


def _extraction_to_json(one: Extraction) -> dict[str, Any]:
    offsets = [offset for block in one.blocks for offset in (block.start, block.end)]
    return {
        "text": _packed(one.text.encode("utf-8", "replace")),
        "kinds": "".join(str(_KINDS.index(block.kind)) for block in one.blocks),
        "levels": "".join(str(block.level) for block in one.blocks),
        "offsets": _packed(struct.pack(f"<{len(offsets)}I", *offsets)),
        "pages": [_page_to_json(page) for page in one.pages],
        "title": None if one.title is None else _cut(one.title),
        "date": one.date,
        "warnings": [_cut(warning) for warning in one.warnings[:_MOST]],
        "metadata": {_cut(name): _cut(value) for name, value in list(one.metadata.items())[:_MOST]},
        "hidden": one.hidden,
        "boxes": [_packed(boxes) for boxes in one.boxes],
    }


def _page_to_json(page: Page) -> list[Any]:
    status = _STATUSES.index(page.status)
    return [page.start, page.end, _cut(page.label), status, _cut(page.problem), page.width, page.height]


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _cut(text: str) -> str:
    """Short, and without halves of characters; what has them keeps its length."""
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8")


def members_from_json(value: object, most: int) -> tuple[Member, ...]:
    """The members that a message holds, none of them with more than ``most`` characters.

    Raises:
        MalformedError: when anything in it is not as a loader would make it.
    """
    members = tuple(_member(one, most) for one in _list(value))
    names = {member.name for member in members}
    if not members or len(names) < len(members):
        raise MalformedError("It has no members, or two of one name.")
    return members


def _member(value: object, most: int) -> Member:
    fields = _object(value, ("name", "problem", "extraction"))
    problem, found = short_text(fields["problem"]), fields["extraction"]
    if bool(problem) == (found is not None):
        raise MalformedError("A member has either a document or a problem.")
    return Member(short_text(fields["name"]), None if found is None else _extraction(found, most), problem)


def _extraction(value: object, most: int) -> Extraction:
    fields = _object(value, _FIELDS)
    text = _document_text(fields["text"], most)
    pages = tuple(_pages(fields["pages"], len(text)))
    title, date = fields["title"], fields["date"]
    if date is not None and not _DATE.fullmatch(short_text(date)):
        raise MalformedError("The date is none.")
    return Extraction(
        text,
        tuple(_blocks(fields, text)),
        pages,
        None if title is None else short_text(title),
        date,
        tuple(short_text(one) for one in _list(fields["warnings"], _MOST)),
        _metadata(fields["metadata"]),
        integer(fields["hidden"], 0, 2**53),
        tuple(_boxes(fields["boxes"], pages)),
    )


def _document_text(value: object, most: int) -> str:
    data = _unpacked(value)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError("The text is not UTF-8.") from error
    if len(text) > most:
        raise MalformedError("The text is longer than was asked for.")
    return text


def _blocks(fields: Mapping[str, Any], text: str) -> Iterator[Block]:
    """The blocks, in order and apart, with every character between them white space."""
    kinds, levels, data = fields["kinds"], fields["levels"], _unpacked(fields["offsets"])
    if not isinstance(kinds, str) or not isinstance(levels, str) or not len(kinds) == len(levels) == len(data) / 8:
        raise MalformedError("The blocks have no kind, level and offsets each.")
    done = 0
    for kind, level, (start, end) in zip(kinds, levels, struct.iter_unpack("<II", data), strict=True):
        if not done <= start < end <= len(text) or not _is_blank(text[done:start]):
            raise MalformedError("A block is not where one can be.")
        done = end
        named = _one_of(_KINDS, integer(ord(kind) - ord("0"), 0, len(_KINDS) - 1))
        rank = integer(ord(level) - ord("0"), 0, 6)
        if (named == "heading") != bool(rank):
            raise MalformedError("A block has a level that it can't have.")
        yield Block(named, start, end, rank)
    if not _is_blank(text[done:]):
        raise MalformedError("There is text outside the blocks.")


def _is_blank(text: str) -> bool:
    return not text or text.isspace()


def _pages(value: object, length: int) -> Iterator[Page]:
    """The pages, numbered from 1, in order and apart."""
    done = 0
    for number, row in enumerate(_list(value), start=1):
        if not isinstance(row, list) or len(row) != 7:
            raise MalformedError("A page has no seven values.")
        start = integer(row[0], done, length)
        done = integer(row[1], start, length)
        status = _one_of(_STATUSES, row[3])
        sides = _number(row[5]), _number(row[6])
        yield Page(number, start, done, short_text(row[2]), status, short_text(row[4]), *sides)


def _metadata(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > _MOST:
        raise MalformedError("The metadata is not names with texts.")
    return {short_text(name): short_text(one) for name, one in value.items()}


def _boxes(value: object, pages: Sequence[Page]) -> Iterator[bytes]:
    """The boxes of each page, which must unpack to as many as it has characters; an empty entry stays empty."""
    rows = _list(value)
    if rows and len(rows) != len(pages):
        raise MalformedError("There are boxes for another number of pages.")
    for row, page in zip(rows, pages, strict=False):
        data, size = _unpacked(row), _BOX * (page.end - page.start)
        if data and _inflated_size(data, size) != size:
            raise MalformedError("A page has boxes for another number of characters.")
        yield data


def _inflated_size(data: bytes, most: int) -> int:
    """How many bytes zlib makes of these, as far as it matters; -1 for what is not one whole stream."""
    inflating = zlib.decompressobj()
    try:
        size = len(inflating.decompress(data, most + 1))
    except zlib.error:
        return -1
    return size if inflating.eof and not inflating.unused_data else -1


def _list(value: object, most: int = 1_000_000) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise MalformedError("Something is no list, or a longer one than there can be.")
    return value


def _object(value: object, names: Sequence[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise MalformedError(f"Something has not just the fields {', '.join(sorted(names))}.")
    return value


def short_text(value: object) -> str:
    """A text that people may be shown, checked."""
    if not isinstance(value, str) or len(value) > _LONGEST or not _is_whole(value):
        raise MalformedError("Something is no short text.")
    return value


def _is_whole(text: str) -> bool:
    """Whether there are no halves of characters in it, which nothing can print or store."""
    return text.isprintable() or not any("\ud800" <= character <= "\udfff" for character in text)


def integer(value: object, least: int, most: int) -> int:
    """A whole number within bounds, checked."""
    if type(value) is not int or not least <= value <= most:
        raise MalformedError("A number is not within its bounds.")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _FARTHEST:
        raise MalformedError("A side of a page is no length.")
    return float(value)


def _one_of(values: Sequence[Value], place: object) -> Value:
    return values[integer(place, 0, len(values) - 1)]


def _unpacked(value: object) -> bytes:
    if not isinstance(value, str):
        raise MalformedError("Something is not packed.")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError as error:
        raise MalformedError("Something is not packed.") from error
