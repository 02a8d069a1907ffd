"""What the evidence says of a question, by hand, and what a reader is told when that is not enough."""

import math
from dataclasses import replace

import pytest
from evidence_building import evidence, passage

from generator.refusing.answerability import SIGNALS, Signals, judge_signals, missing_names, signals_of
from generator.refusing.calibration import Calibration, Feature, Rule
from generator.refusing.calibration_files import default_calibration
from schema import AnswerSpan, Reading

RANKED = [
    replace(one, score=logit, logit=logit)
    for one, logit in zip(
        evidence(
            "The strategy cost 5 pounds in Wales.", "It was so in 2022.", title="The Bevan Report", date="2019-05"
        ),
        (4.0, 1.0),
        strict=True,
    )
]
PASSAGES = [replace(RANKED[0].passage, score=2.5), replace(RANKED[1].passage, score=1.0)]
RULE = Rule(Calibration((Feature("sentence", 0.0, 1.0, 1.0),), -4.0, ()), 0.5)
"""The probability is one half at a logit of 4, the best sentence's."""


def signals(question, **given):
    return signals_of(question, RANKED, PASSAGES, **given)


def test_scores_are_told_with_how_far_they_are_ahead():
    told = signals("What did the strategy cost?")
    assert (told.sentence, told.passage, told.passage_margin) == (4.0, 2.5, 1.5)
    assert told.sentence_rivals == pytest.approx(math.log(1 + math.exp(-3)))
    alone = signals_of("What did the strategy cost?", RANKED[:1], PASSAGES[:1])
    assert (alone.sentence_rivals, alone.passage_margin) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("question", "share"),
    [
        ("What did the strategy cost?", 1.0),
        ("What did the strategy cost in 2022?", 2 / 3),  # the year stands in the second sentence only
        ("What does the Bevan report say of costs?", 1.0),  # the title counts, and one word has other endings
        ("Who welcomed it?", 0.0),
        ("Why was it so?", 1.0),  # nothing to hold
    ],
)
def test_the_share_of_the_question_that_the_best_sentence_holds(question, share):
    assert signals(question).question_held == pytest.approx(share)


@pytest.mark.parametrize(
    ("question", "missing", "apart"),
    [
        ("What did the strategy cost?", [], 0),
        ("What did the strategy cost in Wales?", [], 0),
        ("What did the strategy cost in 2022?", [], 1),
        ("What does the Bevan report of 2019 say?", [], 0),
        ("What did the strategy cost in France?", ["France"], 1),
        ("What did the strategy cost in France and Spain in 1999?", ["1999", "France", "Spain"], 3),
        ("France paid what?", [], 0),  # a capital at the start of a question says nothing
        ("EU funds paid what?", ["EU"], 1),  # an acronym does
        ("What about room 2000A or 12022?", [], 0),  # no years
        ("It rained in France. However, who paid? Now what?", ["France"], 1),  # the same of each of its sentences
        ("What Did The National Plan Cost Each Year?", [], 0),  # title case sets no name apart
    ],
)
def test_names_and_years_that_nothing_mentions_are_counted(question, missing, apart):
    told = signals(question)
    assert missing_names(question, PASSAGES) == missing
    assert (told.names_missing, told.names_apart) == (len(missing), apart)


def test_a_name_in_a_heading_in_capitals_is_no_missing_one():
    headed = [passage("It cost 5 pounds there.", heading="COSTS IN WALES")]
    assert missing_names("What did it cost in Wales?", headed) == []


def test_the_reader_is_heard_at_its_surest():
    readings = [
        Reading(-1.0, (AnswerSpan(0, 3, 2.0), AnswerSpan(4, 6, 5.0)), (0.5, -math.inf)),
        Reading(3.0, (), (0.25,)),
    ]
    told = signals("What did the strategy cost?", readings=readings)
    assert (told.reader_answerable, told.reader_span, told.reader_sentence) == (3.0, 5.0, 0.5)
    assert "reader_span" not in signals("What did the strategy cost?").known()
    unread = signals("What did the strategy cost?", readings=[Reading(0.0, (), (-math.inf,))])
    assert "reader_sentence" not in unread.known()
    assert unread.known()["reader_answerable"] == 0.0


@pytest.mark.parametrize(("ranked", "passages"), [([], []), ([], PASSAGES), (RANKED, [])])
def test_without_evidence_there_are_no_signals(ranked, passages):
    assert signals_of("What did it cost?", ranked, passages) == Signals()
    assert Signals().known() == {}


@pytest.mark.parametrize(("answer_from", "answerable"), [(0.49, True), (0.5, True), (0.51, False)])
def test_the_threshold_itself_still_answers(answer_from, answerable):
    question = "What did the strategy cost?"
    judgement = judge_signals(question, signals(question), replace(RULE, answer_from=answer_from))
    assert (judgement.answerable, judgement.score) == (answerable, 0.5)
    assert judgement.reason == (
        ""
        if answerable
        else "No passage was found that answers the question (looked for: strategy, cost); the nearest ones are shown."
    )


def test_a_refusal_names_what_no_passage_mentions_as_the_reader_wrote_it():
    question = "What did the strategy cost in France?"
    told = signals(question)
    judgement = judge_signals(question, told, replace(RULE, answer_from=0.9), missing=missing_names(question, PASSAGES))
    assert judgement.reason == (
        "No passage was found that mentions France (looked for: strategy, cost, France); the nearest ones are shown."
    )


def test_a_long_question_is_not_repeated_whole():
    question = " ".join(f"word{number}" for number in range(40))
    reason = judge_signals(question, signals(question), replace(RULE, answer_from=0.9)).reason
    assert "word11)" in reason
    assert "word12" not in reason


def test_without_evidence_there_is_no_answer_however_low_the_threshold():
    judgement = judge_signals("What did it cost?", Signals(), Rule(RULE.calibration, 0.0))
    assert (judgement.answerable, judgement.score) == (False, 0.0)
    assert judgement.reason == "Nothing in the documents matches the question (looked for: cost)."
    empty = judge_signals("Why?", Signals(), RULE)
    assert empty.reason == "Nothing in the documents matches the question (no word of it can be looked for)."


def test_the_calibration_that_ships_is_surer_of_a_better_sentence_and_less_sure_without_a_name():
    shipped = default_calibration(SIGNALS, with_reader=False)
    told = signals("What did the strategy cost?").known()
    assert shipped.probability(told) < shipped.probability(told | {"sentence": 8.0})
    assert shipped.probability(told) > shipped.probability(told | {"names_missing": 1.0})
    assert default_calibration(SIGNALS, with_reader=True).table
