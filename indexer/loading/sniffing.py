"""Decides what a file is: by its first bytes or its parts, then by its name. Nothing here parses a document.

What content looks like is known here for more kinds than Footnote reads; those without a row in `formats.TABLE` are
refused by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from indexer.loading.formats import BY_EXTENSION, BY_KEY, Format
from schema import FootnoteError


@dataclass(frozen=True, slots=True)
class Kind:
    """What content shows: the key of a format (empty for what has none), and words for it."""

    key: str
    described: str


def _format(key: str) -> Kind:
    """The kind of a format that Footnote reads, in the words of its table."""
    return Kind(key, BY_KEY[key].described)


_PROGRAM, _MEDIA = Kind("", "a program"), Kind("", "a sound or video file")
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", Kind("image", "a PNG image")),
    (b"\xff\xd8\xff", Kind("image", "a JPEG image")),
    (b"GIF87a", Kind("image", "a GIF image")),
    (b"GIF89a", Kind("image", "a GIF image")),
    (b"II*\x00", Kind("image", "a TIFF image")),
    (b"MM\x00*", Kind("image", "a TIFF image")),
    (b"BM", Kind("image", "a BMP image")),
    (b"{\\rtf", _format("rtf")),
    (b"\x7fELF", _PROGRAM),
    (b"MZ", _PROGRAM),
    (b"\xca\xfe\xba\xbe", _PROGRAM),
    (b"\xcf\xfa\xed\xfe", _PROGRAM),
    (b"\x00asm", _PROGRAM),
    (b"\x1f\x8b", Kind("", "a gzip archive")),
    (b"BZh", Kind("", "a bzip2 archive")),
    (b"7z\xbc\xaf\x27\x1c", Kind("", "a 7-Zip archive")),
    (b"\xfd7zXZ\x00", Kind("", "an XZ archive")),
    (b"Rar!\x1a\x07", Kind("", "a RAR archive")),
    (b"SQLite format 3\x00", Kind("", "an SQLite database")),
    (b"%!PS-", Kind("", "a PostScript document")),
    (b"OggS", _MEDIA),
    (b"ID3", _MEDIA),
    (b"RIFF", _MEDIA),
    (b"PK\x05\x06", Kind("", "an empty ZIP archive")),
)
_LETTERS = frozenset({b"MZ", b"BM", b"BZh", b"OggS", b"ID3", b"RIFF"})  # ordinary letters: need binary too
_MIMETYPES: tuple[tuple[bytes, Kind], ...] = (
    (b"application/vnd.oasis.opendocument.text", _format("odt")),
    (b"application/vnd.oasis.opendocument.spreadsheet", _format("ods")),
    (b"application/vnd.oasis.opendocument.presentation", _format("odp")),
    (b"application/vnd.oasis.opendocument", Kind("", "an OpenDocument file of another kind")),
    (b"application/epub+zip", _format("epub")),
)
_FOLDERS: tuple[tuple[str, Kind], ...] = (
    ("word/", _format("docx")),
    ("xl/", _format("xlsx")),
    ("ppt/", _format("pptx")),
    ("", Kind("", "an Office file of another kind")),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MESSAGE, _WORD = _format("msg"), _format("doc")
_EXCEL, _POWERPOINT = _format("xls"), _format("ppt")
_CLASSES: dict[str, Kind] = {
    "0b0d0200": _MESSAGE,
    "06090200": _WORD,
    "20080200": _EXCEL,
    "10080200": _EXCEL,
    "108d8164": _POWERPOINT,
}
"""The first field of the class of an OLE file's root, as stored (little endian)."""
_STREAMS: tuple[tuple[str, Kind], ...] = (  # in this order: each may hold files of the kinds after it
    ("__properties_version1.0", _MESSAGE),
    ("PowerPoint Document", _POWERPOINT),
    ("WordDocument", _WORD),
    ("Workbook", _EXCEL),
    ("Book", _EXCEL),
)
_ALSO: dict[str, tuple[str, ...]] = {  # programs write these under the older name, and open them
    "text": ("html",),
    "doc": ("docx", "rtf", "html"),
    "xls": ("xlsx", "html"),
    "ppt": ("pptx",),
}
_SIGNED = frozenset(kind.key for _, kind in (*_MAGIC, *_MIMETYPES, *_FOLDERS, *_STREAMS) if kind.key) | {"zip"}
"""Formats that a file is of only when its content shows it; the others are text, and its name decides."""
_UTF_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,2000}?-->\s*)?(?:<!doctype\s+html|<html[\s>])", re.I | re.S
)
_MAIL = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{0,60}:[^\n]{0,2000}\n(?:[ \t][^\n]{0,2000}\n){0,99}){3}")
_MAIL_FIELDS = re.compile(rb"^(?:From|Received|Message-ID|Date|Return-Path|MIME-Version):", re.I | re.M)
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f\x1b\x08")
_SAMPLE = 64 * 1024


def detect_format(name: str, data: bytes) -> Format:
    """What a file is, from its content and its name.

    Args:
        name: the file's name; only its extension counts.
        data: its bytes, not empty.

    Raises:
        FootnoteError: when it is nothing that Footnote reads, or not what its name says.
    """
    named = named_format(name)
    if found := content_kind(data):
        return _reconcile(named, found)
    if named and named.key == "pdf":  # its loader says more of what is wrong
        return named
    if _is_binary(data):
        raise FootnoteError(f"It looks like binary data, not {(named or BY_KEY['text']).described}.")
    if named and named.key in _SIGNED:
        raise FootnoteError(
            f"It can't be read as {named.described}: it does not begin like one, so it is damaged or something else."
        )
    if named is None and "eml" in BY_KEY and _is_mail(data):
        return BY_KEY["eml"]
    return named or BY_KEY["text"]


def named_format(name: str) -> Format | None:
    """What the extension of ``name`` promises; ``None`` when there is no extension.

    Raises:
        FootnoteError: for an extension that Footnote does not read.
    """
    suffix = PurePath(name).suffix.lower()
    if not suffix or not re.fullmatch(r"\.[a-z0-9_-]{1,12}", suffix):
        return None
    if suffix not in BY_EXTENSION:
        raise FootnoteError(f"It is of type {suffix}, which is not supported.")
    return BY_EXTENSION[suffix]


def content_kind(data: bytes) -> Kind | None:
    """The kind of file that the bytes show, ``None`` for what may be text.

    Raises:
        FootnoteError: for an archive that is damaged or a bomb, and for an Office file behind a password.
    """
    if data.startswith(b"PK\x03\x04"):
        return _zip_kind(data)
    if data.startswith(_OLE):
        return _ole_kind(data)
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return _format("pdf")
    start = data[3:] if data.startswith(_UTF_MARKS[0]) else data
    return _format("html") if _HTML.match(start[:4096]) else _magic_kind(data)


def _reconcile(named: Format | None, found: Kind) -> Format:
    """The format of the content, when the name may stand for it; Markdown may begin with HTML.

    Raises:
        FootnoteError: for any other difference between content and name.
    """
    kind = BY_KEY.get(found.key)
    if kind is None:
        raise FootnoteError(f"It looks like {found.described}, not {named.described if named else 'a document'}.")
    if named is None or named == kind or kind.key in _ALSO.get(named.key, ()):
        return kind
    if (named.key, kind.key) == ("markdown", "html"):
        return named
    raise FootnoteError(
        f"It looks like {found.described}, not {named.described}: give it the extension that fits, such as "
        f"{kind.extensions[0]}."
    )


def _magic_kind(data: bytes) -> Kind | None:
    """What the first bytes say that a kind always begins with."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Kind("image", "a WebP image")
    for magic, kind in _MAGIC:
        if data.startswith(magic) and (magic not in _LETTERS or _is_binary(data)):
            return kind
    return _MEDIA if data[4:8] == b"ftyp" else None


def _zip_kind(data: bytes) -> Kind:
    """OpenDocument and EPUB name themselves in a part; Office Open XML is known by its folders; else an archive."""
    from indexer.loading.packages import Package  # noqa: PLC0415  (lxml is for the process that parses)

    package = Package(data, strict=False)  # the loaders of all but plain archives are strict
    if "mimetype" in package.names:
        mimetype = package.read("mimetype").strip()
        for beginning, kind in _MIMETYPES:
            if mimetype.startswith(beginning):
                return kind
    if "META-INF/container.xml" in package.names:
        return _MIMETYPES[-1][1]
    if "[Content_Types].xml" in package.names:
        return next(kind for folder, kind in _FOLDERS if any(name.startswith(folder) for name in package.names))
    return _format("zip")


def _ole_kind(data: bytes) -> Kind:
    """Microsoft's old container: by the class of its root entry, else by the names of its streams [MS-CFB 2.6]."""
    shift = int.from_bytes(data[30:32], "little")
    root = (int.from_bytes(data[48:52], "little") + 1) << min(shift, 12)
    if kind := _CLASSES.get(data[root + 80 : root + 84].hex()):
        return kind  # it may hold a file with a password, as a mail does with one attached
    if _utf16("EncryptedPackage") in data:
        raise FootnoteError("It is protected by a password: save a copy without the password.")
    return next((kind for name, kind in _STREAMS if _utf16(name) in data), Kind("", "an old Microsoft Office file"))


def _utf16(name: str) -> bytes:
    """The name of a stream as a directory stores it, with its end."""
    return f"{name}\0".encode("utf-16-le")


def _is_mail(data: bytes) -> bool:
    """Whether a file begins with at least three header fields, one of them a mail's."""
    match = _MAIL.match(data[:_SAMPLE].replace(b"\r\n", b"\n"))
    return bool(match and _MAIL_FIELDS.search(match[0]))


def _is_binary(data: bytes) -> bool:
    """Whether bytes that are no text in UTF-16 or UTF-32 hold NULs or many control characters."""
    if data.startswith(_UTF_MARKS):
        return False
    sample = data[:_SAMPLE]
    if b"\x00" in sample:
        from indexer.loading.plain.decoding import wide_order  # noqa: PLC0415  (its tables are for the process that parses)

        sample = sample.decode(wide_order(sample) or "latin-1", "replace").encode()
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return b"\x00" in sample or controls > len(sample) * 0.02
