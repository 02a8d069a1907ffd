"""The breaker under a clock that a test winds: by hand for each rule, and at random against what must always hold."""

from hypothesis import given
from hypothesis import strategies as st

from models.breaker import Breaker


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def made(**options):
    clock = Clock()
    return clock, Breaker(failures=2, rest_s=10, longest_rest_s=35, clock=clock, **options)


def opened():
    clock, breaker = made()
    breaker.admit().failed()
    breaker.admit().failed()
    return clock, breaker


def test_it_opens_at_the_second_failure_in_a_row_and_lets_nobody_through():
    _, breaker = made()
    breaker.admit().failed()
    assert breaker.state == "closed"
    breaker.admit().failed()
    assert (breaker.state, breaker.admit()) == ("open", None)


def test_a_success_between_two_failures_keeps_it_closed():
    _, breaker = made()
    for _ in range(5):
        breaker.admit().failed()
        breaker.admit().succeeded()
    assert breaker.state == "closed"


def test_after_its_rest_one_request_tries_while_the_others_are_kept_out():
    clock, breaker = opened()
    clock.now += 9.9
    assert breaker.admit() is None
    clock.now += 0.1
    assert breaker.state == "half-open"
    trial = breaker.admit()
    assert (trial.is_trial, breaker.admit(), breaker.state) == (True, None, "half-open")
    trial.begun()
    assert (breaker.state, breaker.admit().is_trial) == ("closed", False)
    trial.succeeded()
    breaker.admit().failed()
    assert breaker.state == "closed"


def test_a_trial_that_breaks_off_after_it_began_opens_it_again():
    clock, breaker = opened()
    clock.now += 10
    trial = breaker.admit()
    trial.begun()
    trial.failed()
    assert breaker.state == "open"


def test_a_trial_that_fails_doubles_the_rest_up_to_the_longest_and_a_success_makes_it_short_again():
    clock, breaker = opened()
    rests = [10, 20, 35, 35]
    for rest in rests:
        clock.now += rest - 0.1
        assert breaker.admit() is None
        clock.now += 0.1
        breaker.admit().failed()
    clock.now += 35
    breaker.admit().succeeded()
    breaker.admit().failed()
    breaker.admit().failed()
    clock.now += 10
    assert breaker.state == "half-open"


def test_a_trial_that_nobody_waits_for_lets_the_next_one_try():
    clock, breaker = opened()
    clock.now += 10
    breaker.admit().left()
    assert breaker.admit().is_trial


def test_a_server_that_says_how_long_it_rests_is_left_alone_as_long_but_not_for_ever():
    for said, kept in ((3, 10), (20, 20), (86_400, 35)):
        clock, breaker = made()
        breaker.admit().failed(said)
        breaker.admit().failed(said)
        clock.now += kept - 0.1
        assert breaker.state == "open"
        clock.now += 0.1
        assert breaker.state == "half-open"


def test_looking_counts_as_a_failure_and_keeps_it_open_while_nothing_is_there():
    clock, breaker = made()
    breaker.silent()
    breaker.silent()
    assert breaker.state == "open"
    for _ in range(10):
        clock.now += 9
        breaker.silent()
        assert breaker.state == "open"
    breaker.answered()
    assert breaker.state == "half-open"


def test_a_server_that_is_there_but_fails_its_trial_rests_although_it_is_there():
    clock, breaker = opened()
    breaker.answered()
    breaker.admit().failed()
    breaker.answered()
    assert breaker.state == "open"
    clock.now += 20
    assert breaker.state == "half-open"


def test_that_it_is_there_does_not_say_that_it_answers():
    _, breaker = made()
    breaker.admit().failed()
    breaker.answered()
    breaker.admit().failed()
    assert breaker.state == "open"


def test_what_is_told_twice_counts_once():
    _, breaker = made()
    permit = breaker.admit()
    permit.failed()
    permit.failed()
    permit.succeeded()
    assert breaker.state == "closed"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 40)),
        st.tuples(st.sampled_from(["admit", "answered", "silent"]), st.just(0)),
        st.tuples(st.sampled_from(["begun", "succeeded", "failed", "left"]), st.integers(0, 5)),
    ),
    max_size=60,
)


@given(STEPS)
def test_whatever_happens_one_trial_at_a_time_and_in_the_end_somebody_is_let_through(steps):
    clock, breaker = made()
    permits = []
    for name, number in steps:
        if name == "wait":
            clock.now += number
        elif name in ("answered", "silent"):
            getattr(breaker, name)()
        elif name == "admit":
            state, permit = breaker.state, breaker.admit()
            assert permit is None if state == "open" else permit is not None or state == "half-open"
            permits += [permit] if permit else []
        elif number < len(permits):
            getattr(permits[number], name)()
        open_trials = [one for one in permits if one.is_trial and not one._is_told and breaker._trial is one]
        assert len(open_trials) <= 1
    for permit in permits:
        permit.left()
    clock.now += 36
    last = breaker.admit()
    assert last is not None
    last.succeeded()
    assert breaker.state == "closed"
