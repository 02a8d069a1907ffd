"""The fit against its own slope and by hand, its thresholds on a table small enough to count, and what it promises."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eval.calibration.asking import ask_examples, is_right
from eval.calibration.calibrating import PROMISES, Calibrated, calibrated_to_dict, promise_of, save_calibrated
from eval.calibration.checking import auroc, brier_score, calibration_error, check_calibration
from eval.calibration.fitting import (
    FIXED,
    MOST_ROWS,
    Example,
    fit_calibration,
    fit_logistic,
    operating_point,
    operating_points,
    split_examples,
)
from eval.calibration.wording import check_sentences, draw_curve, promise_rows, rule_sentence
from eval.records import EvalCase, Evidence, Outcome, Span
from generator.refusing.answerability import SIGNALS
from generator.refusing.calibration import KINDS, Calibration, Promise
from generator.refusing.calibration_files import load_calibration
from schema import FootnoteError


def example(number, answerable, right=None, **signals):
    return Example(f"q{number}", answerable, answerable if right is None else right, signals)


# Fitting


def test_two_groups_get_the_logits_of_their_shares():
    """Without a penalty the fit of one 0-or-1 signal is the log odds in each group: 1 of 4, and 3 of 4."""
    values = np.array([[0.0]] * 4 + [[1.0]] * 4)
    labels = np.array([1, 0, 0, 0, 1, 1, 1, 0], dtype=float)
    bias, weights = fit_logistic(values, labels, penalty=1e-12)
    assert bias == pytest.approx(-math.log(3), abs=1e-8)
    assert weights == pytest.approx([2 * math.log(3)], abs=1e-8)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 30.0])
def test_the_slope_of_the_penalised_loss_is_zero_at_the_fit(penalty):
    rng = np.random.default_rng(3)
    values, offset = rng.normal(size=(60, 4)), rng.normal(size=60)
    labels = (values[:, 0] + rng.normal(size=60) > 0).astype(float)
    bias, weights = fit_logistic(values, labels, offset=offset, penalty=penalty)
    errors = 1 / (1 + np.exp(-(bias + values @ weights + offset))) - labels
    assert errors.sum() == pytest.approx(0, abs=1e-8)  # the bias is not penalised
    assert values.T @ errors + penalty * weights == pytest.approx(np.zeros(4), abs=1e-8)


def test_signals_that_tell_the_two_kinds_apart_entirely_still_have_one_fit():
    values = np.array([[-100.0], [-90.0], [90.0], [100.0]])
    bias, weights = fit_logistic(values, np.array([0.0, 0.0, 1.0, 1.0]))
    assert abs(bias) < 1e-8
    assert 0 < weights[0] < 1


EXAMPLES = [
    *(example(number, True, sentence=3.0 + number % 5, passage=1.0) for number in range(20)),
    *(example(20 + number, False, sentence=float(number % 5), passage=1.0) for number in range(20)),
]


def test_a_fit_standardises_and_leaves_out_what_tells_nothing():
    made = fit_calibration(EXAMPLES, ["sentence", "passage", "reader_span"], fitted_with={"reranker": "a@1"})
    assert [one.name for one in made.features] == ["sentence"]
    (feature,) = made.features
    logits = [one.signals["sentence"] for one in EXAMPLES]
    assert (feature.mean, feature.scale) == (pytest.approx(np.mean(logits)), pytest.approx(np.std(logits)))
    assert feature.weight > 0
    assert made.fitted_with == {"reranker": "a@1"}
    assert made == fit_calibration(EXAMPLES, ["sentence", "passage"], fitted_with={"reranker": "a@1"})


def test_a_signal_that_some_lack_counts_as_its_mean_for_them():
    lacking = [replace(one, signals={}) if number % 4 == 0 else one for number, one in enumerate(EXAMPLES)]
    (feature,) = fit_calibration(lacking, ["sentence"]).features
    assert feature.mean == pytest.approx(np.mean([one.signals["sentence"] for one in lacking if one.signals]))


def test_a_missing_name_weighs_as_much_as_is_set_whatever_the_questions_say():
    """Here missing names come with answerable questions; the bias takes up what the fixed weight gets wrong."""
    named = [replace(one, signals={**one.signals, "names_missing": float(one.answerable)}) for one in EXAMPLES]
    made = fit_calibration(named, ["sentence", "names_missing"])
    weights = {one.name: (one.mean, one.scale, one.weight) for one in made.features}
    assert weights["names_missing"] == (0.0, 1.0, FIXED["names_missing"])
    learnt = [made.probability(one.signals) for one in named]
    assert sum(learnt) == pytest.approx(sum(one.answerable for one in named), abs=1e-6)


@pytest.mark.parametrize("examples", [[], EXAMPLES[:20], EXAMPLES[20:]])
def test_a_fit_takes_both_kinds_of_questions(examples):
    with pytest.raises(FootnoteError, match=f"of these {len(examples)}, {sum(one.answerable for one in examples)} are"):
        fit_calibration(examples, ["sentence"])


def test_a_fit_takes_a_signal_that_differs():
    with pytest.raises(FootnoteError, match="No signal differs"):
        fit_calibration(EXAMPLES, ["passage"])


def test_a_question_is_on_the_same_side_whichever_others_are_asked():
    fitted, checked = split_examples(EXAMPLES)
    assert len(fitted) + len(checked) == 40
    assert 10 <= len(fitted) <= 30
    for one in EXAMPLES:
        assert split_examples([one]) == (([one], []) if one in fitted else ([], [one]))


# Thresholds

FOUR = [example(1, True), example(2, False), example(3, True, right=False), example(4, False)]
LIKELY = [0.9, 0.8, 0.6, 0.2]


def test_what_a_threshold_means_can_be_counted():
    point = operating_point(FOUR, LIKELY, 0.5)
    assert (point.answers, point.answered) == (3, 0.75)
    assert point.wrong == pytest.approx(2 / 3)  # one unanswerable, one without what was expected
    assert (point.false_answers, point.false_refusals) == (0.5, 0.0)
    assert operating_point(FOUR, LIKELY, 0.6) == replace(point, answer_from=0.6)  # the threshold itself answers


def test_thresholds_lie_between_the_probabilities_and_the_first_answers_everything():
    rows = operating_points(FOUR, LIKELY)
    assert [row.answer_from for row in rows] == pytest.approx([0.0, 0.4, 0.7, 0.85])
    assert [row.answers for row in rows] == [4, 3, 2, 1]
    assert [row.false_refusals for row in rows] == [0.0, 0.0, 0.5, 0.5]
    assert [row.false_answers for row in rows] == [1.0, 0.5, 0.5, 0.0]
    assert [row.wrong for row in rows] == [0.75, pytest.approx(2 / 3), 0.5, 0.0]


def test_neighbouring_probabilities_stay_apart():
    low = 0.3
    rows = operating_points(FOUR[:2], [low, float(np.nextafter(low, 1))])
    assert [row.answers for row in rows] == [2, 1]


def test_answers_that_nobody_can_judge_are_left_out_of_the_wrong_ones():
    unknown = [Example("a", True, None, {}), example(2, False), example(3, True)]
    assert operating_point(unknown, [0.9, 0.8, 0.7], 0.0).wrong == 0.5
    assert operating_point(unknown[:2], [0.9, 0.8], 0.0).wrong is None


def test_a_table_has_at_most_so_many_rows():
    many = [example(number, number % 2 == 0) for number in range(1000)]
    rows = operating_points(many, [number / 1000 for number in range(1000)])
    assert len(rows) == MOST_ROWS
    assert (rows[0].answers, rows[-1].answers) == (1000, 1)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(-8, 8)), min_size=4, max_size=60),
    st.sampled_from(sorted(KINDS)),
    st.floats(0, 1),
)
def test_a_promise_is_kept_on_the_questions_fitted(drawn, kind, most):
    examples = [
        Example(str(number), known, known and right, {"sentence": logit / 2})
        for number, (known, right, logit) in enumerate(drawn)
    ]
    assume(len({one.answerable for one in examples}) == 2 and len({one.signals["sentence"] for one in examples}) > 1)
    made = fit_calibration(examples, ["sentence"])
    try:
        threshold = made.operating_point(Promise(kind, most)).answer_from
    except FootnoteError:
        return
    point = operating_point(examples, [made.probability(one.signals) for one in examples], threshold)
    assert getattr(point, KINDS[kind]) <= most


# Checking


def test_the_figures_of_a_check_can_be_worked_out():
    likely, truth = np.array([0.9, 0.8, 0.6, 0.2]), np.array([1.0, 0.0, 1.0, 0.0])
    assert auroc(likely, truth) == 0.75
    assert auroc(likely[:1], truth[:1]) is None
    assert brier_score(likely, truth) == pytest.approx((0.01 + 0.64 + 0.16 + 0.04) / 4)
    # two bins: 0.2 against 0 of 1, and 2.3 expected against 2 of 3
    assert calibration_error(likely, truth, bins=2) == pytest.approx((0.2 + 0.3) / 4)
    assert calibration_error(np.array([1.0, 0.0]), np.array([1.0, 0.0])) == 0


def test_a_check_says_what_each_promise_came_to():
    made = fit_calibration(EXAMPLES, ["sentence"])
    other = [example(number, number < 6, sentence=float(number % 7)) for number in range(12)]
    check = check_calibration(other, made, [Promise("false refusals", 0.2), *PROMISES])
    assert (check.questions, check.answerable) == (12, 6)
    assert check.alone == check.auroc  # the only signal, with a positive weight
    assert check.interval[0] <= check.auroc <= check.interval[1]
    named = dict(check.points)
    assert next(iter(named)) == "false refusals at most 20%"
    assert len(named) == len(check.points)
    threshold = made.operating_point(Promise("false refusals", 0.2)).answer_from
    likely = [made.probability(one.signals) for one in other]
    assert named["false refusals at most 20%"] == operating_point(other, likely, threshold)
    assert check.curve[-1] == (1.0, pytest.approx(0.5))


def test_a_check_leaves_out_what_can_not_be_promised():
    made = fit_calibration([*EXAMPLES, example(99, False, sentence=9.0)], ["sentence"])
    words = [words for words, _ in check_calibration(EXAMPLES, made, PROMISES).points]
    assert "wrong answers at most 5%" not in words
    assert "false refusals at most 5%" in words


# Asking

CASE = EvalCase("a", "When?", ("12 October",), (Evidence("default/a.md", start=0, end=10),))
LONG = EvalCase("b", "Why?", ("word " * 30,), (Evidence("default/a.md"),))


def shown(source="default/a.md", text="It was late.", start=20, end=32, answer=""):
    return Outcome("a", answer=answer, quotes=(Span(source, text, start=start, end=end),))


@pytest.mark.parametrize(
    ("case", "outcome", "right"),
    [
        (CASE, shown(text="on 12 October 2022"), True),
        (CASE, shown(answer="On 12 October."), True),
        (CASE, shown(start=0, end=12), True),  # the expected place
        (CASE, shown(), False),
        (CASE, shown("default/b.md", start=0, end=12), False),
        (CASE, Outcome("a"), False),
        (replace(CASE, evidence=()), shown(), False),
        (LONG, shown(), True),  # too long to be quoted: the expected document will do
        (LONG, shown("default/b.md"), False),
        (replace(LONG, evidence=()), shown(), None),
        (EvalCase("c", "Who?", unanswerable=True), shown(text="on 12 October"), False),
    ],
)
def test_an_answer_is_right_when_what_is_expected_is_shown(case, outcome, right):
    assert is_right(case, outcome) is right


def test_questions_are_asked_for_their_quotes_and_keep_the_signals_that_they_were_judged_by(monkeypatch):
    asked, told = [], []

    def answer(question, **options):
        asked.append((question, options))
        return SimpleNamespace(signals={"sentence": 1.5})

    monkeypatch.setattr("eval.calibration.asking.to_outcome", lambda case, answer: shown(text="12 October"))
    footnote = SimpleNamespace(answer=answer)
    none = EvalCase("c", "Who?", unanswerable=True)
    examples = ask_examples(footnote, [CASE, none], on_progress=told.append)
    assert asked == [("When?", {"quotes_only": True}), ("Who?", {"quotes_only": True})]
    assert examples == [
        Example("a", True, True, {"sentence": 1.5}),
        Example("c", False, False, {"sentence": 1.5}),
    ]
    assert [(one.done, one.total, one.unit) for one in told] == [(n, 2, "questions") for n in range(3)]


# What a person sees


def made(checks=None):
    calibration = fit_calibration(EXAMPLES, ["sentence"])
    promise = promise_of()
    check = check_calibration(EXAMPLES, calibration, [promise])
    at = calibration.operating_point(promise)
    return Calibrated(calibration, promise, at, {"set": 40}, checks or {"set": check})


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({}, "false refusals at most 20%"),
        ({"wrong_answers": 0.05, "false_answers": None}, "wrong answers at most 5%"),
        ({"false_answers": 0.125}, "false answers at most 12.5%"),
        ({"false_refusals": 0.0}, "false refusals at most 0%"),
    ],
)
def test_one_share_is_a_promise(given_, words):
    assert str(promise_of(**given_)) == words


def test_two_promises_are_one_too_many():
    with pytest.raises(FootnoteError, match="One promise sets the threshold"):
        promise_of(wrong_answers=0.05, false_answers=0.1)


def test_what_is_saved_is_what_can_be_loaded(tmp_path):
    one = made()
    save_calibrated(one, tmp_path / "mine.json")
    assert load_calibration(tmp_path / "mine.json", known=SIGNALS) == one.calibration
    record = json.loads(json.dumps(calibrated_to_dict(one), allow_nan=False))
    assert record["promise"] == "false refusals at most 20%"
    assert record["checks"]["set"]["points"][0]["promise"] == "false refusals at most 20%"


def test_a_calibration_that_can_not_be_written_is_told_by_name(tmp_path):
    with pytest.raises(FootnoteError, match=r"can't be written: .*nowhere/mine.json: No such file"):
        save_calibrated(made(), tmp_path / "nowhere" / "mine.json")


def test_the_words_say_the_figures():
    one = made()
    check = one.checks["set"]
    lines = check_sentences("set", check)
    assert lines[0] == "set: 40 questions that it was not fitted on, 20 of them answerable."
    assert f"gets the higher probability {check.auroc:.3f} of the time" in lines[1]
    head, row = promise_rows(check)
    point = check.points[0][1]
    shares = (point.answered, point.wrong, point.false_answers, point.false_refusals)
    assert row == ("false refusals at most 20%", *(f"{share:.0%}" for share in shares))
    assert len(head) == len(row)
    assert f"answers from a probability of {one.at.answer_from:.3f} on: of the 40 questions" in rule_sentence(one)


def test_a_check_of_one_kind_of_questions_says_that_it_tells_nothing():
    calibration = fit_calibration(EXAMPLES, ["sentence"])
    check = check_calibration(EXAMPLES[:20], calibration, [])
    assert check_sentences("set", check) == [
        "set: 20 questions that it was not fitted on, 20 of them answerable. They are all of one kind, so that nothing "
        "can be told apart."
    ]


def test_a_curve_is_drawn_from_its_lowest_to_its_highest_risk():
    lines = draw_curve([(0.0, 0.0), (0.5, 0.25), (1.0, 0.5)])
    assert lines[1].startswith("  50% |") and lines[1].endswith("*")
    assert lines[8] == "   0% |*"
    assert lines[4].index("*") - lines[4].index("|") == 26
    assert draw_curve([]) == []


def test_signals_of_the_generator_and_of_a_fit_have_the_same_names():
    assert set(FIXED) <= set(SIGNALS)
    assert isinstance(made().calibration, Calibration)
