"""HTML to blocks: the main content without navigation, scripts and what the page itself hides.

The tree is walked without recursion, so that nesting of any depth is read; nothing is ever fetched.
"""

from __future__ import annotations

import re
import warnings as python_warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import find_date, parse_date
from indexer.loading.decoding import decode
from indexer.loading.html_hidden import Look, look_of
from indexer.loading.html_tables import Spanning, Spans, description_of, holders, inside, layout_tables, span_of
from schema import BlockKind, Extraction

_NO_TEXT = frozenset(
    {
        *("script", "style", "noscript", "template", "head", "svg", "canvas", "iframe", "object", "embed", "audio"),
        *("video", "map", "button", "select", "textarea", "input", "dialog"),
    }
)
_FURNITURE = frozenset({"header", "footer", "aside"})
_FURNITURE_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "menu", "menubar"})
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup"),
        *("hr", "html", "legend", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td"),
        *("tfoot", "th", "thead", "tr", "ul"),
    }
)
_HEADING = re.compile(r"h[1-6]")
_GROUPS = ("table", "thead", "tbody", "tfoot")
_MOST_COLUMNS, _MOST_ROWS = 1_000, 65_534  # that a cell may cover, by the rules of HTML
_NOTICE_NAME = re.compile(r"cookie|consent|gdpr", re.IGNORECASE)
_BAR_NAME = re.compile(
    r"(?:^|[\s_-])(?:share|sharing|social|sharedaddy|addthis|breadcrumbs?|skip-?(?:link|nav|to)\w*|jump-link|editsection"
    r"|pagination|print-button|back-to-top)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NO_BAR = frozenset({"html", "body", "main", "article", "table", "tr", "td"})
_MOST_IN_BAR = 100  # elements and texts
_LONGEST_BAR = 200  # characters
_LONGEST_NOTICE = 1_500
_DEEPEST_STYLE = 200  # elements around the main one whose colours are looked at
_DATE_META = frozenset(
    {
        *("article:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "dcterms.date", "pubdate"),
        *("dcterms.issued", "dcterms.created", "citation_publication_date", "citation_date", "publication_date"),
    }
)
_METADATA = {
    **dict.fromkeys(("author", "article:author", "dc.creator", "dcterms.creator", "citation_author"), "author"),
    **dict.fromkeys(("description", "og:description", "dc.description", "dcterms.description"), "description"),
    **dict.fromkeys(("keywords", "dc.subject", "dcterms.subject"), "keywords"),
    **dict.fromkeys(("dc.language", "dcterms.language", "citation_language"), "language"),
}
_LONGEST_CONTENT = 1_000
_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,40})|<\?xml[^>]{0,100}encoding=[\"']([\w-]{2,40})", re.I
)


def load(data: bytes) -> Extraction:
    """Read a page from bytes."""
    text, warnings = decode_page(data)
    soup = parse(text)
    builder = TextBuilder()
    hidden = add_page(builder, soup)
    date = _stated_date(soup) or find_date(builder.head())
    title = title_of(soup) or builder.text_of_first(6)
    warnings = (*warnings, *hidden_warning(hidden))
    return builder.build(title=title, date=date, warnings=warnings, metadata=metadata_of(soup), hidden=hidden)


def add_page(builder: TextBuilder, soup: BeautifulSoup, *, is_book: bool = False) -> int:
    """Append the main content of a page, of a book with headers and footers; returns how many characters it hides."""
    hidden, before = 0, builder.blocks
    for root in soup.find_all(_is_main, limit=20):
        if not root.find_parent(_is_main):
            hidden += add_tree(builder, root)
    if builder.blocks == before:
        hidden = add_tree(builder, soup, in_article=is_book)
    if builder.blocks == before:  # a page that is all header and menus: better that than nothing
        hidden = add_tree(builder, soup, furniture=True)
    return hidden


def hidden_warning(hidden: int) -> tuple[str, ...]:
    """What the report says of characters that were left out; nothing where there are none."""
    return (f"{hidden:,} characters that it hides from its readers were left out",) if hidden else ()


def parse(text: str) -> BeautifulSoup:
    """The tree of a page or of a piece of one."""
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        return BeautifulSoup(text, "lxml")


def add_tree(builder: TextBuilder, root: Tag, *, furniture: bool = False, in_article: bool = False) -> int:
    """Append the blocks below ``root``.

    Args:
        builder: what they are appended to.
        root: a page or a part of one.
        furniture: whether the headers, footers and menus of the page are kept.
        in_article: whether all of it is an article, whose own header, footer and asides are kept.

    Returns:
        How many characters nobody sees; they are left out.
    """
    writer = _BlockWriter(builder, layout_tables=layout_tables(root))
    walk = _Walk(root, furniture=furniture, in_article=in_article)
    for element, opens in walk:
        if isinstance(element, Tag):
            (writer.open if opens else writer.close)(element)
        else:
            writer.text(str(element))
    writer.flush()
    return walk.hidden


@dataclass(frozen=True, slots=True)
class _Open:
    """An element that is being walked through."""

    tag: Tag
    children: Iterator[PageElement]
    look: Look
    in_article: bool
    in_header: bool = False


class _Walk:
    """Every visible element twice (opening, closing) and every text once, in document order, without recursion."""

    def __init__(self, root: Tag, *, furniture: bool, in_article: bool) -> None:
        self.hidden = 0
        self._furniture = furniture
        self._titled = holders(root, ("h1",))
        self._stack = [_Open(root, iter(root.contents), _look_around(root), in_article or _is_main(root))]

    def __iter__(self) -> Iterator[tuple[PageElement, bool]]:
        while self._stack:
            parent = self._stack[-1]
            child = next(parent.children, None)
            if child is None:
                self._stack.pop()
                if self._stack:
                    yield parent.tag, False
            elif isinstance(child, Tag):
                if self._enter(child, parent):
                    yield child, True
            elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
                if not parent.look.is_hidden:
                    yield child, True
                else:
                    self.hidden += len(clean_line(str(child)))

    def _enter(self, tag: Tag, parent: _Open) -> bool:
        """Whether an element is read; then it is the one being walked through."""
        if tag.name in _NO_TEXT:
            return False
        look = look_of(tag, parent.look)
        if look is None or (tag.get("aria-hidden") == "true" and id(tag) not in self._titled):
            self.hidden += len(clean_line(_shown_strings(tag)))
            return False
        in_header = parent.in_header or tag.name == "header"
        if not self._furniture:
            is_list_of_links = in_header and tag.name in ("ul", "ol")  # languages, tools: a heading needs none
            if is_list_of_links or self._is_furniture(tag, in_article=parent.in_article):
                return False
        in_article = parent.in_article or tag.name in ("article", "main")
        self._stack.append(_Open(tag, iter(tag.contents), look, in_article, in_header))
        return True

    def _is_furniture(self, tag: Tag, *, in_article: bool) -> bool:
        if _is_menu(tag):
            return True
        if tag.name in _FURNITURE and not in_article:
            return not (tag.name == "header" and id(tag) in self._titled)
        return id(tag) not in self._titled and _is_bar(tag)


def _look_around(root: Tag) -> Look:
    """How text looks where ``root`` stands, by the styles of the elements around it."""
    look = Look()
    for tag in reversed([root, *islice(root.parents, _DEEPEST_STYLE)]):
        look = look_of(tag, look) or look
    return look


def _shown_strings(tag: Tag) -> str:
    """The words in an element that is hidden; its scripts and comments would not be words anyway."""
    strings = (string for string in tag.strings if not isinstance(string, PreformattedString))
    return " ".join(string for string in strings if string.parent is None or string.parent.name not in _NO_TEXT)


def _is_bar(tag: Tag) -> bool:
    """Whether an element asks for cookies or offers to share the page, by its name and its shortness.

    Names alone do not decide: a chapter about cookies is no banner.
    """
    name = " ".join([str(tag.get("id", "")), *map(str, tag.get_attribute_list("class"))])[:500]
    is_notice = _NOTICE_NAME.search(name) is not None
    if tag.name in _NO_BAR or not (is_notice or _BAR_NAME.search(name)):
        return False
    found = inside(tag, _MOST_IN_BAR)
    names = {one.name for one in found if isinstance(one, Tag)}
    length = sum(len(one.strip()) for one in found if isinstance(one, NavigableString))
    if len(found) > _MOST_IN_BAR:
        return False
    if is_notice:
        return length < _LONGEST_NOTICE and not names.isdisjoint(("button", "a", "input"))
    return length < _LONGEST_BAR and names.isdisjoint(("h1", "h2", "h3", "table"))


def _is_menu(tag: Tag) -> bool:
    return tag.name == "nav" or str(tag.get("role", "")).lower() in _FURNITURE_ROLES


class _BlockWriter:
    """Gathers text between the edges of block elements and knows what kind of block it is."""

    def __init__(self, builder: TextBuilder, *, layout_tables: set[int]) -> None:
        self._builder = builder
        self._layout_tables = layout_tables
        self._parts: list[str] = []
        self._cells: list[Spanning] | None = None  # of the table row being read
        self._spans = Spans()
        self._depth = 0  # of cells within one another in that row
        self._tables: list[bool] = []  # for each open table, whether its rows are data
        self._lists: list[int | None] = []  # for each open list, the next number or None for bullets
        self._item = False
        self._level = 0
        self._breaks = 0
        self._pre = 0
        self._marker = ""
        self._pictures: list[str] = []  # what those in the block being gathered show

    def text(self, text: str) -> None:
        self._parts.append(text)
        if text.strip():
            self._breaks = 0

    def open(self, tag: Tag) -> None:
        if tag.name == "br":
            self._line_break()
        elif tag.name == "img":
            self._pictures.append(description_of(tag))
        elif tag.name in _BLOCKS:
            self.flush()
            self._open_block(tag, tag.name)

    def _open_block(self, tag: Tag, name: str) -> None:
        if _HEADING.fullmatch(name):
            self._level = int(name[1])
        elif name in ("ul", "ol"):
            self._lists.append(_start_number(tag) if name == "ol" else None)
        elif name == "li":
            self._open_item()
        elif name == "table":
            is_data = id(tag) not in self._layout_tables and tag.get("role") != "presentation"
            self._tables.append(is_data and self._cells is None)  # one in a cell is part of its words
            self._end_group()
        elif name == "tr" and self._tables and self._tables[-1]:
            self._cells, self._depth = [], 0
        elif name in ("td", "th"):
            self._depth += 1
        elif name == "pre":
            self._pre += 1

    def close(self, tag: Tag) -> None:
        name = tag.name
        if name not in _BLOCKS:
            return
        if name in ("td", "th") and self._cells is not None:
            self._close_cell(tag, self._cells)
            return
        self.flush()
        if _HEADING.fullmatch(name):
            self._level = 0
        elif name in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif name == "li":
            self._item, self._marker = False, ""
        elif name in _GROUPS:
            self._end_group()
            if name == "table":
                del self._tables[-1:]
        elif name == "tr" and self._tables and self._tables[-1]:
            self._close_row()
        elif name == "pre":
            self._pre -= 1

    def flush(self) -> None:
        """End the block being gathered; within a data row a block's edge is only a space."""
        if self._cells is not None:
            self._parts.append(" ")
            return
        text = self._taken()
        self._breaks = 0
        if not text.strip():
            return
        kind: BlockKind = "heading" if self._level else "list_item" if self._item else "paragraph"
        self._builder.add(kind, self._marker + text, level=self._level, verbatim=bool(self._pre))
        self._marker = ""

    def _taken(self) -> str:
        """The words gathered, or what a picture shows that stands in their place; it begins anew."""
        text, shown = "".join(self._parts), " ".join(self._pictures)
        self._parts, self._pictures = [], []
        return text if text.strip() else shown

    def _line_break(self) -> None:
        """One break is a space, two in a row end a paragraph, as old pages write them."""
        self._breaks += 1
        self._parts.append("\n")
        if self._breaks > 1 and not self._pre:
            self.flush()

    def _open_item(self) -> None:
        self._item, self._marker = True, ""
        if self._lists and self._lists[-1] is not None:
            self._marker = f"{self._lists[-1]}. "
            self._lists[-1] += 1
        if self._cells is not None:
            self._parts.append(self._marker)

    def _close_cell(self, tag: Tag, cells: list[Spanning]) -> None:
        self._depth -= 1
        if self._depth > 0:
            self.flush()
            return
        cells.append(
            (clean_line(self._taken()), span_of(tag, "colspan", _MOST_COLUMNS), span_of(tag, "rowspan", _MOST_ROWS))
        )

    def _close_row(self) -> None:
        if self._cells is not None:
            cells, self._cells, self._parts = self._cells, None, []
            row = self._spans.row(cells)
            if any(words for words, *_ in cells):  # else nothing in it is its own
                self._builder.add("table_row", join_cells(row))

    def _end_group(self) -> None:
        if self._cells is None:
            self._spans.end_group()


def join_cells(cells: list[str]) -> str:
    """One table row as text; a row without any text is empty.

    >>> join_cells(["Year", "Total"])
    'Year | Total'
    """
    return " | ".join(cells) if any(cells) else ""


def _start_number(tag: Tag) -> int:
    start = str(tag.get("start", "1"))
    return int(start) if re.fullmatch(r"\d{1,6}", start) else 1


def _is_main(tag: Tag) -> bool:
    return tag.name == "main" or tag.get("role") == "main"


def decode_page(data: bytes) -> tuple[str, tuple[str, ...]]:
    """As every text, but an encoding that the page declares is believed when the bytes are not UTF-8."""
    text, warnings = decode(data)
    declared = _DECLARED.search(data[:4096])
    if warnings and declared:
        encoding = (declared[1] or declared[2]).decode("ascii")
        try:
            return data.decode(encoding), ()
        except (LookupError, UnicodeError):
            return text, warnings
    return text, warnings


def title_of(soup: BeautifulSoup) -> str | None:
    """The page's title: its first-level heading when <title> only adds the name of the site to it."""
    title = clean_line(soup.title.get_text()) if soup.title else ""
    first = soup.find("h1")
    heading = clean_line(first.get_text(" ")) if first else ""
    if heading and (not title or heading.casefold() in title.casefold()):
        return heading
    if title:
        return title
    meta = soup.find("meta", attrs={"property": "og:title"})
    return str(meta.get("content", "")) if isinstance(meta, Tag) else None


def metadata_of(soup: BeautifulSoup) -> dict[str, str]:
    """What the head of a page says of it: author, description, keywords, and the language of <html>."""
    fields: dict[str, str] = {}
    for meta in soup.find_all("meta", limit=500):
        name = str(meta.get("name") or meta.get("property") or meta.get("itemprop") or "").lower()
        content = clean_line(str(meta.get("content", ""))[:_LONGEST_CONTENT])
        if content and name in _METADATA and not content.startswith("http"):
            fields.setdefault(_METADATA[name], content)
    root = soup.find("html")
    language = str(root.get("lang") or root.get("xml:lang") or "") if isinstance(root, Tag) else ""
    return {**fields, **({"language": language} if language else {})}


def _stated_date(soup: BeautifulSoup) -> str | None:
    """The date in the page's metadata or in a <time> that is marked as the date of publication."""
    for meta in soup.find_all("meta"):
        name = str(meta.get("name") or meta.get("property") or meta.get("itemprop") or "").lower()
        if name in _DATE_META and (date := parse_date(str(meta.get("content", "")))):
            return date
    times = soup.find_all("time")
    marked = [time for time in times if "pubdate" in time.attrs or "datePublished" in str(time.get("itemprop", ""))]
    for time in marked[:1] or (times if len(times) == 1 else []):
        return parse_date(str(time.get("datetime") or time.get_text()))
    return None
