import inspect
import json
import threading
from dataclasses import fields

import numpy as np
import pytest

from eval.records import EvalCase, Outcome, Run, RunFingerprint
from eval.runs.evaluations import LOADING, Evaluations
from eval.runs.experiments import evaluate
from eval.runs.journal import Journal, JournalHead
from eval.runs.listing import SAMPLE, SAMPLE_PATH, RunFolder, RunRow
from eval.runs.results import save_run
from schema import FootnoteError, Progress
from settings import Settings

QUESTIONS = "- question: When?\n  answers: ['2022']\n- question: Where?\n  answers: ['Leeds']\n"
CASES = (EvalCase("1", "When?", ("2022",)), EvalCase("2", "Where?", ("Leeds",)))
WAIT_S = 10


def a_run(name, **about):
    columns = {"gold_in_answer_or_quote": np.array([1.0, 0.0]), "false_answers": np.array([np.nan, np.nan])}
    outcomes = (Outcome("1", "In 2022."), Outcome("2", "Nowhere."))
    return Run(name, RunFingerprint(questions="q", corpus="c"), CASES, outcomes, columns, about)


class Scripted:
    """An evaluation that does what it is told, step by step, from the test's thread."""

    def __init__(self):
        self.calls, self.steps, self.done = [], threading.Semaphore(0), 0
        self.at_work, self.error = threading.Semaphore(0), None

    def __call__(self, question_set, *, out, limit, seed, quotes_only, on_progress, on_message, stop):
        self.calls.append((question_set, out, limit, seed, quotes_only))
        self.at_work.release()
        with Journal(
            out.with_name(f"{out.stem}.journal.jsonl"), JournalHead("board", RunFingerprint(), 2, "ids")
        ) as journal:
            on_progress(Progress(len(journal.outcomes), 2, unit="questions"))
            for case in CASES[len(journal.outcomes) :]:
                self.at_work.release()
                while not self.steps.acquire(timeout=0.01):
                    if stop.is_set():
                        raise FootnoteError("Stopped after some questions.")
                if self.error:
                    raise self.error
                journal.add(Outcome(case.question_id, "answer"), 0.5)
                on_progress(Progress(len(journal.outcomes), 2, case.question, "questions"))
            on_message("Measuring.")
            save_run(a_run(out.stem, set=str(question_set)), out)
            journal.remove()

    def wait(self, times=1):
        for _ in range(times):
            assert self.at_work.acquire(timeout=WAIT_S)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "runs" / "sets").mkdir(parents=True)
    (tmp_path / "runs" / "sets" / "board papers.yaml").write_text(QUESTIONS)
    return tmp_path / "runs"


@pytest.fixture
def script():
    return Scripted()


@pytest.fixture
def evaluations(folder, script):
    made = Evaluations(folder, script)
    yield made
    made.close()


def begin(path):
    """The journal of a run of five questions, one of which was asked."""
    with Journal(path, JournalHead("set", RunFingerprint(), 5, "ids")) as journal:
        journal.add(Outcome("1", "x"), 1.0)


def ended(evaluations):
    evaluations._thread.join(WAIT_S)
    assert not evaluations._thread.is_alive()


def test_an_empty_or_missing_folder_holds_no_runs(tmp_path):
    assert Evaluations(tmp_path / "nowhere", Scripted()).runs() == []
    assert Evaluations(tmp_path / "nowhere", Scripted()).sets() == [SAMPLE]
    assert SAMPLE_PATH.is_file()


def test_a_finished_run_is_listed_with_its_figures(folder, evaluations):
    save_run(a_run("inside", set="/data/board.csv", finished="2026-05-04T10:00:00+00:00"), folder / "first.json")
    (row,) = evaluations.runs()
    figures = dict(row.measures)
    assert (figures["Right words"], figures["False answers"]) == ("50%", "–")
    assert row == RunRow("first", "board.csv", 2, 2, "2026-05-04T10:00:00+00:00", "finished", figures)
    assert evaluations.progress("first") == row


def test_runs_are_listed_newest_first_and_a_file_that_is_no_run_says_why(folder, evaluations):
    for name, day in (("a", 4), ("b", 6), ("c", 5)):
        save_run(a_run(name, set=str(SAMPLE_PATH), finished=f"1999-05-0{day}T10:00:00+00:00"), folder / f"{name}.json")
    (folder / "half.json").write_text((folder / "a.json").read_text()[:-40])
    (folder / ".hidden.json").write_text("{}")
    (folder / "note.txt").write_text("no run")
    rows = evaluations.runs()
    assert [row.name for row in rows] == ["half", "b", "c", "a"]
    assert {row.questions for row in rows[1:]} == {SAMPLE}
    assert rows[0].state == "broken"
    assert rows[0].message.startswith(f"{folder / 'half.json'}, line ")


@pytest.mark.parametrize("name", ["", "missing", "../runs/a", "a.json", "/etc/passwd", ".", "a\0", "sets"])
def test_nothing_but_the_name_of_a_run_is_accepted(folder, evaluations, name):
    save_run(a_run("a"), folder / "a.json")
    save_run(a_run("b"), folder.parent / "b.json")
    for action in (evaluations.progress, evaluations.report, evaluations.resume, evaluations.stop):
        with pytest.raises(FootnoteError, match="There is no run"):
            action(name)
    with pytest.raises(FootnoteError, match="There is no run"):
        evaluations.comparison("a", name)


def test_sets_are_the_samples_and_what_lies_in_their_folder(folder, evaluations):
    (folder / "sets" / "a.csv").write_text("question,answers\nWhen?,2022\n")
    (folder / "sets" / "readme.txt").write_text("no set")
    (folder / "sets" / ".hidden.yaml").write_text(QUESTIONS)
    (folder / "sets" / "beir").mkdir()
    (folder / "sets" / "beir" / "queries.jsonl").write_text("")
    (folder / "sets" / "other").mkdir()
    assert evaluations.sets() == [SAMPLE, "a.csv", "beir", "board papers.yaml"]


def test_a_run_is_made_in_the_background_and_can_be_watched(folder, evaluations, script):
    name = evaluations.start("board papers.yaml", limit=2, seed=7, quotes_only=True)
    assert name.startswith("board-papers-20")
    script.wait(2)
    assert script.calls == [(folder / "sets" / "board papers.yaml", folder / f"{name}.json", 2, 7, True)]
    row = evaluations.progress(name)
    assert (row.state, row.done, row.total, row.seconds_left, row.questions) == (
        "running",
        0,
        2,
        None,
        "board papers.yaml",
    )
    script.steps.release()
    script.wait()
    row = evaluations.progress(name)
    assert (row.done, row.total) == (1, 2)
    assert row.seconds_left > 0
    assert [one.name for one in evaluations.runs()] == [name]
    script.steps.release()
    ended(evaluations)
    row = evaluations.progress(name)
    assert (row.state, row.done, row.measures["Right words"]) == ("finished", 2, "50%")
    assert {path.name for path in folder.iterdir()} == {"sets", f"{name}.json"}


def test_before_the_first_progress_it_is_loading(folder):
    at_work, go_on = threading.Event(), threading.Event()
    evaluations = Evaluations(folder, lambda *_, **__: (at_work.set(), go_on.wait(WAIT_S)))
    name = evaluations.start(SAMPLE)
    assert at_work.wait(WAIT_S)
    row = evaluations.progress(name)
    assert (row.state, row.done, row.total, row.message) == ("running", 0, None, LOADING)
    go_on.set()
    ended(evaluations)


def test_documents_that_are_indexed_first_are_not_counted_as_questions(folder):
    at_work, go_on = threading.Event(), threading.Event()

    def evaluate(_, *, on_progress, **__):
        on_progress(Progress(30, 1200, "a.md", "documents"))
        at_work.set()
        go_on.wait(WAIT_S)

    evaluations = Evaluations(folder, evaluate)
    evaluations.start(SAMPLE)
    assert at_work.wait(WAIT_S)
    (row,) = evaluations.runs()
    assert (row.done, row.total, row.message) == (0, None, "Indexing the documents of the set: 30 of 1,200.")
    go_on.set()
    ended(evaluations)


def test_one_run_at_a_time(evaluations, script):
    name = evaluations.start("board papers.yaml")
    script.wait(2)
    with pytest.raises(FootnoteError, match=f"The run {name} is under way: stop it, or wait for it"):
        evaluations.start(SAMPLE)
    assert len(script.calls) == 1


def test_a_stopped_run_goes_on_where_it_was_even_after_a_restart(folder, evaluations, script):
    name = evaluations.start("board papers.yaml", limit=2, seed=3)
    script.wait(2)
    script.steps.release()
    script.wait()
    evaluations.stop(name)
    ended(evaluations)
    row = evaluations.progress(name)
    assert (row.state, row.done, row.total, row.message, row.can_resume) == ("unfinished", 1, 2, "Stopped.", True)

    again = Evaluations(folder, script)
    assert again.progress(name).can_resume
    again.resume(name)
    script.wait(2)
    assert script.calls[1] == script.calls[0]
    assert again.progress(name).done == 1
    script.steps.release()
    ended(again)
    assert again.progress(name).state == "finished"
    with pytest.raises(FootnoteError, match="is finished"):
        again.resume(name)


def test_a_run_that_a_command_began_is_shown_and_left_to_the_command(folder, evaluations):
    begin(folder / "cli.journal.jsonl")
    row = evaluations.progress("cli")
    assert (row.state, row.done, row.total, row.can_resume) == ("unfinished", 1, 5, False)
    assert row.message == "Begun by a command; the same command goes on with it."
    with pytest.raises(FootnoteError, match="a command"):
        evaluations.resume("cli")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FootnoteError("None of the documents is in the index."), "None of the documents is in the index."),
        (RuntimeError("secret"), "Something went wrong inside Footnote; the log of the server says what."),
    ],
)
def test_a_run_that_fails_says_why_and_lets_the_next_one_begin(evaluations, script, caplog, error, words):
    script.error = error
    name = evaluations.start("board papers.yaml")
    script.steps.release()
    ended(evaluations)
    row = evaluations.progress(name)
    assert (row.state, row.message, row.can_resume) == ("unfinished", words, True)
    assert ("secret" in caplog.text) == isinstance(error, RuntimeError)
    script.error = None
    script.steps.release(2)
    evaluations.resume(name)
    ended(evaluations)
    assert evaluations.progress(name).state == "finished"


def test_a_set_that_is_unknown_or_faulty_is_refused_before_anything_is_made(folder, evaluations, script):
    (folder / "sets" / "bad.yaml").write_text("- answers: [x]\n")
    with pytest.raises(FootnoteError, match=r"bad\.yaml, line 1"):
        evaluations.start("bad.yaml")
    for name in ("missing.yaml", "../sets/board papers.yaml", str(folder / "sets" / "board papers.yaml"), ""):
        with pytest.raises(FootnoteError, match="There is no question set"):
            evaluations.start(name)
    assert script.calls == []
    assert {path.name for path in folder.iterdir()} == {"sets"}


def test_names_are_not_taken_twice(folder):
    files = RunFolder(folder)
    first = files.free_name("board papers.yaml")
    save_run(a_run("x"), files.result(first))
    second = files.free_name("board papers.yaml")
    assert second != first
    assert files.free_name("../<b>.csv").startswith("b-20")
    assert files.free_name("???").startswith("run-20")


def test_the_end_of_the_server_stops_what_is_under_way_and_keeps_what_was_answered(folder, evaluations, script):
    name = evaluations.start("board papers.yaml")
    script.wait(2)
    script.steps.release()
    script.wait()
    evaluations.close()
    assert not evaluations._thread.is_alive()
    assert RunFolder(folder).row(name).done == 1


def test_a_note_that_is_broken_takes_the_possibility_to_go_on_but_not_the_run(folder, evaluations):
    begin(folder / "x.journal.jsonl")
    for content in ("{", "[]", json.dumps({"mood": 1})):
        (folder / "x.started").write_text(content)
        assert not evaluations.progress("x").can_resume


def test_a_report_and_a_comparison_are_documents(folder, evaluations):
    save_run(a_run("a", finished="2026-05-04T10:00:00+00:00"), folder / "a.json")
    save_run(a_run("b", finished="2026-05-05T10:00:00+00:00"), folder / "b.json")
    report = evaluations.report("a")
    assert report.startswith("<!doctype html>")
    assert "<body>" in report  # where the page puts the way back
    assert "style-src " in report.partition("<body>")[0]
    assert "Where?" in report
    both = evaluations.comparison("a", "b")
    assert both.index("a") < both.index("b")
    assert "against" in both


def test_an_unfinished_run_has_no_report(folder, evaluations):
    begin(folder / "x.journal.jsonl")
    with pytest.raises(FootnoteError, match="The run x is not finished yet"):
        evaluations.report("x")


def test_it_has_the_form_that_the_web_room_asks_for(folder):
    from web.service import Evaluations as Wanted  # noqa: PLC0415
    from web.service import RunRow as WantedRow  # noqa: PLC0415

    for name, method in vars(Wanted).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            ours = inspect.signature(getattr(Evaluations, name)).parameters
            assert list(ours.values()) == list(inspect.signature(method).parameters.values()), name
    wanted = {name for name, value in vars(WantedRow).items() if isinstance(value, property)}
    assert wanted == {one.name for one in fields(RunRow)}


@pytest.mark.models
def test_two_of_the_samples_questions_are_asked_for_real(samples_index, weights, tmp_path):
    settings = Settings(index=samples_index, cache=weights, runs=tmp_path / "runs")

    def evaluate_here(question_set, **choices):
        return evaluate(question_set, settings, **choices)

    evaluations = Evaluations(settings.runs, evaluate_here)
    name = evaluations.start(SAMPLE, limit=2, seed=0, quotes_only=True)
    evaluations._thread.join(120)
    row = evaluations.progress(name)
    assert (row.state, row.done, row.total, row.questions, row.message) == ("finished", 2, 2, SAMPLE, "")
    assert row.measures["Median time"] not in ("", "–")
    assert f"<h1>{name}</h1>" in evaluations.report(name)
