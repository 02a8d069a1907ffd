"""Question sets in BEIR form: what is read from them, and every fault with its file, line and field."""

import json

import pytest

from eval.records import EvalCase, Evidence
from eval.sets.beir import is_beir, load_beir, read_corpus
from eval.sets.questions import load_questions
from schema import FootnoteError, TextDocument

FILES = {
    "corpus.jsonl": """\
{"_id": "plan", "title": "The plan", "text": "Published in May 2022. It costs £5.", "url": "x"}
{"_id": " a#1.txt", "text": ""}
{"_id": "memo", "title": null, "text": "It was in May."}
""",
    "queries.jsonl": """\
{"_id": "when", "text": "When was it published?", "answers": ["May", "in May"], "paragraph": "plan"}
{"_id": "other", "text": "A question of another split?"}
{"_id": "who", "text": "Who wrote it?", "answers": [], "unanswerable": true}
{"_id": "which", "text": "Which are about May?"}
""",
    "qrels/test.tsv": """\
query-id\tcorpus-id\tscore
which\tmemo\t1
which\tplan\t3
which\t a#1.txt\t0
who\tplan\t0
when\tplan\t2
""",
    "spans.jsonl": """\
{"query-id": "when", "corpus-id": "plan", "start": 13, "end": 16, "text": "May"}
{"query-id": "when", "corpus-id": "memo", "start": 7, "end": 13, "text": "in May"}
{"query-id": "which", "corpus-id": "plan", "start": 0, "end": 9, "text": "Published"}
{"query-id": "which", "corpus-id": "plan", "start": 33, "end": 35, "text": "5."}
""",
}
CASES = (
    EvalCase(
        "when",
        "When was it published?",
        ("May", "in May"),
        (Evidence("plan", None, "May", 13, 16, 2), Evidence("memo", None, "in May", 7, 13, 1)),
    ),
    EvalCase("who", "Who wrote it?", unanswerable=True),
    EvalCase(
        "which",
        "Which are about May?",
        evidence=(
            Evidence("plan", None, "Published", 0, 9, 3),
            Evidence("plan", None, "5.", 33, 35, 3),
            Evidence("memo", grade=1),
        ),
    ),
)


@pytest.fixture
def write(tmp_path):
    def write_set(changed=(), encoding="utf-8"):
        """The files as above but for those that are changed; ``None`` leaves one out."""
        for name, text in {**FILES, **dict(changed)}.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            if text is not None:
                (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return tmp_path

    return write_set


def fault_of(call, *arguments):
    with pytest.raises(FootnoteError) as caught:
        list(call(*arguments))
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\n\n"])
def test_spans_and_judgements_become_evidence_in_the_order_of_the_queries(write, encoding, newline):
    folder = write({name: text.replace("\n", newline) for name, text in FILES.items()}, encoding)
    assert load_beir(folder) == CASES
    assert load_questions(folder) == CASES


def test_documents_are_named_exactly_as_in_the_corpus(write):
    assert list(read_corpus(write())) == [
        TextDocument("plan", "The plan", "Published in May 2022. It costs £5."),
        TextDocument(" a#1.txt", "", ""),
        TextDocument("memo", "", "It was in May."),
    ]


def test_without_spans_the_judgements_alone_are_evidence(write):
    cases = load_beir(write({"spans.jsonl": None}))
    assert [case.evidence for case in cases] == [
        (Evidence("plan", grade=2),),
        (),
        (Evidence("memo"), Evidence("plan", grade=3)),
    ]


TEXT = "One two one two three four."
PLACES = {"One": (0, 3), "One two": (0, 7), "two one": (4, 11), "two": (4, 7), "two ": (12, 15), "one two": (8, 15)}
PLACES |= {"long": (0, 15), "One ": (0, 4)}


def span_line(words, document="plan"):
    start, end = PLACES[words]
    fields = {"query-id": "q", "corpus-id": document, "start": start, "end": end, "text": TEXT[start:end]}
    return json.dumps(fields) + "\n"


@pytest.mark.parametrize(
    ("spans", "query", "together"),
    [
        (["One"], {}, False),
        (["One", "two"], {}, True),
        (["two", "One"], {}, True),
        (["One", "two"], {"answers": ["One", "two"]}, False),  # any answer will do, wherever it stands
        (["One", "One two"], {}, False),  # one place, told in more words
        (["One", "One two", "two one", "one two"], {}, False),  # a chain of overlaps is one place
        (["long", "two", "two "], {}, False),  # both lie within the first
        (["One", "two one"], {}, True),
        (["One ", "two"], {}, True),  # side by side is not the same place
        (["two", "two "], {}, False),  # the same words twice
        (["One", "two"], {"together": False}, False),
        (["One", "two"], {"together": True, "answers": ["One two"]}, True),
        (["One"], {"together": True}, True),
    ],
)
def test_places_without_an_answer_in_each_belong_together(write, spans, query, together):
    corpus = json.dumps({"_id": "plan", "text": TEXT}) + "\n"
    folder = write(
        {
            "corpus.jsonl": corpus,
            "queries.jsonl": json.dumps({"_id": "q", "text": "Which?"} | query) + "\n",
            "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq\tplan\t1\n",
            "spans.jsonl": "".join(map(span_line, spans)),
        }
    )
    (case,) = load_beir(folder)
    assert case.together is together
    assert len(case.evidence) == len(spans)


def test_places_of_two_documents_belong_together_unless_one_is_judged_as_a_whole(write):
    corpus = "".join(json.dumps({"_id": name, "text": TEXT}) + "\n" for name in ("plan", "memo"))
    changed = {
        "corpus.jsonl": corpus,
        "queries.jsonl": '{"_id": "q", "text": "Which?"}\n',
        "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq\tplan\t1\nq\tmemo\t1\n",
        "spans.jsonl": span_line("One") + span_line("two", "memo"),
    }
    assert [case.together for case in load_beir(write(changed))] == [True]
    alone = {"spans.jsonl": span_line("One") + span_line("one two")}
    assert [case.together for case in load_beir(write(changed | alone))] == [False]


HEADER = "query-id\tcorpus-id\tscore\n"
ONE = HEADER + "which\tmemo\t1\n"


def test_the_judgements_are_those_of_the_split_that_is_asked_for(write):
    folder = write({"qrels/dev.tsv": ONE, "spans.jsonl": None})
    assert [case.question_id for case in load_beir(folder)] == ["when", "who", "which"]
    assert load_beir(folder, "dev")[-1].evidence == (Evidence("memo"),)
    assert fault_of(load_beir, folder, "train").endswith(
        "qrels: there are no judgements named 'train'; there are dev, test"
    )


def test_without_a_test_split_the_only_one_is_taken_and_several_are_named(write):
    folder = write({"qrels/test.tsv": None, "qrels/dev.tsv": ONE, "spans.jsonl": None})
    assert load_beir(folder)[-1].evidence == (Evidence("memo"),)
    (folder / "qrels" / "train.tsv").write_text(ONE)
    assert fault_of(load_beir, folder).endswith("there are no judgements named 'test'; there are dev, train")


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl"])
def test_a_missing_file_is_named(write, name):
    folder = write({name: None})
    assert fault_of(load_questions, folder) == f"{folder} is no question set in BEIR form: {name} is missing in it"
    assert is_beir(folder)


def test_a_folder_without_judgements_is_refused(write, tmp_path):
    folder = write({"qrels/test.tsv": None})
    assert (
        fault_of(load_beir, folder)
        == f"{folder / 'qrels'}: there are no judgements named 'test'; it holds no .tsv file"
    )
    (folder / "qrels").rmdir()
    assert fault_of(load_beir, folder) == f"{folder} is no question set in BEIR form: qrels is missing in it"


def test_only_folders_with_a_part_of_a_set_are_in_beir_form(write, tmp_path):
    assert not is_beir(tmp_path)
    assert fault_of(load_questions, tmp_path) == f"{tmp_path} is no question set in BEIR form: qrels is missing in it"
    assert is_beir(write())
    assert not is_beir(tmp_path / "corpus.jsonl")
    assert not is_beir(tmp_path / "none")


def test_a_set_in_which_no_query_has_anything_to_measure_is_refused(write):
    queries = '{"_id": "which", "text": "Which are about May?"}\n'
    folder = write({"queries.jsonl": queries, "qrels/test.tsv": HEADER + "which\tmemo\t0\n", "spans.jsonl": None})
    told = "no query of queries.jsonl has a judgement above 0, a span or an answer"
    assert fault_of(load_beir, folder) == f"{folder / 'qrels' / 'test.tsv'}: {told}"


def added(name, line):
    return {name: FILES[name] + line + "\n"}


def span(**changed):
    fields = {"query-id": "when", "corpus-id": "plan", "start": 13, "end": 16, "text": "May"} | changed
    return added("spans.jsonl", json.dumps({name: value for name, value in fields.items() if value is not None}))


FAULTS = [
    ({"corpus.jsonl": ""}, "corpus.jsonl: the file is empty"),
    ({"queries.jsonl": "\n"}, "queries.jsonl: the file is empty"),
    ({"corpus.jsonl": "[", "spans.jsonl": None}, "corpus.jsonl, line 1: this is not a whole line of JSON: "),
    ({"qrels/test.tsv": ""}, "test.tsv, line 1: it should be the header, with tabs between: query-id corpus-id score"),
    ({"qrels/test.tsv": "when\tplan\t1\n"}, "test.tsv, line 1: it should be the header"),
    (added("corpus.jsonl", '{"_id": "late", "te'), "corpus.jsonl, line 4: this is not a whole line of JSON: Untermi"),
    (
        added("corpus.jsonl", '{"_id": "memo", "text": "x"}'),
        "corpus.jsonl, line 4, field _id: 'memo' is the id of line 3 alr",
    ),
    (added("corpus.jsonl", '{"_id": 7, "text": "x"}'), "corpus.jsonl, line 4, field _id: 7 is not text"),
    (added("corpus.jsonl", '{"_id": "x"}'), "corpus.jsonl, line 4, field text: None is not text"),
    (
        added("corpus.jsonl", '{"_id": "x", "text": "x", "title": []}'),
        "corpus.jsonl, line 4, field title: [] is not text",
    ),
    (added("corpus.jsonl", '{"_id": "x", "text": "\\ud800"}'), "corpus.jsonl, line 4: \\u begins half of a character"),
    ({"corpus.jsonl": FILES["corpus.jsonl"].encode() + b'{"_id": "\xff"}'}, "corpus.jsonl, line 4: this is not UTF-8"),
    (
        added("queries.jsonl", '{"_id": "when", "text": "x"}'),
        "queries.jsonl, line 5, field _id: 'when' is the id of line 1 alr",
    ),
    (added("queries.jsonl", '{"_id": "x"}'), "queries.jsonl, line 5, field text: None is not text"),
    (added("queries.jsonl", '{"_id": "x", "text": " "}'), "queries.jsonl, line 5, field text: ' ' is not text"),
    (added("queries.jsonl", '{"_id": "x", "text": "x", "answers": "x"}'), "line 5, field answers: 'x' is not a list"),
    (added("queries.jsonl", '{"_id": "x", "text": "x", "answers": [" "]}'), "line 5, field answers: ' ' is not text"),
    (
        added("queries.jsonl", '{"_id": "x", "text": "x", "unanswerable": "no"}'),
        "queries.jsonl, line 5, field unanswerable: 'no' is not true or false",
    ),
    (
        added("queries.jsonl", '{"_id": "x", "text": "x", "unanswerable": true, "answers": ["x"]}'),
        "queries.jsonl, line 5, field unanswerable: it can't go with answers",
    ),
    (added("queries.jsonl", '{"_id": "x", "text": "x", "together": 1}'), "field together: 1 is not true or false"),
    (added("qrels/test.tsv", "why\tplan\t1"), "test.tsv, line 7, field query-id: 'why' is not in queries.jsonl"),
    (
        added("qrels/test.tsv", "when\ta#1.txt\t1"),
        "test.tsv, line 7, field corpus-id: 'a#1.txt' is not in corpus.jsonl",
    ),
    (added("qrels/test.tsv", "when\tmemo\t0.5"), "test.tsv, line 7, field score: '0.5' is not a whole number"),
    (
        added("qrels/test.tsv", "when memo 1"),
        "test.tsv, line 7: the row has 1 cells, with tabs between them; there should",
    ),
    (added("qrels/test.tsv", "which\tplan\t3"), "test.tsv, line 7: line 3 judges the same query and document already"),
    (
        added("qrels/test.tsv", "who\tmemo\t1"),
        "test.tsv, line 7, field score: the query is unanswerable, so that nothing is relevant",
    ),
    (added("spans.jsonl", "[]"), "spans.jsonl, line 5: this is not a JSON object"),
    (span(start=None), "spans.jsonl, line 5, field start: None is not a whole number from 0"),
    (span(end="16"), "spans.jsonl, line 5, field end: '16' is not a whole number from 0"),
    (span(start=-22), "spans.jsonl, line 5, field start: -22 is not a whole number from 0"),
    (span(text=""), "spans.jsonl, line 5, field text: '' is not text"),
    (span(**{"query-id": "why"}), "spans.jsonl, line 5, field query-id: 'why' is not in queries.jsonl"),
    (span(**{"corpus-id": "x"}), "spans.jsonl, line 5, field corpus-id: 'x' is not in corpus.jsonl"),
    (span(**{"query-id": "who"}), "spans.jsonl, line 5, field query-id: the query is unanswerable, so that no span"),
    (
        span(**{"query-id": "which", "corpus-id": " a#1.txt"}),
        "spans.jsonl, line 5, field corpus-id: line 4 of the judgements says it isn't relevant",
    ),
    (span(start=14), "spans.jsonl, line 5, field text: characters 14 to 16 of the document are 'ay', not 'May'"),
    (span(end=99), "spans.jsonl, line 5, field text: characters 13 to 99 of the document are"),
]


@pytest.mark.parametrize(("changed", "fault"), FAULTS)
def test_each_fault_is_named_with_file_and_line(write, changed, fault):
    told = fault_of(load_beir, write(changed))
    assert fault in told
    assert "\n" not in told


def test_all_faults_are_told_at_once_a_line_each(write):
    folder = write(
        added("queries.jsonl", '{"_id": "x"}') | added("corpus.jsonl", "[]\n{") | added("qrels/test.tsv", "x\ty\tz")
    )
    assert [line.removeprefix(f"{folder}/")[:20] for line in fault_of(load_beir, folder).split("\n")] == [
        "queries.jsonl, line ",
        "corpus.jsonl, line 4",
        "corpus.jsonl, line 5",
    ]
    rows = "".join(f"x{number}\tplan\t1\n" for number in range(23))
    told = fault_of(load_beir, write({"qrels/test.tsv": HEADER + rows})).split("\n")
    assert [len(told), told[-1]] == [21, "and 3 more"]
    assert "line 21, field query-id: 'x19'" in told[-2]


def test_a_corpus_is_read_up_to_its_first_fault(write):
    documents = read_corpus(write(added("corpus.jsonl", "7\n8")))
    assert [next(documents).path for _ in range(3)] == ["plan", " a#1.txt", "memo"]
    with pytest.raises(
        FootnoteError, match=r"corpus\.jsonl, line 4: this is not a JSON object.*\n.*line 5: this is not"
    ):
        next(documents)
    folder = write({"corpus.jsonl": '7\n{"_id": "x", "text": "x"}\n8'})
    assert (
        fault_of(read_corpus, folder)
        == f"{folder}/corpus.jsonl, line 1: this is not a JSON object, with fields between {{ and }}"
    )
