"""EPUB to blocks: the documents of a book in the order of its spine, each a page, read as web pages are.

What the table of contents calls a document heads it where it has no heading itself. A document that is listed but
missing or damaged costs its own page and is named. Nothing outside the book is read, and pictures are only counted.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from bs4 import BeautifulSoup

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line, printable
from indexer.loading.dates import parse_date
from indexer.loading.packages import Package
from indexer.loading.web import html_loader, html_tree
from indexer.loading.web.html_tree import LeftOut
from schema import Extraction, FootnoteError

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"})
_NCX = "application/x-dtbncx+xml"
_MOST_NAMED = 12  # documents that a warning names
_LONGEST_NAME = 100  # characters


def load(data: bytes) -> Extraction:
    """Read a book from bytes.

    Raises:
        FootnoteError: when it is damaged, protected, or without documents.
    """
    book = _open(Package(data))
    titles, cover = _contents(book), _cover(book)
    builder, left_out, unread = TextBuilder(), LeftOut(), []
    spine = _spine(book)
    for name, problem in spine.items():
        try:
            left_out += _add_document(builder, _page(book, name, problem, cover), titles.get(name, ""))
            builder.end_page()
        except FootnoteError as error:
            unread.append(name)
            builder.end_page(status="unreadable", problem=str(error)[:200])
    title, date, metadata = _metadata(book.root)
    return builder.build(
        title=title or builder.text_of_first(6),
        date=date,
        warnings=(*left_out.warnings, *_unread_warning(unread, len(spine))),
        metadata=metadata,
        hidden=left_out.hidden,
    )


def _unread_warning(names: list[str], documents: int) -> tuple[str, ...]:
    """Which documents of a book are not in its text."""
    shown = ", ".join(printable(name)[:_LONGEST_NAME] for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return (f"{len(names)} of its {documents} documents can't be read ({shown}{more})",) if names else ()


@dataclass(frozen=True, slots=True)
class _Book:
    """What a book holds: its parts, the name of the list of them, the list, and its entries by their ids."""

    package: Package
    opf: str
    root: Any
    items: dict[str, Any]

    def named(self, item: Any) -> str:
        """The name of the part that an entry is about."""
        return _target(self.opf, str(item.get("href")))


def _open(package: Package) -> _Book:
    opf = _opf_name(package)
    root = package.xml(opf)
    return _Book(package, opf, root, {str(item.get("id")): item for item in _all(root, "item")})


def _opf_name(package: Package) -> str:
    """Where the list of all that the book holds is."""
    for rootfile in _all(package.xml(_CONTAINER), "rootfile"):
        name = str(rootfile.get("full-path") or "")
        if name in package.names:
            return name
    raise FootnoteError("It can't be read as an EPUB book: its list of contents is missing.")


def _spine(book: _Book) -> dict[str, str]:
    """The documents in reading order, each once, with what is wrong with those that are no pages.

    Raises:
        FootnoteError: when they are encrypted.
    """
    locked = _encrypted(book.package)
    spine: dict[str, str] = {}
    for reference in _all(book.root, "itemref"):
        key = str(reference.get("idref"))
        item = book.items.get(key)
        name = key if item is None else book.named(item)
        if name in locked:
            raise FootnoteError("It is protected against copying: Footnote can't open it.")
        spine.setdefault(name, _no_page(item))
    return spine


def _no_page(item: Any) -> str:
    """Why an entry is no page; empty for one that is."""
    if item is None:
        return "It is not among the parts that the book lists."
    kind = str(item.get("media-type", "")).lower()
    return "" if kind in _PAGES else f"It is of type {kind}, and no page of text."


def _cover(book: _Book) -> frozenset[str]:
    """The names of the pictures on the cover, which say what the book says of itself."""
    keys = {str(meta.get("content")) for meta in _all(book.root, "meta") if meta.get("name") == "cover"}
    marked = (key for key, item in book.items.items() if "cover-image" in str(item.get("properties", "")).split())
    return frozenset(book.named(book.items[key]) for key in keys.union(marked) if key in book.items)


def _encrypted(package: Package) -> frozenset[str]:
    """The parts that are encrypted; in most books that name any, these are fonts."""
    if _ENCRYPTION not in package.names:
        return frozenset()
    return frozenset(unquote(str(one.get("URI"))) for one in _all(package.xml(_ENCRYPTION), "CipherReference"))


def _page(book: _Book, name: str, problem: str, cover: frozenset[str]) -> BeautifulSoup:
    """A document without the picture on the cover.

    Raises:
        FootnoteError: when it is no page, missing or damaged.
    """
    if problem:
        raise FootnoteError(problem)
    soup = html_tree.parse(html_loader.decode_page(book.package.read(name))[0])
    for picture in soup.find_all(["img", "image"]) if cover else ():
        source = picture.get("src") or picture.get("xlink:href") or picture.get("href") or ""
        if _target(name, str(source)) in cover:
            (picture.find_parent("svg") or picture).decompose()  # most books draw their cover around its picture
    return soup


def _add_document(builder: TextBuilder, soup: BeautifulSoup, title: str) -> LeftOut:
    """Append one document; returns what of it is not in the text."""
    if title and soup.find(["h1", "h2", "h3", "h4", "h5", "h6"]) is None:
        builder.add("heading", title, level=1)
    return html_loader.add_page(builder, soup, is_book=True)


def _contents(book: _Book) -> dict[str, str]:
    """What the table of contents calls each document: its first entry for it; the newer form of the table first."""
    found: dict[str, str] = {}
    package = book.package
    for item in book.items.values():
        name = book.named(item)
        is_nav = "nav" in str(item.get("properties", "")).split()
        if name not in package.names or not (is_nav or item.get("media-type") == _NCX):
            continue
        try:
            entries = _nav_entries(package.read(name)) if is_nav else _ncx_entries(package.xml(name))
            for target, title in entries:
                found.setdefault(_target(name, target), clean_line(title))
        except FootnoteError:
            continue  # a damaged table of contents costs headings, not the book
    return found


def _nav_entries(data: bytes) -> Iterator[tuple[str, str]]:
    soup = html_tree.parse(html_loader.decode_page(data)[0])
    for link in soup.select("nav a[href]", limit=10_000):
        yield str(link["href"]), link.get_text(" ")


def _ncx_entries(root: Any) -> Iterator[tuple[str, str]]:
    for point in _all(root, "navPoint"):
        label, content = next(_all(point, "text"), None), next(_all(point, "content"), None)
        if label is not None and content is not None:
            yield str(content.get("src")), str(label.text or "")


def _target(base: str, reference: str) -> str:
    """The part that a reference in another part names; its name is looked up among the parts and never opened."""
    path = unquote(reference.partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), path))


def _metadata(root: Any) -> tuple[str, str | None, dict[str, str]]:
    """Title, date of publication and the other fields that a book states of itself."""

    def values(name: str) -> list[str]:
        return [text for one in _all(root, name) if (text := clean_line(str(one.text or "")))]

    fields = {"author": ", ".join(values("creator")[:20]), "publisher": ", ".join(values("publisher")[:3])}
    fields |= {"language": next(iter(values("language")), ""), "description": next(iter(values("description")), "")}
    date = next((found for value in values("date") if (found := parse_date(value))), None)
    return next(iter(values("title")), ""), date, fields


def _all(root: Any, name: str) -> Iterator[Any]:
    """Every element of this name below ``root``, whatever its namespace."""
    return root.iter(f"{{*}}{name}")  # type: ignore[no-any-return]
