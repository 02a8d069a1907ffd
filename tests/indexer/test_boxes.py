"""Boxes of characters: kept and read back, and merged into the rectangles of a span."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indexer.boxes import decode, encode, in_eighths, no_boxes, rectangles


def row(text, left, top, *, width=6, height=10):
    """Boxes in eighths of the characters of one line, points given; a space has no place."""
    points = [(left + i * width, top, left + (i + 1) * width, top + height) for i in range(len(text))]
    boxes = in_eighths(np.array(points, float))
    boxes[[c == " " for c in text]] = 0
    return boxes


@given(arrays(np.uint16, st.tuples(st.integers(0, 20), st.just(4))))
def test_what_is_kept_is_read_back(boxes):
    assert np.array_equal(decode(encode(boxes)), boxes)
    assert decode(encode(boxes)).shape == boxes.shape


def test_boxes_stay_on_the_page_and_damage_is_named():
    assert in_eighths(np.array([[-3.0, 0.06, 72.05, 9e9]])).tolist() == [[0, 0, 576, 65535]]
    with pytest.raises(ValueError, match="damaged"):
        decode(b"nothing")


def test_a_span_over_two_lines_has_a_rectangle_for_each():
    boxes = np.vstack((row("one two", 72, 100), no_boxes(1), row("three", 72, 112)))
    assert rectangles(boxes, 0, 13) == ((72.0, 100.0, 114.0, 110.0), (72.0, 112.0, 102.0, 122.0))
    assert rectangles(boxes, 4, 9) == ((96.0, 100.0, 114.0, 110.0), (72.0, 112.0, 78.0, 122.0))
    assert rectangles(boxes, 3, 4) == ()
    assert rectangles(boxes, 7, 7) == ()


def test_cells_of_a_row_stand_apart_and_raised_numbers_do_not():
    boxes = np.vstack((row("one", 72, 100), row("two", 300, 100), row("3", 318, 98, height=6)))
    assert rectangles(boxes, 0, 7) == ((72.0, 100.0, 90.0, 110.0), (300.0, 98.0, 324.0, 110.0))


def test_columns_do_not_run_together_and_a_line_down_the_page_does():
    columns = np.vstack((row("end", 72, 700), row("start", 90, 80)))
    assert len(rectangles(columns, 0, 8)) == 2
    down = np.vstack([row("x", 50, 100 + 6 * i, width=10, height=6) for i in range(5)])
    assert rectangles(down, 0, 5) == ((50.0, 100.0, 60.0, 130.0),)


def test_a_line_from_right_to_left_is_one_rectangle():
    boxes = row("abc", 72, 100)[::-1]
    assert rectangles(boxes, 0, 3) == ((72.0, 100.0, 90.0, 110.0),)
