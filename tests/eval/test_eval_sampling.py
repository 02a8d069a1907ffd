"""Which questions are asked: the first ones, or a sample that anyone can draw again."""

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.records import EvalCase
from eval.sets.sampling import select_cases
from schema import FootnoteError


def cases(answerable, unanswerable):
    both = [EvalCase(f"a{number}", "Q?") for number in range(answerable)]
    both += [EvalCase(f"u{number}", "Q?", unanswerable=True) for number in range(unanswerable)]
    random.Random(1).shuffle(both)  # noqa: S311
    return both


def ids(chosen):
    return [case.question_id for case in chosen]


def test_without_a_seed_the_first_ones_are_taken():
    every = cases(6, 4)
    assert ids(select_cases(every, 3)) == ids(every)[:3]
    assert ids(select_cases(every)) == ids(select_cases(every, seed=1)) == ids(every)


def test_a_sample_is_the_same_everywhere():
    """Written down, since another version of Python or another machine must draw the same."""
    assert sorted(ids(select_cases(cases(6, 4), 5, seed=7))) == ["a0", "a1", "a3", "u0", "u3"]


sets = st.tuples(st.integers(0, 40), st.integers(0, 40)).filter(any)


@given(sets, st.integers(1, 100), st.integers(0, 2**32))
def test_a_sample_has_the_sets_proportion_and_order(sizes, limit, seed):
    every = cases(*sizes)
    chosen = ids(select_cases(every, limit, seed))
    assert len(chosen) == min(limit, len(every))
    assert chosen == [name for name in ids(every) if name in set(chosen)]
    exact = Fraction(sizes[1] * len(chosen), len(every))
    assert abs(sum(name[0] == "u" for name in chosen) - exact) <= Fraction(1, 2)


@given(sets, st.integers(1, 80), st.integers(0, 9))
def test_a_larger_sample_holds_the_smaller_and_the_order_of_the_set_does_not_matter(sizes, limit, seed):
    every = cases(*sizes)
    chosen = set(ids(select_cases(every, limit, seed)))
    assert chosen <= set(ids(select_cases(every, limit + 1, seed)))
    assert chosen == set(ids(select_cases(every[::-1], limit, seed)))


def test_another_seed_draws_others():
    drawn = {tuple(ids(select_cases(cases(100, 0), 5, seed))) for seed in range(20)}
    assert len(drawn) == 20


def test_every_question_is_as_likely_as_the_others():
    times = dict.fromkeys(ids(cases(20, 0)), 0)
    for seed in range(2000):
        for name in ids(select_cases(cases(20, 0), 5, seed)):
            times[name] += 1
    assert all(400 < count < 600 for count in times.values())  # 500 expected, with a standard deviation of 19


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit):
    with pytest.raises(FootnoteError, match=f"The limit is {limit}; it has to be at least 1"):
        select_cases(cases(2, 0), limit)
