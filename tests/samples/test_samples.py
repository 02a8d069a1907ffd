"""The sample collection and its question set hold together: every quote stands where the set says it does.

The text is read by the shortest independent means there is, so that the set doesn't lean on Footnote's own loaders.
"""

import re
import zipfile
from pathlib import Path

import docx
import pypdfium2
import pytest
from bs4 import BeautifulSoup

from eval.samples import make_documents
from eval.sets.questions import load_questions

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
CASES = load_questions(ROOT / "eval" / "samples" / "questions.yaml")
ANSWERABLE = [case for case in CASES if not case.unanswerable]
NEEDS_ALL = {"comparison", "disagreement"}


def read_pages(path):
    """The text of each page, or of the whole as one page, with white space collapsed."""
    if path.suffix == ".pdf":
        with pypdfium2.PdfDocument(path) as document:
            pages = [page.get_textpage().get_text_range() for page in document]
    elif path.suffix == ".docx":
        pages = ["\n".join(paragraph.text for paragraph in docx.Document(path).paragraphs)]
    elif path.suffix == ".html":
        pages = [BeautifulSoup(path.read_text("utf-8"), "html.parser").main.get_text()]
    else:
        pages = [path.read_text("utf-8")]
    return [" ".join(page.split()) for page in pages]


PAGES = {path.name: read_pages(path) for path in sorted(SAMPLES.iterdir())}


def test_the_web_page_has_furniture_that_no_reader_asked_for():
    page = BeautifulSoup((SAMPLES / "questions-and-answers.html").read_text("utf-8"), "html.parser")
    furniture = page.nav.get_text() + page.footer.get_text()
    assert "newsletter" in furniture
    assert "visitor survey" in furniture
    assert not re.search("newsletter|visitor survey", PAGES["questions-and-answers.html"][0])


def test_the_folder_holds_documents_only_in_every_format():
    assert sorted(Path(name).suffix for name in PAGES) == [
        ".docx", ".html", ".md", ".md", ".md", ".pdf", ".txt", ".txt",
    ]  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_each_document_is_short_and_dated_and_says_that_it_is_a_sample(name):
    text = " ".join(PAGES[name])
    assert 250 <= len(text.split()) <= 700
    assert re.search(r"\d{1,2} (September|October) 2022", text)
    assert "Footnote" in text
    assert re.search("sample document|fictional", text, re.IGNORECASE)


@pytest.mark.parametrize("name", PAGES)
def test_no_document_holds_money_or_later_years(name):
    """What the set calls unanswerable: budgets, prices and whatever happened after 2022."""
    assert re.findall(r"[£$€%]|\b(?:million|billion)\b|\b20(?:2[3-9]|[3-9]\d)\b", " ".join(PAGES[name])) == []


def test_the_set_is_large_enough_and_a_third_of_it_is_not_answerable():
    assert len(CASES) >= 48
    assert sum(case.unanswerable for case in CASES) * 3 >= len(CASES)


def test_no_question_is_asked_twice():
    assert len({case.question.casefold() for case in CASES}) == len(CASES)


def test_six_or_more_questions_need_two_documents():
    together = [case for case in CASES if case.kind in NEEDS_ALL]
    assert len(together) >= 6
    assert all(len({place.source for place in case.evidence}) == 2 for case in together)


def test_every_kind_and_every_document_is_asked_about():
    kinds = {"date", "name", "number", "list", "attribution", "disagreement", "definition", "table", "near-miss"}
    assert kinds <= {case.kind for case in CASES}
    assert {place.source for case in CASES for place in case.evidence} == set(PAGES)


def test_the_day_of_publication_is_asked_for():
    [case] = [case for case in CASES if case.question == "When was the strategy published?"]
    assert case.answers == ("12 October 2022",)
    assert case.evidence[0].source == "briefing.md"


@pytest.mark.parametrize("case", ANSWERABLE, ids=lambda case: case.question_id)
def test_each_quote_stands_in_its_document_and_on_its_page(case):
    assert case.evidence
    for place in case.evidence:
        pages = PAGES[place.source]
        assert (place.page is not None) == place.source.endswith(".pdf")
        assert place.quote
        assert place.quote in pages[(place.page or 1) - 1]


@pytest.mark.parametrize("case", ANSWERABLE, ids=lambda case: case.question_id)
def test_each_place_gives_an_answer_or_all_places_give_all_answers(case):
    quotes = [place.quote.casefold() for place in case.evidence]
    answers = [answer.casefold() for answer in case.answers]
    if case.kind in NEEDS_ALL:
        assert [answer for answer in answers if not any(answer in quote for quote in quotes)] == []
    else:
        assert [quote for quote in quotes if not any(answer in quote for answer in answers)] == []


def test_the_maker_gives_the_committed_words(tmp_path):
    make_documents.make_docx(tmp_path / make_documents.DOCX_NAME)
    make_documents.make_pdf(tmp_path / make_documents.PDF_NAME)
    made = {path.name: read_pages(path) for path in tmp_path.iterdir()}
    assert made == {name: PAGES[name] for name in (make_documents.DOCX_NAME, make_documents.PDF_NAME)}


def test_the_maker_stamps_the_stated_dates_whatever_the_clock_says(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    reaction, summary = tmp_path / "reaction.docx", tmp_path / "summary.pdf"
    make_documents.make_docx(reaction)
    make_documents.make_pdf(summary)
    with zipfile.ZipFile(reaction) as parts:
        assert {part.date_time for part in parts.infolist()} == {(2022, 10, 17, 9, 0, 0)}
    with pypdfium2.PdfDocument(summary) as document:
        assert document.get_metadata_value("CreationDate").startswith("D:20221021090000")
    before = summary.read_bytes()
    make_documents.make_pdf(summary)
    assert summary.read_bytes() == before


def test_the_summary_has_two_numbered_pages_with_a_table_each():
    first, second = PAGES[make_documents.PDF_NAME]
    assert first.startswith(f"{make_documents.SUMMARY_TITLE} {make_documents.SUMMARY_DATE}")
    assert "No. Priority area A question to ask yourself 1 Embedding" in first
    assert first.endswith("Page 1 of 2")
    assert "Theme What it is about What is meant to happen Partnerships" in second
    assert second.endswith("Page 2 of 2")
