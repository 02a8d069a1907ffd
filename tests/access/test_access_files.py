"""Files that are written in one step and read while others write them."""

import os
import threading
import time
from pathlib import Path

import pytest

from access.files import Live, held, read_toml, write_atomically
from schema import FootnoteError


def test_a_new_content_is_on_the_disk_before_it_takes_the_old_ones_place(tmp_path, monkeypatch):
    """And the folder, which says that it did, before the writer goes on."""
    calls, fsync, replace = [], os.fsync, Path.replace
    monkeypatch.setattr(
        os,
        "fsync",
        lambda descriptor: (calls.append(Path(f"/proc/self/fd/{descriptor}").readlink()), fsync(descriptor)),
    )
    monkeypatch.setattr(Path, "replace", lambda self, target: (calls.append(target), replace(self, target)))
    path = tmp_path / "file"
    write_atomically(path, b"new")
    assert [path.parent == calls[0].parent, calls[0].name[:6], *calls[1:]] == [True, ".file.", path, tmp_path]
    assert path.read_bytes() == b"new"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FootnoteError, match=r"file can't be written: No space left on device"):
        write_atomically(path, b"new")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("file", b"old")]


def test_only_one_at_a_time_holds_a_folder(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(10):
            with held(tmp_path / "file"):
                inside.append(1)
                time.sleep(0.001)  # for the others to come in, if they can
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FootnoteError, match=r"The folder .*nowhere can't be used"), held(tmp_path / "nowhere" / "file"):
        pass


def test_many_readers_see_each_write_whole(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"0\n" * 1000)
    live, seen, stop = Live(path, lambda path: set(path.read_text().split())), [], threading.Event()

    def read():
        while not stop.is_set():
            seen.append(live.current)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 30):
        write_atomically(path, f"{number}\n".encode() * 1000)
        assert live.current == {str(number)}
    stop.set()
    for thread in threads:
        thread.join()
    assert {len(one) for one in seen} == {1}
    assert live.current == {"29"}


def test_an_edit_within_one_tick_of_the_file_systems_clock_is_seen(tmp_path, monkeypatch):
    path, now = tmp_path / "file", time.time_ns() + 10**12
    monkeypatch.setattr("access.files._mark", lambda path: (1, path.stat().st_size, now, now))
    path.write_text("one")
    live = Live(path, Path.read_text)
    assert live.current == "one"
    path.write_text("two")
    assert live.current == "two"


def test_a_file_that_vanishes_stays_in_force_and_is_told_once(tmp_path, caplog):
    path = tmp_path / "file"
    path.write_text("one")
    live = Live(path, lambda path: path.read_text() if path.exists() else "nothing")
    path.unlink()
    assert [live.current for _ in range(3)] == ["one"] * 3
    assert [record.message for record in caplog.records] == [f"{path} is gone. What it said before stays in force."]
    path.write_text("two")
    assert live.current == "two"


def test_a_file_may_come_later(tmp_path):
    path = tmp_path / "file"
    live = Live(path, lambda path: path.read_text() if path.exists() else "nothing")
    assert live.current == "nothing"
    path.write_text("one")
    assert live.current == "one"


def test_a_file_that_is_no_utf_8_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"[groups]\n\xff = []")
    with pytest.raises(FootnoteError, match=r"file can't be read: .*utf-8"):
        read_toml(tmp_path / "file", tables=("groups",))
