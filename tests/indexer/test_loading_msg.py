"""Outlook's messages, made byte by byte: their words, their attachments, and damage of every kind."""

import random
import struct

import pytest
from container_building import compound, properties, wide

from indexer.loading import load_bytes
from indexer.loading.containers.compound import CompoundFile
from indexer.loading.containers.unpacking import unpack_all
from schema import FootnoteError

SENT = 132_600_150_000_000_000  # 12 March 2021, 09:30 UTC, in tenths of microseconds since 1601
TEXT = {
    "__properties_version1.0": properties(32, p0039=SENT),
    "__substg1.0_0037001F": wide("Plan"),
    "__substg1.0_0C1A001F": wide("Ann Lee"),
    "__substg1.0_5D01001F": wide("ann@example.org"),
    "__substg1.0_0E04001F": wide("Bob"),
    "__substg1.0_1000001F": wide("We begin in May.\r\n\r\nAnn"),
}


def attachment(name, content):
    return {
        "__properties_version1.0": properties(8),
        "__substg1.0_3707001F": wide(name),
        "__substg1.0_37010102": content,
    }


def members(tree):
    return unpack_all("a.msg", compound(tree), load_bytes)


def test_a_message_is_its_header_and_its_words():
    (member,) = members(TEXT)
    extraction = member.extraction
    assert extraction.text == (
        "Plan\n\nFrom: Ann Lee <ann@example.org>\nTo: Bob\nDate: 2021-03-12 09:30 +0000\n\nWe begin in May.\n\nAnn"
    )
    assert (extraction.title, extraction.date) == ("Plan", "2021-03-12")
    assert extraction.metadata == {"author": "Ann Lee <ann@example.org>", "to": "Bob", "language": "en"}


def test_attachments_are_documents_of_their_own():
    tree = TEXT | {
        "__attach_version1.0_#00000000": attachment("a.txt", b"First words."),
        "__attach_version1.0_#00000001": attachment("b.pdf", b"no PDF"),
    }
    body, first, second = members(tree)
    assert body.name == ""
    assert (first.name, first.extraction.text) == ("a.txt", "First words.")
    assert second.problem.startswith("b.pdf can't be read as a PDF")


def test_a_message_in_a_message_is_read_with_its_attachments():
    inner = TEXT | {
        "__properties_version1.0": properties(24, p0039=SENT),
        "__substg1.0_0037001F": wide("Inner"),
        "__attach_version1.0_#00000000": attachment("deep.txt", b"Deep words."),
    }
    outer = {
        "__properties_version1.0": properties(8),
        "__substg1.0_3001001F": wide("The inner one"),
        "__substg1.0_3701000D": inner,
    }
    found = members(TEXT | {"__attach_version1.0_#00000000": outer})
    assert [member.name for member in found] == ["", "The inner one.msg", "The inner one.msg/deep.txt"]
    assert (found[1].extraction.title, found[1].extraction.date) == ("Inner", "2021-03-12")
    assert found[2].extraction.text == "Deep words."


def test_text_in_a_code_page_is_read_in_it():
    tree = {
        "__properties_version1.0": properties(32, p3FFD=1251),
        "__substg1.0_0037001E": "План".encode("cp1251"),
        "__substg1.0_1000001E": "Начало в мае.".encode("cp1251"),
    }
    assert members(tree)[0].extraction.text == "План\n\nНачало в мае."


def test_a_page_is_read_where_there_is_no_plain_text():
    tree = {
        "__properties_version1.0": properties(32, p3FDE=65001),
        "__substg1.0_10130102": "<p>Größe</p><p hidden>Secret</p>".encode(),
    }
    extraction = members(tree)[0].extraction
    assert (extraction.text, extraction.title, extraction.hidden) == ("Größe", "Größe", 6)


def test_words_that_are_there_in_rtf_alone_are_reported():
    tree = {
        "__properties_version1.0": properties(32),
        "__substg1.0_0037001F": wide("Plan"),
        "__substg1.0_10090102": b"x" * 50,
    }
    assert members(tree)[0].extraction.warnings == ("its text is stored as RTF and was not read",)


def test_a_message_of_nothing_is_refused():
    with pytest.raises(FootnoteError, match="no properties"):
        members({"other": b"x"})


def test_short_streams_lie_in_short_sectors():
    """A file as Outlook writes it: with small streams in the stream of the root."""
    data = bytearray(compound({"a": b"", "b": b"y" * 5_000, "root": b"x" * 64 + b"word" + b"\0" * 444}))
    directory = 512 * (1 + struct.unpack_from("<I", data, 48)[0])
    start = struct.unpack_from("<I", data, directory + 3 * 128 + 116)[0]
    table = len(data)
    data += struct.pack("<128I", 0xFFFFFFFE, 0xFFFFFFFE, *[0xFFFFFFFF] * 126)
    struct.pack_into("<I", data, 56, 4096)
    struct.pack_into("<II", data, 60, table // 512 - 1, 1)
    struct.pack_into("<II", data, directory + 116, start, 512)  # the stream of the root
    struct.pack_into("<II", data, directory + 128 + 116, 1, 4)  # stream "a" is the second short sector
    fat = 512 * (1 + struct.unpack_from("<I", data, 76)[0])
    struct.pack_into("<I", data, fat + 4 * (table // 512 - 1), 0xFFFFFFFE)
    file = CompoundFile(bytes(data))
    assert file.read("a") == b"word"
    assert file.read("b") == b"y" * 5_000
    assert file.read("no such stream") == b""


def test_chains_that_run_in_circles_end():
    data = bytearray(compound(TEXT))
    fat = 512 * (1 + struct.unpack_from("<I", data, 76)[0])
    for number in range(127):
        struct.pack_into("<I", data, fat + 4 * number, number)
    try:
        found = unpack_all("a.msg", bytes(data), load_bytes)
    except FootnoteError:
        return
    assert all(member.extraction or member.problem for member in found)


def test_streams_that_share_their_bytes_are_counted_each():
    many = {f"__substg1.0_{number:04X}001F": b"" for number in range(400)}
    data = bytearray(compound({"big": b"z" * 3_000_000} | many))
    directory = 512 * (1 + struct.unpack_from("<I", data, 48)[0])
    start, size = struct.unpack_from("<II", data, directory + 128 + 116)
    for number in range(2, 402):
        struct.pack_into("<II", data, directory + number * 128 + 116, start, size)
    file = CompoundFile(bytes(data))
    with pytest.raises(FootnoteError, match="more than its size allows"):
        for path in file.paths:
            file.read(*path)


@pytest.mark.parametrize("seed", range(40))
def test_damage_is_a_sentence(seed):
    randomness = random.Random(seed)  # noqa: S311
    data = bytearray(compound(TEXT | {"__attach_version1.0_#00000000": attachment("a.txt", b"words " * 300)}))
    if seed % 4 == 0:
        del data[randomness.randrange(8, len(data)) :]
    for _ in range(randomness.randrange(1, 200)):
        data[randomness.randrange(8, len(data))] = randomness.randrange(256)
    try:
        for member in unpack_all("a.msg", bytes(data), load_bytes):
            assert member.extraction or member.problem
    except FootnoteError as error:
        assert len(str(error)) < 500


def test_a_damaged_attachment_costs_its_own_row():
    tree = TEXT | {
        "__attach_version1.0_#00000000": attachment("a.txt", b"First words. " * 40),
        "__attach_version1.0_#00000001": attachment("b.txt", b"Second words. " * 40),
    }
    data = compound(tree)
    size = struct.pack("<I", len(b"First words. " * 40))
    assert data.count(size) == 1
    body, first, second = unpack_all("a.msg", data.replace(size, b"\xff\xff\xff\x00"), load_bytes)
    assert body.extraction.title == "Plan"
    assert (first.name, first.extraction) == ("attachment-1", None)
    assert first.problem.startswith("It holds more than its size allows")
    assert second.extraction.text.startswith("Second words.")


def test_an_attachment_with_a_password_does_not_lock_its_mail():
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + wide("EncryptedPackage\0") + b"\xff" * 600
    body, attached = members(TEXT | {"__attach_version1.0_#00000000": attachment("a.docx", locked)})
    assert body.extraction.title == "Plan"
    assert attached.problem == "It is protected by a password: save a copy without the password."


def test_a_picture_that_the_page_shows_is_counted_and_a_document_that_it_links_to_is_read():
    def shown(name, key, content):
        return attachment(name, content) | {"__substg1.0_3712001F": wide(key)}

    tree = TEXT | {
        "__substg1.0_1013001F": wide("<p>We begin. <img src='cid:scan@1'> <a href='cid:plan@1'>plan</a></p>"),
        "__attach_version1.0_#00000000": shown("scan.png", "scan@1", b"\x89PNG"),
        "__attach_version1.0_#00000001": shown("plan.txt", "plan@1", b"Words."),
    }
    body, plan = members(tree)
    assert body.extraction.warnings == ("1 picture in it is not read",)
    assert (plan.name, plan.extraction.text) == ("plan.txt", "Words.")
