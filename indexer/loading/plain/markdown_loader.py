"""Markdown to blocks: CommonMark with tables; markup goes, the words stay.

Raw HTML is read as HTML, code is kept as it is written, and front matter gives title and date without being text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference
from markdown_it.token import Token

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line, unify_lines
from indexer.loading.dates import find_date, parse_date
from indexer.loading.plain import text_loader
from indexer.loading.plain.decoding import decode
from indexer.loading.plain.front_matter import split_front_matter
from indexer.loading.plain.markdown_html import OpenElements, SeenLine
from indexer.loading.tables import join_cells
from indexer.loading.web import html_blocks
from indexer.loading.web.html_tree import LeftOut
from schema import BlockKind, Extraction

_LARGEST = 10_000_000  # characters; the parser takes about a second for each million
_LONGEST_INLINE = 10_000  # characters of one paragraph whose inline markup is parsed: its parser is not linear
_MOST_BRACKETS = 100
_MOST_OPEN_BRACKETS = 20
_DEEPEST = 100  # levels; below them the parser would drop text
_WORDS = frozenset({"text", "code_inline", "text_special"})
_BREAKS = frozenset({"softbreak", "hardbreak"})
_HOLDS = frozenset({"list_item_open", "blockquote_open"})
_HELD = frozenset({"list_item_close", "blockquote_close"})


def load(data: bytes) -> Extraction:
    """Read Markdown from bytes."""
    text, warnings = decode(data)
    if len(text) > _LARGEST:
        return text_loader.read_text(text, (*warnings, "read as plain text, since it is too long for Markdown"))
    fields, text = split_front_matter(unify_lines(text).lstrip("\ufeff"))
    builder = TextBuilder()
    walker = _Walker(builder)
    if not walker.read(text):
        read = text_loader.read_text(
            text, (*warnings, "read as plain text, since it is nested too deeply for Markdown")
        )
        return replace(read, metadata=fields)
    title, date = fields.pop("title", None), parse_date(fields.pop("date", ""))
    return builder.build(
        title=title or builder.text_of_first(1) or builder.text_of_first(6),
        date=date or find_date(builder.head()),
        warnings=(*warnings, *walker.left_out.warnings),
        metadata=fields,
        hidden=walker.left_out.hidden,
    )


class _Walker:
    """Goes through the parser's flat list of tokens, keeping what the next block depends on."""

    def __init__(self, builder: TextBuilder) -> None:
        self.left_out = LeftOut()
        self._raw = OpenElements()
        self._builder = builder
        self._parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
        self._parser.core.ruler.enableOnly(["normalize", "block"])
        self._parser.block.ruler.at("reference", _reference)
        self._environment: dict[str, Any] = {}
        self._lists: list[int | None] = []  # for each open list, the next number or None for bullets
        self._marker: str | None = None  # of the item that has no text yet
        self._cells: list[str] | None = None

    def read(self, text: str) -> bool:
        """Append the blocks of a whole document; says no, and appends nothing, when it is nested too deeply."""
        tokens = self._parser.parse(text, self._environment)
        if any(token.level >= _DEEPEST - 1 for token in tokens):
            return False
        level = 0
        for token in tokens:
            if token.type == "heading_open":
                level = int(token.tag[1])
            elif token.type == "heading_close":
                level = 0
            elif token.type == "inline":
                self._inline(token, level)
            elif token.type in ("fence", "code_block"):
                self._code(token.content)
            elif token.type == "html_block":
                self.left_out += html_blocks.add_tree(self._builder, self._raw.tree(token.content), furniture=True)
            else:
                self._structure(token)
        return True

    def _structure(self, token: Token) -> None:
        if token.type in _HOLDS:
            self._raw.enter()
        elif token.type in _HELD:
            self._raw.leave()
        if token.type == "ordered_list_open":
            self._lists.append(int(token.attrGet("start") or 1))
        elif token.type == "bullet_list_open":
            self._lists.append(None)
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            self._lists.pop()
        elif token.type == "list_item_open":
            self._open_item()
        elif token.type == "list_item_close":
            self._marker = None
        elif token.type == "tr_open":
            self._cells = []
        elif token.type == "tr_close":
            self._builder.add("table_row", join_cells(self._cells or []))
            self._cells = None

    def _open_item(self) -> None:
        number = self._lists[-1]
        self._marker = "" if number is None else f"{number}. "
        if number is not None:
            self._lists[-1] = number + 1

    def _inline(self, token: Token, level: int) -> None:
        text = self._plain(token.content)
        if self._cells is not None:
            self._cells.append(text)
        elif level:
            self._builder.add("heading", text, level=level)
        else:
            self._add("paragraph", text)

    def _code(self, text: str) -> None:
        if self._raw.is_hidden:
            self.left_out += LeftOut(hidden=len(clean_line(text)))
        else:
            self._add("paragraph", text, verbatim=True)

    def _add(self, kind: BlockKind, text: str, *, verbatim: bool = False) -> None:
        """Add a block; the first one of a list item is the item."""
        if not text:
            return
        if self._marker is not None:
            kind, text, self._marker = "list_item", self._marker + text, None
        self._builder.add(kind, text, verbatim=verbatim)

    def _plain(self, content: str) -> str:
        """The words of inline Markdown that are seen: of links their text, of images their description."""
        line = SeenLine(self._raw)
        for token in self._inline_tokens(content):
            if token.type == "html_inline":
                line.add_tag(token.content)
            elif token.type == "image":
                line.add_picture()
            line.add(_words(token))
        self.left_out += line.left_out
        return line.text

    def _inline_tokens(self, content: str) -> list[Token]:
        """The parts of inline Markdown; one part where taking it apart would take too long."""
        opened = content.count("[")
        if len(content) > _LONGEST_INLINE or opened > min(_MOST_BRACKETS, content.count("]") + _MOST_OPEN_BRACKETS):
            return [Token("text", "", 0, content=content)]
        tokens: list[Token] = []
        self._parser.inline.parse(content, self._parser, self._environment, tokens)
        return tokens


def _reference(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """The target of a link, which is no text; a note of one word (`[^1]: Ibid.`) looks like one and stays."""
    begin = state.bMarks[first] + state.tShift[first]
    return not state.src.startswith("[^", begin) and reference(state, first, last, silent)


def _words(token: Token) -> str:
    if token.type in _WORDS:
        return token.content
    if token.type == "image":
        return "".join(_words(child) for child in token.children or [])
    is_break = token.type in _BREAKS or (token.type == "html_inline" and token.content.lower().startswith("<br"))
    return " " if is_break else ""
