"""What holds for every measure, and what the whole table does."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest

from eval.measures import GROUPS, HELPERS, MEASURES, SUMMARIES, find, summarise, tabulate
from eval.records import EvalCase, Evidence, Outcome, Span, Statement
from schema import FootnoteError

EVERYTHING = (*MEASURES, *SUMMARIES)
WITHOUT_WORST = {"s", "tokens", "count"}

ANSWERABLE = EvalCase("1", "q", ("red", "It is red."), (Evidence("a", 2, "It is red.", 10, 20),))
UNANSWERABLE = EvalCase("2", "q", unanswerable=True)
RED = Span("a", "It is red.", "Colours", "2022", 2, 10, 20, 0.9)
RIGHT = Outcome(
    "1",
    "It is red.",
    sentences=(Statement("It is red.", (1,), "supported", 1.0),),
    citations=(RED,),
    quotes=(RED,),
    passages=(RED,),
    confidence=5.0,
    timings={f"{stage}_ms": 1000.0 for stage in ("retrieve", "rerank", "quotes", "first_token", "total")},
    tokens_read=100,
    tokens_written=10,
    verbatim=(2, 2),
)
REFUSED = Outcome("2", "No.", abstained=True, confidence=-5.0)


def supported(sentence, texts, question):
    return "supported"


@pytest.mark.parametrize("measure", EVERYTHING, ids=lambda one: one.name)
def test_every_measure_says_what_it_is(measure):
    assert measure.group in GROUPS
    assert measure.definition.endswith(".")
    assert measure.definition[0].isupper()
    assert 30 < len(measure.definition) < 160
    assert any(
        measure.reference.find(mark) > 0 for mark in ("arXiv:", "doi:", "https://", "docs/", ", in TREC", "Report")
    )
    assert measure.unit in {"share", *WITHOUT_WORST}
    assert measure.better in ("higher", "lower")
    assert find(measure.name) is measure


def test_names_are_unique_among_measures_summaries_and_helpers():
    names = [one.name for one in (*EVERYTHING, *HELPERS)]
    assert len(set(names)) == len(names)
    assert {one.group for one in MEASURES} == set(GROUPS)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(FootnoteError, match=r"There is no measure 'nDCG'\. There are nDCG@10, .*p95_s"):
        find("nDCG")


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.name)
def test_a_question_without_a_result_takes_the_worst_value(measure):
    """Whatever else the outcome holds, and only where the measure says something about the question."""
    columns = tabulate(
        [ANSWERABLE, UNANSWERABLE],
        [replace(RIGHT, error="It crashed."), replace(REFUSED, error="It crashed.")],
        supported,
    )
    if measure.unit in WITHOUT_WORST or measure.name == "quotes_verbatim":
        worst = np.nan
    else:
        worst = 0.0 if measure.better == "higher" else 1.0
    wanted = [worst if measure.applies(case) else np.nan for case in (ANSWERABLE, UNANSWERABLE)]
    assert np.array_equal(columns[measure.name], wanted, equal_nan=True)


def test_what_applies_to_which_question():
    every = {one.name for one in MEASURES if one.group in ("support", "time", "cost")}
    every |= {"citation_recall", "citation_precision", "cited", "quotes_verbatim"}
    assert {one.name for one in MEASURES if one.applies(UNANSWERABLE)} == every | {"false_answers"}
    assert {one.name for one in MEASURES if not one.applies(ANSWERABLE)} == {"false_answers"}


def test_a_right_answer_and_a_right_refusal_are_the_best():
    figures = summarise(tabulate([ANSWERABLE, UNANSWERABLE], [RIGHT, REFUSED], supported))
    assert list(figures) == [one.name for one in EVERYTHING]
    for one in EVERYTHING:
        if one.unit == "share":
            assert figures[one.name] == {"higher": 1, "lower": 0}[one.better] or one.name == "precision@5", one.name
    assert figures["precision@5"] == 1 / 5
    assert (figures["total_s"], figures["p95_s"], figures["tokens_read"]) == (1, 1, 100)
    assert figures["dropped_sentences"] == 0
    assert json.loads(json.dumps(figures)) == figures  # plain numbers


def some_questions(count):
    """Questions of all kinds with outcomes of all kinds."""
    draw = random.Random(5)  # noqa: S311
    cases, outcomes = [], []
    for name in map(str, range(count)):
        case = replace(draw.choice((ANSWERABLE, UNANSWERABLE, EvalCase("", "q", ("blue",)))), question_id=name)
        span = replace(RED, start=draw.randint(5, 12), source=draw.choice("ab"), text=draw.choice(("red", RED.text)))
        outcome = replace(RIGHT, question_id=name, passages=(Span("c"), span), citations=(span,), quotes=(span, span))
        outcome = replace(outcome, abstained=draw.random() < 0.3, error=draw.choice(("", "", "", "It crashed.")))
        outcome = replace(outcome, confidence=draw.choice((None, 1.0, 2.0, 3.0)), timings={"total_ms": draw.random()})
        cases.append(case)
        outcomes.append(outcome)
    return cases, outcomes


def test_shares_are_between_0_and_1_and_columns_are_plain():
    cases, outcomes = some_questions(200)
    columns = tabulate(cases, outcomes, supported)
    assert list(columns) == [one.name for one in (*MEASURES, *HELPERS)]
    assert all((column.shape, column.dtype) == ((200,), np.float64) for column in columns.values())
    assert not any(np.isinf(column).any() for column in columns.values())  # JSON has no infinity
    figures = summarise(columns)
    for one in EVERYTHING:
        value = figures[one.name]
        assert value is None or type(value) is float
        if one.unit == "share":
            assert 0 <= value <= 1, one.name
    for one in MEASURES:
        told = columns[one.name][~np.isnan(columns[one.name])]
        assert one.unit != "share" or ((told >= 0) & (told <= 1)).all(), one.name


def test_the_order_of_the_questions_changes_no_figure():
    cases, outcomes = some_questions(60)
    order = random.Random(6).sample(range(60), 60)  # noqa: S311
    first = tabulate(cases, outcomes, supported)
    second = tabulate([cases[one] for one in order], [outcomes[one] for one in order], supported)
    assert all(np.array_equal(first[name][order], second[name], equal_nan=True) for name in first)
    wanted = summarise(first)
    assert summarise(second) == {name: value and pytest.approx(value, abs=1e-12) for name, value in wanted.items()}


def test_summaries_work_on_any_rows_and_on_none():
    columns = tabulate(*some_questions(40), supported)
    draw = np.random.default_rng(7)
    for rows in (draw.integers(0, 40, 40), draw.integers(0, 40, 3), np.arange(0)):
        some = {name: column[rows] for name, column in columns.items()}
        for one in SUMMARIES:
            assert one.value(some) is None or type(one.value(some)) is float
    assert set(summarise(some).values()) == {None}


def test_groups_that_a_system_has_no_part_in_are_left_out():
    columns = tabulate([ANSWERABLE], [RIGHT], supported, groups=("retrieval", "time"))
    assert set(columns) == {one.name for one in MEASURES if one.group in ("retrieval", "time")}
    figures = summarise(columns)
    assert (figures["nDCG@10"], figures["p50_s"]) == (1, 1)
    assert (figures["answer_f1"], figures["answerability_auroc"]) == (None, None)


@pytest.mark.parametrize("outcomes", [[], [RIGHT, RIGHT], [REFUSED]])
def test_outcomes_of_other_questions_are_refused(outcomes):
    with pytest.raises(ValueError, match="the outcomes are not those of the cases, in their order"):
        tabulate([ANSWERABLE], outcomes, supported)
