"""Bytes to characters, for the formats that are text."""

from __future__ import annotations

import codecs

from schema import FootnoteError

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """The characters of ``data`` and warnings about how they were found.

    A byte order mark decides; otherwise it is UTF-8 when it can be, and Windows-1252 when it can't.

    Raises:
        FootnoteError: when a mark promises an encoding that the bytes do not keep.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), ()
            except UnicodeDecodeError as error:
                name = encoding.upper().removesuffix("-SIG")
                raise FootnoteError(
                    f"It says that it is {name}, but it is not: {error.reason} at byte {error.start}."
                ) from error
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        # Five byte values mean nothing in Windows-1252; they show as the replacement character.
        warning = f"read as Windows-1252, since it is not UTF-8 (byte {error.start})"
        return data.decode("cp1252", "replace"), (warning,)
