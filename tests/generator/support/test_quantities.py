"""Numbers with their units and bounds: what is one amount in two forms, and what is another."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from generator.support.number_words import in_digits
from generator.support.quantities import Quantity, amount_faults, quantities


def amounts(text):
    return [(one.value, one.unit, one.bound) for one in quantities(text)]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("5 mg", 5, "mg"),
        ("5mg", 5, "mg"),
        ("a 5-mg dose", 5, "mg"),
        ("5 milligrams", 5, "mg"),
        ("1,250", 1250, ""),
        ("1\u00a0250", 1250, ""),
        ("12,5 of", 12, ""),  # no thousands: two numbers
        ("£2.5 million", 2_500_000, "£"),
        ("£2.5m", 2_500_000, "£"),
        ("£3bn", 3_000_000_000, "£"),
        ("2.5 m", Decimal("2.5"), "m"),
        ("2.5m wide", Decimal("2.5"), "m"),
        ("€5k", 5000, "€"),
        ("7 per cent", 7, "%"),
        ("7%", 7, "%"),
        ("5 pounds", 5, "pound"),
        ("5 pounds sterling", 5, "£"),
        ("21st", 21, "ordinal"),
        ("the 1960s", 1960, "decade"),
        ("the 1960's", 1960, "decade"),
        ("3 hours", 3, "hour"),
        ("5.0 g", 5, "g"),
        ("COVID-19", 19, ""),
        ("twenty-five", 25, ""),
        ("two hundred and six", 206, ""),
        ("three thousand two hundred", 3200, ""),
        ("a hundred", 100, ""),
        ("two hundred thousand", 200_000, ""),
        ("a million", 1_000_000, ""),
        ("the third group", 3, "ordinal"),
        ("a third of adults", Decimal("33.33"), "%"),
        ("three quarters of adults", 75, "%"),
        ("two-fifths", 40, "%"),
        ("twelve", 12, ""),
        ("zero", 0, ""),
    ],
)
def test_a_number_has_this_value_and_unit(text, value, unit):
    assert amounts(text)[0] == (Decimal(value), unit, "")


@pytest.mark.parametrize("text", ["one of them", "nineteen eighty", "a man", "no number here"])
def test_this_is_no_number(text):
    assert amounts(text) == []


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("at least 5 people", "at least"),
        ("no fewer than 5 people", "at least"),
        ("a minimum of 5 people", "at least"),
        ("up to 5 people", "at most"),
        ("no more than 5 people", "at most"),
        ("not more than 5 people", "at most"),
        ("as many as 5 people", "at most"),
        ("more than 5 people", "more than"),
        ("exceeding 5 people", "more than"),
        ("under 5 people", "less than"),
        ("fewer than the 5 people", "less than"),
        ("5 or more", "at least"),
        ("5 people or more", "at least"),
        ("5 or fewer", "at most"),
        ("5 people", ""),
    ],
)
def test_words_around_a_number_bound_it(text, bound):
    assert amounts(text) == [(5, "", bound)]


def test_both_ends_of_a_range_have_its_unit():
    assert amounts("5 to 10 mg") == [(5, "mg", ""), (10, "mg", "")]
    assert amounts("5 mg to 10 g") == [(5, "mg", ""), (10, "g", "")]
    assert amounts("5-10%") == [(5, "%", ""), (10, "%", "")]
    assert amounts("5 and 10 mg") == [(5, "", ""), (10, "mg", "")]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("5 mg", "0.005 g", True),
        ("5 mg", "5 g", False),
        ("5 mg", "5000 µg", True),
        ("2 kg", "2000 g", True),
        ("1 km", "1000 metres", True),
        ("90 minutes", "1.5 hours", True),
        ("14 days", "2 weeks", True),
        ("2 years", "24 months", True),
        ("30 days", "1 month", False),
        ("5 mg", "5", True),  # the unit may stand elsewhere
        ("5 mg", "5 ml", False),
        ("5%", "5 mg", False),
        ("5 pounds", "£5", True),
        ("5 pounds", "5 kg", True),
        ("£5", "$5", False),
        ("2nd", "2", True),
        ("2nd", "2 mg", False),
        ("1st", "1 mg", True),  # a first dose of 1 mg: too common a word to tell
        ("5 miles", "5 km", False),
    ],
)
def test_amounts_are_compared_across_units(one, other, same):
    first, second = quantities(one)[0], quantities(other)[0]
    assert first.same_amount(second) == second.same_amount(first) == same


NUMBERS = st.integers(0, 10**9)


@given(NUMBERS)
def test_a_number_in_another_form_is_the_same_amount(number):
    assert quantities(f"{number:,} people")[0].same_amount(quantities(f"{number} people")[0])
    assert quantities(f"{number} mg")[0].same_amount(quantities(f"{number / Decimal(1000):f} g")[0])
    assert quantities(f"£{number / Decimal(10**6):f} million")[0].same_amount(quantities(f"£{number}")[0])


@given(st.integers(2, 999))
def test_a_number_in_words_is_the_same_amount(number):
    assert quantities(f"{in_words(number)} people") == quantities(f"{number} people")
    assert in_digits(in_words(number)) == str(number)


def in_words(number):
    ones = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen"
    ).split()
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()
    if number < 20:
        return ones[number]
    if number < 100:
        return tens[number // 10 - 2] + (f"-{ones[number % 10]}" if number % 10 else "")
    return f"{ones[number // 100]} hundred" + (f" and {in_words(number % 100)}" if number % 100 else "")


@given(st.text("0123456789", min_size=1, max_size=9), st.data())
def test_a_changed_digit_is_another_amount(digits, data):
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from("0123456789"))
    assume(other != digits[place])
    changed = digits[:place] + other + digits[place + 1 :]
    for unit in ("", "%", " mg", " days"):
        assert not quantities(digits + unit)[0].same_amount(quantities(changed + unit)[0])


@given(NUMBERS, st.sampled_from(["", "%", " mg", " days", " million"]))
def test_an_amount_is_shown_as_it_can_be_read_again(number, unit):
    one = quantities(f"{number}{unit}")[0]
    assert quantities(str(one))[0] == one


@pytest.mark.parametrize(
    ("claim", "held", "hard", "soft"),
    [
        ("5 mg", "5 mg", [], []),
        ("6 mg", "5 mg", ["The number 6 mg is not in the cited text."], []),
        ("the first", "rain", [], ["The number 1st is not in the cited text."]),
        ("the first", "the second", ["The number 1st is not in the cited text."], []),
        ("at least 5", "up to 5", ["The sentence says at least 5 where the cited text says at most 5."], []),
        ("less than 5", "at least 5", ["The sentence says less than 5 where the cited text says at least 5."], []),
        (
            "at least 5",
            "more than 5 or up to 5",
            [],
            ["The sentence says at least 5 where the cited text says more than 5."],
        ),
        ("at least 5", "5", [], ["The sentence says at least 5 where the cited text says just 5."]),
        ("5", "up to 5", [], ["The sentence says just 5 where the cited text says at most 5."]),
        ("at least 5", "at least 5", [], []),
        ("6 and 6", "5", ["The number 6 is not in the cited text."], []),
    ],
)
def test_faults_of_amounts_are_told(claim, held, hard, soft):
    assert amount_faults(quantities(claim), quantities(held)) == (hard, soft)


def test_ordinals_have_their_endings():
    shown = [str(Quantity(Decimal(value), "ordinal")) for value in (1, 2, 3, 4, 11, 12, 13, 21, 112)]
    assert shown == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]
