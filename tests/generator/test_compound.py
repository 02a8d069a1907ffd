"""Questions that ask two things."""

import pytest

from generator.compound import parts_of


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("What does A welcome, and what does B?", ["What does A welcome", "what does B?"]),
        ("Who leads it and when did she start?", ["Who leads it", "when did she start?"]),
        ("How much is paid; and by whom is it paid?", ["How much is paid", "by whom is it paid?"]),
        ("I live in Wales. Can I apply? Where is the form?", ["Can I apply", "Where is the form?"]),
        ("I am 17. My mother is ill.\nCan I be a guardian?", ["Can I be a guardian?"]),
        ("Can I be a guardian? I am 17.", ["Can I be a guardian?"]),
        ("My mother is ill. Tell me who may be a guardian.", ["Tell me who may be a guardian."]),
        ("I am ill. Who pays? Who asks? Who answers? Who leaves?", ["Who pays? Who asks? Who answers? Who leaves?"]),
        ("Who pays, or who is exempt?", ["Who pays", "who is exempt?"]),
        ("Who wrote it, and who paid, and when?", []),  # "when" has no words of its own
    ],
)
def test_a_question_falls_into_parts_that_ask(question, parts):
    assert parts_of(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "What do the survey and the memo say?",
        "Which came first, the survey or the strategy?",
        "When was it published?",
        "Who asked Wales? Who answered? When did it rain? Where did it end?",  # four
        "",
        "I am 17. Can I?",  # what is asked has no words of its own
    ],
)
def test_a_question_that_asks_one_thing_or_many_stays_whole(question):
    assert parts_of(question) == []
