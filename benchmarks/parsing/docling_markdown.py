"""docling as a reader: `DocumentConverter.convert` with its defaults; PDF and images need models that it fetches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docling.document_converter import DocumentConverter


def read(path: Path) -> dict[str, Any]:
    """The Markdown that it writes."""
    return {"markdown": DocumentConverter().convert(path).document.export_to_markdown()}
