"""Bad input: each file gets one sentence that names it, says what is wrong and what to do."""

import io
import os
import socket
import zipfile

import pytest

from indexer import loading
from indexer.loading import load, load_bytes
from schema import FootnoteError

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 50
EXE = b"MZ\x90\x00\x03\x00\x00\x00" + b"\x00" * 200
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500
FORMATS = "Footnote reads Markdown, plain text, HTML, DOCX and PDF."


def archive(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name in names:
            target.writestr(name, "content")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.txt", b"", "a.txt is empty."),
        ("a.pdf", b" \n\t ", "a.pdf is empty."),
        ("a.txt", "\ufeff\u200b\u00a0".encode(), "a.txt is empty: no text was found in it."),
        ("a.md", b"---\ntitle: x\n---\n", "a.md is empty: no text was found in it."),
        ("a.txt", PNG, f"a.txt looks like a PNG image, not text. {FORMATS}"),
        ("a.txt", EXE, f"a.txt looks like a program, not text. {FORMATS}"),
        ("a", EXE, f"a looks like a program, not a document. {FORMATS}"),
        ("a.md", b"text\x00text", f"a.md looks like binary data, not Markdown. {FORMATS}"),
        ("a.txt", bytes(range(1, 32)) * 9, f"a.txt looks like binary data, not text. {FORMATS}"),
        ("a.html", PNG, f"a.html looks like a PNG image, not an HTML page. {FORMATS}"),
        ("a.docx", b"<!DOCTYPE html><p>x", "a.docx looks like an HTML page, not a DOCX document: give it"
         " the extension that fits, such as .html."),
        ("a.pdf", b"<html><p>x", "a.pdf looks like an HTML page, not a PDF document: give it"
         " the extension that fits, such as .html."),
        ("a.txt", b"%PDF-1.4\n", "a.txt looks like a PDF document, not text: give it"
         " the extension that fits, such as .pdf."),
        ("a.docx", b"some text", "a.docx can't be read as a DOCX document: it is not a ZIP archive, so it is damaged"
         " or something else."),
        ("a.docx", archive("xl/workbook.xml", "[Content_Types].xml"),
         f"a.docx looks like an Excel workbook, not a DOCX document. {FORMATS}"),
        ("a.docx", archive("mimetype"),
         f"a.docx looks like an OpenDocument or EPUB file, not a DOCX document. {FORMATS}"),
        ("a.txt", archive("a"), f"a.txt looks like a ZIP archive, not text. {FORMATS}"),
        ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"),
         "a.docx is protected by a password: save a copy without the password."),
        ("a.docx", OLE + "WordDocument".encode("utf-16-le"),
         f"a.docx is a document in Word's old .doc format: save it as DOCX. {FORMATS}"),
        ("a.doc", OLE, f"a.doc is a document in Word's old .doc format: save it as DOCX. {FORMATS}"),
        ("a.pdf", b"no PDF at all", "a.pdf can't be read as a PDF (its structure is broken): it may be"
         " cut short or damaged."),
        ("a.xlsx", b"PK\x03\x04", f"a.xlsx is of type .xlsx, which is not supported. {FORMATS}"),
        ("a.txt", b"\xff\xfeabc", "a.txt says that it is UTF-16, but it is not: truncated data at byte 4."),
        ("\u202ea\n\udcff.txt", b"", "\\u202ea\\n\\xff.txt is empty."),
    ],
)  # fmt: skip
def test_refused_with_a_sentence(name, data, sentence):
    with pytest.raises(FootnoteError) as caught:
        load_bytes(name, data)
    assert str(caught.value) == sentence


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

    monkeypatch.setattr("indexer.loading.text_loader.load", broken)
    with pytest.raises(FootnoteError) as caught:
        loading.load_bytes("a.txt", b"text")
    assert str(caught.value) == "a.txt can't be read as plain text (RecursionError: maximum depth): it may be damaged."
