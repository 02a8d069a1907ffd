"""The gate: calm on reruns of one set-up, shut on a real loss, and clear about what it can't see."""

from dataclasses import replace

import numpy as np
import pytest

from eval.comparison.gating import MEANS, judge_gate
from eval.measures import MEASURES
from eval.records import EvalCase, Outcome, Run, RunFingerprint
from schema import FootnoteError

SAME = RunFingerprint(questions="set-1", corpus="corpus-1")
SHARES = [one for one in MEASURES if one.unit == "share"]


def make_run(columns, *, errors=(), name="run"):
    count = len(next(iter(columns.values())))
    cases = tuple(EvalCase(f"q{number}", f"What is {number}?", ("it",)) for number in range(count))
    outcomes = tuple(Outcome(case.question_id, error="broke" if case.question_id in errors else "") for case in cases)
    return Run(name, SAME, cases, outcomes, columns)


def right(count, share=0.7):
    """Right or wrong, right in the first questions."""
    return (np.arange(count) < share * count).astype(np.float64)


def lost(column, count, *, to=0.0):
    """The same with the first values lost."""
    changed = column.copy()
    changed[:count] = to
    return changed


class Assistant:
    """A set-up that answers 200 questions, some of them otherwise from one run to the next; measures move together."""

    def __init__(self, rng, noise):
        self._chance = rng.beta(0.5, 0.5 / noise - 0.5, 200)
        self._values = [self._draw(rng), self._draw(rng)]

    def run(self, rng, loss=0.0):
        rows = np.where((rng.random(200) < self._chance)[:, np.newaxis], *self._values)
        rows = np.where((rng.random(200) < loss)[:, np.newaxis], [one.better == "lower" for one in SHARES], rows)
        return make_run({one.name: rows[:, place].astype(np.float64) for place, one in enumerate(SHARES)})

    @staticmethod
    def _draw(rng):
        ease = 0.8 + rng.normal(size=(200, 1)) + 0.7 * rng.normal(size=(200, len(SHARES)))
        good = np.where(np.arange(len(SHARES)) % 2, ease > 0, np.clip(0.5 + 0.5 * ease, 0, 1))
        return np.where([one.better == "lower" for one in SHARES], 1 - good, good)


def test_a_hundred_noisy_reruns_pass():
    """Each question has its own chance of being answered otherwise, 5 % on average; all shares are judged together."""
    rng = np.random.default_rng(0)
    assistant = Assistant(rng, noise=0.05)
    baseline = assistant.run(rng)
    reruns = [assistant.run(rng) for _ in range(100)]
    assert sum(not np.array_equal(rerun.columns["cited"], baseline.columns["cited"]) for rerun in reruns) > 95
    assert [judge_gate(rerun, baseline).passed for rerun in reruns] == [True] * 100


def test_a_real_loss_is_caught_through_the_same_noise():
    """One question in eight lost; 20 set-ups."""
    rng = np.random.default_rng(0)
    caught = 0
    for _ in range(20):
        assistant = Assistant(rng, noise=0.05)
        caught += not judge_gate(assistant.run(rng, loss=0.125), assistant.run(rng)).passed
    assert caught >= 18


def test_the_same_run_passes_and_says_what_was_judged():
    run = make_run({"gold_contained": right(40), "cited": right(40)})
    gate = judge_gate(run, run)
    assert gate.passed
    assert gate.reasons == (
        "None of 2 measures got worse over 40 questions (p below 0.01 after Holm's correction, and by 0.02 or more).",
    )
    assert [one.verdict for one in gate.comparison.differences] == ["no different", "no different"]


def test_a_loss_beyond_doubt_trips_the_gate_and_is_told():
    baseline = make_run({"gold_contained": right(300), "cited": right(300)}, name="old")
    gate = judge_gate(make_run({"gold_contained": lost(right(300), 30), "cited": right(300)}, name="new"), baseline)
    assert not gate.passed
    assert len(gate.reasons) == 1
    assert gate.reasons[0].startswith("gold_contained: Worse: 0.70 -> 0.60 (-0.10, 95 % interval -0.1")
    assert (gate.comparison.name_a, gate.comparison.name_b) == ("old", "new")


def test_what_should_be_low_trips_by_rising():
    baseline = make_run({"unsupported_sentences": np.zeros(300)})
    worse = make_run({"unsupported_sentences": lost(np.zeros(300), 30, to=1.0)})
    assert not judge_gate(worse, baseline).passed
    assert judge_gate(baseline, worse).passed


@pytest.mark.parametrize(("losses", "passed"), [(7, True), (8, False)])
def test_the_level_is_one_in_a_hundred(losses, passed):
    """Seven losses and no gain are p 2 / 2^7 = 0.016, eight 0.008; in a comparison both would be "worse"."""
    gate = judge_gate(make_run({"cited": lost(right(50), losses)}), make_run({"cited": right(50)}))
    assert gate.passed is passed


def test_the_level_is_over_all_measures_together():
    """Eight losses are beyond doubt in one measure alone, not in one of two that changed."""
    baseline = make_run({"cited": right(50), "exact_match": right(50)})
    changed = {"cited": lost(right(50), 8), "exact_match": lost(right(50), 4)}
    assert judge_gate(make_run(changed), baseline).passed
    assert not judge_gate(make_run(changed), baseline, measures=["cited"]).passed
    assert not judge_gate(make_run(changed), baseline, alpha=0.02).passed


def test_a_loss_too_small_to_matter_passes():
    baseline, run = make_run({"cited": right(2000)}), make_run({"cited": lost(right(2000), 30)})
    assert judge_gate(run, baseline).passed
    assert not judge_gate(run, baseline, min_effect=0.01).passed


def test_time_trips_only_when_asked():
    columns = {"cited": right(50), "total_s": 1.0 + np.arange(50) / 50, "tokens_read": np.full(50, 900.0)}
    slower = make_run({**columns, "total_s": 2 * columns["total_s"], "tokens_read": np.full(50, 1800.0)})
    assert judge_gate(slower, make_run(columns)).passed
    gate = judge_gate(slower, make_run(columns), include_time=True)
    assert [reason.split(":")[0] for reason in gate.reasons] == ["total_s", "tokens_read"]


@pytest.mark.parametrize("name", MEANS)
def test_what_rises_when_other_measures_fall_trips_only_when_named(name):
    """A sentence that was unsupported and is partly supported now is no loss."""
    baseline = make_run({"cited": right(50), name: np.zeros(50)})
    run = make_run({"cited": right(50), name: lost(np.zeros(50), 20, to=1.0)})
    assert judge_gate(run, baseline).passed
    assert not judge_gate(run, baseline, measures=[name]).passed


def test_a_few_errors_are_told_and_do_not_trip():
    baseline = make_run({"cited": right(300)}, errors=["q1"])
    run = make_run({"cited": lost(right(300), 3)}, errors=["q0", "q1", "q2"])
    gate = judge_gate(run, baseline)
    assert gate.passed
    assert gate.reasons[1] == (
        "2 of 300 questions have no result now and had one in the baseline; they count as wrong: q0, q2."
    )


def test_many_errors_trip_by_the_values_they_take():
    baseline = make_run({"cited": right(300)})
    run = make_run({"cited": lost(right(300), 20)}, errors=[f"q{number}" for number in range(20)])
    gate = judge_gate(run, baseline)
    assert not gate.passed
    assert [reason.split()[0] for reason in gate.reasons] == ["cited:", "20"]


def test_too_few_questions_pass_and_say_that_little_was_seen():
    gate = judge_gate(make_run({"cited": lost(right(6), 4)}), make_run({"cited": right(6)}))
    assert gate.passed
    assert gate.reasons[1] == "These questions are too few, or too uneven, to tell of cited."


@pytest.mark.parametrize("part", ["questions", "corpus"])
def test_other_questions_or_documents_are_an_error_and_no_verdict(part):
    run = make_run({"cited": right(50)})
    with pytest.raises(FootnoteError, match="can't be compared as a whole"):
        judge_gate(replace(run, fingerprint=replace(SAME, **{part: "other"})), run)


def test_a_run_of_fewer_questions_is_an_error_and_no_verdict():
    baseline = make_run({"cited": right(50)})
    with pytest.raises(FootnoteError, match="A has 50, B has 49"):
        judge_gate(replace(make_run({"cited": right(49)}), fingerprint=RunFingerprint()), baseline)


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        ({"total_s": np.ones(5)}, {}),
        ({"cited": np.ones(5)}, {"measures": ["exact_match"]}),
        ({"cited": np.full(5, np.nan)}, {}),
        ({"house_style": np.ones(5)}, {}),
    ],
)
def test_a_gate_with_nothing_to_judge_never_passes(columns, options):
    with pytest.raises(FootnoteError, match="nothing to judge"):
        judge_gate(make_run(columns), make_run(columns), **options)


def test_values_of_other_questions_are_nothing_to_judge():
    one, other = np.array([1.0, np.nan, 1.0]), np.array([np.nan, 1.0, np.nan])
    with pytest.raises(FootnoteError, match="nothing to judge"):
        judge_gate(make_run({"cited": one}), make_run({"cited": other}))
