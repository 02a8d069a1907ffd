"""Hand-written question sets: all forms read alike, and every fault is named with its place."""

import hashlib
import json
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval.sets.questions import EvalCase, Evidence, load_questions, questions_sha
from schema import FootnoteError, Turn

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
EUROPEAN_SET = """\
Question ; ID;answers;source;page;quote;unanswerable;kind
When was it published?;day;12 October 2022|12/10/2022;plan.pdf;2;published on 12 October 2022;;date
What did it cost?;;;;;;yes;
"""
JSONL_SET = """\
{"id": "day", "question": "When was it published?", "kind": "date", "answers": ["12 October 2022", "12/10/2022"], \
"evidence": [{"source": "plan.pdf", "page": 2, "quote": "published on 12 October 2022"}]}

{"question": "What did it cost?", "unanswerable": true, "answers": null, "kind": null}
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


FORMS = [
    (YAML_SET, "set.yaml"),
    (YAML_SET, "SET.YML"),
    (CSV_SET, "set.csv"),
    (EUROPEAN_SET, "set.csv"),
    (JSONL_SET, "set.jsonl"),
]


@pytest.mark.parametrize(("text", "name"), FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_all_forms_give_the_same_cases(load, text, name, encoding, newline):
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


def test_a_csv_row_with_a_source_alone_is_more_evidence_for_the_row_above(load):
    cases = load("question,kind,source,page\nWho?,comparison,plan.pdf,2\n,,memo.txt,\n,,,\nWhy?,,a.md,\n", "set.csv")
    assert cases == (
        EvalCase(
            "1", "Who?", evidence=(Evidence("plan.pdf", 2), Evidence("memo.txt")), kind="comparison", together=True
        ),
        EvalCase("2", "Why?", evidence=(Evidence("a.md"),)),
    )


def test_an_apostrophe_is_taken_from_cells_that_it_keeps_from_being_formulas(load):
    cells = ("'=1+1", "''-x", "'til May", "'")
    cases = load("question,answers\n" + "".join(f"{cell},x\n" for cell in cells), "set.csv")
    assert [case.question for case in cases] == ["=1+1", "'-x", "'til May", "'"]


def test_line_separators_inside_json_do_not_end_its_line(load):
    assert load('{"question": "a\u2028b\x85c", "answers": ["x"]}', "set.jsonl")[0].question == "a\u2028b\x85c"


@pytest.mark.parametrize(
    ("kind", "together", "expected"),
    [
        ("comparison", None, True),
        ("disagreement", None, True),
        ("date", None, False),
        (None, None, False),
        ("comparison", False, False),
        ("date", True, True),
    ],
)
def test_answers_are_wanted_together_by_kind_unless_the_question_says_otherwise(load, kind, together, expected):
    item = {"question": "Who?", "answers": ["x"], "kind": kind, "together": together}
    assert load(json.dumps(item), "set.jsonl")[0].together is expected
    row = f"question,answers,kind,together\nWho?,x,{kind or ''},{'' if together is None else str(together).upper()}\n"
    assert load(row, "set.csv")[0].together is expected


def test_a_note_is_for_people_and_not_kept(load):
    plain = load('{"question": "Who?", "answers": ["x"]}', "set.jsonl")
    assert load('{"question": "Who?", "answers": ["x"], "note": "ask Ann"}', "set.jsonl") == plain
    assert load("question,answers,note\nWho?,x,ask Ann\n", "set.csv") == plain
    assert load("- question: Who?\n  answers: [x]\n  note: 7") == plain


def test_the_hash_of_a_set_is_that_of_its_cases(load):
    canonical = (
        '[{"answers":[],"evidence":[],"kind":"","question":"Wie sp\\u00e4t?","question_id":"1","together":false,'
        '"unanswerable":true}]'
    )
    expected = hashlib.sha256(canonical.encode()).hexdigest()[:16]
    assert questions_sha([EvalCase("1", "Wie spät?", unanswerable=True)]) == expected
    assert {questions_sha(load(text, name)) for text, name in FORMS} == {questions_sha(CASES)}
    assert questions_sha(reversed(CASES)) == questions_sha(CASES)


FOLLOW_UP = """\
- id: chief
  question: "Who is its Chief Executive?"
  answers: ["Richard Torbett"]
  history:
    - question: "What did the ABPI announce? "
      answer: "A full report."
    - {question: "When?"}
"""


def test_a_follow_up_holds_the_turns_before_it_oldest_first(load):
    turns = (Turn("What did the ABPI announce?", "A full report."), Turn("When?", ""))
    case = EvalCase("chief", "Who is its Chief Executive?", ("Richard Torbett",), history=turns)
    assert load(FOLLOW_UP) == (case,)
    record = {"id": "chief", "question": case.question, "answers": ["Richard Torbett"]}
    record["history"] = [{"question": turns[0].question, "answer": "A full report."}, {"question": "When?"}]
    assert load(json.dumps(record), "set.jsonl") == (case,)
    assert load(FOLLOW_UP.partition("  history:")[0] + "  history: []\n") == (replace(case, history=()),)


@pytest.mark.parametrize(
    "change",
    [
        {"question_id": "date"},
        {"question": "When?"},
        {"answers": ("12 October 2022",)},
        {"evidence": (Evidence("plan.pdf", 3, "published on 12 October 2022"),)},
        {"kind": ""},
        {"together": True},
        {"history": (Turn("Who?", ""),)},
    ],
)
def test_the_hash_of_a_set_changes_with_anything_that_is_expected(change):
    assert questions_sha((replace(CASES[0], **change), CASES[1])) != questions_sha(CASES)


def test_a_case_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        CASES[0].question = "another"


QUESTION = '- question: "Who?"\n  '

PLACEHOLDER = "still the template's placeholder; "

YAML_FAULTS = [
    ('- question: "<<write a question>>"', f"line 1, field question: {PLACEHOLDER}write a question or delete the row"),
    ('- question: "<<example>> Who?"', "line 1, field question: still the template's example; delete the row"),
    ('- question: "\\ud800?"', "line 1, field question: '\\ud800?' holds half of a character"),
    (QUESTION + "answers: [x]\n  together: [x]", "line 1, field together: ['x'] is neither true nor false"),
    ("- question: Who?\n  answers: [x]\n- question: 2022-99-99", "line 3: this is not YAML that holds questions: "),
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
    (QUESTION + "answers: [x]\n  history: Why?", "line 1, field history: 'Why?' is not a list"),
    (
        QUESTION + "answers: [x]\n  history: [Why]",
        "line 1, field history, turn 1: 'Why' is not a set of fields",
    ),
    (QUESTION + "answers: [x]\n  history: [{answer: x}]", "line 1, field history, turn 1, field question: None is not"),
    (
        QUESTION + "answers: [x]\n  history: [{question: x}, {question: x, answer: 7}]",
        "line 1, field history, turn 2, field answer: 7 is not text",
    ),
    (
        QUESTION + "answers: [x]\n  history: [{question: x, source: a}]",
        "line 1, field history, turn 1, field source: unknown; there are question, answer",
    ),
    (
        QUESTION + "answers: [x]\n  history: [{question: x, question: z}]",
        "line 1, field question: it stands there twice",
    ),
    (
        YAML_SET + '- question: "Who?"\n  answers: [x]\n  id: day',
        "line 11, field id: 'day' is the id of line 1 already",
    ),
    (YAML_SET + '- question: "Who?"\n  answers: [x]\n  id: "2"', "line 11, field id: '2' is the id of line 9 already"),
]


@pytest.mark.parametrize(("text", "fault"), YAML_FAULTS)
def test_yaml_faults_are_named_with_file_and_place(load, text, fault):
    with pytest.raises(FootnoteError) as caught:
        load(text)
    assert "set.yaml" in str(caught.value)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


JSONL_FAULTS = [
    ("", "holds no questions"),
    (
        '{"question": "Who?", "answers": ["x"]}\n{"question": "Wh',
        "line 2: this is not a whole line of JSON: Unterminated",
    ),
    ("[1]", "line 1: this is not a JSON object"),
    ("[" * 100_000, "line 1: this is not a whole line of JSON: "),
    ('{"question": "Who?", "question": "Why?"}', "line 1, field question: it stands there twice"),
    ('{"question": "Who?", "answers": ["x", 7]}', "line 1, field answers: 7 is not text"),
    ('{"question": "\\ud83d?"}', "line 1: \\u begins half of a character here, without the other half"),
    (b'{"question": "Who?", "answers": ["x"]}\n"\xff"', "line 2: this is not UTF-8; save the file"),
    ('\n\n{"questions": "Who?"}', "line 3, field questions: unknown; there are id, question"),
]


@pytest.mark.parametrize(("text", "fault"), JSONL_FAULTS)
def test_json_faults_are_named_with_file_and_line(load, text, fault):
    with pytest.raises(FootnoteError) as caught:
        load(text, "set.jsonl")
    assert f"set.jsonl, {fault}" in str(caught.value) or (f"set.jsonl {fault}") in str(caught.value)
    assert "\n" not in str(caught.value)


CSV_FAULTS = [
    ("", "line 1: the column question is missing"),
    ("question,answers\n", "holds no questions"),
    ("\ufeffid,answers\n1,x\n", "line 1: the column question is missing"),
    ("question,answers\nWho?,<<write the answer>>", f"line 2, field answers: {PLACEHOLDER}write the answer or"),
    ('question,answers\n"Who\nis it?",x\n,z', "line 4, field question: None is not text"),
    ("question,answers,together\nWho?,x,2", "line 2, field together: '2' is neither true nor false"),
    ("question;answers,source\nWho?;x", "line 1, column 'question;answers': unknown; there are id, question"),
    ("question,answers,answers\n", "line 1, column 'answers': it stands there twice"),
    ("question,answers\nWho?,x,y", "line 2: the row has more cells (3) than the first line (2)"),
    ("question,answers\nWho?", "line 2: the row has fewer cells (1) than the first line (2)"),
    ('question,answers\nWho?,"x\nWhy?,z\n', "line 2: this is not CSV: a quotation mark opens here and is not closed"),
    ('question,answers\nWhy?,z\n"Who?" he asked,x', "line 3: this is not CSV: ',' expected after '\"'"),
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
    assert "\n" not in str(caught.value)


def test_all_faults_of_a_file_are_told_at_once_a_line_each(load, tmp_path):
    rows = ["Who?,<<write the answer>>", "Why?,x", ",x", "a,b,c", 'When?,"']
    with pytest.raises(FootnoteError) as caught:
        load("question,answers\n" + "\n".join(rows), "set.csv")
    place = f"{tmp_path / 'set.csv'}, line"
    assert sorted(str(caught.value).split("\n")) == [
        f"{place} 2, field answers: {PLACEHOLDER}write the answer or delete the row",
        f"{place} 4, field question: None is not text; put it in quotation marks",
        f"{place} 5: the row has more cells (3) than the first line (2); "
        "a cell that holds a separator stands in quotation marks",
        f"{place} 6: this is not CSV: a quotation mark opens here and is not closed",
    ]


def faults_of(load, text):
    with pytest.raises(FootnoteError) as caught:
        load(text)
    return str(caught.value).split("\n")


@pytest.mark.parametrize(("rows", "last"), [(20, "line 20, "), (21, "and 1 more"), (5000, "and 4980 more")])
def test_no_more_than_twenty_faults_are_told(load, rows, last):
    *told, ending = faults_of(load, "".join(f"- {{question: Q, x{number}: 1}}\n" for number in range(rows)))
    assert len(told) == min(rows - 1, 20)
    assert last in ending


@pytest.mark.parametrize(("rows", "last"), [(5, "line 5, "), (6, "and 1 more"), (5000, "and 4995 more")])
def test_no_more_than_five_faults_are_told_in_the_same_words(load, rows, last):
    *told, ending = faults_of(load, "- {}\n" * rows)
    assert len(told) == min(rows - 1, 5)
    assert last in ending


def test_a_fault_of_another_kind_is_told_behind_many_that_are_alike(load):
    told = faults_of(load, "- {}\n" * 30 + "- {question: Q, x: 1}\n")
    assert [len(told), told[-1]] == [7, "and 25 more"]
    assert "line 31, field x: " in told[-2]


def test_a_file_that_cannot_be_read_is_named(load, tmp_path):
    with pytest.raises(FootnoteError, match=r"set\.csv, line 2: this is not UTF-8; save the file"):
        load(b"question\n\xff", "set.csv")
    with pytest.raises(FootnoteError, match=r"can't be read: .*none\.yaml: No such file"):
        load_questions(tmp_path / "none.yaml")
    with pytest.raises(
        FootnoteError, match=r"set\.json is not a question set: its name should end in \.yaml, \.yml, \.csv"
    ):
        load("[]", "set.json")


PARTS = [line + "\n" for text, _ in FORMS for line in text.splitlines()] + [
    "\x00",
    '"',
    "'",
    "\\u",
    "{",
    "&a ",
    "*a",
    "\t",
]


@pytest.mark.parametrize("name", ["set.yaml", "set.csv", "set.jsonl"])
@given(
    content=st.binary(max_size=40)
    | st.lists(st.sampled_from(PARTS), max_size=8).map(lambda parts: "".join(parts).encode())
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_file_is_a_set_or_a_fault_that_names_it(load, name, content):
    try:
        assert load(content, name)
    except FootnoteError as error:
        assert all(name in line for line in str(error).split("\n") if not line.startswith("and "))
