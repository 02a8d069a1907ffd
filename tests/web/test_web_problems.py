"""Errors of every kind over a small app with the layers of the real one: form, ids, and what they don't say."""

import json
import logging
import re

import pytest
from fake_service import FakeService
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from small_app import HOST, small_app
from starlette.requests import Request

import schema
from access.refusals import Busy, Refused
from access.visitor import Visitor
from web.problem_kinds import KINDS, NO_DOCUMENT
from web.problem_layers import MOST_BYTES
from web.problems import Problem, problem_of, problem_response, refused_as, without_paths
from web.streaming import UnforeseenError

FIELDS = ["type", "title", "status", "detail", "request_id"]
SECRET = "/srv/secret/footnote.py line 7 in Footnote 0.1.0"


class Failing(FakeService):
    """Raises what it is told to, whatever it is asked."""

    error: Exception | None = None

    def sources(self):
        self._fail()
        return super().sources()

    def page(self, source_id, number):
        self._fail()
        return super().page(source_id, number)

    def picture(self, source_id, number):
        self._fail()
        return super().picture(source_id, number)

    def search(self, question, **options):
        self._fail()
        return super().search(question, **options)

    def ask(self, question, **options):
        self._fail()
        yield from super().ask(question, **options)

    def add_feedback(self, record):
        self._fail()
        super().add_feedback(record)

    def view(self, collections):
        self._fail()
        return self

    def _fail(self):
        if self.error:
            raise self.error


def elsewhere(app):
    @app.get("/elsewhere")
    def raising() -> None:
        raise ZeroDivisionError(SECRET)


@pytest.fixture(scope="module")
def service():
    return Failing(pause_s=0)


@pytest.fixture
def client(service):
    service.error = None
    yield TestClient(small_app(service, more=elsewhere), base_url="http://127.0.0.1")
    service.error = None


def is_problem(response, status, slug):
    body = response.json()
    assert list(body) == FIELDS
    assert (response.status_code, body["status"], body["type"]) == (status, status, f"/problems/{slug}")
    assert response.headers["content-type"] == "application/problem+json"
    assert re.fullmatch("[0-9a-f]{16}", body["request_id"])
    assert response.headers["x-request-id"] == body["request_id"]
    assert body["title"]
    assert body["detail"]
    return body


CALLS = [
    ("POST", "/api/v1/ask", {"question": "When?"}),
    ("POST", "/api/v1/search", {"question": "When?"}),
    ("GET", "/api/v1/sources", None),
    ("GET", "/api/v1/sources/default/briefing.pdf/pages/1", None),
    ("GET", "/api/v1/sources/default/briefing.pdf/pages/at?start=0", None),
    ("GET", "/api/v1/sources/default/briefing.pdf/pages/1/picture", None),
    ("POST", "/api/v1/feedback", {"question": "When?", "rating": "up"}),
    ("GET", "/v1/models", None),
    ("GET", "/v1/models/footnote", None),
    ("POST", "/v1/chat/completions", {"model": "footnote", "messages": [{"role": "user", "content": "When?"}]}),
]
STREAMS = [
    ("/api/v1/ask", {"question": "When?"}),
    ("/v1/chat/completions", {**CALLS[-1][2], "stream": True}),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
@pytest.mark.parametrize(
    "error", [RuntimeError(SECRET), MemoryError(SECRET), UnicodeDecodeError("utf-8", b"x", 0, 1, SECRET)]
)
def test_a_handler_that_raises_is_a_500_with_its_id_and_one_record_in_the_log(
    client, service, caplog, method, path, body, error
):
    service.error = error
    response = client.request(method, path, json=body)
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "Error" not in response.text.replace("RuntimeError", "Error!")
    if path.startswith("/v1"):
        assert response.json()["error"]["type"] == "server_error"
    else:
        is_problem(response, 500, "failed")
    (record,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert record.getMessage() == f"Request {response.headers['x-request-id']} failed"
    assert record.exc_info[1] is error


@pytest.mark.parametrize(("path", "body"), STREAMS)
def test_a_stream_that_raises_at_once_is_a_500_as_well(client, service, path, body):
    service.error = RuntimeError(SECRET)
    response = client.post(path, json=body, headers={"accept": "text/event-stream"})
    assert (response.status_code, "secret" in response.text) == (500, False)


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_a_sentence_of_ours_is_told_without_the_paths_of_the_server(client, service, method, path, body):
    service.error = schema.FootnoteError("The index /srv/data/secret is damaged.")
    response = client.request(method, path, json=body)
    said = response.json()
    detail = said["error"]["message"] if path.startswith("/v1") else said["detail"]
    assert detail == "The index … is damaged."
    assert response.status_code in (400, 404, 503)


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
@pytest.mark.parametrize(("is_own", "status", "slug"), [(True, 429, "too-many-requests"), (False, 503, "busy")])
def test_who_has_to_wait_is_told_how_long(client, service, method, path, body, is_own, status, slug):
    service.error = Busy("Ask again in 3 seconds.", retry_after=2.1, is_own=is_own)
    response = client.request(method, path, json=body)
    assert (response.status_code, response.headers["retry-after"]) == (status, "3")
    if not path.startswith("/v1"):
        assert is_problem(response, status, slug)["detail"] == "Ask again in 3 seconds."


def test_the_shortest_wait_is_a_second():
    busy = problem_of(Busy("Soon.", retry_after=0.0, is_own=True), NO_DOCUMENT)
    assert busy.headers == {"retry-after": "1"}


def test_who_is_not_let_in_learns_no_reason():
    problem = problem_of(Refused("the signature is wrong"), NO_DOCUMENT)
    assert (problem.kind.status, problem.headers) == (401, {"www-authenticate": "Bearer"})
    assert "signature" not in problem.detail


def test_kinds_keep_to_one_status_and_no_two_share_a_name():
    assert len({kind.slug for kind in KINDS}) == len(KINDS)
    assert all(400 <= kind.status <= 599 for kind in KINDS)


# The framework's own


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/", "/api/v1/sources/x", "/api/v1/a%0Ab", "/v1/", "/v1/x/y"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_an_address_that_is_not_there_is_a_problem(client, path, method):
    response = client.request(method, path)
    if path.startswith("/v1"):
        assert (response.status_code, response.json()["error"]["code"]) == (404, "no_such_address")
    else:
        is_problem(response, 404, "no-such-address")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/api/v1/ask", "POST"),
        ("PUT", "/api/v1/feedback", "POST"),
        ("DELETE", "/api/v1/sources/default/briefing.pdf/pages/1", "GET"),
        ("TRACE", "/v1/models", "GET"),
        ("HEAD", "/api/v1/sources", "GET"),
    ],
)
def test_a_method_that_is_not_taken_is_told_which_are(client, method, path, allow):
    response = client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allow)
    if method != "HEAD" and not path.startswith("/v1"):
        assert is_problem(response, 405, "method-not-allowed")["detail"] == f"This address takes {allow}, not {method}."


@pytest.mark.parametrize(
    "content", [b"{", b"[" * 100_000, b'{"question": 1' + b"0" * 5_000 + b"}", b"\xff\xfe", b'{"question": "\xff"}']
)
@pytest.mark.parametrize("path", ["/api/v1/ask", "/api/v1/search", "/api/v1/feedback", "/v1/chat/completions"])
def test_a_body_that_is_no_json_is_refused(client, path, content):
    response = client.post(path, content=content, headers={"content-type": "application/json"})
    assert response.status_code in (400, 422)
    assert "error" in response.json() if path.startswith("/v1") else list(response.json()) == FIELDS


def test_what_is_wrong_is_named_without_what_was_sent(client):
    response = client.post("/api/v1/ask", json={"question": "secret " * 5_000, "hidden": 1, "filter": {"since": "x"}})
    body = is_problem(response, 422, "not-as-described")
    assert body["detail"] == (
        "question: String should have at most 20000 characters. filter.since: String should match pattern "
        "'^[0-9]{4}(-[0-9]{2}){0,2}$'. hidden: Extra inputs are not permitted."
    )
    long = client.post("/api/v1/ask", json={"question": "x", "y" * 5_000: 1})
    detail = is_problem(long, 422, "not-as-described")["detail"]
    assert detail == f"{'y' * 60}: Extra inputs are not permitted."
    odd = b'{"question": "x", "\\ud83d": 2}'
    assert client.post("/api/v1/ask", content=odd, headers={"content-type": "application/json"}).status_code == 422


# Ids


def test_every_response_has_an_id_of_its_own_and_one_that_comes_in_is_not_trusted(client):
    sent = {"x-request-id": "0123456789abcdef"}
    ids = [client.get(path, headers=sent).headers["x-request-id"] for path in ("/livez", "/livez", "/api/x", "/v1/x")]
    assert len({*ids, sent["x-request-id"]}) == 5


# Sizes


@pytest.mark.parametrize(
    "path", ["/api/v1/ask", "/api/v1/search", "/api/v1/feedback", "/v1/chat/completions", "/api/x"]
)
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_above_a_megabyte_is_refused_before_it_is_parsed(client, service, path, announced):
    asked, narrowed = len(service.asked), len(service.narrowed)
    body = json.dumps({"question": "x" * MOST_BYTES}).encode()
    content = body if announced else (body[start : start + 65_536] for start in range(0, len(body), 65_536))
    response = client.post(path, content=content, headers={"content-type": "application/json"})
    if path == "/api/x" and not announced:
        assert response.status_code == 404  # nobody reads it
        return
    assert response.status_code == 413
    assert (len(service.asked), len(service.narrowed)) == (asked, narrowed)


def test_a_body_of_a_megabyte_is_read(client):
    body = b'{"question": "When?"' + b" " * (MOST_BYTES - 21) + b"}"
    assert len(body) == MOST_BYTES
    assert client.post("/api/v1/ask", content=body, headers={"content-type": "application/json"}).status_code == 200


def test_a_length_that_is_no_number_is_counted_instead(client):
    headers = {"content-type": "application/json", "content-length": "9" * 400}
    response = client.post("/api/v1/ask", content=b'{"question": "When?"}', headers=headers)
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/ask", {"question": "🧬" * 100_000}),
        ("/api/v1/search", {"question": "🧬" * 100_000}),
        ("/api/v1/search", {"question": "x", "top_k": 10**40}),
        ("/api/v1/search", {"question": "x", "top_k": -1}),
        ("/api/v1/search", {"question": "x", "top_k": 1.5}),
        ("/api/v1/feedback", {"question": "x", "rating": "up", "wrong_citations": [10**40]}),
        ("/v1/chat/completions", {"model": "footnote", "messages": [{"role": "user", "content": "🧬" * 100_000}]}),
    ],
)
def test_what_is_too_long_or_out_of_bounds_never_reaches_the_service(client, service, path, body):
    asked, narrowed = len(service.asked), len(service.narrowed)
    response = client.post(path, json=body)
    assert response.status_code in (400, 413, 422)
    assert (len(service.asked), len(service.narrowed), service.feedback) == (asked, narrowed, [])


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999999", "9" * 5_000, "1.5", "x", "1e9"])
def test_a_page_number_out_of_bounds_never_reaches_the_service(client, number):
    response = client.get(f"/api/v1/sources/default/briefing.pdf/pages/{number}")
    is_problem(response, 422, "not-as-described")
    response = client.get(f"/api/v1/sources/default/briefing.pdf/pages/at?start={number.replace('0', '-5')}")
    assert response.status_code in (200, 422)


# Layers


def test_an_error_of_ours_can_be_read_by_the_pages_that_may(client, service):
    service.error = RuntimeError(SECRET)
    response = client.get("/api/v1/sources", headers={"origin": HOST})
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (500, HOST)


def test_a_route_of_anybody_that_raises_is_answered_too(client, caplog):
    response = client.get("/elsewhere")
    is_problem(response, 500, "failed")
    assert "secret" not in response.text
    assert caplog.text.count("Traceback") == 1


def test_a_layer_can_answer_a_problem(client):
    request = Request({"type": "http", "path": "/x", "state": {"request_id": "id"}, "headers": []})
    response = problem_response(request.scope, Problem(NO_DOCUMENT, "No.", headers={"vary": "cookie"}))
    assert json.loads(response.body)["request_id"] == "id"
    assert (response.status_code, response.headers["vary"], response.headers["cache-control"]) == (
        404,
        "cookie",
        "no-store",
    )


def test_a_block_keeps_a_problem_and_what_nobody_foresaw_as_they_are():
    with pytest.raises(Problem) as caught, refused_as(NO_DOCUMENT):
        raise schema.FootnoteError("There is none.")
    assert (caught.value.kind, caught.value.detail) == (NO_DOCUMENT, "There is none.")
    busy = Problem(KINDS[0], "x")
    with pytest.raises(Problem) as caught, refused_as(NO_DOCUMENT):
        raise busy
    assert caught.value is busy
    assert problem_of(UnforeseenError("x"), NO_DOCUMENT).kind.status == 500


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The file /srv/data/x.pdf is gone.", "The file … is gone."),
        ("'/srv/data/x.pdf': gone", "'…': gone"),
        ("See default/a/b.md and a/b.", "See default/a/b.md and a/b."),
        ("https://example.org/a/b stays", "https://example.org/a/b stays"),
        ("3/4 of them, and/or more", "3/4 of them, and/or more"),
        ("/home/x/y, /home/x/z", "…, …"),
    ],
)
def test_paths_of_the_server_are_left_out_and_nothing_else(text, shown):
    assert without_paths(text) == shown


@settings(deadline=None)
@given(st.lists(st.text("abXY09_.-é漢", min_size=1, max_size=12), min_size=3, max_size=6))
def test_no_path_is_told(parts):
    path = "/" + "/".join(parts)
    assert without_paths(f"Look at {path}") == "Look at …"


# Who sees what


def test_a_route_sees_what_the_visitor_may_and_nothing_else():
    class View(FakeService):
        """What is left of the assistant for somebody who may see nothing."""

        def sources(self):
            return []

        def page(self, source_id, number):
            raise schema.FootnoteError(f"There is no document {source_id}.")

        picture = page

        def page_of(self, source_id, start):
            raise schema.FootnoteError(f"There is no document {source_id}.")

    class Whole(FakeService):
        def view(self, collections):
            self.viewed.append(collections)
            return View()

    whole = Whole()
    client = TestClient(small_app(whole, Visitor(user="ann", collections=frozenset({"laws"}))), base_url="http://x")
    assert client.get("/api/v1/sources").json() == {"sources": []}
    assert [one["id"] for one in client.get("/v1/models").json()["data"]] == ["footnote"]
    for tail in ("1", "1/picture", "at?start=0"):
        forbidden = client.get(f"/api/v1/sources/default/briefing.pdf/pages/{tail}")
        missing = client.get(f"/api/v1/sources/default/briefing.xxx/pages/{tail}")
        is_problem(forbidden, 404, "no-such-document")
        detail = forbidden.json()["detail"]
        assert missing.json() | {"request_id": ""} == forbidden.json() | {
            "request_id": "",
            "detail": detail.replace("pdf", "xxx"),
        }
    assert client.post("/api/v1/ask", json={"question": "When?"}).status_code == 200
    assert client.post("/api/v1/search", json={"question": "When?"}).status_code == 200
    assert client.post("/api/v1/feedback", json={"question": "When?", "rating": "up"}).status_code == 201
    assert whole.asked == whole.feedback == whole.narrowed == []
    assert set(whole.viewed) == {frozenset({"laws"})}
