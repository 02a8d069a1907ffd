"""Decides what a file is: by its first bytes, then by its name. Nothing here parses a document."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePath

from indexer.loading.formats import BY_EXTENSION, BY_KEY, READS, Format
from schema import FootnoteError

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\x00asm", "a program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\xfd7zXZ\x00", "an XZ archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS-", "a PostScript document"),
    (b"OggS", "a sound or video file"),
    (b"ID3", "a sound or video file"),
    (b"RIFF", "a sound, video or image file"),
    (b"PK\x05\x06", "an empty ZIP archive"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LETTERS = frozenset(
    {b"MZ", b"BZh", b"OggS", b"ID3", b"RIFF", b"MM\x00*", b"II*\x00"}
)  # ordinary letters: need binary too
_UTF_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,2000}?-->\s*)?(?:<!doctype\s+html|<html[\s>])", re.I | re.S
)
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
    if foreign := _foreign(data):
        raise FootnoteError(f"It looks like {foreign}, not {named.described if named else 'a document'}. {READS}.")
    if found := _content(data):
        return _reconcile(named, found)
    if named and named.key == "docx":
        raise FootnoteError(
            "It can't be read as a DOCX document: it is not a ZIP archive, so it is damaged or something else."
        )
    if (named is None or named.key != "pdf") and _is_binary(data):
        raise FootnoteError(f"It looks like binary data, not {(named or BY_KEY['text']).described}. {READS}.")
    return named or BY_KEY["text"]


def named_format(name: str) -> Format | None:
    """What the extension of ``name`` promises; ``None`` when there is no extension.

    Raises:
        FootnoteError: for an extension that Footnote does not read.
    """
    suffix = PurePath(name).suffix.lower()
    if not suffix or not re.fullmatch(r"\.[a-z0-9_-]{1,12}", suffix):
        return None
    if suffix == ".doc":
        raise FootnoteError(f"It is a document in Word's old .doc format: save it as DOCX. {READS}.")
    if suffix not in BY_EXTENSION:
        raise FootnoteError(f"It is of type {suffix}, which is not supported. {READS}.")
    return BY_EXTENSION[suffix]


def _reconcile(named: Format | None, found: Format) -> Format:
    """A page of HTML may be called text; any other difference between content and name is refused."""
    if named is None or named == found:
        return found
    if found.key == "html" and named.key in ("text", "markdown"):
        return found if named.key == "text" else named
    raise FootnoteError(
        f"It looks like {found.described}, not {named.described}: give it the extension that fits, such as "
        f"{found.extensions[0]}."
    )


def _content(data: bytes) -> Format | None:
    """The format that the bytes show, ``None`` for what may be text; archives of other kinds are sorted out before."""
    if data.startswith(b"PK\x03\x04"):
        return BY_KEY["docx"]
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return BY_KEY["pdf"]
    start = data[3:] if data.startswith(_UTF_MARKS[0]) else data
    return BY_KEY["html"] if _HTML.match(start[:4096]) else None


def _foreign(data: bytes) -> str | None:
    """What a file is that Footnote does not read, when its first bytes tell."""
    for magic, description in _MAGIC:
        if data.startswith(magic) and (magic not in _LETTERS or _is_binary(data)):
            return description
    if data.startswith(_OLE):
        return _describe_ole(data)
    if data.startswith(b"PK\x03\x04"):
        return _describe_zip(data)
    return "a sound, video or image file" if data[4:8] == b"ftyp" else None


def _describe_ole(data: bytes) -> str:
    """Microsoft's old container: old Office files, and new ones behind a password."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise FootnoteError("It is protected by a password: save a copy without the password.")
    if "WordDocument".encode("utf-16-le") in data:
        raise FootnoteError(f"It is a document in Word's old .doc format: save it as DOCX. {READS}.")
    return "an old Microsoft Office file"


def _describe_zip(data: bytes) -> str | None:
    """What a ZIP archive is, ``None`` for a DOCX document."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise FootnoteError("It is a damaged ZIP archive or DOCX document: it may be cut short.") from None
    if "[Content_Types].xml" in names and any(name.startswith("word/") for name in names):
        return None
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook"
    if any(name.startswith("ppt/") for name in names):
        return "a PowerPoint presentation"
    return "an OpenDocument or EPUB file" if "mimetype" in names else "a ZIP archive"


def _is_binary(data: bytes) -> bool:
    """Whether bytes that start with no mark of UTF-16 or UTF-32 hold NULs or many control characters."""
    if data.startswith(_UTF_MARKS):
        return False
    sample = data[:_SAMPLE]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return b"\x00" in sample or controls > len(sample) * 0.02
