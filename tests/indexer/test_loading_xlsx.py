"""Workbooks: a page for each sheet, values as displayed, each row with the names of its columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loading_reading import read, spans
from office_making import C, package, relations, rows, workbook

from indexer.loading import tables
from indexer.loading.office import number_formats, xlsx_loader
from indexer.loading.office.number_formats import display, shows
from indexer.loading.tables import Cell, cells_of, lines_of
from schema import FootnoteError

SALES = rows(("Product", "Year", "Sold"), ("Pump", 2021, 12), ("Valve", 2022, None))


def test_each_row_stands_beside_the_names_of_its_columns():
    extraction = read("a.xlsx", workbook(("Sales", "", SALES)))
    assert spans(extraction) == [
        ("heading1", "Sales"),
        ("table_row", "Product | Year | Sold"),
        ("table_row", "Product: Pump | Year: 2021 | Sold: 12"),
        ("table_row", "Product: Valve | Year: 2022"),
    ]


def test_each_sheet_is_a_page_with_its_name_and_an_empty_sheet_is_none():
    extraction = read("a.xlsx", workbook(("One", "", SALES), ("Nothing", "", ""), ("Two", "", rows(("alone",)))))
    assert [(page.number, page.label, extraction.text[page.start : page.end][:3]) for page in extraction.pages] == [
        (1, "One", "One"),
        (2, "Two", "Two"),
    ]
    assert extraction.title is None


@pytest.mark.parametrize(
    ("lines", "blocks"),
    [
        ((("Sales of 2021",), (), ("Year", "Sold"), (2021, 3)),
         [("paragraph", "Sales of 2021"), ("table_row", "Year | Sold"), ("table_row", "Year: 2021 | Sold: 3")]),
        ((("Sales of 2021",), ("Year", "Sold"), (2021, 3)),
         [("paragraph", "Sales of 2021"), ("table_row", "Year | Sold"), ("table_row", "Year: 2021 | Sold: 3")]),
        (((1, 2), (3, 4)), [("table_row", "1 | 2"), ("table_row", "3 | 4")]),
        ((("a", "a"), (3, 4)), [("table_row", "a | a"), ("table_row", "3 | 4")]),
        ((("a", "b"), (3, 4, 5, 6)), [("table_row", "a | b"), ("table_row", "3 | 4 | 5 | 6")]),
        (((None, "2020", "2021"), ("North", 1, 2)),
         [("table_row", "| 2020 | 2021"), ("table_row", "North | 2020: 1 | 2021: 2")]),
        ((("x" * 81, "b"), (3, 4)), [("table_row", "x" * 81 + " | b"), ("table_row", "3 | 4")]),
        ((("Name:", "Age :"), ("Ann", 4)), [("table_row", "Name: | Age :"), ("table_row", "Name: Ann | Age: 4")]),
        ((("one",), ("two",)), [("table_row", "one"), ("table_row", "two")]),
        ((("K", "V", None, "Q", "R"), (1, 2, None, 3, 4)),
         [("table_row", "K | V"), ("table_row", "K: 1 | V: 2"), ("table_row", "Q | R"), ("table_row", "Q: 3 | R: 4")]),
        (((1.1, "Voltage", None, "kV"), (1.2, "Current", None, "A")),
         [("table_row", "1.1 | Voltage | kV"), ("table_row", "1.2 | Current | A")]),
        ((("Maker", "ACME"), ("Voltage",), ("Current",)),
         [("table_row", "Maker | ACME"), ("table_row", "Voltage"), ("table_row", "Current")]),
    ],
)  # fmt: skip
def test_tables_titles_and_forms(lines, blocks):
    assert spans(read("a.xlsx", workbook(("S", "", rows(*lines)))))[1:] == blocks


@given(
    st.lists(st.text("abcxyz", min_size=1, max_size=5), min_size=2, max_size=6, unique=True),
    st.lists(st.lists(st.one_of(st.none(), st.integers(0, 99)), min_size=6, max_size=6), min_size=1, max_size=8),
)
def test_the_cells_of_a_table_can_be_had_again(names, values):
    table = [{column: Cell(name) for column, name in enumerate(names)}]
    table += [
        {
            column: Cell(str(value), is_words=False)
            for column, value in enumerate(row[: len(names)])
            if value is not None
        }
        for row in values
    ]
    table = [row for row in table if len(row) > 1]
    expected = [[row[column].text if column in row else "" for column in range(len(names))] for row in table]
    if len(table) > 1:
        assert cells_of(list(lines_of(table))) == expected


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (0.1234, "0.0%", "12.3%"),
        (0.5, "0%", "50%"),
        (1234567, "#,##0,", "1,235"),
        (12345678, '0.0,,"m"', "12.3m"),
        (12345678, "£#,##0.0,,", "£12.3"),
        (500, '[>=1000000]0.0,,"M";[>=1000]0.0,"K";0', "500"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (1234.5, "General", "1234.5"),
        (0.1 + 0.2, "General", "0.3"),
        (1e20, "General", "1e+20"),
        (12, "0000", "0012"),
        (7, "00000", "00007"),
        (-7, "000", "-007"),
        (12, "0,000", "0,012"),
        (1234567, "0,000", "1,234,567"),
        (12.5, "000.00", "012.50"),
        (0.5, "000%", "050%"),
        (12, "####", "12"),
        (123456789, "000-00-0000", "123-45-6789"),
        (1234567, "000\\-00\\-0000", "001-23-4567"),
        (3012345678, "(###) ###-####", "(301) 234-5678"),
        (55, '#"x"#"y"00', "xy55"),
        (5, '0 "a;b";;', "5 a;b"),
        (float("nan"), "0000", "nan"),
        (1234.5, '"$"#,##0.00', "$1,234.50"),
        (-1234.5, '"$"#,##0.00_);("$"#,##0.00)', "-$1,234.50"),
        (1234.5, "#,##0.00 [$€-407]", "1,234.50 €"),
        (3, '0 "kg"', "3 kg"),
        (45292, "m/d/yy", "2024-01-01"),
        (45292, "[$-409]mmmm yyyy", "2024-01-01"),
        (45292.5, "m/d/yy h:mm", "2024-01-01 12:00"),
        (0.75, "h:mm AM/PM", "18:00"),
        (0.750011574, "h:mm:ss", "18:00:01"),
        (1.5, "[h]:mm", "36:00"),
        (1e9, "yyyy", "1000000000"),
        (1.5, "[Red]0.00", "1.50"),
        (5, '"day" 0', "day 5"),
        (2.5, "# ?/?", "2.5"),
        (float("nan"), "0.00", "nan"),
    ],
)
def test_numbers_as_displayed(value, code, shown):
    assert display(value, code) == shown


def test_days_of_old_macintosh_files_count_from_1904():
    assert display(0, "yyyy-mm-dd", from_1904=True) == "1904-01-01"


@given(st.floats(), st.text(max_size=30))
def test_every_number_has_a_form_in_every_format(value, code):
    assert isinstance(display(value, code), str)


def test_kinds_of_cells():
    styles = (
        '<numFmts><numFmt numFmtId="170" formatCode="0.0%"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs>'
    )
    cells = (
        '<c r="A1" t="s"><v>0</v></c><c t="s"><v>9</v></c><c r="D1" t="b"><v>1</v></c><c t="e"><v>#REF!</v></c>'
        '<c s="1"><v>45292</v></c><c s="2"><f>A1</f><v>0.5</v></c><c t="str"><f>A1</f><v>fo_x0041_</v></c>'
        '<c s="99"><v>7</v></c>'
        '<c><f>NOW()</f></c><c t="d"><v>2024-02-03</v></c><c><v>x</v></c>'
    )
    data = workbook(
        ("S", "", f'<sheetData><row r="3">{cells}</row></sheetData>'),
        strings=["<r><t>rich </t></r><r><t>text</t></r><rPh><t>spoken</t></rPh>"],
        styles=styles,
    )
    extraction = read("a.xlsx", data)
    assert spans(extraction)[1] == (
        "table_row", "rich text | TRUE | #REF! | 2024-01-01 | 50.0% | foA | 7 | 2024-02-03 | x"
    )  # fmt: skip
    assert extraction.warnings == ("the sheet 'S' has 1 formulas without a stored value: save it in Excel once",)


def test_a_label_merged_down_stands_in_each_row():
    merged = '<mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="B1"/><mergeCell ref="A9:A1048576"/></mergeCells>'
    lines = rows(("Region", "Year", "Sold"), ("North", 2020, 1), (None, 2021, 2), (None, 2022, 3))
    assert read("a.xlsx", workbook(("S", "", lines + merged))).text.split("\n")[-3:] == [
        "Region: North | Year: 2020 | Sold: 1",
        "Region: North | Year: 2021 | Sold: 2",
        "Year: 2022 | Sold: 3",
    ]


def test_what_is_hidden_is_read_and_told():
    hidden = '<cols><col min="2" max="3" hidden="1"/></cols>'
    hidden += '<sheetData><row r="1" hidden="1"><c><v>1</v></c></row></sheetData>'
    extraction = read("a.xlsx", workbook(("S", 'state="veryHidden"', hidden), ("T", "", SALES)))
    assert extraction.text.startswith("S\n\n1\n\nT")
    assert extraction.warnings == (
        "the sheet 'S' is hidden in the workbook, and was read",
        "the sheet 'S' has 1 hidden rows, which were read",
        "the sheet 'S' has 2 hidden columns, which were read",
    )


def test_charts_and_text_boxes_on_a_sheet():
    chart = (
        f"<c:chartSpace {C}><c:chart><c:title><c:tx><a:p><a:r><a:t>Sold</a:t></a:r></a:p></c:tx></c:title>"
        "<c:ser><c:tx><c:strCache><c:pt idx='0'><c:v>Pumps</c:v></c:pt></c:strCache></c:tx>"
        "<c:cat><c:pt idx='0'><c:v>2020</c:v></c:pt><c:pt idx='1'><c:v>2021</c:v></c:pt></c:cat>"
        "<c:val><c:pt idx='1'><c:v>5</c:v></c:pt></c:val></c:ser></c:chart></c:chartSpace>"
    )
    extra = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(("drawing", "../drawings/drawing1.xml")),
        "xl/drawings/drawing1.xml": f"<d {C}><a:p><a:r><a:t>In a box</a:t></a:r></a:p></d>",
        "xl/drawings/_rels/drawing1.xml.rels": relations(("chart", "/xl/charts/chart1.xml")),
        "xl/charts/chart1.xml": chart,
    }
    assert spans(read("a.xlsx", workbook(("S", "", ""), extra=extra))) == [
        ("heading1", "S"),
        ("paragraph", "In a box"),
        ("paragraph", "Sold"),
        ("table_row", "| Pumps"),
        ("table_row", "2020 |"),
        ("table_row", "2021 | 5"),
    ]


def test_title_metadata_and_macros():
    core = "<dc:title>Prices of 2024</dc:title><dc:creator>Ann</dc:creator>"
    core += "<dc:language>en</dc:language><cp:version>3</cp:version>"
    data = workbook(("S", "", SALES), core=core, extra={"xl/vbaProject.bin": b"x"})
    extraction = read("a.xlsm", data)
    assert (extraction.title, extraction.warnings) == ("Prices of 2024", ("holds macros, which are not run",))
    assert dict(extraction.metadata) == {"author": "Ann", "language": "en", "version": "3"}


def test_too_many_cells_are_refused_with_the_number(monkeypatch):
    monkeypatch.setattr(tables, "MOST_CELLS", 8)
    assert read("a.xlsx", workbook(("S", "", SALES)))
    monkeypatch.setattr(tables, "MOST_CELLS", 7)
    with pytest.raises(FootnoteError, match=r"^a\.xlsx holds more than 7 cells with content"):
        read("a.xlsx", workbook(("S", "", SALES), ("T", "", SALES)))


def test_one_long_string_in_every_cell_is_refused(monkeypatch):
    monkeypatch.setattr(tables, "MOST_CHARACTERS", 5000)
    cells = "".join('<c t="s"><v>0</v></c>' for _ in range(60))
    data = workbook(("S", "", f"<sheetData><row>{cells}</row></sheetData>"), strings=[f"<t>{'x' * 100}</t>"])
    with pytest.raises(FootnoteError, match="cells hold more than 5,000 characters"):
        read("a.xlsx", data)


def test_a_sheet_named_a_thousand_times_is_read_as_often_as_the_budget_lasts(monkeypatch):
    monkeypatch.setattr(xlsx_loader, "_MOST_SHEETS", 3)
    with pytest.raises(FootnoteError, match="has 4 sheets, and 3 is the most"):
        read("a.xlsx", workbook(*(("S", "", SALES) for _ in range(4))))


def test_a_sheet_that_is_missing_is_told():
    parts = {"xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheets>'
             '<sheet name="Gone"/></sheets></workbook>'}  # fmt: skip
    with pytest.raises(FootnoteError, match="no text was found"):
        read("a.xlsx", package("xl/workbook.xml", parts))
    assert xlsx_loader.load(package("xl/workbook.xml", parts)).warnings == ("the sheet 'Gone' is missing in the file",)


def test_entities_in_a_sheet_are_refused_and_read_nothing(tmp_path):
    (tmp_path / "secret").write_text("s3cret")
    data = workbook(("S", "", SALES))
    sheet = (
        f'<!DOCTYPE d [<!ENTITY file SYSTEM "file://{tmp_path}/secret">]>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row><c t="str"><v>&file;</v>'
        "</c></row></sheetData></worksheet>"
    )
    data = workbook(("S", "", SALES), extra={"xl/worksheets/sheet1.xml": sheet})
    with pytest.raises(FootnoteError, match="declares XML entities"):
        read("a.xlsx", data)


def test_formulas_of_attack_are_text_like_any_other():
    assert "=cmd|'/c calc'!A1" in read("a.xlsx", workbook(("S", "", rows(("=cmd|'/c calc'!A1", "b"))))).text


@given(st.text("AZ9:$", max_size=12))
def test_no_merged_range_breaks_a_sheet(reference):
    merged = f'<mergeCells><mergeCell ref="{reference}"/></mergeCells>'
    assert "Pump" in xlsx_loader.load(workbook(("S", "", SALES + merged))).text


def test_codes_with_numbers_are_those_of_the_standard():
    assert [number_formats.BUILT_IN[number] for number in (9, 14, 22)] == ["0%", "yyyy-mm-dd", "yyyy-mm-dd h:mm"]


@pytest.mark.parametrize("number", ["NaN", "-3", "²", "99999999999", ""])
def test_a_number_that_is_none_costs_nothing(number):
    cells = f'<row r="{number}"><c r="A{number}" s="{number}"><v>1</v></c><c t="s"><v>{number}</v></c></row>'
    sheet = f'<cols><col min="{number}" max="{number}" hidden="1"/></cols>'
    sheet += f"<sheetData><row><c><v>7</v></c></row>{cells}</sheetData>"
    assert read("a.xlsx", workbook(("S", "", sheet))).text == "S\n\n7\n1"


def test_prose_merged_down_stands_once():
    merged = '<mergeCells><mergeCell ref="A2:A3"/></mergeCells>'
    lines = rows(("Note", "Year"), ("word " * 60, 2020), (None, 2021))
    assert read("a.xlsx", workbook(("S", "", lines + merged))).text.count("word") == 60


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (5, ";;;", False),
        ("words", ";;;", False),
        (0, ";;;", False),
        ("words", ";;", True),
        (5, ";;", False),
        (-5, "0;", False),
        (5, "0;", True),
        (0, "0;", True),
        (0, "0;-0;;@", False),
        (-1, "0;-0;;@", True),
        ("words", "0;-0;;@", True),
        (5, '"";"";"";""', False),
        (5, '"a;b"', True),
        (5, "_);* ;_);", False),
        (5, r"\;", True),
        (5, "[Red]", True),
        (5, "[>9];;;", True),
        (5, "General", True),
    ],
)
def test_a_section_that_is_empty_shows_nothing(value, code, shown):
    assert shows(value, code) is shown


def test_cells_that_their_format_hides_are_left_out_and_counted():
    styles = (
        '<numFmts><numFmt numFmtId="170" formatCode=";;;"/><numFmt numFmtId="171" formatCode="0;-0;;@"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs>'
    )
    cells = (
        '<c><v>1</v></c><c s="1"><v>23</v></c><c s="1" t="s"><v>0</v></c>'
        '<c s="1" t="inlineStr"><is><t>more</t></is></c>'
        '<c s="1" t="b"><v>1</v></c><c s="1" t="e"><v>#REF!</v></c><c s="2"><v>0</v></c><c s="2"><v>4</v></c>'
        '<c s="1"><f>A1</f><v>7</v></c>'
    )
    data = workbook(("S", "", f"<sheetData><row>{cells}</row></sheetData>"), strings=["<t>secret</t>"], styles=styles)
    extraction = read("a.xlsx", data)
    assert (extraction.text, extraction.hidden) == ("S\n\n1 | #REF! | 4", 17)
    assert extraction.warnings == ("17 characters of hidden text were left out",)


def test_zeros_in_front_are_read_as_they_are_shown():
    styles = (
        '<numFmts><numFmt numFmtId="170" formatCode="00000"/></numFmts><cellXfs><xf/><xf numFmtId="170"/></cellXfs>'
    )
    cells = '<row><c t="str"><v>Name</v></c><c t="str"><v>Post code</v></c></row>'
    cells += '<row><c t="str"><v>Ann</v></c><c s="1"><v>1067</v></c></row>'
    extraction = read("a.xlsx", workbook(("S", "", f"<sheetData>{cells}</sheetData>"), styles=styles))
    assert extraction.text.endswith("Name: Ann | Post code: 01067")
