"""The measures of the comparison of readers, each against values counted by hand; no other reader is needed."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.parsing import __main__ as command
from benchmarks.parsing import large, worker
from benchmarks.parsing import reading as reading_module
from benchmarks.parsing.footnote_blocks import pieces as extraction_pieces
from benchmarks.parsing.footnote_blocks import read
from benchmarks.parsing.markdown import pieces
from benchmarks.parsing.measures import cells_apart, cells_in_row, common_subsequence, compare, edit_distance
from benchmarks.parsing.pairs import find_pairs
from benchmarks.parsing.readers import READERS, Reader
from benchmarks.parsing.reading import read_with, seen_by
from benchmarks.parsing.reporting import figures, standings, table
from benchmarks.parsing.seeing import Seen, cells, heading, plain, seen, words
from benchmarks.parsing.watched import watch
from indexer.loading.builder import TextBuilder
from schema import FootnoteError

# Edit distance and subsequence


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("", "", 0),
        ("abc", "", 3),
        ("", "ab", 2),
        ("kitten", "sitting", 3),
        ("intention", "execution", 5),
        ("ab", "ba", 2),
        (["one", "two"], ["two", "one", "two"], 1),
    ],
)
def test_edit_distance(first, second, distance):
    assert edit_distance(first, second) == distance


def by_the_matrix(first, second):
    """Levenshtein's distance as textbooks compute it."""
    row = list(range(len(second) + 1))
    for i, one in enumerate(first, start=1):
        last, row[0] = row[0], i
        for j, other in enumerate(second, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (one != other))
    return row[-1]


@given(st.text("abc", max_size=90), st.text("abc", max_size=90))
def test_edit_distance_is_that_of_the_matrix(first, second):
    assert edit_distance(first, second) == by_the_matrix(first, second)


def test_common_subsequence():
    assert common_subsequence("abcde", "xacebd") == 3
    assert common_subsequence(["a", "b", "c"], ["c", "b", "a"]) == 1
    assert common_subsequence([], "a") == 0


# What is made equal, and what is not


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("- item", "item"),
        ("12. item", "item"),
        ("• [x] done", "done"),
        ("☐ open", "open"),
        ("Total ..... 5 | ----- ===", "Total 5"),
        ("a - b -- c", "a - b -- c"),
        ("Tea [x] Milk [ ] array[x]", "Tea Milk array[x]"),
        ("stain—Freedom well-known", "stainFreedom wellknown"),
        ("(425) 000-0000", "(425) 000-0000"),
        ("-5 degrees", "-5 degrees"),
        ("1.5 hours", "1.5 hours"),
        ("a\u200bb\u00adc  d", "abc d"),
        ("“ﬁne” – it’s", '"fine" - it\'s'),
        ("$349.99", "$349.99"),
    ],
)
def test_a_line_made_plain(line, expected):
    assert plain(line) == expected


def test_words_leave_punctuation_and_part_letters_from_digits():
    assert words("H2O, don't; 漢字 x_1") == ["H", "2", "O", "don", "t", "漢", "字", "x", "1"]


def test_a_heading_without_its_number_and_in_small_letters():
    assert heading("2.1 Results: Overview 2") == "results overview 2"
    assert heading("2019") == "2019"


def test_a_merged_cell_counts_once():
    assert cells(["Class 1", "Class 1", "", "", "x", "-"]) == ("Class 1", "x")


def test_white_space_at_punctuation_and_digits_and_hyphens_at_the_end_of_a_line_do_not_count():
    given_text = seen([("text", "**bold** , a well-\nknown H 2 O")])
    assert given_text.text == "**bold**,a wellknown H2O"
    assert seen([("text", "**bold**, a wellknown H2O")]).text == given_text.text


def test_a_second_table_straight_below_the_first_leaves_no_rule_behind():
    text = "| a | b |\n| --- | --- |\n| 1 | - |\n| c |  |\n| --- | :-- |\n| 2 | 3 |"
    assert [row for _, row in pieces(text)] == [["a", "b"], ["1", "-"], ["c", ""], ["2", "3"]]


def test_a_dash_at_the_end_of_a_line_parts_words():
    assert seen([("text", "a stain—\nFreedom is")]).words == ["a", "stain", "Freedom", "is"]
    assert seen([("text", "a free-\ndom is")]).words == ["a", "freedom", "is"]


def test_markdown_loses_its_markup_alone():
    text = (
        "# A *b*\n\ntext with [a link](http://x), `code` and ![a picture](y.png)\n<!-- image -->\n\n"
        "| x | y |\n| - | - |\n| &lt;1 | |\n\n1. one\n   - two\n\n```\nif x:\n```\n=====\n\n"
        "E is $\\frac{m}{2}$, 5 $ or $6"
    )
    assert pieces(text) == [
        ("heading", "A b"),
        ("text", "text with a link, code and a picture"),
        ("row", ["x", "y"]),
        ("row", ["<1", ""]),
        ("text", "one"),
        ("text", "two"),
        ("text", "if x:\n"),
        ("text", "====="),
        ("text", "E is m2, 5 $ or $6"),
    ]


# The measures of one reading


REFERENCE = seen(
    [
        ("heading", "1 First part"),
        ("text", "One two three."),
        ("row", ["Name", "Cost"]),
        ("row", ["Parts", "2,100"]),
        ("heading", "Second part"),
        ("heading", "Third part"),
    ]
)


def test_a_reading_that_is_the_reference_is_without_fault():
    counts = compare(REFERENCE, REFERENCE)
    assert counts.characters == (0, len(REFERENCE.text))
    assert counts.words == (0, 15)
    assert counts.shared_words == (30, 30)
    assert counts.cells_in_row == counts.cells_apart == (4, 4)
    assert counts.headings_in_order == (3, 3)


def test_a_reading_of_nothing_misses_everything_once():
    counts = compare(REFERENCE, Seen(()))
    assert counts.characters == (len(REFERENCE.text), len(REFERENCE.text))
    assert counts.words == (15, 15)
    assert counts.shared_words == (0, 15)
    assert counts.cells_in_row == (0, 4)
    assert counts.cells_apart is None
    assert counts.headings_in_order is None


def test_words_in_another_order_cost_words_but_not_their_share():
    counts = compare(Seen(("one two three four",)), Seen(("three four one two",)))
    assert counts.words == (4, 4)
    assert counts.shared_words == (8, 8)


def test_characters_are_counted_with_punctuation_and_case():
    assert compare(Seen(("Abc, d.",)), Seen(("abc d",))).characters == (3, 6)  # A, the comma for a space, the stop


def test_headings_in_another_order_and_headings_too_many():
    found = seen([("heading", "Second part"), ("heading", "First part"), ("heading", "x"), ("heading", "Third part")])
    counts = compare(REFERENCE, found)
    assert counts.headings_in_order == (2, 3)
    assert counts.headings_found == 4


def test_rows_of_one_cell_say_nothing_of_tables():
    alone = seen([("row", ["title"]), ("row", ["a", "b"])])
    assert compare(alone, Seen(())).cells_in_row == (0, 2)


def test_cells_of_a_row_are_found_in_one_line_alone():
    rows = [("Parts", "2 100"), ("Body labor", "2", "300")]
    assert cells_in_row(rows, ["Parts 2,100", "Body labor 2 150 300"]) == 5
    assert cells_in_row(rows, ["Parts", "2,100", "Body labor", "2", "150", "300"]) == 2


def test_a_paragraph_in_which_a_table_dissolved_has_no_row():
    rows = [("Parts", "2 100"), ("Body labor", "2", "300"), ("Paint labor", "1 5", "225")]
    assert cells_in_row(rows, ["Parts 2,100 Body labor 2 300 Paint labor 1.5 225"]) == 0


def test_a_line_serves_one_row_and_a_word_one_cell():
    assert cells_in_row([("a", "b"), ("a", "b")], ["a b"]) == 2
    assert cells_in_row([("yes", "no", "yes")], ["yes no"]) == 2
    assert cells_in_row([("no", "xyz")], ["not xyz"]) == 1


def test_cells_apart_need_the_same_cells_of_one_row():
    rows = [("Parts", "2 100"), ("Labor", "300")]
    assert cells_apart(rows, [("Labor", "300"), ("Parts", "2 100")]) == 4
    assert cells_apart(rows, [("Parts 2 100",), ("Labor", "225", "300")]) == 2
    assert cells_apart(rows, [("Parts", "300")]) == 1


# What readers return


def test_the_three_forms_of_a_result():
    assert seen_by({"markdown": "# A\n\n| b | c |\n| - | - |"}) == Seen(("A", "b c"), (("b", "c"),), ("a",))
    assert seen_by({"text": "a\nb c"}) == Seen(("a", "b c"))
    assert seen_by({"text": "b c", "rows": [["b", "c"]]}) == Seen(("b c",), (("b", "c"),))
    assert seen_by({"pieces": [["row", ["b", "c"]]]}) == Seen(("b c",), (("b", "c"),), ())


def test_footnotes_blocks_become_pieces(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("# Head\n\nText.\n\n- item\n\n| x | y |\n|---|---|\n| 1 | 2 |\n")
    assert read(path)["pieces"] == [
        ("heading", "Head"),
        ("text", "Text."),
        ("text", "item"),
        ("row", ["x", "y"]),
        ("row", ["1", "2"]),
    ]


def test_names_of_columns_that_repeat_the_header_are_taken_off():
    builder = TextBuilder()
    for row in ("Year | Total", "Year: 2021 | Total: 12", "Total: 9", "Years: 3 | x", "Year: 2022 | y"):
        builder.add("table_row", row)
    builder.add("paragraph", "Year: 2023")
    assert [content for _, content in extraction_pieces(builder.build())] == [
        ["Year", "Total"],
        ["2021", "12"],
        ["", "9"],
        ["Years: 3", "x"],
        ["Year: 2022", "y"],
        "Year: 2023",
    ]


def test_a_file_that_footnote_refuses_is_told_with_its_reason(tmp_path):
    path = tmp_path / "a.md"
    path.write_text(" ")
    with pytest.raises(FootnoteError, match="empty"):
        read(path)
    record = worker.measured(READERS["footnote"], path)
    assert record["problem"] == "FootnoteError: a.md is empty."
    assert "seen" not in record


# Which files


def test_each_collections_way_to_name_references(tmp_path):
    names = [
        "parse_docling/docx/sources/a.docx",
        "parse_docling/docx/groundtruth/a.docx.md",
        "parse_docling/docx/sources/without.docx",
        "parse_docling/pdf/sources/b.pdf",
        "parse_docling/pdf/groundtruth/b.md",
        "parse_docling/odf/sources/c.odt",
        "parse_docling/odf/sources/c.odt.pdf",
        "parse_docling/odf/groundtruth/c.odt.md",
        "parse_docling/ocr/sources/d.pdf",
        "parse_docling/ocr/groundtruth/tesseract/full_page/d.tesseract.full_page.md",
        "parse_docling/xlsx/sources/e.xlsm",
        "parse_docling/xlsx/groundtruth/e.xlsm.md",
        "parse_docling/html/sources/hyperlink_03.html",
        "parse_docling/html/groundtruth/hyperlink_03.html.md",
        "parse_markitdown/f.pdf",
        "parse_markitdown/expected_outputs__f.md",
        "parse_markitdown/expected_outputs__gone.md",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [(one.group, one.path.name, one.reference.name) for one in find_pairs(tmp_path)]
    assert found == [
        ("docx", "a.docx", "a.docx.md"),
        ("html with menus", "hyperlink_03.html", "hyperlink_03.html.md"),
        ("ocr", "d.pdf", "d.tesseract.full_page.md"),
        ("odt", "c.odt", "c.odt.md"),
        ("pdf", "b.pdf", "b.md"),
        ("pdf", "c.odt.pdf", "c.odt.md"),
        ("pdf by markitdown", "f.pdf", "expected_outputs__f.md"),
        ("xlsx", "e.xlsm", "e.xlsm.md"),
    ]
    assert [one.group for one in find_pairs(tmp_path, ["pdf"])] == ["pdf", "pdf", "pdf by markitdown"]


def test_a_problem_names_the_file_and_not_its_folder(tmp_path, monkeypatch):
    (tmp_path / "a.md").write_text("one")
    pair = SimpleNamespace(path=tmp_path / "a.md", reference=tmp_path / "a.md", group="md")
    said = f"No\nOSError: {tmp_path}/a.md is gone"
    monkeypatch.setattr(
        reading_module, "watch", lambda *_, **__: SimpleNamespace(timed_out=False, status=1, peak_mb=7, said=said)
    )
    reading = read_with(READERS["footnote"], pair, tmp_path, limit_s=3)
    assert reading.problem == "The process ended with exit status 1. OSError: a.md is gone"


# Figures


def row(reader, *, file="a", words=(1, 10), problem="", group="pdf", rows=(1, 2), apart=None, read_s=1.0):
    return {
        "file": file,
        "group": group,
        "reader": reader,
        "problem": problem,
        "characters": words,
        "words": words,
        "shared_words": (words[1] - words[0], words[1]),
        "cells_in_row": rows,
        "cells_apart": apart,
        "headings_in_order": (1, 2),
        "headings_found": 4,
        "read_s": read_s,
        "import_s": 0.5,
        "peak_mb": 40,
    }


def test_totals_weigh_files_by_their_size_and_medians_do_not():
    rows = [row("footnote", words=(1, 10)), row("footnote", words=(45, 90)), row("footnote", words=(0, 100))]
    found = figures(rows)["pdf"]["footnote"]
    assert found["word_error"] == 0.23
    assert found["word_error_median"] == 0.1
    assert found["cells_apart"] is None
    assert found["headings_of_reference"] == 0.25
    assert (found["files"], found["read"], found["read_s_total"]) == (3, 3, 3.0)


def test_what_was_not_read_counts_as_missed_and_not_as_fast():
    found = figures([row("pypdf"), row("pypdf", words=(10, 10), problem="no", read_s=None)])["pdf"]["pypdf"]
    assert (found["files"], found["read"]) == (2, 1)
    assert found["word_error"] == 0.55
    assert found["read_s_median"] == 1.0


def test_footnote_stands_beside_the_best_light_reader():
    rows = [row("footnote", words=(2, 10)), row("pypdf", words=(1, 10)), row("docling", words=(0, 10), rows=(2, 2))]
    found = {one["figure"]: one for one in standings(rows)}
    assert found["word_error"] == {
        "group": "pdf",
        "figure": "word_error",
        "footnote": 0.2,
        "best": "pypdf",
        "theirs": 0.1,
        "holds": False,
    }
    assert found["word_f1"]["holds"] is False
    assert found["cells_in_row"]["holds"] is True
    assert "cells_apart" not in found


def test_footnote_stands_beside_a_reader_over_the_files_that_this_one_reads():
    rows = [row("footnote", words=(1, 10)), row("markitdown", words=(2, 10)), row("footnote", file="b", words=(9, 10))]
    found = {one["figure"]: one for one in standings(rows)}
    assert (found["word_error"]["footnote"], found["word_error"]["theirs"]) == (0.1, 0.2)
    assert found["word_error"]["holds"] is True


def test_no_reader_is_the_measure_where_the_reference_is_its_own():
    group = "pdf by markitdown"
    rows = [row("footnote", group=group), row("markitdown", words=(0, 10), group=group)]
    assert standings(rows) == []
    assert standings([row(reader, group="html with menus") for reader in ("footnote", "markitdown")]) == []


def test_the_table_shows_a_dash_where_there_is_no_figure():
    lines = table(figures([row("pypdf", words=(1, 8))])["pdf"]).splitlines()
    assert lines[0].split()[:2] == ["reader", "read"]
    assert lines[1].split() == ["pypdf", "1/1", "12.5", "12.5", "0.875", "0.500", "-", "0.500", "1.000", "40"]


# Processes


def test_a_process_that_hangs_is_ended_with_all_that_it_started(tmp_path):
    script = "import subprocess, sys, time; subprocess.Popen(['sleep', '60'], start_new_session=True); time.sleep(60)"
    ended = watch([sys.executable, "-c", script], limit_s=4, cwd=tmp_path)
    assert ended.timed_out
    assert ended.status == -9
    assert ended.left == 1


def test_the_end_of_what_a_failed_process_said_is_kept(tmp_path):
    ended = watch([sys.executable, "-c", "raise SystemExit('x' * 3000 + 'the end')"], limit_s=60, cwd=tmp_path)
    assert (ended.status, ended.timed_out, ended.left) == (1, False, 0)
    assert ended.said.rstrip().endswith("the end")
    assert len(ended.said) == 2000


def test_memory_is_that_of_all_processes_together(tmp_path):
    hold = "b = bytearray(80 * 2**20); import time; time.sleep(1.5)"
    script = f"import subprocess, sys; one = subprocess.Popen([sys.executable, '-c', {hold!r}]); {hold}; one.wait()"
    ended = watch([sys.executable, "-c", script], limit_s=60, cwd=tmp_path)
    assert ended.status == 0
    assert 160 <= ended.peak_mb < 400


def test_one_file_read_in_a_process_and_compared(tmp_path):
    (tmp_path / "parse_docling/md/sources").mkdir(parents=True)
    (tmp_path / "parse_docling/md/groundtruth").mkdir()
    (tmp_path / "parse_docling/md/sources/a.md").write_text("# Head\n\nOne two.\n")
    (tmp_path / "parse_docling/md/groundtruth/a.md.md").write_text("# Head\n\nOne two three.\n")
    (pair,) = find_pairs(tmp_path)
    record = read_with(READERS["footnote"], pair, tmp_path / "none", limit_s=60).to_dict()
    assert record["problem"] == ""
    assert record["words"] == (1, 4)
    assert record["headings_in_order"] == (1, 1)
    assert record["peak_mb"] > 10
    assert json.loads(json.dumps(record))["file"] == "a.md"


def test_a_reader_that_is_not_done_in_time_is_told(tmp_path, monkeypatch):
    (tmp_path / "a.md").write_text("one two")
    pair = SimpleNamespace(path=tmp_path / "a.md", reference=tmp_path / "a.md", group="md")
    monkeypatch.setattr(reading_module, "watch", lambda *_, **__: SimpleNamespace(timed_out=True, status=-9, peak_mb=7))
    reading = read_with(Reader("footnote", "x", (), own=True), pair, tmp_path, limit_s=3)
    assert reading.problem == "Not done after 3 s."
    assert reading.counts.words == (2, 2)
    assert reading.took["peak_mb"] == 7


def test_what_is_measured_again_replaces_its_rows_and_keeps_the_others(tmp_path, monkeypatch):
    before = {"files": [row("pypdf"), row("footnote", words=(9, 10))]}
    again = [row("footnote", words=(2, 10)) | {"versions": {"lxml": "1"}}]
    monkeypatch.setattr(command, "read_all", lambda *_: again)
    arguments = command.parse(["--data", str(tmp_path), "--readers", "footnote"])
    record = command.fidelity(arguments, before)
    assert [(one["reader"], one["words"]) for one in record["files"]] == [("footnote", (2, 10)), ("pypdf", (1, 10))]
    assert record["versions"] == {"footnote": {"lxml": "1"}}
    assert record["groups"]["pdf"]["footnote"]["word_error"] == 0.2


# Large files


def test_the_steps_for_large_files_in_order(tmp_path, monkeypatch):
    """What is made, timed and indexed, without another reader: each process is replaced by what it would write."""
    ran = []

    def run(step):
        words = [str(one) for one in step]
        ran.append(" ".join(Path(one).name for one in words[1:]))
        if "benchmarks.parsing.making" in words:
            Path(words[4]).write_bytes(b"x" * 2**20)
        elif "benchmarks.parsing.stages" in words:
            pages = int(Path(words[3]).name.split()[0])
            Path(words[4]).write_text(json.dumps({"pages": pages, "parse_s": pages / 100}))
        elif "benchmarks.folders.indexing" in words:
            row = {"path": words[4], "status": "indexed", "reason": "", "pages": 2000, "chunks": 9}
            Path(words[6]).write_text(json.dumps({"file": row}) + "\n")
        return 2.5, 700

    monkeypatch.setattr(large, "_run", run)
    record = large.measure_large(tmp_path, tmp_path / "python", {"cores": 2})
    assert [one["pages"] for one in record["parsed"]] == [250, 500, 1000, 2000]
    assert record["parsed"][0] == {"pages": 250, "parse_s": 2.5, "file_mb": 1.0, "processes_peak_mb": 700}
    assert record["indexed"]["stages"]["pages"] == 100
    assert record["indexed"]["command"] == {"seconds": 2.5, "peak_mb": 700}
    assert (record["pipeline"]["status"], record["pipeline"]["seconds"]) == ("indexed", 2.5)
    assert ran[0] == "-m benchmarks.parsing.making 100 100 pages.pdf HHS2022.pdf"
    assert ran[1] == "-m benchmarks.parsing.stages 100 pages.pdf stages.json --embed"
    assert ran[2] == "index 100 pages.pdf --index index"
    assert ran[-1] == "-m benchmarks.folders.indexing index 2000 pages.pdf whole journal.jsonl words"


def test_a_step_that_fails_ends_the_measurement_with_what_it_said(monkeypatch):
    ended = SimpleNamespace(status=1, timed_out=False, said="no memory", seconds=1.0, peak_mb=1)
    monkeypatch.setattr(large, "watch", lambda *_, **__: ended)
    with pytest.raises(FootnoteError, match="exit status 1: no memory"):
        large.make(Path("/tmp"), Path("python"), 3, [])


def test_the_stages_of_one_file(tmp_path):
    path, result = tmp_path / "a.md", tmp_path / "result.json"
    path.write_text("# Head\n\nText.\n")
    ended = watch(
        [sys.executable, "-m", "benchmarks.parsing.stages", path, result], limit_s=60, cwd=reading_module.ROOT
    )
    assert ended.status == 0, ended.said
    record = json.loads(result.read_text())
    assert (record["pages"], record["characters"]) == (0, 11)
    assert 0 < record["before_mb"] <= record["parse_peak_mb"]
