"""Old Office files: converted by a program that runs apart, or refused with what to do. The program is played here."""

import os
import shutil
import stat
import time
from pathlib import Path

import pytest
from loading_reading import read
from office_making import presentation, rows, shape, slide, workbook

from indexer.loading.office import legacy_office
from indexer.parsing.isolated import Parser
from schema import FootnoteError

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0")
EXCEL = OLE + "Workbook\0".encode("utf-16-le")


@pytest.fixture
def soffice(tmp_path, monkeypatch):
    """Puts a script in the place of LibreOffice; it finds its last arguments in $folder and $source."""

    def install(script):
        program = tmp_path / "soffice"
        program.write_text(
            f'#!/bin/sh\nset -- "$@"\nwhile [ $# -gt 2 ]; do shift; done\nfolder="$1" source="$2"\n{script}\n'
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(legacy_office, "_PROGRAMS", (str(program),))

    return install


@pytest.mark.parametrize(
    ("name", "stream", "newer"),
    [("a.doc", "WordDocument", "docx"), ("a.xls", "Workbook", "xlsx"), ("a.ppt", "PowerPoint Document", "pptx")],
)
def test_without_libreoffice_it_is_refused_with_what_to_do(name, stream, newer, monkeypatch):
    monkeypatch.setattr(legacy_office, "_PROGRAMS", ("no-such-program",))
    with pytest.raises(FootnoteError) as caught:
        read(name, OLE + f"{stream}\0".encode("utf-16-le"))
    assert str(caught.value) == (
        f"{name} is in the old binary .{newer[:-1]} format, which is read through LibreOffice: install LibreOffice, or "
        f"save it as .{newer}."
    )


def test_what_is_converted_is_read_by_the_loader_of_the_newer_format(soffice, tmp_path):
    made = tmp_path / "made"
    soffice(
        f'mkdir -p "$folder"; cp "{made}" "$folder/in.xlsx"; cp "$source" "{tmp_path}/seen"; pwd > "{tmp_path}/where"'
    )
    made.write_bytes(workbook(("S", "", rows(("Year", "Sold"), (2021, 3)))))
    assert read("a.xls", EXCEL).text == "S\n\nYear | Sold\nYear: 2021 | Sold: 3"
    assert (tmp_path / "seen").read_bytes() == EXCEL
    assert not Path((tmp_path / "where").read_text().strip()).exists()  # nothing stays behind


def test_a_program_that_wants_to_be_started_anew_is_once(soffice, tmp_path):
    soffice(f'echo >> "{tmp_path}/starts"; exit 81')
    with pytest.raises(FootnoteError, match="can't be converted by LibreOffice"):
        read("a.xls", EXCEL)
    assert (tmp_path / "starts").read_text() == "\n\n"


def test_it_is_started_without_the_program_that_starts_it(soffice, tmp_path):
    soffice(f'echo > "{tmp_path}/starter"')
    (tmp_path / "soffice").rename(tmp_path / "soffice.bin")
    soffice(f'echo > "{tmp_path}/wrong"')
    with pytest.raises(FootnoteError, match="can't be converted by LibreOffice"):
        read("a.xls", EXCEL)
    assert (tmp_path / "starter").exists()
    assert not (tmp_path / "wrong").exists()


@pytest.mark.skipif(
    not any(map(shutil.which, legacy_office._PROGRAMS)), reason="LibreOffice (soffice) is not installed"
)
def test_the_real_program_converts_within_the_fences_and_limits_of_a_parser(tmp_path):
    source = tmp_path / "a.csv"
    source.write_text("Year,Sold\n2021,3\n")
    program = next(filter(None, map(shutil.which, legacy_office._PROGRAMS)))
    legacy_office._convert(
        legacy_office._command(legacy_office._itself(program), tmp_path, source, "xls"), tmp_path, 60
    )
    with Parser() as parser:
        (member,) = parser.parse(tmp_path / "out" / "a.xls")
    assert "Year: 2021 | Sold: 3" in member.extraction.text


def test_slides_keep_their_pages(soffice, tmp_path):
    made = tmp_path / "made"
    made.write_bytes(presentation(slide(shape("One", "title")), slide(shape("Two", "title"))))
    soffice(f'mkdir -p "$folder"; cp "{made}" "$folder/in.pptx"')
    assert len(read("a.ppt", OLE + "PowerPoint Document\0".encode("utf-16-le")).pages) == 2


@pytest.mark.parametrize("script", ["exit 1", "true", 'mkdir -p "$folder"; ln -s /etc/passwd "$folder/in.xlsx"'])
def test_a_file_that_is_not_converted_is_refused(soffice, script):
    soffice(script)
    with pytest.raises(FootnoteError, match=r"^a\.xls can't be converted by LibreOffice: it may be damaged"):
        read("a.xls", EXCEL)


def test_a_program_that_can_not_be_started_is_named(tmp_path, monkeypatch):
    program = tmp_path / "soffice"
    program.write_bytes(b"\x7fELF nonsense")
    program.chmod(0o700)
    monkeypatch.setattr(legacy_office, "_PROGRAMS", (str(program),))
    with pytest.raises(FootnoteError, match="LibreOffice can't be started"):
        legacy_office.convert(EXCEL, "xls")


def test_a_program_that_hangs_is_ended_with_all_that_it_started(soffice, tmp_path):
    soffice(f'sleep 300 & echo $! > "{tmp_path}/child"; trap "" TERM; sleep 300')
    with pytest.raises(FootnoteError, match=r"^It can't be converted: LibreOffice took longer than 2 seconds"):
        legacy_office.convert(EXCEL, "xls", seconds=2)
    child = int((tmp_path / "child").read_text())
    for _ in range(600):
        if not _runs(child):
            break
        time.sleep(0.1)
    assert not _runs(child)


def _runs(pid):
    """Whether a process is there and no corpse that waits for its parent."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_result_that_is_too_large_is_refused(soffice, monkeypatch):
    monkeypatch.setattr(legacy_office, "_LARGEST_RESULT", 10)
    soffice('mkdir -p "$folder"; echo more than ten bytes > "$folder/in.xlsx"')
    with pytest.raises(FootnoteError, match="too large once LibreOffice has converted it"):
        legacy_office.convert(EXCEL, "xls")
