"""The report as Markdown and as CSV: what stands in them, and that no cell becomes more than words."""

import csv
import html
from dataclasses import replace
from io import StringIO

import markdown_it
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_runs import FIRST, PAYLOADS, SECOND, hostile_run, made_run, sample_run

from eval.comparison.comparing import compare_runs
from eval.records import EvalCase, Evidence, Outcome, Span
from eval.report import csv_report, html_report, markdown_report, write_report
from eval.report.markdown import escaped
from eval.report.wording import clean
from schema import FootnoteError

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1+1", '=HYPERLINK("http://x")', "−1")


@pytest.fixture(scope="module")
def pair():
    one, two = sample_run(endings=FIRST), sample_run("without reranker", endings=SECOND)
    return [one, two], compare_runs(one, two)


def rows_of(text):
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


# CSV


def test_a_row_for_each_question_and_run_holds_answer_diagnosis_and_measures(pair):
    rows = rows_of(csv_report(pair[0]))
    assert len(rows) == 120
    assert [row["run"] for row in (rows[0], rows[60])] == ["with reranker", "without reranker"]
    area = next(row for row in rows if row["id"] == "third-area")
    assert area["stage"] == "retrieved but not quoted"
    assert area["expected"] == "Genomics at the forefront of the data and digital revolution"
    assert area["evidence"] == "summary-for-industry.pdf, p. 1"
    assert (area["refused"], area["false_refusals"], area["gold_contained"]) == ("true", "1", "0")
    assert area["passages"] == "default/briefing.md\nsummary-for-industry.pdf, p. 1"
    published = rows[0]
    assert published["footnotes"].split("\n")[0] == (
        "[1] briefing.md: NHS England published its first Genomics Strategy on 12 October 2022."
    )
    assert (published["confidence"], published["tokens_read"], published["total_ms"]) == ("0.97", "800", "2600")
    budget = next(row for row in rows if row["id"] == "budget")
    assert (budget["unanswerable"], budget["false_answers"], budget["gold_contained"]) == ("true", "1", "")
    pen_name = next(row for row in rows if row["id"] == "pen-name")
    assert (pen_name["error"], pen_name["confidence"]) == ("The engine stopped: out of memory", "")


def test_excel_takes_it_for_utf8_and_rows_end_as_the_standard_says(pair):
    text = csv_report(pair[0])
    assert text.startswith('\ufeff"run","id","question"')
    assert text.count("\r\n") == 121
    assert "\r" not in text.replace("\r\n", "")


@pytest.mark.parametrize("formula", FORMULAS)
def test_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(formula):
    span = Span(formula, formula)
    case = EvalCase(formula, formula, (formula,), (Evidence(formula),), kind=formula)
    outcome = Outcome(formula, formula, reason=formula, citations=(span,), passages=(span,))
    (row,) = rows_of(csv_report([made_run(formula, [case], [outcome])]))
    for name, cell in row.items():
        assert not cell.lstrip().startswith(tuple("=+@＝＋－＠")), name
        assert not cell.startswith(("\t", "\r", "\n")), name
    safe = "" if formula[0] == "−" else "'"
    assert row["question"] == safe + clean(formula)


def test_a_negative_number_stays_a_number():
    case = EvalCase("1", "Why?", ("x",))
    (row,) = rows_of(csv_report([made_run("a", [case], [Outcome("1", "x", confidence=-2.5)])]))
    assert row["confidence"] == "-2.5"


@given(st.text(max_size=30))
def test_any_text_comes_back_from_its_cell(text):
    case = EvalCase("1", text, ("x",))
    (row,) = rows_of(csv_report([made_run("a", [case], [Outcome("1", "x")])]))
    assert row["question"] in (clean(text), "'" + clean(text))


def test_hostile_text_fits_into_cells_and_files():
    text = csv_report([hostile_run()])
    rows = rows_of(text.encode().decode("utf-8"))
    assert len(rows) == len(PAYLOADS)
    assert {len(row) for row in rows} == {len(rows[0])}


# Markdown


def test_the_summary_the_comparison_and_what_went_wrong_are_there(pair):
    text = markdown_report(*pair)
    assert text.startswith("## Evaluation of with reranker and without reranker\n\n**without reranker against with")
    assert "\n- with reranker (60 questions, from questions.yaml, asked on 22 November 2026, " in text
    assert "\n| Unanswerable, yet answered | 3 of 21 (5% to 35%) | 1 of 21 (1% to 23%) |\n" in text
    assert "\n| Unanswerable, yet answered | 14.3% | 4.8% | −9.5 points | " in text
    assert "8 questions ended differently: 7 became right, 1 no longer is." in text
    assert (
        "| title | What is the title of the first Genomics Strategy? | was right, now retrieved, not quoted |" in text
    )
    wrong = text.split("### What went wrong in without reranker")[1]
    assert [line.split(" | ")[0] for line in wrong.splitlines() if line.startswith("| ")][2:] == [
        "| title",
        "| vision",
        "| where-to-begin",
        "| budget",
    ]
    assert (
        "**Should have refused.** It was answered, although the documents do not say. | It is 17 million pounds. |"
        in wrong
    )


def test_a_flawless_run_says_so():
    text = markdown_report([sample_run()])
    assert text.endswith(
        "### What went wrong\n\nNothing: every question was answered from the right words, or rightly refused.\n"
    )
    assert "What changed" not in text


def test_a_long_list_is_cut_and_says_so():
    cases = [EvalCase(str(number), "Why?", ("x",)) for number in range(60)]
    text = markdown_report([made_run("a", cases, [Outcome(case.question_id, "y " * 200) for case in cases])])
    assert "And 10 more questions; the whole report shows all." in text
    assert text.count("**Not answered.**") == 50
    assert "y y…" in text


def test_hostile_words_become_no_markup_link_picture_mention_or_reference(pair):
    runs = [hostile_run(), hostile_run(first=20, name=PAYLOADS[6])]
    found = replace(compare_runs(*runs), notices=(*PAYLOADS, *MARKUP), name_a="@all", name_b="a|b")
    text = markdown_report(runs, found)
    assert text.encode()
    rendered = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    inline = [child for token in rendered for child in token.children or ()]
    assert {token.type for token in rendered} <= {
        f"{kind}_{end}"
        for kind in "heading paragraph table thead tbody tr th td bullet_list list_item".split()
        for end in ("open", "close")
    } | {"inline"}
    assert {child.type for child in inline} <= {"text", "text_special", "strong_open", "strong_close"}
    widths = {}
    for line in text.splitlines():
        assert not line.startswith(("#", ">", "```", "    ")) or line.startswith(("## Eval", "### "))
        if line.startswith("|"):
            widths.setdefault(line.replace("\\|", "").count("|"), []).append(line)
    assert set(widths) == {4, 5, 8}


MARKUP = (
    "# heading", "## x", "- item", "+ item", "1. item", "12) item", "> quote", "```\ncode\n```", "`code`", "---", "===",
    "**bold** _it_ ~~s~~", "a | b | c", "a\\|b", "\\", "| --- |", "![p](http://203.0.113.1/p.png)", "[x]: http://203.0.113.1",
    "<http://203.0.113.1>", "http://203.0.113.1/x", "www.example.org", "@somebody", "#12", "<!-- x", "&lt;b&gt;", "$x$",
    "[^1]", "line\n\n# heading", "    code", "-1 degree", "2022. That year",
)  # fmt: skip


@pytest.mark.parametrize("text", MARKUP)
def test_escaped_markup_renders_as_the_words_that_it_is(text):
    reader = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    for before in ("", "x "):
        rendered = reader.render(before + escaped(text))
        assert html.unescape(rendered).strip() == f"<p>{before}{' '.join(text.split())}</p>"


def test_what_github_would_link_by_itself_is_broken_up():
    for text in ("http://a.b", "www.a.b", "@somebody", "#12", "HTTPS://A.B", "WWW.A.B"):
        raw = escaped(text)
        assert not any(trap in raw.lower() for trap in ("://", "www.", "@", "#1")), raw


@given(st.text(max_size=40))
def test_escaped_text_is_one_line_without_cells_or_tags(text):
    raw = escaped(text)
    assert "\n" not in raw
    assert "<" not in raw
    assert "|" not in raw.replace("\\\\", "").replace("\\|", "")


def test_no_run_is_no_report():
    with pytest.raises(ValueError, match="a report needs a run"):
        markdown_report([])


# Files


def test_the_ending_of_the_name_decides_the_form(pair, tmp_path):
    runs, comparison = pair
    for name, text in (
        ("a.html", html_report(runs, comparison)),
        ("b.MD", markdown_report(runs, comparison)),
        ("new/c.csv", csv_report(runs)),
    ):
        write_report(runs, tmp_path / name, comparison)
        assert (tmp_path / name).read_bytes() == text.encode()


def test_another_ending_and_a_place_that_cannot_be_written_are_named(pair, tmp_path):
    with pytest.raises(FootnoteError, match=r"report\.pdf can't be written as a report: .* \.html, \.md, \.csv"):
        write_report(pair[0], tmp_path / "report.pdf")
    (tmp_path / "file").write_text("")
    with pytest.raises(FootnoteError, match=r"The report can't be written to .*file"):
        write_report(pair[0], tmp_path / "file" / "a.html")
    assert [found.name for found in tmp_path.iterdir()] == ["file"]
