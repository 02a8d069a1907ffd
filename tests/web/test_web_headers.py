import pytest
from fake_service import FakeService
from fastapi.testclient import TestClient
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse

from web.entrance import Entrance
from web.headers import SecurityHeaders, known_hosts
from web.server import build_app


@pytest.fixture(scope="module")
def client():
    with TestClient(build_app(FakeService()), base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:7860", 200),
        ("localhost:7860", 200),
        ("LOCALHOST", 200),
        ("[::1]:7860", 200),
        ("[::1]", 200),
        ("192.168.1.7:7860", 200),
        ("evil.example", 400),
        ("localhost.evil.example:7860", 400),
        ("127.0.0.1.evil.example", 400),
        ("", 400),
        ("localhost/livez?x=", 400),
    ],
)
def test_only_our_own_names_and_plain_addresses_are_answered(client, host, status):
    assert client.get("/livez", headers={"host": host}).status_code == status


def test_the_name_that_the_server_listens_on_is_answered():
    client = TestClient(build_app(FakeService(), host="Reports.Intranet"), base_url="http://reports.intranet:7860")
    assert client.get("/livez").status_code == 200
    assert known_hosts("::1") == {"localhost", "::1"}
    assert known_hosts("127.0.0.1", "Ask.Example") == {"localhost", "127.0.0.1", "ask.example"}


@pytest.mark.parametrize("path", ["/", "/livez", "/page/page.js", "/nothing/here", "/api/v1/sources", "/config"])
def test_every_response_has_the_security_headers(client, path):
    for response in (client.get(path), client.get(path, headers={"host": "evil.example"})):
        policy = response.headers["content-security-policy"].split("; ")
        assert {"default-src 'self'", "connect-src 'self'", "img-src 'self' data:", "object-src 'none'"} <= set(policy)
        assert {"frame-ancestors 'self'", "base-uri 'self'"} <= set(policy)
        assert not any(word in response.headers["content-security-policy"] for word in ("http:", "https:", "*"))
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
@pytest.mark.parametrize("path", ["/", "/config", "/api/v1/sources", "/gradio_api/info", "/gradio_api/token"])
def test_no_origin_is_allowed_anywhere(client, origin, path):
    response = client.get(path, headers={"origin": origin, "cookie": "a=b"})
    assert "access-control-allow-origin" not in response.headers
    assert "access-control-allow-credentials" not in response.headers


def test_the_cors_middleware_is_the_exact_class_that_gradio_looks_for():
    assert CORSMiddleware in [middleware.cls for middleware in build_app(FakeService()).user_middleware]


def test_gradio_offers_no_uploads_files_or_named_calls(client):
    config = client.get("/config").json()
    assert config["analytics_enabled"] is False
    assert config["footer_links"] == []
    assert client.get("/gradio_api/info").json() == {"named_endpoints": {}, "unnamed_endpoints": {}}
    assert client.get("/gradio_api/file=/etc/passwd").status_code == 404
    assert client.post("/gradio_api/upload", files={"files": ("a.txt", b"x" * 5000)}).status_code == 404


def test_the_refusal_of_a_name_says_what_to_set(client):
    response = client.get("/livez", headers={"host": "ask.example"})
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    assert "set public_url" in response.json()["detail"]


def test_the_name_that_browsers_use_is_answered():
    app = build_app(FakeService(), entrance=Entrance(public_url="https://Ask.Example:8443"))
    client = TestClient(app, base_url="https://ask.example:8443")
    assert client.get("/livez").status_code == 200
    assert client.get("/livez", headers={"host": "other.example"}).status_code == 400


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/v1/nothing", "/api/v1/sources/x/pages/1", "/livez"])
def test_errors_have_the_security_headers_too(path):
    class Failing(FakeService):
        def page(self, source_id, number):
            raise RuntimeError("a secret that must not reach anybody")

    class Broken:
        kind, login = "password", ""

        async def find(self, connection):
            raise RuntimeError("a secret that must not reach anybody")

    for entrance in (Entrance(), Entrance(identity=Broken())):
        client = TestClient(build_app(Failing(), entrance=entrance), base_url="http://127.0.0.1")
        response = client.get(path)
        assert response.status_code in (200, 404, 500)
        assert {"content-security-policy", "x-content-type-options", "referrer-policy"} <= set(response.headers)
        assert "secret" not in response.text


def test_a_route_may_set_a_stricter_policy_of_its_own(client):
    async def behind(scope, receive, send):
        own = {"content-security-policy": "default-src 'none'", "cache-control": "max-age=5"}
        await HTMLResponse("x", headers=own)(scope, receive, send)

    headers = TestClient(SecurityHeaders(behind)).get("/").headers
    assert (headers["content-security-policy"], headers["cache-control"]) == ("default-src 'none'", "max-age=5")
    assert headers["x-content-type-options"] == "nosniff"


def test_what_was_shown_to_one_person_is_kept_for_nobody(client):
    assert client.get("/").headers["cache-control"] == "no-store"
