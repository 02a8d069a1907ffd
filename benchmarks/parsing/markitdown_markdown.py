"""markitdown as a reader: `MarkItDown.convert_local` with its defaults and no plugins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markitdown import MarkItDown


def read(path: Path) -> dict[str, Any]:
    """The Markdown that it writes."""
    return {"markdown": MarkItDown(enable_plugins=False).convert_local(path).markdown}
