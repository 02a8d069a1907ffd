"""`footnote eval` as people use it: a set in, a run, what a terminal says of it, and every way in which it can fail."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli

ROOT = Path(__file__).resolve().parents[1]
SET = ROOT / "eval" / "samples" / "questions.yaml"
PROMISED = {
    "gold_contained", "gold_in_answer_or_quote", "answer_f1", "citation_precision", "citation_recall", "false_answers",
    "false_refusals", "answerability_auroc", "quotes_gold_at_3", "quotes_verbatim", "quotes_p95_s", "p50_s", "p95_s",
}  # fmt: skip
STAGES = ["dense", "lexical", "fused", "reranked", "pipeline"]  # at least, in this order
FIGURES = ["nDCG@10", "recall@1", "recall@5", "recall@10", "recall@100", "RR@10"]


def run(*arguments, code=0):
    result = CliRunner().invoke(cli.app, ["eval", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def run_json(*arguments, code=0):
    return json.loads(run(*arguments, "--json", code=code).stdout)


@pytest.fixture(autouse=True)
def _quotes_only(monkeypatch, tmp_path):
    monkeypatch.setenv("FOOTNOTE_LLM", "none")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def finished(samples_index, tmp_path_factory):
    """The result file of twelve sample questions, and what the command printed."""
    out = tmp_path_factory.mktemp("runs") / "samples.json"
    os.environ["FOOTNOTE_LLM"] = "none"
    try:
        options = ["--limit", 12, "--seed", 1, "--out", out, "--report", out.with_name("report.html")]
        shown = run("run", SET, "--index", samples_index, *options)
    finally:
        del os.environ["FOOTNOTE_LLM"]
    return out, shown


def changed(result, target, change):
    """A copy of a result file with each question's record changed."""
    record = json.loads(result.read_text("utf-8"))
    for question in record["questions"]:
        change(question)
    head = {key: value for key, value in record.items() if key != "questions"}
    lines = ",\n".join(json.dumps(question) for question in record["questions"])
    target.write_text(json.dumps(head)[:-1] + ', "questions": [\n' + lines + "\n]}\n", "utf-8")
    return target


# Runs


@pytest.mark.models
def test_a_run_shows_its_figures_and_where_the_rest_is(finished):
    out, shown = finished
    assert "12 questions, 8 answerable and 4 not" in shown.stdout
    assert re.search(r"^quotes_verbatim +1\.000 +\d+", shown.stdout, re.MULTILINE)
    assert f"The report is in {out.with_name('report.html')}" in shown.stdout
    assert out.with_name("report.html").read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.models
def test_a_finished_run_is_not_asked_again_and_prints_the_promised_json(finished, samples_index):
    out, _ = finished
    before = out.read_bytes()
    started = time.monotonic()
    record = run_json("run", SET, "--index", samples_index, "--limit", 12, "--seed", 1, "--out", out)
    assert out.read_bytes() == before
    assert time.monotonic() > started
    assert set(record["measures"]) >= PROMISED
    assert record["questions"] == 12
    assert record["measures"]["quotes_verbatim"] == 1.0
    assert record["fingerprint"]["llm"] == "none"
    for name in PROMISED:
        assert isinstance(record["measures"][name], float), name


@pytest.mark.models
def test_a_result_of_another_set_up_is_not_overwritten(finished, samples_index):
    out, _ = finished
    before = out.read_bytes()
    refused = run("run", SET, "--index", samples_index, "--limit", 3, "--out", out, code=1)
    assert "--fresh" in refused.stderr
    assert out.read_bytes() == before


@pytest.mark.models
def test_ctrl_c_ends_a_run_in_order_and_the_same_command_goes_on(samples_index, tmp_path):
    command = [sys.executable, "-m", "cli", "eval", "run", str(SET), "--index", str(samples_index), "--out", "r.json"]
    environment = os.environ | {"FOOTNOTE_LLM": "none", "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ['PYTHONPATH']}"}
    journal = tmp_path / "r.journal.jsonl"
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") > 3):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "goes on" in told
    assert "Traceback" not in told
    asked = journal.read_text("utf-8").splitlines()[1:]
    assert 3 <= len(asked) < 60
    run("run", SET, "--index", samples_index, "--out", "r.json")
    again = {one["id"]: one for one in json.loads((tmp_path / "r.json").read_text("utf-8"))["questions"]}
    assert len(again) == 60
    for line in map(json.loads, asked):
        assert again[line["id"]]["timings"] == line["timings"]  # the very answer of before, not a second one
    assert not journal.exists()


@pytest.mark.models
def test_runs_are_listed_finished_or_not(finished, tmp_path):
    assert "no runs" in run("list").stdout
    (tmp_path / "footnote-runs").mkdir()
    (tmp_path / "footnote-runs" / "one.json").write_bytes(finished[0].read_bytes())
    (tmp_path / "footnote-runs" / "broken.json").write_text("{", "utf-8")
    shown = run("list")
    assert re.search(r"^one +samples +finished +12 ", shown.stdout, re.MULTILINE)
    assert "broken.json" in shown.stderr
    assert {one["name"]: one["state"] for one in run_json("list")["runs"]} == {"one": "finished", "broken": "broken"}


# Comparison, gate, report


@pytest.mark.models
def test_a_run_is_no_different_from_itself_and_passes_the_gate(finished):
    out, _ = finished
    comparison = run_json("compare", out, out)
    tested = {one["measure"]: one["verdict"] for one in comparison["differences"] if one["pairs"] > 1}
    assert {verdict for name, verdict in tested.items() if not name.endswith("_s")} <= {"no different", "not tested"}
    assert "passed" in run("gate", out, "--baseline", out).stdout


@pytest.mark.models
def test_the_gate_fails_with_1_for_what_got_worse_and_2_for_what_cannot_be_compared(finished, tmp_path):
    out, _ = finished
    many = tmp_path / "many.json"
    record = json.loads(out.read_text("utf-8"))
    copies = [dict(one, id=f"{one['id']}-{copy}") for copy in range(12) for one in record["questions"]]
    head = {key: value for key, value in record.items() if key != "questions"}
    many.write_text(json.dumps(head)[:-1] + ', "questions": [\n' + ",\n".join(map(json.dumps, copies)) + "\n]}\n")

    def spoil(question):
        question["measures"]["quotes_gold_at_3"] = question["measures"]["quotes_gold_at_3"] and 0.0

    worse = changed(many, tmp_path / "worse.json", spoil)
    failed = run("gate", worse, "--baseline", many, code=1)
    assert "FAILED" in failed.stdout
    assert "quotes_gold_at_3" in failed.stdout
    assert run_json("gate", worse, "--baseline", many, code=1)["passed"] is False
    assert "passed" in run("gate", many, "--baseline", worse).stdout
    assert "passed" in run("gate", worse, "--baseline", many, "--measure", "answer_f1").stdout
    assert "no measure 'f2'" in run("gate", worse, "--baseline", many, "--measure", "f2", code=2).stderr
    other = tmp_path / "other.json"
    other.write_text(out.read_text("utf-8").replace(record["fingerprint"]["questions"], "0" * 16), "utf-8")
    assert "question" in run("gate", out, "--baseline", other, code=2).stderr
    assert "cut.json" in run("gate", out, "--baseline", cut_in_half(out, tmp_path / "cut.json"), code=2).stderr


def cut_in_half(result, target):
    content = result.read_bytes()
    target.write_bytes(content[: len(content) // 2])
    return target


@pytest.mark.models
@pytest.mark.parametrize(
    ("suffix", "begins"), [("html", "<!doctype html>"), ("md", "## evaluation"), ("csv", '\ufeff"run"')]
)
def test_reports_in_three_forms(finished, tmp_path, suffix, begins):
    target = tmp_path / f"report.{suffix}"
    assert f"Wrote {target}" in run("report", finished[0], "--out", target).stdout
    assert target.read_text("utf-8").lower().startswith(begins)
    assert "12" in target.read_text("utf-8")


@pytest.mark.models
def test_a_report_of_two_runs_holds_their_comparison(finished, tmp_path):
    other = changed(finished[0], tmp_path / "other.json", lambda question: question["measures"].update(answer_f1=0.0))
    run("report", finished[0], other, "--out", tmp_path / "two.html")
    assert "against" in (tmp_path / "two.html").read_text("utf-8")


@pytest.mark.models
def test_a_report_needs_a_suffix_that_it_knows(finished, tmp_path):
    refused = run("report", finished[0], "--out", tmp_path / "report.docx", code=1)
    assert ".html" in refused.stderr


# Other systems


@pytest.mark.models
def test_what_was_exported_is_measured_the_same_as_another_system(finished, samples_index, tmp_path):
    out, _ = finished
    for form in ("jsonl", "trec", "qrels", "ragas", "deepeval"):
        run("export", out, "--to", form, "--out", tmp_path / f"out.{form}")
        assert (tmp_path / f"out.{form}").stat().st_size > 0
    assert "jsonl" in run("export", out, "--to", "xml", "--out", tmp_path / "x", code=1).stderr
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()[1:-1] for line in [line.rstrip(",")]]
    questions = [{name: row[name] for name in ("id", "question", "kind", "answers", "unanswerable")} for row in rows]
    for question, row in zip(questions, rows, strict=True):
        question["evidence"] = [
            {name: value for name, value in one.items() if name in ("source", "page", "quote") and value}
            for one in row["evidence"]
        ]
    asked = tmp_path / "asked.jsonl"
    asked.write_text("".join(json.dumps({k: v for k, v in one.items() if v}) + "\n" for one in questions), "utf-8")
    scored = run_json("score", asked, tmp_path / "out.jsonl", "--out", tmp_path / "scored.json", "--name", "other")
    own = run_json("run", SET, "--index", samples_index, "--limit", 12, "--seed", 1, "--out", out)
    for name in ("gold_contained", "citation_precision", "false_refusals", "false_answers", "nDCG@10"):
        assert scored["measures"][name] == pytest.approx(own["measures"][name]), name


# Question sets


@pytest.mark.models
@pytest.mark.parametrize("suffix", ["yaml", "csv", "jsonl"])
def test_a_new_set_is_a_draft_that_says_what_to_fill_in(samples_index, tmp_path, suffix):
    out = tmp_path / f"set.{suffix}"
    shown = run("new", "--out", out, "--index", samples_index).stdout
    assert f"footnote eval check {out}" in shown
    assert "briefing.md" in out.read_text("utf-8")
    unfilled = run("check", out, "--index", samples_index, code=1)
    assert "placeholder" in unfilled.stderr
    assert str(out) in unfilled.stderr
    assert "there already" in run("new", "--out", out, "--index", samples_index, code=1).stderr


@pytest.mark.models
def test_the_sample_set_is_faultless(samples_index):
    assert "60 questions, of which 21 unanswerable; 0 fault(s)." in run("check", SET, "--index", samples_index).stdout


@pytest.mark.models
def test_what_a_set_names_and_the_index_lacks_is_told(samples_index, tmp_path):
    faulty = tmp_path / "faulty.csv"
    faulty.write_text(
        "question,answers,source,quote\nWhen?,2022,briefing.md,not in there\nWho?,She,gone.md,\n", "utf-8"
    )
    shown = run("check", faulty, "--index", samples_index, code=1).stdout
    assert shown.count("! ") == 2
    assert "gone.md" in shown
    assert "2 fault(s)" in shown


@pytest.mark.models
def test_a_new_set_from_feedback_needs_some(samples_index, tmp_path):
    refused = run("new", "--out", tmp_path / "set.yaml", "--from-feedback", "--index", samples_index, code=1)
    assert "turned down" in refused.stderr
    assert not (tmp_path / "set.yaml").exists()


# Retrieval


@pytest.mark.models
def test_retrieval_is_measured_stage_by_stage(weights, tmp_path):
    folder = tmp_path / "tiny"
    (folder / "qrels").mkdir(parents=True)
    texts = {"a#1": "Lighthouses guide ships.", "b/2": "Bread is baked from flour.", "c 3": "Trains run on rails."}
    (folder / "corpus.jsonl").write_text(
        "".join(json.dumps({"_id": name, "title": "", "text": text}) + "\n" for name, text in texts.items()), "utf-8"
    )
    queries = {"1": "What guides ships?", "2": "How is bread baked?"}
    (folder / "queries.jsonl").write_text(
        "".join(json.dumps({"_id": name, "text": text}) + "\n" for name, text in queries.items()), "utf-8"
    )
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta#1\t1\n2\tb/2\t1\n", "utf-8")
    record = run_json("retrieval", folder)
    assert [name for name in record["stages"] if name in STAGES] == STAGES
    assert list(record["stages"])[-1] == "pipeline"
    for name in STAGES:
        assert list(record["stages"][name]) == FIGURES
        assert set(record["stages"][name].values()) == {1.0}, name
    assert record["questions"] == 2
    assert 0 < record["p50_ms"] <= record["p95_ms"]
    shown = run("retrieval", folder, "--limit", 1).stdout
    assert re.search(r"^pipeline +1\.000", shown, re.MULTILINE)


# What needs no index


def test_every_measure_is_defined():
    measures = run_json("measures")["measures"]
    assert {one["name"] for one in measures} >= PROMISED
    shown = run("measures").stdout
    assert all(one["name"] in shown for one in measures)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("set.csv", "id,answers\n1,2\n", "line 1: the column question is missing"),
        ("set.csv", "id,question,answers\n1,A?,b\n1,C?,d\n", "line 3"),
        ("set.yaml", "[]", "no questions"),
        ("set.jsonl", '{"question": "A?", "answers": ["b"]}\n{"question": "C', "line 2"),
        ("set.txt", "A?", "not a question set"),
    ],
)
def test_a_faulty_set_is_refused_with_its_place(tmp_path, name, content, says):
    (tmp_path / name).write_text(content, "utf-8")
    for command in (["run"], ["check"], ["retrieval"]):
        refused = run(*command, tmp_path / name, "--index", tmp_path / "none", code=1)
        assert refused.stderr.startswith("footnote: ")
        assert says in refused.stderr
        assert name in refused.stderr


@pytest.mark.parametrize("command", [["compare", "x.json", "x.json"], ["report", "x.json", "--out", "x.html"]])
def test_a_result_that_is_not_there_is_named(command):
    assert "x.json" in run(*command, code=1).stderr
