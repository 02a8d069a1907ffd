"""pdfplumber as a reader: `extract_text` and `extract_tables` of every page, with their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pdfplumber


def read(path: Path) -> dict[str, Any]:
    """The text of all pages, which holds the tables too, and the rows of the tables; it tells no headings."""
    texts, rows = [], []
    with pdfplumber.open(path) as pdf:
        for page in pdf.pages:
            texts.append(page.extract_text())
            rows += [[cell or "" for cell in row] for table in page.extract_tables() for row in table]
            page.close()
    return {"text": "\n".join(texts), "rows": rows}
