"""Question sets and the documents of an index: what is found where, and what is said of the rest."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.sets.grounding import ground
from eval.sets.questions import EvalCase, Evidence, load_questions
from schema import FootnoteError, PageView, Source, SourceInfo

ROOT = Path(__file__).resolve().parents[2]


class Documents:
    """An assistant of a few documents; those that are lists have pages. It counts what it is asked for."""

    def __init__(self, documents):
        self.documents = documents
        self.asked = Counter()

    def sources(self):
        self.asked["sources"] += 1
        parts = [name.partition("/") for name in self.documents]
        return [
            SourceInfo(Source(collection, path, path, None, ""), 1, 0, 0, 1, "indexed", "", "")
            for collection, _, path in parts
        ]

    def text(self, source):
        self.asked[source] += 1
        return "".join(self.documents[source])

    def page(self, source_id, number):
        self.asked[source_id, number] += 1
        held = self.documents[source_id]
        pages = held if isinstance(held, list) else [held]
        if not 1 <= number <= len(pages):
            raise FootnoteError("no such page")
        source = Source(*source_id.split("/", 1), "", None, "")
        start = sum(map(len, pages[: number - 1]))
        return PageView(source, number, len(pages), isinstance(held, list), start, pages[number - 1])


def documents():
    return Documents({
        "default/plan.pdf": ["Cover. The plan.\n", "Published in May.\n", "Published in\nMay again. The end"],
        "default/memo.txt": "It was in May. It\u00a0was  in\nMay. It was in May.",
        "default/old/memo.txt": "Another one.",
        "archive/plan.pdf": "Old.",
        "archive/note.md": "A note.",
    })  # fmt: skip


def grounded(*evidence):
    """The evidence of one case, and the faults."""
    found = ground([EvalCase("q", "Who?", evidence=evidence)], documents())
    return found.cases[0].evidence, found.faults


MEMO, PLAN = "default/memo.txt", "default/plan.pdf"


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (Evidence("memo.txt"), Evidence(MEMO)),
        (Evidence(MEMO), Evidence(MEMO)),
        (Evidence("old/memo.txt"), Evidence("default/old/memo.txt")),
        (Evidence("note.md", grade=3), Evidence("archive/note.md", grade=3)),
        (Evidence("memo.txt", quote="in May"), Evidence(MEMO, None, "in May", 7, 13)),
        # Another white space in the document: its own words are the quote
        (
            Evidence("memo.txt", quote=" It was in\n\nMay. It was"),
            Evidence(MEMO, None, "It was in May. It\u00a0was", 0, 21),
        ),
        (Evidence("memo.txt", quote="was  in May"), Evidence(MEMO, None, "was in May", 3, 13)),
        # A page chooses among places, even if its words are not letter for letter the quote
        (Evidence(PLAN, 2, "Published in May"), Evidence(PLAN, 2, "Published in May", 17, 33)),
        (Evidence(PLAN, 3, "Published in May"), Evidence(PLAN, 3, "Published in\nMay", 35, 51)),
        (Evidence(PLAN, None, "Published in May"), Evidence(PLAN, None, "Published in May", 17, 33)),
        (Evidence(PLAN, 3), Evidence(PLAN, 3)),
        # A quote that runs from one page to the next is on both
        (Evidence(PLAN, 1, "plan. Published"), Evidence(PLAN, 1, "plan.\nPublished", 11, 26)),
        (Evidence(PLAN, 2, "plan. Published"), Evidence(PLAN, 2, "plan.\nPublished", 11, 26)),
        # Offsets of a set choose too, and stay where they are true
        (Evidence(MEMO, None, "May", 36, 39), Evidence(MEMO, None, "May", 41, 44)),
        (Evidence(MEMO, None, "May", 26, 29), Evidence(MEMO, None, "May", 26, 29)),
        (Evidence(MEMO, None, "May", 900, 903), Evidence(MEMO, None, "May", 10, 13)),
    ],
)
def test_sources_are_named_and_quotes_are_placed(evidence, expected):
    assert grounded(evidence) == ((expected,), ())
    if expected.quote:
        assert documents().text(expected.source)[expected.start : expected.end] == expected.quote


@pytest.mark.parametrize(
    ("evidence", "expected", "faults"),
    [
        (
            Evidence("plan.pdf", 1),
            Evidence("plan.pdf", 1),
            [
                "The source 'plan.pdf' names more than one document; say which: default/plan.pdf, archive/plan.pdf "
                "(question 'q')"
            ],
        ),
        (Evidence("x.md"), Evidence("x.md"), ["The source 'x.md' is not in the index (question 'q')"]),
        (
            Evidence("other/Note.md", quote="A"),
            Evidence("other/Note.md", quote="A"),
            ["The source 'other/Note.md' is not in the index; did you mean archive/note.md? (question 'q')"],
        ),
        (
            Evidence("memo.txt", quote="in June"),
            Evidence(MEMO, None, "in June"),
            ["Question 'q': the quote 'in June' is not in default/memo.txt"],
        ),
        (
            Evidence("memo.txt", quote="inMay"),
            Evidence(MEMO, None, "inMay"),
            ["Question 'q': the quote 'inMay' is not in default/memo.txt"],
        ),
        (Evidence(PLAN, 4), Evidence(PLAN, 4), ["Question 'q': default/plan.pdf has no page 4"]),
        (
            Evidence(PLAN, 4, "in June"),
            Evidence(PLAN, 4, "in June"),
            [
                "Question 'q': default/plan.pdf has no page 4",
                "Question 'q': the quote 'in June' is not in default/plan.pdf",
            ],
        ),
        (
            Evidence("memo.txt", 1, "in May"),
            Evidence(MEMO, 1, "in May", 7, 13),
            ["Question 'q': default/memo.txt has no pages; leave the page out"],
        ),
        (
            Evidence(PLAN, 1, "Published in May"),
            Evidence(PLAN, 1, "Published in May", 17, 33),
            ["Question 'q': the quote 'Published in May' stands on page 2 of default/plan.pdf, not on page 1"],
        ),
        (
            Evidence(PLAN, 2, "The end"),
            Evidence(PLAN, 2, "The end", 59, 66),
            ["Question 'q': the quote 'The end' stands on page 3 of default/plan.pdf, not on page 2"],
        ),
        (
            Evidence(PLAN, 3, "Cover"),
            Evidence(PLAN, 3, "Cover", 0, 5),
            ["Question 'q': the quote 'Cover' stands on page 1 of default/plan.pdf, not on page 3"],
        ),
    ],
)
def test_what_is_not_found_is_said_and_left_as_it_was(evidence, expected, faults):
    assert grounded(evidence) == ((expected,), tuple(faults))


def test_a_quote_that_is_not_on_its_page_is_taken_where_it_stands_letter_for_letter():
    held = Documents({"default/a.pdf": ["B c. ", "X ", "B  c."]})
    found = ground([EvalCase("q", "Who?", evidence=(Evidence("a.pdf", 2, "B c."),))], held)
    assert found.cases[0].evidence == (Evidence("default/a.pdf", 2, "B c.", 0, 4),)
    assert found.faults == ("Question 'q': the quote 'B c.' stands on page 1 of default/a.pdf, not on page 2",)


def test_a_quote_that_ends_on_the_next_page_is_taken_where_it_begins_on_its_page():
    held = Documents({"default/a.pdf": ["A b. ", "A", " b. C"]})
    found = ground([EvalCase("q", "Who?", evidence=(Evidence("a.pdf", 2, "A b."),))], held)
    assert found.cases[0].evidence == (Evidence("default/a.pdf", 2, "A b.", 5, 9),)
    assert found.faults == ()


def test_everything_else_of_a_case_stays_as_it_is():
    cases = (
        EvalCase("a", "Who?", ("Ann", "Bob"), (Evidence("note.md"), Evidence("x.md")), kind="name", together=True),
        EvalCase("b", "Why?", unanswerable=True),
    )
    found = ground(cases, documents())
    expected = EvalCase(
        "a", "Who?", ("Ann", "Bob"), (Evidence("archive/note.md"), Evidence("x.md")), kind="name", together=True
    )
    assert found.cases == (expected, cases[1])
    assert ground((), documents()).cases == ()


def test_faults_come_in_the_order_of_the_questions_and_a_missing_source_once():
    cases = [
        EvalCase("a", "Who?", evidence=(Evidence("memo.txt", quote="June"),)),
        EvalCase("b", "Who?", evidence=(Evidence("x.md"), Evidence("x.md", 2), Evidence(PLAN, 9))),
        EvalCase("c", "Who?", evidence=(Evidence("memo.txt", quote="July"), Evidence("x.md"))),
        EvalCase("d", "Who?", evidence=(Evidence("x.md"),)),
    ]
    assert ground(cases, documents()).faults == (
        "Question 'a': the quote 'June' is not in default/memo.txt",
        "The source 'x.md' is not in the index (question 'b' and 2 more)",
        "Question 'b': default/plan.pdf has no page 9",
        "Question 'c': the quote 'July' is not in default/memo.txt",
    )


def test_sources_are_listed_once_and_each_text_is_read_once_and_only_for_a_quote():
    held = documents()
    names = ["memo.txt", MEMO, "note.md", PLAN]
    cases = [
        EvalCase(str(number), "Who?", evidence=(Evidence(name, quote="" if name == "note.md" else "The"),))
        for number in range(50)
        for name in names
    ]
    cases += [EvalCase("page", "Who?", evidence=(Evidence(PLAN, 3),))] * 50
    ground(cases, held)
    assert held.asked == {"sources": 1, MEMO: 1, PLAN: 1, (PLAN, 3): 1}


@given(
    words=st.lists(st.sampled_from(["a", "b", "c.", "(d)", "é"]), min_size=1, max_size=30),
    spaces=st.lists(st.sampled_from([" ", "\n", "  ", "\t", "\u00a0"]), min_size=30, max_size=30),
    bounds=st.tuples(st.integers(0, 29), st.integers(1, 30)),
)
def test_a_quote_of_whole_words_is_found_whatever_the_white_space(words, spaces, bounds):
    text = "".join(word + space for word, space in zip(words, spaces, strict=False))
    begin = min(bounds[0], len(words) - 1)
    quote = " ".join(words[begin : begin + bounds[1]])
    case = EvalCase("q", "Who?", evidence=(Evidence("a.txt", quote=quote),))
    found = ground([case], Documents({"default/a.txt": text}))
    (evidence,) = found.cases[0].evidence
    assert found.faults == ()
    assert text[evidence.start : evidence.end] == evidence.quote
    assert evidence.quote.split() == quote.split()


@pytest.mark.models
def test_the_sample_questions_stand_in_the_sample_documents(footnote):
    cases = load_questions(ROOT / "eval" / "samples" / "questions.yaml")
    found = ground(cases, footnote)
    assert found.faults == ()
    placed = [evidence for case in found.cases for evidence in case.evidence]
    assert len(placed) > 60
    for evidence in placed:
        assert evidence.quote
        assert footnote.text(evidence.source)[evidence.start : evidence.end] == evidence.quote
    wrong = EvalCase(
        "q", "Who?", evidence=(Evidence("summary-for-industry.pdf", 2, "Both follow the Genomics Strategy"),)
    )
    assert ground([wrong], footnote).faults == (
        "Question 'q': the quote 'Both follow ...mics Strategy' stands on page 1 of default/summary-for-industry.pdf, "
        "not on page 2",
    )
