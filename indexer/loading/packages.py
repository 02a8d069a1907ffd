"""The one door to ZIP archives and to XML in them: what they declare is judged before, and counted while, it is read.

Office documents, e-books and plain archives are all ZIP archives. Nothing here unpacks to disk, and no name in an
archive is ever opened as a path. What the parts mean is not known here.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from lxml import etree

from schema import FootnoteError

MOST_UNPACKED = 200_000_000  # bytes, as the archive's directory declares them and again as they are read
MOST_RATIO = 100  # unpacked to packed, for archives that unpack to more than a megabyte
MOST_ENTRIES = 10_000
MOST_DIRECTORY = 20_000_000  # bytes of the directory itself, which is parsed before its entries can be counted
MOST_DEPTH = 100  # of elements within one another: eight text boxes in text boxes, thirty tables in tables
_LOCAL_HEADER = 30  # bytes before the name of an entry
_END = b"PK\x05\x06"
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError, ValueError)
_STRICT = tuple(
    (f"http://purl.oclc.org/ooxml/{strict}".encode(), f"http://schemas.openxmlformats.org/{usual}".encode())
    for strict, usual in (
        ("wordprocessingml/main", "wordprocessingml/2006/main"),
        ("spreadsheetml/main", "spreadsheetml/2006/main"),
        ("presentationml/main", "presentationml/2006/main"),
        ("drawingml/main", "drawingml/2006/main"),
        ("drawingml/chart", "drawingml/2006/chart"),
        ("drawingml/wordprocessingDrawing", "drawingml/2006/wordprocessingDrawing"),
        ("officeDocument/math", "officeDocument/2006/math"),
        ("officeDocument/relationships", "officeDocument/2006/relationships"),
    )
)
"""The Strict form of Office Open XML (ISO/IEC 29500) differs from the usual one in its namespaces."""


class PartError(FootnoteError):
    """One part of an archive is missing or damaged; the others may be good."""


class Package:
    """A ZIP archive in memory that has passed the guard; all that is read from it counts against one budget."""

    def __init__(self, data: bytes, *, strict: bool = True) -> None:
        """Open an archive; see `open_archive`.

        Raises:
            FootnoteError: when it is damaged, a bomb, locked by a password, or not what an archive should be.
        """
        self._archive = open_archive(data, strict=strict)
        self._left = MOST_UNPACKED
        self.names = frozenset(self._archive.namelist())

    def read(self, name: str) -> bytes:
        """The bytes of one part.

        Raises:
            PartError: when there is no such part, or it is damaged.
            FootnoteError: when its name leads out of the archive, or more has been unpacked than is allowed.
        """
        refuse_ways_out([name])
        if name not in self.names:
            raise PartError(f"It has no part named {name}: it may be damaged.")
        try:
            with self._archive.open(name) as part:
                content = part.read(self._left + 1)
        except _DAMAGED as error:
            raise PartError(f"Its part {name} is damaged ({error}).") from error
        self._left -= len(content)
        if self._left < 0:
            raise FootnoteError(f"It unpacks to more than {MOST_UNPACKED:,} bytes: it looks like a zip bomb.")
        return content

    def xml(self, name: str) -> Any:
        """The root element of one part of XML.

        Raises:
            FootnoteError: as `read` and `parse_xml` do.
        """
        return parse_xml(self.read(name), name)


def open_archive(data: bytes, *, strict: bool = True) -> zipfile.ZipFile:
    """An archive, judged by its directory before anything is unpacked.

    Args:
        data: its bytes.
        strict: refuse all of it for one name that leads out of it; else only that part is never read.

    Raises:
        FootnoteError: when it is damaged, holds too many entries, unpacks to too much, is locked by a password, has
            entries that share bytes, or a name that leads out of it.
    """
    end = data.rfind(_END, -65_557)  # the record at the end, with the longest comment that may follow
    if end >= 0 and int.from_bytes(data[end + 12 : end + 16], "little") > MOST_DIRECTORY:
        raise FootnoteError("It holds a directory that is too large: it may be a zip bomb.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGED as error:
        raise FootnoteError("It is a damaged ZIP archive or Office document: it may be cut short.") from error
    _refuse_bomb(archive.infolist(), len(data))
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        raise FootnoteError("It is protected by a password: save a copy without the password.")
    if strict:
        refuse_ways_out(archive.namelist())
    return archive


def refuse_ways_out(names: Iterable[str]) -> None:
    """Refuse names of parts that lead out of their archive.

    Raises:
        FootnoteError: with the first of them.
    """
    for name in filter(leads_out, names):
        raise FootnoteError(f"It holds a part that leads out of it ({name[:100]!r}): it is an attack.")


def leads_out(name: str) -> bool:
    r"""Whether the name of an entry would lead out of the folder it is unpacked to, on any system.

    >>> [leads_out(name) for name in ("a/b.xml", "../b", "/b", "a\\..\\b", "C:\\b", "a/..b")]
    [False, True, True, True, True, False]
    """
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or parts[0] == "" or parts[0][1:2] == ":"


def parse_xml(data: bytes, name: str) -> Any:
    """The root element of XML: no entity is expanded, nothing is fetched, nesting is limited; comments are left out.

    Args:
        data: the bytes.
        name: of the part, for messages.

    Raises:
        PartError: when it is not well formed, or nests deeper than `MOST_DEPTH` elements.
        FootnoteError: when it declares entities, as only attacks do.
    """
    try:
        root = etree.fromstring(_usual(data), etree.XMLParser(**_XML_OPTIONS))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _not_well_formed(name, error) from error
    _refuse_entities(root, name)
    if _TOO_DEEP(root):
        raise PartError(f"Its part {name} nests deeper than {MOST_DEPTH} elements: it is damaged or an attack.")
    return root


def stream_xml(data: bytes, name: str, tags: Sequence[str]) -> Iterator[Any]:
    """The elements with one of these tags in document order, each let go when the next is asked for.

    For parts too large to hold as a tree; nothing recurses through the elements, and their nesting is libxml2's matter.

    Raises:
        PartError: when the XML is not well formed, after the elements that stand before the fault.
        FootnoteError: when it declares entities.
    """
    before = None
    try:
        for _, element in etree.iterparse(io.BytesIO(_usual(data)), tag=list(tags), **_XML_OPTIONS):
            if before is None:
                _refuse_entities(element, name)
            before = element
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise _not_well_formed(name, error) from error


_XML_OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""Nothing is expanded, loaded or fetched, and libxml2's own limits stay on."""
_TOO_DEEP = etree.XPath(f"boolean({'/*' * (MOST_DEPTH + 1)})")


def _usual(data: bytes) -> bytes:
    """XML in the Strict form with the usual namespaces."""
    if b"http://purl.oclc.org/ooxml/" in data:
        for strict, usual in _STRICT:
            data = data.replace(strict, usual)
    return data


def _refuse_entities(element: Any, name: str) -> None:
    declared = element.getroottree().docinfo.internalDTD
    if declared is not None and next(declared.iterentities(), None) is not None:
        raise FootnoteError(f"Its part {name} declares XML entities, as attacks do and documents don't.")


def _not_well_formed(name: str, error: Exception) -> PartError:
    what = str(error).split("\n")[0][:200]
    return PartError(f"Its part {name} is not well-formed XML ({what}): it may be damaged.")


def _refuse_bomb(entries: Sequence[zipfile.ZipInfo], size: int) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if len(entries) > MOST_ENTRIES:
        raise FootnoteError(f"It holds {len(entries)} parts, and {MOST_ENTRIES} is the most: it may be a zip bomb.")
    if unpacked > MOST_UNPACKED or (unpacked > 1_000_000 and unpacked > MOST_RATIO * min(packed, size)):
        raise FootnoteError(f"It unpacks from {size:,} to {unpacked:,} bytes: it looks like a zip bomb.")
    for one, other in pairwise(sorted(entries, key=lambda entry: entry.header_offset)):
        if one.header_offset + _LOCAL_HEADER + one.compress_size > other.header_offset:
            raise FootnoteError("It holds parts that share their bytes: it looks like a zip bomb.")
