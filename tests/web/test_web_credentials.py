"""Everything that opens something, brought in every way: it opens by its own alone, and not a request too long."""

from __future__ import annotations

import time

import pytest
from entrances import (
    ACCESS,
    KEYS,
    PASSWORD,
    PORTAL,
    PROXY,
    SECRET,
    answers_of,
    client_of,
    entrance_in,
    signed_in,
    through_proxy,
    token_for,
)
from fake_service import FakeService

from access.embeds import change_embed, remove_embed
from access.keys import keys_path, new_key
from access.quotas import Allowance, Quotas
from access.sessions import Sessions
from access.tokens import mint_host_token
from access.visitor import Visitor
from schema import FootnoteError
from web.desk import Desk, Records
from web.server import build_app

PAGE = "/api/v1/sources/default/briefing.pdf/pages/1"
QUESTION = {"question": "When?"}
METRICS = "metrics-Zq8LmR2vX7cN4bT1yK9wP5sD"


@pytest.fixture
def entrance(tmp_path):
    opened = entrance_in(tmp_path, identity="password")
    yield opened
    opened.close()


@pytest.fixture
def app(entrance):
    return build_app(FakeService(pause_s=0), entrance=entrance, metrics_token=METRICS)


def credentials(app, entrance):
    """What there is to bring, by what it is."""
    keys = entrance.rules.keys
    visitor = Visitor("eve", embed="portal", origin=PORTAL)
    return {
        "session": signed_in(app).cookies["footnote"],
        "token of ours": token_for(entrance),
        "token of a host": mint_host_token(visitor, keys.of("portal"), now=time.time()),
        "password": PASSWORD,
        "key of the embed": keys.of("portal"),
        "key of the server": "server-Zq8LmR2vX7cN4bT1yK9wP5sD3fG6hJ0a",
        "secret of the proxy": SECRET,
        "token of the metrics": METRICS,
    }


TRANSPORTS = {
    "bearer": lambda value: {"authorization": f"Bearer {value}"},
    "bearer in lower case": lambda value: {"authorization": f"bearer {value}"},
    "basic": lambda value: {"authorization": f"Basic {value}"},
    "token": lambda value: {"authorization": f"Token {value}"},
    "bare": lambda value: {"authorization": value},
    "proxy's authorization": lambda value: {"proxy-authorization": f"Bearer {value}"},
    "cookie": lambda value: {"cookie": f"footnote={value}"},
    "cookie of https": lambda value: {"cookie": f"__Host-footnote={value}"},
    "cookie of another name": lambda value: {"cookie": f"session={value}; token={value}; access-token={value}"},
    "x-api-key": lambda value: {"x-api-key": value},
    "api-key": lambda value: {"api-key": value},
    "x-auth-token": lambda value: {"x-auth-token": value},
    "x-access-token": lambda value: {"x-access-token": value},
    "x-csrf-token": lambda value: {"x-csrf-token": value},
    "x-footnote-token": lambda value: {"x-footnote-token": value},
    "x-footnote-user": lambda value: {"x-footnote-user": value},
    "x-footnote-proxy": lambda value: {"x-footnote-proxy": value, "x-footnote-user": "ada"},
    "sec-websocket-protocol": lambda value: {"sec-websocket-protocol": value},
    "address": lambda value: {"address": f"?access_token={value}&token={value}&key={value}&footnote={value}"},
}
OPENS = {("session", "cookie"), ("token of ours", "bearer"), ("token of ours", "bearer in lower case")}


async def opened_by(app, headers) -> bool:
    """Whether these headers, from the embed's own page, open a document."""
    query = headers.pop("address", "")
    asked = [("GET", PAGE + query), ("GET", f"{PAGE}/picture{query}"), ("GET", f"/v1/models{query}")]
    # A page of the embed's own brings a token from its origin; our own page sends none when it reads.
    here = {"origin": PORTAL} if "authorization" in headers else {}
    answers = await answers_of(app, asked, **headers, **here)
    statuses = {answer.status_code for answer in answers.values()}
    assert statuses in ({200}, {200, 404}, {400}, {401}, {403}), statuses  # there is no picture of the page
    return 200 in statuses


async def test_each_credential_opens_by_its_own_way_and_by_no_other(app, entrance):
    brought = credentials(app, entrance)
    opened = {
        (kind, way)
        for kind, value in brought.items()
        for way, headers in TRANSPORTS.items()
        if await opened_by(app, headers(value))
    }
    assert len(brought) * len(TRANSPORTS) > 150
    assert opened == OPENS


def a_new_password(folder, entrance, client):
    path = keys_path(entrance.rules.embeds.path)
    path.write_text(path.read_text("utf-8").replace(PASSWORD, "nine quiet otters"), "utf-8")


def a_new_key_of_the_server(folder, entrance, client):
    path = keys_path(entrance.rules.embeds.path)
    path.write_text(path.read_text("utf-8").replace("server-Zq8", "server-Ax9"), "utf-8")


ENDS = {
    "signing out": (lambda folder, entrance, client: client.post("/logout"), {"session"}),
    "a new password": (a_new_password, {"session"}),
    "being forgotten": (
        lambda folder, entrance, client: [
            Sessions(entrance.rules.database).end_all(user) for user in sessions_of(entrance)
        ],
        {"session"},
    ),
    "a new key of the embed": (
        lambda folder, entrance, client: new_key(keys_path(entrance.rules.embeds.path), "portal"),
        {"token of ours", "token of a host"},
    ),
    "an embed switched off": (
        lambda folder, entrance, client: change_embed(entrance.rules.embeds.path, "portal", on=False),
        {"token of ours", "token of a host"},
    ),
    "an embed removed": (
        lambda folder, entrance, client: remove_embed(entrance.rules.embeds.path, "portal"),
        {"token of ours", "token of a host"},
    ),
    "another origin": (
        lambda folder, entrance, client: change_embed(
            entrance.rules.embeds.path, "portal", origins=("https://moved.example",)
        ),
        {"token of ours", "token of a host"},
    ),
    "a new key of the server": (a_new_key_of_the_server, {"token of ours"}),
}


def sessions_of(entrance):
    """The names under which people are signed in."""
    return [user for (user,) in entrance.rules.database.run("SELECT DISTINCT person FROM session")[0]]


def alive(app, client, own, host):
    """Which credentials open something at this moment; a host's token is used up by being tried."""
    page = {"authorization": f"Bearer {own}", "origin": PORTAL}
    found = {"session"} if client.get(PAGE).status_code == 200 else set()
    found |= {"token of ours"} if client_of(app, **page).get(PAGE).status_code == 200 else set()
    exchange = {"authorization": f"Bearer {host}", "origin": PORTAL}
    tried = client_of(app).post("/api/v1/embed/session", headers=exchange)
    return found | ({"token of a host"} if tried.status_code == 200 else set())


@pytest.mark.parametrize("end", list(ENDS))
def test_what_ends_a_credential_ends_it_at_the_next_request_and_leaves_the_others(app, entrance, tmp_path, end):
    act, ended = ENDS[end]
    client, visitor = signed_in(app), Visitor("eve", embed="portal", origin=PORTAL)
    own, key = token_for(entrance), entrance.rules.keys.of("portal")
    hosts = [mint_host_token(visitor, key, now=time.time()) for _ in range(2)]
    everything = {"session", "token of ours", "token of a host"}
    assert alive(app, client, own, hosts[0]) == everything
    act(tmp_path, entrance, client)
    assert alive(app, client, own, hosts[1]) == everything - ended


def test_who_loses_a_group_sees_less_at_the_next_request(tmp_path):
    opened = entrance_in(tmp_path, identity="proxy", proxy_addresses=(PROXY,))
    service = FakeService()
    client = client_of(build_app(service, entrance=opened), PROXY)
    for access, groups, seen in (
        (ACCESS, "legal", {"handbook", "contracts"}),
        (ACCESS, "", {"handbook"}),
        (ACCESS.replace('legal = ["contracts"]', "legal = []"), "legal", {"handbook"}),
        (ACCESS.replace('everyone = ["handbook"]', ""), "nobody", set()),
    ):
        opened.rules.embeds.path.write_text(access, "utf-8")
        service.viewed.clear()
        assert client.get("/api/v1/sources", headers=through_proxy("bob", groups)).status_code == 200
        assert set(service.viewed) == {frozenset(seen)}
    opened.close()


ROTATING = """
    x-forwarded-for x-real-ip forwarded x-client-ip true-client-ip cf-connecting-ip x-forwarded-host x-request-id
    user-agent accept-language
""".split()
MOST = 20


@pytest.mark.parametrize("way", ["proxy", "widget"])
def test_a_limit_holds_to_the_question_whatever_addresses_are_claimed(tmp_path, way):
    """A tenth more than allowed, over three doors, each with other headers: exactly so many are answered."""
    opened = entrance_in(tmp_path, identity="proxy", proxy_addresses=(PROXY,))
    quotas = Quotas(MOST, lambda name: Allowance(per_minute=1_000, per_day=1_000))
    service = FakeService(pause_s=0)
    app = build_app(service, entrance=opened, desk=Desk(service, records=Records(quotas)))
    page = {"authorization": f"Bearer {token_for(opened)}", "origin": PORTAL}
    brought = through_proxy() if way == "proxy" else page
    chat = {"model": "footnote", "messages": [{"role": "user", "content": "When?"}]}
    doors = [("/api/v1/ask", QUESTION), ("/api/v1/search", QUESTION), ("/v1/chat/completions", chat)]
    answered = []
    for number in range(MOST + MOST // 10 + 3):
        address = f"10.1.{number}.7"
        claimed = {name: f"for={address}" if name == "forwarded" else address for name in ROTATING}
        path, body = doors[number % 3]
        client = client_of(app, PROXY if way == "proxy" else address, **brought)
        response = client.post(path, json=body, headers=claimed)
        answered.append(response.status_code)
        if response.status_code == 429:
            assert 1 <= int(response.headers["retry-after"]) <= 60
    assert answered == [200] * MOST + [429] * 5
    assert client_of(app, PROXY, **through_proxy("bob")).post("/api/v1/ask", json=QUESTION).status_code == 200
    opened.close()


@pytest.mark.parametrize("keys", ["short", "x" * 40, "changeme" * 5])
@pytest.mark.parametrize("name", ["server", "portal"])
def test_a_key_that_could_be_guessed_lets_nobody_begin(tmp_path, name, keys):
    old = {"server": "server-Zq8LmR2vX7cN4bT1yK9wP5sD3fG6hJ0a", "portal": "portal-Zq8LmR2vX7cN4bT1yK9wP5sD3fG6hJ0"}
    with pytest.raises(FootnoteError):
        entrance_in(tmp_path, identity="password", keys=KEYS.replace(old[name], keys))
