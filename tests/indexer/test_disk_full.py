"""Calls that fail: no space, a broken disk; a sample of `python -m benchmarks.crashes --parts errors`."""

import errno
import os

import numpy as np
import pytest
from crash_parts import measured, needs_strace

from indexer.catalogue import VECTORS
from indexer.clusters import ClusteredIndex
from indexer.locking import LOCK, writer_lock


@needs_strace
def test_an_error_at_any_call_is_one_sentence_and_the_command_works_afterwards(tmp_path):
    found = measured("errors", 60, tmp_path)
    assert found["faults"] == []
    assert found["tried"] == 60
    ended = {how for row in found["by_error"].values() for how in row}
    assert ended == {"refused", "finished"}
    assert "skipped" in found["full_disk"] or found["full_disk"]["tried"] > 5


def broken(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["ftruncate", "pwrite"])
def test_the_lock_is_held_even_where_its_holder_can_not_be_noted(tmp_path, monkeypatch, call):
    monkeypatch.setattr(os, call, broken)
    with writer_lock(tmp_path, wait_seconds=0):
        assert (tmp_path / LOCK).exists()


class FullDisk:
    """A file that takes so many bytes and no more."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            broken()
        return self.file.write(data)


@pytest.mark.parametrize("room", [0, 100, 1500])
def test_clusters_that_do_not_fit_on_the_disk_leave_the_old_file(tmp_path, monkeypatch, room):
    vectors = np.random.default_rng(1).normal(size=(60, 16)).astype(np.float32)
    clusters = ClusteredIndex.train(vectors, lists=4)
    clusters.add(np.arange(60), vectors)
    path = tmp_path / VECTORS
    before = clusters.save(path)
    clusters.remove(np.arange(5))
    with monkeypatch.context() as patch:
        opened = os.fdopen
        patch.setattr(os, "fdopen", lambda *arguments: FullDisk(opened(*arguments), room))
        with pytest.raises(OSError, match="No space left on device"):
            clusters.save(path)
    loaded = ClusteredIndex.load(path, sha256=before, dimension=16, mapped=True)
    assert loaded.ids().tolist() == list(range(60))
    assert ClusteredIndex.load(path, sha256=clusters.save(path), dimension=16, mapped=True).ids().tolist() == list(
        range(5, 60)
    )
