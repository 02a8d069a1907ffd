"""The vocabulary: dates that people state, and the JSON forms that every door prints."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import Chunk, FootnoteError, Passage, Source, checked_period, passage_to_dict


def is_refused(since, until):
    try:
        checked_period(since, until)
    except FootnoteError:
        return True
    return False


@pytest.mark.parametrize("stated", ["0001", "2021", "2021-01", "2021-12", "2021-06-30", "2024-02-29", "9999-12-31"])
def test_a_year_a_month_and_a_day_are_dates(stated):
    checked_period(stated, None)
    checked_period(None, stated)
    checked_period(stated, stated)


@pytest.mark.parametrize(
    "stated",
    [
        "", " ", "2021-", "2021-6", "21", "20210630", "2021-W01", "2021-13", "2021-00", "2021-06-31", "2023-02-29",
        "0000", "2021-06-30 ", "2021-06-30T00:00", "2021/06", "June 2021", "２０２１", "2021\n", "-2021",
        "2021-01-01-01",
    ],
)  # fmt: skip
def test_anything_else_is_no_date_and_is_named(stated):
    for ends in ((stated, None), (None, stated), ("2021", stated)):
        with pytest.raises(FootnoteError) as error:
            checked_period(*ends)
        assert str(error.value) == f"{stated!r} is not a date. Write YYYY, YYYY-MM or YYYY-MM-DD, such as 2021-06."


def first_and_last(stated):
    """The first and the last day that a date stands for, by the calendar."""
    days = [date.fromisoformat((stated + "-01-01")[:10])]
    while (days[-1] + timedelta(1)).isoformat().startswith(stated):
        days.append(days[-1] + timedelta(1))
    return days[0], days[-1]


DATES = st.dates(date(2020, 1, 1), date(2022, 12, 31)).flatmap(
    lambda day: st.sampled_from([day.isoformat()[:length] for length in (4, 7, 10)])
)


@given(DATES, DATES)
def test_a_period_is_refused_when_no_day_of_the_calendar_is_in_it(since, until):
    assert is_refused(since, until) == (first_and_last(since)[0] > first_and_last(until)[1])


def test_an_empty_period_is_said_to_be_one():
    with pytest.raises(FootnoteError, match=r"^No day is both since 2022 and until 2021-06\. Exchange the two dates"):
        checked_period("2022", "2021-06")
    checked_period("2021-06", "2021")
    checked_period("2021", "2021-01-01")


def passage(path, page=None, **fields):
    chunk = Chunk(f"default/{path}", 3, 9, "words.", page)
    return Passage(chunk, Source("default", path, path.title(), None, "0" * 64), 0.5, 1, "fused", **fields)


def test_a_passage_says_where_else_the_same_stands():
    also = (passage("b.pdf", 7), passage("c.md"))
    record = json.loads(json.dumps(passage_to_dict(passage("a.md", also=also))))
    assert record["also"] == [
        {"source": "default/b.pdf", "title": "B.Pdf", "page": 7, "start": 3, "end": 9},
        {"source": "default/c.md", "title": "C.Md", "page": None, "start": 3, "end": 9},
    ]
    assert passage_to_dict(passage("a.md"))["also"] == []
