"""Rows in a real file of Milvus Lite: vectors against numpy, BM25 by hand, filters before scoring, what is refused."""

import math

import numpy as np
import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from indexer.milvus_address import address_of
from indexer.milvus_client import Connection
from indexer.milvus_filter import Numbers, field_label, first_and_last_day, folder_label, labels_of
from indexer.milvus_row import Row, written
from indexer.milvus_rows import Rows
from schema import FootnoteError

DIMENSION = 8
EVERYTHING = Numbers()
TEXTS = {
    1: ("vote ballot vote", "vote"),
    2: ("ballot box box box", "box"),
    3: ("vote box", ""),
    4: ("pen", "vote pen"),
    5: ("caf\u00e9 co2", "caf\u00e9"),
    6: ("ink", ""),
    7: ("ink", ""),
}


def vector(seed):
    """A vector of unit length."""
    numbers = np.random.default_rng(seed).normal(size=DIMENSION)
    return (numbers / np.linalg.norm(numbers)).astype(np.float32)


def row(chunk, words="", head="", *, date=None, fields=(), path="default/a.txt", **changes):
    first, last = first_and_last_day(date)
    given = {"collection": 1, "source": 1, "born": 1, "labels": labels_of(path, fields), "dense": vector(chunk)}
    return Row(
        **{"chunk": chunk, "first_day": first, "last_day": last, "words": words, "head": head, **given, **changes}
    )


@pytest.fixture
def connection(tmp_path):
    connection = Connection(address_of(str(tmp_path / "rows.db")))
    yield connection
    connection.close()


@pytest.fixture
def rows(connection):
    rows = Rows(connection, "ab12", DIMENSION)
    rows.create()
    return rows


@pytest.fixture
def worded(rows):
    """Rows of a few words, in one segment."""
    rows.upsert([row(chunk, *texts) for chunk, texts in TEXTS.items()])
    rows.flush()
    return rows


def ids(scored):
    return [chunk for chunk, _ in scored]


def by_numpy(vectors, query, top_k):
    scores = {chunk: float(one @ query) for chunk, one in vectors.items()}
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:top_k]


# Vectors


@pytest.mark.parametrize("is_flushed", [False, True])
def test_dense_is_what_numpy_says(rows, is_flushed):
    vectors = {chunk: vector(chunk) for chunk in range(1, 301)}
    rows.upsert([row(chunk, dense=one) for chunk, one in vectors.items()])
    if is_flushed:
        rows.flush()
    for seed in (1000, 1001, 1002):
        found, expected = rows.dense(vector(seed), 20, EVERYTHING), by_numpy(vectors, vector(seed), 20)
        assert ids(found) == ids(expected)
        np.testing.assert_allclose([score for _, score in found], [score for _, score in expected], atol=1e-6)


def test_equal_vectors_are_ranked_by_their_ids(rows):
    rows.upsert([row(chunk, dense=vector(0)) for chunk in (9, 3, 7)])
    assert ids(rows.dense(vector(0), 5, EVERYTHING)) == [3, 7, 9]


def test_vectors_come_back_bit_by_bit_in_the_order_of_ids(rows):
    strange = np.array([1e-45, -0.0, 3.4e38, 1 / 3, -1e-38, 0.1, 7, -2.5], np.float32)
    vectors = {chunk: vector(chunk) for chunk in (5, 2, 40_000, 1, 90_000, 41_000)} | {7: strange}
    rows.upsert([row(chunk, dense=one) for chunk, one in vectors.items()])
    expected, after, read = sorted(vectors), -1, []
    while True:
        keys, held = rows.vectors(after, 3)
        assert (keys.dtype, held.dtype, held.shape) == (np.int64, np.float32, (len(keys), DIMENSION))
        assert held.tobytes() == b"".join(vectors[key].tobytes() for key in keys.tolist())
        read += [keys.tolist()]
        if len(keys) < 3:
            break
        after = int(keys[-1])
    assert read == [expected[:3], expected[3:6], expected[6:]]


@pytest.mark.parametrize("bad", [np.full(DIMENSION, np.nan), np.full(DIMENSION, np.inf), np.ones(DIMENSION + 1), []])
def test_what_is_no_vector_of_the_index_is_neither_written_nor_searched(rows, bad):
    with pytest.raises(FootnoteError, match=r"^A vector of document 1 is not 8 finite numbers"):
        rows.upsert([row(1), row(2, dense=np.array(bad))])
    assert rows.count() == 0
    with pytest.raises(FootnoteError, match=r"^The question's vector is not 8 finite numbers"):
        rows.dense(np.array(bad), 1, EVERYTHING)


def test_a_graph_finds_what_numpy_finds_among_few(connection):
    rows = Rows(connection, "cd34", DIMENSION, exact=False)
    rows.create()
    vectors = {chunk: vector(chunk) for chunk in range(1, 51)}
    rows.upsert([row(chunk, dense=one) for chunk, one in vectors.items()])
    rows.flush()
    assert ids(rows.dense(vector(1000), 10, EVERYTHING)) == ids(by_numpy(vectors, vector(1000), 10))


# Words


def bm25(having, counts, sizes, *, k1=1.2, b=0.75):
    """Of one word: rows that have it, how often each of some does, tokens of these and on average (last)."""
    rarity = math.log(1 + (len(TEXTS) - having + 0.5) / (having + 0.5))
    *own, mean = sizes
    return [rarity * n * (k1 + 1) / (n + k1 * (1 - b + b * size / mean)) for n, size in zip(counts, own, strict=True)]


def test_words_are_scored_by_bm25_of_a_segment(worded):
    mean = (3 + 4 + 2 + 1 + 2 + 1 + 1) / 7
    one, three = bm25(2, (2, 1), (3, 2, mean))
    found = worded.lexical(["vote"], [], 10, EVERYTHING)
    assert ids(found) == [1, 3]
    assert [score for _, score in found] == pytest.approx([one, three], abs=1e-5)
    two, three_too = bm25(2, (3, 1), (4, 2, mean))
    found = worded.lexical(["box", "vote"], [], 10, EVERYTHING)
    assert dict(found) == pytest.approx({1: one, 2: two, 3: three + three_too}, abs=1e-5)


def test_headings_are_scored_by_their_own_bm25(worded):
    mean = (1 + 1 + 0 + 2 + 1 + 0 + 0) / 7
    one, four = bm25(2, (1, 1), (1, 2, mean))
    found = worded.lexical([], ["vote"], 10, EVERYTHING)
    assert ids(found) == [1, 4]
    assert [score for _, score in found] == pytest.approx([one, four], abs=1e-5)


def test_both_fields_are_added_by_their_weights(worded):
    words, heads = (dict(worded.lexical(*one, 10, EVERYTHING)) for one in ((["vote"], []), ([], ["vote"])))
    both = worded.lexical(["vote"], ["vote"], 10, EVERYTHING, weights=(2.0, 0.5))
    expected = {1: 2 * words[1] + heads[1] / 2, 3: 2 * words[3], 4: heads[4] / 2}
    assert dict(both) == pytest.approx(expected)
    assert ids(both) == sorted(expected, key=lambda chunk: -expected[chunk])


def test_a_word_counts_once_however_often_it_is_asked_for(worded):
    assert worded.lexical(["box", "box"], [], 10, EVERYTHING) == worded.lexical(["box"], [], 10, EVERYTHING)


def test_equal_scores_are_ranked_by_ids_and_unknown_words_find_nothing(worded):
    assert ids(worded.lexical(["ink"], [], 10, EVERYTHING)) == [6, 7]
    assert worded.lexical(["quill"], ["quill"], 10, EVERYTHING) == []
    assert worded.lexical([], [], 10, EVERYTHING) == []


def test_a_word_in_another_script_is_found_as_it_is(rows):
    rows.upsert([row(1, "\u6295\u7968 na\u00efv"), row(2, "\u6295"), row(3, "naiv")])
    assert ids(rows.lexical(["\u6295\u7968"], [], 10, EVERYTHING)) == [1]
    assert ids(rows.lexical(["na\u00efv"], [], 10, EVERYTHING)) == [1]


def test_words_are_written_in_ascii():
    assert written(["vote", "na\u00efv", "a_b", "\ud800"]) == "vote xx6e61c3af76 xx615f62 xxeda080"


def test_fusion_on_the_server_is_by_reciprocal_ranks(worded):
    query = vector(2)
    dense, words = ids(worded.dense(query, 5, EVERYTHING)), ids(worded.lexical(["ballot"], [], 5, EVERYTHING))
    expected: dict[int, float] = {}
    for ranking in (dense, words):
        for rank, chunk in enumerate(ranking, start=1):
            expected[chunk] = expected.get(chunk, 0) + 1 / (60 + rank)
    found = worded.fused(query, ["ballot"], 5, EVERYTHING)
    assert dict(found) == pytest.approx({chunk: expected[chunk] for chunk in ids(found)}, abs=1e-6)
    assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))
    assert ids(found)[0] == max(expected, key=lambda chunk: (expected[chunk], -chunk))
    assert ids(worded.fused(query, [], 3, EVERYTHING)) == dense[:3]


# Filters


@pytest.fixture
def filed(rows):
    """Rows of several documents; 5 and 6 are much closer to the question, and hold its word."""
    near = vector(1000)
    rows.upsert(
        [
            row(1, "vote", source=1, collection=1, date="2022", fields=[("author", "Ann"), ("year", "1")]),
            row(2, "vote", source=2, collection=1, date="2022-05", path="default/b/c.txt", fields=[("author", "Ann")]),
            row(3, "vote", source=3, collection=2, date="2023-01-02", path="other/a.txt", born=2),
            row(4, "vote", source=4, collection=2, path="other/b/c.txt", born=3),
            row(5, "vote vote", "vote", source=5, collection=3, path="secret/a.txt", dense=near, date="2030"),
            row(6, "vote vote", "vote", source=6, collection=3, path="secret/b.txt", dense=near, born=4),
        ]
    )
    return rows


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        (EVERYTHING, [1, 2, 3, 4, 5, 6]),
        (Numbers(collections=(1,)), [1, 2]),
        (Numbers(collections=(1, 2)), [1, 2, 3, 4]),
        (Numbers(collections=(9,)), []),
        (Numbers(collections=()), []),
        (Numbers(sources=(2, 4)), [2, 4]),
        (Numbers(sources=()), []),
        (Numbers(sources=(1,), folders=(folder_label("other/b/"),)), [1, 4]),
        (Numbers(folders=(folder_label("default/"),)), [1, 2]),
        (Numbers(collections=(1, 2), since=first_and_last_day("2022-05")[0]), [1, 2, 3]),
        (Numbers(collections=(1, 2), until=first_and_last_day("2022-05")[1]), [1, 2]),
        (Numbers(collections=(1, 2), since=20220601, until=20221231), [1]),
        (Numbers(labels=(field_label("author", "Ann"),)), [1, 2]),
        (Numbers(labels=(field_label("author", "Ann"), field_label("year", "1"))), [1]),
        (Numbers(labels=(field_label("author", "ann"),)), []),
        (Numbers(born=2), [1, 2, 3, 5]),
        (Numbers(collections=(2, 3), born=3, since=20230102), [3, 5]),
    ],
)
def test_a_filter_holds_in_every_search_before_anything_is_cut_off(filed, within, expected):
    assert sorted(ids(filed.dense(vector(1000), 10, within))) == expected
    assert sorted(ids(filed.lexical(["vote"], [], 10, within))) == expected
    assert sorted(ids(filed.fused(vector(1000), ["vote"], 10, within))) == expected
    assert filed.count(within) == len(expected)
    if expected:
        assert len(filed.dense(vector(1000), 1, within)) == 1
        assert filed.dense(vector(1000), 1, within)[0][0] in expected
        assert filed.lexical(["vote"], ["vote"], 1, within)[0][0] in expected


def test_nothing_wanted_finds_nothing(filed):
    assert filed.dense(vector(1), 0, EVERYTHING) == []
    assert filed.lexical(["vote"], [], 0, EVERYTHING) == []
    assert filed.fused(vector(1), ["vote"], 0, EVERYTHING) == []


# Writing


def test_a_row_is_written_in_the_place_of_one_with_its_id(rows):
    rows.upsert([row(1, "old", source=1), row(2, "other")])
    rows.upsert([row(1, "new", source=2, dense=vector(9))])
    assert rows.count() == 2
    assert ids(rows.lexical(["old"], [], 5, EVERYTHING)) == []
    assert ids(rows.lexical(["new"], [], 5, Numbers(sources=(2,)))) == [1]
    assert rows.vectors(0, 1)[1].tobytes() == vector(9).tobytes()


def test_rows_are_removed_by_id_and_by_generation(rows):
    rows.upsert([row(chunk, "vote", born=chunk % 3) for chunk in range(1, 10)])
    rows.delete([3, 4, 4, 999])
    assert rows.vectors(-1, 100)[0].tolist() == [1, 2, 5, 6, 7, 8, 9]
    rows.delete_born_above(1)
    assert rows.vectors(-1, 100)[0].tolist() == [1, 6, 7, 9]
    rows.delete([])
    rows.upsert([])
    assert rows.count() == 4


@pytest.mark.parametrize("is_flushed", [False, True])
def test_what_was_written_is_there_when_the_file_is_opened_again(tmp_path, is_flushed):
    for is_first in (True, False):
        connection = Connection(address_of(str(tmp_path / "rows.db")))
        rows = Rows(connection, "ab12", DIMENSION)
        assert rows.exists() is not is_first
        rows.create()
        if is_first:
            rows.upsert([row(1, "vote"), row(2, "box")])
            if is_flushed:
                rows.flush()
        assert ids(rows.lexical(["vote"], [], 5, EVERYTHING)) == [1]
        assert ids(rows.dense(vector(2), 1, EVERYTHING)) == [2]
        connection.close()


def test_more_than_milvus_holds_is_refused_and_nothing_is_cut(rows):
    with pytest.raises(FootnoteError, match=r"^A passage of document 7 has 65,536 bytes of words and 1 labels"):
        rows.upsert([row(1), row(2, "x" * 65_536, source=7)])
    with pytest.raises(FootnoteError, match="4,097 labels"):
        rows.upsert([row(1, labels=tuple(range(4097)))])
    assert rows.count() == 0
    rows.upsert([row(1, "x" * 65_535, labels=tuple(range(4096)))])
    assert ids(rows.lexical(["x" * 65_535], [], 1, Numbers(labels=(0, 4095)))) == [1]


def test_a_collection_of_other_vectors_is_refused_and_can_be_dropped(connection, rows):
    with pytest.raises(
        FootnoteError, match=r"^The collection footnote_ab12 of Milvus at .* was made for another embedder"
    ):
        Rows(connection, "ab12", DIMENSION + 1).create()
    rows.drop()
    rows.drop()
    assert not rows.exists()
    Rows(connection, "ab12", DIMENSION + 1).create()


@pytest.mark.parametrize("index_id", ["", "a-b", "AB", "a; drop", "a" * 65])
def test_the_name_of_an_index_is_hexadecimal(connection, index_id):
    with pytest.raises(FootnoteError, match="is no name of an index"):
        Rows(connection, index_id, DIMENSION)
