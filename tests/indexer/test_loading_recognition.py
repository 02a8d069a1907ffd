"""Recognition of text: where words stand, in which order they are read, and pages that lie on their side."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from indexer.loading.pictures import recognition
from indexer.loading.pictures.recognition import Recognised, in_reading_order, recognise
from schema import FootnoteError

needs_engine = pytest.mark.skipif(not recognition.available(), reason="recognition of text is not installed")
SIZE = (900, 500)
LEFT, TOP = 60, 40


def page(*lines, size=SIZE):
    """A white page with black lines of 28-pixel type, as (height, width, 3) uint8."""
    image = Image.new("RGB", size, "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((LEFT, TOP + 60 * number), line, "black", font=ImageFont.load_default(28))
    return np.asarray(image)


LINES = (
    "The committee met on 12 March 2021",
    "and approved the budget of 450 million",
    "for the northern railway extension.",
    "Work begins in the spring of 2023.",
)


def words(lines):
    return " ".join(line.text for line in lines).lower().split()


@needs_engine
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_page_is_read_however_it_lies(turns):
    lines = recognise(np.rot90(page(*LINES), turns))
    assert words(lines) == " ".join(LINES).lower().split()
    assert all(0.8 < line.score <= 1 for line in lines)
    width, height = SIZE if turns % 2 == 0 else SIZE[::-1]
    left, top, right, bottom = lines[0].box
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    near = {0: (left, top), 1: (top, height - bottom), 2: (width - right, height - bottom), 3: (top, width - right)}
    across, along = near[turns]
    assert abs((along if turns in (1, 3) else across) - (TOP if turns == 3 else LEFT)) < 15


@needs_engine
def test_an_empty_page_has_no_words():
    assert recognise(np.full((200, 300, 3), 255, np.uint8)) == ()


@needs_engine
def test_a_picture_of_a_few_pixels_is_no_error():
    assert recognise(np.zeros((1, 1, 3), np.uint8)) == ()
    assert recognise(np.zeros((3, 900, 3), np.uint8)) == ()


@pytest.mark.parametrize(
    "image",
    [np.zeros((10, 10), np.uint8), np.zeros((10, 10, 4), np.uint8), np.zeros((10, 10, 3), np.float32)],
    ids=["grey", "with alpha", "floats"],
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(ValueError, match="is not \\(height, width, 3\\) uint8"):
        recognise(image)


def test_without_the_engine_the_way_to_install_it_is_named(monkeypatch):
    monkeypatch.setattr(recognition, "_LIBRARIES", ("no_such_library",))
    assert not recognition.available()
    with pytest.raises(FootnoteError, match=r"pip install footnote\[ocr\]"):
        recognise(np.zeros((5, 5, 3), np.uint8))


def test_looking_whether_it_is_there_loads_nothing():
    code = (
        "import sys; from indexer.loading.pictures import recognition; recognition.available();"
        "print([name for name in ('rapidocr', 'cv2', 'onnxruntime') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert done.stdout.strip() == "[]"


def at(text, left, top, width=None):
    return Recognised(text, (left, top, left + (width or 10 * len(text)), top + 20), 1.0)


def test_two_columns_of_prose_are_read_one_after_the_other_and_what_crosses_them_divides():
    title = at("A title that runs over both of the columns", 10, 0, 700)
    table = at("A line in the middle that runs over both columns", 10, 400, 700)
    left = [at(f"left column line {number} of prose", 10, 40 + 30 * number, 300) for number in range(5)]
    right = [at(f"right column line {number} of prose", 400, 42 + 30 * number, 300) for number in range(5)]
    below = [at("left below the middle of page", 10, 440, 300), at("right below the middle of page", 400, 440, 300)]
    given = sorted([title, table, *left, *right, *below], key=lambda line: (line.box[1], -line.box[0]))
    assert in_reading_order(given) == [title, *left, *right, table, *below]


def test_the_rows_of_a_table_are_read_across():
    cells = [at(f"cell {row}", left, 30 * row, 60) for row in range(9) for left in (0, 99)]
    assert in_reading_order(cells[::-1]) == cells


def test_pieces_of_one_line_are_in_order_though_one_stands_a_little_lower():
    first, second, below = at("first", 0, 6), at("second", 200, 0), at("below", 0, 30)
    assert in_reading_order([below, second, first]) == [first, second, below]


def test_no_lines_have_no_order():
    assert in_reading_order([]) == []
