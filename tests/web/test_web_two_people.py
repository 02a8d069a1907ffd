"""Two people and every id there is: what is the other's is not there, at any door, one by one or many at once.

A real index of twenty collections, with words in each that stand nowhere else; ada sees two of them, bob two others.
Both come through a sign-on proxy and as visitors of an embed, and ask for everything of the eighteen that they may not
see. What is answered is what a server would answer for which these had never been indexed.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import pytest
from entrances import KEYS, PORTAL, PROXY, entrance_in, through_proxy
from test_view import COLLECTIONS, canary, opened

from access.tokens import mint_own_token
from access.visitor import Visitor
from web.server import build_app

WIKI = "http://wiki.example:8080"
SEEN = {"ada": frozenset({"hr", "law"}), "bob": frozenset({"lawyers", "default"})}
ACCESS = f"""
[groups]
adas = ["hr", "law"]
bobs = ["lawyers", "default"]

[embeds.portal]
origins = ["{PORTAL}"]
collections = ["hr", "law"]

[embeds.wiki]
origins = ["{WIKI}"]
collections = ["lawyers", "default"]
"""
WIKI_KEY = 'wiki = "wiki-Yq8LmR2vX7cN4bT1yK9wP5sD3fG6hJ0aB"\n'
PLACES = ("text", "title", "heading", "path", "field", "value", "page")
QUESTION = "What is the password of the vault?"
PREVIOUS = [{"question": "What is in law, lawyers and cafe?", "answer": "The vault."}]


@dataclass(frozen=True)
class Tried:
    """One request, and the words in it that are no news in its answer."""

    door: str
    method: str
    path: str
    body: object = None
    stream: bool = False


@pytest.fixture(scope="module")
def footnote(tmp_path_factory):
    assistant = opened(tmp_path_factory.mktemp("two") / "index", COLLECTIONS)
    yield assistant
    assistant.close()


@pytest.fixture(scope="module")
def entrance(tmp_path_factory):
    folder = tmp_path_factory.mktemp("entrance")
    settings = {"identity": "proxy", "proxy_addresses": (PROXY,)}
    found = entrance_in(folder, access=ACCESS, keys=KEYS + WIKI_KEY, **settings)
    yield found
    found.close()


@pytest.fixture(scope="module")
def app(footnote, entrance):
    return build_app(footnote, entrance=entrance)


@pytest.fixture(scope="module")
def alone(entrance, tmp_path_factory):
    """(person) -> a server for which nothing but this person's collections was ever indexed."""
    assistants = {name: opened(tmp_path_factory.mktemp(name) / "index", seen) for name, seen in SEEN.items()}
    yield {name: build_app(one, entrance=entrance) for name, one in assistants.items()}
    for one in assistants.values():
        one.close()


@pytest.fixture(scope="module")
def headers(entrance):
    """(person, way) -> what their requests bring."""
    rules, found = entrance.rules, {}
    for person, embed, origin in (("ada", "portal", PORTAL), ("bob", "wiki", WIKI)):
        visitor = Visitor(person, frozenset({f"{person}s"}), embed=embed, origin=origin)
        token, _ = mint_own_token(
            visitor, embeds=rules.embeds, keys=rules.keys, policy=rules.policy.current, now=time.time()
        )
        found[person, "proxy"] = through_proxy(person, f"{person}s")
        found[person, "widget"] = {"authorization": f"Bearer {token}", "origin": origin}
    return found


def talking(app):
    """A client whose requests come from the proxy's address."""
    transport = httpx.ASGITransport(app=app, client=(PROXY, 50_000))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60)


async def answered(client, tried, headers):
    """The response to one request."""
    more = {"accept": "text/event-stream"} if tried.stream and tried.path.startswith("/api") else {}
    return await client.request(tried.method, tried.path, json=tried.body, headers={**headers, **more})


def pages_of(source: str) -> Iterator[Tried]:
    """The viewer: every form in which a page of a document is given."""
    place = f"/api/v1/sources/{quote(source)}/pages"
    for tail in ("1", "1?boxes=true", "at?start=0", "at?start=0&boxes=true", "1/picture"):
        yield Tried("viewer", "GET", f"{place}/{tail}")


def filters_of(source: str, own: str) -> Iterator[Tried]:
    """REST: questions within a document, alone and in a list with documents of one's own."""
    folder = source.rpartition("/")[0] + "/"
    for sources in ([source], [own, source], [folder]):
        asked = {"question": QUESTION, "filter": {"sources": sources}}
        yield Tried("search", "POST", "/api/v1/search", asked)
        yield Tried("ask", "POST", "/api/v1/ask", asked, stream=sources == [folder])


def names_of(collection: str) -> Iterator[Tried]:
    """REST and the OpenAI-compatible endpoint: questions to a collection by its name."""
    asked = {"question": QUESTION, "collection": collection}
    yield Tried("search", "POST", "/api/v1/search", asked)
    yield Tried("search", "POST", "/api/v1/search", {**asked, "top_k": 100})
    for stream in (False, True):
        yield Tried("ask", "POST", "/api/v1/ask", {**asked, "history": PREVIOUS}, stream=stream)
        model = {"model": f"footnote/{collection}", "messages": [{"role": "user", "content": QUESTION}]}
        yield Tried("openai", "POST", "/v1/chat/completions", {**model, "stream": stream}, stream=stream)
    yield Tried("openai", "GET", f"/v1/models/{quote(f'footnote/{collection}')}")


def documents_in(footnote, collections) -> list[str]:
    """The ids of all documents of these collections."""
    return [info.source.source_id for info in footnote.sources() if info.source.collection in collections]


def foreign_words(response, tried, seen) -> list[str]:
    """Words of collections that may not be seen, in an answer to a request that did not hold them."""
    sent = tried.path + json.dumps(tried.body, ensure_ascii=False)
    hidden = (canary(name, place) for name in COLLECTIONS if name not in seen for place in PLACES)
    return [word for word in hidden if word in response.text and word not in sent]


def said(response) -> tuple[int, dict]:
    """Status and words of a refusal, apart from the number of the request."""
    body = response.json()
    body.pop("request_id", None)
    return response.status_code, body


@pytest.mark.parametrize("way", ["proxy", "widget"])
@pytest.mark.parametrize("person", ["ada", "bob"])
async def test_every_document_of_others_is_one_that_there_is_not(app, alone, footnote, headers, person, way):
    """Through every route and filter, in the words of a server that never had it: 3,960 requests in all."""
    seen = SEEN[person]
    foreign, own = documents_in(footnote, set(COLLECTIONS) - seen), documents_in(footnote, seen)
    assert (len(foreign), len(own)) == (90, 10)
    counted: Counter[str] = Counter()
    async with talking(app) as client, talking(alone[person]) as there:
        for source in foreign:
            for tried in [*pages_of(source), *filters_of(source, own[0])]:
                response = await answered(client, tried, headers[person, way])
                refusals = (404,) if tried.door == "viewer" else (400, 404)
                assert response.status_code in refusals, (tried, response.text)
                assert said(response) == said(await answered(there, tried, headers[person, way])), tried
                assert foreign_words(response, tried, seen) == [], tried
                counted[tried.door] += 1
    assert counted == {"viewer": 450, "search": 270, "ask": 270}


@pytest.mark.parametrize("way", ["proxy", "widget"])
@pytest.mark.parametrize("person", ["ada", "bob"])
async def test_every_document_of_ones_own_is_there_by_the_same_requests(app, footnote, headers, person, way):
    """What is refused above is refused because of whose it is."""
    own = documents_in(footnote, SEEN[person])
    async with talking(app) as client:
        for source in own:
            for tried in [*pages_of(source), *filters_of(source, own[0])]:
                response = await answered(client, tried, headers[person, way])
                assert response.status_code == 200, (tried, response.text)
                assert not re.search(r"(-?\d+\.\d+(e-?\d+)?,\s*){64}", response.text), tried  # no vector is given away
        for collection in SEEN[person]:
            for tried in names_of(collection):
                response = await answered(client, tried, headers[person, way])
                assert response.status_code == 200, (tried, response.text)
                assert tried.method == "GET" or canary(collection, "text") in response.text


@pytest.mark.parametrize("way", ["proxy", "widget"])
@pytest.mark.parametrize("person", ["ada", "bob"])
async def test_every_collection_of_others_is_one_that_there_is_not(app, alone, headers, person, way):
    seen, counted = SEEN[person], Counter()
    async with talking(app) as client, talking(alone[person]) as there:
        for collection in sorted(set(COLLECTIONS) - seen):
            for tried in names_of(collection):
                response = await answered(client, tried, headers[person, way])
                refusals = (404,) if tried.door == "openai" else (404, 422)  # 422: no name of a collection at all
                assert response.status_code in refusals, (tried, response.text)
                assert said(response) == said(await answered(there, tried, headers[person, way])), tried
                assert foreign_words(response, tried, seen) == [], tried
                counted[tried.door] += 1
    assert counted == {"search": 36, "ask": 36, "openai": 54}


@pytest.mark.parametrize("person", ["ada", "bob"])
async def test_lists_name_what_is_ones_own_and_nothing_else(app, footnote, headers, person):
    seen = SEEN[person]
    async with talking(app) as client:
        found = (await client.get("/api/v1/sources", headers=headers[person, "proxy"])).json()["sources"]
        assert {one["id"] for one in found} == set(documents_in(footnote, seen))
        for way in ("proxy", "widget"):
            models = (await client.get("/v1/models", headers=headers[person, way])).json()["data"]
            assert [one["id"] for one in models] == ["footnote", *(f"footnote/{name}" for name in sorted(seen))]


@pytest.mark.parametrize("person", ["ada", "bob"])
async def test_no_question_finds_what_is_another_s(app, headers, person):
    """Each word of others is asked for, in four forms, at three doors and by both ways in."""
    seen = SEEN[person]
    words = [canary(name, place) for name in COLLECTIONS if name not in seen for place in ("text", "title", "path")]
    turns = [{"question": f"What is the password of the vault of {name}?", "answer": "It is known."} for name in "ab"]
    asked = 0
    async with talking(app) as client:
        for number, word in enumerate(words):
            forms = (word, f"What is the {word} of the vault?", f"{word}* OR NOT vault", "And its password?")
            question, stream = forms[number % 4], number % 2 == 0
            turns[0] = {"question": word, "answer": f"It is {word}."}
            messages = [{"role": "user", "content": word}, {"role": "assistant", "content": "Yes."}]
            chat = {"model": "footnote", "messages": [*messages, {"role": "user", "content": question}]}
            for way in ("proxy", "widget"):
                for tried in (
                    Tried("search", "POST", "/api/v1/search", {"question": question, "top_k": 100}),
                    Tried("ask", "POST", "/api/v1/ask", {"question": question, "history": turns}, stream=stream),
                    Tried("openai", "POST", "/v1/chat/completions", {**chat, "stream": stream}, stream=stream),
                ):
                    response = await answered(client, tried, headers[person, way])
                    assert response.status_code == 200, (tried, response.text)
                    assert foreign_words(response, tried, seen) == [], tried
                    asked += 1
    assert asked == 54 * 2 * 3


async def test_feedback_keeps_nothing_that_points_at_another_s_document(app, footnote, headers):
    foreign, own = documents_in(footnote, set(COLLECTIONS) - SEEN["ada"]), documents_in(footnote, SEEN["ada"])
    citations = [{"source": source, "start": 0, "end": 3, "quote": "The"} for source in [*foreign, own[0]]]
    body = {"question": "When?", "rating": "down", "wrong_citations": [1, len(citations)], "citations": citations}
    async with talking(app) as client:
        for way in ("proxy", "widget"):
            sent = {**body, "collection": "lawyers"}
            response = await client.post("/api/v1/feedback", json=sent, headers=headers["ada", way])
            assert (response.status_code, response.json()) == (201, {"status": "recorded"})
    for record in footnote.feedback():
        assert [one["source"] for one in record.citations] == [own[0]]
        assert (record.wrong_citations, record.collection) == ((1,), None)


SESSIONS = 40


def reading(call: dict) -> Iterator[tuple[str, str, dict | None]]:
    """Every route of the page that takes a session's id, as the page calls it."""
    session = call["session_hash"]
    yield "GET", f"/gradio_api/queue/data?session_hash={session}", None
    yield "GET", f"/gradio_api/heartbeat/{session}", None
    for path in ("queue/join", "run/predict", "reset"):
        yield "POST", f"/gradio_api/{path}", {**call, "event_id": "0" * 32}


async def test_no_session_of_the_page_is_anothers_to_read_use_or_stop(app, headers):
    refused = 0
    async with talking(app) as client:
        config = (await client.get("/config", headers=headers["ada", "proxy"])).json()
        stop = next(one["id"] for one in config["dependencies"] if not one["queue"] and one["backend_fn"])
        for number in range(SESSIONS):
            owner, other = ("ada", "bob") if number % 2 else ("bob", "ada")
            begun = {"data": [], "fn_index": stop, "session_hash": f"session{number}"}
            mine = await client.post("/gradio_api/run/predict", json=begun, headers=headers[owner, "proxy"])
            assert mine.status_code == 200
            for method, path, body in reading(begun):
                response = await client.request(method, path, json=body, headers=headers[other, "proxy"])
                assert (response.status_code, response.json()["detail"]) == (404, "There is nothing at this address.")
                widget = await client.request(method, path, json=body, headers=headers[other, "widget"])
                assert widget.status_code == 403
                refused += 2
    assert refused == SESSIONS * 5 * 2


async def test_the_page_answers_from_what_is_ones_own(app, headers):
    """Questions by name and word for each collection of others, through the page's own queue."""
    asked = 0
    async with asyncio.timeout(300), talking(app) as client:
        for person, seen in SEEN.items():
            shown = headers[person, "proxy"]
            config = (await client.get("/config", headers=shown)).json()
            await client.get("/gradio_api/startup-events", headers=shown)  # begins the queue, as the page does
            ask = next(one["id"] for one in config["dependencies"] if len(one["inputs"]) == 2)
            for number, name in enumerate(one for one in COLLECTIONS if one not in seen):
                words = f"What does {name} say of {canary(name, 'title')}, of its password and of the vault?"
                tried = Tried("page", "POST", "/gradio_api/queue/join", {"data": [words, None], "fn_index": ask})
                body = {**tried.body, "session_hash": f"{person}{number}"}
                joined = await client.post(tried.path, json=body, headers=shown)
                assert joined.status_code == 200, joined.text
                told = await client.get(f"/gradio_api/queue/data?session_hash={person}{number}", headers=shown)
                assert "process_completed" in told.text and "card" in told.text
                assert foreign_words(told, tried, seen) == []
                asked += 1
    assert asked == 36
