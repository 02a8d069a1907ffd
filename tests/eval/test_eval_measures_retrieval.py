"""Retrieval measures: by hand, and equal to ir_measures."""

import math
import random

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import AP, RR, P, Qrel, R, ScoredDoc, nDCG

from eval.measures import tabulate
from eval.measures.retrieval import average_precision, ndcg, precision, rank_run, recall, reciprocal_rank
from eval.records import EvalCase, Evidence, Outcome, Span

OURS = {
    nDCG @ 10: lambda ranking, grades: ndcg(ranking, grades, 10),
    nDCG @ 5: lambda ranking, grades: ndcg(ranking, grades, 5),
    R @ 1: lambda ranking, grades: recall(ranking, grades, 1),
    R @ 5: lambda ranking, grades: recall(ranking, grades, 5),
    R @ 10: lambda ranking, grades: recall(ranking, grades, 10),
    R @ 100: lambda ranking, grades: recall(ranking, grades, 100),
    P @ 5: lambda ranking, grades: precision(ranking, grades, 5),
    AP: average_precision,
}
NAMES = {
    "nDCG@10": nDCG @ 10,
    "nDCG@5": nDCG @ 5,
    "recall@1": R @ 1,
    "recall@5": R @ 5,
    "recall@10": R @ 10,
    "recall@100": R @ 100,
    "precision@5": P @ 5,
    "RR@10": RR @ 10,
    "AP": AP,
}


def test_values_by_hand():
    ranking, grades = ["x", "a", "y", "b", "z", "w"], {"a": 1, "b": 3, "c": 2, "y": 0}
    gained = 1 / math.log2(3) + 3 / math.log2(5)
    ideal = 3 + 2 / math.log2(3) + 1 / 2
    assert ndcg(ranking, grades, 10) == pytest.approx(gained / ideal, abs=1e-15)
    assert ndcg(ranking, grades, 2) == pytest.approx(1 / math.log2(3) / (3 + 2 / math.log2(3)), abs=1e-15)
    assert [recall(ranking, grades, k) for k in (1, 2, 4, 100)] == [0, 1 / 3, 2 / 3, 2 / 3]
    assert [precision(ranking, grades, k) for k in (1, 2, 5, 10)] == [0, 1 / 2, 2 / 5, 2 / 10]
    assert reciprocal_rank(ranking, grades, 10) == 1 / 2
    assert reciprocal_rank(ranking, grades, 1) == 0
    assert average_precision(ranking, grades) == pytest.approx((1 / 2 + 2 / 4) / 3, abs=1e-15)


@pytest.mark.parametrize(("ranking", "grades"), [([], {"a": 1}), (["a"], {}), (["a"], {"a": 0}), ([], {})])
def test_nothing_found_or_nothing_relevant_is_zero(ranking, grades):
    assert [of(ranking, grades) for of in OURS.values()] == [0.0] * len(OURS)
    assert reciprocal_rank(ranking, grades, 10) == 0


def random_query(draw):
    """Judgements and scores of one query: ties of several kinds, documents that were not found, not judged, or zero."""
    documents = [f"d{number}" for number in range(draw.choice((1, 3, 12, 60, 200)))]
    grades = {one: draw.choice((0, 0, 1, 1, 2, 3)) for one in draw.sample(documents, draw.randint(1, len(documents)))}
    found = draw.sample(documents, draw.randint(0, len(documents))) + [f"extra{n}" for n in range(draw.randint(0, 9))]
    if draw.random() < 0.05:
        found = []
    scores = {
        "few": lambda: draw.choice((0.5, 1.0, 2.0)),
        "many": draw.random,
        "near": lambda: 0.1 + draw.randint(0, 5) * 1e-10,  # apart in 64 bits, the same in 32
        "negative": lambda: -draw.choice((1e-3, 1.0, 1e6)),
    }[draw.choice(("few", "many", "near", "negative"))]
    return grades, {one: scores() for one in found}


def test_a_thousand_random_rankings_are_measured_as_ir_measures_does():
    draw = random.Random(20)  # noqa: S311
    queries = {str(number): random_query(draw) for number in range(1000)}
    assert sum(not scores for _, scores in queries.values()) > 20
    judged = [Qrel(name, one, grade) for name, (grades, _) in queries.items() for one, grade in grades.items()]
    found = [ScoredDoc(name, one, score) for name, (_, scores) in queries.items() for one, score in scores.items()]
    theirs = list(ir_measures.iter_calc(list(OURS), judged, found))
    assert len(theirs) == 1000 * len(OURS)
    for metric in theirs:
        grades, scores = queries[metric.query_id]
        ours = OURS[metric.measure](rank_run(scores), grades)
        assert ours == pytest.approx(metric.value, abs=1e-9), (metric, grades, scores)


def test_reciprocal_ranks_are_those_of_ir_measures_too():
    """Its own RR@10 breaks ties from the first name to the last, trec_eval's RR the other way; so it gets our order."""
    draw = random.Random(21)  # noqa: S311
    queries = {str(number): random_query(draw) for number in range(1000)}
    judged = [Qrel(name, one, grade) for name, (grades, _) in queries.items() for one, grade in grades.items()]
    orders = {name: rank_run(scores) for name, (_, scores) in queries.items()}
    found = [ScoredDoc(name, one, -float(rank)) for name, order in orders.items() for rank, one in enumerate(order)]
    ours = {name: reciprocal_rank(order, queries[name][0], 10) for name, order in orders.items()}
    for metric in ir_measures.iter_calc([RR @ 10], judged, found):
        assert ours[metric.query_id] == pytest.approx(metric.value, abs=1e-9)
    raw = [ScoredDoc(name, one, queries[name][1][one]) for name, order in orders.items() for one in order[:10]]
    trec_eval = {metric.query_id: metric.value for metric in ir_measures.pytrec_eval.iter_calc([RR], judged, raw)}
    assert ours == pytest.approx(trec_eval, abs=1e-9)


def test_passages_are_measured_as_the_documents_of_their_best():
    draw, cases, outcomes, judged, found = random.Random(22), [], [], [], []  # noqa: S311
    for name in map(str, range(100)):
        sources = [f"{number}.md" for number in range(30)]
        evidence = tuple(Evidence(draw.choice(sources), grade=draw.randint(1, 3)) for _ in range(draw.randint(1, 4)))
        passages = [Span(draw.choice(sources), score=draw.random()) for _ in range(draw.randint(0, 40))]
        passages.sort(key=lambda passage: -passage.score)
        cases.append(EvalCase(name, "q", evidence=evidence))
        outcomes.append(Outcome(name, passages=tuple(passages)))
        grades, best = {}, {}
        for piece in evidence:
            grades[piece.source] = max(piece.grade, grades.get(piece.source, 0))
        for passage in passages:
            best[passage.source] = max(passage.score, best.get(passage.source, 0))
        judged += [Qrel(name, one, grade) for one, grade in grades.items()]
        found += [ScoredDoc(name, one, score) for one, score in best.items()]
    columns = tabulate(cases, outcomes, lambda *_: "supported", groups=("retrieval",))
    assert list(columns) == list(NAMES)
    theirs = {(one.measure, one.query_id): one.value for one in ir_measures.iter_calc(NAMES.values(), judged, found)}
    for name, measure in NAMES.items():
        wanted = [theirs[measure, case.question_id] for case in cases]
        assert np.allclose(columns[name], wanted, rtol=0, atol=1e-9), name


def test_several_passages_of_one_source_count_once():
    case = EvalCase("1", "q", evidence=(Evidence("a"), Evidence("b"), Evidence("b")))
    outcome = Outcome("1", passages=(Span("x"), Span("x"), Span("a"), Span("x"), Span("a"), Span("b")))
    columns = tabulate([case], [outcome], lambda *_: "supported", groups=("retrieval",))
    assert columns["RR@10"].tolist() == [1 / 2]
    assert columns["precision@5"].tolist() == [2 / 5]
    assert columns["AP"].tolist() == pytest.approx([(1 / 2 + 2 / 3) / 2])


@pytest.mark.parametrize("grades", [(3, 1), (1, 3)])
def test_a_source_is_as_relevant_as_its_most_relevant_place(grades):
    case = EvalCase("1", "q", evidence=(*(Evidence("a", grade=grade) for grade in grades), Evidence("b", grade=2)))
    columns = tabulate([case], [Outcome("1", passages=(Span("a"),))], lambda *_: "supported", groups=("retrieval",))
    assert columns["nDCG@10"].tolist() == pytest.approx([3 / (3 + 2 / math.log2(3))])


def test_a_question_without_evidence_says_nothing_of_retrieval():
    cases = [EvalCase("1", "q", unanswerable=True), EvalCase("2", "q", ("x",))]
    columns = tabulate(
        cases, [Outcome("1"), Outcome("2", error="crash")], lambda *_: "supported", groups=("retrieval",)
    )
    assert all(np.isnan(column).all() for column in columns.values())


SMALL = st.lists(st.sampled_from("abcdefgh"), unique=True)
GRADES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3))


@given(SMALL, GRADES, st.integers(1, 10))
def test_values_are_shares_and_more_places_find_no_less(ranking, grades, k):
    for of in (ndcg, recall, precision, reciprocal_rank):
        assert 0 <= of(ranking, grades, k) <= 1 + 1e-12
    assert recall(ranking, grades, k) <= recall(ranking, grades, k + 1)
    assert reciprocal_rank(ranking, grades, k) <= reciprocal_rank(ranking, grades, k + 1)
    assert 0 <= average_precision(ranking, grades) <= 1 + 1e-12


@given(GRADES)
def test_the_best_order_is_worth_one(grades):
    best = sorted(grades, key=lambda source: -grades[source])
    worth = float(any(grades.values()))
    assert ndcg(best, grades, 8) == pytest.approx(worth)
    assert average_precision(best, grades) == pytest.approx(worth)
    assert reciprocal_rank(best, grades, 8) == worth


@given(st.dictionaries(st.text(max_size=3), st.floats(-5, 5)))
def test_a_run_is_ranked_by_falling_scores_whatever_its_order(scores):
    ranked = rank_run(scores)
    held = [np.float32(scores[name]) for name in ranked]
    assert held == sorted(held, reverse=True)
    assert ranked == rank_run(dict(reversed(scores.items())))
