"""Two runs compared: who is paired with whom, what is refused, and the verdict with its sentence."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.comparison.comparing import Difference, compare_runs
from eval.comparison.verdicts import amount, describe, judge
from eval.measures import MEASURES, SUMMARIES
from eval.measures.declaration import Judged
from eval.records import EvalCase, Evidence, Outcome, Run, RunFingerprint
from schema import FootnoteError

SAME = RunFingerprint(questions="set-1", corpus="corpus-1")


def make_run(name="run", *, fingerprint=SAME, ids=None, errors=(), **columns):
    """A run with the given columns, under the names of real measures; ``__`` stands for @ in a name."""
    columns = {key.replace("__", "@"): np.array(values, dtype=np.float64) for key, values in columns.items()}
    ids = ids or [f"q{number}" for number in range(len(next(iter(columns.values()))))]
    cases = tuple(EvalCase(one, f"What is {one}?", ("it",)) for one in ids)
    outcomes = tuple(Outcome(one, error="it broke" if one in errors else "") for one in ids)
    return Run(name, fingerprint, cases, outcomes, columns)


def one_difference(before, after, measure="answer_f1", **options):
    comparison = compare_runs(make_run("A", **{measure: before}), make_run("B", **{measure: after}), **options)
    return next(one for one in comparison.differences if one.measure == measure.replace("__", "@"))


def rising(count, rises, falls):
    """Right-or-wrong columns: half are right before, so many rise and so many fall."""
    before = np.concatenate([np.zeros(rises), np.ones(falls), np.arange(count - rises - falls) % 2])
    after = before.copy()
    after[:rises], after[rises : rises + falls] = 1.0, 0.0
    return before, after


# Verdicts


def test_a_clear_rise_is_better():
    found = one_difference(*rising(300, 40, 10), "gold_contained")
    assert (found.verdict, found.pairs, found.difference) == ("better", 300, pytest.approx(0.1))
    assert found.low < 0.1 < found.high
    assert found.p == found.p_holm == pytest.approx(2.386e-5, rel=1e-3)
    assert found.words.startswith("Better: 0.45 -> 0.55 (+0.10, 95 % interval +0.0")
    assert found.words.endswith("p below 0.001 after Holm's correction, 300 questions).")
    assert found.questions_needed is None


def test_a_clear_fall_is_worse_and_of_what_should_be_low_it_is_better():
    before, after = rising(300, 10, 40)
    assert one_difference(before, after, "gold_contained").verdict == "worse"
    assert one_difference(before, after, "false_refusals").verdict == "better"
    assert one_difference(after, before, "false_refusals").verdict == "worse"


def test_a_difference_that_may_be_chance_cannot_be_told_and_says_how_many_questions_would():
    """Variance 0.2 + the normal approximation: 7.849 x 0.2 / 0.02^2 is 3,924, said as about 4,000."""
    found = one_difference(*rising(100, 12, 8), "gold_contained")
    assert found.verdict == "cannot tell"
    assert found.questions_needed == pytest.approx(7.849 * 0.2 / 0.02**2, rel=0.02)
    assert found.words.endswith("; about 4,000 questions would tell a difference of 0.02.")


def test_more_measures_take_more_questions():
    """Holm's correction is for all measures in which something changed; the number advised is at its first step."""
    before, after = rising(100, 12, 8)
    unchanged = np.ones(100)
    alone = compare_runs(make_run(gold_contained=before), make_run(gold_contained=after)).differences[0]
    columns = {"gold_contained": before, "exact_match": before, "cited": unchanged}
    both = compare_runs(make_run(**columns), make_run(**{**columns, "gold_contained": after, "exact_match": after}))
    found = {one.measure: one for one in both.differences}
    assert found["gold_contained"].p_holm == pytest.approx(min(1.0, 2 * alone.p))
    assert found["gold_contained"].questions_needed == pytest.approx(alone.questions_needed * 9.505 / 7.849, rel=0.01)
    assert (found["cited"].p, found["cited"].p_holm, found["cited"].verdict) == (1.0, 1.0, "no different")


def test_time_and_cost_are_a_family_of_their_own():
    before, after = rising(100, 20, 5)
    seconds = 1.0 + before, 1.0 + after
    found = compare_runs(
        make_run(gold_contained=before, total_s=seconds[0]), make_run(gold_contained=after, total_s=seconds[1])
    )
    quality, time = found.differences[:2]
    assert (quality.p_holm, time.p_holm) == (quality.p, time.p)


def test_an_interval_within_the_smallest_effect_is_no_different():
    before, after = rising(2000, 30, 24)
    found = one_difference(before, after, "gold_contained")
    assert (found.verdict, found.questions_needed) == ("no different", None)
    assert found.words.startswith("No different within 0.02: 0.498 -> 0.501 (+0.003, 95 % interval")


def test_a_real_difference_below_the_smallest_effect_is_no_different():
    """2,000 questions, 20 of which rise by one: beyond chance, and too little to matter."""
    found = one_difference(*rising(2000, 20, 0), "gold_contained")
    assert found.p_holm < 0.001
    assert found.verdict == "no different"
    assert one_difference(*rising(2000, 20, 0), "gold_contained", min_effect=0.01).verdict == "better"


def test_a_difference_near_the_smallest_effect_cannot_be_told_by_a_number():
    """It is beyond chance, though whether it is as much as 0.02 is open; so many questions more promise nothing."""
    found = one_difference(*rising(2000, 36, 0), "gold_contained")
    assert (found.verdict, found.questions_needed) == ("cannot tell", None)
    assert found.words.endswith("it lies too close to 0.02, the smallest difference that counts.")


def test_runs_that_are_the_same_are_no_different():
    found = one_difference([0.2, 0.7, 1.0, 0.0], [0.2, 0.7, 1.0, 0.0])
    assert (found.verdict, found.low, found.high, found.p) == ("no different", 0.0, 0.0, 1.0)
    assert found.words == "No different: 0.47 in both, the same on each of 4 questions."


@pytest.mark.parametrize(("pairs", "words"), [(0, "no question has"), (1, "only one question has")])
def test_without_two_pairs_nothing_can_be_told(pairs, words):
    before, after = np.full(6, np.nan), np.full(6, 0.5)
    before[:pairs] = 0.1
    found = one_difference(before, after)
    assert (found.verdict, found.pairs, found.questions_needed) == ("cannot tell", pairs, None)
    assert found.words == f"Cannot tell: {words} a value in both runs."
    assert (found.a is None) == (found.difference is None) == (pairs == 0)
    assert found.low is found.high is None


@pytest.mark.parametrize(("count", "verdict"), [(3, "cannot tell"), (30, "better")])
def test_a_constant_rise_is_judged_by_the_number_of_questions(count, verdict):
    """Three questions that all rise are one pattern of eight; that says nothing of how much they vary either."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = one_difference(np.full(count, 0.25), np.full(count, 0.5))
    assert (found.verdict, found.questions_needed) == (verdict, None)
    assert found.p == pytest.approx(2 * 0.5**count)
    if verdict == "cannot tell":
        assert found.words.endswith("; every question changed alike, which says nothing of how much they vary.")


def test_only_questions_with_a_value_in_both_runs_are_pairs():
    found = one_difference([0.0, math.nan, 1.0, 0.5, 0.0], [1.0, 1.0, math.nan, 0.5, 0.0])
    assert (found.pairs, found.a, found.b) == (3, pytest.approx(0.5 / 3), pytest.approx(0.5))


def test_seconds_and_tokens_have_a_smallest_effect_relative_to_a():
    """0.02 is 2 points of a share and 10 % of A's mean."""
    rng = np.random.default_rng(0)
    before = rng.lognormal(0.0, 0.3, 400)
    found = one_difference(before, before * 1.08, "total_s")
    assert found.smallest_effect == pytest.approx(0.1 * before.mean())
    assert found.verdict == "no different"
    slower = one_difference(before, before * 1.2, "total_s")
    assert slower.verdict == "worse"
    assert slower.words.startswith(f"Worse: {before.mean():.2f} s -> {1.2 * before.mean():.2f} s (+0.2")
    tokens = one_difference(1000 * before, 700 * before, "tokens_read")
    assert tokens.verdict == "better"
    assert tokens.words.startswith("Better: 1,0")


def test_a_smallest_effect_of_nothing_leaves_the_test_alone():
    assert one_difference(*rising(2000, 10, 0), "gold_contained", min_effect=0).verdict == "better"
    found = one_difference(*rising(100, 12, 8), "gold_contained", min_effect=0)
    assert (found.verdict, found.questions_needed) == ("cannot tell", None)
    assert one_difference(np.zeros(30), np.arange(30) % 2, "total_s").smallest_effect == 0


@pytest.mark.parametrize("min_effect", [-0.1, 1.5, math.nan])
def test_a_smallest_effect_that_is_no_share_is_refused(min_effect):
    with pytest.raises(FootnoteError, match="a share from 0 to 1"):
        compare_runs(make_run(cited=[1.0, 0.0]), make_run(cited=[1.0, 0.0]), min_effect=min_effect)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.25, 0.5, 1.0, math.nan])] * 2), min_size=1, max_size=40))
def test_turned_around_the_verdict_is_turned_around(values):
    before, after = ([pair[side] for pair in values] for side in (0, 1))
    if all(math.isnan(one) for one in (*before, *after)):
        return
    there, back = one_difference(before, after), one_difference(after, before)
    opposite = {"better": "worse", "worse": "better"}
    assert back.verdict == opposite.get(there.verdict, there.verdict)
    assert (back.p, back.pairs) == (there.p, there.pairs)


def test_one_seed_gives_one_comparison():
    rng = np.random.default_rng(0)
    runs = [make_run(answer_f1=rng.random(60), total_s=rng.random(60)) for _ in range(2)]
    assert compare_runs(*runs, seed=3) == compare_runs(*runs, seed=3)
    assert compare_runs(*runs, seed=3) != compare_runs(*runs, seed=4)


# Measures


def test_every_measure_and_summary_is_compared_once_and_in_order():
    rng = np.random.default_rng(0)
    names = {one.name for one in MEASURES} | {name for one in SUMMARIES for name in one.needs}
    runs = [
        replace(make_run(cited=rng.random(40)), columns={n: rng.integers(0, 2, 40) * 1.0 for n in names}) for _ in "ab"
    ]
    found = compare_runs(*runs)
    assert [one.measure for one in found.differences] == [one.name for one in (*MEASURES, *SUMMARIES)]
    assert found.notices == ()
    assert all(one.words for one in found.differences)


def test_summaries_are_described_and_never_tested():
    rng = np.random.default_rng(0)
    before = rng.lognormal(size=300)
    comparison = compare_runs(make_run(total_s=before), make_run(total_s=before + 1.0))
    found = next(one for one in comparison.differences if one.measure == "p95_s")
    assert (found.verdict, found.p, found.p_holm, found.questions_needed) == ("not tested", None, None, None)
    assert found.a == pytest.approx(np.quantile(before, 0.95))
    assert found.low == found.high == found.difference == pytest.approx(1.0)
    assert found.words.startswith("Not tested: ")
    assert "p " not in found.words.replace("p95", "")


def test_a_summary_draws_the_same_questions_from_both_runs():
    """Drawn apart, the difference of the medians would vary by as much as the values do."""
    values = np.random.default_rng(0).normal(10.0, 5.0, 200)
    comparison = compare_runs(make_run(total_s=values), make_run(total_s=values + np.tile([0.0, 0.01], 100)))
    found = next(one for one in comparison.differences if one.measure == "p50_s")
    assert found.high - found.low < 0.5


def test_measures_that_say_nothing_of_this_set_are_left_out():
    columns = {"cited": [1.0, 0.0], "false_answers": [math.nan, math.nan]}
    assert [one.measure for one in compare_runs(make_run(**columns), make_run(**columns)).differences] == ["cited"]


def test_columns_of_one_run_alone_and_unknown_ones_are_named():
    a = make_run(cited=[1.0, 0.0], exact_match=[1.0, 0.0], house_style=[0.0, 1.0])
    b = make_run(cited=[1.0, 0.0], RR__10=[1.0, 0.0], house_style=[0.0, 1.0])
    found = compare_runs(a, b)
    assert [one.measure for one in found.differences] == ["cited"]
    assert found.notices == (
        "Only A has exact_match: not compared",
        "Only B has RR@10: not compared",
        "Not compared, since no measure has this name: house_style",
    )


def test_chosen_measures_are_a_family_of_their_own():
    before, after = rising(100, 20, 5)
    runs = [make_run(cited=side, exact_match=side, total_s=side) for side in (before, after)]
    found = compare_runs(*runs, measures=["cited", "p50_s"]).differences
    assert [one.measure for one in found] == ["cited", "p50_s"]
    assert found[0].p_holm == found[0].p


def test_an_unknown_measure_is_refused_by_name():
    with pytest.raises(FootnoteError, match="no measure 'beauty'"):
        compare_runs(make_run(cited=[1.0]), make_run(cited=[1.0]), measures=["beauty"])


# Pairing


def test_questions_are_paired_by_id_in_any_order():
    a = make_run("A", ids=["x", "y", "z"], answer_f1=[0.1, 0.2, 0.3])
    b = make_run("B", ids=["z", "x", "y"], answer_f1=[0.4, 0.2, 0.3])
    found = compare_runs(a, b)
    assert (found.name_a, found.name_b, found.questions) == ("A", "B", 3)
    assert found.differences[0].difference == pytest.approx(0.1)
    assert found.differences[0].p == pytest.approx(2 / 8)  # all three rose alike


@pytest.mark.parametrize("part", ["questions", "corpus"])
def test_other_questions_or_documents_are_refused(part):
    a, b = make_run("old", cited=[1.0, 0.0]), make_run("new", cited=[1.0, 0.0])
    b = replace(b, fingerprint=replace(SAME, **{part: "other"}))
    with pytest.raises(FootnoteError, match="--shared compares these") as refused:
        compare_runs(a, b)
    words = {
        "questions": "their questions are not the same",
        "corpus": "other documents: corpus corpus-1 in A, other in B",
    }
    assert words[part] in str(refused.value)
    assert words["corpus" if part == "questions" else "questions"] not in str(refused.value)
    assert "Both hold 2 questions" in str(refused.value)


@pytest.mark.parametrize("part", ["questions", "corpus"])
def test_what_is_shared_is_compared_and_the_rest_named(part):
    a = make_run("old", ids=["x", "y", "z"], cited=[1.0, 0.0, 1.0])
    b = make_run("new", ids=["y", "z", "w"], cited=[1.0, 1.0, 0.0], fingerprint=replace(SAME, **{part: "other"}))
    found = compare_runs(a, b, shared=True)
    assert (found.questions, found.only_in_a, found.only_in_b) == (2, ("x",), ("w",))
    assert found.differences[0].difference == pytest.approx(0.5)
    assert f"{part}: {getattr(SAME, part)} -> other" in found.notices


def test_a_question_with_other_words_or_expectations_is_not_shared():
    a = make_run("old", ids=["same", "words", "answer", "place"], cited=[1.0, 1.0, 1.0, 1.0])
    same, words, answer, place = a.cases
    others = (
        same,
        replace(words, question="Who is it?"),
        replace(answer, answers=("that",)),
        replace(place, evidence=(Evidence("a.pdf", page=2),)),
    )
    b = replace(a, cases=others, fingerprint=replace(SAME, questions="set-2"))
    found = compare_runs(a, b, shared=True)
    assert (found.questions, found.only_in_a, found.only_in_b) == (1, (), ())
    assert "In both runs, but with other words or expectations, and left out: words, answer, place" in found.notices


def test_one_set_under_other_names_of_its_sources_is_one_set():
    """Two indexes name the same file by their own ids; the set's fingerprint says that it is the same."""
    a = make_run(cited=[1.0, 0.0])
    b = replace(a, cases=tuple(replace(case, evidence=(Evidence("other-id"),)) for case in a.cases))
    assert compare_runs(a, b).questions == 2


def test_runs_without_fingerprints_are_told_apart_by_their_questions():
    unknown = RunFingerprint()
    a = make_run(ids=["x", "y"], cited=[1.0, 0.0], fingerprint=unknown)
    assert compare_runs(a, make_run(ids=["x", "y"], cited=[1.0, 0.0])).questions == 2
    with pytest.raises(FootnoteError, match="A has 2, B has 1"):
        compare_runs(a, make_run(ids=["x"], cited=[1.0], fingerprint=unknown))


@pytest.mark.parametrize("shared", [True, False])
def test_runs_that_share_no_question_are_refused(shared):
    a, b = make_run("old", ids=["x"], cited=[1.0]), make_run("new", ids=["y"], cited=[1.0])
    with pytest.raises(FootnoteError, match="share no question" if shared else "Both hold 0 questions"):
        compare_runs(a, b, shared=shared)


# Notices


def test_what_the_runs_were_made_with_is_told():
    a = make_run(cited=[1.0], fingerprint=replace(SAME, prompt="3f2a", llm="small", embedder="e", version="1"))
    b = make_run(cited=[1.0], fingerprint=replace(SAME, prompt="9c1d", llm="", embedder="e", version="2"))
    assert compare_runs(a, b).notices == ("llm: small -> unknown", "prompt: 3f2a -> 9c1d", "version: 1 -> 2")


def test_hashes_are_cut_for_people():
    a, b = (make_run(cited=[1.0], fingerprint=replace(SAME, index=letter * 64)) for letter in "ab")
    assert compare_runs(a, b).notices == ("index: aaaaaaaa -> bbbbbbbb",)


def test_questions_without_a_result_are_told():
    a = make_run(cited=[1.0] * 8)
    b = make_run(cited=[0.0] * 7 + [1.0], errors=[f"q{number}" for number in range(7)])
    assert compare_runs(a, b).notices == (
        "B has no result for 7 of 8 questions; they take the worst value: q0, q1, q2, q3, q4 and 2 more",
    )


# Sentences


@pytest.mark.parametrize(
    ("value", "unit", "options", "said"),
    [
        (0.714, "share", {}, "0.71"),
        (0.07, "share", {"sign": True}, "+0.07"),
        (-0.07, "share", {"sign": True}, "-0.07"),
        (-0.0001, "share", {"sign": True}, "+0.00"),
        (0.004, "share", {"sign": True, "fine": True}, "+0.004"),
        (1.2345, "s", {}, "1.23 s"),
        (1310.4, "tokens", {}, "1,310 tokens"),
        (12.34, "tokens", {"sign": True}, "+12.3 tokens"),
        (0.5, "count", {}, "0.5"),
    ],
)
def test_figures_are_written_as_people_do(value, unit, options, said):
    assert amount(value, unit, **options) == said


def test_the_sentence_of_the_decision_is_the_one_that_is_said():
    figures = {"pairs": 1300, "a": 0.71, "b": 0.78, "difference": 0.07, "low": 0.03, "high": 0.11}
    given = Difference(
        measure="m", group="answers", unit="share", better="higher", p=0.001, p_holm=0.004, verdict="not tested",
        words="", smallest_effect=0.02, **figures,
    )  # fmt: skip
    tested = judge(given, alpha=0.05, needed=100)
    assert tested.words == (
        "Better: 0.71 -> 0.78 (+0.07, 95 % interval +0.03 to +0.11, p 0.004 after Holm's correction, 1,300 questions)."
    )
    assert judge(replace(given, better="lower"), alpha=0.05, needed=None).words.startswith("Worse: 0.71 -> 0.78 (+0.07")
    assert judge(given, alpha=0.001, needed=None).verdict == "cannot tell"
    gone = describe(replace(given, b=None, difference=None, low=None, high=None))
    assert gone.words == "Not tested: one of the runs can't tell this figure."


@pytest.mark.parametrize(("low", "verdict"), [(-0.02, "no different"), (-0.0201, "cannot tell")])
def test_the_edges_of_the_smallest_effect_belong_to_it(low, verdict):
    given = Difference(
        "m",
        "answers",
        "share",
        "higher",
        50,
        0.5,
        0.5,
        0.0,
        low,
        0.02,
        0.9,
        0.9,
        "not tested",
        "",
        smallest_effect=0.02,
    )
    assert judge(given, alpha=0.05, needed=None).verdict == verdict
    exact = replace(given, b=0.52, difference=0.52 - 0.5, p_holm=0.001)
    assert judge(exact, alpha=0.05, needed=None).verdict == "better"


def test_the_oracle_of_a_real_measure_reaches_the_comparison():
    """From outcomes to verdict: 20 answers, of which run B gets five more right."""
    cases = tuple(EvalCase(f"q{number}", "How many?", ("seven",)) for number in range(20))
    measure = next(one for one in MEASURES if one.name == "exact_match")

    def run(right):
        outcomes = tuple(Outcome(case.question_id, "seven" if n < right else "six") for n, case in enumerate(cases))
        values = [measure.value(Judged(c, o, lambda *_: "supported")) for c, o in zip(cases, outcomes, strict=True)]
        return Run("r", SAME, cases, outcomes, {"exact_match": np.array(values)})

    found = compare_runs(run(10), run(15)).differences[0]
    assert (found.a, found.b, found.p, found.verdict) == (0.5, 0.75, 2 / 32, "cannot tell")
