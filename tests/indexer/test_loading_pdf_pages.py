"""What is known of each page of a PDF: its status, its label, its problems; and what the document says of itself."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from loading_reading import read, spans
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from indexer.boxes import decode, rectangles
from indexer.loading.pdf import loader as pdf_loader
from indexer.loading.pdf import pages as pdf_pages
from indexer.loading.pdf.characters import Characters, Styles
from indexer.loading.pdf.checks import problem_of
from indexer.loading.pdf.lines import Line, read_lines
from indexer.loading.pdf.paragraphs import read_paragraphs
from indexer.loading.pictures import recognition
from schema import FootnoteError, Page

TEXT = "This is the text of the page, and it is long enough to be the body of it."


@pytest.fixture(autouse=True)
def no_recognition(monkeypatch):
    monkeypatch.setattr(pdf_pages, "recognition", SimpleNamespace(available=lambda: False))


def document(*pages, **options):
    """A PDF of pages, each a function that draws or a text."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, **options)
    for draw in pages:
        if callable(draw):
            draw(canvas)
        else:
            canvas.drawString(72, 700, draw)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def scan(canvas):
    held = io.BytesIO()
    Image.new("RGB", (40, 50), (200, 200, 200)).save(held, "PNG")
    held.seek(0)
    canvas.drawImage(ImageReader(held), 0, 0, *A4)


def nothing(canvas):
    pass


def statuses(extraction):
    return [(page.status, page.problem) for page in extraction.pages]


def test_a_scan_and_an_empty_page_are_told_apart():
    extraction = read("a.pdf", document(TEXT, scan, nothing))
    assert statuses(extraction) == [("text", ""), ("empty", "looks like a scan"), ("empty", "")]
    assert extraction.warnings == ("2 of 3 pages have no text (pages 2, 3)",)


class Engine:
    """Stands in for the recognition of text: every picture says the same, at the same place."""

    def __init__(self, *lines, score=0.9):
        self.seen, self._lines, self._score = [], lines, score

    def available(self):
        return True

    def recognise(self, image):
        self.seen.append(image)
        height, width, _ = image.shape
        return tuple(
            SimpleNamespace(
                text=text,
                box=(width * 0.1, height * (0.1 + 0.05 * i), width * 0.5, height * (0.12 + 0.05 * i)),
                score=self._score,
            )
            for i, text in enumerate(self._lines)
        )


def test_a_scan_is_recognised_and_its_words_have_their_place(monkeypatch):
    engine = Engine("The bridge was", "closed in May.")
    monkeypatch.setattr(pdf_pages, "recognition", engine)
    extraction = read("a.pdf", document(TEXT, scan, nothing))
    assert statuses(extraction) == [("text", ""), ("ocr", ""), ("empty", "")]
    page = extraction.pages[1]
    assert extraction.text[page.start : page.end].split() == ["The", "bridge", "was", "closed", "in", "May."]
    (image,) = engine.seen
    assert image.dtype == np.uint8
    assert image.shape == (2339, 1654, 3)
    assert image.min() == 200
    found = rectangles(decode(extraction.boxes[1]), 0, len("The bridge was"))
    assert found[0] == pytest.approx((A4[0] * 0.1, A4[1] * 0.1, A4[0] * 0.5, A4[1] * 0.12), abs=0.5)


def test_a_picture_that_is_hard_to_recognise_says_so(monkeypatch):
    monkeypatch.setattr(pdf_pages, "recognition", Engine("The bridge", score=0.3))
    assert statuses(read("a.pdf", document(TEXT, scan)))[1] == ("ocr", "hard to recognise")


def test_a_huge_page_is_not_rendered_in_full(monkeypatch):
    engine = Engine("words")
    monkeypatch.setattr(pdf_pages, "recognition", engine)

    def poster(canvas):
        canvas.setPageSize((5000, 5000))
        scan(canvas)
        canvas.scale(8, 6)
        scan(canvas)

    read("a.pdf", document(TEXT, poster))
    (image,) = engine.seen
    assert 7_500_000 < image.shape[0] * image.shape[1] < 8_100_000


def test_a_picture_without_words_stays_empty(monkeypatch):
    monkeypatch.setattr(pdf_pages, "recognition", Engine())
    monkeypatch.setattr(pdf_loader, "recognition", Engine())
    found = r"^a\.pdf has no text: none was found on its pages, also by recognising their pictures\.$"
    with pytest.raises(FootnoteError, match=found):
        read("a.pdf", document(scan))
    assert statuses(read("a.pdf", document(TEXT, scan)))[1] == ("empty", "looks like a scan")


def test_a_scan_is_refused_with_what_to_install(monkeypatch):
    missing = SimpleNamespace(available=lambda: False, HOW_TO_INSTALL=recognition.HOW_TO_INSTALL)
    for module in (pdf_pages, pdf_loader):
        monkeypatch.setattr(module, "recognition", missing)
    with pytest.raises(FootnoteError, match=r"^a\.pdf has no text: what it says .*`pip install footnote\[ocr\]`\.$"):
        read("a.pdf", document(scan))


def test_an_engine_that_fails_costs_one_page(monkeypatch):
    def fail(_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(pdf_pages, "recognition", SimpleNamespace(available=lambda: True, recognise=fail))
    assert statuses(read("a.pdf", document(TEXT, scan))) == [("text", ""), ("empty", "looks like a scan")]


def test_when_time_is_short_the_pages_so_far_are_kept(monkeypatch):
    answers = iter([False, True, True])
    monkeypatch.setattr(pdf_pages, "is_short", lambda: next(answers))
    extraction = read("a.pdf", document(TEXT, TEXT, TEXT))
    assert extraction.text == TEXT
    late = ("unreadable", "there was no time left to read it")
    assert statuses(extraction) == [("text", ""), late, late]
    assert extraction.warnings == ("2 of 3 pages can't be read (pages 2, 3)",)


def test_when_time_is_short_nothing_is_recognised(monkeypatch):
    engine, answers = Engine("The bridge"), iter([False, False, True])
    monkeypatch.setattr(pdf_pages, "recognition", engine)
    monkeypatch.setattr(pdf_pages, "is_short", lambda: next(answers))
    assert statuses(read("a.pdf", document(TEXT, scan))) == [("text", ""), ("empty", "looks like a scan")]
    assert engine.seen == []


GARBAGE = "(cid:12)(cid:44)(cid:3)(cid:21) (cid:9)(cid:31)"


def test_a_badly_read_page_is_suspicious_or_recognised(monkeypatch):
    extraction = read("a.pdf", document(GARBAGE, TEXT))
    assert statuses(extraction) == [("suspicious", "its characters have lost their meaning"), ("text", "")]
    assert extraction.warnings == ("1 of 2 pages looks badly read (page 1)",)
    monkeypatch.setattr(pdf_pages, "recognition", Engine("The bridge was closed."))
    extraction = read("a.pdf", document(GARBAGE, TEXT))
    assert statuses(extraction) == [("ocr", ""), ("text", "")]
    assert extraction.text == f"The bridge was closed.\n\n{TEXT}"


@pytest.mark.parametrize(
    ("lines", "unmapped", "problem"),
    [
        ([TEXT], 0.0, ""),
        (["12 345 678", "€ 1,000.00 (2021)"] * 20, 0.0, ""),
        (["NATO, UNHCR, WTO, IMF, OECD, NSF, HHS, EPA, DHS, GSA, OPM, NARA, FBI, CIA, NHTSA, FMCSA"] * 3, 0.0, ""),
        (["• one", "\uf0b7 two", "\uf0b7 three", "\uf0b7 four items of the list"], 0.0, ""),
        (["Съвет на министрите прие проекта на закон за изменение"], 0.0, ""),
        (["\ue012\ue013\ue014 \ue015\ue016 and some more words"], 0.0, "its characters have lost their meaning"),
        (
            ["T\ufffde pl\ufffdn w\ufffds m\ufffdde \ufffdn M\ufffdy 2021"],
            0.0,
            "its characters have lost their meaning",
        ),
        (["/g12/g33/g4 /g99/g102/g33/g18"], 0.0, "its characters have lost their meaning"),
        ([TEXT], 0.5, "its font does not say which characters these are"),
        (["Wkh sodq zdv sxeolvkhg lq Pdb dqg vkrxog kdyh ehhq vhqw wr doo phpehuv"] * 3, 0.0, ""),
        (["Xqz bcd fghj klmnp qrstv wxz bcdfg hjkl mnpqr stvw xzbc dfghj"] * 4, 0.0, "its letters make no words"),
        ([TEXT.replace(" ", "") * 4], 0.0, "there are no spaces between its words"),
        (["12", "a"] * 30, 0.0, "a table in pieces"),
        (["12", "a"] * 5, 0.0, ""),
    ],
)
def test_text_is_judged(lines, unmapped, problem):
    assert problem_of(lines, unmapped) == problem


def test_page_labels_are_kept_where_they_say_more_than_the_number():
    def labelled(canvas):
        canvas.addPageLabel(0, style="ROMAN_LOWER", start=4)
        canvas.addPageLabel(1, prefix="A-", style="ARABIC", start=1)
        canvas.drawString(72, 700, TEXT)

    assert [page.label for page in read("a.pdf", document(labelled, TEXT)).pages] == ["iv", "A-1"]
    assert [page.label for page in read("a.pdf", document(TEXT, TEXT)).pages] == ["", ""]


def test_the_size_of_a_page_is_that_which_is_shown():
    def turned(canvas):
        canvas.setPageSize((800, 800))
        canvas.setPageRotation(90)
        canvas.setCropBox((0, 100, 500, 800))
        canvas.drawString(72, 700, TEXT)

    assert read("a.pdf", document(turned)).pages == (Page(1, 0, len(TEXT), width=700.0, height=500.0),)


def test_titles_of_the_outline_are_headings():
    def chapter(canvas):
        canvas.bookmarkPage("scope")
        canvas.addOutlineEntry("2. Scope of the plan", "scope", level=0)
        canvas.bookmarkPage("exceptions")
        canvas.addOutlineEntry("Exceptions", "exceptions", level=1)
        y = 700
        for text in ["Scope of the plan", TEXT, "It covers all staff.", "Exceptions", "There are none at present."]:
            canvas.drawString(72, y, text)
            y -= 14

    assert spans(read("a.pdf", document(chapter))) == [
        ("heading1", "Scope of the plan"),
        ("paragraph", f"{TEXT} It covers all staff."),
        ("heading2", "Exceptions"),
        ("paragraph", "There are none at present."),
    ]


def test_a_heading_that_only_the_outline_knows_has_the_level_of_its_like():
    def chapters(canvas):
        y = 750
        for text, size in [("Travel policy", 24), ("Scope", 16), (TEXT, 11), ("Costs", 11), (TEXT, 11)]:
            canvas.setFont("Helvetica", size)
            canvas.drawString(72, y, text)
            if text in ("Scope", "Costs"):
                canvas.bookmarkPage(text)
                canvas.addOutlineEntry(text, text, level=0)
            y -= 40

    assert [kind for kind, _ in spans(read("a.pdf", document(chapters)))] == [
        "heading1", "heading2", "paragraph", "heading2", "paragraph",
    ]  # fmt: skip


def test_what_the_document_says_of_itself_is_metadata():
    def described(canvas):
        canvas.setAuthor("Ministry of  Transport")
        canvas.setSubject("Travel")
        canvas.setKeywords("trains, tickets")
        canvas.drawString(72, 700, TEXT)
        canvas.drawString(72, 600, "Version 2.1")

    assert pdf_loader.load(document(described, lang="en-GB")).metadata == {
        "author": "Ministry of Transport",
        "subject": "Travel",
        "keywords": "trains, tickets",
        "language": "en-GB",
        "version": "2.1",
    }
    assert set(pdf_loader.load(document(TEXT)).metadata) <= {"language", "subject"}


def test_notes_and_forms_are_no_text_and_filled_in_values_are_warned_of():
    def form(value):
        def draw(canvas):
            canvas.drawString(72, 700, TEXT)
            canvas.textAnnotation("A note in the margin", Rect=(72, 500, 120, 520))
            canvas.acroForm.textfield(name="surname", value=value, x=72, y=600, width=200, height=20)

        return draw

    filled, blank = read("a.pdf", document(form("Lovelace"))), read("a.pdf", document(form("")))
    assert (filled.text, blank.text) == (TEXT, TEXT)
    assert filled.warnings == ("its only page has a filled-in form, not read",)
    assert blank.warnings == ()


def test_a_page_that_breaks_its_reader_costs_no_other(monkeypatch):
    read_shapes = pdf_pages.read_shapes
    calls = []

    def broken(page, frame):
        calls.append(page)
        if len(calls) == 2:
            raise IndexError("list index out of range")
        return read_shapes(page, frame)

    monkeypatch.setattr(pdf_pages, "read_shapes", broken)
    extraction = read("a.pdf", document(TEXT, "lost", TEXT))
    assert statuses(extraction) == [("text", ""), ("unreadable", "it can't be read"), ("text", "")]
    assert extraction.warnings == ("1 of 3 pages can't be read (page 2)",)


def test_lack_of_memory_is_no_matter_of_a_page(monkeypatch):
    def full(page, frame):
        raise MemoryError

    monkeypatch.setattr(pdf_pages, "read_shapes", full)
    with pytest.raises(FootnoteError) as refused:
        read("a.pdf", document(TEXT))
    assert isinstance(refused.value.__cause__, MemoryError)


def test_leaders_without_end_take_no_time():
    dots = Line("Chapter " + ". " * 20_000 + "!", 72, 500, -100, 10)
    ((one,),) = read_paragraphs([[dots, Line("goes on", 72, 500, -112, 10)]])
    assert one.text == "Chapter ... ! goes on"


def test_half_a_character_is_no_line():
    alone = np.array([0xD835], np.int64)
    box, look = np.array([[10.0, 10, 20, 20]]), np.ones(1)
    styles = Styles(look * 10, alone * 0, look > 2, alone * 0, np.zeros((1, 4), np.uint32))
    characters = Characters(alone, box, box[:, :2], alone * 0, look > 2, styles)
    assert read_lines(characters, look > 2) == []


def noted(*notes, **options):
    """Draws the text and notes that are typed onto the page."""

    def draw(canvas):
        canvas.drawString(72, 700, TEXT)
        for place, note in enumerate(notes):
            canvas.freeTextAnnotation(
                note, "/Helv 12 Tf 0 g", Rect=(72, 600 - 30 * place, 400, 620 - 30 * place), **options
            )

    return draw


@pytest.mark.parametrize(
    ("pages", "warning"),
    [
        ([noted("Approved")], "its only page has 1 note typed onto it, not read"),
        ([TEXT, noted("Approved", "A. L.")], "1 of 2 pages has 2 notes typed onto it, not read (page 2)"),
        (
            [noted("Approved"), TEXT, noted("Not", "this", "one")],
            "2 of 3 pages have 4 notes typed onto them, not read (pages 1, 3)",
        ),
    ],
)
def test_pages_with_notes_typed_onto_them_are_named_with_the_number_of_notes(pages, warning):
    extraction = read("a.pdf", document(*pages))
    assert extraction.warnings == (warning,)
    assert extraction.text == "\n\n".join([TEXT] * len(pages))


@pytest.mark.parametrize("draw", [noted("", " "), noted("Approved", F=2), noted("Approved", F=32)])
def test_notes_without_words_and_notes_that_nobody_sees_are_not_counted(draw):
    assert read("a.pdf", document(draw)).warnings == ()


def test_a_document_of_notes_alone_is_refused_with_that_reason():
    with pytest.raises(FootnoteError, match=r"^a\.pdf has no text but what was typed onto its pages as notes"):
        read("a.pdf", document(lambda canvas: canvas.freeTextAnnotation("Approved", "", Rect=(72, 600, 400, 620))))


def test_notes_on_a_page_that_is_recognised_are_in_its_picture(monkeypatch):
    found = SimpleNamespace(text=TEXT, box=(100.0, 100.0, 900.0, 130.0), score=0.9)
    monkeypatch.setattr(
        pdf_pages, "recognition", SimpleNamespace(available=lambda: True, recognise=lambda picture: [found])
    )

    def scanned(canvas):
        scan(canvas)
        canvas.freeTextAnnotation("Approved", "", Rect=(72, 600, 400, 620))

    extraction = read("a.pdf", document(scanned))
    assert (extraction.text, extraction.warnings) == (TEXT, ())
