"""Hand-written question sets: both forms read alike, and every fault is named with its place."""

from dataclasses import FrozenInstanceError

import pytest

from eval.questions import EvalCase, Evidence, load_questions
from schema import FootnoteError

YAML_SET = """\
- id: day
  question: "When was it published?"
  kind: date
  answers: ["12 October 2022", "12/10/2022"]
  evidence:
    - source: plan.pdf
      page: 2
      quote: "published on 12 October 2022"
- question: "What did it cost?"
  unanswerable: true
"""
CSV_SET = """\
id,question,kind,answers,source,page,quote,unanswerable
day,When was it published?,date,12 October 2022|12/10/2022,plan.pdf,2,published on 12 October 2022,
,What did it cost?,,,,,,yes
"""
CASES = (
    EvalCase(
        question_id="day",
        question="When was it published?",
        answers=("12 October 2022", "12/10/2022"),
        evidence=(Evidence("plan.pdf", 2, "published on 12 October 2022"),),
        kind="date",
    ),
    EvalCase(question_id="2", question="What did it cost?", unanswerable=True),
)


@pytest.fixture
def load(tmp_path):
    def load_text(text, name="set.yaml", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return load_questions(path)

    return load_text


@pytest.mark.parametrize(("text", "name"), [(YAML_SET, "set.yaml"), (YAML_SET, "SET.YML"), (CSV_SET, "set.csv")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_both_forms_give_the_same_cases(load, text, name, encoding, newline):
    assert load(text.replace("\n", newline), name, encoding) == CASES


def test_csv_columns_may_be_missing_and_cells_may_hold_line_breaks(load):
    cases = load('source,question\nplan.pdf,"When was\nit published?"\n\nmemo.txt, Who wrote it? \n', "set.csv")
    assert cases == (
        EvalCase("1", "When was\nit published?", evidence=(Evidence("plan.pdf"),)),
        EvalCase("2", "Who wrote it?", evidence=(Evidence("memo.txt"),)),
    )


def test_white_space_around_csv_cells_does_not_count(load):
    cases = load("question,source,page,unanswerable\nWho?, plan.pdf , 2 , No \nWhy?,,, TRUE \n", "set.csv")
    assert cases == (
        EvalCase("1", "Who?", evidence=(Evidence("plan.pdf", 2),)),
        EvalCase("2", "Why?", unanswerable=True),
    )


def test_a_case_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        CASES[0].question = "another"


QUESTION = '- question: "Who?"\n  '

YAML_FAULTS = [
    ("", "a question set is a list"),
    ("[]", "holds no questions"),
    ("question: Who?", "a question set is a list"),
    ("- [Who]", "line 1: ['Who'] is not a set of fields"),
    ("- id: a\n- id: b: c", "line 2: this is not YAML"),
    ("- question: 2022-99-99", "this is not YAML that holds questions"),
    ("[" * 5000, "this is not YAML that holds questions"),
    ("# a\n- question: \x07", "line 2: this is not YAML: special characters are not allowed"),
    ("- &loop\n  question: [*loop]\n  answers: [x]", "line 1, field question:"),
    ("&loop\n- *loop", "line 1: [[[[[[[...]]]]]]] is not a set of fields"),
    ("# first\n- answers: [x]", "line 2, field question: None is not text"),
    ('- question: " "\n  answers: [x]', "field question: ' ' is not text"),
    (QUESTION + "answer: [x]", "field answer: unknown; there are id, question, kind, answers, evidence, unanswerable"),
    (QUESTION + "answers: x", "field answers: 'x' is not a list"),
    (QUESTION + "answers: [2018]", "field answers: 2018 is not text; put it in quotation marks"),
    (QUESTION + "answers: [2022-10-12]", "field answers: datetime.date(2022, 10, 12) is not text"),
    (QUESTION + "answers: [x]\n  answers: [z]", "line 1, field answers: it stands there twice"),
    (QUESTION + "answers: [x]\n  id: 7", "field id: 7 is not text"),
    (QUESTION + "answers: [x]\n  kind: []", "field kind: [] is not text"),
    (QUESTION + "answers: []", "field unanswerable: without it, give answers or evidence"),
    (QUESTION + "answers: [x]\n  unanswerable: true", "field unanswerable: it can't go with answers or evidence"),
    (QUESTION + "unanswerable: maybe", "field unanswerable: 'maybe' is neither true nor false"),
    (
        QUESTION + "evidence: [{source: a, sheet: 1}]",
        "field evidence, field sheet: unknown; there are source, page, quote",
    ),
    (QUESTION + "evidence: [a.md]", "field evidence: 'a.md' is not a set of fields"),
    (QUESTION + "evidence: [{quote: x}]", "field source: None is not text"),
    (QUESTION + "evidence: [{source: a, source: b}]", "field source: it stands there twice"),
    (QUESTION + "evidence: [{source: a, page: 0}]", "field page: 0 is not a whole number from 1"),
    (QUESTION + "evidence: [{source: a, page: true}]", "field page: True is not a whole number from 1"),
    (QUESTION + "evidence: [{source: a, quote: 12}]", "field quote: 12 is not text"),
    (YAML_SET + '- question: "Who?"\n  answers: [x]\n  id: day', "line 11, field id: 'day' is the id of line 1 already"),
    (YAML_SET + '- question: "Who?"\n  answers: [x]\n  id: "2"', "line 11, field id: '2' is the id of line 9 already"),
]


@pytest.mark.parametrize(("text", "fault"), YAML_FAULTS)
def test_yaml_faults_are_named_with_file_and_place(load, text, fault):
    with pytest.raises(FootnoteError) as caught:
        load(text)
    assert "set.yaml" in str(caught.value)
    assert fault in str(caught.value)


CSV_FAULTS = [
    ("", "line 1: the column question is missing"),
    ("question,answers\n", "holds no questions"),
    ("question;answers,source\nWho?;x", "line 1, column 'question;answers': unknown; there are id, question"),
    ("question,answers,answers\n", "line 1, column 'answers': it stands there twice"),
    ("question,answers\nWho?,x,y", "line 2: the row has more cells (3) than the first line (2)"),
    ("question,answers\nWho?", "line 2: the row has fewer cells (1) than the first line (2)"),
    ('question,answers\nWho?,"x', "line 2: this is not CSV"),
    ("question,answers\n,x", "line 2, field question: None is not text"),
    ("question,answers\nWho?,x||z", "line 2, field answers: '' is not text"),
    ("question,source,page\nWho?,a.pdf,two", "line 2, field page: 'two' is not a whole number from 1"),
    ("question,source,page\nWho?,a.pdf," + "9" * 5000, "field page: '999"),
    ("question,page\nWho?,2", "line 2, field source: None is not text"),
    ("question,unanswerable\nWho?,maybe", "line 2, field unanswerable: 'maybe' is neither true nor false"),
    ("id,question,answers\na,Who?,x\na,Why?,z", "line 3, field id: 'a' is the id of line 2 already"),
]


@pytest.mark.parametrize(("text", "fault"), CSV_FAULTS)
def test_csv_faults_are_named_with_file_and_line(load, text, fault):
    with pytest.raises(FootnoteError) as caught:
        load(text, "set.csv")
    assert "set.csv" in str(caught.value)
    assert fault in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(load, tmp_path):
    with pytest.raises(FootnoteError, match=r"set\.csv, line 2: this is not UTF-8; save the file"):
        load(b"question\n\xff", "set.csv")
    with pytest.raises(FootnoteError, match=r"can't be read: .*none\.yaml: No such file"):
        load_questions(tmp_path / "none.yaml")
    with pytest.raises(
        FootnoteError, match=r"set\.json is not a question set: its name should end in \.yaml, \.yml, \.csv"
    ):
        load("[]", "set.json")
