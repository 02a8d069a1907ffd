"""Headers that name a person, believed from the sign-on proxy alone: whatever else is tried changes nothing."""

import pytest
from entrances import PROXY, SECRET, client_of, entrance_in, through_proxy
from fake_service import FakeService
from starlette.requests import HTTPConnection

from schema import FootnoteError
from web.problems import Problem
from web.proxy import Proxy
from web.server import build_app

PATH = "/api/v1/sources"
USER, GROUPS, KEY = "x-footnote-user", "x-footnote-groups", "x-footnote-proxy"


@pytest.fixture(scope="module")
def entrance(tmp_path_factory):
    opened = entrance_in(
        tmp_path_factory.mktemp("proxy"),
        identity="proxy",
        proxy_addresses=(PROXY, "192.168.7.0/29", "2001:db8::5"),
        public_url="https://ask.example",
    )
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(entrance):
    return build_app(FakeService(), entrance=entrance)


def request_from(address, headers):
    """A request as the way of finding out who asks sees it."""
    return HTTPConnection({"type": "http", "headers": as_bytes(headers), "client": (address, 1), "path": PATH})


@pytest.mark.parametrize("address", [PROXY, "192.168.7.1", "2001:db8::5", f"::ffff:{PROXY}"])
async def test_the_proxy_is_believed_from_its_addresses(entrance, address):
    guest = await entrance.identity.find(request_from(address, through_proxy("ada", "legal, board").items()))
    assert (guest.visitor.user, guest.name, guest.key) == ("ada", "ada", "ada")
    assert (guest.visitor.groups, guest.visitor.collections) == ({"legal", "board"}, None)


@pytest.mark.parametrize(
    ("groups", "collections"),
    [
        ("", {"handbook"}),
        ("legal", {"handbook", "contracts"}),
        ("Legal", {"handbook"}),
        ("legal,unheard-of", {"handbook", "contracts"}),
        (" legal ,board", None),
    ],
)
async def test_groups_see_what_the_access_file_says(entrance, groups, collections):
    guest = await entrance.identity.find(request_from(PROXY, through_proxy("bob", groups).items()))
    assert guest.visitor.collections == collections


async def test_names_travel_in_utf8_and_are_compared_in_one_form(entrance):
    spelt = [value.encode("utf-8").decode("latin-1") for value in ("Zo\u00eb", "Zoe\u0308")]
    found = [await entrance.identity.find(request_from(PROXY, through_proxy(name).items())) for name in spelt]
    assert {guest.visitor.user for guest in found} == {"Zo\u00eb"}


async def test_a_name_that_is_no_utf8_is_refused(entrance):
    with pytest.raises(Problem) as refused:
        await entrance.identity.find(request_from(PROXY, through_proxy("\xff\xfe").items()))
    assert refused.value.kind.status == 400


def as_bytes(headers):
    """Headers as they travel."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def variants():
    """What somebody may send, from where, and what it gets: 400 for a claim that isn't the proxy's, 401 for none."""
    good = list(through_proxy().items())

    def without(name):
        return [header for header in good if header[0] != name]

    trusted = {
        "as it should be": (good, 200),
        "no groups": (without(GROUPS), 200),
        "upper case": ([(name.upper(), value) for name, value in good], 200),
        "no secret": (without(KEY), 400),
        "wrong secret": ([*without(KEY), (KEY, SECRET[:-1] + "x")], 400),
        "secret in upper case": ([*without(KEY), (KEY, SECRET.upper())], 400),
        "beginning of the secret": ([*without(KEY), (KEY, SECRET[:-1])], 400),
        "empty secret": ([*without(KEY), (KEY, "")], 400),
        "secret twice": ([*good, (KEY, SECRET)], 400),
        "two secrets": ([*good, (KEY, "x" * 40)], 400),
        "secret in a list": ([*without(KEY), (KEY, f"x, {SECRET}")], 400),
        "nobody": ([(KEY, SECRET)], 401),
        "user twice": ([*good, (USER, "bob")], 400),
        "same user twice": ([*good, (USER, "ada")], 400),
        "users in a list": ([*without(USER), (USER, "ada, bob")], 400),
        "empty user": ([*without(USER), (USER, "")], 400),
        "long user": ([*without(USER), (USER, "a" * 257)], 400),
        "user with a tab": ([*without(USER), (USER, "a\tb")], 400),
        "user with a bidi control": ([*without(USER), (USER, "\u202eada".encode().decode("latin-1"))], 400),
        "groups twice": ([*good, (GROUPS, "legal")], 400),
        "empty group in the list": ([*without(GROUPS), (GROUPS, "legal,,board")], 400),
        "long group": ([*without(GROUPS), (GROUPS, "g" * 257)], 400),
        "many groups": ([*without(GROUPS), (GROUPS, ",".join(["g"] * 1_001))], 400),
        "underscores": ([*without(USER), ("x_footnote_user", "ada")], 400),
        "underscore beside": ([*good, ("x_footnote_user", "bob")], 400),
        "half underscore": ([*good, ("x-footnote_user", "bob")], 400),
        "groups with underscores": ([*good, ("X_FOOTNOTE_GROUPS", "board")], 400),
        "secret with underscores": ([*without(KEY), ("x_footnote_proxy", SECRET)], 400),
        "no hyphens": ([*good, ("xfootnoteuser", "bob")], 400),
        "dots": ([*good, ("x.footnote.user", "bob")], 400),
        "two hyphens": ([*good, ("x--footnote-user", "bob")], 400),
    }
    others = {
        "Remote-User": "remote-user",
        "Remote_User": "remote_user",
        "X-Remote-User": "x-remote-user",
        "X-Forwarded-User": "x-forwarded-user",
        "X-Forwarded-Preferred-Username": "x-forwarded-preferred-username",
        "X-Forwarded-Email": "x-forwarded-email",
        "X-Forwarded-Groups": "x-forwarded-groups",
        "X-Auth-Request-User": "x-auth-request-user",
        "X-Auth-Request-Email": "x-auth-request-email",
        "X-Auth-Request-Groups": "x-auth-request-groups",
        "X-Webauth-User": "x-webauth-user",
        "X-User": "x-user",
        "User": "user",
        "X-Token-Subject": "x-token-subject",
        "Cf-Access-Authenticated-User-Email": "cf-access-authenticated-user-email",
        "Tailscale-User-Login": "tailscale-user-login",
    }
    for name, header in others.items():
        trusted[name] = ([(header, "ada")], 401)
    return trusted


@pytest.mark.parametrize("kind", list(variants()))
def test_what_the_proxys_address_may_send(app, kind):
    headers, status = variants()[kind]
    assert client_of(app, PROXY).get(PATH, headers=as_bytes(headers)).status_code == status


@pytest.mark.parametrize("kind", list(variants()))
def test_from_any_other_address_nothing_helps(app, kind):
    headers, status = variants()[kind]
    expected = 401 if status == 401 and kind != "nobody" else 400
    for address in ("10.0.0.6", "127.0.0.1", "192.168.7.8", "testclient", ""):
        assert client_of(app, address).get(PATH, headers=as_bytes(headers)).status_code == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-forwarded-for", PROXY),
        ("x-forwarded-for", f"{PROXY}, 127.0.0.1"),
        ("x_forwarded_for", PROXY),
        ("x-real-ip", PROXY),
        ("forwarded", f"for={PROXY}"),
        ("x-client-ip", PROXY),
        ("true-client-ip", PROXY),
    ],
)
def test_an_address_that_a_header_names_is_nobodys(app, name, value):
    assert client_of(app, "10.0.0.6").get(PATH, headers={**through_proxy(), name: value}).status_code == 400


@pytest.mark.parametrize(
    "host",
    ["localhost/livez?x=", "127.0.0.1/livez", "127.0.0.1:80/livez", "127.0.0.1#/livez", "127.0.0.1?/livez",
     "127.0.0.1\\livez", "user@127.0.0.1", "127.0.0.1:80:80", "127.0.0.1 ", "[::1", "::1", "[::1]x", "evil.example",
     "ask.example.evil.example", "evil-ask.example", "ask.example,evil.example", "127.0.0.1:999999", "ask.example\t"],
)  # fmt: skip
def test_a_host_that_could_be_taken_for_a_path_or_is_not_ours_is_refused(app, host):
    response = client_of(app, PROXY).get(PATH, headers={"host": host, **through_proxy()})
    assert response.status_code == 400
    assert "public_url" in response.json()["detail"]


@pytest.mark.parametrize("host", ["ask.example", "ASK.example:443", "127.0.0.1", "[::1]:7860"])
def test_a_host_that_is_ours_is_answered(app, host):
    assert client_of(app, PROXY).get(PATH, headers={"host": host, **through_proxy()}).status_code == 200


def test_two_hosts_are_refused(app):
    headers = [("host", "127.0.0.1"), ("host", "evil.example"), *through_proxy().items()]
    assert client_of(app, PROXY).get(PATH, headers=headers).status_code == 400


@pytest.mark.parametrize("prefix", ["/livez", "/login", "/x"])
@pytest.mark.parametrize("header", ["x-forwarded-prefix", "x-forwarded-uri", "x-original-url", "x-script-name"])
def test_no_header_changes_which_path_is_asked_for(app, prefix, header):
    assert client_of(app).get("/runs", headers={header: prefix}).status_code == 401
    assert client_of(app).get(PATH, headers={header: prefix}).status_code == 401


def test_the_page_names_the_address_that_browsers_use(app):
    """Gradio would otherwise take it from X-Forwarded-Host."""
    forged = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}
    config = client_of(app, PROXY, **through_proxy()).get("/config", headers=forged).json()
    assert (config["root"], config["username"]) == ("https://ask.example", "ada")


@pytest.mark.parametrize(
    ("addresses", "secret", "message"),
    [
        ((), SECRET, "needs proxy_addresses"),
        (("10.0.0.300",), SECRET, "'10.0.0.300' is no address or network"),
        (("10.0.0.1/24",), SECRET, "'10.0.0.1/24' is no address or network"),
        (("proxy.example",), SECRET, "'proxy.example' is no address"),
        (("0.0.0.0/0",), SECRET, "0.0.0.0/0 is everybody"),
        (("::/0",), SECRET, "::/0 is everybody"),
        ((PROXY,), "", "needs a secret of at least 32 characters"),
        ((PROXY,), "x" * 31, "FOOTNOTE_PROXY_SECRET"),
    ],
)
def test_a_proxy_that_anybody_could_be_is_refused_at_the_start(entrance, addresses, secret, message):
    with pytest.raises(FootnoteError, match=message):
        Proxy(addresses=addresses, secret=secret, policy=entrance.rules.policy)
