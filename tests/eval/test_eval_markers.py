"""Answers with bare markers: where sentences end, and what their numbers point to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.exchange.markers import read_markers


def sentences(answer, available=9):
    """Each sentence with the numbers of the passages that it points to."""
    marked = read_markers(answer, available)
    return [(one.text, [marked.cited[place - 1] for place in one.citations]) for one in marked.sentences]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("It opened in 1994 [2].", [("It opened in 1994.", [2])]),
        ("It opened.[2] It closed. [1]", [("It opened.", [2]), ("It closed.", [1])]),
        ("One [1][3]. Two [2, 1]! Three [1; 4]?", [("One.", [1, 3]), ("Two!", [2, 1]), ("Three?", [1, 4])]),
        ("It [1] opened [1] then [2].", [("It opened then.", [1, 2])]),
        ("No marker. One [1].", [("No marker.", []), ("One.", [1])]),
        ("First line [1]\nSecond line [2]", [("First line", [1]), ("Second line", [2])]),
        ("It opened.\n[1]\n\nIt closed.", [("It opened.", [1]), ("It closed.", [])]),
        ("It opened\n[1]", [("It opened", [1])]),
        ("[1] It opened.", [("It opened.", [1])]),
        ("[1]", []),
        ("", []),
        # What does not end a sentence
        ("Dr. Lee and J. Ray met, e.g. Monday [1]. All agreed.", None),
        ("It cost 3.5 million... or more [1]. All agreed.", None),
        ("It met.\nDr. Lee (cf. fig. 2) spoke [1].", [("It met.", []), ("Dr. Lee (cf. fig. 2) spoke.", [1])]),
        ("The Amsterdr. Lee spoke [1].", [("The Amsterdr.", []), ("Lee spoke.", [1])]),
        ("1. It opened [1]\n2. It closed [2]", [("1. It opened", [1]), ("2. It closed", [2])]),
        ('He said "stop." [1] Then he left [2].', [('He said "stop."', [1]), ("Then he left.", [2])]),
        ("開業した。[1]閉店した[2]。", [("開業した。", [1]), ("閉店した。", [2])]),
        # What is no marker
        ("In [2019] UKSC 5 it was held [1].", [("In [2019] UKSC 5 it was held.", [1])]),
        ("A list [a] or [1.5] or [] [1].", [("A list [a] or [1.5] or [].", [1])]),
    ],
)
def test_sentences_and_their_markers(answer, expected):
    if expected is None:
        assert [numbers for _, numbers in sentences(answer)] == [[1], []]
    else:
        assert sentences(answer) == expected


def test_numbers_are_renumbered_in_the_order_of_mention():
    marked = read_markers("One [5]. Two [2][5].", 5)
    assert marked.cited == (5, 2)
    assert [one.citations for one in marked.sentences] == [(1,), (2, 1)]
    assert marked.text == "One. Two."


def test_a_number_without_a_passage_is_a_problem_and_no_citation():
    (one,) = read_markers("It opened [0][7][2].", 3).sentences
    assert one.citations == (1,)
    assert one.problems == (
        "It cites [0]; there are 3 passages to cite.",
        "It cites [7]; there are 3 passages to cite.",
    )


@given(st.text(alphabet="aB .!?\n[12]。,", max_size=60), st.integers(0, 3))
def test_nothing_is_lost_and_every_citation_exists(answer, available):
    marked = read_markers(answer, available)
    joined = "".join(one.text for one in marked.sentences)
    assert "".join(joined.split()) == "".join(marked.text.split())
    assert all(1 <= number <= available for number in marked.cited)
    assert all(1 <= place <= len(marked.cited) for one in marked.sentences for place in one.citations)
    assert {place for one in marked.sentences for place in one.citations} == set(range(1, len(marked.cited) + 1))
    assert all(one.text for one in marked.sentences)


@pytest.mark.parametrize("answer", ["." * 200_000, "[1" * 100_000, "a.\n" * 50_000, " " * 200_000, "[1] " * 50_000])
def test_long_answers_take_linear_time(answer):
    read_markers(answer, 1)
