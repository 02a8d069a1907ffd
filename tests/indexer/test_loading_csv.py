"""CSV: delimiters, encodings, quoted line breaks, rows of any length."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loading_reading import read, spans

from indexer.loading import tables
from indexer.loading.plain import csv_loader
from schema import FootnoteError


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("Name,Age\nAnn,4\n", ["Name | Age", "Name: Ann | Age: 4"]),
        ("Name;Size\nAnn;1,5\nBob;2,5\n", ["Name | Size", "Name: Ann | Size: 1,5", "Name: Bob | Size: 2,5"]),
        ("Name\tAge\nAnn\t4", ["Name | Age", "Name: Ann | Age: 4"]),
        ("Name|Age\nAnn|4", ["Name | Age", "Name: Ann | Age: 4"]),
        ("sep=;\nName;Age\nAnn;4,5", ["Name | Age", "Name: Ann | Age: 4,5"]),
        ('Name,Text\nAnn,"two\nlines, one ""field"""\n', ["Name | Text", 'Name: Ann | Text: two lines, one "field"']),
        ("Name,Age\nAnn\nBob,5,more\nCid,6\nDan,7", ["Name | Age", "Ann", "Bob | 5 | more", "Cid | 6", "Dan | 7"]),
        ("Name,Age\n\nAnn,4\n\n\nBob,5", ["Name | Age", "Name: Ann | Age: 4", "Name: Bob | Age: 5"]),
        ("Name,Age\n,\nAnn,4\nBob,5", ["Name | Age", "Name: Ann | Age: 4", "Name: Bob | Age: 5"]),
        (
            "Area,Sold\nNorth,5\n\nItem,Left\nPen,7\n",
            ["Area | Sold", "Area: North | Sold: 5", "Item | Left", "Item: Pen | Left: 7"],
        ),
        ("Area,Sold\nNorth,5\n,,\nPen,7\nInk,8", ["Area | Sold", "Area: North | Sold: 5", "Pen | 7", "Ink | 8"]),
        (
            "Name,City\nAnn,Rome\n\nBob,Oslo\nCid,Bonn",
            ["Name | City", "Name: Ann | City: Rome", "Bob | Oslo", "Cid | Bonn"],
        ),
        (
            "Name,City\nAnn,Rome\n\nItem,Colour,Size\nPen,red,long",
            ["Name | City", "Name: Ann | City: Rome", "Item | Colour | Size", "Item: Pen | Colour: red | Size: long"],
        ),
        (
            "Area,Sold\nNorth,5\n\nStock\nItem,Left\nPen,7",
            ["Area | Sold", "Area: North | Sold: 5", "Stock", "Item | Left", "Item: Pen | Left: 7"],
        ),
        ("Report,Sales\n\nItem,Left\nPen,7", ["Report | Sales", "Item | Left", "Item: Pen | Left: 7"]),
        ("1,2\n3,4", ["1 | 2", "3 | 4"]),
        ("Just words\nand more", ["Just words", "and more"]),
        ("\ufeffName,Age\r\nAnn,4\r\n", ["Name | Age", "Name: Ann | Age: 4"]),
        ("Name,Price\nAnn,\nBob,\n", ["Name | Price", "Ann", "Bob"]),
    ],
)  # fmt: skip
def test_rows(content, lines):
    extraction = read("a.csv", content)
    assert [text for kind, text in spans(extraction)] == lines
    assert (extraction.title, extraction.warnings) == (None, ())


def test_a_title_above_the_table_is_a_paragraph():
    assert spans(read("a.csv", "Sales of 2021\nYear,Sold\n2021,3\n"))[0] == ("paragraph", "Sales of 2021")


@pytest.mark.parametrize(
    ("encoding", "content"), [("utf-16", "名前,年齢\n佐藤,3\n"), ("cp1252", "Größe,Straße\nétage café,Köln à Nice\n")]
)
def test_an_encoding_is_found_as_for_every_text(encoding, content):
    assert read("a.csv", content.encode(encoding)).text.split(" | ")[0] == content.split(",")[0]


def test_too_many_cells_and_a_field_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(tables, "MOST_CELLS", 3)
    with pytest.raises(FootnoteError, match=r"^a\.csv holds more than 3 cells"):
        read("a.csv", "a,b\n1,2\n")
    monkeypatch.setattr(csv_loader, "_LONGEST_FIELD", 100)
    with pytest.raises(FootnoteError, match=r"^a\.csv can't be read as CSV: field larger than field limit"):
        read("a.csv", 'a,"' + "x" * 200)


@given(st.lists(st.lists(st.text("ab,;\"\n'é ", max_size=6), min_size=2, max_size=4), min_size=1, max_size=6))
def test_every_cell_that_was_written_is_read(table):
    stream = io.StringIO()
    csv.writer(stream).writerows(table)
    extraction = csv_loader.load(stream.getvalue().encode())
    letters = sorted(letter for row in table for cell in row for letter in cell if letter in "abé")
    found = sorted(letter for letter in extraction.text if letter in "abé")
    assert len(found) >= len(letters)
    assert set(found) == set(letters)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data):
    try:
        csv_loader.load(data)
    except FootnoteError:
        return
