"""Every route there is, ours and Gradio's, tried by nobody, by somebody whose session ended and with tokens for others.

`public_routes.txt` lists what is answered to anybody, `other_routes.txt` everything else: whoever adds a route, or
takes a Gradio that has a new one, decides in these files where it belongs.
"""

import re
import time
from pathlib import Path

import pytest
from entrances import PASSWORD, PORTAL, answers_of, client_of, entrance_in, signed_in, token_for
from fake_evaluations import FakeEvaluations
from fake_service import FakeService
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from access.tokens import mint_host_token
from access.visitor import Visitor
from web.server import build_app

HERE = Path(__file__).parent
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
EXAMPLES = {
    "number": "1", "source_id": "default/briefing.pdf", "name": "portal", "size": "16", "environment": "client",
    "run": "1", "model": "footnote",
}  # fmt: skip


def routes_of(routes, prefix=""):
    """Every path with its methods, also of what is mounted or included; files of a folder one by one."""
    for route in routes:
        if router := getattr(route, "original_router", None):
            yield from routes_of(router.routes, prefix)
        elif isinstance(route, Mount) and isinstance(route._base_app, StaticFiles):
            for file in sorted(Path(route._base_app.directory).iterdir()):
                yield f"{prefix}{route.path}/{file.name}", ("GET", "HEAD")
        elif isinstance(route, Mount):
            yield from routes_of(route._base_app.routes, prefix + route.path)
        else:
            yield prefix + route.path, tuple(sorted(route.methods))


def example(path):
    """The path with something in the place of each parameter."""
    return re.sub(r"\{([^}]+)\}", lambda match: EXAMPLES.get(match[1].split(":")[0], "x"), path)


def listed(name):
    return set((HERE / name).read_text("utf-8").split("\n")) - {""}


@pytest.fixture(scope="module")
def entrance(tmp_path_factory):
    opened = entrance_in(tmp_path_factory.mktemp("routes"), identity="password")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(entrance):
    return build_app(FakeService(), entrance=entrance, evaluations=FakeEvaluations())


@pytest.fixture(scope="module")
def routes(app):
    """Method and path of everything, the widget under its hash as ``{hash}``."""
    found = {
        (method, path) for path, methods in routes_of(app.router.routes) for method in methods if method in METHODS
    }
    return sorted(found)


def named(path):
    return re.sub(r"^/widget\.[0-9a-f]{12}\.js$", "/widget.{hash}.js", path)


@pytest.fixture(scope="module")
def ended(app):
    """The cookie of a session that has ended."""
    client = signed_in(app)
    cookie = client.cookies["footnote"]
    client.post("/logout")
    return f"footnote={cookie}"


def credentials(entrance, ended):
    """What people bring that should open nothing: headers by what they are."""
    keys = entrance.rules.keys
    visitor = Visitor(user="eve", embed="portal", origin=PORTAL)
    for_exchange = mint_host_token(visitor, keys.of("portal"), now=time.time())
    own_key = mint_host_token(visitor, keys.own("portal"), now=time.time())
    return {
        "nothing": {},
        "a session that has ended": {"cookie": ended},
        "a session that never was": {"cookie": f"footnote={'a' * 43}.{'b' * 64}"},
        "a cookie of Gradio's": {"cookie": "access-token-x=y; access-token-unsecure-x=y"},
        "a token that is to be exchanged": {"authorization": f"Bearer {for_exchange}", "origin": PORTAL},
        "a token for another audience": {"authorization": f"Bearer {own_key}", "origin": PORTAL},
        "a token that has ended": {"authorization": f"Bearer {token_for(entrance, age=3600)}", "origin": PORTAL},
        "a token for another page": {
            "authorization": f"Bearer {token_for(entrance)}",
            "origin": "https://evil.example",
        },
        "the password as a key": {"authorization": f"Bearer {PASSWORD}"},
    }


def test_there_are_no_routes_but_those_in_the_lists(routes):
    found = {f"{method} {named(path)}" for method, path in routes}
    public, other = listed("public_routes.txt"), listed("other_routes.txt")
    assert public & other == set()
    assert found == public | other


def test_at_most_twenty_paths_are_public():
    assert len({line.split(" ", 1)[1] for line in listed("public_routes.txt")}) <= 20


@pytest.mark.parametrize("kind", [
    "nothing", "a session that has ended", "a session that never was", "a cookie of Gradio's",
    "a token that is to be exchanged", "a token for another audience", "a token that has ended",
    "a token for another page", "the password as a key",
])  # fmt: skip
async def test_what_is_not_public_is_answered_to_nobody(app, routes, entrance, ended, kind):
    public = listed("public_routes.txt")
    closed = [(method, example(path)) for method, path in routes if f"{method} {named(path)}" not in public]
    assert len(closed) > 80
    answers = await answers_of(app, closed, **credentials(entrance, ended)[kind])
    assert {one: answer.status_code for one, answer in answers.items() if answer.status_code != 401} == {}


def test_what_is_public_gets_past_the_gate(app, routes):
    client, public = client_of(app), listed("public_routes.txt")
    for method, path in routes:
        if f"{method} {named(path)}" in public:
            response = client.request(method, example(path))
            assert "Sign in first" not in response.text, path
            assert response.status_code < 500


def test_an_embeds_token_reaches_few_of_them(app, routes, entrance):
    client = client_of(app, authorization=f"Bearer {token_for(entrance)}", origin=PORTAL)
    public = listed("public_routes.txt")
    reached = {
        f"{method} {path}"
        for method, path in routes
        if f"{method} {named(path)}" not in public
        and client.request(method, example(path)).status_code not in (401, 403)
    }
    assert reached == {
        "POST /api/v1/ask",
        "POST /api/v1/search",
        "POST /api/v1/feedback",
        "GET /api/v1/sources/{source_id:text}/pages/at",
        "GET /api/v1/sources/{source_id:text}/pages/{number}",
        "GET /api/v1/sources/{source_id:text}/pages/{number}/picture",
        "GET /v1/models",
        "GET /v1/models/{model:text}",
        "POST /v1/chat/completions",
    }


GRADIO_CLOSED = re.compile(
    r"/gradio_api/(file|proxy|upload|stream|call|api/|cancel|component_server|custom_component|deep_link|dev|token|user|"
    r"login_check|monitoring|process_recording|run-history|runs|vibe|undo-vibe|openapi|upload_progress|profiling).*"
    r"|/(logout|svelte|pwa_icon|monitoring|robots\.txt).*"
)


def test_of_gradio_somebody_who_is_signed_in_reaches_what_the_page_needs(app, routes):
    client = signed_in(app)
    tried = [
        (method, path)
        for method, path in routes
        if GRADIO_CLOSED.fullmatch(path) and (method, path) != ("POST", "/logout")
    ]
    assert len(tried) > 40
    for method, path in tried:
        response = client.request(method, example(path))
        assert (response.status_code, path) == (404, path)
