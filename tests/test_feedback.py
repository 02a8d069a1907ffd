import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import feedback
from feedback import FILE, Feedback, append_feedback, read_feedback, remove_feedback
from schema import FootnoteError

ROOT = Path(__file__).resolve().parents[1]
CITATION = {"source": "default/a.md", "page": None, "start": 3, "end": 9, "quote": "a fact"}
RECORD = Feedback(
    question="When was it?",
    answer="In 2022.",
    rating="down",
    wrong_citations=(1,),
    comment="It was 2023 🧬\nas page 3 says",
    citations=(CITATION,),
    collection="default",
    at="2026-05-04T10:00:00+00:00",
    fingerprint={"index": "ab12"},
)
APPENDER = """
import itertools, sys
from pathlib import Path
from feedback import Feedback, append_feedback
for number in itertools.count(1):
    append_feedback(Path(sys.argv[1]), Feedback(f"{sys.argv[2]} {number}", "x" * 20_000, "up"))
    print(number, flush=True)
"""


def test_records_come_back_as_they_were_in_their_order(tmp_path):
    other = Feedback("And then?", "", "up", at="2026-05-04T10:00:01+00:00")
    append_feedback(tmp_path, RECORD)
    append_feedback(tmp_path, other)
    assert read_feedback(tmp_path) == (RECORD, other)
    with pytest.raises(FrozenInstanceError):
        RECORD.rating = "up"


def test_a_record_is_one_line_of_ascii_that_only_its_owner_may_read(tmp_path):
    append_feedback(tmp_path, RECORD)
    content = (tmp_path / FILE).read_bytes()
    assert (content.count(b"\n"), content.isascii()) == (1, True)
    assert json.loads(content)["wrong_citations"] == [1]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_the_time_is_utc_and_now_unless_it_is_given():
    assert Feedback("q", "", "up").at.endswith("+00:00")


def test_no_file_is_no_feedback(tmp_path):
    assert read_feedback(tmp_path) == ()


@given(cut=st.integers(min_value=1))
def test_a_last_line_cut_anywhere_is_passed_over_and_healed_by_the_next(tmp_path_factory, cut):
    folder = tmp_path_factory.mktemp("torn")
    append_feedback(folder, RECORD)
    whole = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(whole + whole[: 1 + cut % (len(whole) - 2)])
    assert read_feedback(folder) == (RECORD,)
    append_feedback(folder, RECORD)
    assert (folder / FILE).read_bytes() == whole * 2


def test_a_last_line_that_lacks_only_its_end_counts_and_is_kept(tmp_path):
    append_feedback(tmp_path, RECORD)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole + whole[:-1])
    assert read_feedback(tmp_path) == (RECORD, RECORD)
    append_feedback(tmp_path, RECORD)
    assert (tmp_path / FILE).read_bytes() == whole * 3


@pytest.mark.parametrize("line", [b"{", b"", b"[]", b"\xff", b'{"question": "x"}', b"{} {}"])
def test_a_broken_line_elsewhere_is_named(tmp_path, line):
    append_feedback(tmp_path, RECORD)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole + line + b"\n" + whole)
    with pytest.raises(FootnoteError, match=rf"{FILE}, line 2"):
        read_feedback(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("question", " ", "field question: ' ' is not text"),
        ("answer", None, "field answer: None is not text"),
        ("rating", "good", "field rating: 'good' is not up or down"),
        ("rating", [], "field rating: "),
        ("wrong_citations", (0,), "field wrong_citations: .* whole numbers from 1"),
        ("wrong_citations", (True,), "field wrong_citations"),
        ("wrong_citations", "12", "field wrong_citations"),
        ("comment", "x" * 2001, "field comment: .* at most 2,000 characters"),
        ("citations", ("a",), "field citations: .* list of objects"),
        ("collection", 3, "field collection: 3 is not text or null"),
        ("at", "yesterday", "field at: 'yesterday' is not a time"),
        ("at", None, "field at"),
        ("fingerprint", "ab", "field fingerprint: 'ab' is not an object"),
        ("user", None, "field user: None is not text"),
    ],
)
def test_a_record_that_is_not_as_described_is_refused_on_the_way_in_and_out(tmp_path, field, value, words):
    with pytest.raises(FootnoteError, match=words):
        append_feedback(tmp_path, replace(RECORD, **{field: value}))
    assert not (tmp_path / FILE).exists()
    append_feedback(tmp_path, RECORD)
    stored = json.loads((tmp_path / FILE).read_bytes()) | {field: value}
    (tmp_path / FILE).write_text(json.dumps(stored) + "\n")
    with pytest.raises(FootnoteError, match=f"{FILE}, line 1, {words}"):
        read_feedback(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"), [({"mood": 1}, "mood: unknown; there are question, "), ({"at": ...}, "at: it is missing")]
)
def test_unknown_and_missing_fields_are_named(tmp_path, change, words):
    append_feedback(tmp_path, RECORD)
    stored = json.loads((tmp_path / FILE).read_bytes()) | change
    (tmp_path / FILE).write_text(json.dumps({key: value for key, value in stored.items() if value is not ...}) + "\n")
    with pytest.raises(FootnoteError, match=f"line 1, field {words}"):
        read_feedback(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FootnoteError, match=r"can't be written to .*nowhere/feedback\.jsonl: No such file"):
        append_feedback(tmp_path / "nowhere", RECORD)
    (tmp_path / FILE).mkdir()
    with pytest.raises(FootnoteError, match=r"can't be read from .*feedback\.jsonl: Is a directory"):
        read_feedback(tmp_path)


def test_a_full_disk_leaves_no_half_line(tmp_path, monkeypatch):
    append_feedback(tmp_path, RECORD)
    before = (tmp_path / FILE).read_bytes()
    write = os.write
    monkeypatch.setattr(feedback.os, "write", lambda descriptor, line: write(descriptor, line[:10]))
    with pytest.raises(FootnoteError, match="can't be written to"):
        append_feedback(tmp_path, RECORD)
    assert (tmp_path / FILE).read_bytes() == before


def test_nothing_that_was_acknowledged_is_lost_when_two_writers_are_killed_again_and_again(tmp_path):
    acknowledged = []
    for round_number in range(6):
        writers = [
            subprocess.Popen([sys.executable, "-c", APPENDER, tmp_path, name], cwd=ROOT, stdout=subprocess.PIPE)
            for name in (f"a{round_number}", f"b{round_number}")
        ]
        for writer, wanted in zip(writers, (3 + round_number * 5, 4), strict=True):
            for _ in range(wanted):
                assert writer.stdout.readline()
        for writer, name in zip(writers, ("a", "b"), strict=True):
            writer.send_signal(signal.SIGKILL)
            told = writer.communicate()[0].splitlines()
            last = int(told[-1]) if told and told[-1].isdigit() else (3 + round_number * 5 if name == "a" else 4)
            acknowledged += [f"{name}{round_number} {number}" for number in range(1, last + 1)]
    questions = [record.question for record in read_feedback(tmp_path)]
    assert set(acknowledged) <= set(questions)
    assert len(questions) == len(set(questions)) <= len(acknowledged) + 12


def test_it_is_synced_before_it_is_acknowledged(tmp_path, monkeypatch):
    calls = []
    write, fsync = os.write, os.fsync
    monkeypatch.setattr(feedback.os, "write", lambda *given: (calls.append("write"), write(*given))[1])
    monkeypatch.setattr(feedback.os, "fsync", lambda *given: (calls.append("sync"), fsync(*given))[1])
    append_feedback(tmp_path, RECORD)
    assert calls == ["write", "sync", "sync"]  # the line, then the name of the file in its folder


def test_a_record_of_an_older_footnote_is_nobody_s(tmp_path):
    append_feedback(tmp_path, RECORD)
    stored = json.loads((tmp_path / FILE).read_bytes())
    del stored["user"]
    (tmp_path / FILE).write_text(json.dumps(stored) + "\n")
    assert read_feedback(tmp_path) == (RECORD,)


def test_what_is_unwanted_is_removed_from_the_file_and_the_rest_stays_as_it_was(tmp_path):
    for user in ("ann", "bob", "ann"):
        append_feedback(tmp_path, replace(RECORD, user=user))
    assert remove_feedback(tmp_path, lambda record: record.user == "ann") == 2
    assert read_feedback(tmp_path) == (replace(RECORD, user="bob"),)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert b"ann" not in (tmp_path / FILE).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    unchanged = (tmp_path / FILE).stat()
    assert remove_feedback(tmp_path, lambda record: record.user == "ann") == 0
    assert (tmp_path / FILE).stat() == unchanged


def test_nothing_is_removed_where_there_is_nothing(tmp_path):
    assert remove_feedback(tmp_path, lambda _: True) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_comes_while_others_are_removed_is_not_lost(tmp_path):
    """Whoever waits for the lock of a file that is replaced meanwhile takes that of the new one."""
    append_feedback(tmp_path, replace(RECORD, user="ann"))
    writer = threading.Thread(target=append_feedback, args=(tmp_path, replace(RECORD, user="bob")))

    def is_anns(record):
        if not writer.is_alive():
            writer.start()
            time.sleep(0.2)  # it opens the old file, and waits
        return record.user == "ann"

    assert remove_feedback(tmp_path, is_anns) == 1
    writer.join(30)
    assert [record.user for record in read_feedback(tmp_path)] == ["bob"]
