"""Signing in through an OpenID Connect provider on a real socket: once as it should be, and every way to cheat."""

from urllib.parse import parse_qs, urlsplit

import pytest
from entrances import client_of, entrance_in
from fake_service import FakeService
from mock_provider import CLIENT, SECRET, curve_key, other_key, providing
from starlette.requests import HTTPConnection

from schema import FootnoteError
from web import provider as provider_module
from web.oidc import SignIns
from web.server import build_app

PATH = "/api/v1/sources"
HTTPS = "https://127.0.0.1"


@pytest.fixture(scope="module")
def mock():
    with providing() as provider:
        yield provider


@pytest.fixture(scope="module")
def entrance(mock, tmp_path_factory):
    opened = entrance_in(
        tmp_path_factory.mktemp("oidc"),
        identity="oidc",
        oidc_issuer=mock.address,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        public_url="http://127.0.0.1",
    )
    yield opened
    opened.close()


@pytest.fixture
def app(built, mock, monkeypatch):
    mock.forget()
    monkeypatch.setattr(provider_module, "KEPT_S", -1.0)  # each test's provider is asked anew
    return built


@pytest.fixture(scope="module")
def built(entrance):
    return build_app(FakeService(), entrance=entrance)


@pytest.fixture
def browser(app):
    return client_of(app)


def begin(browser, target="/"):
    """The address that the browser is sent to."""
    response = browser.get("/login/start", params={"next": target})
    assert response.status_code == 303
    return response.headers["location"]


def come_back(browser, **parameters):
    return browser.get("/login/callback", params=parameters)


def is_refused(browser, response, status=403):
    """Whether nobody is signed in, and nothing of why is told."""
    assert response.status_code == status
    assert "footnote=" not in response.headers.get("set-cookie", "").replace("footnote-login=", "")
    assert browser.get(PATH).status_code == 401
    for secret in ("code-", "nonce", SECRET, "word of the provider", "Traceback", "InvalidClaim"):
        assert secret not in response.text
    return True


def test_a_person_signs_in_and_out(browser, mock, entrance):
    location = begin(browser, "/runs?run=a")
    asked = parse_qs(urlsplit(location).query)
    assert location.startswith(f"{mock.address}/authorize?")
    assert asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == ["http://127.0.0.1/login/callback"]
    assert asked["scope"] == ["openid profile groups"]
    assert asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[name][0]) >= 43 for name in ("state", "nonce", "code_challenge"))
    response = come_back(browser, **mock.sign_in(location))
    assert (response.status_code, response.headers["location"]) == (303, "/runs?run=a")
    assert browser.get(PATH).status_code == 200
    said = response.headers.get_list("set-cookie")
    assert [line.partition("=")[0] for line in said] == ["footnote", "footnote-login"]
    assert all("HttpOnly" in line and "SameSite=lax" in line for line in said)
    assert "Max-Age=0" in said[1]
    assert browser.post("/logout").headers["location"] == "/login"
    assert browser.get(PATH).status_code == 401


async def test_a_person_is_the_providers_own_name_and_groups_see_their_collections(browser, mock, entrance):
    mock.claims.update(groups=["legal", 7, "", "no\nname"], preferred_username="board", sub="248289761001")
    come_back(browser, **mock.sign_in(begin(browser)))
    cookie = f"footnote={browser.cookies['footnote']}".encode()
    guest = await entrance.identity.find(HTTPConnection({"type": "http", "headers": [(b"cookie", cookie)]}))
    assert guest.visitor.user == f"{mock.address}#248289761001"
    assert (guest.visitor.groups, guest.visitor.collections) == ({"legal"}, {"handbook", "contracts"})
    assert (guest.name, guest.can_sign_out) == ("Ada Lovelace", True)


@pytest.mark.parametrize("groups", [None, "legal", {"legal": True}, 7, []])
def test_groups_in_another_form_open_nothing_more(browser, mock, groups):
    mock.claims.update(groups=groups)
    assert come_back(browser, **mock.sign_in(begin(browser))).status_code == 303
    assert browser.get(PATH).status_code == 200


def test_a_token_signed_on_a_curve_is_good_too(browser, mock):
    kept, mock.key = mock.key, curve_key()
    mock.header.update(alg="ES256", kid="curve")
    try:
        assert come_back(browser, **mock.sign_in(begin(browser))).status_code == 303
    finally:
        mock.key = kept


LIES = {
    "another nonce": {"nonce": "x" * 43},
    "no nonce": {"nonce": None},
    "a list with the nonce": {"nonce": ["x"]},
    "another issuer": {"iss": "https://evil.example"},
    "issuer with a slash": {"iss": "http://127.0.0.1/"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "another-client"},
    "no audience": {"aud": None},
    "empty audience": {"aud": []},
    "several audiences and no party": {"aud": [CLIENT, "another-client"]},
    "another party": {"aud": [CLIENT, "another-client"], "azp": "another-client"},
    "another party for us alone": {"azp": "another-client"},
    "expired": {"exp": 1_600_000_000},
    "expires never": {"exp": None},
    "expires in words": {"exp": "9999999999"},
    "not yet": {"nbf": 9_999_999_999},
    "issued in the future": {"iat": 9_999_999_999},
    "no time of issue": {"iat": None},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
    "a number as subject": {"sub": 7},
    "a subject with a line end": {"sub": "ada\nroot"},
    "only a mail address": {"sub": None, "email": "ada@corp.example", "email_verified": True},
}


@pytest.mark.parametrize("lie", list(LIES))
def test_a_token_that_says_something_else_is_refused(browser, mock, lie):
    location = begin(browser)
    mock.claims.update(LIES[lie])
    assert is_refused(browser, come_back(browser, **mock.sign_in(location)))


FORGERIES = {
    "alg none": ({"alg": "none"}, None),
    "alg none without a key": ({"alg": "none", "kid": None}, None),
    "HS256 with the public key": ({"alg": "HS256"}, None),
    "HS256 without a key's name": ({"alg": "HS256", "kid": None}, None),
    "somebody else's key": ({}, lambda provider: other_key()),
    "somebody else's key, unknown": ({"kid": "two"}, lambda provider: other_key("two")),
    "another algorithm of RSA": ({"alg": "PS256"}, lambda provider: provider.key),
    "a longer hash": ({"alg": "RS512"}, lambda provider: provider.key),
}


@pytest.mark.parametrize("forgery", list(FORGERIES))
def test_a_token_that_the_provider_did_not_sign_is_refused(browser, mock, forgery):
    header, key = FORGERIES[forgery]
    location = begin(browser)
    mock.header.update(header)
    mock.signing = key and key(mock)
    assert is_refused(browser, come_back(browser, **mock.sign_in(location)))


def test_a_key_that_the_token_brings_along_is_not_used(browser, mock):
    location, key = begin(browser), other_key("own")
    mock.header.update(kid="own", jwk=key.as_dict(private=False))
    mock.signing = key
    assert is_refused(browser, come_back(browser, **mock.sign_in(location)))


@pytest.mark.parametrize("answer", [{"id_token": None}, {"id_token": ""}, {"id_token": "a.b.c"}, {"id_token": 7}])
def test_without_a_signed_token_nobody_is_signed_in(browser, mock, answer):
    """An access token, or what the userinfo endpoint would say, is no proof of who signed in."""
    location = begin(browser)
    mock.answer.update(answer)
    assert is_refused(browser, come_back(browser, **mock.sign_in(location)))
    assert not any("userinfo" in path for path in mock.asked)


@pytest.mark.parametrize("state", ["", "x", "a" * 43, None])
def test_an_answer_without_the_state_is_refused_and_the_code_is_not_used(browser, mock, state):
    back = mock.sign_in(begin(browser))
    back["state"] = state
    assert is_refused(
        browser, come_back(browser, **{name: value for name, value in back.items() if value is not None}), 400
    )
    assert mock.tokens == []


def test_a_state_is_good_once(browser, mock):
    back = mock.sign_in(begin(browser))
    assert come_back(browser, **back).status_code == 303
    browser.cookies.clear()
    assert is_refused(browser, come_back(browser, **back), 400)


def test_a_state_is_used_up_by_an_answer_that_fails(browser, mock):
    back = mock.sign_in(begin(browser))
    kept = dict(browser.cookies)
    assert is_refused(browser, come_back(browser, state=back["state"], error="access_denied"))
    browser.cookies.update(kept)
    assert is_refused(browser, come_back(browser, **back), 400)


def test_a_sign_in_that_somebody_else_began_is_refused(app, mock):
    """Else a person could be signed in as the attacker, and ask under their name."""
    attacker, victim = client_of(app), client_of(app)
    back = mock.sign_in(begin(attacker))
    begin(victim)
    assert is_refused(victim, come_back(victim, **back), 400)
    stranger = client_of(app)
    back = mock.sign_in(begin(attacker))
    assert is_refused(stranger, come_back(stranger, **back), 400)


def test_a_code_of_another_sign_in_is_refused(app, mock):
    """The verifier belongs to the sign-in that began it (PKCE)."""
    attacker, victim = client_of(app), client_of(app)
    stolen = mock.sign_in(begin(victim))["code"]
    own = mock.sign_in(begin(attacker))
    assert is_refused(attacker, come_back(attacker, code=stolen, state=own["state"]))


def test_a_code_that_was_used_is_refused(browser, mock):
    first = mock.sign_in(begin(browser))
    assert come_back(browser, **first).status_code == 303
    browser.cookies.clear()
    second = mock.sign_in(begin(browser))
    assert is_refused(browser, come_back(browser, code=first["code"], state=second["state"]))


@pytest.mark.parametrize("issuer", ["https://evil.example", "", "two"])
def test_an_answer_of_another_provider_is_refused_before_the_code_is_sent_anywhere(browser, mock, issuer):
    back = mock.sign_in(begin(browser))
    said = [mock.address, "https://evil.example"] if issuer == "two" else issuer
    assert is_refused(browser, browser.get("/login/callback", params={**back, "iss": said}))
    assert mock.tokens == []


def test_a_provider_that_always_names_itself_has_to(browser, mock):
    mock.metadata["authorization_response_iss_parameter_supported"] = True
    back = mock.sign_in(begin(browser))
    assert is_refused(browser, come_back(browser, **back))
    back = mock.sign_in(begin(browser))
    assert come_back(browser, **back, iss=mock.address).status_code == 303


@pytest.mark.parametrize("name", ["code", "state"])
def test_a_parameter_that_is_there_twice_is_refused(browser, mock, name):
    back = mock.sign_in(begin(browser))
    doubled = [*back.items(), (name, back[name])]
    assert is_refused(browser, browser.get("/login/callback", params=doubled), 400 if name == "state" else 403)


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "/login", "/x\r\ny"])
def test_nobody_is_led_elsewhere_after_signing_in(browser, mock, target):
    response = come_back(browser, **mock.sign_in(begin(browser, target)), next=target)
    assert (response.status_code, response.headers["location"]) == (303, "/")


def test_the_address_to_come_back_to_is_ours_whatever_a_header_says(browser):
    forged = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https", "forwarded": "host=evil.example"}
    location = browser.get("/login/start", headers=forged).headers["location"]
    assert parse_qs(urlsplit(location).query)["redirect_uri"] == ["http://127.0.0.1/login/callback"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "http://keys.example/"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_provider_that_says_odd_things_of_itself_is_not_asked(browser, mock, metadata):
    mock.metadata.update(metadata)
    response = browser.get("/login/start")
    assert (response.status_code, "location" in response.headers) == (503, False)
    assert "be reached now" in response.text


def test_a_provider_that_is_down_is_said_to_be(browser, mock):
    back = mock.sign_in(begin(browser))
    mock.is_down = True
    assert is_refused(browser, come_back(browser, **back), 503)
    assert browser.get("/login/start").status_code == 503
    assert browser.get("/livez").status_code == 200


def test_the_session_before_ends_with_a_new_sign_in(browser, mock):
    come_back(browser, **mock.sign_in(begin(browser)))
    first = browser.cookies["footnote"]
    come_back(browser, **mock.sign_in(begin(browser)))
    assert browser.cookies["footnote"] != first
    browser.cookies.clear()
    assert browser.get(PATH, headers={"cookie": f"footnote={first}"}).status_code == 401


def test_there_is_no_password_to_sign_in_with(browser):
    assert "Sign in" in browser.get("/login").text
    assert 'type="password"' not in browser.get("/login").text
    assert browser.post("/login", data={"password": "x" * 12}).status_code == 404


def test_sign_ins_end_after_ten_minutes_and_are_bounded():
    now = [0.0]
    sign_ins = SignIns(lambda: now[0])
    state, browser, _ = sign_ins.begin("/")
    now[0] = 601.0
    assert sign_ins.take(state, browser) is None
    first = sign_ins.begin("/")
    for _ in range(10_000):
        last = sign_ins.begin("/")
    assert sign_ins.take(first[0], first[1]) is None
    assert sign_ins.take(last[0], last[1]) == last[2]
    assert sign_ins.take(last[0], last[1]) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"oidc_issuer": ""}, "needs the setting oidc_issuer"),
        ({"oidc_client_id": ""}, "needs the setting oidc_client_id"),
        ({"public_url": ""}, "needs the setting public_url"),
        ({"oidc_issuer": "http://login.example"}, "needs https://"),
        ({"public_url": "http://ask.example"}, "needs https://"),
    ],
)
def test_what_is_missing_is_said_at_the_start(tmp_path, settings, message):
    good = {"oidc_issuer": "https://login.example", "oidc_client_id": "a", "public_url": "https://ask.example"}
    with pytest.raises(FootnoteError, match=message):
        entrance_in(tmp_path, identity="oidc", **{**good, **settings})


def test_under_https_both_cookies_belong_to_this_host_alone(tmp_path, mock):
    mock.forget()
    opened = entrance_in(
        tmp_path, identity="oidc", oidc_issuer=mock.address, oidc_client_id=CLIENT, oidc_client_secret=SECRET,
        public_url=HTTPS,
    )  # fmt: skip
    browser = client_of(build_app(FakeService(), entrance=opened))
    started = browser.get("/login/start")
    said = started.headers["set-cookie"]
    assert said.startswith("__Host-footnote-login=") and "Secure" in said
    back = mock.sign_in(started.headers["location"])
    cookie = said.partition(";")[0]
    answer = browser.get("/login/callback", params=back, headers={"cookie": cookie})
    assert answer.headers.get_list("set-cookie")[0].startswith("__Host-footnote=")
    opened.close()
