"""Whose fault an error is: what is damaged, missing, unknown, asked wrong or full, at every route that may meet it."""

import json
import re
import sqlite3
from pathlib import Path

import pytest
from fake_service import EXAMPLES, QUOTES, FakeService
from fastapi.testclient import TestClient
from small_app import small_app

import schema
from access.refusals import Busy
from indexer.catalogue import DATABASE, damage_explained, open_catalogue
from indexer.locking import LOCK

MESSAGES = [{"role": "user", "content": EXAMPLES[0]}]
PAGE = "/api/v1/sources/default/briefing.pdf/pages"
ASKING = [
    ("/api/v1/ask", {"question": "When?"}),
    ("/api/v1/search", {"question": "When?"}),
    ("/v1/chat/completions", {"model": "footnote", "messages": MESSAGES}),
]
READING = [f"{PAGE}/1", f"{PAGE}/at?start=0", f"{PAGE}/1/picture"]
LISTING = ["/api/v1/sources", "/v1/models", "/v1/models/footnote"]
ROUTES = [("POST", *asked) for asked in ASKING] + [("GET", path, None) for path in READING + LISTING]


class Failing(FakeService):
    """Raises an error whatever it is asked, the list of documents included unless the index ``is_readable``."""

    error: Exception | None = None
    is_readable = False

    def sources(self):
        if not self.is_readable:
            self._fail()
        return super().sources()

    def page(self, source_id, number):
        self._fail()
        return super().page(source_id, number)

    def page_of(self, source_id, start):
        self._fail()
        return super().page_of(source_id, start)

    def search(self, question, **options):
        self._fail()
        return super().search(question, **options)

    def ask(self, question, **options):
        if "midway" in question:
            yield schema.QuotesFound(QUOTES, ())
        self._fail()
        yield from super().ask(question, **options)

    def _fail(self):
        if self.error:
            raise self.error


def explained(error):
    """What the index makes of an error of SQLite's."""
    with pytest.raises(schema.FootnoteError) as caught, damage_explained(Path("/srv/data/index")):
        raise error
    return caught.value


def unopened(folder):
    """Why there is no index to open in a folder."""
    with pytest.raises(schema.FootnoteError) as caught:
        open_catalogue(folder, create=False)
    return caught.value


@pytest.fixture
def service():
    return Failing(pause_s=0)


@pytest.fixture
def client(service):
    return TestClient(small_app(service), base_url="http://127.0.0.1")


def told(response):
    """Status, type and sentence of a problem, in either form."""
    body = response.json()
    if error := body.get("error"):
        return response.status_code, error["code"].replace("_", "-"), error["message"]
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, body["type"].removeprefix("/problems/"), body["detail"]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_a_missing_index_is_nobodys_fault_who_asks_and_says_what_to_do(client, service, tmp_path, method, path, body):
    service.error = unopened(tmp_path / "index")
    status, kind, words = told(client.request(method, path, json=body))
    assert (status, kind) == (503, "unavailable")
    assert re.search(r"There is no index in ….* Make one with: footnote index PATH", words)
    assert str(tmp_path) not in words


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_an_index_that_has_lost_its_database_is_unavailable(client, service, tmp_path, method, path, body):
    (tmp_path / DATABASE).touch()
    (tmp_path / LOCK).touch()
    service.error = unopened(tmp_path)
    status, kind, words = told(client.request(method, path, json=body))
    assert (status, kind) == (503, "unavailable")
    assert "Restore a backup with: footnote restore FILE" in words


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
@pytest.mark.parametrize("is_readable", [True, False])
@pytest.mark.parametrize(
    ("error", "what_to_do"),
    [
        (sqlite3.DatabaseError("the text of a document is not as it was written"), "Index the documents again"),
        (sqlite3.OperationalError("disk I/O error"), ""),
    ],
)
def test_a_damaged_index_is_unavailable_even_where_its_list_can_be_read(
    client, service, method, path, body, is_readable, error, what_to_do
):
    service.error, service.is_readable = explained(error), is_readable
    response = client.request(method, path, json=body)
    if is_readable and path in LISTING:
        assert response.status_code == 200
        return
    status, kind, words = told(response)
    assert (status, kind) == (503, "unavailable")
    assert what_to_do in words
    assert "/srv" not in words


@pytest.mark.parametrize(("path", "body"), ASKING[:2])
def test_an_error_that_nothing_in_the_request_explains_is_not_its_fault(client, service, path, body):
    service.error, service.is_readable = schema.FootnoteError("The index never stood still. Ask again."), True
    assert told(client.post(path, json=body)) == (503, "unavailable", "The index never stood still. Ask again.")


@pytest.mark.parametrize(("path", "body"), ASKING[:2])
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_collection_that_is_not_there_is_not_found(client, service, path, body, accept):
    words = "There is no collection 'laws'. There are: default."
    service.error, service.is_readable = schema.FootnoteError(words), True
    response = client.post(path, json=body | {"collection": "laws"}, headers={"accept": accept})
    assert told(response) == (404, "no-such-collection", words)


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_of_a_collection_that_is_not_there_is_not_found(client, stream):
    response = client.post(ASKING[2][0], json=ASKING[2][1] | {"model": "footnote/laws", "stream": stream})
    assert told(response)[:2] == (404, "model-not-found")


@pytest.mark.parametrize(("path", "body"), ASKING[:2])
@pytest.mark.parametrize(
    "given",
    [
        {"filter": {"sources": ["default/none.md"]}},
        {"filter": {"metadata": {"team": "red"}}},
        {"filter": {"since": "2031"}},
        {"collection": "default", "filter": {"sources": ["laws/"]}},
        {"collection": "default"},
    ],
)
def test_a_filter_that_names_what_is_not_there_is_refused(client, service, path, body, given):
    service.error, service.is_readable = schema.FootnoteError("No document passes the filter. Widen it."), True
    response = client.post(path, json=body | given)
    assert told(response) == (400, "question-refused", "No document passes the filter. Widen it.")


@pytest.mark.parametrize(
    "path", [*(path.replace("briefing", "none") for path in READING), f"{PAGE}/3", f"{PAGE}/3/picture"]
)
def test_a_document_or_page_that_is_not_there_is_not_found(client, path):
    status, kind, words = told(client.get(path))
    assert (status, kind) == (404, "no-such-document")
    assert "none.pdf" in words or "has no page 3" in words


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
@pytest.mark.parametrize(("is_own", "status", "kind"), [(True, 429, "too-many-requests"), (False, 503, "busy")])
def test_a_full_line_says_when_to_come_back(client, service, method, path, body, is_own, status, kind):
    service.error = Busy("Ask again soon.", retry_after=2.1, is_own=is_own)
    response = client.request(method, path, json=body)
    kinds = (kind, "rate-limit-exceeded") if is_own else (kind,)
    found = told(response)
    assert (found[0], found[2], response.headers["retry-after"]) == (status, "Ask again soon.", "3")
    assert found[1] in kinds


@pytest.mark.parametrize("given", [{}, {"collection": "default", "filter": {"since": "2021"}}])
def test_what_fails_after_the_first_event_is_no_fault_of_who_asks(client, service, given):
    service.error, service.is_readable = schema.FootnoteError("The language model does not answer."), True
    body = {"question": "midway", **given}
    assert told(client.post("/api/v1/ask", json=body)) == (503, "unavailable", "The language model does not answer.")
    stream = client.post("/api/v1/ask", json=body, headers={"accept": "text/event-stream"})
    assert stream.status_code == 200
    name, data = stream.text.strip().split("\n")[-2:]
    assert (name, json.loads(data.removeprefix("data: "))["status"]) == ("event: error", 503)
    whole = client.post(ASKING[2][0], json={"model": "footnote", "messages": [{"role": "user", "content": "midway"}]})
    assert told(whole)[:2] == (503, "unavailable")


def test_what_can_not_be_kept_is_unavailable(client):
    response = client.post("/api/v1/feedback", json={"question": "When?", "rating": "up", "comment": "disk full"})
    assert told(response) == (503, "unavailable", "Feedback can't be written: the disk is full.")
