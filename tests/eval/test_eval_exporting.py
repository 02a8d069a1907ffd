"""Runs in the forms of other tools: ours comes back as it was, theirs have the keys that they read."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.exchange.exporting import FORMS, export_run
from eval.exchange.foreign import score_foreign
from eval.exchange.trec import read_qrels, read_trec_run
from eval.measures import tabulate
from eval.records import EvalCase, Evidence, Outcome, Run, RunFingerprint, Span, Statement
from eval.sets.questions import questions_sha
from schema import FootnoteError

CASES = (
    EvalCase(
        "q 1",
        "Wann?",
        ("2018", "in 2018"),
        (Evidence("a.md", quote="Es begann 2018 – früh."), Evidence("b.md", page=2), Evidence("a.md", page=3, grade=2)),
    ),
    EvalCase("q2", "Who and when?", ("Lee", "2019"), (Evidence("b.md", quote="Lee, 2019"),), together=True),
    EvalCase("q3", "How much?", unanswerable=True),
)
OUTCOMES = (
    Outcome(
        "q 1",
        answer="Im Jahr 2018.",
        sentences=(Statement("Im Jahr 2018.", (1,), "supported", 0.9, ("late",)),),
        citations=(Span("a.md", "Es begann 2018 – früh.", "A", "2018", 1, 4, 26, 0.7),),
        quotes=(Span("a.md", "Es begann 2018 – früh."),),
        passages=(Span("a.md", "Es begann 2018 – früh. Ja.", seen_by_model=True), Span("c.md"), Span("a.md", "Mehr.")),
        dropped=(Statement("Oder 2019."),),
        confidence=0.8,
        timings={"total_ms": 12.5},
        tokens_read=10,
        tokens_written=4,
        verbatim=(1, 2),
    ),
    Outcome("q2", error="timed out"),
    Outcome("q3", answer="The documents don't say.", abstained=True, reason="nothing found", confidence=0.1),
)


def check(sentence, texts, question):
    return "supported" if texts else "unsupported"


def run_of(cases=CASES, outcomes=OUTCOMES, **options):
    columns = tabulate(cases, outcomes, check, **options)
    return Run("ours", RunFingerprint(questions=questions_sha(cases), llm="m", corpus="c"), cases, outcomes, columns)


def same_columns(left, right):
    return list(left) == list(right) and all(np.array_equal(left[name], right[name], equal_nan=True) for name in left)


def test_our_own_lines_come_back_as_they_were(tmp_path):
    export_run(run_of(), tmp_path / "run.jsonl", "jsonl")
    again = score_foreign(CASES, tmp_path / "run.jsonl", check=check)
    assert again.outcomes == OUTCOMES
    assert again.fingerprint == run_of().fingerprint
    assert again.name == "ours"
    assert same_columns(again.columns, run_of().columns)


def test_a_run_of_rankings_comes_back_without_other_measures(tmp_path):
    run = run_of(groups=["retrieval"])
    export_run(run, tmp_path / "run.jsonl", "jsonl")
    assert same_columns(score_foreign(CASES, tmp_path / "run.jsonl", check=check).columns, run.columns)


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
named = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
statements = st.builds(Statement, named, st.lists(st.integers(1, 3), max_size=2).map(tuple))
spans = st.builds(
    Span, named, words, title=words, page=st.none() | st.integers(1, 9), seen_by_model=st.none() | st.booleans()
)
outcomes = st.builds(
    Outcome,
    st.just("q2"),
    answer=words,
    abstained=st.booleans(),
    sentences=st.lists(statements, max_size=2).map(tuple),
    citations=st.lists(spans, max_size=2).map(tuple),
    passages=st.lists(spans, max_size=2).map(tuple),
    confidence=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    error=words,
)


@given(outcomes)
def test_every_outcome_comes_back(tmp_path_factory, outcome):
    path = tmp_path_factory.mktemp("export") / "run.jsonl"
    export_run(run_of(CASES[1:2], (outcome,)), path, "jsonl")
    assert score_foreign(CASES[1:2], path, check=check).outcomes == (outcome,)


def test_rankings_and_judgements(tmp_path):
    export_run(run_of(), tmp_path / "run", "trec")
    export_run(run_of(), tmp_path / "qrels", "qrels")
    assert read_trec_run(tmp_path / "run") == {"q 1": {"a.md": 2, "c.md": 1}}
    assert read_qrels(tmp_path / "qrels") == {"q 1": {"a.md": 2, "b.md": 1}, "q2": {"b.md": 1}}


def test_the_samples_of_ragas(tmp_path):
    export_run(run_of(), tmp_path / "run.jsonl", "ragas")
    content = (tmp_path / "run.jsonl").read_bytes()
    assert content.isascii()
    assert [json.loads(line) for line in content.splitlines()] == [
        {
            "user_input": "Wann?",
            "response": "Im Jahr 2018.",
            "retrieved_contexts": ["Es begann 2018 – früh. Ja.", "Mehr."],
            "retrieved_context_ids": ["a.md", "a.md"],
            "reference": "2018",
            "reference_contexts": ["Es begann 2018 – früh."],
            "reference_context_ids": ["a.md", "b.md"],
        },
        {
            "user_input": "Who and when?",
            "response": "",
            "retrieved_contexts": [],
            "retrieved_context_ids": [],
            "reference": "Lee; 2019",
            "reference_contexts": ["Lee, 2019"],
            "reference_context_ids": ["b.md"],
        },
        {
            "user_input": "How much?",
            "response": "The documents don't say.",
            "retrieved_contexts": [],
            "retrieved_context_ids": [],
        },
    ]


def test_the_test_cases_of_deepeval(tmp_path):
    export_run(run_of(), tmp_path / "run.json", "deepeval")
    assert json.loads((tmp_path / "run.json").read_text("utf-8")) == [
        {
            "name": "q 1",
            "input": "Wann?",
            "actual_output": "Im Jahr 2018.",
            "expected_output": "2018",
            "context": ["Es begann 2018 – früh."],
            "retrieval_context": ["Es begann 2018 – früh. Ja.", "Mehr."],
        },
        {
            "name": "q2",
            "input": "Who and when?",
            "actual_output": "",
            "expected_output": "Lee; 2019",
            "context": ["Lee, 2019"],
            "retrieval_context": [],
        },
        {"name": "q3", "input": "How much?", "actual_output": "The documents don't say.", "retrieval_context": []},
    ]


def test_an_unknown_form_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(
        FootnoteError, match=r"no form 'xml' to export to\. There are jsonl, trec, qrels, ragas, deepeval"
    ):
        export_run(run_of(), tmp_path / "run", "xml")


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_cannot_be_written_is_named(tmp_path, form):
    with pytest.raises(FootnoteError, match="missing/run can't be written"):
        export_run(run_of(), tmp_path / "missing" / "run", form)
