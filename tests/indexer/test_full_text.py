"""Search by words under a bound on the rows scored: FTS5's own result below it, and true scores above it."""

import random

import numpy as np
import pytest
from fakes import IDENTITY, word_vectors

from indexer import full_text
from indexer.full_text import WordSearch, match_expression
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import Chunk, Extraction, Filter, Source, Words

COMMON, RARE = ["aspirin", "dose", "trial", "heart"], [f"rare{letter}" for letter in "abcdefgh"]
EVEN = (1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """400 chunks in two collections: each common word in about half of them, each rare one in about six."""
    chance = random.Random(11)  # noqa: S311
    store = IndexStore(tmp_path_factory.mktemp("full_text") / "index", IDENTITY, create=True)
    for number in range(400):
        words = [word for word in COMMON for _ in range(chance.choice([0, 0, 1, 2]))]
        words += [word for word in RARE if chance.random() < 0.015] + ["filler"] * chance.randint(1, 9)
        source = Source("law" if number % 4 else "default", f"{number:03}.md", chance.choice(COMMON), None, "0")
        chunk = Chunk(source.source_id, 0, 1, " ".join(words), heading=chance.choice([*COMMON, ""]))
        store.put([IndexedDocument(source, Extraction("x", ()), [chunk], word_vectors([chunk.text]))])
    yield store
    store.close()


def any_of(*words):
    return " OR ".join(f'"{word}"' for word in words)


def by_fts5(store, match, weights=EVEN):
    """All rows by FTS5 itself, without any bound."""
    rows = store._connection.execute(
        "SELECT rowid, -bm25(chunk_fts, ?, ?, ?) AS score FROM chunk_fts WHERE chunk_fts MATCH ? "
        "ORDER BY score DESC, rowid",
        (*weights, match),
    )
    return rows.fetchall()


def search(store, match, top_k=10, weights=EVEN, **options):
    return WordSearch(store._connection).search(match, top_k, weights=weights, generation=1, **options)


def rows_with(store, word):
    return {row for row, _ in by_fts5(store, f'"{word}"')}


def test_below_the_bound_the_result_is_that_of_fts5(store):
    for weights in (EVEN, (4.0, 2.0, 1.0)):
        match = any_of(*COMMON, *RARE)
        assert search(store, match, 25, weights) == by_fts5(store, match, weights)[:25]


@pytest.mark.parametrize("weights", [EVEN, (5.0, 0.5, 2.0)])
@pytest.mark.parametrize("bound", [30, 60, 300, 600])
def test_above_the_bound_scores_are_still_those_of_the_whole_question(store, monkeypatch, bound, weights):
    monkeypatch.setattr(full_text, "MOST_ROWS", bound)
    for words in ((*COMMON, "rarea"), (*COMMON, "rareb", "rarec"), ("aspirin", "rared"), COMMON, COMMON[:2], RARE):
        match = any_of(*words)
        whole = by_fts5(store, match, weights)
        exact = dict(whole)
        found = search(store, match, 10, weights)
        assert [score for _, score in found] == pytest.approx([exact[row] for row, _ in found], abs=1e-9)
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
        assert set(rows_with(store, words[-1])) & {row for row, _ in whole[:5]} <= {row for row, _ in found}


@pytest.mark.parametrize("bound", [30, 60, 300])
def test_the_bound_holds_in_some_columns_too(store, monkeypatch, bound):
    monkeypatch.setattr(full_text, "MOST_ROWS", bound)
    match = "{title heading} : (" + any_of(*COMMON) + ")"
    whole = by_fts5(store, match)
    found = search(store, match, 10)
    assert len(whole) > bound
    assert found
    assert {key: score for key, score in whole if key in dict(found)} == pytest.approx(dict(found))
    gate = WordSearch(store._connection)._gate(match, None)
    assert gate.count('{title heading} : "') == gate.count('"') // 2
    assert WordSearch(store._connection)._gate(match + " OR x", None) is None


def test_rows_with_a_rare_word_or_with_common_ones_together_are_scored_and_others_are_not(store, monkeypatch):
    monkeypatch.setattr(full_text, "MOST_ROWS", 30)
    found = {row for row, _ in search(store, any_of("aspirin", "rarea"), 400)}
    assert found == rows_with(store, "rarea")
    first, second = sorted(["aspirin", "dose"], key=lambda word: len(rows_with(store, word)))
    together = rows_with(store, first) & rows_with(store, second)
    assert {row for row, _ in search(store, any_of("aspirin", "dose"), 400)} == together
    found = {row for row, _ in search(store, any_of("aspirin", "dose", "rarea"), 400)}
    assert found == together | rows_with(store, "rarea")


def test_the_best_are_the_best_of_what_is_scored(store, monkeypatch):
    monkeypatch.setattr(full_text, "MOST_ROWS", 60)
    match = any_of(*COMMON, "raree")
    looked_at = {row for row, _ in search(store, match, 400)}
    expected = [pair for pair in by_fts5(store, match) if pair[0] in looked_at]
    found = search(store, match, 10)
    assert [row for row, _ in found] == [row for row, _ in expected[:10]]


def test_a_single_word_and_an_expression_of_another_form_are_not_bounded(store, monkeypatch):
    monkeypatch.setattr(full_text, "MOST_ROWS", 1)
    for match in ('"aspirin"', '"aspirin" AND "dose"', '"aspirin dose" OR "trial"*', 'text : "heart"'):
        assert search(store, match, 50) == by_fts5(store, match)[:50]


def test_words_that_never_occur_or_never_occur_together_leave_the_others_found(store, monkeypatch):
    monkeypatch.setattr(full_text, "MOST_ROWS", 1)
    match = any_of("aspirin", "unheard")
    assert search(store, match, 50) == by_fts5(store, match)[:50]
    assert search(store, any_of("unheard", "unseen"), 9) == []
    apart = any_of("rarea", "rareb")
    assert not rows_with(store, "rarea") & rows_with(store, "rareb")
    assert search(store, apart, 50) == by_fts5(store, apart)[:50]


@pytest.mark.parametrize("bound", [60, 10_000])
def test_only_what_a_filter_admits_is_scored(store, monkeypatch, bound):
    monkeypatch.setattr(full_text, "MOST_ROWS", bound)
    match = any_of(*COMMON, "rarea")
    exact = dict(by_fts5(store, match))
    for admitted in ([5], [3, 200], list(range(100, 140)), list(range(2, 400, 3))):
        found = search(store, match, 400, among=np.array(admitted, np.int64))
        assert {row for row, _ in found} <= set(admitted)
        assert [score for _, score in found] == pytest.approx([exact[row] for row, _ in found], abs=1e-9)
        if bound > 400 or len(admitted) < 10:
            assert {row for row, _ in found} == set(admitted) & set(exact)
    assert search(store, match, 9, among=np.array([], np.int64)) == []
    hits = store.lexical(Words((*COMMON, "rarea")), 400, within=Filter(collections=("default",)))
    assert hits
    assert {hit.source.collection for hit in hits} == {"default"}


def test_a_filter_makes_room_for_more_words(store, monkeypatch):
    """The bound is on rows that are scored: where few are admitted, common words need no gate."""
    monkeypatch.setattr(full_text, "MOST_ROWS", 60)
    admitted = np.arange(1, 9, dtype=np.int64)
    match = any_of("aspirin", "dose")
    expected = [pair for pair in by_fts5(store, match) if pair[0] in set(admitted.tolist())]
    assert search(store, match, 400, among=admitted) == expected
    assert len(expected) > len([row for row in search(store, match, 400) if row[0] in set(admitted.tolist())])


def test_counts_are_remembered_for_one_generation_only(store, tmp_path):
    index = IndexStore(tmp_path / "index", IDENTITY, create=True)
    words = index._engine.words
    assert words.search('"aspirin" OR "dose"', 9, weights=EVEN, generation=1) == []
    assert words._counts == {'"aspirin"': 0, '"dose"': 0}
    source = Source("default", "a.md", "", None, "0")
    chunk = Chunk(source.source_id, 0, 1, "aspirin dose")
    index.put([IndexedDocument(source, Extraction("x", ()), [chunk], word_vectors(["aspirin"]))])
    assert len(index.lexical(Words(("aspirin", "dose")), 9)) == 1
    assert words._counts == {'"aspirin"': 1, '"dose"': 1}
    index.close()


@pytest.mark.parametrize(
    ("words", "expression"),
    [
        (Words(), ""),
        (Words(headings_only=True), ""),
        (Words(("fee",)), '"fee"'),
        (Words(("fee", "not"), ("12 3 a",)), '"12 3 a" OR "fee" OR "not"'),
        (Words(("fee",), headings_only=True), '{title heading} : ("fee")'),
        (Words(('a" OR "b', "c\x00d")), '"a  OR  b" OR "c d"'),
    ],
)
def test_words_become_an_expression_in_which_none_is_an_operator(store, words, expression):
    assert match_expression(words) == expression
    assert store.lexical(words, 1) == []
