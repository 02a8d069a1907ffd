"""Where the words of a PDF stand: each where it was drawn, however the page is turned or cropped."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loading_reading import read
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from indexer.boxes import decode, rectangles
from indexer.loading.pdf import pages as pdf_pages

PAGE = (792.0, 792.0)  # square: turned pages are made on their side otherwise
WORD = st.text("abcdefghijklmnoprstuvwxyzABCDEFG0123456789,;", min_size=1, max_size=5)
LINE = st.tuples(
    st.lists(WORD, min_size=1, max_size=5),
    st.sampled_from(["Helvetica", "Times-Roman", "Courier-Bold"]),
    st.floats(6, 12),
    st.floats(120, 180),
)
FRAME = st.tuples(st.sampled_from([0, 90, 180, 270]), st.sampled_from([None, (20.0, 30.0, 700.0, 780.0)]))


def shown(x, y, rotation, crop):
    """Where a point of the page is shown, from the top left corner (ISO 32000-1, 7.7.3.3: turned clockwise)."""
    left, bottom, right, top = crop or (0.0, 0.0, *PAGE)
    return {
        0: (x - left, top - y),
        90: (y - bottom, x - left),
        180: (right - x, y - bottom),
        270: (top - y, right - x),
    }[rotation]


def drawn(lines, rotation, crop):
    """A page with lines, and each of its words as (word, x, width, baseline, size)."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=PAGE)
    canvas.setPageRotation(rotation)
    if crop:
        canvas.setCropBox(crop)
    words = []
    for number, (texts, font, size, x) in enumerate(lines):
        y = 700 - number * 40
        marked = [f"{text}q{number}q{place}q" for place, text in enumerate(texts)]
        canvas.setFont(font, size)
        canvas.drawString(x, y, " ".join(marked))
        for place, word in enumerate(marked):
            before = " ".join([*marked[:place], ""]) if place else ""
            offset = stringWidth(before, font, size)
            words.append((word, x + offset, stringWidth(word, font, size), y, size))
    canvas.showPage()
    canvas.save()
    return stream.getvalue(), words


@given(st.lists(LINE, min_size=1, max_size=6), FRAME)
@settings(max_examples=25, deadline=None)
def test_the_box_of_every_word_lies_where_it_was_drawn(lines, frame):
    data, words = drawn(lines, *frame)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf_pages.recognition, "available", lambda: False)  # these words would be looked at in a picture
        extraction = read("a.pdf", data)
    (page,) = extraction.pages
    boxes = decode(extraction.boxes[0])
    assert len(boxes) == page.end - page.start
    for word, x, width, baseline, size in words:
        start = extraction.text.index(word) - page.start
        (rectangle,) = rectangles(boxes, start, start + len(word))
        corners = [shown(*point, *frame) for point in ((x, baseline), (x + width, baseline + 0.5 * size))]
        along = frame[0] in (90, 270)
        first, last = sorted((corners[0][along], corners[1][along]))
        assert abs(rectangle[along] - first) <= 1
        assert abs(rectangle[2 + along] - last) <= 1
        across = sorted((corners[0][not along], corners[1][not along]))
        assert rectangle[not along] - 1 <= across[0]
        assert across[1] <= rectangle[2 + (not along)] + 1
        assert rectangle[2 + (not along)] - rectangle[not along] <= 1.5 * size


def test_boxes_follow_words_through_hyphens_leaders_ligatures_and_rows():
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=PAGE)
    canvas.drawString(72, 700, "The depart-")
    canvas.drawString(72, 686, "ment owns departments.")
    canvas.drawString(72, 600, "Scope" + "." * 60 + "3")
    canvas.save()
    extraction = read("a.pdf", stream.getvalue())
    assert extraction.text == "The department owns departments.\n\nScope... 3"
    boxes = decode(extraction.boxes[0])
    one, two = rectangles(boxes, 4, 14)
    assert round(one[1]) == round(two[1]) - 14
    assert abs(two[0] - 72) < 1
    (number,) = rectangles(boxes, len(extraction.text) - 1, len(extraction.text))
    assert abs(number[0] - 72 - stringWidth("Scope" + "." * 60, "Helvetica", 12)) < 1
    assert boxes[32:34].tolist() == [[0] * 4] * 2
    assert boxes[3].tolist() == [0] * 4
