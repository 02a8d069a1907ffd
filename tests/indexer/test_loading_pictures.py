"""Pictures of pages: their words with their places, frames as pages, and pictures that are attacks."""

import io
import struct
import zlib

import numpy as np
import pytest
from loading_reading import read
from PIL import Image, ImageDraw, ImageFont

from indexer.boxes import decode
from indexer.loading.pdf.lines import recognised_line
from indexer.loading.pictures import picture_loader, recognition
from indexer.loading.pictures.recognition import Recognised
from schema import FootnoteError

SIZE = (600, 300)


def saved(image, kind, **options):
    held = io.BytesIO()
    image.save(held, kind, **options)
    return held.getvalue()


def drawn(*lines):
    image = Image.new("RGB", SIZE, "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((30, 30 + 50 * number), line, "black", font=ImageFont.load_default(28))
    return image


@pytest.fixture
def engine(monkeypatch):
    """A stand-in that finds two lines in every picture, and keeps the pictures that it was given."""
    seen = []

    def recognise(image):
        seen.append(image)
        return Recognised("The first line", (60, 20, 260, 40), 0.9), Recognised("goes on.", (60, 44, 160, 64), 0.8)

    monkeypatch.setattr(recognition, "recognise", recognise)
    monkeypatch.setattr(recognition, "available", lambda: True)
    return seen


@pytest.mark.skipif(not recognition.available(), reason="recognition of text is not installed")
def test_the_words_of_a_picture_are_read():
    extraction = read("a.png", saved(drawn("Railway plan of 2021", "Ten million"), "PNG"))
    assert "railway plan of 2021" in extraction.text.lower()
    assert extraction.pages[0].status == "ocr"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP"])
def test_every_kind_of_picture_is_opened(engine, kind):
    extraction = read(f"a.{kind.lower()}", saved(Image.new("RGB", SIZE, "white"), kind))
    assert extraction.text == "The first line goes on."
    assert engine[0].shape == (*SIZE[::-1], 3)
    assert engine[0].dtype == np.uint8


def test_words_have_their_places_in_points(engine):
    extraction = read("a.png", saved(Image.new("RGB", SIZE, "white"), "PNG", dpi=(144, 144)))
    (page,) = extraction.pages
    assert (page.width, page.height) == pytest.approx((300, 150), abs=0.1)
    boxes = decode(extraction.boxes[0]) / 8
    assert boxes[0].tolist() == pytest.approx([30, 10, 37.1, 20], abs=0.2)
    assert boxes[len("The first line") - 1].tolist() == pytest.approx([122.9, 10, 130, 20], abs=0.2)
    assert boxes[len("The first line goes on.") - 1].tolist() == pytest.approx([73.75, 22, 80, 32], abs=0.2)
    assert len(boxes) == len(extraction.text)


def test_each_frame_of_a_tiff_is_a_page(engine):
    frames = [Image.new("L", (600, 300 + 50 * number), 255) for number in range(3)]
    extraction = read("a.tif", saved(frames[0], "TIFF", save_all=True, append_images=frames[1:]))
    assert [page.status for page in extraction.pages] == ["ocr"] * 3
    assert [image.shape for image in engine] == [(300, 600, 3), (350, 600, 3), (400, 600, 3)]


def test_pages_for_which_there_is_no_time_are_named(engine, monkeypatch):
    monkeypatch.setattr(picture_loader, "is_short", lambda: True)
    frames = [Image.new("L", SIZE, 255)] * 3
    extraction = read("a.tif", saved(frames[0], "TIFF", save_all=True, append_images=frames[1:]))
    assert [page.status for page in extraction.pages] == ["ocr", "unreadable", "unreadable"]
    assert extraction.warnings == ("2 of 3 pages: not recognised, since the time for the file was over",)


def test_of_a_moving_picture_the_first_frame_is_read(engine):
    frames = [Image.new("P", SIZE, number) for number in range(3)]
    read("a.gif", saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert len(engine) == 1


def test_what_can_be_seen_through_stands_on_white(engine):
    read("a.png", saved(Image.new("RGBA", SIZE, (0, 0, 0, 0)), "PNG"))
    assert (engine[0] == 255).all()


def test_a_photograph_is_turned_as_the_camera_was_held(engine):
    picture = Image.new("RGB", SIZE, "white")
    exif = picture.getexif()
    exif[0x0112] = 6
    (page,) = read("a.jpg", saved(picture, "JPEG", exif=exif)).pages
    assert engine[0].shape == (600, 300, 3)
    assert page.width < page.height


def test_a_large_picture_is_made_smaller_and_keeps_its_size_in_points(engine):
    (page,) = read("a.png", saved(Image.new("L", (6_000, 3_000), 255), "PNG")).pages
    assert engine[0].shape == (1_500, 3_000, 3)
    assert (page.width, page.height) == (2880.0, 1440.0)


def test_a_picture_that_is_hard_to_read_says_so(engine, monkeypatch):
    monkeypatch.setattr(recognition, "recognise", lambda _: (Recognised("Th? f#rst", (10, 10, 90, 30), 0.3),))
    extraction = read("a.png", saved(Image.new("L", SIZE, 255), "PNG"))
    assert extraction.pages[0].problem == "hard to recognise"
    assert extraction.warnings == ("1 of 1 pages: hard to recognise",)


def test_a_picture_without_words_is_refused(engine, monkeypatch):
    monkeypatch.setattr(recognition, "recognise", lambda _: ())
    with pytest.raises(FootnoteError, match="without words that could be recognised"):
        read("a.png", saved(Image.new("L", SIZE, 255), "PNG"))


def test_a_picture_of_a_few_pixels_is_not_looked_at(engine):
    with pytest.raises(FootnoteError, match="without words"):
        read("a.png", saved(Image.new("L", (16, 16), 255), "PNG"))
    assert engine == []


def test_without_the_engine_the_way_to_install_it_is_named(monkeypatch):
    monkeypatch.setattr(recognition, "available", lambda: False)
    with pytest.raises(FootnoteError, match=r"^a\.png is a picture.*pip install footnote\[ocr\]"):
        read("a.png", saved(Image.new("L", SIZE, 255), "PNG"))


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def test_a_picture_of_a_billion_pixels_is_refused_before_it_is_unpacked(engine):
    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9_000_000))
    with pytest.raises(FootnoteError, match="pixels"):
        read("a.png", bomb + chunk(b"IEND", b""))
    assert engine == []


def test_the_most_pixels_are_fewer_than_pillow_allows(engine):
    header = struct.pack(">IIBBBBB", 11_000, 10_000, 1, 0, 0, 0, 0)
    with pytest.raises(FootnoteError, match="11,000 x 10,000 pixels, and 100,000,000 pixels are the most"):
        read("a.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x") + chunk(b"IEND", b""))


@pytest.mark.parametrize("keep", [30, 60, 200])
def test_a_picture_that_is_cut_short_is_refused(engine, keep):
    noise = np.random.default_rng(0).integers(0, 255, (300, 600, 3), np.uint8)
    with pytest.raises(FootnoteError, match=r"a\.png can't be read as"):
        read("a.png", saved(Image.fromarray(noise), "PNG")[:keep])


def test_lines_keep_to_their_boxes():
    line = recognised_line("ab", (10, 20, 30, 40), 0.5)
    assert (line.start, line.end, line.size) == (5, 15, 8)
    assert (line.boxes / 8).tolist() == [[5, 10, 10, 20], [10, 10, 15, 20]]


def test_a_damaged_frame_costs_none_before_it(engine):
    frames = [Image.new("L", SIZE, 255)] * 3
    data = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    uncompressed = struct.pack("<HHII", 259, 3, 1, 1)
    first = data.index(uncompressed) + 1
    at = data.index(uncompressed, first)
    extraction = read("a.tif", data[:at] + struct.pack("<HHII", 259, 3, 1, 0x7FFF) + data[at + 12 :])
    assert [page.status for page in extraction.pages] == ["ocr", "unreadable"]
    assert extraction.warnings == ("1 of 2 pages: can't be read, since the file is damaged there",)


def test_pages_above_the_most_are_named(engine, monkeypatch):
    monkeypatch.setattr(picture_loader, "_MOST_FRAMES", 2)
    frames = [Image.new("L", SIZE, 255)] * 5
    extraction = read("a.tif", saved(frames[0], "TIFF", save_all=True, append_images=frames[1:]))
    assert [page.status for page in extraction.pages] == ["ocr", "ocr"]
    assert extraction.warnings == ("3 of 5 pages: not read, since 2 are the most",)
