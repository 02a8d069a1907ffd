"""Sizes, hours and prices are computed from records, and the page holds what is computed."""

import subprocess
import sys
from pathlib import Path

import pytest

from docs import sizes

ROOT = Path(__file__).resolve().parent.parent
RECORDS = {
    "scaling": {"sizes": [{"chunks": 10, "tokens_of_a_document": 9.0, "files_mb": {"catalogue.sqlite3": 9.0}},
                          {"chunks": 1000, "tokens_of_a_document": 60.4, "files_mb": {"catalogue.sqlite3": 3.0}}]},
    "latency": {"sizes": {"2000": {"chunks": 2000, "files_mb": {"catalogue.sqlite3": 10.0}},
                          "500": {"chunks": 500, "files_mb": {"catalogue.sqlite3": 99.0}}}},
    "vectors": {"1000000": {"file_mb": 1000, "exact": {"of_that_not_from_files_mb": 2000}}},
    "syncing": {"many_small_files": {"embedded": 5000, "seconds": 50.0}, "long_pdf": {"embedded": 100, "seconds": 4.0}},
    "load": {"swap": {"machine": {"cores": 2}, "threads": 20, "answer_ms_without_swaps": {"p50": 4000}},
             "four": {"people": [{"end": 8.0}, {"end": 16.0}]}},
    "answering": {"measures": {"tokens_read": 280.0, "tokens_written": 15.0}},
}  # fmt: skip
MEASURED = sizes.measured(RECORDS)


def test_figures_are_taken_from_the_largest_size_of_each_record():
    """Bytes of a chunk and work a second, by hand."""
    assert (
        sizes.Measured(
            cores=2,
            short_tokens=60.4,
            catalogue_short=3000.0,
            catalogue_long=5000.0,
            clusters=1000 * 2**20 / 1e6,
            exact=2000 * 2**20 / 1e6,
            small_files_per_s=100.0,
            long_file_per_s=25.0,
            quotes_per_s=5.0,
            answers_per_s=0.125,
            tokens_read=280.0,
            tokens_written=15.0,
        )
        == MEASURED
    )


def test_one_machine():
    """Bytes times chunks."""
    assert sizes.local_table(MEASURED, [1_000_000, 2_000_000]).splitlines() == [
        "| on one machine | each chunk | 1,000,000 | 2,000,000 |",
        "| --- | --- | --- | --- |",
        "| catalogue, chunks of 60 tokens: disk | 3,000 B | 3.0 GB | 6.0 GB |",
        "| catalogue, chunks of mixed length: disk | 5,000 B | 5.0 GB | 10.0 GB |",
        "| vectors in clusters of 8 bits: disk, and memory for what is asked for often | 1,049 B | 1.0 GB | 2.1 GB |",
        "| all vectors scored exactly instead: memory | 2,097 B | 2.1 GB | 4.2 GB |",
    ]


def test_milvus_by_what_is_published_of_it():
    """384 numbers of 4 bytes and 32 links of 4; at 128 dimensions its makers' own 640 MB and 131 MB come out."""
    rows = sizes.milvus_table([100_000_000]).splitlines()
    assert rows[2:] == [
        "| HNSW: 384 · 4 + 32 · 4: memory | 1,664 B | 166.4 GB |",
        "| the same, · 1.36 of headroom: memory | 2,267 B | 226.7 GB |",
        "| IVF_SQ8: 384 + 3: memory | 387 B | 38.7 GB |",
        "| vectors as they are: 384 · 4: object store | 1,536 B | 153.6 GB |",
        "| HNSW with headroom, and 8 GB to run in |  | 234.7 GB |",
    ]
    assert 128 * sizes.FLOAT + sizes.LINKS * sizes.LINK == 640
    assert 128 + sizes.CODES_OVERHEAD == 131


def test_hours_of_indexing_and_their_price():
    """36,000,000 chunks at 100 a second are 100 hours, which five machines do in a day."""
    assert sizes.indexing_table(MEASURED, [36_000_000], price=0.5).splitlines() == [
        "| chunks, on 2 cores | hours | machines for a day | price |",
        "| --- | --- | --- | --- |",
        "| 36,000,000, one chunk a file (100 a second) | 100.0 | 5 | 100.0 · 0.5 = 50.0 |",
        "| 36,000,000, one long PDF (25 a second) | 400.0 | 17 | 400.0 · 0.5 = 200.0 |",
    ]


def test_machines_for_questions():
    """Five a second on one machine, an eighth of an answer; six questions want two machines, or 48, or a server."""
    rows = sizes.serving_table(MEASURED, [5, 6], price=2).splitlines()
    assert rows[2:] == [
        "| 5 | 1 | 40 | 1,400 / 75 | 1 · 730 · 2 = 1,460 |",
        "| 6 | 2 | 48 | 1,680 / 90 | 2 · 730 · 2 = 2,920 |",
    ]


def test_the_page_is_filled_between_its_marks_and_stays_so():
    """What stands around the tables is left; filling a second time changes nothing."""
    marks = ("local", "milvus", "indexing", "serving")
    page = "".join(f"before {mark}\n<!-- {mark} -->\nold\n<!-- /{mark} -->\nafter\n" for mark in marks)
    once = sizes.filled(page, MEASURED)
    assert "old" not in once
    assert once.count("\nafter\n") == 4
    assert sizes.filled(once, MEASURED) == once


def test_the_page_holds_what_the_records_give():
    """No figure of its tables was typed by hand."""
    page = (ROOT / "docs" / "sizes.md").read_text("utf-8")
    assert sizes.filled(page, sizes.read_measured(ROOT / "benchmarks" / "results")) == page


@pytest.mark.parametrize(("option", "told"), [("--chunks=3000000", "| 3,000,000 |"), ("--machine-hour=7", "· 7 = ")])
def test_it_prints_the_tables_for_other_numbers(option, told):
    """As a script, from anywhere."""
    command = [sys.executable, ROOT / "docs" / "sizes.py", option]
    assert told in subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout
