"""Cases and outcomes as JSON: what goes out comes back, and a fault names its place and field."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.outcomes import case_to_record, outcome_to_record, parse_case, parse_outcome
from eval.records import EvalCase, Evidence, Outcome, Span, Statement
from schema import FootnoteError, Turn

QUOTE = Span("default/plan.pdf", "on 12 October", "The plan", "2022-10", 2, 10, 23, 4.5)
PASSAGE = replace(QUOTE, text="It was published on 12 October.", start=0, end=31, seen_by_model=True)
OUTCOME = Outcome(
    "day",
    answer="On 12 October.",
    reason="Left out: 1 sentence(s).",
    sentences=(Statement("On 12 October.", (1,), "supported", 0.9),),
    citations=(QUOTE,),
    quotes=(QUOTE, replace(QUOTE, page=None, date=None)),
    passages=(PASSAGE,),
    dropped=(Statement("In Wales.", (), "unsupported", 0.1, ("The name 'wales' is not in the cited text.",)),),
    confidence=-2.25,
    timings={"total_ms": 12.5},
    tokens_read=200,
    tokens_written=0,
    verbatim=(3, 3),
)

words = st.text(max_size=8)
names = st.text(min_size=1, max_size=8)
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
wholes = st.none() | st.integers(0, 10**6)
spans = st.builds(
    Span, names, words, words, st.none() | names, wholes, wholes, wholes, numbers, st.none() | st.booleans()
)
statements = st.builds(
    Statement,
    names,
    st.lists(st.integers(1, 99), max_size=3).map(tuple),
    st.sampled_from([None, "supported", "partly", "unsupported"]),
    numbers,
    st.lists(words, max_size=2).map(tuple),
)
outcomes = st.builds(
    Outcome,
    names,
    words,
    st.booleans(),
    words,
    *[st.lists(part, max_size=2).map(tuple) for part in (statements, spans, spans, spans, statements)],
    numbers,
    st.dictionaries(names, st.floats(0, 1e6), max_size=2),
    wholes,
    wholes,
    st.none() | st.tuples(st.integers(0, 5), st.integers(5, 9)),
    words,
)
cases = st.builds(
    EvalCase,
    names,
    names,
    st.lists(words, max_size=2).map(tuple),
    st.lists(
        st.builds(Evidence, names, st.none() | st.integers(1, 9), words, wholes, wholes, st.integers(1, 3)), max_size=2
    ).map(tuple),
    st.booleans(),
    words,
    st.booleans(),
    st.lists(st.builds(Turn, names, words), max_size=2).map(tuple),
)


@given(outcomes)
def test_an_outcome_comes_back_from_its_json_as_it_was(outcome):
    assert parse_outcome(json.loads(json.dumps(outcome_to_record(outcome))), "here") == outcome


@given(cases)
def test_a_case_comes_back_from_its_json_as_it_was(case):
    assert parse_case(json.loads(json.dumps(case_to_record(case))), "here") == case


def test_the_json_has_the_keys_of_an_answer():
    record = outcome_to_record(OUTCOME)
    assert list(record)[:4] == ["id", "answer", "abstained", "reason"]
    assert record["citations"] == [
        {"number": 1, "quote": "on 12 October", "source": "default/plan.pdf", "title": "The plan", "date": "2022-10",
         "page": 2, "start": 10, "end": 23, "score": 4.5, "seen_by_model": None, "warning": "", "marked": ""}
    ]  # fmt: skip
    assert [one["number"] for one in record["quotes"]] == [1, 2]
    assert (record["passages"][0]["rank"], record["passages"][0]["text"]) == (1, "It was published on 12 October.")
    assert list(record["sentences"]) == [
        {"text": "On 12 October.", "citations": (1,), "support": "supported", "score": 0.9, "problems": ()}
    ]
    assert parse_outcome(record, "here") == OUTCOME


def test_the_keys_of_a_case_and_of_its_outcome_differ_but_for_the_id():
    assert set(case_to_record(EvalCase("day", "When?"))) & set(outcome_to_record(OUTCOME)) == {"id"}


def test_a_system_that_shows_little_gives_an_outcome_and_one_that_says_more_is_understood():
    assert parse_outcome({"id": "a"}, "here") == Outcome("a")
    record = {"id": "a", "answer": None, "model": "other", "timings": {"total_ms": None}, "quotes": [{"source": "x"}]}
    assert parse_outcome(record, "here") == Outcome("a", quotes=(Span("x"),))


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ([], "here: [] is not a JSON object"),
        ({}, "here, field id: None is not text"),
        ({"id": ""}, "here, field id: '' is not text"),
        ({"id": 3}, "here, field id: 3 is not text"),
        ({"id": "a", "answer": 5}, "here, field answer: 5 is not text"),
        ({"id": "a", "abstained": "no"}, "here, field abstained: 'no' is not true or false"),
        ({"id": "a", "confidence": "high"}, "here, field confidence: 'high' is not a number"),
        ({"id": "a", "confidence": True}, "here, field confidence: True is not a number"),
        ({"id": "a", "confidence": 1e999}, "here, field confidence: inf is not a number"),
        ({"id": "a", "tokens_read": -1}, "here, field tokens_read: -1 is not a whole number from 0"),
        ({"id": "a", "tokens_read": 1.0}, "here, field tokens_read: 1.0 is not a whole number from 0"),
        ({"id": "a", "verbatim": [2, 1]}, "here, field verbatim: [2, 1] is not a pair such as [3, 3]: how many of how"),
        ({"id": "a", "timings": [1]}, "here, field timings: [1] is not a JSON object"),
        ({"id": "a", "timings": {"x": "1"}}, "here, field timings, field x: '1' is not a number"),
        ({"id": "a", "quotes": {}}, "here, field quotes: {} is not a list"),
        ({"id": "a", "quotes": ["x"]}, "here, field quotes, item 1: 'x' is not a JSON object"),
        ({"id": "a", "passages": [{"source": "s"}, {}]}, "here, field passages, item 2, field source: None"),
        ({"id": "a", "sentences": [{"text": "t", "support": "maybe"}]}, "item 1, field support: 'maybe' is not suppo"),
        ({"id": "a", "sentences": [{"text": "t", "citations": [0]}]}, "field citations: 0 is not a whole"),
    ],
)  # fmt: skip
def test_a_fault_of_an_outcome_names_place_and_field(record, fault):
    with pytest.raises(FootnoteError) as error:
        parse_outcome(record, "here")
    assert fault in str(error.value)


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ({"id": "a"}, "here, field question: None is not text"),
        ({"id": "a", "question": "Q?", "answers": "x"}, "here, field answers: 'x' is not a list"),
        ({"id": "a", "question": "Q?", "answers": [1]}, "here, field answers: 1 is not text"),
        ({"id": "a", "question": "Q?", "evidence": [{}]}, "here, field evidence, item 1, field source: None is not te"),
        ({"id": "a", "question": "Q?", "evidence": [{"source": "s", "page": 0}]}, "field page: 0 is not a whole"),
        ({"id": "a", "question": "Q?", "evidence": [{"source": "s", "grade": 0}]}, "field grade: 0 is not a whole"),
    ],
)  # fmt: skip
def test_a_fault_of_a_case_names_place_and_field(record, fault):
    with pytest.raises(FootnoteError) as error:
        parse_case(record, "here")
    assert fault in str(error.value)
