"""A changed prompt can't pass unnoticed: its hash is in every answer, and a comparison of two runs names it."""

import hashlib
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

import prompts
from eval.comparison.comparing import compare_runs
from eval.records import EvalCase, Outcome, Run, RunFingerprint
from eval.runs.results import load_run, save_run
from models.engines import LoadedEngine
from parts import Parts
from prompts import load_prompt, read_prompt
from schema import FootnoteError
from settings import Settings

SHIPPED = Path(prompts.__file__).parent / "answer.md"


def fingerprint(prompt):
    """What answers with this prompt say that they are made with."""
    parts = Parts(Settings(llm="none", reranker="none"))
    parts.__dict__["prompt"] = prompt
    model = GenericFakeChatModel(messages=iter([AIMessage("Yes.")]))
    return parts.fingerprint(LoadedEngine("fake", "0" * 64, model, len, lambda: None), index="i")


def test_a_prompt_of_ones_own_is_chosen_by_a_setting_and_is_in_the_fingerprint(tmp_path):
    own = tmp_path / "mine.md"
    own.write_text(SHIPPED.read_text("utf-8").replace("one to three", "one to two"), "utf-8")
    chosen = Parts(Settings(llm="none", reranker="none", prompt=str(own)))
    shipped = Parts(Settings(llm="none", reranker="none"))
    assert (chosen.prompt, shipped.prompt) == (read_prompt(own), load_prompt("answer"))
    engine = LoadedEngine("fake", "0" * 64, GenericFakeChatModel(messages=iter(())), len, lambda: None)
    assert chosen.writer(engine, threading.Event()).prompt.system.count("one to two short sentences") == 1
    theirs, ours = chosen.fingerprint(None, index="i"), shipped.fingerprint(None, index="i")
    assert theirs.prompt == hashlib.sha256(own.read_bytes()).hexdigest()[:12] != ours.prompt
    assert replace(theirs, prompt=ours.prompt) == ours


def test_a_faulty_prompt_of_ones_own_is_refused_by_file_and_line(tmp_path):
    own = tmp_path / "mine.md"
    own.write_text(SHIPPED.read_text("utf-8").replace("{{ evidence }}", "{{ excerpts }}"), "utf-8")
    with pytest.raises(FootnoteError, match=rf"The prompt {own}, line 11: It uses 'excerpts'"):
        _ = Parts(Settings(llm="none", prompt=str(own))).prompt
    with pytest.raises(FootnoteError, match=r"The prompt .*none\.md can't be read"):
        _ = Parts(Settings(llm="none", prompt=str(tmp_path / "none.md"))).prompt


def run(name, prompt, folder):
    """A run made with this prompt, saved and read again."""
    made = RunFingerprint(questions="q", corpus="c", prompt=fingerprint(prompt).prompt)
    cases, outcomes = (EvalCase("q1", "What?", ("it",)),), (Outcome("q1", "it"),)
    save_run(Run(name, made, cases, outcomes, {"gold_contained": np.array([1.0])}), folder / f"{name}.json")
    return load_run(folder / f"{name}.json")


def test_one_changed_word_of_a_prompt_is_named_by_a_comparison(tmp_path):
    shutil.copy(SHIPPED, tmp_path)
    same = load_prompt("answer", tmp_path)
    text = SHIPPED.read_text("utf-8").replace("one to three", "one to two")
    (tmp_path / "answer.md").write_text(text, "utf-8")
    other = load_prompt("answer", tmp_path)

    assert fingerprint(same) == fingerprint(load_prompt("answer"))
    assert replace(fingerprint(other), prompt=fingerprint(same).prompt) == fingerprint(same) != fingerprint(other)
    a, again, b = run("a", load_prompt("answer"), tmp_path), run("again", same, tmp_path), run("b", other, tmp_path)
    assert [notice for notice in compare_runs(a, again).notices if "prompt" in notice] == []
    (notice,) = [notice for notice in compare_runs(a, b).notices if "prompt" in notice]
    assert load_prompt("answer").sha256[:12] in notice
    assert other.sha256[:12] in notice
