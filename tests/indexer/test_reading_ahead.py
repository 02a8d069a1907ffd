"""Work on items to come: order, bounds, errors, and leaving."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import reading_ahead
from indexer.reading_ahead import ReadingAhead


def results(reading, items):
    return [(item, future.result() if future else None) for item, future in reading(items)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 100 << 20)), max_size=30))
def test_results_come_in_order_whatever_they_weigh(weights):
    with ReadingAhead(lambda item: -item[0], lambda item: item[1]) as reading:
        found = results(reading, list(enumerate(weights)))
    assert found == [((number, one), None if one is None else -number) for number, one in enumerate(weights)]


def taken_before_the_first_result(weights):
    """How many items are taken while the first result is waited for."""
    taken, seen = [], []

    def items():
        for number, weight in enumerate(weights):
            taken.append(number)
            yield number, weight

    with ReadingAhead(lambda item: item, lambda item: item[1]) as reading:
        for _ in reading(items()):
            seen.append(len(taken))
    return seen[0]


@pytest.mark.parametrize(
    ("weights", "taken"),
    [
        ([1] * 9, reading_ahead.AHEAD_ITEMS + 1),
        ([40 << 20] * 9, 2),
        ([100 << 20] * 9, 2),
        ([None] * 9, 2),
        ([1, *[None] * 2000], reading_ahead.AHEAD_IDLE + 1),
        ([1, None, 1, None, 1, None, 1, None, 1, 1], 9),
    ],
)
def test_only_so_much_is_taken_ahead(weights, taken):
    assert taken_before_the_first_result(weights) == taken


def test_two_items_are_worked_on_at_a_time():
    both = threading.Barrier(2, timeout=60)
    with ReadingAhead(lambda _: both.wait(), lambda _: 1) as reading:
        assert sorted(result for _, result in results(reading, range(4))) == [0, 0, 1, 1]


def test_an_error_comes_with_its_item_and_the_others_go_on():
    def work(item):
        if item == 1:
            raise ValueError("bad")
        return item

    with ReadingAhead(work, lambda _: 1) as reading:
        found = [future.exception() or future.result() for _, future in reading(range(3))]
    assert [found[0], str(found[1]), found[2]] == [0, "bad", 2]


def test_leaving_waits_for_nobody_and_begins_nothing():
    begun, may_end = [], threading.Event()

    def work(item):
        begun.append(item)
        may_end.wait(60)

    def interrupted():
        with ReadingAhead(work, lambda _: 1) as reading:
            next(reading(range(9)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    may_end.set()
    assert set(begun) <= {0, 1}
