"""The guard of archives and of XML: bombs and attacks are refused by what they declare, and again while being read."""

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.loading import packages
from indexer.loading.packages import Package, leads_out, open_archive, parse_xml
from schema import FootnoteError


def archive(contents: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as target:
        for name, content in contents.items():
            target.writestr(name, content)
    return stream.getvalue()


def test_parts_are_read():
    package = Package(archive({"a.xml": b"<a>1</a>", "b": b"2"}))
    assert (package.names, package.read("b"), package.xml("a.xml").text) == (frozenset({"a.xml", "b"}), b"2", "1")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (archive({"a": bytes(5_000_000)}), r"It unpacks from \d,\d+ to 5,000,000 bytes: it looks like a zip bomb"),
        (archive({f"{n}": b"" for n in range(10_001)}), "It holds 10001 parts, and 10000 is the most: it may be a zip"),
        (archive({"../a": b"x"}), "It holds a part that leads out of it .'../a'.: it is an attack"),
        (archive({"a": b"x"})[:-10], "It is a damaged ZIP archive or Office document"),
        (b"PK\x03\x04", "It is a damaged ZIP archive or Office document"),
        (archive({"a": b"x"}).replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
         "It is protected by a password: save a copy without"),
    ],
)  # fmt: skip
def test_refused_before_anything_is_unpacked(data, sentence, monkeypatch):
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(FootnoteError, match=sentence):
        open_archive(data)


def test_five_megabytes_of_zeros_in_small_archives_pass_below_a_megabyte():
    assert len(Package(archive({"a": bytes(999_999)})).read("a")) == 999_999


def test_a_directory_too_large_to_parse_is_refused_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(packages, "MOST_DIRECTORY", 1000)
    monkeypatch.setattr(packages.zipfile, "ZipFile", lambda *_: pytest.fail("parsed"))
    with pytest.raises(FootnoteError, match="It holds a directory that is too large"):
        open_archive(archive_of_many := _many(30))
    assert len(archive_of_many) < 5000


def _many(entries: int) -> bytes:
    """An archive of empty entries, made by hand: the library that would make it is switched off."""
    local = b"".join(struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a" for _ in range(entries))
    one = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = one * entries
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, entries, entries, len(directory), len(local), 0)
    return local + directory + end


def test_entries_that_share_their_bytes_are_refused():
    with pytest.raises(FootnoteError, match="It holds parts that share their bytes: it looks like a zip bomb"):
        open_archive(_many(2))


def test_a_forged_size_never_gives_more_than_was_declared():
    data = archive({"a": b"x" * 3_000_000 + bytes(range(256)) * 200})
    size = (3_051_200).to_bytes(4, "little")
    assert data.count(size) == 2
    with pytest.raises(FootnoteError, match="Its part a is damaged"):
        Package(data.replace(size, (1000).to_bytes(4, "little"))).read("a")


def test_the_same_part_read_again_and_again_counts_each_time(monkeypatch):
    monkeypatch.setattr(packages, "MOST_UNPACKED", 1000)
    package = Package(archive({"a": b"x" * 400}))
    assert len(package.read("a") + package.read("a")) == 800
    with pytest.raises(FootnoteError, match="It unpacks to more than 1,000 bytes"):
        package.read("a")


def test_a_missing_and_a_damaged_part():
    data = bytearray(archive({"a": b"x" * 50}, zipfile.ZIP_STORED))
    data[40] = 0
    package = Package(bytes(data))
    with pytest.raises(FootnoteError, match="Its part a is damaged"):
        package.read("a")
    with pytest.raises(FootnoteError, match="It has no part named b"):
        package.read("b")


BILLION = '<!ENTITY e0 "ha">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
QUADRATIC = f'<!ENTITY e "{"a" * 50_000}">'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("declarations", "body"),
    [
        (BILLION, "<a>&e9;</a>"),
        (BILLION, '<a b="&e9;"/>'),
        (QUADRATIC, f"<a>{'&e;' * 50_000}</a>"),
        (QUADRATIC, f'<a b="{"&e;" * 50_000}"/>'),
        ('<!ENTITY file SYSTEM "file://{secret}">', "<a>&file;</a>"),
        ('<!ENTITY % file SYSTEM "file://{secret}">%file;', "<a/>"),
        ('<!ENTITY net SYSTEM "http://127.0.0.1:9/x">', "<a>&net;</a>"),
    ],
)
def test_entities_are_refused_and_nothing_is_read_for_them(declarations, body, encoding, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("<!ENTITY canary 's3cret'>")
    declarations = declarations.replace("{secret}", str(secret))
    xml = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE d [{declarations}]>{body}'
    with pytest.raises(FootnoteError, match=r"Its part a\.xml (declares XML entities|is not well-formed)") as caught:
        parse_xml(xml.encode(encoding), "a.xml")
    assert "s3cret" not in str(caught.value)


def test_a_document_type_without_entities_is_harmless():
    assert parse_xml(b'<!DOCTYPE a PUBLIC "-//X" "http://127.0.0.1:9/a.dtd"><a>1</a>', "a.xml").text == "1"


def test_nesting_ends_at_a_hundred():
    assert len(parse_xml(b"<a>" * 100 + b"</a>" * 100, "a.xml")) == 1
    with pytest.raises(FootnoteError, match="nests deeper than 100 elements"):
        parse_xml(b"<a>" * 101 + b"</a>" * 101, "a.xml")
    with pytest.raises(FootnoteError, match="not well-formed XML"):
        parse_xml(b"<a>" * 100_000 + b"</a>" * 100_000, "a.xml")


def test_comments_and_instructions_leave_one_text():
    assert parse_xml(b"<a>o<!-- x -->n<?x y?>e</a>", "a.xml").text == "one"


def test_the_strict_form_is_read_like_the_usual_one():
    root = parse_xml(b'<w:p xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"/>', "a.xml")
    assert root.tag == "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}p"


@given(st.lists(st.sampled_from(["..", ".", "a", "", "C:", "a..", "\\", "/"]), max_size=5).map("/".join))
def test_a_name_that_stays_inside_never_climbs(name):
    depth = lowest = 0
    for part in name.replace("\\", "/").split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        lowest = min(lowest, depth)
    assert leads_out(name) or lowest == 0


@given(st.binary(max_size=200))
def test_no_bytes_break_the_guard(data):
    for whole in (data, b"PK\x03\x04" + data, data + b"PK\x05\x06" + bytes(18)):
        try:
            Package(whole)
        except FootnoteError:
            continue


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(data):
    try:
        parse_xml(b"<a>" + data + b"</a>", "a.xml")
    except FootnoteError:
        return
