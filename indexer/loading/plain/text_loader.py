"""Plain text to blocks: paragraphs by blank lines, list items, and headings where they are unmistakable.

Wrapped lines are joined, because readers and sentence splitters want sentences; a text whose lines were not wrapped at
a width (a poem, a log) keeps one paragraph for each line. Every step is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import unify_lines
from indexer.loading.dates import find_date
from indexer.loading.plain.decoding import decode
from schema import Extraction

_ITEM = re.compile(r"(?:[-*+•‣◦–]|\d{1,3}[.)]|\([a-z0-9]{1,3}\)|[a-z]\))\s+\S")
_NUMBERED_HEADING = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,5})\s+[A-Z][^.;:!?]{1,79}")
_MARKED_HEADING = re.compile(r"(={1,6})[ \t]+(\S.{0,118}[^=\s])")  # as AsciiDoc writes them
_UNDERLINE = re.compile(r"(=+|-+)")
_SENTENCE_END = (".", "!", "?", ";", ":", ",")


def load(data: bytes) -> Extraction:
    """Read plain text from bytes."""
    text, warnings = decode(data)
    return read_text(text, warnings)


def read_text(text: str, warnings: tuple[str, ...] = ()) -> Extraction:
    """Read plain text that is decoded already."""
    builder = TextBuilder()
    add_text(builder, text, titled=True)
    return builder.build(title=builder.text_of_first(6), date=find_date(builder.head()), warnings=warnings)


def add_text(builder: TextBuilder, text: str, *, titled: bool = False) -> None:
    """Append the blocks of plain text; ``titled`` says that its first line may be a title."""
    lines = [line.strip() for line in unify_lines(text).expandtabs(4).split("\n")]
    width = wrap_width(lines)
    groups = list(_groups(lines))
    for index, group in enumerate(groups):
        _add_group(builder, group, width, first=titled and index == 0 and len(groups) > 1)


def wrap_width(lines: list[str]) -> int:
    """The width that the lines were wrapped at, in characters; 0 when they were not wrapped.

    Wrapped prose has lines of nearly one length within its paragraphs, and many go on with a small letter.
    """
    pairs = [(before, after) for before, after in pairwise(lines) if _goes_on(before, after)]
    if not pairs:
        return 0
    lengths = sorted(len(before) for before, _ in pairs)
    width = lengths[len(lengths) * 9 // 10]
    full = sum(_is_full(before, after, width) for before, after in pairs)
    small = sum(not (after[0].isupper() or after[0].isdigit()) for _, after in pairs)
    wrapped = 40 <= width <= 160 and full >= 0.6 * len(pairs) and small >= 0.5 * len(pairs)
    return width if wrapped else 0


def _goes_on(before: str, after: str) -> bool:
    return bool(before and after and not _ITEM.match(after))


def _is_full(before: str, after: str, width: int) -> bool:
    """Whether the first word of ``after`` would not have fitted behind ``before``."""
    return len(before) + 1 + len(after.split(maxsplit=1)[0]) > 0.85 * width


def _groups(lines: Iterable[str]) -> Iterator[list[str]]:
    """Runs of lines between blank ones."""
    group: list[str] = []
    for line in lines:
        if line:
            group.append(line)
        elif group:
            yield group
            group = []
    if group:
        yield group


def _add_group(builder: TextBuilder, group: list[str], width: int, *, first: bool) -> None:
    """Add the blocks of one run of lines; ``first`` is the run that may be a title."""
    while group and (marked := _MARKED_HEADING.fullmatch(group[0])):
        builder.add("heading", marked[2], level=len(marked[1]))
        group = group[1:]
    if len(group) > 1 and _underlines(group[1], group[0]):
        builder.add("heading", group[0], level=1 if group[1][0] == "=" else 2)
        group = group[2:]
    elif len(group) == 1 and (level := heading_level(group[0], first=first)):
        builder.add("heading", group[0], level=level)
        return
    for block in _join_wrapped(group, width):
        builder.add("list_item" if _ITEM.match(block) else "paragraph", block)


def _underlines(line: str, heading: str) -> bool:
    return len(line) >= max(3, len(heading) // 2) and len(heading) <= 120 and bool(_UNDERLINE.fullmatch(line))


def heading_level(line: str, *, first: bool = False) -> int:
    """The level of a heading that stands alone between blank lines; 0 for what may not be one."""
    if len(line) > 80 or line.endswith(_SENTENCE_END):
        return 0
    if match := _NUMBERED_HEADING.fullmatch(line):
        return match[1].count(".") + 1
    if _ITEM.match(line):
        return 0
    letters = sum(character.isalpha() for character in line)
    if letters >= 4 and line.isupper():
        return 1
    return 1 if first and letters >= 4 and line[0].isupper() and letters > len(line) / 2 else 0


def _join_wrapped(group: list[str], width: int) -> Iterator[str]:
    """The lines of one run with those joined that a wrap separated."""
    parts: list[str] = []
    for line in group:
        follows = parts and width and not _ITEM.match(line)
        if follows and (_is_full(parts[-1], line, width) or line[0].islower()):
            parts.append(line)
            continue
        if parts:
            yield " ".join(parts)
        parts = [line]
    if parts:
        yield " ".join(parts)
