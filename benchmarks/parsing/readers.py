"""The readers that are measured: where each one's code is, what it reads, and whose versions count."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader; ``module`` has ``read(path) -> dict`` (see `benchmarks.parsing.worker`).

    ``formats`` are extensions that it says it reads, empty for all that there are. ``own`` is true for Footnote's own
    environment. ``is_light`` is false where it needs models. ``memory_mb`` is the address space that it gets.
    """

    name: str
    module: str
    packages: tuple[str, ...]
    formats: frozenset[str] = frozenset()
    own: bool = False
    is_light: bool = True
    memory_mb: int = 4096


_MARKITDOWN = frozenset("pdf docx pptx xlsx xls html csv epub msg ipynb json txt md zip rtf".split())

READERS = {
    reader.name: reader
    for reader in (
        Reader("footnote", "benchmarks.parsing.footnote_blocks", ("pypdfium2", "lxml"), own=True),
        Reader("pypdf", "benchmarks.parsing.pypdf_text", ("pypdf",), frozenset({"pdf"})),
        Reader(
            "pdfplumber", "benchmarks.parsing.pdfplumber_tables", ("pdfplumber", "pdfminer.six"), frozenset({"pdf"})
        ),
        Reader("markitdown", "benchmarks.parsing.markitdown_markdown", ("markitdown",), _MARKITDOWN),
        Reader(
            "docling",
            "benchmarks.parsing.docling_markdown",
            ("docling", "torch"),
            frozenset("pdf docx pptx xlsx xlsm html csv epub md asciidoc vtt odt ods odp eml msg".split()),
            is_light=False,
            memory_mb=24_576,
        ),
    )
}
