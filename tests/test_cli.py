"""The command line: shapes of its JSON, exit codes, and errors that fit in a line."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pypdfium2
import pytest
from typer.testing import CliRunner

import cli
from settings import Settings

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "When was the strategy published?"

QUOTE = {
    "number", "source", "title", "date", "page", "start", "end", "quote", "score", "heading", "context", "speaker",
    "warning", "answer_start", "answer_end",
}  # fmt: skip
PASSAGE = {
    "rank", "score", "source", "title", "date", "page", "heading", "start", "end", "text", "origin", "seen_by_model",
    "warning", "also",
}  # fmt: skip
ANSWER = {
    "question", "answer", "abstained", "reason", "sentences", "citations", "quotes", "passages", "timings",
    "fingerprint", "dropped", "confidence", "tokens_read", "tokens_written", "conflicts", "searched_for", "signals",
    "failure",
}  # fmt: skip
SENTENCE = {"text", "citations", "support", "score", "problems"}
TIMINGS = {"retrieve_ms", "rerank_ms", "quotes_ms", "first_token_ms", "total_ms"}
FINGERPRINT = {"index", "embedder", "reranker", "llm", "prompt", "reader", "calibration"}
SOURCE = {
    "source", "collection", "path", "title", "date", "sha256", "characters", "pages", "chunks", "status", "reason",
    "indexed_at", "coverage", "metadata",
}  # fmt: skip


def run(*arguments, code=0):
    """A command in this process; its output on both streams."""
    result = CliRunner().invoke(cli.app, [str(one) for one in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def run_json(*arguments, code=0):
    return json.loads(run(*arguments, "--json", code=code).stdout)


def footnote_process(*arguments, **environment):
    """A command in a process of its own, as a person would run it."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *map(str, arguments)],
        check=False,
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(autouse=True)
def _quotes_only(monkeypatch, tmp_path):
    """No language model and no settings file, unless a test asks for one."""
    monkeypatch.setenv("FOOTNOTE_LLM", "none")
    monkeypatch.chdir(tmp_path)


# Start-up


def test_help_loads_nothing_heavy():
    """It answers in a tenth of a second because of this."""
    heavy = (
        "torch faiss gradio transformers sentence_transformers onnxruntime xllamacpp langchain langchain_core numpy "
        "pydantic httpx fastapi pypdfium2"
    ).split()
    program = (
        "import sys, cli\n"
        "try:\n    cli.main(['--help'])\n"
        "except SystemExit as end:\n    assert not end.code\n"
        f"sys.exit(', '.join(name for name in {heavy} if name in sys.modules) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
    for command in ("index", "sources", "text", "remove", "ask", "search", "serve", "models", "doctor"):
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["ask"],
        ["index"],
        ["remove"],
        ["ask", "a", "b"],
        ["ask", QUESTION, "--top-k", "0"],
        ["ask", QUESTION, "--top-k", "many"],
        ["serve", "--port", "70000"],
        ["models", "nonsense"],
        ["sources", "--nonsense"],
    ],
)
def test_bad_usage_ends_with_2(arguments):
    result = run(*arguments, code=2)
    assert result.stdout == ""
    assert "Usage:" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["sources", "--index", "nowhere"], {}, "nowhere"),
        (["ask", QUESTION, "--index", "nowhere"], {}, "nowhere"),
        (["search", QUESTION, "--index", "nowhere"], {}, "nowhere"),
        (["text", "a.md", "--index", "nowhere"], {}, "nowhere"),
        (["remove", "a.md", "--index", "nowhere"], {}, "nowhere"),
        (["sources"], {"FOOTNOTE_TOP_K": "many"}, "Setting top_k (from environment FOOTNOTE_TOP_K)"),
        (["sources"], {"FOOTNOTE_EMBEDDER": "nonsense"}, "nonsense"),
        (["doctor"], {"FOOTNOTE_EMBEDDER": "nonsense"}, "nonsense"),
        (["models", "verify", "nonsense"], {}, "nonsense"),
        (["models", "import", "nonsense"], {}, "nonsense"),
        (["index", ".", "--collection", "a/b", "--index", "new"], {}, "Setting collection (from flag)"),
    ],
)
def test_errors_are_one_line_on_the_error_stream(monkeypatch, arguments, environment, sentence):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = run(*arguments, code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("footnote: ")
    assert len(result.stderr.splitlines()) == 1
    assert sentence in result.stderr


def test_ctrl_c_ends_with_130(monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("settings.load_settings", interrupt)
    with pytest.raises(SystemExit) as end:
        cli.main(["sources"])
    assert end.value.code == 130


# Over the samples


@pytest.mark.models
@pytest.mark.parametrize("options", [[], ["--quotes-only"], ["--collection", "default", "--top-k", "3"]])
def test_ask_prints_the_record_that_was_promised(samples_index, options):
    record = run_json("ask", QUESTION, "--index", samples_index, *options)
    assert set(record) == ANSWER
    assert (record["question"], record["abstained"]) == (QUESTION, False)
    assert "12 October 2022" in record["answer"]
    assert set(record["timings"]) == TIMINGS
    assert set(record["fingerprint"]) == FINGERPRINT
    for quote in (*record["quotes"], *record["citations"]):
        assert set(quote) == QUOTE
        text = run("text", quote["source"], "--index", samples_index).stdout
        assert quote["quote"] == text[quote["start"] : quote["end"]]
    for sentence in record["sentences"]:
        assert set(sentence) == SENTENCE
        assert sentence["support"] in ("supported", "partly")
    assert len(record["passages"]) == (3 if "--top-k" in options else 8)
    for rank, passage in enumerate(record["passages"], start=1):
        assert set(passage) == PASSAGE
        assert passage["rank"] == rank


@pytest.mark.models
def test_search_prints_ranked_passages(samples_index):
    found = run_json("search", QUESTION, "--index", samples_index, "--top-k", "4")
    assert set(found) == {"question", "passages"}
    assert [set(one) for one in found["passages"]] == [PASSAGE] * 4
    scores = [one["score"] for one in found["passages"]]
    assert scores == sorted(scores, reverse=True)
    shown = run("search", QUESTION, "--index", samples_index, "--top-k", "4").stdout
    for one in found["passages"]:
        assert f"[{one['source']} {one['start']}-{one['end']}]" in shown


@pytest.mark.models
def test_an_answer_on_the_terminal_has_its_footnotes_under_it(samples_index):
    record = run_json("ask", QUESTION, "--index", samples_index)
    shown = run("ask", QUESTION, "--index", samples_index).stdout
    citation = record["citations"][0]
    assert " ".join(shown.split()).startswith(f"{record['answer']} [1]")
    assert f"[{citation['source']} {citation['start']}-{citation['end']}]" in shown
    assert f"“{citation['quote']}”" in " ".join(shown.split())


@pytest.mark.models
def test_a_refusal_shows_the_nearest_quotes_as_no_answer(samples_index):
    shown = run("ask", "How many people live in France?", "--index", samples_index).stdout
    assert shown.startswith(
        "The documents do not say.\n"
        "No passage was found that mentions France (looked for: many, people, live, France); the nearest"
    )
    assert "Nearest quotes, which do not answer the question:" in shown


@pytest.mark.models
def test_an_unknown_collection_is_named_with_those_that_there_are(samples_index):
    result = run("ask", QUESTION, "--index", samples_index, "--collection", "nothing", code=1)
    assert result.stderr == "footnote: There is no collection 'nothing'. There are: default.\n"


@pytest.mark.models
@pytest.mark.parametrize("question", ["", " ", "x" * 100_000])
def test_what_is_no_question_ends_with_1(samples_index, question):
    result = run("ask", question, "--index", samples_index, "--json", code=1)
    assert result.stderr.startswith("footnote: The")
    assert "question" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert len(result.stderr) < 300


def test_sources_say_what_the_index_holds(samples_index):
    listed = run_json("sources", "--index", samples_index)
    assert set(listed) == {"sources"}
    assert [one["path"] for one in listed["sources"]] == sorted(path.name for path in (ROOT / "samples").iterdir())
    for one in listed["sources"]:
        assert set(one) == SOURCE
        assert one["source"] == f"default/{one['path']}"
        assert len(one["sha256"]) == 64
        assert one["status"] == "indexed"
    by_path = {one["path"]: one for one in listed["sources"]}
    assert by_path["summary-for-industry.pdf"]["pages"] == {
        "total": 2, "with_text": 2, "ocr": 0, "suspicious": 0, "empty": 0, "unreadable": 0
    }  # fmt: skip
    coverage = by_path["summary-for-industry.pdf"]["coverage"]
    assert (coverage["text"], coverage["badge"], coverage["titled"], coverage["dated"]) == (2, "2 pages", True, True)
    assert coverage["characters"] == by_path["summary-for-industry.pdf"]["characters"]
    table = run("sources", "--index", samples_index).stdout
    assert all(one["source"] in table for one in listed["sources"])
    assert run_json("sources", "--index", samples_index, "--collection", "nothing") == {"sources": []}


def test_text_is_printed_exactly(samples_index, footnote):
    for info in footnote.sources():
        source = info.source
        expected = footnote.text(source.source_id)
        assert run("text", source.source_id, "--index", samples_index).stdout == expected
        assert run("text", source.path, "--index", samples_index).stdout == expected
        assert info.characters == len(expected)


def test_text_of_an_unknown_document_is_an_error(samples_index):
    result = run("text", "nowhere.md", "--index", samples_index, code=1)
    assert result.stderr == (
        "footnote: There is no document 'nowhere.md' in the index. List them with: footnote sources\n"
    )


# Indexing


@pytest.fixture(scope="module")
def scanned_page():
    """A PDF with one page and no text on it."""
    document = pypdfium2.PdfDocument.new()
    document.new_page(200, 200)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def bomb():
    """A DOCX of a few hundred kilobytes that unpacks to 300 MB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as member:
            for _ in range(300):
                member.write(b" " * 1_000_000)
    return buffer.getvalue()


STRANGE = "a \"quoted\" 'name'\nof two lines 🧬.md"
SHOWN = STRANGE.replace("\n", "\\n")


@pytest.mark.models
def test_bad_inputs_get_a_row_each_and_their_neighbours_are_searchable(tmp_path, weights, scanned_page):
    folder = tmp_path / "documents"
    (folder / "empty folder").mkdir(parents=True)
    pdf = (ROOT / "samples" / "summary-for-industry.pdf").read_bytes()
    refused = {
        "empty.txt": b"",
        "binary.txt": bytes(range(256)) * 64,
        "truncated.pdf": pdf[: len(pdf) // 3],
        "scan.pdf": scanned_page,
        "bomb.docx": bomb(),
        "no-docx.docx": b"PK\x03\x04 nonsense",
    }
    good = {
        "good.md": b"# Lights\n\nThe lighthouse of Northby was lit in 1871.\n",
        STRANGE: b"# Strange\n\nThe foghorn of Southby was heard in 1902.\n",
    }
    for name, content in (refused | good).items():
        (folder / name).write_bytes(content)

    report = run_json("index", folder, "--index", "index")
    assert set(report) == {"files", "indexed", "unchanged", "partial", "refused", "removed", "seconds"}
    assert all(set(row) == {"path", "status", "reason", "pages", "chunks"} for row in report["files"])
    rows = {Path(row["path"]).name: row for row in report["files"]}
    assert {name for name, row in rows.items() if row["status"] == "indexed"} == {"good.md", SHOWN}
    for name in refused:
        assert rows[name]["status"] == "refused"
        assert rows[name]["reason"].endswith((".", ")"))
        assert rows[name]["chunks"] == 0
    assert (report["indexed"], report["refused"], report["removed"]) == (2, len(refused), 0)

    best = run_json("search", "When was the foghorn heard?", "--index", "index", "--top-k", "1")["passages"][0]
    assert best["source"] == f"default/{SHOWN}"
    text = run("text", best["source"], "--index", "index").stdout
    assert best["text"] == text[best["start"] : best["end"]]
    assert "The foghorn of Southby was heard in 1902." in best["text"]

    again = run("index", folder, "--index", "index")
    assert again.stdout.startswith("2 unchanged, 6 refused; ")
    assert len(again.stderr.splitlines()) == 8


@pytest.mark.models
def test_a_text_of_50_mb_without_a_line_break_is_refused_and_the_rest_goes_on(tmp_path, weights):
    folder = tmp_path / "documents"
    folder.mkdir()
    with (folder / "long.txt").open("w") as file:
        for _ in range(50):
            file.write("word " * 200_000)
    (folder / "good.md").write_text("The lighthouse of Northby was lit in 1871.\n", "utf-8")
    rows = {Path(row["path"]).name: row for row in run_json("index", folder, "--index", "index")["files"]}
    assert (rows["good.md"]["status"], rows["long.txt"]["status"]) == ("indexed", "refused")
    assert rows["long.txt"]["reason"].startswith("It has 49,999,999 characters; the limit is 10,000,000")


@pytest.mark.parametrize("make", ["empty folder", "missing path", "refused file"])
def test_nothing_searchable_ends_with_3(tmp_path, weights, make):
    path = tmp_path / "documents"
    if make == "empty folder":
        path.mkdir()
    elif make == "refused file":
        path = tmp_path / "empty.txt"
        path.write_bytes(b"")
    result = run("index", path, "--index", "index", code=3)
    assert "Traceback" not in result.output
    if make != "empty folder":
        assert str(path) in result.stderr


@pytest.mark.models
def test_remove_takes_all_or_nothing(tmp_path, weights):
    for name in ("north", "south"):
        (tmp_path / f"{name}.md").write_text(f"The lighthouse of {name.title()}by was lit in 1871.\n", "utf-8")
    run("index", "north.md", "south.md", "--index", "index")
    result = run("remove", "north.md", "nowhere.md", "--index", "index", code=1)
    assert "'nowhere.md'" in result.stderr
    assert len(run_json("sources", "--index", "index")["sources"]) == 2

    assert run("remove", "north.md", "--index", "index").stdout == "removed default/north.md\n"
    assert [one["path"] for one in run_json("sources", "--index", "index")["sources"]] == ["south.md"]
    assert run_json("remove", "default/south.md", "--index", "index") == {"removed": ["default/south.md"]}
    assert run("sources", "--index", "index").stdout.startswith("The index is empty.")


# Weights and the doctor


def test_models_are_listed_with_what_is_here(weights, monkeypatch, tmp_path):
    listed = run_json("models", "list")
    assert listed["cache"] == str(weights)
    assert all(set(one) == {"name", "role", "bytes", "licence", "present"} for one in listed["models"])
    names = {one["name"]: one for one in listed["models"]}
    assert names[Settings().embedder]["present"]
    assert {one["role"] for one in listed["models"]} == {"embedder", "reranker", "llm"}

    monkeypatch.setenv("FOOTNOTE_CACHE", str(tmp_path / "empty"))
    assert not any(one["present"] for one in run_json("models", "list")["models"])
    assert str(tmp_path / "empty") in run("models", "list").stdout


def test_the_doctor_shows_every_setting_with_its_origin_and_no_secret(samples_index, weights, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_LLM_API_KEY", "s3cret")
    Path("footnote.toml").write_text("quotes = 3\n", "utf-8")
    found = run_json("doctor", "--index", samples_index)
    assert set(found) == {"healthy", "findings", "settings"}
    assert found["healthy"] is True
    assert all(set(one) == {"what", "state", "detail", "remedy"} for one in found["findings"])
    assert set(found["settings"]) == set(Settings.model_fields)
    assert found["settings"]["quotes"] == {"value": "3", "origin": "file footnote.toml"}
    assert found["settings"]["index"] == {"value": str(samples_index), "origin": "flag"}
    assert found["settings"]["llm"] == {"value": "none", "origin": "environment FOOTNOTE_LLM"}
    assert found["settings"]["top_k"] == {"value": "8", "origin": "default"}
    shown = run("doctor", "--index", samples_index)
    assert "s3cret" not in json.dumps(found) + shown.output
    assert "environment FOOTNOTE_LLM_API_KEY" in shown.stdout


def test_the_doctor_says_what_is_missing_and_how_to_mend_it(tmp_path, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_CACHE", str(tmp_path / "empty"))
    found = run_json("doctor", "--index", tmp_path / "none", code=1)
    by_name = {one["what"]: one for one in found["findings"]}
    assert found["healthy"] is False
    assert by_name["embedder"]["state"] == "bad"
    assert by_name["embedder"]["remedy"] == "footnote models fetch bge-small-en-v1.5-int8"
    assert by_name["index"]["state"] == "warning"


def test_the_doctor_finds_a_damaged_index(tmp_path, samples_index):
    folder = tmp_path / "index"
    folder.mkdir()
    for path in samples_index.iterdir():
        data = bytearray(path.read_bytes())
        if path.suffix == ".db" or path.name.endswith(("sqlite", "sqlite3")):
            data[:100] = bytes(100)
        (folder / path.name).write_bytes(data)
    found = run_json("doctor", "--index", folder, code=1)
    (index,) = [one for one in found["findings"] if one["what"] == "index"]
    assert index["state"] == "bad"


# As a person runs it


@pytest.mark.models
def test_a_process_prints_its_answer_and_nothing_else(samples_index):
    done = footnote_process("ask", QUESTION, "--index", samples_index, "--json", FOOTNOTE_LLM="smollm2-135m")
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(done.stdout)
    assert record["fingerprint"]["llm"].startswith("smollm2-135m@")
    assert record["timings"]["first_token_ms"] > 0
    assert any("12 October 2022" in one["quote"] for one in record["quotes"])


def test_errors_of_a_process_are_a_line_and_a_code(tmp_path):
    done = footnote_process("sources", "--index", tmp_path / "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("footnote: ")
    assert len(done.stderr.splitlines()) == 1
