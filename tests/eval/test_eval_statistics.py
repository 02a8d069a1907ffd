"""The statistics against scipy, against enumeration by hand, and in small simulations with fixed seeds."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from eval.comparison.statistics import (
    bootstrap_interval,
    bootstrap_intervals,
    holm,
    interval_of_statistic,
    permutation_p,
    permutation_ps,
    questions_needed,
    sign_p,
    student_quantile,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def sign_patterns(changes):
    """The two-sided p-value from the definition: one pattern of signs after the other."""
    observed = abs(sum(changes))
    sums = [
        abs(sum(sign * change for sign, change in zip(signs, changes, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(changes))
    ]
    return sum(one >= observed - 1e-12 for one in sums) / len(sums)


# The permutation test


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1.0], 1.0),
        ([1.0, 1.0], 0.5),
        ([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 2 / 64),
        ([1.0, 1.0, 1.0, 0.0, 0.0], 2 / 8),  # what did not change says nothing
        ([1.0, -1.0], 1.0),
        ([3.0, 2.0, 1.0], 2 / 8),
        ([3.0, 2.0, -1.0], 4 / 8),  # 4 is reached by 3+2-1 and, at 6, by 3+2+1, in both directions
        ([0.0, 0.0, 0.0], 1.0),
    ],
)
def test_small_tests_are_exact(rng, differences, p):
    assert permutation_p(np.array(differences), rng=rng) == pytest.approx(p, abs=1e-12)


@given(
    st.lists(st.sampled_from([-1.0, -2 / 3, -0.5, -1 / 3, 0.0, 0.1, 1 / 3, 0.5, 2 / 3, 1.0]), min_size=1, max_size=9)
)
def test_the_exact_test_is_what_enumeration_gives(differences):
    found = permutation_p(np.array(differences), rng=np.random.default_rng(0))
    assert found == pytest.approx(sign_patterns([one for one in differences if one]), abs=1e-12)


@given(st.integers(0, 200), st.integers(1, 200))
def test_right_and_wrong_is_the_exact_binomial_test(rises, falls):
    assert sign_p(rises, rises + falls) == pytest.approx(scipy.stats.binomtest(rises, rises + falls).pvalue, rel=1e-9)


def test_a_large_test_of_right_and_wrong_is_exact_too(rng):
    differences = np.repeat([1.0, -1.0, 0.0], [520, 430, 9050])
    assert permutation_p(differences, rng=rng) == pytest.approx(scipy.stats.binomtest(520, 950).pvalue, rel=1e-9)


def test_one_size_that_is_not_one_is_exact_too(rng):
    differences = np.repeat([0.2, -0.2], [30, 12])
    assert permutation_p(differences, rng=rng) == pytest.approx(scipy.stats.binomtest(30, 42).pvalue, rel=1e-9)


def test_tossed_signs_agree_with_scipy(rng):
    """Both toss 10,000 times and so are within four standard errors of the same p-value, and of each other by six."""
    for shift in (0.0, 0.1, 0.2, 0.3):
        differences = rng.normal(shift, 1.0, 120)
        theirs = scipy.stats.permutation_test(
            (differences, np.zeros_like(differences)),
            lambda a, b, axis: np.mean(a - b, axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=9999,
            rng=np.random.default_rng(1),
        ).pvalue
        ours = permutation_p(differences, rng=rng)
        assert ours == pytest.approx(theirs, abs=6 * math.sqrt(theirs * (1 - theirs) / 10_000) + 2e-4)


def test_tossing_agrees_with_the_exact_test_at_the_limit_between_them(rng):
    sixteen = rng.normal(0.3, 1.0, 16)
    exact = permutation_p(sixteen, rng=rng)
    tossed = permutation_p(np.append(sixteen, 1e-9), rng=rng)  # one more, too small to matter
    assert tossed == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 10_000))


def test_p_is_never_zero(rng):
    """Of 10,000 tosses none comes near; the observed pattern counts as one (Phipson and Smyth 2010)."""
    assert permutation_p(rng.uniform(1.0, 2.0, 60), rng=rng) == pytest.approx(1 / 10_001, abs=1e-12)


def test_equal_sums_count_as_equal_whatever_their_rounding(rng):
    """Sums of tenths and thirds differ in the last digit by the order of adding; the observed one must meet itself."""
    differences = np.array([0.1, 0.2, 0.3, 1 / 3, 2 / 3, -0.6, 0.7, 0.1] * 2)
    assert permutation_p(differences, rng=rng) == pytest.approx(sign_patterns(differences), abs=1e-12)


def test_columns_with_gaps_are_tested_as_if_alone(rng):
    differences = rng.choice([-1.0, -0.5, 0.0, 0.5, 1.0], size=(14, 5))
    differences[rng.random(differences.shape) < 0.3] = np.nan
    together = permutation_ps(differences, rng=rng)
    alone = [permutation_p(column[~np.isnan(column)], rng=rng) for column in differences.T]
    assert together.tolist() == alone


def test_a_tossed_column_with_gaps_is_that_of_its_pairs(rng):
    pairs = rng.normal(0.15, 1.0, 200)
    column = np.full(600, np.nan)
    column[::3] = pairs
    assert permutation_p(column, rng=rng) == pytest.approx(permutation_p(pairs, rng=rng), abs=0.02)


def test_a_column_without_pairs_has_no_p_value(rng):
    assert np.isnan(permutation_ps(np.full((5, 2), np.nan), rng=rng)).all()
    assert permutation_ps(np.empty((5, 0)), rng=rng).shape == (0,)


def test_one_seed_gives_one_answer():
    differences = np.random.default_rng(3).normal(0.1, 1.0, (80, 3))
    runs = [permutation_ps(differences, rng=np.random.default_rng(5)) for _ in range(2)]
    assert runs[0].tolist() == runs[1].tolist()
    ends = [bootstrap_intervals(differences, rng=np.random.default_rng(5)) for _ in range(2)]
    assert np.array_equal(ends[0], ends[1])


def test_b_less_a_and_a_less_b_have_one_p_value(rng):
    differences = rng.choice([-1.0, -0.5, 0.0, 1.0], size=(12, 20))
    assert permutation_ps(differences, rng=rng).tolist() == permutation_ps(-differences, rng=rng).tolist()


@pytest.mark.parametrize(
    ("shape", "questions"),
    [("right or wrong", 300), ("half points", 50), ("long tail", 12), ("long tail", 100)],
)
def test_false_alarms_come_as_often_as_they_may(rng, shape, questions):
    """1,000 comparisons of a system with itself at 0.05; fixed seed, so the bounds are those of the requirement."""
    size = (questions, 1000)
    draws = {
        "right or wrong": lambda: rng.choice([-1.0, 0.0, 1.0], p=[0.25, 0.5, 0.25], size=size),
        "half points": lambda: rng.integers(0, 3, size) / 2 - rng.integers(0, 3, size) / 2,
        "long tail": lambda: rng.lognormal(size=size) - rng.lognormal(size=size),
    }
    rate = (permutation_ps(draws[shape](), rng=rng, rounds=2000) < 0.05).mean()
    assert 0.03 <= rate <= 0.07


def test_the_exact_test_of_right_and_wrong_gives_fewer_false_alarms_where_little_changes():
    """Its level over all outcomes of so many changes: below 0.05, as no step of its p-values is 0.05 itself."""
    levels = {}
    for changes in (5, 10, 20, 40, 200, 1000):
        chances = scipy.stats.binom.pmf(np.arange(changes + 1), changes, 0.5)
        ps = np.array([sign_p(rises, changes) for rises in range(changes + 1)])
        levels[changes] = chances[ps < 0.05].sum()
    assert levels == pytest.approx({5: 0.0, 10: 0.0215, 20: 0.0414, 40: 0.0385, 200: 0.0400, 1000: 0.0463}, abs=1e-4)


# Intervals


@pytest.mark.parametrize("share", [0.025, 0.05, 0.5, 0.9, 0.975])
@pytest.mark.parametrize(("freedom", "within"), [(3, 2e-3), (5, 2e-4), (9, 1e-5), (19, 1e-6), (299, 1e-9)])
def test_quantiles_of_students_t_are_scipys(share, freedom, within):
    assert student_quantile(share, freedom) == pytest.approx(scipy.stats.t.ppf(share, freedom), rel=within, abs=1e-9)


def test_the_interval_is_scipys_for_many_questions(rng):
    """With 2,000 pairs the expansion is gone; the ends agree within what resampling leaves, a tenth of the width."""
    differences = rng.normal(0.05, 0.5, 2000)
    theirs = scipy.stats.bootstrap(
        (differences,), np.mean, method="percentile", n_resamples=5000, rng=np.random.default_rng(1)
    ).confidence_interval
    ours = bootstrap_interval(differences, rng=rng, resamples=5000)
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.1 * (theirs.high - theirs.low) / 2)


def test_the_interval_of_few_questions_is_as_wide_as_students(rng):
    """Of a bell curve Student's interval is exact; the plain percentiles of 20 values are 8 % narrower (Hesterberg)."""
    widths = []
    for _ in range(60):
        differences = rng.normal(size=20)
        low, high = bootstrap_interval(differences, rng=rng)
        widths.append((high - low) / (2 * scipy.stats.t.ppf(0.975, 19) * differences.std(ddof=1) / math.sqrt(20)))
    assert np.mean(widths) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    ("shape", "questions"),
    [("shares", 20), ("shares", 50), ("overlap", 30), ("overlap", 100), ("bell", 20), ("leaning", 50)],
)
def test_intervals_hold_the_truth_as_often_as_they_say(rng, shape, questions):
    """1,000 intervals each, 50 of them over the same resamples; fixed seed, bounds of the requirement."""
    draws = {
        "shares": (lambda size: rng.choice([-1.0, 0.0, 1.0], p=[0.1, 0.7, 0.2], size=size), 0.1),
        "overlap": (lambda size: rng.beta(0.6, 0.5, size) - rng.beta(0.6, 0.4, size), 0.6 / 1.1 - 0.6),
        "bell": (lambda size: rng.normal(size=size), 0.0),
        "leaning": (lambda size: rng.exponential(size=size) - 1.0, 0.0),
    }
    draw, mean = draws[shape]
    held = []
    for _ in range(20):
        low, high = bootstrap_intervals(draw((questions, 50)), rng=rng, resamples=1000)
        held.append((low <= mean) & (mean <= high))
    assert 0.93 <= np.mean(held) <= 0.97


def test_few_changes_make_a_wide_interval_on_both_sides(rng):
    """One change among 40 questions: resampling alone could never see a fall."""
    differences = np.zeros(40)
    differences[0] = 1.0
    low, high = bootstrap_interval(differences, rng=rng)
    assert low < 0 < 1 / 40 < high


def test_equal_differences_and_too_few_pairs(rng):
    assert bootstrap_interval(np.zeros(30), rng=rng) == (0.0, 0.0)
    assert bootstrap_interval(np.full(30, 0.25), rng=rng) == (0.25, 0.25)
    assert np.isnan(bootstrap_interval(np.array([0.5, np.nan]), rng=rng)).all()
    assert np.isnan(bootstrap_interval(np.array([np.nan, np.nan]), rng=rng)).all()


def test_an_interval_with_gaps_is_that_of_its_pairs(rng):
    pairs = rng.normal(0.3, 1.0, 400)
    column = np.full(800, np.nan)
    column[::2] = pairs
    assert bootstrap_interval(column, rng=rng) == pytest.approx(bootstrap_interval(pairs, rng=rng), abs=0.02)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30))
def test_the_interval_holds_its_own_mean_and_stays_within_the_values(values):
    differences = np.array(values)
    low, high = bootstrap_interval(differences, rng=np.random.default_rng(0), resamples=50)
    assert low <= differences.mean() <= high
    assert max(-low, high) <= np.abs(differences).max() + 1e-12


def test_the_confidence_is_the_one_asked_for(rng):
    differences = rng.normal(size=200)
    narrow, wide = (bootstrap_interval(differences, rng=rng, confidence=share) for share in (0.8, 0.99))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert narrow[1] - narrow[0] == pytest.approx(2 * 1.2858 * differences.std() / math.sqrt(200), rel=0.08)


def test_the_interval_of_a_median_is_found_by_drawing_rows(rng):
    values = rng.normal(5.0, 1.0, 400)
    low, high = interval_of_statistic(lambda rows: float(np.median(values[rows])), 400, rng=rng)
    theirs = scipy.stats.bootstrap((values,), np.median, method="percentile", rng=np.random.default_rng(1))
    ends = theirs.confidence_interval
    assert (low, high) == pytest.approx((ends.low, ends.high), abs=0.04)


def test_a_statistic_that_most_draws_lack_has_no_interval(rng):
    low, high = interval_of_statistic(lambda rows: math.nan if rows.min() < 5 else 1.0, 10, rng=rng, resamples=50)
    assert math.isnan(low)
    assert math.isnan(high)


# Holm's correction


@pytest.mark.parametrize(
    ("given", "corrected"),
    [
        ([], []),
        ([0.04], [0.04]),
        ([0.01, 0.02, 0.03, 0.04], [0.04, 0.06, 0.06, 0.06]),  # 4 x .01, 3 x .02, 2 x .03, and never less than before
        ([0.04, 0.01, 0.03, 0.005], [0.06, 0.03, 0.06, 0.02]),  # in any order
        ([0.5, 0.9, 0.001], [1.0, 1.0, 0.003]),  # at most 1
        ([0.02, 0.02, 0.02], [0.06, 0.06, 0.06]),
        ([0.01, math.nan, 0.04], [0.02, math.nan, 0.04]),  # what was not tested takes no share
    ],
)
def test_holms_correction_by_hand(given, corrected):
    assert holm(given).tolist() == pytest.approx(corrected, abs=1e-12, nan_ok=True)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_what_its_step_down_rule_rejects(ps):
    """Holm 1979: from the smallest p on, reject while p is at most alpha over the number that is left."""
    alpha, rejected = 0.05, set()
    for step, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        if ps[place] * (len(ps) - step) > alpha:
            break
        rejected.add(place)
    assert {place for place, one in enumerate(holm(ps)) if one <= alpha} == rejected


# Questions needed


def test_the_questions_needed_are_those_of_the_textbook(rng):
    """(1.96 + 0.8416) squared is 7.849: with standard deviation 0.5 and effect 0.1 it is 196.2."""
    differences = np.tile([0.5, -0.5], 5000)
    assert questions_needed(differences, 0.1) == 197
    assert questions_needed(differences, 0.05) == 785
    assert questions_needed(differences, 0.1, power=0.9) == 263
    assert questions_needed(differences, 0.1, alpha=0.01) == 293  # z 2.576: 11.68 x 25


def test_that_many_questions_find_the_effect_four_times_of_five(rng):
    needed = questions_needed(rng.normal(size=5000), 0.3)
    ps = permutation_ps(rng.normal(0.3, 1.0, (needed, 1000)), rng=rng, rounds=2000)
    assert 0.76 <= (ps < 0.05).mean() <= 0.84


@pytest.mark.parametrize(
    ("differences", "effect"),
    [([], 0.1), ([0.2], 0.1), ([0.2, math.nan], 0.1), ([0.0, 0.0], 0.1), ([0.3, 0.3], 0.1), ([0.1, 0.3], 0.0)],
)
def test_without_variance_or_effect_no_number_is_guessed(differences, effect):
    assert questions_needed(np.array(differences), effect) is None
