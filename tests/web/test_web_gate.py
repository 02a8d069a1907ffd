"""The gate in front of everything: who gets through, with what, and what those behind it get to hear."""

import re

import pytest
from entrances import PASSWORD, PORTAL, PROXY, client_of, entrance_in, signed_in, through_proxy, token_for
from fake_evaluations import FakeEvaluations
from fake_service import FakeService
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from web.gate import EMBED_ROUTES, PUBLIC, Gate
from web.identity import NOBODY, Everybody, guest_of, visitor_of
from web.server import build_app

QUESTION = {"question": "When was the strategy published?"}
PAGE = "/api/v1/sources/default/briefing.pdf/pages/1"


@pytest.fixture(scope="module")
def entrance(tmp_path_factory):
    opened = entrance_in(tmp_path_factory.mktemp("password"), identity="password")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def service():
    return FakeService()


@pytest.fixture(scope="module")
def app(entrance, service):
    return build_app(service, entrance=entrance, evaluations=FakeEvaluations())


@pytest.fixture(scope="module")
def open_app(tmp_path_factory):
    """Everybody is let in, and there is an embed."""
    opened = entrance_in(tmp_path_factory.mktemp("none"))
    yield build_app(FakeService(), entrance=opened)
    opened.close()


class Behind:
    """What stands behind a gate of its own, and keeps what reached it."""

    def __init__(self):
        self.scopes = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        await JSONResponse({"path": scope["path"]})(scope, receive, send)


@pytest.fixture
def behind():
    return Behind()


@pytest.fixture
def gate(behind):
    return Gate(behind, identity=Everybody(), read_token=lambda token, origin: None)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("HEAD", "/"), ("GET", "/config"), ("GET", "/api/openapi.json"), ("GET", "/api/v1/sources"),
        ("GET", PAGE), ("GET", PAGE + "/picture"), ("POST", "/api/v1/ask"), ("POST", "/api/v1/search"),
        ("POST", "/api/v1/feedback"), ("GET", "/v1/models"), ("POST", "/v1/chat/completions"), ("GET", "/runs"),
        ("POST", "/runs"), ("GET", "/page/page.js"), ("GET", "/page/login.css/"), ("GET", "/assets/index.js"),
        ("POST", "/gradio_api/queue/join"), ("GET", "/gradio_api/queue/data?session_hash=a"), ("POST", "/logout"),
        ("GET", "/nothing/here"), ("GET", "/livez/"), ("GET", "//livez"), ("GET", "/LIVEZ"), ("GET", "/livez/../runs"),
        ("GET", "/livez%2f"), ("GET", "/livez;a=b"), ("OPTIONS", "/api/v1/ask"), ("DELETE", "/api/v1/sources"),
        ("BREW", "/"), ("TRACE", "/"), ("GET", "/login/"), ("GET", "/login/other"), ("GET", "/widget.js/"),
    ],
)  # fmt: skip
def test_nobody_gets_through_without_being_known(app, method, path):
    response = client_of(app).request(method, path)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-security-policy"]
    if method != "HEAD" and not path.startswith("/v1/"):
        assert response.headers["content-type"] == "application/problem+json"
        assert (response.json()["status"], response.json()["detail"]) == (401, "Sign in first.")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/login", "/page/login.css", "/page/favicon.svg"])
def test_what_is_public_is_answered_to_anybody(app, path):
    assert client_of(app).get(path).status_code == 200


def test_the_list_of_public_paths_is_short_and_holds_no_pattern():
    assert len(PUBLIC) <= 20
    assert all(re.fullmatch(r"(/[a-z0-9]+)+(\.(js|css|svg))?", path) for path in PUBLIC)


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/", "/login"),
        ("/runs?run=a&run=b", "/login?next=%2Fruns%3Frun%3Da%26run%3Db"),
        ("//evil.example", "/login"),
        ("/a\\b", "/login"),
    ],
)
def test_a_browser_is_sent_to_sign_in_and_back(app, path, where):
    response = client_of(app, accept="text/html,*/*").get(path)
    assert (response.status_code, response.headers["location"]) == (303, where)


def test_a_form_that_comes_too_late_is_refused_and_not_sent_on(app):
    assert client_of(app, accept="text/html").post("/runs").status_code == 401


def test_a_person_who_has_signed_in_gets_through(app):
    client = signed_in(app)
    for path in ("/", "/api/v1/sources", "/api/openapi.json", "/page/page.js"):
        assert client.get(path).status_code == 200
    assert client.post("/api/v1/ask", json=QUESTION).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/api/v1/ask", 200),
        ("POST", "/api/v1/search", 200),
        ("POST", "/api/v1/feedback", 422),
        ("GET", PAGE, 200),
        ("GET", PAGE + "/picture", 200),
        ("GET", "/api/v1/sources/default/briefing.pdf/pages/at?start=0", 200),
        ("GET", "/v1/models", 200),
        ("GET", "/v1/models/footnote", 200),
        ("GET", "/v1/models/footnote%2Fdefault", 200),
        ("GET", "/v1/models/footnote%2Fothers", 404),
        ("GET", "/v1/models/", 403),
        ("GET", "/v1/models/gpt-4o", 403),
        ("GET", "/v1/models/footnote%2F", 403),
        ("GET", "/v1/models/footnote/a/b", 403),
        ("GET", "/", 403),
        ("GET", "/config", 403),
        ("GET", "/api/v1/sources", 403),
        ("GET", "/api/openapi.json", 403),
        ("GET", "/runs", 403),
        ("POST", "/logout", 403),
        ("POST", "/api/v1/embed/token", 403),
        ("POST", "/gradio_api/queue/join", 403),
        ("GET", "/page/page.js", 403),
        ("DELETE", "/api/v1/ask", 403),
        ("GET", "/api/v1/ask", 403),
        ("GET", "/api/v1/askew", 403),
        ("GET", "/x/api/v1/ask", 403),
    ],
)
def test_a_token_of_an_embed_opens_what_a_widget_asks_for_and_nothing_else(app, entrance, method, path, status):
    client = client_of(app, authorization=f"Bearer {token_for(entrance)}", origin=PORTAL)
    response = client.request(method, path, json=QUESTION if path.endswith(("ask", "search")) else None)
    assert response.status_code == status


def test_the_visitor_of_an_embed_sees_the_embeds_collections(app, entrance, service):
    client = client_of(app, authorization=f"Bearer {token_for(entrance)}", origin=PORTAL)
    service.viewed.clear()
    assert client.post("/api/v1/search", json=QUESTION).status_code == 200
    assert set(service.viewed) == {frozenset({"handbook"})}


def test_every_route_of_embeds_is_a_whole_path():
    for method, route in EMBED_ROUTES:
        assert method in ("GET", "POST")
        assert not route.fullmatch("/") and not route.fullmatch("/runs") and not route.fullmatch("/api/v1/sources")


def bad_headers(entrance):
    good = token_for(entrance)
    head, body, signature = good.split(".")
    return {
        "empty": "",
        "no scheme": good,
        "no token": "Bearer",
        "only space": "Bearer ",
        "basic": "Basic YTpi",
        "the password": f"Bearer {PASSWORD}",
        "a word": "Bearer x",
        "two tokens": f"Bearer {good} {good}",
        "with a comma": f"Bearer {good}, Bearer {good}",
        "expired": f"Bearer {token_for(entrance, age=3600)}",
        "other signature": f"Bearer {head}.{body}.{signature[::-1]}",
        "no signature": f"Bearer {head}.{body}.",
        "quoted": f'Bearer "{good}"',
        "token scheme": f"Token {good}",
        "huge": f"Bearer {'a' * 60_000}",
    }


@pytest.mark.parametrize("kind", [
    "empty", "no scheme", "no token", "only space", "basic", "the password", "a word", "two tokens", "with a comma",
    "expired", "other signature", "no signature", "quoted", "token scheme", "huge",
])  # fmt: skip
def test_a_bad_authorization_header_is_refused_even_where_a_cookie_would_do(app, entrance, kind):
    client = signed_in(app)
    assert client.get(PAGE).status_code == 200
    header = bad_headers(entrance)[kind]
    assert client.get(PAGE, headers={"authorization": header, "origin": PORTAL}).status_code == 401


def test_two_authorization_headers_are_refused(app, entrance):
    good = f"Bearer {token_for(entrance)}"
    headers = [("authorization", good), ("authorization", good), ("origin", PORTAL)]
    assert client_of(app).get(PAGE, headers=headers).status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://portal.example", PORTAL + ":8443", ""])
def test_a_token_is_good_for_its_own_origin_only(app, entrance, origin):
    client = client_of(app, authorization=f"Bearer {token_for(entrance)}", **({"origin": origin} if origin else {}))
    assert client.post("/api/v1/search", json=QUESTION).status_code == 401


def test_a_token_ends_with_its_embed(tmp_path):
    opened = entrance_in(tmp_path, identity="password")
    client = client_of(
        build_app(FakeService(), entrance=opened), authorization=f"Bearer {token_for(opened)}", origin=PORTAL
    )
    assert client.post("/api/v1/search", json=QUESTION).status_code == 200
    opened.rules.embeds.path.write_text("", "utf-8")
    assert client.post("/api/v1/search", json=QUESTION).status_code == 401
    opened.close()


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        ({"authorization": "Bearer sk-any-key"}, "/v1/models", 200),
        ({"authorization": "Bearer sk-any-key"}, "/api/v1/sources", 401),
        ({"authorization": "Bearer a.b.c"}, "/v1/models", 401),
        ({"authorization": "Basic YTpi"}, "/v1/models", 401),
    ],
)
def test_where_everybody_is_let_in_openai_clients_may_send_any_key(open_app, headers, path, status):
    assert client_of(open_app, **headers).get(path).status_code == status


def test_where_people_sign_in_a_key_of_openai_clients_is_no_way_in(app):
    assert client_of(app, authorization="Bearer sk-any-key").get("/v1/models").status_code == 401


FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:9999"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "origin": "https://evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("kind", ["nobody has to sign in", "signed in"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/v1/ask"), ("GET", "/api/v1/sources"), ("POST", "/logout")])
def test_another_sites_page_can_use_nobodys_rights(app, open_app, headers, kind, method, path):
    client = signed_in(app) if kind == "signed in" else client_of(open_app)
    response = client.request(method, path, headers=headers, json=QUESTION)
    assert (response.status_code, response.json()["title"]) == (403, "Another site's page made this request")


def test_a_link_on_another_sites_page_leads_here(app):
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert signed_in(app).get("/", headers=followed).status_code == 200
    assert signed_in(app).post("/runs", headers=followed).status_code == 403


def test_evaluation_is_for_those_who_see_every_collection(tmp_path):
    opened = entrance_in(tmp_path, identity="proxy", proxy_addresses=(PROXY,))
    app = build_app(FakeService(), entrance=opened, evaluations=FakeEvaluations())
    without = build_app(FakeService(), entrance=opened)
    for path in ("/runs", "/runs/first", "/runs/first/progress"):
        few = client_of(app, PROXY, **through_proxy("bob", "legal")).get(path)
        none = client_of(without, PROXY, **through_proxy("ada", "board")).get("/nothing")
        assert (few.status_code, few.json()["detail"]) == (404, none.json()["detail"])
    assert client_of(app, PROXY, **through_proxy("ada", "board")).get("/runs").status_code == 200
    opened.close()


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded-Uri", "Forwarded",
     "X_Forwarded_Host", "X-Original-URL", "X-Rewrite-URL", "X-Real-IP", "X-Gradio-Server"],
)  # fmt: skip
def test_what_is_said_of_the_way_here_reaches_nobody(gate, behind, open_app, header):
    client_of(gate).get("/a", headers={header: "evil.example", "x-kept": "1"})
    assert [name for name, _ in behind.scopes[0]["headers"] if b"forw" in name or b"gradio" in name] == []
    assert (b"x-kept", b"1") in behind.scopes[0]["headers"]
    assert (header.lower().encode(), b"evil.example") not in behind.scopes[0]["headers"]
    value = "http://evil.example" if header == "X-Gradio-Server" else "evil.example"
    assert "evil" not in client_of(open_app).get("/config", headers={header: value}).text


@pytest.mark.parametrize("header", ["X-Footnote-User", "x_footnote_user", "X-Footnote-Groups", "X-Footnote-Proxy"])
def test_headers_that_name_a_person_are_refused_where_they_are_not_believed(gate, behind, header):
    assert client_of(gate).get("/a", headers={header: "ada"}).status_code == 400
    assert behind.scopes == []


async def test_a_server_under_a_path_of_another_is_refused():
    """A root path changes what the router takes the path to be."""
    reached, sent = Behind(), []

    async def send(message):
        sent.append(message)

    guarded = Gate(reached, identity=Everybody(), read_token=lambda token, origin: None)
    for root, path in (("/livez", "/livez"), ("/liv", "/livez"), ("/x", "/x/runs")):
        scope = {"type": "http", "method": "GET", "path": path, "root_path": root, "headers": [], "query_string": b""}
        await guarded(scope, None, send)
    assert reached.scopes == []
    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [400, 400, 400]


async def test_websockets_are_closed():
    reached, sent = Behind(), []

    async def send(message):
        sent.append(message)

    gate = Gate(reached, identity=Everybody(), read_token=lambda token, origin: None)
    await gate({"type": "websocket", "path": "/", "headers": []}, None, send)
    assert (sent, reached.scopes) == ([{"type": "websocket.close", "code": 1008}], [])


async def test_a_visitor_comes_from_the_gate_alone():
    """What a server in front puts into the state is not taken over, and nobody is who the gate did not find."""
    reached = Behind()

    async def send(message):
        pass

    gate = Gate(reached, identity=Everybody(), read_token=lambda token, origin: None)
    state = {"visitor": "forged", "guest": "forged", "request_id": "kept"}
    for path in ("/livez", "/a"):
        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b"", "state": state}
        await gate(scope, None, send)
    public, known = reached.scopes
    assert public["state"] == {"request_id": "kept"}
    assert known["state"]["visitor"].collections is None
    assert (state["visitor"], known["state"]["request_id"]) == ("forged", "kept")


def test_without_a_gate_nobody_sees_anything():
    bare = HTTPConnection({"type": "http", "headers": []})
    forged = HTTPConnection({"type": "http", "headers": [], "state": {"visitor": "ada", "guest": "ada"}})
    for connection in (bare, forged):
        assert visitor_of(connection) is NOBODY
        assert guest_of(connection).visitor.collections == frozenset()
