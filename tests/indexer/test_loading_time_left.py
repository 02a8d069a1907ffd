"""The time for a file, in steps and in all, on a clock of the test's own."""

import io
import zipfile

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from indexer.loading import load_bytes, time_left
from indexer.loading.containers.unpacking import unpack_all
from indexer.loading.pdf import pages as pdf_pages
from indexer.loading.pictures import picture_loader
from schema import Extraction


class Clock:
    """Time as the test wants it, and what was told of progress."""

    def __init__(self):
        self.now = 1000.0
        self.told = []

    def monotonic(self):
        return self.now

    def begin(self, step, whole=None):
        time_left.begin(step, whole, lambda *told: self.told.append(told))


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(time_left, "time", made)
    monkeypatch.setattr(time_left, "_clock", time_left._Clock())  # and back, whatever begins meanwhile
    return made


def test_where_nobody_starts_the_clock_time_is_never_short_and_progress_is_nobodys_concern():
    time_left.progress(1, 2)
    assert not time_left.is_short()


def test_a_file_without_steps_keeps_a_quarter_of_its_time(clock):
    clock.begin(60)
    clock.now += 44.9
    assert not time_left.is_short()
    clock.now += 0.2
    assert time_left.is_short()


def test_each_step_has_the_time_of_one(clock):
    clock.begin(60, 3600)
    for page in range(1, 50):
        clock.now += 46
        assert time_left.is_short()  # so slow a page leaves out what is slower still
        time_left.progress(page, 100)
        assert not time_left.is_short()
    assert clock.told == [(page, 100) for page in range(1, 50)]


def test_a_step_is_kept_of_the_time_for_all(clock):
    clock.begin(60, 3600)
    while not time_left.is_short():
        clock.now += 7
        time_left.progress(1, 2)
    assert 3540 < clock.now - 1000 <= 3547


@pytest.mark.parametrize(("step", "whole", "kept"), [(60, 60, 15), (60, 120, 30), (60, 240, 60), (60, 7200, 60)])
def test_what_is_kept_of_all_is_no_more_than_a_quarter(clock, step, whole, kept):
    clock.begin(step, whole)
    while not time_left.is_short():
        clock.now += 1
        time_left.progress(1, 2)
    assert clock.now - 1000 == pytest.approx(whole - kept, abs=1.01)


def test_quick_steps_are_told_as_one(clock):
    clock.begin(60, 3600)
    for page in range(1, 101):
        clock.now += 0.01
        time_left.progress(page, 100)
    assert len(clock.told) in (3, 4)  # one in a quarter of a second


def test_every_page_of_a_pdf_is_told(clock, monkeypatch):
    data = io.BytesIO()
    canvas = Canvas(data)
    for number in range(3):
        canvas.drawString(72, 700, f"This is what page {number} says, and there is no more of it.")
        canvas.showPage()
    canvas.save()
    told = []
    monkeypatch.setattr(pdf_pages, "progress", lambda *step: told.append(step))
    load_bytes("a.pdf", data.getvalue())
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_every_frame_of_a_fax_is_told_once_it_is_recognised(monkeypatch):
    steps = []

    class Engine:
        HOW_TO_INSTALL = ""

        @staticmethod
        def available():
            return True

        @staticmethod
        def recognise(_):
            steps.append("recognised")
            return ()

    monkeypatch.setattr(picture_loader, "recognition", Engine)
    monkeypatch.setattr(picture_loader, "progress", lambda *step: steps.append(step))
    data, frames = io.BytesIO(), [Image.new("L", (300, 300), 255)] * 2
    frames[0].save(data, "TIFF", save_all=True, append_images=frames[1:])
    with pytest.raises(picture_loader.FootnoteError):
        picture_loader.load(data.getvalue())
    assert steps == ["recognised", (1, 2), "recognised", (2, 2)]


def test_a_part_of_a_container_is_a_step_and_what_there_is_no_time_for_is_said(clock):
    def load(name, data):
        clock.now += 50
        return Extraction(text=data.decode(), blocks=(), pages=())

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(20):
            archive.writestr(f"{number:02}.txt", "words")
    clock.begin(60, 600)
    members = unpack_all("a.zip", data.getvalue(), load)
    assert [member.name for member in members] == [*(f"{number:02}.txt" for number in range(11)), ""]
    assert members[-1].problem == "There was no time left to read all of it: the rest was not read. Split it."
    assert clock.told == [(number, 0) for number in range(1, 12)]
