import json
import socket
import struct
import time
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
from schema import LONGEST_QUESTION
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


@pytest.mark.parametrize(("question", "words"), [("broken", "The index is being rebuilt."), (" ", "There is no ques")])
def test_a_search_that_fails_says_why(client, question, words):
    response = client.post("/api/v1/search", json={"question": question})
    assert (response.status_code, response.json()["error"].startswith(words)) == (400, True)


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
    ("question", "words"),
    [
        ("broken", "The index is being rebuilt. Ask again in a minute."),
        ("  ", "There is no question yet."),
        ("x" * (LONGEST_QUESTION + 1), "The question has 4,001 characters; the most is 4,000."),
        ("crash", "Something went wrong inside Footnote"),
    ],
)
def test_errors_are_sentences_in_both_forms(client, question, words):
    response = client.post("/api/v1/ask", json={"question": question})
    assert (response.status_code, response.json()["error"].startswith(words)) == (400, True)
    stream = client.post("/api/v1/ask", json={"question": question}, headers={"accept": "text/event-stream"})
    name, data = events(stream.text)[-1]
    assert (name, data["error"].startswith(words)) == ("error", True)
    assert "secret" not in response.text + stream.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": "x", "top_k": 1000},
        {"question": "x", "collection": "../etc"},
        {"question": "x" * 200_001},
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
    assert (missing.status_code, missing.json()) == (404, {"error": "default/briefing.pdf has no page 3; it has 2."})


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
    assert (response.status_code, response.json()["error"]) == (404, "There is no document default/a\nb.md.")


def test_an_unknown_page_is_not_found_and_says_why(client):
    response = client.get("/api/v1/sources/default/briefing.pdf/pages/3")
    assert (response.status_code, response.json()["error"]) == (404, "default/briefing.pdf has no page 3; it has 2.")


def test_probes_answer(client):
    assert client.get("/livez").json() == {"status": "live"}
    assert client.get("/readyz").json() == {"status": "ready", "documents": 2}


def test_readiness_fails_with_a_sentence_when_the_index_cannot_be_read():
    class Damaged(FakeService):
        def sources(self):
            raise schema.FootnoteError("The index is damaged.")

    client = TestClient(build_app(Damaged()), base_url="http://127.0.0.1")
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"error": "The index is damaged."})


def test_the_description_lists_our_routes_and_loads_nothing(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    assert {"/api/v1/ask", "/api/v1/search", "/api/v1/sources", "/livez", "/readyz"} <= set(paths)
    for address in ("/docs", "/redoc"):
        assert "cdn" not in client.get(address).text


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_a_reader_who_leaves_stops_the_answer_within_a_second(url, service, accept):
    body = json.dumps({"question": "slow"}).encode()
    host = httpx.URL(url)
    head = (
        f"POST /api/v1/ask HTTP/1.1\r\nHost: {host.host}\r\nAccept: {accept}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    service.stopped_at = None
    asked = len(service.asked)
    with socket.create_connection((host.host, host.port)) as connection:
        connection.sendall(head.encode() + body)
        while len(service.asked) == asked:
            time.sleep(0.01)
        time.sleep(0.3)
        assert not service.stops[-1].is_set()
    left = time.monotonic()
    while service.stopped_at is None and time.monotonic() - left < 3:
        time.sleep(0.01)
    assert service.stopped_at is not None
    assert service.stopped_at - left < 1.0
