"""Archives: each document in one is a document of its own, and none of them costs another its place."""

import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from container_building import zipped
from docx import Document

from indexer.loading import load_all, load_bytes
from indexer.loading.containers import unpacking
from indexer.loading.containers.unpacking import shown_name, unpack_all
from schema import FootnoteError


def members(data, name="a.zip"):
    return {
        member.name: member.extraction.text if member.extraction else member.problem for member in inside(data, name)
    }


def inside(data, name="a.zip"):
    return unpack_all(name, data, load_bytes)


def docx(text):
    document, held = Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(held)
    return held.getvalue()


def test_each_file_of_an_archive_is_a_document(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(zipped([("b/plan.md", "# Plan\n\nText."), ("a.txt", "First."), ("b/c.docx", docx("Third."))]))
    found = load_all(path)
    assert [(member.name, member.extraction.text) for member in found] == [
        ("a.txt", "First."),
        ("b/c.docx", "Third."),
        ("b/plan.md", "Plan\n\nText."),
    ]
    assert found[2].extraction.title == "Plan"


def test_a_file_that_is_no_container_is_one_member(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("One.")
    assert [(member.name, member.extraction.text, member.problem) for member in load_all(path)] == [("", "One.", "")]


def test_a_bad_member_costs_its_own_row():
    archive = zipped(
        [("a.txt", "Good."), ("b.pdf", "no PDF"), ("c.xyz", "?"), ("d.txt", ""), ("e.docx", docx("")[:99])]
    )
    found = members(archive)
    assert found["a.txt"] == "Good."
    assert "can't be read as a PDF" in found["b.pdf"]
    assert "type .xyz, which is not supported" in found["c.xyz"]
    assert found["d.txt"] == "d.txt is empty."
    assert "damaged" in found["e.docx"]


def test_a_member_whose_bytes_were_changed_costs_its_own_row():
    data = zipped([("a.txt", b"aaaa" * 50), ("b.txt", b"bbbb" * 50)], compression=zipfile.ZIP_STORED)
    found = members(data.replace(b"aaaa" * 50, b"aaab" * 50))
    assert "damaged" in found["a.txt"]
    assert found["b.txt"].startswith("bbbb")


def test_what_systems_leave_behind_is_left_out():
    junk = ["__MACOSX/._a.txt", ".DS_Store", "b/.hidden.txt", "~$plan.docx", "Thumbs.db", "c/desktop.ini", ".git/a.txt"]
    assert members(zipped([("a.txt", "Kept."), *((name, "junk") for name in junk)])) == {"a.txt": "Kept."}


def test_an_archive_without_documents_says_so():
    with pytest.raises(FootnoteError, match="holds no documents"):
        inside(zipped([(".DS_Store", "x"), ("b/", "")]))


def test_archives_within_archives_are_opened_to_the_third():
    data = zipped([("a.txt", "Deep.")])
    for name in ("third.zip", "second.zip"):
        data = zipped([(name, data)])
    assert members(data) == {"second.zip/third.zip/a.txt": "Deep."}
    deeper = zipped([("first.zip", data), ("b.txt", "Beside.")])
    found = members(deeper)
    assert found["b.txt"] == "Beside."
    assert "lies in 3 containers" in found["first.zip/second.zip/third.zip"]


def test_a_mail_in_an_archive_is_opened_too():
    mail = b"From: a@b.org\nSubject: Plan\n\nThe words.\n"
    assert members(zipped([("m/plan.eml", mail)])) == {"m/plan.eml": "Plan\n\nFrom: a@b.org\n\nThe words."}


def test_bounds_are_over_the_whole_file(monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_PARTS", 5)
    inner = zipped([(f"{number}.txt", f"Text {number}.") for number in range(3)])
    found = members(zipped([("a.zip", inner), ("b.zip", inner), ("c.txt", "Last.")]))
    assert list(found) == ["a.zip/0.txt", "a.zip/1.txt", "a.zip/2.txt", ""]
    assert "more than 5 files" in found[""]


def test_a_bomb_within_an_archive_unpacks_no_further():
    bomb = zipped([("zeros.txt", b"0" * 90_000_000)])
    tracemalloc.start()
    found = members(zipped([("bomb.zip", bomb), ("a.txt", "Good.")]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "zip bomb" in found["bomb.zip"]
    assert found["a.txt"] == "Good."
    assert peak < 20_000_000


def test_many_archives_that_pass_alone_do_not_pass_together(monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_UNPACKED", 3_000_000)
    inner = zipped([("a.txt", bytes(range(32, 127)) * 9_000)], compression=zipfile.ZIP_STORED)
    found = members(zipped([(f"{number}.zip", inner) for number in range(5)], compression=zipfile.ZIP_STORED))
    assert "zip bomb" in found[""]
    assert 1 <= sum(text.startswith(" !") or '!"#' in text for text in found.values()) < 5


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.txt", "etc/passwd.txt"),
        ("/etc/a.txt", "etc/a.txt"),
        ("C:\\a\\..\\b.txt", "a/b.txt"),
        ("a//./b.txt", "a/b.txt"),
        ("a\x00\u202eb\n.txt", "a\\u0000\\u202eb\\n.txt"),
        ("..", "unnamed"),
        ("", "unnamed"),
    ],
)
def test_names_are_data(name, shown):
    assert shown_name(name) == shown


def test_a_name_is_never_longer_than_can_be_shown():
    assert len(shown_name("a" * 5_000 + ".txt")) <= 303


def test_two_members_of_one_name_are_told_apart():
    parts = [("a/./b.txt", "One."), ("a/b.txt", "Two.")]
    assert sorted(members(zipped(parts))) == ["a/b.txt", "a/b.txt (2)"]


def test_a_name_in_utf8_that_does_not_say_so_is_readable():
    data = zipped([("pla~n.txt", "Text.")]).replace(b"pla~n", "plän".encode())
    assert list(members(data)) == ["plän.txt"]


def test_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = zipped([("xx/good.txt", "Evil."), ("good.txt", "Good.")]).replace(b"xx/good", b"../good")
    assert members(data) == {
        "good.txt": "Good.",
        "good.txt (2)": "It is called '../good.txt', which leads out of the archive.",
    }
    assert list(Path(tmp_path).iterdir()) == []


def test_a_name_that_leads_out_is_refused_with_all_of_an_office_file():
    data = docx("Text.").replace(b"docProps/app.xml", b"../Props/app.xml")
    with pytest.raises(FootnoteError, match=r"leads out of it \('\.\./Props/app\.xml'\): it is an attack"):
        inside(data, "a.docx")


def test_an_archive_is_no_document_itself():
    with pytest.raises(FootnoteError, match="which holds documents and is none itself"):
        load_bytes("a.zip", zipped([("a.txt", "x")]))


@pytest.mark.parametrize("compression", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_costs_its_own_row_however_it_is_compressed(compression):
    data = bytearray(zipped([("a.txt", "First."), ("b.txt", " ".join(map(str, range(999))))], compression=compression))
    at = data.rfind(b"b.txt", 0, data.find(b"PK\x01\x02")) + len("b.txt")
    data[at + 9 : at + 29] = b"\xff" * 20
    found = members(bytes(data))
    assert found["a.txt"] == "First."
    assert "is damaged" in found["b.txt"]


def test_a_name_that_was_made_to_tell_two_apart_is_not_given_again():
    parts = [("./a/b.txt", "Two."), ("a/./b.txt", "One."), ("a/b.txt (2)", "Three.")]
    assert len(members(zipped(parts))) == 3


def test_the_language_of_a_mail_is_found_as_that_of_every_text():
    words = "Der Bericht ist nicht fertig, und die Kosten des Umbaus sind auf das Doppelte gestiegen. " * 2
    (mail,) = inside(f"From: a@b.org\nSubject: Plan\n\n{words}".encode(), "a.eml")
    assert mail.extraction.metadata["language"] == "de"
