"""Refusal measures: by hand, AUROC over all pairs, and the risk-coverage curve over all orders."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.measures import summarise, tabulate
from eval.measures.refusals import answerability_auroc, risk_coverage_area, risk_coverage_curve
from eval.records import EvalCase, Evidence, Outcome, Span


def table(*rows):
    """Columns of (confidence, answerable, answered, failed, right) rows; ``None`` says nothing."""
    names = ("confidence", "answerable", "answered", "failed", "right")
    values = np.array(rows, dtype=np.float64).reshape(-1, len(names))
    return dict(zip(names, values.T, strict=True))


def sure(*pairs):
    return table(*((confidence, known, 1, 0, known) for confidence, known in pairs))


@pytest.mark.parametrize(
    ("pairs", "area"),
    [
        ([(2, 1), (1, 0)], 1),
        ([(1, 1), (2, 0)], 0),
        ([(1, 1), (1, 0)], 1 / 2),
        ([(3, 1), (1, 1), (2, 0)], 1 / 2),
        ([(3, 1), (2, 1), (2, 0), (1, 0)], 3.5 / 4),
        ([(-7, 1), (None, 0)], 1),  # least sure where it states nothing
        ([(None, 1), (None, 1), (3, 0), (None, 0)], 1 / 4),
        ([(None, 1), (None, 0)], None),  # nothing stated at all
        ([(1, 1), (2, 1)], None),  # no question of the other kind
        ([(1, 0)], None),
        ([], None),
    ],
)
def test_auroc_by_hand(pairs, area):
    assert answerability_auroc(sure(*pairs)) == area


def test_a_failed_question_is_on_the_wrong_side_whatever_its_kind():
    right = [(2, 1, 1, 0, 1), (1, 0, 0, 0, None)]
    assert answerability_auroc(table(*right)) == 1
    assert answerability_auroc(table(*right, (None, 1, 1, 1, 0))) == 1 / 2
    assert answerability_auroc(table(*right, (None, 0, 1, 1, 0))) == 1 / 2
    assert answerability_auroc(table((None, 1, 1, 1, 0), (None, 0, 1, 1, 0))) == 0


ROWS = st.lists(
    st.tuples(
        st.sampled_from((None, -1.5, 0.0, 0.25, 3.0)),
        st.integers(0, 1),
        st.integers(0, 1),
        st.just(0),
        st.sampled_from((0, 0, 1, 1, None)),
    ),
    max_size=12,
)


@given(ROWS)
def test_auroc_is_that_over_all_pairs(rows):
    found = [(-np.inf if row[0] is None else row[0], row[1]) for row in rows]
    pairs = [(high, low) for high, known in found if known for low, known_too in found if not known_too]
    stated = any(row[0] is not None for row in rows)
    wanted = np.mean([(high > low) + (high == low) / 2 for high, low in pairs]) if pairs and stated else None
    assert answerability_auroc(table(*rows)) == (None if wanted is None else pytest.approx(wanted, abs=1e-12))


def test_the_curve_by_hand():
    """Of five questions one is refused; the answers are right, wrong or right (in either order), and wrong."""
    columns = table((9, 1, 1, 0, 1), (5, 0, 1, 0, 0), (5, 1, 1, 0, 1), (2, 1, 1, 0, 0), (7, 1, 0, 0, None))
    coverage, risk = risk_coverage_curve(columns)
    assert coverage.tolist() == [1 / 5, 2 / 5, 3 / 5, 4 / 5]
    assert risk.tolist() == pytest.approx([0, 0.5 / 2, 1 / 3, 2 / 4])
    assert risk_coverage_area(columns) == pytest.approx((0.5 / 2 + 1 / 3 + 2 / 4) / 4)


def test_a_failed_question_is_a_wrong_answer_given_with_the_greatest_confidence():
    columns = table((9, 1, 1, 0, 1), (None, 1, 1, 1, 0))
    assert risk_coverage_curve(columns)[1].tolist() == [1, 1 / 2]
    assert risk_coverage_area(table((None, 1, 1, 1, 0))) == 1


def test_answers_that_nobody_can_judge_are_left_out_of_the_curve():
    coverage, risk = risk_coverage_curve(table((9, 1, 1, 0, None), (5, 1, 1, 0, 0), (4, 1, 0, 0, None)))
    assert (coverage.tolist(), risk.tolist()) == ([1 / 2], [1])


@pytest.mark.parametrize("columns", [table(), table((5, 1, 0, 0, None)), table((None, 1, 1, 0, 1))])
def test_without_answers_or_confidences_there_is_no_curve(columns):
    coverage, risk = risk_coverage_curve(columns)
    assert (coverage.size, risk.size) == (0, 0)
    assert risk_coverage_area(columns) is None


@given(ROWS.filter(lambda rows: len(rows) < 7))
def test_the_curve_is_the_mean_over_all_orders_of_equal_confidence(rows):
    coverage, risk = risk_coverage_curve(table(*rows))
    judged = [(-np.inf if row[0] is None else row[0], row[4]) for row in rows if row[2] and row[4] is not None]
    if not judged or all(row[0] is None for row in rows):
        assert not risk.size
        return
    orders = [order for order in permutations(judged) if sorted(order, key=lambda one: -one[0]) == list(order)]
    shares = [
        [np.mean([1 - right for _, right in order[:count]]) for count in range(1, len(judged) + 1)] for order in orders
    ]
    assert np.allclose(risk, np.mean(shares, axis=0), rtol=0, atol=1e-12)
    questions = len([row for row in rows if not row[2] or row[4] is not None])
    assert np.allclose(coverage, np.arange(1, len(judged) + 1) / questions)
    assert ((risk >= 0) & (risk <= 1)).all()


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_questions_changes_nothing(rows, draw):
    shuffled = draw.sample(rows, len(rows))
    for of in (answerability_auroc, risk_coverage_area):
        wanted = of(table(*rows))
        assert of(table(*shuffled)) == (None if wanted is None else pytest.approx(wanted, abs=1e-12))


def test_columns_are_left_as_they_were():
    columns = table((None, 1, 1, 1, 0), (3, 0, 1, 0, 0), (1, 1, 1, 0, 1))
    before = {name: column.copy() for name, column in columns.items()}
    summarise(columns)
    assert all(np.array_equal(columns[name], before[name], equal_nan=True) for name in columns)


QUESTIONS = {
    "right": (EvalCase("", "q", ("red",)), Outcome("", "It is red.", confidence=3.0)),
    "wrong": (EvalCase("", "q", ("red",)), Outcome("", "It is blue.", confidence=2.0)),
    "refused": (EvalCase("", "q", ("red",)), Outcome("", "No idea.", abstained=True, confidence=-1.0)),
    "empty": (EvalCase("", "q", ("red",)), Outcome("", " ")),
    "failed": (EvalCase("", "q", ("red",)), Outcome("", confidence=9.0, error="It crashed.")),
    "false": (EvalCase("", "q", unanswerable=True), Outcome("", "It is red.", confidence=1.0)),
    "rightly refused": (EvalCase("", "q", unanswerable=True), Outcome("", abstained=True)),
    "failed too": (EvalCase("", "q", unanswerable=True), Outcome("", error="It crashed.")),
    "shown": (
        EvalCase("", "q", evidence=(Evidence("a", quote="red"),)),
        Outcome("", "Yes.", citations=(Span("a", "red"),)),
    ),
    "not shown": (
        EvalCase("", "q", evidence=(Evidence("a", quote="red"),)),
        Outcome("", "Yes.", citations=(Span("b", "red"),)),
    ),
    "unknown": (EvalCase("", "q", evidence=(Evidence("a"),)), Outcome("", "Yes.", citations=(Span("a", "red"),))),
}


@pytest.mark.parametrize(
    ("kind", "false_answer", "false_refusal", "answered", "right"),
    [
        ("right", None, 0, 1, 1),
        ("wrong", None, 0, 1, 0),
        ("refused", None, 1, 0, None),
        ("empty", None, 1, 0, None),
        ("failed", None, 1, 1, 0),
        ("false", 1, None, 1, 0),
        ("rightly refused", 0, None, 0, None),
        ("failed too", 1, None, 1, 0),
        ("shown", None, 0, 1, 1),
        ("not shown", None, 0, 1, 0),
        ("unknown", None, 0, 1, None),
    ],
)
def test_questions_are_told_apart(kind, false_answer, false_refusal, answered, right):
    case, outcome = QUESTIONS[kind]
    columns = tabulate([case], [outcome], lambda *_: "supported", groups=("refusals",))
    failed = kind.startswith("failed")
    wanted = {
        "false_answers": false_answer,
        "false_refusals": false_refusal,
        "answerable": not case.unanswerable,
        "answered": answered,
        "failed": failed,
        "confidence": None if failed else outcome.confidence,
        "right": right,
    }
    found = {name: None if np.isnan(column[0]) else column[0] for name, column in columns.items()}
    assert found == wanted


def test_figures_of_a_whole_set():
    cases, outcomes = zip(*QUESTIONS.values(), strict=True)
    figures = summarise(tabulate(cases, outcomes, lambda *_: "supported", groups=("refusals",)))
    assert figures["false_answers"] == 2 / 3
    assert figures["false_refusals"] == 3 / 8
    # Of 8 answerable ones right and wrong beat the false answer; these and the refused one beat the right refusal, and
    # the four without a confidence tie with it. One that failed loses to all, and all lose to the other that failed.
    wins, ties = 2 + 3, 4
    assert figures["answerability_auroc"] == pytest.approx((wins + ties / 2) / (8 * 3))
