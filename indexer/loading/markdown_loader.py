"""Markdown to blocks: CommonMark with tables; markup goes, the words stay.

Raw HTML is read as HTML, code is kept as it is written, and front matter gives title and date without being text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import Any

import yaml
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
_FIELD = re.compile(r"^([A-Za-z][\w -]{0,40}):[ \t]+(\S[^\n]*)", re.MULTILINE)
_LONGEST_HEAD = 10_000  # characters; longer heads are read line by line
_LONGEST_NAME, _LONGEST_VALUE = 60, 300
_MOST_FIELDS = 50
_WORDS = frozenset({"text", "code_inline", "text_special"})
_BREAKS = frozenset({"softbreak", "hardbreak"})


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
        warnings=(*warnings, *html_loader.hidden_warning(walker.hidden)),
        metadata=fields,
        hidden=walker.hidden,
    )


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    r"""The fields of a YAML head, short texts by name in small letters, and the text after it.

    >>> split_front_matter("---\ntitle: Plan\ntags: [rail, road]\n---\nText")
    ({'title': 'Plan', 'tags': 'rail, road'}, 'Text')
    """
    match = _FRONT_MATTER.match(text)
    if not match or not _FIRST_FIELD.match(match[1]):
        return {}, text
    return _fields(match[1]), text[match.end() :]


def _fields(head: str) -> dict[str, str]:
    """The fields of a head, by a YAML parser that makes texts and lists only, or line by line where it is no YAML."""
    try:
        if head.count("[") + head.count("{") > _MOST_BRACKETS:
            raise yaml.YAMLError("It is nested too deeply.")
        parsed = yaml.load(head[:_LONGEST_HEAD], _Loader)  # noqa: S506  (made of the safe parts, and of fewer of them)
    except (yaml.YAMLError, RecursionError):
        parsed = {match[1]: match[2].split(" #")[0].strip().strip("\"'") for match in _FIELD.finditer(head)}
    pairs = parsed.items() if isinstance(parsed, dict) else ()
    fields = {str(name).strip().lower(): _short(value) for name, value in islice(pairs, _MOST_FIELDS)}
    return {name[:_LONGEST_NAME]: value for name, value in fields.items() if name and value}


class _Loader(yaml.SafeLoader):
    """YAML in which every value is a text as it is written."""


_Loader.yaml_implicit_resolvers = {}


def _short(value: Any) -> str:
    """A value as one short text; empty for what is deeper than a list of texts."""
    if isinstance(value, list):
        return ", ".join(one for one in value[:_MOST_FIELDS] if isinstance(one, str))[:_LONGEST_VALUE]
    return value[:_LONGEST_VALUE] if isinstance(value, str) else ""


class _Walker:
    """Goes through the parser's flat list of tokens, keeping what the next block depends on."""

    def __init__(self, builder: TextBuilder) -> None:
        self.hidden = 0  # characters that raw HTML hides
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
                self.hidden += html_loader.add_tree(self._builder, html_loader.parse(token.content), furniture=True)
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
