"""What genuine tokens bring: who the visitor is, what they see, and for how long."""

import json
import sys
import threading

import jwt
import pytest
from access_world import NOW, PORTAL, WIKI, World, encoded

from access.database import Database
from access.embeds import change_embed
from access.keys import Keys, new_key
from access.policy import LivePolicy, Policy
from access.refusals import Refused
from access.tokens import exchange, mint_host_token, mint_own_token
from access.visitor import Visitor
from schema import FootnoteError


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.database.close()


def test_a_visitor_sees_of_the_embeds_collections_those_of_their_groups(world):
    assert world.exchange(world.token()) == Visitor(
        user="anna",
        groups=frozenset({"legal"}),
        collections=frozenset({"handbook", "contracts", "cases"}),
        embed="portal",
        origin=PORTAL,
    )


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"groups": []}, {"handbook"}),
        ({"groups": ...}, {"handbook"}),
        ({"groups": ["Legal", "legals"]}, {"handbook"}),
        ({"groups": ["board"]}, {"handbook", "contracts", "cases"}),
        ({"collections": ["cases"]}, {"cases"}),
        ({"collections": ["cases", "handbook"], "groups": []}, {"handbook"}),
    ],
)
def test_a_token_can_only_narrow(world, changes, seen):
    visitor = world.exchange(world.token(**changes))
    assert visitor.collections == seen


def test_an_embed_of_all_collections_shows_the_groups_own(world):
    change_embed(world.file, "portal", collections=["*"])
    assert world.exchange(world.token()).collections == {"handbook", "contracts", "cases", "secrets"}
    assert world.exchange(world.token(groups=["board"])).collections is None
    assert world.exchange(world.token(groups=["board"], collections=["anything"])).collections == {"anything"}


def test_visitors_of_an_embed_with_groups_are_in_at_most_these(world):
    change_embed(world.file, "portal", groups=["legal"], collections=["*"])
    everything = world.exchange(world.token(groups=["board", "legal"]))
    assert everything.groups == {"legal"}
    assert everything.collections == {"contracts", "cases", "secrets", "handbook"}
    assert world.exchange(world.token(groups=["board"])).collections == {"handbook"}


def test_a_token_that_names_no_groups_has_those_of_its_embed(world):
    change_embed(world.file, "portal", groups=["legal"])
    visitor = world.exchange(world.token(groups=...))
    assert (visitor.groups, visitor.collections) == ({"legal"}, {"handbook", "contracts", "cases"})
    assert world.exchange(world.token(groups=[])).groups == frozenset()


def test_a_visitor_without_a_name_is_let_in_without_one(world):
    assert not world.exchange(world.token(sub=...)).user


def test_names_are_compared_in_one_form_of_unicode(world):
    visitor = world.exchange(world.token(sub="Rene\u0301", groups=["legal"]))
    assert visitor.user == "Ren\u00e9"


def test_a_token_is_refused_the_second_time(world):
    token = world.token()
    world.exchange(token)
    with pytest.raises(Refused) as refused:
        world.exchange(token)
    assert refused.value.reason == "the token of portal was used before"


def test_one_id_of_two_hosts_is_two_tokens(world):
    world.exchange(world.token(jti="the-same-id"))
    visitor = world.exchange(world.token(iss="wiki", jti="the-same-id", origin=WIKI, key=world.wiki_key), WIKI)
    assert visitor.embed == "wiki"


def test_a_used_token_is_remembered_until_nobody_takes_it_any_more(world):
    token = world.token()
    world.exchange(token)
    for later in (1, 300, 359):
        world.now = NOW + later
        with pytest.raises(Refused, match="You are not let in here") as refused:
            world.exchange(token)
        assert refused.value.reason == "the token of portal was used before"
    world.now = NOW + 360
    with pytest.raises(Refused) as refused:
        world.exchange(token)
    assert refused.value.reason == "the token of portal has expired"


def test_clocks_may_be_a_minute_apart_and_no_more(world):
    world.exchange(world.token(iat=NOW + 60, exp=NOW + 61))
    world.exchange(world.token(iat=NOW - 100, exp=NOW - 59))
    world.exchange(world.token(nbf=NOW + 60))
    world.exchange(world.token(iat=NOW - 10.5, exp=NOW + 589.5))


def test_a_token_that_can_not_be_written_down_as_used_is_not_taken(world):
    world.database.close()
    with pytest.raises(FootnoteError, match="can't be used") as error:
        world.exchange(world.token())
    assert not isinstance(error.value, Refused)


def race(world, databases, token):
    """How many of eight threads were let in with one token."""
    barrier, visitors, errors = threading.Barrier(8), [], []

    def enter(database):
        rules = {"embeds": world.embeds, "keys": world.keys, "policy": world.policy.current}
        barrier.wait()
        try:
            visitors.append(exchange(token, origin=PORTAL, database=database, now=NOW, **rules))
        except Refused as refused:
            errors.append(refused.reason)

    threads = [threading.Thread(target=enter, args=(databases[place % len(databases)],)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == ["the token of portal was used before"] * 7
    return len(visitors)


@pytest.mark.parametrize("connections", [1, 4])
def test_of_eight_threads_with_one_token_one_is_let_in(world, connections):
    databases = [Database(world.path) for _ in range(connections)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # seconds: threads come in between each other wherever they can
    try:
        assert [race(world, databases, world.token()) for _ in range(20)] == [1] * 20
    finally:
        sys.setswitchinterval(interval)
        for database in databases:
            database.close()


def test_our_own_token_says_what_the_visitor_was_let_in_with(world):
    for changes in ({}, {"collections": ["cases"]}, {"groups": []}, {"sub": "Zoë 🦉"}, {"sub": ...}):
        visitor = world.exchange(world.token(**changes))
        rules = {"embeds": world.embeds, "keys": world.keys, "policy": world.policy.current}
        token, seconds = mint_own_token(visitor, now=NOW, **rules)
        assert seconds == 600
        assert world.read(token) == visitor
        world.now = NOW + 659
        assert world.read(token) == visitor
        world.now = NOW + 660
        with pytest.raises(Refused) as refused:
            world.read(token)
        assert refused.value.reason == "the token of portal has expired"
        world.now = NOW


def test_our_own_token_holds_nothing_of_the_hosts(world):
    token = world.token()
    own = world.own_token()
    assert token.split(".")[2] not in own
    claims = jwt.decode(own, options={"verify_signature": False})
    assert set(claims) == {"iss", "aud", "origin", "sub", "groups", "iat", "exp"}


def test_our_own_token_lives_ten_minutes_at_most(world):
    visitor = world.exchange(world.token())
    rules = {"embeds": world.embeds, "keys": world.keys, "policy": world.policy.current}
    assert mint_own_token(visitor, now=NOW, seconds=3600, **rules)[1] == 600
    assert mint_own_token(visitor, now=NOW, seconds=5, **rules)[1] == 5


def test_the_largest_token_of_a_host_still_becomes_one_of_ours(world):
    groups = [f"{number:03}{'ж' * 60}" for number in range(22)]
    payload = world.claims(groups=groups)
    text = json.dumps(payload, ensure_ascii=False)
    assert 3800 < len(encoded(text)) < 4000
    token = mint_host_token(Visitor("anna", frozenset(groups), None, "portal", PORTAL), world.key, now=NOW)
    visitor = world.exchange(token)
    rules = {"embeds": world.embeds, "keys": world.keys, "policy": world.policy.current}
    assert world.read(mint_own_token(visitor, now=NOW, **rules)[0]) == visitor


def test_an_embed_of_very_many_collections_does_not_make_our_token_long(world):
    many = [f"collection-number-{number:04}" for number in range(200)]
    change_embed(world.file, "portal", collections=many)
    world.file.write_text(world.file.read_text("utf-8").replace('["handbook"]', '["*"]', 1), "utf-8")
    token = world.own_token()
    assert len(token) < 500
    assert world.read(token).collections == set(many)


def test_what_an_embed_loses_its_visitors_lose_at_once(world):
    token, narrow = world.own_token(), world.own_token(collections=["cases"])
    change_embed(world.file, "portal", collections=["handbook", "contracts"])
    assert world.read(token).collections == {"handbook", "contracts"}
    with pytest.raises(Refused) as refused:
        world.read(narrow)
    assert refused.value.reason == "there is no collection of portal that the visitor's groups see"


def test_what_a_group_loses_its_members_lose_at_once(world):
    token = world.own_token()
    world.file.write_text(world.file.read_text("utf-8").replace('"contracts", "cases", "secrets"', '"cases"'), "utf-8")
    assert world.read(token).collections == {"handbook", "cases"}


def test_what_an_embed_or_a_group_gains_a_narrow_token_does_not(world):
    token = world.own_token(collections=["cases"])
    change_embed(world.file, "portal", collections=["*"])
    assert world.read(token).collections == {"cases"}


def test_a_minted_token_is_one_that_the_exchange_takes(world):
    visitor = Visitor("bob", frozenset({"legal"}), frozenset({"cases"}), "portal", PORTAL)
    assert world.exchange(mint_host_token(visitor, world.key, now=NOW, seconds=600)) == visitor


def test_a_host_with_any_library_is_understood(world):
    token = jwt.encode(world.claims(), world.key, algorithm="HS256")
    assert world.exchange(token).user == "anna"


def test_a_token_is_not_minted_for_an_embed_that_has_gone(world):
    visitor = world.exchange(world.token())
    rules = {"keys": world.keys, "policy": Policy({}), "now": NOW}
    change_embed(world.file, "portal", on=True)
    with pytest.raises(Refused):
        mint_own_token(Visitor("anna", embed="nowhere", origin=PORTAL), embeds=world.embeds, **rules)
    world.key_file.unlink()
    with pytest.raises(Refused) as refused:
        mint_own_token(visitor, embeds=world.embeds, **(rules | {"keys": Keys(world.key_file, environment={})}))
    assert refused.value.reason == "the visitor's embed, or its key, is gone"


def test_without_groups_written_down_the_embed_alone_decides(world, tmp_path):
    world.file.write_text(f'[embeds.portal]\norigins = ["{PORTAL}"]\ncollections = ["cases"]\n', "utf-8")
    world.policy = LivePolicy(world.file)
    assert world.exchange(world.token(groups=["nobody-knows"])).collections == {"cases"}


def test_a_rotated_key_is_the_one_that_counts(world):
    key = new_key(world.key_file, "portal")
    assert world.exchange(world.token(key=key)).user == "anna"
    with pytest.raises(Refused) as refused:
        world.exchange(world.token())
    assert refused.value.reason == "the token's signature is not by the key of portal"
