"""The reading model over random weights, against the same computation by transformers' own BertModel."""

import hashlib
from itertools import product

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from models import reader as module
from models.reader import Heads, Reader, _best_span, add_adapter, load_reader, read_adapter
from models.tokenising import Tokeniser
from schema import FootnoteError

CONFIG = BertConfig(
    vocab_size=12,
    hidden_size=128,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=256,
    max_position_embeddings=600,
    initializer_range=0.2,
)
VOCABULARY = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "who", "wrote", "it", "ann", "bea", "in", "may", "."]
QUESTION = "who wrote it"
PASSAGE = "ann wrote it . bea wrote in may ."
SENTENCES = [(0, 14), (15, 33)]


@pytest.fixture(scope="module")
def tokeniser():
    words = {word: number for number, word in enumerate(VOCABULARY)}
    made = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    return Tokeniser(made.to_str(), 64)


@pytest.fixture(scope="module")
def oracle():
    torch.manual_seed(3)
    return BertModel(CONFIG, add_pooling_layer=False).eval()


@pytest.fixture(scope="module")
def heads():
    draw = np.random.default_rng(5)
    return Heads(*(draw.normal(size=size).astype(np.float32) for size in ((3, 128), 3, (2, 128), 2)))


@pytest.fixture
def reader(oracle, heads, tokeniser, monkeypatch):
    monkeypatch.setattr(module, "fastest_dtype", lambda: torch.float32)
    weights = {name: value.numpy().copy() for name, value in oracle.state_dict().items()}
    return Reader(weights, heads, tokeniser, threads=2)


def states(oracle, first, second):
    ids = [VOCABULARY.index(word) for word in ["[CLS]", *first.split(), "[SEP]", *second.split(), "[SEP]"]]
    types = [0] * (len(first.split()) + 2) + [1] * (len(second.split()) + 1)
    with torch.inference_mode():
        output = oracle(torch.tensor([ids]), token_type_ids=torch.tensor([types]))
    return output.last_hidden_state[0].numpy()


def test_a_reading_is_what_the_heads_make_of_the_reference_states(reader, oracle, heads):
    rows = states(oracle, QUESTION, PASSAGE)
    outputs = rows @ heads.token_weight.T + heads.token_bias
    reading = reader.read(QUESTION, [(PASSAGE, SENTENCES)])[0]
    assert reading.answerable == pytest.approx(float(heads.text_weight[0] @ rows[0] + heads.text_bias[0]), abs=1e-3)
    inside = outputs[5:-1]  # after [CLS] who wrote it [SEP]
    assert reading.sentences == pytest.approx([float(inside[:4, 2].mean()), float(inside[4:, 2].mean())], abs=1e-3)
    null = outputs[0, 0] + outputs[0, 1]
    best = max(
        (float(inside[first, 0] + inside[last, 1] - null), first, last)
        for low, high in ((0, 4), (4, 9))
        for first, last in product(range(low, high), repeat=2)
        if first <= last
    )
    words = PASSAGE.split()
    starts = [len(" ".join(words[:place])) + (place > 0) for place in range(len(words))]
    span = reading.spans[0]
    assert (span.start, span.end) == (starts[best[1]], starts[best[2]] + len(words[best[2]]))
    assert span.score == pytest.approx(best[0], abs=1e-3)
    assert [one.score for one in reading.spans] == sorted((one.score for one in reading.spans), reverse=True)


def test_readings_come_in_the_order_of_the_passages_whoever_is_with_them(reader):
    texts = [PASSAGE, "bea .", "ann wrote it in may . " * 3, "."]
    together = reader.read(QUESTION, [(text, [(0, len(text))]) for text in texts])
    for text, found in zip(texts, together, strict=True):
        alone = reader.read(QUESTION, [(text, [(0, len(text))])])[0]
        assert found.answerable == pytest.approx(alone.answerable, abs=1e-3)
        assert found.sentences == pytest.approx(alone.sentences, abs=1e-3)


def test_support_is_the_second_output_of_the_first_token(reader, oracle, heads):
    pairs = [("ann wrote it", "ann wrote it in may ."), ("bea wrote it", "ann wrote it .")]
    expected = [float(heads.text_weight[1] @ states(oracle, *pair)[0] + heads.text_bias[1]) for pair in pairs]
    assert reader.entail(pairs) == pytest.approx(expected, abs=1e-3)


def test_nothing_to_read_is_nothing_read(reader):
    assert reader.read(QUESTION, []) == []
    assert reader.entail([]) == []
    empty = reader.read(QUESTION, [("", [])])[0]
    assert empty.spans == () and empty.sentences == ()


def test_a_sentence_that_was_cut_off_can_not_hold_the_answer(reader):
    long = "ann wrote it . " * 30
    reading = reader.read(QUESTION, [(long, [(0, 14), (len(long) - 15, len(long) - 1)])])[0]
    assert reading.sentences[1] == -np.inf
    assert len(reading.spans) == 1


def test_an_answer_does_not_run_backwards_and_not_for_ever():
    outputs = np.zeros((40, 3), np.float32)
    outputs[35, 0], outputs[2, 1] = 9.0, 9.0  # the end before the start
    offsets = np.array([(place, place + 1) for place in range(40)])
    span = _best_span(outputs, offsets, 1.0)
    assert span.score == 8.0 and 0 < span.end - span.start <= module.LONGEST_ANSWER
    outputs[:] = 0
    outputs[0, 0], outputs[39, 1] = 5.0, 5.0  # forty tokens apart
    assert _best_span(outputs, offsets, 0.0).score == 5.0


def test_an_adapter_is_added_to_its_matrices_and_to_no_other():
    draw = np.random.default_rng(0)
    names = [f"encoder.layer.0.attention.self.{part}" for part in ("query", "key", "value")]
    weights = {
        f"{name}.weight": draw.normal(size=(4, 4)) for name in [*names, "encoder.layer.0.output.dense", "pooler"]
    }
    adapter = {
        "encoder.layer.0.attention.self.down": draw.normal(size=(2, 4)),
        "encoder.layer.0.attention.self.up": draw.normal(size=(12, 2)),
        "encoder.layer.0.output.dense.down": draw.normal(size=(2, 4)),
        "encoder.layer.0.output.dense.up": draw.normal(size=(4, 2)),
    }
    added = add_adapter(weights, adapter)
    change = adapter["encoder.layer.0.attention.self.up"] @ adapter["encoder.layer.0.attention.self.down"]
    for number, name in enumerate(names):
        expected = weights[f"{name}.weight"] + change[4 * number : 4 * number + 4]
        np.testing.assert_allclose(added[f"{name}.weight"], expected)
    own = adapter["encoder.layer.0.output.dense.up"] @ adapter["encoder.layer.0.output.dense.down"]
    expected = weights["encoder.layer.0.output.dense.weight"] + own
    np.testing.assert_allclose(added["encoder.layer.0.output.dense.weight"], expected)
    assert added["pooler.weight"] is weights["pooler.weight"]


def test_an_adapter_of_other_weights_is_refused(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"other weights")
    adapter = tmp_path / "reader.safetensors"
    save_file({"token_head.weight": np.ones((3, 2), np.float16)}, adapter, {"base": "ab" * 32})
    found = hashlib.sha256(b"other weights").hexdigest()
    with pytest.raises(FootnoteError, match=f"needs the weights {'ab' * 6}.*has {found[:12]}"):
        load_reader(tmp_path, threads=1, adapter=adapter)
    base, tensors = read_adapter(adapter)
    assert base == "ab" * 32 and tensors["token_head.weight"].dtype == np.float32
