"""Pages as pictures for the viewer: the page and the file that are meant, with the words where they are said to be."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from indexer.boxes import decode, rectangles
from indexer.loading import load
from indexer.parsing.isolated import Parser
from indexer.parsing.limits import Limits
from schema import FootnoteError

SCALE = 110 / 72


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    path = tmp_path_factory.mktemp("paper") / "paper.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    canvas.drawString(72, 700, "The first page says little.")
    canvas.showPage()
    canvas.drawString(72, 500, "The review follows in autumn of the next year.")
    canvas.showPage()
    canvas.save()
    return path


@pytest.fixture(scope="module")
def parser():
    with Parser(Limits(seconds=30)) as opened:
        yield opened


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_words_of_a_page_stand_in_its_picture_where_their_boxes_say(paper, parser):
    picture = np.asarray(Image.open(io.BytesIO(parser.picture(paper, 2, sha256(paper)))).convert("L"))
    assert picture.shape == (round(A4[1] * SCALE + 0.5), round(A4[0] * SCALE + 0.5))
    extraction = load(paper)
    page = extraction.pages[1]
    start = extraction.text.index("autumn") - page.start
    ((left, top, right, bottom),) = rectangles(decode(extraction.boxes[1]), start, start + len("autumn"))
    inside = np.zeros(picture.shape, bool)
    inside[round(top * SCALE) : round(bottom * SCALE), round(left * SCALE) : round(right * SCALE)] = True
    assert (picture[inside] < 100).mean() > 0.1
    line = np.zeros(picture.shape, bool)
    line[round(top * SCALE) : round(bottom * SCALE)] = True
    assert (picture[~line] < 200).sum() == 0


def test_a_page_of_a_file_that_has_changed_is_not_shown(paper, parser):
    with pytest.raises(FootnoteError, match=r"^paper\.pdf has changed since it was indexed: index it again"):
        parser.picture(paper, 1, "0" * 64)


@pytest.mark.parametrize("number", [0, 3])
def test_a_page_that_is_not_there_is_refused(paper, parser, number):
    with pytest.raises(FootnoteError, match=f"^Page {number} of paper.pdf can't be opened"):
        parser.picture(paper, number, sha256(paper))


def test_what_is_no_pdf_has_no_pictures(tmp_path, parser):
    path = tmp_path / "a.txt"
    path.write_text("text")
    with pytest.raises(FootnoteError, match="can't be read as a PDF"):
        parser.picture(path, 1, sha256(path))
