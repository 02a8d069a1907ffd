"""EPUB to blocks: the documents of a book in the order of its spine, each a page, read as web pages are.

What the table of contents calls a document heads it where it has no heading itself. Nothing outside the book is read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from indexer.loading import html_loader
from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import parse_date
from indexer.loading.packages import Package
from schema import Extraction, FootnoteError

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"})
_NCX = "application/x-dtbncx+xml"


def load(data: bytes) -> Extraction:
    """Read a book from bytes.

    Raises:
        FootnoteError: when it is damaged, protected, or without documents.
    """
    package = Package(data)
    opf = _opf_name(package)
    root = package.xml(opf)
    items = {str(item.get("id")): item for item in _all(root, "item")}
    titles = _contents(package, items, opf)
    builder, hidden, problems = TextBuilder(), 0, 0
    for name in _spine(package, root, items, opf):
        try:
            hidden += _add_document(builder, package.read(name), titles.get(name, ""))
            builder.end_page()
        except FootnoteError as error:
            problems += 1
            builder.end_page(status="unreadable", problem=str(error)[:200])
    warnings = (
        *html_loader.hidden_warning(hidden),
        *([f"{problems} of its documents can't be read"] if problems else []),
    )
    title, date, metadata = _metadata(root)
    return builder.build(
        title=title or builder.text_of_first(6), date=date, warnings=warnings, metadata=metadata, hidden=hidden
    )


def _opf_name(package: Package) -> str:
    """Where the list of all that the book holds is."""
    for rootfile in _all(package.xml(_CONTAINER), "rootfile"):
        name = str(rootfile.get("full-path") or "")
        if name in package.names:
            return name
    raise FootnoteError("It can't be read as an EPUB book: its list of contents is missing.")


def _spine(package: Package, root: Any, items: dict[str, Any], opf: str) -> Iterator[str]:
    """The documents in reading order, each once.

    Raises:
        FootnoteError: when they are encrypted.
    """
    locked = _encrypted(package)
    names = (_target(opf, str(items[key].get("href"))) for key in _reading_order(root) if _is_page(items.get(key)))
    for name in dict.fromkeys(names):
        if name in locked:
            raise FootnoteError("It is protected against copying: Footnote can't open it.")
        if name in package.names:
            yield name


def _reading_order(root: Any) -> list[str]:
    return [str(reference.get("idref")) for reference in _all(root, "itemref")]


def _is_page(item: Any) -> bool:
    return item is not None and str(item.get("media-type", "")).lower() in _PAGES


def _encrypted(package: Package) -> frozenset[str]:
    """The parts that are encrypted; in most books that name any, these are fonts."""
    if _ENCRYPTION not in package.names:
        return frozenset()
    return frozenset(unquote(str(one.get("URI"))) for one in _all(package.xml(_ENCRYPTION), "CipherReference"))


def _add_document(builder: TextBuilder, data: bytes, title: str) -> int:
    """Append one document; returns how many characters it hides."""
    soup = html_loader.parse(html_loader.decode_page(data)[0])
    if title and soup.find(["h1", "h2", "h3", "h4", "h5", "h6"]) is None:
        builder.add("heading", title, level=1)
    return html_loader.add_page(builder, soup, is_book=True)


def _contents(package: Package, items: dict[str, Any], opf: str) -> dict[str, str]:
    """What the table of contents calls each document: its first entry for it; the newer form of the table first."""
    found: dict[str, str] = {}
    for item in items.values():
        name = _target(opf, str(item.get("href")))
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
    soup = html_loader.parse(html_loader.decode_page(data)[0])
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
