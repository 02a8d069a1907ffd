"""What Footnote reads: one row for each format. A format is added here, with a module that reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    ``name`` stands in sentences about reading it, ``described`` in sentences about what a file is. ``module`` is a
    module of this package with ``load(data: bytes) -> Extraction``; that of a container has
    ``unpack(data: bytes) -> Iterator[Part]`` instead (see `indexer.loading.members`).
    """

    key: str
    name: str
    described: str
    module: str
    extensions: tuple[str, ...]
    is_container: bool = False


TABLE: tuple[Format, ...] = (
    Format("markdown", "Markdown", "Markdown", "markdown_loader", (".md", ".markdown")),
    Format("text", "plain text", "text", "text_loader", (".txt", ".text")),
    Format("html", "HTML", "an HTML page", "html_loader", (".html", ".htm", ".xhtml")),
    Format("docx", "DOCX", "a DOCX document", "docx_loader", (".docx",)),
    Format("pdf", "PDF", "a PDF document", "pdf_loader", (".pdf",)),
)
BY_KEY = {one.key: one for one in TABLE}
BY_EXTENSION = {extension: one for one in TABLE for extension in one.extensions}
READS = f"Footnote reads {', '.join(one.name for one in TABLE[:-1])} and {TABLE[-1].name}"
