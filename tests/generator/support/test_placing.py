"""Names and numbers in each other's place, and sentences in which each has its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.support.placing import place_faults, units


def exchanges(one, other):
    return [f"The sentence exchanges {one!r} and {other!r}."]


def instead(said, held):
    return [f"The sentence says {said!r} where the cited text says {held!r}."]


@pytest.mark.parametrize(
    ("claim", "held", "faults"),
    [
        ("Merriman tells Wilma of it.", "Wilma tells Merriman of it.", exchanges("Merriman", "Wilma")),
        (
            "It is known that Mr Pugh beat Mr Reese.",
            "Yesterday Mr Reese beat Mr Pugh.",
            exchanges("Pugh", "Reese"),
        ),
        (
            "It was the orbit of Newton that Mercury's law explained.",
            "It was the orbit of Mercury that Newton's law explained.",
            exchanges("Newton", "Mercury"),
        ),
        (
            "Kearney Fresno is the largest of the Park region's parks.",
            "Kearney Park is the largest of the Fresno region's parks.",
            exchanges("Fresno", "Park"),
        ),
        (
            "There are two to fifteen authors.",
            "There are ten to fifteen authors, two of them first.",
            instead("two", "10"),
        ),
        (
            "The rate was 10%, and that of London as high as 40 per year.",
            "The rate was 40%, and that of London as high as 20 per year.",
            instead("40", "20"),
        ),
        # Each in its own place
        ("Wilma tells Merriman of it.", "Wilma tells Merriman of it.", []),
        ("Wilma and Merriman left.", "Merriman and Wilma left.", []),
        ("Wilma, Merriman left.", "Merriman, Wilma left.", []),
        ("London was taken by York.", "York took London.", []),
        ("Later Mr Pugh was taught by Mr Reese.", "Later Mr Reese taught Mr Pugh.", []),
        ("Later Mr Pugh was taught by Mr Reese.", "Later Mr Reese was taught by Mr Pugh.", exchanges("Pugh", "Reese")),
        ("London was defeated by York in 1998.", "York defeated London in 1998.", []),
        ("France's capital is Paris.", "Paris is the capital of France.", []),
        ("In 1998, rain fell on Kent.", "Rain fell on Kent in 1998, and on York in 2001.", []),
        ("Wilma tells Fred of it.", "Wilma tells Merriman of it.", []),  # no name of the evidence: told elsewhere
        ("the rain, the snow", "the snow, the rain", []),
    ],
)
def test_what_stands_in_anothers_place_is_told(claim, held, faults):
    assert place_faults(claim, [held]) == faults


def test_a_name_is_a_unit_with_each_of_its_parts_and_its_neighbours():
    found = units("Later the Bank of England met.")
    assert [" ".join(unit.words) for unit in found] == ["later", "bank", "bank of england", "england"]
    assert (found[2].before, found[2].after) == (("the", "later"), ("met", "|"))
    assert (found[0].before, found[0].after) == (("|",), ("the", "bank"))


def test_little_words_are_no_names_and_numbers_have_one_form():
    assert [unit.words for unit in units("The two met 1,250 of them.")] == [("2",), ("1250",)]


NAMES = ["Wilma", "Merriman", "Fred Astley", "York", "Kent"]


@given(st.permutations(NAMES), st.sampled_from(["tells {} of", "who met {} before"]))
def test_a_sentence_over_itself_has_no_fault_and_with_two_names_exchanged_has_one(order, frame):
    one, other, third, *_ = order
    text = f"Once {one} {frame.format(other)} old {third} there."
    assert place_faults(text, [text]) == []
    turned = f"Once {other} {frame.format(one)} old {third} there."
    assert place_faults(turned, [text]) == exchanges(other, one)


def test_three_of_four_neighbours_are_enough_and_two_are_not():
    held = "Once Wilma met Fred there."
    assert place_faults("Often Fred met Wilma there.", [held]) == exchanges("Fred", "Wilma")
    assert place_faults("Often Fred saw Wilma there.", ["Once Wilma met Fred here, as Penda saw."]) == []


def test_names_that_fit_their_own_places_as_well_are_not_exchanged():
    held = "The Moon in May and the Earth in May turn; the Earth in spring and the Moon in spring rest."
    assert place_faults("The Moon in May, as seen from the Earth in May, turns.", [held]) == []


def test_names_are_exchanged_that_fit_each_others_places_better_by_two_words():
    claim, held = "Then Wilma saw old Fred there.", "Then Fred met old Wilma there. Then Wilma ran and"
    assert place_faults(claim, [f"{held} old Fred too."]) == exchanges("Wilma", "Fred")
    assert place_faults(claim, [f"{held} so old Fred there too."]) == []


def test_equals_in_a_list_have_no_order_whatever_else_stands_between_them():
    assert place_faults("We met Mr Pugh and tall Mr Reese.", ["We met Mr Reese and tall Mr Pugh."]) == []


def test_a_number_that_fits_one_side_of_its_own_place_is_left_alone():
    held = "The rate in London was 40 per year, and the rate in York was 20 per year."
    assert place_faults("The rate in London was 20 per month.", [held]) == []
    assert place_faults("In London the rate was 20 per year.", [held]) == []


def test_a_place_of_little_words_alone_is_nobodys():
    held = "It was in 1998 that they left, and 1963 came before it."
    assert place_faults("It was in 1963 that we left.", [held]) == []


def test_names_around_the_same_word_are_exchanged_wherever_else_they_differ():
    claim, held = "We know Mervyn King leads the Penda Ltd.", "Since May Penda Ltd leads our Mervyn King."
    assert place_faults(claim, [held]) == exchanges("Mervyn King", "Penda Ltd")
    assert place_faults("It is Mervyn King, led by Penda Ltd.", ["Then Penda Ltd led him, Mervyn King."]) == []
