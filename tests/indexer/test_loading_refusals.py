"""Bad input: each file gets one sentence that names it, says what is wrong and what to do."""

import io
import os
import socket
import zipfile

import pytest

from indexer import loading
from indexer.loading import load, load_bytes, sniffing
from indexer.loading.formats import Format
from indexer.loading.sniffing import content_kind, detect_format
from schema import FootnoteError

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 50
EXE = b"MZ\x90\x00\x03\x00\x00\x00" + b"\x00" * 200
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500
MAIL = b"From: a@example.org\r\nTo: b@example.org,\r\n c@example.org\r\nSubject: x\r\n\r\nHello"


def archive(*names: str, **contents: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name, content in (dict.fromkeys(names, "content") | contents).items():
            target.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.txt", b"", "a.txt is empty."),
        ("a.pdf", b" \n\t ", "a.pdf is empty."),
        ("a.txt", "\ufeff\u200b\u00a0".encode(), "a.txt is empty: no text was found in it."),
        ("a.md", b"---\ntitle: x\n---\n", "a.md is empty: no text was found in it."),
        ("a.md", b"![](scan.png)", "a.md is empty: no text was found in it (1 picture in it is not read)."),
        (
            *("a.html", b"<body><img src=1.png><img src=2.png><p hidden>no"),
            "a.html is empty: no text was found in it (2 characters that it hides from its readers were left out; "
            "2 pictures in it are not read).",
        ),
        ("a.txt", EXE, "a.txt looks like a program, not text."),
        ("a", EXE, "a looks like a program, not a document."),
        ("a.md", b"text\x00text", "a.md looks like binary data, not Markdown."),
        ("a.txt", bytes(range(1, 32)) * 9, "a.txt looks like binary data, not text."),
        ("a.docx", b"<!DOCTYPE html><p>x", "a.docx looks like an HTML page, not a DOCX document: give it"
         " the extension that fits, such as .html."),
        ("a.pdf", b"<html><p>x", "a.pdf looks like an HTML page, not a PDF document: give it"
         " the extension that fits, such as .html."),
        ("a.txt", b"%PDF-1.4\n", "a.txt looks like a PDF document, not text: give it"
         " the extension that fits, such as .pdf."),
        ("a.docx", b"some text", "a.docx can't be read as a DOCX document: it does not begin like one, so it is"
         " damaged or something else."),
        ("a.docx", archive("visio/document.xml", "[Content_Types].xml"),
         "a.docx looks like an Office file of another kind, not a DOCX document."),
        ("a.docx", OLE + "EncryptedPackage\0".encode("utf-16-le"),
         "a.docx is protected by a password: save a copy without the password."),
        ("a.docx", OLE, "a.docx looks like an old Microsoft Office file, not a DOCX document."),
        ("a.pdf", b"no PDF at all", "a.pdf can't be read as a PDF (its structure is broken): it may be"
         " cut short or damaged."),
        ("a.vsdx", b"PK\x03\x04", "a.vsdx is of type .vsdx, which is not supported."),
        ("a.txt", b"\xff\xfeabc", "a.txt says that it is UTF-16, but it is not: truncated data at byte 4."),
        ("\u202ea\n\udcff.txt", b"", "\\u202ea\\n\\xff.txt is empty."),
    ],
)  # fmt: skip
def test_refused_with_a_sentence(name, data, sentence):
    with pytest.raises(FootnoteError) as caught:
        load_bytes(name, data)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_text_and_binary_that_looks_like_it_is_not(order):
    assert load_bytes("a.txt", "The fee is 3 euros.".encode(order)).text == "The fee is 3 euros."
    with pytest.raises(FootnoteError, match="looks like binary data, not text"):
        load_bytes("a.txt", "".join(map(chr, range(1, 120))).encode(order))


def ole(class_id: bytes = bytes(4), stream: str = "") -> bytes:
    """An OLE file whose directory is its third sector, with a root of this class and one stream."""
    header = OLE[:30] + (9).to_bytes(2, "little") + bytes(16) + (2).to_bytes(4, "little")
    root = "Root Entry".encode("utf-16-le").ljust(80, b"\0") + class_id.ljust(48, b"\0")
    return header.ljust(3 * 512, b"\0") + root + f"{stream}\0".encode("utf-16-le").ljust(128, b"\0")


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (archive("[Content_Types].xml", "word/document2.xml"), "docx"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (archive("[Content_Types].xml", "ppt/presentation.xml"), "pptx"),
        (archive("word/letter.txt", "xl/table.txt"), "zip"),
        (archive("mimetype"), "zip"),
        (archive("META-INF/container.xml"), "epub"),
        (archive(mimetype="application/epub+zip\n"), "epub"),
        (archive(mimetype="application/vnd.oasis.opendocument.text-template"), "odt"),
        (archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "ods"),
        (archive(mimetype="application/vnd.oasis.opendocument.presentation"), "odp"),
        (archive(mimetype="application/vnd.oasis.opendocument.graphics"), ""),
        (ole(bytes.fromhex("06090200")), "doc"),
        (ole(bytes.fromhex("20080200"), "WordDocument"), "xls"),  # a Word document inside of a workbook
        (ole(stream="WordDocument"), "doc"),
        (ole(stream="Workbook"), "xls"),
        (ole(stream="Book"), "xls"),
        (ole(stream="PowerPoint Document"), "ppt"),
        (ole(stream="__properties_version1.0"), "msg"),
        (ole(stream="MyBookings"), ""),
        (b"{\\rtf1 Hello}", "rtf"),
        (PNG, "image"),
        (b"\xff\xd8\xff\xe0", "image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image"),
        (b"RIFF\0\0\0\0WAVEfmt ", ""),
        (b"BM\x36\x00\x00\x00", "image"),
        (b"GIF89a", "image"),
        (b"II*\0", "image"),
    ],
)  # fmt: skip
def test_what_the_bytes_show(data, key):
    kind = content_kind(data)
    assert kind is not None
    assert kind.key == key


@pytest.mark.parametrize("data", [b"BMW is a maker of cars", b"Book", b"a;b\n1;2", MAIL, b"PK is a name"])
def test_text_shows_nothing(data):
    assert content_kind(data) is None


def test_what_has_no_row_is_refused_by_what_it_is(monkeypatch):
    monkeypatch.delitem(sniffing.BY_KEY, "image", raising=False)
    with pytest.raises(FootnoteError) as caught:
        load_bytes("a.txt", PNG)
    assert str(caught.value) == "a.txt looks like a PNG image, not text."


def test_a_mail_is_known_by_its_name_or_without_one_by_its_header(monkeypatch):
    mail = Format("eml", "mail", "a mail", "mail_loader", (".eml",))
    monkeypatch.setitem(sniffing.BY_KEY, "eml", mail)
    monkeypatch.setitem(sniffing.BY_EXTENSION, ".eml", mail)
    assert detect_format("message", MAIL) == detect_format("a.eml", b"Only words") == mail
    assert detect_format("a.txt", MAIL).key == "text"
    assert detect_format("message", b"One: 1\nTwo: 2\nThree: 3\n").key == "text"


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("README", b"Just text", "Just text"),
        ("v1.2 notes (final)", b"Just text", "Just text"),
        ("page", b"<!doctype html><p>Just text", "Just text"),
        ("page.txt", b"<html><p>Just text</p></html>", "Just text"),
        ("MZ.txt", b"MZ is a signature", "MZ is a signature"),
        ("NOTES.TXT", b"BZhang wrote this", "BZhang wrote this"),
    ],
)
def test_content_decides_where_the_name_leaves_it_open(name, data, text):
    assert load_bytes(name, data).text == text


def test_a_file_on_disk(tmp_path):
    path = tmp_path / "quote \"' new\nline 😀.txt"
    path.write_text("Content")
    assert load(path).text == "Content"


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(FootnoteError, match=r"^no\.txt can't be opened: No such file or directory\.$"):
        load(tmp_path / "no.txt")
    with pytest.raises(FootnoteError, match="is not a regular file"):
        load(tmp_path)
    with pytest.raises(FootnoteError, match="can't be opened: embedded null byte"):
        load(tmp_path / "a\0.txt")


def test_a_pipe_and_a_socket_are_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(FootnoteError, match=r"^pipe\.txt is not a regular file\.$"):
        load(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.txt"))
        with pytest.raises(FootnoteError, match=r"^s\.txt is not a regular file\.$"):
            load(tmp_path / "s.txt")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "closed.txt"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(FootnoteError, match=r"^closed\.txt can't be opened: Permission denied\.$"):
        load(path)


def test_a_large_file_is_refused_by_its_size_without_being_read(tmp_path, monkeypatch):
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda _: pytest.fail("read"))
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(300 * 1024 * 1024 + 1)
    with pytest.raises(FootnoteError, match=r"^large\.txt is too large: 301 MB, and 200 MB is the most\. Split it\.$"):
        load(path)


def test_an_unexpected_error_of_a_parser_becomes_a_sentence(monkeypatch):
    def broken(_):
        raise RecursionError("maximum depth\nsecond line")

    monkeypatch.setattr("indexer.loading.plain.text_loader.load", broken)
    with pytest.raises(FootnoteError) as caught:
        loading.load_bytes("a.txt", b"text")
    assert str(caught.value) == "a.txt can't be read as plain text (RecursionError: maximum depth): it may be damaged."
