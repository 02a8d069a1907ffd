"""Pictures in office documents: counted for a warning when they may hold words, each once."""

import io

import docx
import pytest
from docx.shared import Inches
from loading_reading import read
from office_making import (
    C,
    P,
    open_document,
    package,
    picture,
    presentation,
    relations,
    rows,
    shape,
    slide,
    workbook,
)
from PIL import Image

from indexer.loading.office.pictures import Pictures

ONE, TWO = ("1 picture in it is not read",), ("2 pictures in it are not read",)
BIG, ICON = (914_400, 457_200), (457_200, 457_200)
"""Two inches by one, and half an inch: the sides of pictures in English metric units."""


def png(colour):
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(stream, "PNG")
    stream.seek(0)
    return stream


def saved(document):
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def test_pictures_of_a_word_document_are_counted_each_once():
    document = docx.Document()
    document.add_paragraph("Text")
    for colour in ("red", "blue", "red"):
        document.add_picture(png(colour), width=Inches(2))
    assert read("a.docx", saved(document)).warnings == TWO


def test_an_icon_and_a_rule_are_no_pictures_to_warn_about():
    document = docx.Document()
    document.add_paragraph("Text")
    document.add_picture(png("red"), width=Inches(0.5), height=Inches(0.5))
    document.add_picture(png("blue"), width=Inches(6), height=Inches(0.1))
    assert read("a.docx", saved(document)).warnings == ()
    document.add_picture(png("red"), width=Inches(0.51), height=Inches(0.5))
    assert read("a.docx", saved(document)).warnings == ONE


def test_a_picture_in_a_page_header_is_not_counted_and_one_in_a_table_is():
    document = docx.Document()
    document.add_paragraph("Text")
    document.sections[0].header.paragraphs[0].add_run().add_picture(png("red"), width=Inches(2))
    assert read("a.docx", saved(document)).warnings == ()
    document.add_table(1, 2).cell(0, 1).paragraphs[0].add_run().add_picture(png("red"), width=Inches(2))
    assert read("a.docx", saved(document)).warnings == ONE


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


def word(content):
    """A document of one paragraph with this beside its words."""
    paragraph = f"<w:p><w:r><w:t>Text</w:t></w:r>{content}</w:p>"
    parts = {
        "word/document.xml": f"<w:document {W} {P} {MC}><w:body>{paragraph}</w:body></w:document>",
        "word/_rels/document.xml.rels": relations(("image", "media/a.png"), ("image", "media/b.png")),
        "word/media/a.png": b"a",
        "word/media/b.png": b"b",
    }
    return read("a.docx", package("word/document.xml", parts)).warnings


def old(number, style):
    """A picture as old programs store it."""
    shown = f'<v:shape style="{style}"><v:imagedata r:id="r{number}"/></v:shape>'
    return f'<w:r><w:pict xmlns:v="urn:schemas-microsoft-com:vml">{shown}</w:pict></w:r>'


@pytest.mark.parametrize(
    ("style", "warnings"),
    [("width:200pt;height:1in", ONE), ("width:200pt;height:5pt", ()), ("width:30pt; height:30pt", ()), ("x:1", ONE)],
)
def test_pictures_of_old_programs_have_their_sides_in_their_style(style, warnings):
    assert word(old(1, style)) == warnings


def test_a_deleted_picture_is_none_and_a_linked_one_counts():
    big = "width:9cm;height:9cm"
    assert word(f"<w:del>{old(1, big)}</w:del><w:moveFrom>{old(2, big)}</w:moveFrom>") == ()
    assert word(picture(1, *BIG).replace("r:embed", "r:link") + picture(7, *BIG)) == TWO


def test_what_old_programs_show_instead_of_words_is_no_picture_and_of_anything_else_is():
    def both(choice):
        fallback = f"<mc:Fallback>{old(1, 'width:9cm;height:9cm')}</mc:Fallback>"
        return word(f"<mc:AlternateContent><mc:Choice>{choice}</mc:Choice>{fallback}</mc:AlternateContent>")

    assert both("<w:r><w:t>Words</w:t></w:r>") == ()
    assert both("<w:r><w:drawing/></w:r>") == ONE
    assert both(picture(1, *BIG)) == ONE


def slides(content, frame=""):
    extra = {
        "ppt/slides/_rels/slide1.xml.rels": relations(("image", "../media/a.png"), ("image", "../media/b.png")),
        "ppt/media/a.png": b"a",
        "ppt/media/b.png": b"b",
    }
    return read("a.pptx", presentation(slide(shape("Text") + content), extra=extra)).warnings


def test_pictures_of_a_slide():
    assert slides(picture(1, *BIG) + picture(1, *BIG) + picture(2, *ICON)) == ONE
    assert slides(picture(1, *BIG) + picture(2, *BIG)) == TWO
    filled = '<p:sp><p:spPr><a:blipFill><a:blip r:embed="r1"/></a:blipFill></p:spPr></p:sp>'
    assert slides(filled) == ONE
    bullet = shape("b", properties='<a:pPr><a:buBlip><a:blip r:embed="r1"/></a:buBlip></a:pPr>')
    assert slides(bullet) == ()
    off = picture(1, *BIG).replace("<p:nvPicPr>", '<p:nvPicPr><p:cNvPr hidden="1"/>')
    assert slides(off) == ()


def test_a_group_scales_the_pictures_in_it():
    def group(inner, outer, attributes=""):
        place = f'<a:xfrm {attributes}><a:off x="0" y="0"/><a:ext cx="{outer}" cy="{outer}"/>'
        place += f'<a:chOff x="0" y="0"/><a:chExt cx="{inner}" cy="{inner}"/></a:xfrm>'
        return f"<p:grpSp><p:grpSpPr>{place}</p:grpSpPr>{picture(1, *BIG)}</p:grpSp>"

    assert slides(group(1000, 1000)) == slides(group(1000, 501)) == ONE
    assert slides(group(1000, 499)) == ()
    assert slides(group(1000, 499, 'rot="600000"')) == ONE


def sheet(anchor="", extra=()):
    parts = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(("drawing", "../drawings/drawing1.xml")),
        "xl/drawings/drawing1.xml": f"<d:wsDr xmlns:d='d' {C}>{anchor}</d:wsDr>",
        "xl/drawings/_rels/drawing1.xml.rels": relations(("image", "../media/a.png")),
        "xl/media/a.png": b"a",
    }
    return read("a.xlsx", workbook(("S", "", rows(("a", "b"))), extra=parts | dict(extra))).warnings


def test_pictures_on_a_sheet_have_the_sides_of_their_anchor_where_their_own_are_zeros():
    def anchored(cx, cy):
        extent = f'<d:ext cx="{cx}" cy="{cy}"/>'
        return sheet(f"<d:oneCellAnchor>{extent}{picture(1, 0, 0)}</d:oneCellAnchor>")

    assert sheet() == anchored(*ICON) == ()
    assert anchored(*BIG) == sheet(f"<d:twoCellAnchor>{picture(1, 0, 0)}</d:twoCellAnchor>") == ONE


@pytest.mark.parametrize("part", ["xl/richData/richValueRel.xml", "xl/cellimages.xml"])
def test_pictures_in_cells_and_previews_of_objects_count(part):
    folder, _, name = part.rpartition("/")
    named = relations(("image", "/xl/media/a.png"))
    assert sheet(extra={part: "<x/>", f"{folder}/_rels/{name}.rels": named}) == ONE
    assert sheet(extra={"xl/worksheets/_rels/sheet1.xml.rels": named}) == ONE
    damaged = sheet(extra={part: "<x/>", f"{folder}/_rels/{name}.rels": "<broken"})
    assert damaged == ("the list of pictures in cells is damaged and was not read",)


def frame(name, width="9cm", height="9cm"):
    sides = f'svg:width="{width}" svg:height="{height}"'
    return (
        f'<draw:frame {sides}><draw:image xlink:href="Pictures/{name}"/><draw:image xlink:href="x.svg"/></draw:frame>'
    )


@pytest.mark.parametrize(
    ("content", "warnings"),
    [
        (frame("a"), ONE),
        (frame("a") + frame("b"), TWO),
        (frame("a") + frame("a") + frame("b", "1.27cm", "0.5in") + frame("c", "10cm", "3mm"), ONE),
        ('<draw:frame><draw:object xlink:href="Object 1"/><draw:image xlink:href="Old/Object 1"/></draw:frame>', ONE),
        (f"<text:tracked-changes>{frame('a')}</text:tracked-changes>", ()),
        (f"<office:annotation>{frame('a')}</office:annotation>", ()),
        (f'<text:section text:display="none">{frame("a")}</text:section>', ()),
        (f"<table:covered-table-cell>{frame('a')}</table:covered-table-cell>", ()),
    ],
)
@pytest.mark.parametrize("kind", ["text", "spreadsheet", "presentation"])
def test_pictures_of_open_documents(kind, content, warnings):
    words = f"<text:p>Text{content}</text:p>"
    body = {
        "text": words,
        "spreadsheet": f'<table:table table:name="S"><table:shapes>{content}</table:shapes><table:table-row>'
        "<table:table-cell><text:p>Text</text:p></table:table-cell></table:table-row></table:table>",
        "presentation": f"<draw:page><draw:frame><draw:text-box>{words}</draw:text-box></draw:frame></draw:page>",
    }[kind]
    name = {"text": "a.odt", "spreadsheet": "a.ods", "presentation": "a.odp"}[kind]
    assert read(name, open_document(kind, body)).warnings == warnings


PICT = r"{\pict\pngblip\picwgoal2880\pichgoal1440 00ff}"


@pytest.mark.parametrize(
    ("content", "warnings"),
    [
        (PICT, ONE),
        (PICT + PICT, TWO),
        (rf"{{\*\shppict{PICT}}}{{\nonshppict{PICT}}}", ONE),
        (rf"{{\shp{{\*\shpinst{{\sp{{\sn pib}}{{\sv {PICT}}}}}}}{{\shprslt {PICT}}}}}", ONE),
        (rf"{{\object{{\*\objdata 00}}{{\result {PICT}}}}}", ONE),
        (rf"{{\header {PICT}}}{{\*\listtable{{\*\listpicture{{\*\shppict{PICT}}}}}}}", ()),
        (r"{\pict\picwgoal720\pichgoal720 00}", ()),
        (r"{\pict\picwgoal720\pichgoal720\picscalex200 00}", ONE),
        (r"{\pict\picwgoal2880\pichgoal1440\picscalex20\picscaley20 00}", ()),
        (r"{\pict{\*\picprop{\sp{\sn a}{\sv 1}}}\picwgoal720\pichgoal720 00}", ()),
        (r"{\pict 00}", ONE),
        (rf"{{\deleted {PICT}}}", ()),
        (rf"{{\v {PICT}}}", ()),
    ],
)
def test_pictures_of_rtf(content, warnings):
    extraction = read("a.rtf", rf"{{\rtf1 Text{content}}}")
    assert (extraction.text, extraction.warnings) == ("Text", warnings)


def test_a_size_that_is_none_is_not_believed():
    for attributes in ('cx="1" cy="abc"', 'cx="1"', ""):
        broken = picture(1, *ICON).replace('cx="457200" cy="457200"', attributes)
        assert slides(broken) == ONE
    assert Pictures().warnings() == ()
