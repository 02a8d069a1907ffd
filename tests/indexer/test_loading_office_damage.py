"""Damaged parts of office documents: each costs itself, is named, and nothing else is lost for it."""

import io
import zipfile

import pytest
from loading_reading import read, spans
from office_making import C, package, presentation, relations, rows, shape, slide, workbook

from schema import FootnoteError

BROKEN = "<broken"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
WORDS = "<w:r><w:t>Text</w:t></w:r>"


def title(words):
    return slide(shape(words, "title"))


def corrupt(data: bytes, content: bytes) -> bytes:
    """The archive with a stored part changed behind the back of its checksum."""
    assert data.count(content) == 1
    return data.replace(content, content[::-1])


def test_a_damaged_slide_costs_itself_alone_and_keeps_its_number():
    extraction = read("a.pptx", presentation(title("One"), BROKEN, title("Three")))
    assert extraction.text == "One\n\nThree"
    assert [(page.number, page.status, page.problem) for page in extraction.pages] == [
        (1, "text", ""),
        (2, "unreadable", "it is damaged"),
        (3, "text", ""),
    ]
    assert extraction.warnings == ("slide 2 is damaged and was not read",)


@pytest.mark.parametrize("rest", ["", "<p:grpSp>" * 200 + "</p:grpSp>" * 200])
def test_a_presentation_without_a_good_slide_is_refused_with_the_reason(rest):
    bad = slide(rest) if rest else BROKEN
    with pytest.raises(FootnoteError, match=r"Its part ppt/slides/slide1\.xml (is not well-formed|nests deeper)"):
        read("a.pptx", presentation(bad, slide("")))


def test_a_bomb_or_an_attack_in_one_slide_still_refuses_the_file():
    attack = '<!DOCTYPE d [<!ENTITY f "ha">]><d>&f;</d>'
    with pytest.raises(FootnoteError, match="declares XML entities"):
        read("a.pptx", presentation(title("One"), attack))


def test_damaged_notes_and_charts_of_a_slide_cost_themselves_alone():
    chart = '<p:graphicFrame><c:chart r:id="r2"/></p:graphicFrame>'
    diagram = (
        '<p:graphicFrame><d:relIds xmlns:d="http://schemas.openxmlformats.org/drawingml/2006/diagram" r:dm="r3"/>'
        "</p:graphicFrame>"
    )
    named = (("notesSlide", "../notes.xml"), ("chart", "../chart.xml"), ("diagramData", "../diagram.xml"))
    extra = {
        "ppt/slides/_rels/slide1.xml.rels": relations(*named),
        "ppt/notes.xml": BROKEN,
        "ppt/chart.xml": BROKEN,
        "ppt/diagram.xml": BROKEN,
    }
    extraction = read("a.pptx", presentation(slide(shape("Words") + chart + diagram), extra=extra))
    assert extraction.text == "Slide 1\n\nWords"
    assert extraction.warnings == (
        "a chart is damaged and was not read",
        "a diagram is damaged and was not read",
        "the page of notes of slide 1 is damaged and was not read",
    )


def test_a_damaged_sheet_costs_itself_alone():
    data = workbook(("One", "", rows(("first",))), ("Two", "", "<broken>"), ("Three", "", rows(("third",))))
    extraction = read("a.xlsx", data)
    assert extraction.text == "One\n\nfirst\n\nThree\n\nthird"
    assert [(page.label, page.status, page.problem) for page in extraction.pages] == [
        ("One", "text", ""),
        ("Two", "unreadable", "it is damaged"),
        ("Three", "text", ""),
    ]
    assert extraction.warnings == ("the sheet 'Two' is damaged and was not read",)


def test_what_stands_before_the_damage_of_a_sheet_is_read():
    lines = "".join(f'<row r="{number}"><c><v>{number}</v></c></row>' for number in range(1, 2001))
    extraction = read("a.xlsx", workbook(("S", "", f"<sheetData>{lines}<row")))
    last = int(extraction.text.split("\n")[-1])
    assert 1000 < last <= 2000
    assert extraction.text == "S\n\n" + "\n".join(map(str, range(1, last + 1)))
    assert extraction.warnings == (f"the sheet 'S' is damaged behind row {last}, and was read until there",)
    assert [(page.status, page.problem) for page in extraction.pages] == [("text", "it is damaged")]


def test_a_workbook_without_a_good_sheet_is_refused_with_the_reason():
    with pytest.raises(FootnoteError, match=r"Its part xl/worksheets/sheet1\.xml is not well-formed XML"):
        read("a.xlsx", workbook(("One", "", "<broken>"), ("Two", "", "")))


def test_bytes_that_do_not_fit_their_checksum_are_damage_too():
    sheets = ("One", "", rows(("first",))), ("Two", "", rows(("a word that is stored as it is",)))
    data = stored(workbook(*sheets))
    extraction = read("a.xlsx", corrupt(data, b"a word that is stored as it is"))
    assert (extraction.text, extraction.warnings) == ("One\n\nfirst", ("the sheet 'Two' is damaged and was not read",))


def stored(data: bytes) -> bytes:
    """The archive without compression."""
    source, stream = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("parts", "blocks", "warning"),
    [
        ({"xl/drawings/d.xml": BROKEN}, [], "what is drawn on the sheet 'S' is damaged and was not read"),
        ({"xl/charts/c.xml": BROKEN}, ["box"], "a chart on the sheet 'S' is damaged and was not read"),
        (
            {"xl/worksheets/_rels/sheet1.xml.rels": BROKEN},
            [],
            "what is drawn on the sheet 'S' is damaged and was not read",
        ),
    ],
)
def test_damaged_drawings_cost_no_cells(parts, blocks, warning):
    extra = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(("drawing", "../drawings/d.xml")),
        "xl/drawings/d.xml": f"<d {C}><a:p><a:r><a:t>box</a:t></a:r></a:p></d>",
        "xl/drawings/_rels/d.xml.rels": relations(("chart", "../charts/c.xml")),
        "xl/charts/c.xml": f"<c:chartSpace {C}/>",
    }
    extraction = read("a.xlsx", workbook(("S", "", rows(("cell",))), extra=extra | parts))
    assert [text for _, text in spans(extraction)] == ["S", "cell", *blocks]
    assert extraction.warnings == (warning,)


def test_a_sheet_that_is_missing_has_a_page():
    data = workbook(("S", "", rows(("cell",))), extra={"xl/workbook.xml": named_twice()})
    pages = read("a.xlsx", data).pages
    assert [(page.label, page.status) for page in pages] == [("S", "text"), ("Gone", "unreadable")]


def named_twice():
    start = '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    start += 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    return f'{start}<sheets><sheet name="S" r:id="r1"/><sheet name="Gone" r:id="r9"/></sheets></workbook>'


def test_strings_and_styles_that_all_sheets_share_refuse_the_workbook():
    for name in ("sharedStrings", "styles"):
        with pytest.raises(FootnoteError, match=f"Its part xl/{name}.xml is not well-formed"):
            read("a.xlsx", workbook(("S", "", rows(("cell",))), extra={f"xl/{name}.xml": BROKEN}))


def test_a_damaged_chart_of_a_word_document_costs_itself_alone():
    parts = {
        "word/document.xml": in_word(f"<w:p>{WORDS}<w:r><w:drawing {C}><c:chart r:id='r1'/></w:drawing></w:r></w:p>"),
        "word/_rels/document.xml.rels": relations(("chart", "chart.xml")),
        "word/chart.xml": BROKEN,
    }
    extraction = read("a.docx", package("word/document.xml", parts))
    assert (extraction.text, extraction.warnings) == ("Text", ("a chart is damaged and was not read",))


def in_word(body: str) -> str:
    return f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'


@pytest.mark.parametrize("kind", ["footnotes", "endnotes"])
@pytest.mark.parametrize("part", ["word/notes.xml", "word/_rels/notes.xml.rels"])
def test_damaged_notes_of_a_word_document_cost_themselves_alone(kind, part):
    parts = {
        "word/document.xml": in_word(f"<w:p>{WORDS}</w:p>"),
        "word/_rels/document.xml.rels": relations((kind, "notes.xml")),
        "word/notes.xml": in_word("<w:p><w:r><w:t>note</w:t></w:r></w:p>"),
    }
    assert read("a.docx", package("word/document.xml", parts)).text == "Text\n\nnote"
    extraction = read("a.docx", package("word/document.xml", parts | {part: BROKEN}))
    assert (extraction.text, extraction.warnings) == ("Text", (f"its part of {kind} is damaged and was not read",))


def test_a_damaged_document_is_refused():
    with pytest.raises(FootnoteError, match=r"Its part word/document\.xml is not well-formed"):
        read("a.docx", package("word/document.xml", {"word/document.xml": BROKEN}))
