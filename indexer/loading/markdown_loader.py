"""Markdown to blocks: CommonMark with tables; markup goes, the words stay.

Raw HTML is read as HTML, code is kept as it is written, and front matter gives title and date without being text.
"""

from __future__ import annotations

import re
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexer.loading import html_loader, text_loader
from indexer.loading.builder import TextBuilder
from indexer.loading.characters import unify_lines
from indexer.loading.dates import find_date, parse_date
from indexer.loading.decoding import decode
from schema import BlockKind, Extraction

_LARGEST = 10_000_000  # characters; the parser takes about a second for each million
_LONGEST_INLINE = 10_000  # characters of one paragraph whose inline markup is parsed: its parser is not linear
_MOST_BRACKETS = 100
_MOST_OPEN_BRACKETS = 20
_DEEPEST = 100  # levels; below them the parser would drop text
_FRONT_MATTER = re.compile(r"---[ \t]*\n((?:[^\n]*\n){0,200}?)(?:---|\.\.\.)[ \t]*(?:\n|$)")
_FIRST_FIELD = re.compile(r"[A-Za-z][\w -]{0,40}:(?:\s|$)")
_FIELD = re.compile(r"([A-Za-z][\w -]{0,40}):[ \t]+(\S[^\n]*)")
_WORDS = frozenset({"text", "code_inline", "text_special"})
_BREAKS = frozenset({"softbreak", "hardbreak"})


def load(data: bytes) -> Extraction:
    """Read Markdown from bytes."""
    text, warnings = decode(data)
    if len(text) > _LARGEST:
        return text_loader.read_text(text, (*warnings, "read as plain text, since it is too long for Markdown"))
    fields, text = _split_front_matter(unify_lines(text).lstrip("\ufeff"))
    builder = TextBuilder()
    if not _Walker(builder).read(text):
        return text_loader.read_text(
            text, (*warnings, "read as plain text, since it is nested too deeply for Markdown")
        )
    date = parse_date(fields.get("date", "")) or find_date(builder.head())
    title = fields.get("title") or builder.text_of_first(1) or builder.text_of_first(6)
    return builder.build(title=title, date=date, warnings=warnings)


def _split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """The simple ``name: value`` fields of a YAML head and the text after it."""
    match = _FRONT_MATTER.match(text)
    if not match or not _FIRST_FIELD.match(match[1]):
        return {}, text
    fields = (_FIELD.match(line) for line in match[1].split("\n"))
    values = {field[1].lower(): field[2].split(" #")[0].strip().strip("\"'") for field in fields if field}
    return values, text[match.end() :]


class _Walker:
    """Goes through the parser's flat list of tokens, keeping what the next block depends on."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
        self._parser.core.ruler.enableOnly(["normalize", "block"])
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
                self._add("paragraph", token.content, verbatim=True)
            elif token.type == "html_block":
                html_loader.add_tree(self._builder, html_loader.parse(token.content), furniture=True)
            else:
                self._structure(token)
        return True

    def _structure(self, token: Token) -> None:
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
            self._builder.add("table_row", html_loader.join_cells(self._cells or []))
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

    def _add(self, kind: BlockKind, text: str, *, verbatim: bool = False) -> None:
        """Add a block; the first one of a list item is the item."""
        if self._marker is not None:
            kind, text, self._marker = "list_item", self._marker + text, None
        self._builder.add(kind, text, verbatim=verbatim)

    def _plain(self, content: str) -> str:
        """The words of inline Markdown: of links their text, of images their description."""
        opened = content.count("[")
        if len(content) > _LONGEST_INLINE or opened > min(_MOST_BRACKETS, content.count("]") + _MOST_OPEN_BRACKETS):
            return content
        tokens: list[Token] = []
        self._parser.inline.parse(content, self._parser, self._environment, tokens)
        return "".join(_words(token) for token in tokens).strip()


def _words(token: Token) -> str:
    if token.type in _WORDS:
        return token.content
    if token.type == "image":
        return "".join(_words(child) for child in token.children or [])
    is_break = token.type in _BREAKS or (token.type == "html_inline" and token.content.lower().startswith("<br"))
    return " " if is_break else ""
