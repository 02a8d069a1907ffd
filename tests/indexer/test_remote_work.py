"""What travels to a machine that reads and back: jobs, replies, and that nothing of a reply is believed."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import count_words, word_vectors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import indexer.ray_cluster
from indexer.building import Recipe
from indexer.loading import load_all
from indexer.parsing.framing import MalformedError
from indexer.ray_cluster import checked_address
from indexer.remote_work import Job, decode_jobs, encode_jobs, parts_of, read_of, work
from indexer.stamps import Stamped
from schema import FootnoteError

RECIPE = Recipe("words", load_all, count_words, word_vectors, max_tokens=5)
SHA = "e" * 64


def job(path, **changes):
    return replace(Job(0, path, None, path.name, "", {}, True), **changes)


def travelled(reply):
    return json.loads(json.dumps(reply))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.builds(
            Job,
            st.integers(0, 10**9),
            st.binary(min_size=1).filter(lambda one: b"\0" not in one).map(lambda one: Path("/d", os.fsdecode(one))),
            st.none() | st.just(Path("/d")),
            st.text(),
            st.text("0123456789abcdef"),
            st.dictionaries(st.text(), st.text()),
            st.booleans(),
        )
    )
)
def test_jobs_come_as_they_went(jobs):
    assert decode_jobs(encode_jobs(jobs)) == jobs


def test_a_file_comes_back_with_its_chunks_as_it_is_chunked_here(tmp_path):
    path = tmp_path / "metals.txt"
    path.write_text("Copper conducts heat well.\n\nTin does not, as far as is known.")
    reply, texts = work(job(path, given={"title": "Of metals"}), RECIPE, is_far=True)
    assert texts == [
        "Of metals\nCopper conducts heat well.",
        "Of metals\nTin does not, as",
        "Of metals\nfar as is known.",
    ]
    rows = word_vectors(texts)
    read = read_of(travelled(reply), rows, Stamped("", None), 1000)
    assert read.members == load_all(path)
    assert [(chunk.start, chunk.text) for chunk in read.made[0].chunks("c/metals.txt", path.read_text())] == [
        *((0, "Copper conducts heat well."), (28, "Tin does not, as"), (45, "far as is known."))
    ]
    assert read.made[0].vectors.tolist() == rows.tolist()


def test_a_text_that_is_known_is_not_embedded(tmp_path):
    path = tmp_path / "metals.txt"
    path.write_text("Copper conducts heat well.")
    reply, texts = work(job(path, embed=False), RECIPE, is_far=False)
    read = read_of(travelled(reply), np.zeros((0, 32), np.float32), Stamped("", None), 1000)
    assert texts == []
    assert (read.made[0].spans, read.made[0].vectors.shape) == (((0, 26, None, ""),), (0, 32))


def test_what_changed_meanwhile_is_looked_at_anew(tmp_path):
    path = tmp_path / "metals.txt"
    path.write_text("Copper conducts heat well.")
    reply, _ = work(job(path, sha256=SHA), RECIPE, is_far=False)
    read = read_of(travelled(reply), np.zeros((0, 32), np.float32), Stamped(SHA, None), 1000)
    assert read.stamped.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_refusals_are_those_of_this_machine_but_for_what_another_can_not_see(tmp_path):
    missing = tmp_path / "gone.txt"
    here, there = (work(job(missing), RECIPE, is_far=is_far)[0]["refused"] for is_far in (False, True))
    assert here == "gone.txt can't be opened: No such file or directory."
    assert there.startswith(
        f"It can't be seen from {os.uname().nodename}, which was to read it: put the documents into"
    )

    def broken(*_):
        raise ZeroDivisionError("of a parser")

    reply, texts = work(job(missing), replace(RECIPE, load=broken), is_far=False)
    assert (reply["refused"], texts) == ("It could not be read (ZeroDivisionError: of a parser).", [])
    with pytest.raises(FootnoteError, match="ZeroDivisionError"):
        read_of(travelled(reply), np.zeros((0, 32), np.float32), Stamped("", None), 1000)


@pytest.mark.parametrize(
    "spans",
    [
        [],
        [[], []],
        [[[0, 4, None]]],
        [[[-1, 4, None, ""]]],
        [[[0, 27, None, ""]]],
        [[[4, 4, None, ""]]],
        [[[0, 4, 1, ""]]],
        [[[0, 4, None, 5]]],
        [[[0, True, None, ""]]],
    ],
)
def test_chunks_that_there_can_not_be_are_not_believed(tmp_path, spans):
    path = tmp_path / "metals.txt"
    path.write_text("Copper conducts heat well.")
    reply = travelled(work(job(path), RECIPE, is_far=False)[0]) | {"spans": spans}
    with pytest.raises(MalformedError):
        read_of(reply, np.zeros((0, 32), np.float32), Stamped("", None), 1000)


def test_vectors_of_another_number_are_not_believed(tmp_path):
    path = tmp_path / "metals.txt"
    path.write_text("Copper conducts heat well.")
    reply = travelled(work(job(path), RECIPE, is_far=False)[0])
    with pytest.raises(MalformedError):
        read_of(reply, np.zeros((2, 32), np.float32), Stamped("", None), 1000)


def test_parts_are_those_of_a_run_here():
    assert [len(part) for part in parts_of(["text"] * 70)] == [32, 32, 6]


# Addresses


@pytest.fixture
def installed(monkeypatch):
    monkeypatch.setattr(indexer.ray_cluster, "find_spec", lambda name: name)
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(indexer.ray_cluster, "find_spec", lambda name: None if name == "ray" else name)
    with pytest.raises(FootnoteError, match=r'^Indexing on Ray needs its package: pip install "footnote\[ray\]"$'):
        checked_address("local")


@pytest.mark.parametrize("address", ["local", "127.0.0.1:6379", "localhost:6379", "[::1]:6379"])
def test_this_machine_needs_no_token_from_outside(installed, address):
    assert checked_address(address) == address


@pytest.mark.parametrize("address", ["auto", "ray://10.0.0.5:10001", "10.0.0.5", "", "host:port", "a b:1"])
def test_what_is_no_address_is_refused(installed, address):
    with pytest.raises(FootnoteError, match="is no address of a Ray cluster"):
        checked_address(address)


@pytest.mark.parametrize("address", ["10.0.0.5:6379", "ray.example.org:6379", "[2001:db8::1]:6379"])
def test_another_machine_needs_a_token(installed, monkeypatch, address):
    with pytest.raises(FootnoteError, match="RAY_AUTH_TOKEN"):
        checked_address(address)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/run/secrets/ray")
    assert checked_address(address) == address
