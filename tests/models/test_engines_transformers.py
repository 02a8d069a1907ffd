"""transformers with real weights: the tiny model of the registry, written as a folder of safetensors."""

import subprocess
import sys
import threading
import time

import pytest
import torch
from engine_weights import COLOURS, LONG, LONG_TOKENS, STORY, tiny_weights
from langchain_core.messages import HumanMessage
from langchain_tests.unit_tests import ChatModelUnitTests
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

from models.engines import load_chat_model, stream_text
from models.transformers_chat import TransformersChat
from schema import FootnoteError

ENOUGH_S = 15.0  # for something that takes under a second on an idle machine; not a measurement


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The GGUF weights as bfloat16 safetensors with tokenizer and chat template."""
    weights = tiny_weights()
    target = tmp_path_factory.mktemp("engines") / "smollm2"
    options = {"gguf_file": weights.name, "local_files_only": True}
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(weights.parent, **options))
    tensors = load_gguf_checkpoint(str(weights), return_tensors=True, model_to_load=model)["tensors"]
    tensors = {name: torch.as_tensor(tensor).to(torch.bfloat16) for name, tensor in tensors.items()}
    model.load_state_dict(tensors, assign=True, strict=False)
    model.tie_weights()
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(weights.parent, **options).save_pretrained(target)
    return target


@pytest.fixture(scope="module")
def engine(folder):
    loaded = load_chat_model("transformers", str(folder), fingerprint="given")
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def model(engine):
    return engine.model


class TestStandardSuite(ChatModelUnitTests):
    @property
    def chat_model_class(self):
        return TransformersChat

    @property
    def chat_model_params(self):
        return {"weights": "folder"}


def test_the_answer_comes_in_pieces_and_is_the_same_every_time(model):
    first = list(stream_text(model, COLOURS, max_tokens=16, stop_event=threading.Event()))
    assert len(first) > 5
    assert "".join(first).startswith("The three ")  # bfloat16 rounds as the processor does, so the rest differs
    assert list(stream_text(model, COLOURS, max_tokens=16, stop_event=threading.Event())) == first


def test_tokens_are_counted_as_the_prompt_has_them(engine, model):
    assert engine.count_tokens("hello world") == 2
    usage = model.invoke(COLOURS, max_tokens=4).usage_metadata
    assert usage == {"input_tokens": 21, "output_tokens": 4, "total_tokens": 25}


def test_a_stop_string_ends_the_answer_and_is_left_out(model):
    before, found, _ = model.invoke(COLOURS, max_tokens=16).content.partition("colours")
    assert found
    assert model.invoke(COLOURS, max_tokens=16, stop=["colours", "never"]).content == before


def test_closing_the_stream_stops_the_decoding(model):
    stream = stream_text(model, STORY, max_tokens=3000, stop_event=threading.Event())
    next(stream)
    stream.close()
    assert_answers_promptly(model)


@pytest.mark.parametrize("delay_s", [0.0, 0.1, 0.4])
def test_setting_the_event_while_it_reads_the_prompt_stops_the_reading(model, delay_s):
    stop_event = threading.Event()
    threading.Timer(delay_s, stop_event.set).start()
    started = time.monotonic()
    assert list(stream_text(model, LONG, max_tokens=400, stop_event=stop_event)) == []
    assert time.monotonic() - started < ENOUGH_S
    assert not model.load().turn.locked()


def assert_answers_promptly(model):
    started = time.monotonic()
    assert model.invoke(COLOURS, max_tokens=2).content == "The three"
    assert time.monotonic() - started < ENOUGH_S


def test_a_prompt_that_is_too_long_is_refused_with_both_numbers(model):
    assert LONG_TOKENS * 8 > 8192
    with pytest.raises(FootnoteError, match=r"The prompt has 1\d{4} tokens .* holds 8192"):
        model.invoke([HumanMessage(LONG[0].content * 8)])


def test_a_folder_that_is_missing_or_holds_no_model_is_refused_by_name(tmp_path):
    with pytest.raises(FootnoteError, match=r"There is no folder .*nowhere"):
        load_chat_model("transformers", str(tmp_path / "nowhere"))
    with pytest.raises(FootnoteError, match="can't load a chat model from"):
        load_chat_model("transformers", str(tmp_path))


def test_code_that_comes_with_weights_is_not_run(tmp_path):
    (tmp_path / "config.json").write_text(
        '{"model_type": "odd", "auto_map": {"AutoConfig": "odd.Odd", "AutoModelForCausalLM": "odd.Odd"}}'
    )
    (tmp_path / "odd.py").write_text("raise SystemExit('it ran')")
    with pytest.raises(FootnoteError, match="can't load a chat model from"):
        load_chat_model("transformers", str(tmp_path))


def test_the_front_does_not_load_the_heavy_libraries():
    code = (
        "import sys, models.engines\n"
        "heavy = {'torch', 'transformers', 'xllamacpp', 'langchain', 'openai', 'langchain_core'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
