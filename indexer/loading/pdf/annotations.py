"""What people have put on a page of a PDF later: filled-in forms, and words typed onto it.

Neither is among the characters of the page, and neither is read; they are looked for so that the report can say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium

from indexer.loading.pdf.document import read_wide

_MOST = 10_000  # annotations of a page that are looked at
_UNSEEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW


def has_filled_form(document: Any, page: Any) -> bool:
    """Whether a form on the page holds values: what was typed or chosen stands in fields and not in the text."""
    return bool(document.get_formtype()) and any(map(_has_value, _annotations(page)))


def count_typed_notes(page: Any) -> int:
    """How many notes are typed onto the page and can be seen there (ISO 32000-1, 12.5.6.6, free text annotations)."""
    return sum(map(_is_typed_note, _annotations(page)))


def _annotations(page: Any) -> Iterator[Any]:
    """The annotations of a page, each open until the next is asked for."""
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST)):
        if annotation := pdfium.FPDFPage_GetAnnot(page, index):
            try:
                yield annotation
            finally:
                pdfium.FPDFPage_CloseAnnot(annotation)


def _has_value(annotation: Any) -> bool:
    if pdfium.FPDFAnnot_GetSubtype(annotation) != pdfium.FPDF_ANNOT_WIDGET:
        return False
    return read_wide(pdfium.FPDFAnnot_GetStringValue, annotation, b"V").strip() not in ("", "Off")


def _is_typed_note(annotation: Any) -> bool:
    if pdfium.FPDFAnnot_GetSubtype(annotation) != pdfium.FPDF_ANNOT_FREETEXT:
        return False
    has_words = read_wide(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents").strip() != ""
    return has_words and not pdfium.FPDFAnnot_GetFlags(annotation) & _UNSEEN
