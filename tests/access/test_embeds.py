"""The file of the embeds: what it may say, that a server follows it, and that changing it keeps what people wrote."""

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.middleware.cors import CORSMiddleware

from access.embed import COLOURS, embed_to_dict
from access.embeds import Embed, Embeds, add_embed, change_embed, make_embed, read_embeds, remove_embed
from schema import FootnoteError

ROOT = Path(__file__).resolve().parents[2]
LEAST = {"origins": ["https://portal.example"], "collections": ["handbook"]}
COMMENTED = """\
# Who sees what. Ask Ines before you change it.

[groups]
legal = ["cases"]   # since May

# The portal of the legal department
[embeds.legal]
origins = [
    "https://legal.example",   # the new one
    "https://old.example",
]
collections = ["cases"]
per_minute = 10  # it is small

[embeds.hr]  # trying out
origins = ["https://hr.example"]
collections = ["*"]
on = false
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "footnote-access.toml"


def test_an_embed_needs_a_place_and_something_to_show():
    assert make_embed("hr", LEAST) == Embed(
        name="hr",
        origins=("https://portal.example",),
        collections=frozenset({"handbook"}),
        groups=frozenset(),
        per_minute=60,
        per_day=5000,
        texts={},
        colours={},
        questions=(),
        on=True,
    )


def test_origins_are_kept_as_browsers_send_them():
    embed = make_embed("hr", LEAST | {"origins": ["HTTPS://Bücher.example:443", "https://xn--bcher-kva.example"]})
    assert embed.origins == ("https://xn--bcher-kva.example",)


def test_a_star_is_all_collections():
    assert make_embed("hr", LEAST | {"collections": ["*"]}).collections is None
    assert embed_to_dict(make_embed("hr", LEAST | {"collections": ["*"]}))["collections"] == ["*"]


def test_an_embed_can_not_be_changed_in_passing():
    with pytest.raises(ValueError, match="frozen"):
        make_embed("hr", LEAST).on = False


WRONG = [
    ({"origins": []}, "origins: name at least one."),
    ({"origins": ["https://x", "*"]}, "origins[1]: '*' is no origin: write"),
    ({"origins": "https://x"}, "origins: Input should be a valid tuple."),
    ({"origins": ["https://x"] * 51}, "origins: Tuple should have at most 50 items after validation, not 51."),
    ({"collections": []}, "collections: name at least one."),
    ({"collections": ["a", "*"]}, "collections[1]: '*' is not a collection's name"),
    ({"collections": ["a b"]}, "collections[0]: 'a b' is not a collection's name"),
    ({"collections": "a"}, "collections: Input should be a valid frozenset."),
    ({"groups": [" a"]}, "groups[0]: ' a' is not a group"),
    ({"groups": [1]}, "groups[0]: Input should be a valid string."),
    ({"per_minute": 0}, "per_minute: Input should be greater than or equal to 1."),
    ({"per_minute": "10"}, "per_minute: Input should be a valid integer."),
    ({"per_day": True}, "per_day: Input should be a valid integer."),
    ({"texts": {"Title": "x"}}, "texts.Title: 'Title' is not a key: 1 to 40 of a-z, 0-9, '_' and '-', a letter first."),
    ({"texts": {"title": 3}}, "texts.title: Input should be a valid string."),
    ({"texts": {"title": "a\nb"}}, "texts.title: holds a line break or a control character."),
    ({"questions": ["a\u2028b"]}, "questions[0]: holds a line break or a control character."),
    ({"texts": {"title": "x" * 301}}, "texts.title: String should have at most 300 characters."),
    ({"colours": {"border": "red"}}, "colours.border: 'border' is not one of accent, accent-text, background, text."),
    ({"colours": {"accent": "url(https://evil.example)"}}, "colours.accent: 'url(https://evil.example)' is not a col"),
    ({"colours": {"accent": "red;x"}}, "colours.accent: 'red;x' is not a colour such as #0b57d0"),
    ({"colours": {"accent": "var(--x)"}}, "colours.accent: 'var(--x)' is not a colour"),
    ({"questions": ["a"] * 13}, "questions: Tuple should have at most 12 items after validation, not 13."),
    ({"questions": [""]}, "questions[0]: String should have at least 1 character."),
    ({"on": "yes"}, "on: Input should be a valid boolean."),
    ({"colors": {}}, "colors: there is no such field; there are origins, collections, groups, per_minute, per_day, "),
    ({"name": "x"}, "name: an embed's name is that of its table."),
]


@pytest.mark.parametrize(
    ("fields", "said"), WRONG, ids=[said.split(":")[0] + f"-{n}" for n, (_, said) in enumerate(WRONG)]
)
def test_a_wrong_field_is_said_with_its_place(fields, said):
    with pytest.raises(FootnoteError) as error:
        make_embed("hr", LEAST | fields, place="access.toml: embeds.hr.")
    assert str(error.value).startswith(f"access.toml: embeds.hr.{said}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("colour", ["#fff", "#0B57D0", "#0b57d0cc", "teal", "rgb(11 87 208)", "rgba(1, 2, 3, 0.5)"])
@pytest.mark.parametrize("form", ["{}", "light-dark({}, #000)"])
def test_a_colour_may_be_written_as_people_do(colour, form):
    assert make_embed("hr", LEAST | {"colours": {"accent": form.format(colour)}})


@pytest.mark.parametrize("name", ["", "HR", "a_b", "-a", "a-", "a/b", "..", "a.b", "ä", "a" * 65, "a b", "a\n"])
def test_a_name_is_one_that_can_stand_in_an_address(name):
    with pytest.raises(FootnoteError, match="is not an embed's name: 1 to 64 of a-z, 0-9 and '-'"):
        make_embed(name, LEAST)


@pytest.mark.parametrize("words", ["Une question\u202f?", "10\u00a0Tage", "می\u200cخواهم", "\u200fשלום", "👩\u200d💻"])
def test_a_text_may_be_of_any_language(words):
    embed = make_embed("hr", LEAST | {"texts": {"title": words}, "questions": [words]})
    assert (embed.texts["title"], embed.questions) == (words, (words,))


def test_colours_and_texts_are_those_that_the_widget_has():
    script = (ROOT / "widget" / "footnote.js").read_text("utf-8")
    assert tuple(json.loads(re.search(r"const COLOURS = (\[.*?\]);", script)[1])) == COLOURS
    keys = re.findall(r"^    (\w+): \"", re.search(r"const TEXTS = \{\n(.*?)\n  \};", script, re.S)[1], re.M)
    assert {"lang", "title", "signed_out"} <= set(keys)
    assert make_embed("hr", LEAST | {"texts": dict.fromkeys(keys, "x")})


def test_everything_that_is_wrong_in_a_file_is_said_at_once(path):
    path.write_text("[embeds.a]\non = 1\n[embeds.b]\norigins = []\n[embeds]\nc = 1\n", "utf-8")
    with pytest.raises(FootnoteError) as error:
        read_embeds(path)
    assert [line.removeprefix(f"{path}: embeds.") for line in str(error.value).splitlines()] == [
        "a.origins: it is missing; every embed needs origins and collections.",
        "a.collections: it is missing; every embed needs origins and collections.",
        "a.on: Input should be a valid boolean.",
        "b.origins: name at least one.",
        "b.collections: it is missing; every embed needs origins and collections.",
        "c: has to be a table, [embeds.c].",
    ]


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
WORDS = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=20)
LINES = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)
EMBEDS = st.fixed_dictionaries(
    {
        "origins": st.lists(
            st.sampled_from(["https://a.example", "http://b:81", "http://[::1]"]), min_size=1, max_size=4
        ),
        "collections": st.lists(st.sampled_from(["a", "b.c", "ü"]), min_size=1, max_size=4) | st.just(["*"]),
    },
    optional={
        "groups": st.lists(WORDS, max_size=3),
        "per_minute": st.integers(1, 100),
        "per_day": st.integers(1, 100),
        "texts": st.dictionaries(st.sampled_from(["title", "ask"]), LINES),
        "colours": st.dictionaries(st.sampled_from(COLOURS), st.just("#abc")),
        "questions": st.lists(LINES, max_size=3),
        "on": st.booleans(),
    },
)


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(NAMES, EMBEDS, min_size=1, max_size=3), EMBEDS)
def test_what_is_written_is_what_is_read(tmp_path_factory, fields, change):
    path = tmp_path_factory.mktemp("embeds") / "access.toml"
    embeds = {name: make_embed(name, given) for name, given in fields.items()}
    for embed in embeds.values():
        add_embed(path, embed)
    assert read_embeds(path) == embeds
    name = next(iter(embeds))
    assert change_embed(path, name, **change) == make_embed(name, fields[name] | change)
    assert read_embeds(path) == embeds | {name: make_embed(name, fields[name] | change)}
    remove_embed(path, name)
    assert read_embeds(path) == {other: embed for other, embed in embeds.items() if other != name}


def test_changing_an_embed_keeps_every_comment_and_the_order(path):
    path.write_text(COMMENTED, "utf-8")
    change_embed(path, "legal", per_minute=20)
    change_embed(path, "hr", on=True, groups=["all staff"])
    assert path.read_text("utf-8") == COMMENTED.replace("per_minute = 10  #", "per_minute = 20  #").replace(
        "on = false\n", 'groups = ["all staff"]\n'
    )


def test_adding_and_removing_an_embed_leaves_the_others_as_they_are(path):
    path.write_text(COMMENTED, "utf-8")
    add_embed(path, make_embed("wiki", LEAST | {"texts": {"title": "Ask"}}))
    assert path.read_text("utf-8").startswith(COMMENTED)
    assert list(read_embeds(path)) == ["legal", "hr", "wiki"]
    remove_embed(path, "wiki")
    assert path.read_text("utf-8").strip() == COMMENTED.strip()
    remove_embed(path, "hr")
    assert path.read_text("utf-8").strip() == COMMENTED[: COMMENTED.index("[embeds.hr]")].strip()


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_file_keeps_its_line_endings(path, ending):
    path.write_bytes(COMMENTED.replace("\n", ending).encode())
    change_embed(path, "hr", on=True)
    assert read_embeds(path)["hr"].on
    assert path.read_bytes().count(b"\r\n") == (0 if ending == "\n" else COMMENTED.count("\n") - 1)


B_AND_C = """
[embeds.b]
origins = ["https://b"]
collections = ["x"]
[groups]
[embeds.c]
origins = ["https://c"]
collections = ["x"]
"""


@pytest.mark.parametrize(
    "text",
    [
        B_AND_C,
        '[embeds]\nb = {origins=["https://b"], collections=["x"]}\nc = {origins=["https://c"], collections=["x"]}\n',
        'embeds = {b={origins=["https://b"],collections=["x"]},c={origins=["https://c"],collections=["x"]}}\n[groups]\n',
    ],
    ids=["tables apart", "inline", "inline in inline"],
)
def test_embeds_may_be_written_in_any_form_of_toml(path, text):
    path.write_text(text, "utf-8")
    change_embed(path, "b", per_day=3)
    change_embed(path, "c", per_day=4)
    remove_embed(path, "b")
    add_embed(path, make_embed("d", LEAST))
    assert {name: embed.per_day for name, embed in read_embeds(path).items()} == {"c": 4, "d": 5000}


@pytest.mark.parametrize(
    "change",
    [
        lambda path: change_embed(path, "c", texts={"title": "x"}),
        lambda path: add_embed(path, make_embed("d", LEAST)),
    ],
)
def test_a_form_that_can_not_be_changed_without_loss_is_left_alone(path, change):
    path.write_text('embeds.c.origins = ["https://c"]\nembeds.c.collections = ["x"]\n', "utf-8")
    before = path.read_bytes()
    with pytest.raises(FootnoteError, match=r"can't be changed without loss. Write each embed as a table of its own"):
        change(path)
    assert path.read_bytes() == before


def test_a_file_of_comments_alone_keeps_them(path):
    path.write_text("# Ask Ines before you change this.\n", "utf-8")
    add_embed(path, make_embed("hr", LEAST))
    assert path.read_text("utf-8").startswith("# Ask Ines before you change this.\n")
    remove_embed(path, "hr")
    assert path.read_text("utf-8").startswith("# Ask Ines before you change this.\n")


def test_a_change_that_can_not_be_leaves_the_file_as_it_is(path):
    path.write_text(COMMENTED, "utf-8")
    for change, said in [
        (lambda: add_embed(path, make_embed("hr", LEAST)), "There is an embed 'hr' already"),
        (lambda: change_embed(path, "hr", origins=["*"]), r"^origins\[0\]: '\*' is no origin"),
        (lambda: change_embed(path, "hr", size=3), "^size: there is no such field"),
        (lambda: change_embed(path, "nobody", on=True), "There is no embed 'nobody'. There are: legal, hr"),
        (lambda: remove_embed(path, "nobody"), "There is no embed 'nobody'. There are: legal, hr"),
    ]:
        with pytest.raises(FootnoteError, match=said):
            change()
        assert path.read_text("utf-8") == COMMENTED
    broken = COMMENTED + "on = false\n"
    path.write_text(broken, "utf-8")
    with pytest.raises(FootnoteError, match="can't be read"):
        change_embed(path, "hr", on=True)
    assert path.read_text("utf-8") == broken
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208


def test_a_link_to_the_file_stays_a_link_and_the_mode_stays(tmp_path):
    real, link = tmp_path / "real.toml", tmp_path / "footnote-access.toml"
    real.write_text(COMMENTED, "utf-8")
    real.chmod(0o640)
    link.symlink_to(real)
    change_embed(link, "hr", on=True)
    assert link.is_symlink()
    assert read_embeds(real)["hr"].on
    assert real.stat().st_mode & 0o777 == 0o640


# A server that runs


def test_a_server_follows_the_file(path):
    embeds = Embeds(path)
    origins = embeds.origins
    assert (embeds.get("hr"), embeds.all(), list(origins)) == (None, (), [])
    add_embed(path, make_embed("hr", LEAST))
    assert embeds.get("hr") == make_embed("hr", LEAST)
    assert list(origins) == ["https://portal.example"]
    add_embed(path, make_embed("wiki", LEAST | {"origins": ["https://wiki.example", "https://portal.example"]}))
    assert [embed.name for embed in embeds.all()] == ["hr", "wiki"]
    assert (len(origins), origins[1], origins[0:1]) == (2, "https://wiki.example", ("https://portal.example",))
    change_embed(path, "wiki", on=False)
    assert embeds.get("wiki").on is False
    assert ("https://wiki.example" in origins, "https://portal.example" in origins) == (False, True)
    remove_embed(path, "hr")
    assert list(origins) == []


def test_a_broken_edit_changes_nothing_and_is_told_once(path, caplog):
    path.write_text(COMMENTED, "utf-8")
    embeds = Embeds(path)
    before = embeds.all()
    path.write_text(COMMENTED.replace("per_minute = 10", "per_minute = ten"), "utf-8")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert embeds.all() == before
    assert len(caplog.records) == 1
    path.write_text(COMMENTED.replace("per_minute = 10", "per_minute = -1"), "utf-8")
    assert embeds.all() == before
    assert "embeds.legal.per_minute: Input should be greater than or equal to 1." in caplog.records[1].message
    path.write_text(COMMENTED.replace("per_minute = 10", "per_minute = 11"), "utf-8")
    assert embeds.get("legal").per_minute == 11
    path.unlink()
    assert embeds.get("legal").per_minute == 11
    assert len(caplog.records) == 3


def test_a_server_does_not_start_with_a_broken_file(path):
    path.write_text("[embeds.a]\n", "utf-8")
    with pytest.raises(FootnoteError, match=r"embeds\.a\.origins: it is missing; every embed needs"):
        Embeds(path)


async def test_cors_answers_the_embeds_of_now_and_nobody_else(path):
    """The list is handed to the middleware once, while the server starts."""
    embeds = Embeds(path)

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    middleware = CORSMiddleware(app, allow_origins=embeds.origins, allow_methods=["POST"])

    async def allowed(origin):
        sent = []

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "headers": [(b"origin", origin.encode())]}
        await middleware(scope, None, send)
        return dict(sent[0]["headers"]).get(b"access-control-allow-origin", b"").decode()

    assert await allowed("https://portal.example") == ""
    add_embed(path, make_embed("hr", LEAST))
    assert await allowed("https://portal.example") == "https://portal.example"
    others = ("http://portal.example", "https://portal.example.", "https://PORTAL.example", "null", "*")
    assert [await allowed(other) for other in (*others, "https://portal.example:443", "https://x.portal.example")] == (
        [""] * 7
    )
    change_embed(path, "hr", on=False)
    assert await allowed("https://portal.example") == ""


# A kill between

KILLED_AT_EACH_CALL = """
import json, os, sys
from pathlib import Path
from access.embeds import change_embed, read_embeds
from access.keys import keys_path, new_key, read_keys

path = Path(sys.argv[1])
states = []


def killed_at(number, work):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = [number]

    def dying(call):
        def instead(*given, **named):
            left[0] -= 1
            if left[0] == 0:
                os._exit(9)
            return call(*given, **named)
        return instead

    for module, name in ((os, "open"), (os, "fsync"), (os, "fchmod"), (os, "replace"), (os, "rename"), (os, "unlink")):
        setattr(module, name, dying(getattr(module, name)))
    work()
    os._exit(0)


for kind in ("embeds", "keys"):
    work, state = {
        "embeds": (lambda: change_embed(path, "hr", per_day=2), lambda: read_embeds(path)["hr"].per_day),
        "keys": (lambda: new_key(keys_path(path), "hr"), lambda: read_keys(keys_path(path)).embeds["hr"]),
    }[kind]
    seen, number = [], 0
    while True:
        number += 1
        change_embed(path, "hr", per_day=1)
        before = state()
        ended = killed_at(number, work)
        after = state()
        seen.append([ended, after == before, len(list(path.parent.glob(".*")))])
        if ended == 0:
            break
    states.append(seen)
print(json.dumps(states))
"""


def test_a_kill_at_any_call_leaves_the_old_file_or_the_new(path):
    """The changing process ends at the first, second, ... call to the system; then the next change is made."""
    from access.keys import keys_path, new_key  # noqa: PLC0415

    add_embed(path, make_embed("hr", LEAST))
    new_key(keys_path(path), "hr")
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EACH_CALL, path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for seen in json.loads(done.stdout):
        assert [ended for ended, _, _ in seen] == [9] * (len(seen) - 1) + [0]
        assert len(seen) >= 7
        assert seen[-1][1:] == [False, 0]
        olds = [is_old for _, is_old, _ in seen]
        assert olds == sorted(olds, reverse=True)  # the old one up to the rename, then the new one
        assert True in olds
        assert any(leftovers for _, _, leftovers in seen)  # which the next change clears away
    assert keys_path(path).stat().st_mode & 0o777 == 0o600
    assert tomlkit.parse(path.read_text("utf-8"))


def test_two_changes_at_once_are_both_made(path):
    add_embed(path, make_embed("hr", LEAST))
    code = (
        "import sys; from pathlib import Path; from access.embeds import add_embed, make_embed\n"
        "for number in range(5):\n"
        "    add_embed(Path(sys.argv[1]), make_embed(f'{sys.argv[2]}-{number}', "
        "{'origins': ['https://a'], 'collections': ['a']}))"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, path, name], cwd=ROOT) for name in ("a", "b", "c")]
    assert [child.wait() for child in children] == [0, 0, 0]
    assert set(read_embeds(path)) == {"hr"} | {f"{name}-{number}" for name in "abc" for number in range(5)}
