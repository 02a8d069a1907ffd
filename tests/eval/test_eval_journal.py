"""The journal of a run: what a crash can leave is mended, anything else is refused; one process holds it."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import scripted_run

from eval.records import Outcome, RunFingerprint
from eval.runs.journal import Journal, JournalHead, changed_parts, load_journal_head
from schema import FootnoteError

HEAD = scripted_run.HEAD
OUTCOMES = (Outcome("q0", "é", confidence=0.1 + 0.2), Outcome("q1", error="It failed."), Outcome("q2", "half \udc00"))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "runs" / "run.journal.jsonl"
    with Journal(path, HEAD) as journal:
        for outcome in OUTCOMES:
            journal.add(outcome, 1.25)
    return path


def read(path, head=HEAD, **options):
    with Journal(path, head, **options) as journal:
        return list(journal.outcomes.values())


def refused(path, head=HEAD, **options):
    before = path.read_bytes()
    with pytest.raises(FootnoteError) as error:
        Journal(path, head, **options)
    assert path.read_bytes() == before
    return str(error.value).replace(str(path), "FILE")


def test_what_was_added_is_there_for_the_next_process(path):
    with Journal(path, replace(HEAD, started="later")) as journal:
        assert tuple(journal.outcomes.values()) == OUTCOMES
        assert journal.seconds == 3.75
        assert journal.head == HEAD
    assert load_journal_head(path) == (HEAD, 3)


def test_an_outcome_is_one_line_that_is_synced_before_it_counts(path, monkeypatch):
    calls = []
    monkeypatch.setattr(
        os, "write", lambda descriptor, line, write=os.write: calls.append("write") or write(descriptor, line)
    )
    monkeypatch.setattr(os, "fsync", lambda descriptor, sync=os.fsync: calls.append("sync") or sync(descriptor))
    with Journal(path, HEAD) as journal:
        journal.add(Outcome("q3", "x" * 1_000_000), 0)
        assert calls == ["write", "sync"]
    assert path.read_bytes().count(b"\n") == 5


def test_a_last_line_cut_anywhere_is_asked_again_and_no_other(path):
    """Of the last line alone: it, or no more than its end, may be missing."""
    whole = path.read_bytes()
    start = whole[:-1].rindex(b"\n") + 1
    for length in range(start, len(whole) + 1):
        path.write_bytes(whole[:length])
        kept = 3 if length >= len(whole) - 1 else 2
        assert read(path) == list(OUTCOMES[:kept])
        assert path.read_bytes() == (whole if kept == 3 else whole[:start])


def test_a_head_cut_anywhere_begins_anew(path):
    whole = path.read_bytes()
    head = whole[: whole.index(b"\n")]
    for length in range(len(head)):
        path.write_bytes(head[:length])
        with Journal(path, HEAD) as journal:
            assert journal.outcomes == {}
            assert path.read_bytes() == head + b"\n"


def test_room_without_a_line_is_cut_off(path):
    """What some file systems leave after a power cut."""
    whole = path.read_bytes()
    path.write_bytes(whole + b"\0" * 5000)
    assert read(path) == list(OUTCOMES)
    path.write_bytes(whole + b"\0" * 5000 + b"}\n")
    assert read(path) == list(OUTCOMES)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("line", "new", "fault"),
    [
        (2, b'{"id": "q0", "ans', "FILE, line 2: this is not a line of JSON: Unterminated string"),
        (3, b"", "FILE, line 3: this is not a line of JSON: Expecting value"),
        (3, b'{"answer": "x"}', "FILE, line 3, field id: None is not text"),
        (3, b'{"id": "q0"}', "FILE, line 3, field id: 'q0' stands on an earlier line; take one out"),
        (3, b'{"id": "q1", "seconds": "1"}', "FILE, line 3, field seconds: '1' is not a number"),
        (1, b'{"format": "other"}', "FILE, line 1: this is not the journal of a run"),
        (1, b'{"format": "footnote-journal", "version": 2}', "FILE, line 1: another version of Footnote began this"),
    ],
)  # fmt: skip
def test_a_broken_line_elsewhere_is_refused_and_nothing_is_changed(path, line, new, fault):
    lines = path.read_bytes().split(b"\n")
    lines[line - 1] = new
    path.write_bytes(b"\n".join(lines))
    assert refused(path).startswith(fault)


def test_another_set_up_is_refused_part_by_part(path):
    other = replace(HEAD.fingerprint, prompt="9c1d", llm="")
    assert refused(path, replace(HEAD, fingerprint=other)) == (
        "FILE, line 1: this run was begun with another set-up and can't be continued with this one:\n"
        "  llm: llm then, unknown now\n"
        "  prompt: prompt then, 9c1d now\n"
        "Begin again with --fresh, or leave it as it is and name another file with --out."
    )


def test_other_questions_are_refused_and_the_choice_of_them_is_told(path):
    fingerprint = replace(HEAD.fingerprint, questions="other")
    message = refused(path, replace(HEAD, fingerprint=fingerprint, ids="b", limit=10, seed=7))
    assert message.split("\n")[1:-1] == [
        "  questions: qqqqqqqqqqqqqqqq then, other now", "  limit: none then, 10 now", "  seed: none then, 7 now"
    ]  # fmt: skip
    assert "  ids of the questions: ids then, b now" in refused(path, replace(HEAD, ids="b"))
    assert read(path, replace(HEAD, limit=400)) == list(OUTCOMES)  # another way to choose the same questions


def test_each_part_of_a_fingerprint_is_told(path):
    one, two = (RunFingerprint(*[f"{name}{digit}" for name in "abcdefghi"]) for digit in "12")
    assert [change.partition(":")[0] for change in changed_parts(one, two)] == [
        "questions", "corpus", "index", "embedder", "reranker", "llm", "prompt", "settings", "version"
    ]  # fmt: skip
    assert changed_parts(one, one) == []
    assert changed_parts(RunFingerprint(corpus="0" * 64), RunFingerprint(corpus="1" * 64)) == [
        "corpus: 000000000000... then, 111111111111... now"
    ]


def test_fresh_begins_again_even_after_a_fault(path):
    path.write_bytes(path.read_bytes().replace(b'"q0"', b"q0"))
    assert read(path, fresh=True) == []
    assert not path.exists()  # nothing was added


def test_fresh_never_empties_what_is_no_journal(tmp_path):
    path = tmp_path / "notes.journal.jsonl"
    path.write_text("My notes\nof the day")
    assert refused(path, fresh=True).startswith("FILE, line 1: this is not the journal of a run")


def test_a_second_process_is_refused_while_the_first_one_runs(path):
    script = (
        "import sys; from pathlib import Path; from eval.runs.journal import Journal; import scripted_run\n"
        "with Journal(Path(sys.argv[1]), scripted_run.HEAD):\n    print('held', flush=True); sys.stdin.read()"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as other:
        assert other.stdout.readline() == b"held\n"
        assert refused(path) == (
            "This run is already in progress: another process holds FILE. Wait until it ends or stop it, and then "
            "start this one to go on, or name another file with --out."
        )
        assert refused(path, fresh=True).startswith("This run is already in progress")
        other.kill()
    assert read(path) == list(OUTCOMES)


def test_a_journal_that_its_owner_removes_meanwhile_is_not_written_to(path, monkeypatch):
    """Between opening and locking the file, the other process may have finished."""
    import fcntl  # noqa: PLC0415

    lock, calls = fcntl.flock, []

    def late(descriptor, operation):
        if not calls:
            path.unlink()
        calls.append(descriptor)
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with Journal(path, HEAD) as journal:
        journal.add(OUTCOMES[0], 0)
    assert read(path) == [OUTCOMES[0]]


def test_a_journal_without_an_outcome_leaves_no_file(tmp_path):
    with Journal(tmp_path / "x.journal.jsonl", HEAD):
        assert load_journal_head(tmp_path / "x.journal.jsonl") == (HEAD, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_journal_as_it_was(path, monkeypatch):
    before = path.read_bytes()
    with Journal(path, HEAD) as journal:
        monkeypatch.setattr(os, "write", lambda descriptor, line, write=os.write: write(descriptor, line[:20]))
        with pytest.raises(FootnoteError, match=r"the disk is full\. What stands there is kept"):
            journal.add(Outcome("q3", "x"), 0)
        assert "q3" not in journal.outcomes
    assert path.read_bytes() == before


def test_a_head_is_read_strictly(tmp_path):
    path = tmp_path / "x.journal.jsonl"
    path.write_text(json.dumps({"format": "footnote-journal", "version": 1, "questions": "many"}) + "\n")
    with pytest.raises(FootnoteError, match=r"line 1, field questions: 'many' is not a whole number"):
        load_journal_head(path)
    with pytest.raises(FootnoteError, match="can't be read"):
        load_journal_head(tmp_path / "none.journal.jsonl")
    assert JournalHead("x", RunFingerprint(), 1, "ids").seed is None
