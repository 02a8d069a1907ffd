"""Support, time and cost: by hand."""

import numpy as np
import pytest

from eval.measures import SUMMARIES, find, summarise, tabulate
from eval.records import EvalCase, Outcome, Span, Statement

CASE = EvalCase("1", "q", ("red",))
SHARES = ("supported_sentences", "partly_sentences", "unsupported_sentences")


def by_length(sentence, texts, question):
    return "partly" if len(texts) == 1 else "supported"


def values(outcome, *groups, case=CASE):
    columns = tabulate([case], [outcome], by_length, groups=groups)
    return {name: None if np.isnan(column[0]) else float(column[0]) for name, column in columns.items()}


@pytest.mark.parametrize(
    ("verdicts", "shares"),
    [
        (["supported"], (1, 0, 0)),
        (["supported", "partly", "unsupported", "supported"], (2 / 4, 1 / 4, 1 / 4)),
        (["unsupported", "unsupported"], (0, 0, 1)),
    ],
)
def test_a_system_says_itself_how_its_sentences_are_supported(verdicts, shares):
    outcome = Outcome("1", "x", sentences=tuple(Statement("x", (), verdict) for verdict in verdicts))
    assert tuple(values(outcome, "support")[name] for name in SHARES) == shares


def test_the_checker_speaks_where_a_system_does_not():
    sentences = (Statement("x", (1, 2)), Statement("x", (1,)), Statement("x", (7,)), Statement("x", (), "supported"))
    outcome = Outcome("1", "x", sentences=sentences, citations=(Span("a", "b"), Span("a", "c")))
    assert tuple(values(outcome, "support")[name] for name in SHARES) == (2 / 4, 1 / 4, 1 / 4)


def test_a_refusal_has_no_sentences_and_may_have_dropped_some():
    outcome = Outcome("1", "No.", abstained=True, dropped=(Statement("x"), Statement("y")))
    found = values(outcome, "support")
    assert [found[name] for name in SHARES] == [None, None, None]
    assert found["dropped_sentences"] == 2


def test_times_are_seconds_of_the_stages_that_ran():
    timings = {"retrieve_ms": 20.0, "quotes_ms": 250.0, "total_ms": 1500.0, "others_ms": 7.0}
    assert values(Outcome("1", timings=timings), "time") == {
        "total_s": 1.5,
        "retrieve_s": 0.02,
        "rerank_s": None,
        "quotes_s": 0.25,
        "first_token_s": None,
    }


def test_costs_are_tokens():
    wanted = {"tokens_read": 900, "tokens_written": 40}
    assert values(Outcome("1", tokens_read=900, tokens_written=40), "cost") == wanted
    assert values(Outcome("1"), "cost") == {"tokens_read": None, "tokens_written": None}


def test_percentiles_lie_between_values_by_proportion():
    seconds = np.array([4.0, np.nan, 1.0, 2.0, 3.0, 5.0])  # of 1 to 5 the middle is 3, and 0.95 lies at 1 + 0.95 * 4
    columns = {name: seconds for name in ("total_s", "retrieve_s", "rerank_s", "quotes_s", "first_token_s")}
    figures = summarise(columns)
    names = [one.name for one in SUMMARIES if one.group == "time"]
    assert names == [
        *("p50_s", "p95_s", "retrieve_p50_s", "retrieve_p95_s", "rerank_p50_s", "rerank_p95_s"),
        *("quotes_p50_s", "quotes_p95_s", "first_token_p50_s", "first_token_p95_s"),
    ]
    assert [figures[name] for name in names] == pytest.approx([3.0, 4.8] * 5)
    assert figures["total_s"] == 3.0


def test_a_stage_that_never_ran_has_no_percentile():
    assert find("rerank_p95_s").value({"rerank_s": np.full(3, np.nan)}) is None
    assert find("rerank_p95_s").value({}) is None
