"""The door to Gradio: the routes that the page needs, and each session for the person alone who began it."""

import json

import pytest
from entrances import PROXY, client_of, entrance_in, through_proxy
from fake_service import FakeService
from starlette.requests import Request
from starlette.responses import JSONResponse

from access.visitor import Visitor
from web.gate import Gate
from web.identity import Guest
from web.masthead import account
from web.page_answers import Running
from web.page_door import LONGEST_BODY, MOST_SESSIONS, PageDoor
from web.server import build_app


class Named:
    """Whoever the header ``x-who`` says."""

    kind = "password"
    login = ""

    async def find(self, connection):
        name = connection.headers.get("x-who", "")
        return Guest(Visitor(user=name), key=name)


@pytest.fixture
def reached():
    return []


@pytest.fixture
def door(reached):
    async def behind(scope, receive, send):
        body = await Request(scope, receive).body()
        reached.append((scope["method"], scope["path"], body))
        await JSONResponse({})(scope, receive, send)

    return PageDoor(behind)


@pytest.fixture
def people(door):
    gate = Gate(door, identity=Named(), read_token=lambda token, origin: None)
    return {name: client_of(gate, **{"x-who": name}) for name in ("ada", "bob")}


def join(client, session, path="/gradio_api/queue/join", **fields):
    return client.post(path, json={"data": ["?"], "fn_index": 0, "session_hash": session, **fields})


READING = [
    lambda client, session: client.get("/gradio_api/queue/data", params={"session_hash": session}),
    lambda client, session: client.get(f"/gradio_api/heartbeat/{session}"),
    join,
    lambda client, session: join(client, session, "/gradio_api/run/predict"),
    lambda client, session: join(client, session, "/gradio_api/reset"),
]


@pytest.mark.parametrize("first", range(len(READING)))
@pytest.mark.parametrize("second", range(len(READING)))
def test_a_session_belongs_to_who_began_it(people, reached, first, second):
    assert READING[first](people["ada"], "s3ss1on").status_code == 200
    before = len(reached)
    refused = READING[second](people["bob"], "s3ss1on")
    nothing = people["bob"].get("/gradio_api/nothing")
    assert (refused.status_code, refused.json()["detail"]) == (404, nothing.json()["detail"])
    assert len(reached) == before
    assert READING[second](people["ada"], "s3ss1on").status_code == 200
    assert READING[second](people["bob"], "an0ther").status_code == 200


@pytest.mark.parametrize(
    "query",
    ["", "session_hash=", "session_hash=s&session_hash=t", "session_hash=a/b", "session_hash=a%00", "session_hash=é",
     f"session_hash={'a' * 65}", "SESSION_HASH=s", "session_hash[]=s"],
)  # fmt: skip
def test_a_session_is_named_once_and_plainly(people, reached, query):
    assert people["ada"].get(f"/gradio_api/queue/data?{query}").status_code == 404
    assert reached == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"x", 400), (b"[]", 400), (b'"s"', 400), (b"{}", 400), (b'{"session_hash": null}', 400),
        (b'{"session_hash": 7}', 400), (b'{"session_hash": ["s"]}', 400), (b'{"session_hash": ""}', 404),
        (b'{"session_hash": "../x"}', 404), (b"[" * 100_000, 400), (b"\xff\xfe", 400),
        (b'{"session_hash": "s", "data": "' + b"a" * LONGEST_BODY + b'"}', 413),
    ],
)  # fmt: skip
def test_a_body_that_names_no_session_goes_no_further(people, reached, body, status):
    response = people["ada"].post("/gradio_api/queue/join", content=body, headers={"content-type": "application/json"})
    assert (response.status_code, reached) == (status, [])


def test_of_two_names_in_one_body_the_one_that_counts_is_held_to_its_owner(people, reached):
    """Ours and Gradio's reader both take the last."""
    join(people["ada"], "adas")
    body = b'{"data": [], "fn_index": 0, "session_hash": "bobs", "session_hash": "adas"}'
    response = people["bob"].post("/gradio_api/queue/join", content=body)
    assert (response.status_code, len(reached)) == (404, 1)


def test_what_was_sent_arrives_as_it_was(people, reached):
    join(people["ada"], "s", data=["Wann? 🧬"])
    assert json.loads(reached[0][2])["data"] == ["Wann? 🧬"]


def test_the_owners_are_bounded(door, people):
    for number in range(MOST_SESSIONS + 5):
        door._owns("ada", f"s{number}")
    assert len(door._owners) == MOST_SESSIONS
    assert not door._owns("bob", f"s{MOST_SESSIONS}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/gradio_api/file=/etc/passwd"), ("HEAD", "/gradio_api/file=/etc/passwd"),
        ("GET", "/gradio_api/file=http://evil.example"), ("GET", "/gradio_api/file/etc/passwd"),
        ("GET", "/gradio_api/proxy=http://evil.example"), ("POST", "/gradio_api/upload"), 
        ("POST", "/gradio_api/call/x"),
        ("POST", "/gradio_api/api/predict"), ("POST", "/gradio_api/cancel"), ("POST", "/gradio_api/component_server"),
        ("GET", "/gradio_api/token"), ("GET", "/gradio_api/user"), ("GET", "/gradio_api/deep_link?session_hash=s"),
        ("GET", "/monitoring"), ("GET", "/monitoring/summary"), ("GET", "/logout"), ("POST", "/gradio_api/vibe-edit"),
        ("GET", "/gradio_api/custom_component/a/client/b/c.js"), ("GET", "/gradio_api/runs"), ("POST", "/"),
        ("GET", "/svelte/x.js"), ("GET", "/config/"), ("GET", "/gradio_api/queue/data/"), ("GET", "/gradio_api//info"),
        ("GET", "/gradio_api/queue/status"), ("POST", "/gradio_api/run/predict/"), ("POST", "/gradio_api/run/a/b"),
        ("POST", "/gradio_api/stream/x"), ("GET", "/gradio_api/dev/reload"), 
        ("POST", "/gradio_api/run-history/connect"),
    ],
)  # fmt: skip
def test_of_gradio_nothing_is_there_but_what_the_page_uses(people, reached, method, path):
    assert people["ada"].request(method, path).status_code == 404
    assert reached == []


def test_gradio_itself_lets_nobody_in_whom_the_gate_did_not(tmp_path):
    """Its own check stands behind ours."""
    app = build_app(FakeService())
    gradio = app.router.routes[-1].app.app
    inside = client_of(gradio)
    for path in ("/config", "/gradio_api/info", "/"):
        assert inside.get(path).status_code == 401


def test_gradio_is_as_it_was_decided(tmp_path):
    opened = entrance_in(tmp_path, identity="proxy", proxy_addresses=(PROXY,))
    app = build_app(FakeService(), entrance=opened)
    blocks = app.router.routes[-1].app.app.get_blocks()
    assert (blocks.auth, blocks.share, blocks.show_error, blocks.mcp_server) == (None, False, False, False)
    assert (blocks.allowed_paths, blocks.blocked_paths, blocks.max_file_size) == ([], ["/"], 1024)
    assert (blocks.run_history, blocks.ssr_mode, blocks.pwa, blocks.enable_monitoring) == (False, False, False, False)
    assert (blocks.delete_cache, blocks.footer_links, blocks.analytics_enabled) == ((3600, 86400), [], False)
    assert (blocks._queue.max_size, blocks.api_open) == (50, False)
    config = client_of(app, PROXY, **through_proxy()).get("/config").json()
    assert {dependency["api_visibility"] for dependency in config["dependencies"]} == {"private"}
    assert client_of(app, PROXY, **through_proxy()).get("/gradio_api/info").json() == {
        "named_endpoints": {}, "unnamed_endpoints": {}
    }  # fmt: skip
    opened.close()


def test_nobody_stops_another_persons_answer():
    running = Running()
    with running.answering(("ada", "s")) as adas, running.answering(("bob", "s")) as bobs:
        running.stop(("bob", "t"))
        running.stop(("eve", "s"))
        assert not adas.stop.is_set() and not bobs.stop.is_set()
        running.stop(("bob", "s"))
        assert bobs.stop.is_set() and not adas.stop.is_set()


def test_the_head_of_the_page_says_who_is_signed_in_as_text():
    shown = account(Guest(Visitor(user="x"), name='<img src=x onerror="alert(1)">', can_sign_out=True))
    assert "<img" not in shown and "&lt;img" in shown
    assert '<form method="post" action="/logout"><button>Sign out</button></form>' in shown
    assert account(Guest(Visitor())) == ""
    assert "logout" not in account(Guest(Visitor(user="ada"), name="ada"))
