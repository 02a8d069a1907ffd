"""What is remembered of tokens and sessions: once among threads and processes, over restarts, never in the clear."""

import json
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from access_world import World

from access.database import FILE, KEPT_SECONDS, Database
from access.sessions import Sessions
from schema import FootnoteError

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_800_000_000.0


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / FILE


@pytest.fixture
def database(path):
    opened = Database(path)
    yield opened
    opened.close()


def content(path):
    """All bytes that the database has on the disk."""
    return b"".join(one.read_bytes() for one in path.parent.glob(f"{FILE}*"))


def test_the_files_are_for_their_owner_only(path, database):
    Sessions(database).start("anna", [], hours=1)
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert modes == {FILE: 0o600, f"{FILE}-wal": 0o600, f"{FILE}-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_was_open_to_others_is_closed_to_them(path):
    Database(path).close()
    path.chmod(0o644)
    Database(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_commit_is_on_the_disk_when_it_returns(database):
    assert database.run("PRAGMA journal_mode")[0] == [("wal",)]
    assert database.run("PRAGMA synchronous")[0] == [(2,)]  # FULL


def test_what_is_deleted_is_overwritten(database):
    assert database.run("PRAGMA secure_delete")[0] == [(1,)]


def test_many_may_open_a_database_that_is_not_there_yet(tmp_path):
    opened, errors = [], []

    def open_one(path, barrier):
        barrier.wait()
        try:
            opened.append(Database(path))
        except FootnoteError as error:
            errors.append(error)

    for number in range(10):
        barrier = threading.Barrier(6)
        threads = [threading.Thread(target=open_one, args=(tmp_path / str(number) / FILE, barrier)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for database in opened:
        database.close()
    assert (len(opened), errors) == (60, [])


def test_an_id_is_used_once_for_each_issuer(database):
    used = [
        database.use_once(*pair, until=NOW + 9, now=NOW)
        for pair in (("a", "bc"), ("a", "bc"), ("b", "bc"), ("ab", "c"))
    ]
    assert used == [True, False, True, True]


def test_used_ids_are_forgotten_an_hour_after_their_end(database):
    database.use_once("a", "1", until=NOW, now=NOW)
    assert not database.use_once("a", "1", until=NOW, now=NOW + KEPT_SECONDS)
    database.use_once("a", "2", until=NOW + 9999, now=NOW + KEPT_SECONDS + 1)
    assert database.run("SELECT count(*) FROM used")[0] == [(1,)]


def test_what_was_used_stays_used_after_a_restart(path):
    first = Database(path)
    assert first.use_once("a", "1", until=NOW + 9, now=NOW)
    first.close()
    second = Database(path)
    assert not second.use_once("a", "1", until=NOW + 9, now=NOW)
    second.close()


def test_of_two_who_both_may_go_on_to_write_one_is_told_that_it_was_first(path, monkeypatch):
    """Both stand before their INSERT at the same moment, whatever they looked at earlier."""
    first, second, together, used = Database(path), Database(path), threading.Barrier(2), []
    run = Database.run

    def waiting(self, statement, values=()):
        if statement.startswith("INSERT"):
            together.wait()
        return run(self, statement, values)

    monkeypatch.setattr(Database, "run", waiting)
    threads = [
        threading.Thread(target=lambda database=one: used.append(database.use_once("a", "1", until=NOW + 9, now=NOW)))
        for one in (first, second)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first.close()
    second.close()
    assert sorted(used) == [False, True]


MANY_TRIES = """
import sys
from pathlib import Path
from access.database import Database

database = Database(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(sum(database.use_once("hr", f"token-{number}", until=2e9, now=1.8e9) for number in range(200)))
"""


def test_of_four_processes_with_the_same_tokens_one_uses_each(path):
    """They all open a database that isn't there yet, and begin together."""
    path.parent.mkdir()
    pipe = subprocess.PIPE
    children = [
        subprocess.Popen([sys.executable, "-c", MANY_TRIES, path], cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        for _ in range(4)
    ]
    assert [child.stdout.readline() for child in children] == ["ready\n"] * 4
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    counts = [int(child.communicate()[0]) for child in children]
    assert [child.returncode for child in children] == [0] * 4
    assert sum(counts) == 200


EXCHANGES = """
import json, sys
from pathlib import Path
from access_world import NOW, PORTAL
from access.database import Database
from access.embeds import Embeds
from access.keys import Keys, keys_path
from access.policy import read_policy
from access.refusals import Refused
from access.tokens import exchange

folder = Path(sys.argv[1])
file = folder / "footnote-access.toml"
rules = {"embeds": Embeds(file), "keys": Keys(keys_path(file)), "policy": read_policy(file)}
database = Database(folder / "state" / "access.sqlite")
print("ready", flush=True)
reasons = []
for token in json.loads(sys.stdin.readline()):
    try:
        exchange(token, origin=PORTAL, database=database, now=NOW, **rules)
        reasons.append("")
    except Refused as refused:
        reasons.append(refused.reason)
print(json.dumps(reasons))
"""


def test_of_three_servers_that_get_one_token_one_lets_it_in(tmp_path):
    world = World(tmp_path)
    tokens = [world.token() for _ in range(20)]
    world.database.close()
    pipe, environment = subprocess.PIPE, {"PYTHONPATH": f"{ROOT}:{Path(__file__).parent}"}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", EXCHANGES, tmp_path], env=environment, stdin=pipe, stdout=pipe, text=True
        )
        for _ in range(3)
    ]
    assert [child.stdout.readline() for child in children] == ["ready\n"] * 3
    for child in children:
        child.stdin.write(json.dumps(tokens) + "\n")
        child.stdin.flush()
    answers = [json.loads(child.communicate()[0]) for child in children]
    for reasons in zip(*answers, strict=True):
        assert sorted(reasons) == ["", *["the token of portal was used before"] * 2]


def test_a_session_means_a_person_and_their_groups_until_it_ends(database):
    sessions = Sessions(database)
    session = sessions.start("anna", ["legal", "hr"], hours=12, now=NOW)
    assert sessions.find(session, NOW) == ("anna", frozenset({"legal", "hr"}))
    assert sessions.find(session, NOW + 12 * 3600 - 1) == ("anna", frozenset({"legal", "hr"}))
    assert sessions.find(session, NOW + 12 * 3600) is None
    sessions.end(session)
    assert sessions.find(session, NOW) is None
    sessions.end(session)


def test_an_id_is_256_random_bits_and_is_nowhere_on_the_disk(path, database):
    sessions = Sessions(database)
    ids = {sessions.start("anna", [], hours=1, now=NOW) for _ in range(20)}
    assert len(ids) == 20
    assert {len(one) for one in ids} == {43}
    stored = content(path)
    assert b"anna" in stored
    assert not [one for one in ids if one.encode() in stored]


@pytest.mark.parametrize("text", ["", "A" * 43, "A" * 10_000_000, "' OR 1=1 --", "\0", "\ud800", "é" * 40])
def test_any_other_text_is_no_session(database, text):
    sessions = Sessions(database)
    session = sessions.start("anna", [], hours=1, now=NOW)
    for other in (text, session[:-1], session + "A", session.swapcase(), session + "=", f" {session}"):
        assert sessions.find(other, NOW) is None
        sessions.end(other)
    assert sessions.find(session, NOW) == ("anna", frozenset())


def test_a_person_is_signed_out_everywhere_and_leaves_no_name_behind(path, database):
    sessions = Sessions(database)
    ids = [sessions.start("Annabella", ["Geheimrat"], hours=1, now=NOW) for _ in range(3)]
    other = sessions.start("bob", [], hours=1, now=NOW)
    assert sessions.end_all("Annabella") == 3
    assert [sessions.find(one, NOW) for one in ids] == [None] * 3
    assert sessions.find(other, NOW) == ("bob", frozenset())
    assert sessions.end_all("annabell%") == 0
    assert b"Annabella" not in content(path)
    assert b"Geheimrat" not in content(path)


def test_sessions_that_have_ended_are_deleted(database):
    sessions = Sessions(database)
    sessions.start("anna", [], hours=1, now=NOW)
    sessions.start("bob", [], hours=1, now=NOW + 3600)
    assert database.run("SELECT person FROM session")[0] == [("bob",)]


def test_a_session_holds_over_a_restart_and_for_every_process(path):
    first, second = Database(path), Database(path)
    session = Sessions(first).start("anna", [], hours=1, now=NOW)
    assert Sessions(second).find(session, NOW) == ("anna", frozenset())
    Sessions(second).end(session)
    assert Sessions(first).find(session, NOW) is None
    first.close()
    second.close()


def test_many_threads_share_one_database(database):
    sessions, found = Sessions(database), []

    def come_and_go(person):
        for _ in range(5):
            session = sessions.start(person, [person], hours=1, now=NOW)
            found.append(sessions.find(session, NOW) == (person, frozenset({person})))
            sessions.end(session)

    threads = [threading.Thread(target=come_and_go, args=(f"person {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 40
    assert database.run("SELECT count(*) FROM session")[0] == [(0,)]


def test_a_damaged_file_says_what_to_do(path):
    path.parent.mkdir()
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(FootnoteError, match=r"can't be used: it is damaged\. Remove it and start the server again"):
        Database(path)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("max_page_count = 1", "the disk is full. Free space on it, then try again."),
        (
            "query_only = ON",
            "it can't be opened or written. See that it and its folder belong to the user that runs Footnote.",
        ),
    ],
)
def test_what_the_system_refuses_is_said_with_what_to_do(path, setting, sentence):
    database = Database(path)
    database.run(f"PRAGMA {setting}")
    with pytest.raises(FootnoteError) as error:
        for number in range(1000):
            database.use_once("portal", f"{number}", until=NOW, now=NOW)
    assert str(error.value) == f"{path} can't be used: {sentence}"


def test_a_file_that_another_process_keeps_to_itself_is_said(path, monkeypatch):
    monkeypatch.setattr("access.database.BUSY_SECONDS", 0.01)
    database = Database(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other, pytest.raises(FootnoteError) as error:
        other.execute("BEGIN IMMEDIATE")
        database.use_once("portal", "1", until=NOW, now=NOW)
    expected = "another process keeps it to itself. Wait until that one is done, or stop it, and try again."
    assert str(error.value) == f"{path} can't be used: {expected}"


def test_a_newer_format_is_not_touched(path):
    Database(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(FootnoteError, match=r"made by another version of Footnote \(format 9\)"):
        Database(path)


def test_a_folder_that_can_not_be_made_is_said(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(FootnoteError, match=r"access\.sqlite can't be used: it can't be opened or written\. See that"):
        Database(tmp_path / "state" / FILE)
