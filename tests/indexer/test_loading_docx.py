"""DOCX: document order, styles, tables, and archives that must not be unpacked."""

import io
import random
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from loading_reading import read, spans

from indexer.loading import docx_loader, packages
from schema import FootnoteError

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TEMPLATE = Path(docx.__file__).parent / "templates" / "default.docx"


def saved(document) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    """The empty template with one part replaced or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(TEMPLATE) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            if item.filename != name:
                target.writestr(item, source.read(item.filename))
        target.writestr(name, content)
    return stream.getvalue()


def body(xml: str) -> bytes:
    """A document whose body is the given XML."""
    document = docx.Document()
    element = parse_xml(f"<w:body {W}>{xml}</w:body>")
    for child in list(element):
        document.element.body.insert(len(document.element.body) - 1, child)
    return saved(document)


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def test_blocks_in_document_order():
    document = docx.Document()
    document.core_properties.title = "Word Document"
    document.add_heading("Travel policy", 0)
    document.add_paragraph("Published 20 October 2022")
    document.add_heading("Scope", 1)
    paragraph = document.add_paragraph("It holds for ")
    paragraph.add_run("everybody").bold = True
    paragraph.add_run("\tand\nall.")
    document.add_paragraph("first", style="List Bullet")
    document.add_paragraph("second", style="List Number")
    table = document.add_table(2, 2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Costs"
    table.cell(1, 0).text, table.cell(1, 1).text = "2021", "10\n20"
    frame = document.add_table(1, 1).cell(0, 0)
    frame.text = "In a frame"
    document.add_heading("Details", 9)
    extraction = read("policy.docx", saved(document))
    assert spans(extraction) == [
        ("heading1", "Travel policy"),
        ("paragraph", "Published 20 October 2022"),
        ("heading1", "Scope"),
        ("paragraph", "It holds for everybody and all."),
        ("list_item", "first"),
        ("list_item", "second"),
        ("table_row", "Costs"),
        ("table_row", "2021 | 10 20"),
        ("paragraph", "In a frame"),
        ("heading6", "Details"),
    ]
    assert (extraction.title, extraction.date, extraction.pages) == ("Travel policy", "2022-10-20", ())


def test_title_of_the_properties():
    document = docx.Document()
    document.core_properties.title = "Travel policy 2022"
    document.add_heading("Scope", 1)
    assert read("a.docx", saved(document)).title == "Travel policy 2022"


def test_broken_properties_do_not_cost_the_text():
    document = docx.Document()
    document.add_paragraph("Text")
    data, stream = saved(document), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(stream, "w") as target:
        for item in source.infolist():
            content = source.read(item.filename)
            wrong = (b"application/vnd.openxmlformats-package.core-properties+xml", b"application/xml")
            target.writestr(item.filename, content.replace(*wrong) if item.filename.startswith("[") else content)
    assert (read("a.docx", stream.getvalue()).text, read("a.docx", stream.getvalue()).title) == ("Text", None)


def test_links_insertions_and_content_controls_are_text_and_deletions_are_not():
    data = body(
        f"<w:p>{run('See ')}<w:hyperlink>{run('the law')}</w:hyperlink><w:ins>{run(' now')}</w:ins>"
        f"<w:del><w:r><w:delText>never</w:delText></w:r></w:del>"
        f"<w:fldSimple>{run('!')}</w:fldSimple><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
        f"<w:sdt><w:sdtContent><w:p>{run('Controlled')}</w:p></w:sdtContent></w:sdt>"
    )
    assert read("a.docx", data).text == "See the law now!\n\nControlled"


def test_a_text_box_is_read_once_and_after_its_paragraph():
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    box = f"<w:txbxContent><w:p>{run('Boxed')}</w:p></w:txbxContent>"
    alternate = (
        f"<mc:AlternateContent {mc}><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    )
    data = body(f"<w:p>{run('Before ')}<w:r>{alternate}</w:r>{run('after')}</w:p>")
    assert read("a.docx", data).text == "Before after\n\nBoxed"


def test_headings_by_outline_level_and_lists_by_numbering():
    data = body(
        f'<w:p><w:pPr><w:outlineLvl w:val="2"/></w:pPr>{run("Third")}</w:p>'
        f'<w:p><w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr>{run("item")}</w:p>'
        f'<w:p><w:pPr><w:numPr><w:numId w:val="0"/></w:numPr></w:pPr>{run("no item")}</w:p>'
    )
    assert spans(read("a.docx", data)) == [("heading3", "Third"), ("list_item", "item"), ("paragraph", "no item")]


def test_nested_tables_are_read_once():
    inner = f"<w:tbl><w:tr><w:tc><w:p>{run('b')}</w:p></w:tc><w:tc><w:p>{run('c')}</w:p></w:tc></w:tr></w:tbl>"
    data = body(f"<w:tbl><w:tr><w:tc><w:p>{run('a')}</w:p></w:tc><w:tc>{inner}<w:p/></w:tc></w:tr></w:tbl>")
    assert spans(read("a.docx", data)) == [("table_row", "a | b c")]


def with_entities(declarations: str, use: str) -> bytes:
    """A document that declares entities and uses them behind the word "Text"."""
    runs = f"{run('Text')}<w:r><w:t>{use}</w:t></w:r>"
    document = f"<w:document {W}><w:body><w:p>{runs}</w:p></w:body></w:document>"
    return with_part("word/document.xml", f'<?xml version="1.0"?><!DOCTYPE d [{declarations}]>{document}'.encode())


def test_external_and_internal_entities_are_not_expanded(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    data = with_entities(f'<!ENTITY ha "haha"><!ENTITY file SYSTEM "file://{secret}">', "&ha;&file;")
    assert read("a.docx", data).text == "Text"


def test_an_entity_bomb_is_refused():
    bomb = '<!ENTITY e0 "ha">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    with pytest.raises(FootnoteError, match="can't be read as DOCX"):
        read("a.docx", with_entities(bomb, "&e9;"))


@pytest.mark.parametrize(
    ("size", "most", "compresses"), [(5_000_000, 200_000_000, True), (2_000_000, 1_500_000, False)]
)
def test_a_zip_bomb_is_refused_before_it_is_unpacked(size, most, compresses, monkeypatch):
    content = b"0" * size if compresses else random.Random(1).randbytes(size)  # noqa: S311
    data = with_part("word/media/image.bin", content)
    monkeypatch.setattr(packages, "MOST_UNPACKED", most)
    monkeypatch.setattr(docx_loader, "Document", lambda _: pytest.fail("unpacked"))
    with pytest.raises(
        FootnoteError, match=r"^a\.docx unpacks from [\d,]+ to \d,[\d,]+ bytes: it looks like a zip bomb\.$"
    ):
        read("a.docx", data)


def test_too_many_parts_are_refused(monkeypatch):
    monkeypatch.setattr(packages, "MOST_ENTRIES", 5)
    with pytest.raises(FootnoteError, match=r"holds \d+ parts, and 5 is the most: it may be a zip bomb"):
        read("a.docx", TEMPLATE.read_bytes())


def test_a_forged_size_in_the_directory_is_no_way_in():
    data = with_part("word/document.xml", b" " * 3_000_000)
    assert data.count((3_000_000).to_bytes(4, "little")) == 2
    with pytest.raises(FootnoteError, match="may be damaged"):
        read("a.docx", data.replace((3_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")))


def test_a_document_without_text_is_refused():
    with pytest.raises(FootnoteError, match=r"a\.docx is empty: no text was found in it"):
        read("a.docx", saved(docx.Document()))


def test_a_document_cut_short_is_refused():
    with pytest.raises(FootnoteError, match=r"a\.docx is a damaged ZIP archive or Office document: it may"):
        read("a.docx", TEMPLATE.read_bytes()[:-3000])
