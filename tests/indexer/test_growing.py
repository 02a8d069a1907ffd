"""An index that outgrows exact search: its clusters, what comes and goes beside them, their recall, damage to them."""

import threading

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import growing, mirror, vector_file
from indexer.catalogue import VECTORS
from indexer.clusters import ClusteredIndex
from indexer.growing import Clustering, choose_probes, wanted
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import Chunk, EmbedderIdentity, Extraction, Filter, FootnoteError, Source

DIMENSION = 24
IDENTITY = EmbedderIdentity("drawn", "", DIMENSION, normalised=True)
PER_DOCUMENT = 10


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Borders that a test reaches in a second."""
    monkeypatch.setattr(growing, "LARGEST_EXACT", 600)
    monkeypatch.setattr(vector_file, "LARGEST_EXACT", 600)
    monkeypatch.setattr(growing, "QUERIES", 64)
    monkeypatch.setattr(vector_file, "LARGEST_CHANGE", 50)
    monkeypatch.setattr(mirror, "SCORED_EXACTLY", 20)


def unit_vectors(count, seed):
    """(count, 24) float32 around 30 centres, as texts are around their subjects."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(30, DIMENSION))
    vectors = centres[random.integers(0, 30, count)] + 0.5 * random.normal(size=(count, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def documents(start, stop, collection="default"):
    """Documents of ten chunks with drawn vectors; the same numbers always give the same."""
    for number in range(start, stop):
        source = Source(collection, f"{number:04}.md", "", None, "0")
        chunks = [Chunk(source.source_id, n, n + 1, f"text {number} {n}") for n in range(PER_DOCUMENT)]
        yield IndexedDocument(source, Extraction("x" * PER_DOCUMENT, ()), chunks, unit_vectors(PER_DOCUMENT, number))


def put(store, *arguments, **options):
    with store.writing():
        store.put(list(documents(*arguments, **options)))
        store.save_vectors()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "index"


@pytest.fixture
def store(folder):
    store = IndexStore(folder, IDENTITY, create=True)
    yield store
    store.close()


@pytest.fixture
def large(store):
    put(store, 0, 100)
    return store


def vectors_by_chunk(store):
    """What SQLite holds: chunk id -> vector."""
    rows = store._connection.execute("SELECT chunk_id, vector FROM chunk")
    return {key: np.frombuffer(vector, "<f4") for key, vector in rows}


def recall(store, queries, top_k=10, within=None, admitted=lambda _: True):
    """The share of the truly nearest that are found; what is found must have its exact score and be in order."""
    held = {key: vector for key, vector in vectors_by_chunk(store).items() if admitted(key)}
    keys, matrix = list(held), np.stack(list(held.values()))
    shares = []
    for query in queries:
        exact = matrix @ query
        best = {keys[row] for row in np.argsort(-exact)[:top_k]}
        found = store.dense(query, top_k, within=within)
        assert len(found) == min(top_k, len(keys))
        scores = [hit.score for hit in found]
        assert scores == sorted(scores, reverse=True)
        assert scores == pytest.approx([float(held[hit.chunk.chunk_id] @ query) for hit in found], abs=1e-5)
        shares.append(len(best & {hit.chunk.chunk_id for hit in found}) / len(best))
    return float(np.mean(shares))


QUERIES = unit_vectors(60, seed=12345)


# Which kind, and when


@pytest.mark.parametrize(
    ("count", "trained", "kind"),
    [
        (0, None, "exact"),
        (600, None, "exact"),
        (601, None, "new clusters"),
        (601, 601, "clusters"),
        (301, 601, "clusters"),
        (300, 601, "exact"),  # not to and fro at the border
        (1202, 601, "clusters"),
        (1203, 601, "new clusters"),
        (999, 2000, "new clusters"),
        (1000, 2000, "clusters"),
    ],
)
def test_a_kind_is_chosen_by_size_and_by_what_is_there(count, trained, kind):
    assert wanted(count, trained and Clustering(trained, 10, 3, 0.98)) == kind


def test_a_small_index_is_exact_and_says_so(store, folder):
    put(store, 0, 60)
    state = store.describe()
    assert (state.kind, state.chunks, state.recall) == ("exact", 600, 1.0)
    assert state.bytes == (folder / VECTORS).stat().st_size > 600 * DIMENSION * 4
    assert recall(store, QUERIES) == 1.0


def test_a_large_index_finds_nearly_all_and_says_what_it_measured(large, folder):
    state = large.describe()
    assert (state.kind, state.chunks) == ("clusters", 1000)
    assert growing.TARGET <= state.recall <= 1.0
    assert "of 62 clusters" in state.why
    assert f"{state.recall:.1%}" in state.why
    assert state.bytes == (folder / VECTORS).stat().st_size < 1000 * DIMENSION * 4
    assert recall(large, QUERIES) >= 0.97


def test_doubling_trains_anew_and_shrinking_goes_back_to_exact(large):
    put(large, 100, 180)
    assert large._engine.mirror.base.clustering.trained == 1000
    put(large, 180, 210)
    assert large._engine.mirror.base.clustering.trained == 2100
    assert recall(large, QUERIES) >= 0.97
    with large.writing():
        large.delete([f"default/{number:04}.md" for number in range(30, 210)])
        large.save_vectors()
    assert large.describe().kind == "exact"
    assert recall(large, QUERIES) == 1.0


# Adds and removes


def test_what_came_and_went_counts_at_once_and_without_a_new_file(large, folder):
    before = (folder / VECTORS).stat().st_mtime_ns
    with large.writing():
        large.delete([f"default/{number:04}.md" for number in (3, 50)])
        large.put(list(documents(200, 202)))
        large.save_vectors()
    assert (folder / VECTORS).stat().st_mtime_ns == before
    assert recall(large, [*QUERIES, *unit_vectors(10, 201), *unit_vectors(10, 3)]) >= 0.97
    ids = [hit.chunk.source_id for hit in large.dense(unit_vectors(PER_DOCUMENT, 201)[4], 3)]
    assert ids[0] == "default/0201.md"
    again = IndexStore(folder, IDENTITY)
    assert again.notices == []
    for query in QUERIES:
        assert again.dense(query, 10) == large.dense(query, 10)
    again.close()


def test_many_changes_are_merged_into_the_clusters_that_are_there(large, folder):
    trained = large._engine.mirror.base
    put(large, 200, 230)
    with large.writing():
        large.delete([f"default/{number:04}.md" for number in range(20)])
        large.save_vectors()
    assert large._engine.mirror.base.sha256 != trained.sha256
    assert large._engine.mirror.base.clustering == trained.clustering
    assert len(large._engine.mirror._exact) == 0
    assert sorted(large._engine.mirror.in_clusters()) == [
        row[0] for row in large._connection.execute("SELECT id FROM chunk")
    ]
    assert recall(large, QUERIES) >= 0.97


def test_another_reader_takes_over_new_clusters(large, folder):
    reader = IndexStore(folder, IDENTITY)
    put(large, 200, 230)
    assert recall(reader, QUERIES) >= 0.97
    assert reader._engine.mirror.base == large._engine.mirror.base
    assert len(reader._engine.mirror._exact) == 0
    reader.close()


def test_removed_vectors_are_nowhere_in_the_file(large, folder):
    with large.writing():
        large.delete(["default/0003.md"])
        large.erase_leftovers()
    assert len(large._engine.mirror.in_clusters()) == 990
    loaded = ClusteredIndex.load(
        folder / VECTORS, sha256=large._engine.mirror.base.sha256, dimension=DIMENSION, mapped=False
    )
    assert len(loaded) == 990


def test_searches_go_on_while_new_clusters_are_made(store, monkeypatch):
    with store.writing():
        store.put(list(documents(0, 100)))
        entered, leave = threading.Event(), threading.Event()
        train = ClusteredIndex.train

        def slowly(*arguments, **options):
            entered.set()
            assert leave.wait(60)
            return train(*arguments, **options)

        monkeypatch.setattr(ClusteredIndex, "train", slowly)
        saver = threading.Thread(target=store.save_vectors)
        saver.start()
        assert entered.wait(60)
        assert recall(store, QUERIES[:5]) == 1.0
        assert store.describe().kind == "exact"
        leave.set()
        saver.join()
    assert store.describe().kind == "clusters"


# Filters


def test_a_filter_loses_nothing_however_few_it_admits(large):
    with large.writing():
        large.put(list(documents(300, 301, "one")))
        large.put(list(documents(301, 311, "ten")))
        large.put(list(documents(311, 317, "six")))
        large.save_vectors()  # merged: they are in the clusters now
    assert len(large._engine.mirror._exact) == 0
    for name in ("one", "ten", "six"):
        within = Filter(collections=(name,))
        keys = {row[0] for row in large._connection.execute(
            "SELECT chunk_id FROM chunk c JOIN source s ON s.id = c.source WHERE collection = ?", (name,))}  # fmt: skip
        found = recall(large, QUERIES[:20], within=within, admitted=keys.__contains__)
        assert found == 1.0 if len(keys) <= 20 else found >= 0.99
    assert large.dense(QUERIES[0], 10, within=Filter(collections=("none",))) == []


# Bad input


@pytest.mark.parametrize("chunks", [0, 1, 100])
def test_odd_questions_of_an_index_of_any_size(store, chunks):
    for document in documents(0, chunks):
        store.put([document])
    with store.writing():
        store.save_vectors()
    held = chunks * PER_DOCUMENT
    assert len(store.dense(QUERIES[0], held + 500)) == held
    assert store.dense(QUERIES[0], 0) == store.dense(QUERIES[0], -3) == []
    level = store.dense(np.zeros(DIMENSION, np.float32), 5)
    assert [hit.score for hit in level] == [0.0] * min(5, held)
    for wrong in (np.full(DIMENSION, np.nan), np.full(DIMENSION, np.inf), np.ones(DIMENSION + 1), np.ones(0)):
        with pytest.raises(FootnoteError, match=r"^The question's vector is not 24 finite numbers"):
            store.dense(wrong, 5)


# Damage


def test_damaged_clusters_are_made_again_and_nothing_is_lost_meanwhile(large, folder):
    path, expected = folder / VECTORS, recall(large, QUERIES)
    whole = path.read_bytes()
    for data in (
        None,
        b"",
        whole[:-1],
        whole[:1000],
        whole[: len(whole) // 2] + b"\xff" + whole[len(whole) // 2 + 1 :],
    ):
        path.unlink(missing_ok=True)  # a new file each time: the store above has the old one mapped
        if data is not None:
            path.write_bytes(data)
        reader = IndexStore(folder, IDENTITY)
        assert reader.notices == [f"The file {path} was missing or damaged; it was rebuilt from the database."]
        assert recall(reader, QUERIES[:10]) == 1.0
        reader.close()
    with IndexStore(folder, IDENTITY).writing():
        writer = IndexStore(folder, IDENTITY)
        writer.save_vectors()
    assert recall(writer, QUERIES) >= min(expected, 0.97)
    writer.close()
    reader = IndexStore(folder, IDENTITY)
    assert reader.notices == []
    assert reader.describe().kind == "clusters"
    reader.close()


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_no_changed_byte_of_clusters_gets_past_the_hash(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "clusters.faiss"
    clusters = ClusteredIndex.train(unit_vectors(20, 1), lists=2)
    clusters.add(np.arange(20), unit_vectors(20, 1))
    sha256 = clusters.save(path)
    changed = bytearray(path.read_bytes())
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            faiss, "read_index", lambda *_: pytest.fail("FAISS was given bytes that are not the recorded ones")
        )
        assert ClusteredIndex.load(path, sha256=sha256, dimension=DIMENSION, mapped=True) is None


@pytest.mark.parametrize(
    "foreign",
    [
        faiss.IndexFlatIP(DIMENSION),
        faiss.IndexIDMap2(faiss.IndexFlatIP(DIMENSION)),
        faiss.IndexIVFFlat(faiss.IndexFlatIP(DIMENSION), DIMENSION, 2, faiss.METRIC_INNER_PRODUCT),
        faiss.IndexIVFScalarQuantizer(faiss.IndexFlatL2(DIMENSION), DIMENSION, 2, 0, faiss.METRIC_L2),
        faiss.IndexIVFScalarQuantizer(faiss.IndexFlatIP(9), 9, 2, 0, faiss.METRIC_INNER_PRODUCT),
    ],
    ids=["flat", "exact", "other code", "other measure", "other dimension"],
)
def test_clusters_of_another_kind_are_refused_whatever_their_hash(tmp_path, foreign):
    path = tmp_path / "vectors.faiss"
    sha256 = ClusteredIndex(foreign).save(path)
    for mapped in (False, True):
        assert ClusteredIndex.load(path, sha256=sha256, dimension=DIMENSION, mapped=mapped) is None


# Clusters by themselves


def test_the_fewest_lists_are_looked_into_that_find_enough(monkeypatch):
    vectors, queries = unit_vectors(2000, 5), unit_vectors(50, 6)
    clusters = ClusteredIndex.train(vectors, lists=40)
    clusters.add(np.arange(2000), vectors)
    nearest = np.argsort(-(queries @ vectors.T), axis=1)[:, :10]
    probes, found = choose_probes(clusters, queries, nearest)
    assert found >= growing.TARGET
    assert 1 < probes < 40

    def share(count):
        ids = clusters.candidates(queries, growing.CANDIDATES, probes=count)
        return np.mean([len(set(one) & set(few)) / 10 for one, few in zip(ids, nearest, strict=True)])

    assert share(probes) == pytest.approx(found)
    assert share(probes - 1 - (probes - 1) // 6) < growing.TARGET
    monkeypatch.setattr(growing, "TARGET", 2.0)  # never to be had: all lists are looked into
    assert choose_probes(clusters, queries, nearest)[0] == 40


def test_mapped_clusters_find_what_those_in_memory_find(tmp_path):
    vectors = unit_vectors(500, 8)
    clusters = ClusteredIndex.train(vectors, lists=10)
    clusters.add(np.arange(7, 507), vectors)
    clusters.remove(np.arange(7, 17))
    sha256 = clusters.save(tmp_path / "vectors.faiss")
    mapped = ClusteredIndex.load(tmp_path / "vectors.faiss", sha256=sha256, dimension=DIMENSION, mapped=True)
    assert mapped.ids().tolist() == clusters.ids().tolist() == list(range(17, 507))
    assert len(mapped) == 490
    for options in ({}, {"among": np.array([20, 30, 400])}, {"without": np.arange(17, 300)}):
        ones = [one.candidates(QUERIES, 20, probes=10, **options) for one in (mapped, clusters)]
        assert np.array_equal(*ones)
        kept = set(ones[0].ravel().tolist()) - {-1}
        if "among" in options:
            assert kept == {20, 30, 400}
        if "without" in options:
            assert kept
            assert min(kept) >= 300


def test_the_kind_is_said_in_a_sentence(store):
    put(store, 0, 1)
    assert store.describe().sentence == "searched exactly, as it is up to 600 chunks"
    put(store, 1, 100)
    clustering = store._engine.mirror.base.clustering
    assert store.describe().sentence == (
        f"searched in clusters, as it is above 600 chunks: {clustering.probes} of 62 clusters are looked into, which "
        f"found {clustering.recall:.1%} of the 10 nearest when it was measured on 1,000"
    )


def test_what_went_takes_no_place_among_the_candidates(large, monkeypatch):
    monkeypatch.setattr(vector_file, "LARGEST_CHANGE", 10_000)
    monkeypatch.setattr(mirror, "CANDIDATES", 12)
    with large.writing():
        large.delete([f"default/{number:04}.md" for number in range(45)])
        large.save_vectors()
    assert recall(large, QUERIES[:20], top_k=8) >= 0.9
    assert len(large._engine.mirror._gone) == 450


def test_a_vector_is_not_counted_as_found_for_finding_itself():
    vectors = unit_vectors(80, 3)
    nearest = growing._Nearest(np.array([4, 70]), vectors[[4, 70]])
    for start in range(0, 80, 20):
        nearest.look_at(np.arange(start, start + 20), vectors[start : start + 20])
    for key, found in zip((4, 70), nearest.ids, strict=True):
        exact = np.argsort(-(vectors @ vectors[key]))
        assert set(found.tolist()) == set(exact[1:11].tolist())
        assert exact[0] == key
