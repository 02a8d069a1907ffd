"""Plain text: paragraphs, wrapped lines, lists, headings, encodings."""

import codecs
import time

import pytest
from loading_reading import read, spans

WRAPPED = """\
Travel policy

Staff may travel by train at any time of the day, and they should book the
ticket as early as they can. The cheapest ticket that fits the purpose of
The journey is refunded.
A second paragraph that follows without a blank line and that is wrapped in
the same way.

- keep the receipt for every ticket that you buy, also for the cheap ones in
  local traffic
- send it within 30 days
1. Scan it.
"""


def test_wrapped_lines_become_paragraphs_and_items():
    extraction = read("policy.txt", WRAPPED)
    assert spans(extraction) == [
        ("heading1", "Travel policy"),
        (
            "paragraph",
            "Staff may travel by train at any time of the day, and they should book the ticket as early as they can. "
            "The cheapest ticket that fits the purpose of The journey is refunded.",
        ),
        (
            "paragraph",
            "A second paragraph that follows without a blank line and that is wrapped in the same way.",
        ),
        (
            "list_item",
            "- keep the receipt for every ticket that you buy, also for the cheap ones in local traffic",
        ),
        ("list_item", "- send it within 30 days"),
        ("list_item", "1. Scan it."),
    ]
    assert extraction.title == "Travel policy"
    assert extraction.pages == ()


def test_lines_of_a_poem_and_of_a_log_stay_apart():
    poem = "Tyger Tyger, burning bright,\nIn the forests of the night;\nWhat immortal hand or eye,\n"
    assert [text for _, text in spans(read("poem.txt", poem))] == poem.splitlines()
    log = "".join(f"2022-10-20 09:{minute:02} the service answered request number {minute}\n" for minute in range(9))
    assert [text for _, text in spans(read("service", log))] == log.splitlines()


def test_headings_only_where_they_are_unmistakable():
    text = (
        "Guide\n=====\n\nintroduction\n\n3.2 Scope\n\nText.\n\nANNUAL REPORT\n\nText\n----\nmore text\n\n"
        "3 apples\n\n2. Item of a list\n\nIS THIS ONE?\n\n2019\n\nA short line\n"
    )
    assert spans(read("guide.txt", text)) == [
        ("heading1", "Guide"),
        ("paragraph", "introduction"),
        ("heading2", "3.2 Scope"),
        ("paragraph", "Text."),
        ("heading1", "ANNUAL REPORT"),
        ("heading2", "Text"),
        ("paragraph", "more text"),
        ("paragraph", "3 apples"),
        ("list_item", "2. Item of a list"),
        ("paragraph", "IS THIS ONE?"),
        ("paragraph", "2019"),
        ("paragraph", "A short line"),
    ]


def test_date_of_a_text():
    assert read("note.txt", "Minutes\n\nDate: 12 March 2021\n\nNothing was decided.").date == "2021-03-12"


@pytest.mark.parametrize(
    "data",
    [
        "Café – naïve 😀".encode(),
        codecs.BOM_UTF8 + "Café – naïve 😀".encode(),
        "Café – naïve 😀".encode("utf-16"),
        codecs.BOM_UTF16_BE + "Café – naïve 😀".encode("utf-16-be"),
        "Café – naïve 😀".encode("utf-32"),
        codecs.BOM_UTF32_BE + "Café – naïve 😀".encode("utf-32-be"),
    ],
)
def test_marked_encodings_and_utf_8(data):
    extraction = read("note.txt", data)
    assert (extraction.text, extraction.warnings) == ("Café – naïve 😀", ())


def test_other_bytes_are_windows_1252_with_a_warning():
    extraction = read("note.txt", "“Café” – naïve".encode("cp1252"))
    assert extraction.text == "“Café” – naïve"
    assert extraction.warnings == ("read as Windows-1252, since it is not UTF-8 (byte 0)",)


def test_line_breaks_of_every_system():
    assert read("a.txt", "one\r\rtwo\r\n\r\nthree\x0cfour").text == "one\n\ntwo\n\nthree\n\nfour"


def test_long_lines_take_linear_time():
    started = time.perf_counter()
    assert len(read("long.txt", b"word " * 1_000_000).blocks) == 1
    assert len(read("spaces.txt", b"a" + b" " * 3_000_000 + b"b").text) == 3
    assert time.perf_counter() - started < 5
