"""What the benchmark of embedding counts: nDCG, operations, shares of the peak, and which documents come first."""

import json

import ir_measures
import numpy as np
import pytest

from benchmarks.embedding import DEFAULT, ENGINES, cosines, figures, load, mflop_per_token, ndcg, peak, read_set
from models import is_present, load_registry
from settings import default_cache


def test_ndcg_is_that_of_ir_measures():
    rng = np.random.default_rng(0)
    documents, queries = rng.normal(size=(40, 6)), rng.normal(size=(12, 6))
    ids, asked = [f"d{number}" for number in range(40)], [f"q{number}" for number in range(12)]
    qrels = {query: {ids[place]: int(rng.integers(1, 4)) for place in rng.permutation(40)[:14]} for query in asked}
    scores = queries @ documents.T
    run = {query: dict(zip(ids, map(float, row), strict=True)) for query, row in zip(asked, scores, strict=True)}
    expected = ir_measures.calc_aggregate([ir_measures.nDCG @ 10], qrels, run)[ir_measures.nDCG @ 10]
    assert ndcg(documents, queries, ids, asked, qrels) == pytest.approx(expected, abs=1e-9)


@pytest.mark.models
def test_operations_of_a_token_are_those_of_twelve_layers(weights):
    lengths = np.array([100, 300])
    by_hand = 12 * (2 * (4 * 384**2 + 2 * 384 * 1536) + 4 * 384 * (100**2 + 300**2) / 400)
    assert mflop_per_token(DEFAULT, lengths) == pytest.approx(by_hand / 1e6)


def test_a_share_is_of_the_engines_own_peak_and_speed_is_against_the_reference():
    engines = {"sentence-transformers, float32": {"tokens_per_second": 4000}}
    found = figures({"tokens_per_second": 20_000, "mflop_per_token": 50.0}, 2000.0, engines)
    assert (found["share_of_peak"], found["times_the_reference"]) == (0.5, 5.0)
    assert figures({"tokens_per_second": 1, "mflop_per_token": 50.0}, None, engines)["share_of_peak"] is None


def test_a_product_that_this_machine_cannot_do_has_no_peak():
    def refuse():
        raise RuntimeError("not on this processor")

    assert peak(refuse) is None
    assert peak(lambda: None, seconds=0.01) > 0


def test_judged_documents_come_first_when_limited(tmp_path):
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tc\t1\nq1\ta\t0\nq2\tb\t2\n")
    corpus = [{"_id": one, "title": one.upper(), "text": "text"} for one in "abc"]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    (tmp_path / "queries.jsonl").write_text("\n".join(json.dumps({"_id": f"q{n}", "text": f"{n}?"}) for n in (1, 2, 3)))
    documents, queries, qrels = read_set(tmp_path, 2)
    assert documents == {"b": "B. text", "c": "C. text"}
    assert queries == {"q1": "1?", "q2": "2?"}
    assert qrels == {"q1": {"c": 1}, "q2": {"b": 2}}
    assert list(read_set(tmp_path, None)[0]) == ["a", "b", "c"]


@pytest.mark.models
def test_every_engine_gives_the_vectors_of_the_reference():
    """The figures of decision 013, on a few texts: whoever can run here is within them."""
    if not all(is_present(load_registry().get(name), default_cache()) for name, _ in ENGINES.values()):
        pytest.skip("the original weights are not in the cache")
    texts = ["Aspirin thins the blood.", "Leases longer than seven years must be registered. " * 20]
    vectors = [load(name, precision or "").embed(texts) for name, precision in list(ENGINES.values())[:2]]
    assert cosines(vectors[1], vectors[0])["cosine_min"] > 0.995
