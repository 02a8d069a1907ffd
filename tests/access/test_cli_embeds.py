"""`footnote embed`: from nothing to a visitor who is let in, and out again, with what the commands print."""

import json
import os
import re
import subprocess
import sys
import textwrap
import time
import tomllib
from pathlib import Path

import jwt
import pytest
from typer.testing import CliRunner

import cli
from access.database import FILE, Database
from access.embeds import Embeds, read_embeds
from access.keys import Keys, keys_path, read_keys
from access.policy import LivePolicy
from access.refusals import Refused
from access.tokens import exchange, mint_own_token, read_own_token

ROOT = Path(__file__).resolve().parents[2]
ACCESS = Path("footnote-access.toml")
KEYS = keys_path(ACCESS)
HR = ("hr", "--origin", "https://portal.example", "--collection", "handbook")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def run(*arguments, code=0):
    result = CliRunner().invoke(cli.app, ["embed", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def footnote(*arguments, code=0):
    """The command as people start it: a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", "import cli; cli.main()", *arguments],
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout


def test_from_nothing_to_a_visitor_who_asks_and_out_again(tmp_path, monkeypatch):
    """Everything is made by commands, and the host's token by the very lines that `show` prints."""
    Path("footnote.toml").write_text('public_url = "https://ask.example"\n', "utf-8")
    shown = footnote("embed", "add", *HR, "--collection", "faq", "--group", "staff", "--per-minute", "7")
    assert (
        '<script src="https://ask.example/widget.js" data-embed="hr" data-token-url="/footnote-token" defer>' in shown
    )
    assert footnote("embed", "show", "hr") == shown
    ACCESS.write_text(ACCESS.read_text("utf-8") + '[groups]\nstaff = ["handbook", "wages"]\n', "utf-8")

    monkeypatch.setenv("FOOTNOTE_EMBED_KEY", footnote("embed", "show", "hr", "--key").strip())
    example = {}
    exec(re.search(r"( {4}import os.*?)\n\n\S", shown, re.S)[1].replace("\n    ", "\n").strip(), example)  # noqa: S102
    token = example["footnote_token"]("anna", ["staff", "strangers"])

    database = Database(tmp_path / FILE)
    rules = {"embeds": Embeds(ACCESS), "keys": Keys(KEYS, environment={}), "policy": LivePolicy(ACCESS).current}
    here = {"origin": "https://portal.example", "now": time.time()}
    try:
        visitor = exchange(token, database=database, **rules, **here)
        assert (visitor.user, visitor.groups, visitor.collections) == ("anna", {"staff"}, {"handbook"})
        own, _ = mint_own_token(visitor, now=here["now"], **rules)
        assert read_own_token(own, **rules, **here) == visitor

        footnote("embed", "off", "hr")
        with pytest.raises(Refused):
            read_own_token(own, **rules, **here)
        footnote("embed", "on", "hr")
        assert read_own_token(own, **rules, **here) == visitor

        trial = footnote("embed", "token", "hr", "--user", "bob").strip()
        assert exchange(trial, database=database, **rules, **here).user == "bob"

        footnote("embed", "rotate", "hr")
        for old in (example["footnote_token"]("anna", ["staff"]), trial):
            with pytest.raises(Refused):
                exchange(old, database=database, **rules, **here)
        with pytest.raises(Refused):
            read_own_token(own, **rules, **here)
        fresh = footnote("embed", "token", "hr", "--user", "bob").strip()
        footnote("embed", "remove", "hr")
        with pytest.raises(Refused):
            exchange(fresh, database=database, **rules, **here)
    finally:
        database.close()
    assert json.loads(footnote("embed", "list", "--json")) == {"access_file": "footnote-access.toml", "embeds": []}
    assert tomllib.loads(ACCESS.read_text("utf-8"))["groups"] == {"staff": ["handbook", "wages"]}
    assert read_keys(KEYS).embeds == {}


def test_all_that_an_embed_is_can_be_said(tmp_path):
    run(
        *("add", *HR, "--origin", "HTTP://LOCALHOST:8080", "--group", "staff", "--per-minute", "7", "--per-day", "70"),
        *("--text", "title=Frag = uns", "--text", "ask=Los", "--colour", "accent=#0b57d0", "--question", "Wie viel?"),
        *("--question", "Wo?", "--off"),
    )
    (row,) = json.loads(run("list", "--json").stdout)["embeds"]
    assert row == {
        "name": "hr",
        "origins": ["https://portal.example", "http://localhost:8080"],
        "collections": ["handbook"],
        "groups": ["staff"],
        "per_minute": 7,
        "per_day": 70,
        "texts": {"title": "Frag = uns", "ask": "Los"},
        "colours": {"accent": "#0b57d0"},
        "questions": ["Wie viel?", "Wo?"],
        "on": False,
        "has_key": True,
    }
    assert run("list").stdout.splitlines()[2].split() == [
        *("hr", "no", "yes", "7", "70", "handbook", "staff", "https://portal.example,", "http://localhost:8080")
    ]


def test_what_is_given_changes_and_the_rest_stays():
    run("add", *HR, "--text", "title=A", "--text", "ask=B", "--question", "C?", "--group", "staff")
    run("set", "hr", "--text", "title=", "--text", "send=D", "--per-day", "9", "--collection", "*")
    embed = read_embeds(ACCESS)["hr"]
    assert (embed.texts, embed.per_day, embed.collections) == ({"ask": "B", "send": "D"}, 9, None)
    assert (embed.questions, embed.groups, embed.origins) == (("C?",), {"staff"}, ("https://portal.example",))
    run("set", "hr", "--text", "", "--question", "", "--group", "", "--origin", "https://new.example")
    embed = read_embeds(ACCESS)["hr"]
    assert (embed.texts, embed.questions, embed.groups) == ({}, (), frozenset())
    assert embed.origins == ("https://new.example",)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "HR", *HR[1:]), "name: 'HR' is not an embed's name"),
        (("add", *HR[:1], "--origin", "*", "--collection", "a"), "origins[0]: '*' is no origin"),
        (("add", "hr", "--collection", "a"), "Say where the page is and what its visitors may see, with --origin"),
        (
            ("add", "hr", "--origin", "https://hr.example"),
            "Say where the page is and what its visitors may see, with --origin",
        ),
        (("add", *HR, "--text", "title"), "texts: 'title' is not KEY=VALUE."),
        (("add", *HR, "--per-minute", "0"), "per_minute: Input should be greater than or equal to 1."),
        (("set", "hr", "--per-day", "3"), "There is no embed 'hr'. There are: none yet; make one with: footnote embed"),
        (("show", "hr"), "There is no embed 'hr'."),
        (("on", "hr"), "There is no embed 'hr'."),
        (("off", "hr"), "There is no embed 'hr'."),
        (("rotate", "hr"), "There is no embed 'hr'."),
        (("remove", "hr"), "There is no embed 'hr'."),
        (("token", "hr", "--user", "anna"), "There is no embed 'hr'."),
    ],
)
def test_what_can_not_be_is_said_and_nothing_is_written(arguments, said):
    assert run(*arguments, code=1).stderr.startswith(f"footnote: {said}")
    assert not ACCESS.exists() or not read_embeds(ACCESS)
    assert not KEYS.exists()


def test_a_name_that_is_taken_keeps_its_key():
    run("add", *HR)
    key = run("show", "hr", "--key").stdout
    assert "There is an embed 'hr' already" in run("add", *HR, code=1).stderr
    assert run("show", "hr", "--key").stdout == key
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}\n", key)


def test_a_key_is_shown_only_where_it_is_asked_for():
    added = run("add", *HR)
    key = run("show", "hr", "--key").stdout.strip()
    others = [
        run("show", "hr"),
        run("list"),
        run("list", "--json"),
        run("off", "hr"),
        run("set", "hr", "--per-day", "3"),
    ]
    for result in (added, *others, run("token", "hr", "--user", "anna"), run("rotate", "hr")):
        assert key not in result.output
    assert run("show", "hr", "--key").stdout.strip() not in (key, "")


def test_an_embed_without_a_key_is_told():
    run("add", *HR)
    KEYS.unlink()
    assert run("list").stdout.splitlines()[2].split()[:3] == ["hr", "yes", "none"]
    said = "The embed 'hr' has no key. Make one with: footnote embed rotate hr"
    assert run("show", "hr", "--key", code=1).stderr == f"footnote: {said}\n"
    run("rotate", "hr")
    assert run("show", "hr", "--key")


def test_a_token_for_trying_says_what_was_asked_for():
    run("add", *HR, "--group", "staff")
    claims = jwt.decode(run("token", "hr", "--user", "Zoë").stdout.strip(), options={"verify_signature": False})
    assert {name: claims[name] for name in ("iss", "aud", "sub", "groups", "origin")} == {
        "iss": "hr", "aud": "footnote", "sub": "Zoë", "groups": ["staff"], "origin": "https://portal.example"
    }  # fmt: skip
    assert claims["exp"] - claims["iat"] == 300
    assert "collections" not in claims
    narrow = ("--group", "a", "--collection", "b", "--origin", "https://x.example", "--seconds", "600")
    token = run("token", "hr", "--user", "Zoë", *narrow).stdout.strip()
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["groups"], claims["collections"], claims["origin"]) == (["a"], ["b"], "https://x.example")
    assert claims["exp"] - claims["iat"] == 600
    assert run("token", "hr", "--user", "x", "--seconds", "601", code=2)


def test_visitors_who_would_see_nothing_are_told_of():
    ACCESS.write_text('[groups]\nlegal = ["handbook"]\n', "utf-8")
    assert "visitors whose token names no group see none of its collections" in run("add", *HR).stderr
    run("set", "hr", "--group", "legal")
    assert "none of its collections" not in run("show", "hr").stderr


def test_what_is_still_to_be_done_is_told():
    assert run("add", *HR, "--off").stderr.splitlines() == [
        "It is off. Let visitors in with: footnote embed on hr",
        "The tag names this machine. Set public_url (in footnote.toml) to what browsers call the server.",
    ]


def test_the_printed_example_is_what_the_exchange_asks_for():
    shown = run("add", *HR).stdout
    example = textwrap.dedent(re.search(r"    import os.*?HS256\"\)\n", shown, re.S)[0])
    assert set(re.findall(r'^        "(\w+)":', example, re.M)) == {
        *("iss", "aud", "origin", "sub", "groups", "iat", "exp", "jti")
    }


def test_the_file_and_its_keys_are_where_the_setting_says(tmp_path):
    os.environ["FOOTNOTE_ACCESS_FILE"] = str(tmp_path / "etc" / "our.toml")
    try:
        (tmp_path / "etc").mkdir()
        run("add", *HR)
        assert sorted(one.name for one in (tmp_path / "etc").iterdir()) == ["our.keys", "our.toml"]
    finally:
        del os.environ["FOOTNOTE_ACCESS_FILE"]
    assert not ACCESS.exists()
