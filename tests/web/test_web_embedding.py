"""The widget's routes: its script under two names, tokens for tokens, and the page for frames."""

import base64
import gzip
import hashlib
import time

import jwt
import pytest
from entrances import PORTAL, PROXY, client_of, entrance_in, signed_in, through_proxy
from fake_service import FakeService

from access.tokens import mint_host_token
from access.visitor import Visitor
from web.embedding import WIDGET, read_script
from web.server import build_app

PLAIN = "http://localhost:8080"
SESSION, TOKEN = "/api/v1/embed/session", "/api/v1/embed/token"


@pytest.fixture(scope="module")
def entrance(tmp_path_factory):
    opened = entrance_in(tmp_path_factory.mktemp("password"), identity="password")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(entrance):
    return build_app(FakeService(), entrance=entrance)


def host_token(entrance, embed="portal", origin=PORTAL, user="ada"):
    visitor = Visitor(user, embed=embed, origin=origin)
    return mint_host_token(visitor, entrance.rules.keys.of(embed), now=time.time())


def exchanged(client, token, origin=PORTAL):
    return client.post(SESSION, headers={"authorization": f"Bearer {token}", "origin": origin})


def test_the_script_is_for_everybody_and_may_be_loaded_from_other_pages(app):
    response = client_of(app).get("/widget.js", headers={"origin": PORTAL})
    assert (response.status_code, response.content) == (200, WIDGET.read_bytes())
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    assert response.headers["access-control-allow-origin"] == PORTAL  # without it, no page could check its integrity
    assert response.headers["content-encoding"] == "gzip"
    plain = client_of(app).get("/widget.js", headers={"accept-encoding": "identity"})
    assert plain.content == response.content
    assert "content-encoding" not in plain.headers
    assert "access-control-allow-origin" not in plain.headers


def test_the_pinned_name_holds_the_hash_and_never_goes_stale(app):
    script = read_script()
    assert script.path == f"/widget.{hashlib.sha256(WIDGET.read_bytes()).hexdigest()[:12]}.js"
    response = client_of(app).get(script.path)
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    digest = base64.b64encode(hashlib.sha384(response.content).digest()).decode()
    assert script.integrity == f"sha384-{digest}"
    assert gzip.decompress(script.packed) == response.content
    assert client_of(app).get("/widget.000000000000.js").status_code == 401


def test_a_hosts_token_becomes_ours_once_with_the_looks_of_the_embed(app, entrance):
    client, token = client_of(app), host_token(entrance)
    response = exchanged(client, token)
    assert response.status_code == 200
    answer = response.json()
    assert {name: answer[name] for name in answer if name != "token"} == {
        "expires_in": 600, "name": "portal", "texts": {}, "colours": {}, "questions": []
    }  # fmt: skip
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["access-control-allow-origin"] == PORTAL
    assert "set-cookie" not in response.headers
    asked = {"authorization": f"Bearer {answer['token']}", "origin": PORTAL}
    assert client.post("/api/v1/ask", json={"question": "When was it published?"}, headers=asked).status_code == 200
    again = exchanged(client, token)
    assert (again.status_code, again.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("scheme", ["", "Bearer", "Bearer ", "Basic abc", "Bearer not.a.token"])
def test_an_exchange_without_a_genuine_token_is_refused(app, scheme):
    response = client_of(app).post(SESSION, headers={"authorization": scheme, "origin": PORTAL} if scheme else {})
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"


def test_an_exchange_from_another_page_is_refused_and_uses_nothing_up(app, entrance):
    client, token = client_of(app), host_token(entrance)
    for origin in ("https://evil.example", "null", "", PLAIN):  # the last is the embed's, and not the token's
        assert exchanged(client, token, origin).status_code == 401
    assert exchanged(client, token).status_code == 200


def test_somebody_signed_in_gets_a_token_for_a_page_of_the_embed(app, entrance):
    client = signed_in(app)
    response = client.post(
        TOKEN, content='{"embed": "portal"}', headers={"origin": PORTAL, "content-type": "text/plain"}
    )
    assert response.status_code == 200
    assert response.headers["access-control-allow-credentials"] == "true"
    assert response.headers["access-control-allow-origin"] == PORTAL
    assert exchanged(client_of(app), response.json()["token"]).status_code == 200


@pytest.mark.parametrize(
    ("embed", "origin"),
    [("portal", "https://evil.example"), ("portal", ""), ("closed", "https://closed.example"), ("none", PORTAL)],
)
def test_no_token_for_another_page_or_an_embed_that_is_off_or_unknown(app, embed, origin):
    response = signed_in(app).post(TOKEN, json={"embed": embed}, headers={"origin": origin})
    assert (response.status_code, response.json()["type"]) == (403, "/problems/foreign-page")
    assert "access-control-allow-credentials" not in response.headers


def test_nobody_gets_a_token_without_signing_in(app):
    response = client_of(app).post(TOKEN, json={"embed": "portal"}, headers={"origin": PORTAL})
    assert response.status_code == 401


def test_a_token_of_ours_names_the_person_and_what_they_may_see(tmp_path):
    opened = entrance_in(tmp_path, identity="proxy", proxy_addresses=[PROXY])
    try:
        app = build_app(FakeService(), entrance=opened)
        response = client_of(app, PROXY).post(
            TOKEN, json={"embed": "portal"}, headers={**through_proxy("ada", "legal"), "origin": PORTAL}
        )
        claims = jwt.decode(response.json()["token"], options={"verify_signature": False})
        assert (claims["sub"], claims["groups"]) == ("ada", ["legal"])
        assert claims["exp"] - claims["iat"] == 60
    finally:
        opened.close()


def test_the_page_for_frames_is_framed_by_the_embeds_pages_only(app):
    client = signed_in(app)
    response = client.get("/embed/portal")
    policy = response.headers["content-security-policy"]
    assert response.status_code == 200
    assert policy.endswith(f"frame-ancestors {PORTAL} {PLAIN}")
    assert "unsafe" not in policy
    assert '<footnote-widget embed="portal" token-url="/api/v1/embed/token" mode="inline">' in response.text
    assert read_script().integrity in response.text
    assert [client.get(f"/embed/{name}").status_code for name in ("closed", "none", "%3Cimg%3E")] == [404] * 3
    assert client.get("/").headers["content-security-policy"].endswith("frame-ancestors 'self'")


def test_without_rules_there_is_the_script_and_nothing_to_exchange():
    client = client_of(build_app(FakeService()))
    assert client.get("/widget.js").status_code == 200
    assert client.post(SESSION).status_code == 404
    assert client.get("/embed/portal").status_code == 404
