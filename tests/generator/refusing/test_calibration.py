"""Probabilities by hand, promises from a table small enough to read, and files that are none."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.refusing.answerability import SIGNALS
from generator.refusing.calibration import (
    Calibration,
    Feature,
    Operating,
    Promise,
    foreign_models,
    parse_promise,
    rule_of,
)
from generator.refusing.calibration_files import calibration_to_dict, chosen_rule, default_calibration, load_calibration
from schema import FootnoteError

KNOWN = ("sentence", "passage")
TABLE = (
    Operating(0.0, 100, 1.0, 0.5, 1.0, 0.0),
    Operating(0.25, 80, 0.8, 0.35, 0.6, 0.05),
    Operating(0.5, 50, 0.5, 0.2, 0.3, 0.2),
    Operating(0.75, 30, 0.3, 0.1, 0.1, 0.5),
    Operating(0.875, 19, 0.19, 0.0, 0.0, 0.7),  # too few answers to promise anything of wrong ones
)
CALIBRATION = Calibration(
    (Feature("sentence", 2.0, 4.0, 1.5), Feature("passage", 0.0, 1.0, -1.0)),
    0.5,
    TABLE,
    {"reranker": "a@1"},
    {"made": "2026"},
)


@pytest.mark.parametrize(
    ("signals", "logit"),
    [
        ({"sentence": 6.0, "passage": 1.0}, 0.5 + 1.5 - 1.0),
        ({"sentence": 2.0}, 0.5),  # what is missing counts as its mean
        ({"sentence": 6.0, "passage": None}, 2.0),
        ({"sentence": 6.0, "passage": math.nan}, 2.0),
        ({"sentence": -math.inf, "unknown": 9.0}, 0.5),
        ({"sentence": -2.0, "passage": 2.0}, -3.0),
    ],
)
def test_a_probability_is_the_logistic_of_the_weighted_standardised_signals(signals, logit):
    assert CALIBRATION.probability(signals) == pytest.approx(1 / (1 + math.exp(-logit)), abs=1e-15)


@pytest.mark.parametrize(("logit", "probability"), [(2000.0, 1.0), (-2000.0, 0.0)])
def test_no_signal_is_too_large(logit, probability):
    assert Calibration((Feature("sentence", 0.0, 1.0, 1.0),), 0.0, ()).probability({"sentence": logit}) == probability


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_a_better_sentence_never_makes_an_answer_less_likely(one, other):
    low, high = sorted((one, other))
    assert CALIBRATION.probability({"sentence": low}) <= CALIBRATION.probability({"sentence": high})


@pytest.mark.parametrize(
    ("promise", "answer_from"),
    [
        ("false refusals at most 20%", 0.5),  # the highest threshold that keeps it: the fewest false answers
        ("false refusals at most 19.9%", 0.25),
        ("false refusals at most 0%", 0.0),
        ("false refusals at most 100%", 0.875),
        ("false answers at most 30%", 0.5),  # the lowest threshold that keeps it: the fewest refusals
        ("false answers at most 29%", 0.75),
        ("false answers at most 0%", 0.875),
        ("wrong answers at most 20%", 0.5),
        ("wrong answers at most 10%", 0.75),
        ("Wrong  answers at most 100 %", 0.0),
    ],
)
def test_a_promise_is_kept_at_the_least_cost(promise, answer_from):
    assert rule_of(CALIBRATION, parse_promise(promise)).answer_from == answer_from


def test_a_promise_that_no_threshold_keeps_says_what_can_be_promised():
    with pytest.raises(
        FootnoteError, match=r"wrong answers at most 5%: the least is 10\.0%, with 30% of its questions"
    ):
        CALIBRATION.operating_point(Promise("wrong answers", 0.05))


def test_a_promise_about_what_nobody_could_tell_is_refused():
    table = tuple(replace(row, wrong=None) for row in TABLE)
    with pytest.raises(FootnoteError, match="says nothing of wrong answers: none of its questions could tell"):
        replace(CALIBRATION, table=table).operating_point(Promise("wrong answers", 0.5))


@pytest.mark.parametrize("kind", ["wrong answers", "false answers", "false refusals"])
@given(most=st.floats(0, 1))
def test_the_row_of_a_promise_keeps_it(kind, most):
    try:
        row = CALIBRATION.operating_point(Promise(kind, most))
    except FootnoteError:
        assert kind == "wrong answers" and most < 0.1
    else:
        shares = {"wrong answers": row.wrong, "false answers": row.false_answers, "false refusals": row.false_refusals}
        assert shares[kind] <= most


@pytest.mark.parametrize(
    "text", ["false refusals at most 20%", "wrong answers at most 2.5%", "false answers at most 0%"]
)
def test_a_promise_is_written_as_it_is_read(text):
    assert str(parse_promise(text)) == text


@pytest.mark.parametrize(
    "text", ["", "20%", "refusals at most 20%", "wrong answers at most 101%", "wrong answers at most -1%", "-1.0"]
)
def test_what_is_no_promise_is_refused_with_the_forms_that_are(text):
    with pytest.raises(
        FootnoteError, match='"wrong answers at most 20%", "false answers at most 20%", "false refusals'
    ):
        parse_promise(text)


def test_the_hash_follows_what_is_decided_and_nothing_else():
    assert replace(CALIBRATION, about={}, fitted_with={}).sha == CALIBRATION.sha
    assert len(CALIBRATION.sha) == 12
    changed = [
        replace(CALIBRATION, bias=0.25),
        replace(CALIBRATION, table=TABLE[1:]),
        replace(CALIBRATION, features=()),
    ]
    assert len({CALIBRATION.sha, *(one.sha for one in changed)}) == 4


def test_models_that_score_otherwise_are_named():
    assert foreign_models(CALIBRATION, reranker="a@1", reader="none") == ""
    assert foreign_models(CALIBRATION, reranker="b@2", reader="r@1") == (
        "The calibration was fitted with reranker a@1 (now b@2) and reader none (now r@1)."
    )


# Files


def written(tmp_path, **changes):
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(calibration_to_dict(CALIBRATION) | changes), "utf-8")
    return path


def test_a_calibration_comes_back_from_its_file_as_it_was(tmp_path):
    loaded = load_calibration(written(tmp_path), known=KNOWN)
    assert (loaded, loaded.sha) == (CALIBRATION, CALIBRATION.sha)


FEATURE = {"name": "sentence", "mean": 0.0, "scale": 1.0, "weight": 1.0}
ROW = {"answer_from": 0.5, "answers": 3, "answered": 0.5, "wrong": None, "false_answers": 0.1, "false_refusals": 0.1}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"format": "footnote-run"}, "is not a calibration. Make one with"),
        ({"version": 2}, "field version: 2 is not 1"),
        ({"features": []}, "field features: there is no list"),
        ({"features": [3]}, "field features, item 1: 3 is not a JSON object"),
        (
            {"features": [FEATURE | {"name": "luck"}]},
            "item 1, field name: there is no signal 'luck'; there are sentence",
        ),
        ({"features": [FEATURE, FEATURE]}, "field features: a signal stands there twice"),
        ({"features": [FEATURE | {"scale": 0}]}, "item 1, field scale: 0.0 is not above 0"),
        ({"features": [FEATURE | {"mean": True}]}, "item 1, field mean: True is not a number"),
        ({"features": [FEATURE | {"weight": math.nan}]}, "item 1, field weight: nan is not a number"),
        ({"bias": "1"}, "field bias: '1' is not a number"),
        ({"table": {}}, "field table: there is no list"),
        ({"table": [ROW, ROW]}, "field table: answer_from does not rise"),
        ({"table": [ROW | {"answers": 1.5}]}, "item 1, field answers: 1.5 is not a whole number"),
        ({"table": [ROW | {"answers": -1}]}, "item 1, field answers: -1 is not a whole number"),
        ({"table": [ROW | {"wrong": 1.5}]}, "item 1, field wrong: 1.5 is not from 0 to 1"),
        ({"table": [ROW | {"answer_from": None}]}, "item 1, field answer_from: None is not a number"),
        ({"fitted_with": None}, "field fitted_with: None is not a JSON object"),
        ({"fitted_with": {"reranker": 1}}, "field fitted_with, reranker: 1 is not the name"),
        ({"about": [1]}, r"field about: \[1\] is not a JSON object"),
    ],
)
def test_a_file_that_is_no_calibration_is_refused_with_the_place(tmp_path, changes, fault):
    with pytest.raises(FootnoteError, match=fault) as caught:
        load_calibration(written(tmp_path, **changes), known=KNOWN)
    assert str(tmp_path / "calibration.json") in str(caught.value)


def test_a_file_that_is_missing_or_no_json_is_refused_by_name(tmp_path):
    with pytest.raises(FootnoteError, match=r"can't be read: .*nowhere.json: No such file"):
        load_calibration(tmp_path / "nowhere.json", known=KNOWN)
    (tmp_path / "half.json").write_text('{"format": ')
    with pytest.raises(FootnoteError, match=r"half.json is not JSON"):
        load_calibration(tmp_path / "half.json", known=KNOWN)
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(FootnoteError, match=r"list.json is not a calibration"):
        load_calibration(tmp_path / "list.json", known=KNOWN)


def test_a_calibration_of_ones_own_is_used_with_the_models_that_it_was_fitted_with(tmp_path):
    own = str(written(tmp_path))
    rule = chosen_rule(own, "false answers at most 30%", known=KNOWN, models={"reranker": "a@1", "reader": "none"})
    assert (rule.calibration, rule.answer_from) == (CALIBRATION, 0.5)
    with pytest.raises(
        FootnoteError, match=r"calibration.json: The calibration was fitted with reranker a@1 \(now b@2"
    ):
        chosen_rule(own, "false answers at most 30%", known=KNOWN, models={"reranker": "b@2"})


def test_without_one_the_calibration_that_ships_is_used_with_any_models():
    rule = chosen_rule("", "false answers at most 100%", known=SIGNALS, models={"reranker": "b@2", "reader": "none"})
    assert rule.calibration == default_calibration(SIGNALS, with_reader=False)
    assert rule.answer_from == 0.0  # everything is answered


def test_without_a_cross_encoder_the_shipped_calibration_refuses_nothing():
    models = {"embedder": "e", "reranker": "none", "reader": "none"}
    assert chosen_rule("", "wrong answers at most 1%", known=SIGNALS, models=models).answer_from == 0.0


def test_the_shipped_calibration_is_the_one_of_the_reader_where_there_is_one():
    promise = "false refusals at most 5%"
    rules = {
        reader: chosen_rule("", promise, known=SIGNALS, models={"reranker": "r", "reader": reader})
        for reader in ("none", "reader@1")
    }
    weighed = {reader: {one.name for one in rule.calibration.features} for reader, rule in rules.items()}
    assert "reader_answerable" in weighed["reader@1"] - weighed["none"]
    assert all(0 < rule.answer_from < 1 for rule in rules.values())
