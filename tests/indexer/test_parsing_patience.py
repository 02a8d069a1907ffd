"""How long a reader is waited for, on a clock of the test's own, and what is no sign of progress."""

from types import SimpleNamespace

import pytest

from indexer.parsing import patience
from indexer.parsing.errors import ParserExcessError
from indexer.parsing.framing import MalformedError
from indexer.parsing.patience import Patience, checked_progress


@pytest.fixture
def clock(monkeypatch):
    made = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


def test_without_progress_a_file_has_the_time_of_a_step(clock):
    waited = Patience(60, 7200)
    assert waited.deadline == 1060
    assert waited.reason == "reading it took longer than 60 s (setting file_seconds)"


def test_each_sign_gives_a_step_and_the_reason_names_the_page(clock):
    waited = Patience(60, 7200)
    for page in range(1, 13):
        clock.now += 50
        waited.renew(page, 240)
    assert waited.deadline == 1660
    assert waited.reason == "reading it took longer than 60 s after page 12 of 240 (setting file_seconds)"


def test_no_sign_moves_the_end_of_all(clock):
    waited = Patience(60, 7200)
    for _ in range(240):
        clock.now += 30
        waited.renew(1, 2)
    assert clock.now == waited.deadline == 8200
    assert waited.reason == "reading it took longer than 120 minutes (setting file_minutes)"


def test_the_time_for_all_is_never_less_than_that_of_a_step(clock):
    waited = Patience(300, 60)
    assert waited.deadline == 1300
    clock.now += 200
    waited.renew(1, 2)
    assert waited.deadline == 1300


def test_as_many_signs_as_a_loader_sends_are_taken_and_a_flood_is_not(clock):
    waited = Patience(60, 7200)
    for _ in range(10_000):
        clock.now += 0.25
        waited.renew(1, 2)
    flooded = Patience(60, 7200)
    with pytest.raises(ParserExcessError):
        for _ in range(1000):
            clock.now += 0.01
            flooded.renew(1, 2)


@pytest.mark.parametrize("told", [[0, 0], [1, 2], [2, 2], [7, 0], [10_000_000, 10_000_000]])
def test_a_sign_of_progress(told):
    assert checked_progress({"progress": told}, 50) == tuple(told)


def test_a_result_is_none():
    assert checked_progress({"members": []}, 1_000_000) is None


@pytest.mark.parametrize(
    "told",
    [None, 1, "12", {}, [], [1], [1, 2, 3], [3, 2], [-1, 2], [1, -2], [1.0, 2], [True, 2], ["1", "2"], [10**7 + 1, 0],
     [1, 10**7 + 1], [10**30, 10**30]],
)  # fmt: skip
def test_what_is_no_sign_of_progress(told):
    with pytest.raises(MalformedError):
        checked_progress({"progress": told}, 50)


def test_a_sign_with_anything_beside_it_or_too_long_is_none():
    with pytest.raises(MalformedError):
        checked_progress({"progress": [1, 2], "refused": "No."}, 50)
    with pytest.raises(MalformedError):
        checked_progress({"progress": [1, 2]}, 201)
