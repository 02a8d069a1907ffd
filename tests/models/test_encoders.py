"""Encoders over the default weights: engines agree, company doesn't matter, and who is asked to run."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from models import encoders, is_present, load_registry, model_folder
from models.bert import is_fast
from models.encoders import SentenceEmbeddings, SentenceReranker, _batches, load_embeddings, load_reranker
from models.tokenising import Tokeniser
from parts import identity_of
from schema import EmbedderIdentity, FootnoteError
from settings import default_cache

TEXTS = [
    "Aspirin thins the blood.",
    "The committee published its strategy in March 2024, after two rounds of consultation.",
    "Zinc shortens a cold by about a day. " * 12,
    "",
    "A lone word",
    "Leases longer than seven years must be registered. " * 30,
]
QUERY = "When was the strategy published?"
ENGINES = ["int8", pytest.param("bf16", marks=pytest.mark.skipif(not is_fast(), reason="no bfloat16 matrix units"))]


@pytest.fixture(scope="module")
def load(weights):
    """Default models by precision, each loaded once."""
    loaded = {}
    embedder = load_registry().get("bge-small-en-v1.5-int8", "embedder")
    reranker = load_registry().get("ms-marco-minilm-l12", "reranker")

    def of(kind, precision):
        if (kind, precision) not in loaded:
            options = {"threads": 2, "precision": precision}
            loaded[kind, precision] = (
                load_embeddings(
                    model_folder(embedder, weights), identity_of(embedder), pooling="cls", max_tokens=512, **options
                )
                if kind == "embedder"
                else load_reranker(model_folder(reranker, weights), **options)
            )
        return loaded[kind, precision]

    return of


@pytest.mark.models
@pytest.mark.parametrize("precision", ENGINES)
def test_the_same_text_has_the_same_vector_alone_and_in_a_batch(load, precision):
    embeddings = load("embedder", precision)
    together = embeddings.embed(TEXTS * 3)
    assert together.shape == (18, 384)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    alone = np.vstack([embeddings.embed([text]) for text in TEXTS])
    np.testing.assert_allclose(together, np.vstack([alone] * 3), atol=2e-3 if precision == "bf16" else 0)


@pytest.mark.models
@pytest.mark.skipif(not is_fast(), reason="no bfloat16 matrix units")
def test_both_engines_give_nearly_the_same_vectors_and_scores(load):
    vectors = [load("embedder", precision).embed(TEXTS) for precision in ("int8", "bf16")]
    assert np.sum(vectors[0] * vectors[1], axis=1).min() > 0.99
    scores = [load("reranker", precision).score(QUERY, TEXTS) for precision in ("int8", "bf16")]
    np.testing.assert_allclose(*scores, atol=1.0)
    assert [max(range(6), key=one.__getitem__) for one in scores] == [1, 1]


@pytest.mark.models
@pytest.mark.parametrize("precision", ENGINES)
def test_a_query_is_embedded_with_its_prefix(load, precision):
    embeddings, prefixed = (
        load("embedder", precision),
        f"Represent this sentence for searching relevant passages: {QUERY}",
    )
    expected = load("embedder", "int8").embed([prefixed])[0]  # the quicker engine for one text, whatever the precision
    np.testing.assert_allclose(embeddings.embed_query(QUERY), expected, atol=1e-6)
    assert embeddings.embed([prefixed])[0] @ expected > 0.99
    assert not np.allclose(embeddings.embed_documents([QUERY])[0], expected, atol=1e-3)


@pytest.mark.models
@pytest.mark.parametrize("precision", ENGINES)
def test_scores_come_in_the_order_of_the_texts(load, precision):
    reranker = load("reranker", precision)
    scores = reranker.score(QUERY, TEXTS)
    assert scores[1] > 3 > -3 > max(scores[0], scores[2], scores[5])
    np.testing.assert_allclose(reranker.score(QUERY, TEXTS[::-1]), scores[::-1], atol=0.1)


@pytest.mark.models
@pytest.mark.parametrize("precision", ENGINES)
def test_nothing_in_nothing_out(load, precision):
    assert load("embedder", precision).embed([]).shape == (0, 384)
    assert load("reranker", precision).score(QUERY, []) == []
    assert load("reranker", precision).pair_tokens(QUERY, []) == []
    assert load("embedder", precision).count_tokens([]) == []


@pytest.mark.models
def test_tokens_of_pairs_are_what_the_model_reads(load):
    reranker = load("reranker", "int8")
    texts = [*TEXTS, "word " * 2000]
    read = reranker._encoder.tokeniser.encode([(QUERY, text) for text in texts])
    assert reranker.pair_tokens(QUERY, texts) == [len(one) for one in read]
    assert len(read[-1]) == 512
    assert set(read[0].types) == {0, 1}


@pytest.mark.models
def test_tokens_are_counted_whole_and_without_special_ones(load):
    assert load("embedder", "int8").count_tokens(["Aspirin thins the blood.", "", "word " * 2000])[1:] == [0, 2000]


def test_bfloat16_that_cannot_be_had_is_refused_when_asked_for_and_passed_over_when_not(weights, monkeypatch):
    folder = model_folder(load_registry().get("ms-marco-minilm-l12", "reranker"), weights)
    monkeypatch.setattr("models.bert.is_fast", lambda: False)
    with pytest.raises(FootnoteError, match="bfloat16 on this processor"):
        load_reranker(folder, precision="bf16")
    monkeypatch.setattr(encoders, "has_matrix_units", lambda: True)
    assert load_reranker(folder).engine == "ONNX Runtime"


def test_a_machine_without_matrix_units_never_loads_torch(weights):
    code = (
        "import sys; from pathlib import Path; from models import encoders\n"
        "encoders.has_matrix_units = lambda: False\n"
        f"scorer = encoders.load_reranker(Path({str(weights / 'ms-marco-minilm-l12')!r}))\n"
        "assert scorer.score('a', ['b', 'c']) and scorer.engine == 'ONNX Runtime'\n"
        "assert not {'torch', 'sentence_transformers', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unreadable_list_of_processors_means_no_matrix_units(monkeypatch, tmp_path):
    monkeypatch.setattr(encoders, "Path", lambda _: tmp_path / "none")
    assert not encoders.has_matrix_units()


class CountingEncoder:
    """An encoder whose state of a text is its length and its number of words."""

    engine = "counting"
    tokeniser = None

    def __call__(self, texts):
        return np.array([[len(text), text.count(" ")] for text in texts], np.float32)

    def one(self, text):
        return self([text])[0]


def test_vectors_are_left_as_they_are_when_the_identity_says_so():
    identity = EmbedderIdentity("counting", "0" * 64, 2, False, "q: ", "d: ")
    assert SentenceEmbeddings(CountingEncoder(), identity).embed(["ab c"]).tolist() == [[7, 2]]
    assert SentenceEmbeddings(CountingEncoder(), identity).embed_query("ab c") == [7, 2]


def test_a_reranker_takes_the_first_output():
    encoder = SimpleNamespace(engine="", tokeniser=None)
    reranker = SentenceReranker(encoder)
    reranker._encoder = lambda pairs: np.array([[len(text)] for _, text in pairs], np.float32)
    assert reranker.score("q", ["abc", "d"]) == [3.0, 1.0]


@pytest.mark.parametrize(
    ("lengths", "most", "threads", "expected"),
    [
        ([5], 1024, 2, [1]),
        ([500, 500], 1024, 2, [1, 1]),
        ([100] * 6, 1024, 2, [3, 3]),
        ([100] * 6, 200, 2, [2, 1, 2, 1]),
        ([3, 4, 5], 1, 2, [1, 1, 1]),
        ([500, 3, 3, 3], 1024, 4, [1, 3]),
        ([90_000, 512, 512, 512], 1024, 2, [2, 2]),
    ],
)
def test_batches_are_even_and_as_many_for_each_thread(lengths, most, threads, expected):
    texts = [str(number) + "x" * (5 * (length - 2) - 1) for number, length in enumerate(lengths)]
    batches = list(_batches(texts, most, threads))
    assert [text for batch in batches for text in batch] == texts
    assert [len(batch) for batch in batches] == expected


def test_a_pair_that_is_too_long_is_cut_at_its_longer_text(weights):
    tokeniser = Tokeniser.load(weights / "ms-marco-minilm-l12", 16)
    (pair,) = tokeniser.encode([("what is it", "word " * 50)])
    assert len(pair) == 16
    assert pair.types == [0] * 5 + [1] * 11


@pytest.mark.models
def test_a_folder_of_safetensors_runs_on_sentence_transformers_from_several_threads():
    model = load_registry().get("all-minilm-l6-v2", "embedder")
    if not is_present(model, default_cache()):
        pytest.skip("all-minilm-l6-v2 is not in the cache")
    embeddings = load_embeddings(
        model_folder(model, default_cache()), identity_of(model), pooling="mean", max_tokens=256
    )
    assert embeddings.engine == "sentence-transformers"
    expected = embeddings.embed(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(expected, axis=1), 1, atol=1e-6)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(embeddings.embed, [TEXTS] * 8):
            np.testing.assert_allclose(found, expected, atol=1e-5)
    assert embeddings.count_tokens([" word" * 300]) == [300]
