"""pypdf as a reader: `PageObject.extract_text` of every page, with its defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pypdf import PdfReader


def read(path: Path) -> dict[str, Any]:
    """The text of all pages; pypdf tells no headings and no tables."""
    return {"text": "\n".join(page.extract_text() for page in PdfReader(path).pages)}
