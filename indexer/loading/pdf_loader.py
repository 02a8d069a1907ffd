"""PDF to blocks and pages; what a page does not hold as text (a scan, a picture) is said, not guessed."""

from __future__ import annotations

import re

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import find_date
from indexer.loading.pdf_lines import Line, read_pdf
from indexer.loading.pdf_paragraphs import Paragraph, read_paragraphs
from schema import Extraction, FootnoteError

_NOT_A_TITLE = re.compile(
    r"microsoft (?:word|powerpoint|excel)|^untitled|^document\d*$|^slide \d+|^\(?anonymous\)?$"
    r"|\.(?:docx?|pdf|indd|qxd|pptx?|xlsx?|tex|dvi)\b",
    re.IGNORECASE,
)
_MOST_NAMED = 12  # pages that a warning names


def load(data: bytes) -> Extraction:
    """Read a PDF from bytes.

    Raises:
        FootnoteError: when it is encrypted, damaged or has no text on any page.
    """
    pdf = read_pdf(data)
    pages = read_paragraphs([page or () for page in pdf.pages])
    builder = TextBuilder()
    empty = []
    for number, paragraphs in enumerate(pages, start=1):
        for paragraph in paragraphs:
            _add(builder, paragraph)
        if not builder.end_page():
            empty.append(number)
    unreadable = [number for number, page in enumerate(pdf.pages, start=1) if page is None]
    _refuse_without_text(builder, len(pages), unreadable)
    title = _sensible(pdf.title) or _largest(pages[0]) or builder.text_of_first(6)
    warnings = _warnings([number for number in empty if number not in set(unreadable)], unreadable, len(pages))
    return builder.build(title=title, date=find_date(_head(pdf.pages)), warnings=warnings)


def _add(builder: TextBuilder, paragraph: Paragraph) -> None:
    if paragraph.level:
        builder.add("heading", paragraph.text, level=paragraph.level)
    else:
        builder.add("list_item" if paragraph.is_item else "paragraph", paragraph.text)


def _refuse_without_text(builder: TextBuilder, pages: int, unreadable: list[int]) -> None:
    if builder.blocks:
        return
    if not pages or len(unreadable) == pages:
        raise FootnoteError("It can't be read as a PDF (none of its pages can be opened): it may be damaged.")
    raise FootnoteError("It has no text: it looks like a scan, and Footnote does not recognise text in pictures.")


def _warnings(empty: list[int], unreadable: list[int], pages: int) -> tuple[str, ...]:
    found = ((empty, "has no text", "have no text"), (unreadable, "can't be read", "can't be read"))
    return tuple(
        f"{len(numbers)} of {pages} pages {one if len(numbers) == 1 else many} ({_named(numbers)})"
        for numbers, one, many in found
        if numbers
    )


def _named(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:_MOST_NAMED]))
    more = f" and {len(numbers) - _MOST_NAMED} more" if len(numbers) > _MOST_NAMED else ""
    return f"{'page' if len(numbers) == 1 else 'pages'} {shown}{more}"


def _sensible(title: str) -> str | None:
    """The title in the metadata, unless a program filled it in or it is a file's name."""
    title = clean_line(title)
    words = sum(map(str.isalpha, title)) >= 4 and " " in title and "\ufffd" not in title
    return title if words and not _NOT_A_TITLE.search(title) else None


def _largest(paragraphs: list[Paragraph]) -> str | None:
    """The heading in the largest type of the first page."""
    headings = [paragraph for paragraph in paragraphs if paragraph.level]
    return max(headings, key=lambda heading: heading.size).text if headings else None


def _head(pages: tuple[tuple[Line, ...] | None, ...]) -> str:
    """The lines of the first two pages as they stand: a date alone on its line is a date stated."""
    return "\n".join(clean_line(line.text) for page in pages[:2] for line in page or ())
