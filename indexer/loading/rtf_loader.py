"""RTF to paragraphs, headings, list items and table rows; notes come at the end.

Rich Text Format Specification 1.9.1. Hidden and deleted text is left out, the former counted; pictures, objects, field
codes, page headers and every group that is marked as ignorable are skipped. Nothing here recurses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import find_date
from indexer.loading.html_loader import join_cells
from indexer.loading.office_parts import sensible_title
from indexer.loading.rtf_tokens import Token, tokens
from schema import BlockKind, Extraction

_SKIPPED = frozenset({
    "colortbl", "pict", "object", "fldinst", "header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr",
    "footerf", "info", "nonshppict", "nonesttables", "annotation", "atnid", "atnauthor", "filetbl", "tc", "xe", "do",
    "listtable", "revtbl", "private",
})  # fmt: skip
_INTO = {
    "stylesheet": "style", "fonttbl": "font", "footnote": "note", "listtext": "label", "pntext": "label",
    "shptxt": "", "result": "", "title": "title", "author": "author", "subject": "subject", "keywords": "keywords",
    "category": "category",
}  # fmt: skip
"""Where the text of a group goes that begins with this word; to "" means to the text of the document."""
_NEVER_IN_SKIPPED = frozenset({"footnote", "listtext", "pntext"})
_CHARACTERS = {
    "tab": "\t", "line": "\n", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
    "endash": "–", "emdash": "—", "~": " ", "_": "-", "emspace": " ", "enspace": " ", "qmspace": " ", "nestcell": " ",
}  # fmt: skip
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
_CODE_PAGES = {
    page: f"cp{page}" for page in (437, 850, 852, 866, 874, 932, 949, 950, *range(1250, 1259))
} | {936: "gb18030", 10000: "mac_roman", 65001: "utf-8"}  # fmt: skip
_HEADING_NAME = re.compile(r"heading ([1-9])\b", re.IGNORECASE)
_ENDS = frozenset({"par", "sect", "page", "column"})
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
        self._hidden = 0
        self._actions: dict[str, Callable[[int | None], None]] = {
            "cell": lambda _: self._end_cell(), "row": lambda _: self._end_row(),
            "pard": lambda _: self._plain_paragraph(),
            "plain": lambda _: self._set(is_hidden=False, is_tiny=False, is_deleted=False),
            "v": lambda number: self._set(is_hidden=number != 0),
            "deleted": lambda number: self._set(is_deleted=number != 0),
            "fs": lambda number: self._set(is_tiny=number is not None and number <= _TINY),
            "uc": lambda number: self._set(fallback=max(0, number or 0)),
            "u": self._unicode, "f": self._set_font, "fcharset": self._set_charset, "ansicpg": self._set_code_page,
            "s": self._set_style, "outlinelevel": self._set_level,
            "intbl": lambda _: setattr(self._paragraph, "in_table", True),
            "ls": lambda number: setattr(self._paragraph, "is_item", bool(number)),
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
        for note in self._notes:
            self._builder.add("paragraph", note)
        fields = {name: "".join(self._texts.get(name, ())) for name in ("author", "subject", "keywords", "category")}
        title = sensible_title("".join(self._texts.get("title", ())))
        warning = f"{self._hidden:,} characters of hidden text were left out"
        return self._builder.build(
            title=title or self._builder.text_of_first(1) or self._builder.text_of_first(6),
            date=find_date(self._builder.head()),
            warnings=(warning,) if self._hidden else (),
            metadata=fields,
            hidden=self._hidden,
        )

    def _group(self, *, opens: bool) -> None:
        self._pass_over = 0
        if opens:
            self._stack.append(self._state)
            return
        was, self._state = self._state.into, self._stack.pop() if self._stack else _State(encoding=self._encoding)
        if was == "style":  # the name of one style ends here
            if match := _HEADING_NAME.search("".join(self._texts.pop("style", ()))):
                self._levels[self._style] = min(int(match[1]), 6)
            self._style = 0
        if was == "note" and self._state.into != "note":
            self._notes.append(self._joined("note"))

    def _word(self, token: Token) -> None:
        """Act on a control word; the first of a group says where the group's text goes."""
        skipped = self._state.into == "skip"
        if self._begins and token.name in _INTO and not (skipped and token.name in _NEVER_IN_SKIPPED):
            self._state = replace(self._state, into=_INTO[token.name])
        elif self._begins and (token.name in _SKIPPED or self._is_ignorable):
            self._state = replace(self._state, into="skip")
        elif token.name in _CHARACTERS:
            self._emit(_CHARACTERS[token.name])
        elif token.name in _ENDS:
            self._emit(" ") if self._state.into else self._end_paragraph()
        elif token.name in self._actions:
            self._actions[token.name](token.number)

    def _set(self, **changes: bool | int) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]

    def _set_font(self, number: int | None) -> None:
        self._font = number or 0
        if self._state.into != "font":
            self._state = replace(self._state, encoding=self._fonts.get(self._font, self._encoding))

    def _set_charset(self, number: int | None) -> None:
        if self._state.into == "font" and number in _CHARSETS and number:
            self._fonts[self._font] = _CHARSETS[number]

    def _set_code_page(self, number: int | None) -> None:
        self._encoding = _CODE_PAGES.get(number or 0, self._encoding)
        self._state = replace(self._state, encoding=self._encoding)

    def _set_style(self, number: int | None) -> None:
        if self._state.into == "style":
            self._style = number or 0
        else:
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
        if state.into == "skip" or state.is_deleted:
            return
        if (state.is_hidden or state.is_tiny) and state.into in ("", "note"):
            self._hidden += len(clean_line(text))
        else:
            self._texts.setdefault(state.into, []).append(text)

    def _joined(self, name: str) -> str:
        """The text that was collected for ``name``, on one line, with the halves of its surrogate pairs together."""
        text = "".join(self._texts.pop(name, ()))
        return clean_line(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))

    def _end_paragraph(self) -> None:
        paragraph, label, text = self._paragraph, self._joined("label"), self._joined("")
        if text and any(map(str.isalnum, label)):
            text = f"{label} {text}"
        if paragraph.in_table:
            self._cell.append(text)
            return
        self._end_row()
        level = paragraph.level or self._levels.get(paragraph.style, 0)
        is_item = paragraph.is_item or bool(label)
        kind: BlockKind = "heading" if level else "list_item" if is_item else "paragraph"
        self._builder.add(kind, text, level=level)

    def _end_cell(self) -> None:
        self._cell.append(self._joined(""))
        self._joined("label")
        self._cells.append(" ".join(filter(None, self._cell)))
        self._cell = []

    def _end_row(self) -> None:
        if any(self._cell):
            self._end_cell()
        self._builder.add("table_row", join_cells(self._cells))
        self._cells = []
