"""What stands beside the text of an RTF document until its place has come: the blocks of text boxes, and pictures.

Rich Text Format Specification 1.9.1, pictures and drawing objects. Which group is which is not known here.
"""

from __future__ import annotations

from indexer.loading.builder import TextBuilder
from indexer.loading.office.pictures import Pictures
from schema import BlockKind

SIDES = ("picwgoal", "pichgoal", "picscalex", "picscaley")
"""Control words for the sides of a picture, in twips, and for how they are scaled, in percent."""
_TWIPS = 15  # in a CSS pixel


class Asides:
    """The boxes that wait for the end of their paragraph or row, and the pictures of a document."""

    def __init__(self) -> None:
        self.pictures = Pictures()
        self._boxed: list[tuple[BlockKind, str]] = []
        self._sides: dict[str, int] = {}

    def add_boxed(self, label: str, text: str) -> None:
        """Take a paragraph of a box, with the mark of a list that stands before it."""
        self._boxed.append(("list_item" if label else "paragraph", numbered(label, text)))

    def end_boxes(self, builder: TextBuilder) -> None:
        """Append what boxes hold to the document: what they hang on has ended."""
        for kind, text in self._boxed:
            builder.add(kind, text)
        self._boxed.clear()

    def begin_picture(self) -> None:
        """A picture begins; its sides are told by `side`."""
        self._sides.clear()

    def side(self, word: str, number: int | None) -> None:
        """Take one of `SIDES`."""
        self._sides[word] = number or 0

    def end_picture(self) -> None:
        """Take the picture whose sides were told."""
        self.pictures.add(object(), self._pixels("picwgoal", "picscalex"), self._pixels("pichgoal", "picscaley"))

    def _pixels(self, length: str, scale: str) -> float | None:
        twips = self._sides.get(length, 0)
        return twips / _TWIPS * (self._sides.get(scale) or 100) / 100 if twips > 0 else None


def numbered(label: str, text: str) -> str:
    """A text behind its number; bullets have none.

    >>> [numbered("2.", "second"), numbered("•", "point")]
    ['2. second', 'point']
    """
    return f"{label} {text}" if text and any(map(str.isalnum, label)) else text
