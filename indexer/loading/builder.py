"""The one way to make an extraction: blocks go in, text with offsets comes out; its promises hold by construction.

Every loader appends blocks in reading order. A block's characters enter the text here and nowhere else, so blocks are
in order, never overlap and hold every character that is not white space.
"""

from __future__ import annotations

from indexer.loading.characters import clean_line, clean_verbatim
from schema import Block, BlockKind, Extraction, Page

_TIGHT: frozenset[BlockKind] = frozenset({"list_item", "table_row"})


class TextBuilder:
    """Collects the blocks and pages of one document."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._blocks: list[Block] = []
        self._pages: list[Page] = []
        self._length = 0
        self._page_first_block = 0

    @property
    def blocks(self) -> int:
        """How many blocks there are so far."""
        return len(self._blocks)

    def add(self, kind: BlockKind, text: str, *, level: int = 0, verbatim: bool = False) -> None:
        """Append a block; one without visible characters is left out.

        Args:
            kind: what the block is.
            text: its characters as found; they are cleaned here.
            level: 1 to 6 for headings.
            verbatim: keep lines and indents, as in code.
        """
        text = clean_verbatim(text) if verbatim else clean_line(text)
        if not text:
            return
        if self._blocks:
            tight = kind in _TIGHT and self._blocks[-1].kind == kind
            self._append("\n" if tight else "\n\n")
        start = self._length
        self._append(text)
        self._blocks.append(Block(kind, start, self._length, min(max(level, 1), 6) if kind == "heading" else 0))

    def end_page(self) -> bool:
        """Close a page: the blocks since the last one are its text. Says whether there were any."""
        first = self._page_first_block
        self._page_first_block = len(self._blocks)
        start = self._blocks[first].start if first < len(self._blocks) else self._length
        self._pages.append(Page(len(self._pages) + 1, start, self._length))
        return first < len(self._blocks)

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

    def build(self, *, title: str | None = None, date: str | None = None, warnings: tuple[str, ...] = ()) -> Extraction:
        """The finished extraction; an empty title counts as none."""
        title = clean_line(title or "")[:300] or None
        return Extraction("".join(self._pieces), tuple(self._blocks), tuple(self._pages), title, date, warnings)

    def _append(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)
