"""Asking the questions of a set: nothing twice, nothing lost, whatever stops it."""

import json
import random
import subprocess
import sys
import threading
import time

import pytest
import scripted_run

from eval.records import Outcome
from eval.runs.journal import Journal
from eval.runs.running import LinkedEvent, RunFailedError, RunStoppedError, ask_all
from schema import FootnoteError, Progress

CASES = scripted_run.cases(12)
KILLS = 20


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.journal.jsonl"


@pytest.fixture
def run(path):
    """Ask the cases with an answerer, as one process after another would; keeps what was asked."""

    def ask(answer=lambda case, stop: Outcome(case.question_id, "Yes."), cases=CASES, **options):
        ask.asked = []

        def noted(case, stop):
            ask.asked.append(case.question_id)
            return answer(case, stop)

        with Journal(path, scripted_run.HEAD) as journal:
            return ask_all(cases, noted, journal=journal, **options)

    return ask


def ids(cases):
    return [case.question_id for case in cases]


def failing(*names, message="The disk is full."):
    def answer(case, stop):
        if case.question_id in names:
            raise FootnoteError(message)
        return Outcome(case.question_id, "Yes.")

    return answer


@pytest.mark.parametrize("parallel", [1, 4])
def test_outcomes_come_in_the_order_of_the_set(run, parallel):
    def answer(case, stop):
        time.sleep(0.02 if case.question_id == "q0" else 0)
        return Outcome(case.question_id, case.question)

    outcomes = run(answer, parallel=parallel)
    assert [(one.question_id, one.answer) for one in outcomes] == [(one.question_id, one.question) for one in CASES]


def test_progress_begins_with_what_was_done_before_and_names_the_question(run):
    told = []
    run(cases=CASES[:3], on_progress=told.append)
    assert told == [
        Progress(0, 3, "", "questions"),
        Progress(1, 3, "What is 0?", "questions"),
        Progress(2, 3, "What is 1?", "questions"),
        Progress(3, 3, "What is 2?", "questions"),
    ]
    told.clear()
    run(cases=CASES[:4], on_progress=told.append)
    assert told == [Progress(3, 4, "", "questions"), Progress(4, 4, "What is 3?", "questions")]


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_stopped_run_drops_the_question_in_progress_and_goes_on_with_it(run, path, parallel):
    stop = threading.Event()

    def answer(case, inner):
        if case.question_id == "q5":
            stop.set()
            assert inner.wait(60)
        return Outcome(case.question_id, "half" if inner.is_set() else "whole")

    with pytest.raises(RunStoppedError) as error:
        run(answer, parallel=parallel, stop=stop)
    kept = path.read_bytes().count(b"\n") - 1
    assert str(error.value) == (
        f"Stopped after {kept} of 12 questions; their answers are kept in {path}. The same command goes on from there."
    )
    assert kept == 5 if parallel == 1 else kept <= 7
    assert len(run.asked) - kept <= parallel
    outcomes = run(lambda case, stop: Outcome(case.question_id, "whole"))
    assert len(run.asked) == 12 - kept
    assert [one.answer for one in outcomes] == ["whole"] * 12


@pytest.mark.parametrize("parallel", [1, 3])
def test_ctrl_c_ends_the_run_as_stop_does(run, path, parallel):
    def interrupt(progress):
        if progress.done == 4:
            raise KeyboardInterrupt

    with pytest.raises(RunStoppedError, match=r"Stopped after \d of 12 questions"):
        run(parallel=parallel, on_progress=interrupt)
    done = path.read_bytes().count(b"\n") - 1
    assert done == 4
    run()
    assert len(run.asked) == 12 - done


def test_a_run_that_was_stopped_before_it_began_asks_nothing(run):
    stop = threading.Event()
    stop.set()
    for parallel in (1, 2):
        with pytest.raises(RunStoppedError, match=r"^Stopped before the first of 12 questions was answered\.$"):
            run(stop=stop, parallel=parallel)
        assert run.asked == []


def test_no_question_waits_in_a_queue_where_a_stop_would_find_it(run):
    stop, gate = threading.Event(), threading.Semaphore(0)

    def answer(case, inner):
        while not inner.is_set() and not gate.acquire(timeout=0.01):
            pass
        return Outcome(case.question_id, "Yes.")

    def let_one_through(progress):
        gate.release()
        if progress.done == 2:
            stop.set()

    with pytest.raises(RunStoppedError):
        run(answer, parallel=3, stop=stop, on_progress=let_one_through)
    assert len(run.asked) == 1 + 3  # two were done, and one more was begun after the first


def test_a_stop_at_the_last_question_is_too_late(run):
    stop = threading.Event()
    outcomes = run(on_progress=lambda progress: progress.done == 12 and stop.set(), stop=stop)
    assert len(outcomes) == 12
    assert run(stop=stop) == outcomes


def test_the_event_of_a_question_can_be_set_without_ending_the_run(run):
    """The pipeline sets the event that it is given when an answer is complete."""

    def answer(case, stop):
        stop.set()
        return Outcome(case.question_id, "Yes.")

    assert len(run(answer)) == 12


def test_a_linked_event_is_set_by_the_other_and_not_the_other_way():
    other = threading.Event()
    event = LinkedEvent(other)
    assert not event.wait(0.01)
    LinkedEvent(other).set()
    assert not event.is_set()
    threading.Timer(0.02, other.set).start()
    assert event.wait()


@pytest.mark.parametrize("parallel", [1, 4])
def test_several_questions_are_in_progress_at_once_and_no_more_than_allowed(run, parallel):
    lock, now, most = threading.Lock(), set(), []
    together = threading.Barrier(parallel, timeout=60)

    def answer(case, stop):
        with lock:
            now.add(case.question_id)
            most.append(len(now))
        together.wait()
        with lock:
            now.remove(case.question_id)
        return Outcome(case.question_id, "Yes.")

    assert len(CASES) % parallel == 0
    run(answer, parallel=parallel)
    assert max(most) == parallel


# Errors


def test_a_question_that_fails_has_its_error_as_outcome_and_is_not_asked_again(run):
    outcomes = run(failing("q3", "q4", "q5", "q6", "q9"))
    assert [one.question_id for one in outcomes if one.error == "The disk is full."] == ["q3", "q4", "q5", "q6", "q9"]
    assert run(failing()) == outcomes
    assert run.asked == []


@pytest.mark.parametrize("parallel", [1, 3])
def test_five_same_errors_in_a_row_end_the_run_and_are_asked_again(run, parallel):
    with pytest.raises(RunFailedError, match=r"^5 questions in a row failed in the same way: The disk is full\.$"):
        run(failing(*ids(CASES[4:])), parallel=parallel)
    outcomes = run()
    kept = [one.question_id for one in outcomes if one.error]
    # With several at once, a success may come in after the first failures, which are then not in a row.
    assert kept == [] if parallel == 1 else len(kept) <= 2
    assert set(run.asked) == set(ids(CASES[4:])) - set(kept)


def test_other_errors_in_a_row_are_faults_of_their_questions(run):
    def answer(case, stop):
        raise FootnoteError(f"What is {int(case.question_id[1:]) // 4}?")

    assert [one.error for one in run(answer)] == [f"What is {number // 4}?" for number in range(12)]


def test_errors_at_the_end_are_kept_but_a_run_of_nothing_else_is_refused(run, path):
    with pytest.raises(RunFailedError, match=r"Every question failed in the same way: The disk is full\."):
        run(failing("q0", "q1"), cases=CASES[:2])
    assert not path.exists()
    assert [one.error for one in run(failing("q2"), cases=CASES[:3])] == ["", "", "The disk is full."]


def test_a_fault_of_the_whole_run_ends_it_at_once(run):
    def answer(case, stop):
        if case.question_id == "q2":
            raise RunFailedError("The index was changed.")
        return Outcome(case.question_id, "Yes.")

    for parallel in (1, 2):
        with pytest.raises(RunFailedError, match="The index was changed"):
            run(answer, parallel=parallel)
    assert run()[2].answer == "Yes."


def test_a_fault_in_the_code_is_no_outcome(run, path):
    def answer(case, stop):
        if case.question_id == "q2":
            raise ZeroDivisionError
        return Outcome(case.question_id, "Yes.")

    with pytest.raises(ZeroDivisionError):
        run(answer)
    assert path.read_bytes().count(b"\n") == 1 + 2


# Kills


def start(folder, log):
    return subprocess.Popen([sys.executable, scripted_run.__file__, str(folder), str(log)])


def acknowledged(folder):
    """The ids in the journal: whole lines only, since an answer counts once its line is complete."""
    path = folder / "run.journal.jsonl"
    lines = path.read_bytes().split(b"\n")[1:-1] if path.exists() else []
    return [json.loads(line)["id"] for line in lines]


def asked(log):
    return log.read_text().split() if log.exists() else []


def test_a_run_killed_twenty_times_ends_like_one_that_never_was(tmp_path):
    """SIGKILL at random moments: while it starts, reads the journal, asks, or writes a line."""
    moments = random.Random(20)  # noqa: S311  (no secret)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert start(whole, tmp_path / "log").wait(120) == 0
    assert len(asked(tmp_path / "log")) == scripted_run.QUESTIONS

    lost = 0
    for life in range(KILLS):
        before, log = acknowledged(killed), tmp_path / f"log{life}"
        process = start(killed, log)
        if life % 5:
            deadline, enough = time.monotonic() + 60, moments.randrange(20)  # questions, however fast they are asked
            while not (log.exists() and len(asked(log)) >= enough) and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(moments.uniform(0, 0.01))
        else:
            time.sleep(moments.uniform(0, 0.1))
        process.kill()
        assert process.wait() == -9
        after = acknowledged(killed)
        assert after[: len(before)] == before
        assert not set(asked(log)) & set(before)
        lost += len(asked(log)) - (len(after) - len(before))
    assert 30 < len(acknowledged(killed)) < scripted_run.QUESTIONS
    assert lost <= 2 * KILLS  # the question in progress, and one error that waits for the next outcome

    before, log = acknowledged(killed), tmp_path / "log-last"
    assert start(killed, log).wait(120) == 0
    assert asked(log) == [case.question_id for case in scripted_run.cases() if case.question_id not in set(before)]
    assert (killed / "run.json").read_bytes() == (whole / "run.json").read_bytes()
    assert sorted(one.name for one in killed.iterdir()) == ["run.json"]
