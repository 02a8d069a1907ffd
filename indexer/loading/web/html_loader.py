"""HTML to blocks: the main content without navigation, scripts and what the page itself hides; nothing is ever fetched.

Here it is decided which parts of a page are its content, and what it says of itself.
"""

from __future__ import annotations

import re

from bs4 import BeautifulSoup
from bs4.element import Tag

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import find_date, parse_date
from indexer.loading.plain.decoding import decode
from indexer.loading.web.html_blocks import add_tree
from indexer.loading.web.html_tree import LeftOut, is_main, is_switched_off, parse, shown_strings
from schema import Extraction

__all__ = ["add_page", "decode_page", "load", "metadata_of", "title_of"]

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
    left_out = add_page(builder, soup)
    date = _stated_date(soup) or find_date(builder.head())
    title = title_of(soup) or builder.text_of_first(6)
    warnings = (*warnings, *left_out.warnings)
    return builder.build(title=title, date=date, warnings=warnings, metadata=metadata_of(soup), hidden=left_out.hidden)


def add_page(builder: TextBuilder, soup: BeautifulSoup, *, is_book: bool = False) -> LeftOut:
    """Append the main content of a page, of a book with headers and footers; returns what of it is not in the text."""
    left_out, before = LeftOut(), builder.blocks
    for root in soup.find_all(is_main, limit=20):
        if root.find_parent(is_main):
            continue
        if is_switched_off(root):  # a page may keep several main parts and show one
            left_out += LeftOut(hidden=len(clean_line(shown_strings(root))))
        else:
            left_out += add_tree(builder, root)
    if builder.blocks == before:
        left_out = add_tree(builder, soup, in_article=is_book)
    if builder.blocks == before:  # a page that is all header and menus: better that than nothing
        left_out = add_tree(builder, soup, furniture=True)
    return left_out


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
