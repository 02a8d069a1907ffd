from datetime import date

import pytest

from access.retention import Daily, first_day_kept
from schema import FootnoteError


@pytest.mark.parametrize(
    ("days", "first"), [(1, date(2026, 2, 28)), (30, date(2026, 1, 30)), (365, date(2025, 3, 1)), (0, None)]
)
def test_today_and_so_many_whole_days_before_it_are_kept(days, first):
    assert first_day_kept(days, date(2026, 3, 1)) == first


def test_what_is_too_old_goes_once_a_day():
    now, removed = [date(2026, 3, 1)], []
    daily = Daily(1, [removed.append, removed.append], day=lambda: now[0])
    daily()
    daily()
    assert removed == [date(2026, 2, 28)] * 2
    now[0] = date(2026, 3, 2)
    daily()
    assert removed[2:] == [date(2026, 3, 1)] * 2


def test_nothing_goes_when_records_are_kept_for_ever():
    removed = []
    Daily(0, [removed.append])()
    assert removed == []


def test_what_cannot_be_removed_keeps_nothing_else_from_it_and_is_told(caplog):
    removed = []

    def fail(_):
        raise FootnoteError("The disk is gone.")

    Daily(1, [fail, removed.append], day=lambda: date(2026, 3, 1))()
    assert removed == [date(2026, 2, 28)]
    assert "The disk is gone." in caplog.text
