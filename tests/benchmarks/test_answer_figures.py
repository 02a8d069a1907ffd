"""The figures of answers: worked out by hand for a few questions, and what can be said of which system."""

import numpy as np
import pytest

from benchmarks.answer_figures import format_table, interval, measure, side_by_side, verbatim
from eval.measures import tabulate
from eval.records import EvalCase, Evidence, Outcome, Span, Statement

GOLD = Span("default/a", "Gold was found there in 1848.", "A", start=10, end=39)
WHOLE = Span("default/a", "x" * 10 + GOLD.text + " And then much more happened.", "A", start=0, end=68)
OTHER = Span("default/b", "Mines closed.", "B", start=0, end=13)
CASES = [
    *(EvalCase(f"yes {n}", "When?", ("1848",), (Evidence("default/a", None, "1848", 34, 38),)) for n in range(40)),
    *(EvalCase(f"no {n}", "Where?", unanswerable=True) for n in range(40)),
]


def answered(case, text, *cited, ms=1000.0, **more):
    statement = Statement(text, tuple(range(1, len(cited) + 1)))
    timings = {"total_ms": ms, "retrieve_ms": 100.0}
    more = {"confidence": 1.0, "tokens_read": 100, "tokens_written": 10, "timings": timings} | more
    more["verbatim"] = (len(cited), len(cited))
    return Outcome(case.question_id, text, sentences=(statement,), citations=cited, **more)


def refused(case, **more):
    timings = {"total_ms": 500.0} | ({"quotes_ms": 200.0} if more else {})
    return Outcome(case.question_id, "No.", True, confidence=0.0, timings=timings, **more)


def ours(case):
    if case.unanswerable:
        return refused(case, quotes=(OTHER,), verbatim=(1, 1))
    timings = {"total_ms": 2000.0, "quotes_ms": 250.0}
    return answered(case, "In 1848.", GOLD, quotes=(OTHER, GOLD), timings=timings)


def theirs(case):
    if case.question_id in ("yes 0", "no 0"):
        return refused(case)
    return answered(case, "In the year of 1850." if case.unanswerable else "In 1848 or so.", WHOLE, OTHER, ms=4000.0)


def measured(**systems):
    outcomes = {name: [answer(case) for case in CASES] for name, answer in systems.items()}
    columns = {name: tabulate(CASES, one, lambda *_: "supported") for name, one in outcomes.items()}
    return measure(columns, outcomes)


@pytest.fixture
def record():
    return measured(naive=theirs, footnote=ours)


def figures(record, name):
    return record[name]["figures"]["footnote"], record[name]["figures"]["naive"]


def questions(record, name):
    return record[name]["questions"]["footnote"], record[name]["questions"]["naive"]


def test_figures_are_those_worked_out_by_hand(record):
    assert figures(record, "gold_contained") == pytest.approx((1, 39 / 40))
    assert figures(record, "answer_f1") == pytest.approx((2 / 3, 39 / 40 * 2 / 5))
    assert figures(record, "false_answers") == pytest.approx((0, 39 / 40))
    assert figures(record, "false_refusals") == pytest.approx((0, 1 / 40))
    assert figures(record, "cited") == (1, 1)
    assert figures(record, "citation_holds_gold") == (1, 1)
    assert figures(record, "gold_citation_precision") == (1, 0.5)
    assert figures(record, "p50_s") == (1.25, 4)
    assert figures(record, "tokens_read") == (100, 100)


def test_a_figure_says_over_how_many_questions_it_is(record):
    assert questions(record, "gold_contained") == (40, 40)
    assert questions(record, "citation_holds_gold") == (40, 39)
    assert questions(record, "cited") == (40, 78)
    assert questions(record, "answerability_auroc") == (80, 80)


def test_the_recipe_has_the_confidence_of_its_refusals(record):
    assert figures(record, "answerability_auroc") == pytest.approx((1, 0.5))


def test_a_system_that_shows_no_quotes_is_not_measured_by_them(record):
    assert figures(record, "quotes_gold_at_1") == (0, None)
    assert figures(record, "quotes_gold_at_3") == (1, None)
    assert questions(record, "quotes_gold_at_3") == (40, 0)
    assert "verdict" not in record["quotes_gold_at_3"]
    assert figures(record, "quotes_p50_s") == (pytest.approx(0.225), None)


def test_words_are_counted_in_answers_alone(record):
    assert figures(record, "answer_words") == (2, pytest.approx((39 * 4 + 39 * 5) / 78))
    whole = len(WHOLE.text.split()) + len(OTHER.text.split())
    assert figures(record, "cited_words") == (len(GOLD.text.split()), whole)
    assert questions(record, "answer_words") == (40, 78)


def test_better_is_said_of_footnote(record):
    verdicts = {name: one.get("verdict") for name, one in record.items()}
    assert verdicts["false_answers"] == "better"
    assert verdicts["gold_citation_precision"] == "better"
    assert verdicts["p95_s"] == verdicts["answerability_auroc"] == "better"
    assert verdicts["gold_contained"] == "cannot tell"
    assert verdicts["answer_words"] is None
    assert record["false_answers"]["difference"] == pytest.approx(-39 / 40)
    assert record["false_answers"]["low"] <= -39 / 40 <= record["false_answers"]["high"] < 0
    swapped = measured(naive=ours, footnote=theirs)
    assert swapped["false_answers"]["verdict"] == swapped["p95_s"]["verdict"] == "worse"
    assert swapped["answerability_auroc"]["verdict"] == "worse"


def test_the_same_answers_are_no_different(record):
    same = measured(naive=ours, footnote=ours)
    assert same["gold_contained"]["verdict"] == "no different"
    assert same["p95_s"]["verdict"] == "cannot tell"  # summaries have no test, so that nothing says they are the same


def test_one_system_alone_has_figures_and_no_differences():
    record = measured(footnote=ours)
    assert record["gold_contained"]["figures"] == {"footnote": 1}
    assert not any("difference" in one for one in record.values())


def test_every_quote_is_counted():
    assert verbatim([Outcome("a", verbatim=(3, 3)), Outcome("b"), Outcome("c", verbatim=(1, 2))]) == "4 of 5"


def test_the_table_has_a_row_for_each_measure(record):
    text = format_table({"measures": record, "verbatim": {"naive": "78 of 78", "footnote": "80 of 80"}})
    rows = {line.split()[0]: line.split() for line in text.splitlines()}
    assert rows["measure"][1:3] == ["footnote", "naive"]
    assert rows["false_answers"][1:3] == ["0.00", "0.97"]
    assert rows["false_answers"][-1] == "better"
    assert rows["quotes_gold_at_1"] == ["quotes_gold_at_1", "0.00", "-"]
    assert rows["answer_words"] == ["answer_words", "2.0", "4.5"]
    assert rows["verbatim"] == ["verbatim", "80", "of", "80", "78", "of", "78"]
    assert set(record) <= set(rows)


def test_an_interval_has_its_signs():
    one = {"difference": -0.125, "low": -0.25, "high": 0.0}
    assert interval(one, "cited") == "-0.12 (-0.25 to +0.00)"
    assert interval(one, "tokens_read") == "-0.1 (-0.2 to +0.0)"
    assert interval({}, "cited") == ""


def test_answers_stand_side_by_side():
    case = CASES[0]
    dropped = (Statement("In 1950.", problems=("1950 is not there",)),)
    text = side_by_side(
        case,
        {"naive": refused(case), "footnote": answered(case, "In 1848.", GOLD, dropped=dropped, reason="Left out.")},
    )
    lines = [line.strip() for line in text.splitlines()]
    assert lines[1:4] == ["yes 0: When?", "expected: 1848", "--- footnote, 1.0 s, confidence 1.0"]
    assert "In 1848. [1]" in lines
    assert f"[1] A: {GOLD.text}" in lines
    assert "left out: In 1950. (1950 is not there)" in lines
    assert "--- naive, 0.5 s, confidence 0.0 REFUSED" in lines
    assert lines[-1] == "No."
    assert "(not answerable)" in side_by_side(CASES[-1], {})


def test_columns_are_left_as_they_are():
    outcomes = [theirs(case) for case in CASES]
    columns = tabulate(CASES, outcomes, lambda *_: "supported")
    before = {name: column.copy() for name, column in columns.items()}
    measure({"naive": columns}, {"naive": outcomes})
    assert all(np.array_equal(before[name], columns[name], equal_nan=True) for name in columns)
