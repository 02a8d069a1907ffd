"""PDF: pages with spans, paragraphs from lines, and honest refusals."""

import io
import threading

import numpy as np
import pytest
from loading_reading import read, spans
from pypdfium2 import PdfiumError
from reportlab.lib import pdfencrypt
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate

from indexer.loading.pdf import document as pdf_document
from indexer.loading.pdf.characters import Characters, Styles
from indexer.loading.pdf.lines import read_lines
from schema import FootnoteError, Page

LONG = (
    "Staff may travel by train at any time of the day, and they should book the ticket as early as they can, "
    "because the cheapest ticket that fits the purpose of the journey is the one that will be refunded."
)


def drawn(*pages, title="", encrypt=None):
    """A PDF whose pages hold (x, y, text) or (x, y, text, size, font)."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, encrypt=encrypt)
    canvas.setTitle(title)
    for page in pages:
        for x, y, text, *kind in page:
            size, font = kind or (11, "Helvetica")
            canvas.setFont(font, size)
            canvas.drawString(x, y, text)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def lines(*texts, top=700, pitch=14):
    return [(72, top - index * pitch, text) for index, text in enumerate(texts)]


def set_in_type(*paragraphs):
    """A PDF as a word processor sets it: paragraphs as (style, text)."""
    stream = io.BytesIO()
    styles = getSampleStyleSheet()
    SimpleDocTemplate(stream, pagesize=A4).build([Paragraph(text, styles[style]) for style, text in paragraphs])
    return stream.getvalue()


def test_paragraphs_and_headings_of_a_page():
    data = set_in_type(("Title", "Travel policy"), ("Heading2", "Scope"), ("BodyText", LONG), ("BodyText", LONG))
    extraction = read("policy.pdf", data)
    assert spans(extraction) == [
        ("heading1", "Travel policy"),
        ("heading2", "Scope"),
        ("paragraph", LONG),
        ("paragraph", LONG),
    ]
    assert extraction.title == "Travel policy"
    assert extraction.pages == (Page(1, 0, len(extraction.text), width=595.28, height=841.89),)


def test_pages_carry_their_spans_and_empty_ones_a_warning():
    body = [(72, 500, "Body text that is the usual size of the type in this document and long enough to be it.")]
    data = drawn([(72, 700, "First page", 24, "Helvetica"), *body], [], [(72, 700, "Third page.")], [])
    extraction = read("a.pdf", data)
    assert [extraction.text[page.start : page.end] for page in extraction.pages] == [
        "First page\n\n" + body[0][2], "", "Third page.", "",
    ]  # fmt: skip
    assert [page.number for page in extraction.pages] == [1, 2, 3, 4]
    assert extraction.warnings == ("2 of 4 pages have no text (pages 2, 4)",)
    assert read("a.pdf", drawn([], body)).warnings == ("1 of 2 pages has no text (page 1)",)


def test_bold_lines_are_headings_and_running_heads_are_not():
    pages = [
        [
            (72, 800, f"Annual report {number}", 16, "Helvetica-Bold"),
            (72, 700, f"Chapter {'abc'[number]}", 11, "Helvetica-Bold"),
            *lines("This is the text of the chapter, and it is long enough to", "be the body.", top=680),
        ]
        for number in range(3)
    ]
    kinds = [kind for kind, _ in spans(read("a.pdf", drawn(*pages)))]
    assert kinds == ["paragraph", "heading2", "paragraph"] * 3


def test_divided_words_are_joined_only_when_it_is_safe():
    data = drawn(
        lines(
            "The inter-", "national rules on well-", "known goods hold. See the docu-", "mentation of inter-",
            "library loans, the inter-", "American bank and inter-", "net use. All international rules hold.",
        )
    )  # fmt: skip
    assert read("a.pdf", data).text == (
        "The international rules on well-known goods hold. See the documentation of inter-library loans, "
        "the inter-American bank and inter-net use. All international rules hold."
    )


def test_a_second_half_that_is_no_word_joins():
    assert read("a.pdf", drawn(lines("The govern-", "ment takes ac-", "tion."))).text == "The government takes action."


def test_columns_go_on_and_lists_and_short_lines_stay_apart():
    left = lines("The text of the first column goes", "on in the second column, where it")
    right = [(330, y + 28, text) for _, y, text in lines("ends with this full stop, which is", "the end.", top=672)]
    joined = "The text of the first column goes on in the second column, where it ends with this full stop, which is"
    assert read("a.pdf", drawn(left + right)).text == f"{joined} the end."
    data = drawn(
        lines(
            "These are the rules of the house, which every guest who stays here has to keep:",
            "• no smoking in the rooms and in the corridors of the house, and none on the",
            "balconies",
            "• Quiet hours",
            "1. Ten at night",
        )
    )
    assert [kind for kind, _ in spans(read("a.pdf", data))] == ["paragraph", "list_item", "list_item", "list_item"]


def test_leaders_of_a_contents_page_are_shortened():
    data = drawn(lines("Scope" + "." * 60 + "3", "Costs" + ". " * 40 + "4"))
    assert read("a.pdf", data).text == "Scope... 3\n\nCosts... 4"


def test_title_of_the_metadata_when_it_is_one():
    assert read("a.pdf", drawn(lines("Text"), title="National plan")).title == "National plan"
    assert read("a.pdf", drawn(lines("Text"), title="Microsoft Word - plan final.doc")).title is None


def test_date_is_what_the_document_says_not_when_the_file_was_made():
    assert read("a.pdf", drawn(lines("Text"))).date is None
    assert read("a.pdf", drawn([*lines("National plan"), (72, 600, "20 October 2022")])).date == "2022-10-20"


def test_encrypted_is_refused():
    data = drawn(lines("secret"), encrypt=pdfencrypt.StandardEncryption("password"))
    with pytest.raises(FootnoteError, match=r"^a\.pdf is encrypted: save a copy without the password\.$"):
        read("a.pdf", data)


def test_truncated_is_refused():
    with pytest.raises(FootnoteError, match=r"^a\.pdf can't be read as a PDF \(its structure is broken\)"):
        read("a.pdf", drawn(lines("text"))[:300])


def test_a_pdf_of_empty_pages_is_refused():
    with pytest.raises(FootnoteError, match=r"^scan\.pdf has no text: none was found on its pages\.$"):
        read("scan.pdf", drawn([], []))


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "is encrypted in a way that can't be read: save"),
        (None, r"can't be read as a PDF \(its structure is broken"),
    ],
)
def test_a_pdf_that_does_not_open_for_no_stated_reason_is_refused(monkeypatch, password, reason):
    def fail(_):
        raise PdfiumError("Failed to load document (PDFium: Success).", err_code=0)

    monkeypatch.setattr(pdf_document, "PdfDocument", fail)
    lock = None if password is None else pdfencrypt.StandardEncryption(password)
    with pytest.raises(FootnoteError, match=rf"^a\.pdf {reason}"):
        read("a.pdf", drawn(lines("secret"), encrypt=lock))


def test_a_line_that_ended_early_ends_its_paragraph():
    data = drawn(
        lines(
            "The first paragraph runs to the full width of the column here, and then it",
            "ends early.",
            "The second paragraph runs to the full width of the column here, and it also",
            "ends. It has more than one sentence.",
        )
    )
    assert [text[-8:] for _, text in spans(read("a.pdf", data))] == ["s early.", "entence."]


def test_the_raised_number_of_a_note_stays_in_its_sentence():
    pieces = [(72, 700, "The rule holds", 11, "Helvetica"), (145, 706.5, "12", 6, "Helvetica")]
    data = drawn([*pieces, (153, 700, "for everybody.", 11, "Helvetica")])
    assert read("a.pdf", data).text == "The rule holds 12 for everybody."


def test_threads_take_turns():
    data = drawn(*[lines(LONG)] * 5)
    expected = read("a.pdf", data)
    found = []
    threads = [threading.Thread(target=lambda: found.append(read("a.pdf", data))) for _ in range(4)]
    with pdf_document._LOCK:
        for thread in threads:
            thread.start()
        threads[0].join(0.2)
        assert found == []
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_every_page_of_a_long_document_is_read():
    extraction = read("long.pdf", set_in_type(*[("BodyText", LONG)] * 400))
    assert len(extraction.pages) > 15
    assert {page.status for page in extraction.pages} == {"text"}
    assert extraction.text.count(LONG) > 380


def test_letters_of_one_sign_stay_in_the_order_of_reading():
    """Arabic lam-alef is one sign that stands for two letters; PDFium turns them round with the rest of the line."""
    origins = np.array([[300.0, 100.0], [290.0, 100.0], [290.0, 100.0], [280.0, 100.0], [270.0, 100.0], [270.0, 100.0]])
    boxes = np.hstack((origins, origins + np.array([10, 12])))
    styles = Styles(*(np.array([value]) for value in (12.0, 0, False, 0)), colour=np.array([[0, 0, 0, 255]]))
    codes = np.array([ord(letter) for letter in "بالتfi"])
    characters = Characters(codes, boxes, origins, np.zeros(6, int), np.zeros(6, bool), styles)
    (line,) = read_lines(characters, np.zeros(6, bool))
    assert line.text == "بلاتfi"
