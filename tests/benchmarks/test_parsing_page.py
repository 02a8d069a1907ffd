"""The page on reading files: every figure where the records say, and the page as they make it, or without them."""

import importlib.util
from pathlib import Path

from benchmarks.parsing.readers import READERS
from benchmarks.parsing.reporting import RATES
from docs import parsing_tables as tables

ROOT = Path(__file__).resolve().parents[2]
MACHINE = {"cpu": "Some CPU", "cores": 2, "commit": "abc1234", "date": "2026-01-31"}


def figures(**more):
    shown = {name: 0.25 for _, name, _ in tables.FIGURES} | {"read_s_median": 0.5, "peak_mb_median": 1234}
    return {"files": 3, "read": 2} | shown | more


def record(standings=()):
    groups = {"pdf": {"pypdf": figures(cells_apart=None, headings_in_order=None), "footnote": figures(word_f1=0.987)}}
    versions = {"pypdf": {"pypdf": "7.1"}, "docling": {"docling": "2.1", "torch": "2.13"}}
    return {"fidelity": {"machine": MACHINE, "versions": versions, "groups": groups, "standings": list(standings)}}


def test_each_format_has_a_table_with_footnote_first():
    lines = tables.fidelity_tables(record()).split("\n")
    assert lines[0] == "2 cores (Some CPU), commit abc1234, 2026-01-31. pypdf 7.1, docling 2.1, torch 2.13."
    assert lines[2] == "**pdf**"
    assert lines[4] == "| reader | files read | " + " | ".join(title for title, *_ in tables.FIGURES) + " |"
    assert lines[6] == "| footnote | 2 of 3 | 25.0% | 25.0% | 0.987 | 25.0% | 25.0% | 25.0% | 25.0% | 0.500 | 1,234 |"
    assert lines[7] == "| pypdf | 2 of 3 | 25.0% | 25.0% | 0.250 | 25.0% | - | - | 25.0% | 0.500 | 1,234 |"


def test_where_footnote_is_behind_is_said():
    ahead = {"group": "pdf", "figure": "word_f1", "footnote": 1.0, "best": "pypdf", "theirs": 0.5, "holds": True}
    behind = {"group": "csv", "figure": "word_error", "footnote": 0.5, "best": "pypdf", "theirs": 0.1, "holds": False}
    assert tables.standing([ahead]) == (
        "Of 1 figures that a light reader has too, Footnote's is at least as good in 1."
    )
    told = tables.standing([ahead, behind])
    assert told.startswith("Of 2 figures that a light reader has too, Footnote's is at least as good in 1.")
    assert told.endswith("| csv | words wrong | 50.0% | 10.0% (pypdf) |")


def test_every_figure_and_reader_of_the_record_has_a_place():
    names = {name for _, name, _ in tables.FIGURES}
    assert set(RATES) < names
    assert set(READERS) == set(tables.READERS)


def test_large_files_are_told_with_their_memory():
    parsed = {"pages": 2000, "file_mb": 12.25, "characters": 5_000_000, "parse_s": 30.04, "parse_peak_mb": 800}
    stages = {"pages": 100, "characters": 300_000, "parse_s": 1.5, "chunks": 450, "chunk_s": 0.5, "embed_s": 20.0}
    command = {"seconds": 25.04, "peak_mb": 1100}
    whole = {"status": "indexed", "pages": 2000, "chunks": 9000, "seconds": 61.2, "peak_mb": 1500, "reason": "Why."}
    told = tables.large_tables(
        {
            "large": {
                "machine": MACHINE,
                "indexed": {"stages": stages, "command": command},
                "parsed": [parsed],
                "pipeline": whole,
            }
        }
    ).split("\n")
    assert told[0].endswith(
        "100 pages of a report, 300,000 characters; the processes of the command had 1,100 MiB together at their peak."
    )
    assert told[-2] == (
        "The last of them in the whole pipeline: indexed, 2,000 pages, 9,000 chunks, 61 s, 1,500 MiB for all processes "
        "together. Why."
    )
    assert "| chunk (450 chunks) | 0.5 |" in told
    assert "| `footnote index`, all of it | 25.0 |" in told
    assert "| 2,000 | 12.2 | 5,000,000 | 30.0 | 800 |" in told


def test_the_hostile_folder_is_told_with_its_reasons():
    reason = {"status": "refused", "reason": "NAME is <torn> | cut.", "files": 7, "such_as": "a.pdf"}
    told = tables.folder_tables(
        {
            "machine": MACHINE,
            "files": 1310,
            "rows": 1320,
            "seconds": 61.4,
            "peak_mb": 1200,
            "crashes": 0,
            "hangs": 1,
            "without_row": ["x"],
            "processes_left": 0,
            "good_files": 100,
            "good_files_not_found": ["y"],
            "statuses": {"refused": 20, "indexed": 1300},
            "statuses_by_folder": {"bad": {"indexed": 1300, "refused": 20}, "odd": {"refused": 0}},
            "reasons": [reason],
        }
    ).split("\n")
    assert told[0] == (
        "2 cores (Some CPU), commit abc1234, 2026-01-31. 1,310 files and 1,320 rows in 61 s, 1,200 MiB at the peak: "
        "0 crashes, 1 hangs, 1 files without a row, 0 processes left behind, 99 of 100 good files found."
    )
    assert "| bad | 1300 | 20 |" in told
    assert "| odd | 0 | 0 |" in told
    assert "| 7 | refused | NAME is &lt;torn> ¦ cut. |" in told


def test_a_part_that_was_not_measured_is_said():
    assert tables.fidelity_tables({}) == tables.large_tables({}) == "Not measured yet.\n"


def test_the_page_is_as_the_records_make_it():
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.parsing() == (ROOT / "docs" / "parsing.md").read_text("utf-8")
