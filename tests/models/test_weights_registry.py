"""The registry: the data that ships, and what is refused in a registry that is wrong."""

import pytest

from models.registry import PackageOrigin, load_registry
from schema import FootnoteError

GOOD = """
[[models]]
name = "small"
title = "A small one"
role = "llm"
step = 1
licence = "MIT"
homepage = "https://example.org"
[[models.files]]
name = "model.gguf"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
[[models.origins]]
kind = "package"
package = "small-{part}"
version = "1.0"
member = "small/{part2}/{file}"
parts = 2
"""


def load(tmp_path, text):
    path = tmp_path / "registry.toml"
    path.write_text(text)
    return load_registry(path)


def test_shipped_registry_names_the_models_with_hashes_and_sizes():
    models = {model.name: model for model in load_registry().models}
    assert {name: (model.role, model.size) for name, model in models.items()} == {
        "qwen2.5-coder-1.5b": ("llm", 1_117_320_768),
        "qwen2.5-coder-0.5b": ("llm", 491_400_064),
        "smollm2-135m": ("llm", 98_362_432),
        "bge-small-en-v1.5": ("embedder", 66_465_124 + 711_396),
        "bge-small-en-v1.5-int8": ("embedder", 34_015_106 + 711_396),
        "all-minilm-l6-v2": ("embedder", 91_567_913),
        "ms-marco-minilm-l12": ("reranker", 34_001_604 + 711_661),
    }
    assert models["qwen2.5-coder-1.5b"].files[0].sha256.startswith("cc324af070c2ecbf")


def test_language_models_step_down_from_the_largest():
    names = [model.name for model in load_registry().language_models()]
    assert names == ["qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b", "smollm2-135m"]


def test_encoder_facts_of_the_default_embedder():
    encoder = load_registry().get("bge-small-en-v1.5", "embedder").encoder
    assert (encoder.dimension, encoder.pooling, encoder.max_tokens) == (384, "cls", 512)
    assert encoder.query_prefix == "Represent this sentence for searching relevant passages: "


def test_every_package_index_comes_before_every_hub():
    for model in load_registry().models:
        kinds = [origin.kind for origin in model.origins]
        assert kinds == sorted(kinds, key="package hub".split().index)
        assert kinds[0] == "package"


def test_part_numbers_are_written_into_package_and_member(tmp_path):
    model = load(tmp_path, GOOD).get("small")
    origin = model.origins[0]
    assert isinstance(origin, PackageOrigin)
    assert origin.requirement(2) == "small-2==1.0"
    assert origin.member_path(model.files[0], 2) == "small/02/model.gguf"


def test_unknown_name_lists_those_of_the_role():
    with pytest.raises(FootnoteError, match=r"no reranker 'best'.*There are: ms-marco-minilm-l12\."):
        load_registry().get("best", "reranker")


@pytest.mark.parametrize(
    ("old", "new", "expected_error"),
    [
        ('name = "small"', 'name = "Small One"', "model Small One / name"),
        ('name = "small"', 'name = "sha256"', "taken by the cache"),
        ('role = "llm"', 'role = "chat"', "model small / role"),
        ("step = 1\n", "", "language models, and only they, have a step"),
        ("size = 3", "size = 0", "files / 0 / size"),
        ("size = 3", 'size = "3"', "files / 0 / size"),
        ("size = 3", "size = 3\ncolour = 4", "files / 0 / colour: Extra inputs"),
        ("ba7816bf", "BA7816BF", "files / 0 / sha256"),
        ('name = "model.gguf"', 'name = "../model.gguf"', "not a plain relative path"),
        ('name = "model.gguf"', 'name = "/model.gguf"', "not a plain relative path"),
        ('name = "model.gguf"', "name = 'C:\\model.gguf'", "not a plain relative path"),
        ('kind = "package"', 'kind = "torrent"', "origins / 0"),
        ("{part2}/{file}", "{part2}/{name}", "holds name in braces"),
        ('homepage = "https', 'homepage = "http', "model small / homepage"),
        ("[[models]]", "[[model]]", "model: Extra inputs"),
        ("[[models]]", "[[models", "can't be read"),
    ],
)
def test_wrong_registry_is_refused_with_the_place(tmp_path, old, new, expected_error):
    assert old in GOOD
    with pytest.raises(FootnoteError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert expected_error in str(caught.value)
    assert "registry.toml" in str(caught.value)


def test_parts_without_a_placeholder_are_refused(tmp_path):
    text = GOOD.replace("small-{part}", "small").replace("{part2}/", "")
    with pytest.raises(FootnoteError, match=r"needs \{part\}"):
        load(tmp_path, text)


@pytest.mark.parametrize(("old", "new"), [('"small-{part}"', '"small"'), ("{part2}/{file}", "{file}")])
def test_one_placeholder_is_enough_for_parts(tmp_path, old, new):
    assert load(tmp_path, GOOD.replace(old, new)).get("small").origins[0].parts == 2


def test_the_same_name_twice_is_refused(tmp_path):
    with pytest.raises(FootnoteError, match="'small' is there twice"):
        load(tmp_path, GOOD + GOOD)


def test_an_encoder_table_belongs_to_embedders_only(tmp_path):
    table = '[models.encoder]\ndimension = 8\npooling = "cls"\nnormalised = true\nmax_tokens = 9\n[[models.files]]'
    with pytest.raises(FootnoteError, match="embedders, and only they"):
        load(tmp_path, GOOD.replace("[[models.files]]", table))
