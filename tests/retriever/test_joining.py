"""Neighbours joined: which pairs touch, what a joined passage is, and what joining never changes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from passages import passage

from indexer.chunking import chunk_document
from indexer.corpus import paragraphs
from retriever.joining import LONGEST_JOINED, MOST_CHUNKS, join_neighbours
from schema import Extraction

TEXT = "One fish.\n\nTwo fish.\n\nRed fish.\n\nBlue fish.\n\nOld fish."
WORDS = TEXT.split("\n\n")


def span(_source_id, start, end):
    return TEXT[start:end]


def part(number, rank, *, path="a.md", **fields):
    """The chunk with this number of the text, at this rank."""
    return passage(path, WORDS[number], rank=rank, start=TEXT.index(WORDS[number]), score=1 / rank, **fields)


def texts(passages):
    return [one.chunk.text for one in passages]


def test_neighbours_become_one_passage_where_the_better_stood():
    found = [part(4, 1), part(2, 2, origin="reranked"), part(1, 3, origin="dense"), part(0, 4, path="b.md")]
    old, joined, other = join_neighbours(found, span)
    assert (old, other) == (found[0], replace(found[3], rank=3))
    assert joined.chunk.text == "Two fish.\n\nRed fish."
    assert TEXT[joined.chunk.start : joined.chunk.end] == joined.chunk.text
    assert (joined.rank, joined.score, joined.origin) == (2, 1 / 2, "reranked")
    assert joined.source == found[1].source


def test_a_passage_between_two_joins_all_three():
    assert texts(join_neighbours([part(0, 1), part(2, 2), part(1, 3)], span)) == ["One fish.\n\nTwo fish.\n\nRed fish."]


def test_a_chunk_that_was_not_found_keeps_its_neighbours_apart():
    found = [part(0, 1), part(2, 2)]
    assert join_neighbours(found, span) == found


def test_a_joined_passage_never_crosses_a_page_or_a_source():
    pages = [part(0, 1, page=1), part(1, 2, page=2)]
    assert join_neighbours(pages, span) == pages
    sources = [part(0, 1), part(1, 2, path="b.md")]
    assert join_neighbours(sources, span) == sources
    same = join_neighbours([part(1, 1, page=7), part(0, 2, page=7)], span)
    assert [(one.chunk.text, one.chunk.page) for one in same] == [("One fish.\n\nTwo fish.", 7)]


def test_at_most_three_chunks_and_the_best_pairs_first():
    found = [part(3, 1), part(4, 2), part(2, 3), part(1, 4), part(0, 5)]
    assert texts(join_neighbours(found, span)) == ["Red fish.\n\nBlue fish.\n\nOld fish.", "One fish.\n\nTwo fish."]


def test_of_two_neighbours_the_one_found_first_is_joined_first():
    found = [part(1, 1), part(2, 2), part(3, 3), part(0, 4)]
    assert texts(join_neighbours(found, span)) == ["Two fish.\n\nRed fish.\n\nBlue fish.", "One fish."]


def test_a_joined_passage_is_not_longer_than_the_limit():
    text = "a" * 1200 + " " + "b" * (LONGEST_JOINED - 1201)
    first, second = text.split()

    def found(second):
        return [passage("a.md", first, rank=1), passage("a.md", second, rank=2, start=1201)]

    assert texts(join_neighbours(found(second), lambda _, start, end: text[start:end])) == [text]
    longer = text + "b"
    assert len(join_neighbours(found(second + "b"), lambda _, start, end: longer[start:end])) == 2


def test_overlapping_chunks_are_left_alone():
    found = [passage("a.md", TEXT[:15], rank=1), passage("a.md", TEXT[11:20], rank=2, start=11)]
    assert join_neighbours(found, span) == found


def test_the_heading_is_what_the_parts_have_in_common():
    headings = [("Plan > Aims", "Plan > Means", "Plan"), ("Plan", "Plan > Aims", "Plan"), ("Aims", "Means", "")]
    for first, second, common in headings:
        (joined,) = join_neighbours([part(0, 1, heading=first), part(1, 2, heading=second)], span)
        assert joined.chunk.heading == common


def test_what_was_folded_into_the_parts_stays_with_the_whole():
    copies = [part(3, 8, path="b.md"), part(4, 9, path="c.md")]
    found = [part(1, 1, also=(copies[0],)), part(0, 2, also=(copies[1],), seen_by_model=True)]
    (joined,) = join_neighbours(found, span)
    assert joined.also == (copies[1], copies[0])
    assert joined.seen_by_model


def test_nothing_joins_to_nothing():
    assert join_neighbours([], span) == []


PIECES = st.lists(st.text("ab .\n", min_size=1, max_size=300).filter(str.strip), min_size=1, max_size=12)


@st.composite
def rankings(draw):
    """Some chunks of two real documents in any order, and the documents' texts."""
    documents, found = {}, []
    for path in ("a.md", "b.md"):
        text = "\n\n".join(draw(PIECES))
        name = f"default/{path}"
        documents[name] = text
        budget = draw(st.integers(1, 400))
        extraction = Extraction(text, paragraphs(text))
        chunks = chunk_document(extraction, name, max_tokens=budget, count_tokens=lambda ts: [len(t) for t in ts])
        pages = draw(st.lists(st.integers(1, 2), min_size=len(chunks), max_size=len(chunks)).map(sorted))
        found += [
            passage(path, chunk.text, start=chunk.start, page=page) for chunk, page in zip(chunks, pages, strict=True)
        ]
    order = draw(st.permutations(found))
    kept = order[: draw(st.integers(0, len(order)))]
    return documents, [replace(one, rank=rank, score=1 / rank) for rank, one in enumerate(kept, start=1)]


def covered(passages, documents):
    """The visible characters of the passages, as (source, offset)."""
    return {
        (one.chunk.source_id, offset)
        for one in passages
        for offset in range(one.chunk.start, one.chunk.end)
        if documents[one.chunk.source_id][offset].strip()
    }


@given(rankings())
def test_joining_changes_neither_what_is_shown_nor_the_order_of_what_leads(given_ranking):
    documents, found = given_ranking
    joined = join_neighbours(found, lambda source, start, end: documents[source][start:end])
    assert covered(joined, documents) == covered(found, documents)
    assert [one.rank for one in joined] == list(range(1, len(joined) + 1))
    scores = [one.score for one in joined]
    assert scores == sorted(scores, reverse=True)
    for one in joined:
        chunk = one.chunk
        assert chunk.text == documents[chunk.source_id][chunk.start : chunk.end]
        inside = [
            other
            for other in found
            if other.chunk.source_id == chunk.source_id and chunk.start <= other.chunk.start < chunk.end
        ]
        assert 1 <= len(inside) <= MOST_CHUNKS
        assert one.score == max(other.score for other in inside)
        assert {other.chunk.page for other in inside} == {chunk.page}
        assert len(inside) == 1 or len(chunk.text) <= LONGEST_JOINED
    assert joined == join_neighbours(found, lambda source, start, end: documents[source][start:end])


@given(rankings())
def test_what_still_touches_would_break_a_limit(given_ranking):
    documents, found = given_ranking
    joined = join_neighbours(found, lambda source, start, end: documents[source][start:end])
    for first in joined:
        for second in joined:
            gap = documents[first.chunk.source_id][first.chunk.end : second.chunk.start]
            same = (first.chunk.source_id, first.chunk.page) == (second.chunk.source_id, second.chunk.page)
            if same and 0 <= second.chunk.start - first.chunk.end <= 80 and not gap.strip():
                parts = [one for one in found if first.chunk.start <= one.chunk.start < second.chunk.end]
                parts = [one for one in parts if one.chunk.source_id == first.chunk.source_id]
                assert len(parts) > MOST_CHUNKS or second.chunk.end - first.chunk.start > LONGEST_JOINED
