"""Files of fields: what counts, what is named, and that no file does harm."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.sidecars import LARGEST, read_fields


def fields(tmp_path, text, name="a.pdf.meta.yaml"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_fields(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# nothing yet\n", {}),
        ("version: 1.10", {"version": "1.10"}),
        ("date: 2021-06-30", {"date": "2021-06-30"}),
        ("Team: red\nPart-No_2: 007", {"team": "red", "part-no_2": "007"}),
        ("open: yes", {"open": "yes"}),
        ("note: |\n  two\n  lines\n", {"note": "two lines"}),
        ("note: 'zero\u200bwidth'", {"note": "zerowidth"}),
        ("gone:\nalso: ~", {"gone": "", "also": ""}),
        (b"\xef\xbb\xbfteam: red", {"team": "red"}),
        ("a: &x red\nb: *x", {"a": "red", "b": "red"}),
    ],
)
def test_values_count_as_they_are_written(tmp_path, text, expected):
    assert fields(tmp_path, text) == (expected, [])


@pytest.mark.parametrize(
    ("text", "kept", "problem"),
    [
        ("a: 1\nb: [1]", {"a": "1"}, "Line 2: 'b' must be one text, not a list."),
        ("a: 1\na: 2", {"a": "1"}, "Line 2: 'a' stands here a second time; the first counts."),
        ("2nd: x\na: 1", {"a": "1"}, "Line 1: a name has up to 40 letters, digits, '-' and '_', and begins with a "),
        ("? [a]\n: x", {}, "Line 1: a name has up to 40"),
        (f"a: {'x' * 301}", {}, "Line 1: 'a' is longer than 300 characters."),
        ("date: last May\na: 1", {"a": "1"}, "Line 1: 'last May' is not a date."),
        ("date: 2021-02-30", {}, "Line 1: '2021-02-30' is not a date."),
        ("- a\n- b", {}, "None of it counts: line 1 is no 'name: value'"),
        ("a: 1\nb: 2\nno field\n", {}, "None of it counts: line 3 is not YAML"),
        ("a: 1\nb: '", {}, "None of it counts: line 2 is not YAML"),
        ("a: 1\n---\nb: 2", {}, "None of it counts: line 2 is not YAML"),
        (b"a: 1\nb: \xff", {}, "None of it counts: line 2 is not UTF-8 text."),
        ("a: " + "[" * 20000, {}, "None of it counts: it is not YAML (RecursionError)."),
        ("# " + "x" * LARGEST, {}, "None of it counts: it has more than 64 KB."),
        ("a: \x07", {}, "None of it counts: it is not YAML (ReaderError)."),
    ],
)
def test_what_does_not_count_is_named_with_its_line(tmp_path, text, kept, problem):
    found, problems = fields(tmp_path, text)
    assert found == kept
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_at_most_fifty_fields_count(tmp_path):
    found, problems = fields(tmp_path, "".join(f"f{number}: x\n" for number in range(52)))
    assert len(found) == 50
    assert problems == ["Line 51: 50 fields are the most.", "Line 52: 50 fields are the most."]


def test_links_pipes_and_folders_are_not_read(tmp_path):
    (tmp_path / "secret").write_text("a: secret")
    (tmp_path / "link.meta.yaml").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe.meta.yaml")
    (tmp_path / "folder.meta.yaml").mkdir()
    for name in ("link", "pipe", "folder"):
        found, problems = read_fields(tmp_path / f"{name}.meta.yaml")
        assert found == {}
        assert len(problems) == 1, name


def test_a_file_that_is_not_there_says_nothing(tmp_path):
    assert read_fields(tmp_path / "no.meta.yaml") == ({}, [])
    assert read_fields(tmp_path / f"{'n' * 250}.meta.yaml") == ({}, [])


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(alphabet="ab:-[]{}&*!|>'\"#%@\n \t?,~", max_size=60).map(str.encode)))
def test_no_bytes_are_more_than_a_sentence(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.meta.yaml"
    path.write_bytes(data)
    found, problems = read_fields(path)
    assert all(isinstance(value, str) and len(value) <= 300 and value.isprintable() for value in found.values())
    assert all("\n" not in problem for problem in problems)
