"""The smallest language model of the registry, for the tests of the engines: real weights, real tokenizer."""

from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from models.engines import prepare_process
from settings import default_cache

prepare_process()  # before a test module imports torch

COLOURS = [SystemMessage("Be brief."), HumanMessage("Name three colours.")]
STORY = [HumanMessage("Write a long story about a lighthouse.")]
LONG = [HumanMessage("The committee met and agreed on the budget for the coming year. " * 110)]
LONG_TOKENS = 1461


def tiny_weights() -> Path:
    """The GGUF file in the user's cache."""
    path = default_cache() / "smollm2-135m" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    if not path.is_file():
        pytest.fail(f"{path} is not there: run 'footnote models fetch smollm2-135m' first", pytrace=False)
    return path
