"""Runs of other systems: the examples of the documentation, what is measured of a file, and what is refused."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from eval.exchange.foreign import SHOWN_BY, score_foreign
from eval.measures import MEASURES, summarise
from eval.records import EvalCase, Evidence, RunFingerprint, Statement
from eval.sets.questions import questions_sha
from schema import FootnoteError

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "other-systems.md").read_text("utf-8")
QUOTE = "NHS England published its first Genomics Strategy on 12 October 2022."
CASES = (
    EvalCase("published", "When was it published?", ("12 October 2022",), (Evidence("briefing.md", quote=QUOTE),)),
    EvalCase("service-launched", "When was it launched?", ("2018",), (Evidence("briefing.md", quote="in 2018"),)),
    EvalCase("cost", "What did it cost?", unanswerable=True),
)


def check(sentence, texts, question):
    """Supported where a cited text holds the sentence's last word."""
    return "supported" if sentence.rstrip(".").split()[-1] in " ".join(texts) else "unsupported"


def score(tmp_path, *lines, cases=CASES, name=None):
    path = tmp_path / "peer.jsonl"
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines), "utf-8")
    return score_foreign(cases, path, check=check, name=name)


def values(run, name):
    """A column with None for NaN."""
    return [None if math.isnan(value) else value for value in run.columns[name].tolist()]


def examples(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


# The documentation


def test_the_smallest_example(tmp_path):
    run = score(tmp_path, examples("jsonl")[0])
    assert values(run, "gold_contained") == [1, 0, None]
    assert run.outcomes[1].error == "no line for this question in peer.jsonl"
    assert run.about["without_a_line"] == 2
    assert not {"nDCG@10", "citation_recall", "right_source", "quotes_gold_at_1", "total_s"} & set(run.columns)


def test_the_full_example_is_measured_by_everything(tmp_path):
    run = score(tmp_path, examples("jsonl")[1])
    assert {one.name for one in MEASURES} - set(run.columns) == {"dropped_sentences"}
    assert run.name == "Peer 1.4"
    assert run.fingerprint == RunFingerprint(
        questions=questions_sha(CASES), llm="some-model-7b-q4", embedder="some-embedder-v2", version="1.4.0"
    )
    assert values(run, "nDCG@10") == [1, 0, None]
    assert values(run, "citation_recall") == [1, 0, None]
    assert values(run, "quotes_gold_at_1") == [1, 0, None]
    assert values(run, "false_answers") == [None, None, 0]
    assert values(run, "total_s") == [1.93, None, None]
    assert run.outcomes[1].error == "timed out after 60 s"
    assert summarise(run.columns)["answerability_auroc"] == 0.5  # one of the two answerable ones has no result


def test_the_full_example_shows_every_key_of_the_table():
    rows = re.findall(r"^\| (`.*?) \|", PAGE.partition("| key |")[2].partition("\n\n")[0], re.MULTILINE)
    keys = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    shown = {key for line in examples("jsonl")[1].splitlines() for key in json.loads(line)} - {"system"}
    assert keys - shown == {"contexts", "dropped", "verbatim"}
    assert shown <= keys


def test_the_example_with_markers(tmp_path):
    run = score(tmp_path, examples("jsonl")[2])
    outcome = run.outcomes[0]
    assert outcome.answer == "It was published on 12 October 2022. It has four priorities."
    assert outcome.sentences == (
        Statement("It was published on 12 October 2022.", (1,)),
        Statement("It has four priorities.", (2, 1)),
    )
    assert [(span.source, span.page) for span in outcome.citations] == [("briefing.md", None), ("summary.pdf", 1)]
    assert [span.source for span in outcome.passages] == ["summary.pdf", "briefing.md"]
    assert values(run, "citation_recall") == [1, 0, 0]
    assert values(run, "RR@10") == [0.5, 0, None]


def test_the_loop_writes_a_file_that_is_measured(tmp_path, monkeypatch):
    def ask(question):
        if "launched" in question:
            raise TimeoutError("too slow")
        if "cost" in question:
            return "I don't know.", []
        return "It came out on 12 October 2022 [1].", [("briefing.md", QUOTE)]

    (code,) = examples("python")
    assert len(code.splitlines()) <= 16
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "loop", "exec"), {"ask": ask, "questions": {one.question_id: one.question for one in CASES}})  # noqa: S102
    run = score_foreign(CASES, tmp_path / "answers.jsonl", check=check)
    assert run.name == "Peer 1.4"
    assert [outcome.error for outcome in run.outcomes] == ["", "too slow", ""]
    assert values(run, "gold_contained") == [1, 0, None]
    assert values(run, "false_answers") == [None, None, 0]
    assert values(run, "citation_precision") == [1, 0, None]
    assert run.columns["total_s"][0] >= 0


def test_the_ranking_is_measured_for_retrieval_alone(tmp_path):
    (tmp_path / "bm25.run").write_text(examples("trec")[0], "utf-8")
    cases = (*CASES, EvalCase("timeline", "?", ("x",), (Evidence("timeline.md"),)))
    run = score_foreign(cases, tmp_path / "bm25.run", check=check)
    assert {one.name for one in MEASURES if one.name in run.columns} == set(run.columns)
    assert {one.group for one in MEASURES if one.name in run.columns} == {"retrieval"}
    assert values(run, "RR@10") == [1, 0, None, 0]
    assert [span.source for span in run.outcomes[2].passages] == ["Annual report.pdf"]
    assert run.name == "bm25"


# What is measured


def test_every_measure_has_a_key_that_shows_it():
    groups = {group for group, _, _ in SHOWN_BY}
    assert groups == {one.group for one in MEASURES}


def test_a_key_in_one_line_counts_against_the_others(tmp_path):
    passages = [{"source": "briefing.md", "text": QUOTE}]
    run = score(tmp_path, {"id": "published", "passages": passages}, {"id": "service-launched"})
    assert values(run, "recall@1") == [1, 0, None]
    assert values(run, "passages_gold") == [1, 0, None]
    assert "false_refusals" not in run.columns
    assert "right_source" not in run.columns


def test_an_empty_list_shows_that_there_could_be_something_and_null_does_not(tmp_path):
    line = {"id": "published", "answer": "It is.", "citations": []}
    assert values(score(tmp_path, line), "cited") == [0, 0, 0]
    assert "cited" not in score(tmp_path, line | {"citations": None}).columns


def test_an_answer_without_markers_cites_all_of_its_citations(tmp_path):
    line = {
        "id": "published",
        "answer": "On 12 October 2022.",
        "citations": [{"source": "briefing.md", "quote": QUOTE}],
    }
    run = score(tmp_path, line)
    assert run.outcomes[0].sentences == ()
    assert values(run, "citation_recall")[0] == 1


def test_markers_point_into_citations_where_there_are_any(tmp_path):
    line = {
        "id": "published",
        "answer": "On 12 October 2022 [2].",
        "citations": [{"source": "a", "quote": "x"}, {"source": "briefing.md", "quote": QUOTE}],
        "passages": [{"source": "c"}, {"source": "d"}],
    }
    outcome = score(tmp_path, line).outcomes[0]
    assert [span.source for span in outcome.citations] == ["briefing.md"]
    assert [span.source for span in outcome.passages] == ["c", "d"]


def test_markers_of_refusals_and_of_given_sentences_are_left_alone(tmp_path):
    refusal = {"id": "cost", "answer": "Not in [1].", "abstained": True, "contexts": ["x"]}
    given = {"id": "published", "answer": "As in [1].", "sentences": [{"text": "As in [1]."}], "contexts": ["x"]}
    run = score(tmp_path, refusal, given)
    assert [outcome.answer for outcome in run.outcomes if not outcome.error] == ["As in [1].", "Not in [1]."]
    assert run.outcomes[2].sentences == ()
    assert "cited" not in run.columns


def test_a_context_without_a_source_is_an_unknown_one(tmp_path):
    line = {"id": "published", "answer": "Yes [2].", "contexts": ["one", {"page_content": "two"}, {"source": "c"}]}
    outcome = score(tmp_path, line).outcomes[0]
    assert [(span.source, span.text) for span in outcome.passages] == [
        ("unnamed 1", "one"),
        ("unnamed 2", "two"),
        ("c", ""),
    ]
    assert [span.text for span in outcome.citations] == ["two"]


def test_the_system_may_name_its_measures(tmp_path):
    run = score(tmp_path, {"system": {"measures": ["recall@1"]}}, {"id": "published", "answer": "It is."})
    assert list(run.columns) == ["recall@1"]
    assert values(run, "recall@1") == [0, 0, None]


def test_the_given_name_goes_before_the_systems_and_that_before_the_files(tmp_path):
    lines = {"system": {"name": "Peer", "team": ["a"]}}, {"id": "cost", "abstained": True}
    assert score(tmp_path, *lines, name="Mine").name == "Mine"
    assert score(tmp_path, *lines).name == "Peer"
    assert score(tmp_path, lines[1]).name == "peer"
    assert score(tmp_path, *lines).about["system"] == {"name": "Peer", "team": ["a"]}


def test_json_is_known_by_its_first_mark_where_the_name_does_not_say(tmp_path):
    (tmp_path / "answers.txt").write_text('\n {"id": "cost", "abstained": true}\n', "utf-8-sig")
    run = score_foreign(CASES, tmp_path / "answers.txt", check=check)
    assert run.outcomes[2].abstained


def test_ties_of_a_ranking_go_by_name_as_in_trec_eval(tmp_path):
    (tmp_path / "tied").write_text("cost Q0 a 1 1.0 x\ncost Q0 b 2 1.00000000001 x\ncost Q0 c 3 2 x\n", "utf-8")
    run = score_foreign(CASES, tmp_path / "tied", check=check)
    assert [span.source for span in run.outcomes[2].passages] == ["c", "b", "a"]


def test_cases_and_outcomes_are_in_the_order_of_the_set(tmp_path):
    run = score(tmp_path, *({"id": one.question_id, "answer": "x"} for one in reversed(CASES)))
    assert [one.question_id for one in run.outcomes] == [one.question_id for one in CASES]
    assert run.cases == CASES
    assert all(isinstance(column, np.ndarray) and column.shape == (3,) for column in run.columns.values())


# What is refused

FINE = '{"id": "cost", "abstained": true}\n'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"id": "other", "answer": "x"}', "line 1, field id: 'other' is no question of the set"),
        (FINE + FINE, "line 2, field id: 'cost' has an earlier line"),
        ('{"answer": "x"}', "line 1, field id: None is not text"),
        ('{"id": 1, "answer": "x"}', "line 1, field id: 1 is not text"),
        ('{"id": "cost", "abstained": "yes"}', "line 1, field abstained: 'yes' is not true or false"),
        (
            '{"id": "cost", "citations": [{"quote": "x"}]}',
            "line 1, field citations, item 1, field source: None is not text",
        ),
        (
            '{"id": "cost", "citations": [{"number": 3, "source": "a"}]}',
            "line 1, field citations, item 1, field number: 3 is not 1, its place in the list",
        ),
        ('{"id": "cost", "contexts": "x"}', "line 1, field contexts: 'x' is not a list"),
        ('{"id": "cost", "contexts": [3]}', "line 1, field passages, item 1: 3 is not a JSON object"),
        ('{"id": "cost", "contexts": [{"page_content": 3}]}', "field passages, item 1, field text: 3 is not text"),
        (
            '{"id": "cost", "contexts": [{"page_content": "x", "metadata": {"source": 3}}]}',
            "line 1, field passages, item 1, field source: 3 is not text",
        ),
        (
            '{"id": "cost", "contexts": [], "passages": []}',
            "line 1, field contexts: it is another name for passages; give one of them",
        ),
        (FINE + '{"system": {"name": "x"}}', "line 2, field system: only the first line says what the system is"),
        ('{"system": "x"}\n' + FINE, "line 1, field system: 'x' is not a JSON object"),
        ('{"system": {"llm": 7}}\n' + FINE, "line 1, field system, field llm: 7 is not text"),
        (
            '{"system": {"measures": ["F1"]}}\n' + FINE,
            "line 1, field system, field measures: 'F1' is not the name of a measure",
        ),
    ],
)
def test_a_fault_is_one_line_with_file_line_and_field(tmp_path, text, fault):
    with pytest.raises(FootnoteError) as caught:
        score(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'peer.jsonl'}, line ")
    assert str(caught.value).endswith(fault)
    assert "\n" not in str(caught.value)


def test_a_line_cut_in_half_is_named(tmp_path):
    with pytest.raises(FootnoteError, match=r"peer.jsonl, line 2: "):
        score(tmp_path, FINE, '{"id": "publ')


def test_faults_are_told_at_once(tmp_path):
    with pytest.raises(FootnoteError) as caught:
        score(tmp_path, '{"id": "x"}\n', FINE, '{"id": "published", "answer": 3}\n', "[]\n")
    assert [line.split(", ")[1][:6] for line in str(caught.value).splitlines()] == ["line 1", "line 3", "line 4"]


@pytest.mark.parametrize("text", ["", "\n\n", '{"system": {"name": "x"}}\n'])
def test_a_file_without_answers_is_refused(tmp_path, text):
    with pytest.raises(FootnoteError, match=r"peer.jsonl is empty: it holds no line for a question"):
        score(tmp_path, text)


def test_a_ranking_for_an_unknown_question_is_refused(tmp_path):
    (tmp_path / "run").write_text("cost Q0 a 1 1 x\nother Q0 a 1 1 x\n", "utf-8")
    with pytest.raises(FootnoteError, match=r"run: 'other' is no question of the set$"):
        score_foreign(CASES, tmp_path / "run", check=check)


@pytest.mark.parametrize("name", ["nowhere.jsonl", "nowhere.run"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(FootnoteError, match=name):
        score_foreign(CASES, tmp_path / name, check=check)
