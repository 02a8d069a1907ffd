"""Citation measures: ALCE's cases by hand, with a checker that reads facts as letters."""

import numpy as np
import pytest

from eval.measures import tabulate
from eval.records import EvalCase, Evidence, Outcome, Span, Statement

CASE = EvalCase("1", "Which?", evidence=(Evidence("s", quote="gold words"), Evidence("t", quote="more gold")))


def by_letters(sentence, texts, question):
    """Supported when the texts hold each letter of the sentence, partly when they hold some."""
    assert texts
    assert question == "Which?"
    held = set(sentence) & set("".join(texts))
    return "supported" if held == set(sentence) else "partly" if held else "unsupported"


def values(outcome, case=CASE, check=by_letters):
    columns = tabulate([case], [outcome], check, groups=("citations",))
    return {name: None if np.isnan(column[0]) else float(column[0]) for name, column in columns.items()}


def alce(*sentences, texts=("a", "b", "c", "ab", "")):
    """Recall and precision of sentences, each with its citations as a string of numbers."""
    outcome = Outcome(
        "1",
        " ".join(text for text, _ in sentences),
        sentences=tuple(Statement(text, tuple(map(int, numbers))) for text, numbers in sentences),
        citations=tuple(Span("s", text) for text in texts),
    )
    found = values(outcome)
    return found["citation_recall"], found["citation_precision"]


@pytest.mark.parametrize(
    ("sentences", "recall", "precision"),
    [
        ([("a", "1")], 1, 1),
        ([("a", "2")], 0, 0),  # it supports another
        ([("ab", "1")], 0, 0),  # partly is not supported
        ([("ab", "12")], 1, 1),  # neither alone, each needed
        ([("ab", "123")], 1, 2 / 3),  # the third does not support, and the rest do without it
        ([("ab", "14")], 1, 1 / 2),  # the fourth is enough, the first neither enough nor needed
        ([("a", "14")], 1, 1),  # either is enough
        ([("ab", "34")], 1, 1 / 2),
        ([("abc", "12")], 0, 0),
        ([("a", "")], 0, 0),
        ([("a", "1"), ("b", "1")], 1 / 2, 1 / 2),
        ([("a", "1"), ("b", "")], 1 / 2, 1),  # a sentence without citations has none to be wrong
        ([("a", "1"), ("ab", "123"), ("c", "2")], 2 / 3, 3 / 5),  # by citation, not by sentence
        ([("a", "19")], 1, 1 / 2),  # a number that points to nothing
        ([("a", "9")], 0, 0),
    ],
)
def test_recall_and_precision_are_those_of_alce(sentences, recall, precision):
    assert alce(*sentences) == pytest.approx((recall, precision))


def test_the_checker_reads_title_date_and_words():
    seen = []

    def check(sentence, texts, question):
        seen.append((sentence, tuple(texts), question))
        return "supported"

    spans = (Span("s", "Words.", "Title", "2022"), Span("s", "Others."), Span("s", "Unused."))
    values(Outcome("1", "So.", sentences=(Statement("So.", (2, 1)),), citations=spans), check=check)
    first, second = "Title 2022 Words.", "Others."
    assert seen == [("So.", texts, "Which?") for texts in ((first, second), (first,), (second,))]  # each asked once


def test_an_answer_in_one_piece_is_one_sentence_with_all_citations():
    found = values(Outcome("1", "ab", citations=(Span("s", "a"), Span("s", "b"), Span("s", "c"))))
    assert (found["citation_recall"], found["citation_precision"]) == pytest.approx((1, 2 / 3))


@pytest.mark.parametrize(
    ("numbers", "together", "holds", "precision", "cited"),
    [
        ((1,), False, 1, 1, 1),
        ((1, 3), False, 1, 1 / 2, 1),
        ((3,), False, 0, 0, 1),
        ((), False, 0, 0, 0),
        ((9,), False, 0, 0, 0),
        ((1,), True, 0, 1, 1),  # each holds gold, but not all of it
        ((1, 2), True, 1, 1, 1),
        ((1, 2, 3, 4), True, 1, 2 / 4, 1),
    ],
)
def test_citations_are_held_against_the_expected_evidence(numbers, together, holds, precision, cited):
    case = EvalCase("1", "Which?", evidence=CASE.evidence, together=together)
    spans = (Span("s", "the gold words"), Span("t", "more gold"), Span("s", "others"), Span("t", "gold words"))
    found = values(Outcome("1", "x", sentences=(Statement("x", numbers),), citations=spans), case)
    names = ("citation_holds_gold", "gold_citation_precision", "cited")
    assert tuple(found[name] for name in names) == pytest.approx((holds, precision, cited))


def test_a_refusal_has_no_citations_to_judge():
    spans = (Span("s", "gold words"),)
    for refused in (Outcome("1", "No.", abstained=True, citations=spans), Outcome("1", " ", citations=spans)):
        assert set(values(refused).values()) == {None}


def test_an_answer_to_an_unanswerable_question_is_judged_by_its_own_citations_alone():
    found = values(Outcome("1", "a", citations=(Span("s", "a"),)), EvalCase("1", "Which?", unanswerable=True))
    assert found == {
        "citation_recall": 1,
        "citation_precision": 1,
        "citation_holds_gold": None,
        "gold_citation_precision": None,
        "cited": 1,
    }
