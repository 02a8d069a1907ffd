import threading
from types import SimpleNamespace

import pytest

from access.quotas import Allowance, Quotas
from access.refusals import Busy
from access.visitor import Visitor

ANN, BOB = Visitor("ann"), Visitor("bob")
PORTAL = {"portal": Allowance(6, 10)}


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved; the library and we read it."""
    now = SimpleNamespace(at=1_000_000.0)
    fake = SimpleNamespace(time=lambda: now.at)
    monkeypatch.setattr("limits.storage.memory.time", fake)
    monkeypatch.setattr("access.quotas.time", fake)
    return now


def taken(quotas, visitor, times):
    """How many of so many questions were let through."""
    count = 0
    for _ in range(times):
        try:
            quotas.take(visitor)
            count += 1
        except Busy as busy:
            assert busy.is_own
            assert busy.retry_after >= 1
    return count


def test_a_person_has_exactly_the_questions_of_the_setting_in_any_minute(clock):
    quotas = Quotas(20)
    allowed = []
    for _ in range(600):  # twice as fast as allowed, for five minutes
        clock.at += 0.5
        if taken(quotas, ANN, 1):
            allowed.append(clock.at)
    assert max(sum(start <= at < start + 60 for at in allowed) for start in allowed) == 20
    assert len(allowed) == 100


def test_one_person_s_questions_are_nobody_else_s(clock):
    quotas = Quotas(3)
    assert taken(quotas, ANN, 5) == 3
    assert taken(quotas, BOB, 5) == 3
    assert taken(quotas, Visitor("ann", embed="portal"), 5) == 3
    assert taken(quotas, ANN, 1) == 0


def test_the_refusal_says_how_many_and_when_to_come_back(clock):
    quotas = Quotas(2)
    quotas.take(ANN)
    clock.at += 18
    quotas.take(ANN)
    with pytest.raises(Busy, match="You have asked 2 questions in a minute, which is the most") as caught:
        quotas.take(ANN)
    assert caught.value.retry_after == 42
    clock.at += 42.1
    quotas.take(ANN)


def test_an_embed_has_its_limits_in_a_minute_and_in_a_day_over_all_its_visitors(clock):
    quotas = Quotas(20, PORTAL.get)
    visitors = [Visitor(f"v{number}", embed="portal") for number in range(20)]
    assert sum(taken(quotas, visitor, 1) for visitor in visitors) == 6
    clock.at += 61
    assert sum(taken(quotas, visitor, 1) for visitor in visitors) == 4
    with pytest.raises(Busy, match="This page's visitors have asked 10 questions in a day") as caught:
        quotas.take(visitors[0])
    assert 86_000 < caught.value.retry_after < 86_400
    clock.at += 86_401
    assert taken(quotas, visitors[0], 1) == 1


def test_what_is_refused_costs_nothing(clock):
    """Somebody who goes on knocking is let in as soon as the window has moved on, and others are not held up by it."""
    quotas = Quotas(5, PORTAL.get)
    ann, bob = Visitor("ann", embed="portal"), Visitor("bob", embed="portal")
    assert taken(quotas, ann, 50) == 5
    assert taken(quotas, bob, 5) == 1  # the sixth of the page's
    clock.at += 60.1
    assert taken(quotas, ann, 1) == 1


def test_visitors_without_a_name_share_their_page_s_limits_and_have_none_at_one_s_own_machine(clock):
    quotas = Quotas(3, PORTAL.get)
    assert taken(quotas, Visitor(embed="portal"), 50) == 6
    assert taken(quotas, Visitor(), 50) == 50


def test_none_is_no_limit_and_an_embed_that_is_not_known_has_none_of_its_own(clock):
    assert taken(Quotas(0), ANN, 50) == 50
    assert taken(Quotas(3, PORTAL.get), Visitor("ann", embed="other"), 50) == 3


def test_names_with_slashes_are_not_taken_for_others(clock):
    quotas = Quotas(1)
    assert taken(quotas, Visitor("b/c", embed="a"), 1) == 1
    assert taken(quotas, Visitor("c", embed="a/b"), 1) == 1
    assert taken(quotas, Visitor("\ud800", embed="a"), 1) == 1


def test_threads_get_no_more_than_one_would(clock):
    quotas, count, lock = Quotas(100), [0], threading.Lock()

    def ask():
        mine = taken(quotas, ANN, 50)
        with lock:
            count[0] += mine

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count[0] == 100
