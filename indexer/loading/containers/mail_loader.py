"""A mail as a program stores it (EML, RFC 5322 and MIME): its text, and its attachments as parts.

Nothing that a mail points to is fetched, and no header decides what an attachment is: its content and name do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import collapse_rfc2231_value, parsedate_to_datetime
from mimetypes import guess_extension

from indexer.loading.containers.letters import Letter, Words, is_shown, read_letter
from indexer.loading.members import Part
from indexer.loading.plain.decoding import decode
from schema import FootnoteError

_MOST_HEADERS = 10_000
_LONGEST_HEADER = 50_000  # characters: taking encoded words apart is not linear
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_ENCRYPTED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})


class _AsStored(Compat32):
    """Fields as they are in the file: bytes above ASCII come as lone surrogates, and are decoded here."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        """The value as it was found."""
        return value


def unpack(data: bytes) -> Iterator[Part]:
    """The text of a mail, then its attachments.

    Raises:
        FootnoteError: when it is no mail.
    """
    message = BytesParser(policy=_AsStored()).parsebytes(data.lstrip(b"\r\n \t\xef\xbb\xbf"))
    if len(message) == 0 or len(message) > _MOST_HEADERS:
        raise FootnoteError("It can't be read as a mail: it does not begin with the header of one.")
    leaves = list(_leaves(message))
    letter = _letter(message, _words_of(leaves))
    if any(leaf.get_content_type() in _ENCRYPTED for leaf, _ in leaves):
        letter = replace(letter, warnings=("its content is encrypted",))
    yield Part("", extraction=read_letter(letter))
    for number, (leaf, _) in enumerate(leaves, start=1):
        if _is_attached(leaf) and not _is_decoration(leaf, letter.html):
            yield _attachment(leaf, number)


def _leaves(message: Message) -> Iterator[tuple[Message, int]]:
    """The parts of a mail that hold something, each with what those that are forms of the same words have in common.

    A mail within it is one part.
    """
    stack: list[tuple[Message, int]] = [(message, 0)]
    while stack:
        part, group = stack.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            has_forms = not group and part.get_content_subtype() == "alternative"
            stack.extend((inner, id(part) if has_forms else group) for inner in reversed(_within(part)))
        else:
            yield part, group or id(part)


def _within(part: Message) -> list[Message]:
    """The messages that a part is made of."""
    payload = part.get_payload() if part.is_multipart() else []
    return [one for one in payload if isinstance(one, Message)]


def _is_attached(part: Message) -> bool:
    named = part.get_filename() is not None or part.get_content_disposition() == "attachment"
    return named or part.get_content_type() not in ("text/plain", "text/html")


def _is_decoration(part: Message, html: str) -> bool:
    """Whether a part is a signature of a machine, or a picture that the text of the mail itself shows."""
    kind, place = part.get_content_type(), str(part.get("Content-ID", "")).strip("<> \t\r\n")
    name = _filename(part) or guess_extension(kind) or ""
    return kind in _SIGNATURES or kind in _ENCRYPTED or is_shown(place, f"picture{name}", html)


def _letter(message: Message, words: tuple[Words, ...]) -> Letter:
    """The words with the fields that people read, decoded."""
    return Letter(
        subject=_decoded(message, "Subject"),
        sender=_decoded(message, "From"),
        to=_decoded(message, "To"),
        cc=_decoded(message, "Cc"),
        sent=_date(str(message.get("Date", ""))),
        words=words,
        language=_decoded(message, "Content-Language").split(",")[0],
    )


def _words_of(leaves: Iterable[tuple[Message, int]]) -> tuple[Words, ...]:
    """What a mail says itself, in its order."""
    groups: dict[int, dict[str, list[str]]] = {}
    for leaf, group in leaves:
        if not _is_attached(leaf):
            forms = groups.setdefault(group, {"text/plain": [], "text/html": []})
            forms[leaf.get_content_type()].append(_text(leaf))
    return tuple(Words("\n\n".join(forms["text/plain"]), "\n".join(forms["text/html"])) for forms in groups.values())


def _text(part: Message) -> str:
    """The characters of a part, in the encoding that it states, or another when it is not."""
    data = _payload(part)
    stated = part.get_param("charset")
    if isinstance(stated, str | tuple):
        try:
            return data.decode(collapse_rfc2231_value(stated).strip("\"' "))
        except (LookupError, UnicodeError, ValueError):
            pass
    return decode(data)[0]


def _payload(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _attachment(part: Message, number: int) -> Part:
    name = _filename(part) or f"attachment-{number}{guess_extension(part.get_content_type()) or ''}"
    if part.get_content_maintype() != "message" or not part.is_multipart():
        return Part(name, _payload(part))
    name = name if name.lower().endswith(".eml") else f"attachment-{number}.eml"
    try:
        return Part(name, b"\n".join(inner.as_bytes() for inner in _within(part)))
    except (LookupError, UnicodeError, ValueError, KeyError, AttributeError) as error:
        return Part(name, problem=f"It is a mail within a mail that can't be read ({type(error).__name__}).")


def _filename(part: Message) -> str:
    return _words(str(part.get_filename() or "")).replace("\n", " ").strip()


def _decoded(message: Message, name: str) -> str:
    return _words(str(message.get(name, ""))[:_LONGEST_HEADER])


def _words(value: str) -> str:
    """A field with its encoded words (RFC 2047) as characters, and raw bytes as the text they most likely are."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        value = decode(
            value.encode("ascii", "surrogateescape") if _is_raw(value) else value.encode("utf-8", "replace")
        )[0]
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value)
    except (ValueError, LookupError):
        return value
    return "".join(_piece(piece, encoding) for piece, encoding in pieces)


def _is_raw(value: str) -> bool:
    return re.fullmatch("[\x00-\x7f\udc80-\udcff]*", value) is not None


def _piece(piece: bytes | str, encoding: str | None) -> str:
    if isinstance(piece, str):
        return piece
    try:
        return piece.decode(encoding or "ascii")
    except (LookupError, UnicodeError):
        return decode(piece)[0]


def _date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value[:200])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
