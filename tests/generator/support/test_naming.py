"""Names: which words are one, and what is wrong with those of a claim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.support.naming import find_names, name_faults, stems_of


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Yesterday the Bank of England met Mervyn King.", ["Bank of England", "Mervyn King"]),
        ("NHS staff stayed.", ["NHS"]),
        ("Members stayed.", []),
        ("They met. Members stayed.", []),
        ("Mervyn King's staff stayed.", ["Mervyn King"]),
        ("However, London stayed.", ["London"]),
        ("In May London stayed.", ["London"]),
        ("It met in May.", []),
        ("The RAW264.7 cells grew.", ["RAW264.7"]),
        ("They met Ludwig van Beethoven.", ["Ludwig van Beethoven"]),
        ("THE BANK OF ENGLAND", []),
        ("no capitals here", []),
    ],
)
def test_a_text_has_these_names(text, names):
    assert [name.text for name in find_names(text)] == names


def test_the_first_word_is_a_name_where_it_is_known_to_be():
    assert [name.text for name in find_names("Frankfurt stayed.", {"frankfurt"})] == ["Frankfurt"]
    assert find_names("Frankfurt stayed.", {"york"}) == []


def test_a_name_knows_its_neighbours_and_initials():
    (name,) = find_names("It was built by the Bank of England in spring.")
    assert (name.before, name.after, name.by, name.initials) == ("built", "spring", False, "be")
    assert find_names("It was built by Offa.")[0].by
    assert find_names("It rained; Offa (a king) left.")[0].before == ""


def told(kind, name, other=""):
    if kind == "instead":
        return f"The sentence says {name!r} where the cited text says {other!r}."
    return f"The name {name!r} is {kind} the cited text."


@pytest.mark.parametrize(
    ("claim", "held", "question", "hard", "soft"),
    [
        ("They met Offa.", "They met Offa.", "", [], []),
        ("They met Offa.", "They met Penda.", "", [told("instead", "Offa", "Penda")], []),
        ("They met Offa.", "Penda left.", "", [], [told("not in", "Offa")]),
        ("They met Offa.", "Penda left.", "Where is Offa?", [], []),
        ("They met King Offa.", "They met King Penda.", "", [told("instead", "King Offa", "King Penda")], []),
        ("They met the NHS.", "They met the National Health Service.", "", [], []),
        ("They met the National Health Service.", "They met the NHS.", "", [], []),
        (
            "They met the NAS.",
            "They met the National Health Service.",
            "",
            [told("instead", "NAS", "National Health Service")],
            [],
        ),
        ("They met d'Argenson.", "They met Argenson.", "", [], []),
        ("Sleeping Offa left them.", "Offa left them.", "", [], []),  # the first word is no part of a name
        ("They met Penda and Offa.", "They met Penda.", "", [], [told("not in", "Offa")]),  # Penda is there too
    ],
)
def test_faults_of_names_are_told(claim, held, question, hard, soft):
    assert name_faults(claim, [held], held, question) == (hard, soft)


def test_a_name_is_told_of_where_only_another_sentence_has_it():
    said, other = "Warsaw has been ranked as a city to live in.", "York is old."
    claim, held = "York has been ranked as a city to live in.", f"{said} {other} He knew York."
    assert name_faults(claim, [said, other], held, "") == ([], [told("only elsewhere in", "York")])
    assert name_faults(claim, [said, other], held, "Has York been ranked?") == ([], [])
    half = "York has been ranked as a city."
    assert name_faults(claim, [said, half], f"{said} {half} He knew York.", "") == ([], [])


@given(st.lists(st.sampled_from(["Offa", "Bank of England", "met", "the", "NHS", "In", "5", "Penda's"]), max_size=9))
def test_a_sentence_over_itself_has_no_wrong_name(parts):
    text = " ".join(["Once", *parts, "left."])
    assert name_faults(text, [text], text, "") == ([], [])


def test_stems_of_names_leave_little_links_out():
    assert stems_of("the Bank of d'Argenson's") == {"bank", "d'argenson", "d", "argenson"}


def test_a_name_with_a_part_in_common_is_wrong_whatever_stands_beside_it():
    claim, held = "They met King Offa once.", "Later the King Penda left."
    assert name_faults(claim, [held], held, "") == ([told("instead", "King Offa", "King Penda")], [])


def test_a_month_alone_is_no_name():
    assert find_names("It met in old October.") == []
    assert [name.text for name in find_names("It met October Films.")] == ["October Films"]


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ("She has been ranked as a city to live in.", "York is old."),  # a pronoun: whoever was named before
        ("Warsaw has been ranked as a city to live in.", "All about York"),  # a heading
    ],
)
def test_a_pronoun_or_a_heading_may_speak_of_a_name(said, other):
    claim = "York has been ranked as a city to live in."
    assert name_faults(claim, [said, other], f"{said} {other} He knew York.", "") == ([], [])
