"""The page on answers: every figure where the record says, and the page as the record makes it, or without one."""

import importlib.util
from pathlib import Path

from benchmarks.answer_figures import MEASURES, WORDS
from docs.answers_tables import ROWS, answers_tables

ROOT = Path(__file__).resolve().parents[2]


def measured(ours, theirs, questions=(50, 50), **more):
    both = {"footnote": ours, "naive": theirs}
    return {"figures": both, "questions": dict(zip(both, questions, strict=True))} | more


def set_record():
    figures = {name: measured(0.5, 0.25) for name in ROWS}
    difference = {"difference": -0.456, "low": -0.6, "high": -0.3, "verdict": "better"}
    figures["false_answers"] = measured(0.0444, 0.5, **difference)
    figures["citation_holds_gold"] = measured(1.0, 0.5, (48, 40))
    figures["quotes_gold_at_1"] = measured(0.75, None, (50, 0))
    figures["tokens_read"] = measured(
        289.44, 1023.0, (90, 100), difference=-733.56, low=-800, high=-700, verdict="better"
    )
    return {
        "machine": {"cpu": "Some CPU", "cores": 2, "commit": "abc1234", "date": "2026-01-31"},
        "questions": {"answerable": 50, "unanswerable": 50},
        "seed": 7,
        "documents": 1216,
        "chunks": 1300,
        "models": {"llm": "small-model@0123"},
        "measures": figures,
        "verbatim": {"footnote": "612 of 612", "naive": "140 of 140"},
    }


def test_each_set_has_a_table_with_a_row_for_each_measure():
    lines = answers_tables({"sets": {"one": set_record(), "two": set_record()}}).split("\n")
    assert lines[0] == (
        "**one**: 50 answerable and 50 unanswerable questions (seed 7), 1,216 documents, 1,300 chunks; small-model, "
        "2 cores (Some CPU), commit abc1234, 2026-01-31."
    )
    assert lines[2] == "| measure | questions | Footnote | naive recipe | difference (95 % interval) | Footnote is |"
    assert lines[3] == "| --- | --- | --- | --- | --- | --- |"
    assert lines[4] == "| expected answer in the answer | 50 | 0.50 | 0.25 |  |  |"
    assert "| answered although not answerable | 50 | 0.04 | 0.50 | -0.46 (-0.60 to -0.30) | better |" in lines
    assert "| answers whose citations hold the expected place | 48 / 40 | 1.00 | 0.50 |  |  |" in lines
    assert "| expected place in the first quote | 50 / 0 | 0.75 | - |  |  |" in lines
    assert "| tokens read | 90 / 100 | 289.4 | 1,023.0 | -733.6 (-800.0 to -700.0) | better |" in lines
    assert "| quotes and citations verbatim |  | 612 of 612 | 140 of 140 |  |  |" in lines
    assert sum(line.startswith("**two**: ") for line in lines) == 1
    assert len(lines) == 2 * (4 + len(ROWS) + 1) + 2


def test_every_measure_of_the_record_is_in_the_table():
    assert set(ROWS) == {*MEASURES, *WORDS} - {"quotes_verbatim"}  # counted instead


def generator():
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    return generate


def test_the_page_is_what_the_record_makes():
    assert generator().answers() == (ROOT / "docs" / "answers.md").read_text("utf-8")


def test_without_a_record_the_page_stays_as_it_is(monkeypatch, tmp_path):
    generate = generator()
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    assert generate.answers() == (ROOT / "docs" / "answers.md").read_text("utf-8")


def test_a_record_takes_the_place_of_what_stood_there(monkeypatch, tmp_path):
    generate = generator()
    results = tmp_path / "benchmarks" / "results"
    results.mkdir(parents=True)
    record = {"sets": {"one": set_record()}}
    (results / "answers.json").write_text(generate.json.dumps(record), "utf-8")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    page = generate.answers()
    assert f"<!-- answers -->\n{answers_tables(record)}<!-- /answers -->" in page
    assert "No figures yet" not in page
    assert page.startswith("# Answers\n")
