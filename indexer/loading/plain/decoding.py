"""Bytes to characters, for the formats that are text."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from indexer.loading.languages import find_language
from schema import FootnoteError

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MOST_WRONG = 0.02  # share of the characters that may be damaged in text that says what it is
_MIXED = 0.05  # share of the characters above ASCII that may be of another encoding than UTF-8
_FOREIGN = 0.15  # share of bytes above ASCII from which a text is in another script, or Windows-1252 garbled
_SAMPLE = 8 * 1024
_TRIED = "cp1251 koi8_r cp866 cp1253 cp1255 cp1256 cp932 euc_jp gb18030 big5 cp949 cp1252 cp1250".split()
_CYRILLIC = ("cp1251", "koi8_r", "cp866")
_WESTERN = "cp1252"
_CENTRAL = frozenset({"cs", "hu", "pl", "ro"})
_SHOWN = {"cp932": "Shift-JIS", "cp949": "EUC-KR", "koi8_r": "KOI8-R", "gb18030": "GB18030", "big5": "Big5"}
_HIGH = bytes(range(128, 256))


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """The characters of ``data`` and warnings about how they were found.

    A byte order mark decides; otherwise it is UTF-8 when it can be, but for a few bytes, and else what its letters look
    like: another script's encoding, or Windows-1252. What stays unclear shows as the replacement character.

    Raises:
        FootnoteError: when a mark promises an encoding that the bytes do not keep.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _as_promised(data, encoding)
    if order := wide_order(data):
        return data.decode(order, "replace"), (f"read as {_shown(order)}, which it does not say",)
    if b"\x1b$" in data and (japanese := _strict(data, "iso2022_jp")) is not None:
        return japanese, ("read as ISO-2022-JP",)
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        return _otherwise(data, error.start)


def wide_order(data: bytes) -> str:
    """The kind of UTF-16 that text without a mark is in, by where its zero bytes are; empty when it is none.

    >>> wide_order("Plan of 2021".encode("utf-16-le")), wide_order(b"Plan of 2021")
    ('utf-16-le', '')
    """
    sample = data[: _SAMPLE // 2 * 2]
    half = len(sample) // 2
    if half < 4 or b"\0" not in sample:
        return ""
    zeros = sample[0 : 2 * half : 2].count(0), sample[1 : 2 * half : 2].count(0)
    for low, high, order in ((*zeros, "utf-16-le"), (*zeros[::-1], "utf-16-be")):
        if high > 0.7 * half and low == 0:
            return order
    return ""


def _as_promised(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    """Text with a mark; a little damage is let pass."""
    try:
        return data.decode(encoding), ()
    except UnicodeDecodeError as error:
        text, name = data.decode(encoding, "replace"), _shown(encoding)
        wrong = text.count("\ufffd")
        if wrong > _MOST_WRONG * len(text):
            raise FootnoteError(
                f"It says that it is {name}, but it is not: {error.reason} at byte {error.start}."
            ) from error
        return text, (f"{wrong} places of it are not {name}, as it says that it is (byte {error.start})",)


def _otherwise(data: bytes, place: int) -> tuple[str, tuple[str, ...]]:
    """Text that is not UTF-8; ``place`` is the first byte that shows it."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    if wrong <= _MIXED * sum(character > "\x7f" for character in text):
        mixed = data.decode("utf-8", "footnote-western")
        return mixed, (f"read as UTF-8 but for {wrong} places, the first at byte {place}",)
    encoding = _guess(data)
    return data.decode(encoding, "replace"), (f"read as {_shown(encoding)}, since it is not UTF-8 (byte {place})",)


def _guess(data: bytes) -> str:
    """The encoding that makes letters of the bytes above ASCII."""
    sample = _sample(data)
    high = len(sample) - len(sample.translate(None, _HIGH))
    if high > _FOREIGN * len(sample):
        best = from_bytes(sample, cp_isolation=_TRIED).best()
        if best is not None and _is_other_script(str(best)):
            return (
                max(_CYRILLIC, key=lambda name: _commonest(sample, name))
                if best.encoding in _CYRILLIC
                else best.encoding
            )
    central = find_language(sample.decode("cp1250", "replace")) in _CENTRAL
    return "cp1250" if central else _WESTERN


def _commonest(sample: bytes, encoding: str) -> int:
    """How many of the commonest Cyrillic letters there are: the encodings differ in which bytes are small letters."""
    return sum(map(sample.decode(encoding, "replace").count, "оеаинтс"))


def _is_other_script(text: str) -> bool:
    """Whether most letters that are not ASCII are not Latin either."""
    letters = [character for character in text if character > "\x7f" and character.isalpha()]
    return sum(character > "\u024f" for character in letters) > len(letters) / 2


def _sample(data: bytes) -> bytes:
    """The beginning, cut behind an ASCII byte, so that no character is cut in two."""
    if len(data) <= _SAMPLE:
        return data
    sample = data[:_SAMPLE]
    end = max((match.end() for match in re.finditer(rb"[ \n\r\t]", sample)), default=_SAMPLE)
    return sample[:end]


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _shown(encoding: str) -> str:
    """The name of an encoding as people know it."""
    if encoding in _SHOWN:
        return _SHOWN[encoding]
    name = re.sub(r"^cp(?=125)", "Windows-", encoding)
    return name if name.startswith("Windows") else name.upper().removesuffix("-SIG").replace("_", "-")


def _western(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8 as Windows-1252, in which five values mean nothing."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode(_WESTERN, "replace"), error.end


codecs.register_error("footnote-western", _western)
