import json
import socket
import struct
import threading
import zlib
from dataclasses import asdict, replace
from urllib.parse import quote as percent

import httpx
import pytest
from fake_service import (
    BRIEFING,
    HOSTILE,
    PAGE_ONE,
    PASSAGES,
    PUBLISHED,
    QUOTES,
    SENTENCES,
    SOURCES,
    STANDALONE,
    WARNING,
    FakeService,
)
from fastapi.testclient import TestClient

import schema
from access.waiting import NOBODY, Line
from schema import LONGEST_QUESTION
from web.desk import Desk
from web.server import build_app


@pytest.fixture(scope="module")
def client(service):
    with TestClient(build_app(service), base_url="http://127.0.0.1") as client:
        yield client


def events(body):
    frames = [frame.split("\n") for frame in body.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in frames]


def test_ask_answers_with_the_shared_json_form(client):
    answer = client.post("/api/v1/ask", json={"question": "When?"}).json()
    (expected,) = [e.answer for e in FakeService(pause_s=0).ask("When?") if isinstance(e, schema.Answered)]
    assert answer == json.loads(json.dumps(schema.answer_to_dict(expected)))
    for quote in answer["citations"]:
        assert quote["quote"] == BRIEFING[quote["start"] : quote["end"]]


def test_history_and_collection_reach_the_service(client, service):
    body = {"question": "And then?", "collection": "default", "history": [{"question": "a", "answer": "b"}]}
    assert client.post("/api/v1/ask", json=body).status_code == 200
    assert service.asked[-1] == ("And then?", (schema.Turn("a", "b"),))


FILTER = {
    "sources": ["default/laws/", "default/a.md"], "since": "2021", "until": "2022-06", "metadata": {"team": "red"}
}  # fmt: skip
SAME = schema.Filter((), ("default/laws/", "default/a.md"), "2021", "2022-06", (("team", "red"),))


@pytest.mark.parametrize(
    ("given", "expected"),
    [(FILTER, SAME), ({"since": "2021"}, schema.Filter(since="2021")), ({}, schema.Filter()), (None, schema.Filter())],
)
@pytest.mark.parametrize("address", ["/api/v1/ask", "/api/v1/search"])
def test_a_filter_reaches_the_service(client, service, address, given, expected):
    body = {"question": "When?", "collection": "law"} | ({} if given is None else {"filter": given})
    assert client.post(address, json=body).status_code == 200
    assert service.narrowed[-1] == ("law", expected)


@pytest.mark.parametrize(
    "given",
    [
        {"source": "a.md"},
        {"sources": "a.md"},
        {"since": 2021},
        {"metadata": {"team": ["red"]}},
        {"metadata": [["team", "red"]]},
        {"sources": ["a.md"] * 1_001},
        {"until": "2" * 41},
    ],
)
@pytest.mark.parametrize("address", ["/api/v1/ask", "/api/v1/search"])
def test_a_filter_that_is_not_as_described_is_refused(client, address, given):
    assert client.post(address, json={"question": "When?", "filter": given}).status_code == 422


def test_search_gives_the_passages_with_what_says_the_same(client):
    found = client.post("/api/v1/search", json={"question": " When? "}).json()
    assert found == {"question": "When?", "passages": [schema.passage_to_dict(passage) for passage in PASSAGES]}
    same = PASSAGES[1].also[0]
    assert found["passages"][1]["also"] == [
        {
            "source": "default/odd/ha sh#1 100%?.md",
            "title": same.source.title,
            "page": None,
            "start": same.chunk.start,
            "end": same.chunk.end,
        }
    ]
    assert found["passages"][0]["also"] == []
    first = client.post("/api/v1/search", json={"question": "When?", "top_k": 1}).json()
    assert first["passages"] == found["passages"][:1]


@pytest.mark.parametrize(
    ("question", "status", "words"),
    [("broken", 503, "The index is being rebuilt."), (" ", 400, "There is no question")],
)
def test_a_search_that_fails_says_why(client, question, status, words):
    response = client.post("/api/v1/search", json={"question": question})
    assert (response.status_code, response.json()["detail"].startswith(words)) == (status, True)


@pytest.mark.parametrize("address", ["/api/v1/ask", "/api/v1/search"])
@pytest.mark.parametrize("given", [{"since": "2021-13"}, {"until": "2021-02-30"}, {"since": "2022", "until": "2021"}])
def test_a_period_that_can_not_be_is_refused_before_anything_is_searched(client, service, address, given):
    asked = len(service.narrowed)
    response = client.post(address, json={"question": "When?", "filter": given})
    assert (response.status_code, response.json()["type"]) == (400, "/problems/question-refused")
    assert len(service.narrowed) == asked


@pytest.mark.parametrize("top_k", [0, 101, "many"])
def test_a_search_gives_one_to_a_hundred_passages(client, top_k):
    assert client.post("/api/v1/search", json={"question": "When?", "top_k": top_k}).status_code == 422


def test_the_stream_has_the_events_in_order(client):
    response = client.post("/api/v1/ask", json={"question": "When?"}, headers={"accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    found = events(response.text)
    names = [name for name, _ in found]
    assert names[0] == "quotes"
    assert names[-1] == "answer"
    assert [name for name in names if name not in ("token", "quotes", "answer")] == ["sentence"] * 3
    assert [row["number"] for row in found[0][1]["quotes"]] == [1, 2, 3]
    assert found[0][1]["passages"] == [schema.passage_to_dict(passage) for passage in PASSAGES]
    assert "".join(data["text"] for name, data in found if name == "token").split() == (
        " ".join(sentence.text for sentence in SENTENCES).split()
    )
    sentence = next(data for name, data in found if name == "sentence")
    assert sentence["citations"] == json.loads(json.dumps([asdict(QUOTES[0])]))


def test_a_follow_up_says_what_was_searched_for_at_once_and_in_the_answer(client):
    body = {"question": "and in Wales?"}
    stream = client.post("/api/v1/ask", json=body, headers={"accept": "text/event-stream"})
    found = dict(events(stream.text))
    assert found["quotes"]["searched_for"] == found["answer"]["searched_for"] == STANDALONE
    whole = client.post("/api/v1/ask", json=body).json()
    assert whole["searched_for"] == STANDALONE
    assert [one["warning"] for one in whole["quotes"]] == ["", "", WARNING]
    first, second, _ = whole["quotes"]
    assert first["quote"][first["answer_start"] - first["start"] : first["answer_end"] - first["start"]] == (
        "12 October 2022"
    )
    assert (second["answer_start"], second["answer_end"]) == (None, None)


@pytest.mark.parametrize(
    ("question", "status", "words"),
    [
        ("broken", 503, "The index is being rebuilt. Ask again in a minute."),
        ("  ", 400, "There is no question yet."),
        ("x" * (LONGEST_QUESTION + 1), 400, "The question has 4,001 characters; the most is 4,000."),
    ],
)
def test_what_fails_before_the_first_event_is_a_problem_with_its_status_in_both_forms(client, question, status, words):
    for accept in ("application/json", "text/event-stream"):
        response = client.post("/api/v1/ask", json={"question": question}, headers={"accept": accept})
        assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
        assert response.json()["detail"].startswith(words)


def test_what_fails_later_is_an_event_that_holds_the_same_problem(client, caplog):
    response = client.post("/api/v1/ask", json={"question": "crash"})
    stream = client.post("/api/v1/ask", json={"question": "crash"}, headers={"accept": "text/event-stream"})
    assert (response.status_code, stream.status_code) == (500, 200)
    found = events(stream.text)
    assert [name for name, _ in found] == ["quotes", "error"]
    assert set(found[-1][1]) == {"type", "title", "status", "detail", "request_id"}
    assert found[-1][1] == response.json() | {"request_id": stream.headers["x-request-id"]}
    assert "secret" not in response.text + stream.text
    assert [record.message for record in caplog.records] == [
        f"Request {one.headers['x-request-id']} failed" for one in (response, stream)
    ]
    assert caplog.text.count("a secret that must not reach the page") == 2 * 2  # the line of code, and its words


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": "x", "top_k": 1},
        {"question": 7},
        {"question": "x", "collection": "../etc"},
        {"question": "x" * 20_001},
        {"question": "x", "history": [{"question": "a", "answer": "b", "role": "system"}]},
        {"question": "x", "history": [{"question": "a", "answer": "b"}] * 51},
    ],
)
def test_a_body_that_is_not_as_described_is_refused(client, body):
    assert client.post("/api/v1/ask", json=body).status_code == 422


def test_sources_are_listed_with_their_ids(client):
    listed = client.get("/api/v1/sources").json()["sources"]
    assert [row["id"] for row in listed] == list(SOURCES)
    assert listed[0]["title"] == "Genomics briefing"
    assert listed[0]["status"] == "indexed"
    assert listed[0]["coverage"]["badge"] == "0 characters"
    assert listed[0]["metadata"] == {}


def test_a_source_is_listed_with_what_was_read_of_it():
    class Scanned(FakeService):
        def sources(self):
            coverage = schema.Coverage(40, 2, text=3, ocr=1, languages=("en",), warnings=("Look.",))
            return [replace(info, coverage=coverage, metadata={"author": "Ann"}) for info in super().sources()]

    client = TestClient(build_app(Scanned()), base_url="http://127.0.0.1")
    (row, _) = client.get("/api/v1/sources").json()["sources"]
    assert row["metadata"] == {"author": "Ann"}
    assert (row["coverage"]["ocr"], row["coverage"]["warnings"], row["coverage"]["languages"]) == (1, ["Look."], ["en"])
    assert row["coverage"]["badge"] == "4 pages, 1 by recognition, 2 hidden characters left out"


def test_a_page_tells_how_it_was_read_and_where_its_characters_stand():
    places = [(8, 16, 24, 41), (0, 0, 0, 0)]

    class Boxed(FakeService):
        def page(self, source_id, number):
            boxes = zlib.compress(b"".join(struct.pack("<4H", *place) for place in places))
            view = super().page(source_id, number)
            return replace(
                view, label="iv", status="ocr", problem="faint", width=595.0, height=842.0, boxes=boxes
            )  # fmt: skip

    client = TestClient(build_app(Boxed()), base_url="http://127.0.0.1")
    page = client.get("/api/v1/sources/default/briefing.pdf/pages/1").json()
    assert "boxes" not in page
    assert [page[name] for name in ("label", "status", "problem", "width", "height")] == [
        "iv",
        "ocr",
        "faint",
        595,
        842,
    ]
    for address in ("1?boxes=true", "at?start=0&boxes=true"):
        page = client.get(f"/api/v1/sources/default/briefing.pdf/pages/{address}").json()
        assert page["boxes"] == [[1.0, 2.0, 3.0, 5.125], [0, 0, 0, 0]]
    unboxed = TestClient(build_app(FakeService()), base_url="http://127.0.0.1")
    assert unboxed.get("/api/v1/sources/default/briefing.pdf/pages/1?boxes=true").json()["boxes"] == []


def test_a_page_comes_as_a_picture_or_says_why_not(client):
    address = "/api/v1/sources/default/briefing.pdf/pages"
    response = client.get(f"{address}/2/picture")
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    assert response.content.startswith(b"\x89PNG")
    assert response.headers["cache-control"] == "no-store"
    missing = client.get(f"{address}/3/picture")
    assert (missing.status_code, missing.json()["detail"]) == (404, "default/briefing.pdf has no page 3; it has 2.")


def test_a_page_says_where_its_text_starts(client):
    page = client.get("/api/v1/sources/default/briefing.pdf/pages/2").json()
    assert (page["number"], page["count"], page["is_page"], page["start"]) == (2, 2, True, len(PAGE_ONE))
    assert page["text"] == BRIEFING[page["start"] :]


def test_the_page_of_an_offset_is_found(client):
    offset = BRIEFING.index(PUBLISHED)
    page = client.get(f"/api/v1/sources/default/briefing.pdf/pages/at?start={offset}").json()
    assert page["text"][offset - page["start"] :].startswith(PUBLISHED)
    assert client.get("/api/v1/sources/default/briefing.pdf/pages/at?start=0").json()["number"] == 1
    assert client.get("/api/v1/sources/default/briefing.pdf/pages/at?start=-1").status_code == 422


def test_odd_file_names_are_reached_by_their_encoded_id(client):
    address = percent("default/odd/ha sh#1 100%?.md", safe="/")
    assert client.get(f"/api/v1/sources/{address}/pages/1").json()["text"] == HOSTILE


def test_a_name_with_a_line_end_reaches_the_service(client):
    response = client.get("/api/v1/sources/default/a%0Ab.md/pages/1")
    assert (response.status_code, response.json()["detail"]) == (404, "There is no document default/a\nb.md.")


def test_an_unknown_page_is_not_found_and_says_why(client):
    response = client.get("/api/v1/sources/default/briefing.pdf/pages/3")
    assert (response.status_code, response.json()["detail"]) == (404, "default/briefing.pdf has no page 3; it has 2.")


def test_the_description_lists_our_routes_and_loads_nothing(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    assert {"/api/v1/ask", "/api/v1/search", "/api/v1/sources", "/livez", "/readyz"} <= set(paths)
    for address in ("/docs", "/redoc"):
        assert "cdn" not in client.get(address).text


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_a_reader_who_leaves_stops_the_answer(url, service, accept):
    body = json.dumps({"question": "endless"}).encode()
    host = httpx.URL(url)
    head = (
        f"POST /api/v1/ask HTTP/1.1\r\nHost: {host.host}\r\nAccept: {accept}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    asked = len(service.asked)
    with socket.create_connection((host.host, host.port)) as connection:
        connection.sendall(head.encode() + body)
        until(lambda: len(service.stops) > asked)
        stop = service.stops[asked]
        assert not stop.is_set()
    assert stop.wait(60)


def until(holds):
    """Wait for something that comes soon."""
    for _ in range(600):
        if holds():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it did not come")


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/api/v1/ask", {"question": "When?"}),
        ("/v1/chat/completions", {"model": "footnote", "messages": [{"role": "user", "content": "When?"}]}),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_question_for_which_there_is_no_room_costs_no_thread(monkeypatch, address, body, accept):
    desk = Desk(FakeService(pause_s=0), line=Line(1, most_waiting=0))
    monkeypatch.setattr("web.streaming._start", lambda *_: pytest.fail("a thread was started"))
    with TestClient(build_app(desk.service, desk=desk), base_url="http://127.0.0.1") as client, desk.line.admit(NOBODY):
        response = client.post(
            address, json=body | {"stream": True} if "v1/chat" in address else body, headers={"accept": accept}
        )
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) >= 1
