"""Chunks: lossless, in order, within the budget, never across a page or a heading."""

import re

import pytest
from fakes import count_words
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.chunking import LONGEST_CHUNK, LONGEST_CONTEXT, chunk_document, embedding_text, page_at
from indexer.loading.builder import TextBuilder
from schema import Block, Chunk, Extraction, Page
from settings import default_cache

TOKENIZER = default_cache() / "bge-small-en-v1.5-int8" / "tokenizer.json"

PIECES = (
    st.text(max_size=60)
    | st.text("ab .\n", max_size=80)
    | st.text("中文字。は、", max_size=90)
    | st.lists(st.sampled_from(["It", "was", "so.", "e.g.", "3.5", "ünïcödé", "😀", "No!"]), max_size=60).map(" ".join)
    | st.integers(1, 60).map(lambda count: "unbelievablequartz" * count)
    | st.integers(1, 40).map(lambda count: "A sentence of six words here. " * count)
)
KINDS = st.sampled_from(["heading", "paragraph", "paragraph", "list_item", "table_row"])
BLOCKS = st.lists(st.tuples(KINDS, PIECES, st.integers(1, 6), st.booleans()), max_size=10)


def build(blocks, page_ends=()):
    builder = TextBuilder()
    for index, (kind, text, level, verbatim) in enumerate(blocks):
        builder.add(kind, text, level=level, verbatim=verbatim)
        if index in page_ends:
            builder.end_page()
    if page_ends:
        builder.end_page()
    return builder.build()


def characters_by_four(texts):
    """A tokenizer for which the whole has more tokens than its parts: white space counts too."""
    return [-(-len(text) // 4) for text in texts]


def pieces_of_words(texts):
    """A tokenizer that, as real ones do, counts a word by its pieces."""
    return [sum(-(-len(word) // 6) for word in re.findall(r"\w+|[^\w\s]", text)) for text in texts]


def check(extraction, chunks, max_tokens, count_tokens):
    text, end = extraction.text, 0
    headings = {block.start for block in extraction.blocks if block.kind == "heading"}
    for chunk in chunks:
        assert end <= chunk.start < chunk.end
        assert not text[end : chunk.start].strip()
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.text == chunk.text.rstrip().strip("\n")  # code keeps the indent of its first line
        assert len(chunk.text) <= LONGEST_CHUNK
        assert count_tokens([chunk.text])[0] <= max_tokens or len(chunk.text) == 1
        if extraction.pages:
            (page,) = [page for page in extraction.pages if page.start <= chunk.start and chunk.end <= page.end]
            assert page.number == chunk.page
        else:
            assert chunk.page is None
        inside = [block for block in extraction.blocks if chunk.start < block.end and block.start < chunk.end]
        kinds = ["heading" if block.start in headings else "text" for block in inside]
        assert kinds == sorted(kinds)  # headings come first: none stands after text
        end = chunk.end
    assert not text[end:].strip()
    assert len({chunk.chunk_id for chunk in chunks}) == len(chunks)


@pytest.mark.parametrize("count_tokens", [count_words, characters_by_four, pieces_of_words])
@given(BLOCKS, st.sets(st.integers(0, 9), max_size=4), st.integers(1, 40))
@settings(deadline=None)
def test_chunks_keep_their_promises(count_tokens, blocks, page_ends, max_tokens):
    extraction = build(blocks, page_ends)
    chunks = chunk_document(extraction, "c/p", max_tokens=max_tokens, count_tokens=count_tokens)
    check(extraction, chunks, max_tokens, count_tokens)
    assert chunks == chunk_document(extraction, "c/p", max_tokens=max_tokens, count_tokens=count_tokens)


@pytest.mark.models
@pytest.mark.skipif(not TOKENIZER.exists(), reason="the weights are not in the cache")
@given(BLOCKS, st.sets(st.integers(0, 9), max_size=4), st.integers(16, 64))
@settings(deadline=None, max_examples=50)
def test_chunks_keep_their_promises_with_the_tokenizer_of_the_embedder(blocks, page_ends, max_tokens):
    from tokenizers import Tokenizer  # noqa: PLC0415

    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def count_tokens(texts):
        return [len(one.ids) for one in tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    extraction = build(blocks, page_ends)
    chunks = chunk_document(extraction, "c/p", max_tokens=max_tokens, count_tokens=count_tokens)
    check(extraction, chunks, max_tokens, count_tokens)


def test_the_chunks_of_a_small_document():
    extraction = build(
        [
            ("heading", "Plan", 1, False),
            ("heading", "Aims", 2, False),
            ("paragraph", "One two three. Four five six seven.", 0, False),
            ("list_item", "eight", 0, False),
            ("list_item", "nine ten", 0, False),
            ("heading", "Means", 2, False),
            ("paragraph", "a b c d e f g h i j k l m", 0, False),
            ("heading", "End", 1, False),
            ("paragraph", "Short.", 0, False),
        ]
    )
    chunks = chunk_document(extraction, "c/p", max_tokens=10, count_tokens=count_words)
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [
        ("Plan > Aims", "Plan\n\nAims\n\nOne two three. Four five six seven.\n\neight"),
        ("Plan > Aims", "nine ten"),
        ("Plan > Means", "Means\n\na b c d e f"),
        ("Plan > Means", "g h i j k l m"),
        ("End", "End\n\nShort."),
    ]
    assert [(chunk.start, chunk.end, chunk.page) for chunk in chunks][:2] == [(0, 54, None), (55, 63, None)]
    assert {chunk.source_id for chunk in chunks} == {"c/p"}


def test_ids_depend_on_source_span_and_text_alone():
    chunk = Chunk("c/p", 0, 4, "text", page=1, heading="A")
    assert re.fullmatch("[0-9a-f]{32}", chunk.chunk_id)
    assert chunk.chunk_id == Chunk("c/p", 0, 4, "text", page=2, heading="B").chunk_id
    others = [Chunk(*fields) for fields in (("c/q", 0, 4, "text"), ("c/p", 1, 5, "text"), ("c/p", 0, 4, "next"))]
    assert len({chunk.chunk_id, *(other.chunk_id for other in others)}) == 4


def test_pages_are_found_by_offset():
    pages = (Page(1, 0, 3), Page(2, 3, 3), Page(3, 5, 10))
    assert [page_at(pages, offset) for offset in (0, 2, 5, 9, 99)] == [1, 1, 3, 3, 3]
    assert page_at((), 3) is None


def test_what_is_embedded_names_document_and_headings_once():
    assert embedding_text("Title", Chunk("c/p", 0, 4, "text", heading="Title > Part")) == "Title > Part\ntext"
    assert embedding_text("", Chunk("c/p", 0, 4, "text")) == "text"
    long = embedding_text("T" * 1000, Chunk("c/p", 0, 4, "text", heading="Part"))
    assert long == "T" * (LONGEST_CONTEXT - 1) + "…\ntext"


def test_a_page_that_is_all_heading_does_not_repeat_itself_in_every_chunk():
    extraction = build([("heading", "word " * 50_000, 1, False), ("paragraph", "The text.", 0, False)])
    chunks = chunk_document(extraction, "c/p", max_tokens=100, count_tokens=count_words)
    check(extraction, chunks, 100, count_words)
    assert {len(chunk.heading) for chunk in chunks} == {200}
    assert chunks[-1].heading.endswith("word…")


@pytest.mark.parametrize(
    "text",
    ["x" * 2_000_000, "word " * 400_000, "." * 2_000_000, "中。" * 300_000, "A. " * 300_000, "x\u200b" * 300_000],
    ids=["no space", "no mark", "dots", "Chinese", "initials", "nothing to count"],
)
def test_two_million_characters_without_structure(text):
    extraction = Extraction(text.rstrip(), (Block("paragraph", 0, len(text.rstrip())),))
    chunks = chunk_document(extraction, "c/p", max_tokens=224, count_tokens=count_words)
    end = 0
    for chunk in chunks:
        assert not extraction.text[end : chunk.start].strip()
        assert len(chunk.text) <= LONGEST_CHUNK
        end = chunk.end
    assert end == len(extraction.text)


def test_many_small_blocks_on_many_pages():
    builder = TextBuilder()
    for number in range(30_000):
        builder.add("paragraph", f"Line {number}.")
        if number % 10 == 9:
            builder.end_page()
    chunks = chunk_document(builder.build(), "c/p", max_tokens=224, count_tokens=count_words)
    assert [chunk.page for chunk in chunks] == list(range(1, 3001))
