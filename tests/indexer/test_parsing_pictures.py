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
from indexer.loading.pictures import picture_loader, recognition
from indexer.loading.pictures.recognition import Recognised
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


class Finder:
    """An engine that reads every dark spot of a picture as one line."""

    HOW_TO_INSTALL = recognition.HOW_TO_INSTALL

    @staticmethod
    def available():
        return True

    @staticmethod
    def recognise(image):
        rows, columns = np.nonzero(image.min(axis=2) < 128)
        return (Recognised("words", (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1), 1.0),)


SPOTS = ((100, 40, 300, 60), (60, 220, 100, 240), (10, 10, 390, 30))  # one on each page, in pixels of the file


@pytest.mark.parametrize(
    ("name", "turn", "size"),
    [("a.png", 1, (400, 300)), ("a.jpg", 6, (400, 300)), ("a.jpg", 3, (400, 300)), ("a.tif", 1, (400, 300)),
     ("a.jpg", 8, (3200, 2400)), ("a.png", 1, (3600, 2400))],
)  # fmt: skip
def test_the_words_of_a_scan_stand_in_its_picture_where_their_boxes_say(
    name, turn, size, tmp_path, parser, monkeypatch
):
    """However the camera was held, whatever is scaled down, and on each frame of a fax."""
    frames = []
    for spot in SPOTS:
        frame = Image.new("RGB", (400, 300), "white")
        frame.paste((0, 0, 0), spot)
        frames.append(frame.resize(size))
    path, more = tmp_path / name, {"save_all": True, "append_images": frames[1:]} if name == "a.tif" else {}
    exif = Image.Exif()
    exif[0x0112] = turn
    frames[0].save(path, dpi=(200, 200), **more, **({"exif": exif} if name == "a.jpg" else {}))
    monkeypatch.setattr(picture_loader, "recognition", Finder)
    extraction = load(path)
    assert len(extraction.pages) == (3 if name == "a.tif" else 1)
    for number, page in enumerate(extraction.pages, start=1):
        picture = np.asarray(Image.open(io.BytesIO(parser.picture(path, number, sha256(path)))).convert("L"))
        assert max(picture.shape) <= 2000
        assert picture.shape[1] / picture.shape[0] == pytest.approx(page.width / page.height, rel=0.01)
        scale = picture.shape[1] / page.width
        ((left, top, right, bottom),) = rectangles(decode(extraction.boxes[number - 1]), 0, len("words"))
        rows, columns = np.nonzero(picture < 128)
        found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert found == pytest.approx([side * scale for side in (left, top, right, bottom)], abs=3)


@pytest.mark.parametrize("number", [0, 2])
def test_a_page_that_a_picture_does_not_have_is_refused(number, tmp_path, parser):
    path = tmp_path / "a.png"
    Image.new("RGB", (300, 300), "white").save(path)
    with pytest.raises(FootnoteError, match=rf"^Page {number} of a\.png can't be opened"):
        parser.picture(path, number, sha256(path))


def test_a_damaged_picture_is_refused(tmp_path, parser):
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    with pytest.raises(FootnoteError, match="can't be read as a picture"):
        parser.picture(path, 1, sha256(path))


def test_what_is_no_pdf_has_no_pictures(tmp_path, parser):
    path = tmp_path / "a.txt"
    path.write_text("text")
    with pytest.raises(FootnoteError, match="can't be read as a PDF"):
        parser.picture(path, 1, sha256(path))
