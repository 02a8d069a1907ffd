"""FAISS against numpy: the same scores and ids; and no byte of a file that isn't the recorded one."""

import hashlib

import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.vectors import VectorIndex, from_blobs, to_blob

DIMENSION = 4
SMALL = st.integers(-2, 2).map(float)
VECTORS = st.lists(st.lists(SMALL, min_size=DIMENSION, max_size=DIMENSION), min_size=1, max_size=40)


def build(vectors, ids=None) -> VectorIndex:
    index = VectorIndex(DIMENSION)
    matrix = np.array(vectors, np.float32).reshape(-1, DIMENSION)
    index.add(np.array(range(10, 10 + len(matrix)) if ids is None else ids, np.int64), matrix)
    return index


def oracle(vectors: dict[int, list[float]], query, top_k: int) -> list[tuple[int, float]]:
    scored = [(key, float(np.dot(vector, query))) for key, vector in vectors.items()]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:top_k]


@given(VECTORS, st.lists(SMALL, min_size=DIMENSION, max_size=DIMENSION), st.integers(0, 50), st.data())
@settings(deadline=None)
def test_search_is_brute_force_with_ties_by_id(vectors, query, top_k, data):
    held = dict(enumerate(vectors, start=10))
    index = build(vectors)
    gone = data.draw(st.sets(st.integers(5, 55)))
    index.remove(np.array(sorted(gone), np.int64))
    held = {key: vector for key, vector in held.items() if key not in gone}
    assert len(index) == len(held)
    assert sorted(index.ids()) == sorted(held)
    assert index.search(np.array(query), top_k) == oracle(held, query, top_k)
    among = data.draw(st.sets(st.integers(5, 55)))
    chosen = {key: vector for key, vector in held.items() if key in among}
    found = index.search(np.array(query), top_k, among=np.array(sorted(among), np.int64))
    assert found == oracle(chosen, query, top_k)


def test_scores_of_real_vectors_agree_with_numpy():
    random = np.random.default_rng(7)
    matrix = random.normal(size=(3000, 384)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    index = VectorIndex(384)
    index.add(np.arange(3000), matrix)
    for top_k in (1, 8, 50, 200):
        query = matrix[top_k] + 0.1 * matrix[0]
        exact = matrix.astype(np.float64) @ query
        found = index.search(query, top_k)
        assert [key for key, _ in found] == np.argsort(-exact)[:top_k].tolist()
        assert np.allclose([score for _, score in found], np.sort(exact)[::-1][:top_k], atol=1e-5)


def test_many_equal_vectors_come_in_order_of_their_ids():
    index = build([[1.0, 0, 0, 0]] * 500 + [[0, 1.0, 0, 0]] * 500)
    for top_k in (1, 3, 99, 100, 150, 499):
        found = index.search(np.array([1, 1, 0, 0]), top_k)
        assert [key for key, _ in found] == list(range(10, 10 + top_k))


def test_nothing_is_found_in_nothing():
    assert VectorIndex(DIMENSION).search(np.ones(DIMENSION), 5) == []
    assert build([[1, 0, 0, 0]]).search(np.ones(DIMENSION), 5, among=np.array([], np.int64)) == []
    assert build([[1, 0, 0, 0]]).search(np.ones(DIMENSION), 5, among=np.array([99], np.int64)) == []


def test_a_saved_index_comes_back_and_can_be_changed(tmp_path):
    path = tmp_path / "vectors.faiss"
    sha256 = build([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]).save(path)
    loaded = VectorIndex.load(path, sha256=sha256, dimension=DIMENSION)
    assert loaded.search(np.array([3, 2, 1, 0]), 9) == [(10, 3.0), (11, 2.0), (12, 1.0)]
    loaded.remove(np.array([10]))
    loaded.add(np.array([20]), np.array([[2, 0, 0, 0]], np.float32))
    assert loaded.search(np.array([3, 2, 1, 0]), 9) == [(20, 6.0), (11, 2.0), (12, 1.0)]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["vectors.faiss"]


def test_a_missing_file_or_another_hash_is_not_loaded(tmp_path):
    path = tmp_path / "vectors.faiss"
    assert VectorIndex.load(path, sha256="0" * 64, dimension=DIMENSION) is None
    build([[1, 0, 0, 0]]).save(path)
    assert VectorIndex.load(path, sha256="0" * 64, dimension=DIMENSION) is None


@given(st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_changed_byte_gets_past_the_hash(tmp_path, monkeypatch, data):
    path = tmp_path / "vectors.faiss"
    whole = faiss.serialize_index(build([[1, 0, 0, 0], [0, 1, 0, 0]])._index).tobytes()
    sha256 = hashlib.sha256(whole).hexdigest()
    changed = bytearray(whole)
    position = data.draw(st.integers(0, len(whole) - 1))
    kind = data.draw(st.sampled_from(["change", "cut", "insert"]))
    if kind == "change":
        changed[position] ^= data.draw(st.integers(1, 255))
    elif kind == "cut":
        del changed[position:]
    else:
        changed.insert(position, data.draw(st.integers(0, 255)))
    path.write_bytes(changed)

    def refuse(_):
        raise AssertionError("FAISS was given bytes that are not the recorded ones")

    with monkeypatch.context() as patch:
        patch.setattr(faiss, "deserialize_index", refuse)
        assert changed == whole or VectorIndex.load(path, sha256=sha256, dimension=DIMENSION) is None


@pytest.mark.parametrize(
    "foreign",
    [
        faiss.IndexFlatIP(DIMENSION),
        faiss.IndexIDMap2(faiss.IndexFlatL2(DIMENSION)),
        faiss.IndexIDMap2(faiss.IndexHNSWFlat(DIMENSION, 4, faiss.METRIC_INNER_PRODUCT)),
        faiss.IndexIDMap2(faiss.IndexFlatIP(DIMENSION + 1)),
    ],
    ids=["without ids", "other measure", "approximate", "other dimension"],
)
def test_an_index_of_another_kind_is_refused_whatever_its_hash(tmp_path, monkeypatch, foreign):
    index = VectorIndex(DIMENSION)
    monkeypatch.setattr(index, "_index", foreign)
    sha256 = index.save(tmp_path / "vectors.faiss")
    assert VectorIndex.load(tmp_path / "vectors.faiss", sha256=sha256, dimension=DIMENSION) is None


def test_bytes_that_faiss_refuses_are_refused_whatever_their_hash(tmp_path):
    path = tmp_path / "vectors.faiss"
    path.write_bytes(b"no index at all")
    sha256 = hashlib.sha256(b"no index at all").hexdigest()
    assert VectorIndex.load(path, sha256=sha256, dimension=DIMENSION) is None


@given(VECTORS)
def test_stored_vectors_come_back_bit_by_bit(vectors):
    matrix = np.array(vectors, np.float32) / 3
    blobs = [to_blob(row) for row in matrix]
    assert {len(blob) for blob in blobs} == {4 * DIMENSION}
    assert np.array_equal(from_blobs(blobs, DIMENSION), matrix)
