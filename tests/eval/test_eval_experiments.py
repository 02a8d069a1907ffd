"""From a question set to a saved run: with the real index and models, and with a stand-in for what goes wrong."""

import json
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from eval.measures import find
from eval.records import EvalCase, Outcome, Span, Statement
from eval.runs import experiments
from eval.runs.asking import count_verbatim, fingerprint_of, to_outcome
from eval.runs.experiments import asked_over, evaluate, journal_path
from eval.runs.journal import changed_parts, load_journal_head
from eval.runs.listing import RunFolder
from eval.runs.results import load_run
from eval.runs.running import RunFailedError, RunStoppedError
from schema import (
    Answer,
    Chunk,
    Fingerprint,
    FootnoteError,
    Passage,
    Quote,
    Sentence,
    Source,
    SourceInfo,
    Timings,
    Turn,
)
from settings import Settings

TEXT = "The plan was published on 12 October 2022. It has four areas."
SOURCE = Source("default", "plan.md", "The plan", "2022-10", "5ha")
QUOTE = Quote(1, SOURCE.source_id, SOURCE.title, SOURCE.date, None, 0, 42, TEXT[:42], 4.5)
CHUNK = Chunk(SOURCE.source_id, 0, len(TEXT), TEXT)
FINGERPRINT = Fingerprint("corpus-hash", "embedder@1", "reranker@2", "none", "prompt")
ANSWER = Answer(
    question="When?",
    answer="On 12 October 2022.",
    abstained=False,
    reason="",
    sentences=(Sentence("On 12 October 2022.", (1,), "supported", 0.9),),
    citations=(QUOTE,),
    quotes=(QUOTE, replace(QUOTE, number=2, start=1)),
    passages=(Passage(CHUNK, SOURCE, 0.25, 1, "reranked", seen_by_model=True),),
    timings=Timings(20.0, 200.0, 220.0, None, 900.0),
    fingerprint=FINGERPRINT,
    dropped=(Sentence("In Wales.", (), "unsupported", float("nan"), ("No.",)),),
    confidence=float("-inf"),
    tokens_read=210,
    tokens_written=12,
)

SET = """\
- id: day
  question: When was the plan published?
  answers: [12 October 2022]
  evidence: [{source: plan.md, quote: "published on 12 October 2022"}]
- id: areas
  question: How many areas are there?
  answers: [four]
  evidence: [{source: plan.md, quote: "four areas"}]
- id: cost
  question: What did the plan cost?
  unanswerable: true
"""


class StandIn:
    """Footnote as evaluation sees it: one document, one answer for every question."""

    asked: list
    corpus = "corpus-hash"
    engine = None

    def __init__(self, settings, *, create=False, lender=None):
        self.settings = settings
        self.recipe = "recipe"
        self.store = SimpleNamespace(
            fingerprint=lambda: self.corpus,
            collections=lambda: ["default"],
            known_files=lambda collection: [SimpleNamespace(recipe=self.recipe)],
        )

    def fingerprint(self, engine):
        return replace(FINGERPRINT, index=self.corpus, prompt=f"prompt-{self.settings.top_k}")

    def sources(self):
        return [SourceInfo(SOURCE, len(TEXT), 0, 0, 1, "indexed", "", "2026-01-01")]

    def text(self, source):
        if source != SOURCE.source_id:
            raise FootnoteError(f"There is no {source}.")
        return TEXT

    def page(self, source, number):
        raise FootnoteError("There are no pages.")

    def answer(self, question, *, stop, history=()):
        StandIn.asked.append((question, *history) if history else question)
        stop.set()  # as the pipeline does when it is done
        return replace(ANSWER, question=question, fingerprint=self.fingerprint(None))

    def warm_up(self):
        StandIn.asked.append("warm up")

    def close(self):
        StandIn.closed += 1


@pytest.fixture
def given(tmp_path, monkeypatch):
    """A set, settings, and a way to evaluate with the stand-in; keeps what was told and asked."""
    monkeypatch.setattr(experiments, "Footnote", StandIn)
    StandIn.asked, StandIn.corpus, StandIn.engine, StandIn.closed = [], "corpus-hash", None, 0
    (tmp_path / "plan.yaml").write_text(SET)
    told = []

    def run(name="plan.yaml", settings=None, **options):
        told.clear()
        StandIn.asked.clear()
        settings = {"runs": tmp_path / "runs", "index": tmp_path / "index"} | (settings or {})
        return evaluate(tmp_path / name, Settings(**settings), on_message=told.append, **options)

    return SimpleNamespace(run=run, told=told, folder=tmp_path, runs=tmp_path / "runs")


# From answers to outcomes


def test_an_answer_becomes_an_outcome_with_everything_that_is_measured():
    quote = Span(SOURCE.source_id, TEXT[:42], "The plan", "2022-10", None, 0, 42, 4.5)
    assert to_outcome(EvalCase("day", "When?"), ANSWER, (2, 3)) == Outcome(
        "day",
        answer="On 12 October 2022.",
        sentences=(Statement("On 12 October 2022.", (1,), "supported", 0.9),),
        citations=(quote,),
        quotes=(quote, replace(quote, start=1)),
        passages=(Span(SOURCE.source_id, TEXT, "The plan", "2022-10", None, 0, len(TEXT), 0.25, True),),
        dropped=(Statement("In Wales.", (), "unsupported", None, ("No.",)),),
        confidence=None,
        timings={"retrieve_ms": 20.0, "rerank_ms": 200.0, "quotes_ms": 220.0, "total_ms": 900.0},
        tokens_read=210,
        tokens_written=12,
        verbatim=(2, 3),
    )


def test_the_words_that_answer_and_the_warning_of_a_quote_are_kept():
    quote = replace(ANSWER.quotes[0], warning="Beware.", answer_start=26, answer_end=41)
    (span,) = to_outcome(EvalCase("day", "When?"), replace(ANSWER, quotes=(quote,))).quotes
    assert (span.marked, span.warning) == (TEXT[26:41], "Beware.")


def test_a_follow_up_is_asked_with_the_turns_before_it(given):
    (given.folder / "follow.yaml").write_text(
        "- question: Why?\n  unanswerable: true\n  history: [{question: 'Who?', answer: Ann}, {question: 'When?'}]\n"
    )
    run, _ = given.run("follow.yaml")
    turns = (Turn("Who?", "Ann"), Turn("When?", ""))
    assert StandIn.asked == ["warm up", ("Why?", *turns)]
    assert load_run(next(given.runs.glob("*.json"))).cases == run.cases
    assert run.cases[0].history == turns


def test_quotes_that_stand_in_their_source_are_counted():
    assert count_verbatim(ANSWER, StandIn(None).text) == (2, 3)  # the citation, the first quote, not the moved one
    unknown = replace(ANSWER, quotes=(replace(QUOTE, source="default/none.md"), replace(QUOTE, quote="", end=0)))
    assert count_verbatim(unknown, StandIn(None).text) == (1, 3)
    assert count_verbatim(replace(ANSWER, quotes=(), citations=()), StandIn(None).text) == (0, 0)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda one: setattr(one, "corpus", "other"), ["corpus", "index"]),
        (lambda one: setattr(one, "recipe", "other"), ["index"]),
        (lambda one: setattr(one, "settings", Settings(promise="false answers at most 5%")), ["settings"]),
        (lambda one: setattr(one, "settings", Settings(llm_base_url="http://other")), ["settings"]),
        (lambda one: setattr(one, "settings", Settings(threads=2, llm_api_key="x", runs="elsewhere")), []),
        (lambda one: setattr(one, "settings", Settings(top_k=9)), ["prompt", "settings"]),  # the stand-in's prompt
        (lambda one: setattr(one, "engine", None), ["prompt"]),
    ],
)
def test_a_fingerprint_changes_in_the_part_that_changed(change, parts):
    class Alone(StandIn):
        engine = "a model"

    cases, one = [EvalCase("a", "Q?")], Alone(Settings())
    before = fingerprint_of(one, cases)
    change(one)
    assert [part.partition(":")[0] for part in changed_parts(before, fingerprint_of(one, cases))] == parts
    assert [part.partition(":")[0] for part in changed_parts(before, fingerprint_of(Alone(Settings()), []))] == [
        "questions"
    ]


# Runs with a stand-in


def test_a_run_is_measured_saved_and_its_journal_removed(given):
    run, path = given.run()
    assert path.parent == given.runs
    assert path.name.startswith("plan-")
    assert [one.name for one in given.runs.iterdir()] == [path.name]
    loaded = load_run(path)
    assert (loaded.name, loaded.cases, loaded.outcomes) == (path.stem, run.cases, run.outcomes)
    assert [case.question_id for case in run.cases] == ["day", "areas", "cost"]
    assert run.cases[0].evidence[0].source == "default/plan.md"  # as the index names it
    assert run.columns["gold_in_answer_or_quote"].tolist()[:2] == [1.0, 0.0]
    assert run.columns["false_answers"].tolist()[2] == 1.0
    assert run.outcomes[0].verbatim == (2, 3)
    assert run.fingerprint.corpus == "corpus-hash"
    assert (run.fingerprint.llm, run.fingerprint.prompt) == ("none", "none")
    assert given.told == []
    assert StandIn.asked == ["warm up"] + [case.question for case in run.cases]
    assert StandIn.closed == 1


def test_what_people_want_to_know_is_there_and_no_secret(given):
    settings = {"llm_api_key": "s3cret", "llm_base_url": "http://me:s3cret@host/v1", "top_k": 7}
    run, path = given.run(settings=settings, limit=2, seed=5)
    about = run.about
    assert (about["limit"], about["seed"], about["parallel"], about["settings"]["top_k"]) == (2, 5, 1, 7)
    assert about["settings"]["llm_base_url"] == "http://host/v1"
    assert about["started"] <= about["finished"]
    assert about["seconds"] >= 0
    assert "s3cret" not in path.read_text()


def test_the_same_run_again_is_there_at_once(given):
    first, path = given.run()
    before = path.stat().st_mtime_ns
    again, same_path = given.run()
    assert (same_path, again.outcomes, StandIn.asked) == (path, first.outcomes, [])
    assert given.told == [f"This run is complete already: {path}. To ask again, add --fresh."]
    assert [one.name for one in given.runs.iterdir()] == [path.name]
    given.run(fresh=True)
    assert len(StandIn.asked) == 1 + 3
    assert path.stat().st_mtime_ns > before


def test_a_stopped_run_goes_on_and_the_journal_names_its_first_start(given):
    stop = threading.Event()
    with pytest.raises(RunStoppedError, match=r"Stopped after 2 of 3 questions"):
        given.run(on_progress=lambda progress: progress.done == 2 and stop.set(), stop=stop)
    (journal,) = given.runs.iterdir()
    (row,) = RunFolder(given.runs).rows()
    assert (row.done, row.total, row.state, row.measures) == (2, 3, "unfinished", {})
    started = load_journal_head(journal)[0].started
    run, path = given.run()
    assert given.told == ["Going on with a run that has 2 of 3 answers."]
    assert StandIn.asked == ["warm up", "What did the plan cost?"]
    assert run.about["started"] == started
    assert journal_path(path) == journal
    assert not journal.exists()


def test_other_settings_make_another_run(given):
    _, one = given.run()
    _, two = given.run(settings={"top_k": 3})
    _, three = given.run(limit=2)
    assert len({one, two, three}) == 3
    assert RunFolder(given.runs).names() == {one.stem, two.stem, three.stem}


def test_a_result_of_another_run_is_in_the_way_unless_it_is_to_be_replaced(given):
    out = given.folder / "result.json"
    given.run(out=out)
    before = out.read_bytes()
    StandIn.corpus = "other-hash"
    with pytest.raises(FootnoteError) as error:
        given.run(out=out)
    assert str(error.value).startswith(f"{out} holds a run that was made with another set-up:\n  corpus: corpus-hash ")
    assert str(error.value).endswith("\nName another file with --out, or replace it with --fresh.")
    assert out.read_bytes() == before
    assert StandIn.asked == []
    assert not journal_path(out).exists()
    run, _ = given.run(out=out, fresh=True)
    assert load_run(out).fingerprint == run.fingerprint != json.loads(before)["fingerprint"]


def test_a_fresh_run_keeps_the_old_result_until_it_is_complete_and_can_be_gone_on_with(given):
    _, path = given.run()
    before, stop = path.read_bytes(), threading.Event()
    with pytest.raises(RunStoppedError):
        given.run(fresh=True, on_progress=lambda progress: progress.done == 1 and stop.set(), stop=stop)
    assert path.read_bytes() == before
    given.run()
    assert len(StandIn.asked) == 1 + 2
    assert not journal_path(path).exists()


def test_a_crash_between_result_and_journal_asks_nothing_again(given, monkeypatch):
    monkeypatch.setattr(experiments.Journal, "remove", lambda journal: None)
    first, path = given.run()
    assert journal_path(path).exists()
    monkeypatch.undo()
    monkeypatch.setattr(experiments, "Footnote", StandIn)
    again, _ = given.run()
    assert StandIn.asked == []
    assert again.outcomes == first.outcomes
    assert [one.name for one in given.runs.iterdir()] == [path.name]


def test_what_a_kill_left_while_the_result_was_written_is_swept_away(given):
    stale, other = (given.folder / name for name in (".r[1].json.123.part", ".r1.json.123.part"))
    stale.touch()
    other.touch()
    given.run(out=given.folder / "r[1].json")
    assert (stale.exists(), other.exists()) == (False, True)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_file_that_is_no_run_is_never_replaced(given, fresh):
    out = given.folder / "plan.yaml"
    with pytest.raises(FootnoteError, match=r"plan.yaml is not a run.*It is left as it is"):
        given.run(out=out, fresh=fresh)
    assert out.read_text() == SET
    with pytest.raises(FootnoteError, match=r"is a folder; name a file with --out"):
        given.run(out=given.folder, fresh=fresh)


def test_documents_that_change_meanwhile_end_the_run(given):
    def change(progress):
        if progress.done == 1:
            StandIn.corpus = "other-hash"

    with pytest.raises(RunFailedError, match=r"were changed while the questions were asked.*--fresh"):
        given.run(on_progress=change)
    assert StandIn.closed == 1


def test_sources_that_are_not_there_are_told_and_refused_when_it_is_all(given):
    (given.folder / "some.yaml").write_text(SET.replace('{source: plan.md, quote: "four areas"}', "{source: x.md}"))
    run, _ = given.run("some.yaml")
    assert len(given.told) == 1
    assert "x.md" in given.told[0]
    assert run.columns["gold_in_answer_or_quote"].tolist()[0] == 1.0
    (given.folder / "none.yaml").write_text(SET.replace("plan.md", "x.md"))
    with pytest.raises(FootnoteError) as error:
        given.run("none.yaml")
    assert str(error.value) == (
        f"None of the 1 documents that the set names is in the index {given.folder / 'index'}. Name the right index "
        "with --index, or add the documents with: footnote index PATH"
    )


def test_many_faults_are_counted(given):
    rows = "".join(f"- question: Q{n}?\n  evidence: [{{source: x{n}.md}}]\n" for n in range(9))
    (given.folder / "many.yaml").write_text(SET + rows)
    given.run("many.yaml")
    assert len(given.told) == 6
    assert given.told[-1] == "... and 4 more such faults; 'footnote eval check' lists all of them."


@pytest.mark.parametrize(
    ("engine", "llm", "wanted", "used", "told"),
    [
        (None, "none", None, 1, 0),
        (None, "none", 3, 3, 0),
        ("local", "auto", None, 1, 0),
        ("local", "auto", 3, 1, 1),
        ("server", "openai:m", None, 4, 0),
        ("server", "openai:m", 2, 2, 0),
    ],
)
def test_questions_are_asked_at_once_where_the_engine_allows_it(given, engine, llm, wanted, used, told):
    StandIn.engine = engine
    run, _ = given.run(settings={"llm": llm}, parallel=wanted)
    assert run.about["parallel"] == used
    assert len(given.told) == told


def test_a_list_of_runs_says_which_files_are_none(given):
    _, path = given.run()
    (given.runs / "notes.json").write_text("{}")
    (given.runs / "x.journal.jsonl").write_text("{}\n")
    (given.runs / "set.jsonl").write_text("{}\n")
    (given.runs / "indexes").mkdir()
    rows = {row.name: row for row in RunFolder(given.runs).rows()}
    assert {name: row.state for name, row in rows.items()} == {
        path.stem: "finished", "notes": "broken", "x": "broken"
    }  # fmt: skip
    assert (rows[path.stem].done, rows[path.stem].total, rows[path.stem].measures["Right words"]) == (3, 3, "50%")
    assert f"{given.runs / 'notes.json'} is not a run" in rows["notes"].message
    assert f"{given.runs / 'x.journal.jsonl'}, line 1" in rows["x"].message
    assert RunFolder(given.folder / "nowhere").rows() == []


# The real thing

SAMPLE_SET = """\
- id: published
  question: When was the strategy published?
  answers: [12 October 2022]
  evidence: [{source: timeline.md}, {source: briefing.md}]
- id: chief
  question: Who is the Chief Executive of the ABPI?
  answers: [Torbett]
  evidence: [{source: abpi-reaction.docx}]
- id: cost
  question: How much did the strategy cost?
  unanswerable: true
- id: areas
  question: How many priority areas has the strategy?
  answers: [four, "4"]
  evidence: [{source: briefing.md}]
"""


@pytest.mark.models
def test_the_samples_are_evaluated_with_a_stop_between(samples_index, weights, tmp_path):
    questions, stop = tmp_path / "samples.yaml", threading.Event()
    questions.write_text(SAMPLE_SET)
    settings = Settings(index=samples_index, cache=weights, runs=tmp_path / "runs")
    with pytest.raises(RunStoppedError, match="Stopped after 2 of 4 questions"):
        evaluate(
            questions,
            settings,
            quotes_only=True,
            stop=stop,
            on_progress=lambda progress: progress.done == 2 and stop.set(),
        )
    (unfinished,) = RunFolder(settings.runs).rows()
    assert (unfinished.done, unfinished.total, unfinished.state) == (2, 4, "unfinished")
    run, path = evaluate(questions, settings, quotes_only=True, parallel=2)
    assert [one.question_id for one in run.outcomes] == ["published", "chief", "cost", "areas"]
    assert not any(one.error for one in run.outcomes)
    assert load_run(path).outcomes == run.outcomes
    assert all(one.verbatim[0] == one.verbatim[1] > 0 for one in run.outcomes)
    assert run.columns["gold_in_answer_or_quote"].tolist()[:2] == [1.0, 1.0]
    assert run.outcomes[2].abstained
    assert (run.fingerprint.llm, run.fingerprint.prompt) == ("none", "none")
    assert run.fingerprint.embedder.startswith("bge-small-en-v1.5-int8@")
    assert all(one.timings["total_ms"] > 0 for one in run.outcomes)

    whole, _ = evaluate(questions, settings, quotes_only=True, out=tmp_path / "whole.json")
    timed = {name for name in run.columns if find_unit(name) == "s"}
    assert [replace(one, timings={}) for one in whole.outcomes] == [replace(one, timings={}) for one in run.outcomes]
    assert timed
    for name in set(run.columns) - timed:
        np.testing.assert_array_equal(whole.columns[name], run.columns[name], name)
    assert whole.fingerprint == run.fingerprint


def find_unit(name):
    try:
        return find(name).unit
    except FootnoteError:  # a column that only summaries read
        return ""


DOCUMENTS = {
    "d1": ("Bees", "Honey bees dance to tell the others of the hive where flowers are."),
    "d2": ("Volcanoes", "Vesuvius is a volcano near Naples. It last erupted in 1944."),
    "d3": ("Tea", "Green tea is brewed at 80 degrees, black tea with boiling water."),
    "d4": ("Chess", "A chess board has 64 squares. Each player begins with 16 pieces."),
    "d5": ("Glass", "Glass is made of sand, soda and lime, melted at 1500 degrees."),
}


@pytest.mark.models
def test_a_folder_in_beir_form_gets_an_index_of_its_own(weights, tmp_path):
    folder = tmp_path / "small"
    (folder / "qrels").mkdir(parents=True)
    rows = [{"_id": name, "title": title, "text": text} for name, (title, text) in DOCUMENTS.items()]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    queries = [
        {"_id": "q1", "text": "When did Vesuvius last erupt?", "answers": ["1944"]},
        {"_id": "q2", "text": "How many squares has a chess board?", "answers": ["64"]},
    ]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td2\t1\nq2\td4\t1\n")
    settings, progress = Settings(cache=weights, runs=tmp_path / "runs", index=tmp_path / "unused"), []
    run, path = evaluate(folder, settings, quotes_only=True, on_progress=progress.append)
    assert path.parent == settings.runs
    assert run.columns["gold_in_answer_or_quote"].tolist() == [1.0, 1.0]
    assert run.columns["nDCG@10"].tolist() == [1.0, 1.0]
    assert [(one.done, one.total) for one in progress if one.unit == "documents"] == [(5, 5)]
    assert [one.name.startswith("small-") for one in (settings.runs / "indexes").iterdir()] == [True]
    assert not settings.index.exists()

    with asked_over(folder, settings) as (footnote, cases):
        assert [case.evidence[0].source for case in cases] == ["default/d2", "default/d4"]
        found = footnote.search(cases[0].question, top_k=1)
        assert [passage.chunk.source_id for passage in found] == ["default/d2"]
        assert footnote.engine is None

    progress.clear()
    again, _ = evaluate(folder, settings, quotes_only=True, limit=1, on_progress=progress.append)
    assert [one.unit for one in progress] == ["questions"] * 2  # the index is as it was
    assert again.fingerprint.corpus == run.fingerprint.corpus
