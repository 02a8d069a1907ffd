"""The invariants that every extraction keeps, whatever goes in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.boxes import decode, no_boxes
from indexer.loading import load_bytes
from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line, clean_line_places, clean_verbatim, forbidden_characters, printable
from schema import Block, Extraction, FootnoteError, Page

FORBIDDEN = forbidden_characters()
ANY_TEXT = st.text(st.characters(codec=None), max_size=60) | st.text("a \n\t\r\x00\u00a0\u200b\u202e-", max_size=60)
BLOCKS = st.tuples(
    st.sampled_from(["heading", "paragraph", "list_item", "table_row"]), ANY_TEXT, st.integers(-2, 9), st.booleans()
)


def assert_invariants(extraction: Extraction) -> None:
    end = 0
    for block in extraction.blocks:
        assert end <= block.start < block.end
        assert not extraction.text[end : block.start].strip()
        quote = extraction.text[block.start : block.end]
        assert quote == quote.rstrip().strip("\n")
        assert (1 <= block.level <= 6) == (block.kind == "heading")
        end = block.end
    assert end == len(extraction.text)
    assert not FORBIDDEN.intersection(extraction.text)
    extraction.text.encode("utf-8")


@given(st.lists(BLOCKS, max_size=8))
def test_blocks_hold_every_visible_character_in_order(blocks):
    builder = TextBuilder()
    for kind, text, level, verbatim in blocks:
        builder.add(kind, text, level=level, verbatim=verbatim)
    extraction = builder.build()
    assert_invariants(extraction)
    visible = "".join(c for _, text, _, _ in blocks for c in text if not c.isspace() and c not in FORBIDDEN)
    assert "".join(extraction.text.split()) == visible


@given(st.lists(st.lists(BLOCKS, max_size=3), max_size=5))
def test_every_block_lies_on_the_page_that_it_was_added_to(pages):
    builder = TextBuilder()
    counts = []
    for page in pages:
        before = builder.blocks
        for kind, text, level, verbatim in page:
            builder.add(kind, text, level=level, verbatim=verbatim)
        counts.append(builder.blocks - before)
        assert builder.end_page() == (counts[-1] > 0)
    extraction = builder.build()
    assert [page.number for page in extraction.pages] == list(range(1, len(pages) + 1))
    blocks = iter(extraction.blocks)
    end = 0
    for page, count in zip(extraction.pages, counts, strict=True):
        own = [next(blocks) for _ in range(count)]
        assert end <= page.start <= page.end
        assert [page.start, page.end] == ([own[0].start, own[-1].end] if own else [page.start, page.start])
        end = page.end


@given(st.sampled_from([".txt", ".md", ".html", ".docx", ".pdf", "", ".xyz", ".\udcff"]), st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_give_an_extraction_or_a_sentence(suffix, data):
    try:
        assert_invariants(load_bytes(f"file{suffix}", data))
    except FootnoteError as error:
        assert str(error).startswith("file")
        str(error).encode("utf-8")


@given(
    st.sampled_from([".txt", ".md", ".html"]), st.text(st.sampled_from("aB1.\n\n  -=#>*`|<p>&[]()_\t:"), max_size=120)
)
@settings(max_examples=300, deadline=None)
def test_arbitrary_markup_gives_an_extraction_or_a_sentence(suffix, text):
    try:
        assert_invariants(load_bytes(f"file{suffix}", text.encode()))
    except FootnoteError as error:
        assert "is empty" in str(error)


@given(st.text(max_size=300))
@settings(deadline=None)
def test_plain_text_keeps_every_visible_character(text):
    visible = "".join(c for c in text if not c.isspace() and c not in FORBIDDEN)
    try:
        extraction = load_bytes("file", b"\xef\xbb\xbfA " + text.encode())
    except FootnoteError as error:
        assert "binary" not in str(error)
        raise
    kept = "".join(extraction.text.split())
    underlines = sum(line.strip() != "" and set(line.strip()) <= {"=", "-"} for line in text.splitlines())
    assert kept == "A" + visible or underlines


def test_items_and_rows_stand_close_and_everything_else_apart():
    builder = TextBuilder()
    builder.add("heading", "Title", level=1)
    builder.add("list_item", "one")
    builder.add("list_item", "two")
    builder.add("table_row", "a | b")
    builder.add("table_row", "c | d")
    builder.add("paragraph", "  the\u00a0end\n")
    extraction = builder.build(title=" Title ", date="2022")
    assert extraction == Extraction(
        text="Title\n\none\ntwo\n\na | b\nc | d\n\nthe end",
        blocks=(
            Block("heading", 0, 5, 1),
            Block("list_item", 7, 10),
            Block("list_item", 11, 14),
            Block("table_row", 16, 21),
            Block("table_row", 22, 27),
            Block("paragraph", 29, 36),
        ),
        title="Title",
        date="2022",
    )


def test_pages_without_text_have_an_empty_span():
    builder = TextBuilder()
    builder.add("paragraph", "one")
    builder.end_page()
    builder.end_page()
    builder.add("paragraph", "three")
    builder.end_page()
    assert builder.build().pages == (Page(1, 0, 3), Page(2, 3, 3, status="empty"), Page(3, 5, 10))


def test_hidden_characters_go_and_words_stay():
    hidden = "\x00\x08\u200b\u200d\u202e\u2066\u2069\ufeff\u00ad\U000e0041\U000e0100\ud800"
    assert clean_line(f"pay{hidden}ment \u2028 due\x85now") == "payment due now"
    assert clean_verbatim("\n\n  if x:\t\n\u00a0\u00a0 y\r\nz\u200b  \n\n") == "  if x:\n   y\nz"


@given(ANY_TEXT)
def test_each_character_of_a_clean_line_has_its_place(text):
    line, places = clean_line_places(text)
    assert line == clean_line(text)
    assert len(places) == len(line)
    assert places == sorted(set(places))
    assert all(text[place] == c or (c == " " and text[place].isspace()) for c, place in zip(line, places, strict=True))


@given(st.lists(st.lists(st.tuples(ANY_TEXT, st.booleans()), max_size=3), max_size=3))
def test_the_box_of_a_character_follows_it_into_the_text(pages):
    """The box of each character holds its code and its place in its block, so that a mix-up shows."""
    builder = TextBuilder()
    for blocks in pages:
        for text, has_boxes in blocks:
            boxes = np.array([[ord(c) % 65536, ord(c) // 65536, 1, i + 1] for i, c in enumerate(text)], np.uint16)
            builder.add("paragraph", text, boxes=boxes.reshape(-1, 4) if has_boxes else None)
        builder.end_page()
    extraction = builder.build()
    if not extraction.boxes:
        assert not any(has_boxes and clean_line(text) for page in pages for text, has_boxes in page)
        return
    for page, data in zip(extraction.pages, extraction.boxes, strict=True):
        text, boxes = extraction.text[page.start : page.end], decode(data)
        assert boxes.shape == (len(text), 4)
        for character, (low, high, known, _) in zip(text, boxes.tolist(), strict=True):
            assert not known or chr(low + high * 65536) == character or (character == " " and chr(low).isspace())
    with_boxes = [clean_line(text) for page in pages for text, has_boxes in page if has_boxes]
    assert sum(int(decode(data)[:, 2].sum()) for data in extraction.boxes) == sum(map(len, with_boxes))


def test_boxes_that_do_not_fit_their_text_are_refused():
    with pytest.raises(ValueError, match=r"^3 characters have 2 boxes\.$"):
        TextBuilder().add("paragraph", "one", boxes=no_boxes(2))


def test_a_page_has_a_label_a_status_and_a_size_and_a_document_metadata():
    builder = TextBuilder()
    builder.add("paragraph", "one")
    builder.end_page(label=" iv\u200b", status="ocr", problem="blurred", size=(612.0, 792.0))
    builder.end_page(label="2", status="unreadable")
    extraction = builder.build(metadata={"author": " A\nB ", "subject": "\u200b", "note": "x" * 400}, hidden=3)
    assert extraction.pages == (
        Page(1, 0, 3, "iv", "ocr", "blurred", 612.0, 792.0),
        Page(2, 3, 3, status="unreadable"),
    )
    assert extraction.metadata == {"author": "A B", "note": "x" * 300}
    assert (extraction.hidden, extraction.boxes) == (3, ())


def test_names_are_printable_and_different():
    names = ["a b.txt", "a\nb", "a\\nb", "\udcff", "\\xff", "\u202ecod", "😀 'quoted\".md", "\x80", "\u0301"]
    shown = [printable(name) for name in names]
    assert shown == [
        "a b.txt", "a\\nb", "a\\\\nb", "\\xff", "\\\\xff", "\\u202ecod", "😀 'quoted\".md", "\\u0080", "\u0301",
    ]  # fmt: skip
    assert len(set(shown)) == len(names)
