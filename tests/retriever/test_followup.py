"""Which questions lean on the one before them, and what is searched for then."""

import pytest

from retriever.followup import leans_back, standalone_question
from schema import Turn

HISTORY = (Turn("What is the GMS?", "A service."), Turn("What does the ABPI represent?", "Companies."))


@pytest.mark.parametrize(
    "question",
    [
        "And who is its Chief Executive?",
        "Who is its Chief Executive?",
        "What about the second priority area of the strategy?",
        "but which regions took part in the pilot?",
        "Why?",
        "When exactly?",
        "Did they publish the report before the survey ended?",
        "Does THAT apply to the pilot sites in Wales?",
        "",
    ],
)
def test_leaning_questions_are_searched_with_the_one_before(question):
    assert leans_back(question)
    assert standalone_question(question, HISTORY) == f"What does the ABPI represent? {question}"


@pytest.mark.parametrize(
    "question",
    [
        "Which priority area covers equitable genomic testing?",
        "When was the first Genomics Strategy published?",
        "Who is Chief Executive of the ABPI?",
        "Android phones: which genomics apps are supported?",  # "and" only counts as a whole word
        "Which italics mark the theatre listings?",  # nor do "it" and "the" count inside words
    ],
)
def test_questions_that_stand_alone_are_searched_alone(question):
    assert not leans_back(question)
    assert standalone_question(question, HISTORY) == question


def test_the_first_question_of_a_conversation_leans_on_nothing():
    assert standalone_question("And its Chief Executive?", ()) == "And its Chief Executive?"
