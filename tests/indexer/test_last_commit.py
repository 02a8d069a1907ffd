"""The note of the last commit: what it says, that it never lies ahead, and that damage to it says nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import last_commit
from indexer.last_commit import COMMIT, LastCommit, forget_commit, lost_since, note_commit, noted_commit
from schema import FootnoteError

ONE = LastCommit("00c0ffee", 7)


def test_what_is_noted_is_read_again(tmp_path):
    assert noted_commit(tmp_path) is None
    for commit in (LastCommit("f" * 32, 10**18), ONE):  # the shorter one leaves nothing of the longer
        note_commit(tmp_path, commit)
        assert noted_commit(tmp_path) == commit
    assert (tmp_path / COMMIT).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / COMMIT).stat().st_size == 64


def test_a_note_that_can_not_be_written_is_no_error(tmp_path, monkeypatch):
    note_commit(tmp_path / "nowhere", ONE)

    def broken(*_):
        raise OSError

    monkeypatch.setattr(last_commit.os, "pwrite", broken)
    note_commit(tmp_path, ONE)
    assert noted_commit(tmp_path) is None


@given(place=st.integers(0, 63), byte=st.integers(0, 255))
def test_damage_to_the_note_says_nothing(tmp_path_factory, place, byte):
    folder = tmp_path_factory.mktemp("note")
    note_commit(folder, ONE)
    data = bytearray((folder / COMMIT).read_bytes())
    data[place] = byte
    (folder / COMMIT).write_bytes(data)
    assert noted_commit(folder) in (None, ONE)


@pytest.mark.parametrize(
    ("noted", "found", "said"),
    [
        (None, ONE, ""),
        (ONE, ONE, ""),
        (ONE, LastCommit(ONE.index, 8), ""),  # killed between the commit and its note
        (ONE, LastCommit(ONE.index, 6), "lost its last 1 commit: "),
        (ONE, LastCommit(ONE.index, 0), "lost its last 7 commits: "),
    ],
)
def test_commits_that_are_gone_are_told(tmp_path, noted, found, said):
    sentence = lost_since(tmp_path, noted, found)
    assert said in sentence
    assert bool(sentence) == bool(said)
    assert str(tmp_path) in sentence or not said


def test_another_index_is_refused_until_the_note_is_forgotten(tmp_path):
    note_commit(tmp_path, ONE)
    with pytest.raises(FootnoteError, match=r"is of another index than its file COMMIT: .*remove COMMIT if the"):
        lost_since(tmp_path, noted_commit(tmp_path), LastCommit("c0ffee", 99))
    forget_commit(tmp_path)
    forget_commit(tmp_path)
    assert lost_since(tmp_path, noted_commit(tmp_path), LastCommit("c0ffee", 99)) == ""
