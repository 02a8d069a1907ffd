"""Our forward pass against transformers' own BertModel over random weights, and what precision and company change."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertForSequenceClassification, BertModel

from models import bert
from models.bert import Bert, _even_rows, _Linear, is_fast, load_bert, start_workers
from models.tokenising import Tokens

CONFIG = BertConfig(
    vocab_size=50,
    hidden_size=128,
    num_hidden_layers=3,
    num_attention_heads=2,
    intermediate_size=512,
    max_position_embeddings=600,
    initializer_range=0.15,
    num_labels=1,
)
fast_only = pytest.mark.skipif(not is_fast(), reason="this processor has no bfloat16 matrix units")


@pytest.fixture(scope="module")
def oracle():
    torch.manual_seed(0)
    return BertModel(CONFIG, add_pooling_layer=False).eval()


@pytest.fixture(scope="module")
def weights(oracle):
    """Biases and norms too are random: zeros and ones would hide a mistake."""
    with torch.no_grad():
        for parameter in oracle.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return {name: value.numpy().copy() for name, value in oracle.state_dict().items()}


def text(*ids, types=None):
    return Tokens(list(ids), types or [0] * len(ids))


def random_text(rng, length):
    return Tokens(rng.integers(0, 50, length).tolist(), rng.integers(0, 2, length).tolist())


def states(oracle, texts):
    with torch.inference_mode():
        return [
            oracle(torch.tensor([one.ids]), token_type_ids=torch.tensor([one.types])).last_hidden_state[0].numpy()
            for one in texts
        ]


def cosines(first, second):
    return np.sum(first * second, axis=1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)


TEXTS = [random_text(np.random.default_rng(seed), length) for seed, length in enumerate((7, 1, 64, 19, 130, 512, 2))]


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_states_are_those_of_the_reference(oracle, weights, pooling):
    expected = np.stack([one[0] if pooling == "cls" else one.mean(0) for one in states(oracle, TEXTS)])
    found = Bert(weights, pooling=pooling, dtype=torch.float32)(TEXTS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@fast_only
def test_bfloat16_changes_directions_by_little(oracle, weights, pooling):
    expected = np.stack([one[0] if pooling == "cls" else one.mean(0) for one in states(oracle, TEXTS)])
    found = Bert(weights, pooling=pooling)(TEXTS)
    assert found.dtype == np.float32
    assert cosines(found, expected).min() > 0.999
    assert not np.array_equal(found, expected)


def test_logits_of_a_cross_encoder_are_those_of_the_reference():
    torch.manual_seed(1)
    oracle = BertForSequenceClassification(CONFIG).eval()
    weights = {name.removeprefix("bert."): value.numpy().copy() for name, value in oracle.state_dict().items()}
    pairs = [text(1, 2, 3, 4, types=[0, 0, 1, 1]), text(5, 6, types=[0, 1])]
    with torch.inference_mode():
        expected = [
            oracle(torch.tensor([one.ids]), token_type_ids=torch.tensor([one.types])).logits[0].numpy() for one in pairs
        ]
    np.testing.assert_allclose(Bert(weights, dtype=torch.float32)(pairs), np.stack(expected), atol=1e-4)


@fast_only
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000), lengths=st.lists(st.integers(1, 200), min_size=1, max_size=12))
def test_a_text_has_the_same_vector_alone_and_in_any_company(weights, seed, lengths):
    model = Bert(weights)
    rng = np.random.default_rng(seed)
    texts = [random_text(rng, length) for length in lengths]
    together = model(texts)
    alone = np.concatenate([model([one]) for one in texts])
    np.testing.assert_allclose(together, alone, atol=0.05)  # whatever order a processor adds up in
    assert cosines(together, alone).min() > 0.9999


@fast_only
@pytest.mark.parametrize("rows", [2, 32, 33, 100, 300, 511, 512])
def test_a_row_of_a_long_product_is_the_same_bit_for_bit_whichever_rows_are_with_it(rows):
    """So it is on processors with AMX as far as we have seen; the vectors of `Bert` are held to less."""
    torch.manual_seed(2)
    linear = _Linear(torch.randn(384, 1536).bfloat16() / 40, torch.randn(384).bfloat16())
    inputs, residual = torch.randn(2048, 1536).bfloat16(), torch.randn(2048, 384).bfloat16()
    expected = linear.plus(inputs, residual)[:rows]
    assert torch.equal(linear.plus(inputs[:rows], residual[:rows]), expected)


def test_a_width_that_no_published_encoder_has_is_refused(weights):
    narrow = {name: value[..., :96] for name, value in weights.items()}
    with pytest.raises(KeyError):
        Bert(narrow)


def test_a_missing_weight_is_refused(weights):
    del (changed := dict(weights))["encoder.layer.1.intermediate.dense.bias"]
    with pytest.raises(KeyError, match="intermediate"):
        Bert(changed, dtype=torch.float32)


def test_weights_that_do_not_fit_are_left_to_another_engine(tmp_path, monkeypatch):
    monkeypatch.setattr(bert, "is_fast", lambda: True)
    (tmp_path / "model.onnx").write_bytes(b"no ONNX file")
    assert load_bert(tmp_path / "model.onnx", pooling="cls") is None


@pytest.mark.parametrize(
    "able",
    [
        dict,
        lambda: {"amx_tile": True, "amx_bf16": False},
        lambda: {"amx_tile": False, "amx_bf16": True},
        lambda: (_ for _ in ()).throw(RuntimeError("cpuinfo")),
    ],
)
def test_a_processor_that_does_not_say_it_is_fast_is_not(able, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", able, raising=False)
    assert not is_fast()


def test_a_torch_that_cannot_tell_is_not_fast(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not is_fast()


def test_workers_use_one_core_each_and_leave_torch_as_it_was():
    before = torch.get_num_threads()
    with start_workers(3) as workers:
        assert set(workers.map(lambda _: torch.get_num_threads(), range(30))) == {1}
        assert torch.get_num_threads() == before


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (3, 4), (32, 32), (33, 128), (128, 128), (129, 256), (2048, 2048)])
def test_rows_are_rounded_up_to_few_numbers(count, rows):
    assert _even_rows(count) == rows
