"""Makes the two samples that can't be written by hand: a reaction as DOCX and a two-page summary as PDF.

The same words always give the same bytes: every date in the metadata is fixed. After a change of the words below, run
``python eval/samples/make_documents.py``. Needs reportlab, a development dependency; no other module imports this one.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import docx
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    PageBreak,
    PageTemplate,
    Paragraph,
    Table,
    TableStyle,
)

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
DOCX_NAME, DOCX_DATE = "abpi-reaction.docx", datetime(2022, 10, 17, 9, 0, tzinfo=UTC)
PDF_NAME, PDF_DATE = "summary-for-industry.pdf", datetime(2022, 10, 21, 9, 0, tzinfo=UTC)

REACTION_TITLE = "The ABPI reacts to the NHS Genomics Strategy"
REACTION = (  # (style, words)
    ("Normal", "Stakeholder reaction, dated 17 October 2022"),
    (
        "Normal",
        "The first Genomics Strategy of NHS England has been out for a few days, and stakeholders are beginning to "
        "answer. This page records one answer, that of the ABPI, and who gave it.",
    ),
    ("Heading 1", "Who speaks"),
    (
        "Normal",
        "The answer comes from the ABPI. Its Chief Executive is Richard Torbett. Nothing below is a direct quotation:"
        " the position of the ABPI is reported in our own words, and remarks of ours are marked as ours.",
    ),
    ("Heading 1", "What the ABPI welcomes"),
    (
        "Normal",
        "The ABPI welcomed the focus on expanding testing, upskilling the workforce and supporting research. Taken "
        "one by one, these are the three points on its list:",
    ),
    ("List Bullet", "expanding testing, so that more of it can be offered;"),
    ("List Bullet", "upskilling the workforce, so that there are people who can use it;"),
    ("List Bullet", "supporting research, so that it goes on getting better."),
    (
        "Normal",
        "The half-sentences after the commas are our gloss. The ABPI named the three points; the reasons are how we "
        "understand them.",
    ),
    ("Heading 1", "What comes next"),
    (
        "Normal",
        "The ABPI has announced a full report for early November 2022. It is to contain further recommendations. "
        "Until it appears, this page can say what was welcomed, and not what will be asked for.",
    ),
    ("Heading 1", "How this compares"),
    (
        "Normal",
        "Our remark, not that of the ABPI: a reaction is a choice of emphasis. The strategy has four priority areas, "
        "and a reader could begin with any of them. The ABPI began with testing. Others may begin elsewhere, and we "
        "will collect their reasons as they come in.",
    ),
    (
        "Normal",
        "Readers who want the themes for industry in more detail will find them in a two-page summary, which will "
        "cover partnerships, data, clinical trials and the diversity of genomic data.",
    ),
    (
        "Normal",
        "This page is a sample document that ships with Footnote. It was not written or approved by the ABPI, and it "
        "is not an official publication.",
    ),
)

SUMMARY_TITLE = "Genomics in the NHS: a summary for industry"
SUMMARY_DATE = "21 October 2022"
SUMMARY_FOOTER = "Sample document that ships with Footnote. Not an official publication."
SUMMARY_INTRODUCTION = (
    "This paper is for companies that would like to work with the NHS on genomics. The first page sets out what the "
    "NHS wants to do, the second what that means for industry. Both follow the Genomics Strategy of NHS England, "
    "which came out on 12 October 2022.",
    "The strategy covers five years and names four priority areas. Table 1 gives them in the order of the strategy, "
    "with a question that a company might ask itself about each. The questions are ours.",
)
PRIORITY_AREAS = (
    ("No.", "Priority area", "A question to ask yourself"),
    (
        "1",
        "Embedding genomics across the NHS, with a service model from primary and community care to specialist and "
        "tertiary care",
        "Where along that path would a patient meet what we make?",
    ),
    (
        "2",
        "Equitable genomic testing for prediction, prevention, diagnosis and precision medicine in cancer, rare, "
        "inherited and common diseases",
        "Who could be left out, and what would we do about it?",
    ),
    (
        "3",
        "Genomics at the forefront of the data and digital revolution, with interoperable data infrastructure",
        "Can our systems exchange data with others?",
    ),
    (
        "4",
        "Evolving the service through science, research and innovation",
        "What could we learn together?",
    ),
)
PRIORITY_REMARK = (
    "The areas are numbered, but the numbers are not a ranking. A company will seldom find that its work falls into "
    "one of them alone: a diagnostic test belongs to the second area, its result to the third, and the study that "
    "improves it to the fourth."
)
THEMES_INTRODUCTION = (
    "Four themes concern industry directly. Table 2 says what each is about and what is meant to happen. Where the "
    "strategy announces something that is still to come, the table says so.",
)
THEMES = (
    ("Theme", "What it is about", "What is meant to happen"),
    (
        "Partnerships",
        "Working together early, and in a way that both sides can plan for",
        "A specific mechanism for the NHS to signal its needs and for industry to answer; alignment with "
        "international standards",
    ),
    (
        "Data",
        "Several informatics systems of varying digital maturity are in use today",
        "Shared data standards and a genomics informatics implementation plan, both still to come",
    ),
    (
        "Clinical trials",
        "Equity of access, so that a trial is open to whoever could benefit",
        "Trial targets aligned with standard-of-care testing; horizon scanning, so that trial targets enter the "
        "national directory",
    ),
    (
        "Diversity of genomic data",
        "Data sets that reflect the people whom the NHS serves",
        "Genomics England is enriching data sets with communities of diverse backgrounds; the Whitehead review looks "
        "at diversity in medical devices",
    ),
)
THEMES_REMARK = (
    "Two of the four themes are about agreement more than about technology. Partnerships need a way to say what is "
    "wanted, and data need standards that everybody keeps. We suggest that companies look at these two first.",
    "A memo that explains the themes on data and clinical trials at greater length will follow within the week.",
)

NAVY, PALE, GREY = HexColor("#12355B"), HexColor("#EEF2F7"), HexColor("#51606F")
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10.5, leading=15, spaceAfter=9)
TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=20, leading=25, textColor=NAVY, spaceAfter=4)
DATE = ParagraphStyle("date", parent=BODY, textColor=GREY, spaceAfter=14)
HEADING = ParagraphStyle("heading", parent=TITLE, fontSize=14, leading=18, spaceBefore=6, spaceAfter=6)
CAPTION = ParagraphStyle("caption", parent=BODY, fontName="Helvetica-Bold", textColor=NAVY, spaceBefore=4, spaceAfter=5)
CELL = ParagraphStyle("cell", parent=BODY, fontSize=9.5, leading=13, spaceAfter=0)
HEAD_CELL = ParagraphStyle("head cell", parent=CELL, fontName="Helvetica-Bold", textColor=HexColor("#FFFFFF"))


def make_docx(target: Path) -> None:
    """Write the reaction; the archive gets fixed times because python-docx stamps its parts with the present."""
    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.author, properties.comments = REACTION_TITLE, "Footnote samples", ""
    properties.created = properties.modified = DOCX_DATE.replace(tzinfo=None)
    document.add_heading(REACTION_TITLE, level=0)
    for style, words in REACTION:
        document.add_paragraph(words, style=style)
    loose = io.BytesIO()
    document.save(loose)
    with zipfile.ZipFile(loose) as parts, zipfile.ZipFile(target, "w") as fixed:
        for part in parts.infolist():
            stamped = zipfile.ZipInfo(part.filename, DOCX_DATE.timetuple()[:6])
            fixed.writestr(stamped, parts.read(part), zipfile.ZIP_DEFLATED)


def make_pdf(target: Path) -> None:
    """Write the two-page summary for industry."""
    story: list[Flowable] = [Paragraph(SUMMARY_TITLE, TITLE), Paragraph(SUMMARY_DATE, DATE)]
    story += [Paragraph(words, BODY) for words in SUMMARY_INTRODUCTION]
    story += [Paragraph("Table 1: The four priority areas", CAPTION), _table(PRIORITY_AREAS, (14, 96, 60))]
    story += [Paragraph(PRIORITY_REMARK, ParagraphStyle("remark", parent=BODY, spaceBefore=12)), PageBreak()]
    story += [Paragraph("Themes for industry", HEADING), *(Paragraph(words, BODY) for words in THEMES_INTRODUCTION)]
    story += [Paragraph("Table 2: Themes for industry", CAPTION), _table(THEMES, (34, 58, 78))]
    story += [Paragraph("Where to begin", ParagraphStyle("next", parent=HEADING, spaceBefore=16))]
    story += [Paragraph(words, BODY) for words in THEMES_REMARK]
    width, height = A4
    frame = Frame(18 * mm, 22 * mm, width - 36 * mm, height - 44 * mm)
    template = BaseDocTemplate(str(target), title=SUMMARY_TITLE, author="Footnote samples", lang="en-GB", invariant=1)
    # The furniture is drawn last, so that a page's text begins with its heading and ends with its number.
    template.addPageTemplates(PageTemplate(frames=[frame], onPageEnd=_furniture, pagesize=A4))
    with _clock_at(PDF_DATE):
        template.build(story)


def _table(rows: tuple[tuple[str, ...], ...], widths_mm: tuple[int, ...]) -> Table:
    """A ruled table whose first row is a header and is repeated when the table runs over a page."""
    head, *body = rows
    cells = [[Paragraph(words, HEAD_CELL) for words in head]]
    cells += [[Paragraph(words, CELL) for words in row] for row in body]
    style = [
        ("BACKGROUND", (0, 0), (-1, 0), NAVY),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [HexColor("#FFFFFF"), PALE]),
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, HexColor("#B8C4D2")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
    ]
    return Table(cells, colWidths=[width * mm for width in widths_mm], repeatRows=1, style=TableStyle(style))


def _furniture(canvas: Canvas, template: BaseDocTemplate) -> None:
    """Draw what stands on every page: a band above, a line, a note and the page number below."""
    width, height = A4
    canvas.saveState()
    canvas.setFillColor(NAVY)
    canvas.rect(0, height - 12 * mm, width, 12 * mm, stroke=0, fill=1)
    canvas.setStrokeColor(HexColor("#B8C4D2"))
    canvas.line(20 * mm, 17 * mm, width - 20 * mm, 17 * mm)
    canvas.setFillColor(GREY)
    canvas.setFont("Helvetica", 8.5)
    canvas.drawString(20 * mm, 12 * mm, SUMMARY_FOOTER)
    canvas.drawRightString(width - 20 * mm, 12 * mm, f"Page {template.page} of 2")
    canvas.restoreState()


@contextmanager
def _clock_at(moment: datetime) -> Iterator[None]:
    """Have reportlab stamp this moment: it reads SOURCE_DATE_EPOCH, and would write the year 2000 without it."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(moment.timestamp()))
    try:
        yield
    finally:
        os.environ.pop("SOURCE_DATE_EPOCH")
        if before is not None:
            os.environ["SOURCE_DATE_EPOCH"] = before


def main() -> None:
    """Write both documents into samples/."""
    make_docx(SAMPLES / DOCX_NAME)
    make_pdf(SAMPLES / PDF_NAME)


if __name__ == "__main__":
    main()
