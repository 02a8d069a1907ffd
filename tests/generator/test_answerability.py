"""Whether there is an answer at all: the best score, less a penalty for each name or year that nothing mentions."""

from dataclasses import replace

import pytest
from evidence_building import evidence

from generator.answerability import PENALTY, judge

FOUND = [
    replace(one, score=score)
    for one, score in zip(
        evidence(
            "The strategy cost 5 pounds in Wales.", "It was so in 2022.", title="The Bevan Report", date="2019-05"
        ),
        (4.0, 1.0),
        strict=True,
    )
]


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("What did the strategy cost?", []),
        ("What did the strategy cost in Wales?", []),
        ("What did the strategy cost in wales?", []),
        ("What did the strategy cost in 2022?", []),
        ("What does the Bevan report of 2019 say?", []),  # named in the title and date only
        ("What did the strategy cost in France?", ["France"]),
        ("What did the strategy cost in 2023?", ["2023"]),
        ("What did the strategy cost in France and Spain in 1999?", ["1999", "France", "Spain"]),
        ("France paid what?", []),  # a capital at the start of a question says nothing
        ("EU funds paid what?", ["EU"]),  # an acronym does
        ("What about room 2000A or 12022?", []),  # no years
        ("What Did The National Plan Cost Each Year?", []),  # title case sets no name apart
    ],
)
def test_names_and_years_that_nothing_mentions_are_counted(question, missing):
    judgement = judge(question, FOUND, threshold=0.0)
    assert judgement.score == 4.0 - PENALTY * len(missing)
    assert judgement.answerable == (not missing)
    if missing:
        assert judgement.reason == (
            f"No passage was found that mentions {', '.join(missing)}; the nearest ones are shown."
        )
    else:
        assert judgement.reason == ""


def test_a_strong_match_outweighs_one_missing_name():
    strong = [replace(FOUND[0], score=9.0)]
    assert judge("What did it cost in France?", strong, threshold=1.0).answerable
    assert not judge("What did it cost in France?", strong, threshold=1.01).answerable


@pytest.mark.parametrize(("threshold", "answerable"), [(3.99, True), (4.0, True), (4.01, False)])
def test_the_threshold_itself_still_answers(threshold, answerable):
    judgement = judge("What did the strategy cost?", FOUND, threshold=threshold)
    assert judgement.answerable == answerable
    expected = "" if answerable else "No passage was found that answers the question; the nearest ones are shown."
    assert judgement.reason == expected


def test_without_evidence_there_is_no_answer():
    judgement = judge("What did the strategy cost?", [], threshold=-20.0)
    assert (judgement.answerable, judgement.score) == (False, float("-inf"))
    assert judgement.reason == "Nothing in the documents matches the question."
