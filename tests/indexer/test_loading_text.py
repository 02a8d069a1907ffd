"""Plain text: paragraphs, wrapped lines, lists, headings, encodings."""

import codecs
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loading_reading import read, spans

from indexer.loading.characters import forbidden_characters
from indexer.loading.plain.decoding import decode
from schema import FootnoteError

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
    assert time.perf_counter() - started < 60  # in quadratic time it would be hours


RUSSIAN = "Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью."


@pytest.mark.parametrize(
    ("encoding", "shown", "text"),
    [
        ("cp1251", "Windows-1251", RUSSIAN),
        ("koi8_r", "KOI8-R", RUSSIAN),
        (
            "shift_jis",
            "Shift-JIS",
            "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
        ),
        (
            "gb18030",
            "GB18030",
            "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
        ),
        ("euc_kr", "EUC-KR", "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다."),
        (
            "cp1253",
            "Windows-1253",
            "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
        ),
        ("cp1250", "Windows-1250", "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw."),
        ("cp1252", "Windows-1252", "Größe und Maß – „für alle Züge“, die über die Brücke fahren."),
        ("cp1252", "Windows-1252", "Tous les êtres humains naissent libres et égaux en dignité et en droits."),
    ],
)
def test_text_in_another_encoding_is_read_in_it(encoding, shown, text):
    extraction = read("a.txt", text.encode(encoding))
    assert extraction.text == text
    assert extraction.warnings == (
        f"read as {shown}, since it is not UTF-8 (byte {first_high(text.encode(encoding))})",
    )


def first_high(data):
    return next(place for place, byte in enumerate(data) if byte > 127)


def test_a_few_bytes_of_another_encoding_in_utf8_do_not_spoil_the_rest():
    data = ("Zug nach Köln über Züge. " * 20).encode() + "Café\n".encode("cp1252")
    extraction = read("a.txt", data)
    assert extraction.text.endswith("über Züge. Café")
    assert extraction.warnings == (f"read as UTF-8 but for 1 places, the first at byte {len(data) - 2}",)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32", "utf-8-sig"])
def test_every_kind_of_unicode_is_decoded(encoding):
    text = "Plan of the railway – 2021"
    assert decode(text.encode(encoding))[0] == text


def test_a_lone_surrogate_in_utf16_costs_one_character():
    data = ("Plan " * 20).encode("utf-16") + b"\x00\xd8" + " of 2021".encode("utf-16-le")
    extraction = read("a.txt", data)
    assert extraction.text.endswith("Plan \ufffd of 2021")
    assert "not UTF-16" in extraction.warnings[0]


def test_japanese_mail_encoding_is_decoded():
    text = "すべての人間は自由である。"
    assert decode(text.encode("iso2022_jp")) == (text, ("read as ISO-2022-JP",))


PIECES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.tuples(
        st.text(max_size=60),
        st.sampled_from(["utf-16", "utf-16-le", "utf-32", "cp1251", "koi8-r", "shift_jis", "gb18030", "cp1252"]),
    ).map(lambda pair: pair[0].encode(pair[1], "replace")),
    st.sampled_from([b"\x00", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\r", b"\x1b$B", b"\n" * 50, b"A" * 500]),
)


FORBIDDEN = forbidden_characters()


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=6).map(b"".join), st.sampled_from(["a.txt", "a.md", "a.html", "a.vtt"]))
def test_whatever_a_text_holds_it_is_read_or_refused_in_a_sentence(data, name):
    try:
        extraction = read(name, data)
    except FootnoteError as error:
        assert str(error).startswith(name)
        assert len(str(error)) < 700
        return
    extraction.text.encode("utf-8")
    assert FORBIDDEN.isdisjoint(extraction.text)
    assert json.loads(json.dumps(extraction.text)) == extraction.text
    for block in extraction.blocks:
        assert extraction.text[block.start : block.end].strip()


@pytest.mark.parametrize(
    "text",
    [
        "a" * 2_000_000,
        "a \n" * 100_000,
        "\n" * 300_000 + "a",
        "\u200f\u200da" * 100_000,
        "( " * 200_000,
        "1." * 200_000,
    ],
    ids=["no spaces", "lines", "blank lines", "marks", "brackets", "numbers"],
)
def test_long_texts_are_read(text):
    assert "a" in read("a.txt", text).text or text[0] in read("a.txt", text).text


def test_headings_of_asciidoc_are_headings():
    assert spans(read("a.adoc", "= Plan\n\nWords.\n\n== Costs\nTen.\n\n= = =\n\n==== ====\n")) == [
        ("heading1", "Plan"),
        ("paragraph", "Words."),
        ("heading2", "Costs"),
        ("paragraph", "Ten."),
        ("paragraph", "= = ="),
        ("paragraph", "==== ===="),
    ]
