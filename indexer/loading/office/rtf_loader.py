"""RTF to paragraphs, headings, list items and table rows; a text box follows its paragraph, notes come at the end.

Rich Text Format Specification 1.9.1. Hidden and deleted text is left out, the former counted, as pictures are; objects,
field codes, page headers and every group that is marked as ignorable are skipped. Nothing here recurses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import find_date
from indexer.loading.office.office_parts import sensible_title
from indexer.loading.office.rtf_asides import SIDES, Asides, numbered
from indexer.loading.office.rtf_tokens import Token, tokens
from indexer.loading.office.rtf_words import (
    CHARACTERS,
    CHARSETS,
    CODE_PAGES,
    ENDS,
    GONE,
    INTO,
    NEVER_IN_SKIPPED,
    SKIPPED,
)
from indexer.loading.tables import join_cells
from schema import BlockKind, Extraction

_HEADING_NAME = re.compile(r"heading ([1-9])\b", re.IGNORECASE)
_TINY = 2  # half points: nobody reads type of one point


@dataclass(frozen=True, slots=True)
class _State:
    """What holds until a group ends; ``fallback`` counts the characters for old programs behind a Unicode one."""

    into: str = ""
    encoding: str = "cp1252"
    is_hidden: bool = False
    is_tiny: bool = False
    is_deleted: bool = False
    fallback: int = 1


@dataclass(slots=True)
class _Paragraph:
    """What the properties of the paragraph that is being read say."""

    style: int = 0
    level: int = 0
    in_table: bool = False
    is_item: bool = False


def load(data: bytes) -> Extraction:
    """Read an RTF document from bytes."""
    reader = _Reader()
    for token in tokens(data):
        reader.take(token)
    return reader.finish()


class _Reader:
    """Turns tokens into blocks; groups are kept on a stack of their own."""

    def __init__(self) -> None:
        self._builder = TextBuilder()
        self._state, self._stack = _State(), list[_State]()
        self._begins = self._is_ignorable = False
        self._bytes, self._pass_over = bytearray(), 0
        self._encoding, self._fonts, self._font = "cp1252", dict[int, str](), 0
        self._levels, self._style = dict[int, int](), 0
        self._texts: dict[str, list[str]] = {}
        self._paragraph = _Paragraph()
        self._cell, self._cells, self._notes = list[str](), list[str](), list[str]()
        self._asides, self._hidden = Asides(), 0
        self._actions: dict[str, Callable[[int | None], None]] = {
            "cell": lambda _: self._emit(" ") if self._state.into else self._end_cell(),
            "row": lambda _: None if self._state.into else self._end_row(),
            **{name: partial(self._asides.side, name) for name in SIDES},
            "pard": lambda _: self._plain_paragraph(),
            "plain": lambda _: self._set(is_hidden=False, is_tiny=False, is_deleted=False),
            "v": lambda number: self._set(is_hidden=number != 0),
            "deleted": lambda number: self._set(is_deleted=number != 0),
            "fs": lambda number: self._set(is_tiny=number is not None and number <= _TINY),
            "uc": lambda number: self._set(fallback=max(0, number or 0)),
            "u": self._unicode, "f": self._set_font, "fcharset": self._set_charset, "ansicpg": self._set_code_page,
            "s": self._set_style, "outlinelevel": self._set_level,
            "intbl": lambda _: None if self._state.into else setattr(self._paragraph, "in_table", True),
            "ls": lambda number: None if self._state.into else setattr(self._paragraph, "is_item", bool(number)),
        }  # fmt: skip

    def take(self, token: Token) -> None:
        """Take the next token."""
        if token.kind == "bytes":
            passed = min(self._pass_over, len(token.data))
            self._pass_over -= passed
            self._bytes += token.data[passed:]
        else:
            self._decode()
            if token.kind == "word" and token.name != "*":
                self._word(token)
            elif token.kind != "word":
                self._group(opens=token.kind == "open")
        self._is_ignorable = token.name == "*"
        self._begins = token.kind == "open" or (self._begins and self._is_ignorable)

    def finish(self) -> Extraction:
        """The document, once all tokens are taken."""
        self._decode()
        self._end_paragraph()
        self._end_row()
        self._asides.end_boxes(self._builder)
        for note in self._notes:
            self._builder.add("paragraph", note)
        fields = {name: "".join(self._texts.get(name, ())) for name in ("author", "subject", "keywords", "category")}
        title = sensible_title("".join(self._texts.get("title", ())))
        warnings = self._asides.pictures.warnings()
        if self._hidden:
            warnings = (*warnings, f"{self._hidden:,} characters of hidden text were left out")
        return self._builder.build(
            title=title or self._builder.text_of_first(1) or self._builder.text_of_first(6),
            date=find_date(self._builder.head()),
            warnings=warnings,
            metadata=fields,
            hidden=self._hidden,
        )

    def _group(self, *, opens: bool) -> None:
        self._pass_over = 0
        if opens:
            self._stack.append(self._state)
            return
        ended, self._state = self._state, self._stack.pop() if self._stack else _State(encoding=self._encoding)
        was = ended.into
        if was == "picture" and self._state.into != "picture" and not (ended.is_hidden or ended.is_deleted):
            self._asides.end_picture()
        if was == "box" and self._state.into != "box":
            self._end_boxed()
        if was == "style":  # the name of one style ends here
            if match := _HEADING_NAME.search("".join(self._texts.pop("style", ()))):
                self._levels[self._style] = min(int(match[1]), 6)
            self._style = 0
        if was == "note" and self._state.into != "note":
            self._notes.append(self._joined("note"))

    def _word(self, token: Token) -> None:
        """Act on a control word; the first of a group says where the group's text goes."""
        into = self._state.into
        if into == "gone":
            return
        if self._begins and token.name in INTO and not (into == "skip" and token.name in NEVER_IN_SKIPPED):
            self._open(INTO[token.name])
        elif self._begins and token.name in GONE:
            self._state = replace(self._state, into="gone")
        elif self._begins and (token.name in SKIPPED or self._is_ignorable):
            self._state = replace(self._state, into="skip")
        elif token.name in CHARACTERS and self._pass_over:
            self._pass_over -= 1
        elif token.name in CHARACTERS:
            self._emit(CHARACTERS[token.name])
        elif token.name in ENDS:
            self._end_part()
        elif token.name in self._actions:
            self._actions[token.name](token.number)

    def _open(self, into: str) -> None:
        """A group begins whose text goes elsewhere."""
        if into == "label" and self._state.into == "box":
            into = "label in box"
        if into == "picture":
            self._asides.begin_picture()
        self._state = replace(self._state, into=into)

    def _set(self, **changes: bool | int) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]

    def _set_font(self, number: int | None) -> None:
        self._font = number or 0
        if self._state.into != "font":
            self._state = replace(self._state, encoding=self._fonts.get(self._font, self._encoding))

    def _set_charset(self, number: int | None) -> None:
        if self._state.into == "font" and number in CHARSETS and number:
            self._fonts[self._font] = CHARSETS[number]

    def _set_code_page(self, number: int | None) -> None:
        self._encoding = CODE_PAGES.get(number or 0, self._encoding)
        self._state = replace(self._state, encoding=self._encoding)

    def _set_style(self, number: int | None) -> None:
        if self._state.into == "style":
            self._style = number or 0
        elif not self._state.into:
            self._paragraph.style = number or 0

    def _set_level(self, number: int | None) -> None:
        if not self._state.into:
            self._paragraph.level = min(number + 1, 6) if number is not None and 0 <= number < 9 else 0

    def _plain_paragraph(self) -> None:
        if not self._state.into:
            self._paragraph = _Paragraph()

    def _unicode(self, number: int | None) -> None:
        """A character by its number, a signed word of 16 bits; what old programs show instead is passed over."""
        self._emit(chr((number or 0) % 65_536))
        self._pass_over = self._state.fallback

    def _decode(self) -> None:
        if self._bytes:
            text, self._bytes = self._bytes.decode(self._state.encoding, "replace"), bytearray()
            self._emit(text)

    def _emit(self, text: str) -> None:
        """Add text to where the group says, unless nobody sees it."""
        state = self._state
        if state.into in ("skip", "gone", "picture") or state.is_deleted:
            return
        if (state.is_hidden or state.is_tiny) and state.into in ("", "note", "box"):
            self._hidden += len(clean_line(text))
        else:
            self._texts.setdefault(state.into, []).append(text)

    def _joined(self, name: str) -> str:
        """The text that was collected for ``name``, on one line, with the halves of its surrogate pairs together."""
        text = "".join(self._texts.pop(name, ()))
        return clean_line(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))

    def _end_part(self) -> None:
        """A paragraph ends, of the document, of a box or of something that has none."""
        if self._state.into == "box":
            self._end_boxed()
        elif self._state.into:
            self._emit(" ")
        else:
            self._end_paragraph()

    def _end_boxed(self) -> None:
        self._asides.add_boxed(self._joined("label in box"), self._joined("box"))

    def _end_paragraph(self) -> None:
        paragraph, label, text = self._paragraph, self._joined("label"), self._joined("")
        text = numbered(label, text)
        if paragraph.in_table:
            self._cell.append(text)
            return
        self._end_row()
        level = paragraph.level or self._levels.get(paragraph.style, 0)
        is_item = paragraph.is_item or bool(label)
        kind: BlockKind = "heading" if level else "list_item" if is_item else "paragraph"
        self._builder.add(kind, text, level=level)
        self._asides.end_boxes(self._builder)

    def _end_cell(self) -> None:
        self._cell.append(self._joined(""))
        self._joined("label")
        self._cells.append(" ".join(filter(None, self._cell)))
        self._cell = []

    def _end_row(self) -> None:
        if any(self._cell):
            self._end_cell()
        if self._cells:
            self._builder.add("table_row", join_cells(self._cells))
            self._cells = []
            self._asides.end_boxes(self._builder)
