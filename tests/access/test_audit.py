import json
import os
import re
import signal
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access import audit, chain
from access.audit import KEY_FILE, AuditLog, Entry, entries, verify
from access.chain import START, Verdict
from access.log_files import FILE
from schema import FootnoteError

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "What was agreed on pay?"
ENTRY = Entry(
    user="ann",
    groups=("hr", "staff"),
    embed="portal",
    origin="https://portal.example",
    door="widget",
    collection="hr",
    question=QUESTION,
    outcome="answered",
    collections=("hr",),
    sources=("hr/pay.pdf",),
    seconds=1.23456,
)


def asked_by(user, question="What?"):
    return Entry(user, (), "", "", "rest", None, question, "answered")


def filled(folder, *users, **options):
    log = AuditLog(folder, **options)
    for user in users:
        log.write(asked_by(user))
    return log


def lines(folder):
    return (folder / FILE).read_bytes().split(b"\n")[:-1]


def users(folder):
    """Who asked, in order; ``None`` where that was taken out."""
    return [line.content and line.content["user"] for line in entries(folder) if line.kind == "question"]


def at_days_ago(monkeypatch, days):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 5, 31, 12, tzinfo=UTC) - timedelta(days=days)

    monkeypatch.setattr(audit, "datetime", Clock)


def test_an_entry_says_who_asked_what_and_what_they_were_shown(tmp_path):
    AuditLog(tmp_path).write(ENTRY)
    (line,) = entries(tmp_path)
    content = dict(line.content)
    assert re.fullmatch("[0-9a-f]{32}", content.pop("salt"))
    assert content == {
        "user": "ann",
        "groups": ["hr", "staff"],
        "embed": "portal",
        "origin": "https://portal.example",
        "door": "widget",
        "collection": "hr",
        "question": QUESTION,
        "outcome": "answered",
        "collections": ["hr"],
        "sources": ["hr/pay.pdf"],
        "seconds": 1.235,
    }
    assert (line.kind, line.previous) == ("question", START)
    assert datetime.fromisoformat(line.at).tzinfo is not None
    assert verify(tmp_path) == Verdict(1, 0, line.hash)


def test_only_the_owner_may_read_the_files_and_the_folder(tmp_path):
    folder = tmp_path / "state"
    AuditLog(folder, "pseudonymous").write(ENTRY)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {FILE: 0o600, KEY_FILE: 0o600}


def test_pseudonymous_leaves_the_question_and_the_name_out_and_still_tells_people_apart(tmp_path):
    log = AuditLog(tmp_path, "pseudonymous")
    for user in ("ann", "bob", "ann", ""):
        log.write(asked_by(user, QUESTION))
    log.write(ENTRY)
    content = (tmp_path / FILE).read_text("ascii")
    assert all(word not in content for word in ("ann", "bob", "pay?", "staff", "groups", 'question":'))
    ann, bob, again, nobody, _ = users(tmp_path)
    assert re.fullmatch("person-[0-9a-f]{32}", ann)
    assert (ann == again, ann != bob, nobody) == (True, True, "")
    AuditLog(tmp_path, "pseudonymous").write(asked_by("ann"))
    assert users(tmp_path)[-1] == ann
    assert verify(tmp_path).fault == ""


def test_names_get_another_pseudonym_in_another_installation(tmp_path):
    for name in ("a", "b"):
        AuditLog(tmp_path / name, "pseudonymous").write(asked_by("ann"))
    assert users(tmp_path / "a") != users(tmp_path / "b")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(), max_size=40), min_size=1, max_size=6))
def test_no_text_can_forge_a_line_or_steer_a_terminal(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("log")
    log = AuditLog(folder)
    for text in (*texts, 'x\r\n{"kind":"question"}\n\x1b[2J\x00\u2028\ud800'):
        log.write(asked_by(text, text))
    content = (folder / FILE).read_bytes()
    assert content.count(b"\n") == len(texts) + 1
    assert all(byte == 10 or 32 <= byte < 127 for byte in content)
    assert users(folder)[: len(texts)] == texts
    assert verify(folder).fault == ""


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_found(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("log")
    filled(folder, "ann", "bob", "cat")
    content = bytearray((folder / FILE).read_bytes())
    place = data.draw(st.integers(0, len(content) - 2))
    content[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
    number = bytes(content[:place]).count(b"\n") + 1
    (folder / FILE).write_bytes(content)
    found = verify(folder)
    assert found.fault.startswith(f"{folder / FILE}, line ")
    assert found.lines <= number


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda rows: [rows[0], rows[2]], "line 2: it does not follow the line before it"),
        (lambda rows: [rows[1], rows[0], rows[2]], "line 2: it does not follow the line before it"),
        (lambda rows: [rows[0], rows[0], *rows[1:]], "line 2: it does not follow the line before it"),
        (lambda rows: rows[1:], "line 1: lines before it are missing, and no line says that they were removed in time"),
        (lambda rows: [rows[0].replace(b"ann", b"eve"), *rows[1:]], "line 1: its content was changed"),
        (lambda rows: [rows[0].replace(b"20", b"21", 1), *rows[1:]], "line 1: its hash does not fit what it says"),
        (lambda rows: [b"{}", *rows], "line 1: it is no line of the audit log"),
        (lambda rows: [b" " + rows[0], *rows[1:]], "line 1: it is not written as Footnote writes lines"),
        (
            lambda rows: [chain.parse_line(rows[0]).without_content().to_bytes()[:-1], *rows[1:]],
            "line 1: 1 lines are without content, and 0 were deleted by name",
        ),
    ],
)
def test_the_first_break_is_named(tmp_path, change, fault):
    filled(tmp_path, "ann", "bob", "cat")
    (tmp_path / FILE).write_bytes(b"".join(row + b"\n" for row in change(lines(tmp_path))))
    assert verify(tmp_path).fault == f"{tmp_path / FILE}, {fault}"


def test_a_log_that_is_not_there_is_whole(tmp_path):
    assert verify(tmp_path / "nothing") == Verdict()
    assert list(entries(tmp_path / "nothing")) == []


def test_the_chain_goes_on_over_files_and_restarts(tmp_path):
    for number in range(12):
        filled(tmp_path, f"user {number}", largest=900)
    older = sorted(path.name for path in tmp_path.glob("audit-*.jsonl"))
    assert older[:2] == ["audit-000001.jsonl", "audit-000002.jsonl"]
    assert users(tmp_path) == [f"user {number}" for number in range(12)]
    assert verify(tmp_path).lines == 12
    assert verify(tmp_path).fault == ""
    (tmp_path / older[1]).unlink()
    assert verify(tmp_path).fault.endswith("line 1: it does not follow the line before it")


@pytest.mark.parametrize("cut", [1, 5, 200])
def test_a_line_that_a_crash_left_unfinished_is_taken_away(tmp_path, cut):
    filled(tmp_path, "ann", "bob", "cat")
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-cut])
    filled(tmp_path, "dan")
    assert users(tmp_path) == (["ann", "bob", "cat", "dan"] if cut == 1 else ["ann", "bob", "dan"])
    assert verify(tmp_path).fault == ""


def test_a_crash_at_the_end_of_a_full_file_breaks_nothing(tmp_path):
    filled(tmp_path, "ann", "bob", "cat")
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-7])
    filled(tmp_path, "dan", largest=10)
    assert users(tmp_path) == ["ann", "bob", "dan"]
    assert verify(tmp_path).fault == ""


def test_the_unfinished_end_of_a_log_that_is_being_written_is_no_break(tmp_path):
    filled(tmp_path, "ann", "bob")
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-7])
    assert (verify(tmp_path).lines, verify(tmp_path).fault) == (1, "")


WRITER = """
import itertools, sys
from pathlib import Path
from access.audit import AuditLog, Entry
log = AuditLog(Path(sys.argv[1]), largest=20_000)
for number in itertools.count():
    log.write(Entry(sys.argv[2], (), "", "", "rest", None, f"{number} " + "x" * 3000, "answered"))
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_kills_of_several_writers(tmp_path):
    told = {}
    for round_ in range(2):
        names = [f"{round_} {number}" for number in range(2)]
        writers = {
            name: subprocess.Popen(
                [sys.executable, "-c", WRITER, str(tmp_path), name], cwd=ROOT, stdout=subprocess.PIPE, text=True
            )
            for name in names
        }
        for name, process in writers.items():
            for _ in range(12):
                told[name] = int(process.stdout.readline())
        for name, process in writers.items():
            process.send_signal(signal.SIGKILL)
            rest = process.communicate()[0].split()
            told[name] = int(rest[-1]) if rest else told[name]
    filled(tmp_path, "afterwards")
    found = verify(tmp_path)
    assert found.fault == ""
    for name, last in told.items():
        kept = [line.content["question"].split()[0] for line in entries(tmp_path) if line.content["user"] == name]
        assert kept[: last + 1] == [str(number) for number in range(last + 1)]
    assert (tmp_path / "audit-000001.jsonl").exists()


def test_threads_write_one_line_each(tmp_path):
    log = AuditLog(tmp_path)
    threads = [threading.Thread(target=log.write, args=(asked_by(f"user {number}"),)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(users(tmp_path)) == sorted(f"user {number}" for number in range(20))
    assert verify(tmp_path).fault == ""


@pytest.mark.parametrize("failing", ["write", "fsync"])
def test_an_entry_that_cannot_be_written_is_told_and_leaves_the_log_whole(tmp_path, monkeypatch, failing):
    log = filled(tmp_path, "ann")

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken, pytest.raises(FootnoteError, match="can't be used: No space left on device"):
        broken.setattr(os, failing, fail)
        log.write(asked_by("bob"))
    log.write(asked_by("cat"))
    assert users(tmp_path) == ["ann", "cat"]
    assert verify(tmp_path).fault == ""


@pytest.mark.parametrize("mode", ["full", "pseudonymous"])
def test_forgetting_somebody_takes_their_words_out_and_says_that_there_were_some(tmp_path, mode):
    log = filled(tmp_path, "ann", "bob", "ann", "cat", mode=mode, largest=900)
    log.write(asked_by("ann", QUESTION))
    before = verify(tmp_path)
    assert log.forget("ann", feedback=2) == 3
    known = users(tmp_path)
    assert [user is None for user in known] == [True, False, True, False, True]
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("*.jsonl"))
    assert QUESTION.encode() not in everything
    assert b"ann" not in everything
    (told,) = [line for line in entries(tmp_path) if line.kind == "forgotten"]
    assert (told.content["lines"], told.content["feedback"]) == (3, 2)
    after = verify(tmp_path)
    assert (after.lines, after.erased, after.fault) == (before.lines + 1, 3, "")
    log.write(asked_by("dan"))
    assert verify(tmp_path).fault == ""
    assert log.forget("ann") == 0
    assert verify(tmp_path).lines == before.lines + 2  # nothing was deleted, so nothing is told


def test_somebody_is_forgotten_under_both_kinds_of_record(tmp_path):
    filled(tmp_path, "ann")
    filled(tmp_path, "ann", "bob", mode="pseudonymous")
    assert AuditLog(tmp_path).forget("ann") == 2
    assert [user is None for user in users(tmp_path)] == [True, True, False]


def test_a_kill_between_the_two_halves_of_forgetting_leaves_a_whole_log_and_can_be_made_good(tmp_path, monkeypatch):
    log = filled(tmp_path, "ann", "bob")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(audit, "take_out", killed)
        log.forget("ann")
    assert (verify(tmp_path).fault, users(tmp_path)) == ("", ["ann", "bob"])
    assert log.forget("ann") == 1
    assert (verify(tmp_path).fault, users(tmp_path)) == ("", [None, "bob"])


@pytest.mark.parametrize("largest", [500, 900, 100_000])
def test_what_is_too_old_goes_by_whole_days_and_the_chain_still_holds(tmp_path, monkeypatch, largest):
    for days in (40, 31, 30, 29, 0):
        at_days_ago(monkeypatch, days)
        log = filled(tmp_path, f"{days} days ago", largest=largest)
    assert log.expire(date(2026, 5, 1)) == 2
    assert users(tmp_path) == ["30 days ago", "29 days ago", "0 days ago"]
    (told,) = [line for line in entries(tmp_path) if line.kind == "expired"]
    assert (told.content["lines"], told.content["before"]) == (2, "2026-05-01")
    assert verify(tmp_path).fault == ""
    log.write(asked_by("dan"))
    assert log.expire(date(2026, 5, 1)) == 0
    assert (verify(tmp_path).lines, verify(tmp_path).fault) == (5, "")


def test_all_may_be_too_old_and_forgetting_goes_together_with_it(tmp_path, monkeypatch):
    at_days_ago(monkeypatch, 40)
    log = filled(tmp_path, "ann", "bob", "ann", largest=900)
    log.forget("ann")
    at_days_ago(monkeypatch, 0)
    assert log.expire(date(2026, 5, 1)) == 4
    log.write(asked_by("cat"))
    assert users(tmp_path) == ["cat"]
    assert verify(tmp_path).fault == ""
    at_days_ago(monkeypatch, -40)
    log.expire(date(2026, 6, 30))
    assert verify(tmp_path).fault == ""


def test_a_line_that_was_tampered_with_does_not_go_with_time(tmp_path, monkeypatch):
    at_days_ago(monkeypatch, 40)
    log = filled(tmp_path, "ann", "bob")
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes().replace(b"ann", b"eve"))
    at_days_ago(monkeypatch, 0)
    assert log.expire(date(2026, 5, 1)) == 0
    assert "line 1: its content was changed" in verify(tmp_path).fault
    log.write(asked_by("cat"))  # and the server goes on
    assert "line 1: its content was changed" in verify(tmp_path).fault


def test_what_was_taken_out_cannot_be_found_by_guessing(tmp_path):
    log = filled(tmp_path, "ann", "ann")
    first, second = entries(tmp_path)
    assert first.content_hash != second.content_hash
    guess = {name: value for name, value in first.content.items() if name != "salt"}
    assert chain._digest(guess) != first.content_hash
    log.forget("ann")
    assert all(b"salt" not in row for row in lines(tmp_path)[:2])
    assert json.loads(lines(tmp_path)[0])["content"] is None
