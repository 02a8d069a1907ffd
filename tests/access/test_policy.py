"""Groups to collections: nobody sees more than their groups do, what is asked only narrows, and names are exact."""

import logging
import os
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from access.policy import EVERYONE, OPEN, LivePolicy, Policy, narrowed, read_policy
from schema import FootnoteError

COLLECTIONS = st.frozensets(st.sampled_from(["a", "b", "c", "d", "e", "A", "aa", "a.b"]))
GROUPS = st.sampled_from(["legal", "Legal", "legal2", "leg", "ré", "hr", EVERYONE, "*"])
POLICIES = st.dictionaries(GROUPS, COLLECTIONS | st.just(frozenset({"*"}))).map(Policy)
ALL = frozenset("abcde") | {"A", "aa", "a.b"}


def named(collections):
    """The collections as names, of those that there are."""
    return ALL if collections is None else collections & ALL


@given(POLICIES, st.frozensets(GROUPS), st.none() | COLLECTIONS)
@example(Policy({"legal": frozenset({"*"})}), frozenset({"legal"}), None)
@example(OPEN, frozenset(), frozenset({"*"}))
def test_a_visitor_sees_the_union_of_their_groups_and_no_more(policy, groups, asked):
    union = set()
    for group in groups | {EVERYONE}:
        collections = policy.groups.get(group, frozenset())
        union |= ALL if "*" in collections else collections
    assert named(policy.collections_of(groups, asked=asked)) == (union if asked is None else union & asked)


@given(POLICIES, st.frozensets(GROUPS), COLLECTIONS, COLLECTIONS)
def test_what_is_asked_only_narrows(policy, groups, asked, more):
    without, with_it = policy.collections_of(groups), policy.collections_of(groups, asked=asked)
    assert with_it is not None
    assert with_it <= asked
    assert named(with_it) <= named(without)
    assert with_it <= policy.collections_of(groups, asked=asked | more)


@given(POLICIES, st.frozensets(GROUPS), GROUPS)
def test_another_group_never_takes_anything_away(policy, groups, group):
    assert named(policy.collections_of(groups)) <= named(policy.collections_of(groups | {group}))


@given(POLICIES, st.frozensets(GROUPS), st.text())
def test_a_group_that_is_not_written_down_gives_nothing(policy, groups, stranger):
    if unicodedata.normalize("NFC", stranger) not in policy.groups:
        assert policy.collections_of(groups | {stranger}) == policy.collections_of(groups)


@given(st.none() | COLLECTIONS, st.none() | COLLECTIONS)
def test_narrowing_is_what_both_hold(one, other):
    assert named(narrowed(one, other)) == named(one) & named(other)
    assert (narrowed(one, other) is None) == (one is None and other is None)


@pytest.mark.parametrize(
    "alike", ["Legal", "legal ", "legal2", "lega", "LEGAL", "ⅼegal", "legаl", "legal\u200b", "*", ""]
)
def test_a_name_that_is_nearly_a_groups_is_not_the_group(alike):
    policy = Policy({"legal": frozenset({"cases"}), "*": frozenset()})
    assert policy.collections_of([alike]) == frozenset()


def test_a_groups_name_may_be_typed_in_either_form_of_unicode(tmp_path):
    path = tmp_path / "access.toml"
    path.write_text('[groups]\n"Re\u0301daction" = ["press"]\n', "utf-8")
    policy = read_policy(path)
    assert policy.collections_of(["R\u00e9daction"]) == policy.collections_of(["Re\u0301daction"]) == {"press"}


def test_without_groups_everybody_sees_everything(tmp_path):
    path = tmp_path / "access.toml"
    assert read_policy(path) is OPEN
    path.write_text("", "utf-8")
    assert read_policy(path).collections_of([]) is None
    assert read_policy(path).collections_of([], asked=frozenset({"a"})) == {"a"}
    path.write_text("[groups]\n", "utf-8")
    assert read_policy(path).collections_of(["legal"]) == frozenset()


def test_a_file_that_somebody_named_has_to_be_there(tmp_path):
    with pytest.raises(FootnoteError, match=r"The access file .*gone\.toml is not there"):
        read_policy(tmp_path / "gone.toml", required=True)
    with pytest.raises(FootnoteError, match="is not there"):
        LivePolicy(tmp_path / "gone.toml", required=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[group]\nlegal = []", "there is no table 'group'; there are groups, embeds."),
        ("groups = 1", "groups has to be a table, [groups]."),
        ("[groups]\nlegal = 'cases'", 'groups.legal: write a list of collections, such as ["handbook"], or ["*"]'),
        ("[groups]\nlegal = ['a', 'b c']", "groups.legal[1]: 'b c' is no collection's name"),
        ("[groups]\nlegal = ['cas*']", "groups.legal[0]: 'cas*' is no collection's name"),
        ("[groups]\nlegal = [1]", "groups.legal[0]: 1 is no collection's name"),
        ('[groups]\n" legal" = []', "groups. legal: a group's name has 1 to 256 characters"),
        ('[groups]\n"le\\ngal" = []', "a group's name has 1 to 256 characters"),
        ('[groups]\n"" = []', "a group's name has 1 to 256 characters"),
        ('[groups]\n"\u00e9" = []\n"e\u0301" = []', "this group is there twice, in two spellings of Unicode"),
        ("[groups", "can't be read"),
        ("[groups]\na = []\na = []", "can't be read"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_place(tmp_path, text, said):
    path = tmp_path / "access.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(FootnoteError) as error:
        read_policy(path)
    assert str(path) in str(error.value)
    assert said in str(error.value)


def test_a_changed_rule_counts_at_once_and_a_broken_one_is_told_once(tmp_path, caplog):
    path = tmp_path / "access.toml"
    path.write_text('[groups]\nlegal = ["cases"]\n', "utf-8")
    live = LivePolicy(path)
    assert live.current.collections_of(["legal"]) == {"cases"}
    path.write_text('[groups]\nlegal = ["bones"]\n', "utf-8")  # as long as before, at about the same moment
    assert live.current.collections_of(["legal"]) == {"bones"}
    path.write_text('[groups\nlegal = ["*"]\n', "utf-8")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert live.current.collections_of(["legal"]) == {"bones"}
    assert [record.message.endswith("What it said before stays in force.") for record in caplog.records] == [True]


@pytest.mark.parametrize("ruin", [lambda path: path.write_text(""), lambda path: path.unlink()])
def test_rules_do_not_vanish_while_the_server_runs(tmp_path, caplog, ruin):
    path = tmp_path / "access.toml"
    path.write_text('[groups]\nlegal = ["cases"]\n', "utf-8")
    live = LivePolicy(path)
    ruin(path)
    assert live.current.collections_of(["legal"]) == {"cases"}
    assert live.current.collections_of([]) == frozenset()
    assert len(caplog.records) == 1
    path.write_text('[groups]\nlegal = ["cases", "bones"]\n', "utf-8")
    assert live.current.collections_of(["legal"]) == {"cases", "bones"}


def test_rules_may_come_while_the_server_runs(tmp_path):
    live = LivePolicy(tmp_path / "access.toml")
    assert live.current.is_open
    (tmp_path / "access.toml").write_text("[groups]\n", "utf-8")
    assert live.current.collections_of(["legal"]) == frozenset()
    assert not live.current.is_open


def test_a_file_is_not_read_again_while_it_stays_as_it_is(tmp_path, monkeypatch):
    path = tmp_path / "access.toml"
    path.write_text('[groups]\nlegal = ["cases"]\n', "utf-8")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    monkeypatch.setattr("access.files.SETTLED_NS", -(10**18))  # as if it had been there for long
    live = LivePolicy(path)
    first = live.current
    assert live.current is first
    path.touch()
    assert live.current is not first
