"""Retrieval stage by stage: figures equal to ir_measures, tests that find what is there, and what is refused."""

import json
import random
from dataclasses import dataclass, replace

import ir_measures
import numpy as np
import pytest
from ir_measures import RR, R, nDCG

from eval.comparison.comparing import compare_runs
from eval.comparison.statistics import permutation_p
from eval.exchange.trec import encode_id, write_qrels, write_trec_run
from eval.records import EvalCase, Evidence, RunFingerprint
from eval.retrieval import (
    MEASURED,
    depth_for,
    evaluate_retrieval,
    figures_of,
    format_table,
    format_tests,
    result_to_dict,
)
from schema import Chunk, FootnoteError, Passage, Source

THEIRS = {
    "nDCG@10": nDCG @ 10,
    "recall@1": R @ 1,
    "recall@5": R @ 5,
    "recall@10": R @ 10,
    "recall@100": R @ 100,
    "RR@10": RR @ 10,
}
STAGES = ("dense", "lexical", "fused", "reranked", "pipeline")
ORIGINS = {"fused": "fused", "reranked": "reranked"}


@dataclass(frozen=True)
class Scripted:
    passages: list
    ms: float


def stage(*names, ms=1.0, origin="dense"):
    """A stage that ranked chunks of these sources."""
    passages = []
    for rank, name in enumerate(names, start=1):
        chunk = Chunk(f"default/{name}", rank * 10, rank * 10 + 9, f"chunk {rank}")
        source = Source("default", name, name, None, "")
        passages.append(Passage(chunk, source, 1 / rank, rank, origin))
    return Scripted(passages, ms)


def case(number, *gold):
    return EvalCase(f"q {number}", f"Question {number}", evidence=tuple(Evidence(f"default/{one}") for one in gold))


def scripted(rankings):
    """Stages from what is written for each question."""
    return lambda question: rankings[question]


def random_set(questions=80, seed=3):
    """Cases with graded evidence and five stages that rank more and more of it at the top."""
    draw = random.Random(seed)  # noqa: S311
    sources = [f"part {number}%" for number in range(60)]
    cases, rankings = [], {}
    for number in range(questions):
        gold = draw.sample(sources, draw.randint(1, 5))
        evidence = tuple(Evidence(f"default/{one}", grade=draw.randint(1, 3)) for one in gold)
        cases.append(EvalCase(f"q {number}", f"Question {number}", evidence=evidence))
        rankings[f"Question {number}"] = {
            name: stage(
                *draw.choices(gold + sources, [1 + 6 * place] * len(gold) + [1] * 60, k=100),
                ms=place + 1.0,
                origin=ORIGINS.get(name, "lexical"),
            )
            for place, name in enumerate(STAGES)
        }
    return cases, scripted(rankings)


def test_every_figure_is_that_of_ir_measures(tmp_path):
    cases, stages = random_set()
    result = evaluate_retrieval(cases, stages)
    write_qrels(cases, tmp_path / "qrels")
    qrels = list(ir_measures.read_trec_qrels(str(tmp_path / "qrels")))
    for name, run in result.runs.items():
        write_trec_run(run, tmp_path / name)
        ranked = list(ir_measures.read_trec_run(str(tmp_path / name)))
        theirs = {
            (one.query_id, one.measure): one.value for one in ir_measures.iter_calc(THEIRS.values(), qrels, ranked)
        }
        for measure, their_measure in THEIRS.items():
            expected = [theirs[encode_id(one.question_id), their_measure] for one in cases]
            assert run.columns[measure].tolist() == pytest.approx(expected, abs=1e-9)
            assert result_to_dict(result)["stages"][name][measure] == pytest.approx(np.mean(expected), abs=1e-9)
    assert tuple(result.runs) == STAGES
    assert tuple(THEIRS) == MEASURED


def test_a_source_counts_once_at_its_best_passage():
    result = evaluate_retrieval([case(1, "b")], scripted({"Question 1": {"dense": stage("a", "a", "a", "b")}}))
    assert figures_of(result.runs["dense"]) == {
        "nDCG@10": pytest.approx(1 / np.log2(3)),
        "recall@1": 0,
        "recall@5": 1,
        "recall@10": 1,
        "recall@100": 1,
        "RR@10": 0.5,
    }


def test_the_best_single_stage_and_the_pipeline_are_tested_against_the_others():
    cases, stages = random_set()
    result = evaluate_retrieval(cases, stages)
    assert [(test.a, test.b) for test in result.tests] == [
        ("lexical", "dense"),
        ("lexical", "fused"),
        ("lexical", "reranked"),
        ("lexical", "pipeline"),
        ("dense", "pipeline"),
        ("fused", "pipeline"),
        ("reranked", "pipeline"),
    ]
    for test in result.tests:
        differences = result.runs[test.b].columns["nDCG@10"] - result.runs[test.a].columns["nDCG@10"]
        assert test.difference == pytest.approx(differences.mean())
        assert test.low < test.difference < test.high
        assert test.p == pytest.approx(permutation_p(differences, rng=np.random.default_rng(9)), abs=0.02)
        assert test.p <= test.p_holm <= 1
    assert result.tests[0].verdict == "worse"
    assert result.tests[3].verdict == "better"
    smallest = min(result.tests, key=lambda test: test.p)
    assert smallest.p_holm == pytest.approx(7 * smallest.p)
    assert result.singles == ("dense", "lexical")


def test_a_stage_is_single_unless_something_in_it_was_fused_or_reranked():
    """The pipeline never is: it may answer one question from one view, and another from two."""
    mixed = Scripted([*stage("a").passages, *stage("b", origin="fused").passages], 1.0)
    rankings = {
        "Question 1": {"headings": stage("a", origin="lexical"), "late": stage("a"), "pipeline": stage("a")},
        "Question 2": {"headings": stage("b"), "late": mixed, "none": stage(), "pipeline": stage("a")},
    }
    result = evaluate_retrieval([case(1, "a"), case(2, "a")], scripted(rankings))
    assert result.singles == ("headings", "none")


def test_the_single_stage_to_beat_is_the_first_of_the_best():
    found = {"x": stage("b", "a"), "y": stage("a"), "z": stage("a"), "fused": stage("a", origin="fused")}
    result = evaluate_retrieval([case(1, "a")], lambda question: found)
    assert {test.a for test in result.tests} == {"y"}


@pytest.mark.parametrize(
    ("lexical", "pipeline", "words", "worse"),
    [
        ("ab", "ba", "is significantly worse than its best single stage (lexical): nDCG@10 0.631 against 1.000", True),
        ("ba", "ab", "is significantly better than its best single stage (dense): nDCG@10 1.000 against 0.631", False),
        ("ab", "ab", "is not significantly worse than its best single stage (lexical): nDCG@10 1.000 against", False),
    ],
)
def test_one_sentence_says_whether_the_pipeline_loses_to_its_best_single_stage(lexical, pipeline, words, worse):
    found = {
        "dense": stage("b", "a"),
        "lexical": stage(*lexical),
        "fused": stage("a", "b", origin="fused"),
        "pipeline": stage(*pipeline),
    }
    result = evaluate_retrieval([case(number, "a") for number in range(6)], lambda question: found)
    verdict = result_to_dict(result)["verdict"]
    assert verdict["sentence"].startswith(f"The pipeline {words}")
    assert verdict["worse"] is worse
    assert format_tests(result)[0] == verdict["sentence"]


def test_the_sentence_goes_by_the_test_before_its_correction():
    """Six questions, all worse: p is 2 / 2**6 = 0.031, and by Holm over these three tests more than 0.05."""
    found = {"dense": stage("a"), "fused": stage("a", origin="fused"), "pipeline": stage("b", "a")}
    result = evaluate_retrieval([case(number, "a") for number in range(6)], lambda question: found)
    test = next(one for one in result.tests if one.b == "pipeline" and one.a == "dense")
    assert (test.p, test.p_holm) == (pytest.approx(1 / 32), pytest.approx(3 / 32))
    assert test.verdict == "cannot tell"
    assert result_to_dict(result)["verdict"] == {
        "best_single": "dense",
        "worse": True,
        "p": test.p,
        "sentence": "The pipeline is significantly worse than its best single stage (dense): "
        "nDCG@10 0.631 against 1.000, -0.369 (-0.369 to +0.000), p 0.031",
    }


def test_there_is_no_such_sentence_without_a_pipeline_or_a_single_stage():
    only = evaluate_retrieval([case(1, "a")], lambda question: {"dense": stage("a"), "lexical": stage("a")})
    assert result_to_dict(only)["verdict"] is None
    fused = {"fused": stage("a", origin="fused"), "pipeline": stage("a")}
    assert result_to_dict(evaluate_retrieval([case(1, "a")], lambda question: fused))["verdict"] is None


def test_recall_at_100_counts_documents_not_passages():
    """The hundredth document stands at passage 298, behind three passages of each other one."""
    names = [f"s{number}" for number in range(120)]
    found = stage(*(name for name in names for _ in range(3)))
    result = evaluate_retrieval([case(1, "s99"), case(2, "s100")], lambda question: {"dense": found})
    assert result.runs["dense"].columns["recall@100"].tolist() == [1, 0]
    assert [span.source for span in result.runs["dense"].outcomes[0].passages] == [
        f"default/{name}" for name in names[:100]
    ]
    assert result.runs["dense"].outcomes[0].passages[99].start == 298 * 10


def test_a_folded_passage_counts_at_the_rank_where_it_was_found():
    """Found as a b c d e f; b and e were folded into a, f into c."""
    a, b, c, d, e, f = stage(*"abcdef").passages
    shown = [replace(a, also=(b, e)), replace(c, rank=2, also=(f,)), replace(d, rank=3)]
    result = evaluate_retrieval([case(1, "e")], lambda question: {"pipeline": Scripted(shown, 1.0)})
    assert [span.source for span in result.runs["pipeline"].outcomes[0].passages] == [
        f"default/{name}" for name in "abcdef"
    ]
    assert result.runs["pipeline"].columns["RR@10"].tolist() == [pytest.approx(1 / 5)]


@pytest.mark.parametrize(
    ("chunks", "depth"),
    [
        ([], 1),
        ([3], 3),
        ([1] * 99 + [5] * 2, 10 + 98),  # the 100 longest: two of 5 and 98 of 1
        ([2] * 1000, 200),
        ([100] * 1000, 5000),
    ],
)
def test_so_many_passages_hold_a_hundred_sources_however_they_are_ranked(chunks, depth):
    assert depth_for(chunks) == depth


def test_stages_that_rank_alike_cannot_be_told_apart():
    cases = [case(number, "a") for number in range(12)]
    same = {name: stage("a", "b") for name in STAGES}
    result = evaluate_retrieval(cases, lambda question: same)
    assert {(test.difference, test.p, test.p_holm, test.verdict) for test in result.tests} == {(0, 1, 1, "cannot tell")}


def test_without_single_stages_only_the_pipeline_is_tested():
    both = {"first": stage("a"), "pipeline": stage("a")}
    result = evaluate_retrieval([case(1, "a"), case(2, "a")], lambda question: both)
    assert [(test.a, test.b) for test in result.tests] == [("first", "pipeline")]
    assert evaluate_retrieval([case(1, "a")], lambda question: {"only": stage("a")}).tests == ()


def test_questions_that_name_no_source_are_left_out_and_counted():
    cases = [case(1, "a"), EvalCase("u", "Unanswerable?", unanswerable=True), EvalCase("n", "No source?", ("x",))]
    result = evaluate_retrieval(cases, scripted({"Question 1": {"dense": stage("a")}}))
    assert [one.question_id for one in result.runs["dense"].cases] == ["q 1"]
    assert result.left_out == result_to_dict(result)["left_out"] == 2


def test_a_set_that_names_no_source_is_refused():
    with pytest.raises(FootnoteError, match="No question of the set names a source"):
        evaluate_retrieval([EvalCase("u", "?", unanswerable=True)], scripted({}))


def test_a_question_that_cannot_be_searched_for_counts_as_zero():
    def stages(question):
        if question == "Question 1":
            raise FootnoteError("The question is too long")
        return {"dense": stage("a", ms=8), "pipeline": stage("a", ms=9)}

    result = evaluate_retrieval([case(1, "a"), case(2, "a")], stages)
    assert result.runs["dense"].columns["nDCG@10"].tolist() == [0, 1]
    assert result.runs["dense"].outcomes[0].error == "The question is too long"
    told = result_to_dict(result)
    assert (told["questions"], told["failed"], told["p95_ms"]) == (2, 1, 9)


def test_a_stage_that_is_missing_for_a_question_counts_as_zero():
    found = {"Question 1": {"dense": stage("a"), "pipeline": stage("a")}, "Question 2": {"dense": stage("a")}}
    result = evaluate_retrieval([case(1, "a"), case(2, "a")], scripted(found))
    assert result.runs["pipeline"].columns["recall@1"].tolist() == [1, 0]


def test_when_nothing_can_be_searched_for_the_reason_is_told():
    def stages(question):
        raise FootnoteError("The index is empty.")

    with pytest.raises(FootnoteError, match=r"None of the 2 questions could be searched for.*The index is empty\."):
        evaluate_retrieval([case(1, "a"), case(2, "a")], stages)


def test_times_leave_out_the_loading_of_models():
    loaded = []

    def stages(question):
        loaded.append(question)
        return {"dense": stage("a", ms=10_000.0 if len(loaded) == 1 else len(loaded))}

    result = evaluate_retrieval([case(number, "a") for number in range(1, 4)], stages)
    assert loaded == ["Question 1", "Question 1", "Question 2", "Question 3"]
    assert result_to_dict(result)["times"] == {"dense": {"p50_ms": 3.0, "p95_ms": 3.9}}


def test_the_json_form_is_whole():
    cases, stages = random_set(20)
    result = evaluate_retrieval(cases, stages, fingerprint=RunFingerprint(index="i", embedder="e"))
    told = json.loads(json.dumps(result_to_dict(result), allow_nan=False))
    assert list(told) == [
        *("stages", "tests", "verdict", "p50_ms", "p95_ms", "times", "questions", "left_out", "failed", "fingerprint"),
    ]
    assert list(told["stages"]) == list(STAGES)
    assert {tuple(figures) for figures in told["stages"].values()} == {MEASURED}
    assert (told["p50_ms"], told["p95_ms"]) == (5, 5)
    assert told["times"]["fused"] == {"p50_ms": 3, "p95_ms": 3}
    assert told["fingerprint"]["embedder"] == "e"
    assert len(told["fingerprint"]["questions"]) == 16
    assert set(told["tests"][0]) == {"a", "b", "difference", "low", "high", "p", "p_holm", "measure", "verdict"}


def test_one_question_has_no_interval():
    found = {"dense": stage("a"), "pipeline": stage("b", "a")}
    result = evaluate_retrieval([case(1, "a")], lambda question: found)
    (test,) = json.loads(json.dumps(result_to_dict(result), allow_nan=False))["tests"]
    assert (test["low"], test["high"], test["verdict"]) == (None, None, "cannot tell")
    assert format_tests(result) == [
        "The pipeline is not significantly worse than its best single stage (dense): "
        "nDCG@10 0.631 against 1.000, -0.369, p 1",
        "pipeline can't be told from dense: nDCG@10 -0.369, p 1",
    ]


def test_the_table_for_people():
    found = {"dense": stage("b", "a", ms=12.4), "pipeline": stage("a", ms=20)}
    result = evaluate_retrieval([case(number, "a") for number in range(12)], lambda question: found)
    assert format_table(result) == [
        ("stage", *MEASURED, "p50 ms", "p95 ms"),
        ("dense", "0.631", "0.000", "1.000", "1.000", "1.000", "0.500", "12", "12"),
        ("pipeline", "1.000", "1.000", "1.000", "1.000", "1.000", "1.000", "20", "20"),
    ]
    assert format_tests(result) == [
        "The pipeline is significantly better than its best single stage (dense): "
        "nDCG@10 1.000 against 0.631, +0.369 (+0.369 to +0.369), p 0.00049",
        "pipeline is better than dense: nDCG@10 +0.369 (+0.369 to +0.369), p 0.00049",
    ]


def test_progress_is_told_question_by_question():
    told = []
    evaluate_retrieval([case(1, "a"), case(2, "a")], lambda question: {"dense": stage("a")}, on_progress=told.append)
    assert [(one.done, one.total, one.unit) for one in told] == [(n, 2, "questions") for n in range(3)]


def test_the_same_seed_gives_the_same_result():
    cases, stages = random_set(30)
    assert result_to_dict(evaluate_retrieval(cases, stages)) == result_to_dict(evaluate_retrieval(cases, stages))


def test_two_stages_can_be_compared_as_runs():
    cases, stages = random_set(40)
    runs = evaluate_retrieval(cases, stages).runs
    found = {one.measure: one for one in compare_runs(runs["dense"], runs["reranked"]).differences}
    assert found["nDCG@10"].verdict == "better"
