"""A filter of Milvus: what it says for given numbers, that no text can be in it, and dates as days."""

import doctest
import re
import sqlite3
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import milvus_filter
from indexer.filtering import admitted
from indexer.milvus_filter import (
    NOTHING,
    UNDATED,
    Numbers,
    expression,
    field_label,
    first_and_last_day,
    folder_label,
    folders_above,
    labels_of,
)
from schema import Filter

NUMBER = r"-?\d+"
LIST = rf"(collection|source) in \[{NUMBER}(, {NUMBER})*\]"
HAS = rf"array_contains\(labels, {NUMBER}\)"
PART = rf"({LIST}|{HAS}|(born|first_day) <= {NUMBER}|last_day >= {NUMBER})"
ONE_OF = rf"\(({LIST}|{HAS})( or ({LIST}|{HAS}))+\)"
WHOLE = re.compile(rf"(({PART}|{ONE_OF})( and ({PART}|{ONE_OF}))*)?")

numbers = st.integers(-(2**63), 2**63 - 1)
some = st.lists(numbers, max_size=4).map(tuple)
maybe = st.none() | numbers
withins = st.builds(
    Numbers,
    collections=st.none() | some,
    sources=st.none() | some,
    folders=some,
    since=maybe,
    until=maybe,
    labels=some,
    born=maybe,
)
dates = st.from_regex(r"\A(19|20)[0-9]{2}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]))?)?\Z")


def test_the_examples_in_the_module_hold():
    assert doctest.testmod(milvus_filter).failed == 0
    assert doctest.testmod(milvus_filter).attempted == 4


@given(withins)
def test_an_expression_is_made_of_our_fields_and_whole_numbers_alone(within):
    assert WHOLE.fullmatch(expression(within))


@given(withins)
def test_every_number_that_narrows_is_in_the_expression(within):
    text = expression(within)
    if within.permits_nothing:
        assert text == NOTHING
        return
    given_numbers = [*(within.collections or ()), *(within.sources or ()), *within.folders, *within.labels]
    given_numbers += [number for number in (within.since, within.until, within.born) if number is not None]
    assert sorted(map(int, re.findall(NUMBER, text))) == sorted(given_numbers)


@pytest.mark.parametrize("text", ["1] or chunk in [2", "1", None, 1.5, True])
def test_what_is_no_whole_number_is_not_put_into_an_expression(text):
    """``True`` is one of Python's whole numbers, and is written as 1."""
    for within in (Numbers(collections=(text,)), Numbers(labels=(text,)), Numbers(folders=(text,))):
        if text is True:
            assert WHOLE.fullmatch(expression(within))
        else:
            with pytest.raises(TypeError):
                expression(within)


def test_numbers_of_numpy_are_written_as_ours():
    assert expression(Numbers(collections=tuple(np.array([3, 4])), born=np.int64(7))) == (
        "collection in [3, 4] and born <= 7"
    )


def test_nothing_narrowed_is_no_expression_and_nothing_permitted_is_one_that_never_holds():
    assert expression(Numbers()) == ""
    assert expression(Numbers(collections=())) == "born <= -1"
    assert expression(Numbers(sources=())) == "born <= -1"
    assert expression(Numbers(sources=(), folders=(9,))) == "array_contains(labels, 9)"


def test_a_label_is_63_bits_of_a_hash_and_no_value_runs_into_its_field():
    assert field_label("a", "b") == int.from_bytes(sha256(b'["field", "a", "b"]').digest()[:8], "big") >> 1
    assert len({field_label("a=b", "c"), field_label("a", "b=c"), field_label("a", "b"), folder_label("a")}) == 4
    assert field_label("a", "\ud800") != field_label("a", "\udfff")


@given(st.text(), st.text())
def test_a_label_fits_a_signed_whole_number_of_64_bits(field, value):
    assert 0 <= field_label(field, value) < 2**63
    assert 0 <= folder_label(value) < 2**63


def test_labels_are_those_of_fields_and_folders_in_order_each_once():
    expected = {field_label("author", "Ann"), folder_label("default/"), folder_label("default/a/")}
    assert labels_of("default/a/b.txt", [("author", "Ann"), ("author", "Ann")]) == tuple(sorted(expected))


@pytest.mark.parametrize(
    ("source_id", "folders"),
    [("a", ()), ("a/b", ("a/",)), ("a//b/", ("a/", "a//", "a//b/")), ("", ())],
)
def test_folders_above_are_what_a_filter_by_folder_names(source_id, folders):
    assert folders_above(source_id) == folders


@pytest.mark.parametrize("date", [None, "", "May 2022", "2022-5", "20220510", "2022-05-10T00:00", "٢٠٢٢"])
def test_what_is_no_date_has_no_days(date):
    assert first_and_last_day(date) == UNDATED


@given(dates, st.none() | dates, st.none() | dates)
def test_days_admit_the_documents_that_the_catalogue_admits(date, since, until):
    condition, values = admitted(Filter(since=since, until=until))
    row = sqlite3.connect(":memory:").execute(
        f"SELECT {condition} FROM (SELECT ? AS date) s",  # noqa: S608  (ours)
        [*values, date],
    )
    first, last = first_and_last_day(date)
    ours = (since is None or last >= first_and_last_day(since)[0]) and (
        until is None or first <= first_and_last_day(until)[1]
    )
    assert ours == bool(row.fetchone()[0])


def test_an_undated_document_passes_neither_bound():
    first, last = UNDATED
    assert first > first_and_last_day("9999")[1]
    assert last < first_and_last_day("0001")[0]
