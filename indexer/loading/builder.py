"""The one way to make an extraction: blocks go in, text with offsets comes out; its promises hold by construction.

Every loader appends blocks in reading order. A block's characters enter the text here and nowhere else, so blocks are
in order, never overlap and hold every character that is not white space.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from indexer.boxes import Boxes, encode, no_boxes
from indexer.loading.characters import clean_line, clean_line_places, clean_verbatim
from schema import Block, BlockKind, Extraction, Page, PageStatus

LONGEST_FIELD = 300
"""Characters of a title or a field of the metadata; what is longer is cut."""

_TIGHT: frozenset[BlockKind] = frozenset({"list_item", "table_row"})


class TextBuilder:
    """Collects the blocks and pages of one document."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._blocks: list[Block] = []
        self._pages: list[Page] = []
        self._length = 0
        self._page_first_block = 0
        self._placed: dict[int, Boxes] = {}  # of the page that is open, by the start of their block
        self._boxes: list[bytes] = []
        self._has_boxes = False

    @property
    def blocks(self) -> int:
        """How many blocks there are so far."""
        return len(self._blocks)

    def add(
        self, kind: BlockKind, text: str, *, level: int = 0, verbatim: bool = False, boxes: Boxes | None = None
    ) -> None:
        """Append a block; one without visible characters is left out.

        Args:
            kind: what the block is.
            text: its characters as found; they are cleaned here.
            level: 1 to 6 for headings.
            verbatim: keep lines and indents, as in code.
            boxes: (characters, 4) uint16, where each character of ``text`` stands; not with ``verbatim``.
        """
        text, boxes = _clean(text, boxes, verbatim=verbatim)
        if not text:
            return
        if self._blocks:
            tight = kind in _TIGHT and self._blocks[-1].kind == kind
            self._append("\n" if tight else "\n\n")
        start = self._length
        self._append(text)
        if boxes is not None:
            self._placed[start] = boxes
        self._blocks.append(Block(kind, start, self._length, min(max(level, 1), 6) if kind == "heading" else 0))

    def end_page(
        self,
        *,
        label: str = "",
        status: PageStatus | None = None,
        problem: str = "",
        size: tuple[float, float] = (0.0, 0.0),
    ) -> bool:
        """Close a page: the blocks since the last one are its text. Says whether there were any.

        Args:
            label: what is printed on the page in place of its number.
            status: where its text is from; otherwise ``text``, or ``empty`` where there is none.
            problem: a few words on what is wrong with it.
            size: width and height in points.
        """
        first = self._page_first_block
        self._page_first_block = len(self._blocks)
        has_text = first < len(self._blocks)
        start = self._blocks[first].start if has_text else self._length
        number, found = len(self._pages) + 1, status or ("text" if has_text else "empty")
        label = clean_line(label)[:LONGEST_FIELD]
        page = Page(number, start, self._length, "" if label == str(number) else label, found, problem, *size)
        self._pages.append(page)
        self._end_boxes(page)
        return has_text

    def _end_boxes(self, page: Page) -> None:
        """Pack the boxes of a page; what came without has no place."""
        boxes = no_boxes(page.end - page.start)
        for start, placed in self._placed.items():
            boxes[start - page.start : start - page.start + len(placed)] = placed
        self._has_boxes = self._has_boxes or bool(self._placed)
        self._placed = {}
        self._boxes.append(encode(boxes))

    def text_of_first(self, level: int) -> str | None:
        """The first heading of this level or a higher one (a smaller number), if there is one."""
        for index, block in enumerate(self._blocks):
            if block.kind == "heading" and block.level <= level:
                return self._pieces[2 * index]
        return None

    def head(self, characters: int = 2000) -> str:
        """The beginning of the text so far, one block a line, about this long: where documents state their dates."""
        pieces, length = [], 0
        for piece in self._pieces[::2]:
            pieces.append(piece[: characters - length])
            length += len(piece)
            if length >= characters:
                break
        return "\n".join(pieces)

    def build(
        self,
        *,
        title: str | None = None,
        date: str | None = None,
        warnings: tuple[str, ...] = (),
        metadata: Mapping[str, str] | None = None,
        hidden: int = 0,
    ) -> Extraction:
        """The finished extraction; an empty title counts as none, and an empty field of the metadata is left out."""
        fields = {name: clean_line(value)[:LONGEST_FIELD].strip() for name, value in (metadata or {}).items()}
        return Extraction(
            *("".join(self._pieces), tuple(self._blocks), tuple(self._pages)),
            title=clean_line(title or "")[:LONGEST_FIELD].strip() or None,
            date=date,
            warnings=warnings,
            metadata={name: value for name, value in fields.items() if value},
            hidden=hidden,
            boxes=tuple(self._boxes) if self._has_boxes else (),
        )

    def _append(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)


def _clean(text: str, boxes: Boxes | None, *, verbatim: bool) -> tuple[str, Boxes | None]:
    """Clean text and the boxes of the characters that are left."""
    if verbatim:
        return clean_verbatim(text), None
    if boxes is None:
        return clean_line(text), None
    if len(boxes) != len(text):
        raise ValueError(f"{len(text)} characters have {len(boxes)} boxes.")
    cleaned, places = clean_line_places(text) if clean_line(text) != text else (text, None)
    return cleaned, boxes if places is None else boxes[np.array(places, np.intp)]
