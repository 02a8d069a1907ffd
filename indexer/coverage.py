"""What a document's certificate says, from what its loader read; and what a reader is told of a badly read passage.

What this module does not do: judge pages (their status comes with them), or store anything.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from schema import Chunk, Coverage, Extraction, FileStatus, Page, PageStatus

RECOGNISED = "The words of this page were recognised in a picture: compare them with the page."


def status_of(page: Page) -> PageStatus:
    """The status of a page; one without text that nobody judged is empty."""
    return "empty" if page.status == "text" and page.start == page.end else page.status


def coverage_of(extraction: Extraction, metadata: Mapping[str, Any]) -> Coverage:
    """The certificate of a document; ``metadata`` holds all that is known of it, whoever said it."""
    pages = Counter(status_of(page) for page in extraction.pages)
    return Coverage(
        characters=len(extraction.text),
        hidden=extraction.hidden,
        text=pages["text"],
        ocr=pages["ocr"],
        suspicious=pages["suspicious"],
        empty=pages["empty"],
        unreadable=pages["unreadable"],
        languages=languages_of(metadata),
        titled=bool(extraction.title),
        dated=extraction.date is not None,
        warnings=tuple(extraction.warnings),
    )


def languages_of(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """The languages that a document is said to be in, each once.

    >>> languages_of({"language": "en, de"})
    ('en', 'de')
    """
    names = re.split(r"[\s,;]+", str(metadata.get("language") or ""))
    return tuple(dict.fromkeys(filter(None, names)))


def chunk_warning(chunk: Chunk, pages: Sequence[Page]) -> str:
    """What to beware of in a chunk, from the pages, in order, that it stands on; empty where there is nothing."""
    first = bisect_right(pages, chunk.start, key=lambda page: page.end)
    later = (pages[place] for place in range(first, len(pages)))
    touched = list(takewhile(lambda page: page.start < chunk.end, later))
    for page in touched:
        if page.status == "suspicious":
            problem = page.problem.rstrip(".")
            return f"The text of this page looks badly read{f' ({problem})' if problem else ''}: compare it."
    return RECOGNISED if any(page.status == "ocr" for page in touched) else ""


def document_warning(coverage: Coverage, status: FileStatus) -> str:
    """What to beware of in every passage of a document that was read in part; empty where there is nothing.

    A page without a word on it is no reason: a person who looks at it would read nothing either.
    """
    bad = coverage.unreadable + coverage.suspicious
    if status != "partial" or not bad:
        return ""
    return f"{bad} of {coverage.pages} pages of this document could not be read well: it may say more."


def shown_metadata(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Stored fields as a filter names them, with their values as text; what LangChain's store was given lies deeper.

    >>> shown_metadata({"document_id": "7", "metadata": {"team": "red", "draft": True, "tags": ["a"]}})
    {'team': 'red', 'draft': 'true', 'document_id': '7'}
    """
    deeper = metadata.get("metadata")
    fields = {**deeper, **metadata} if isinstance(deeper, Mapping) else dict(metadata)
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in fields.items()
        if isinstance(value, str | int | float)
    }
