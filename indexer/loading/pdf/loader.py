"""PDF to blocks and pages with the place of each character; what a page does not hold is said, not guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import find_date
from indexer.loading.pdf.document import open_pdf, read_metadata, read_outline, read_title
from indexer.loading.pdf.headings import Paragraph, titles_by_page
from indexer.loading.pdf.pages import PdfPage, read_page
from indexer.loading.pdf.paragraphs import read_paragraphs
from indexer.loading.pictures import recognition
from schema import BlockKind, Extraction, FootnoteError

_NOT_A_TITLE = re.compile(
    r"microsoft (?:word|powerpoint|excel)|^untitled|^document\d*$|^slide \d+|^\(?anonymous\)?$"
    r"|\.(?:docx?|pdf|indd|qxd|pptx?|xlsx?|tex|dvi)\b",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"(?:document )?(?:version|revision|issue)(?: no\.?| number)?\s*:?\s*(v?\d[\w.]{0,11})", re.IGNORECASE
)
_NOBODY = frozenset({"anonymous", "unspecified", "unknown", "user", "administrator", "admin", "owner"})
_MOST_NAMED = 12  # pages that a warning names


def load(data: bytes) -> Extraction:
    """Read a PDF from bytes.

    Raises:
        FootnoteError: when it is encrypted, damaged or has no text on any page.
    """
    with open_pdf(data) as document:
        pages = [read_page(document, index) for index in range(len(document))]
        outline = titles_by_page(read_outline(document))
        stated_title, metadata = read_title(document), read_metadata(document)
    paragraphs = read_paragraphs([page.lines for page in pages], outline)
    builder = TextBuilder()
    for page, on_page in zip(pages, paragraphs, strict=True):
        for paragraph in on_page:
            builder.add(_kind(paragraph), paragraph.text, level=paragraph.level, boxes=paragraph.boxes)
        builder.end_page(label=page.label, status=page.status, problem=page.problem, size=page.size)
    _refuse_without_text(builder, pages)
    head = _head(pages)
    return builder.build(
        title=_sensible(stated_title) or _largest(paragraphs[0]) or builder.text_of_first(6),
        date=find_date("\n".join(head)),
        warnings=_warnings(pages),
        metadata=_known(metadata) | {"version": _version(head)},
        hidden=sum(page.hidden for page in pages),
    )


def _kind(paragraph: Paragraph) -> BlockKind:
    if paragraph.is_row:
        return "table_row"
    if paragraph.level:
        return "heading"
    return "list_item" if paragraph.is_item else "paragraph"


def _refuse_without_text(builder: TextBuilder, pages: Sequence[PdfPage]) -> None:
    if builder.blocks:
        return
    if all(page.status == "unreadable" for page in pages):
        raise FootnoteError("It can't be read as a PDF (none of its pages can be opened): it may be damaged.")
    if any(page.hidden for page in pages):
        raise FootnoteError("It has no text that can be seen: what there is of it is hidden.")
    if any(page.notes for page in pages):
        raise FootnoteError("It has no text but what was typed onto its pages as notes, which are not read.")
    raise FootnoteError(f"It has no text: {_not_found(pages)}.")


def _not_found(pages: Sequence[PdfPage]) -> str:
    """Where text was looked for in vain, and what would look further."""
    has_pictures = any(page.status == "empty" and page.problem for page in pages)
    if has_pictures and not recognition.available():
        return f"what it says may be in its pictures; to read them, {recognition.HOW_TO_INSTALL}"
    where = "the pages that could be read" if any(page.status == "unreadable" for page in pages) else "its pages"
    return f"none was found on {where}{', also by recognising their pictures' if has_pictures else ''}"


def _warnings(pages: Sequence[PdfPage]) -> tuple[str, ...]:
    typed = sum(page.notes for page in pages)
    notes = f"{typed:,} {'note' if typed == 1 else 'notes'} typed onto"
    found = (
        ([page.status == "empty" for page in pages], "has no text", "have no text"),
        ([page.status == "unreadable" for page in pages], "can't be read", "can't be read"),
        ([page.status == "suspicious" for page in pages], "looks badly read", "look badly read"),
        ([page.hidden > 0 for page in pages], "has hidden text, left out", "have hidden text, left out"),
        ([page.has_form for page in pages], "has a filled-in form, not read", "have a filled-in form, not read"),
        ([page.notes > 0 for page in pages], f"has {notes} it, not read", f"have {notes} them, not read"),
    )  # fmt: skip
    return tuple(
        f"{_count(those)} {one if sum(those) == 1 else many}{_named(those)}" for those, one, many in found if any(those)
    )


def _count(those: Sequence[bool]) -> str:
    """How many of the pages these are; of a single page there is nothing to count."""
    return f"{sum(those)} of {len(those)} pages" if len(those) > 1 else "its only page"


def _named(those: Sequence[bool]) -> str:
    """Which pages these are, in brackets; nothing where there is but one."""
    if len(those) == 1:
        return ""
    numbers = [number for number, is_one in enumerate(those, start=1) if is_one]
    shown = ", ".join(map(str, numbers[:_MOST_NAMED]))
    more = f" and {len(numbers) - _MOST_NAMED} more" if len(numbers) > _MOST_NAMED else ""
    return f" ({'page' if len(numbers) == 1 else 'pages'} {shown}{more})"


def _sensible(title: str) -> str | None:
    """The title in the metadata, unless a program filled it in or it is a file's name."""
    title = clean_line(title)
    words = sum(map(str.isalpha, title)) >= 4 and " " in title and "\ufffd" not in title
    return title if words and not _NOT_A_TITLE.search(title) else None


def _largest(paragraphs: list[Paragraph]) -> str | None:
    """The heading in the largest type of the first page."""
    headings = [paragraph for paragraph in paragraphs if paragraph.level]
    return max(headings, key=lambda heading: heading.size).text if headings else None


def _known(metadata: dict[str, str]) -> dict[str, str]:
    """The metadata without an author that a program filled in."""
    return {name: value for name, value in metadata.items() if value.strip(" ()").lower() not in _NOBODY}


def _head(pages: Sequence[PdfPage]) -> list[str]:
    """The lines of the first two pages as they stand: a date alone on its line is a date stated."""
    return [clean_line(line.text) for page in pages[:2] for line in page.lines]


def _version(lines: Sequence[str]) -> str:
    """The version that a line of its own states."""
    return next((found[1] for line in lines if (found := _VERSION.fullmatch(line))), "")
