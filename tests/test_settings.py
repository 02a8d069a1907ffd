"""Settings: which source wins, where each value came from, and what is said of values that can't be."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from schema import FootnoteError
from settings import Settings, default_cache, load_settings


@pytest.fixture
def file(tmp_path):
    return tmp_path / "footnote.toml"


def load(flags=None, *, file, environment=None):
    return load_settings(flags, file=file, environment=environment or {})


def test_flag_beats_environment_beats_file_beats_default(file):
    file.write_text('top_k = 10\nquotes = 4\nport = 9000\nllm = "none"\n', "utf-8")
    environment = {"FOOTNOTE_TOP_K": "20", "FOOTNOTE_QUOTES": "3", "PORT": "1", "FOOTNOTE_THREADS": ""}
    settings, origins = load({"top_k": 30, "index": None}, file=file, environment=environment)
    assert (settings.top_k, settings.quotes, settings.port, settings.threads) == (30, 3, 9000, 0)
    assert (settings.llm, settings.index) == ("none", Path("footnote-index"))
    assert origins == dict.fromkeys(Settings.model_fields, "default") | {
        "top_k": "flag",
        "quotes": "environment FOOTNOTE_QUOTES",
        "port": f"file {file}",
        "llm": f"file {file}",
    }


def test_a_flag_of_nought_is_a_flag(file):
    settings, origins = load({"port": 0}, file=file, environment={"FOOTNOTE_PORT": "9000"})
    assert (settings.port, origins["port"]) == (0, "flag")


def test_without_anything_the_defaults_hold(file):
    settings, origins = load(file=file)
    assert settings == Settings()
    assert set(origins.values()) == {"default"}


def test_the_file_is_looked_for_where_the_command_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "footnote.toml").write_text("quotes = 2\n", "utf-8")
    assert load_settings(environment={})[0].quotes == 2


def test_the_environment_is_the_process_own_by_default(file, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_COLLECTION", "notes")
    settings, origins = load_settings(file=file)
    assert (settings.collection, origins["collection"]) == ("notes", "environment FOOTNOTE_COLLECTION")


@pytest.mark.parametrize(
    ("flags", "environment", "text", "faults"),
    [
        ({"quotes": 13}, {}, "", ["Setting quotes (from flag): Input should be less than or equal to 12"]),
        ({}, {"FOOTNOTE_PORT": "http"}, "", ["Setting port (from environment FOOTNOTE_PORT): Input should be a valid"]),
        ({}, {}, "top_k = 0", ["Setting top_k (from file {file}): Input should be greater than or equal to 1"]),
        ({}, {}, "top_k = [1]", ["Setting top_k (from file {file}): Input should be a valid integer"]),
        (
            {},
            {},
            "topk = 3",
            ["Setting topk (from file {file}): there is no such setting. Did you mean top_k? docs/settings.md lists"],
        ),
        ({}, {}, "TOP_K = 3", ["Setting TOP_K (from file {file}): there is no such setting. Did you mean top_k?"]),
        ({}, {}, "zzzz = 3", ["Setting zzzz (from file {file}): there is no such setting. docs/settings.md lists all"]),
        ({}, {}, 'promise = "no mistakes"', ["Setting promise (from file {file}): String should match pattern"]),
        ({}, {}, 'collection = "a/b"', ["Setting collection (from file {file}): String should match pattern"]),
        ({"port": -1}, {"FOOTNOTE_QUOTES": "0"}, "", ["Setting port (from flag)", "Setting quotes (from environment"]),
        ({}, {}, "quotes = ", ["The settings file {file} can't be read: Invalid value"]),
    ],
)
def test_faults_are_named_with_their_origin(file, flags, environment, text, faults):
    file.write_text(text, "utf-8")
    with pytest.raises(FootnoteError) as error:
        load(flags, file=file, environment=environment)
    for fault in faults:
        assert fault.format(file=file) in str(error.value)
    assert len(str(error.value).splitlines()) == len(faults)


def test_a_file_that_is_not_text_is_named(file):
    file.write_bytes(b"\xff")
    with pytest.raises(FootnoteError, match=r"footnote\.toml can't be read"):
        load(file=file)
    file.unlink()
    file.mkdir()
    with pytest.raises(FootnoteError, match=r"footnote\.toml can't be read: Is a directory$"):
        load(file=file)


def test_settings_cannot_be_changed():
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1


def test_a_key_is_not_shown(file):
    settings, _ = load(file=file, environment={"FOOTNOTE_LLM_API_KEY": "s3cret"})
    assert settings.llm_api_key == SecretStr("s3cret")
    assert settings.llm_api_key.get_secret_value() == "s3cret"
    assert "s3cret" not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"


def test_a_key_that_is_no_text_is_not_shown_either(file):
    file.write_text('llm_api_key = ["s3cret"]', "utf-8")
    with pytest.raises(FootnoteError, match=r"Setting llm_api_key") as error:
        load(file=file)
    assert "s3cret" not in str(error.value)


def test_the_cache_follows_the_users_own_choice(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert default_cache() == Path("/elsewhere/footnote/models")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert default_cache() == Path("/home/someone/.cache/footnote/models")
