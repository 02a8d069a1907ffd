"""Which pages may read our answers: those of the embeds, exactly, on every route, and never with a cookie."""

import pytest
from entrances import ACCESS, PORTAL, answers_of, client_of, entrance_in, signed_in
from fake_evaluations import FakeEvaluations
from fake_service import FakeService
from starlette.middleware.cors import CORSMiddleware
from test_web_routes import METHODS, example, routes_of

from web.server import build_app

ALLOWED = [PORTAL, "http://localhost:8080"]
REFUSED = [
    "https://evil.example", "null", "", "*", "http://portal.example", PORTAL + ":8443", PORTAL + ":443", PORTAL + "/",
    PORTAL + ".", "https://PORTAL.example", "https://portal.example.evil.example", "https://evilportal.example",
    "https://sub.portal.example", "https://portal.examplf", "http://localhost", "http://localhost:80800",
    "http://127.0.0.1:8080", "https://closed.example", "https://127.0.0.1:7860", f"{PORTAL} https://evil.example",
    f"{PORTAL},https://evil.example", "https://portal.example@evil.example",
    "https://portal.example%60.evil.example",
    "file://", "chrome-extension://abc",
]  # fmt: skip


@pytest.fixture(scope="module", params=["none", "password"])
def entrance(request, tmp_path_factory):
    opened = entrance_in(tmp_path_factory.mktemp("cors"), identity=request.param)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(entrance):
    return build_app(FakeService(), entrance=entrance, evaluations=FakeEvaluations())


@pytest.fixture(scope="module")
def routes(app):
    found = {(method, path) for path, methods in routes_of(app.router.routes) for method in methods}
    return sorted((method, example(path)) for method, path in found if method in METHODS)


@pytest.fixture(scope="module")
def client(app, entrance):
    """A browser with whatever makes it somebody."""
    return signed_in(app) if entrance.identity.kind == "password" else client_of(app)


def cookies_of(client):
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def cors_of(response):
    """What a response says to pages of other origins, besides what may be read or sent."""
    said = response.headers
    return said.get("access-control-allow-origin"), said.get("access-control-allow-credentials")


@pytest.mark.parametrize("origin", REFUSED)
async def test_no_other_page_may_read_anything(app, client, routes, origin):
    """Each route, as the page of somebody who is signed in asks."""
    assert len(routes) > 100 and len(REFUSED) >= 20
    answers = await answers_of(app, routes, origin=origin, cookie=cookies_of(client))
    assert {one: cors_of(answer) for one, answer in answers.items() if cors_of(answer) != (None, None)} == {}


@pytest.mark.parametrize("origin", REFUSED)
def test_a_browser_that_asks_first_is_told_no(client, origin):
    for path in ("/", "/api/v1/ask", "/config", "/gradio_api/queue/join", "/login", "/api/v1/embed/token"):
        headers = {"origin": origin, "access-control-request-method": "POST"}
        response = client.options(path, headers=headers)
        assert (response.status_code, cors_of(response)) == (400, (None, None))


@pytest.mark.parametrize("origin", ALLOWED)
async def test_pages_of_embeds_may_read_but_never_with_a_cookie(app, client, routes, origin):
    answers = await answers_of(app, routes, origin=origin, cookie=cookies_of(client))
    assert {one: cors_of(answer) for one, answer in answers.items() if cors_of(answer) != (origin, None)} == {}


@pytest.mark.parametrize("origin", ALLOWED)
def test_pages_of_embeds_may_send_a_question_with_a_token(client, origin):
    headers = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    response = client.options("/api/v1/ask", headers=headers)
    assert (response.status_code, cors_of(response)) == (200, (origin, None))
    for name, value in (("access-control-request-method", "DELETE"), ("access-control-request-headers", "x-other")):
        assert client.options("/api/v1/ask", headers={**headers, name: value}).status_code == 400


def test_what_a_page_of_an_embed_reads_without_a_token_is_a_refusal(client):
    """Even where everybody is let in: it would see more than the embed's collections."""
    for path in ("/", "/api/v1/sources", "/runs", "/config"):
        assert client.get(path, headers={"origin": PORTAL}).status_code == 403


def test_the_list_is_read_anew(tmp_path):
    opened = entrance_in(tmp_path)
    client = client_of(build_app(FakeService(), entrance=opened))
    asked = {"origin": PORTAL}
    assert cors_of(client.get("/livez", headers=asked)) == (PORTAL, None)
    changed = ACCESS.replace(PORTAL, "https://moved.example")
    opened.rules.embeds.path.write_text(changed, "utf-8")
    assert cors_of(client.get("/livez", headers=asked)) == (None, None)
    assert cors_of(client.get("/livez", headers={"origin": "https://moved.example"})) == ("https://moved.example", None)
    opened.close()


def test_a_spoofed_host_allows_nobody(client):
    for host in ("localhost", "portal.example", "127.0.0.1:7860", "0.0.0.0"):  # noqa: S104  (a header)
        response = client.get("/config", headers={"host": host, "origin": "https://evil.example"})
        assert cors_of(response) == (None, None)


def test_the_layer_is_the_exact_class_that_gradio_looks_for(app):
    layers = [layer.cls for layer in app.user_middleware]
    assert layers.count(CORSMiddleware) == 1
    settings = next(layer.kwargs for layer in app.user_middleware if layer.cls is CORSMiddleware)
    assert "allow_credentials" not in settings and "allow_origin_regex" not in settings
    assert [name for layer in layers if "CORS" in (name := layer.__name__)] == ["CORSMiddleware"]
