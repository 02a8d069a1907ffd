"""The hostile folder's parts: good files, the journal of a run, what counts as a reason; and a small run of it all."""

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.folders import __main__ as command
from benchmarks.folders.__main__ import Run, has_row, is_sound, read_journal, told
from benchmarks.folders.good_files import good_files, write_all
from benchmarks.folders.indexing import WordVectors
from benchmarks.folders.reasons import faults, kind, kinds
from indexer.loading import load
from schema import EmbedderIdentity

# Good files


def test_a_hundred_good_files_are_of_five_formats_in_every_folder_and_each_asks_for_itself(tmp_path):
    files = good_files(("one", "two", "three"))
    assert len({file.path for file in files}) == len({file.question for file in files}) == 100
    assert Counter(Path(file.path).suffix for file in files) == dict.fromkeys(
        (".txt", ".md", ".html", ".docx", ".pdf"), 20
    )
    assert Counter(file.path.split("/")[0] for file in files) == {"one": 34, "two": 33, "three": 33}


def test_every_good_file_is_read_whole(tmp_path):
    files = good_files(("a",))
    write_all(files, tmp_path)
    for number, file in enumerate(files):
        text = load(tmp_path / file.path).text
        thing = file.question.removeprefix("When was the ").removesuffix(" opened?")
        assert f"The {thing} was opened in {1801 + 2 * number} by the council of the district." in " ".join(
            text.split()
        )
        assert "first Sunday of each month." in text


def test_word_vectors_are_of_one_length_and_nearer_for_shared_words():
    vectors = WordVectors(EmbedderIdentity("x", "", 64, normalised=True))
    same, near, far = vectors.embed(["ferry of Velmora", "the ferry of Velmora", "weaving mill"])
    assert np.allclose(np.linalg.norm([same, near, far], axis=1), 1)
    assert same @ near > 0.8 > same @ far
    assert vectors.embed_query("ferry of Velmora") == pytest.approx(same)
    assert vectors.embed([]).shape == (0, 64)
    assert vectors.count_tokens(["", "abcdefgh"]) == [1, 3]


# Reasons


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("a.pdf is encrypted: save a copy without the password.", []),
        ("It is of type .xyz, which is not supported.", []),
        ("", ["no reason"]),
        ("It broke (ValueError).", ["the insides of the program"]),
        ("It broke: PdfiumError: no.", ["the insides of the program"]),
        ("Traceback: gone.", ["the insides of the program"]),
        ("It broke at 0x7f33a0.", ["the insides of the program"]),
        ("2 of 9 pages have no text", ["no end"]),
        ("It is too large. Split it.", ["several sentences"]),
        ("It is\ntorn.", ["several lines"]),
        ("An error was found in it.", []),
        ("Page 3. is odd.", []),
    ],
)
def test_what_is_wrong_with_a_reason(reason, expected):
    assert faults(reason) == expected


def test_a_kind_of_reason_is_without_its_files_name_and_numbers():
    assert kind("/x/b 1.pdf has 3 of 1,200 pages.", "/x/b 1.pdf") == "NAME has N of N pages."
    assert kind("2 of 9 pages have no text (pages 3, 4 and 7)", "a.pdf") == "N of N pages have no text (pages N)"


def test_kinds_are_counted_with_the_commonest_first():
    rows = [
        {"path": "/x/a.pdf", "status": "refused", "reason": "a.pdf is empty."},
        {"path": "/x/b.pdf", "status": "refused", "reason": "It is torn."},
        {"path": "/x/c.pdf", "status": "refused", "reason": "c.pdf is empty."},
        {"path": "/x/d.pdf", "status": "indexed", "reason": ""},
    ]
    assert kinds(rows) == [
        {"status": "refused", "reason": "NAME is empty.", "files": 2, "such_as": "a.pdf"},
        {"status": "refused", "reason": "It is torn.", "files": 1, "such_as": "b.pdf"},
    ]


# The journal


def journal(*events):
    return [json.dumps(event) for event in events]


def report(path, status="indexed", reason=""):
    return {"file": {"path": path, "status": status, "reason": reason}}


def test_what_was_begun_and_not_ended_was_being_read():
    seen = read_journal([*journal({"began": "a"}, {"began": "b"}, {"read": "a", "seconds": 2.5}), '{"read": "b", "s'])
    assert seen.reading == {"b"}
    assert seen.seconds == {"a": 2.5}
    assert not seen.is_done
    assert read_journal(journal({"all": True})).is_done


def test_a_file_that_is_unchanged_after_a_restart_keeps_its_row():
    seen = read_journal(journal(report("a", "partial", "x"), report("a", "unchanged"), report("b", "unchanged")))
    assert seen.rows["a"]["status"] == "partial"
    assert seen.rows["b"]["status"] == "unchanged"


def test_a_container_has_a_row_when_what_is_in_it_has():
    rows = {"/d/a.zip/inner.pdf": {}, "/d/b.txt": {}}
    assert has_row("/d/a.zip", rows)
    assert has_row("/d/b.txt", rows)
    assert not has_row("/d/b", rows)


# A run


def documents(tmp_path):
    folder = tmp_path / "data" / "documents" / "bad"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("The ferry of nowhere was opened in 1700.")
    (folder / "torn.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<<")
    (folder / "noise.docx").write_bytes(b"PK\x03\x04" + bytes(range(256)))
    (folder / "x.unknown").write_bytes(b"\0\1")
    return tmp_path / "data"


def arguments(tmp_path, *more):
    return command.parse(["--data", str(documents(tmp_path)), "--out", str(tmp_path / "out.json"), *more])


def test_a_small_folder_from_end_to_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["x", "--data", str(documents(tmp_path)), "--out", str(tmp_path / "out.json")])
    code = command.main()
    record = json.loads((tmp_path / "out.json").read_text())
    assert code == 0, record
    assert (record["files"], record["good_files"], record["good_files_not_found"]) == (110, 100, [])
    assert record["statuses"] == {"indexed": 101, "refused": 9}
    assert record["statuses_by_folder"] == {"bad": {"indexed": 101, "refused": 3}, "odd entries": {"refused": 6}}
    assert (record["crashes"], record["hangs"], record["without_row"], record["processes_left"]) == (0, 0, [], 0)
    assert sum(one["files"] for one in record["reasons"]) == 9
    assert "It is a pipe, not a file." in {one["reason"] for one in record["reasons"]}
    assert "good files found 100 of 100" in capsys.readouterr().out


def entries(folder):
    return [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]


def end(status, *, timed_out=False):
    return SimpleNamespace(status=status, timed_out=timed_out, seconds=1.0, peak_mb=10, said="the end", left=0)


def started(run, events):
    """A pipeline that writes the events of each start in turn, and dies unless the last says that all is done."""

    def watch(*_, **__):
        told = events.pop(0)
        with run.journal.open("a") as file:
            file.writelines(line + "\n" for line in journal(*told))
        return end(0 if told[-1] == {"all": True} else -11)

    return watch


def test_a_file_that_kills_the_pipeline_is_counted_taken_out_and_the_run_goes_on(tmp_path, monkeypatch):
    run = Run(tmp_path / "run", arguments(tmp_path))
    run.fill()
    torn = run.drive / "bad" / "torn.pdf"
    rows = [report(str(path)) for path in entries(run.drive) if path != torn]
    events = [[{"began": str(torn)}], [*rows, {"all": True}]]
    monkeypatch.setattr(command, "watch", started(run, events))
    run.index()
    assert events == []
    assert not torn.exists()
    record = run.record([])
    assert (record["crashes"], record["hangs"], record["without_row"]) == (1, 0, [])
    assert record["ends"] == [{"how": "died", "status": -11, "said": "the end", "reading": ["bad/torn.pdf"]}]
    assert not is_sound(record)


def test_a_run_that_is_not_done_in_its_time_blames_no_file(tmp_path, monkeypatch):
    run = Run(tmp_path / "run", arguments(tmp_path, "--minutes", "0"))
    run.fill()
    torn = run.drive / "bad" / "torn.pdf"
    monkeypatch.setattr(command, "watch", started(run, [[{"began": str(torn)}]]))
    run.index()
    record = run.record([])
    assert torn.exists()
    assert (record["crashes"], record["hangs"], record["ends"][0]["how"]) == (0, 0, "out of time")
    assert len(record["without_row"]) == record["files"] == 110
    assert not is_sound(record)


def test_a_file_without_a_row_is_told(tmp_path, monkeypatch):
    run = Run(tmp_path / "run", arguments(tmp_path))
    run.fill()
    missing = run.drive / "bad" / "x.unknown"
    rows = [report(str(path)) for path in entries(run.drive) if path != missing]
    monkeypatch.setattr(command, "watch", started(run, [[*rows, {"all": True}]]))
    run.index()
    record = run.record(["bad/lost.txt"])
    assert record["without_row"] == ["bad/x.unknown"]
    assert not is_sound(record)
    assert "good files found 99 of 100" in told(record)


def test_a_row_that_is_left_out_without_a_reason_is_told(tmp_path, monkeypatch):
    run = Run(tmp_path / "run", arguments(tmp_path))
    run.fill()
    paths = sorted(map(str, entries(run.drive)))
    rows = [report(path) for path in paths[2:]]
    rows += [report(paths[0], "refused"), report(paths[1], "partial", "It broke (KeyError)")]
    monkeypatch.setattr(command, "watch", started(run, [[*rows, {"all": True}]]))
    run.index()
    record = run.record([])
    assert record["reason_faults"] == {"no reason": 1, "the insides of the program": 1, "no end": 1}
    assert len(record["faulty_reasons"]) == 2
    assert is_sound(record)
