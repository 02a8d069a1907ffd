"""A mail as blocks: who wrote when to whom, and what; whichever format it was stored in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from mimetypes import guess_type
from textwrap import shorten

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.plain import text_loader
from indexer.loading.web import html_loader, html_tree
from indexer.loading.web.html_tree import LeftOut
from schema import Extraction

_LONGEST_FIELD = 2_000  # characters of a list of receivers
_LONGEST_TITLE = 100


@dataclass(frozen=True, slots=True)
class Words:
    """A part of what a mail says; ``plain`` and ``html`` are two forms of the same words, either may be empty."""

    plain: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says; ``words`` has an entry for each part of it, such as what a list of receivers adds below."""

    subject: str = ""
    sender: str = ""
    to: str = ""
    cc: str = ""
    sent: datetime | None = None
    words: tuple[Words, ...] = ()
    language: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def html(self) -> str:
        """All of its pages."""
        return "\n".join(words.html for words in self.words)


def is_shown(content_id: str, name: str, html: str) -> bool:
    """Whether a file that belongs to a mail is a picture in its page, and so no attachment.

    Args:
        content_id: what the page calls it (RFC 2392), empty for most files.
        name: of the file; one that has none, or no ending, may be a picture.
        html: the page.
    """
    is_picture = (guess_type(name)[0] or "image/").startswith("image/")
    return bool(content_id) and is_picture and re.search(rf"cid:{re.escape(content_id)}(?![\w.@$-])", html) is not None


def read_letter(letter: Letter) -> Extraction:
    """The text of a mail: its subject, a short paragraph with its other fields, and its words, quoted ones too."""
    builder = TextBuilder()
    subject = clean_line(letter.subject)
    builder.add("heading", subject, level=1)
    fields = {"From": letter.sender, "To": letter.to, "Cc": letter.cc, "Date": _shown(letter.sent)}
    lines = [f"{name}: {clean_line(value)[:_LONGEST_FIELD]}" for name, value in fields.items() if clean_line(value)]
    builder.add("paragraph", "\n".join(lines), verbatim=True)
    before = builder.blocks
    left_out = LeftOut()
    for words, is_new in _compared(letter.words):
        left_out += _add_words(builder if is_new else TextBuilder(), words)
    metadata = {"author": letter.sender, "to": letter.to, "language": letter.language}
    date = letter.sent.date().isoformat() if letter.sent else None
    warnings = (*letter.warnings, *left_out.warnings)
    read = builder.build(title=subject, date=date, warnings=warnings, metadata=metadata, hidden=left_out.hidden)
    return read if subject or len(read.blocks) == before else replace(read, title=_first_words(read, before))


def _first_words(read: Extraction, number: int) -> str:
    """The first sentence or so of a block, for a mail without a subject."""
    block = read.blocks[number]
    return shorten(read.text[block.start : block.end], _LONGEST_TITLE, placeholder="...")


def _compared(parts: tuple[Words, ...]) -> Iterator[tuple[Words, bool]]:
    """Each part, and whether it says more than those before it, perhaps in another form; its pictures may anyway."""
    said: set[str] = set()
    for words in parts:
        visible = html_tree.parse(words.html).get_text() if words.html.strip() else ""
        forms = {"".join(filter(str.isalnum, form)) for form in (words.plain, visible)} - {""}
        yield words, not forms <= said
        said |= forms


def _add_words(builder: TextBuilder, words: Words) -> LeftOut:
    """Append what a reader of the mail sees: its page, or the plain form where the page has no words.

    Returns what of it is not in the text.
    """
    before = builder.blocks
    left_out = html_loader.add_page(builder, html_tree.parse(words.html)) if words.html.strip() else LeftOut()
    if builder.blocks == before:
        text_loader.add_text(builder, words.plain)
    return left_out


def _shown(sent: datetime | None) -> str:
    return sent.strftime("%Y-%m-%d %H:%M %z").strip() if sent else ""
