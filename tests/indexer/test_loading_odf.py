"""OpenDocument: texts in document order, a page for each sheet and slide, hidden text left out and counted."""

import pytest
from loading_reading import read, spans
from office_making import open_document

from indexer.loading import tables
from schema import FootnoteError


def text(body, **rest):
    return read("a.odt", open_document("text", body, **rest))


def p(words, style=""):
    return f'<text:p text:style-name="{style}">{words}</text:p>'


def cell(words, attributes=""):
    return f"<table:table-cell {attributes}>{p(words) if words else ''}</table:table-cell>"


def table(*rows, name="T", attributes=""):
    inner = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    return f'<table:table table:name="{name}" {attributes}>{inner}</table:table>'


def test_blocks_in_document_order():
    body = (
        '<text:sequence-decls/><text:h text:outline-level="2">Scope</text:h>'
        + p('One<text:s text:c="3"/>two<text:tab/>three<text:line-break/><text:span>fo</text:span>ur<text:a>!</text:a>')
        + f"<text:list><text:list-item>{p('item')}<text:list><text:list-item>{p('deeper')}</text:list-item></text:list>"
        "</text:list-item></text:list>"
        + table(("a", ""), ("b", "c"))
        + f"<text:section>{p('in a section')}</text:section>"
    )
    assert spans(text(body)) == [
        ("heading2", "Scope"),
        ("paragraph", "One two three four!"),
        ("list_item", "item"),
        ("list_item", "deeper"),
        ("table_row", "a |"),
        ("table_row", "b | c"),
        ("paragraph", "in a section"),
    ]


def test_notes_come_last_and_boxes_after_their_paragraph():
    note = (
        "<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        + p("the note")
        + "</text:note-body></text:note>"
    )
    box = f"<draw:frame><draw:text-box>{p('in a box')}</draw:text-box></draw:frame>"
    assert text(p(f"Before{note} {box}after.") + p("Next.")).text == "Before after.\n\nin a box\n\nNext.\n\nthe note"


def test_deletions_and_comments_are_not_text():
    body = f"<text:tracked-changes><text:changed-region>{p('gone')}</text:changed-region></text:tracked-changes>" + p(
        f"Kept<office:annotation>{p('a comment')}</office:annotation>."
    )
    assert text(body).text == "Kept."


STYLES = (
    '<style:style style:name="H"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="S"><style:text-properties fo:font-size="1pt"/></style:style>'
    '<style:style style:name="N"><style:text-properties fo:font-size="11pt"/></style:style>'
    '<style:style style:name="B" style:parent-style-name="Title"/>'
)


def test_what_nobody_sees_is_left_out_and_counted():
    body = (
        p('Seen <text:span text:style-name="H">hidden</text:span><text:span text:style-name="S">tiny</text:span>.')
        + p("whole", "H")
        + f'<text:section text:display="none">{p("part")}</text:section>'
        + p("Normal", "N")
    )
    extraction = text(body, styles=STYLES)
    assert (extraction.text, extraction.hidden) == ("Seen .\n\nNormal", 19)
    assert extraction.warnings == ("19 characters of hidden text were left out",)


def test_title_and_metadata():
    meta = (
        "<dc:title>Travel policy</dc:title><meta:initial-creator>Ann</meta:initial-creator><dc:creator>Bob</dc:creator>"
        "<meta:keyword>a</meta:keyword><meta:keyword>b</meta:keyword><meta:editing-cycles>3</meta:editing-cycles>"
    )
    extraction = text(p("Published: 3 May 2021"), meta=meta)
    assert (extraction.title, extraction.date) == ("Travel policy", "2021-05-03")
    assert dict(extraction.metadata) == {"author": "Ann", "keywords": "a, b", "revision": "3"}
    assert text(p("Big words", "B") + p("Text"), styles=STYLES).title == "Big words"


def test_sheets_are_pages_with_rows_beside_their_names():
    number, thrice = 'office:value-type="float"', 'table:number-columns-repeated="3"'
    sheet = (
        '<table:table table:name="Sales"><table:table-column table:visibility="collapse"/>'
        f"<table:table-header-rows><table:table-row>{cell('Year')}{cell('Sold')}</table:table-row></table:table-header-rows>"
        f'<table:table-row table:number-rows-repeated="2">{cell("2021", number)}{cell("3", number)}'
        '<table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
        f"<table:table-row>{cell('x', thrice)}</table:table-row></table:table>"
    )
    hidden = table(("secret",), name="Hidden", attributes='table:style-name="h"')
    styles = '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'
    extraction = read("a.ods", open_document("spreadsheet", sheet + table(name="No") + hidden, styles=styles))
    assert spans(extraction) == [
        ("heading1", "Sales"),
        ("table_row", "Year | Sold"),
        ("table_row", "Year: 2021 | Sold: 3"),
        ("table_row", "Year: 2021 | Sold: 3"),
        ("table_row", "x | x | x"),
        ("heading1", "Hidden"),
        ("paragraph", "secret"),
    ]
    assert [page.label for page in extraction.pages] == ["Sales", "Hidden"]
    assert extraction.title is None
    assert extraction.warnings == (
        "the sheet 'Sales' has 1 hidden ranges of columns, which were read",
        "the sheet 'Hidden' is hidden in the document, and was read",
    )


@pytest.mark.parametrize(
    ("name", "kind", "row", "one"),
    [
        ("a.ods", "spreadsheet", "", 'table:number-columns-repeated="9999999"'),
        ("a.ods", "spreadsheet", 'table:number-rows-repeated="9999999"', ""),
        ("a.odt", "text", 'table:number-rows-repeated="9999999"', ""),
    ],
)
def test_a_cell_repeated_without_end_is_refused(name, kind, row, one, monkeypatch):
    monkeypatch.setattr(tables, "MOST_CELLS", 1000)
    body = f'<table:table table:name="S"><table:table-row {row}>{cell("x", one)}</table:table-row></table:table>'
    with pytest.raises(FootnoteError, match=r"^a\.od[ts] holds more than 1,000 cells"):
        read(name, open_document(kind, body))


def test_slides_are_pages_with_notes_apart():
    def frame(words, kind=""):
        return f'<draw:frame presentation:class="{kind}"><draw:text-box>{p(words)}</draw:text-box></draw:frame>'

    notes = f"<presentation:notes>{frame('Smile')}</presentation:notes>"
    body = (
        f"<draw:page>{frame('Said before')}{frame('Quarter 3', 'title')}"
        f"<draw:frame>{table(('a', 'b'))}</draw:frame>{notes}</draw:page>"
        f'<draw:page draw:style-name="h">{frame("More")}</draw:page><draw:page/>'
    )
    styles = (
        '<style:style style:name="h"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )
    extraction = read("a.odp", open_document("presentation", body, styles=styles))
    assert spans(extraction) == [
        ("heading1", "Quarter 3"),
        ("paragraph", "Said before"),
        ("table_row", "a | b"),
        ("heading2", "Notes"),
        ("paragraph", "Smile"),
        ("heading1", "Slide 2"),
        ("paragraph", "More"),
    ]
    assert [page.status for page in extraction.pages] == ["text", "text", "empty"]
    assert extraction.warnings == ("slide 2 is hidden in the presentation, and was read",)
    assert extraction.title == "Quarter 3"


def test_a_password_and_macros():
    locked = {"META-INF/manifest.xml": "<m><encryption-data/></m>"}
    with pytest.raises(FootnoteError, match=r"^a\.odt is protected by a password"):
        text(p("x"), extra=locked)
    basic = {"Basic/script-lc.xml": "x", "Basic/Standard/Module1.xml": "x"}
    assert text(p("x"), extra=basic).warnings == ("holds macros, which are not run",)


def test_entities_and_depth_are_refused(tmp_path):
    (tmp_path / "secret").write_text("s3cret")
    attack = f'<!DOCTYPE d [<!ENTITY f SYSTEM "file://{tmp_path}/secret">]><d>&f;</d>'
    with pytest.raises(FootnoteError, match="declares XML entities"):
        text("", extra={"content.xml": attack})
    with pytest.raises(FootnoteError, match="nests deeper than 100"):
        text("<text:section>" * 150 + "</text:section>" * 150)


def test_broken_properties_do_not_cost_the_text():
    extraction = text(p("Text"), extra={"meta.xml": "<broken"})
    assert (extraction.text, extraction.title) == ("Text", None)
