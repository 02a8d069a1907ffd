"""A reader of some collections: nothing else is there for it, and what may be seen is found however much is better."""

from contextlib import closing

import numpy as np
import pytest
from fakes import DIMENSION, IDENTITY

from indexer import growing, mirror, vector_file
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import Chunk, Extraction, Filter, FootnoteError, Source, Words

WANTED = 8
QUERY = np.eye(DIMENSION, dtype=np.float32)[0]


def near(cosine, axis=1):
    """A unit vector at this cosine to the query."""
    vector = cosine * QUERY + np.sqrt(1 - cosine**2) * np.eye(DIMENSION, dtype=np.float32)[axis]
    return vector.astype(np.float32)


def document(collection, number, text, cosine):
    source = Source(collection, f"{number:05}.md", "", None, f"{number}")
    chunk = Chunk(source.source_id, 0, len(text), text)
    vector = near(cosine, 1 + number % (DIMENSION - 1)).reshape(1, -1)
    return IndexedDocument(source, Extraction(text, ()), [chunk], vector)


def crowded(folder, forbidden=1_500):
    """A thousand documents and more that fit better, around ten of a small collection and thirty of two others."""
    store = IndexStore(folder, IDENTITY, create=True)
    secret = [document("secret", number, "aspirin " * 20, 0.99) for number in range(forbidden)]
    small = [document("small", number, f"aspirin filler number {number}", 0.2 + number / 100) for number in range(10)]
    others = [document(f"other{number % 2}", number, "aspirin and more", 0.1 + number / 100) for number in range(30)]
    with store.writing():
        store.put([*secret[:700], *small[:5], *secret[700:], *others, *small[5:]])
        store.save_vectors()
    return store


@pytest.fixture(params=["flat", "clusters", "clusters, scored exactly"])
def store(request, tmp_path, monkeypatch):
    if request.param != "flat":
        monkeypatch.setattr(growing, "LARGEST_EXACT", 600)
        monkeypatch.setattr(vector_file, "LARGEST_EXACT", 600)
        monkeypatch.setattr(growing, "QUERIES", 64)
        monkeypatch.setattr(mirror, "SCORED_EXACTLY", 3 if request.param == "clusters" else 2_000)
    with closing(crowded(tmp_path / "index")) as store:
        assert store.describe().kind == ("exact" if request.param == "flat" else "clusters")
        yield store


def test_all_that_are_wanted_come_from_what_may_be_seen(store):
    assert {hit.source.collection for hit in store.dense(QUERY, 1_000)} == {"secret"}
    reader = store.narrowed({"small"})
    by_vector, by_words = reader.dense(QUERY, WANTED), reader.lexical(Words(("aspirin",)), WANTED)
    assert [hit.source.path for hit in by_vector] == [f"{number:05}.md" for number in range(9, 1, -1)]
    assert [round(hit.score, 5) for hit in by_vector] == [round(0.2 + number / 100, 5) for number in range(9, 1, -1)]
    assert {hit.source.collection for hit in by_vector + by_words} == {"small"}
    assert len(by_words) == WANTED
    assert len(reader.dense(QUERY, 99)) == len(reader.lexical(Words(("aspirin",)), 99)) == 10
    wider = store.narrowed({"small", "other1"})
    assert len(wider.dense(QUERY, 20)) == len(wider.lexical(Words(("aspirin",)), 20)) == 20
    own = Filter(("small", "other0", "secret"))
    assert {hit.source.collection for hit in wider.dense(QUERY, 20, within=own)} == {"small"}


@pytest.mark.parametrize("names", [(), ("nowhere",), ("",), ("SMALL", "smal", "small ", "small%", "small\x00", "s%")])
def test_a_reader_of_nothing_finds_nothing(store, names):
    reader = store.narrowed(names)
    for within in (None, Filter(("small",)), Filter(permitted=("small",)), Filter(sources=("small/",))):
        assert reader.dense(QUERY, 9, within=within) == []
        assert reader.lexical(Words(("aspirin",)), 9, within=within) == []
    assert (reader.sources(), reader.sources("small"), reader.collections(), reader.source_ids()) == ([], [], [], [])


@pytest.fixture
def named(tmp_path):
    """A path that two collections have, and one whose path looks like an id of the other."""
    with closing(IndexStore(tmp_path / "index", IDENTITY, create=True)) as store:
        for number, (collection, path) in enumerate(
            [("hr", "a.md"), ("law", "a.md"), ("law", "hr/b.md"), ("law", "c.md")]
        ):
            source = Source(collection, path, "", None, str(number))
            chunk = Chunk(source.source_id, 0, 3, "abc")
            one = IndexedDocument(
                source, Extraction("abc", ()), [chunk], near(0.5).reshape(1, -1), f"/files/{collection}"
            )
            store.put([one])
        yield store


def refusal(call, *arguments):
    with pytest.raises(FootnoteError) as error:
        call(*arguments)
    return str(error.value)


def test_a_path_alone_means_the_document_that_may_be_seen(named):
    assert refusal(named.find, "a.md") == "'a.md' names more than one document. Say which: hr/a.md, law/a.md"
    reader = named.narrowed({"hr"})
    assert reader.find("a.md").source_id == reader.find("hr/a.md").source_id == "hr/a.md"
    for name in ("hr/b.md", "law/hr/b.md", "c.md", "law/a.md", "nothing.md"):
        for call in (reader.find, reader.text, reader.file_of, reader.metadata, reader.page_views):
            assert (
                refusal(call, name) == f"There is no document {name!r} in the index. List them with: footnote sources"
            )
        assert refusal(reader.page_view, name, 1) == refusal(reader.span, name, 0, 1) == refusal(reader.text, name)


def test_vectors_of_passages_that_may_not_be_seen_are_not_there(named):
    (chunk,) = [hit.chunk.chunk_id for hit in named.lexical(Words(("abc",)), 9, within=Filter(sources=("law/c.md",)))]
    assert named.vectors([chunk]).shape == (1, DIMENSION)
    assert named.narrowed({"law"}).vectors([chunk]).shape == (1, DIMENSION)
    reader, unknown = named.narrowed({"hr"}), "0" * 32
    assert refusal(reader.vectors, [chunk]).replace(chunk, unknown) == refusal(reader.vectors, [unknown])


def test_fingerprints_are_those_of_what_may_be_seen(named, tmp_path):
    before = {names: named.narrowed(names).fingerprint() for names in [("hr",), ("law",), ("hr", "law"), ()]}
    assert before["hr", "law"] == named.fingerprint()
    assert len({*before.values()}) == 4
    with closing(IndexStore(tmp_path / "other", IDENTITY, create=True)) as other:
        assert other.fingerprint() == before[()]
        other.put([document("law", 1, "abc", 0.5)])
        named.put([document("law", 1, "abc", 0.5)])
    after = {names: named.narrowed(names).fingerprint() for names in before}
    assert [names for names in before if before[names] != after[names]] == [("law",), ("hr", "law")]
