"""What became of a question, for every way in which it can end."""

from dataclasses import replace
from typing import get_args

import pytest
from report_runs import FIRST, sample_run

from eval.records import EvalCase, Evidence, Outcome, Span, Statement
from eval.report.diagnosing import RIGHT, Diagnosis, Stage, diagnose

QUOTE = "The strategy covers five years and names four priority areas."
CASE = EvalCase("years", "How long?", ("five years",), (Evidence("a.pdf", 1, QUOTE),))
GOLD = Span("a.pdf", QUOTE, page=1)
FAR = Span("b.md", "Something else is said here.")
REFUSED = Outcome("years", "The documents do not say.", abstained=True, passages=(FAR,))


def answered(*supports, text="It is five years.", **fields):
    sentences = tuple(Statement(text, (1,), support) for support in supports)
    fields = {"citations": (GOLD,), "quotes": (GOLD,), "passages": (GOLD,)} | fields
    return Outcome("years", text, sentences=sentences, **fields)


@pytest.mark.parametrize(
    ("outcome", "stage", "words"),
    [
        (answered("supported"), "right", "what is cited supports it"),
        (answered("supported", "partly", "supported"), "right", "1 of 3 sentences is only partly supported"),
        (answered(), "right", "nobody checked"),
        (answered("supported", None), "right", "nobody checked"),
        (answered("supported", passages=(FAR,), quotes=(FAR,), citations=(FAR,)), "right", "supports it"),
        (answered("unsupported"), "answered but unsupported", "its one sentence is not supported"),
        (answered("unsupported", "unsupported", "partly"), "answered but unsupported", "2 of 3 sentences are not"),
        (answered("supported", text="It is long."), "quoted but not answered", "lacks the expected words"),
        (replace(REFUSED, quotes=(GOLD,)), "quoted but not answered", "was refused"),
        (answered(text=" "), "quoted but not answered", "was refused"),
        (replace(REFUSED, passages=(FAR, GOLD)), "retrieved but not quoted", "no quote does"),
        (replace(REFUSED, quotes=(FAR,)), "not retrieved", "do not hold the evidence"),
        (replace(REFUSED, passages=()), "not answered", "shows no passages"),
        (answered("supported", text="No.", passages=(), quotes=(), citations=()), "not answered", "lacks"),
        (Outcome("years", error="Out of memory."), "no result", "There is no result: Out of memory."),
        (replace(answered("supported"), error="Stopped"), "no result", "Stopped."),
    ],
)
def test_an_answerable_question_ends_at_the_first_stage_that_lost_it(outcome, stage, words):
    diagnosis = diagnose(CASE, outcome)
    assert diagnosis.stage == stage
    assert words in diagnosis.sentence
    assert diagnosis.right == (stage == "right")


@pytest.mark.parametrize(
    ("outcome", "stage"),
    [
        (REFUSED, "rightly refused"),
        (Outcome("years"), "rightly refused"),
        (answered("supported"), "answered although not answerable"),
        (Outcome("years", sentences=(Statement("Five."),)), "answered although not answerable"),
        (Outcome("years", error="x"), "no result"),
    ],
)
def test_an_unanswerable_question_is_right_when_it_is_refused(outcome, stage):
    assert diagnose(EvalCase("years", "How much?", unanswerable=True), outcome).stage == stage


def test_without_evidence_the_expected_answer_is_looked_for_in_quotes_and_passages():
    case = replace(CASE, evidence=())
    assert diagnose(case, REFUSED).stage == "not retrieved"
    assert diagnose(case, replace(REFUSED, passages=(GOLD,))).stage == "retrieved but not quoted"
    assert diagnose(case, replace(REFUSED, quotes=(GOLD,))).stage == "quoted but not answered"
    assert diagnose(case, answered("supported")).stage == "right"


def test_without_answers_the_answer_is_right_when_it_cites_the_evidence():
    case = replace(CASE, answers=())
    right = diagnose(case, answered("supported"))
    assert (right.stage, right.sentence[:28]) == ("right", "The answer cites the expecte")
    assert diagnose(case, answered("unsupported")).stage == "answered but unsupported"
    assert diagnose(case, answered("supported", citations=(FAR,))) == Diagnosis(
        "quoted but not answered", "The quotes hold the evidence, but the answer does not cite the expected place."
    )
    assert diagnose(case, replace(REFUSED, passages=(GOLD,))).stage == "retrieved but not quoted"


def test_a_set_that_names_sources_alone_tells_what_was_lost_but_never_what_is_right():
    case = EvalCase("years", "How long?", evidence=(Evidence("a.pdf"),))
    assert diagnose(case, answered("supported")).stage == "cannot tell"
    assert diagnose(case, REFUSED).stage == "not retrieved"
    assert diagnose(case, replace(REFUSED, passages=(GOLD,))).stage == "retrieved but not quoted"
    assert diagnose(case, answered("supported", citations=(FAR,))).stage == "quoted but not answered"


def test_a_set_that_names_neither_answer_nor_evidence_tells_nothing():
    assert diagnose(EvalCase("years", "How long?"), answered("supported")).stage == "cannot tell"
    assert diagnose(EvalCase("years", "How long?"), Outcome("years", error="x")).stage == "no result"


def test_of_places_that_belong_together_it_is_said_how_many_were_reached():
    other = Evidence("c.md", None, "It will cost four pounds in all.")
    both = replace(CASE, answers=("five years", "four pounds"), evidence=(*CASE.evidence, other), together=True)
    found = diagnose(both, replace(REFUSED, passages=(GOLD, FAR)))
    assert (found.stage, found.sentence) == (
        "not retrieved",
        "The retrieved passages do not hold the evidence: of 2 places that it takes together, 1 retrieved and "
        "0 quoted.",
    )
    second = Span("c.md", other.quote)
    half = diagnose(both, replace(REFUSED, passages=(GOLD, second), quotes=(second,)))
    assert half.stage == "retrieved but not quoted"
    assert half.sentence.endswith("2 retrieved and 1 quoted.")
    assert diagnose(both, answered("supported")).stage == "not retrieved"
    assert diagnose(both, answered("supported", text="Five years and four pounds.")).stage == "right"


def test_each_made_up_ending_of_the_samples_is_found():
    expected = {
        "not retrieved": "not retrieved",
        "retrieved": "retrieved but not quoted",
        "quoted": "quoted but not answered",
        "unsupported": "answered but unsupported",
        "false answer": "answered although not answerable",
        "error": "no result",
    }
    run = sample_run(endings=FIRST)
    found = {case.question_id: diagnose(case, outcome) for case, outcome in zip(run.cases, run.outcomes, strict=True)}
    assert {key: found[key].stage for key in FIRST} == {key: expected[ending] for key, ending in FIRST.items()}
    assert all(found[key].stage in RIGHT for key in found.keys() - FIRST.keys())


def test_every_stage_has_a_badge():
    from eval.report.labels import BADGES  # noqa: PLC0415  (the report is no part of what else is tested here)

    assert set(BADGES) == set(get_args(Stage))
