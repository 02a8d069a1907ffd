"""Search by words for a reader of some collections: to the last bit what an index of these alone finds."""

import random
from contextlib import closing

import numpy as np
import pytest
from fakes import IDENTITY, word_vectors
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from indexer import full_text
from indexer.catalogue import DamagedIndexError
from indexer.seen_words import SeenWords, numbers
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import Chunk, Extraction, Filter, Source, Words

COLLECTIONS = ("default", "law", "lawyers", "Law")
COMMON, RARE = ["aspirin", "dose", "trial", "heart"], [f"rare{letter}" for letter in "abcdefgh"]
EVEN = (1.0, 1.0, 1.0)


def made(count=300):
    """Chunks of four collections in turn: each common word in about half of one's chunks, in few of another's."""
    chance = random.Random(5)  # noqa: S311
    for number in range(count):
        collection = COLLECTIONS[chance.randrange(4)]
        often = [0, 0, 1, 2] if collection == "law" else [0, 0, 0, 0, 0, 0, 5]
        words = [word for word in COMMON for _ in range(chance.choice(often))]
        words += [word for word in RARE if chance.random() < 0.03] + ["filler"] * chance.choice([1, 2, 9, 150])
        chance.shuffle(words)
        source = Source(collection, f"{number:03}.md", chance.choice(COMMON), None, "0")
        chunk = Chunk(source.source_id, 0, 1, " ".join(words), heading=chance.choice([*COMMON, ""]))
        yield IndexedDocument(source, Extraction("x", ()), [chunk], word_vectors([chunk.text]))


def written(folder, documents):
    store = IndexStore(folder, IDENTITY, create=True)
    for document in documents:
        store.put([document])
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with closing(written(tmp_path_factory.mktemp("seen") / "index", made())) as store:
        yield store


@pytest.fixture(scope="module")
def separate(tmp_path_factory):
    """(permitted) -> an index of these collections alone, made once."""
    stores = {}

    def of(permitted):
        if permitted not in stores:
            documents = [one for one in made() if one.source.collection in permitted]
            stores[permitted] = written(tmp_path_factory.mktemp("separate") / "index", documents)
        return stores[permitted]

    yield of
    for one in stores.values():
        one.close()


def found(passages):
    return [(one.source.source_id, one.score, one.rank) for one in passages]


def above_the_last(passages):
    """The passages whose place among the first is no matter of a tie."""
    return {(one.source.source_id, one.chunk.start) for one in passages if one.score > passages[-1].score + 1e-8}


@given(
    permitted=st.sets(st.sampled_from(COLLECTIONS)).map(lambda names: tuple(sorted(names))),
    words=st.lists(st.sampled_from([*COMMON, *RARE, "heart dose", "unheard"]), min_size=1, unique=True),
    headings_only=st.booleans(),
    weights=st.sampled_from([EVEN, (4.0, 2.0, 1.0), (5.0, 0.5, 2.0)]),
    bound=st.sampled_from([1, 10, 40, 6_000]),
    own=st.sampled_from([(), ("law",), ("default", "law"), ("Law", "none")]),
)
@example(("law",), ["aspirin", "dose", "trial", "raree"], False, EVEN, 10, ())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_ranking_and_scores_are_those_of_a_separate_index(
    store, separate, permitted, words, headings_only, weights, bound, own
):
    match, within = Words(tuple(words), headings_only=headings_only), Filter(collections=own)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(full_text, "MOST_ROWS", bound)
        here = store.narrowed(permitted).lexical(match, 10, within=within, weights=weights)
        alone = separate(permitted).lexical(match, 10, within=within, weights=weights)
    if bound == 6_000:
        assert found(here) == found(alone)
    else:  # the score of the whole is a difference of two there, so what is equal may come in another order
        assert [one.score for one in here] == pytest.approx([one.score for one in alone], abs=1e-9)
        assert above_the_last(here) == above_the_last(alone)


def test_what_may_not_be_seen_does_not_move_a_score(tmp_path):
    """The same words a thousand times over in another collection: as if they were not there."""
    with closing(written(tmp_path / "index", made(60))) as store:
        reader, match = store.narrowed({"law"}), Words((*COMMON, *RARE))
        before, everybody = found(reader.lexical(match, 30)), found(store.lexical(match, 30))
        for number in range(40):
            source = Source("secret", f"{number}.md", "aspirin", None, "0")
            chunk = Chunk(source.source_id, 0, 1, "aspirin raree " * 25)
            store.put([IndexedDocument(source, Extraction("x", ()), [chunk], word_vectors([chunk.text]))])
        assert found(reader.lexical(match, 30)) == before != []
        assert found(store.lexical(match, 30)) != everybody


def test_each_commit_is_counted(tmp_path):
    with closing(written(tmp_path / "index", made(40))) as store:
        reader, common = store.narrowed({"law", "default"}), Words(tuple(COMMON))
        for number, document in enumerate(made(80)):
            if number < 40 or document.source.collection not in ("law", "default"):
                continue
            store.put([document])
            alone = [one for one in made(number + 1) if one.source.collection in ("law", "default")]
            with closing(written(tmp_path / str(number), alone)) as separate:
                assert found(reader.lexical(common, 9)) == found(separate.lexical(common, 9))
            if number > 50:
                break


def test_an_expression_of_another_form_is_refused_where_its_statistics_would_be_those_of_all(store):
    rows = np.array([1, 2], np.int64)
    with pytest.raises(ValueError, match="not words joined by OR"):
        SeenWords(store._connection, rows).search('"aspirin" AND "dose"', 9, weights=EVEN, among=rows)


def test_rows_that_the_full_text_index_has_lost_are_damage(tmp_path):
    with closing(written(tmp_path / "index", made(40))) as store:
        store._connection.execute("DELETE FROM chunk_fts_docsize WHERE id = 3")
        with pytest.raises(DamagedIndexError):
            store.narrowed(COLLECTIONS).lexical(Words(("aspirin",)), 9)


@given(st.lists(st.lists(st.integers(0, 2**49), min_size=1, max_size=4), min_size=1))
def test_numbers_of_any_size_are_read(rows):
    def written(value):
        groups = [value & 127]
        while value := value >> 7:
            groups.append(value & 127 | 128)
        return bytes(reversed(groups))

    blobs = [b"".join(map(written, row)) for row in rows]
    assert numbers(blobs).tolist() == [value for row in rows for value in row]
    assert numbers(blobs).dtype == np.int64
