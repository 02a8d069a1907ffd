"""What holds for every route alike: closed without identity, headers, no word of the inside, bodies with a bound.

Routes are taken from the application, so that one that is added is tried as well.
"""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from entrances import PORTAL, PROXY, answers_of, client_of, entrance_in, signed_in, through_proxy, token_for
from fake_evaluations import OLD, FakeEvaluations
from fake_service import FakeService
from starlette.middleware.base import BaseHTTPMiddleware
from test_web_routes import METHODS, example, listed, named, routes_of

from schema import FootnoteError
from web.server import build_app

PROVIDER = {
    "oidc_issuer": "https://login.example",
    "oidc_client_id": "footnote",
    "oidc_client_secret": "not-yet-guessed-by-anybody",
    "public_url": "https://ask.example",
}
WAYS = {"password": {}, "proxy": {"proxy_addresses": (PROXY,)}, "oidc": PROVIDER}
SIGN_IN = {"password": set(), "proxy": set(), "oidc": {"GET /login/start", "GET /login/callback"}}
"""What is public besides the list, which is of sign-in by password."""
SECRET = "a secret word in /srv/footnote/index, line 7"
FOREVER = 4_000_000
"""Bytes of a body that nobody should read to its end."""


ENDLESS = {"/gradio_api/heartbeat/{session_hash}", "/gradio_api/queue/data"}
"""Streams of the page, which end when their reader leaves."""


def found_routes(app, *, endless=True):
    """Method and path of everything there is, with the streams that do not end or without."""
    found = {(method, path) for path, methods in routes_of(app.router.routes) for method in methods}
    return sorted((method, path) for method, path in found if method in METHODS and (endless or path not in ENDLESS))


async def begun(app, path, **headers):
    """The headers of an answer whose reader leaves when it has begun."""
    sent, left = [], asyncio.Event()
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        if asked:
            return asked.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        left.set()

    raw, _, query = path.partition("?")
    pairs = [(name.encode(), value.encode()) for name, value in {"host": "127.0.0.1", **headers}.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": raw, "raw_path": raw.encode(), "root_path": "", "query_string": query.encode(), "headers": pairs,
        "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    async with asyncio.timeout(60):
        await app(scope, receive, send)
    return httpx.Response(sent[0]["status"], headers=sent[0]["headers"])


@pytest.fixture(scope="module", params=list(WAYS))
def closed(request, tmp_path_factory):
    """A server behind each way of finding out who asks."""
    entrance = entrance_in(tmp_path_factory.mktemp(request.param), identity=request.param, **WAYS[request.param])
    yield request.param, build_app(FakeService(), entrance=entrance, evaluations=FakeEvaluations(OLD))
    entrance.close()


@pytest.fixture
def entrance(tmp_path):
    """One of each test's own: routes that are asked without a password soon make everybody wait."""
    opened = entrance_in(tmp_path, identity="password")
    yield opened
    opened.close()


@pytest.fixture
def app(entrance):
    return build_app(FakeService(), entrance=entrance, evaluations=FakeEvaluations(OLD))


@pytest.fixture
def cookie(app):
    return "; ".join(f"{name}={value}" for name, value in signed_in(app).cookies.items())


async def test_behind_every_way_of_signing_in_every_route_is_closed_to_nobody(closed):
    way, app = closed
    public = listed("public_routes.txt") | SIGN_IN[way]
    asked = [(method, example(path)) for method, path in found_routes(app) if f"{method} {named(path)}" not in public]
    assert len(asked) > 100
    answers = await answers_of(app, asked)
    assert {one: answer.status_code for one, answer in answers.items() if answer.status_code != 401} == {}


HEADERS = {
    "x-content-type-options": re.compile("nosniff"),
    "referrer-policy": re.compile("same-origin|no-referrer"),
    "content-security-policy": re.compile(r"(.*; )?frame-ancestors ('none'|'self'|https?://\S+( https?://\S+)*)(;.*)?"),
    "cross-origin-resource-policy": re.compile("same-origin|cross-origin"),
    "x-request-id": re.compile("[0-9a-f]{16}"),
}


def faults_of(response):
    """The headers that a response does not have as it should."""
    return [name for name, form in HEADERS.items() if not form.fullmatch(response.headers.get(name, ""))]


async def test_every_answer_has_the_security_headers(app, entrance, cookie):
    """To nobody, to somebody, to an embed's visitor, to another site's page and under another name."""
    kinds = {
        "nobody": {},
        "a browser of nobody": {"accept": "text/html"},
        "somebody": {"cookie": cookie},
        "a visitor": {"authorization": f"Bearer {token_for(entrance)}", "origin": PORTAL},
        "another site": {"cookie": cookie, "origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        "another name": {"host": "evil.example"},
    }
    routes = found_routes(app, endless=False)
    asked = [(method, example(path)) for method, path in routes if (method, path) != ("POST", "/logout")]
    streams = ("/gradio_api/heartbeat/s", "/gradio_api/queue/data?session_hash=s")
    for kind, headers in kinds.items():
        answers = {("GET", path): await begun(app, path, **headers) for path in streams}
        answers |= await answers_of(app, [*asked, ("POST", "/logout")], **headers)
        assert {(kind, one): faults_of(answer) for one, answer in answers.items() if faults_of(answer)} == {}


async def test_only_the_page_for_frames_names_anybody_who_may_frame_it(app, cookie):
    asked = [("GET", example(path)) for _, path in found_routes(app, endless=False)]
    answers = await answers_of(app, asked, cookie=cookie)
    named = {path for (_, path), one in answers.items() if "://" in one.headers["content-security-policy"]}
    assert named == {"/embed/portal"}


def broken(names):
    """A class with these methods, each of which raises what is told."""

    def raising(self, *arguments, **options):
        raise self.error

    return type("Broken", (), dict.fromkeys(names, raising))()


OF_SERVICE = "view ask search sources page picture page_of status add_feedback".split()
OF_EVALUATIONS = "runs progress sets report comparison start resume stop".split()
BODIES = {
    "/api/v1/ask": {"question": "When?"},
    "/api/v1/search": {"question": "When?"},
    "/api/v1/feedback": {"question": "When?", "rating": "up"},
    "/v1/chat/completions": {"model": "footnote", "messages": [{"role": "user", "content": "When?"}]},
}


@pytest.mark.parametrize("error", [RuntimeError(SECRET), FootnoteError(SECRET), KeyError(SECRET), OSError(5, SECRET)])
async def test_nothing_of_the_inside_is_told_when_everything_fails(tmp_path, error, caplog):
    service, evaluations = broken(OF_SERVICE), broken(OF_EVALUATIONS)
    service.error = evaluations.error = error
    entrance = entrance_in(tmp_path)
    app = build_app(service, entrance=entrance, evaluations=evaluations)
    transport = httpx.ASGITransport(app=app)
    failed = 0
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for method, path in found_routes(app, endless=False):
            response = await client.request(method, example(path), json=BODIES.get(path))
            if response.status_code < 400:
                continue
            failed += response.status_code >= 500
            told = response.text + str(response.headers)
            assert "/srv" not in told and "Traceback" not in told, (method, path, told)
            assert not re.search(r"0x[0-9a-f]{6}|\.py\b|site-packages|starlette|gradio/\d|uvicorn", told), (
                method,
                path,
            )
            assert response.headers["x-request-id"]
            if not isinstance(error, FootnoteError):
                assert "secret" not in told and "line 7" not in told, (method, path)
    assert failed >= 8
    entrance.close()


def test_no_layer_hides_the_departure_of_a_reader(app):
    """`BaseHTTPMiddleware` would (https://www.starlette.io/middleware/#limitations)."""
    layer = app.build_middleware_stack()
    layers = []
    while layer is not None:
        layers.append(type(layer))
        layer = getattr(layer, "app", None)
    assert len(layers) > 6
    assert [one for one in layers if issubclass(one, BaseHTTPMiddleware)] == []


async def test_no_route_reads_a_body_without_end(app, entrance, cookie):
    """As one piece after the other, of a length that nobody was told."""
    paths = sorted(
        {example(path) for method, path in found_routes(app) if method in ("POST", "PUT", "PATCH", "DELETE")}
    )
    assert len(paths) > 30
    kinds = [
        {"cookie": cookie, "content-type": kind}
        for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
    ]
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for path in paths:
            for headers in kinds:
                read = [0]

                async def pieces(read=read):
                    while read[0] < FOREVER:
                        read[0] += 16_384
                        yield b"a=" + b"x" * 16_382

                response = await client.post(path, content=pieces(), headers=headers)
                assert response.status_code in (200, 303, 400, 401, 403, 404, 405, 413, 415, 422), path
                assert read[0] <= 1_100_000, (path, headers["content-type"], read[0])


LONG = {
    "ten thousand ranges": {"range": "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(0, 20_000, 2))},
    "ranges that overlap": {"range": "bytes=" + ",".join("0-" for _ in range(10_000))},
    "a header of 64 kB": {"x-long": "a" * 65_536},
    "a thousand headers": {f"x-{n}": "a" for n in range(1_000)},
    "a thousand cookies": {"cookie": "; ".join(f"c{n}=x" for n in range(1_000))},
}


@pytest.mark.parametrize("kind", list(LONG))
def test_a_header_without_end_costs_no_more_than_its_answer(app, kind):
    client = signed_in(app)
    plain = client.get("/page/page.js")
    for path in ("/page/page.js", "/page/page.css", "/widget.js", "/api/v1/sources"):
        response = client.get(path, headers=LONG[kind])
        assert response.status_code in (200, 206, 400, 401, 416), path
        assert len(response.content) <= 200_000 + 3 * len(plain.content)


def test_the_proxys_person_is_let_in_where_nobody_is(closed):
    """What is closed above is not closed to all."""
    way, app = closed
    if way == "proxy":
        assert client_of(app, PROXY, **through_proxy()).get("/api/v1/sources").status_code == 200
    if way == "password":
        assert signed_in(app).get("/api/v1/sources").status_code == 200
