"""Question sets that are started for a person: what is filled in, what is refused until it is, and the way back."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval.sets.drafting import draft_from_feedback, draft_from_sources, write_draft
from eval.sets.questions import (
    ANSWER_PLACEHOLDER,
    PLACEHOLDERS,
    QUESTION_PLACEHOLDER,
    TOGETHER,
    EvalCase,
    Evidence,
    load_questions,
)
from eval.sets.rows import case_to_row, write_rows
from feedback import Feedback
from schema import FootnoteError, Source, SourceInfo, Turn

SUFFIXES = [".yaml", ".yml", ".csv", ".jsonl"]


def info(path, characters=100):
    source = Source("default", path, path.partition(".")[0].title(), None, "")
    return SourceInfo(source, characters, 0, 0, 1, "indexed", "", "")


@pytest.fixture
def load(tmp_path):
    def load_text(text, suffix):
        path = tmp_path / f"set{suffix}"
        path.write_bytes(text.encode())
        return load_questions(path)

    return load_text


# From the documents


def places(rows):
    return [(row["evidence"][0]["source"], row["evidence"][0].get("page")) for row in rows if "evidence" in row]


def test_rows_are_spread_over_documents_and_pages():
    infos = [info("plan.pdf"), info("memo.txt"), info("scan.pdf", characters=0), info("short.pdf")]
    rows = draft_from_sources(infos, {"default/plan.pdf": 9, "default/memo.txt": 0, "default/short.pdf": 1}, 3)
    assert places(rows) == [
        ("default/plan.pdf", 2),
        ("default/plan.pdf", 5),
        ("default/plan.pdf", 8),
        *[("default/memo.txt", None)] * 3,
        *[("default/short.pdf", 1)] * 3,
    ]
    assert rows[0] == {
        "id": "q1",
        "question": QUESTION_PLACEHOLDER,
        "answers": [ANSWER_PLACEHOLDER],
        "evidence": [{"source": "default/plan.pdf", "page": 2}],
        "note": "Plan",
    }
    assert [row["id"] for row in rows] == [f"q{number}" for number in range(1, 11)]


@given(count=st.integers(1, 1000), per_source=st.integers(1, 30))
def test_pages_exist_and_repeat_only_when_there_are_too_few(count, per_source):
    pages = [
        page for _, page in places(draft_from_sources([info("plan.pdf")], {"default/plan.pdf": count}, per_source))
    ]
    assert len(pages) == per_source
    assert 1 <= min(pages) <= max(pages) <= count
    assert pages == sorted(pages)
    assert len(set(pages)) == min(count, per_source)


@pytest.mark.parametrize(
    ("documents", "per_source", "refusals"), [(0, 3, 0), (1, 1, 1), (5, 1, 1), (5, 2, 2), (20, 2, 8)]
)
def test_some_rows_are_to_be_unanswerable(documents, per_source, refusals):
    rows = draft_from_sources([info(f"{number}.md") for number in range(documents)], {}, per_source)
    assert len(rows) == documents * per_source + refusals
    assert [row for row in rows if row.get("unanswerable")] == rows[documents * per_source :]
    assert all(row["question"] == QUESTION_PLACEHOLDER for row in rows)


# The files


def refused(load, text, suffix):
    with pytest.raises(FootnoteError) as caught:
        load(text, suffix)
    return [line.rpartition(f"set{suffix}, ")[2] for line in str(caught.value).split("\n")]


WRITE = "field question: still the template's placeholder; write a question or delete the row"
EXAMPLE = "field question: still the template's example; delete the row"


@pytest.mark.parametrize(
    ("suffix", "faults"),
    [
        (".yaml", [f"line 17, {WRITE}", f"line 25, {WRITE}"]),
        (".csv", [*(f"line {line}, {EXAMPLE}" for line in (2, 3, 5)), f"line 6, {WRITE}", f"line 7, {WRITE}"]),
        (".jsonl", [*(f"line {line}, {EXAMPLE}" for line in (1, 2, 3)), f"line 4, {WRITE}", f"line 5, {WRITE}"]),
    ],
)
def test_a_draft_is_refused_row_by_row_until_it_is_filled_in(load, suffix, faults):
    draft = write_draft(draft_from_sources([info("plan.pdf")], {}, 1), suffix)
    assert refused(load, draft, suffix) == faults


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_draft_that_is_filled_in_is_a_question_set(load, suffix):
    rows = draft_from_sources([info("plan.pdf")], {"default/plan.pdf": 3}, 1)
    rows[0] |= {"question": 'Who "is": it?', "answers": ["Ann: a #1"]}
    with pytest.raises(FootnoteError, match=r"(?s)field question: still the template's placeholder; write a question"):
        load(write_rows(rows, suffix), suffix)
    rows[1] |= {"question": "What did it cost?"}
    assert load(write_rows(rows, suffix), suffix) == (
        EvalCase("q1", 'Who "is": it?', ("Ann: a #1",), (Evidence("default/plan.pdf", 2),)),
        EvalCase("q2", "What did it cost?", unanswerable=True),
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_examples_say_what_can_be_written(load, suffix):
    """With their mark taken off they are cases; YAML explains itself in comments instead."""
    text = write_draft([], suffix).replace("<<example>> ", "")
    if suffix in (".yaml", ".yml"):
        assert all(line.startswith("#") for line in text.splitlines() if line)
        assert all(f"\n#   {name} " in text for name in case_to_row(CASE) | {"note": "", "together": "", "history": ""})
        return
    assert load(text, suffix) == (
        EvalCase(
            "example-1",
            "When was the plan published?",
            ("12 October 2022", "12/10/2022"),
            (Evidence("plan.pdf", 2, "published on 12 October 2022"),),
            kind="date",
        ),
        EvalCase(
            "example-2",
            "Who heads the two bodies?",
            ("Ada Bell", "Carl Dean"),
            (Evidence("plan.pdf"), Evidence("reply.docx")),
            together=True,
        ),
        EvalCase("example-3", "What did the plan cost?", unanswerable=True),
    )


CASE = EvalCase("1", "Who?", ("Ann",), (Evidence("a.md"),), kind="name")


def test_yaml_keeps_words_in_quotation_marks_and_one_row_apart_from_the_next():
    text = write_draft([case_to_row(CASE), {"id": "no", "question": "7", "unanswerable": True}], ".yaml")
    assert text.endswith(
        '- id: "1"\n  question: "Who?"\n  kind: "name"\n  answers:\n    - "Ann"\n  evidence:\n    - source: "a.md"\n'
        '\n- id: "no"\n  question: "7"\n  unanswerable: true\n'
    )


def test_csv_is_marked_as_utf8_for_spreadsheets_and_no_cell_is_a_formula():
    evidence = [{"source": "-a.pdf", "page": 2}, {"source": "@b.pdf", "quote": "\tx"}]
    row = {"id": "+1", "question": "=1+1", "answers": ["'=x", "y"], "evidence": evidence, "note": "plain - text"}
    text = write_rows([row], ".csv")
    assert text.startswith("\ufeffid,question,kind,answers,source,page,quote,unanswerable,together,note\r\n")
    assert list(csv.reader(io.StringIO(text)))[1:] == [
        ["'+1", "'=1+1", "", "''=x|y", "'-a.pdf", "2", "", "", "", "plain - text"],
        ["", "", "", "", "'@b.pdf", "", "'\tx", "", "", ""],
    ]


def test_what_a_form_cannot_hold_is_said():
    with pytest.raises(FootnoteError) as caught:
        write_rows([{"id": "a", "question": "Who?", "answers": ["x", "y|z"]}], ".csv")
    assert (
        str(caught.value)
        == "Question a: the answer 'y|z' holds |, which stands between answers in CSV; use .yaml or .jsonl"
    )
    with pytest.raises(
        FootnoteError, match=r"no form of question set that ends in '\.xlsx'; use \.yaml, \.yml, \.csv, \.j"
    ):
        write_rows([], ".xlsx")


# There and back

WORDS = (
    st.one_of(
        st.text(min_size=1),
        st.builds(
            str.__add__, st.sampled_from(["=", "+", "-", "@", "'", "''", "'=", "no", "7", "# ", "- ", ": "]), st.text()
        ),
        st.sampled_from(
            [
                "a\u2028b",
                "a\x85b",
                "a\r\nb",
                "a\rb",
                'a"b',
                "a,b;c",
                "null",
                "true",
                "2022-10-12",
                "\u200b",
                "\ufeffa",
                "note",
            ]
        ),
    )
    .map(str.strip)
    .filter(lambda words: bool(words) and not any(mark in words for mark in PLACEHOLDERS))
)
EVIDENCE = st.builds(Evidence, WORDS, st.none() | st.integers(1, 999_999_999), st.just("") | WORDS)
KINDS = st.just("") | st.sampled_from(TOGETHER) | WORDS
ANSWERED = st.builds(
    EvalCase, st.just(""), WORDS, st.lists(WORDS, max_size=3).map(tuple), st.lists(EVIDENCE, max_size=3).map(tuple),
    st.just(False), KINDS, st.booleans(),
).filter(lambda case: bool(case.answers or case.evidence))  # fmt: skip
REFUSED = st.builds(EvalCase, st.just(""), WORDS, unanswerable=st.just(True), kind=KINDS, together=st.booleans())


@st.composite
def sets(draw):
    names = draw(st.lists(WORDS, min_size=1, max_size=5, unique=True))
    return tuple(
        EvalCase(name, case.question, case.answers, case.evidence, case.unanswerable, case.kind, case.together)
        for name in names
        for case in [draw(ANSWERED | REFUSED)]
    )


@pytest.mark.parametrize("suffix", [".yaml", ".jsonl", ".csv"])
@given(cases=sets())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_a_set_that_is_written_and_read_is_the_same_set(load, suffix, cases):
    if suffix == ".csv" and any("|" in answer for case in cases for answer in case.answers):
        cases = tuple(case for case in cases if not any("|" in answer for answer in case.answers))
        if not cases:
            return
    assert load(write_rows([case_to_row(case) for case in cases], suffix), suffix) == cases
    assert load(write_draft([case_to_row(case) for case in cases], ".yaml"), ".yaml") == cases


FOLLOW_UP = EvalCase("why", "Why?", ("x",), history=(Turn("Who: was it?", "Ann #1"), Turn("7", "")))


@pytest.mark.parametrize("suffix", [".yaml", ".jsonl"])
def test_a_conversation_that_is_written_and_read_is_the_same(load, suffix):
    assert load(write_rows([case_to_row(FOLLOW_UP)], suffix), suffix) == (FOLLOW_UP,)


def test_a_conversation_has_no_place_in_csv():
    with pytest.raises(FootnoteError) as caught:
        write_rows([case_to_row(FOLLOW_UP)], ".csv")
    assert str(caught.value) == "Question why: its history has no column in CSV; use .yaml or .jsonl"


@given(cells=st.lists(st.text(st.sampled_from("'=+-@＝＠ab"), min_size=1, max_size=5), min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_written_cell_begins_as_a_formula_and_its_words_come_back(load, cells):
    cases = tuple(EvalCase(str(number), cell, (cell,)) for number, cell in enumerate(cells))
    text = write_rows([case_to_row(case) for case in cases], ".csv")
    assert not [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell[:1] in tuple("=+-@\t\r＝＠")]
    assert load(text, ".csv") == cases


def test_a_case_keeps_whether_answers_go_together_only_where_its_kind_does_not_say():
    assert "together" not in case_to_row(EvalCase("1", "Who?", ("x",), kind="comparison", together=True))
    assert case_to_row(EvalCase("1", "Who?", ("x",), kind="comparison"))["together"] is False
    assert case_to_row(EvalCase("1", "Who?", ("x",), together=True))["together"] is True


# From feedback


def down(question, comment="", citations=(), wrong=()):
    return Feedback(question, "Some answer.", "down", tuple(wrong), comment, tuple(citations), at="2026-05-04T10:00:00")


PLAN = {"source": "default/plan.pdf", "page": 2, "start": 5, "end": 9, "quote": "on 12 May", "number": 1}
MEMO = {"source": "default/memo.txt", "page": None, "start": 0, "end": 4, "quote": "It was", "number": 2}


def test_a_thumbs_down_becomes_a_row_with_what_was_cited_and_said(load):
    rows = draft_from_feedback([down(" When? ", "It was in June. ", [PLAN, MEMO])])
    assert rows == [
        {
            "id": "feedback-ddc4d585",
            "question": "When?",
            "kind": "feedback",
            "answers": [ANSWER_PLACEHOLDER],
            "evidence": [
                {"source": "default/plan.pdf", "page": 2, "quote": "on 12 May"},
                {"source": "default/memo.txt", "quote": "It was"},
            ],
            "note": "It was in June.",
        }
    ]
    for suffix in SUFFIXES:
        told = refused(load, write_rows(rows, suffix), suffix)
        assert [line.partition(", ")[2] for line in told] == [
            "field answers: still the template's placeholder; write the answer or delete the row"
        ]
        text = write_rows(rows, suffix).replace(ANSWER_PLACEHOLDER, "12 June")
        assert load(text, suffix)[0].evidence == (
            Evidence("default/plan.pdf", 2, "on 12 May"),
            Evidence("default/memo.txt", None, "It was"),
        )


def test_thumbs_up_are_left_alone():
    assert draft_from_feedback([Feedback("When?", "In May.", "up")]) == []


def test_citations_that_were_marked_wrong_are_no_evidence():
    (row,) = draft_from_feedback([down("When?", citations=[PLAN, MEMO], wrong=[1])])
    assert row["evidence"] == [{"source": "default/memo.txt", "quote": "It was"}]
    (row,) = draft_from_feedback([down("When?", citations=[PLAN, {"quote": "without a source"}], wrong=[1])])
    assert {"evidence", "note"}.isdisjoint(row)


def test_the_same_question_twice_is_one_row_with_all_that_was_said():
    rows = draft_from_feedback([
        down("When was it?", "Wrong year.", [PLAN]),
        down("Who was it?"),
        down(" when  WAS it? ", "Look in the memo.", [PLAN, MEMO]),
    ])  # fmt: skip
    assert [row["question"] for row in rows] == ["When was it?", "Who was it?"]
    assert rows[0]["note"] == "Wrong year.\nLook in the memo."
    assert [found["source"] for found in rows[0]["evidence"]] == ["default/plan.pdf", "default/memo.txt"]
    later = draft_from_feedback([down("Who was it?"), down("WHEN was it?")])
    assert [row["id"] for row in later] == [rows[1]["id"], rows[0]["id"]]
    assert rows[0]["id"] != rows[1]["id"]


def test_halves_of_characters_do_not_reach_the_file():
    text = write_rows(draft_from_feedback([down("When\ud800?", "No\udfff")]), ".jsonl")
    assert "When??" in text.encode().decode()
    assert "No?" in text
