"""Training examples: spans that point where they say, and changes that change one thing."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language import statement
from training import negatives
from training.examples import LONGEST_PASSAGE, Example, join_sentences, read_claims, read_questions, read_yes_no


def seeded(seed):
    return random.Random(seed)  # noqa: S311


@pytest.fixture
def draw():
    return seeded(4)


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_the_shortest_answer_counts_with_the_sentence_around_it(tmp_path, draw):
    passage = "It rained. The plan was published on 12 October 2022. It snowed."
    answers = ["on 12 October 2022", "12 October 2022"]
    path = write(
        tmp_path / "a.jsonl",
        {
            "question": "When?",
            "passage": passage,
            "answers": answers,
            "starts": [passage.index(one) for one in answers],
        },
        {"question": "Why?", "passage": passage, "answers": [], "unanswerable": True},
        {"question": "Is it?", "passage": passage, "answers": ["True"]},
        {"question": "Where?", "passage": passage, "answers": ["snowed"]},
    )
    when, why, is_it, where = read_questions(path, draw)
    assert passage[slice(*when.answer)] == "12 October 2022"
    assert passage[slice(*when.evidence)] == "The plan was published on 12 October 2022."
    assert (why.answerable, why.answer, why.evidence) == (False, None, None)
    assert (is_it.answerable, is_it.answer) == (True, None)
    assert passage[slice(*where.evidence)] == "It snowed."


def test_a_long_passage_is_read_around_its_answer(tmp_path):
    passage = "A word. " * 400 + "The answer is Ann. " + "One more. " * 300
    start = passage.index("Ann")
    path = write(tmp_path / "a.jsonl", {"question": "Who?", "passage": passage, "answers": ["Ann"], "starts": [start]})
    for seed in range(20):
        (example,) = read_questions(path, seeded(seed))
        assert len(example.second) <= LONGEST_PASSAGE
        assert example.second[slice(*example.answer)] == "Ann"
        assert "The answer is Ann." in example.second[slice(*example.evidence)]


def test_a_sentence_is_put_back_among_others_of_its_article_alone(tmp_path, draw):
    rows = [
        {"question": f"Q{number}?", "passage": f"Sentence {number} says x{number}.", "answers": [f"x{number}"],
         "starts": [len(f"Sentence {number} says ")], "group": f"Wiki:{number // 4}:1:{number}"}
        for number in range(8)
    ]  # fmt: skip
    for number, example in enumerate(join_sentences(write(tmp_path / "a.jsonl", *rows), draw)):
        assert example.second[slice(*example.answer)] == f"x{number}"
        assert example.second[slice(*example.evidence)] == rows[number]["passage"]
        others = {int(word) for word in example.second.split() if word.isdigit()}
        assert others <= set(range(4 * (number // 4), 4 * (number // 4) + 4))


def test_claims_and_yes_or_no_become_support(tmp_path):
    path = write(
        tmp_path / "a.jsonl",
        {"question": "It rains.", "passage": "It rains.", "label": "SUPPORTS"},
        {"question": "It snows.", "passage": "It rains.", "label": "REFUTES"},
    )
    assert [one.support for one in read_claims(path)] == [True, False]
    path = write(
        tmp_path / "b.jsonl",
        {"question": "is it", "passage": "It is.", "answers": ["yes"]},
        {"question": "is it", "passage": "It is.", "answers": ["yes"]},
        {"question": "was it", "passage": "It was not.", "answers": ["no"]},
    )
    assert [(one.first, one.support) for one in read_yes_no(path)] == [
        ("is it? yes", True),
        ("is it? no", False),
        ("was it? yes", False),
    ]


@pytest.mark.parametrize(
    ("edit", "text", "other", "expected"),
    [
        (negatives.change_number, "In 1984 it rained.", "In 1991 it did not.", {"In 1991"}),
        (negatives.change_name, "They met Ann Lee there.", "Then Bob Ray came.", {"They met Bob Ray there."}),
        (negatives.change_date, "On 3 May it rained.", "", {"On 3 "}),
        (negatives.swap_word, "It was the largest one.", "", {"It was the smallest one."}),
        (negatives.negate, "It is open.", "", {"It is not open.", "It is never open.", "It is no longer open."}),
        (negatives.negate, "It is not open.", "", {"It is open."}),
        (negatives.negate, "They don't know.", "", {"They do know."}),
    ],
)
def test_an_edit_changes_one_thing(edit, text, other, expected):
    made = {edit(text, other, seeded(seed)) for seed in range(30)}
    assert text not in made and None not in made
    assert all(any(start in one for start in expected) or edit is negatives.change_number for one in made)
    assert expected & made or any(start in one for one in made for start in expected)


@given(st.text(max_size=80), st.text(max_size=80), st.integers(0, 99))
def test_an_edit_of_any_text_changes_it_or_says_that_it_can_not(text, other, seed):
    for edit in negatives.QUESTION_EDITS:
        assert edit(text, other, seeded(seed)) != text


def test_a_passage_without_its_evidence_answers_nothing():
    passage = "It rained all day. Ann came by train. Nobody else came."
    start = passage.index("Ann")
    example = Example("Who came?", passage, True, (start, start + 3), (start, start + len("Ann came by train.")))
    assert negatives.without_evidence(example) == Example("Who came?", "It rained all day. Nobody else came.", False)
    twice = Example("Who came?", passage.replace("Nobody", "Ann"), True, example.answer, example.evidence)
    assert negatives.without_evidence(twice) is None


def test_a_similar_passage_shares_words_and_lacks_the_answer(draw):
    texts = ["The tower of Pisa leans since 1178.", "The tower of London leans not.", "Bread is baked daily."]
    examples = [Example("Since when does the tower of Pisa lean?", texts[0], True, (30, 34)), *(
        Example("What is baked daily?", text, True) for text in texts[1:]
    )]  # fmt: skip
    made = negatives.with_similar_passages(examples, draw)
    assert Example("Since when does the tower of Pisa lean?", texts[1], False) in made
    assert all(not one.answerable for one in made)


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Who wrote it?", "Ann", "Ann wrote it."),
        ("Which sisters were there?", "Ann and Bea", "Ann and Bea were there."),
        ("Who did she see?", "Bob", "Who did she see? Bob."),
        ("when was it written", "in May", "when was it written? in May."),
    ],
)
def test_a_question_and_its_answer_become_one_statement(question, answer, expected):
    assert statement(question, answer) == expected


def test_claims_are_supported_unless_something_was_changed(draw):
    passages = [
        f"In {year} the council of Ayr met Ann Lee. The meeting of {year} was the largest there. All left {year} early."
        for year in range(1950, 1990)
    ]
    made = negatives.claims_of(passages, draw)
    assert {one.support for one in made} == {True, False}
    for one in made:
        if one.support:
            assert one.first.strip() in one.second
        else:
            assert one.first not in one.second
