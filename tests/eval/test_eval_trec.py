"""TREC files: what is written is read back, by us and by ir_measures with the same figures; and what is refused."""

import os
import random

import ir_measures
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ir_measures import AP, RR, R, nDCG

from eval.exchange.trec import decode_id, encode_id, read_qrels, read_trec_run, write_qrels, write_trec_run
from eval.measures import tabulate
from eval.measures.retrieval import rank_run
from eval.records import EvalCase, Evidence, Outcome, Run, RunFingerprint, Span
from schema import FootnoteError

NAMES = {"nDCG@10": nDCG @ 10, "recall@5": R @ 5, "recall@100": R @ 100, "RR@10": RR @ 10, "AP": AP}
ids = st.text(min_size=1, max_size=12)


def run_of(rankings, evidence=(), name="ours"):
    """A run with these sources as passages, by question."""
    cases = tuple(EvalCase(key, f"About {key}?", evidence=tuple(evidence)) for key in rankings)
    outcomes = tuple(Outcome(key, passages=tuple(Span(source) for source in row)) for key, row in rankings.items())
    return Run(name, RunFingerprint(), cases, outcomes, {})


def random_run(seed=5, questions=60):
    """Rankings with a source at several passages, missing and unjudged ones, and graded evidence."""
    draw = random.Random(seed)  # noqa: S311
    sources = [f"part {number}/report {number % 7}%.pdf" for number in range(40)]
    cases, outcomes = [], []
    for number in range(questions):
        gold = draw.sample(sources, draw.randint(1, 6))
        evidence = tuple(Evidence(source, grade=draw.randint(1, 3)) for source in gold)
        cases.append(EvalCase(f"q {number}", "?", evidence=evidence))
        passages = draw.choices(sources, k=draw.choice([0, 1, 5, 60]))
        outcomes.append(Outcome(f"q {number}", passages=tuple(Span(source) for source in passages)))
    return Run("random run", RunFingerprint(), tuple(cases), tuple(outcomes), {})


# Writing


def test_a_source_stands_once_at_its_best_passage(tmp_path):
    write_trec_run(run_of({"1": ["b", "a", "b", "c"]}), tmp_path / "run")
    assert (tmp_path / "run").read_bytes() == b"1 Q0 b 1 3 ours\n1 Q0 a 2 2 ours\n1 Q0 c 3 1 ours\n"


def test_scores_fall_also_in_32_bits(tmp_path):
    write_trec_run(run_of({"1": [f"d{number}" for number in range(5000)]}), tmp_path / "run")
    scores = np.array(list(read_trec_run(tmp_path / "run")["1"].values()), dtype=np.float32)
    assert (np.diff(scores) < 0).all()


def test_a_source_has_its_highest_grade(tmp_path):
    evidence = (Evidence("a", page=1), Evidence("b c", grade=1), Evidence("a", page=2, grade=2), Evidence("a", page=3))
    write_qrels(run_of({"q 1": []}, evidence).cases, tmp_path / "qrels")
    assert (tmp_path / "qrels").read_bytes() == b"q%201 0 a 2\nq%201 0 b%20c 1\n"


def test_a_run_that_ir_measures_reads_has_our_figures(tmp_path):
    run = random_run()
    write_trec_run(run, tmp_path / "run.trec")
    write_qrels(run.cases, tmp_path / "qrels.txt")
    ours = tabulate(run.cases, run.outcomes, lambda *_: "supported", groups=["retrieval"])
    qrels = list(ir_measures.read_trec_qrels(str(tmp_path / "qrels.txt")))
    ranked = list(ir_measures.read_trec_run(str(tmp_path / "run.trec")))
    theirs = {
        (one.query_id, str(one.measure)): one.value for one in ir_measures.iter_calc(NAMES.values(), qrels, ranked)
    }
    for name, measure in NAMES.items():
        assert [theirs.get((encode_id(case.question_id), str(measure)), 0.0) for case in run.cases] == pytest.approx(
            ours[name].tolist(), abs=1e-9
        )
        assert 0 < ours[name].mean() < 1


def test_a_run_without_passages_is_not_written(tmp_path):
    with pytest.raises(FootnoteError, match="The run ours holds no passages; there is nothing to write"):
        write_trec_run(run_of({"1": []}), tmp_path / "run")
    with pytest.raises(FootnoteError, match="No question names a source"):
        write_qrels(run_of({"1": []}).cases, tmp_path / "qrels")
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(FootnoteError, match="missing/run can't be written"):
        write_trec_run(run_of({"1": ["a"]}), tmp_path / "missing" / "run")


# Ids


@given(ids)
@example(" ")
@example("100%")
@example("%41")
@example("%2525")
@example("a\u00a0b\u2028c\x1cd\ufeff")
@example("\ud800")
def test_every_id_comes_back(name):
    encoded = encode_id(name)
    assert len(encoded.split()) == 1
    assert not any(mark.isspace() for mark in encoded)
    assert decode_id(encoded) == name
    encoded.encode("utf-8")


@pytest.mark.parametrize("text", ["100%", "%41", "%zz", "%ff", "a%2", "%2c", "50%25%"])
def test_what_we_cannot_have_written_is_left_alone(text):
    assert decode_id(text) == text


def test_letters_of_every_alphabet_stay_readable():
    assert encode_id("Überblick/報告 1.pdf") == "Überblick/報告%201.pdf"


def test_an_empty_id_is_refused():
    with pytest.raises(FootnoteError, match="An empty id can't stand in a TREC file"):
        encode_id("")


@given(st.dictionaries(ids, st.lists(ids, min_size=1, max_size=6, unique=True), min_size=1, max_size=4))
def test_a_run_comes_back_in_its_order(tmp_path_factory, rankings):
    path = tmp_path_factory.mktemp("trec") / "run"
    write_trec_run(run_of(rankings), path)
    assert {query: rank_run(scores) for query, scores in read_trec_run(path).items()} == rankings


@given(st.dictionaries(ids, st.dictionaries(ids, st.integers(1, 5), min_size=1, max_size=4), min_size=1, max_size=4))
def test_judgements_come_back(tmp_path_factory, qrels):
    cases = [
        EvalCase(query, "?", evidence=tuple(Evidence(source, grade=grade) for source, grade in grades.items()))
        for query, grades in qrels.items()
    ]
    path = tmp_path_factory.mktemp("trec") / "qrels"
    write_qrels(cases, path)
    assert read_qrels(path) == qrels


# Reading


def test_other_tools_files_are_read(tmp_path):
    path = tmp_path / "run"
    path.write_bytes(b"\xef\xbb\xbf1\tQ0\tb\t7\t-1.5e1\tBM25\r\n\r\n1   Q0 a 3 .25 BM25\r\n2 Q0 a 1 +3. x")
    assert read_trec_run(path) == {"1": {"b": -15.0, "a": 0.25}, "2": {"a": 3.0}}


def test_judgements_of_trec_and_of_beir_are_read(tmp_path):
    (tmp_path / "trec").write_text("1 0 a%20b 2\n1 0 c 0\n2 0 a -1\n", "utf-8")
    (tmp_path / "beir").write_text("query-id\tcorpus-id\tscore\n1\ta b\t2\n1\tc%20d\t0\n", "utf-8-sig")
    assert read_qrels(tmp_path / "trec") == {"1": {"a b": 2, "c": 0}, "2": {"a": -1}}
    assert read_qrels(tmp_path / "beir") == {"1": {"a b": 2, "c%20d": 0}}


RUN_FAULTS = [
    ("1 Q0 a 1 0.5", "line 1: 5 columns; a run has six: qid Q0 docid rank score tag"),
    ("1 Q0 a 1 0.5 x\n1 Q0 my doc 2 0.4 x", "line 2: 7 columns; a run has six: qid Q0 docid rank score tag"),
    ("1 Q0 a 1 high x", "line 1: the score 'high' is not a finite number"),
    ("1 Q0 a 1 nan x", "line 1: the score 'nan' is not a finite number"),
    ("1 Q0 a 1 -inf x", "line 1: the score '-inf' is not a finite number"),
    ("1 Q0 a 1 1e999 x", "line 1: the score '1e999' is not a finite number"),
    ("1 Q0 a 1 1_000 x", "line 1: the score '1_000' is not a finite number"),
    ("1 Q0 a%20b 1 2 x\n\n1 Q0 a%20b 2 1 x", "line 3: the document 'a b' stands twice for the question '1'"),
]
QRELS_FAULTS = [
    ("1 0 a", "line 1: 3 columns; judgements have four: qid 0 docid grade"),
    ("1 0 a 1.5", "line 1: the grade '1.5' is not a whole number"),
    ("1 0 a " + "9" * 5000, "is not a whole number"),
    ("1 0 a 1\n1 0 a 1", "line 2: the document 'a' stands twice for the question '1'"),
    (
        "query-id\tcorpus-id\tscore\n1 a 1",
        "line 2: 1 columns; these judgements have three, parted by tabs: query-id corpus-id score",
    ),
    ("query-id\tcorpus-id\tscore\n1\t \t1", "line 2: the id of the document is empty"),
    ("query-id\tcorpus-id\tscore\n1\ta\tyes", "line 2: the grade 'yes' is not a whole number"),
]


@pytest.mark.parametrize(
    ("read", "text", "fault"),
    [(read_trec_run, *one) for one in RUN_FAULTS] + [(read_qrels, *one) for one in QRELS_FAULTS],
)
def test_a_fault_is_one_line_with_its_place(tmp_path, read, text, fault):
    path = tmp_path / "file"
    path.write_text(text, "utf-8")
    with pytest.raises(FootnoteError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}, line ")
    assert str(caught.value).endswith(fault)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("read", [read_trec_run, read_qrels])
@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \r\n\t\n"])
def test_an_empty_file_is_refused(tmp_path, read, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(FootnoteError, match=r"file is empty: it holds no (ranking|judgement)$"):
        read(tmp_path / "file")


def test_judgements_that_are_a_header_alone_are_refused(tmp_path):
    (tmp_path / "file").write_text("query-id\tcorpus-id\tscore\n", "utf-8")
    with pytest.raises(FootnoteError, match="file is empty: it holds no judgement"):
        read_qrels(tmp_path / "file")


@pytest.mark.parametrize("read", [read_trec_run, read_qrels])
def test_text_in_another_encoding_is_refused_with_its_line(tmp_path, read):
    (tmp_path / "file").write_bytes(
        {read_trec_run: b"1 Q0 a 1 2 x\n1 Q0 \xfc 2 1 x", read_qrels: b"1 0 a 1\n1 0 \xfc 1"}[read]
    )
    with pytest.raises(FootnoteError, match="file, line 2: this is not UTF-8"):
        read(tmp_path / "file")


@pytest.mark.parametrize("read", [read_trec_run, read_qrels])
def test_a_missing_file_is_named(tmp_path, read):
    with pytest.raises(FootnoteError, match="nowhere"):
        read(tmp_path / "nowhere")


def test_several_faults_are_told_at_once_and_many_are_counted(tmp_path):
    path = tmp_path / "run"
    path.write_text("1 Q0 a 1 x x\n1 Q0 b 2 1 x\n1 Q0 c\n", "utf-8")
    with pytest.raises(FootnoteError) as caught:
        read_trec_run(path)
    assert [line.partition(",")[2][:8] for line in str(caught.value).splitlines()] == [" line 1:", " line 3:"]
    path.write_text("1 Q0\n" * 25, "utf-8")
    with pytest.raises(FootnoteError) as caught:
        read_trec_run(path)
    assert len(str(caught.value).splitlines()) == 6
    assert str(caught.value).endswith("\nand 20 more")
