"""RTF: words in any encoding, headings, lists, tables, notes; what nobody sees is left out and counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loading_reading import read, spans

from indexer.loading.office import rtf_loader
from schema import FootnoteError


def rtf(content: str | bytes):
    content = content.encode("latin-1") if isinstance(content, str) else content
    return read("a.rtf", b"{\\rtf1\\ansi\\ansicpg1252 " + content + b"}")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (r"One\par Two\par", "One\n\nTwo"),
        ("Li\r\nne {\\b bold} \\i italic\\i0 .", "Line bold italic."),
        (r"caf\'e9 \u8364?5 \u-4191\'3f", "café €5 \uefa1"),
        (r"a\~b\_c\-d\emdash e\lquote f\rquote", "a b-cd—e‘f’"),
        (r"{\uc2\u945 ab}c{\uc0\u946 d}\u947 ?e", "αcβdγe"),
        (r"\u-10179?\u-8704?!", "😀!"),
        (r"\u-10179? lone", "\ufffd lone"),
        (r"one\line two\tab three", "one two three"),
        ("one\\\ntwo", "one\n\ntwo"),
        (r"\{braces\} and \\", "{braces} and \\"),
        (r"See {\field{\*\fldinst HYPERLINK x}{\fldrslt the law}}.", "See the law."),
        (r"Text{\pict\wmetafile8 0102}{\*\unknown no}{\header head}{\footer foot}.", "Text."),
        (r"Text{\*\shpinst{\sp{\sn x}}{\shptxt  boxed}}.\par Next", "Text.\n\nboxed\n\nNext"),
        (r"Text{\annotation no}{\deleted gone}\deleted gone\deleted0 .", "Text."),
        (r"Word{\footnote {\b note} one\par more}s.\par End", "Words.\n\nEnd\n\nnote one more"),
        (r"{\*\bkmkstart a}b{\*\bkmkend a}", "b"),
    ],
)
def test_words(content, text):
    assert rtf(content).text == text


def test_binary_data_is_passed_over():
    assert rtf(b"A{\\pict\\bin5 }}}}}}B").text == "AB"


@pytest.mark.parametrize(
    ("charset", "encoding", "word"), [(204, "cp1251", "Отчёт"), (128, "cp932", "表示"), (161, "cp1253", "Αθήνα")]
)
def test_the_font_says_the_encoding(charset, encoding, word):
    escaped = "".join(f"\\'{byte:02x}" for byte in word.encode(encoding)).encode()
    fonts = f"{{\\fonttbl{{\\f0\\fcharset0 Arial;}}{{\\f1\\fcharset{charset} Other;}}}}".encode()
    assert rtf(fonts + b"{\\f1 " + escaped + b"} caf\\'e9").text == f"{word} café"


def test_headings_lists_and_title():
    styles = r"{\stylesheet{\s0 Normal;}{\s1\b heading 1;}{\s2 heading 2;}{\*\cs9 Emphasis;}}"
    body = (
        r"\pard\s1 Policy\par\pard\s2 Scope\par\pard\plain It holds.\par"
        r"\pard{\listtext\tab 1.\tab}\ls1 first\par{\pntext\'b7}\pard\ls1 second\par"
        r"\pard\outlinelevel2 Deep\par\pard End"
    )
    extraction = rtf(styles + body)
    assert spans(extraction) == [
        ("heading1", "Policy"),
        ("heading2", "Scope"),
        ("paragraph", "It holds."),
        ("list_item", "1. first"),
        ("list_item", "second"),
        ("heading3", "Deep"),
        ("paragraph", "End"),
    ]
    assert extraction.title == "Policy"


def test_tables_are_rows():
    row = r"\trowd\cellx1\cellx2\pard\intbl {}\cell {}\cell\row"
    content = r"Before\par" + row.format("Year", "Total") + row.format(r"2021\par more", "") + r"\pard After\par"
    assert spans(rtf(content)) == [
        ("paragraph", "Before"),
        ("table_row", "Year | Total"),
        ("table_row", "2021 more |"),
        ("paragraph", "After"),
    ]


def test_what_nobody_sees_is_left_out_and_counted():
    extraction = rtf(r"Seen {\v hidden}{\fs2 tiny}{\fs4 small}\v again\plain  end")
    assert (extraction.text, extraction.hidden) == ("Seen small end", 15)
    assert extraction.warnings == ("15 characters of hidden text were left out",)


def test_title_and_metadata():
    info = r"{\info{\title Travel policy}{\author Ann}{\keywords a, b}{\creatim\yr2020}{\doccomm no}{\company X}}"
    extraction = rtf(info + r"Date: 3 May 2021\par")
    assert (extraction.text, extraction.title, extraction.date) == ("Date: 3 May 2021", "Travel policy", "2021-05-03")
    assert extraction.metadata.items() >= {"author": "Ann", "keywords": "a, b"}.items()


def test_no_words_and_a_wrong_name_are_refused():
    with pytest.raises(FootnoteError, match=r"^a\.rtf is empty"):
        rtf(r"{\pict 00}")
    with pytest.raises(FootnoteError, match=r"^a\.txt looks like an RTF document, not text: give it the extension"):
        read("a.txt", b"{\\rtf1 words}")
    assert read("a.doc", b"{\\rtf1 words}").text == "words"


def test_groups_without_end_and_a_million_of_them():
    assert rtf("{" * 100_000 + "deep").text == "deep"
    assert rtf("}" * 1000 + "after").text == "after"


TOKENS = (
    r"{ } \ ' * \par \u8364? \v \bin9 a \cell \row \intbl \footnote \stylesheet \s1 \fonttbl \f1 \fcharset128 \pntext"
)


@given(st.lists(st.sampled_from([*TOKENS.split(), " ", "\xe9"])))
def test_no_order_of_tokens_breaks_the_reader(parts):
    rtf_loader.load(b"{\\rtf1 " + "".join(parts).encode("latin-1"))


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data):
    rtf_loader.load(b"{\\rtf1 " + data)


@given(
    st.text(st.characters(codec="utf-16", exclude_categories=["C", "Z"]), min_size=1, max_size=20), st.integers(0, 3)
)
def test_every_character_comes_back(words, fallback):
    units = words.encode("utf-16-le")
    numbers = [int.from_bytes(units[at : at + 2], "little", signed=True) for at in range(0, len(units), 2)]
    content = f"\\uc{fallback} " + "".join(f"\\u{number} {'?' * fallback}" for number in numbers)
    kept = rtf_loader.load(("{\\rtf1 " + content + "}").encode()).text
    assert [one for one in kept if one in words] == [one for one in words if one in kept]


def test_a_control_word_that_old_programs_show_instead_is_passed_over():
    assert read("a.rtf", rb"{\rtf1 one\u8239\~two\u8212\emdash three}").text == "one two\u2014three"


BOX = (
    r"{{\shp{{\*\shpinst\shpleft1{{\sp{{\sn shapeType}}{{\sv 202}}}}{{\shptxt {0}}}}}"
    r"{{\shprslt{{\*\do{{\dptxbxtext {0}}}}}}}}}"
)
"""A text box as programs store it, for new ones and for old ones."""


def test_a_text_box_follows_its_paragraph_and_leaves_it_as_it_was():
    styles = r"{\stylesheet{\s0 Normal;}{\s1 heading 1;}{\s2 heading 2;}}"
    box = BOX.format(
        r"\pard\plain\s2\intbl Bo{\b xe}d\cell one\row\par {\listtext\tab 7.\tab}\ls3\outlinelevel0 two\par"
    )
    extraction = rtf(styles + rf"\pard\s1 Poli{box}cy\par\pard Text\par")
    assert spans(extraction) == [
        ("heading1", "Policy"),
        ("paragraph", "Boxed one"),
        ("list_item", "7. two"),
        ("paragraph", "Text"),
    ]


def test_a_text_box_in_a_row_follows_it_and_one_in_a_header_is_left_out():
    row = rf"\trowd\pard\intbl a{BOX.format('boxed')}\cell b\cell\row"
    extraction = rtf(rf"{{\header {BOX.format('head')}}}" + row + row.replace("boxed", "again") + r"\pard End")
    assert spans(extraction) == [
        ("table_row", "a | b"),
        ("paragraph", "boxed"),
        ("table_row", "a | b"),
        ("paragraph", "again"),
        ("paragraph", "End"),
    ]


def test_a_text_box_of_old_programs_is_read_where_there_is_no_newer_one():
    assert rtf(r"Text{\*\do\dobxpage\dptxbx{\dptxbxtext\pard boxed\par}\dpx0} on\par").text == "Text on\n\nboxed"


def test_a_number_of_a_list_around_a_box_stays_with_its_item():
    label = r"{\listtext 1.\tab}"
    box = BOX.format(r"{\listtext 9.\tab}nine")
    assert rtf(rf"\pard{label}\ls1 fi{box}rst\par").text == "1. first\n9. nine"


def test_hidden_words_in_a_box_are_counted_and_a_note_changes_no_heading():
    styles = r"{\stylesheet{\s0 Normal;}{\s1 heading 1;}{\s2 heading 2;}}"
    hidden = BOX.format(r"Seen{\v hidden}")
    extraction = rtf(styles + rf"\pard\s1 Title{{\footnote\pard\s2\ls1 note}}{hidden}\par")
    assert (spans(extraction), extraction.hidden) == (
        [("heading1", "Title"), ("paragraph", "Seen"), ("paragraph", "note")],
        6,
    )
