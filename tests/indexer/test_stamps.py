"""When a file need not be read again: only when nothing about it changed, and the last change was long past."""

import hashlib
import os
import time

import pytest

from indexer import stamps
from indexer.stamps import Stamped, read_stamped
from schema import FootnoteError

HOUR = 3600


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A file that is older than any clock's tick, as far as a run can tell."""
    path = tmp_path / "a.txt"
    path.write_text("apple")
    os.utime(path, (time.time() - HOUR, time.time() - HOUR))
    monkeypatch.setattr(stamps, "RACY_NS", -HOUR * 10**9)
    return path


def test_a_known_stamp_spares_reading(old):
    first = read_stamped(old, None)
    assert first.sha256 == hashlib.sha256(b"apple").hexdigest()
    status = old.stat()
    assert first.stamp == (5, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    assert read_stamped(old, Stamped("remembered", first.stamp)).sha256 == "remembered"


@pytest.mark.parametrize("place", range(4))
def test_any_other_stamp_is_read_again(old, place):
    stamp = list(read_stamped(old, None).stamp)
    stamp[place] += 1
    assert read_stamped(old, Stamped("remembered", tuple(stamp))).sha256 != "remembered"


def test_a_change_that_keeps_size_and_time_is_noticed(old):
    first = read_stamped(old, None)
    status = old.stat()
    time.sleep(0.02)  # more than a tick of the clock of a file system
    old.write_text("lemon")
    os.utime(old, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert read_stamped(old, first).sha256 == hashlib.sha256(b"lemon").hexdigest()


def test_a_file_that_was_just_written_has_no_stamp(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("apple")
    assert read_stamped(path, None).stamp is None
    assert read_stamped(path, Stamped("remembered", None)).sha256 != "remembered"


def test_a_file_from_the_future_has_no_stamp(old, monkeypatch):
    monkeypatch.setattr(stamps, "RACY_NS", 10 * 10**9)
    os.utime(old, (time.time() + HOUR, time.time() + HOUR))
    assert read_stamped(old, None).stamp is None


def test_what_took_the_place_of_a_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FootnoteError, match="It is not a regular file"):
        read_stamped(tmp_path / "pipe", None)
    with pytest.raises(FootnoteError, match="It is not a regular file"):
        read_stamped(tmp_path, None)
    with pytest.raises(FootnoteError, match="It can't be opened: No such file"):
        read_stamped(tmp_path / "gone", None)


def test_a_run_remembers_stamps_and_reads_nothing_twice(docs, indexing, monkeypatch):
    monkeypatch.setattr(stamps, "RACY_NS", -HOUR * 10**9)
    read = []
    real = stamps.open_regular

    def reading(path, *, follow):
        read.append(path.name)
        return real(path, follow=follow)

    monkeypatch.setattr(stamps, "open_regular", reading)
    (docs / "a.txt").write_text("apple")
    indexing(docs)
    assert read == ["a.txt"]
    generation = indexing.store.fingerprint()
    assert indexing.rows(docs) == [("a.txt", "unchanged", "")]
    assert read == ["a.txt"]
    (docs / "a.txt").touch()
    assert indexing.rows(docs) == [("a.txt", "unchanged", "")]
    assert indexing.rows(docs) == [("a.txt", "unchanged", "")]
    assert read == ["a.txt"] * 2
    assert indexing.store.fingerprint() == generation
    (docs / "a.txt").write_text("lemon")
    assert indexing.rows(docs) == [("a.txt", "indexed", "")]


def test_files_that_were_too_new_for_a_stamp_get_it_from_a_later_run(docs, indexing, monkeypatch):
    (docs / "a.txt").write_text("apple")
    indexing(docs)
    (before,) = indexing.store.known_files("default")
    monkeypatch.setattr(stamps, "RACY_NS", -HOUR * 10**9)
    assert indexing.rows(docs) == [("a.txt", "unchanged", "")]
    (after,) = indexing.store.known_files("default")
    assert '"stamp":null' in before.sync
    assert '"stamp":[' in after.sync
