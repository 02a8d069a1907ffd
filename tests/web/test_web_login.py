"""Signing in with the team's password: the form, the session, and everything that must not lead in, or elsewhere."""

import time
from urllib.parse import urljoin, urlsplit

import pytest
from entrances import KEYS, PASSWORD, client_of, entrance_in, signed_in
from fake_service import FakeService
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection
from starlette.responses import Response

from access.keys import keys_path
from schema import FootnoteError
from web.attempts import Attempts
from web.cookies import Cookie
from web.login import build_login_router, own_path
from web.server import build_app

PATH = "/api/v1/sources"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def entrance(tmp_path_factory):
    opened = entrance_in(tmp_path_factory.mktemp("login"), identity="password")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def built(entrance):
    return build_app(FakeService(), entrance=entrance)


@pytest.fixture
def app(built, entrance):
    """The same application with a door that has seen no wrong password yet."""
    fresh = build_login_router(entrance.identity)
    kept = list(built.router.routes)
    built.router.routes[:0] = fresh.routes
    yield built
    built.router.routes[:] = kept


def test_the_right_password_opens_and_signing_out_closes(app):
    client = client_of(app)
    assert client.get(PATH).status_code == 401
    response = client.post("/login", data={"password": PASSWORD, "next": "/runs?run=a"})
    assert (response.status_code, response.headers["location"]) == (303, "/runs?run=a")
    assert client.get(PATH).status_code == 200
    kept = dict(client.cookies)
    left = client.post("/logout")
    assert (left.status_code, left.headers["location"]) == (303, "/login")
    assert client.get(PATH).status_code == 401
    assert (
        client_of(app, cookie="; ".join(f"{name}={value}" for name, value in kept.items())).get(PATH).status_code == 401
    )


@pytest.mark.parametrize(
    "tried",
    [
        "",
        PASSWORD[:-1],
        PASSWORD + " ",
        PASSWORD.upper(),
        " " + PASSWORD,
        PASSWORD + "\0",
        "é" * 20,
        "\ud83d",
        "a" * 900,
    ],
)
def test_any_other_password_does_not(app, tried):
    client = client_of(app)
    body = f"password={tried}".encode("utf-8", "surrogatepass")
    response = client.post("/login", content=body, headers=FORM)
    assert response.status_code == 401
    assert "That is not the password." in response.text
    assert "set-cookie" not in response.headers
    assert client.get(PATH).status_code == 401


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f'{{"password": "{PASSWORD}"}}', "application/json"),
        (f"password={PASSWORD}", "text/plain"),
        (f"password={PASSWORD}", ""),
        (f"password={PASSWORD}&x={'a' * 20_000}", FORM["content-type"]),
        ("&".join(["a=b"] * 15) + f"&password={PASSWORD[:-1]}", FORM["content-type"]),
    ],
)
def test_only_the_form_signs_in(app, body, kind):
    assert client_of(app).post("/login", content=body, headers={"content-type": kind}).status_code == 401


def test_a_form_with_a_thousand_fields_does_no_harm(app):
    assert client_of(app).post("/login", content="&".join(["a=b"] * 1_000), headers=FORM).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_can_sign_nobody_in_or_out(app, headers):
    client = client_of(app)
    response = client.post("/login", data={"password": PASSWORD}, headers=headers)
    assert (response.status_code, "set-cookie" in response.headers) == (403, False)
    client = signed_in(app)
    assert client.post("/logout", headers=headers).status_code == 403
    assert client.get("/logout").status_code in (404, 405)
    assert client.get(PATH).status_code == 200


def test_the_id_changes_when_somebody_signs_in_and_the_one_before_ends(app):
    client = client_of(app, cookie="footnote=planted")
    sent = client.post("/login", data={"password": PASSWORD})
    first = sent.cookies["footnote"]
    assert "planted" not in first
    again = client_of(app, cookie=f"footnote={first}").post("/login", data={"password": PASSWORD})
    assert again.cookies["footnote"] != first
    assert client_of(app, cookie=f"footnote={first}").get(PATH).status_code == 401
    assert client_of(app, cookie=f"footnote={again.cookies['footnote']}").get(PATH).status_code == 200


def test_two_cookies_of_the_name_are_nobodys(app):
    good = signed_in(app).cookies["footnote"]
    for cookies in (
        f"footnote={good}; footnote=x",
        f"footnote=x; footnote={good}",
        f"footnote={good}; footnote={good}",
    ):
        assert client_of(app, cookie=cookies).get(PATH).status_code == 401
    assert client_of(app, cookie=f"other=x; footnote={good}").get(PATH).status_code == 200


@pytest.mark.parametrize("spoil", ["x", ".", "..", "a.b", "é", "\x7f", "%00", "' OR 1=1 --", "a" * 5_000])
async def test_no_other_value_is_a_session(app, entrance, spoil):
    good = signed_in(app).cookies["footnote"]
    session, _, code = good.partition(".")
    tried = [spoil, session, f"{session}.", f".{code}", f"{spoil}.{code}", f"{session}.{spoil}", f"{good}{spoil}"]
    for value in tried:
        raw = [(b"cookie", f"footnote={value}".encode("latin-1"))]
        assert await entrance.identity.find(HTTPConnection({"type": "http", "headers": raw})) is None
    raw = [(b"cookie", f"footnote={good}".encode())]
    assert await entrance.identity.find(HTTPConnection({"type": "http", "headers": raw}))


def test_a_session_ends_after_twelve_hours(app, entrance, monkeypatch):
    before = time.time()
    client = signed_in(app)
    after = time.time()
    monkeypatch.setattr(time, "time", lambda: before + 12 * 3600 - 5)
    assert client.get(PATH).status_code == 200
    monkeypatch.setattr(time, "time", lambda: after + 12 * 3600 + 5)
    assert client.get(PATH).status_code == 401


def test_a_new_password_ends_every_session(tmp_path):
    opened = entrance_in(tmp_path, identity="password")
    app = build_app(FakeService(), entrance=opened)
    client = signed_in(app)
    assert client.get(PATH).status_code == 200
    keys_path(opened.rules.embeds.path).write_text(KEYS.replace(PASSWORD, "nine quiet otters"), "utf-8")
    assert client.get(PATH).status_code == 401
    assert signed_in(app, "nine quiet otters").get(PATH).status_code == 200
    assert client_of(app).post("/login", data={"password": PASSWORD}).status_code == 401
    opened.close()


def test_sessions_outlast_the_server_and_are_not_in_the_file(tmp_path):
    opened = entrance_in(tmp_path, identity="password")
    client = signed_in(build_app(FakeService(), entrance=opened))
    cookie = client.cookies["footnote"]
    opened.close()
    again = entrance_in(tmp_path, identity="password")
    app = build_app(FakeService(), entrance=again)
    assert client_of(app, cookie=f"footnote={cookie}").get(PATH).status_code == 200
    again.close()
    held = b"".join(file.read_bytes() for file in (tmp_path / "state").iterdir())
    assert cookie.partition(".")[0].encode() not in held
    assert PASSWORD.encode() not in held


async def test_two_sessions_are_two_people_to_limits_and_to_answers(app, entrance):
    cookies = [signed_in(app).cookies["footnote"] for _ in range(2)]
    raw = [[(b"cookie", f"footnote={value}".encode())] for value in cookies]
    first, second = [await entrance.identity.find(HTTPConnection({"type": "http", "headers": one})) for one in raw]
    assert first.key != second.key and first.visitor.user != second.visitor.user
    assert (first.name, first.can_sign_out, first.visitor.collections) == ("", True, {"handbook"})


@pytest.mark.parametrize(
    ("public_url", "name", "flags"),
    [
        ("", "footnote", "HttpOnly; Max-Age=43200; Path=/; SameSite=lax"),
        ("http://127.0.0.1", "footnote", "HttpOnly; Max-Age=43200; Path=/; SameSite=lax"),
        ("https://ask.example", "__Host-footnote", "HttpOnly; Max-Age=43200; Path=/; SameSite=lax; Secure"),
    ],
)
def test_the_cookie_is_for_this_server_alone(tmp_path, public_url, name, flags):
    opened = entrance_in(tmp_path, identity="password", public_url=public_url)
    client = client_of(build_app(FakeService(), entrance=opened))
    said = client.post("/login", data={"password": PASSWORD}).headers.get_list("set-cookie")
    assert len(said) == 1
    value, _, rest = said[0].partition("; ")
    assert (value.partition("=")[0], rest) == (name, flags)
    for other in {"footnote", "__Host-footnote"} - {name}:
        plain = client_of(build_app(FakeService(), entrance=opened), cookie=f"{other}={value.partition('=')[2]}")
        assert plain.get(PATH).status_code == 401
    opened.close()


def test_a_cookie_is_cleared_as_it_was_set():
    response = Response()
    Cookie("footnote", secure=True).clear(response)
    assert response.headers["set-cookie"].startswith('__Host-footnote=""; ')
    assert "Secure" in response.headers["set-cookie"] and "Max-Age=0" in response.headers["set-cookie"]


def test_wrong_passwords_slow_down_and_the_right_one_must_wait_too(app):
    client = client_of(app)
    answers = [client.post("/login", data={"password": "wrong"}).status_code for _ in range(7)]
    assert answers == [401] * 5 + [429] * 2
    refused = client.post("/login", data={"password": PASSWORD})
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    assert "There were too many wrong passwords. Try again in" in refused.text
    forged = {"x-forwarded-for": "10.9.9.9", "forwarded": "for=10.9.9.9"}
    assert client.post("/login", data={"password": PASSWORD}, headers=forged).status_code == 429
    assert client_of(app, "10.9.9.9").post("/login", data={"password": PASSWORD}).status_code == 303


def test_attempts_come_back_one_by_one_and_nobody_waits_longer_than_an_interval():
    now = [1000.0]
    attempts = Attempts(lambda: now[0])
    assert [attempts.take("10.0.0.1") for _ in range(7)] == [0.0] * 5 + [10.0] * 2
    assert attempts.take("10.0.0.2") == 0.0
    now[0] += 10
    assert [attempts.take("10.0.0.1") for _ in range(2)] == [0.0, 10.0]


def test_the_right_password_costs_no_attempt():
    attempts = Attempts(lambda: 1000.0)
    for _ in range(200):
        assert attempts.take("10.0.0.1") == 0.0
        attempts.give_back("10.0.0.1")
    assert [attempts.take("10.0.0.1") for _ in range(6)] == [0.0] * 5 + [10.0]


def test_many_addresses_are_slowed_down_together_and_remembered_within_bounds():
    now = [1000.0]
    attempts = Attempts(lambda: now[0])
    assert {attempts.take(f"10.0.{number}.1") for number in range(50)} == {0.0}
    assert attempts.take("10.9.9.9") == 1.0
    for number in range(20_000):
        now[0] += 1
        assert attempts.take(f"10.{number // 256}.{number % 256}.1") == 0.0
    assert len(attempts._by_address) == Attempts.MOST_ADDRESSES


def test_one_customers_half_of_ipv6_counts_as_one_address():
    attempts = Attempts(lambda: 1000.0)
    assert {attempts.take(f"2001:db8:1:2::{number}") for number in range(5)} == {0.0}
    assert attempts.take("2001:db8:1:2:ffff::9") == 10.0
    assert attempts.take("2001:db8:1:3::1") == 0.0


TRICKS = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
    "https://evil.example", "http:evil.example", "https:/evil.example", "https:evil.example", "HTTPS://evil.example",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:x",
    "/%2fevil.example", "/%2f%2fevil.example", "%2f%2fevil.example", "/%5cevil.example", "/%09/evil.example",
    "/\t/evil.example", "/\n/evil.example", "/\r\n/evil.example", "\t//evil.example", " //evil.example", "\n/x",
    "/%0d%0aSet-Cookie:a=b", "/\r\nSet-Cookie: a=b", "/x\r\nLocation: https://evil.example", "/\x00", "/x\x00y",
    "/\u2028/evil.example", "/\u3000", "/\uff0f/evil.example", "/\u2215/evil.example", "/\u29f8evil.example",
    "/.//evil.example", "/..//evil.example", "/../evil", "/./x", "/a/../b", "/a/./b", "/a/..", "/...", "/..;/x",
    "/;//evil.example", "/;@evil.example", "/@evil.example", "@evil.example", "user@evil.example", "/x:y@evil.example",
    "//user:pass@evil.example", "//evil.example:80/x", "//127.0.0.1", "//localhost/", "//[::1]/", "//2130706433",
    "evil.example",  "/x?a=//b", "evil.example/x", "www.evil.example", ".evil.example", "x", "?next=//evil.example",
    "#//evil.example",
    "/#//evil.example", "/?x#y", "/x?next=https://evil.example", "/x?u=//evil.example", "/x?a=b/c", "/a//b", "/a//",
    "", " ", "/ ", " /", "/a b", "/a\"b", "/a'b", "/a<b>", "/a>b", "/a`b", "/a{b}", "/a|b", "/a^b", "/a,b", "/a*b",
    "/login", "/login/", "/login?next=/login", "/login/start", "/login/callback?code=x", "/logout", "/loginx",
    "/a" * 501, "/" + "a" * 1_000, "/?" + "a" * 1_000, "/é", "/\udcff", "/a%", None,
]  # fmt: skip
WRAPPED = [
    f"{before}{host}{after}"
    for before in ("//", "/\\", "\\/", "/\t/", "https:", "https://", "///", "/%2e%2e//", "/.//", "http:\\\\")
    for host in ("evil.example", "evil.example%2f", "127.0.0.1.evil.example", "evil%E3%80%82example")
    for after in ("", "/", "/%2e%2e", "?x=/", "#/")
]


@pytest.mark.parametrize("target", [one for one in TRICKS if one is not None])
def test_after_signing_in_nobody_is_led_elsewhere(target):
    chosen = own_path(target)
    landed = urlsplit(urljoin("https://ask.example/login", chosen))
    assert (landed.scheme, landed.netloc) == ("https", "ask.example")
    assert chosen == "/" or (target == chosen and "//" not in chosen and "\\" not in chosen)


def test_two_hundred_more_ways_of_writing_another_host_lead_nowhere():
    assert len(WRAPPED) == 200
    assert {own_path(target) for target in WRAPPED} == {"/"}


@pytest.mark.parametrize("target", ["/", "/runs", "/runs?run=a&run=b", "/runs/2026.a_b~c/against/x", "/?q=a%20b+c"])
def test_pages_of_our_own_are_gone_back_to(target):
    assert own_path(target) == target


@given(st.text(alphabet=st.sampled_from("/\\.:@?#%25fFeE09aA-_~;&=+ \t\n\r\0"), max_size=30))
def test_whatever_is_asked_for_stays_on_this_server(target):
    landed = urlsplit(urljoin("https://ask.example/login", own_path(target)))
    assert (landed.scheme, landed.netloc) == ("https", "ask.example")


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "/x\r\nset-cookie: a=b", "/login"])
def test_the_answer_to_a_sign_in_leads_to_our_first_page_instead(app, target):
    response = client_of(app).post("/login", data={"password": PASSWORD, "next": target})
    assert (response.status_code, response.headers["location"]) == (303, "/")
    there = signed_in(app).get("/login", params={"next": target})
    assert (there.status_code, there.headers["location"]) == (303, "/")


def test_the_page_to_sign_in_on_loads_nothing_from_elsewhere_and_no_script(app):
    response = client_of(app).get("/login", params={"next": '"><script>x</script>'})
    assert response.headers["cache-control"] == "no-store"
    policy = response.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"} <= set(policy)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "script" not in response.text
    assert PASSWORD not in response.text


@pytest.mark.parametrize("keys", ["", 'password = "short"', 'password = "password1234"'])
def test_no_password_or_a_poor_one_is_refused_at_the_start(tmp_path, keys):
    with pytest.raises(FootnoteError, match="password"):
        entrance_in(tmp_path, keys=keys, identity="password")
