"""Tables of a PDF: rows with their cells, from ruling lines or from columns; prose in columns is none."""

import io

import pytest
from loading_reading import read, spans
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from indexer.boxes import decode, rectangles
from indexer.loading.pdf.columns import find_tables
from indexer.loading.pdf.lines import Line

STYLES = getSampleStyleSheet()
ROWS = [["Year", "Passengers", "Delay"], ["2020", "1,200", "4%"], ["2021", "1,350", "3%"], ["2022", "900", "7%"]]
LINES = [" | ".join(row) for row in ROWS]
BODY = (
    "Staff may travel by train at any time of the day, and they should book the ticket as early as they can, because "
    "the cheapest ticket that fits the purpose is the one that will be refunded."
)


def table(rows, *commands, widths=None):
    return Table(rows, colWidths=widths, style=TableStyle(list(commands)))


def built(*parts):
    stream = io.BytesIO()
    flowables = [Paragraph(part, STYLES["BodyText"]) if isinstance(part, str) else part for part in parts]
    SimpleDocTemplate(stream, pagesize=A4).build(flowables)
    return stream.getvalue()


def rows_of(extraction):
    return [text for kind, text in spans(extraction) if kind == "table_row"]


GRID = ("GRID", (0, 0), (-1, -1), 0.5, colors.black)
HEADER = ("BACKGROUND", (0, 0), (-1, 0), colors.navy)
WHITE = ("TEXTCOLOR", (0, 0), (-1, 0), colors.white)
STRIPES = ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.lightgrey, colors.white])
RULES = ("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.black)


@pytest.mark.parametrize("commands", [[GRID], [GRID, HEADER, WHITE], [RULES], [STRIPES], [HEADER, WHITE], []])
def test_a_table_keeps_its_rows_however_it_is_drawn(commands):
    extraction = read("a.pdf", built(BODY, table(ROWS, *commands), BODY))
    assert spans(extraction) == [("paragraph", BODY), *(("table_row", line) for line in LINES), ("paragraph", BODY)]
    assert extraction.hidden == 0


@pytest.mark.parametrize("commands", [[GRID], [RULES], []])
def test_empty_cells_keep_the_others_in_their_columns(commands):
    rows = [["Code", "Place", "Found", "State"], ["A1", "", "289", ""], ["B2", "C-15", "", "OK"], ["C3", "", "", "OK"]]
    expected = ["Code | Place | Found | State", "A1 | | 289", "B2 | C-15 | | OK", "C3 | | | OK"]
    assert rows_of(read("a.pdf", built(BODY, table(rows, *commands)))) == expected


@pytest.mark.parametrize("commands", [[GRID], [RULES], []])
def test_a_cell_of_several_lines_is_one(commands):
    long = Paragraph("The share of journeys that end within five minutes of the plan", STYLES["BodyText"])
    rows = [["No.", "Measure", "2021", "2022"], ["1", long, "81%", "83%"], ["2", "Cost", "12", "13"]]
    found = rows_of(read("a.pdf", built(table(rows, *commands, widths=[40, 150, 60, 60]))))
    assert found == [
        "No. | Measure | 2021 | 2022",
        "1 | The share of journeys that end within five minutes of the plan | 81% | 83%",
        "2 | Cost | 12 | 13",
    ]


@pytest.mark.parametrize("commands", [[RULES, HEADER, WHITE], [STRIPES, HEADER, WHITE]])
def test_cells_that_all_have_several_lines_are_rows_between_rules_or_in_stripes(commands):
    """The last lines of the last cell stand alone and belong to it; one row has two lines in each cell."""
    last = "Sets enriched with all those who were left out of the trials of medical devices"
    words = [
        ["Theme", "What it is about", "What follows"],
        [
            "Data and the systems",
            "Systems of varying age",
            "Standards, and one plan for all of them at last",
        ],
        ["People and their skills", "Those who work with genomes", "Training for all in the next two years"],
        ["Diversity of the data", "Data that reflect the people", last],
    ]
    rows = [[Paragraph(cell, STYLES["BodyText"]) for cell in row] for row in words]
    found = rows_of(read("a.pdf", built(table(rows, *commands, widths=[70, 100, 110]), BODY)))
    assert found == [" | ".join(row) for row in words]


def test_a_last_cell_of_many_lines_belongs_to_its_row_wholly():
    last = Paragraph("Once in each year, in spring or in summer, as the board decides", STYLES["BodyText"])
    rows = [["No.", "Name", "When"], ["1", "Report", "Monthly"], ["2", "Review", "Weekly"], ["3", "Audit", last]]
    found = rows_of(read("a.pdf", built(table(rows, ("VALIGN", (0, 0), (-1, -1), "TOP"), widths=[40, 60, 90]), BODY)))
    assert found[-1] == "3 | Audit | Once in each year, in spring or in summer, as the board decides"


def test_a_header_may_run_over_several_columns():
    rows = [["", "Before", "", "After", ""], ["Line", "Cost", "Delay", "Cost", "Delay"], ["A", "1", "2", "3", "4"]]
    spanning = ("SPAN", (1, 0), (2, 0)), ("SPAN", (3, 0), (4, 0))
    extraction = read("a.pdf", built(table(rows, GRID, *spanning)))
    assert rows_of(extraction) == ["| Before | | After", "Line | Cost | Delay | Cost | Delay", "A | 1 | 2 | 3 | 4"]
    start = extraction.text.index("Before")
    ((left, _, right, _),) = rectangles(decode(extraction.boxes[0]), start, start + 6)
    assert right - left == pytest.approx(stringWidth("Before", "Helvetica", 10), abs=0.5)


def test_a_cell_over_several_rows_belongs_to_the_first():
    rows = [["Goal", "Type", "Value"], ["Fewer delays", "Target", "5"], ["", "Actual", "7"]]
    spanning = ("SPAN", (0, 1), (0, 2)), ("VALIGN", (0, 1), (0, 2), "BOTTOM")
    assert rows_of(read("a.pdf", built(table(rows, GRID, *spanning)))) == [
        "Goal | Type | Value",
        "Fewer delays | Target | 5",
        "| Actual | 7",
    ]


def test_a_frame_with_few_lines_does_not_run_cells_together():
    rows = [["Year", "Passengers", "Delay", "Cost"], *([f"202{i}", f"1,{i}00", f"{i}%", f"{i}5"] for i in range(5))]
    few = ("BOX", (0, 0), (-1, -1), 1, colors.black), ("LINEAFTER", (1, 0), (1, -1), 1, colors.black)
    below = ("LINEBELOW", (0, 2), (-1, 2), 1, colors.black)
    assert rows_of(read("a.pdf", built(table(rows, *few, below)))) == [" | ".join(row) for row in rows]


def placed(*parts):
    """A page with tables and words where they are told to be, in this order."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    canvas.setFont("Helvetica", 10)
    for part, x, y in parts:
        if isinstance(part, str):
            canvas.drawString(x, y, part)
        else:
            part.wrapOn(canvas, 400, 400)
            part.drawOn(canvas, x, y)
    canvas.save()
    return stream.getvalue()


def test_two_halves_of_a_table_are_one():
    left, right = table([row[:2] for row in ROWS], GRID, widths=[60, 60]), table([row[2:] * 2 for row in ROWS], GRID)
    assert rows_of(read("a.pdf", placed((left, 72, 500), (right, 200, 500)))) == [
        " | ".join([*row, row[2]]) for row in ROWS
    ]


def test_what_stands_above_a_table_comes_before_it_though_it_is_written_later():
    data = placed((table(ROWS, GRID), 72, 500), ("Passengers and delays", 72, 600), ("Source: the ministry", 72, 480))
    assert [text for _, text in spans(read("a.pdf", data))] == [
        "Passengers and delays",
        *LINES,
        "Source: the ministry",
    ]


def test_a_header_to_the_left_over_figures_to_the_right_is_theirs():
    rows = [["Year", "Freshwater ducks"], ["2019", "120"], ["2020", "135"], ["2021", "150"]]
    right = (
        ("ALIGN", (0, 1), (-1, -1), "RIGHT"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 1),
    )
    found = rows_of(read("a.pdf", built(BODY, table(rows, *right, widths=[64, 90]))))
    assert found == [" | ".join(row) for row in rows]


def test_labels_and_values_are_rows():
    rows = [["Name:", "Ada Lovelace"], ["Place of birth:", "London"], ["Born:", "10 December 1815"]]
    assert rows_of(read("a.pdf", built(BODY, table(rows)))) == [" | ".join(row) for row in rows]


def test_a_cell_knows_its_place():
    extraction = read("a.pdf", built(table(ROWS, GRID, widths=[100, 100, 100])))
    start = extraction.text.index("1,350")
    ((left, top, right, bottom),) = rectangles(decode(extraction.boxes[0]), start, start + 5)
    first = extraction.text.index("2021")
    ((label, label_top, _, _),) = rectangles(decode(extraction.boxes[0]), first, first + 4)
    assert abs(left - label - 100) < 1
    assert abs(top - label_top) < 1
    assert 20 < right - left < 35
    assert 8 < bottom - top < 15


def columns(left, right, *, in_turn):
    """Two columns of lines; ``in_turn``: written row by row, as recognition of scans does."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    canvas.setFont("Helvetica", 10)
    pieces = [(72, 700 - 12 * i, text) for i, text in enumerate(left)]
    others = [(320, 700 - 12 * i, text) for i, text in enumerate(right)]
    ordered = [piece for pair in zip(pieces, others, strict=True) for piece in pair] if in_turn else pieces + others
    for x, y, text in ordered:
        canvas.drawString(x, y, text)
    canvas.save()
    return stream.getvalue()


LEFT = [
    "The council met on the third day of the",
    "month and heard what the officers had to",
    "say about the bridge, which had been closed",
    "since the flood. They said that it would take",
    "two years to build it again, and that until",
    "then a ferry would have to do. The members",
    "asked what the ferry would cost, and nobody",
    "was able to tell them before the vote was",
]
RIGHT = [
    "taken. So the matter was put off, and in the",
    "next month the same question was asked again",
    "with the same result. Only in the summer was",
    "there a figure, and by then the ferry had been",
    "sold to another town further down the river,",
    "where the bridge had been lost too. It was then",
    "decided to wait for the bridge, and to mend the",
    "road over the hills in the meantime.",
]


@pytest.mark.parametrize("in_turn", [False, True])
def test_columns_of_prose_are_read_one_after_the_other(in_turn):
    extraction = read("a.pdf", columns(LEFT, RIGHT, in_turn=in_turn))
    assert extraction.text == " ".join(LEFT + RIGHT)


def test_a_list_is_no_table():
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    for index, text in enumerate(["Quiet hours", "No smoking", "Pets on a lead", "Keys at the desk"]):
        canvas.drawString(72, 700 - 14 * index, f"{index + 1}.")
        canvas.drawString(108, 700 - 14 * index, text)
    canvas.save()
    assert spans(read("a.pdf", stream.getvalue()))[0] == ("list_item", "1. Quiet hours")
    assert rows_of(read("a.pdf", stream.getvalue())) == []


def test_a_frame_around_prose_is_no_table():
    cells = [[Paragraph(BODY * 3, STYLES["BodyText"]), Paragraph(BODY * 3, STYLES["BodyText"])]] * 2
    assert rows_of(read("a.pdf", built(table(cells, GRID)))) == []


def coloured(cells, *, words=()):
    """A PDF of painted areas, each (column, row, columns wide, text) of 80 by 20 points, and words over them."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    canvas.setFont("Helvetica", 10)
    for column, row, width, text in cells:
        canvas.setFillGray(0.8 if row % 2 else 0.9)
        canvas.rect(72 + 80 * column, 680 - 20 * row, 80 * width, 20, stroke=0, fill=1)
        canvas.setFillGray(0)
        canvas.drawString(76 + 80 * column, 686 - 20 * row, text)
    for x, y, text in words:
        canvas.drawString(x, y, text)
    canvas.save()
    return stream.getvalue()


PAINTED = [(0, 0, 1, ""), (1, 0, 2, "Price of all"), (0, 1, 1, "Bus"), (1, 1, 1, ""), (2, 1, 1, "12"),
           (0, 2, 1, "Tram"), (1, 2, 1, "8"), (2, 2, 1, "")]  # fmt: skip


def test_painted_cells_edge_to_edge_are_a_table_that_keeps_its_empty_cells():
    assert rows_of(read("a.pdf", coloured(PAINTED))) == ["| Price of all", "Bus | | 12", "Tram | 8"]


def test_painted_words_that_do_not_tile_are_no_table():
    steps = [(step, step, 1, f"Step {step} of five") for step in range(5)]
    assert rows_of(read("a.pdf", coloured(steps))) == []


def test_words_that_lie_over_a_table_are_not_cut_into_its_cells():
    cells = [*PAINTED[:6], (1, 2, 1, ""), (2, 2, 1, "")]
    extraction = read("a.pdf", coloured(cells, words=[(112, 646, "X" * 25)]))
    assert [text for _, text in spans(extraction)] == ["| Price of all", "Bus | | 12", "Tram", "X" * 25]


def test_a_word_that_is_too_long_for_its_cell_is_not_cut():
    cells = [*PAINTED[:5], (0, 2, 1, "Donaudampfschifffahrt"), (1, 2, 1, ""), (2, 2, 1, "8")]
    assert rows_of(read("a.pdf", coloured(cells)))[-1] == "Donaudampfschifffahrt | | 8"


def beside(*columns):
    """Pieces of lines, each column (left, texts) written one after the other, every text 40 points wide."""
    return [
        Line(text, left, left + (4.0 if len(text) == 1 else 40.0), -14.0 * row, 10.0)
        for left, texts in columns
        for row, text in enumerate(texts)
    ]


def test_lists_side_by_side_are_no_table():
    marked = ((72.0, "\u2022" * 4), (86.0, ["Alpha", "Beta", "Gamma", "Delta"]))
    numbered = (200.0, ["1. One", "2. Two", "3. Three", "4. Four"])
    lines = beside(*marked, numbered)
    assert find_tables(lines, range(len(lines))) == []
    (found,) = find_tables(lines := beside(*marked, (200.0, ["One", "Two", "Three", "Four"])), range(len(lines)))
    assert len(found.rows) == 4


@pytest.mark.parametrize("mark", ["\u2022", "\u25cf"])
def test_marks_alone_in_the_cells_of_a_table_are_no_lists(mark):
    rows = [["Tool", "Fast", "Free", "Safe"], *([f"Tool {number}", mark, mark, mark] for number in range(4))]
    assert rows_of(read("a.pdf", built(table(rows, widths=[90] * 4)))) == [" | ".join(row) for row in rows]
