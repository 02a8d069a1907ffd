"""Keeping an index from the command line: backup, restore, and indexing over a damaged one."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
from indexer.catalogue import DATABASE

pytestmark = pytest.mark.models
SAMPLES = Path(__file__).resolve().parents[1] / "samples"


@pytest.fixture(autouse=True)
def _quotes_only(monkeypatch, tmp_path):
    monkeypatch.setenv("FOOTNOTE_LLM", "none")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def index(samples_index, tmp_path):
    return Path(shutil.copytree(samples_index, tmp_path / "index"))


def run(*arguments, code=0):
    result = CliRunner().invoke(cli.app, [str(one) for one in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def found(index):
    """What a reader gets: the documents and the best passages with their scores."""
    passages = run("search", "When was the strategy published?", "--index", index, "--json").stdout
    return run("sources", "--index", index, "--json").stdout, passages


def test_an_index_comes_back_from_its_backup(index, tmp_path):
    expected = found(index)
    made = json.loads(run("backup", tmp_path / "copy.zip", "--index", index, "--json").stdout)
    assert (made["backup"], made["documents"]) == (str(tmp_path / "copy.zip"), 8)
    shown = run("restore", tmp_path / "copy.zip", "--index", tmp_path / "again").stdout
    moment = made["made_at"][:16].replace("T", " ")
    assert shown == f"{tmp_path / 'again'} holds 8 documents in {made['chunks']} chunks, as of {moment} UTC.\n"
    assert found(tmp_path / "again") == expected


def test_a_restored_index_takes_the_place_of_another_only_by_force(index, tmp_path):
    assert run("backup", tmp_path / "copy", "--index", index).stdout.startswith(
        f"{tmp_path / 'copy'} holds 8 documents"
    )
    run("remove", "timeline.md", "--index", index)
    refused = run("restore", tmp_path / "copy", "--index", index, code=1)
    assert refused.stderr == (
        f"footnote: {index} holds an index of 7 documents. Add --force to put the backup in its place; what is there "
        "is kept under another name.\n"
    )
    done = json.loads(run("restore", tmp_path / "copy", "--index", index, "--force", "--json").stdout)
    assert (done["index"], done["documents"]) == (str(index), 8)
    assert len(json.loads(found(done["replaced"])[0])["sources"]) == 7
    assert len(json.loads(found(index)[0])["sources"]) == 8


def test_indexing_over_a_damaged_index_reads_only_what_was_damaged(index):
    before = found(index)
    connection = sqlite3.connect(index / DATABASE)
    connection.execute(
        "UPDATE source_text SET text = 'x' WHERE source = (SELECT id FROM source WHERE path LIKE 'time%')"
    )
    connection.commit()
    connection.close()
    refused = run("search", "anything", "--index", index, code=1)
    assert "is damaged (the text of a document is not as it was written). Index the documents again" in refused.stderr
    result = run("index", SAMPLES, "--index", index, "--json")
    assert "7 documents in it are whole and were kept; not whole: default/timeline.md." in result.stderr
    report = json.loads(result.stdout)
    assert (report["indexed"], report["unchanged"]) == (1, 7)
    (changed,) = [row["path"] for row in report["files"] if row["status"] == "indexed"]
    assert Path(changed).name == "timeline.md"
    after = found(index)
    assert after[1] == before[1]
    assert [one["sha256"] for one in json.loads(after[0])["sources"]] == [
        one["sha256"] for one in json.loads(before[0])["sources"]
    ]
