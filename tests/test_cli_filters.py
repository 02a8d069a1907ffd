"""Searching some documents only, by flags of the command line: what they find, and what they refuse."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import cli
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from models import load_registry
from parts import identity_of
from pipeline import Footnote
from schema import Chunk, Extraction, Filter, FootnoteError, Source
from settings import Settings

pytestmark = pytest.mark.models
QUESTION = "When was the strategy published?"
DATED = {
    "draft-timeline-superseded.txt": "2022-09-05",
    "abpi-reaction.docx": "2022-10-17",
    "briefing.md": "2022-10-20",
    "summary-for-industry.pdf": "2022-10-21",
    "questions-and-answers.html": "2022-10-24",
    "data-and-trials-memo.txt": "2022-10-26",
    "timeline.md": "2022-10-28",
    "dissenting-note.md": "2022-10-31",
}


@pytest.fixture(autouse=True)
def _quotes_only(monkeypatch, tmp_path):
    monkeypatch.setenv("FOOTNOTE_LLM", "none")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory, weights):
    """An index of three documents with fields and dates of all precisions, in two collections."""
    identity = identity_of(load_registry().get(Settings().embedder, "embedder"))
    store = IndexStore(tmp_path_factory.mktemp("shelf") / "index", identity, create=True)
    rows = [
        ("default", "acts/1871.md", "1871", {"team": "red", "year": 1871}),
        ("law", "acts/1902.md", "1902-06", {"team": "red", "in force": True}),
        ("law", "notes.md", None, {"team": "blue"}),
    ]
    for number, (collection, path, date, fields) in enumerate(rows):
        source, text = Source(collection, path, path, date, "0" * 64), f"The strategy was published as number {number}."
        chunk = Chunk(source.source_id, 0, len(text), text)
        vector = np.eye(identity.dimension, dtype=np.float32)[number : number + 1]
        store.put([IndexedDocument(source, Extraction(text, ()), [chunk], vector, metadata=fields)])
    store.close()
    return store.folder


def run(*arguments, code=0):
    result = CliRunner().invoke(cli.app, [str(one) for one in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def found(index, *flags, command="search"):
    """The sources of all passages for the question."""
    record = json.loads(run(command, QUESTION, "--index", index, "--top-k", 99, "--json", *flags).stdout)
    return {one["source"] for one in record["passages"]}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--since", "2022-10-28"], {"timeline.md", "dissenting-note.md"}),
        (
            ["--since", "2022-10-24", "--until", "2022-10-26"],
            {"questions-and-answers.html", "data-and-trials-memo.txt"},
        ),
        (["--until", "2022-09"], {"draft-timeline-superseded.txt"}),
        (["--since", "2022", "--until", "2022"], set(DATED)),
        (["--source", "briefing.md"], {"briefing.md"}),
        (["--source", "briefing.md", "--source", "default/timeline.md"], {"briefing.md", "timeline.md"}),
        (["--source", "default/", "--until", "2022-10-17"], {"draft-timeline-superseded.txt", "abpi-reaction.docx"}),
        (["--source", "timeline.md", "--collection", "default"], {"timeline.md"}),
    ],
)
def test_only_the_documents_that_were_asked_for_are_found(samples_index, flags, expected):
    for command in ("search", "ask"):
        assert found(samples_index, *flags, command=command) == {f"default/{name}" for name in expected}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], {"default/acts/1871.md", "law/acts/1902.md", "law/notes.md"}),
        (["--where", "team=red"], {"default/acts/1871.md", "law/acts/1902.md"}),
        (["--where", "team=red", "--where", "year=1871"], {"default/acts/1871.md"}),
        (["--where", "in force=true"], {"law/acts/1902.md"}),
        (["--where", "team=red", "--collection", "law"], {"law/acts/1902.md"}),
        (["--source", "law/"], {"law/acts/1902.md", "law/notes.md"}),
        (["--source", "law/acts/", "--source", "default/acts/1871.md"], {"default/acts/1871.md", "law/acts/1902.md"}),
        (["--source", "acts/", "--collection", "law"], {"law/acts/1902.md"}),
        (["--since", "1902-06-30"], {"law/acts/1902.md"}),  # it may be of the last day of June
        (["--until", "1871-01-01"], {"default/acts/1871.md"}),
        (
            ["--since", "1800"],
            {"default/acts/1871.md", "law/acts/1902.md"},
        ),  # what has no date is not known to be later
    ],
)
def test_fields_folders_and_coarse_dates_choose_documents(shelf, flags, expected):
    assert found(shelf, *flags) == expected


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--source", "default/acts/1872.md"], "The nearest is 'default/acts/1871.md'."),
        (["--source", "law/act/"], "There is no folder 'law/act/' among the documents that are searched."),
        (["--source", "acts/"], "'acts/' names more than one folder. Say which: default/acts/, law/acts/"),
        (["--source", "default/acts/1871.md", "--collection", "law"], "There is no document 'default/acts/1871.md'"),
        (["--collection", "lore"], "There is no collection 'lore'. There are: default, law."),
        (["--since", "21"], "'21' is not a date. Write YYYY, YYYY-MM or YYYY-MM-DD, such as 2021-06."),
        (["--until", "2021-02-30"], "'2021-02-30' is not a date."),
        (["--since", "1902", "--until", "1871"], "No day is both since 1902 and until 1871."),
        (["--since", "1903"], "No document passes the filter (since 1903)."),
        (["--where", "team=green", "--collection", "law"], "No document passes the filter (in law; team=green)."),
        (["--where", "teem=red"], "No document passes the filter (teem=red). Widen it; footnote sources --json lists"),
    ],
)
@pytest.mark.parametrize("command", ["search", "ask"])
def test_a_filter_that_means_nothing_is_explained_in_a_line(shelf, command, flags, sentence):
    result = run(command, QUESTION, "--index", shelf, *flags, code=1)
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert sentence in result.stderr


@pytest.mark.parametrize("where", ["team", "=red", ""])
def test_a_field_without_a_value_is_bad_usage(shelf, where):
    result = run("search", QUESTION, "--index", shelf, "--where", where, code=2)
    assert "Usage:" in result.stderr
    assert "is not FIELD=VALUE, such as team=red." in " ".join(result.stderr.replace("│", " ").split())


def test_an_empty_value_is_a_value(shelf):
    assert "(team=)" in run("search", QUESTION, "--index", shelf, "--where", "team=", code=1).stderr


def test_one_clause_of_two_versions_is_found_once_with_both_places(tmp_path, weights):
    folder = tmp_path / "versions"
    folder.mkdir()
    clause = "The strategy was published by the department, which keeps a copy of it at the library.\n"
    for name in ("north.md", "south.md"):
        (folder / name).write_text(f"# The library\n\n{clause}", "utf-8")
    run("index", folder, "--index", "index")
    (passage,) = json.loads(run("search", QUESTION, "--index", "index", "--json").stdout)["passages"]
    (same,) = passage["also"]
    assert {passage["source"], same["source"]} == {"default/north.md", "default/south.md"}
    shown = run("search", QUESTION, "--index", "index").stdout
    assert f"   the same in: {same['title']}  [{same['source']} {same['start']}-{same['end']}]\n" in shown
    only = json.loads(run("search", QUESTION, "--index", "index", "--source", same["source"], "--json").stdout)
    assert [(one["source"], one["also"]) for one in only["passages"]] == [(same["source"], [])]


# The same for programs


@pytest.fixture
def opened(shelf, weights):
    footnote = Footnote(Settings(index=shelf, cache=weights, llm="none"))
    yield footnote
    footnote.close()


def test_a_collection_joins_the_filter(opened):
    def sources(**options):
        return sorted(one.chunk.source_id for one in opened.search(QUESTION, **options))

    red = Filter(metadata=(("team", "red"),))
    assert sources(within=red) == ["default/acts/1871.md", "law/acts/1902.md"]
    assert sources(within=red, collection="law") == ["law/acts/1902.md"]
    assert sources(within=Filter(("law", "default")), collection="law") == sources(within=Filter(("law",)))
    assert sources(within=Filter()) == sources() == sources(within=Filter(("law", "default")))
    with pytest.raises(FootnoteError, match="The filter leaves out the collection 'law'"):
        sources(within=Filter(("default",)), collection="law")


def test_the_retriever_and_the_answer_keep_to_the_filter(opened):
    within = Filter(sources=("law/acts/",))
    documents = opened.as_retriever(within=within).invoke(QUESTION)
    assert [one.page_content for one in documents] == ["The strategy was published as number 1."]
    answer = opened.answer(QUESTION, within=within)
    assert {one.chunk.source_id for one in answer.passages} == {"law/acts/1902.md"}
    assert {one.source for one in answer.quotes} == {"law/acts/1902.md"}


def test_documents_that_came_meanwhile_can_be_named(weights, tmp_path):
    (tmp_path / "north.md").write_text("The strategy was published in the north.\n", "utf-8")
    footnote = Footnote(Settings(index=tmp_path / "index", cache=weights, llm="none"), create=True)
    try:
        footnote.index([tmp_path / "north.md"])
        assert footnote.search(QUESTION, within=Filter(sources=("north.md",)))
        with pytest.raises(FootnoteError, match=r"There is no document 'south\.md'"):
            footnote.search(QUESTION, within=Filter(sources=("south.md",)))
        (tmp_path / "south.md").write_text("It was published in the south.\n", "utf-8")
        footnote.index([tmp_path / "south.md"])
        (passage,) = footnote.search(QUESTION, within=Filter(sources=("south.md",)))
        assert passage.source.path == "south.md"
        footnote.remove(["south.md"])
        with pytest.raises(FootnoteError, match=r"There is no document 'south\.md'"):
            footnote.search(QUESTION, within=Filter(sources=("south.md",)))
    finally:
        footnote.close()
