"""The arithmetic of the prompt's budget: within its bounds an answer takes the promised time, not more and not less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.budget import LEAST_EVIDENCE, MOST_EVIDENCE, UNMEASURED_EVIDENCE, evidence_budget

speeds = st.floats(0.1, 10_000)
seconds = st.floats(-5, 600)
tokens = st.integers(0, 2000)


def test_the_budget_is_what_can_be_read_before_the_writing_must_begin():
    # 42 tokens at 14 a second leave 4 of 7 seconds; 280 tokens are read in them, 45 of which are no evidence.
    assert evidence_budget(70.0, 14.0, promised_s=7.0, fixed_tokens=45, answer_tokens=42) == 235


def test_a_slow_machine_still_reads_the_least_and_a_fast_one_no_more_than_helps():
    assert evidence_budget(1.0, 1.0, promised_s=6.0, fixed_tokens=50) == LEAST_EVIDENCE
    assert evidence_budget(5000.0, 90.0, promised_s=6.0, fixed_tokens=50) == MOST_EVIDENCE
    assert LEAST_EVIDENCE < UNMEASURED_EVIDENCE < MOST_EVIDENCE


@given(reading=speeds, writing=speeds, promised=seconds, fixed=tokens, answer=tokens)
def test_the_answer_comes_when_it_was_promised(reading, writing, promised, fixed, answer):
    budget = evidence_budget(reading, writing, promised_s=promised, fixed_tokens=fixed, answer_tokens=answer)
    taken = (budget + fixed) / reading + answer / writing
    rounding = 0.51 / reading + 1e-6
    assert LEAST_EVIDENCE <= budget <= MOST_EVIDENCE
    assert taken <= promised + rounding or budget == LEAST_EVIDENCE
    assert taken >= promised - rounding or budget == MOST_EVIDENCE


@given(reading=speeds, writing=speeds, promised=seconds, fixed=tokens)
def test_more_speed_or_time_never_means_less_evidence(reading, writing, promised, fixed):
    budget = evidence_budget(reading, writing, promised_s=promised, fixed_tokens=fixed)
    assert budget <= evidence_budget(reading, writing * 2, promised_s=promised, fixed_tokens=fixed)
    assert budget <= evidence_budget(reading, writing, promised_s=promised + 1, fixed_tokens=fixed)
    assert budget >= evidence_budget(reading, writing, promised_s=promised, fixed_tokens=fixed + 10)


@pytest.mark.parametrize("reading", [0.0, -1.0, float("nan")])
def test_a_speed_that_is_none_is_refused(reading):
    with pytest.raises(ValueError, match="above 0"):
        evidence_budget(reading, 10.0, promised_s=6.0, fixed_tokens=0)
    with pytest.raises(ValueError, match="above 0"):
        evidence_budget(10.0, reading, promised_s=6.0, fixed_tokens=0)
