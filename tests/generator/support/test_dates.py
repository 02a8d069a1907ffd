"""Dates as texts state them, and what is wrong with those of a claim."""

import datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from generator.support.dates import MONTHS, Date, date_faults, dates, without_dates


def parts(text):
    return [(one.day, one.month, one.year, one.role) for one in dates(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12 October 2022", [(12, 10, 2022, "")]),
        ("12th of October, 2022", [(12, 10, 2022, "")]),
        ("October 12, 2022", [(12, 10, 2022, "")]),
        ("Oct. 12th 2022", [(12, 10, 2022, "")]),
        ("Sept 3", [(3, 9, None, "")]),
        ("2022-10-12", [(12, 10, 2022, "")]),
        ("2022-10", [(None, 10, 2022, "")]),
        ("12/10/2022", [(12, 10, 2022, ""), (10, 12, 2022, "")]),
        ("31.12.2022", [(31, 12, 2022, "")]),
        ("10/10/2022", [(10, 10, 2022, "")]),
        ("October 2022", [(None, 10, 2022, "")]),
        ("it met in October.", [(None, 10, None, "")]),
        ("it met in 2022.", [(None, None, 2022, "")]),
        ("3-5 May 2019", [(3, 5, 2019, ""), (5, 5, 2019, "")]),
        ("from 1 April", [(1, 4, None, "from")]),
        ("since the 1 April", [(1, 4, None, "from")]),
        ("starting on 1 April", [(1, 4, None, "from")]),
        ("after 2019", [(None, None, 2019, "after")]),
        ("until 1 April", [(1, 4, None, "until")]),
        ("up to 1 April", [(1, 4, None, "until")]),
        ("prior to 1 April", [(1, 4, None, "before")]),
        ("by 1 April", [(1, 4, None, "before")]),
        ("from 1 April 2020 to 5 May 2021", [(1, 4, 2020, "from"), (5, 5, 2021, "until")]),
        # no dates
        ("May we go?", []),
        ("It cost £2022.", []),
        ("It took 2022 mg.", []),
        ("There are 1,999 of them.", []),
        ("They met Mr March Hare.", []),
        ("2022-13-40", [(None, None, 2022, "")]),  # no such day
        ("May 12 000", []),
        ("39/10/2022", []),
    ],
)
def test_a_text_states_these_dates(text, found):
    assert parts(text) == found


DAYS = st.dates(datetime.date(1000, 1, 1), datetime.date(2999, 12, 28))
FORMS = (
    "{0.day} {month} {0.year:04}",
    "{month} {0.day}, {0.year:04}",
    "{0.day} {short} {0.year:04}",
    "{0.year:04}-{0.month:02}-{0.day:02}",
    "{0.day:02}/{0.month:02}/{0.year:04}",
    "{0.month:02}/{0.day:02}/{0.year:04}",
)


def written(day, form):
    month = MONTHS[day.month - 1]
    return form.format(day, month=month, short=month[:3])


@given(DAYS, st.sampled_from(FORMS), st.sampled_from(FORMS))
def test_a_day_in_another_form_is_the_same_day(day, one, other):
    """Digits alone may be read with the month first, so that one of the readings is what counts."""
    found, held = dates(f"It rained on {written(day, one)}."), dates(f"On {written(day, other)} it rained.")
    assert any(mine.agrees(its, set()) for mine in found for its in held)


@given(DAYS, DAYS, st.sampled_from(FORMS[:4]), st.sampled_from(FORMS[:4]))
def test_another_day_is_told(day, held, one, other):
    assume(day != held)
    claim, text = dates(f"It rained on {written(day, one)}."), dates(f"On {written(held, other)} it rained.")
    assert date_faults(claim, text, {held.year})[0] == [f"The date {claim[0]} is not in the cited text."]


@pytest.mark.parametrize(
    ("claim", "held", "hard", "soft"),
    [
        ("on 1 April 2020", "on 1 April 2020", [], []),
        ("on 1 April", "on 1 April 2020", [], []),
        ("in April", "on 1 April 2020", [], []),
        ("on 2 April", "on 1 April 2020", ["The date 2 April is not in the cited text."], []),
        ("on 1 April 2021", "on 1 April 2020", ["The date 1 April 2021 is not in the cited text."], []),
        (
            "from 1 April",
            "until 1 April",
            ["The sentence says from 1 April where the cited text says until 1 April."],
            [],
        ),
        (
            "before 1 April",
            "after 1 April",
            ["The sentence says before 1 April where the cited text says after 1 April."],
            [],
        ),
        ("by 1 April", "until 1 April", [], []),
        ("after 1 April", "from 1 April", [], []),
        ("from 1 April", "on 1 April", [], ["The sentence says from 1 April; the cited text names the date only."]),
        ("in 2021", "in 2020", [], []),  # bare years are compared as numbers
        ("after 2020", "before 2020", ["The sentence says after 2020 where the cited text says before 2020."], []),
    ],
)
def test_faults_of_dates_are_told(claim, held, hard, soft):
    assert date_faults(dates(claim), dates(held), set()) == (hard, soft)


def test_a_year_may_stand_elsewhere_in_the_evidence():
    claim, held = dates("on 1 April 2020"), dates("on 1 April")
    assert date_faults(claim, held, {2020}) == ([], [])
    assert date_faults(claim, held, {2019})[0] == ["The date 1 April 2020 is not in the cited text."]


def test_dates_with_a_month_are_blanked_and_years_stay():
    text = "On 1 April 2020, in 2019, 5 men met in May 2018."
    assert without_dates(text, dates(text)) == "On             , in 2019, 5 men met in         ."
    assert str(Date(2020, 4, 1)) == "1 April 2020"
