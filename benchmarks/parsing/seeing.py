"""What a reader saw of a document, in one form for all readers and for reference Markdown, made ready to compare.

What differs by convention and not by content goes, on both sides alike: markup, list marks, placeholders of images,
targets of links, drawn lines and bars, dot leaders, the form of quotes, dashes and ligatures, hyphens between letters,
white space (within a line, and beside punctuation and digits), and the repetition of a merged cell in neighbouring
columns. Case, digits, other punctuation and the order stay. Judges nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Piece = tuple[Literal["heading", "text", "row"], str | Sequence[str]]
"""One unit in reading order; that of a row is its cells."""

_MARK = re.compile(r"\s*(?:(?:[-*+•◦▪‣∙·]|\d{1,3}[.)])\s+)?")
_BOX = re.compile(r"(?<!\S)\[[ xX]\](?!\S)|[☐☑☒]")
_RULE = re.compile(r"([-=_*~.])\1{2,}|\|")
_SECTION = re.compile(r"^(?:\d+\.)*\d+\.?\s+(?=\S)")
_SAME = str.maketrans(
    {**dict.fromkeys("‘’‚‛′`´", "'"), **dict.fromkeys("“”„‟″«»", '"'), **dict.fromkeys("‐‑‒–—―−", "-"), "⁄": "/"}
)
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_HYPHEN_AT_END = re.compile(r"(?<=[^\W\d_])[-‐\u00ad]\s*\n\s*(?=[^\W\d_])")
_LOOSE = re.compile(r"\s*([^\w\s])\s*|(?<=[^\W\d_])\s+(?=\d)|(?<=\d)\s+(?=[^\W\d_])")
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|\d+|[^\W\d_{_IDEOGRAPHS}]+")


@dataclass(frozen=True, slots=True)
class Seen:
    """A document as lines in reading order, and what of it are rows of tables and headings, each made ready.

    ``rows`` and ``headings`` are ``None`` for a reader that doesn't tell them from other text.
    """

    lines: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] | None = None
    headings: tuple[str, ...] | None = None

    @property
    def text(self) -> str:
        """All characters, without white space beside punctuation and between letters and digits."""
        return _LOOSE.sub(lambda found: found[1] or "", " ".join(self.lines))

    @property
    def words(self) -> list[str]:
        """All words, without punctuation."""
        return words(" ".join(self.lines))


def seen(pieces: Iterable[Piece], *, rows: Iterable[Sequence[str]] | None = None, is_structured: bool = True) -> Seen:
    """Pieces as they came, made ready to compare.

    Args:
        pieces: all of the document.
        rows: rows of tables that a reader gives besides the text that holds them; else those among the pieces count.
        is_structured: whether the reader tells headings and rows at all.
    """
    texts: list[str] = []
    found: list[tuple[str, ...]] = []
    headings = []
    for kind, content in pieces:
        if kind == "row":
            found.append(cells(content))
            texts.append(" ".join(unrepeated(content)))
        else:
            texts.extend(str(content).split("\n"))
            headings += [heading(str(content))] if kind == "heading" else []
    table = [cells(row) for row in rows] if rows is not None else found if is_structured else None
    return Seen(
        lines=tuple(filter(None, map(plain, joined(texts)))),
        rows=tuple(filter(None, table)) if table is not None else None,
        headings=tuple(filter(None, headings)) if is_structured else None,
    )


def joined(lines: Iterable[str]) -> list[str]:
    """Lines without a hyphen between letters at their end, so that a word that is parted there is one again.

    >>> joined(["con-", "firmed, well-known", "1-2"])
    ['confirmed, well-known', '1-2']
    """
    return _HYPHEN_AT_END.sub("", "\n".join(lines)).split("\n")


def plain(line: str) -> str:
    """One line without the mark of a list, in one form of quotes, dashes and ligatures, with white space folded.

    >>> plain("  - [x] The “ﬁrst”   item")
    'The "first" item'
    """
    line = unicodedata.normalize("NFKC", line).translate(_SAME)
    line = "".join(one for one in line if one in "\t\n" or unicodedata.category(one) not in ("Cf", "Cc", "Co"))
    line = _MARK.sub("", " ".join(line.split()) + " ", count=1)
    return " ".join(_HYPHEN.sub("", _RULE.sub(" ", _BOX.sub(" ", line))).split())


def cells(row: Sequence[str]) -> tuple[str, ...]:
    """The words of each cell of a row that has any.

    >>> cells(["a:", "a:", "", "b c", "-"])
    ('a', 'b c')
    """
    return tuple(filter(None, (" ".join(words(plain(cell))) for cell in unrepeated(row))))


def unrepeated(row: Sequence[str]) -> list[str]:
    """The cells of a row, of equal neighbours one, as a merged cell may be repeated.

    >>> unrepeated(["a", "a", "", "b", "a"])
    ['a', '', 'b', 'a']
    """
    row = [" ".join(cell.split()) for cell in row]
    return [cell for before, cell in zip(["", *row], row, strict=False) if not cell or cell != before]


def heading(text: str) -> str:
    """A heading without its number, in small letters.

    >>> heading("2.1 Results: overview")
    'results overview'
    """
    return " ".join(words(_SECTION.sub("", plain(text), count=1))).lower()


def words(text: str) -> list[str]:
    """Runs of letters and runs of digits, so that H2O is as H 2 O; an ideograph is a word."""
    return _WORD.findall(text)
