"""A mail as blocks: who wrote when to whom, and what; whichever format it was stored in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from textwrap import shorten

from indexer.loading import html_loader, text_loader
from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from schema import Extraction

_LONGEST_FIELD = 2_000  # characters of a list of receivers
_LONGEST_TITLE = 100
_FULLER = 2  # times: where the page of a mail says so much more than its plain text, the text only points to it


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says; ``plain`` and ``html`` are two forms of the same words, either may be empty."""

    subject: str = ""
    sender: str = ""
    to: str = ""
    cc: str = ""
    sent: datetime | None = None
    plain: str = ""
    html: str = ""
    language: str = ""
    warnings: tuple[str, ...] = ()


def read_letter(letter: Letter) -> Extraction:
    """The text of a mail: its subject, a short paragraph with its other fields, and its words, quoted ones too."""
    builder = TextBuilder()
    subject = clean_line(letter.subject)
    builder.add("heading", subject, level=1)
    fields = {"From": letter.sender, "To": letter.to, "Cc": letter.cc, "Date": _shown(letter.sent)}
    lines = [f"{name}: {clean_line(value)[:_LONGEST_FIELD]}" for name, value in fields.items() if clean_line(value)]
    builder.add("paragraph", "\n".join(lines), verbatim=True)
    before = builder.blocks
    hidden = _add_body(builder, letter)
    metadata = {"author": letter.sender, "to": letter.to, "language": letter.language}
    date = letter.sent.date().isoformat() if letter.sent else None
    warnings = (*letter.warnings, *html_loader.hidden_warning(hidden))
    read = builder.build(title=subject, date=date, warnings=warnings, metadata=metadata, hidden=hidden)
    return read if subject or len(read.blocks) == before else replace(read, title=_first_words(read, before))


def _first_words(read: Extraction, number: int) -> str:
    """The first sentence or so of a block, for a mail without a subject."""
    block = read.blocks[number]
    return shorten(read.text[block.start : block.end], _LONGEST_TITLE, placeholder="...")


def _add_body(builder: TextBuilder, letter: Letter) -> int:
    """Append the better form of the words; returns how many characters it hides."""
    page = TextBuilder()
    hidden = html_loader.add_page(page, soup := html_loader.parse(letter.html)) if letter.html.strip() else 0
    visible = len(page.build().text)
    plain = len(re.sub(r"\s+", " ", letter.plain))
    if visible > _FULLER * plain:
        return html_loader.add_page(builder, soup)
    text_loader.add_text(builder, letter.plain)
    return hidden


def _shown(sent: datetime | None) -> str:
    return sent.strftime("%Y-%m-%d %H:%M %z").strip() if sent else ""
