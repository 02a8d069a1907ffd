"""What the server wrote down, from the command line: checking it, reading it, and deleting what is kept of a person."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
from access import database
from access.audit import AuditLog, Entry, entries, verify
from access.database import Database
from access.log_files import FILE
from access.sessions import Sessions
from feedback import Feedback, append_feedback, now, read_feedback
from settings import load_settings
from web.opening import retention

QUESTION = "What was agreed on pay?\n\x1b[31mred"


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("FOOTNOTE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    Path("footnote-index").mkdir()


@pytest.fixture
def state():
    return Path("footnote-state")


def run(*arguments, code=0):
    result = CliRunner().invoke(cli.app, [str(one) for one in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def asked_by(user, question=QUESTION, **fields):
    return Entry(user, (), "portal", "", "widget", None, question, "answered", ("hr",), ("hr/pay.pdf",), **fields)


def test_a_whole_log_is_said_to_be_whole_with_its_last_hash(state):
    log = AuditLog(state)
    log.write(asked_by("ann"))
    log.write(asked_by("bob"))
    head = verify(state).head
    assert f"is whole: 2 lines, 0 of them deleted by name. Its last hash is {head}." in run("audit", "verify")
    log.write(asked_by("cat"))
    told = json.loads(run("audit", "verify", "--json", "--holds", head))
    assert told == {"lines": 3, "erased": 0, "head": verify(state).head, "fault": ""}


def test_a_changed_log_is_told_by_file_and_line(state):
    AuditLog(state).write(asked_by("ann"))
    (state / FILE).write_bytes((state / FILE).read_bytes().replace(b"ann", b"eve"))
    fault = f"{state / FILE}, line 1: its content was changed"
    assert run("audit", "verify", code=1) == f"The audit log is broken: {fault}\n"
    assert json.loads(run("audit", "verify", "--json", code=1))["fault"] == fault


def test_an_end_that_was_cut_off_is_found_by_a_hash_that_was_noted(state):
    log = AuditLog(state)
    log.write(asked_by("ann"))
    before = (state / FILE).read_bytes()
    log.write(asked_by("bob"))
    head = verify(state).head
    (state / FILE).write_bytes(before)
    run("audit", "verify")
    assert "the end of the log was cut off" in run("audit", "verify", "--holds", head, code=1)


def test_no_log_is_no_fault_and_shows_nothing():
    assert "There is no audit log in footnote-state." in run("audit", "verify")
    assert "The audit log holds no such line." in run("audit", "show")


def test_the_newest_lines_are_shown_without_what_would_steer_a_terminal(state):
    log = AuditLog(state)
    for user in ("ann", "bob", "ann", ""):
        log.write(asked_by(user))
    log.forget("bob")
    output = run("audit", "show")
    rows = output.splitlines()[2:]
    assert [row.split()[2] for row in rows] == ["ann@portal", "-", "ann@portal", "-@portal", "-"]
    assert "\x1b" not in output
    assert "What was agreed on pay? [31mred" in rows[0]
    assert "deleted" in rows[1]
    assert rows[-1].split()[4:] == ["forgotten", "1", "line"]
    assert len(run("audit", "show", "--last", 2).splitlines()) == 4
    (first, second) = json.loads(run("audit", "show", "--user", "ann", "--json"))["lines"]
    assert (first["question"], second["user"]) == (QUESTION, "ann")


def test_who_stands_under_a_pseudonym_is_found_by_name(state):
    log = AuditLog(state, "pseudonymous")
    for user in ("ann", "bob"):
        log.write(asked_by(user))
    assert len(run("audit", "show", "--user", "ann").splitlines()) == 3
    assert "1 source shown" in run("audit", "show", "--user", "ann")


def test_a_person_is_forgotten_in_every_record_and_nobody_else_is(state):
    log = AuditLog(state)
    for user in ("ann", "bob", "ann"):
        log.write(asked_by(user))
        append_feedback(Path("footnote-index"), Feedback(f"{user}?", "", "up", user=user))
    opened = Database(state / database.FILE)
    sessions = Sessions(opened)
    ann, bob = (sessions.start(user, [], hours=1) for user in ("ann", "bob"))
    assert run("forget", "ann") == "Deleted of ann: 1 session, 2 pieces of feedback, 2 lines of the audit log.\n"
    assert sessions.find(ann, 0) is None
    assert sessions.find(bob, 0) is not None
    opened.close()
    assert [record.user for record in read_feedback(Path("footnote-index"))] == ["bob"]
    assert [line.content and line.content.get("user") for line in entries(state)] == [None, "bob", None, None]
    last = list(entries(state))[-1]
    assert {name: last.content[name] for name in ("lines", "sessions", "feedback")} == {
        "lines": 2, "sessions": 1, "feedback": 2
    }  # fmt: skip
    for path in [*state.iterdir(), *Path("footnote-index").iterdir()]:
        assert b"ann" not in path.read_bytes(), path
    assert json.loads(run("forget", "ann", "--json")) == {"user": "ann", "sessions": 0, "feedback": 0, "lines": 0}
    run("audit", "verify")


def test_forgetting_where_nothing_is_kept_makes_nothing(state):
    assert run("forget", "ann").startswith("Nothing is kept of ann. ")
    assert not state.exists()
    assert "Name the person" in run("forget", "", code=1)


def test_what_is_too_old_goes_as_the_server_starts(state):
    AuditLog(state).write(asked_by("ann"))
    for at in ("2020-01-01T00:00:00+00:00", now()):
        append_feedback(Path("footnote-index"), Feedback("q", "", "up", at=at))
    retention(load_settings({"retention_days": 0})[0])()
    assert len(read_feedback(Path("footnote-index"))) == 2
    retention(load_settings({"retention_days": 1})[0])()
    assert len(read_feedback(Path("footnote-index"))) == 1
    assert len(list(entries(state))) == 1
