"""One page of a PDF to its lines, and where they are from: read as text, or recognised where that fails.

Here it is decided which pages take the slow way. The result holds no arrays of single characters but their boxes, so
that a document of many pages stays small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from indexer.loading.pdf.annotations import count_typed_notes, has_filled_form
from indexer.loading.pdf.characters import Characters, read_characters
from indexer.loading.pdf.checks import problem_of
from indexer.loading.pdf.covered import covered_characters
from indexer.loading.pdf.document import Frame, open_page, read_frame, read_label, render
from indexer.loading.pdf.hidden import hidden_characters, recognised_layer
from indexer.loading.pdf.lines import Line, read_lines, recognised_line
from indexer.loading.pdf.shapes import Shapes, read_shapes
from indexer.loading.pdf.tables import with_tables
from indexer.loading.pictures import recognition
from indexer.loading.time_left import is_short, progress
from schema import PageStatus

_DRAWING = 200  # painted areas on a page without text: letters may be drawn
_LEAST_PICTURE = 0.02  # share of the page; what is smaller is an ornament
_COARSE, _FINE = 48, 200  # dots to the inch, to look for any ink and to recognise words
_UNSURE = 0.5  # mean score of recognised words, 0 to 1


@dataclass(frozen=True, slots=True)
class PdfPage:
    """One page: its lines in reading order, and what there is to say about it.

    ``hidden`` counts characters that were left out; ``has_form`` says that values of a form are not in the text, and
    ``notes`` counts what was typed onto the page and isn't, either.
    """

    lines: tuple[Line, ...] = ()
    status: PageStatus = "empty"
    problem: str = ""
    label: str = ""
    size: tuple[float, float] = (0.0, 0.0)
    hidden: int = 0
    has_form: bool = False
    notes: int = 0


def read_page(document: Any, index: int) -> PdfPage:
    """Read a page, from 0; not when the time for the file is nearly over, so that the pages before are kept."""
    if is_short():
        return PdfPage(status="unreadable", problem="there was no time left to read it")
    try:
        page = _read(document, index)
    except MemoryError:
        raise
    except Exception:  # whatever is wrong with a page costs that page and nothing else
        page = PdfPage(status="unreadable", problem="it can't be read")
    progress(index + 1, len(document))
    return page


def _read(document: Any, index: int) -> PdfPage:
    label = read_label(document, index)
    with open_page(document, index) as page:
        if page is None:
            return PdfPage(status="unreadable", problem="it can't be opened", label=label)
        frame = read_frame(page)
        characters = read_characters(page, frame)
        if characters is None:
            return PdfPage(status="unreadable", problem="its text can't be opened", label=label)
        shapes, layers = read_shapes(page, frame)
        hidden = hidden_characters(characters, shapes, frame, lambda: render(page, frame, dots_per_inch=_COARSE))
        hidden |= covered_characters(page, characters, layers, frame, hidden)
        lines = with_tables(read_lines(characters, hidden), shapes)
        written = lines
        lines, status, problem = _judge(page, lines, characters, shapes, frame)
        if not lines and hidden.any() and not problem:
            problem = "all of its text is hidden"
        has_form = has_filled_form(document, page)
        size = round(frame.width, 2), round(frame.height, 2)
        notes = count_typed_notes(page) if lines is written else 0  # a picture that is recognised shows them, too
        return PdfPage(tuple(lines), status, problem, label, size, int(hidden.sum()), has_form, notes)


def _judge(
    page: Any, lines: list[Line], characters: Characters, shapes: Shapes, frame: Frame
) -> tuple[list[Line], PageStatus, str]:
    """The lines of a page after its checks, its status, and what is wrong with it."""
    unmapped = float(characters.unmapped.mean()) if len(characters.unmapped) else 0.0
    problem = problem_of([line.text for line in lines], unmapped)
    has_picture = shapes.covered(frame) >= _LEAST_PICTURE or (not lines and len(shapes.painted) >= _DRAWING)
    if lines and not problem:
        return lines, "ocr" if recognised_layer(characters, shapes, frame).any() else "text", ""
    if has_picture or lines:
        found, unsure = _recognise(page, frame)
        if found:
            return found, "ocr", unsure
    if lines:
        return lines, "suspicious", problem
    return lines, "empty", "looks like a scan" if has_picture else ""


def _recognise(page: Any, frame: Frame) -> tuple[list[Line], str]:
    """The lines in the picture of a page, and whether they can be trusted."""
    if not recognition.available() or is_short():
        return [], ""
    picture = render(page, frame, dots_per_inch=_FINE)
    try:
        found = [one for one in recognition.recognise(picture) if one.text.strip()]
    except Exception:  # an engine that fails at one picture costs that page its text and nothing else
        return [], ""
    scale = frame.width / picture.shape[1]
    lines = [recognised_line(one.text, one.box, scale) for one in found]
    score = sum(one.score for one in found) / max(len(found), 1)
    return lines, "hard to recognise" if found and score < _UNSURE else ""
