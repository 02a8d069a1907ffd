"""The benchmark of retrieval: figures that can be worked out by hand, the second opinion, and what is written where."""

import json
import math
from dataclasses import dataclass
from functools import partial

import pytest

from benchmarks import retrieval
from benchmarks.retrieval import add_to, largest_difference, main, write_questions
from eval.records import EvalCase, Evidence
from eval.retrieval import evaluate_retrieval
from schema import Chunk, Passage, Source

RANKINGS = {
    "What is red?": {"dense": "abc", "lexical": "cab", "fused": "acb", "pipeline": "acb"},
    "What is blue?": {"dense": "bac", "lexical": "cba", "fused": "cab", "pipeline": "bca"},
}
CASES = [
    EvalCase("red", "What is red?", evidence=(Evidence("default/a", grade=2), Evidence("default/b"))),
    EvalCase("bl\tue", "What is blue?", evidence=(Evidence("default/b"),)),
]


@dataclass(frozen=True)
class Scripted:
    passages: list
    ms: float


def ranked(names, origin):
    """Two passages of each source in turn, so that the places of passages are not those of sources."""
    passages = [
        Passage(Chunk(f"default/{name}", at, at + 1, "x"), Source("default", name, "", None, ""), 1.0, 1, origin)
        for name in names
        for at in (0, 1)
    ]
    return Scripted(passages, 4.0)


def stages(question):
    origins = {"dense": "dense", "lexical": "lexical"}
    return {name: ranked(names, origins.get(name, "fused")) for name, names in RANKINGS[question].items()}


@pytest.fixture
def result():
    return evaluate_retrieval(CASES, stages)


def test_figures_are_those_worked_out_by_hand(result):
    best, second, third = (1 / math.log2(1 + rank) for rank in (1, 2, 3))
    ideal = 2 * best + second
    expected = {
        "dense": (1.0, best),
        "lexical": ((2 * second + third) / ideal, second),
        "fused": ((2 * best + third) / ideal, third),
        "pipeline": ((2 * best + third) / ideal, best),
    }
    for name, values in expected.items():
        assert result.runs[name].columns["nDCG@10"].tolist() == pytest.approx(values, abs=1e-12), name
    assert result.runs["lexical"].columns["RR@10"].tolist() == [0.5, 0.5]
    assert result.runs["dense"].columns["recall@1"].tolist() == [0.5, 1.0]
    assert result.singles == ("dense", "lexical")


def test_ir_measures_agrees_to_the_last_digits(result):
    assert largest_difference(result.runs.values()) < 1e-12


def test_a_value_that_is_wrong_shows_in_the_difference(result):
    result.runs["fused"].columns["RR@10"][1] += 0.25
    assert largest_difference(result.runs.values()) == pytest.approx(0.25)


def test_a_question_that_found_nothing_is_compared_too():
    runs = evaluate_retrieval(CASES, lambda question: {"dense": ranked("" if "red" in question else "b", "dense")}).runs
    assert runs["dense"].columns["nDCG@10"].tolist() == [0.0, 1.0]
    assert largest_difference(runs.values()) == 0.0


def test_every_question_is_written_down_once_for_each_stage(result, tmp_path):
    write_questions(tmp_path / "set.tsv", result.runs)
    rows = [line.split("\t") for line in (tmp_path / "set.tsv").read_text("utf-8").splitlines()]
    assert rows[0] == ["question", "stage", "nDCG@10", "recall@1", "recall@5", "recall@10", "recall@100", "RR@10"]
    assert [row[:2] for row in rows[1:3]] == [["red", "dense"], ["bl\\tue", "dense"]]
    assert len(rows) == 1 + 2 * 4
    assert {len(row) for row in rows} == {8}
    assert rows[3] == ["red", "lexical", f"{(2 / math.log2(3) + 0.5) / (2 + 1 / math.log2(3)):.6f}", *rows[3][3:]]


def test_results_of_other_sets_stay_where_one_is_measured_again(tmp_path):
    path = tmp_path / "new" / "retrieval.json"
    add_to(path, "one", {"questions": 1})
    add_to(path, "two", {"questions": 2})
    add_to(path, "one", {"questions": 3})
    assert json.loads(path.read_text("utf-8")) == {"sets": {"one": {"questions": 3}, "two": {"questions": 2}}}


@pytest.fixture
def thirty(tmp_path):
    """Thirty documents, each about a thing of its own, and six questions on the first of them."""
    things = "lighthouse bread railway violin glacier orchard".split()
    others = [f"Document {number} is about matter number {number} and nothing else." for number in range(24)]
    texts = [f"All about the {thing}. A {thing} is described here at some length." for thing in things] + others
    folder = tmp_path / "data" / "thirty"
    (folder / "qrels").mkdir(parents=True)
    lines = [{"_id": f"d#{number}", "title": "", "text": text} for number, text in enumerate(texts)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    queries = [{"_id": thing, "text": f"What is said of the {thing}?"} for thing in things]
    (folder / "queries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in queries), "utf-8")
    judged = "".join(f"{thing}\td#{number}\t1\n" for number, thing in enumerate(things))
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}", "utf-8")
    return folder


@pytest.mark.models
def test_thirty_real_documents_from_the_folder_to_the_record(thirty, weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FOOTNOTE_CACHE", str(weights))
    monkeypatch.setattr(retrieval, "RESULTS", tmp_path / "results.json")
    command = ["retrieval", "--data", str(thirty.parent), "--sets", "thirty", "--work", str(tmp_path / "work")]
    call = partial(monkeypatch.setattr, "sys.argv")
    call([*command, "--limit", "2"])
    main()
    assert not (tmp_path / "results.json").exists()
    assert "thirty: 30 of 30 documents" in capsys.readouterr().err
    call(command)
    main()
    shown = capsys.readouterr()
    assert "documents" not in shown.err  # the index was there already
    record = json.loads((tmp_path / "results.json").read_text("utf-8"))["sets"]["thirty"]
    assert (record["documents"], record["chunks"], record["depth"], record["questions"]) == (30, 30, 30, 6)
    for name in ("dense", "lexical", "pipeline"):
        assert set(record["stages"][name].values()) == {1.0}, name
    assert record["largest_difference_to_ir_measures"] == 0.0
    assert record["verdict"]["worse"] is False
    assert record["verdict"]["sentence"] in shown.out
    assert {"cpu", "cores", "commit", "date"} <= set(record["machine"])
    assert len((tmp_path / "work" / "thirty.tsv").read_text("utf-8").splitlines()) == 1 + 6 * len(record["stages"])
