"""What sentences are compared by, as tables that can be read through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.words import is_negated, names, numbers, stem, stems, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's 1,250 people, or four-fifths.", ["it's", "1250", "people", "or", "4", "fifths"]),
        ("1,250,000.50 and 3.5%", ["1250000.50", "and", "3.5"]),
        ("the patients’ data", ["the", "patients", "data"]),
        ("cat’s snake_case", ["cat’s", "snake", "case"]),
        ("One or two of twelve", ["one", "or", "2", "of", "12"]),
        ("the first, 2nd and twelfth", ["the", "1st", "2nd", "and", "12th"]),
        ("", []),
        ("🧬 — !", []),
        ("基因组 2022", ["基因组", "2022"]),
    ],
)
def test_words_are_lowered_and_numbers_made_comparable(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("published", "publish"),
        ("publishes", "publish"),
        ("publishing", "publish"),
        ("genomics", "genomic"),
        ("service", "servic"),
        ("services", "servic"),
        ("ring", "ring"),
        ("was", "was"),
        ("2022", "2022"),
        ("nhs's", "nhs's"),  # too short without its ending
        ("council's", "council"),
    ],
)
def test_stems_lose_common_endings_only(word, expected):
    assert stem(word) == expected


def test_stems_of_a_text_leave_out_stop_words_and_framing():
    assert stems("According to the document, the strategy was published in 2022.") == {"strategy", "publish", "2022"}
    assert stems("The document states that it is.") == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 October 2022", {"12", "2022"}),
        ("12th October 2022, 3rd of May, June 1st", {"12", "2022", "3", "1"}),
        ("four areas and 4 sites", {"4"}),
        ("one of them", set()),
        ("1,000 or 1000", {"1000"}),
        ("the second of two phases", {"2nd", "2"}),
        ("the 2nd phase", {"2nd"}),
        ("the 21st century", {"21st"}),
        ("page 3-5", {"3", "5"}),
        ("GPT-4o", {"4"}),
    ],
)
def test_numbers_in_digits_words_and_ordinals(text, expected):
    assert numbers(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("When did Sir Keir Starmer speak?", {"sir", "keir", "starmer"}),
        ("NHS England leads.", {"nhs", "england"}),
        ("England leads.", set()),  # a first word may just be the start of a sentence
        ("What did The ABPI say?", {"abpi"}),
        ("the R&D budget of AT&T", {"r&d", "at&t"}),
        ("In Wales, I agreed.", {"wales"}),
        ("no names here", set()),
        ("It may rain in May.", {"may"}),
        ("WHAT DID THE STRATEGY COST IN WALES?", set()),  # in capitals throughout, nothing can be told apart
        ("the UK", {"uk"}),
    ],
)
def test_names_are_capitalised_words(text, expected):
    assert names(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It does not say.",
        "No decision was made.",
        "They can’t agree.",
        "They cannot agree.",
        "It hasn't been published.",
        "They wouldn’t sign.",
        "Nobody agreed, and nothing was signed.",
        "Neither did.",
        "without delay",
    ],
)
def test_negations_are_noticed(text):
    assert is_negated(text)


@pytest.mark.parametrize("text", ["It is known.", "a notable note", "the canter", "Nottingham", "an event"])
def test_words_that_look_like_negations_are_none(text):
    assert not is_negated(text)


@given(st.text())
def test_no_text_is_too_strange(text):
    assert all(word == word.lower() or len(word.lower()) != len(word) for word in words(text))
    assert numbers(text) <= set(words(text))
    assert {stem(word) for word in words(text)} >= stems(text)
    names(text)
    is_negated(text)
