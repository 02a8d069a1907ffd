"""A mail as Outlook stores it (MSG): its text, and its attachments as parts.

The properties are those of [MS-OXMSG] and [MS-OXPROPS]. A body that is there in RTF alone is not read; Outlook writes
the words in plain text beside it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from indexer.loading.containers.compound import CompoundFile
from indexer.loading.containers.letters import Letter, Words, is_shown, read_letter
from indexer.loading.members import Part
from indexer.loading.plain.decoding import decode
from schema import FootnoteError

_SUBJECT, _BODY, _HTML, _RTF = 0x0037, 0x1000, 0x1013, 0x1009
_SENDER, _SENDER_SMTP, _SENDER_ADDRESS = 0x0C1A, 0x5D01, 0x0C1F
_TO, _CC, _SENT, _DELIVERED, _CODE_PAGE, _BODY_PAGE = 0x0E04, 0x0E03, 0x0039, 0x0E06, 0x3FFD, 0x3FDE
_LONG_NAME, _SHORT_NAME, _SHOWN_NAME, _CONTENT, _CONTENT_ID = 0x3707, 0x3704, 0x3001, 0x3701, 0x3712
_PROPERTIES = "__properties_version1.0"
_ATTACHMENT = "__attach_version1.0_"
_MESSAGE = f"__substg1.0_{_CONTENT:04X}000D"
_ROOT_HEADER, _INNER_HEADER, _ATTACHMENT_HEADER = 32, 24, 8
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_DEEPEST = 3


def unpack(data: bytes) -> Iterator[Part]:
    """The text of a mail, then its attachments.

    Raises:
        FootnoteError: when it is damaged or no mail.
    """
    file = CompoundFile(data)
    if not any(path[-1] == _PROPERTIES for path in file.paths):
        raise FootnoteError("It can't be read as an Outlook message: it holds no properties of one.")
    yield from _message(file, (), "")


def _message(file: CompoundFile, folder: tuple[str, ...], place: str) -> Iterator[Part]:
    """One mail in the file; ``place`` is the name of a mail that is an attachment itself."""
    letter = _letter(file, folder)
    yield Part(place, extraction=read_letter(letter))
    depth = len(folder)
    inner = {path[depth] for path in file.paths if len(path) > depth and path[:depth] == folder}
    for number, name in enumerate(sorted(name for name in inner if name.startswith(_ATTACHMENT)), start=1):
        before = f"{place}/" if place else ""
        try:
            yield from _attachment(file, (*folder, name), before, number, html=letter.html)
        except FootnoteError as error:  # costs its own row, and not the words of the mail
            yield Part(f"{before}attachment-{number}", problem=str(error))


def _attachment(file: CompoundFile, folder: tuple[str, ...], place: str, number: int, *, html: str) -> Iterator[Part]:
    name = next((found for key in (_LONG_NAME, _SHORT_NAME, _SHOWN_NAME) if (found := _string(file, folder, key))), "")
    depth = len(folder)
    if any(path[: depth + 1] == (*folder, _MESSAGE) for path in file.paths):
        name = f"{place}{name or f'attachment-{number}'}.msg"
        if depth > 2 * _DEEPEST:
            yield Part(name, problem=f"It lies in {_DEEPEST} mails, and those within it are not opened.")
        else:
            yield from _message(file, (*folder, _MESSAGE), name)
        return
    content_id = _string(file, folder, _CONTENT_ID)
    content = file.read(*folder, f"__substg1.0_{_CONTENT:04X}0102")
    if content and not is_shown(content_id, name, html):
        yield Part(f"{place}{name or f'attachment-{number}'}", content)


def _letter(file: CompoundFile, folder: tuple[str, ...]) -> Letter:
    numbers = _fixed(file, folder)
    sender, address = _string(file, folder, _SENDER), _string(file, folder, _SENDER_SMTP)
    address = address or _string(file, folder, _SENDER_ADDRESS)
    plain, html = _string(file, folder, _BODY), _string(file, folder, _HTML)
    if not html:
        page = file.read(*folder, f"__substg1.0_{_HTML:04X}0102")
        html = _decoded(page, numbers.get(_BODY_PAGE, 0) & 0xFFFF)
    has_rtf = bool(file.read(*folder, f"__substg1.0_{_RTF:04X}0102"))
    unread = has_rtf and not plain.strip() and not html.strip()
    return Letter(
        subject=_string(file, folder, _SUBJECT),
        sender=f"{sender} <{address}>" if "@" in address and address != sender else sender or address,
        to=_string(file, folder, _TO),
        cc=_string(file, folder, _CC),
        sent=_time(numbers.get(_SENT) or numbers.get(_DELIVERED) or 0),
        words=(Words(plain, html),),
        warnings=("its text is stored as RTF and was not read",) if unread else (),
    )


def _string(file: CompoundFile, folder: tuple[str, ...], key: int) -> str:
    """A property that is text, in UTF-16 or in the code page of the message."""
    if wide := file.read(*folder, f"__substg1.0_{key:04X}001F"):
        return wide.decode("utf-16-le", "replace").rstrip("\0")
    narrow = file.read(*folder, f"__substg1.0_{key:04X}001E")
    return _decoded(narrow, _fixed(file, folder).get(_CODE_PAGE, 0) & 0xFFFF).rstrip("\0") if narrow else ""


def _decoded(data: bytes, code_page: int) -> str:
    names = {65001: "utf-8", 20127: "ascii", 28591: "latin-1", 50220: "iso2022_jp", 51932: "euc_jp", 20866: "koi8_r"}
    try:
        return data.decode(names.get(code_page, f"cp{code_page}"))
    except (LookupError, UnicodeError):
        return decode(data)[0]


def _fixed(file: CompoundFile, folder: tuple[str, ...]) -> dict[int, int]:
    """The properties of eight bytes at most, as whole numbers by their key."""
    data = file.read(*folder, _PROPERTIES)[_header(folder) :]
    whole = data[: len(data) // 16 * 16]
    return {tag >> 16: value for tag, _, value in struct.iter_unpack("<IIQ", whole)}


def _header(folder: tuple[str, ...]) -> int:
    """How many bytes stand before the properties of a mail, a mail within one, or an attachment."""
    if not folder:
        return _ROOT_HEADER
    return _INNER_HEADER if folder[-1] == _MESSAGE else _ATTACHMENT_HEADER


def _time(ticks: int) -> datetime | None:
    """A time in tenths of microseconds since 1601, as Windows counts it."""
    try:
        return _EPOCH + timedelta(microseconds=ticks // 10) if ticks else None
    except OverflowError:
        return None
