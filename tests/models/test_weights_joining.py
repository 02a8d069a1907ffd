"""Joining the parts of a split file, and going on after an interruption at any byte."""

import io
import os
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.joining import TooLongError, append_part, clean, discard, finished_parts


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@st.composite
def split_data(draw):
    data = draw(st.binary(max_size=300))
    return data, split(data, draw(st.lists(st.integers(0, len(data)), max_size=6)))


@given(case=split_data())
@settings(max_examples=60, deadline=None)
def test_any_split_joins_to_the_same_bytes(tmp_path_factory, case):
    data, parts = case
    path = tmp_path_factory.mktemp("join") / "whole.joined"
    for part in parts:
        append_part(path, io.BytesIO(part), limit=len(data))
    assert path.read_bytes() == data
    assert finished_parts(path) == (len(parts), len(data))


@given(case=split_data(), choice=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_an_interrupted_part_is_cut_off_and_added_again(tmp_path_factory, case, choice):
    data, parts = case
    path = tmp_path_factory.mktemp("join") / "whole.joined"
    for part in parts:
        if choice.random() < 0.5:  # a process died after some bytes of the part, before it was noted
            path.touch()
            with path.open("ab") as whole:
                whole.write(part[: choice.randint(0, len(part))] + b"rubbish")
        append_part(path, io.BytesIO(part), limit=len(data))
    assert path.read_bytes() == data


def test_parts_that_are_too_long_are_refused_before_they_fill_the_disk(tmp_path):
    path = tmp_path / "whole.joined"
    append_part(path, io.BytesIO(b"abc"), limit=5)
    with pytest.raises(TooLongError, match="more than the 5 bytes"):
        append_part(path, io.BytesIO(b"def"), limit=5)
    assert finished_parts(path) == (1, 3)


def test_a_note_without_its_bytes_counts_for_nothing(tmp_path):
    path = tmp_path / "whole.joined"
    append_part(path, io.BytesIO(b"abc"), limit=5)
    os.truncate(path, 2)
    assert finished_parts(path) == (0, 0)


def test_discard_forgets_file_and_note(tmp_path):
    path = tmp_path / "whole.joined"
    append_part(path, io.BytesIO(b"abc"), limit=5)
    discard(path)
    assert list(tmp_path.iterdir()) == []


def test_clean_keeps_what_can_be_gone_on_with(tmp_path):
    append_part(tmp_path / "a.joined", io.BytesIO(b"abc"), limit=5)
    (tmp_path / "b.resumed").write_bytes(b"abc")
    (tmp_path / "c.copied").write_bytes(b"abc")
    (tmp_path / "wheel-x").mkdir()
    (tmp_path / "wheel-x" / "some.whl").write_bytes(b"abc")
    clean(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"a.joined", "a.joined.parts", "b.resumed"}
