"""Runs as files: whole or not there, read back as they were, and every fault named with file and line."""

import json
import os

import numpy as np
import pytest

from eval.measures import summarise, tabulate
from eval.records import EvalCase, Evidence, Outcome, Run, RunFingerprint, Span, Statement
from eval.runs.results import load_head, load_run, run_to_dict, save_run
from schema import FootnoteError

CASES = (
    EvalCase("day", "When?", ("12 October",), (Evidence("default/plan.pdf", 2, "on 12 October", 10, 23),), kind="date"),
    EvalCase("cost", "What did it cost?", unanswerable=True),
    EvalCase("ç", "Qué día? 何日", ("NaN", "a\u2028b"), together=True),
)
QUOTE = Span(
    "default/plan.pdf", "on 12 October", "The plan", None, 2, 10, 23, 0.1 + 0.2, warning="Beware.", marked="12 October"
)
OUTCOMES = (
    Outcome("day", "On 12 October.", sentences=(Statement("On 12 October.", (1,), "supported", 1.0),),
            citations=(QUOTE,), quotes=(QUOTE,), passages=(QUOTE,), confidence=1 / 3, timings={"total_ms": 20.5},
            verbatim=(2, 2)),
    Outcome("cost", "The documents do not say.", abstained=True, confidence=-3.0),
    Outcome("ç", error='It failed: "Infinity"\n'),
)  # fmt: skip


def supported(sentence, texts, question):
    return "supported"


RUN = Run(
    "plan-1a2b",
    RunFingerprint("q" * 16, "c", "i", "bge@12", "none", "qwen@34", "p", "s", "0.1.0"),
    CASES,
    OUTCOMES,
    tabulate(CASES, OUTCOMES, supported),
    {"set": "plan.yaml", "seed": None, "settings": {"top_k": 8}},
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "runs" / "plan.json"
    save_run(RUN, path)
    return path


def same(a, b):
    """Whether two runs are equal; columns by their values, NaN being NaN."""
    for name in ("name", "fingerprint", "cases", "outcomes", "about"):
        assert getattr(a, name) == getattr(b, name)
    assert list(a.columns) == list(b.columns)
    for name, column in a.columns.items():
        assert column.dtype == np.float64
        np.testing.assert_array_equal(column, b.columns[name])
    return True


def test_a_run_comes_back_from_its_file_as_it_was(path):
    assert same(load_run(path), RUN)
    assert np.isnan(RUN.columns["answer_f1"]).any()
    assert [one.name for one in path.parent.iterdir()] == ["plan.json"]


def test_the_file_is_json_with_a_line_for_each_question(path):
    record = json.loads(path.read_bytes())
    assert (record["format"], record["version"], record["count"]) == ("footnote-run", 1, 3)
    assert record["measures"] == summarise(RUN.columns)
    lines = path.read_text("utf-8").split("\n")
    assert len(lines) == 3 + 3
    for line, case in zip(lines[1:-2], CASES, strict=True):
        assert json.loads(line.rstrip(","))["question"] == case.question
    assert "何日" in lines[3]


def test_the_printed_form_holds_every_measure_of_the_set():
    record = run_to_dict(RUN)
    assert set(record) == {"name", "questions", "measures", "fingerprint"}
    assert record["questions"] == 3
    assert record["measures"]["false_refusals"] == 0.5  # of two that can be answered, one failed: no answer either
    assert record["measures"]["false_answers"] == 0.0
    assert record["fingerprint"]["llm"] == "qwen@34"
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_the_head_alone_says_what_a_list_needs(path):
    head = load_head(path)
    assert (head.name, head.questions, head.fingerprint, head.about) == (RUN.name, 3, RUN.fingerprint, RUN.about)
    assert head.measures == summarise(RUN.columns)


def test_a_file_in_other_lines_is_the_same_run(path):
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")), indent=2))
    assert same(load_run(path), RUN)
    assert load_head(path).name == RUN.name
    record = json.loads(path.read_text())
    record["questions"][1]["question"] = ""
    path.write_text(json.dumps(record, indent=2))
    with pytest.raises(FootnoteError, match=r"plan.json, question 2, field question: '' is not text"):
        load_run(path)


def test_half_a_character_of_another_system_survives(tmp_path):
    outcomes = (Outcome("day", "half \ud800"), *OUTCOMES[1:])
    save_run(Run("x", RunFingerprint(), CASES, outcomes, {}), tmp_path / "x.json")
    assert load_run(tmp_path / "x.json").outcomes == outcomes


def test_a_write_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    before = path.read_bytes()

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FootnoteError, match=r"plan.json: No space left on device"):
        save_run(Run("other", RunFingerprint(), CASES, OUTCOMES, {}), path)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["plan.json"]


def test_who_reads_the_old_file_meanwhile_reads_all_of_it(path):
    before = path.read_bytes()
    with path.open("rb") as reader:
        start = reader.read(10)
        save_run(Run("other", RunFingerprint(), CASES, OUTCOMES, {}), path)
        assert start + reader.read() == before
    assert load_run(path).name == "other"


def test_a_value_that_is_no_number_is_never_written(tmp_path):
    outcomes = (Outcome("day", confidence=float("inf")), *OUTCOMES[1:])
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_run(Run("x", RunFingerprint(), CASES, outcomes, {}), tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def fault_of(path):
    with pytest.raises(FootnoteError) as error:
        load_run(path)
    assert str(path) in str(error.value)
    return str(error.value).replace(f"{path}", "FILE")


def test_a_file_cut_anywhere_is_refused_and_its_last_line_named(path):
    whole = path.read_text("utf-8")
    for length in [*range(30, len(whole) - 2, 17), *range(len(whole) - 40, len(whole) - 2)]:
        path.write_text(whole[:length], "utf-8")
        line = whole[:length].rstrip("\n").count("\n") + 1
        assert fault_of(path) == (
            f"FILE, line {line}: the file ends in the middle; copy it again, or run the evaluation again"
        )
    with pytest.raises(FootnoteError, match=r"the file ends in the middle"):
        load_head(path)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"version": 1', '"version": 2', "FILE, line 1: it was written by a newer Footnote, in format version 2"),
        ('"version": 1', '"version": 0', "FILE, line 1: it was written by an older Footnote, in format version 0"),
        ('"version": 1', '"release": 1', "FILE, line 1: it was written by an older Footnote, in format version None"),
        ('"id": "cost"', '"id": "day"', "FILE, line 3, field id: 'day' is taken by an earlier question"),
        ('"confidence": -3.0', '"confidence": NaN', "FILE, line 3: NaN is not a number that JSON knows; write null wh"),
        ('"confidence": -3.0', '"confidence": -Infinity', "FILE, line 3: -Infinity is not a number that JSON knows"),
        ('"confidence": -3.0', '"confidence": 1e999', "FILE, line 3, field confidence: inf is not a number"),
        ('"confidence": -3.0', '"confidence": "low"', "FILE, line 3, field confidence: 'low' is not a number"),
        ('"question": "When?", ', "", "FILE, line 2, field question: None is not text"),
        ('"evidence": [{"source"', '"evidence": [{"sauce"', "FILE, line 2, field evidence, item 1, field source: None"),
        ('"questions": [', '"other": [', "FILE, line 1, field questions: it is not a list"),
        ('"about": {', '"about": 5, "x": {', "FILE, line 1, field about: 5 is not a JSON object"),
        ("]}\n", "]}}\n", "FILE, line 5: this is not JSON: Extra data"),
        ('"id": "cost", ', '"id": "cost" ', "FILE, line 3: this is not JSON: Expecting ',' delimiter"),
    ],
)  # fmt: skip
def test_a_fault_names_file_line_and_field(path, old, new, fault):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    assert fault_of(path).startswith(fault)


def test_a_question_that_lacks_a_measure_is_named(path):
    lines = path.read_text("utf-8").split("\n")
    record = json.loads(lines[2].rstrip(","))
    del record["measures"]["answer_f1"]
    lines[2] = json.dumps(record) + ","
    path.write_text("\n".join(lines), "utf-8")
    assert fault_of(path) == "FILE, line 3, field measures, field answer_f1: it is in some questions only"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"_id": "1", "text": "Q?"}\n{"_id": "2", "text": "R?"}\n', "FILE is not a run: "),
        (b"[]", "FILE is not a run: "),
        (b"", "FILE is not a run: "),
        (b"- question: Q?\n", "FILE is not a run: "),
        (b'{"questions": NaN}', "FILE is not a run: "),
        (b"[" * 100_000, "FILE is not "),
        (b"\xff\xfe", "The run FILE can't be read: "),
        (b'{"format": "footnote-run", "version": 1, "questions": []}', "FILE holds no questions"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path, content, fault):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    assert fault_of(path).startswith(fault)


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path):
    assert fault_of(tmp_path) == "The run FILE can't be read: Is a directory"
    assert fault_of(tmp_path / "none.json") == "The run FILE can't be read: No such file or directory"
    with pytest.raises(FootnoteError, match="can't be read"):
        load_head(tmp_path / "none.json")
