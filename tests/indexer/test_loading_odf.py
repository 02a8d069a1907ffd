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


def test_a_box_in_a_cell_follows_its_row():
    box = f"<draw:frame><draw:text-box>{p('in a box')}</draw:text-box></draw:frame>"
    assert spans(text(table((f"a{box}", "b"), ("c", "d")))) == [
        ("table_row", "a | b"),
        ("paragraph", "in a box"),
        ("table_row", "c | d"),
    ]


@pytest.mark.parametrize("shape", ["ellipse", "polygon", "path", "connector", "a"])
def test_shapes_of_every_form_are_read_in_a_slide_and_beside_the_words_of_a_text(shape):
    drawn = f"<draw:{shape}>{p('Seen')}</draw:{shape}>"
    assert read("a.odp", open_document("presentation", f"<draw:page>{drawn}</draw:page>")).text.endswith("Seen")
    assert text(p(f"be{drawn}fore")).text == "before\n\nSeen"


def test_hidden_text_of_a_slide_is_counted_once():
    hidden = p('Seen <text:span text:style-name="H">hidden</text:span>')
    body = f"<draw:page><draw:frame><draw:text-box>{hidden}</draw:text-box></draw:frame></draw:page>"
    assert read("a.odp", open_document("presentation", body, styles=STYLES)).hidden == 6


def test_what_a_merged_cell_covers_is_left_out_and_counted():
    covered = f"<table:covered-table-cell>{p('under it')}</table:covered-table-cell>"
    first = f"<table:table-row>{cell('a')}{cell('b')}{covered}</table:table-row>"
    body = f'<table:table table:name="S">{first}<table:table-row>{cell("c") * 3}</table:table-row></table:table>'
    for kind, name in (("spreadsheet", "a.ods"), ("text", "a.odt")):
        extraction = read(name, open_document(kind, body))
        assert [block for block in spans(extraction) if block[0] == "table_row"][1:] == [("table_row", "c | c | c")]
        assert "a | b" in extraction.text
        assert (extraction.hidden, "under" in extraction.text) == (8, False)
        assert extraction.warnings == ("8 characters of hidden text were left out",)


def test_a_covered_cell_without_words_hides_nothing():
    covered = '<table:covered-table-cell table:number-columns-repeated="2"/>'
    row = f"<table:table-row>{cell('a')}{covered}{cell('b')}</table:table-row>"
    body = f'<table:table table:name="S">{row}</table:table>'
    extraction = read("a.ods", open_document("spreadsheet", body))
    assert (extraction.text, extraction.hidden, extraction.warnings) == ("S\n\na | b", 0, ())


NUMBERS = (
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" '
    'style:num-suffix="."/><text:list-level-style-number text:level="2" style:num-format="a" style:num-prefix="(" '
    'style:num-suffix=")" text:display-levels="2"/><text:list-level-style-bullet text:level="3"/>'
    '<text:list-level-style-number text:level="4" style:num-format="I" text:start-value="3"/></text:list-style>'
    '<text:list-style style:name="R"><text:list-level-style-number text:level="1" style:num-format="i"/>'
    '<text:list-level-style-number text:level="2" style:num-format="A"/></text:list-style>'
    '<style:style style:name="InList" style:family="paragraph" style:list-style-name="R"/>'
)


def item(*content, start=""):
    return f"<text:list-item {start}>{''.join(content)}</text:list-item>"


def listed(*items, style="L", attributes=""):
    style = f'text:style-name="{style}"' if style else ""
    return f"<text:list {style} {attributes}>{''.join(items)}</text:list>"


def lines(body, **rest):
    """The text with one space for each gap between blocks."""
    return text(body, styles=NUMBERS, **rest).text.replace("\n\n", "\n").split("\n")


def test_numbers_of_nested_lists_are_read():
    fourth = listed(item(p("x"), p("more")), item(p("y")), style="")
    third = listed(item(p("bullet"), fourth), style="")
    body = listed(
        item(p("one"), listed(item(p("a")), item(p("b")), style="")),
        item(p("two"), listed(item(p("a"), third), style="")),
        item(p("three")),
    )
    assert lines(body) == [
        "1. one", "(1.a) a", "(1.b) b", "2. two", "(2.a) a", "bullet", "III x", "more", "IV y", "3. three",
    ]  # fmt: skip
    assert lines(listed(item(listed(item(third), style=""))))[0] == "bullet"


def test_a_list_goes_on_where_the_document_says_so():
    first = listed(item(p("one")), item(p("two")), attributes='xml:id="first"')
    goes_on, continues = 'text:continue-numbering="true"', 'text:continue-list="first"'
    assert lines(first + p("Between") + listed(item(p("three")), attributes=goes_on))[-1] == "3. three"
    assert lines(first + p("Between") + listed(item(p("again"))))[-1] == "1. again"
    others = listed(item(p("other")), style="R") + listed(item(p("fresh")))
    assert lines(first + others + listed(item(p("three")), attributes=continues))[-3:] == [
        "i other",
        "1. fresh",
        "3. three",
    ]
    deeper = listed(item(listed(item(p("deep")), style="")), attributes=goes_on)
    assert lines(first + p("Between") + deeper)[-1] == "(2.a) deep"


def test_items_that_start_elsewhere_and_lists_of_another_kind():
    assert lines(listed(item(p("nine"), start='text:start-value="9"'), item(p("ten")))) == ["9. nine", "10. ten"]
    header = f"<text:list-header>{p('Head')}</text:list-header>"
    assert lines(listed(header, item(p("one")))) == ["Head", "1. one"]
    nested = listed(item(p("A")), item(p("B")), style="R")
    body = listed(item(p("one"), listed(item(p("a")), item(p("b")), style=""), nested, nested), item(p("two")))
    assert lines(body) == ["1. one", "(1.a) a", "(1.b) b", "A A", "B B", "A A", "B B", "2. two"]
    assert lines(listed(item(p("by paragraph", "InList")), style="")) == ["i by paragraph"]
    assert lines(listed(item(p("plain")), style="unknown")) == ["plain"]
    assert lines(listed(item(p("")), item(p("two")))) == ["2. two"]


def test_lists_in_cells_boxes_and_slides_keep_their_numbers():
    numbers = listed(item(p("one")), item(p("two")))
    cells = f"<table:table-cell>{numbers}</table:table-cell>{cell('b')}"
    assert lines(f'<table:table table:name="T"><table:table-row>{cells}</table:table-row></table:table>') == [
        "1. one 2. two | b"
    ]
    box = f"<draw:frame><draw:text-box>{numbers}</draw:text-box></draw:frame>"
    assert lines(listed(item(p(f"be{box}fore")), item(p("after")))) == ["1. before", "1. one", "2. two", "2. after"]
    slides = open_document("presentation", f"<draw:page>{box}</draw:page>", styles=NUMBERS)
    assert read("a.odp", slides).text == "Slide 1\n\n1. one\n2. two"


def test_headings_have_the_numbers_of_the_outline():
    outline = (
        '<text:outline-style style:name="Outline"><text:outline-level-style text:level="1" style:num-format="1"/>'
        '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/></text:outline-style>'
        '<style:style style:name="Bare" style:family="paragraph" style:list-style-name=""/>'
    )

    def h(words, level, attributes=""):
        return f'<text:h text:outline-level="{level}" {attributes}>{words}</text:h>'

    body = h("Scope", 1) + h("Who", 2) + h("Not this", 1, 'text:style-name="Bare"') + h("When", 2) + h("Costs", 1)
    body += h("Head", 1, 'text:is-list-header="true"') + h("How", 2) + h("Deep", 3)
    body += h("Ninth", 1, 'text:restart-numbering="true" text:start-value="9"')
    assert spans(text(body, styles=outline)) == [
        ("heading1", "1 Scope"),
        ("heading2", "1.1 Who"),
        ("heading1", "Not this"),
        ("heading2", "1.2 When"),
        ("heading1", "2 Costs"),
        ("heading1", "Head"),
        ("heading2", "2.1 How"),
        ("heading3", "Deep"),
        ("heading1", "9 Ninth"),
    ]


def test_a_number_that_is_stored_is_read_once():
    stored = p("<text:number>1.</text:number>one")
    assert lines(listed(item(stored))) == ["1. one"]
    assert lines(stored) == ["1. one"]
