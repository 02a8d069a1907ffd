"""The labelled set and its figures: what a change may do to a sentence, and areas that can be counted by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli import app
from docs.checker_tables import checker_tables
from eval.checker.altering import ALTERATIONS
from eval.checker.asking import from_questions, stated
from eval.checker.cases import SupportCase, build_cases
from eval.checker.fitting import case_weights, fit_logistic, probabilities, signs_of
from eval.checker.measuring import Scored, fit_blends, measure_set, score_set
from eval.checker.rephrasing import rephrase
from eval.checker.scoring import Checked, area_rows, area_under_curve, error_rows, worst_misses
from eval.checker.texts import Corpus, is_usable, split
from eval.checker.thresholds import threshold_rows, threshold_table
from eval.records import EvalCase, Evidence
from schema import FootnoteError, TextDocument

TEXTS = {
    "a": (
        "Weather",
        "In 1998, heavy rain fell on the town of Exeter for 12 days. All farmers of Devon must not leave their land. "
        "The river rose by 30% after the storm of 4 October 2001. People in the valley of Kent may ask for help there.",
    ),
    "b": (
        "Trains",
        "The old line from London was closed in 1963 by the minister. Some drivers did not want to work in Wales then. "
        "The highest speed on this line was 125 miles per hour in June 1990. Fares of 14 pounds will be paid at York.",
    ),
    "c": (
        "Cheese",
        "A wheel of Cheddar weighs more than 20 kg when it is sold at market. It was first made in Somerset long ago.",
    ),
}


@pytest.fixture
def folder(tmp_path):
    """A set in BEIR form with an answer of one sentence, and two judged claims."""
    rows = [{"_id": key, "title": title, "text": text} for key, (title, text) in TEXTS.items()]
    (tmp_path / "corpus.jsonl").write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    queries = [
        {
            "_id": "1",
            "text": "What about rain?",
            "answers": ["Heavy rain fell on the town of Exeter for 12 days in 1998."],
        },
        {"_id": "2", "text": "Cheddar is made of milk from Somerset.", "claim_label": ["SUPPORT"]},
        {"_id": "3", "text": "Cheddar is made of milk from Norway.", "claim_label": ["CONTRADICT"]},
    ]
    (tmp_path / "queries.jsonl").write_text("\n".join(json.dumps(row) for row in queries), "utf-8")
    (tmp_path / "qrels").mkdir()
    judged = "query-id\tcorpus-id\tscore\n1\ta\t1\n2\tc\t1\n3\tc\t1\n"
    (tmp_path / "qrels" / "test.tsv").write_text(judged, "utf-8")
    return tmp_path


@pytest.fixture
def corpus():
    return Corpus([TextDocument(key, title, text) for key, (title, text) in TEXTS.items()])


@pytest.mark.parametrize(
    ("kind", "text", "possible"),
    [
        ("negation added", "The line was closed in 1963.", {"The line was not closed in 1963."}),
        ("negation added", "The line was not closed.", {None}),
        ("negation removed", "The line was not closed.", {"The line was closed."}),
        ("negation removed", "The line wasn't closed.", {"The line was closed."}),
        ("negation removed", "It was not just closed.", {None}),
        ("modal or quantifier", "Drivers may not work.", {"Drivers must not work."}),
        (
            "modal or quantifier",
            "Drivers of all kinds may.",
            {"Drivers of some kinds may.", "Drivers of all kinds must."},
        ),
        ("direction", "Fares rose in spring.", {"Fares fell in spring."}),
        ("direction", "Fares are paid.", {None}),
        ("names exchanged", "There London beat York.", {"There York beat London."}),
        ("names exchanged", "There London and York met.", {None}),
    ],
)
def test_a_change_does_what_its_kind_says(corpus, kind, text, possible):
    made = {ALTERATIONS[kind](text, corpus, np.random.default_rng(seed)) for seed in range(20)}
    assert made == possible


@given(st.integers(0, 10**6))
def test_every_change_gives_another_sentence(seed):
    made = Corpus([TextDocument(key, title, text) for key, (title, text) in TEXTS.items()])
    rng = np.random.default_rng(seed)
    for place in made.places:
        text = made.text(place)
        assert rephrase(text, rng) != text
        assert all(alter(text, made, rng) != text for alter in ALTERATIONS.values())


def test_a_rephrased_sentence_is_said_in_these_ways():
    said = {rephrase("In 1998, rain fell on 12 towns.", np.random.default_rng(seed)) for seed in range(60)}
    assert "Rain fell on 12 towns in 1998." in said
    assert "In 1998, rain fell on twelve towns." in said
    assert "According to the document, in 1998, rain fell on 12 towns." in said


def test_sentences_are_split_and_only_whole_ones_used():
    assert split("It rained (twice). Dr. Lee left . He ran!") == ["It rained (twice).", "Dr. Lee left .", "He ran!"]
    assert is_usable("The old line was closed in the spring.")
    assert not is_usable("The old line was closed.")
    assert not is_usable("the old line was closed in the spring.")
    assert not is_usable("The old line (which was closed in the spring.")


def test_the_set_has_every_kind_and_is_the_same_again(folder):
    cases = build_cases(folder, limit=3, seed=5)
    assert cases == build_cases(folder, limit=3, seed=5)
    assert cases != build_cases(folder, limit=3, seed=6)
    kinds = [case.kind for case in cases]
    assert {"verbatim", "rephrased", "answer", "claim", "refuted claim", "number", "date", "name"} <= set(kinds)
    assert {"negation added", "negation removed", "source at random", "modal or quantifier"} <= set(kinds)
    assert max(kinds.count(kind) for kind in set(kinds)) <= 3
    assert [case.is_true for case in cases if case.kind in ("claim", "refuted claim")] == [True, False]
    for case in cases:
        if case.kind == "verbatim":
            assert any(case.claim in text for text in case.evidence)
        assert 1 <= len(case.evidence) <= 3


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("Who founded the town of Exeter?", "Offa", "Offa founded the town of Exeter."),
        ("Who was the first mayor of Exeter?", "king Offa", "King Offa was the first mayor of Exeter."),
        ("Which old company founded the town?", "Offa Ltd", "Offa Ltd founded the town."),
        ("Who did Offa meet in Exeter?", "Penda", None),
        ("Who was the town founded by?", "Offa", None),
        ("What year founded the old town?", "1998", None),
        ("When was the town founded?", "1998", None),
        ("Who founded the town of Exeter?", "", None),
    ],
)
def test_a_question_becomes_a_statement_where_its_form_allows(question, answer, said):
    assert stated(question, answer) == said


def test_statements_of_questions_are_true_with_their_answer_and_false_with_another_name():
    text = "The town of Exeter was built by Offa in spring. Later on the king of Kent went home to Wales."
    corpus = Corpus([TextDocument("a", "Towns", text)])
    first, second = corpus.sentences[0]
    place = Evidence("a", quote="Offa", start=text.index("Offa"), end=text.index("Offa") + 4)
    asked = EvalCase("1", "Who founded the town of Exeter?", ("Offa",), (place,))
    unplaced = EvalCase("2", "Who founded the town of Exeter?", ("Offa",), (Evidence("a"),))
    made = list(from_questions([asked, unplaced], corpus, {"a": 0}, np.random.default_rng(1)))
    kinds = {kind: (claim, evidence) for kind, claim, evidence, _ in made}
    assert len(made) == 3
    assert kinds["answered question"] == ("Offa founded the town of Exeter.", (f"Towns\n{first}",))
    claim, evidence = kinds["echoed question"]
    assert claim in {"Kent founded the town of Exeter.", "Wales founded the town of Exeter."}
    assert evidence == (f"Towns\n{second}",)
    assert kinds["another answer"] == (claim, (f"Towns\n{first}", f"Towns\n{second}"))


def test_a_threshold_loses_true_sentences_below_it_and_keeps_false_ones_from_it_on():
    """Scores are the logistic of the coverage: one half at nought; each kind counts the same."""
    kinds = ["rephrased", "rephrased", "answer", "number", "number", "date", "verbatim"]
    signs = [(1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (-1.0, 0, 0), (1.0, 0, 0), (-1.0, 0, 0), (-9.0, 0, 0)]
    checked = tuple(Checked("partly", 0.5, (), one, one[0] == -9) for one in signs)
    scored = Scored("made", tuple(case(kind) for kind in kinds), checked, {})
    rows = threshold_rows([scored], np.array([0.0, 1.0, 0.0, 0.0]), thresholds=(0.5, 0.9))
    assert [(row.lost, row.kept) for row in rows] == [(0.25, 0.25), (1.0, 0.0)]
    assert threshold_table(rows)[1] == ["0.50", "0.250", "0.250"]


def test_judged_claims_are_no_part_of_a_fit(folder):
    def check(one):
        return Checked("supported", 0.5, signs=(float(one.is_true), 0.0, 0.0))

    scored = score_set(folder, check, {}, limit=3, seed=5)
    claims = np.array(["claim" in one.kind for one in scored.cases])
    turned = [
        replace(one, signs=(1 - one.signs[0], 0.0, 0.0)) if is_claim else one
        for one, is_claim in zip(scored.checked, claims, strict=True)
    ]
    assert claims.sum() == 2
    assert fit_blends([scored])["rules"] == pytest.approx(fit_blends([replace(scored, checked=tuple(turned))])["rules"])


def test_a_corpus_of_one_document_gives_no_cases(folder):
    (folder / "corpus.jsonl").write_text(
        '{"_id": "a", "title": "", "text": "Rain fell in all of the towns there."}', "utf-8"
    )
    with pytest.raises(FootnoteError, match="fewer than two of its documents"):
        build_cases(folder, limit=3, seed=5)


def test_the_area_is_the_share_of_pairs_in_order():
    true, changed = np.array([0.9, 0.5, 0.5]), np.array([0.5, 0.1, 0.95])
    pairs = [(a > b) + (a == b) / 2 for a in true for b in changed]
    assert area_under_curve(true, changed) == pytest.approx(sum(pairs) / 9)
    assert np.isnan(area_under_curve(true, np.array([])))


def case(kind):
    return SupportCase("Rain fell.", ("Rain fell.",), kind)


def test_areas_leave_verbatim_sentences_out_and_compare_claims_with_claims():
    cases = [case(kind) for kind in ("verbatim", "rephrased", "claim", "number", "refuted claim")]
    rows = area_rows(cases, {"check": np.array([1.0, 0.2, 0.9, 0.3, 0.5])}, rng=np.random.default_rng(1))
    assert {row.kind: row.areas["check"].area for row in rows} == {"number": 0.0, "refuted claim": 1.0}


def test_errors_and_misses_are_counted_by_kind():
    cases = [case("rephrased"), case("rephrased"), case("number"), case("number")]
    checked = [
        Checked("supported", 0.9),
        Checked("partly", 0.4),
        Checked("supported", 0.8),
        Checked("unsupported", 0.1),
    ]
    rows = error_rows(cases, checked)
    assert [(row.kind, dict(row.shares)) for row in rows] == [
        ("rephrased", {"supported": 0.5, "partly": 0.5, "unsupported": 0.0}),
        ("number", {"supported": 0.5, "partly": 0.0, "unsupported": 0.5}),
    ]
    assert [miss[1].score for miss in worst_misses(cases, checked, 5)] == [0.8, 0.4]


def test_kinds_count_the_same_whatever_their_numbers():
    cases = [case("rephrased")] * 4 + [case("number")] * 3 + [case("date")]
    assert case_weights(cases) == pytest.approx([1, 1, 1, 1, 2 / 3, 2 / 3, 2 / 3, 2])


def test_a_fit_without_ridge_finds_the_odds():
    """One column: the log odds of three in four; two groups: the difference of their log odds."""
    labels = np.array([1, 1, 1, 0, 1, 0, 0, 0], dtype=float)
    columns = np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)])
    fitted = fit_logistic(columns, labels, np.ones(8), ridge=0.0)
    assert fitted == pytest.approx([np.log(3), -2 * np.log(3)], abs=1e-6)
    assert probabilities(columns, fitted)[[0, 7]] == pytest.approx([0.75, 0.25])
    assert signs_of([Checked("partly", 0.5, signs=(0.5, 0.0, 1.0))], np.array([3.0])).tolist() == [[1, 0.5, 0, 1, 3]]


def test_a_blend_uses_a_model_that_knows(folder):
    def check(one):
        return Checked("supported", 0.5, signs=(0.5, 0.0, 0.0))

    knowing = {"oracle": lambda cases: np.array([float(one.is_true) for one in cases])}
    scored = score_set(folder, check, knowing, limit=3, seed=5)
    blends = fit_blends([scored])
    result = measure_set(scored, blends, seed=1)
    row = next(row for row in result.areas if row.kind == "number")
    assert {name: area.area for name, area in row.areas.items()} == {
        "check": 0.5,
        "oracle": 1.0,
        "rules, fitted": 0.5,
        "rules + oracle": 1.0,
    }


def test_the_command_reports_shows_misses_and_writes_figures(folder, tmp_path):
    out = tmp_path / "figures.json"
    asked = ["eval", "checker", str(folder), "--limit", "3", "--models", "none", "--out", str(out)]
    result = CliRunner().invoke(app, [*asked, "--show-errors", "2"])
    assert result.exit_code == 0, result.output
    assert "area under the ROC curve" in result.output
    figures = json.loads(out.read_text("utf-8"))
    verdicts = {row["kind"]: row["shares"] for row in figures["sets"][folder.name]["verdicts"]}
    assert verdicts["verbatim"] == {"supported": 1.0, "partly": 0.0, "unsupported": 0.0}
    assert figures["made"] == {"limit": 3, "seed": 1, "reported": [folder.name], "fitted_on": []}
    assert set(figures["machine"]) == {"system", "cores", "python", "commit", "date"}
    both = CliRunner().invoke(app, [*asked, "--fit", str(folder)])
    assert both.exit_code == 1
    assert "both to fit on and to report" in both.output


def test_a_fitted_record_fills_the_page(folder, tmp_path):
    """Every figure of the tables is one of the record."""
    other = tmp_path / "other"
    other.mkdir()
    for name in ("corpus.jsonl", "queries.jsonl"):
        (other / name).write_text((folder / name).read_text("utf-8"), "utf-8")
    (other / "qrels").mkdir()
    (other / "qrels" / "test.tsv").write_text((folder / "qrels" / "test.tsv").read_text("utf-8"), "utf-8")
    out = tmp_path / "figures.json"
    asked = ["eval", "checker", str(folder), "--fit", str(other), "--limit", "3", "--models", "none", "--out", str(out)]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    record = json.loads(out.read_text("utf-8"))
    assert record["made"]["fitted_on"] == ["other"]
    page = checker_tables(record)
    weights = " | ".join(f"{one:.2f}" for one in record["fitted"]["rules"])
    assert f"| rules | {weights} | - |" in page
    row = record["thresholds"]["rules"][0]
    assert f"| {row['threshold']:.2f} | {row['lost']:.1%} | {row['kept']:.1%} |" in page
    assert "| verbatim | 100 / 0 / 0 |" in page
