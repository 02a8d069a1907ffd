"""Which files are read, and what each is compared with: the collections' own layout, in one table of pairs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

SCANS = "ocr"
BY_MARKITDOWN = " by markitdown"
"""Of groups whose reference markitdown has made: there it is compared with itself."""

WITH_MENUS = " with menus"
"""Of groups whose reference keeps a page's menus, which a reader of main content leaves out: less may be better."""
_MENUS = frozenset({"wiki_duck.html", "hyperlink_03.html"})


@dataclass(frozen=True, slots=True)
class Pair:
    """A file, its reference Markdown, and the group that its figures are told in."""

    path: Path
    reference: Path
    group: str


def find_pairs(documents: Path, groups: Collection[str] = ()) -> list[Pair]:
    """Every file with a reference, by group and name.

    Args:
        documents: folder that holds ``parse_docling`` and ``parse_markitdown``.
        groups: only these; empty for all. A group is an extension in small letters, or ``ocr`` for scans; those with
            menus or by markitdown are groups of their own, which go with the others.
    """
    pairs = [*_of_docling(documents / "parse_docling"), *_of_markitdown(documents / "parse_markitdown")]
    pairs = [one for one in pairs if not groups or one.group.partition(" ")[0] in groups]
    return sorted(pairs, key=lambda one: (one.group, one.path.name))


def _of_docling(folder: Path) -> list[Pair]:
    """``FORMAT/sources/NAME`` with ``FORMAT/groundtruth/NAME.md``; that of a PDF has no extension before its .md.

    A PDF that was printed from an OpenDocument file is compared with that file's reference.
    """
    pairs = []
    for path in sorted(folder.glob("*/sources/*")):
        truths = path.parents[1] / "groundtruth"
        is_scan = path.parents[1].name == "ocr"
        printed = path.stem if path.suffix == ".pdf" else path.name
        names = [
            f"{path.name}.md",
            f"{path.stem}.md",
            f"{printed}.md",
            f"tesseract/full_page/{path.stem}.tesseract.full_page.md",
        ]
        reference = next((truths / name for name in names if (truths / name).is_file()), None)
        if reference:
            group = SCANS if is_scan else _extension(path) + (WITH_MENUS if path.name in _MENUS else "")
            pairs.append(Pair(path, reference, group))
    return pairs


def _of_markitdown(folder: Path) -> list[Pair]:
    """``expected_outputs__NAME.md`` with ``NAME.pdf``; all of them are of PDFs."""
    found = []
    for reference in sorted(folder.glob("expected_outputs__*.md")):
        path = folder / f"{reference.stem.removeprefix('expected_outputs__')}.pdf"
        if path.is_file():
            found.append(Pair(path, reference, f"{_extension(path)}{BY_MARKITDOWN}"))
    return found


def _extension(path: Path) -> str:
    return {"xlsm": "xlsx"}.get(path.suffix[1:].lower(), path.suffix[1:].lower())
