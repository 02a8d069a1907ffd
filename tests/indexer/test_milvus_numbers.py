"""What Milvus is told of a chunk when there is more of it than Milvus takes; none of it needs Milvus."""

import numpy as np
import pytest

from indexer.milvus_filter import field_label, folder_label
from indexer.milvus_numbers import rows_for
from indexer.milvus_row import entity
from indexer.searchable import Document, Searchable
from schema import Chunk, FootnoteError

LONGEST_TERM = 32_768
"""Bytes of a term of FTS5; what is longer is cut there."""


def row_of(text="", title="", fields=()):
    chunk = Chunk("law/x.md", 0, len(text), text)
    document = Document(3, "law/x.md", "law", None, tuple(fields))
    (row,) = rows_for([Searchable(7, document, title, chunk, np.array([1, 0], np.float32))], 5)
    return row


def test_terms_that_fit_are_all_told():
    assert row_of("Rules of the harbours", title="Fees").words == "fee rule of the harbour"


def test_a_gigantic_word_is_left_out_and_the_words_behind_it_are_not():
    words = row_of(f"harbour {'ж' * 40_000} rules").words
    assert words == "harbour rule"  # of its 32,768 bytes 65,538 would be written


def test_what_fits_beside_a_gigantic_word_is_kept():
    row = row_of(f"{'a' * 40_000} {'b' * 40_000} rules {'c' * 32_000} fees {'d' * 753}", title="Act")
    assert row.words == f"act {'a' * LONGEST_TERM} rule {'c' * 32_000} fee"
    assert (len(row.words), row.head) == (65_535 - 753, "act")  # no room for a blank and 753 more
    assert entity(row, 2)["words"] == row.words


def test_the_last_byte_is_used():
    full = row_of(f"{'a' * LONGEST_TERM} {'c' * 32_766} {'d' * 3}").words
    assert (len(full), full[-1]) == (65_535, "c")


def test_all_labels_are_told_and_too_many_are_refused_and_not_cut():
    fields = [("team", str(number)) for number in range(4096)]
    row = row_of("harbour", fields=fields)
    expected = {folder_label("law/"), *(field_label(*one) for one in fields)}
    assert set(row.labels) == expected
    assert len(row.labels) == 4097
    with pytest.raises(FootnoteError, match="has 7 bytes of words and 4,097 labels; Milvus takes 65,535 and 4,096"):
        entity(row, 2)
