"""Watching: what counts as a change, when a sync comes, and that readers see it."""

import os
import time

import pytest
from fakes import IDENTITY
from indexing_runs import write

from indexer import watching
from indexer.store import IndexStore
from indexer.watching import look_at, watch
from schema import Words


def changes(docs):
    write(docs, a="apple", b="banana")
    (docs / "sub").mkdir()
    yield "nothing", lambda: None, False
    yield "content", lambda: write(docs, a="avocado"), True
    yield "new", lambda: write(docs, c="cherry"), True
    yield "new below", lambda: write(docs / "sub", d="damson"), True
    yield "moved", lambda: (docs / "c.txt").rename(docs / "sub" / "c.txt"), True
    yield "gone", (docs / "sub" / "c.txt").unlink, True
    yield "fields", lambda: (docs / "a.txt.meta.yaml").write_text("team: red"), True
    yield "fields of a folder", lambda: (docs / "sub" / ".footnote.yaml").write_text("team: red"), True
    yield "hidden", lambda: (docs / ".hidden").write_text("x"), False
    yield "the index", lambda: (docs / "index" / "x").write_text("x"), False
    yield "same size and time", lambda: rewrite(docs / "b.txt", "lemon!"), True


def rewrite(path, text):
    status = path.stat()
    time.sleep(0.02)  # more than a tick of the clock of a file system
    path.write_text(text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_only_what_would_be_indexed_otherwise_is_a_change(docs):
    (docs / "index").mkdir()
    for name, change, is_change in changes(docs):
        before = look_at([docs], [docs / "index"])
        change()
        assert (look_at([docs], [docs / "index"]) != before) is is_change, name


def test_a_single_file_and_a_missing_path_can_be_watched(docs):
    write(docs, a="apple")
    one, before = docs / "a.txt", look_at([docs / "a.txt"], [])
    write(docs, b="banana")
    assert look_at([one], []) == before
    (docs / "a.txt.meta.yaml").write_text("team: red")
    assert look_at([one], []) != before
    missing = look_at([docs / "later"], [])
    (docs / "later").mkdir()
    assert look_at([docs / "later"], []) != missing


def test_what_a_link_leads_to_and_what_is_said_above_are_watched(docs):
    (docs / ".store").mkdir()
    write(docs / ".store", old="apple", new="avocado")
    (docs / ".now").symlink_to(".store/old.txt")
    (docs / "a.txt").symlink_to(".now")
    (docs / "sub").mkdir()
    for path in (docs, docs / "a.txt"):
        before = look_at([path], [])
        (docs / ".now").unlink()
        (docs / ".now").symlink_to(".store/new.txt")
        assert look_at([path], []) != before
        (docs / ".now").unlink()
        (docs / ".now").symlink_to(".store/old.txt")
        assert look_at([path], []) == before
    before = look_at([docs / "sub"], [])
    (docs / ".footnote.yaml").write_text("team: red")
    assert look_at([docs / "sub"], []) != before


class EndError(Exception):
    """Ends a watch."""


def watched(looks, done=lambda: True):
    """The number of looks before each sync; a watch of these looks."""
    seen, synced = [], []
    looks = iter(looks)

    def look():
        seen.append(None)
        try:
            return next(looks)
        except StopIteration:
            raise EndError from None

    def sync():
        synced.append(len(seen))
        return done()

    with pytest.raises(EndError):
        watch(look, sync, lambda _: None)
    return synced


def test_a_sync_comes_at_once_and_after_each_change_that_stands_still():
    assert watched([b"a", b"a", b"a"]) == [1]
    assert watched([b"a", b"b", b"b", b"b"]) == [1, 3]
    assert watched([b"a", b"b", b"c", b"d", b"d", b"d"]) == [1, 5]
    assert watched([b"a", b"b", b"a", b"a"]) == [1, 4]


def test_what_never_stands_still_is_synced_all_the_same():
    assert watched([b"%d" % number for number in range(watching.MOST_WAITS + 3)])[1] == watching.MOST_WAITS + 2


def test_a_sync_that_was_not_done_is_tried_again():
    outcomes = iter([False, False, True])
    assert watched([b"a"] * 5, lambda: next(outcomes)) == [1, 2, 3]


def test_looking_takes_a_small_share_of_the_time(monkeypatch):
    clock = iter([0.0, 0.5, 10.0, 10.001])
    waits = []
    monkeypatch.setattr(watching.time, "monotonic", lambda: next(clock))

    def wait(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            raise EndError

    with pytest.raises(EndError):
        watch(lambda: b"a", lambda: True, wait)
    assert waits == [10.0, watching.LOOK_S]


def test_a_reader_that_is_open_sees_each_sync(docs, indexing, tmp_path):
    write(docs, a="apple")
    indexing(docs)
    reader = IndexStore(tmp_path / "index", IDENTITY)
    steps = iter([lambda: write(docs, b="banana"), lambda: (docs / "a.txt").rename(docs / "c.txt"), lambda: None])
    seen = []

    def sync():
        indexing(docs)
        seen.append(sorted(info.source.path for info in reader.sources()))
        return True

    def wait(_):
        step = next(steps, None)
        if step is None:
            raise EndError
        step()

    with pytest.raises(EndError):
        watch(lambda: look_at([docs], []), sync, wait)
    hits = reader.lexical(Words(("c",)), 9)
    reader.close()
    assert seen[0] == ["a.txt"]
    assert seen[-1] == ["b.txt", "c.txt"]
    assert [hit.chunk.source_id for hit in hits] == ["default/c.txt"]
